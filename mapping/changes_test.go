package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

const queue = "00G000000000001AAA"

func workflowRef() rules.Ref { return rules.Ref{Kind: "workflow", ID: w1042} }

// ready returns a mapping that has taken a snapshot, and the snapshot.
func ready(t *testing.T, e rules.Event) (*mapping.Mapping, rules.Snapshot) {
	t.Helper()
	m := standard(t)
	s, err := m.Snapshot(t.Context(), newOrg(t, naming{}), memories, e, now)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func TestChanges(t *testing.T) {
	request := rules.Event{ID: "mail:1", Kind: rules.CancellationRequested, Request: &rules.Request{References: []string{"W-1042"}}}
	hold := rules.Event{ID: "sf:1", Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}
	ref := func(kind, id string) connectors.Ref { return connectors.Ref{Kind: kind, ID: id} }
	type args = map[string]string
	type values = map[string]any
	tests := []struct {
		name   string
		event  rules.Event
		action rules.Action
		text   string
		want   connectors.Change
	}{
		{"cancel-workflow writes status and reason while it is active", request,
			rules.Action{Verb: "cancel-workflow", On: workflowRef(), Args: args{"reason": "Moving"}},
			"W-1042: Status: Active -> Cancel Pending; Cancel reason: Moving",
			connectors.Change{Op: "update", Ref: ref("Workflow__c", w1042), Fields: values{"Status__c": "Cancel Pending", "Cancel_Reason__c": "Moving"}, If: values{"Status__c": "Active"}}},
		{"finish-cancellation is final, and only from Cancel Pending", request,
			rules.Action{Verb: "finish-cancellation", On: workflowRef()},
			"W-1042: Status: Cancel Pending -> Cancelled",
			connectors.Change{Op: "update", Ref: ref("Workflow__c", w1042), Fields: values{"Status__c": "Cancelled"}, If: values{"Status__c": "Cancel Pending"}}},
		{"restore-workflow goes back to the status of before", request,
			rules.Action{Verb: "restore-workflow", On: workflowRef(), Args: args{"status": "active"}},
			"W-1042: Status: Cancel Pending -> Active",
			connectors.Change{Op: "update", Ref: ref("Workflow__c", w1042), Fields: values{"Status__c": "Active"}, If: values{"Status__c": "Cancel Pending"}}},
		{"reject-review rejects what is pending", request,
			rules.Action{Verb: "reject-review", On: rules.Ref{Kind: "review", ID: "a0R1"}},
			"Status: Pending -> Rejected",
			connectors.Change{Op: "update", Ref: ref("Milestone_Review__c", "a0R1"), Fields: values{"Status__c": "Rejected"}, If: values{"Status__c": "Pending"}}},
		{"submit-review ends the review of the milestone", request,
			rules.Action{Verb: "submit-review", On: rules.Ref{Kind: "milestone", ID: "a0M1"}},
			"Status: Pending Review -> Rejected",
			connectors.Change{Op: "update", Ref: ref("Milestone__c", "a0M1"), Fields: values{"Status__c": "Rejected"}, If: values{"Status__c": "Pending Review"}}},
		{"post-comment says it on the profile", request,
			rules.Action{Verb: "post-comment", On: rules.Ref{Kind: "contact", ID: finch}, Args: args{"text": "Two visits were cancelled.\nOne waits."}},
			"Comment: Two visits were cancelled.",
			connectors.Change{Op: "post", Ref: ref("Contact", finch), Fields: values{"Body": "Two visits were cancelled.\nOne waits."}}},
		{"open-case says who asks", request,
			rules.Action{Verb: "open-case", On: workflowRef(), Args: args{"subject": "Cancellation request", "description": "The invoice is uploaded.", "request_type": "Account Management - Cancellation", "contact": finch, "requester": "Installer"}},
			"New case: Cancellation request",
			connectors.Change{Op: "create", Ref: ref("Case", ""), Fields: values{"Subject": "Cancellation request", "Description": "The invoice is uploaded.\n\nRequested by: Installer",
				"ContactId": finch, "Workflow__c": w1042, "Request_Type__c": "Account Management - Cancellation"}}},
		{"hold-for-review on a workflow opens a case in the queue", request,
			rules.Action{Verb: "hold-for-review", On: workflowRef(), Args: args{"title": "Photos are uploaded", "text": "What was found.", "contact": ""}},
			"For review: Photos are uploaded",
			connectors.Change{Op: "create", Ref: ref("Case", ""), Fields: values{"Subject": "Photos are uploaded", "Description": "What was found.", "OwnerId": queue,
				"ContactId": nil, "Workflow__c": w1042, "Request_Type__c": "Review"}}},
		{"hold-for-review on a request knows no workflow", request,
			rules.Action{Verb: "hold-for-review", On: rules.Ref{Kind: "request", ID: "mail:1"}, Args: args{"title": "Unclear", "text": "Read it."}},
			"For review: Unclear",
			connectors.Change{Op: "create", Ref: ref("Case", ""), Fields: values{"Subject": "Unclear", "Description": "Read it.", "OwnerId": queue,
				"ContactId": nil, "Workflow__c": nil, "Request_Type__c": "Review"}}},
		{"hold-for-review on a client knows the contact", hold,
			rules.Action{Verb: "hold-for-review", On: rules.Ref{Kind: "client", ID: finch}, Args: args{"title": "Dates", "text": "No."}},
			"For review: Dates",
			connectors.Change{Op: "create", Ref: ref("Case", ""), Fields: values{"Subject": "Dates", "Description": "No.", "OwnerId": queue,
				"ContactId": finch, "Workflow__c": nil, "Request_Type__c": "Review"}}},
		{"cancel-job writes the reason and keeps the worker", hold,
			rules.Action{Verb: "cancel-job", On: rules.Ref{Kind: "job", ID: "a04000000000001AAA"}, Args: args{"resource": ann, "status-was": "ready"}},
			"JOB-0001: Status: Ready -> Cancelled; Abort reason: Customer on Hold; Resource: Ann Reyes",
			connectors.Change{Op: "update", Ref: ref("sked__Job__c", "a04000000000001AAA"), If: values{"sked__Job_Status__c": "Ready"},
				Fields: values{"sked__Job_Status__c": "Cancelled", "sked__Abort_Reason__c": "Customer on Hold", "Hold_Resource__c": ann}}},
		{"cancel-job without a worker keeps none", hold,
			rules.Action{Verb: "cancel-job", On: rules.Ref{Kind: "job", ID: "a04000000000004AAA"}, Args: args{"resource": "", "status-was": "pending-allocation"}},
			"JOB-0004: Status: Pending Allocation -> Cancelled; Abort reason: Customer on Hold; Resource: (empty)",
			connectors.Change{Op: "update", Ref: ref("sked__Job__c", "a04000000000004AAA"), If: values{"sked__Job_Status__c": "Pending Allocation"},
				Fields: values{"sked__Job_Status__c": "Cancelled", "sked__Abort_Reason__c": "Customer on Hold", "Hold_Resource__c": nil}}},
		{"release-job keeps the visit", hold,
			rules.Action{Verb: "release-job", On: rules.Ref{Kind: "job", ID: "a04000000000001AAA"}, Args: args{"resource": ann, "status-was": "ready"}},
			"JOB-0001: Status: Ready -> Pending Allocation; Resource: Ann Reyes",
			connectors.Change{Op: "update", Ref: ref("sked__Job__c", "a04000000000001AAA"), If: values{"sked__Job_Status__c": "Ready"},
				Fields: values{"sked__Job_Status__c": "Pending Allocation", "Hold_Resource__c": ann}}},
		{"free-worker deletes the allocation by its status", hold,
			rules.Action{Verb: "free-worker", On: rules.Ref{Kind: "allocation", ID: "a06000000000001AAA"}, Args: args{"job": "a04000000000001AAA", "resource": ann, "status-was": "Confirmed"}},
			"JOB-0001 allocation: Status: Confirmed -> Deleted (Ann Reyes)",
			connectors.Change{Op: "update", Ref: ref("sked__Job_Allocation__c", "a06000000000001AAA"), Fields: values{"sked__Status__c": "Deleted"}, If: values{"sked__Status__c": "Confirmed"}}},
		{"allocate-saved gives the visit back", hold,
			rules.Action{Verb: "allocate-saved", On: rules.Ref{Kind: "job", ID: "a04000000000002AAA"}, Args: args{"resource": cy}},
			"New allocation: Cy Young",
			connectors.Change{Op: "create", Ref: ref("sked__Job_Allocation__c", ""), Fields: values{"sked__Job__c": "a04000000000002AAA", "sked__Resource__c": cy, "sked__Status__c": "Pending Dispatch"}}},
		{"reopen-job takes the reason off", hold,
			rules.Action{Verb: "reopen-job", On: rules.Ref{Kind: "job", ID: "a04000000000002AAA"}, Args: args{"status": "pending-dispatch", "status-was": "cancelled", "clear-resource": "yes"}},
			"JOB-0002: Status: Cancelled -> Pending Dispatch; Abort reason: Customer on Hold -> (empty); Resource: (empty)",
			connectors.Change{Op: "update", Ref: ref("sked__Job__c", "a04000000000002AAA"),
				If:     values{"sked__Job_Status__c": "Cancelled", "sked__Abort_Reason__c": "Customer on Hold"},
				Fields: values{"sked__Job_Status__c": "Pending Dispatch", "sked__Abort_Reason__c": nil, "Hold_Resource__c": nil}}},
		{"reopen-job leaves a reason alone that is not ours", hold,
			rules.Action{Verb: "reopen-job", On: rules.Ref{Kind: "job", ID: "a04000000000004AAA"}, Args: args{"status": "pending-allocation", "status-was": "pending-allocation", "clear-resource": "no"}},
			"JOB-0004: Status: Pending Allocation -> Pending Allocation",
			connectors.Change{Op: "update", Ref: ref("sked__Job__c", "a04000000000004AAA"), If: values{"sked__Job_Status__c": "Pending Allocation"},
				Fields: values{"sked__Job_Status__c": "Pending Allocation"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, s := ready(t, test.event)
			got, err := m.Changes(test.event, s, rules.Decision{Table: "t", Actions: []rules.Action{test.action}})
			if err != nil {
				t.Fatal(err)
			}
			want := []mapping.Write{{System: mapping.Salesforce, Verb: test.action.Verb, Change: test.want, Text: test.text}}
			if test.action.Verb == "allocate-saved" {
				visit := s.Client.Jobs[slices.IndexFunc(s.Client.Jobs, func(j rules.Job) bool { return j.ID == test.action.On.ID })]
				want[0].Gives = rules.Span{ID: test.action.Args["resource"], Start: visit.Start, End: visit.End}
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(connectors.Change{}, "Key")); diff != "" {
				t.Errorf("the write differs (-want +got):\n%s", diff)
			}
			if len(got[0].Change.Key) != 40 {
				t.Errorf("the key is %q, want 40 characters", got[0].Change.Key)
			}
		})
	}
}

func TestChangesOfAReferral(t *testing.T) {
	e := rules.Event{ID: "mail:1", Kind: rules.CancellationRequested, Request: &rules.Request{}}
	m, s := ready(t, e)
	got, err := m.Changes(e, s, rules.Decision{Table: "cancellation.request", Actions: []rules.Action{
		{Verb: "open-case", On: workflowRef(), Args: map[string]string{"subject": "S", "description": "D"}},
		{Verb: "assign-case", On: workflowRef(), Args: map[string]string{"team": "Deal Processing", "reason": "R", "comments": "C"}},
		{Verb: "requeue-case", On: workflowRef()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	key := got[0].Change.Key
	want := []connectors.Change{
		got[0].Change,
		{Op: "create", Ref: connectors.Ref{Kind: "Case_Assignment__c"}, Fields: map[string]any{
			"Case__r": map[string]any{"Standdown_Key__c": key}, "Workflow__c": w1042, "Team__c": "Deal Processing", "Referral_Reason__c": "R", "Referral_Comments__c": "C"}},
		{Op: "update", Ref: connectors.Ref{Kind: "Case", ID: "@" + key}, Fields: map[string]any{"OwnerId": queue}, If: map[string]any{}},
	}
	var changes []connectors.Change
	for i, w := range got {
		if i > 0 && w.Change.Key == key {
			t.Errorf("%s has the key of open-case", w.Verb)
		}
		changes = append(changes, w.Change)
	}
	if diff := cmp.Diff(want[1:], changes[1:], cmpopts.IgnoreFields(connectors.Change{}, "Key")); diff != "" {
		t.Errorf("the changes differ (-want +got):\n%s", diff)
	}
	if got[2].Text != "Owner: queue Back_Office" {
		t.Errorf("the text is %q", got[2].Text)
	}
}

func TestNotices(t *testing.T) {
	args := map[string]string{
		"template": "cancel-pending", "to": "maria.alvarez@example.com, luis.alvarez@example.com", "cc": "office@brightroofs.example", "name": "Maria Alvarez",
		"contract": "C-204417", "until": "Friday, 11 December 2026", "reason": "Moving", "in_reply_to": "<m1@example.com>", "references": "<m0@example.com>,<m1@example.com>",
	}
	final := map[string]string{"template": "cancelled", "to": "maria.alvarez@example.com", "name": "Maria Alvarez", "contract": "C-204417"}
	spanish := rules.Event{ID: "mail:1", Request: &rules.Request{Language: "es"}}
	english := rules.Event{ID: "mail:1", Request: &rules.Request{Language: "en"}}
	due := rules.Event{ID: "due:1", Kind: rules.CancellationDue}
	tests := []struct {
		name    string
		event   rules.Event
		verb    string
		args    map[string]string
		subject string
		has     []string
	}{
		{"the first notice says pending, and until when", english, "notify-parties", args,
			"Your cancellation request is being processed: contract C-204417",
			[]string{"Hello Maria Alvarez,", "now pending", "not final yet", "at least until the\nend of Friday, 11 December 2026.", "Reason on record: Moving"}},
		{"it says so in Spanish too", spanish, "notify-parties", args,
			"Estamos tramitando su solicitud de cancelación: contrato C-204417",
			[]string{"Hola, Maria Alvarez:", "pendiente", "no es definitiva", "al menos\nhasta el final del viernes, 11 de diciembre de 2026.", "Motivo registrado: Moving"}},
		{"the last notice says that it is final", due, "send-final-notice", final,
			"Your contract is cancelled: contract C-204417", []string{"fully cancelled", "final", "no longer be restored"}},
		{"it says so in Spanish as well", spanish, "send-final-notice", final,
			"Su contrato está cancelado: contrato C-204417", []string{"definitiva", "ya no se puede restablecer"}},
		{"the homeowner's language is remembered for it", due, "send-final-notice", map[string]string{"template": "cancelled", "to": "m@example.com", "contract": "C-1", "language": "es"},
			"Su contrato está cancelado: contrato C-1", []string{"Hola:", "definitiva"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			writes, err := standard(t).Changes(test.event, rules.Snapshot{}, rules.Decision{Actions: []rules.Action{{Verb: test.verb, On: workflowRef(), Args: test.args}}})
			if err != nil {
				t.Fatal(err)
			}
			w := writes[0]
			if w.System != mapping.Mail || w.Change.Op != connectors.Send || w.Change.Ref != (connectors.Ref{Kind: "message"}) {
				t.Errorf("it goes to %s as %s of %s", w.System, w.Change.Op, w.Change.Ref)
			}
			if w.Change.Fields["subject"] != test.subject {
				t.Errorf("the subject is %q, want %q", w.Change.Fields["subject"], test.subject)
			}
			text := w.Change.Fields["text"].(string)
			for _, part := range test.has {
				if !strings.Contains(text, part) {
					t.Errorf("%q is not in the text:\n%s", part, text)
				}
			}
			if strings.Contains(text, "<no value>") || strings.Contains(text, "\n\n\n") || strings.Contains(w.Text, "@") {
				t.Errorf("the text is not tidy, or the line %q shows an address:\n%s", w.Text, text)
			}
		})
	}
	t.Run("recipients and thread are lists", func(t *testing.T) {
		writes, err := standard(t).Changes(english, rules.Snapshot{}, rules.Decision{Actions: []rules.Action{{Verb: "notify-parties", On: workflowRef(), Args: args}}})
		if err != nil {
			t.Fatal(err)
		}
		got := writes[0].Change.Fields
		delete(got, "text")
		delete(got, "html")
		if diff := cmp.Diff(map[string]any{
			"to": []any{"maria.alvarez@example.com", "luis.alvarez@example.com"}, "cc": []any{"office@brightroofs.example"},
			"subject":     "Your cancellation request is being processed: contract C-204417",
			"in_reply_to": "<m1@example.com>", "references": []any{"<m0@example.com>", "<m1@example.com>"}, "about": "a0W000000000001AAA",
		}, got); diff != "" {
			t.Errorf("the fields differ (-want +got):\n%s", diff)
		}
	})
	t.Run("a name cannot add lines to the mail", func(t *testing.T) {
		evil := map[string]string{"template": "cancelled", "to": "a@example.com", "contract": "C-1\nBcc: x@example.com"}
		writes, err := standard(t).Changes(english, rules.Snapshot{}, rules.Decision{Actions: []rules.Action{{Verb: "send-final-notice", On: workflowRef(), Args: evil}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := writes[0].Change.Fields["subject"]; got != "Your contract is cancelled: contract C-1 Bcc: x@example.com" {
			t.Errorf("the subject is %q", got)
		}
	})
}

func TestChangesRefuses(t *testing.T) {
	hold := rules.Event{ID: "sf:1", Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}
	job := func(id string) rules.Ref { return rules.Ref{Kind: "job", ID: id} }
	tests := []struct {
		name   string
		action rules.Action
		want   string
	}{
		{"a verb nobody knows", rules.Action{Verb: "explode", On: workflowRef()}, `nothing is known about the verb "explode"`},
		{"a visit whose status is not known", rules.Action{Verb: "cancel-job", On: job("a04000000000005AAA")}, "the action does not say the job's status"},
		{"an allocation to nobody", rules.Action{Verb: "allocate-saved", On: job("a04000000000001AAA")}, "the action names no resource"},
		{"a visit's status that is none", rules.Action{Verb: "reopen-job", On: job("a04000000000001AAA"), Args: map[string]string{"status": "gone", "status-was": "ready"}}, "the org has no word for it"},
		{"a workflow's status that is none", rules.Action{Verb: "restore-workflow", On: workflowRef()}, `no workflow status is called ""`},
		{"an assignment without a case", rules.Action{Verb: "assign-case", On: workflowRef()}, "the decision opens no case"},
		{"a queue without a case", rules.Action{Verb: "requeue-case", On: workflowRef()}, "the decision opens no case"},
		{"a mail to nobody", rules.Action{Verb: "notify-parties", On: workflowRef(), Args: map[string]string{"template": "cancelled"}}, "the notice has no recipient"},
		{"a mail that is not written", rules.Action{Verb: "notify-parties", On: workflowRef(), Args: map[string]string{"template": "hello", "to": "a@example.com"}}, `there is no template "hello"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, s := ready(t, hold)
			got, err := m.Changes(hold, s, rules.Decision{Actions: []rules.Action{test.action}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error is %v, want one with %q", err, test.want)
			}
			if got != nil {
				t.Errorf("there are writes beside the error: %v", got)
			}
		})
	}
	t.Run("a case for the queue before any snapshot", func(t *testing.T) {
		_, err := standard(t).Changes(hold, rules.Snapshot{}, rules.Decision{Actions: []rules.Action{{Verb: "hold-for-review", On: workflowRef()}}})
		if err == nil || !strings.Contains(err.Error(), "take a snapshot first") {
			t.Errorf("error is %v, want one that says what to do", err)
		}
	})
}

func TestKeys(t *testing.T) {
	e := rules.Event{ID: "sf:1", Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}
	m, s := ready(t, e)
	give := func(who string) rules.Action {
		return rules.Action{Verb: "allocate-saved", On: rules.Ref{Kind: "job", ID: "a04000000000002AAA"}, Args: map[string]string{"resource": who}}
	}
	say := rules.Action{Verb: "post-comment", On: rules.Ref{Kind: "contact", ID: finch}, Args: map[string]string{"text": "hello"}}
	keys := func(e rules.Event, d rules.Decision) string {
		t.Helper()
		writes, err := m.Changes(e, s, d)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, w := range writes {
			all = append(all, w.Change.Key)
		}
		return strings.Join(all, " ")
	}
	one := func(table string, a rules.Action) string {
		return keys(e, rules.Decision{Table: table, Actions: []rules.Action{a}})
	}
	t.Run("deciding again gives the same keys", func(t *testing.T) {
		if first, again := one("x", say), one("x", say); first != again {
			t.Error("the keys differ")
		}
	})
	t.Run("other texts have the same key", func(t *testing.T) {
		reworded := say
		reworded.Args = map[string]string{"text": "hello again"}
		if one("x", say) != one("x", reworded) {
			t.Error("the keys differ")
		}
	})
	t.Run("what else is done does not matter", func(t *testing.T) {
		both := keys(e, rules.Decision{Table: "x", Actions: []rules.Action{give(cy), give(ann), say}})
		if want := fmt.Sprintf("%s %s %s", one("x", give(cy)), one("x", give(ann)), one("x", say)); both != want {
			t.Errorf("the keys are\n%s, want\n%s", both, want)
		}
	})
	t.Run("event, table, verb, subject and repetition do", func(t *testing.T) {
		other := e
		other.ID = "sf:2"
		elsewhere := say
		elsewhere.On.ID = "003000000000001AAA"
		twice := strings.Fields(keys(e, rules.Decision{Table: "x", Actions: []rules.Action{say, say}}))
		all := map[string]bool{}
		for _, key := range append(twice,
			keys(other, rules.Decision{Table: "x", Actions: []rules.Action{say}}), one("y", say), one("x", elsewhere), one("x", give(cy)), one("x", give(ann))) {
			all[key] = true
		}
		if len(all) != 7 {
			t.Errorf("there are %d different keys, want 7", len(all))
		}
	})
}

func TestEveryVerbIsWritten(t *testing.T) {
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range book.Verbs() {
		_, err := standard(t).Changes(rules.Event{}, rules.Snapshot{}, rules.Decision{Actions: []rules.Action{{Verb: verb.Name}}})
		if err != nil && strings.Contains(err.Error(), "nothing is known about the verb") {
			t.Error(err)
		}
	}
}

func TestACommentThatIsAmendedStaysWithinItsLength(t *testing.T) {
	long := connectors.Change{Fields: map[string]any{"Body": strings.Repeat("ä", 9900)}}
	body := mapping.Amend(long, []string{"J-1: cancelled (decline by dana)"}).Fields["Body"].(string)
	if n := utf8.RuneCountInString(body); n > 9900 {
		t.Errorf("%d characters, want 9,900 at most", n)
	}
	if !strings.HasSuffix(body, "…\n\nNot done after all:\n- J-1: cancelled (decline by dana)") {
		t.Errorf("the end is %q", body[len(body)-80:])
	}
	if got := long.Fields["Body"].(string); len(got) != 2*9900 {
		t.Error("the change it was made from is another now")
	}
}
