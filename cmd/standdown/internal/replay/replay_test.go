package replay

import (
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

var now = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

// bookOf is the recommended rules but for what change changes.
func bookOf(t *testing.T, change func(*rules.Settings)) *rules.Book {
	t.Helper()
	settings := rules.Defaults()
	change(&settings)
	book, err := rules.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// openHold is a client who is on hold without a return date, with one visit.
func openHold(book *rules.Book, event string) store.Situation {
	s := store.Situation{
		Event: rules.Event{ID: event, Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: "C1"}}, Generation: 1, At: now,
		Snapshot: rules.Snapshot{Client: &rules.Client{ID: "C1", New: true, Hold: rules.Hold{On: true, Start: "2026-03-10"}, Jobs: []rules.Job{
			{ID: "J1", Status: "ready", Start: now.AddDate(0, 0, 14), Allocations: []rules.Allocation{{ID: "A1", Resource: "ana", Live: true}}},
		}}},
	}
	s.Decisions = book.Decide(s.Snapshot, s.Event, now).Decisions
	return s
}

func each(all ...store.Situation) iter.Seq2[store.Situation, error] {
	return func(yield func(store.Situation, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func TestRun(t *testing.T) {
	as := bookOf(t, func(*rules.Settings) {})
	cancelling := bookOf(t, func(s *rules.Settings) { s.OnHold.OpenEndedAction = "cancel" })

	t.Run("by the same rules everything is decided as before", func(t *testing.T) {
		report, err := Run(each(openHold(as, "e1"), openHold(as, "e2")), as)
		if diff := cmp.Diff(Report{Situations: 2, Differences: []Difference{}}, report); diff != "" || err != nil {
			t.Errorf("(-want +got) %v\n%s", err, diff)
		}
	})
	t.Run("a difference names the decision, the rows, and what differs alone", func(t *testing.T) {
		report, err := Run(each(openHold(as, "e1")), cancelling)
		if err != nil || report.Situations != 1 || report.Changed != 1 {
			t.Fatalf("%+v %v", report, err)
		}
		at := slices.IndexFunc(report.Differences, func(d Difference) bool { return d.Table == "on_hold.visit" })
		if at < 0 {
			t.Fatalf("the visit is not among %+v", report.Differences)
		}
		got := report.Differences[at]
		if want := store.DecisionID("e1", 1, 1); got.Decision != want || got.OldRow != "U1" || got.NewRow != "H1" || got.Event != "e1" || !got.Decided.Equal(now) || got.Subject != "job J1" {
			t.Errorf("%+v, want decision %s", got, want)
		}
		if !slices.Contains(got.Was, "do 1 release-job job J1") || !slices.Contains(got.Would, "do 1 cancel-job job J1") || slices.Contains(got.Was, "do 2 free-worker allocation A1") {
			t.Errorf("was %q, would be %q", got.Was, got.Would)
		}
	})
	t.Run("a decision that is new or no longer taken is a difference too", func(t *testing.T) {
		s := openHold(as, "e1")
		s.Decisions[1].Subject.ID = "J9"
		report, err := Run(each(s), as)
		if err != nil || len(report.Differences) != 2 {
			t.Fatalf("%+v %v", report, err)
		}
		gone, come := report.Differences[0], report.Differences[1]
		if gone.Subject != "job J9" || gone.OldRow != "U1" || gone.NewRow != "" || gone.Decision == "" || len(gone.Would) > 0 {
			t.Errorf("no longer taken: %+v", gone)
		}
		if come.Subject != "job J1" || come.OldRow != "" || come.NewRow != "U1" || come.Decision != "" || len(come.Was) > 0 {
			t.Errorf("new: %+v", come)
		}
	})
	t.Run("an error ends it, with what was found so far", func(t *testing.T) {
		broken := errors.New("broken")
		report, err := Run(func(yield func(store.Situation, error) bool) {
			_ = yield(openHold(as, "e1"), nil) && yield(store.Situation{}, broken)
		}, cancelling)
		if !errors.Is(err, broken) || report.Changed != 1 {
			t.Errorf("%+v %v", report, err)
		}
	})
}
