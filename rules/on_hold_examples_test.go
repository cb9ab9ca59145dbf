package rules_test

import (
	"testing"

	"standdown/rules/rulestest"
)

func TestOnHoldExamplesHold(t *testing.T) {
	rulestest.Test(t, "testdata/on_hold.yaml")
}
