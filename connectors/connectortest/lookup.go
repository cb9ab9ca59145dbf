package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"standdown/connectors"
)

var lookupTests = map[string]func(*testing.T, Subject){
	"every match is found, in the order of ids": func(t *testing.T, s Subject) {
		for i := range 250 {
			s.Make(map[string]any{s.Text: fmt.Sprintf("record %d", i), s.Other: "same"})
		}
		found := find(t, s, connectors.Cond{Field: s.Other, Op: "=", Value: "same"})
		if len(found) != 250 {
			t.Errorf("found %d, want 250", len(found))
		}
		for i := 1; i < len(found); i++ {
			if found[i].Ref.ID <= found[i-1].Ref.ID {
				t.Fatalf("%s comes after %s", found[i].Ref.ID, found[i-1].Ref.ID)
			}
		}
	},

	"no match is no error": func(t *testing.T, s Subject) {
		if found := find(t, s, connectors.Cond{Field: s.Text, Op: "=", Value: "nothing like it"}); len(found) != 0 {
			t.Errorf("found %d, want none", len(found))
		}
	},

	"any text can be searched for, without regard to case": func(t *testing.T, s Subject) {
		for _, value := range []string{`O'Brien`, `back\slash\`, `"quoted" \' or Id != null`, "50%_+&?#", "Ünïcode ☂"} {
			want := s.Make(map[string]any{s.Text: value})
			for _, op := range []string{"=", "in"} {
				var operand any = value
				if op == "in" {
					operand = []string{value, "something else"}
				}
				found := find(t, s, connectors.Cond{Field: s.Text, Op: op, Value: operand})
				if len(found) != 1 || found[0].Ref != want || found[0].Fields[s.Text] != value {
					t.Errorf("%s %s: found %v, want %s", op, value, found, want)
				}
			}
		}
		s.Make(map[string]any{s.Text: "Grand Rapids"})
		if found := find(t, s, connectors.Cond{Field: s.Text, Op: "=", Value: "GRAND rapids"}); len(found) != 1 {
			t.Errorf("found %d, want the one that differs in case only", len(found))
		}
	},

	"an empty field is present and can be searched for": func(t *testing.T, s Subject) {
		empty := s.Make(map[string]any{s.Text: "a"})
		full := s.Make(map[string]any{s.Text: "b", s.Other: "x"})
		found := find(t, s, connectors.Cond{Field: s.Other, Op: "=", Value: nil})
		if len(found) != 1 || found[0].Ref != empty {
			t.Fatalf("found %v, want %s", found, empty)
		}
		if value, present := found[0].Fields[s.Other]; value != nil || !present {
			t.Errorf("%s is %v (present: %t), want an empty field", s.Other, value, present)
		}
		if found := find(t, s, connectors.Cond{Field: s.Other, Op: "!=", Value: nil}); len(found) != 1 || found[0].Ref != full {
			t.Errorf("found %v, want %s", found, full)
		}
		if found := find(t, s, connectors.Cond{Field: s.Other, Op: "!=", Value: "y"}); len(found) != 2 {
			t.Errorf("found %d that are not y, want 2", len(found))
		}
	},

	"conditions must all hold, in order of text": func(t *testing.T, s Subject) {
		s.Make(map[string]any{s.Text: "a", s.Other: "x"})
		want := s.Make(map[string]any{s.Text: "b", s.Other: "x"})
		s.Make(map[string]any{s.Text: "c", s.Other: "x"})
		s.Make(map[string]any{s.Text: "b", s.Other: "y"})
		for _, where := range [][]connectors.Cond{
			{{Field: s.Text, Op: ">", Value: "a"}, {Field: s.Text, Op: "<", Value: "c"}, {Field: s.Other, Op: "=", Value: "x"}},
			{{Field: s.Text, Op: ">=", Value: "b"}, {Field: s.Text, Op: "<=", Value: "b"}, {Field: s.Other, Op: "in", Value: []string{"x", "z"}}},
		} {
			if found := find(t, s, where...); len(found) != 1 || found[0].Ref != want {
				t.Errorf("%v: found %v, want %s", where, found, want)
			}
		}
	},

	"a long list is searched as a whole": func(t *testing.T, s Subject) {
		var ids []string
		for i := range 700 {
			ids = append(ids, fmt.Sprintf("a rather long value that is not there, number %d", i))
		}
		ids[0], ids[699] = "first", "LAST"
		s.Make(map[string]any{s.Text: "last"})
		s.Make(map[string]any{s.Text: "first"})
		s.Make(map[string]any{s.Text: "neither"})
		if found := find(t, s, connectors.Cond{Field: s.Text, Op: "in", Value: ids}); len(found) != 2 {
			t.Errorf("found %d, want 2", len(found))
		}
		if found := find(t, s, connectors.Cond{Field: s.Text, Op: "in", Value: []string{}}); len(found) != 0 {
			t.Errorf("found %d in an empty list, want none", len(found))
		}
	},

	"a record that is gone is not found": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "gone"})
		s.Remove(ref)
		if found := find(t, s); len(found) != 0 {
			t.Errorf("found %v", found)
		}
	},

	"an unknown operator is rejected": func(t *testing.T, s Subject) {
		_, err := s.Lookup.Find(t.Context(), connectors.Query{
			Kind: s.Kind, Fields: []string{s.Text},
			Where: []connectors.Cond{{Field: s.Text, Op: "like", Value: "a"}},
		})
		wantClass(t, err, connectors.Rejected)
	},

	"an ended context is an error": func(t *testing.T, s Subject) {
		if _, err := s.Lookup.Find(ended(), connectors.Query{Kind: s.Kind}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context canceled", err)
		}
	},
}
