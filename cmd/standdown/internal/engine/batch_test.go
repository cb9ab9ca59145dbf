package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/memory"
)

// A counter is a lookup that counts how often it is asked, and first does what
// it is told. While it is away it finds nothing.
type counter struct {
	connectors.Lookup
	first func()
	calls atomic.Int64
	away  atomic.Bool
}

func (c *counter) FindAll(ctx context.Context, queries []connectors.Query) []connectors.Found {
	c.calls.Add(1)
	if c.first != nil {
		c.first()
	}
	if c.away.Load() {
		all := make([]connectors.Found, len(queries))
		for i := range all {
			all[i].Err = &connectors.Error{Class: connectors.Temporary, Err: errors.New("away")}
		}
		return all
	}
	return connectors.FindAll(ctx, c.Lookup, queries)
}

func (c *counter) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	found := c.FindAll(ctx, []connectors.Query{q})
	return found[0].Records, found[0].Err
}

// times counts the entries with the verb.
func (w *world) times(verb string) (n int) {
	w.t.Helper()
	entries, err := w.journal.Entries(w.t.Context(), store.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Verb == verb {
			n++
		}
	}
	return n
}

// backlog has so many families' mails wait for the engine, which is not running
// and will look at the org by the counter.
func (w *world) backlog(families int) *counter {
	w.start()
	w.rest()
	w.stop()
	for n := range families {
		w.inbox.Put(w.settle(n))
	}
	look := &counter{Lookup: w.org}
	w.engine.Lookup = look
	return look
}

func TestWhatCameTogetherIsReadTogether(t *testing.T) {
	const families = 30
	w := newWorld(t)
	look := w.backlog(families)
	w.start()
	w.until("all to be taken in", func() bool { return len(w.events()) >= families })
	w.rest()
	for n := range families {
		if r, _ := w.org.Get(connectors.Ref{Kind: "Workflow__c", ID: contract(n)}); r.Fields["Status__c"] != "Cancel Pending" {
			t.Errorf("contract %d is %v", n, r.Fields["Status__c"])
		}
	}
	// The queue; then for mails and for changes: which records, and what of them.
	if calls := look.calls.Load(); calls > families/2 {
		t.Errorf("the org was asked %d times for %d mails", calls, families)
	}
}

func TestABacklogIsPutOffTogetherWhileTheOrgIsAway(t *testing.T) {
	const families = 30
	w := newWorld(t)
	look := w.backlog(families)
	look.away.Store(true)
	log := w.diary()
	w.start()
	w.until("all to be put off together, with one word in the log each time", func() bool {
		waiting, times := w.events(), log.count("event cannot be decided now")
		return len(waiting) >= families && times >= 3 && !slices.ContainsFunc(waiting, func(e store.Event) bool {
			return e.Request != nil && (e.Attempts != times || e.Note != "choosing the rule book: reading Workflow__c: away")
		})
	})
	look.away.Store(false)
	w.until("all contracts to be cancelled", func() bool {
		for n := range families {
			if r, _ := w.org.Get(connectors.Ref{Kind: "Workflow__c", ID: contract(n)}); r.Fields["Status__c"] != "Cancel Pending" {
				return false
			}
		}
		return true
	})
}

func TestWhatOneDecisionRemembersTheNextKnows(t *testing.T) {
	w := newWorld(t)
	w.org.Edit(connectors.Ref{Kind: "Workflow__c", ID: workflow}, map[string]any{"Status__c": "Cancelled"})
	w.start()
	w.rest()
	w.stop()
	// Asking again for what is cancelled is noted once (row C1), and once only.
	for n := range 5 {
		w.inbox.Put(w.mailOf(n, "Please cancel my contract C-204417, we are moving."))
	}
	w.start()
	w.until("the mails to be decided", func() bool {
		decided, err := w.journal.Events(t.Context(), store.Decided)
		return err == nil && len(decided) >= 5
	})
	if n := w.times("post-comment"); n != 1 {
		t.Errorf("it was noted %d times, want once", n)
	}
}

const worker = "a03000000000001AAA"

func (w *world) put(kind, id string, fields map[string]any) {
	w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: kind, ID: id}, Fields: fields})
}

// share has two families, both on hold, who had the same worker for the same
// hours.
func (w *world) share() {
	w.put("sked__Resource__c", worker, map[string]any{"Name": "Wanda", "sked__Is_Active__c": true})
	start := time.Now().AddDate(0, 0, 7).UTC().Truncate(time.Hour)
	for n := range 2 {
		home, _ := w.org.Get(connectors.Ref{Kind: "Contact", ID: contact})
		home.Ref.ID, home.Fields["Name"] = person(n), fmt.Sprintf("Family %d", n)
		home.Fields["On_Hold__c"], home.Fields["On_Hold_Start_Date__c"] = true, time.Now().AddDate(0, 0, -7).Format(time.DateOnly)
		w.org.Put(home)
		w.put("sked__Job__c", fmt.Sprintf("a02%012dAAA", n+1), map[string]any{
			"Name": fmt.Sprintf("JOB-%d", n), "sked__Contact__c": person(n), "sked__Job_Status__c": "Cancelled", "sked__Abort_Reason__c": "Customer on Hold",
			"sked__Start__c": start.Format(memory.TimeFormat), "sked__Finish__c": start.Add(2 * time.Hour).Format(memory.TimeFormat),
			"sked__Timezone__c": "America/New_York", "Hold_Resource__c": worker,
		})
	}
}

func TestAWorkerIsGivenBackOnceThoughTwoVisitsWantThem(t *testing.T) {
	w := newWorld(t)
	w.share()
	for verb := range w.engine.Autonomy {
		w.engine.Autonomy[verb] = "approve"
	}
	w.start()
	w.rest()
	w.stop()

	// Both holds end, and the first visit has its worker as soon as that is decided.
	for n := range 2 {
		w.org.Edit(connectors.Ref{Kind: "Contact", ID: person(n)}, map[string]any{"On_Hold__c": false})
	}
	look := &counter{Lookup: w.org}
	look.first = func() {
		entries, err := w.journal.Entries(t.Context(), store.Filter{})
		if err != nil {
			t.Error(err)
		}
		for _, e := range entries {
			if e.Verb == "allocate-saved" {
				job := e.Change.Fields["sked__Job__c"]
				w.put("sked__Job_Allocation__c", "a04000000000001AAA", map[string]any{
					"sked__Job__c": job, "sked__Resource__c": worker, "sked__Status__c": "Pending Dispatch"})
				w.org.Edit(connectors.Ref{Kind: "sked__Job__c", ID: job.(string)}, map[string]any{"sked__Job_Status__c": "Pending Dispatch"})
			}
		}
	}
	w.engine.Lookup = look
	w.start()
	w.until("both to be decided", func() bool {
		decided, err := w.journal.Events(t.Context(), store.Decided)
		return err == nil && len(decided) >= 2
	})
	if n := w.times("allocate-saved"); n != 1 {
		t.Errorf("the worker was given back %d times, want once: %s", n, w.outcome())
	}
}

func TestAWorkerWhoWasGivenAwayIsNotApprovedElsewhere(t *testing.T) {
	w := newWorld(t)
	w.share()
	w.start()
	w.rest()
	w.stop()
	w.engine.Autonomy["allocate-saved"] = "approve"
	for n := range 2 {
		w.org.Edit(connectors.Ref{Kind: "Contact", ID: person(n)}, map[string]any{"On_Hold__c": false})
	}
	w.start()
	offers := func() (ids []int64) {
		entries, err := w.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Verb == "allocate-saved" {
				ids = append(ids, e.ID)
			}
		}
		return ids
	}
	w.until("both to be proposed", func() bool { return len(offers()) == 2 })
	both := offers()
	approve := func(ids ...int64) error {
		return w.journal.Approve(t.Context(), ids, store.Checker{Name: "kim"}, "", w.now())
	}

	// Both at once, then one, which is done, then the other.
	if err := approve(both...); err == nil || !strings.Contains(err.Error(), "approve one of them alone") {
		t.Errorf("both at once: %v", err)
	}
	if left := offers(); len(left) != 2 {
		t.Fatalf("a refusal changed what is proposed: %v, was %v", left, both)
	}
	if err := approve(both[0]); err != nil {
		t.Fatal(err)
	}
	w.until("the first to have its worker", func() bool {
		entries, err := w.journal.Entries(t.Context(), store.Filter{ID: both[0]})
		return err == nil && entries[0].State == store.Done
	})
	if err := approve(both[1]); err == nil || !strings.Contains(err.Error(), "it is decided again") {
		t.Errorf("the other: %v", err)
	}
	w.until("the other to be decided again", func() bool {
		waiting, err := w.journal.Events(t.Context(), store.New)
		return err == nil && len(waiting) == 0
	})
	w.rest()
	if left := offers(); len(left) != 0 {
		t.Errorf("the worker is offered again, to %v: %s", left, w.outcome())
	}
	given, err := w.org.Find(t.Context(), connectors.Query{Kind: "sked__Job_Allocation__c"})
	if err != nil || len(given) != 1 {
		t.Errorf("the worker has %d visits at once (%v), want one: %s", len(given), err, w.outcome())
	}
}
