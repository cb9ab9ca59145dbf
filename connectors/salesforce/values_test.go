package salesforce

import (
	"testing"
	"time"

	"standdown/connectors"
)

func TestValuesAreComparedAsSalesforceStoresThem(t *testing.T) {
	for _, test := range []struct {
		a, b any
		want bool
	}{
		{nil, "", true},
		{nil, "x", false},
		{nil, false, false},
		{"x", "X", false},
		{" x \n", "x", true},
		{"a\r\nb", "a\nb", true},
		{"2026-04-01T13:30:00.000+0000", "2026-04-01T13:30:00Z", true},
		{"2026-04-01T13:30:00.000+0000", time.Date(2026, 4, 1, 13, 30, 0, 999, time.UTC), true},
		{"2026-04-01T13:30:00.000+0000", "2026-04-01T15:30:00+02:00", true},
		{"2026-04-01T13:30:00.000+0000", "2026-04-01T13:30:01Z", false},
		{"2026-04-01", connectors.Date("2026-04-01"), true},
		{"2026-04-01", "2026-04-02", false},
		{"5000000000000B1", "5000000000000B1AAA", true},
		{"5000000000000B1", "5000000000000b1AAA", false},
		{"a;b", "b;a", true},
		{"a;b", "a", false},
		{2.0, 2, true},
		{2.0, "2", false},
		{true, true, true},
		{true, false, false},
	} {
		if got := same(test.a, test.b); got != test.want {
			t.Errorf("same(%#v, %#v) is %t", test.a, test.b, got)
		}
		if got := same(test.b, test.a); got != test.want {
			t.Errorf("same(%#v, %#v) is %t", test.b, test.a, got)
		}
	}
}
