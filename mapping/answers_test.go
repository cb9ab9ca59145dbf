package mapping_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

// answering is the standard mapping of an org in whose cases people answer.
func answering(t *testing.T, c mapping.Object) *mapping.Mapping {
	t.Helper()
	m, err := mapping.New(mapping.Config{Presets: everyBook, Objects: map[string]mapping.Object{"case": c}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Snapshot(t.Context(), newOrg(t, naming{}), memories, rules.Event{Kind: rules.WorkflowChanged, Subject: workflowRef()}, now); err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	inField  = mapping.Object{Fields: map[string]string{"answer": "Answer__c", "answer_reason": "Why__c", "status": "Status"}}
	byFlow   = mapping.Object{Fields: map[string]string{"answer": "Answer__c", "answered_by": "Answered_By__c"}}
	inStatus = mapping.Object{
		Fields: map[string]string{"answer": "Status", "status": "Status"},
		Values: map[string]map[string]string{"answer": {"approve": "Approved", "decline": "Declined"}},
	}
)

func TestArrivalOfAnswers(t *testing.T) {
	const elena, daemon = "005000000000001AAA", "005000000000009AAA"
	made := func(fields map[string]any) connectors.Record {
		r := record("Case", "500A", map[string]any{"Standdown_Key__c": "k1", "LastModifiedBy": map[string]any{"Name": "Elena Rossi"}})
		r.By = elena
		for name, value := range fields {
			r.Fields[name] = value
		}
		return r
	}
	own := made(map[string]any{"Answer__c": "Approve"})
	own.By, own.Own = daemon, true
	stranger := made(map[string]any{"Answer__c": "Approve"})
	stranger.Fields["Standdown_Key__c"] = nil
	answer := func(says, word string) *mapping.Answer {
		return &mapping.Answer{Case: connectors.Ref{Kind: "Case", ID: "500A"}, Key: "k1", Says: says, Word: word, User: elena, Name: "Elena Rossi"}
	}
	with := func(a *mapping.Answer, change func(*mapping.Answer)) *mapping.Answer { change(a); return a }
	for _, test := range []struct {
		name   string
		object mapping.Object
		record connectors.Record
		want   *mapping.Answer
	}{
		{"an answer has who saved it and why", inField, made(map[string]any{"Answer__c": "decline", "Why__c": "a mistake"}),
			with(answer("decline", "decline"), func(a *mapping.Answer) { a.Reason = "a mistake" })},
		{"a word that is not mapped is an answer that means nothing", inField, made(map[string]any{"Answer__c": "Perhaps"}), answer("", "Perhaps")},
		{"nothing is no answer", inField, made(map[string]any{"Answer__c": nil}), nil},
		{"in a case that was not opened here nobody answers", inField, stranger, nil},
		{"nobody knows who answered before the daemon wrote", inField, own, with(answer("approve", "Approve"), func(a *mapping.Answer) { a.User, a.Name = "", "" })},
		{"a flow says who answered", byFlow, made(map[string]any{"Answer__c": "Waive", "Answered_By__c": "005F", "Answered_By__r": map[string]any{"Name": "Fay"}}),
			with(answer("waive", "Waive"), func(a *mapping.Answer) { a.User, a.Name = "005F", "Fay" })},
		{"whom the flow does not name is not known", byFlow, made(map[string]any{"Answer__c": "Approve", "Answered_By__c": nil}),
			with(answer("approve", "Approve"), func(a *mapping.Answer) { a.User, a.Name = "", "" })},
		{"a state of the case may be the answer", inStatus, made(map[string]any{"Status": "Approved"}), answer("approve", "Approved")},
		{"another state is none", inStatus, made(map[string]any{"Status": "Working"}), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := answering(t, test.object).Arrival(test.record)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Answer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if (got.Event != nil) != (test.want != nil) {
				t.Errorf("event %v", got.Event)
			}
		})
	}
	t.Run("an edit by somebody else is no new answer, another answer is", func(t *testing.T) {
		m := answering(t, inField)
		watched := func(fields map[string]any, by string) string {
			r := made(fields)
			r.By = by
			a, err := m.Arrival(r)
			if err != nil {
				t.Fatal(err)
			}
			return a.Watched
		}
		first := watched(map[string]any{"Answer__c": "Approve"}, elena)
		if got := watched(map[string]any{"Answer__c": "Approve", "Why__c": "x"}, daemon); got != first {
			t.Error("it is one")
		}
		if watched(map[string]any{"Answer__c": "Decline"}, elena) == first || watched(nil, elena) == first {
			t.Error("it is none")
		}
	})
	t.Run("without an answer in the mapping, cases are not watched", func(t *testing.T) {
		for _, w := range standard(t).Watches() {
			if w.Object == "Case" {
				t.Errorf("%+v", w)
			}
		}
	})
	t.Run("what is watched", func(t *testing.T) {
		watches := answering(t, byFlow).Watches()
		want := mapping.Watch{Object: "Case", Fields: []string{"Standdown_Key__c", "Answer__c", "Answered_By__c", "Answered_By__r.Name", "LastModifiedBy.Name"}, Having: "Standdown_Key__c"}
		if diff := cmp.Diff(want, watches[len(watches)-1]); diff != "" {
			t.Errorf("watch (-want +got):\n%s", diff)
		}
	})
}

func TestAsk(t *testing.T) {
	m := answering(t, inField)
	s, err := m.Snapshot(t.Context(), newOrg(t, naming{}), memories, rules.Event{Kind: rules.WorkflowChanged, Subject: workflowRef()}, now)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Ask(mapping.Question{
		ID: "D12", Snapshot: s, Event: rules.Event{Request: &rules.Request{Quote: "Please cancel."}},
		Decisions: []rules.Decision{{
			Table: "cancellation.request", Row: "C4", Because: "MIL-11: it is asked for", Subject: workflowRef(),
			Facts: []rules.Fact{{Name: "request", Value: "written", Reason: "a mail"}}, Warnings: []string{"mind the crew"},
		}, {
			Table: "cancellation.notify", Row: "T1", Because: "MIL-8: all signed", Subject: workflowRef(),
			Facts: []rules.Fact{{Name: "request", Value: "written", Reason: "a mail"}, {Name: "signers", Value: "both", Reason: "Installer;Sales Rep"}},
		}},
		Proposed: []string{"W-1042 M1 review: Status: Pending -> Rejected", "W-1042: Status: Active -> Cancel Pending"}, Until: at("2026-12-01T09:30:00Z"),
	})
	want := map[string]any{
		"Subject": "For approval: W-1042: W-1042 M1 review: Status: Pending -> Rejected (and 1 more)",
		"OwnerId": queue, "Status": "New", "ContactId": "003000000000001AAA", "Workflow__c": w1042, "Request_Type__c": "Approval",
		"Description": `This waits for approval:
- W-1042 M1 review: Status: Pending -> Rejected
- W-1042: Status: Active -> Cancel Pending

Why:
- MIL-11: it is asked for (row C4 of cancellation.request)
- MIL-8: all signed (row T1 of cancellation.notify)

What was found:
- request: written (a mail)
- signers: both (Installer;Sales Rep)

Note: mind the crew.

The mail says: "Please cancel."

If nobody answers by 1 December 2026 at 09:30 UTC, nothing is done.

To answer here, set Answer to "Approve" to have it done or "Decline" to have it not done; the reason goes into Why.
Who has caused the change does not approve it.

Decision D12`,
	}
	if diff := cmp.Diff(want, got.Change.Fields); diff != "" {
		t.Errorf("case (-want +got):\n%s", diff)
	}
	t.Run("however long the evidence is, the choices are there", func(t *testing.T) {
		long := m.AskAll("R12", strings.Repeat("much ", 10_000), []string{"one"}, 1).Change.Fields["Description"].(string)
		if utf8.RuneCountInString(long) > 32_000 || !strings.Contains(long, `"Decline" to have it not done`) || !strings.HasSuffix(long, "Hold R12") {
			t.Errorf("%d characters, which end %q", len(long), long[len(long)-200:])
		}
	})
}

func TestEndQuestion(t *testing.T) {
	for _, test := range []struct {
		name      string
		object    mapping.Object
		word, how string
		want      []connectors.Change
	}{
		{"what was answered elsewhere closes the case unless it has an answer, and is told", inField, "", "Approved by uma.", []connectors.Change{
			{Op: "update", Ref: connectors.Ref{Kind: "Case", ID: "@k1"}, Fields: map[string]any{"Status": "Closed"}, If: map[string]any{"Answer__c": nil}},
			{Op: "post", Ref: connectors.Ref{Kind: "Case", ID: "@k1"}, Fields: map[string]any{"Body": "Approved by uma."}},
		}},
		{"what was answered there closes the case if the answer still stands, and is not told again", inField, "Approve", "Approved by uma.", []connectors.Change{
			{Op: "update", Ref: connectors.Ref{Kind: "Case", ID: "@k1"}, Fields: map[string]any{"Status": "Closed"}, If: map[string]any{"Answer__c": "Approve"}},
		}},
		{"a case that cannot be closed is told", byFlow, "", "Declined by uma.", []connectors.Change{
			{Op: "post", Ref: connectors.Ref{Kind: "Case", ID: "@k1"}, Fields: map[string]any{"Body": "Declined by uma."}},
		}},
		{"a state that is an answer is not overwritten", inStatus, "Approved", "Approved by uma.", nil},
		{"a case answered by its state is closed while nobody has touched it", inStatus, "", "Approved by uma.", []connectors.Change{
			{Op: "update", Ref: connectors.Ref{Kind: "Case", ID: "@k1"}, Fields: map[string]any{"Status": "Closed"}, If: map[string]any{"Status": "New"}},
			{Op: "post", Ref: connectors.Ref{Kind: "Case", ID: "@k1"}, Fields: map[string]any{"Body": "Approved by uma."}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []connectors.Change
			for _, w := range answering(t, test.object).EndQuestion("k1", test.word, test.how) {
				got = append(got, w.Change)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	for _, test := range []struct {
		object mapping.Object
		want   string
	}{
		{inField, "The answer \"Yes\" was not taken: too late.\nTo answer again, first save Answer empty, and answer some minutes later."},
		{inStatus, "The answer \"Yes\" was not taken: too late."},
	} {
		c := answering(t, test.object).Refuse(connectors.Ref{Kind: "Case", ID: "500A"}, "Yes", "too late").Change
		if got := c.Fields["Body"]; got != test.want || c.Ref.ID != "500A" {
			t.Errorf("in %s it says %q, want %q", c.Ref, got, test.want)
		}
	}
}

func TestACaseForReviewSaysWhatCanBeAnsweredThere(t *testing.T) {
	m := answering(t, inField)
	id := "a0S1"
	assignment := rules.Ref{Kind: "assignment", ID: id}
	for _, test := range []struct {
		name     string
		snapshot rules.Snapshot
		on       rules.Ref
		want     []string // answers
	}{
		{"a workflow that is still pending", rules.Snapshot{Workflows: []rules.Workflow{{ID: w1042, Status: "cancel-pending"}}}, workflowRef(), []string{"Restore"}},
		{"one that is not", rules.Snapshot{Workflows: []rules.Workflow{{ID: w1042, Status: "active"}}}, workflowRef(), nil},
		{"another one that is", rules.Snapshot{Workflows: []rules.Workflow{{ID: "a0W2", Status: "cancel-pending"}}}, workflowRef(), nil},
		{"an assignment that is billed", rules.Snapshot{Assignments: []rules.Assignment{{ID: id, Status: "cancelled", Billing: &rules.Billing{Status: "pending-review"}}}}, assignment, []string{"Un-cancel", "Waive"}},
		{"one that is not", rules.Snapshot{Assignments: []rules.Assignment{{ID: id, Status: "cancelled"}}}, assignment, []string{"Un-cancel"}},
		{"one that stands", rules.Snapshot{Assignments: []rules.Assignment{{ID: id, Status: "filled"}}}, assignment, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := rules.Decision{Actions: []rules.Action{{Verb: "hold-for-review", On: test.on, Args: map[string]string{"title": "Look", "text": "Please look."}}}}
			writes, err := m.Changes(rules.Event{ID: "e1"}, test.snapshot, d)
			if err != nil {
				t.Fatal(err)
			}
			text := writes[0].Change.Fields["Description"].(string)
			for _, answer := range []string{"Restore", "Un-cancel", "Waive", "Approve", "Decline"} {
				wanted := false
				for _, w := range test.want {
					wanted = wanted || w == answer
				}
				if strings.Contains(text, `"`+answer+`"`) != wanted {
					t.Errorf("%s is offered, or is not, in:\n%s", answer, text)
				}
			}
			if len(test.want) == 0 && text != "Please look." {
				t.Errorf("it says %q", text)
			}
		})
	}
}

func TestAskingIsNotTakenBack(t *testing.T) {
	m := answering(t, inField)
	for _, w := range append(m.EndQuestion("k1", "", "Approved."), m.AskAll("R1", "much", []string{"one"}, 3)) {
		if back, err := mapping.Undo(w, connectors.Result{Ref: w.Change.Ref, Before: map[string]any{"Status": "New"}}, "uma", "why"); err == nil {
			t.Errorf("%s is taken back by %+v", w.Verb, back)
		}
	}
}

func TestWhatIsSetHereIsNoAnswer(t *testing.T) {
	c := inStatus
	c.Values = map[string]map[string]string{"answer": {"approve": "Approved", "decline": "closed"}}
	_, err := mapping.New(mapping.Config{Presets: everyBook, Objects: map[string]mapping.Object{"case": c}})
	if err == nil || !strings.Contains(err.Error(), `objects.case.values.answer.decline: "closed" is what is set there when nobody need answer any more (values.status.closed)`) {
		t.Errorf("error %v", err)
	}
}

func TestAnAnswerNeedsItsWords(t *testing.T) {
	c := inField
	c.Values = map[string]map[string]string{"answer": {"approve": "Yes", "decline": "Yes"}}
	_, err := mapping.New(mapping.Config{Presets: everyBook, Objects: map[string]mapping.Object{"case": c}})
	if err == nil || !strings.Contains(err.Error(), `objects.case.values.answer.decline: "Yes" stands for "approve" already`) {
		t.Errorf("error %v", err)
	}
}
