package store_test

import (
	"fmt"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
	"testing"
	"time"
)

func TestRun(t *testing.T) { storetest.Each(t, testRun) }

func testRun(t *testing.T, fresh storetest.Fresh) {
	other := rules.Ref{Kind: "client", ID: "003B"}
	together := func(t *testing.T, second rules.Ref) *store.Store {
		s, _ := open(t, fresh)
		var arrivals []store.Arrival
		for i, subject := range []rules.Ref{client, second} {
			id := fmt.Sprint("e", i+1)
			e := rules.Event{ID: id, Kind: rules.HoldChanged, At: now.Add(time.Duration(i)), Subject: subject}
			arrivals = append(arrivals, store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: id}, Subject: subject, ID: id, Kind: e.Kind, At: e.At, Event: &e, State: store.New})
		}
		take(t, s, "salesforce", store.Reading{ReadAt: now}, arrivals...)
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"k1"}})
		return s
	}
	claimed := func(t *testing.T, s *store.Store) []string {
		keys, _, _ := claim(t, s, now)
		return keys
	}
	t.Run("nothing is delivered before all that arrived together is decided", func(t *testing.T) {
		s := together(t, other)
		equal(t, "claimed before e2 is decided", claimed(t, s), []string{})
		commit(t, s, "e2", store.Pending, map[string][]string{"j2": {"k2"}})
		equal(t, "claimed after", claimed(t, s), []string{"k1", "k2"})
	})
	t.Run("what cannot be decided now does not hold up the others", func(t *testing.T) {
		s := together(t, client) // e2 is about the same subject, and waits for k1
		equal(t, "claimed at first", claimed(t, s), []string{})
		if _, err := s.Disband(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		equal(t, "claimed", claimed(t, s), []string{"k1"})
	})
	t.Run("what is put off does not hold up the others", func(t *testing.T) {
		s := together(t, other)
		if err := s.Postpone(t.Context(), []store.Event{named("e2")}, "no answer", now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		equal(t, "claimed", claimed(t, s), []string{"k1"})
	})
}

func TestTurns(t *testing.T) { storetest.Each(t, testTurns) }

func testTurns(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	decide := func(id, customer string, n int) {
		event(t, s, id, now, rules.Ref{Kind: "client", ID: customer})
		events, err := s.Undecided(ctx, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		v := store.Verdict{Event: events[0], Customer: customer}
		for i := range n {
			job := fmt.Sprint(customer, i)
			v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: job}})
			v.Writes = append(v.Writes, []store.Write{{System: "salesforce", Verb: "cancel-job", State: store.Pending, Change: connectors.Change{Key: job}}})
		}
		if err := s.Commit(ctx, v, now); err != nil {
			t.Fatal(err)
		}
	}
	decide("e1", "A", 5)
	decide("e2", "B", 2)
	var got []string
	for range 4 {
		entries, _, err := s.Claim(ctx, "salesforce", 1, now, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entries[0].Key)
	}
	equal(t, "turns of a customer with many changes and one with few", got, []string{"A0", "A1", "B0", "A2"})
}

func TestOrder(t *testing.T) { storetest.Each(t, testOrder) }

func testOrder(t *testing.T, fresh storetest.Fresh) {
	t.Run("events of one subject are decided one after the other", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e1", now, client)
		event(t, s, "e2", now.Add(time.Second), client)
		event(t, s, "e3", now, rules.Ref{Kind: "client", ID: "003B"})
		equal(t, "undecided", undecided(t, s), []string{"e1", "e3"})
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"k1"}})
		equal(t, "while a change of e1 is on its way", undecided(t, s), []string{"e3"})
		_, token, entries := claim(t, s, now)
		if err := s.Settle(t.Context(), token, []store.Settlement{{ID: entries[0].ID, Signal: store.Applied}}, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "once it is applied", undecided(t, s), []string{"e3", "e2"})
	})
	t.Run("changes of one lane are claimed one at a time, in order", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1", "a2"}, "j2": {"b1"}})
		for _, want := range []int{2, 1, 0} {
			_, token, entries := claim(t, s, now)
			equal(t, "claimed", len(entries), want)
			for _, e := range entries {
				if err := s.Settle(t.Context(), token, []store.Settlement{{ID: e.ID, Signal: store.Applied}}, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Done, "a2": store.Done, "b1": store.Done})
	})
}

func TestLease(t *testing.T) { storetest.Each(t, testLease) }

func testLease(t *testing.T, fresh storetest.Fresh) {
	s, _ := open(t, fresh)
	event(t, s, "e1", now, client)
	commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1"}})
	_, dead, entries := claim(t, s, now)
	equal(t, "doubt at first", entries[0].Doubt, false)
	if keys, _, _ := claim(t, s, now.Add(59*time.Second)); len(keys) > 0 {
		t.Errorf("claimed %v while another has the lease", keys)
	}
	_, token, entries := claim(t, s, now.Add(time.Minute))
	equal(t, "claimed after the lease", len(entries), 1)
	equal(t, "doubt after the lease", entries[0].Change.Doubt, true)
	if err := s.Settle(t.Context(), dead, []store.Settlement{{ID: entries[0].ID, Signal: store.Refused}}, now); err != nil {
		t.Fatal(err)
	}
	equal(t, "after the first claimer settled too late", states(t, s)["a1"], store.Sending)
	if err := s.Settle(t.Context(), token, []store.Settlement{{ID: entries[0].ID, Signal: store.Lost, NotSoon: now.Add(2 * time.Minute)}}, now); err != nil {
		t.Fatal(err)
	}
	if keys, _, _ := claim(t, s, now.Add(90*time.Second)); len(keys) > 0 {
		t.Errorf("claimed %v before the quiet time was over", keys)
	}
	_, _, entries = claim(t, s, now.Add(3*time.Minute))
	equal(t, "doubt after a lost answer", entries[0].Doubt, true)
}

func TestConflictIsDecidedAgain(t *testing.T) { storetest.Each(t, testConflictIsDecidedAgain) }

func testConflictIsDecidedAgain(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	event(t, s, "e1", now, client)
	commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1", "a2"}, "j2": {"b1"}})
	_, token, entries := claim(t, s, now)
	for _, e := range entries {
		signal := store.Applied
		if e.Key == "a1" {
			signal = store.Changed
		}
		if err := s.Settle(ctx, token, []store.Settlement{{ID: e.ID, Signal: signal}}, now); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "states", states(t, s), map[string]store.State{"a1": store.Stale, "a2": store.Stale, "b1": store.Done})
	equal(t, "undecided", undecided(t, s), []string{"e1"})
	commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1"}, "j2": {"b1"}})
	equal(t, "states after deciding again", states(t, s), map[string]store.State{"a1": store.Pending, "a2": store.Stale, "b1": store.Done})
}
