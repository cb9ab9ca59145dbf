package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"standdown/cmd/standdown/internal/preview"
	"standdown/connectors"
)

// A planHead is what is known of a plan before it is made.
type planHead struct {
	Format  int       `json:"format"`
	At      time.Time `json:"at"`
	Version string    `json:"version"`        // of the program
	Since   time.Time `json:"since,omitzero"` // of the mail; zero if none was read
	Journal bool      `json:"journal"`        // there is one, and it counted
	Org     string    `json:"org"`
	// Settings stand for the sections of the configuration that a plan rests on,
	// by their names.
	Settings map[string]string `json:"settings"`
}

// planTotals are the figures of a plan.
type planTotals struct {
	preview.Totals
	ReadCalls     int `json:"read_calls"`
	CallsOfTheDay int `json:"calls_of_the_day"` // of everybody
	CallsAllowed  int `json:"calls_allowed"`
}

// A planPrinter writes a plan while it is made: the head, the records, and the
// totals in the end.
type planPrinter interface {
	begin(planHead) error
	record(preview.Record) error
	end(planTotals) error
}

// planPrinters write the same plan in several places.
type planPrinters []planPrinter

func (all planPrinters) each(do func(planPrinter) error) error {
	for _, p := range all {
		if err := do(p); err != nil {
			return fmt.Errorf("writing the plan: %w", err)
		}
	}
	return nil
}

func (all planPrinters) begin(h planHead) error {
	return all.each(func(p planPrinter) error { return p.begin(h) })
}

func (all planPrinters) record(r preview.Record) error {
	return all.each(func(p planPrinter) error { return p.record(r) })
}

func (all planPrinters) end(t planTotals) error {
	return all.each(func(p planPrinter) error { return p.end(t) })
}

// planJSON writes one object: the head, records, totals, and a digest of all
// that stands before it.
type planJSON struct {
	w      *bufio.Writer
	digest hash.Hash
	first  bool
}

func newPlanJSON(w io.Writer) *planJSON {
	digest := sha256.New()
	return &planJSON{w: bufio.NewWriter(io.MultiWriter(w, digest)), digest: digest, first: true}
}

func (p *planJSON) begin(h planHead) error {
	fmt.Fprint(p.w, `{"plan": `)
	if err := p.value(h); err != nil {
		return err
	}
	_, err := fmt.Fprint(p.w, `, "records": [`, "\n")
	return err
}

func (p *planJSON) record(r preview.Record) error {
	if !p.first {
		fmt.Fprint(p.w, ",")
	}
	p.first = false
	return p.value(r)
}

func (p *planJSON) end(t planTotals) error {
	fmt.Fprint(p.w, `], "totals": `)
	if err := p.value(t); err != nil {
		return err
	}
	if err := p.w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(p.w, planEnd, p.digest.Sum(nil))
	return p.w.Flush()
}

// planEnd is how a plan ends.
const planEnd = ", \"digest\": \"%x\"}\n"

// value writes one value, on a line of its own.
func (p *planJSON) value(v any) error {
	enc := json.NewEncoder(p.w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// planText is for people.
type planText struct{ w *bufio.Writer }

func newPlanText(w io.Writer) planText { return planText{bufio.NewWriter(w)} }

func (p planText) begin(h planHead) error {
	fmt.Fprintf(p.w, "What would be done if the daemon took up everything that is there, as of %s.\n", h.At.Format(time.RFC3339))
	if !h.Journal {
		fmt.Fprintln(p.w, "There is no journal yet: nothing is remembered.")
	}
	return p.w.Flush()
}

// said is a state in a person's words.
var said = map[string]string{
	preview.AtOnce: "at once", preview.Approval: "needs approval", preview.After: "after approval", preview.Off: "switched off", preview.Shadow: "in shadow",
}

func (p planText) record(r preview.Record) error {
	fmt.Fprintf(p.w, "\n%s  %s\n", r.Record, r.Kind)
	if r.Problem != "" {
		fmt.Fprintf(p.w, "  cannot be decided: %s\n", r.Problem)
	}
	for _, d := range r.Decisions {
		if len(d.Changes) == 0 && len(d.Warnings) == 0 {
			continue
		}
		fmt.Fprintf(p.w, "  %s %s: %s\n", d.Table, d.Row, d.Because)
		for _, c := range d.Changes {
			why := ""
			if c.Why != "" {
				why = " (" + c.Why + ")"
			}
			fmt.Fprintf(p.w, "    %-14s  %s: %s%s\n", said[c.State], c.Verb, c.Text, why)
			for _, set := range c.Fields {
				if c.Op == connectors.Update {
					fmt.Fprintf(p.w, "      %s: %s -> %s\n", set.Field, preview.Shown(set.Old), preview.Shown(set.New))
				}
			}
		}
		for _, w := range d.Warnings {
			fmt.Fprintf(p.w, "    warning: %s\n", w)
		}
	}
	return p.w.Flush()
}

// mostCeilings is how many passed ceilings people want to read of.
const mostCeilings = 20

func (p planText) end(t planTotals) error {
	fmt.Fprintln(p.w)
	for _, source := range slices.Sorted(maps.Keys(t.Read)) {
		fmt.Fprintf(p.w, "%d records of %s were read.\n", t.Read[source], source)
	}
	fmt.Fprintf(p.w, "%d were decided, %d of them need nothing; %d are in the daemon's hands already; %d cannot be decided.\n", t.Decided, t.Nothing, t.InHand, t.Problems)
	fmt.Fprintf(p.w, "%d changes would be made.\n", t.Changes)
	table := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	if len(t.Rules) > 0 {
		fmt.Fprintln(table, "\nrow\ttimes\tchanges")
		for _, r := range t.Rules {
			fmt.Fprintf(table, "%s\t%d\t%d\n", r.Rule, r.Times, r.Changes)
		}
	}
	if len(t.Verbs) > 0 {
		fmt.Fprintln(table, "\nverb\tat once\tneeds approval\tafter approval\tswitched off\tin shadow")
		for _, v := range t.Verbs {
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", v.Verb, v.AtOnce, v.Approval, v.After, v.Off, v.Shadow)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(t.Ceilings) > 0 {
		fmt.Fprintln(p.w, "\nCeilings that would be passed; what they hold would wait for a person:")
	}
	for _, c := range t.Ceilings[:min(len(t.Ceilings), mostCeilings)] {
		fmt.Fprintf(p.w, "  %s: %s: %d, and may be %d\n", c.Ceiling, c.About, c.Count, c.Most)
	}
	if more := len(t.Ceilings) - mostCeilings; more > 0 {
		fmt.Fprintf(p.w, "  and %d more\n", more)
	}
	fmt.Fprintf(p.w, "\nAPI calls: %d for this plan, about %d to make the changes; the org has used %d of %d in the last 24 hours.\n", t.ReadCalls, t.ApplyCalls, t.CallsOfTheDay, t.CallsAllowed)
	return p.w.Flush()
}
