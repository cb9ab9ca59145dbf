package salesforce_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestEachCallThatTheOrgCountsIsToldOf(t *testing.T) {
	var mu sync.Mutex
	told := map[string]int{}
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Called = func(resource string) {
			mu.Lock()
			defer mu.Unlock()
			told[resource]++
		}
	})
	ctx := t.Context()
	cases := connectors.Query{Kind: "Case", Fields: []string{"Subject"}}
	if _, err := o.Find(ctx, cases); err != nil {
		t.Fatal(err)
	}
	made := o.Apply(ctx, []connectors.Change{{Key: "k1", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Subject": "Look"}}})
	if made[0].Err != nil {
		t.Fatal(made[0].Err)
	}
	if used, _ := o.Usage(); used != 2 {
		t.Errorf("the org counts %d calls, want the 2 that were told of", used)
	}
	o.org.Fault(sandbox.Fault{Kind: sandbox.Answer, Path: "/query", Status: http.StatusServiceUnavailable})
	if _, err := o.Find(ctx, cases); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"query": 3, "composite": 1}, told); diff != "" {
		t.Errorf("calls, a repeated one among them (-want +got):\n%s", diff)
	}
}
