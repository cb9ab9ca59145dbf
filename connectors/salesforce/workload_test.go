package salesforce_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

// A workload is an org with contracts to call off: of each the status is set,
// it is commented on, and an allocation is withdrawn.
type workload struct {
	*salesforce.Client
	org   *sandbox.Org
	steps [][]connectors.Change // changes of one step touch different records
	calls int                   // made before the work began
}

func newWorkload(tb testing.TB, contracts int, latency time.Duration) *workload {
	tb.Helper()
	o := sandbox.New(sandbox.Options{DailyLimit: 10_000_000, Latency: latency})
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { o.Close() })
	client, err := salesforce.New(salesforce.Options{
		URL: url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}, KeyFields: keyFields,
	})
	if err != nil {
		tb.Fatal(err)
	}
	w := &workload{Client: client, org: o, steps: make([][]connectors.Change, 3)}
	insert := func(object string, fields map[string]any) connectors.Ref {
		id, err := o.Insert(object, fields)
		if err != nil {
			tb.Fatal(err)
		}
		return connectors.Ref{Kind: object, ID: id}
	}
	for i := range contracts {
		contract := insert("Workflow__c", map[string]any{"Name": fmt.Sprintf("W-%04d", i), "Status__c": "Active"})
		allocation := insert("sked__Job_Allocation__c", map[string]any{"sked__Status__c": "Dispatched"})
		key := fmt.Sprint("k", i)
		for step, c := range []connectors.Change{
			{Key: key + "s", Op: connectors.Update, Ref: contract, Fields: map[string]any{"Status__c": "Cancelled"}, If: map[string]any{"Status__c": "Active"}},
			{Key: key + "c", Op: connectors.Post, Ref: contract, Fields: map[string]any{"Body": "Cancelled as asked."}},
			{Key: key + "a", Op: connectors.Update, Ref: allocation, Fields: map[string]any{"sked__Status__c": "Deleted"}, If: map[string]any{"sked__Status__c": "Dispatched"}},
		} {
			w.steps[step] = append(w.steps[step], c)
		}
	}
	return w
}

// deliver applies all steps, and repeats what an error allows to repeat.
func (w *workload) deliver(tb testing.TB) {
	tb.Helper()
	for _, step := range w.steps {
		for len(step) > 0 {
			n := min(len(step), w.Limit())
			var again []connectors.Change
			for i, r := range w.Apply(tb.Context(), step[:n]) {
				switch connectors.ClassOf(r.Err) {
				case connectors.Unknown:
					step[i].Doubt = true
				case connectors.Conflict, connectors.Rejected, connectors.Denied:
					tb.Fatalf("%s: %v", step[i].Key, r.Err)
				}
				if r.Err != nil {
					again = append(again, step[i])
				}
			}
			step = append(again, step[n:]...)
		}
	}
}

// logIn makes the client's first call, which is not part of the work.
func (w *workload) logIn(ctx context.Context) error {
	err := w.Check(ctx)
	w.calls = w.org.Calls()
	return err
}

// check tells how many comments there are beyond one for each contract, and
// fails if anything is left undone.
func (w *workload) check(tb testing.TB) (duplicates int) {
	tb.Helper()
	count := func(soql string) int {
		rows, err := w.org.Query(soql)
		if err != nil {
			tb.Fatal(err)
		}
		return len(rows)
	}
	contracts := len(w.steps[0])
	if n := count("SELECT Id FROM Workflow__c WHERE Status__c = 'Cancelled'"); n != contracts {
		tb.Errorf("%d contracts are cancelled, want %d", n, contracts)
	}
	if n := count("SELECT Id FROM sked__Job_Allocation__c WHERE sked__Status__c = 'Deleted'"); n != contracts {
		tb.Errorf("%d allocations are withdrawn, want %d", n, contracts)
	}
	posts := count("SELECT Id FROM FeedItem")
	if posts < contracts {
		tb.Errorf("%d comments, want %d", posts, contracts)
	}
	return posts - contracts
}

func TestABadDayLeavesNothingUndoneAndNothingTwice(t *testing.T) {
	w := newWorkload(t, 200, 0)
	w.org.BadDay()
	w.deliver(t)
	if n := w.check(t); n != 0 {
		t.Errorf("%d comments too many", n)
	}
}

func TestThousandsOfChangesTakeFewCalls(t *testing.T) {
	w := newWorkload(t, 2500, 0)
	if err := w.logIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	if n := w.check(t); n != 0 {
		t.Errorf("%d comments too many", n)
	}
	if calls := w.org.Calls() - w.calls; calls > 12 {
		t.Errorf("7500 changes took %d calls, want 12 at most", calls)
	}
}
