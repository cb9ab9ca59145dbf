package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

// outbox makes a journal with a full outbox: outbox FILE.
//
//   - One read brought the holds of three clients, which is one too many.
//   - "asked": somebody, whom Salesforce calls 0055g00000AbCdEAAV, asked to
//     cancel W1; that waits for approval.
//   - "done": W2 was cancelled, a comment says so, a mail was sent and a case
//     opened.
func outbox(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(fillOutbox(context.Background(), ts.MkAbs(args[0]), time.Now()))
}

func fillOutbox(ctx context.Context, path string, now time.Time) error {
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	var holds []store.Arrival
	for i := range 3 {
		holds = append(holds, arrivalOf(fmt.Sprint("hold", i+1), rules.Ref{Kind: "client", ID: fmt.Sprint("C", i+1)}, "", now))
	}
	status := func(key, record string, state store.State) store.Write {
		return store.Write{System: "salesforce", Verb: "cancel-workflow", State: state, Text: record + ": Status: Active -> Cancel Pending", Change: connectors.Change{
			Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Workflow__c", ID: record},
			Fields: map[string]any{"Status__c": "Cancel Pending"}, If: map[string]any{"Status__c": "Active"},
		}}
	}
	for _, one := range []struct {
		read   []store.Arrival
		writes func(id string) []store.Write
	}{
		{holds, func(id string) []store.Write {
			return []store.Write{{System: "salesforce", Verb: "cancel-job", State: store.Pending, Text: "JOB-" + id + ": Status: Dispatched -> Cancelled",
				Change: connectors.Change{Key: id, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: id}}}}
		}},
		{[]store.Arrival{arrivalOf("asked", rules.Ref{Kind: "workflow", ID: "W1"}, "0055g00000AbCdEAAV", now)}, func(string) []store.Write {
			return []store.Write{status("w1", "W1", store.Proposed)}
		}},
		{[]store.Arrival{arrivalOf("done", rules.Ref{Kind: "workflow", ID: "W2"}, "", now)}, func(string) []store.Write {
			return []store.Write{
				status("w2", "W2", store.Pending),
				{System: "salesforce", Verb: "post-comment", State: store.Pending, Text: "Comment: cancelled",
					Change: connectors.Change{Key: "p2", Op: connectors.Post, Ref: connectors.Ref{Kind: "Contact", ID: "C2"}, Fields: map[string]any{"Body": "Cancelled as asked."}}},
				{System: "salesforce", Verb: "open-case", State: store.Pending, Text: "Case for Deal Processing",
					Change: connectors.Change{Key: "c2", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}}},
				{System: "mail", Verb: "notify-parties", State: store.Pending, Text: "Mail: your cancellation",
					Change: connectors.Change{Key: "m2", Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}}},
			}
		}},
	} {
		reading, err := s.Reading(ctx, "salesforce")
		if err != nil {
			return err
		}
		reading.Cursor, reading.ReadAt = "c", now
		if _, err := s.Intake(ctx, "salesforce", &reading, one.read); err != nil {
			return err
		}
		events, err := s.Undecided(ctx, now, 100)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := s.Commit(ctx, store.Verdict{
				Event: e, Ceilings: store.Ceilings{Run: 2},
				Decisions: []rules.Decision{{Policy: "cancellation", Table: "cancellation.request", Row: "C5", Because: "MIL-1: as asked", Subject: e.Subject}},
				Writes:    [][]store.Write{one.writes(e.ID)},
			}, now); err != nil {
				return err
			}
		}
	}
	for _, system := range []string{"salesforce", "salesforce", "salesforce", "mail"} {
		entries, token, err := s.Claim(ctx, system, 1, now, time.Minute)
		if err != nil || len(entries) != 1 {
			return fmt.Errorf("claiming: %d entries, %w", len(entries), err)
		}
		done := store.Settlement{ID: entries[0].ID, Signal: store.Applied}
		if entries[0].Change.Op == connectors.Update {
			done.Outcome.Before = map[string]any{"Status__c": "Active"}
		}
		if err := s.Settle(ctx, token, []store.Settlement{done}, now); err != nil {
			return err
		}
	}
	return nil
}

func arrivalOf(id string, subject rules.Ref, author string, at time.Time) store.Arrival {
	e := rules.Event{ID: id, Kind: rules.HoldChanged, At: at, Subject: subject}
	return store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: id}, Subject: subject, ID: id, Kind: e.Kind, At: at, Event: &e, State: store.New, Author: author}
}
