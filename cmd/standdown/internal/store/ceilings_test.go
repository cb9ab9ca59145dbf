package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// read brings n holds of different clients in one read, as e1, e2 ...
func read(t *testing.T, s *store.Store, from, n int) {
	t.Helper()
	var arrivals []store.Arrival
	for i := from; i < from+n; i++ {
		id := fmt.Sprint("e", i)
		subject := rules.Ref{Kind: "client", ID: id}
		e := rules.Event{ID: id, Kind: rules.HoldChanged, At: now.Add(time.Duration(i) * time.Millisecond), Subject: subject}
		arrivals = append(arrivals, store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: id}, Subject: subject, ID: id, Kind: e.Kind, At: e.At, Event: &e, State: store.New, Watched: id, New: true})
	}
	take(t, s, "salesforce", store.Reading{ReadAt: now}, arrivals...)
}

// decideWithin decides the event: it changes as many records as given, and posts on each.
func decideWithin(t *testing.T, s *store.Store, id, customer string, records int, c store.Ceilings, at time.Time) {
	t.Helper()
	events, err := s.Undecided(t.Context(), now.Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.ID != id {
			continue
		}
		v := store.Verdict{Event: e, Customer: customer, Ceilings: c}
		for n := range records {
			record := fmt.Sprint(id, "-", n)
			v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: record}})
			v.Writes = append(v.Writes, []store.Write{
				{System: "salesforce", Verb: "cancel-job", State: store.Pending, Change: connectors.Change{Key: record, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: record}}},
				{System: "salesforce", Verb: "post-comment", State: store.Pending, Change: connectors.Change{Key: "post " + record, Op: connectors.Post, Ref: connectors.Ref{Kind: "Job", ID: record}}},
			})
		}
		if err := s.Commit(t.Context(), v, at); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("event %s is not to be decided", id)
}

// counts says how many entries are in each state.
func counts(t *testing.T, s *store.Store) map[store.State]int {
	t.Helper()
	all := map[store.State]int{}
	for _, state := range states(t, s) {
		all[state]++
	}
	return all
}

func TestCeilings(t *testing.T) { storetest.Each(t, testCeilings) }

func testCeilings(t *testing.T, fresh storetest.Fresh) {
	held := func(t *testing.T, s *store.Store, run, says string) store.Hold {
		t.Helper()
		holds, err := s.Holds(t.Context())
		if err != nil || len(holds) != 1 {
			t.Fatalf("%d holds, %v; want one", len(holds), err)
		}
		if h := holds[0]; h.Run != run || !strings.Contains(h.Why, says) {
			t.Errorf("held is %s: %s; want %s: ... %s", h.Run, h.Why, run, says)
		}
		return holds[0]
	}
	t.Run("a run that changes too much is held as a whole, and so is what it asks for later", func(t *testing.T) {
		s, ctx := open(t, fresh)
		read(t, s, 1, 3)
		c := store.Ceilings{Run: 3}
		decideWithin(t, s, "e1", "A", 2, c, now)
		equal(t, "with two records", counts(t, s), map[store.State]int{store.Pending: 4})
		decideWithin(t, s, "e2", "B", 2, c, now)
		equal(t, "with four records", counts(t, s), map[store.State]int{store.Proposed: 8})
		decideWithin(t, s, "e3", "C", 1, c, now)
		equal(t, "with one more", counts(t, s), map[store.State]int{store.Proposed: 10})
		keys, _, _ := claim(t, s, now)
		equal(t, "claimed", keys, []string{})

		h := held(t, s, "salesforce #1", "4 records or more, and may change 3 (ceilings.run.records)")
		equal(t, "entries of the hold", h.Entries, 10)
		entries, err := s.Entries(ctx, store.Filter{Hold: h.ID})
		if err != nil {
			t.Fatal(err)
		}
		acts, err := s.Acts(ctx, store.DecisionID("e2", 0, 0))
		if err != nil || len(acts) != 1 || acts[0].Act != "hold" || acts[0].Who != "standdown" {
			t.Errorf("acts %v, %v; want the hold by standdown", acts, err)
		}

		var ids []int64
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		if err := s.Approve(ctx, ids, store.Checker{Name: "dana"}, "a storm", now); err != nil {
			t.Fatal(err)
		}
		equal(t, "after approval", counts(t, s), map[store.State]int{store.Pending: 10})
		if holds, err := s.Holds(ctx); err != nil || len(holds) != 0 {
			t.Errorf("holds %v, %v; want none that holds anything", holds, err)
		}
	})
	t.Run("what was put off counts for the run that it came with", func(t *testing.T) {
		s, ctx := open(t, fresh)
		read(t, s, 1, 3)
		c := store.Ceilings{Run: 3}
		for _, put := range []error{
			s.Postpone(ctx, []store.Event{named("e1")}, "no answer", now), s.Wait(ctx, named("e2"), now.Add(time.Minute)),
		} {
			if put != nil {
				t.Fatal(put)
			}
		}
		if _, err := s.Disband(ctx, now); err != nil {
			t.Fatal(err)
		}
		decideWithin(t, s, "e1", "A", 2, c, now)
		decideWithin(t, s, "e2", "B", 2, c, now)
		equal(t, "with four records", counts(t, s), map[store.State]int{store.Proposed: 8})
	})
	t.Run("what has been tried already is not held", func(t *testing.T) {
		s, ctx := open(t, fresh)
		read(t, s, 1, 2)
		if err := s.Postpone(ctx, []store.Event{named("e2")}, "no answer", now); err != nil {
			t.Fatal(err)
		}
		c := store.Ceilings{Run: 1}
		decideWithin(t, s, "e1", "A", 1, c, now)
		_, token, entries := claim(t, s, now)
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Lost}}, now); err != nil {
			t.Fatal(err)
		}
		decideWithin(t, s, "e2", "B", 1, c, now)
		equal(t, "e1's change, which may be in force", states(t, s)["e1-0"], store.Pending)
		equal(t, "e2's change", states(t, s)["e2-0"], store.Proposed)
	})
	t.Run("runs are counted apart", func(t *testing.T) {
		s, _ := open(t, fresh)
		read(t, s, 1, 1)
		read(t, s, 2, 1)
		c := store.Ceilings{Run: 3}
		decideWithin(t, s, "e1", "A", 3, c, now)
		decideWithin(t, s, "e2", "B", 3, c, now)
		equal(t, "states", counts(t, s), map[store.State]int{store.Pending: 12})
	})
	t.Run("a row that changes too much within an hour is held, and what a person approved does not count", func(t *testing.T) {
		s, ctx := open(t, fresh)
		c := store.Ceilings{Rule: 3}
		for i := range 4 {
			read(t, s, i, 1)
		}
		decideWithin(t, s, "e0", "A", 3, c, now.Add(-time.Hour))
		decideWithin(t, s, "e1", "B", 3, c, now)
		equal(t, "an hour later", counts(t, s), map[store.State]int{store.Pending: 12})
		decideWithin(t, s, "e2", "C", 1, c, now)
		equal(t, "within the hour", counts(t, s), map[store.State]int{store.Pending: 12, store.Proposed: 2})
		held(t, s, "salesforce #3", "row on_hold.visit H1 changes 4 records within an hour, and may change 3")
		entries, err := s.Entries(ctx, store.Filter{States: []store.State{store.Proposed}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Approve(ctx, []int64{entries[0].ID, entries[1].ID}, store.Checker{Name: "dana"}, "", now); err != nil {
			t.Fatal(err)
		}
		_, token, claimed := claim(t, s, now)
		for _, e := range claimed {
			if err := s.Settle(ctx, token, []store.Settlement{{ID: e.ID, Signal: store.Applied}}, now); err != nil {
				t.Fatal(err)
			}
		}
		decideWithin(t, s, "e3", "D", 1, store.Ceilings{Rule: 4}, now)
		equal(t, "the next, with three and one", counts(t, s)[store.Proposed], 0)
	})
	t.Run("too many changes for one customer are held", func(t *testing.T) {
		s, _ := open(t, fresh)
		read(t, s, 1, 1)
		read(t, s, 2, 2)
		c := store.Ceilings{Customer: 3}
		decideWithin(t, s, "e1", "A", 2, c, now)
		decideWithin(t, s, "e2", "B", 2, c, now)
		equal(t, "two customers", counts(t, s), map[store.State]int{store.Pending: 8})
		decideWithin(t, s, "e3", "A", 2, c, now)
		held(t, s, "salesforce #2", "4 records of one customer")
		equal(t, "one of them again", counts(t, s), map[store.State]int{store.Pending: 4, store.Proposed: 8})
	})
	t.Run("a row that is soon about too great a share of what is watched is held, one run after the other", func(t *testing.T) {
		s, _ := open(t, fresh)
		var there []store.Arrival
		for i := range 10 {
			there = append(there, store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: fmt.Sprint("old", i)}, Subject: client, Watched: "v1"})
		}
		take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, there...)
		for i := range 4 { // the last when an hour has gone by
			at := now.Add(time.Duration(i/3) * 2 * time.Hour)
			read(t, s, i+1, 1)
			decideWithin(t, s, fmt.Sprint("e", i+1), "A", 1, store.Ceilings{RulePercent: 20, Floor: 2}, at)
			want := []map[store.State]int{{store.Pending: 2}, {store.Pending: 4}, {store.Pending: 4, store.Proposed: 2}, {store.Pending: 6, store.Proposed: 2}}[i]
			equal(t, fmt.Sprint("after run ", i+1), counts(t, s), want)
		}
	})
	t.Run("a run about too great a share of what is watched is held, unless it is small", func(t *testing.T) {
		for floor, want := range map[int]map[store.State]int{
			2: {store.Proposed: 6},
			3: {store.Pending: 6},
		} {
			s, _ := open(t, fresh)
			var there []store.Arrival
			for i := range 10 {
				there = append(there, store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: fmt.Sprint("old", i)}, Subject: client, Watched: "v1"})
			}
			take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, there...)
			read(t, s, 1, 3) // of 13 contacts
			for i := range 3 {
				decideWithin(t, s, fmt.Sprint("e", i+1), "A", 1, store.Ceilings{Percent: 20, Floor: floor}, now)
			}
			equal(t, fmt.Sprint("floor ", floor), counts(t, s), want)
		}
	})
}
