package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/replay"
	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A replayReport is what "rules replay" prints.
type replayReport struct {
	Since time.Time `json:"since"`
	// Removed is before when situations are not kept any longer, if that is
	// after Since.
	Removed time.Time `json:"removed_before,omitzero"`
	replay.Report
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
		report := replayReport{Since: from}
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
	r.Report, err = replay.Run(journal.Situations(ctx, r.Since), book)
	return err
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
