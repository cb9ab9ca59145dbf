package store_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestShadow(t *testing.T) { storetest.Each(t, testShadow) }

func testShadow(t *testing.T, fresh storetest.Fresh) {
	visit := rules.Ref{Kind: "job", ID: "J1"}
	// update is a change in shadow, from one status to another.
	update := func(key, from, to string, state store.State) store.Write {
		return store.Write{System: "salesforce", Verb: "cancel-job", State: state, Text: "J1: Status",
			Change: connectors.Change{Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: "J1"}, Fields: map[string]any{"Status": to}, If: map[string]any{"Status": from}}}
	}
	// again decides what is to be decided about a client with one visit.
	again := func(t *testing.T, s *store.Store, ctx context.Context, at time.Time, writes ...store.Write) {
		t.Helper()
		events, err := s.Undecided(ctx, at, 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		if err := s.Commit(ctx, store.Verdict{
			Event: events[0], Customer: "A", CompareAt: at.Add(48 * time.Hour),
			Decisions: []rules.Decision{
				{Table: "on_hold.hold", Row: "W5", Subject: rules.Ref{Kind: "client", ID: "A"}, Remember: map[string]string{"hold": "on 2026-03-01 -"}},
				{Table: "on_hold.visit", Row: "H1", Because: "HOLD-1: held", Subject: visit, Remember: map[string]string{"held": "cancelled"}},
			},
			Writes: [][]store.Write{{}, writes},
		}, at); err != nil {
			t.Fatal(err)
		}
	}
	decide := func(t *testing.T, s *store.Store, ctx context.Context, id string, at time.Time, writes ...store.Write) {
		t.Helper()
		event(t, s, id, at, rules.Ref{Kind: "client", ID: "A"})
		again(t, s, ctx, at, writes...)
	}
	later := now.Add(72 * time.Hour)
	due := func(t *testing.T, s *store.Store, ctx context.Context, at time.Time) []store.ShadowDue {
		t.Helper()
		all, err := s.ShadowsDue(ctx, at, 10)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}

	t.Run("what presumes that it is done is not remembered", func(t *testing.T) {
		for state, want := range map[store.State]string{store.Shadow: "", store.Pending: "cancelled", store.Dropped: "cancelled"} {
			s, ctx := open(t, fresh)
			decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", state))
			got, err := store.Memory{Store: s, Event: "later"}.Recall(ctx, []rules.Ref{visit, {Kind: "client", ID: "A"}})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the mark of the visit, if it is "+string(state), got[visit]["held"], want)
			equal(t, "the hold", got[rules.Ref{Kind: "client", ID: "A"}]["hold"], "on 2026-03-01 -")
		}
	})
	t.Run("what was done first keeps what it presumes", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Pending), update("b", "", "x", store.Shadow))
		got, err := store.Memory{Store: s, Event: "later"}.Recall(ctx, []rules.Ref{visit})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the mark", got[visit]["held"], "cancelled")
	})
	t.Run("it holds up nothing and is never claimed", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		if entries, _, err := s.Claim(ctx, "salesforce", 10, later, time.Minute); err != nil || len(entries) > 0 {
			t.Errorf("claimed %v, %v", entries, err)
		}
		decide(t, s, ctx, "e2", now.Add(time.Minute), update("b", "Ready", "Cancelled", store.Pending))
		entries, _, err := s.Claim(ctx, "salesforce", 10, later, time.Minute)
		if err != nil || len(entries) != 1 || entries[0].Change.Key != "b" {
			t.Errorf("claimed %v, %v", entries, err)
		}
		counts, err := s.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, counted := counts.Entries[store.Shadow]; counted {
			t.Error("it counts as something that waits")
		}
	})
	t.Run("it is compared once, when it is due", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		equal(t, "due too early", len(due(t, s, ctx, now.Add(47*time.Hour))), 0)
		all := due(t, s, ctx, later)
		equal(t, "due", len(all), 1)
		found := store.Found{As: store.Otherwise, Now: map[string]any{"Status": "On Hold"}, By: "Kim"}
		for _, f := range []store.Found{found, {As: store.Same}} { // the second one comes too late
			if err := s.ShadowsCompared(ctx, map[int64]store.Found{all[0].ID: f}, later); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, "due again", len(due(t, s, ctx, later)), 0)
		totals, err := s.ShadowTotals(ctx, store.ShadowFilter{})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "totals", totals, []store.ShadowTotal{{Verb: "cancel-job", Otherwise: 1}})
		differences, err := s.ShadowDifferences(ctx, store.ShadowFilter{Since: now, Till: now.Add(time.Second), Limit: 5})
		if err != nil || len(differences) != 1 {
			t.Fatalf("%v, %v", differences, err)
		}
		equal(t, "what was found", differences[0].Found, found)
		equal(t, "the row", differences[0].Row, "H1")
		for _, f := range []store.ShadowFilter{{Since: later}, {Till: now}, {Since: later.Add(time.Second), Compared: true}} {
			if totals, err := s.ShadowTotals(ctx, f); err != nil || len(totals) > 0 {
				t.Errorf("%+v: %v, %v", f, totals, err)
			}
		}
	})
	t.Run("what stood there when something else was decided goes before what stands there now", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		decide(t, s, ctx, "e2", now.Add(time.Hour), update("b", "Cancelled", "Pending Dispatch", store.Shadow))
		all := due(t, s, ctx, later)
		equal(t, "due", len(all), 2)
		equal(t, "then, for the first", all[0].Then, map[string]any{"Status": "Cancelled"})
		equal(t, "then, for the second", len(all[1].Then), 0)
		equal(t, "again", all[0].Again, false)
	})
	t.Run("what is decided again is compared as it was decided last", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		decide(t, s, ctx, "e2", now.Add(time.Hour), update("b", "Ready", "Cancelled", store.Shadow))
		all := due(t, s, ctx, later)
		equal(t, "again", []bool{all[0].Again, all[1].Again}, []bool{true, false})
	})
	t.Run("a later change of the same overtakes it, and so does a withdrawal", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		equal(t, "at first", due(t, s, ctx, later)[0].Overtaken, "")
		decide(t, s, ctx, "e2", now.Add(time.Hour))
		equal(t, "after another change of the hold", due(t, s, ctx, later)[0].Overtaken, "a later change was decided")

		s, ctx = open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		event(t, s, "e2", now.Add(time.Hour), rules.Ref{Kind: "request", ID: "m"})
		events, err := s.Undecided(ctx, later, 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("%v, %v", events, err)
		}
		if err := s.Commit(ctx, store.Verdict{Event: events[0], Decisions: []rules.Decision{{Subject: visit, Withdraws: true}}, Writes: [][]store.Write{{}}}, later); err != nil {
			t.Fatal(err)
		}
		equal(t, "after the withdrawal", due(t, s, ctx, later)[0].Overtaken, "withdrawn by decision "+store.DecisionID("e2", 0, 0))
	})
	t.Run("what is no longer asked for when it is decided again need not have been done", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Pending), update("b", "Ready", "Cancelled", store.Shadow))
		claimed, token, err := s.Claim(ctx, "salesforce", 10, now, time.Minute)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("%v, %v", claimed, err)
		}
		if err := s.Settle(ctx, token, []store.Settlement{{ID: claimed[0].ID, Signal: store.Changed}}, now); err != nil {
			t.Fatal(err)
		}
		again(t, s, ctx, now, update("a", "Ready", "Cancelled", store.Pending))
		equal(t, "overtaken", due(t, s, ctx, later)[0].Overtaken, "decided again, and no longer asked for")
	})
	t.Run("what was found is erased with the rest", func(t *testing.T) {
		s, ctx := open(t, fresh)
		entry, _ := cancels(t, s, "m1", "ana.alvarez@example.com", "Ana Alvarez", store.Shadow)
		if err := s.ShadowsCompared(ctx, map[int64]store.Found{entry: {As: store.NotDone, Now: map[string]any{"Email": "ana.alvarez@example.com"}}}, now); err != nil {
			t.Fatal(err)
		}
		if done, err := s.Erase(ctx, onRequest, false, now); err != nil || len(done.Left) > 0 {
			t.Errorf("left: %v, %v", done.Left, err)
		}
		differences, err := s.ShadowDifferences(ctx, store.ShadowFilter{})
		if err != nil || len(differences) != 1 || differences[0].Found.Now != nil {
			t.Errorf("got %+v, %v", differences, err)
		}
	})
	t.Run("an export has it", func(t *testing.T) {
		s, ctx := open(t, fresh)
		decide(t, s, ctx, "e1", now, update("a", "Ready", "Cancelled", store.Shadow))
		if err := s.ShadowsCompared(ctx, map[int64]store.Found{1: {As: store.NotDone}}, later); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		done, err := s.Export(ctx, &text, later, false, later)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "shadows", done.Shadows, int64(1))
		if want := `"found":{"as":"not-done"}`; !strings.Contains(text.String(), want) {
			t.Errorf("want %s in\n%s", want, text.String())
		}
	})
	t.Run("what people cancelled and no rule had asked for is told", func(t *testing.T) {
		s, ctx := open(t, fresh)
		for i, verb := range []string{"cancel-workflow", ""} {
			workflow := rules.Ref{Kind: "workflow", ID: []string{"W1", "W2"}[i]}
			for _, table := range []string{"cancellation.request", "cancellation.watch"} {
				if verb == "" && table == "cancellation.request" {
					continue
				}
				at := now.Add(time.Duration(i) * time.Minute)
				event(t, s, table+workflow.ID, at, workflow)
				events, err := s.Undecided(ctx, at.Add(time.Hour), 10)
				if err != nil || len(events) != 1 {
					t.Fatalf("%v, %v", events, err)
				}
				v := store.Verdict{Event: events[0], Decisions: []rules.Decision{{Table: table, Row: "P1", Subject: workflow}}, Writes: [][]store.Write{{}}}
				if table == "cancellation.request" {
					v.Decisions[0].Row = "C5"
					w := update(workflow.ID, "Active", "Cancel Pending", store.Shadow)
					w.Verb = verb
					v.Writes[0] = []store.Write{w}
				}
				if err := s.Commit(ctx, v, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := s.Unforeseen(ctx, store.ShadowFilter{Since: now})
		if err != nil || len(got) != 1 || got[0].Subject.ID != "W2" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
