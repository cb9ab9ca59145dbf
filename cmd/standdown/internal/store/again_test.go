package store_test

import (
	"errors"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestWhatIsNoLongerAskedForIsNoLongerProposed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Proposed, map[string][]string{"j1": {"a1"}, "j2": {"b1"}})
		if err := s.Replay(ctx, rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}, "dana", now); err != nil {
			t.Fatal(err)
		}
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a2"}, "j2": {"b1"}})
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Stale, "a2": store.Pending, "b1": store.Proposed})
		keys, _, _ := claim(t, s, now)
		equal(t, "claimed", keys, []string{"a2"})
	})
}

func TestWhatMayBeInForceIsNotWithdrawn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1"}})
		_, token, entries := claim(t, s, now)
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Guess}}, now); err != nil {
			t.Fatal(err)
		}
		event(t, s, "e2", now, rules.Ref{Kind: "client", ID: "003B"})
		events, err := s.Undecided(ctx, now, 1)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events to decide (%v), want 1", len(events), err)
		}
		if err := s.Commit(ctx, store.Verdict{Event: events[0], Decisions: []rules.Decision{{Subject: rules.Ref{Kind: "job", ID: "j1"}, Withdraws: true}}, Writes: [][]store.Write{nil}}, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Unknown})
	})
}

func TestARecordThatNobodyKnowsIsNotMade(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1"}, "j2": {"b1"}, "j3": {"c1"}, "j4": {"d1"}})
		_, token, entries := claim(t, s, now)
		made := connectors.Ref{Kind: "Case", ID: "500A"}
		byKey := map[string]int64{}
		var all []store.Settlement
		for _, e := range entries {
			byKey[e.Key] = e.ID
			st := store.Settlement{ID: e.ID, Signal: store.Guess}
			switch e.Key {
			case "a1":
				st.Signal, st.Outcome = store.Applied, store.Outcome{Ref: made}
			case "d1":
				st.Signal = store.Failed
			}
			all = append(all, st)
		}
		if err := errors.Join(
			s.Settle(ctx, token, all, now),
			s.Act(ctx, []int64{byKey["b1"]}, store.Confirm, "dana", "", now),
			s.Act(ctx, []int64{byKey["c1"]}, store.Drop, "dana", "", now),
		); err != nil {
			t.Fatal(err)
		}
		if ref, err := s.MadeBy(ctx, "a1"); err != nil || ref != made {
			t.Errorf("what was made: %v, %v", ref, err)
		}
		for key, never := range map[string]bool{"b1": true, "c1": true, "there is none": true, "d1": false} {
			if _, err := s.MadeBy(ctx, key); err == nil || errors.Is(err, store.ErrNotMade) != never {
				t.Errorf("%s: got %v; never made is %v", key, err, never)
			}
		}
	})
}

func TestWhatLapsedAndWasDoneLaterIsNotLeftUndone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		e := rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}
		event(t, s, e.ID, now, client)
		decide := func(summary string, jobs store.State) int64 {
			t.Helper()
			events, err := s.Undecided(ctx, now.Add(3*time.Hour), 1)
			if err != nil || len(events) != 1 {
				t.Fatalf("%d events to decide (%v), want 1", len(events), err)
			}
			write := func(key string, state store.State) []store.Write {
				return []store.Write{{System: "salesforce", Verb: "cancel-job", State: state, Text: key, Expires: now.Add(time.Hour),
					Change: connectors.Change{Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: key}}}}
			}
			if err := s.Commit(ctx, store.Verdict{
				Event: events[0],
				Decisions: []rules.Decision{
					{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: "j1"}},
					{Table: "on_hold.hold", Row: "W5", Subject: client},
				},
				Writes: [][]store.Write{write("j1", jobs), write(summary, store.Pending)},
			}, now); err != nil {
				t.Fatal(err)
			}
			entries, err := s.Entries(ctx, store.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, en := range entries {
				if en.Key == summary {
					return en.ID
				}
			}
			t.Fatalf("there is no %s", summary)
			return 0
		}
		undone := func(summary int64) int {
			t.Helper()
			lines, err := s.LeftUndone(ctx, summary, 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(lines)
		}
		first := decide("first summary", store.Proposed)
		if _, err := s.Lapse(ctx, now.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		equal(t, "left undone when it had lapsed", undone(first), 1)
		_, token, entries := claim(t, s, now)
		if len(entries) != 1 {
			t.Fatalf("%d entries to deliver, want the summary", len(entries))
		}
		if err := errors.Join(
			s.Settle(ctx, token, []store.Settlement{{ID: first, Signal: store.Applied}}, now),
			s.Replay(ctx, e, "dana", now.Add(2*time.Hour)),
		); err != nil {
			t.Fatal(err)
		}
		second := decide("second summary", store.Pending)
		equal(t, "left undone when it was asked for again", undone(second), 0)
	})
}
