package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestWhatIsInHand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, err := store.Open(t.Context(), fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		now := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
		arrival := func(id, contact, watched string) store.Arrival {
			e := rules.Event{ID: id, Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: contact}}
			return store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: contact}, Subject: e.Subject, ID: id, Kind: e.Kind, At: now, Event: &e, State: store.New, Watched: watched, Adopt: true}
		}
		take := func(a ...store.Arrival) {
			t.Helper()
			reading, err := s.Reading(t.Context(), "salesforce")
			if err != nil {
				t.Fatal(err)
			}
			reading.ReadAt, reading.Whole = now, true
			if _, err := s.Intake(t.Context(), "salesforce", &reading, a); err != nil {
				t.Fatal(err)
			}
		}
		inHand := func(name string, a store.Arrival, want bool) {
			t.Helper()
			t.Run(name, func(t *testing.T) {
				// Who is asked about at the same time, and never came, is not taken for them.
				got, err := s.InHand(t.Context(), "salesforce", []store.Arrival{arrival("e9", "C9", "on"), a, arrival("e8", "C9", "off")})
				if diff := cmp.Diff([]bool{false, want, false}, got); err != nil || diff != "" {
					t.Errorf("error %v, in hand (-want +got):\n%s", err, diff)
				}
			})
		}

		inHand("nothing is in a new journal", arrival("e1", "C1", "on"), false)
		take(arrival("e1", "C1", "on"))
		inHand("an event that is in the journal is", arrival("e1", "C1", "on"), true)
		inHand("so is another version of its record that says the same", arrival("e2", "C1", "on"), true)
		inHand("what says something else is not", arrival("e3", "C1", "off"), false)
		inHand("nor is what says the same of another record", arrival("e4", "C2", "on"), false)

		events, err := s.Undecided(t.Context(), now, 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("got %d events, %v", len(events), err)
		}
		err = s.Commit(t.Context(), store.Verdict{
			Event: events[0], Decisions: []rules.Decision{{Table: "t", Row: "r", Subject: events[0].Subject}},
			Writes: [][]store.Write{{{System: "salesforce", State: store.Proposed, Change: connectors.Change{Key: "k", Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: "J"}}}}},
		}, now)
		if err != nil {
			t.Fatal(err)
		}
		inHand("what says something else waits while there is an open change about it", arrival("e3", "C1", "off"), true)
	})
}

func TestThatThereIsNoJournalYetIsAnErrorOfItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		if _, err := store.OpenBeside(t.Context(), fresh(t)); !errors.Is(err, store.ErrNone) {
			t.Errorf("got %v, want %v", err, store.ErrNone)
		}
	})
}
