package store_test

import (
	"fmt"
	"slices"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
	"strings"
	"testing"
	"time"
)

func TestQuestions(t *testing.T) { storetest.Each(t, testQuestions) }

func testQuestions(t *testing.T, fresh storetest.Fresh) {
	conclude := func(t *testing.T, s *store.Store) {
		t.Helper()
		for range 2 {
			if err := s.Conclude(t.Context(), plain{}, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("one case asks for all that a decision proposes, and what is proposed does not wait for it", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		d := propose(t, s, "e1", store.Proposed, store.Proposed, store.Pending)
		equal(t, "cases", wrote(t, s, "ask-approval"), []string{"pending " + d + ": 2"})
		if err := s.Act(ctx, []int64{1, 2}, store.Approve, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		keys, _, _ := claim(t, s, now)
		if len(keys) != 2 || keys[0] != "e1-0" {
			t.Errorf("due are %v, want the first change and the case", keys)
		}
	})
	t.Run("one case asks for what all decisions on an event propose, and one answer is to all of it", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		events, err := s.Undecided(ctx, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		v := store.Verdict{Event: events[0], Clerk: plain{}, AskInCases: true}
		for n, state := range []store.State{store.Pending, store.Proposed, store.Proposed} {
			key := fmt.Sprint("k", n)
			v.Decisions = append(v.Decisions, rules.Decision{Table: "t", Row: "r", Subject: rules.Ref{Kind: "job", ID: key}})
			v.Writes = append(v.Writes, []store.Write{{System: "salesforce", Verb: "cancel-job", State: state, Change: connectors.Change{Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: key}}}})
		}
		if err := s.Commit(ctx, v, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "cases", wrote(t, s, "ask-approval"), []string{"pending " + store.DecisionID("e1", 0, 1) + ": 2"})
		equal(t, "refused", answer(t, s, "a1", delivered(t, s), "approve", store.Checker{Name: "Elena", Users: []string{elena}}), "")
		equal(t, "proposed", counts(t, s)[store.Proposed], 0)
	})
	t.Run("later events about the record do not wait for the case", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e1", now, client)
		propose(t, s, "e1", store.Proposed)
		event(t, s, "e2", now.Add(time.Minute), client)
		equal(t, "to be decided", undecided(t, s), []string{"e2"})
	})
	t.Run("what asks nobody opens no case", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e1", now, client)
		propose(t, s, "e1", store.Pending)
		equal(t, "cases", wrote(t, s, "ask-approval"), []string{})
	})
	t.Run("while something waits, nothing is concluded", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		propose(t, s, "e1", store.Proposed, store.Proposed)
		delivered(t, s)
		if err := s.Act(ctx, []int64{1}, store.Approve, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		conclude(t, s)
		equal(t, "closed", wrote(t, s, "close-case"), []string{})
	})
	for _, test := range []struct {
		name string
		end  func(t *testing.T, s *store.Store)
		want string
	}{
		{"approved", func(t *testing.T, s *store.Store) {
			if err := s.Act(t.Context(), []int64{1, 2}, store.Approve, "uma", "looks right", now); err != nil {
				t.Fatal(err)
			}
		}, "pending |Approved by uma on 3 March 2026 at 14:00 UTC: looks right"},
		{"declined", func(t *testing.T, s *store.Store) {
			if err := s.Act(t.Context(), []int64{1, 2}, store.Decline, "uma", "", now); err != nil {
				t.Fatal(err)
			}
		}, "pending |Declined by uma on 3 March 2026 at 14:00 UTC."},
		{"lapsed", func(t *testing.T, s *store.Store) {
			if _, err := s.Lapse(t.Context(), now.Add(25*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, "pending |Nothing is done: nobody approved it by 2026-03-04T14:00:00Z."},
		{"overtaken", func(t *testing.T, s *store.Store) {
			event(t, s, "e2", now.Add(time.Minute), client)
			propose(t, s, "e2")
		}, "pending |Nothing waits for approval here any more: a later change was decided."},
	} {
		t.Run("the case is closed once, and says so, when it was "+test.name, func(t *testing.T) {
			s, _ := open(t, fresh)
			event(t, s, "e1", now, client)
			propose(t, s, "e1", store.Proposed, store.Proposed)
			delivered(t, s)
			test.end(t, s)
			conclude(t, s)
			equal(t, "closed", wrote(t, s, "close-case"), []string{test.want})
		})
	}
	t.Run("a case that was not opened yet need not be", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		d := propose(t, s, "e1", store.Proposed)
		if err := s.Act(ctx, []int64{1}, store.Decline, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		conclude(t, s)
		equal(t, "cases", wrote(t, s, "ask-approval"), []string{"dropped " + d + ": 1"})
		equal(t, "closed", wrote(t, s, "close-case"), []string{})
	})
	t.Run("a case that a person has answered meanwhile is left alone, and nothing is decided again", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		propose(t, s, "e1", store.Proposed)
		delivered(t, s)
		if err := s.Act(ctx, []int64{1}, store.Decline, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		conclude(t, s)
		_, token, entries := claim(t, s, now)
		if len(entries) != 1 || entries[0].Verb != "close-case" {
			t.Fatalf("due are %+v", entries)
		}
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Changed}}, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "to be decided", undecided(t, s), []string{})
		conclude(t, s)
		equal(t, "closed", len(wrote(t, s, "close-case")), 1)
	})
	t.Run("one case asks about all that is held, none about its decisions, and it is never held itself", func(t *testing.T) {
		s, ctx := open(t, fresh)
		read(t, s, 1, 3)
		exceed(t, s, "e1", "e2", "e3")
		equal(t, "cases while it is decided", wrote(t, s, "ask-approval"), []string{})
		holds, err := s.Holds(ctx)
		if err != nil || len(holds) != 1 || holds[0].Entries != 3 {
			t.Fatalf("%+v, %v", holds, err)
		}
		askHeld(t, s)
		equal(t, "cases", wrote(t, s, "ask-approval"), []string{"pending " + holds[0].ID + ": 3 of 3"})
		key := delivered(t, s)
		equal(t, "refused", answer(t, s, "a1", key, "approve", store.Checker{Name: "Elena", Users: []string{elena}}), "")
		equal(t, "approved", counts(t, s)[store.Pending], 3+1) // and the end of the case
		askHeld(t, s)
		equal(t, "cases once it is answered", len(wrote(t, s, "ask-approval")), 1)
	})
	t.Run("what is held later is not in the answer, and is asked about afterwards", func(t *testing.T) {
		s, ctx := open(t, fresh)
		read(t, s, 1, 4)
		exceed(t, s, "e1", "e2", "e3")
		askHeld(t, s)
		key := delivered(t, s)
		exceed(t, s, "e4")
		askHeld(t, s)
		equal(t, "cases while one is open", len(wrote(t, s, "ask-approval")), 1)
		equal(t, "refused", answer(t, s, "a1", key, "approve", store.Checker{Name: "Elena", Users: []string{elena}}), "")
		equal(t, "what was shown", states(t, s)["e3"], store.Pending)
		equal(t, "what was not", states(t, s)["e4"], store.Proposed)
		askHeld(t, s)
		if asked := wrote(t, s, "ask-approval"); len(asked) != 2 || !strings.HasSuffix(asked[1], ": 1 of 1") {
			t.Errorf("cases %q", asked)
		}
		if err := s.Conclude(ctx, plain{}, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "closed", len(wrote(t, s, "close-case")), 1)
	})
	t.Run("what is held later does not keep the case open in which it is not", func(t *testing.T) {
		s, ctx := open(t, fresh)
		read(t, s, 1, 4)
		exceed(t, s, "e1", "e2", "e3")
		askHeld(t, s)
		delivered(t, s)
		exceed(t, s, "e4")
		if err := s.Act(ctx, []int64{1, 2, 3}, store.Decline, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		conclude(t, s)
		equal(t, "closed", wrote(t, s, "close-case"), []string{"pending |Declined by uma on 3 March 2026 at 14:00 UTC."})
	})
	t.Run("a case of which nobody knows whether it was opened is closed", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		propose(t, s, "e1", store.Proposed)
		for _, signal := range []store.Signal{store.Lost, store.Guess} {
			_, token, entries := claim(t, s, now)
			if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: signal}}, now); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Act(ctx, []int64{2}, store.Retry, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		if err := s.Act(ctx, []int64{1}, store.Decline, "uma", "", now); err != nil {
			t.Fatal(err)
		}
		conclude(t, s)
		equal(t, "closed", len(wrote(t, s, "close-case")), 1)
	})
}

// exceed decides the events, each of which changes a record, within a ceiling of
// one record for their run.
func exceed(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		events, err := s.Undecided(t.Context(), now.Add(time.Hour), 100)
		if err != nil {
			t.Fatal(err)
		}
		n := slices.IndexFunc(events, func(e store.Event) bool { return e.ID == id })
		w := store.Write{System: "salesforce", Verb: "cancel-job", State: store.Pending, Change: connectors.Change{Key: id, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: id}}}
		v := store.Verdict{Event: events[n], Clerk: plain{}, AskInCases: true, Ceilings: store.Ceilings{Run: 1}, Decisions: []rules.Decision{{Table: "t", Row: "r", Subject: events[n].Subject}}, Writes: [][]store.Write{{w}}}
		if err := s.Commit(t.Context(), v, now); err != nil {
			t.Fatal(err)
		}
	}
}

func askHeld(t *testing.T, s *store.Store) {
	t.Helper()
	for range 2 {
		if err := s.AskHeld(t.Context(), plain{}, now); err != nil {
			t.Fatal(err)
		}
	}
}
