package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/mapping"
)

func TestUndo(t *testing.T) {
	workflow := connectors.Ref{Kind: "Workflow__c", ID: "a01"}
	allocation := connectors.Ref{Kind: "sked__Job_Allocation__c", ID: "a02"}
	cancel := connectors.Change{
		Key: "k", Op: connectors.Update, Ref: workflow,
		Fields: map[string]any{"Status__c": "Cancel Pending"}, If: map[string]any{"Status__c": "Active"},
	}
	withReason := cancel
	withReason.Fields = map[string]any{"Status__c": "Cancel Pending", "Cancel_Reason__c": "Moving"}
	back := connectors.Change{
		Op: connectors.Update, Ref: workflow,
		Fields: map[string]any{"Status__c": "Active"}, If: map[string]any{"Status__c": "Cancel Pending"},
	}
	for _, test := range []struct {
		name   string
		verb   string
		change connectors.Change
		result connectors.Result
		want   connectors.Change
		stays  string // why, if it stays
	}{
		{
			name: "an update is taken back to what stood there, if nobody has changed it since", change: withReason,
			result: connectors.Result{Ref: workflow, Before: map[string]any{"Status__c": "Active", "Cancel_Reason__c": nil}},
			want: connectors.Change{Op: connectors.Update, Ref: workflow,
				Fields: map[string]any{"Status__c": "Active", "Cancel_Reason__c": nil}, If: withReason.Fields},
		},
		{
			name: "after a lost answer what was relied on is what stood there", change: cancel,
			result: connectors.Result{Ref: workflow, Already: true}, want: back,
		},
		{
			name: "what nobody knows is not made up", change: withReason,
			result: connectors.Result{Ref: workflow, Already: true}, stays: "what stood in Cancel_Reason__c before is not known",
		},
		{
			name:   "what was so already is not ours to take back",
			change: connectors.Change{Op: connectors.Update, Ref: workflow, Fields: back.Fields, If: back.Fields},
			result: connectors.Result{Ref: workflow, Already: true}, stays: "nothing was changed",
		},
		{
			name: "the worker who was given a visit is taken off it", verb: "allocate-saved",
			change: connectors.Change{Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: allocation.Kind}, Fields: map[string]any{"sked__Job__c": "a03"}},
			result: connectors.Result{Ref: allocation},
			want:   connectors.Change{Op: connectors.Delete, Ref: allocation, If: map[string]any{"sked__Job__c": "a03"}},
		},
		{
			name: "an allocation that was deleted for want of a status is made anew", verb: "free-worker",
			change: connectors.Change{Key: "k", Op: connectors.Delete, Ref: allocation, If: map[string]any{"sked__Job__c": "a03"}},
			want:   connectors.Change{Op: connectors.Create, Ref: connectors.Ref{Kind: allocation.Kind}, Fields: map[string]any{"sked__Job__c": "a03"}},
		},
		{
			name: "but not one that somebody else deleted", verb: "free-worker",
			change: connectors.Change{Key: "k", Op: connectors.Delete, Ref: allocation, If: map[string]any{"sked__Job__c": "a03"}},
			result: connectors.Result{Ref: allocation, Already: true}, stays: "recycle bin",
		},
		{
			name: "a case stays", verb: "open-case", change: connectors.Change{Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}},
			result: connectors.Result{Ref: connectors.Ref{Kind: "Case", ID: "500"}}, stays: "close it in Salesforce",
		},
		{
			name: "a comment is followed by another", change: connectors.Change{Op: connectors.Post, Ref: workflow, Fields: map[string]any{"Body": "Cancelled as asked.\nOn 3 March."}},
			want: connectors.Change{Op: connectors.Post, Ref: workflow, Fields: map[string]any{"Body": "Taken back by dana: a mistake\n\nThis was said before: Cancelled as asked."}},
		},
		{name: "a comment on a case of ours stays", change: connectors.Change{Op: connectors.Post, Ref: connectors.Ref{Kind: "Case", ID: "@k"}}, stays: "close the case"},
		{name: "an update whose values were erased stays", change: connectors.Change{Op: connectors.Update, Ref: workflow}, stays: "erased on request"},
		{name: "a comment whose text was erased stays", change: connectors.Change{Op: connectors.Post, Ref: workflow}, stays: "erased on request"},
		{name: "an allocation whose values were erased stays", verb: "allocate-saved", change: connectors.Change{Op: connectors.Create, Ref: allocation}, stays: "erased on request"},
		{name: "what was deleted stays so", change: connectors.Change{Op: connectors.Delete, Ref: allocation}, stays: "recycle bin"},
		{name: "what was turned down stays so", change: connectors.Change{Op: connectors.Reject, Ref: workflow}, stays: "submitted for approval again"},
		{name: "a mail is out", change: connectors.Change{Op: connectors.Send}, stays: "tell those who got it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := mapping.Undo(mapping.Write{System: "salesforce", Verb: test.verb, Change: test.change, Text: "it"}, test.result, "dana", "a mistake")
			if test.stays != "" {
				if err == nil || !strings.Contains(err.Error(), test.stays) {
					t.Errorf("got %v, %v; want that it stays: ... %s", got.Change, err, test.stays)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Change); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
			if got.Verb != "undo-"+test.verb || got.System != "salesforce" || got.Text == "" {
				t.Errorf("got verb %q, system %q, text %q", got.Verb, got.System, got.Text)
			}
		})
	}
}
