package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// ruled decides a new event: one decision, one change, which is then done or,
// if it is proposed, waits.
func ruled(t *testing.T, s *store.Store, id string, at time.Time, d rules.Decision, verb, text string, state store.State) {
	t.Helper()
	event(t, s, id, at, rules.Ref{Kind: "client", ID: "c" + id})
	events, err := s.Undecided(t.Context(), at, 10)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	v := store.Verdict{Event: events[0], Customer: "customer-" + id, Decisions: []rules.Decision{d}, Writes: [][]store.Write{{{
		System: "salesforce", Verb: verb, State: state, Text: text, Change: connectors.Change{Key: id, Op: connectors.Update, Ref: connectors.Ref{Kind: "x", ID: d.Subject.ID}},
	}}}}
	if err := s.Commit(t.Context(), v, at); err != nil {
		t.Fatal(err)
	}
	if state != store.Pending {
		return
	}
	entries, token, err := s.Claim(t.Context(), "salesforce", 10, at, time.Minute)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	if err := s.Settle(t.Context(), token, []store.Settlement{{ID: entries[0].ID, Signal: store.Applied}}, at); err != nil {
		t.Fatal(err)
	}
}

func about(kind, id, table string, facts ...rules.Fact) rules.Decision {
	return rules.Decision{Table: table, Row: "X1", Because: "X-1: so", Subject: rules.Ref{Kind: kind, ID: id}, Facts: facts}
}

func billing(value string) rules.Fact { return rules.Fact{Name: "billing", Value: value, Reason: "so"} }

func TestCancelled(t *testing.T) { storetest.Each(t, testCancelled) }

func testCancelled(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	workflow := about("workflow", "w1", "cancellation.request")
	workflow.Deadlines = []rules.Deadline{{Kind: rules.CancellationDue, Subject: workflow.Subject, At: day(20)}}
	ruled(t, s, "1", day(0), workflow, "cancel-workflow", "W-1: cancelled", store.Pending)
	ruled(t, s, "2", day(1), about("job", "j1", "on_hold.visit"), "cancel-job", "JOB-1: cancelled 100%", store.Pending)
	ruled(t, s, "3", day(2), about("block", "b1", "ops_block.cancel"), "cancel-block", "B-1: cancelled", store.Pending)
	ruled(t, s, "4", day(3), about("assignment", "a1", "assignment.cancel", billing("billable")), "cancel-assignment", "A-1: cancelled", store.Pending)
	ruled(t, s, "5", day(4), about("assignment", "a2", "assignment.cancel", billing("billable")), "cancel-assignment", "A-2: cancelled", store.Pending)
	ruled(t, s, "6", day(5), about("assignment", "a3", "assignment.cancel", billing("waived")), "cancel-assignment", "A-3: cancelled", store.Pending)
	ruled(t, s, "7", day(6), about("assignment", "a1", "assignment.waive"), "waive-billing", "A-1: waived", store.Pending)
	ruled(t, s, "8", day(7), about("job", "j2", "on_hold.visit"), "cancel-job", "JOB-2: cancelled", store.Proposed)
	ruled(t, s, "9", day(8), about("job", "j3", "on_hold.visit"), "cancel-job", "JOB-3: cancelled", store.Dropped)
	ruled(t, s, "10", day(9), about("job", "j1", "on_hold.visit"), "reopen-job", "JOB-1: given back", store.Pending)

	found := func(t *testing.T, f store.CancelledFilter) []string {
		t.Helper()
		if f.Limit == 0 {
			f.Limit = 50
		}
		lanes := []string{}
		for {
			all, err := s.Cancelled(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			next, err := s.CancelledAfter(ctx, f, all)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				lanes = append(lanes, c.Lane)
			}
			if next.At.IsZero() {
				return lanes
			}
			f.After = next
		}
	}
	all := []string{"job j2", "assignment a3", "assignment a2", "assignment a1", "block b1", "job j1", "workflow w1"}
	for name, c := range map[string]struct {
		f    store.CancelledFilter
		want []string
	}{
		"all there is, the latest first, without what was dropped": {store.CancelledFilter{}, all},
		"page by page it is the same":                              {store.CancelledFilter{Limit: 2}, all},
		"one by one it is the same":                                {store.CancelledFilter{Limit: 1}, all},
		"one kind":                                                 {store.CancelledFilter{Kind: "job"}, []string{"job j2", "job j1"}},
		"from one day to another":                                  {store.CancelledFilter{Since: day(1), Till: day(3)}, []string{"block b1", "job j1"}},
		"billable and not waived since":                            {store.CancelledFilter{Billing: "billable"}, []string{"assignment a2"}},
		"waived, then or since":                                    {store.CancelledFilter{Billing: "waived"}, []string{"assignment a3", "assignment a1"}},
		"billing of what is not billed":                            {store.CancelledFilter{Billing: "billable", Kind: "job"}, []string{}},
		"by what is said, in whatever case":                        {store.CancelledFilter{Search: "job-1"}, []string{"job j1"}},
		"by customer":                                              {store.CancelledFilter{Search: "Customer-3"}, []string{"block b1"}},
		"by record":                                                {store.CancelledFilter{Search: "w1"}, []string{"workflow w1"}},
		"a percent sign is no pattern":                             {store.CancelledFilter{Search: "0%"}, []string{"job j1"}},
		"by what nobody said":                                      {store.CancelledFilter{Search: "x%y"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, "found", found(t, c.f), c.want) })
	}
	t.Run("each tells why, what became of it, and until when it can be restored", func(t *testing.T) {
		list, err := s.Cancelled(ctx, store.CancelledFilter{Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]string{}
		for _, c := range list {
			since := ""
			for _, e := range c.Since {
				since += e.Verb
			}
			told[c.Lane] = fmt.Sprintf("%s %s %s %s %v", c.Kind, c.Because, c.Billing.Value, since, !c.RestoreBy.IsZero() && c.RestoreBy.Equal(day(20)))
		}
		equal(t, "told", told, map[string]string{
			"workflow w1": "workflow X-1: so   true", "job j1": "job X-1: so  reopen-job false", "job j2": "job X-1: so   false", "block b1": "block X-1: so   false",
			"assignment a1": "assignment X-1: so billable waive-billing false", "assignment a2": "assignment X-1: so billable  false", "assignment a3": "assignment X-1: so waived  false",
		})
	})
	t.Run("a search that looks at a part only goes on behind it", func(t *testing.T) {
		f := store.CancelledFilter{Limit: 1, Kind: "job"}
		for i := range 8 { // more than are looked at for one
			ruled(t, s, fmt.Sprint("d", i), day(10+i), about("job", fmt.Sprint("d", i), "on_hold.visit"), "cancel-job", "dropped", store.Dropped)
		}
		equal(t, "found", found(t, f), []string{"job j2", "job j1"})
	})
}

func TestWhatPagesShow(t *testing.T) { storetest.Each(t, testWhatPagesShow) }

func testWhatPagesShow(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	for i := range 5 {
		ruled(t, s, fmt.Sprint(i), now.AddDate(0, 0, i), about("job", fmt.Sprint("j", i%2), "on_hold.visit"), "cancel-job", "text", store.Proposed)
	}
	open, err := s.Entries(ctx, store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("what waits comes page by page, the oldest first", func(t *testing.T) {
		var got []string
		for after := int64(0); ; {
			page, err := s.Waiting(ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, w := range page {
				got = append(got, w.Event)
				equal(t, "entries of "+w.Event, len(w.Entries), 1)
			}
			after = page[len(page)-1].First()
		}
		equal(t, "waiting", got, []string{"0", "1", "2", "3", "4"})
	})
	t.Run("what a person has answered does not wait any more", func(t *testing.T) {
		if err := s.Act(ctx, []int64{open[0].ID}, store.Decline, "dana", "no", now); err != nil {
			t.Fatal(err)
		}
		page, err := s.Waiting(ctx, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "waiting", len(page), 4)
	})
	t.Run("acts are found by who, what and when, the latest first", func(t *testing.T) {
		acts := func(f store.ActFilter) []string {
			f.Limit = 10
			all, err := s.ActLog(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, a := range all {
				got = append(got, a.Who+" "+a.Act.Act)
			}
			return got
		}
		if err := s.Approve(ctx, []int64{open[1].ID}, store.Checker{Name: "Eve"}, "", now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		equal(t, "all", acts(store.ActFilter{}), []string{"Eve approve", "dana decline"})
		equal(t, "by who", acts(store.ActFilter{Who: "DANA"}), []string{"dana decline"})
		equal(t, "by act", acts(store.ActFilter{Act: "approve"}), []string{"Eve approve"})
		equal(t, "since", acts(store.ActFilter{Since: now.Add(time.Minute)}), []string{"Eve approve"})
		equal(t, "till", acts(store.ActFilter{Till: now.Add(time.Hour)}), []string{"dana decline"})
		all, err := s.ActLog(ctx, store.ActFilter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "before", acts(store.ActFilter{Before: all[0].ID}), []string{"dana decline"})
	})
	t.Run("rows are counted since a day, and what of them is done", func(t *testing.T) {
		tallies, err := s.Tallies(ctx, []string{"on_hold.visit", "assignment.cancel"}, now.AddDate(0, 0, 2))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "tallies", tallies, []store.Tally{{Table: "on_hold.visit", Row: "X1", Times: 3}})
		ruled(t, s, "5", now.AddDate(0, 0, 5), about("job", "done", "on_hold.visit"), "reopen-job", "text", store.Stuck)
		applied, err := s.Applied(ctx, []string{"on_hold.visit"}, now)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "applied", applied, map[string]int{"on_hold.visit": 0})
	})
	t.Run("a record's history has events, decisions, changes and acts, the latest first, by its id or in full", func(t *testing.T) {
		for _, ref := range []string{"j0", "job j0"} {
			var got []string
			for before := ""; ; {
				chapters, err := s.History(ctx, ref, before, 2)
				if err != nil {
					t.Fatal(err)
				}
				if len(chapters) == 0 {
					break
				}
				for _, c := range chapters {
					got = append(got, fmt.Sprint(c.ID, " ", c.Kind, " ", c.Decisions[0].Entries[0].State, " ", len(c.Acts)))
					before = c.Decisions[0].ID
				}
			}
			equal(t, "history of "+ref, got, []string{"4 hold.changed proposed 0", "2 hold.changed proposed 0", "0 hold.changed dropped 1"})
		}
	})
	t.Run("an event is found by its name", func(t *testing.T) {
		e, err := s.EventNamed(ctx, "3")
		if err != nil || e == nil || e.Kind != rules.HoldChanged {
			t.Errorf("%v %v", e, err)
		}
		if e, err := s.EventNamed(ctx, "none"); err != nil || e != nil {
			t.Errorf("one that is not there: %v %v", e, err)
		}
	})
	t.Run("deadlines and what was set aside come by themselves", func(t *testing.T) {
		d := about("workflow", "w1", "cancellation.request")
		d.Deadlines = []rules.Deadline{{Kind: rules.CancellationDue, Subject: d.Subject, At: now.AddDate(0, 0, 9)}}
		ruled(t, s, "6", now.AddDate(0, 0, 6), d, "cancel-workflow", "text", store.Proposed)
		for name, read := range map[string]func(context.Context) ([]store.Deadline, error){
			"next": func(ctx context.Context) ([]store.Deadline, error) { return s.NextDeadlines(ctx, 5) },
			"of":   func(ctx context.Context) ([]store.Deadline, error) { return s.DeadlinesOf(ctx, "workflow w1") },
		} {
			if got, err := read(ctx); err != nil || len(got) != 1 || !slices.Equal([]rules.Deadline{got[0].Deadline}, d.Deadlines) {
				t.Errorf("%s: %v %v", name, got, err)
			}
		}
		event(t, s, "aside", now.AddDate(0, 0, 7), rules.Ref{Kind: "client", ID: "x"})
		if err := s.Quarantine(ctx, named("aside"), "odd"); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Aside(ctx, 5); err != nil || len(got) != 1 || got[0].Note != "odd" {
			t.Errorf("%v %v", got, err)
		}
	})
}
