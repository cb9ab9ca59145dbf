package salesforce_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

var badSeeds = flag.Int("badseeds", 1, "how many seeds the runs with faults try")

// A trial is an org with contracts to cancel: for each a status to set, a
// comment, a case and a meeting to call off, in this order.
type trial struct {
	*org
	lanes   [][]connectors.Change
	changes int
	random  *rand.Rand
	// denied counts what an operator would have had to look at.
	denied int
}

// newTrial wants a synctest bubble around it.
func newTrial(t *testing.T, records int, seed uint64, guard string) *trial {
	tr := &trial{random: rand.New(rand.NewPCG(seed, 13))}
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	theirs := sandbox.New(sandbox.Options{
		Now: c.Now, DailyLimit: 1_000_000, ShrinkPages: seed + 1, AssignTo: map[string]string{"Case": "Triage"},
	})
	client, err := salesforce.New(salesforce.Options{
		URL: "http://127.0.0.1", Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"},
		Watch:     []salesforce.Watch{{Object: "Workflow__c", Fields: []string{"Product__c"}}, {Object: "Event", Fields: []string{"Subject"}}},
		KeyFields: keyFields, WriteGuard: guard, Now: c.Now, Transport: piped(t, theirs.Handler()),
	})
	if err != nil {
		t.Fatal(err)
	}
	tr.org = &org{Client: client, org: theirs, clock: c}
	queue := tr.insert(t, "Group", map[string]any{"Name": "Back Office", "Type": "Queue"})
	tr.insert(t, "Group", map[string]any{"Name": "Triage", "Type": "Queue"})
	for i := range records {
		w := tr.insert(t, "Workflow__c", map[string]any{"Name": fmt.Sprintf("W-%04d", i), "Status__c": "Active"})
		meeting := tr.insert(t, "Event", map[string]any{"Subject": "visit", "WhatId": w.ID})
		tr.lanes = append(tr.lanes, []connectors.Change{
			{Key: w.ID + "/1", Op: connectors.Update, Ref: w, Fields: map[string]any{"Status__c": "Cancelled"}, If: map[string]any{"Status__c": "Active"}},
			{Key: w.ID + "/2", Op: connectors.Post, Ref: w, Fields: map[string]any{"Body": "Cancelled as asked."}},
			{Key: w.ID + "/3", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"},
				Fields: map[string]any{"Subject": "Cancellation", "Workflow__c": w.ID, "OwnerId": queue.ID}},
			{Key: w.ID + "/4", Op: connectors.Delete, Ref: meeting},
		})
		tr.changes += 4
	}
	return tr
}

// piped serves a handler over connections in memory, where time need not pass
// for real, and returns the way to it.
func piped(t *testing.T, handler http.Handler) http.RoundTripper {
	conns, closed := make(chan net.Conn), make(chan struct{})
	server := &http.Server{Handler: handler}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener{conns, closed}) // ends with Close
	}()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case conns <- there:
			return here, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		close(closed)
		server.Close()
		<-served
	})
	return transport
}

type listener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error   { return nil }
func (l listener) Addr() net.Addr { return &net.TCPAddr{} }

// deliver applies all changes, some lanes at a time, as a caller does that
// knows no more of an error than its class. Before a call it may set a fault.
func (tr *trial) deliver(t *testing.T, fault func()) {
	t.Helper()
	for rounds := 0; ; rounds++ {
		waiting := slices.Collect(maps.Keys(tr.heads()))
		if len(waiting) == 0 {
			return
		}
		if rounds > 50*tr.changes {
			t.Fatalf("%d lanes are stuck", len(waiting))
		}
		slices.Sort(waiting)
		tr.random.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		waiting = waiting[:min(len(waiting), 1+tr.random.IntN(60), tr.Limit())]
		var changes []connectors.Change
		for _, lane := range waiting {
			changes = append(changes, tr.lanes[lane][0])
		}
		if fault != nil {
			fault()
		}
		pause := time.Second
		for i, r := range apply(t, tr, changes...) {
			lane := &tr.lanes[waiting[i]]
			switch class := connectors.ClassOf(r.Err); {
			case r.Err == nil:
				*lane = (*lane)[1:]
			case class == connectors.Unknown:
				(*lane)[0].Doubt = true
			case class == connectors.Denied:
				tr.denied++
			case class == connectors.Conflict || class == connectors.Rejected:
				t.Fatalf("%s is never done: %v", (*lane)[0].Key, r.Err)
			}
			pause = max(pause, connectors.RetryAfter(r.Err))
		}
		tr.clock.Advance(pause)
	}
}

func (tr *trial) heads() map[int]connectors.Change {
	heads := map[int]connectors.Change{}
	for i, lane := range tr.lanes {
		if len(lane) > 0 {
			heads[i] = lane[0]
		}
	}
	return heads
}

// state is what the org says in the end, apart from when, and from the ids of
// what was created.
func (tr *trial) state() []string {
	var lines []string
	for object, rows := range tr.org.org.Dump() {
		for _, r := range rows {
			switch object {
			case "Workflow__c":
				lines = append(lines, fmt.Sprint("workflow ", r["Name"], " ", r["Status__c"]))
			case "Case":
				lines = append(lines, fmt.Sprint("case ", r["Standdown_Key__c"], " ", r["Subject"], " ", r["Workflow__c"], " ", r["OwnerId"], " ", r["IsDeleted"]))
			case "FeedItem":
				lines = append(lines, fmt.Sprint("post ", r["ParentId"], " ", r["Body"], " ", r["IsDeleted"]))
			case "Event":
				lines = append(lines, fmt.Sprint("event ", r["Id"], " ", r["IsDeleted"]))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// faultsOnWrites are the faults that a call may meet which writes.
func faultsOnWrites() map[string]sandbox.Fault {
	faults := sandbox.Named()
	delete(faults, "locator-lost")
	endless := faults["slow"]
	endless.Delay = time.Hour
	faults["endless"] = endless
	return faults
}

func TestFaultsDoNotChangeWhatBecomesOfTheOrg(t *testing.T) {
	const records = 500
	var want []string
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, records, 1, salesforce.Checked)
		tr.deliver(t, nil)
		want = tr.state()
	})
	if n := len(want); n != 4*records {
		t.Fatalf("without faults the org has %d rows to compare, want %d", n, 4*records)
	}
	all := faultsOnWrites()
	names := slices.Sorted(maps.Keys(all))
	run := func(t *testing.T, names []string, guard string, seed uint64) {
		tr := newTrial(t, records, seed, guard)
		set := 0
		tr.deliver(t, func() {
			if tr.random.IntN(2) == 0 {
				return
			}
			f := all[names[tr.random.IntN(len(names))]]
			f.After, f.Count = tr.random.IntN(3), 1+tr.random.IntN(2)
			tr.org.org.Fault(f)
			set++
		})
		if diff := cmp.Diff(want, tr.state()); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		if set < 20 {
			t.Errorf("seed %d: only %d faults were set", seed, set)
		}
		if denied := tr.denied > 0; denied && !strings.Contains(strings.Join(names, " "), "session-") {
			t.Errorf("seed %d: %d changes were denied", seed, tr.denied)
		}
	}
	for seed := range uint64(*badSeeds) {
		for _, name := range names {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { run(t, []string{name}, salesforce.Checked, seed) })
			})
		}
		for _, guard := range []string{salesforce.Checked, salesforce.Strict} {
			t.Run(fmt.Sprintf("all of them, %s, seed %d", guard, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { run(t, names, guard, seed) })
			})
		}
	}
}

func TestFaultsDoNotHideAChange(t *testing.T) {
	faults := sandbox.Named()
	names := slices.Sorted(maps.Keys(faults))
	for seed := range uint64(*badSeeds) {
		for _, name := range []string{"locator-lost", "clock-ahead", "clock-behind", "connection-dropped", "answer-truncated", "all of them"} {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					some := []string{name}
					if faults[name].Kind == "" {
						some = names
					}
					tr := newTrial(t, 100, seed, salesforce.Checked)
					tr.watch(t, func() {
						f := faults[some[tr.random.IntN(len(some))]]
						f.After, f.Count = tr.random.IntN(3), 1+tr.random.IntN(2)
						tr.org.org.Fault(f)
					})
				})
			})
		}
	}
}

// watch polls for an hour and more while people work and faults are set, and
// checks that the last version of each record has been reported.
func (tr *trial) watch(t *testing.T, fault func()) {
	t.Helper()
	var refs []connectors.Ref
	for _, lane := range tr.lanes {
		refs = append(refs, lane[0].Ref)
	}
	known := map[connectors.Ref]any{}
	cursor := connectors.Cursor("")
	poll := func() (failed bool) {
		for range 1000 {
			batch, err := tr.Changes(t.Context(), cursor)
			if err != nil {
				return true
			}
			for _, r := range batch.Records {
				if r.Ref.Kind == "Workflow__c" {
					known[r.Ref] = r.Fields["Product__c"]
				}
			}
			if cursor = batch.Next; !batch.More {
				return false
			}
		}
		t.Fatal("reading does not end")
		return true
	}
	edits := 0
	edit := func() error {
		for range 20 {
			edits++
			tr.edit(t, refs[tr.random.IntN(len(refs))], map[string]any{"Product__c": fmt.Sprint("product ", edits)})
		}
		return nil
	}
	for range 60 {
		if tr.random.IntN(2) == 0 {
			fault()
		}
		commit, err := func() {}, edit()
		if tr.random.IntN(3) == 0 {
			commit, err = tr.org.org.Uncommitted(edit)
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + tr.random.IntN(3) {
			poll()
			tr.clock.Advance(45 * time.Second)
			time.Sleep(time.Minute) // of the bubble
		}
		commit()
	}
	tr.org.org.ClearFaults()
	for range 3 {
		tr.clock.Advance(time.Minute)
		if poll() {
			t.Error("without faults a poll fails")
		}
	}
	want := map[connectors.Ref]any{}
	for _, r := range tr.query(t, "SELECT Id, Product__c FROM Workflow__c") {
		want[connectors.Ref{Kind: "Workflow__c", ID: r["Id"].(string)}] = r["Product__c"]
	}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Error(diff)
	}
}
