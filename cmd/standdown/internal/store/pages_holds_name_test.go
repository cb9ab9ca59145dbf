package store

import (
	"testing"

	"standdown/rules"
)

func FuzzClientName(f *testing.F) {
	for _, name := range []string{"", "Harold Finch", `Ana "Ann" Lopez, the <first>`, "name", "Zoë \u2028 \\"} {
		f.Add(name, 500)
		f.Add(name, 31)
	}
	f.Fuzz(func(t *testing.T, name string, kept int) {
		if len(name) > 100 {
			return
		}
		name = clean(name)
		whole := encode(rules.Snapshot{Client: &rules.Client{ID: "003000000000001AAA", Name: name, Jobs: []rules.Job{{ID: "j", Name: "JOB-1"}}}})
		got := clientName(whole[:max(min(len(whole), kept), 0)])
		if kept >= 500 && got != name {
			t.Errorf("%q is read as %q", name, got)
		}
		if got != name && got != "" {
			t.Errorf("of %q, cut off, is read %q", name, got)
		}
	})
}
