package salesforce_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestReconcilingFindsWhatPollsCannotSee(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, ours *salesforce.Options) {
		ours.Reconcile = 24 * time.Hour
		theirs.PageSize = 30
	})
	for i := range 100 {
		o.insert(t, "Case", map[string]any{"Subject": fmt.Sprint("case ", i)})
	}
	hidden := o.insert(t, "Case", map[string]any{"Subject": "shared late"})
	o.org.Allow(sandbox.NoAccess, hidden.ID)
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	o.clock.Advance(20 * time.Minute)
	poll(t, o, &cursor)

	o.org.Allow(sandbox.FullAccess, hidden.ID) // without a new stamp
	found, rows, polls := false, 0, 0
	for range 30 * 60 {
		o.clock.Advance(time.Minute)
		before := o.org.Calls()
		records := poll(t, o, &cursor)
		polls++
		if n := o.org.Calls() - before; n > 5 {
			t.Fatalf("a poll took %d calls", n)
		}
		rows += len(records)
		found = found || slices.ContainsFunc(records, func(r connectors.Record) bool { return r.Ref == hidden })
		if rows > 0 && len(records) == 0 {
			break
		}
	}
	if !found {
		t.Error("the record that was shared late is not reported")
	}
	if polls < 23*60 || rows != 101 {
		t.Errorf("%d records after %d polls, want each of 101 once, after a day", rows, polls)
	}
}

func TestReconcilingAsksForDeletions(t *testing.T) {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.Reconcile = time.Hour })
	ref := o.insert(t, "Case", map[string]any{"Subject": "gone soon"})
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	o.clock.Advance(time.Minute)
	if err := o.org.Delete(ref.Kind, ref.ID); err != nil {
		t.Fatal(err)
	}
	if got := poll(t, o, &cursor); len(got) != 1 || !got[0].Deleted {
		t.Fatalf("reported %+v, want the deletion", got)
	}
	o.clock.Advance(2 * time.Hour)
	told := poll(t, o, &cursor)
	if len(told) != 1 || !told[0].Deleted || told[0].Ref != ref || told[0].At.IsZero() {
		t.Errorf("reconciling told %+v, want the deletion from the log", told)
	}
	o.clock.Advance(2 * time.Hour)
	if told := poll(t, o, &cursor); len(told) != 0 {
		t.Errorf("the next time it told %+v again", told)
	}
}

// Salesforce purges the log of deletions when it grows too long, and then
// refuses every time before that.
func TestALogOfDeletionsThatWasPurgedIsFollowedAgain(t *testing.T) {
	var asked []time.Time
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Reconcile = time.Hour
		ours.Transport = tap(func(r *http.Request) {
			if start, err := time.Parse(time.RFC3339, r.URL.Query().Get("start")); err == nil {
				asked = append(asked, start)
			}
		})
	})
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	purged := sandbox.Fault{Kind: sandbox.Answer, Path: "/sobjects/Case/deleted", Status: 400, Body: `[{"message":"startDate before org replication enabled date","errorCode":"INVALID_REPLICATION_DATE"}]`}
	for range 3 {
		o.clock.Advance(2 * time.Hour)
		if len(asked) == 1 {
			o.org.Fault(purged)
		}
		poll(t, o, &cursor)
	}
	if len(asked) != 3 || asked[2].Sub(asked[1]) < 2*time.Hour {
		t.Errorf("asked for deletions since %v, want the last since the refusal", asked)
	}
}

func TestAPollThatFailsHalfWayLosesNoTime(t *testing.T) {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.Reconcile = time.Hour })
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	o.clock.Advance(58 * time.Minute)
	poll(t, o, &cursor)
	o.clock.Advance(time.Minute)
	ref := o.insert(t, "Case", map[string]any{"Subject": "new"})
	o.clock.Advance(2 * time.Minute) // it is time to reconcile
	o.org.Fault(sandbox.Fault{Kind: sandbox.Answer, Path: "/sobjects/Case/deleted", Status: 400, Body: `[{"message":"too slow","errorCode":"QUERY_TIMEOUT"}]`})
	if _, err := o.Changes(t.Context(), cursor); connectors.ClassOf(err) != connectors.Temporary || err == nil {
		t.Fatalf("error %v, want the one of reconciling", err)
	}
	o.clock.Advance(time.Second)
	if got := poll(t, o, &cursor); !slices.ContainsFunc(got, func(r connectors.Record) bool { return r.Ref == ref }) {
		t.Errorf("the next poll reports %+v, want the new record", got)
	}
}

func TestAMergedRecordSaysIntoWhich(t *testing.T) {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Watch = []salesforce.Watch{{Object: "Contact", Fields: []string{"LastName"}}}
	})
	winner, loser := o.insert(t, "Contact", map[string]any{"LastName": "Alvarez"}), o.insert(t, "Contact", map[string]any{"LastName": "Alvares"})
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	o.clock.Advance(time.Minute)
	if err := o.org.Merge("Contact", winner.ID, loser.ID); err != nil {
		t.Fatal(err)
	}
	for _, r := range poll(t, o, &cursor) {
		if r.Ref == loser && r.Deleted && r.Into == winner {
			return
		}
	}
	t.Error("the merge is not reported")
}

func TestARecordTellsWhoChangedIt(t *testing.T) {
	o := newOrg(t, nil)
	ref := o.insert(t, "Case", map[string]any{"Subject": "old"})
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	wantAll(t, apply(t, o, update(ref, "old", "ours")))
	ours := poll(t, o, &cursor)
	o.edit(t, ref, map[string]any{"Subject": "theirs"})
	theirs := poll(t, o, &cursor)
	if len(ours) != 1 || len(theirs) != 1 || !ours[0].Own || theirs[0].Own || theirs[0].By == "" || theirs[0].By == ours[0].By {
		t.Errorf("reported %+v and %+v, want the first as our own and the second as another's", ours, theirs)
	}
}

func TestAClockThatIsAheadSkipsNothing(t *testing.T) {
	o := newOrg(t, nil)
	var cursor connectors.Cursor
	o.org.Fault(sandbox.Fault{Kind: sandbox.Skew, Delay: time.Hour, Count: -1})
	poll(t, o, &cursor)
	o.clock.Advance(time.Minute)
	o.insert(t, "Case", map[string]any{"Subject": "in between"})
	if got := poll(t, o, &cursor); len(got) != 1 {
		t.Errorf("reported %v, want the case", subjects(got))
	}
}

func TestPagesThatShrinkAndLocatorsThatExpireLoseNothing(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, _ *salesforce.Options) { theirs.ShrinkPages = 7 })
	for i := range 3000 {
		o.insert(t, "Case", map[string]any{"Subject": fmt.Sprint(i)})
	}
	var cursor connectors.Cursor
	if got := poll(t, o, &cursor); len(got) != 3000 {
		t.Errorf("a poll reported %d of 3000", len(got))
	}
	lost := sandbox.Named()["locator-lost"]
	lost.Count = 2
	o.org.Fault(lost)
	found, err := o.Find(t.Context(), connectors.Query{Kind: "Case", Fields: []string{"Subject"}})
	if err != nil || len(found) != 3000 {
		t.Errorf("found %d of 3000, error %v", len(found), err)
	}
	lost.Count = -1
	o.org.Fault(lost)
	if _, err := o.Find(t.Context(), connectors.Query{Kind: "Case"}); connectors.ClassOf(err) != connectors.Temporary || err == nil {
		t.Errorf("error %v, want it temporary", err)
	}
}

func TestShortCallsSlowPollsAndSpareTheReserve(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, ours *salesforce.Options) {
		theirs.DailyLimit, ours.Reserve = 100, 20
	})
	var cursor connectors.Cursor
	gaps := map[bool]int{}
	ref := o.insert(t, "Case", map[string]any{"Subject": "0"})
	for range 75 {
		before := o.org.Calls()
		poll(t, o, &cursor)
		gaps[o.org.Calls() == before]++
		o.clock.Advance(time.Minute)
	}
	if gaps[false] < 60 || gaps[true] < 8 {
		t.Fatalf("%d polls with a call and %d without, want fewer with once calls are short", gaps[false], gaps[true])
	}
	wrote := 0
	var err error
	for ; err == nil && wrote < 100; wrote++ {
		err = apply(t, o, update(ref, fmt.Sprint(wrote), fmt.Sprint(wrote+1)))[0].Err
	}
	if connectors.ClassOf(err) != connectors.Throttled || !contains(err, "20 are kept back") || connectors.RetryAfter(err) <= 0 {
		t.Errorf("error %v, want it throttled at the reserve", err)
	}
	if used := o.org.Calls(); used > 81 || wrote < 5 {
		t.Errorf("%d calls are used after %d writes, want writing to go on up to 80", used, wrote)
	}
	if _, err := o.Changes(t.Context(), cursor); err != nil && connectors.ClassOf(err) != connectors.Throttled {
		t.Errorf("error %v of a poll", err)
	}
}

// manyRows answers polls of a table with n rows, without holding them.
func manyRows(n int) http.HandlerFunc {
	begun := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if _, last, ok := strings.Cut(r.URL.Query().Get("q"), "Id > '500"); ok {
			from, _ = strconv.Atoi(strings.TrimLeft(last[:15], "0"))
			from++
		}
		to := min(n, from+2000)
		fmt.Fprintf(w, `{"totalSize":%d,"done":true,"records":[`, n)
		for i := from; i < to; i++ {
			if i > from {
				fmt.Fprint(w, ",")
			}
			at := begun.Add(time.Duration(i) * time.Second).Format("2006-01-02T15:04:05.000-0700")
			fmt.Fprintf(w, `{"attributes":{"type":"Case"},"Id":"500%015d","SystemModstamp":%q,"CreatedDate":%q,"IsDeleted":false,"Subject":"Visit %d was moved to another day","Description":%q}`,
				i, at, at, i, strings.Repeat("x", 200))
		}
		fmt.Fprint(w, "]}")
	}
}

func TestMemoryDoesNotGrowWithTheRows(t *testing.T) {
	const rows = 100_000
	server := httptest.NewServer(manyRows(rows))
	t.Cleanup(server.Close)
	c, err := salesforce.New(salesforce.Options{URL: server.URL, Auth: salesforce.Auth{AccessToken: "t"},
		Watch: []salesforce.Watch{{Object: "Case", Fields: []string{"Subject", "Description"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var cursor connectors.Cursor
	var peak uint64
	total := 0
	for more := true; more; {
		batch, err := c.Changes(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		total += len(batch.Records)
		cursor, more = batch.Next, batch.More
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapSys-m.HeapReleased)
	}
	if total != rows || peak > 100<<20 {
		t.Errorf("%d rows with a heap of %d MB at its peak, want %d with less than 100", total, peak>>20, rows)
	}
	t.Logf("%d rows, heap %d MB at its peak", total, peak>>20)
}

// BenchmarkCatchUp reads 100,000 rows that changed while nobody looked.
func BenchmarkCatchUp(b *testing.B) {
	const rows = 100_000
	server := httptest.NewServer(manyRows(rows))
	b.Cleanup(server.Close)
	calls := 0
	for b.Loop() {
		c, err := salesforce.New(salesforce.Options{URL: server.URL, Auth: salesforce.Auth{AccessToken: "t"},
			Watch: []salesforce.Watch{{Object: "Case", Fields: []string{"Subject", "Description"}}}})
		if err != nil {
			b.Fatal(err)
		}
		var cursor connectors.Cursor
		for more := true; more; calls++ {
			batch, err := c.Changes(b.Context(), cursor)
			if err != nil {
				b.Fatal(err)
			}
			cursor, more = batch.Next, batch.More
		}
	}
	b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func TestOnlyRecordsThatHaveTheFieldAreReported(t *testing.T) {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Reconcile = time.Hour
		ours.Watch = []salesforce.Watch{{Object: "Case", Fields: []string{"Subject"}, Having: "Standdown_Key__c"}}
	})
	o.insert(t, "Case", map[string]any{"Subject": "theirs"})
	ours := o.insert(t, "Case", map[string]any{"Subject": "ours", "Standdown_Key__c": "k1"})
	var cursor connectors.Cursor
	if got, want := subjects(poll(t, o, &cursor)), []any{"ours"}; !cmp.Equal(got, want) {
		t.Fatalf("at first %v are reported, want %v", got, want)
	}
	o.clock.Advance(20 * time.Minute)
	poll(t, o, &cursor)
	o.insert(t, "Case", map[string]any{"Subject": "theirs again"})
	if err := o.org.Update("Case", ours.ID, map[string]any{"Subject": "ours, edited"}); err != nil {
		t.Fatal(err)
	}
	if got, want := subjects(poll(t, o, &cursor)), []any{"ours, edited"}; !cmp.Equal(got, want) {
		t.Errorf("later %v are reported, want %v", got, want)
	}
	reconciled := 0
	for range 3 {
		o.clock.Advance(time.Hour)
		for _, subject := range subjects(poll(t, o, &cursor)) {
			if reconciled++; subject != "ours, edited" {
				t.Errorf("reconciling reports %v", subject)
			}
		}
	}
	if reconciled == 0 {
		t.Error("reconciling reports nothing")
	}
}
