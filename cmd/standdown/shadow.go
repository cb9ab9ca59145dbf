package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

func newShadowCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shadow",
		Short: "What people do where the rules only run beside them",
	}
	cmd.AddCommand(newShadowReportCommand(g))
	return cmd
}

func newShadowReportCommand(g *globals) *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Say where people did otherwise than the rules would have",
		Long: `Say where people did otherwise than the rules would have.

What a verb in shadow would do is decided and kept in the journal, and never done
(see shadow and autonomy in the configuration). Some business days later (shadow.after)
the daemon looks once at the records and keeps what it found. This command tells it
from the journal; nobody is asked.

same            the field has the value that was decided on; what was to be deleted
                is gone; what was to be made is there
otherwise       it has another value, neither that of before nor that one
not done        it is as before, or was taken back
not comparable  mails, comments and questions to people, which leave nothing to
                compare; cases that people did not open; what was decided again

Then, by the day on which it was decided, each difference with row and reason, and
workflows that people set to Cancel Pending though no rule had asked for it.`,
		Example: `  standdown shadow report --since 30d`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&since, "since", "7d", "how far back, or from which `day`: 7d, 12h, 2026-11-01")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := parseSince(since, time.Now())
		if err != nil {
			return wrong{err}
		}
		cfg, err := g.load()
		if err != nil {
			return err
		}
		report := shadowReport{Since: from, zone: cfg.Book.Zone()}
		if err := g.withJournal(cmd.Context(), report.read); err != nil {
			return err
		}
		if g.json() {
			return printJSON(cmd.OutOrStdout(), report)
		}
		return report.print(cmd.OutOrStdout())
	}
	return cmd
}

// A shadowReport is what "shadow report" prints.
type shadowReport struct {
	Since time.Time           `json:"since"`
	Verbs []store.ShadowTotal `json:"verbs"`
	Total store.ShadowTotal   `json:"total"`
	Days  []shadowDay         `json:"days"`

	zone *time.Location
}

// A shadowDay is what was decided on one day.
type shadowDay struct {
	Day         string             `json:"day"`
	Differences []shadowDifference `json:"differences"`
	// Unforeseen are workflows that people cancelled without a rule.
	Unforeseen []unforeseen `json:"unforeseen"`
}

// A shadowDifference is a change that people did not make.
type shadowDifference struct {
	Entry    int64         `json:"entry"`
	Decision string        `json:"decision"`
	Verb     string        `json:"verb"`
	Record   string        `json:"record"`
	Text     string        `json:"text"`
	As       string        `json:"as"`
	Fields   []shadowField `json:"fields"`
	By       string        `json:"by,omitempty"` // who changed the record last
	At       time.Time     `json:"at,omitzero"`
	Note     string        `json:"note,omitempty"`
	Row      string        `json:"row"` // with its table
	Because  string        `json:"because"`
}

// A shadowField is a field as it was, as it would be and as it is.
type shadowField struct {
	Field    string `json:"field"`
	Old      any    `json:"old"`
	Proposed any    `json:"proposed"`
	Now      any    `json:"now"`
}

type unforeseen struct {
	Decision string `json:"decision"`
	Record   string `json:"record"`
}

func (r *shadowReport) read(ctx context.Context, journal *store.Store) (err error) {
	f := store.ShadowFilter{Since: r.Since}
	if r.Verbs, err = journal.ShadowTotals(ctx, f); err != nil {
		return err
	}
	for _, t := range r.Verbs {
		r.Total.Add(t)
	}
	differences, err := journal.ShadowDifferences(ctx, f)
	if err != nil {
		return err
	}
	cancelled, err := journal.Unforeseen(ctx, f)
	if err != nil {
		return err
	}
	days := map[string]*shadowDay{}
	day := func(t time.Time) *shadowDay {
		name := t.In(r.zone).Format(time.DateOnly)
		if days[name] == nil {
			days[name] = &shadowDay{Day: name, Differences: []shadowDifference{}, Unforeseen: []unforeseen{}}
		}
		return days[name]
	}
	for _, d := range differences {
		on := day(d.Created)
		on.Differences = append(on.Differences, differenceOf(d))
	}
	for _, d := range cancelled {
		on := day(d.At)
		on.Unforeseen = append(on.Unforeseen, unforeseen{Decision: d.ID, Record: d.Subject.String()})
	}
	r.Days = []shadowDay{}
	for _, name := range slices.Sorted(maps.Keys(days)) {
		r.Days = append(r.Days, *days[name])
	}
	return nil
}

func differenceOf(d store.ShadowDifference) shadowDifference {
	one := shadowDifference{
		Entry: d.ID, Decision: d.Decision, Verb: d.Verb, Record: d.Change.Ref.String(), Text: d.Text, As: d.Found.As, Fields: []shadowField{},
		By: d.Found.By, At: d.Found.At, Note: d.Found.Note, Row: d.Table + " " + d.Row, Because: d.Because,
	}
	for _, field := range slices.Sorted(maps.Keys(d.Found.Now)) {
		one.Fields = append(one.Fields, shadowField{field, d.Change.If[field], d.Change.Fields[field], d.Found.Now[field]})
	}
	if d.Change.Op == connectors.Create {
		one.Record = cmp.Or(d.Lane, one.Record)
	}
	return one
}

func (r *shadowReport) print(w io.Writer) error {
	if len(r.Verbs) == 0 && len(r.Days) == 0 {
		_, err := fmt.Fprintf(w, "nothing was in shadow since %s (shadow.all, or the mode shadow in autonomy)\n", r.Since.In(r.zone).Format(time.DateOnly))
		return err
	}
	for _, d := range r.Days {
		fmt.Fprintln(w, d.Day)
		for _, one := range d.Differences {
			fmt.Fprintf(w, "  %s: %s\n    %s\n", strings.ReplaceAll(one.As, "-", " "), one.Text, one.told(r.zone))
			fmt.Fprintf(w, "    row %s: %s (decision %s)\n", one.Row, one.Because, one.Decision)
		}
		for _, one := range d.Unforeseen {
			fmt.Fprintf(w, "  cancelled by people, and no rule had asked for it: %s (decision %s)\n", one.Record, one.Decision)
		}
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "VERB\tSAME\tOTHERWISE\tNOT DONE\tNOT COMPARABLE\tNOT YET\t")
	for _, t := range append(slices.Clone(r.Verbs), r.Total) {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t\n", cmp.Or(t.Verb, "(all)"), t.Same, t.Otherwise, t.NotDone, t.Untold, t.Waiting)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, t := range r.Verbs {
		if t.Same+t.Otherwise+t.NotDone > 0 {
			fmt.Fprintf(w, "%s: %s\n", t.Verb, t)
		}
	}
	_, err := fmt.Fprintf(w, "since %s: %s\n", r.Since.In(r.zone).Format(time.DateOnly), r.Total)
	return err
}

// told is what was found instead, and whose work it is.
func (d shadowDifference) told(zone *time.Location) string {
	var parts []string
	for _, f := range d.Fields {
		parts = append(parts, fmt.Sprintf("%s is %s", f.Field, valueInWords(f.Now)))
	}
	if d.Note != "" {
		parts = append(parts, d.Note)
	}
	text := d.Record + ": " + cmp.Or(strings.Join(parts, "; "), "nothing of it is there")
	if d.By != "" {
		text += ", by " + d.By
	}
	if !d.At.IsZero() {
		text += " on " + d.At.In(zone).Format("2006-01-02 15:04")
	}
	return text
}

func valueInWords(v any) string {
	if v == nil || v == "" {
		return "(empty)"
	}
	return fmt.Sprint(v)
}
