package preview_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/preview"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

var now = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

// An office is an org of contacts, which it makes up as they are read.
type office struct {
	contacts, batch int
	fail            error // of the second read
}

func (o office) Changes(_ context.Context, after connectors.Cursor) (connectors.Batch, error) {
	from, _ := strconv.Atoi(string(after))
	if from > 0 && o.fail != nil {
		return connectors.Batch{}, o.fail
	}
	to := min(from+o.batch, o.contacts)
	b := connectors.Batch{Next: connectors.Cursor(strconv.Itoa(to)), More: to < o.contacts}
	for i := from; i < to; i++ {
		b.Records = append(b.Records, connectors.Record{
			Ref: connectors.Ref{Kind: "Contact", ID: fmt.Sprint("C", i)}, Version: "1", At: now, Fields: map[string]any{"On_Hold__c": false},
		})
	}
	return b, nil
}

// Find says that what is asked for is as its id has it.
func (o office) Find(_ context.Context, q connectors.Query) ([]connectors.Record, error) {
	var found []connectors.Record
	for _, id := range q.Where[0].Value.([]string) {
		found = append(found, connectors.Record{Ref: connectors.Ref{Kind: q.Kind, ID: id}, Fields: map[string]any{"Owner": "owner of " + id}})
	}
	return found, nil
}

// decide has a job of each contact cancelled.
func decide(_ context.Context, ev rules.Event) (store.Verdict, error) {
	s := rules.Snapshot{Client: &rules.Client{ID: ev.Subject.ID, Name: strings.Repeat("x", 5000)}}
	return store.Verdict{
		Event: store.Event{Event: ev}, Snapshot: s, Customer: "a customer",
		Decisions: []rules.Decision{{Table: "on_hold.visit", Row: "H1", Subject: ev.Subject}},
		Writes: [][]store.Write{{{System: mapping.Salesforce, Verb: "cancel-job", State: store.Pending, Change: connectors.Change{
			Key: "key of " + ev.ID, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: "J" + ev.Subject.ID},
			Fields: map[string]any{"Status": "Cancelled", "Owner": nil}, If: map[string]any{"Status": "Queued"},
		}}}},
	}, nil
}

// each decides about many events, one after the other.
func each(decide func(context.Context, rules.Event) (store.Verdict, error)) func(context.Context, []rules.Event) ([]store.Verdict, []error) {
	return func(ctx context.Context, events []rules.Event) ([]store.Verdict, []error) {
		verdicts, errs := make([]store.Verdict, len(events)), make([]error, len(events))
		for i, ev := range events {
			verdicts[i], errs[i] = decide(ctx, ev)
		}
		return verdicts, errs
	}
}

func newPreview(t testing.TB, o office) *preview.Preview {
	t.Helper()
	names, err := mapping.New(mapping.Config{Presets: []string{"skedulo"}})
	if err != nil {
		t.Fatal(err)
	}
	journal, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	return &preview.Preview{
		Feeds: []preview.Feed{{Name: "salesforce", Source: o}}, Mapping: names, Lookup: o, Journal: journal, Decide: each(decide),
		Cost: func(changes map[preview.Sort]int) (calls int) { return len(changes) },
	}
}

// run returns what is told of each record, and the totals.
func run(t testing.TB, p *preview.Preview) (told []preview.Record, totals preview.Totals) {
	t.Helper()
	totals, err := p.Run(t.Context(), func(r preview.Record) error {
		told = append(told, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return told, totals
}

func TestAFieldIsShownAsItIsAndAsItWouldBe(t *testing.T) {
	told, _ := run(t, newPreview(t, office{contacts: 1, batch: 1}))
	want := []preview.Set{{Field: "Owner", Old: "owner of JC0"}, {Field: "Status", Old: "Queued", New: "Cancelled"}}
	if diff := cmp.Diff(want, told[0].Decisions[0].Changes[0].Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestRecordsComeInTheirOrder(t *testing.T) {
	told, totals := run(t, newPreview(t, office{contacts: 450, batch: 230}))
	for i, r := range told {
		if want := fmt.Sprint("Contact/C", i); r.Record != want {
			t.Fatalf("record %d is %s, want %s", i, r.Record, want)
		}
	}
	if len(told) != 450 || totals.Changes != 450 || totals.Read["salesforce"] != 450 {
		t.Errorf("%d records were told of, and the totals are %+v; want 450", len(told), totals)
	}
}

func TestCeilingsThatWouldBePassedAreNamed(t *testing.T) {
	p := newPreview(t, office{contacts: 50, batch: 30})
	p.Ceilings = store.Ceilings{Run: 25, Rule: 40, RulePercent: 90, Percent: 100, Floor: 10, Customer: 49}
	_, totals := run(t, p)
	want := []preview.Passed{
		{Ceiling: "ceilings.run.records", About: "read 1", Count: 30, Most: 25},
		{Ceiling: "ceilings.rule.records", About: "on_hold.visit H1", Count: 50, Most: 40},
		{Ceiling: "ceilings.rule.percent", About: "on_hold.visit H1 of Contact", Count: 50, Most: 45},
		{Ceiling: "ceilings.customer.records", About: "a customer", Count: 50, Most: 49},
	}
	if diff := cmp.Diff(want, totals.Ceilings); diff != "" {
		t.Errorf("ceilings (-want +got):\n%s", diff)
	}

	t.Run("none is where none is set", func(t *testing.T) {
		p.Ceilings = store.Ceilings{}
		if _, totals := run(t, p); len(totals.Ceilings) > 0 {
			t.Errorf("got %v", totals.Ceilings)
		}
	})
	t.Run("what waits for approval does not count", func(t *testing.T) {
		p.Ceilings = store.Ceilings{Run: 25}
		p.Decide = each(proposing(decide))
		if _, totals := run(t, p); len(totals.Ceilings) > 0 {
			t.Errorf("got %v", totals.Ceilings)
		}
	})
}

// proposing has the first change of each decision wait for approval.
func proposing(decide func(context.Context, rules.Event) (store.Verdict, error)) func(context.Context, rules.Event) (store.Verdict, error) {
	return func(ctx context.Context, ev rules.Event) (store.Verdict, error) {
		v, err := decide(ctx, ev)
		for i := range v.Writes {
			v.Writes[i][0].State, v.Writes[i][0].Why = store.Proposed, "it needs approval"
		}
		return v, err
	}
}

func TestWhatComesAfterAChangeThatWaitsIsNotAtOnce(t *testing.T) {
	p := newPreview(t, office{contacts: 1, batch: 1})
	other := rules.Ref{Kind: "workflow", ID: "W"}
	p.Decide = each(func(_ context.Context, ev rules.Event) (store.Verdict, error) {
		post := func(state store.State) store.Write {
			return store.Write{System: mapping.Salesforce, Verb: "post-comment", State: state, Change: connectors.Change{Op: connectors.Post, Ref: connectors.Ref{Kind: "K", ID: "1"}}}
		}
		return store.Verdict{
			Event:     store.Event{Event: ev},
			Decisions: []rules.Decision{{Table: "t", Row: "own", Subject: ev.Subject}, {Table: "t", Row: "other", Subject: other}},
			Writes:    [][]store.Write{{post(store.Pending)}, {post(store.Proposed), post(store.Dropped), post(store.Shadow), post(store.Pending)}},
		}, nil
	})
	told, totals := run(t, p)
	if v := totals.Verbs[0]; totals.Changes != 3 || v.Off != 1 || v.Shadow != 1 {
		t.Errorf("%d changes would be made, %+v", totals.Changes, v)
	}
	var states []string
	for _, d := range told[0].Decisions {
		for _, c := range d.Changes {
			states = append(states, d.Row+" "+c.State)
		}
	}
	want := []string{"own " + preview.After, "other " + preview.Approval, "other " + preview.Off, "other " + preview.Shadow, "other " + preview.After}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

// While one portion is decided the next one is, too, and more is read; it is
// told in its order whichever is done first.
func TestWhatIsDecidedAtTheSameTimeIsToldInItsOrder(t *testing.T) {
	p := newPreview(t, office{contacts: 2100, batch: 1050})
	second, third := make(chan struct{}), make(chan struct{})
	p.Decide = func(ctx context.Context, events []rules.Event) ([]store.Verdict, []error) {
		switch events[0].Subject.ID {
		case "C0": // once the second one is decided
			<-second
		case "C500":
			defer close(second)
		case "C1000": // of the first read, once the second has come
			<-third
		case "C1050":
			defer close(third)
		}
		return each(decide)(ctx, events)
	}
	told, totals := run(t, p)
	for i, r := range told {
		if want := fmt.Sprint("Contact/C", i); r.Record != want {
			t.Fatalf("record %d is %s, want %s", i, r.Record, want)
		}
	}
	if len(told) != 2100 || totals.Changes != 2100 {
		t.Errorf("%d records were told of, and the totals are %+v; want 2100", len(told), totals)
	}
}

func TestAnErrorAboutOneRecordIsToldAndOthersEndThePlan(t *testing.T) {
	p := newPreview(t, office{contacts: 3, batch: 2})
	failing := func(err error) {
		p.Decide = each(func(ctx context.Context, ev rules.Event) (store.Verdict, error) {
			if ev.Subject.ID == "C1" {
				return store.Verdict{}, err
			}
			return decide(ctx, ev)
		})
	}
	failing(&connectors.Error{Class: connectors.Rejected, Err: errors.New("its date is no date")})
	told, totals := run(t, p)
	if len(told) != 3 || !strings.Contains(told[1].Problem, "its date is no date") || totals.Problems != 1 || totals.Decided != 2 {
		t.Errorf("told %+v, totals %+v; want a problem with the second", told, totals)
	}

	failing(&connectors.Error{Class: connectors.Temporary, Err: errors.New("the org is away")})
	ignore := func(preview.Record) error { return nil }
	if _, err := p.Run(t.Context(), ignore); connectors.ClassOf(err) != connectors.Temporary {
		t.Errorf("got %v, want to be told that the org is away", err)
	}
	p.Decide = each(decide)
	p.Feeds[0].Source = office{contacts: 3, batch: 2, fail: &connectors.Error{Class: connectors.Denied, Err: errors.New("shut out")}}
	if _, err := p.Run(t.Context(), ignore); connectors.ClassOf(err) != connectors.Denied {
		t.Errorf("got %v, want to be told that nobody is let in", err)
	}
}

// Of a record no more stays in memory than a few words.
func TestManyRecordsNeedLittleMemory(t *testing.T) {
	const records, most = 4000, 1000 // bytes of each
	p := newPreview(t, office{contacts: records, batch: 800})
	p.Ceilings = store.Ceilings{Run: 1, Rule: 1, Customer: 1}
	live := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	var before, after, told int
	_, err := p.Run(t.Context(), func(preview.Record) error {
		switch told++; told {
		case records / 5: // a batch is in memory now, and later
			before = live()
		case records:
			after = live()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if told != records {
		t.Fatalf("%d records were told of, want %d", told, records)
	}
	if each := (after - before) / (records * 4 / 5); each > most {
		t.Errorf("it keeps %d bytes of each record, want %d at most", each, most)
	}
}
