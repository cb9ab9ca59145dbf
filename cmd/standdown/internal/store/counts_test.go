package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, err := Open(t.Context(), fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		at := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
		counts := func(t *testing.T) Counts {
			t.Helper()
			c, err := s.Counts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		n := 0
		arrive := func(t *testing.T, happened time.Time) Event {
			t.Helper()
			n++
			reading, err := s.Reading(t.Context(), "salesforce")
			if err != nil {
				t.Fatal(err)
			}
			reading.ReadAt = at
			e := rules.Event{ID: fmt.Sprint("e", n), Kind: rules.HoldChanged, At: happened, Subject: rules.Ref{Kind: "client", ID: fmt.Sprint("C", n)}}
			if _, err := s.Intake(t.Context(), "salesforce", &reading, []Arrival{{ID: e.ID, Kind: e.Kind, At: happened, Subject: e.Subject, Event: &e, State: New, New: true}}); err != nil {
				t.Fatal(err)
			}
			found, err := s.EventNamed(t.Context(), e.ID)
			if err != nil {
				t.Fatal(err)
			}
			return *found
		}
		decide := func(t *testing.T, e Event, decided time.Time, writes ...Write) {
			t.Helper()
			for i := range writes {
				writes[i].Change.Key = fmt.Sprint(e.ID, "/", i)
			}
			v := Verdict{Event: e, Decisions: []rules.Decision{{Table: "t", Row: "r", Subject: e.Subject}}, Writes: [][]Write{writes}}
			if err := s.Commit(t.Context(), v, decided); err != nil {
				t.Fatal(err)
			}
		}
		update := func(system string, state State) Write {
			return Write{System: system, State: state, Change: connectors.Change{Op: connectors.Update, Ref: connectors.Ref{Kind: "Job__c", ID: fmt.Sprint(n)}}}
		}

		t.Run("nothing waits in an empty journal", func(t *testing.T) {
			want := Counts{Entries: map[State]int{Proposed: 0, Pending: 0, Sending: 0, Stuck: 0, Unknown: 0}, OldestOf: map[string]time.Time{}}
			if diff := cmp.Diff(want, counts(t)); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
		first, second := arrive(t, at.Add(-time.Hour)), arrive(t, at.Add(-time.Minute))
		t.Run("an event waits since it happened, not since it was read", func(t *testing.T) {
			if c := counts(t); c.New != 2 || !c.Happened.Equal(at.Add(-time.Hour)) {
				t.Errorf("%d since %v, want 2 since %v", c.New, c.Happened, at.Add(-time.Hour))
			}
		})
		decide(t, first, at.Add(time.Minute), update("salesforce", Proposed), update("mail", Pending))
		t.Run("what comes behind a proposal waits for a person, and is not late", func(t *testing.T) {
			c := counts(t)
			if c.Approvals != 1 || !c.Asked.Equal(at.Add(time.Minute)) || c.Entries[Pending] != 1 {
				t.Errorf("%+v, want one decision that waits for approval, and one change behind it", c)
			}
			if !c.Oldest.IsZero() || len(c.OldestOf) != 0 {
				t.Errorf("on their way since %v %v, want none", c.Oldest, c.OldestOf)
			}
		})
		decide(t, second, at.Add(2*time.Minute), update("salesforce", Pending), update("mail", Pending))
		decide(t, arrive(t, at), at.Add(3*time.Minute), update("salesforce", Proposed), update("salesforce", Proposed))
		t.Run("each system has its oldest change, and proposals are counted by decision", func(t *testing.T) {
			c := counts(t)
			made := at.Add(2 * time.Minute)
			if diff := cmp.Diff(map[string]time.Time{"salesforce": made, "mail": made}, c.OldestOf); diff != "" || !c.Oldest.Equal(made) {
				t.Errorf("oldest %v (-want +got):\n%s", c.Oldest, diff)
			}
			if c.Approvals != 2 || c.Entries[Proposed] != 3 {
				t.Errorf("%d decisions with %d changes wait for approval, want 2 with 3", c.Approvals, c.Entries[Proposed])
			}
		})
		t.Run("an event is found by its id, with when it happened", func(t *testing.T) {
			got, err := s.Happened(t.Context(), []string{first.ID, second.ID, "no such"})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]time.Time{first.ID: at.Add(-time.Hour), second.ID: at.Add(-time.Minute)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("happened (-want +got):\n%s", diff)
			}
		})
	})
}
