package store_test

import (
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestApproval(t *testing.T) { storetest.Each(t, testApproval) }

func testApproval(t *testing.T, fresh storetest.Fresh) {
	const user = "0055g00000AbCdEAAV"
	proposed := func(t *testing.T) *store.Store {
		s, _ := open(t, fresh)
		e := rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}
		take(t, s, "salesforce", store.Reading{ReadAt: now}, store.Arrival{
			Ref: connectors.Ref{Kind: "Contact", ID: "1"}, Subject: client, ID: "e1", Kind: e.Kind, At: now, Event: &e, State: store.New, Author: user,
		})
		commit(t, s, "e1", store.Proposed, map[string][]string{"j1": {"a1"}})
		return s
	}
	for _, test := range []struct {
		name    string
		checker store.Checker
		before  func(t *testing.T, s *store.Store)
		refused bool
	}{
		{name: "who had nothing to do with it may approve", checker: store.Checker{Name: "dana", Users: []string{"0055g00000ZzZzZAAV"}}},
		{name: "who caused it may not", checker: store.Checker{Name: "dana", Users: []string{user}}, refused: true},
		{name: "who caused it may, if that is allowed", checker: store.Checker{Name: "dana", Users: []string{user}, Own: true}},
		{name: "who had it decided again may not", checker: store.Checker{Name: "Dana"}, refused: true, before: func(t *testing.T, s *store.Store) {
			if err := s.Replay(t.Context(), rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}, "dana", now); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := proposed(t)
			if test.before != nil {
				test.before(t, s)
			}
			err := s.Approve(t.Context(), []int64{1}, test.checker, "", now)
			want := store.Pending
			if test.refused {
				want = store.Proposed
				if err == nil || !strings.Contains(err.Error(), "somebody else must approve it") {
					t.Errorf("error %v", err)
				}
			} else if err != nil {
				t.Error(err)
			}
			equal(t, "state", states(t, s)["a1"], want)
		})
	}
	t.Run("who approved stands with the entry", func(t *testing.T) {
		s := proposed(t)
		if err := s.Act(t.Context(), []int64{1}, store.Approve, "dana", "", now); err != nil {
			t.Fatal(err)
		}
		_, _, entries := claim(t, s, now)
		equal(t, "checker", entries[0].Checker, "dana")
	})
}

func TestLapse(t *testing.T) { storetest.Each(t, testLapse) }

func testLapse(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	event(t, s, "e1", now, client)
	decide := func() {
		events, err := s.Undecided(ctx, now, 1)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events to decide, %v", len(events), err)
		}
		until := now.Add(24 * time.Hour)
		if err := s.Commit(ctx, store.Verdict{
			Event:     events[0],
			Decisions: []rules.Decision{{Table: "cancellation.request", Row: "C5", Subject: rules.Ref{Kind: "workflow", ID: "W1"}}},
			Writes: [][]store.Write{{
				{System: "salesforce", Verb: "cancel-workflow", State: store.Proposed, Expires: until, Change: connectors.Change{Key: "a1", Op: connectors.Update}},
				{System: "mail", Verb: "notify-parties", State: store.Pending, Expires: until, Change: connectors.Change{Key: "a2", Op: connectors.Send}},
			}},
		}, now); err != nil {
			t.Fatal(err)
		}
	}
	decide()
	lapse := func(at time.Time) int {
		lapsed, err := s.Lapse(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		return len(lapsed)
	}
	if err := s.Act(ctx, []int64{1}, store.Approve, "dana", "", now.Add(24*time.Hour)); err == nil {
		t.Error("it could be approved too late, because no daemon had looked")
	}
	equal(t, "lapsed in time", lapse(now.Add(23*time.Hour)), 0)
	equal(t, "lapsed", lapse(now.Add(24*time.Hour)), 1)
	equal(t, "lapsed once more", lapse(now.Add(25*time.Hour)), 0)
	equal(t, "states", states(t, s), map[string]store.State{"a1": store.Expired, "a2": store.Expired})
	if err := s.Act(ctx, []int64{1}, store.Approve, "dana", "", now); err == nil {
		t.Error("what has lapsed could be approved")
	}
	acts, err := s.Acts(ctx, store.DecisionID("e1", 0, 0))
	if err != nil || len(acts) != 1 || acts[0].Act != "expire" || acts[0].Who != "standdown" {
		t.Errorf("acts %v, %v; want that it expired", acts, err)
	}

	// A person may have it decided anew, and then it is asked for anew, with
	// what is to follow.
	if err := s.Replay(ctx, rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}, "dana", now); err != nil {
		t.Fatal(err)
	}
	decide()
	equal(t, "states after a replay", states(t, s), map[string]store.State{"a1": store.Proposed, "a2": store.Pending})
}

func TestSeveralAtOnce(t *testing.T) { storetest.Each(t, testSeveralAtOnce) }

func testSeveralAtOnce(t *testing.T, fresh storetest.Fresh) {
	t.Run("what comes after another can be declined together with it", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Proposed, map[string][]string{"j1": {"a1", "a2"}})
		if err := s.Act(ctx, []int64{1, 2}, store.Decline, "dana", "", now); err != nil {
			t.Fatal(err)
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Dropped, "a2": store.Dropped})
	})
	t.Run("if one cannot be approved, none is", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Proposed, map[string][]string{"j1": {"a1", "a2"}})
		if err := s.Act(ctx, []int64{1, 2, 3}, store.Approve, "dana", "", now); err == nil {
			t.Error("an entry that does not exist was approved")
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Proposed, "a2": store.Proposed})
	})
}
