package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestUndo(t *testing.T) { storetest.Each(t, testUndo) }

func testUndo(t *testing.T, fresh storetest.Fresh) {
	w1 := rules.Ref{Kind: "workflow", ID: "W1"}
	decision := store.DecisionID("e1", 0, 0)
	// cancelled is a journal in which W1 was set to Cancel Pending, which is
	// remembered and has a deadline.
	cancelled := func(t *testing.T) (*store.Store, context.Context) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, w1)
		events, err := s.Undecided(ctx, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, store.Verdict{
			Event: events[0], Customer: "A",
			Decisions: []rules.Decision{{Table: "cancellation.request", Row: "C5", Subject: w1, Remember: map[string]string{"asked": "yes"},
				Deadlines: []rules.Deadline{{Kind: rules.CancellationDue, Subject: w1, At: now.Add(time.Hour)}}}},
			Writes: [][]store.Write{{{System: "salesforce", Verb: "cancel-workflow", State: store.Pending, Text: "W-1: Status",
				Change: connectors.Change{Key: "a1", Op: connectors.Update, Ref: connectors.Ref{Kind: "Workflow__c", ID: "W1"}, Fields: map[string]any{"Status__c": "Cancel Pending"}}}}},
		}, now); err != nil {
			t.Fatal(err)
		}
		return s, ctx
	}
	settle := func(t *testing.T, s *store.Store, signal store.Signal) {
		t.Helper()
		_, token, entries := claim(t, s, now)
		if len(entries) != 1 {
			t.Fatalf("%d entries claimed, want one", len(entries))
		}
		if err := s.Settle(t.Context(), token, []store.Settlement{{ID: entries[0].ID, Signal: signal, Outcome: store.Outcome{Before: map[string]any{"Status__c": "Active"}}}}, now); err != nil {
			t.Fatal(err)
		}
	}
	back := store.Undoing{Decision: decision, Who: "dana", Reason: "a mistake", Writes: []store.Compensation{{Entry: 1, Write: store.Write{
		System: "salesforce", Verb: "undo-cancel-workflow", State: store.Pending, Text: "back",
		Change: connectors.Change{Op: connectors.Update, Ref: connectors.Ref{Kind: "Workflow__c", ID: "W1"}, Fields: map[string]any{"Status__c": "Active"}, If: map[string]any{"Status__c": "Cancel Pending"}},
	}}}}
	// kept says what is still remembered and armed.
	kept := func(t *testing.T, s *store.Store) string {
		memory, err := store.Memory{Store: s, Event: "later"}.Recall(t.Context(), []rules.Ref{w1})
		if err != nil {
			t.Fatal(err)
		}
		armed, err := s.Deadlines(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(memory[w1]["asked"], " ", len(armed))
	}

	t.Run("what a decision did and left behind is taken back, once the record is as before", func(t *testing.T) {
		s, ctx := cancelled(t)
		settle(t, s, store.Applied)
		id, err := s.Undo(ctx, back, now)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "kept while the undo is on its way", kept(t, s), "yes 1")
		equal(t, "events to decide", undecided(t, s), []string{})
		settle(t, s, store.Applied)
		equal(t, "kept after", kept(t, s), " 0")

		found, err := s.Decisions(ctx, id)
		if err != nil || len(found) != 1 || found[0].Table != store.People || found[0].Subject != w1 || found[0].Because != "dana: a mistake" {
			t.Errorf("the undo is %+v, %v", found, err)
		}
		entries, err := s.Entries(ctx, store.Filter{Decision: id})
		if err != nil || len(entries) != 1 || entries[0].Undoes != 1 || entries[0].State != store.Done {
			t.Errorf("its entries are %+v, %v; want one that is done and undoes entry 1", entries, err)
		}
		acts, err := s.Acts(ctx, decision)
		if err != nil || len(acts) != 1 || acts[0].Act != "undo" || acts[0].Who != "dana" {
			t.Errorf("acts %v, %v", acts, err)
		}
		if v, err := s.Verify(ctx, ""); err != nil || v.Fault != "" {
			t.Errorf("the journal does not verify: %v, %v", v.Fault, err)
		}
	})
	t.Run("nothing is taken back twice, unless the first time came to nothing", func(t *testing.T) {
		s, ctx := cancelled(t)
		settle(t, s, store.Applied)
		if _, err := s.Undo(ctx, back, now); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(ctx, back, now); err == nil || !strings.Contains(err.Error(), "taken back already, by entry 2") {
			t.Errorf("the second time: %v", err)
		}
		if err := s.Act(ctx, []int64{2}, store.Drop, "dana", "", now); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(ctx, back, now); err != nil {
			t.Errorf("after the first was dropped: %v", err)
		}
	})
	t.Run("an undo that the system refuses leaves everything as it is", func(t *testing.T) {
		s, ctx := cancelled(t)
		settle(t, s, store.Applied)
		if _, err := s.Undo(ctx, back, now); err != nil {
			t.Fatal(err)
		}
		settle(t, s, store.Refused)
		equal(t, "kept", kept(t, s), "yes 1")
		equal(t, "events to decide", undecided(t, s), []string{})
	})
	t.Run("what was remembered anew since is kept", func(t *testing.T) {
		s, ctx := cancelled(t)
		settle(t, s, store.Applied)
		event(t, s, "e2", now.Add(time.Minute), w1)
		events, err := s.Undecided(ctx, now.Add(time.Hour), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, store.Verdict{Event: events[0], Decisions: []rules.Decision{{Subject: w1, Remember: map[string]string{"asked": "again"}}}, Writes: make([][]store.Write, 1)}, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(ctx, back, now); err != nil {
			t.Fatal(err)
		}
		settle(t, s, store.Applied)
		equal(t, "kept", kept(t, s), "again 0")
	})
	t.Run("what is not done cannot be taken back", func(t *testing.T) {
		s, ctx := cancelled(t)
		if _, err := s.Undo(ctx, back, now); err == nil || !strings.Contains(err.Error(), "is pending: wait for it, or decline or drop it first") {
			t.Errorf("while it is pending: %v", err)
		}
		if err := s.Act(ctx, []int64{1}, store.Drop, "dana", "", now); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Undo(ctx, back, now); err == nil || !strings.Contains(err.Error(), "there is nothing to take back") {
			t.Errorf("after it was dropped: %v", err)
		}
	})
	t.Run("who ordered it does not approve it", func(t *testing.T) {
		s, ctx := cancelled(t)
		settle(t, s, store.Applied)
		order := back
		order.Writes = []store.Compensation{back.Writes[0]}
		order.Writes[0].State = store.Proposed
		if _, err := s.Undo(ctx, order, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Act(ctx, []int64{2}, store.Approve, "dana", "", now); err == nil {
			t.Error("dana approved her own undo")
		}
		if err := s.Act(ctx, []int64{2}, store.Approve, "kim", "", now); err != nil {
			t.Errorf("kim could not: %v", err)
		}
	})
}
