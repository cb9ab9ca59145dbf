package store_test

import (
	"fmt"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestDecisionList(t *testing.T) { storetest.Each(t, testDecisionList) }

func testDecisionList(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	began := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	for i := range 5 {
		d := about("job", fmt.Sprint("j", i), []string{"on_hold.visit", "assignment.cancel"}[i%2])
		d.Row = []string{"H1", "K1"}[i/2%2]
		ruled(t, s, fmt.Sprint(i), began.Add(time.Duration(i/2)*time.Hour), d, "cancel-job", "x", store.Pending)
	}
	both := []string{"on_hold.visit", "assignment.cancel"}
	for name, f := range map[string]store.DecisionFilter{
		"4 2 3 0 1": {Tables: both}, "4 2 0": {Tables: both[:1]}, "4 0 1": {Tables: both, Row: "H1"}, "4 2 3": {Tables: both, Since: began.Add(time.Hour)}, "0 1": {Tables: both, Till: began.Add(time.Hour)}, "": {},
	} {
		for _, limit := range []int{1, 2, 9} {
			got := map[string]bool{}
			var last store.Decision
			f.Limit, f.After = limit, ""
			for {
				all, err := s.DecisionList(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range all {
					if got[d.Event] || !last.At.IsZero() && d.At.After(last.At) {
						t.Errorf("%+v: %s comes twice, or out of order", f, d.Event)
					}
					got[d.Event], last = true, d
				}
				if len(all) < limit {
					break
				}
				f.After = store.DecisionPlace(last)
			}
			want := map[string]bool{}
			for _, id := range name {
				if id != ' ' {
					want[string(id)] = true
				}
			}
			equal(t, fmt.Sprintf("%+v", f), got, want)
		}
	}
	if all, err := s.DecisionList(ctx, store.DecisionFilter{Tables: both, After: "nowhere", Limit: 5}); err != nil || len(all) != 0 {
		t.Errorf("behind a place that is none: %v %v", all, err)
	}
}

func TestEntriesGoOn(t *testing.T) { storetest.Each(t, testEntriesGoOn) }

func testEntriesGoOn(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	for i := range 5 {
		ruled(t, s, fmt.Sprint(i), time.Date(2026, 3, 3, 14, i, 0, 0, time.UTC), about("job", fmt.Sprint("j", i), "on_hold.visit"), "cancel-job", "x", store.Proposed)
	}
	for name, f := range map[string]store.Filter{"all": {}, "open ones": {States: []store.State{store.Proposed}}} {
		t.Run(name+" come page by page", func(t *testing.T) {
			var got []string
			for f.Limit = 2; ; {
				all, err := s.Entries(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				if len(all) == 0 {
					break
				}
				for _, e := range all {
					got, f.After = append(got, e.Event), e.ID
				}
			}
			equal(t, "entries", got, []string{"0", "1", "2", "3", "4"})
		})
	}
}
