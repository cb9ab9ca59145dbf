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

func TestNobodyIsGivenAwayOnAnOldLook(t *testing.T) { storetest.Each(t, testGivenAway) }

func testGivenAway(t *testing.T, fresh storetest.Fresh) {
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	// give commits a verdict on the world as it looked then, that the worker takes
	// the visit.
	give := func(s *store.Store, id string, visit rules.Span, looked time.Time) error {
		events, err := s.Undecided(t.Context(), at(60), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.ID == id {
				return s.Commit(t.Context(), store.Verdict{
					Event:     e,
					Decisions: []rules.Decision{{Table: "on_hold.visit", Row: "R2", Subject: rules.Ref{Kind: "job", ID: "job of " + id}}},
					Writes: [][]store.Write{{
						{System: "salesforce", Verb: "allocate-saved", State: store.Pending, Gives: visit,
							Change: connectors.Change{Key: id, Op: connectors.Create, Ref: connectors.Ref{Kind: "Allocation"}, Fields: map[string]any{"Resource": visit.ID}}},
						{System: "salesforce", Verb: "reopen-job", State: store.Pending,
							Change: connectors.Change{Key: id + " on again", Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: "job of " + id}}},
					}},
				}, looked)
			}
		}
		t.Fatalf("%s is not to be decided", id)
		return nil
	}
	visit := func(who string, from, until int) rules.Span {
		return rules.Span{ID: who, Start: at(24*60 + from), End: at(24*60 + until)}
	}
	for _, test := range []struct {
		name   string
		visit  rules.Span
		looked int // minutes after the first was decided; they were allocated in the second, and the visit was on again in the fourth
		busy   bool
	}{
		{"who was looked at before they were given a visit is not given another at that time", visit("R1", 30, 90), 1, true},
		{"nor is who was looked at before that visit was on again", visit("R1", 30, 90), 3, true},
		{"nor who was looked at in that moment", visit("R1", 30, 90), 4, true},
		{"who was looked at since is", visit("R1", 30, 90), 5, false},
		{"another visit may follow at once", visit("R1", 60, 120), 1, false},
		{"somebody else may have it", visit("R2", 30, 90), 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, ctx := open(t, fresh)
			event(t, s, "e1", now, rules.Ref{Kind: "client", ID: "A"})
			event(t, s, "e2", now, rules.Ref{Kind: "client", ID: "B"})
			if err := give(s, "e1", visit("R1", 0, 60), now); err != nil {
				t.Fatal(err)
			}
			for _, done := range []int{2, 4} {
				_, token, entries := claim(t, s, at(done-1))
				if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Applied}}, at(done)); err != nil {
					t.Fatal(err)
				}
			}
			if err := give(s, "e2", test.visit, at(test.looked)); errors.Is(err, store.ErrBusy) != test.busy || err != nil && !test.busy {
				t.Errorf("committing: %v", err)
			}
		})
	}
}
