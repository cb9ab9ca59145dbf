package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func clientRef(id string) rules.Ref { return rules.Ref{Kind: "client", ID: id} }

// heldFor decides that a client's hold is as given, and that one visit of the
// client is cancelled for it, which waits for a person.
func heldFor(t *testing.T, s *store.Store, id string, at time.Time, ref rules.Ref, name string, hold rules.Hold) {
	t.Helper()
	event(t, s, id, at, ref)
	events, err := s.Undecided(t.Context(), at, 10)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	v := store.Verdict{
		Event: events[0], Snapshot: rules.Snapshot{Client: &rules.Client{ID: ref.ID, Name: name, Hold: hold}},
		Decisions: []rules.Decision{
			{Table: "on_hold.hold", Row: "W5", Subject: ref, Remember: map[string]string{"hold": hold.String()}},
			{Table: "on_hold.visit", Row: "H2", Subject: rules.Ref{Kind: "job", ID: "j-" + id}},
		},
		Writes: [][]store.Write{nil, {{System: "salesforce", Verb: "cancel-job", State: store.Proposed,
			Change: connectors.Change{Key: id, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job__c", ID: "j-" + id}}}}},
	}
	if err := s.Commit(t.Context(), v, at); err != nil {
		t.Fatal(err)
	}
}

func TestClientHolds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		day := func(n int) time.Time { return now.AddDate(0, 0, n) }
		on := rules.Hold{On: true, Start: "2026-03-10", Return: "2026-04-07"}
		// Seen at the first look, one on hold and one not.
		baseline(t, s, clientRef("c1"), rules.Hold{On: true, Start: "2026-01-01"})
		baseline(t, s, clientRef("c2"), rules.Hold{})
		heldFor(t, s, "e3", day(0), clientRef("c3"), `Ana "Ann" Lopez, the <first>`, on)
		heldFor(t, s, "e4", day(1), clientRef("c4"), "Ben", on)
		heldFor(t, s, "e5", day(2), clientRef("c4"), "Ben", rules.Hold{})
		heldFor(t, s, "e6", day(3), clientRef("c5"), "", on)

		all, err := s.ClientHolds(ctx, day(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.NameHolds(ctx, all), s.DescribeHolds(ctx, all)); err != nil {
			t.Fatal(err)
		}
		type line struct {
			ID, Hold, Name, Row string
			At                  time.Time
			Open                int
		}
		var got []line
		for _, one := range all {
			row := ""
			if one.Last != nil {
				row = one.Last.Row
			}
			got = append(got, line{one.Client.ID, one.Hold.String(), one.Name, row, one.At, one.Open})
		}
		want := []line{
			{"c5", on.String(), "", "W5", day(3), 1},
			{"c4", "off - -", "Ben", "W5", day(2), 1}, // what the first change asked for is overtaken
			{"c3", on.String(), `Ana "Ann" Lopez, the <first>`, "W5", day(0), 1},
			{"c1", "on 2026-01-01 -", "", "", time.Time{}, 0},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("clients on hold (-want +got):\n%s", diff)
		}

		t.Run("a client's situations come the latest first, at most as many as are wanted", func(t *testing.T) {
			for most, want := range map[int]string{1: "e5", 9: "e5 e4"} {
				all, err := s.HoldSituations(ctx, clientRef("c4"), most)
				if err != nil {
					t.Fatal(err)
				}
				var ids []string
				for _, one := range all {
					ids = append(ids, one.Event.ID)
				}
				if got := strings.Join(ids, " "); got != want {
					t.Errorf("the last %d are %q, want %q", most, got, want)
				}
			}
		})
		t.Run("what was decided about a visit comes with its changes", func(t *testing.T) {
			all, err := s.DecidedAbout(ctx, []string{"job j-e3", "job j-e4"}, 10)
			if err != nil || len(all) != 2 || all[0].Subject.ID != "j-e4" || all[1].Subject.ID != "j-e3" {
				t.Fatal(all, err)
			}
			entries, err := s.EntriesOf(ctx, []string{all[1].ID})
			if err != nil {
				t.Fatal(err)
			}
			if got := entries[all[1].ID]; len(got) != 1 || got[0].Verb != "cancel-job" || got[0].State != store.Proposed {
				t.Errorf("changes: %+v", got)
			}
		})
		t.Run("the latest situations of all come the latest first", func(t *testing.T) {
			var ids []string
			for one, err := range s.LatestSituations(ctx, 3) {
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, one.Event.ID)
			}
			if got := strings.Join(ids, " "); got != "e6 e5 e4" {
				t.Errorf("the last three are %q", got)
			}
		})
		t.Run("the hold of a client is what was processed last", func(t *testing.T) {
			for id, want := range map[string]string{"c1": "on 2026-01-01 -", "c2": "off - -", "c4": "off - -", "c9": ""} {
				hold, known, err := s.HoldOf(ctx, clientRef(id))
				if err != nil || known != (want != "") || known && hold.String() != want {
					t.Errorf("%s: %s %v %v, want %q", id, hold, known, err, want)
				}
			}
		})
	})
}

// baseline records what is there at the first look.
func baseline(t *testing.T, s *store.Store, ref rules.Ref, hold rules.Hold) {
	t.Helper()
	r, err := s.Reading(t.Context(), "salesforce")
	if err != nil {
		t.Fatal(err)
	}
	r.ReadAt = now
	if _, err := s.Intake(t.Context(), "salesforce", &r, []store.Arrival{{
		Ref: connectors.Ref{Kind: "Contact", ID: ref.ID}, Subject: ref, Watched: ref.ID, Memory: map[string]string{"hold": hold.String()},
	}}); err != nil {
		t.Fatal(err)
	}
}
