package mapping_test

import (
	"strings"
	"testing"

	"standdown/rules"
)

// asked is what Dana asks for about a record, under her own name.
func asked(kind, of, id string) rules.Event {
	return rules.Event{ID: "ask:" + kind, Kind: kind, At: now, Subject: rules.Ref{Kind: of, ID: id}, By: "Dana Whitlock", Reason: "They called."}
}

func TestSomebodyOfTheBackOfficeHasAWorkflowRestored(t *testing.T) {
	pending := func(t *testing.T, settings rules.Settings) *world {
		w := newWorld(t)
		w.happens(asks("maria.alvarez@example.com", "C-204417"))
		w.arrives("Workflow__c", w1042)
		w.holds("Workflow__c", w1042, map[string]any{"Status__c": "Cancel Pending"})
		book, err := rules.Load(settings)
		if err != nil {
			t.Fatal(err)
		}
		w.book = book
		return w
	}

	t.Run("by the daemon, where it restores", func(t *testing.T) {
		settings := rules.Defaults()
		settings.Cancellation.AutoRestore = true
		w := pending(t, settings)
		w.happens(asked(rules.RestoreRequested, "workflow", w1042))
		w.holds("Workflow__c", w1042, map[string]any{"Status__c": "Active"})
		posts := w.org.Posts()
		if last := posts[len(posts)-1].Change; !strings.Contains(last.Fields["Body"].(string), "Dana Whitlock of the back office asked") {
			t.Errorf("the last comment is %+v", last)
		}
		if n := len(w.org.Sent()); n != 1 {
			t.Errorf("%d mails were sent, want only that of the cancellation", n)
		}
	})

	t.Run("by Deal Processing, where that restores", func(t *testing.T) {
		w := pending(t, rules.Defaults())
		w.happens(asked(rules.RestoreRequested, "workflow", w1042))
		w.holds("Workflow__c", w1042, map[string]any{"Status__c": "Cancel Pending"})
		cases := w.all("Case", "Description")
		if len(cases) != 1 || !strings.Contains(cases[0].Fields["Description"].(string), "Dana Whitlock of the back office asked") {
			t.Errorf("there are the cases %+v", cases)
		}
	})
}

func TestSomebodyOfTheBackOfficeWaivesAndTakesBack(t *testing.T) {
	a := newAgency(t)
	const billing = "SELECT Status__c, Waived_By__c FROM Billing_Decision__c"
	if got := a.mails(clinic, "Please cancel assignment A-3017."); got != "Q1 V3 K2" {
		t.Fatalf("decided by %s", got)
	}
	a.see(billing, "Pending Review, ")

	if got := a.happens(asked(rules.AssignmentWaiveRequested, "assignment", a.ids["A-3017"])); got != "Z1" {
		t.Errorf("waiving is decided by %s", got)
	}
	a.see(billing, "Waived, Dana Whitlock")

	if got := a.happens(asked(rules.AssignmentUncancelRequested, "assignment", a.ids["A-3017"])); got != "U2" {
		t.Errorf("taking it back is decided by %s", got)
	}
	a.see("SELECT Status__c, Cancel_Requested_By__c, Cancelled_By__c FROM Assignment__c WHERE Name = 'A-3017'", "Unfilled, , ")
	a.see(billing, "Voided, Dana Whitlock")

	if got := a.happens(asked(rules.AssignmentCancelRequested, "assignment", a.ids["A-3017"])); got != "Q1 V2 K2" {
		t.Errorf("cancelling is decided by %s", got)
	}
	a.see("SELECT Status__c, Cancel_Requested_By__c FROM Assignment__c WHERE Name = 'A-3017'", "Cancelled, Dana Whitlock")
}
