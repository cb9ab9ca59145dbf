package mapping_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/memory"
	"standdown/mapping"
)

func TestCompare(t *testing.T) {
	decided := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	m, err := mapping.New(mapping.Config{Presets: everyBook})
	if err != nil {
		t.Fatal(err)
	}
	const id, short = "a04000000000001AAA", "a04000000000001"
	job := connectors.Ref{Kind: "sked__Job__c", ID: id}
	allocation := connectors.Ref{Kind: "sked__Job_Allocation__c", ID: "a05000000000001AAA"}
	cancel := mapping.Undone{Verb: "cancel-job", Decided: decided, Change: connectors.Change{
		Op: connectors.Update, Ref: job,
		Fields: map[string]any{"sked__Job_Status__c": "Cancelled", "Hold_Resource__c": "a02000000000001AAA"},
		If:     map[string]any{"sked__Job_Status__c": "Ready"},
	}}
	then := cancel
	then.Then = map[string]any{"sked__Job_Status__c": "cancelled"}
	again := cancel
	again.Again = true
	erased := mapping.Undone{Verb: "cancel-job", Change: connectors.Change{Op: connectors.Update, Ref: job}}
	remove := mapping.Undone{Verb: "delete-meeting", Change: connectors.Change{Op: connectors.Delete, Ref: job, If: map[string]any{"sked__Job_Status__c": "Ready"}}}
	free := mapping.Undone{Verb: "free-worker", Change: connectors.Change{
		Op: connectors.Update, Ref: allocation, Fields: map[string]any{"sked__Status__c": "Deleted"}, If: map[string]any{"sked__Status__c": "Confirmed"},
	}}
	give := mapping.Undone{Verb: "allocate-saved", Decided: decided, Change: connectors.Change{
		Op: connectors.Create, Ref: connectors.Ref{Kind: allocation.Kind},
		Fields: map[string]any{"sked__Job__c": id, "sked__Resource__c": "a02000000000001AAA", "sked__Status__c": "Pending Dispatch"},
	}}
	refer := mapping.Undone{Verb: "open-case", Decided: decided, Change: connectors.Change{
		Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Workflow__c": w1042, "Request_Type__c": "Cancellation"},
	}}

	visit := func(status string) []connectors.Record {
		return []connectors.Record{{Ref: job, Fields: map[string]any{"sked__Job_Status__c": status}}}
	}
	given := func(job, worker, status string) []connectors.Record {
		return []connectors.Record{{Ref: allocation, Fields: map[string]any{"sked__Job__c": job, "sked__Resource__c": worker, "sked__Status__c": status}}}
	}
	opened := func(created time.Time) []connectors.Record {
		return []connectors.Record{{Ref: connectors.Ref{Kind: "Case", ID: "500000000000001AAA"}, Created: created,
			Fields: map[string]any{"Workflow__c": w1042, "Request_Type__c": "Cancellation"}}}
	}
	for _, test := range []struct {
		sentence string
		undone   mapping.Undone
		there    []connectors.Record
		want     string
	}{
		{"people did the same, whatever was kept beside it", cancel, visit("Cancelled"), mapping.Same},
		{"picklists know no case", cancel, visit("cancelled"), mapping.Same},
		{"people did nothing", cancel, visit("Ready"), mapping.NotDone},
		{"people did something else", cancel, visit("Complete"), mapping.Otherwise},
		{"people deleted the record", cancel, nil, mapping.Otherwise},
		{"they had done it before something else was decided", then, visit("Ready"), mapping.Same},
		{"what was decided again is compared then", again, visit("Ready"), mapping.Untold},
		{"what was erased cannot be told", erased, visit("Ready"), mapping.Untold},
		{"it was to be deleted and is gone", remove, nil, mapping.Same},
		{"it was to be deleted and is there", remove, visit("Ready"), mapping.NotDone},
		{"it was to be deleted and is another now", remove, visit("Complete"), mapping.Otherwise},
		{"an allocation that is gone is given up as well", free, nil, mapping.Same},
		{"the worker has the visit", give, given(id, "a02000000000001AAA", "Dispatched"), mapping.Same},
		{"somebody else has it", give, given(id, "a02000000000002AAA", "Dispatched"), mapping.Otherwise},
		{"a deleted allocation is none", give, given(id, "a02000000000001AAA", "Deleted"), mapping.NotDone},
		{"nobody has it", give, nil, mapping.NotDone},
		{"people opened such a case", refer, opened(decided.Add(time.Hour)), mapping.Same},
		{"an older case is another", refer, opened(decided.Add(-time.Hour)), mapping.Untold},
		{"without a case nobody knows how they went about it", refer, nil, mapping.Untold},
		{"mails leave nothing to compare", mapping.Undone{Verb: "notify-parties", Change: connectors.Change{Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}}}, nil, mapping.Untold},
		{"nor do questions to people", mapping.Undone{Verb: "hold-for-review", Change: connectors.Change{Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Subject": "x"}}}, nil, mapping.Untold},
		{"nor does a case that was not opened", mapping.Undone{Verb: "requeue-case", Change: connectors.Change{Op: connectors.Update, Ref: connectors.Ref{Kind: "Case", ID: "@key"}, Fields: map[string]any{"OwnerId": "x"}}}, nil, mapping.Untold},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			org := memory.New(func() time.Time { return decided }, "Case")
			for _, r := range test.there {
				org.Put(r)
			}
			found, err := m.Compare(t.Context(), org, []mapping.Undone{test.undone})
			if err != nil {
				t.Fatal(err)
			}
			if found[0].As != test.want {
				t.Errorf("%+v, want %s", found[0], test.want)
			}
		})
	}
	t.Run("many are read with one query for each kind", func(t *testing.T) {
		org := memory.New(time.Now)
		org.Put(visit("Cancelled")[0])
		org.Put(given(id, "a02000000000001AAA", "Deleted")[0])
		asked := &counted{Lookup: org}
		found, err := m.Compare(t.Context(), asked, []mapping.Undone{free, cancel, free, cancel, give})
		if err != nil {
			t.Fatal(err)
		}
		var as []string
		for _, f := range found {
			as = append(as, f.As)
		}
		if diff := cmp.Diff([]string{mapping.Same, mapping.Same, mapping.Same, mapping.Same, mapping.NotDone}, as); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if asked.times != 3 {
			t.Errorf("%d queries, want 3", asked.times)
		}
	})
	t.Run("what was found says who and when", func(t *testing.T) {
		r := visit("Complete")[0]
		r.At, r.Fields["LastModifiedById"] = decided, "005000000000001AAA"
		found, err := m.Compare(t.Context(), fixed{r}, []mapping.Undone{cancel})
		if err != nil {
			t.Fatal(err)
		}
		want := mapping.Found{As: mapping.Otherwise, Now: map[string]any{"sked__Job_Status__c": "Complete", "Hold_Resource__c": nil}, By: "005000000000001AAA", At: decided}
		if diff := cmp.Diff(want, found[0]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("ids may be short", func(t *testing.T) {
		found, err := m.Compare(t.Context(), fixed(given(short, "a02000000000001", "Dispatched")), []mapping.Undone{give})
		if err != nil || found[0].As != mapping.Same {
			t.Errorf("%v, %v", found, err)
		}
	})
	t.Run("what can never be read is not asked for over and over, and what cannot be read now is an error", func(t *testing.T) {
		found, err := m.Compare(t.Context(), broken{connectors.Rejected}, []mapping.Undone{cancel, give})
		if err != nil || found[0].As != mapping.Untold || found[1].As != mapping.Untold {
			t.Errorf("%v, %v", found, err)
		}
		for _, u := range []mapping.Undone{cancel, give} {
			if _, err := m.Compare(t.Context(), broken{connectors.Temporary}, []mapping.Undone{u}); connectors.ClassOf(err) != connectors.Temporary {
				t.Errorf("got %v", err)
			}
		}
	})
}

// counted counts queries.
type counted struct {
	connectors.Lookup
	times int
}

func (a *counted) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	a.times++
	return a.Lookup.Find(ctx, q)
}

// fixed finds what it is.
type fixed []connectors.Record

func (f fixed) Find(context.Context, connectors.Query) ([]connectors.Record, error) { return f, nil }

// broken finds nothing.
type broken struct{ class connectors.Class }

func (b broken) Find(context.Context, connectors.Query) ([]connectors.Record, error) {
	return nil, &connectors.Error{Class: b.class, Err: errors.New("injected")}
}
