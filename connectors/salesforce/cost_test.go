package salesforce_test

import (
	"fmt"
	"testing"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestCostIsWhatApplyTakes(t *testing.T) {
	for _, guard := range []string{salesforce.Checked, salesforce.Strict} {
		t.Run(guard, func(t *testing.T) {
			o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.WriteGuard = guard })
			var changes []connectors.Change
			counts := map[salesforce.Sort]int{}
			add := func(n int, op, kind string, change func(i int) connectors.Change) {
				for i := range n {
					c := change(i)
					c.Key, c.Op, c.Ref.Kind = fmt.Sprint(op, kind, i), op, kind
					changes = append(changes, c)
				}
				counts[salesforce.Sort{Op: op, Kind: kind}] = n
			}
			made := func(object, field string, i int) connectors.Ref {
				id, err := o.org.Insert(object, map[string]any{field: fmt.Sprint(i)})
				if err != nil {
					t.Fatal(err)
				}
				return connectors.Ref{ID: id}
			}
			add(130, connectors.Update, "Contact", func(i int) connectors.Change {
				return connectors.Change{Ref: made("Contact", "LastName", i), Fields: map[string]any{"LastName": "x"}}
			})
			add(450, connectors.Create, "Case", func(i int) connectors.Change {
				return connectors.Change{Fields: map[string]any{"Subject": fmt.Sprint(i)}}
			})
			add(90, connectors.Delete, "Event", func(i int) connectors.Change { return connectors.Change{Ref: made("Event", "Subject", i)} })
			if _, err := o.Find(t.Context(), connectors.Query{Kind: "Contact", Fields: []string{"Name"}}); err != nil { // it is logged in now
				t.Fatal(err)
			}
			before := o.org.Calls()
			for i, r := range o.Apply(t.Context(), changes) {
				if r.Err != nil {
					t.Fatalf("%v: %v", changes[i].Ref, r.Err)
				}
			}
			if took, said := o.org.Calls()-before, o.Cost(counts); took != said {
				t.Errorf("it took %d calls, and was said to cost %d", took, said)
			}
		})
	}
}
