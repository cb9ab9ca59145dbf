package rules_test

import (
	"reflect"
	"strings"
	"testing"

	"standdown/rules"
	"standdown/rules/rulestest"
)

func TestEveryRowAndEverySettingHasAnExampleThatHolds(t *testing.T) {
	report, err := rulestest.RunShipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, failed := range report.Failed() {
		t.Errorf("%s", failed)
	}
	for _, row := range report.Uncovered {
		t.Errorf("%s: no example reaches row %s", row.Table, row.ID)
	}
	changed := map[string]bool{}
	for _, result := range report.Results {
		for _, key := range result.Settings {
			changed[key] = true
		}
	}
	for _, key := range leaves("", reflect.TypeFor[rules.Settings]()) {
		if !changed[key] {
			t.Errorf("no example changes the setting %s", key)
		}
	}
	for _, table := range mustLoad(t).Tables() {
		policy, _, _ := strings.Cut(table.Name, ".")
		if !reported(report, "testdata/"+policy+".yaml") {
			t.Errorf("%s: the policy %s has no file of examples", table.Name, policy)
		}
	}
}

func mustLoad(t *testing.T) *rules.Book {
	t.Helper()
	b, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reported(report rulestest.Report, file string) bool {
	for _, result := range report.Results {
		if result.File == file {
			return true
		}
	}
	return false
}

// leaves are the keys of the settings: cancellation.business_days.
func leaves(prefix string, of reflect.Type) []string {
	var keys []string
	for i := range of.NumField() {
		key, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
		if of.Field(i).Type.Kind() == reflect.Struct {
			keys = append(keys, leaves(prefix+key+".", of.Field(i).Type)...)
		} else {
			keys = append(keys, prefix+key)
		}
	}
	return keys
}
