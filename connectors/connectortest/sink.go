package connectortest

import (
	"fmt"
	"testing"

	"standdown/connectors"
)

var sinkTests = map[string]func(*testing.T, Subject){
	"an update sets its fields and tells what they were": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old", s.Other: "stays"})
		r := mustApply(t, s, connectors.Change{Key: "k", Op: connectors.Update, Ref: ref,
			Fields: map[string]any{s.Text: "new"}, If: map[string]any{s.Text: "old", s.Other: "stays"}})
		if r.Already || r.Ref != ref || r.Before[s.Text] != "old" {
			t.Errorf("result %+v, want %s changed from old", r, ref)
		}
		wantText(t, s, ref, "new")
		if _, other, _ := text(t, s, ref); other != "stays" {
			t.Errorf("%s became %v", s.Other, other)
		}
	},

	"nil empties a field and matches an empty one": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "full"})
		mustApply(t, s, connectors.Change{Key: "k", Op: connectors.Update, Ref: ref,
			Fields: map[string]any{s.Text: nil}, If: map[string]any{s.Other: nil}})
		wantText(t, s, ref, nil)
	},

	"an update in doubt that holds is Already, whatever If says": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old"})
		c := connectors.Change{Key: "k", Op: connectors.Update, Ref: ref,
			Fields: map[string]any{s.Text: "new"}, If: map[string]any{s.Text: "old"}}
		mustApply(t, s, c)
		c.Doubt = true
		if r := mustApply(t, s, c); !r.Already {
			t.Errorf("result %+v, want Already", r)
		}
	},

	"an update that somebody else has made is a conflict": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old"})
		s.Edit(ref, map[string]any{s.Text: "new"})
		r := one(t, s, connectors.Change{Key: "k", Op: connectors.Update, Ref: ref,
			Fields: map[string]any{s.Text: "new"}, If: map[string]any{s.Text: "old"}})
		wantClass(t, r.Err, connectors.Conflict)
	},

	"an update is a conflict if the record is no longer as it was": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old", s.Other: "relied on"})
		s.Edit(ref, map[string]any{s.Other: "edited by a person"})
		r := one(t, s, connectors.Change{Key: "k", Op: connectors.Update, Ref: ref,
			Fields: map[string]any{s.Text: "new"}, If: map[string]any{s.Other: "relied on"}})
		wantClass(t, r.Err, connectors.Conflict)
		wantText(t, s, ref, "old")
	},

	"an update of a record that is gone is a conflict": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old"})
		s.Remove(ref)
		r := one(t, s, connectors.Change{Key: "k", Op: connectors.Update, Ref: ref, Fields: map[string]any{s.Text: "new"}})
		wantClass(t, r.Err, connectors.Conflict)
	},

	"a create makes one record however often it is applied": func(t *testing.T, s Subject) {
		c := connectors.Change{Key: "k-1", Op: connectors.Create, Ref: connectors.Ref{Kind: s.Kind},
			Fields: map[string]any{s.Text: "made"}}
		first := mustApply(t, s, c)
		if first.Already || first.Ref.ID == "" || first.Ref.Kind != s.Kind {
			t.Errorf("result %+v, want a new %s", first, s.Kind)
		}
		if r := mustApply(t, s, c); !r.Already || r.Ref != first.Ref {
			t.Errorf("result %+v, want %s Already", r, first.Ref)
		}
		c.Key = "k-2"
		if r := mustApply(t, s, c); r.Already || r.Ref == first.Ref {
			t.Errorf("result %+v, want another record for another key", r)
		}
		if found := find(t, s); len(found) != 2 {
			t.Errorf("%d records, want 2", len(found))
		}
	},

	"a create in doubt leaves a record alone that was made and edited": func(t *testing.T, s Subject) {
		c := connectors.Change{Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: s.Kind},
			Fields: map[string]any{s.Text: "made"}}
		ref := mustApply(t, s, c).Ref
		s.Edit(ref, map[string]any{s.Text: "edited by a person"})
		c.Doubt = true
		if r := mustApply(t, s, c); !r.Already || r.Ref != ref {
			t.Errorf("result %+v, want %s Already", r, ref)
		}
		wantText(t, s, ref, "edited by a person")
	},

	"a create in doubt that was never made is made": func(t *testing.T, s Subject) {
		r := mustApply(t, s, connectors.Change{Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: s.Kind},
			Fields: map[string]any{s.Text: "made"}, Doubt: true})
		if r.Already {
			t.Errorf("result %+v, want a new record", r)
		}
		wantText(t, s, r.Ref, "made")
	},

	"a delete removes a record, once": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old"})
		c := connectors.Change{Key: "k", Op: connectors.Delete, Ref: ref, If: map[string]any{s.Text: "old"}}
		if r := mustApply(t, s, c); r.Already {
			t.Errorf("result %+v, want a removal", r)
		}
		if _, _, there := text(t, s, ref); there {
			t.Error("the record is still there")
		}
		if r := mustApply(t, s, c); !r.Already {
			t.Errorf("result %+v, want Already", r)
		}
	},

	"a delete is a conflict if the record is no longer as it was": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "edited by a person"})
		r := one(t, s, connectors.Change{Key: "k", Op: connectors.Delete, Ref: ref, If: map[string]any{s.Text: "old"}})
		wantClass(t, r.Err, connectors.Conflict)
		wantText(t, s, ref, "edited by a person")
	},

	"a post in doubt is said once": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "subject"})
		c := connectors.Change{Key: "k-000000000001", Op: connectors.Post, Ref: ref,
			Fields: map[string]any{"Body": "Cancelled at the customer's request."}, Doubt: true}
		if r := mustApply(t, s, c); r.Already {
			t.Errorf("result %+v, want a new post", r)
		}
		if r := mustApply(t, s, c); !r.Already {
			t.Errorf("result %+v, want Already", r)
		}
		c.Key = "k-000000000002"
		mustApply(t, s, c)
		if said := s.Said(ref); len(said) != 2 {
			t.Errorf("said %d things, want one for each of two keys", len(said))
		}
	},

	"a reject turns down what waits for approval, once": func(t *testing.T, s Subject) {
		if s.Submit == nil {
			t.Skip("this sink knows no approvals")
		}
		ref, other := s.Make(map[string]any{s.Text: "submitted"}), s.Make(map[string]any{s.Text: "not submitted"})
		c := connectors.Change{Key: "k", Op: connectors.Reject, Ref: ref, Fields: map[string]any{"Comments": "Cancelled."}}
		s.Submit(ref)
		if r := mustApply(t, s, c); r.Already || s.Waits(ref) {
			t.Errorf("result %+v, and it waits: %t; want it turned down", r, s.Waits(ref))
		}
		if r := mustApply(t, s, c); !r.Already {
			t.Errorf("result %+v, want Already", r)
		}
		s.Submit(ref)
		if r := mustApply(t, s, c); r.Already || s.Waits(ref) {
			t.Errorf("result %+v, and it waits: %t; want the next request turned down too", r, s.Waits(ref))
		}
		c.Ref = other
		wantClass(t, one(t, s, c).Err, connectors.Conflict)
	},

	"a mail in doubt is sent once": func(t *testing.T, s Subject) {
		if s.Sent == nil {
			t.Skip("this sink sends no mail")
		}
		c := connectors.Change{Key: "k", Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}, Doubt: true}
		first := mustApply(t, s, c)
		if second := mustApply(t, s, c); !second.Already || second.Ref != first.Ref || first.Ref.ID == "" {
			t.Errorf("results %+v and %+v, want the same message Already", first, second)
		}
		if n := s.Sent(); n != 1 {
			t.Errorf("sent %d mails, want 1", n)
		}
	},

	"results come in the order of the changes, each with its own error": func(t *testing.T, s Subject) {
		var refs [4]connectors.Ref
		for i := range refs {
			refs[i] = s.Make(map[string]any{s.Text: "old"})
		}
		s.Remove(refs[2])
		s.Edit(refs[3], map[string]any{s.Text: "new"})
		set := func(i int, relied string) connectors.Change {
			return connectors.Change{Key: fmt.Sprint("k", i), Op: connectors.Update, Ref: refs[i],
				Fields: map[string]any{s.Text: "new"}, If: map[string]any{s.Text: relied}}
		}
		made := connectors.Change{Key: "k4", Op: connectors.Create, Ref: connectors.Ref{Kind: s.Kind}, Fields: map[string]any{s.Text: "made"}}
		said := connectors.Change{Key: "k5-0000000000", Op: connectors.Post, Ref: refs[0], Fields: map[string]any{"Body": "said"}}
		odd := connectors.Change{Key: "k6", Op: "explode", Ref: refs[0]}
		results := s.Sink.Apply(t.Context(), []connectors.Change{set(0, "something else"), made, set(1, "old"), said, set(2, "old"), odd, set(3, "new")})
		if len(results) != 7 {
			t.Fatalf("7 changes gave %d results", len(results))
		}
		wantClass(t, results[0].Err, connectors.Conflict)
		wantClass(t, results[4].Err, connectors.Conflict)
		wantClass(t, results[5].Err, connectors.Rejected)
		for _, i := range []int{1, 2, 3, 6} {
			if results[i].Err != nil {
				t.Errorf("result %d: %v", i, results[i].Err)
			}
		}
		if !results[6].Already || results[2].Already {
			t.Errorf("results %+v and %+v, want the first Already and the second not", results[6], results[2])
		}
		wantText(t, s, refs[0], "old")
		wantText(t, s, refs[1], "new")
		wantText(t, s, results[1].Ref, "made")
	},

	"as many changes as the limit allows are applied at once": func(t *testing.T, s Subject) {
		n := s.Sink.Limit()
		changes := make([]connectors.Change, n)
		for i := range changes {
			ref := s.Make(map[string]any{s.Text: "old"})
			changes[i] = connectors.Change{Key: fmt.Sprint("k", i), Op: connectors.Update, Ref: ref,
				Fields: map[string]any{s.Text: fmt.Sprint("new ", i)}, If: map[string]any{s.Text: "old"}}
		}
		for i, r := range s.Sink.Apply(t.Context(), changes) {
			if r.Err != nil {
				t.Fatalf("change %d of %d: %v", i, n, r.Err)
			}
		}
		for _, r := range find(t, s) {
			if r.Fields[s.Text] == "old" {
				t.Fatalf("%s was not changed", r.Ref)
			}
		}
		if results := s.Sink.Apply(t.Context(), nil); len(results) != 0 {
			t.Errorf("no changes gave %d results", len(results))
		}
	},

	"after a lost answer the outcome is unknown and doubt repeats nothing": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old"})
		for _, c := range []connectors.Change{
			{Key: "k-000000000001", Op: connectors.Create, Ref: connectors.Ref{Kind: s.Kind}, Fields: map[string]any{s.Text: "made"}},
			{Key: "k-000000000002", Op: connectors.Post, Ref: ref, Fields: map[string]any{"Body": "said"}},
			{Key: "k-000000000003", Op: connectors.Update, Ref: ref, Fields: map[string]any{s.Text: "new"}, If: map[string]any{s.Text: "old"}},
			{Key: "k-000000000004", Op: connectors.Delete, Ref: ref, If: map[string]any{s.Text: "new"}},
		} {
			s.LoseAnswer()
			wantClass(t, one(t, s, c).Err, connectors.Unknown)
			c.Doubt = true
			if r := mustApply(t, s, c); !r.Already {
				t.Errorf("%s: result %+v, want Already", c.Op, r)
			}
			if c.Op == connectors.Post {
				if said := s.Said(ref); len(said) != 1 {
					t.Errorf("said %d things, want 1", len(said))
				}
			}
		}
		found := find(t, s)
		if len(found) != 1 || found[0].Fields[s.Text] != "made" {
			t.Errorf("left are %v, want the one record that was made", found)
		}
	},

	"after ctx has ended nothing is applied and every change has an error": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "old"})
		results := s.Sink.Apply(ended(), []connectors.Change{
			{Key: "k1", Op: connectors.Update, Ref: ref, Fields: map[string]any{s.Text: "new"}},
			{Key: "k2", Op: connectors.Create, Ref: connectors.Ref{Kind: s.Kind}, Fields: map[string]any{s.Text: "made"}},
			{Key: "k3-0000000000", Op: connectors.Post, Ref: ref, Fields: map[string]any{"Body": "said"}},
		})
		if len(results) != 3 {
			t.Fatalf("3 changes gave %d results", len(results))
		}
		for i, r := range results {
			if class := connectors.ClassOf(r.Err); r.Err == nil || class != connectors.Unknown && class != connectors.Temporary {
				t.Errorf("result %d: %v of class %s, want temporary or unknown", i, r.Err, class)
			}
		}
		wantText(t, s, ref, "old")
		if found, said := find(t, s), s.Said(ref); len(found) != 1 || len(said) != 0 {
			t.Errorf("%d records and %d posts, want 1 and none", len(found), len(said))
		}
	},
}
