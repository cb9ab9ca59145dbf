package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"standdown/connectors"
)

var sourceTests = map[string]func(*testing.T, Subject){
	"an empty cursor reports everything that is there": func(t *testing.T, s Subject) {
		kept := s.Make(map[string]any{s.Text: "kept"})
		other := s.Make(map[string]any{s.Text: "other", s.Other: "x"})
		gone := s.Make(map[string]any{s.Text: "gone"})
		s.Remove(gone)
		records, _ := readAll(t, s, "")
		if found := versions(records, gone); len(found) != 0 {
			t.Errorf("reported %v, which is not there", found)
		}
		for ref, want := range map[connectors.Ref]any{kept: nil, other: "x"} {
			found := versions(records, ref)
			if len(found) == 0 {
				t.Errorf("%s is not reported", ref)
				continue
			}
			got, asked := found[0].Fields[s.Other]
			if got != want || !asked {
				t.Errorf("%s of %s is %v (present: %t), want %v", s.Other, ref, got, asked, want)
			}
			if found[0].At.IsZero() || found[0].Version == "" {
				t.Errorf("%s has no time or no version", ref)
			}
		}
	},

	"a change after the cursor is reported with its latest version": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "first"})
		before, cursor := readAll(t, s, "")
		s.Edit(ref, map[string]any{s.Text: "second"})
		s.Edit(ref, map[string]any{s.Text: "third"})
		records, _ := readAll(t, s, cursor)
		found := versions(records, ref)
		if len(found) == 0 {
			t.Fatal("the change is not reported")
		}
		last := found[len(found)-1]
		if last.Fields[s.Text] != "third" {
			t.Errorf("reported %v, want third", last.Fields[s.Text])
		}
		if first := versions(before, ref); first[0].Version == last.Version {
			t.Errorf("two versions are both called %q", last.Version)
		}
	},

	"a record that was removed is reported as deleted": func(t *testing.T, s Subject) {
		ref := s.Make(map[string]any{s.Text: "gone soon"})
		_, cursor := readAll(t, s, "")
		s.Remove(ref)
		records, _ := readAll(t, s, cursor)
		found := versions(records, ref)
		if len(found) == 0 || !found[len(found)-1].Deleted {
			t.Errorf("reported %v, want it deleted", found)
		}
	},

	"many changes come oldest first over as many reads as it takes": func(t *testing.T, s Subject) {
		_, cursor := readAll(t, s, "")
		made := map[connectors.Ref]bool{}
		for i := range 250 {
			made[s.Make(map[string]any{s.Text: fmt.Sprintf("record %d", i)})] = true
		}
		records, _ := readAll(t, s, cursor)
		for i, r := range records {
			delete(made, r.Ref)
			if i > 0 && r.At.Before(records[i-1].At) {
				t.Fatalf("record %d is of %s, the one before of %s", i, r.At, records[i-1].At)
			}
		}
		if len(made) > 0 {
			t.Errorf("%d of 250 records are not reported", len(made))
		}
	},

	"a batch that was not stored is reported again": func(t *testing.T, s Subject) {
		_, cursor := readAll(t, s, "")
		ref := s.Make(map[string]any{s.Text: "read, then the power failed"})
		for range 3 {
			records, _ := readAll(t, s, cursor)
			if len(versions(records, ref)) == 0 {
				t.Fatal("reading again from the same cursor does not bring the record again")
			}
		}
	},

	"an ended context is an error without records": func(t *testing.T, s Subject) {
		s.Make(map[string]any{s.Text: "unread"})
		batch, err := s.Source.Changes(ended(), "")
		if !errors.Is(err, context.Canceled) || len(batch.Records) > 0 {
			t.Errorf("%d records and error %v, want none and context canceled", len(batch.Records), err)
		}
	},

	"a cursor of another source is an error": func(t *testing.T, s Subject) {
		if _, err := s.Source.Changes(t.Context(), "no such cursor"); err == nil {
			t.Error("it was accepted")
		}
	},
}
