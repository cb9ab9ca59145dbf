package salesforce

import (
	"slices"
	"strings"
	"time"

	"standdown/connectors"
)

// wire brings a value into the form in which it is sent.
func wire(value any) any {
	switch v := value.(type) {
	case time.Time:
		return sentTime(v)
	case connectors.Date:
		return wire(string(v))
	case string:
		if v == "" {
			return nil
		}
	}
	return value
}

func wireFields(fields map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range fields {
		out[name] = wire(value)
	}
	return out
}

// differs names a field of row that does not have the wanted value, or is
// empty. A name may lead to a parent by dots; a parent named by its external
// id is compared by that.
func differs(row, wanted map[string]any) string {
	for name, want := range wanted {
		have := valueAt(row, name)
		if parent, ok := want.(map[string]any); ok {
			actual, _ := have.(map[string]any)
			if inner := differs(actual, parent); inner != "" {
				return name + "." + inner
			}
			continue
		}
		if !same(have, want) {
			return name
		}
	}
	return ""
}

// paths are the fields to read so that differs can compare.
func paths(fields map[string]any) []string {
	var all []string
	for name, value := range fields {
		parent, ok := value.(map[string]any)
		if !ok {
			all = append(all, name)
			continue
		}
		for _, inner := range paths(parent) {
			all = append(all, name+"."+inner)
		}
	}
	return all
}

// same compares a value that was read with one that was written or read
// before, as Salesforce would store them.
func same(a, b any) bool {
	a, b = normal(a), normal(b)
	x, ok := a.(string)
	y, ok2 := b.(string)
	if !ok || !ok2 {
		return equal(a, b)
	}
	if x == y {
		return true
	}
	if at, ok := instant(x); ok {
		bt, ok := instant(y)
		return ok && at.Equal(bt)
	}
	if isID(x) && isID(y) && len(x) != len(y) {
		return shortID(x) == shortID(y)
	}
	if strings.Contains(x, ";") && strings.Contains(y, ";") {
		return slices.Equal(choices(x), choices(y))
	}
	return false
}

func equal(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case float64:
		y, ok := b.(float64)
		return ok && x == y
	}
	return false
}

// normal makes "" empty, and trims text as Salesforce does when it stores it.
func normal(value any) any {
	switch v := wire(value).(type) {
	case string:
		v = strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n"))
		if v == "" {
			return nil
		}
		return v
	case int:
		return float64(v)
	default:
		return v
	}
}

// instant reads a time, which Salesforce keeps to the second. A date alone is
// none.
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{wireTime, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

// choices are the values of a multi-select picklist, whose order means
// nothing.
func choices(s string) []string {
	all := strings.Split(s, ";")
	slices.Sort(all)
	return all
}
