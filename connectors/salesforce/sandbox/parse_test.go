package sandbox

import (
	"testing"
	"time"
)

func FuzzParseDateTime(f *testing.F) {
	for _, seed := range []string{"2026-03-02T15:04:05Z", "2026-03-02T15:04:05.123+0100", "2026-03-02T15:04:05-05:00", "2026-03-02", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := parseDateTime(s)
		if !ok {
			return
		}
		again, ok := parseDateTime(wire(at).(string))
		if at.Nanosecond() != 0 || at.Year() > 0 && at.Year() < 9999 && (!ok || !again.Equal(at)) {
			t.Fatalf("%q is %s, which reads again as %s", s, at, again)
		}
	})
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"001Sb0000000001", "001Sb0000000001IAA", "001sb0000000001iaa", "", "é01Sb000000001"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := parseID(s)
		if !ok {
			return
		}
		if again, ok := parseID(id); !ok || again != id || len(id) != 18 || id[:15] != s[:15] {
			t.Fatalf("%q is %q, which reads again as %q", s, id, again)
		}
	})
}

func FuzzSubstitute(f *testing.F) {
	for _, seed := range []string{"@{a.id}", "/x/@{a.list[1].id}/y@{a.n}", "@{a}", "@{", "@{}", "@{a.list[9]}", "plain"} {
		f.Add(seed)
	}
	answers := map[string]any{"a": map[string]any{"id": "1", "n": 2.0, "list": []any{"0", map[string]any{"id": "3"}}}}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := substituteText(s, answers)
		if (got == nil) == (err == nil) {
			t.Fatalf("%q gives %v and %v", s, got, err)
		}
	})
}

func TestTheSuffixOfAnIDCarriesItsCase(t *testing.T) {
	// An id of the Salesforce documentation: both forms name one record.
	if got := complete("00130000000xuCQ"); got != "00130000000xuCQAAY" {
		t.Error(got)
	}
	for _, bad := range []string{"00130000000xuCQAAA", "00130000000xuC", "00130000000xuC'", "00130000000xuCQAA"} {
		if id, ok := parseID(bad); ok {
			t.Errorf("%q is taken for %q", bad, id)
		}
	}
}

func TestTimesLoseTheirFractionOfASecond(t *testing.T) {
	o := New(Options{Now: func() time.Time { return epoch }})
	id, err := o.Insert("sked__Job__c", map[string]any{"sked__Start__c": time.Date(2026, 7, 1, 9, 0, 0, 999, time.FixedZone("", -4*3600))})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range o.Dump()["sked__Job__c"] {
		if r["Id"] != id || r["sked__Start__c"] != "2026-07-01T13:00:00.000+0000" || r["SystemModstamp"] != "2026-03-02T15:04:05.000+0000" || r["Name"] != "JOB-0001" {
			t.Errorf("%v", r)
		}
	}
}
