package preview_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/preview"
	"standdown/rules"
)

func TestDifferences(t *testing.T) {
	sample := func() preview.Record {
		return preview.Record{
			Record: "Contact/C", Source: "salesforce", At: now, Event: "e", Kind: "k",
			Decisions: []preview.Decision{{
				Table: "on_hold.visit", Row: "H1", Because: "HOLD-1", About: rules.Ref{Kind: "job", ID: "J"}, Deadlines: []rules.Deadline{{At: now}},
				Changes: []preview.Change{
					{Key: "k1", System: "salesforce", Verb: "cancel-job", Op: "update", Record: "Job/J", Text: "JA-7: Confirmed -> Deleted (Wanda)", State: preview.AtOnce, Fields: []preview.Set{{Field: "Crew", New: 2}, {Field: "Status", Old: "Queued", New: "Cancelled"}}},
					{Key: "k2", System: "salesforce", Verb: "post-comment", Op: "post", Record: "Contact/C", State: preview.AtOnce, Fields: []preview.Set{{Field: "Body", New: "It is cancelled."}}},
				},
			}},
		}
	}
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	var planned preview.Record // as it was read from a file
	if err := json.Unmarshal(text, &planned); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		alter func(*preview.Record)
		want  []string
	}{
		{"nothing", func(*preview.Record) {}, nil},
		{"what is only said of it", func(r *preview.Record) {
			d := &r.Decisions[0]
			d.Because, d.Warnings, d.Deadlines[0].At = "for another reason", []string{"beware"}, now.Add(time.Hour)
			d.Changes[0].Why = "why not"
		}, nil},
		{"whom or what it is about, which no field tells", func(r *preview.Record) {
			r.Decisions[0].Changes[0].Text = "JA-7: Confirmed -> Deleted (Bob)"
		}, []string{`cancel-job of Job/J is "JA-7: Confirmed -> Deleted (Bob)" now, the plan says "JA-7: Confirmed -> Deleted (Wanda)"`}},
		{"the event", func(r *preview.Record) {
			r.Event = "e2"
			r.Decisions[0].Changes[0].Key = "made of the event"
		}, []string{"it was changed on 2026-03-03T14:00:00Z"}},
		{"a key alone", func(r *preview.Record) { r.Decisions[0].Changes[0].Key = "other" }, []string{"cancel-job of Job/J has another key"}},
		{"it cannot be decided", func(r *preview.Record) { r.Problem = "two clients match" }, []string{"two clients match"}},
		{"the row", func(r *preview.Record) { r.Decisions[0].Row, r.Decisions[0].Because = "H2", "HOLD-2" }, []string{"row H2 of on_hold.visit decides about job J now (HOLD-2), the plan says H1"}},
		{"a decision is gone", func(r *preview.Record) { r.Decisions = nil }, []string{"nothing of on_hold.visit is decided about job J any more"}},
		{"a decision comes on top", func(r *preview.Record) {
			r.Decisions = append(r.Decisions, preview.Decision{Table: "on_hold.visit", Row: "H3", Because: "HOLD-3", About: rules.Ref{Kind: "job", ID: "J2"}})
		}, []string{"row H3 of on_hold.visit decides about job J2 as well (HOLD-3)"}},
		{"the state", func(r *preview.Record) { r.Decisions[0].Changes[0].State = preview.Approval }, []string{"cancel-job of Job/J: needs approval now, the plan says at once"}},
		{"an old value", func(r *preview.Record) { r.Decisions[0].Changes[0].Fields[1].Old = "Ready" }, []string{"Status of Job/J is Ready now, the plan saw Queued"}},
		{"a new value", func(r *preview.Record) { r.Decisions[0].Changes[0].Fields[0].New = nil }, []string{"Crew of Job/J would be (empty), the plan says 2"}},
		{"white space in a text", func(r *preview.Record) { r.Decisions[0].Changes[1].Fields[0].New = "It  is cancelled." }, []string{"Body of Contact/C would be otherwise than planned"}},
		{"a field comes on top", func(r *preview.Record) {
			c := &r.Decisions[0].Changes[0]
			c.Fields = append(c.Fields, preview.Set{Field: "Why", New: "hold"})
		}, []string{"Why of Job/J would be hold, the plan says (empty)"}},
		{"a change is gone", func(r *preview.Record) { r.Decisions[0].Changes = r.Decisions[0].Changes[:1] }, []string{"post-comment of Contact/C is not asked for any more"}},
		{"a change comes on top", func(r *preview.Record) {
			d := &r.Decisions[0]
			d.Changes = append(d.Changes, preview.Change{Verb: "free-worker", Record: "Allocation/A"})
		}, []string{"free-worker of Allocation/A is asked for as well"}},
		{"the order", func(r *preview.Record) {
			c := r.Decisions[0].Changes
			c[0], c[1] = c[1], c[0]
		}, []string{"the changes of Job/J come in another order"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sample()
			c.alter(&r)
			if diff := cmp.Diff(c.want, preview.Differences(planned, r)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSomeRecordsAreLookedAtAgain(t *testing.T) {
	p := newPreview(t, office{contacts: 450, batch: 230})
	var told []string
	these := map[string]bool{"Contact/C3": true, "Contact/C440": true, "Contact/C9999": true}
	if err := p.Again(t.Context(), these, func(f preview.Found) error {
		if f.From.Ref.String() != f.Record.Record || len(f.Verdict.Writes) != 1 || f.Verdict.Snapshot.Client == nil {
			t.Errorf("found %+v", f)
		}
		told = append(told, f.Record.Record)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Contact/C3", "Contact/C440"}, told); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}
