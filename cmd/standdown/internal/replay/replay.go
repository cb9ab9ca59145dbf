// Package replay decides again what was decided, and tells what would differ.
// It writes nothing and asks nobody: the situations are those of the journal,
// exactly as they were.
package replay

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A Report is the outcome of a replay.
type Report struct {
	Situations int `json:"situations"`
	// Changed is how many of them would be decided differently.
	Changed     int          `json:"changed"`
	Differences []Difference `json:"differences"`
}

// A Difference is one decision that would differ. Was and Would hold only
// what differs; the rows are empty where there is no such decision.
type Difference struct {
	Event    string    `json:"event"`
	Decision string    `json:"decision,omitempty"` // that was taken
	Decided  time.Time `json:"decided"`
	Table    string    `json:"table"`
	Subject  string    `json:"subject"`
	OldRow   string    `json:"old_row,omitempty"`
	NewRow   string    `json:"new_row,omitempty"`
	Was      []string  `json:"was,omitempty"`
	Would    []string  `json:"would,omitempty"`
}

// Run decides each situation again by the book. On an error of theirs it ends,
// with what was found so far.
func Run(situations iter.Seq2[store.Situation, error], book *rules.Book) (Report, error) {
	report := Report{Differences: []Difference{}}
	for s, err := range situations {
		if err != nil {
			return report, err
		}
		report.Situations++
		found := compare(s, book.Decide(s.Snapshot, s.Event, s.At).Decisions)
		if len(found) > 0 {
			report.Changed++
		}
		report.Differences = append(report.Differences, found...)
	}
	return report, nil
}

// compare tells which decisions differ: those of the same table and subject
// belong together.
func compare(s store.Situation, would []rules.Decision) []Difference {
	var all []Difference
	add := func(d Difference) {
		d.Event, d.Decided = s.Event.ID, s.At
		all = append(all, d)
	}
	would = slices.Clone(would)
	for n, old := range s.Decisions {
		d := Difference{Decision: store.DecisionID(s.Event.ID, s.Generation, n), Table: old.Table, Subject: old.Subject.String(), OldRow: old.Row, Was: outcome(old)}
		at := slices.IndexFunc(would, func(d rules.Decision) bool { return d.Table == old.Table && d.Subject == old.Subject })
		if at < 0 {
			add(d)
			continue
		}
		d.NewRow, d.Would = would[at].Row, outcome(would[at])
		if !slices.Equal(d.Was, d.Would) {
			d.Was, d.Would = without(d.Was, d.Would), without(d.Would, d.Was)
			add(d)
		}
		would = slices.Delete(would, at, at+1)
	}
	for _, d := range would {
		add(Difference{Table: d.Table, Subject: d.Subject.String(), NewRow: d.Row, Would: outcome(d)})
	}
	return all
}

// outcome is what a decision comes to, one line for each particular. Actions
// count from 1, so that another order differs too.
func outcome(d rules.Decision) []string {
	lines := []string{"row " + d.Row}
	for i, a := range d.Actions {
		head := fmt.Sprintf("do %d %s", i+1, a)
		lines = append(lines, head)
		for _, name := range slices.Sorted(maps.Keys(a.Args)) {
			lines = append(lines, head+", "+name+": "+strings.ReplaceAll(a.Args[name], "\n", " / "))
		}
		if a.Approve != "" {
			lines = append(lines, head+", a person must approve: "+a.Approve)
		}
	}
	if d.Withdraws {
		lines = append(lines, "stop what waits for a person")
	}
	for _, line := range d.Deadlines {
		at := "taken off"
		if !line.At.IsZero() {
			at = line.At.UTC().Format(time.RFC3339)
		}
		lines = append(lines, "due "+line.Kind+" "+line.Subject.String()+" "+at)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Remember)) {
		lines = append(lines, "keep "+key+" "+d.Remember[key])
	}
	return lines
}

func without(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
}
