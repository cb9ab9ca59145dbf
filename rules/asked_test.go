package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What people of the back office ask for under their own names stays within the
// rules, whatever they ask for. -rapid.checks sets how many situations are tried.
func TestPropertiesOfWhatPeopleAskFor(t *testing.T) {
	for _, property := range []struct {
		name  string
		check func(*rapid.T)
	}{
		{"a mail is judged as a mail, whoever is named beside it", aNameProvesNoMail},
		{"a reason given changes no row", aReasonChangesNoRow},
		{"a workflow is restored only in time, and for somebody known", restoredOnlyInTime},
		{"billing is waived only on the word of somebody known, and while it is not settled", waivedOnlyByName},
		{"an assignment is reopened only while it is cancelled, not over and not settled", reopenedOnlyBeforeItsEnd},
		{"doing what was asked for twice is doing it once", askedTwiceIsOnce},
		{"the rows of an assignment are the same with and without a trace", assignmentRowsNeedNoTrace},
	} {
		t.Run(property.name, func(t *testing.T) { rapid.Check(t, property.check) })
	}
}

func aNameProvesNoMail(t *rapid.T) {
	b, w, e := drawBook(t), drawWorkflow(t), drawEvent(t, "e1")
	if e.Request == nil {
		t.Skip("no mail")
	}
	s := Snapshot{Workflows: []Workflow{w}}
	e.By = ""
	plan := b.Decide(s, e, drawnNow)
	e.By, e.Reason = "Dana Whitlock", "She called."
	if diff := cmp.Diff(plan, b.Decide(s, e, drawnNow)); diff != "" {
		t.Fatalf("with a name beside it the mail is judged otherwise (-without +with):\n%s", diff)
	}
}

func aReasonChangesNoRow(t *rapid.T) {
	b := drawBook(t)
	s := Snapshot{Workflows: []Workflow{drawWorkflow(t)}, Assignments: []Assignment{drawAssignment(t)}}
	for _, e := range []Event{drawEvent(t, "e1"), drawAsk(t, "e1")} {
		rows := b.Rows(s, e, drawnNow)
		e.Reason = rapid.String().Draw(t, "reason")
		if diff := cmp.Diff(rows, b.Rows(s, e, drawnNow)); diff != "" {
			t.Fatalf("with a reason other rows decide (-without +with):\n%s", diff)
		}
	}
}

func restoredOnlyInTime(t *rapid.T) {
	b, w := drawBook(t), drawWorkflow(t)
	e := Event{ID: "e1", Kind: RestoreRequested, At: drawnNow, Subject: Ref{"workflow", "W1"}, By: often(t, "by", "Dana Whitlock", "", " ")}
	if rapid.Bool().Draw(t, "blocked") {
		w.RestoreBlock = "Utility bill overdue"
	}
	plan := b.Decide(Snapshot{Workflows: []Workflow{w}}, e, drawnNow)
	for _, a := range actions(plan) {
		if a.Verb == holdForReview {
			continue
		}
		window := plan.Decisions[0].Facts[slices.IndexFunc(plan.Decisions[0].Facts, func(f Fact) bool { return f.Name == "window" })]
		if strings.TrimSpace(e.By) == "" || w.Status != "cancel-pending" || w.RestoreBlock != "" || window.Value != "open" {
			t.Fatalf("%q has %s, which is %q (%s)", e.By, a, w.Status, window.Reason)
		}
		if restores := a.Verb == "restore-workflow"; restores && !b.Settings().Cancellation.AutoRestore {
			t.Fatal("restored, though Deal Processing restores")
		}
		if text := a.Args["text"] + a.Args["description"]; text != "" && !strings.Contains(text, "Dana Whitlock") {
			t.Fatalf("%s does not name who asked: %q", a, text)
		}
	}
}

func waivedOnlyByName(t *rapid.T) {
	b, a, e := drawBook(t), drawAssignment(t), drawAsk(t, "e1")
	for _, act := range actions(b.Decide(Snapshot{Assignments: []Assignment{a}}, e, drawnNow)) {
		if act.Verb != "waive-billing" {
			continue
		}
		who := e.By
		if e.Kind == AssignmentChanged {
			who = a.WaivedBy
		}
		if strings.TrimSpace(who) == "" || act.Args["by"] != who || a.Status != "cancelled" || a.Invoiced || a.Billing.Status != "pending-review" {
			t.Fatalf("%s on the word of %q waives %+v of %+v", e.Kind, who, a.Billing, a)
		}
	}
}

func reopenedOnlyBeforeItsEnd(t *rapid.T) {
	b, a, e := drawBook(t), drawAssignment(t), drawAsk(t, "e1")
	for _, act := range actions(b.Decide(Snapshot{Assignments: []Assignment{a}}, e, drawnNow)) {
		if act.Verb != "reopen-assignment" {
			continue
		}
		settled := a.Billing != nil && (a.Invoiced || !slices.Contains([]string{"pending-review", "not-billable", "waived", "voided"}, a.Billing.Status))
		if e.Kind != AssignmentUncancelRequested || a.Status != "cancelled" || !drawnNow.Before(a.End) || settled {
			t.Fatalf("%s reopens %+v", e.Kind, a)
		}
	}
}

func askedTwiceIsOnce(t *rapid.T) {
	b, a, e := drawBook(t), drawAssignment(t), drawAsk(t, "e1")
	s := Snapshot{Assignments: []Assignment{a}}
	plan := b.Decide(s, e, drawnNow)
	for _, act := range actions(plan) {
		switch act.Verb {
		case "cancel-assignment":
			s.Assignments[0].Status, s.Assignments[0].Ask, s.Assignments[0].CancelledBy = "cancelled", "", standdown
		case "reopen-assignment":
			s.Assignments[0].Status, s.Assignments[0].Ask, s.Assignments[0].Waive = "unfilled", "", false
		case "release-interpreter":
			s.Assignments[0].Interpreters = nil
		case "record-billing":
			status := map[string]string{"billable": "pending-review", "free": "not-billable", "waived": "waived"}[act.Args["verdict"]]
			s.Assignments[0].Billing = &Billing{ID: "B2", Status: status}
		case "void-billing":
			s.Assignments[0].Billing = &Billing{ID: "B1", Status: "voided"}
		case "waive-billing":
			s.Assignments[0].Billing = &Billing{ID: "B1", Status: "waived"}
		}
	}
	e.ID = "e2"
	for _, act := range actions(b.Decide(s, e, drawnNow)) {
		if act.Verb != holdForReview && act.Verb != postComment {
			t.Fatalf("once %v was done, %s asks for %s", plan, e.Kind, act)
		}
	}
}

func assignmentRowsNeedNoTrace(t *rapid.T) {
	compareRows(t, drawBook(t), Snapshot{Assignments: []Assignment{drawAssignment(t)}}, drawAsk(t, "e1"))
}
