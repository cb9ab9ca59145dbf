package rules_test

import (
	"os"
	"reflect"
	"regexp"
	"testing"

	"standdown/rules"
	"standdown/rules/rulestest"
)

func TestCancellationExamplesHold(t *testing.T) {
	rulestest.Test(t, "testdata/cancellation.yaml")
}

func TestEverySettingOfCancellationAndCalendarHasAnExample(t *testing.T) {
	text, err := os.ReadFile("testdata/cancellation.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, settings := range []any{rules.CancellationSettings{}, rules.CalendarSettings{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(settings)) {
			key := regexp.MustCompile(`^\w+`).FindString(field.Tag.Get("yaml"))
			if !regexp.MustCompile(`settings: .*\b` + key + `: `).Match(text) {
				t.Errorf("%T: no example sets %s", settings, key)
			}
		}
	}
}
