package main

import (
	"context"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

// journal makes a journal with three decided events: journal FILE. It is
// decided with the recommended settings, but for finalize: daemon.
//
//   - asks: today the homeowner of W1 asks to cancel;
//   - pending: an hour later W1 is Cancel Pending;
//   - old: something unclear, from 40 days before.
func journal(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(fillJournal(context.Background(), ts.MkAbs(args[0]), time.Now()))
}

func fillJournal(ctx context.Context, path string, now time.Time) error {
	settings := rules.Defaults()
	settings.Cancellation.Finalize = "daemon"
	book, err := rules.Load(settings)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	active := rules.Workflow{
		ID: "W1", Name: "W-1042", Contract: "C-204417", Status: "active", Model: "regular", Product: "Solar Loan",
		Milestones: []rules.Milestone{{ID: "M1", Name: "M1", Status: "not-submitted"}},
		Photos:     "no", Invoice: "no", RoofClear: "yes",
		Homeowners: []rules.Person{{ID: "C1", Name: "Ana Lopez", Email: "ana@example.com"}},
		Signers:    []string{},
	}
	pending := active
	pending.Status, pending.ChangedAt = "cancel-pending", now.Add(time.Hour)
	for _, one := range []struct {
		event    rules.Event
		snapshot rules.Snapshot
	}{
		{
			rules.Event{ID: "old", Kind: rules.RequestUnclear, At: now.AddDate(0, 0, -40), Subject: rules.Ref{Kind: "request", ID: "old"},
				Request: &rules.Request{Asks: "unclear", From: "ana@example.com", Auth: "pass", Words: "none"}},
			rules.Snapshot{},
		},
		{
			rules.Event{ID: "asks", Kind: rules.CancellationRequested, At: now, Subject: rules.Ref{Kind: "request", ID: "asks"},
				Request: &rules.Request{Asks: "cancel", From: "ana@example.com", Auth: "pass", Words: "own", MessageID: "<m1@example.com>"}},
			rules.Snapshot{Workflows: []rules.Workflow{active}},
		},
		{
			rules.Event{ID: "pending", Kind: rules.WorkflowChanged, At: now.Add(time.Hour), Subject: rules.Ref{Kind: "workflow", ID: "W1"}},
			rules.Snapshot{Workflows: []rules.Workflow{pending}},
		},
	} {
		e := one.event
		reading, err := s.Reading(ctx, "salesforce")
		if err != nil {
			return err
		}
		reading.Cursor, reading.ReadAt = connectors.Cursor(e.ID), e.At
		if _, err := s.Intake(ctx, "salesforce", &reading, []store.Arrival{{
			Ref: connectors.Ref{Kind: "Case", ID: e.ID}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: e.At, Event: &e, State: store.New,
		}}); err != nil {
			return err
		}
		decisions := book.Decide(one.snapshot, e, e.At).Decisions
		if err := s.Commit(ctx, store.Verdict{
			Event: store.Event{Event: e, State: store.New}, Snapshot: one.snapshot, Settings: settings,
			Decisions: decisions, Writes: make([][]store.Write, len(decisions)),
		}, e.At); err != nil {
			return err
		}
	}
	return nil
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	for since, want := range map[string]time.Time{
		"30d":        time.Date(2026, 10, 21, 15, 0, 0, 0, time.UTC),
		"12h":        time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC),
		"2026-11-01": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := parseSince(since, now); err != nil || !got.Equal(want) {
			t.Errorf("%s is %s, %v; want %s", since, got, err, want)
		}
	}
	for _, since := range []string{"", "-3d", "-1h", "soon", "2026-13-01"} {
		if got, err := parseSince(since, now); err == nil {
			t.Errorf("%q was taken for %s", since, got)
		}
	}
}
