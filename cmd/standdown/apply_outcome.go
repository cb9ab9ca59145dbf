package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/preview"
	"standdown/cmd/standdown/internal/store"
)

// What becomes of a record of a plan that is applied.
const (
	outcomeApplied = "applied"  // all its changes are made
	outcomeWaits   = "waits"    // it was taken up, and waits for a person or a time
	outcomeStuck   = "stuck"    // it was taken up, and a system refused a change
	outcomeRefused = "refused"  // something has changed since the plan; nothing was done or, if it changed during the application, nothing more
	outcomeAlready = "already"  // it had been taken up before
	outcomeLeftOut = "left-out" // the plan could not decide it
)

// applied is what became of a plan.
type applied struct {
	Plan    planHead         `json:"plan"`
	Records []*appliedRecord `json:"records"`
	Totals  map[string]int   `json:"totals"`         // records by outcome
	Held    *store.Hold      `json:"held,omitempty"` // if a ceiling was passed

	byName map[[2]string]*appliedRecord // by source and record
}

// An appliedRecord is what became of one record.
type appliedRecord struct {
	Record    string   `json:"record"`
	Kind      string   `json:"kind,omitempty"`
	Event     string   `json:"event,omitempty"`
	Outcome   string   `json:"outcome"` // empty while it is not known
	Why       []string `json:"why,omitempty"`
	Decisions []string `json:"decisions,omitempty"` // their ids in the journal

	planned  preview.Record
	agreed   *engine.Agreed // nil unless it is as planned
	followed bool           // what becomes of its entries is its outcome
}

func newApplied(plan savedPlan) *applied {
	a := &applied{Plan: plan.Plan, Records: []*appliedRecord{}, byName: map[[2]string]*appliedRecord{}}
	for _, planned := range plan.Records {
		r := &appliedRecord{Record: planned.Record, Kind: planned.Kind, Event: planned.Event, planned: planned}
		a.Records = append(a.Records, r)
		name := [2]string{planned.Source, planned.Record}
		if planned.Problem != "" {
			r.end(outcomeLeftOut, "the plan could not decide it: "+planned.Problem)
			continue
		}
		if before := a.byName[name]; before != nil {
			before.end(outcomeRefused, "it was changed while the plan was made")
		}
		a.byName[name] = r
	}
	return a
}

func (r *appliedRecord) end(outcome string, why ...string) { r.Outcome, r.Why = outcome, why }

// recall finds what is in the journal already.
func (a *applied) recall(ctx context.Context, journal *store.Store, run string) error {
	for _, r := range a.Records {
		if r.Outcome != "" {
			continue
		}
		ev, err := journal.EventNamed(ctx, r.Event)
		if err != nil {
			return err
		}
		if ev == nil {
			continue
		}
		entries, err := journal.Entries(ctx, store.Filter{Event: r.Event})
		if err != nil {
			return err
		}
		r.Outcome = outcomeAlready
		// An application of this plan may have ended before the changes were made.
		waiting := func(e store.Entry) bool {
			return slices.Contains([]store.State{store.Proposed, store.Stuck, store.Unknown}, e.State)
		}
		moving := func(e store.Entry) bool { return e.State == store.Pending || e.State == store.Sending }
		r.followed = ev.Run == run && slices.ContainsFunc(entries, moving) && !slices.ContainsFunc(entries, waiting)
		if !r.followed {
			r.read(entries)
		}
	}
	return nil
}

// open are the records, by name, of which nothing is known yet.
func (a *applied) open() map[string]bool {
	these := map[string]bool{}
	for _, r := range a.Records {
		if r.Outcome == "" {
			these[r.Record] = true
			r.end(outcomeRefused, "it is not there any more")
		}
	}
	return these
}

// compare takes in what would be done about a record now.
func (a *applied) compare(now preview.Found) error {
	r := a.byName[[2]string{now.Record.Source, now.Record.Record}]
	if r == nil || r.Outcome != outcomeRefused {
		return nil
	}
	r.agreed = nil
	if r.Why = preview.Differences(r.planned, now.Record); len(r.Why) == 0 {
		r.agreed = &engine.Agreed{Source: now.Record.Source, Record: now.From, Verdict: now.Verdict}
	}
	return nil
}

// agreed are the records that are as planned.
func (a *applied) agreed() (records []*appliedRecord, agreed []engine.Agreed) {
	for _, r := range a.Records {
		if r.agreed != nil {
			records, agreed = append(records, r), append(agreed, *r.agreed)
			r.agreed = nil
		}
	}
	return records, agreed
}

func (r *appliedRecord) take(t store.Taken) {
	if t.Err != nil {
		r.end(outcomeRefused, t.Err.Error())
		return
	}
	r.followed = true
	r.end(outcomeApplied)
	if t.Unapproved != "" {
		r.Why = []string{t.Unapproved}
	}
}

// settle finds what has become of the records that were taken up.
func (a *applied) settle(ctx context.Context, journal *store.Store, run string) (err error) {
	a.Totals = map[string]int{}
	for _, r := range a.Records {
		if r.followed {
			entries, err := journal.Entries(ctx, store.Filter{Event: r.Event})
			if err != nil {
				return err
			}
			r.Outcome = r.read(entries)
		}
		a.Totals[r.Outcome]++
	}
	a.Held, err = journal.Held(ctx, run)
	return err
}

// read says what the entries of the record come to, and why.
func (r *appliedRecord) read(entries []store.Entry) (outcome string) {
	outcome = outcomeApplied
	worst := func(word string) {
		order := []string{outcomeApplied, outcomeWaits, outcomeRefused, outcomeStuck}
		if slices.Index(order, word) > slices.Index(order, outcome) {
			outcome = word
		}
	}
	for _, e := range entries {
		if !slices.Contains(r.Decisions, e.Decision) {
			r.Decisions = append(r.Decisions, e.Decision)
		}
		line := strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", e.State, e.Text, e.Why), ": ")
		switch e.State {
		case store.Done, store.Dropped, store.Shadow:
			continue
		case store.Stuck, store.Unknown:
			worst(outcomeStuck)
		case store.Stale:
			worst(outcomeRefused)
		default:
			worst(outcomeWaits)
		}
		r.Why = append(r.Why, line)
	}
	return outcome
}

// failed tells that something of the plan was not and will not be done as it is.
func (a *applied) failed() bool { return a.Totals[outcomeRefused]+a.Totals[outcomeStuck] > 0 }
