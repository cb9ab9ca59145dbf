package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestAsk(t *testing.T) { storetest.Each(t, testAsk) }

func testAsk(t *testing.T, fresh storetest.Fresh) {
	workflow := rules.Ref{Kind: "workflow", ID: "W1"}
	asked := rules.Event{ID: "ask:1", Kind: rules.RestoreRequested, At: now, Subject: workflow, By: "dana", Reason: "she called"}

	t.Run("what somebody asks for is to be decided, and kept with who asked and why", func(t *testing.T) {
		s, ctx := open(t, fresh)
		if err := s.Ask(ctx, asked, now); err != nil {
			t.Fatal(err)
		}
		events, err := s.Undecided(ctx, now, 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events to decide, %v", len(events), err)
		}
		if diff := cmp.Diff(asked, events[0].Event); diff != "" {
			t.Errorf("event (-asked +journaled):\n%s", diff)
		}
		equal(t, "author", events[0].Author, "dana")
		acts, err := s.Acts(ctx, store.DecisionID("ask:1", 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		want := []store.Act{{At: now, Who: "dana", Act: "ask", Decision: store.DecisionID("ask:1", 0, 0), Reason: "she called"}}
		if diff := cmp.Diff(want, acts); diff != "" {
			t.Errorf("acts (-want +got):\n%s", diff)
		}
		if v, err := s.Verify(ctx, ""); err != nil || v.Fault != "" || v.Acts != 1 {
			t.Errorf("the chain: %+v, %v", v, err)
		}
	})

	t.Run("the same again changes nothing", func(t *testing.T) {
		s, ctx := open(t, fresh)
		again := asked
		again.Reason, again.By = "another", "eve"
		for _, e := range []rules.Event{asked, again} {
			if err := s.Ask(ctx, e, now); err != nil {
				t.Fatal(err)
			}
		}
		acts, err := s.ActLog(ctx, store.ActFilter{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(acts) != 1 || acts[0].Who != "dana" {
			t.Errorf("acts %+v", acts)
		}
		e, err := s.EventNamed(ctx, "ask:1")
		if err != nil || e.By != "dana" || e.Author != "dana" {
			t.Errorf("event %+v, %v", e, err)
		}
		commit(t, s, "ask:1", store.Pending, map[string][]string{"j1": {"a1"}})
		if err := s.Ask(ctx, asked, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "to be decided once it has been", len(undecided(t, s)), 0)
	})

	t.Run("who asks does not approve what comes of it", func(t *testing.T) {
		s, ctx := open(t, fresh)
		if err := s.Ask(ctx, asked, now); err != nil {
			t.Fatal(err)
		}
		commit(t, s, "ask:1", store.Proposed, map[string][]string{"j1": {"a1"}})
		err := s.Approve(ctx, []int64{1}, store.Checker{Name: "Dana"}, "", now)
		if err == nil || !strings.Contains(err.Error(), "somebody else must approve it") {
			t.Errorf("error %v", err)
		}
		if err := s.Approve(ctx, []int64{1}, store.Checker{Name: "eve"}, "", now); err != nil {
			t.Error(err)
		}
		equal(t, "state", states(t, s)["a1"], store.Pending)
	})

	t.Run("it waits for nothing that arrived with something else, nor that for it", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		if err := s.Ask(ctx, asked, now); err != nil {
			t.Fatal(err)
		}
		commit(t, s, "ask:1", store.Pending, map[string][]string{"j1": {"a1"}})
		keys, _, _ := claim(t, s, now)
		if diff := cmp.Diff([]string{"a1"}, keys); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
	})

	t.Run("it waits for what is on its way to the same record", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, workflow)
		commit(t, s, "e1", store.Pending, map[string][]string{"W1": {"a1"}})
		if err := s.Ask(ctx, asked, now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		equal(t, "to be decided", len(undecided(t, s)), 0)
	})

	t.Run("a record is unsettled from when something is asked for until it is done or waits for a person", func(t *testing.T) {
		s, ctx := open(t, fresh)
		expect := func(when string, want bool) {
			t.Helper()
			if got, err := s.Unsettled(ctx, []rules.Ref{client, workflow}); err != nil || got[workflow] != want || got[client] {
				t.Errorf("%s: %v, %v", when, got, err)
			}
		}
		expect("at first", false)
		if err := s.Ask(ctx, asked, now); err != nil {
			t.Fatal(err)
		}
		expect("asked for", true)
		decide := func(state store.State, key string) {
			t.Helper()
			events, err := s.Undecided(ctx, now, 10)
			if err != nil || len(events) != 1 {
				t.Fatalf("%d events to decide, %v", len(events), err)
			}
			if err := s.Commit(ctx, store.Verdict{Event: events[0], Decisions: []rules.Decision{{Table: "cancellation.restore", Row: "B12", Subject: workflow}},
				Writes: [][]store.Write{{{System: "salesforce", Verb: "restore-workflow", State: state, Change: connectors.Change{Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Workflow__c", ID: "W1"}}}}}}, now); err != nil {
				t.Fatal(err)
			}
		}
		decide(store.Proposed, "a1")
		expect("proposed", false)
		if err := s.Act(ctx, []int64{1}, store.Approve, "eve", "", now); err != nil {
			t.Fatal(err)
		}
		expect("approved", true)
		_, token, entries := claim(t, s, now)
		expect("being sent", true)
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Applied}}, now); err != nil {
			t.Fatal(err)
		}
		expect("done", false)
	})

	t.Run("nobody asks for nothing", func(t *testing.T) {
		s, ctx := open(t, fresh)
		anonymous := asked
		anonymous.By = " "
		if err := s.Ask(ctx, anonymous, now); err == nil || !strings.Contains(err.Error(), "nobody is named") {
			t.Errorf("error %v", err)
		}
		equal(t, "to be decided", len(undecided(t, s)), 0)
	})
}
