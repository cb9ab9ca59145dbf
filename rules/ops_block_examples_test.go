package rules_test

import (
	"os"
	"reflect"
	"regexp"
	"testing"

	"standdown/rules"
	"standdown/rules/rulestest"
)

func TestOpsBlockExamplesHold(t *testing.T) {
	rulestest.Test(t, "testdata/ops_block.yaml")
}

func TestEverySettingOfOpsBlocksHasAnExample(t *testing.T) {
	text, err := os.ReadFile("testdata/ops_block.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[rules.OpsBlockSettings]()) {
		key := regexp.MustCompile(`^\w+`).FindString(field.Tag.Get("yaml"))
		if !regexp.MustCompile(`settings: .*\b` + key + `: `).Match(text) {
			t.Errorf("no example sets %s", key)
		}
	}
}
