package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A replayReport is what "rules replay" prints.
type replayReport struct {
	Since time.Time `json:"since"`
	// Removed is before when situations are not kept any longer, if that is
	// after Since.
	Removed    time.Time `json:"removed_before,omitzero"`
	Situations int       `json:"situations"`
	// Changed is how many of them would be decided differently.
	Changed     int          `json:"changed"`
	Differences []difference `json:"differences"`
}

// A difference is one decision that would differ. Was and Would hold only
// what differs.
type difference struct {
	Event   string    `json:"event"`
	Decided time.Time `json:"decided"`
	Table   string    `json:"table"`
	Subject string    `json:"subject"`
	Was     []string  `json:"was,omitempty"`
	Would   []string  `json:"would,omitempty"`
}

func newRulesReplayCommand(g *globals) *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Decide again what was decided, and tell what would differ",
		Long: `Replay takes the situations in the journal, exactly as they were, and decides
them again with the settings of the configuration: what would have happened
under another policy? Nothing is written, and nobody is asked.

It compares rows, actions with their particulars, deadlines and what is
remembered. Exit code 1 tells that something would differ.`,
		Example: `  sed 's/business_days: 14/business_days: 10/' standdown.yaml >ten-days.yaml
  standdown --config ten-days.yaml rules replay --since 30d`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&since, "since", "30d", "how far back, or from which `day`: 30d, 12h, 2026-11-01")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := parseSince(since, time.Now())
		if err != nil {
			return wrong{err}
		}
		book, err := g.book()
		if err != nil {
			return err
		}
		report := replayReport{Since: from, Differences: []difference{}}
		err = g.withJournal(cmd.Context(), func(ctx context.Context, journal *store.Store) error {
			return report.replay(ctx, journal, book)
		})
		if err != nil {
			return err
		}
		if g.json() {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = report.print(cmd.OutOrStdout())
		}
		if err == nil && report.Changed > 0 {
			err = fmt.Errorf("%d of %d situations would be decided differently", report.Changed, report.Situations)
		}
		return err
	}
	return cmd
}

// parseSince reads a day, or how long before now.
func parseSince(s string, now time.Time) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, s, now.Location()); err == nil {
		return day, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("--since %q: want a number of days such as 30d, a duration such as 12h, or a day such as 2026-11-01", s)
}

func (r *replayReport) replay(ctx context.Context, journal *store.Store, book *rules.Book) error {
	_, from, err := journal.Kept(ctx)
	if err != nil {
		return err
	}
	if from.After(r.Since) {
		r.Removed = from
	}
	for s, err := range journal.Situations(ctx, r.Since) {
		if err != nil {
			return err
		}
		r.Situations++
		found := compare(s.Decisions, book.Decide(s.Snapshot, s.Event, s.At).Decisions)
		if len(found) > 0 {
			r.Changed++
		}
		for _, d := range found {
			d.Event, d.Decided = s.Event.ID, s.At
			r.Differences = append(r.Differences, d)
		}
	}
	return nil
}

// compare tells which decisions differ: those of the same table and subject
// belong together.
func compare(was, would []rules.Decision) []difference {
	var all []difference
	would = slices.Clone(would)
	for _, old := range was {
		at := slices.IndexFunc(would, func(d rules.Decision) bool { return d.Table == old.Table && d.Subject == old.Subject })
		if at < 0 {
			all = append(all, difference{Table: old.Table, Subject: old.Subject.String(), Was: outcome(old)})
			continue
		}
		a, b := outcome(old), outcome(would[at])
		if !slices.Equal(a, b) {
			all = append(all, difference{Table: old.Table, Subject: old.Subject.String(), Was: without(a, b), Would: without(b, a)})
		}
		would = slices.Delete(would, at, at+1)
	}
	for _, d := range would {
		all = append(all, difference{Table: d.Table, Subject: d.Subject.String(), Would: outcome(d)})
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

func (r *replayReport) print(w io.Writer) error {
	event := ""
	for _, d := range r.Differences {
		if d.Event != event {
			event = d.Event
			fmt.Fprintf(w, "event %s, decided on %s\n", d.Event, d.Decided.Format(time.RFC3339))
		}
		fmt.Fprintf(w, "  %s for %s\n", d.Table, d.Subject)
		for _, line := range d.Was {
			fmt.Fprintf(w, "    - %s\n", line)
		}
		for _, line := range d.Would {
			fmt.Fprintf(w, "    + %s\n", line)
		}
	}
	if !r.Removed.IsZero() {
		fmt.Fprintf(w, "situations from before %s are not kept any longer (journal.retain.situations)\n", r.Removed.Format(time.DateOnly))
	}
	_, err := fmt.Fprintf(w, "%d situations since %s: %d would be decided differently\n", r.Situations, r.Since.Format(time.DateOnly), r.Changed)
	return err
}
