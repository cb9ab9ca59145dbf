package mapping_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
	"standdown/mapping"
	"standdown/rules"
)

// An agency is a sandbox org in which what happens is decided and written at
// once.
type agency struct {
	*testing.T
	client  *salesforce.Client
	org     *sandbox.Org
	ids     map[string]string // of the assignments, by name
	mapping *mapping.Mapping
	book    *rules.Book
	memory  recall
}

func newAgency(t *testing.T) *agency {
	t.Helper()
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	m := standard(t)
	client, o, seed := seeded(t, m, "")
	return &agency{T: t, client: client, org: o, ids: seed.Assignments, mapping: m, book: book, memory: recall{}}
}

// mails has a customer's contact write, and returns the rows that decide.
func (a *agency) mails(from, text string) string {
	a.Helper()
	arrival, err := a.mapping.Arrival(mail(text, map[string]any{"from": from, "subject": "Our appointment", "sha256": text}))
	if err != nil || arrival.Event == nil {
		a.Fatalf("the mail means nothing: %s, %v", arrival.Why, err)
	}
	arrival.Event.At = now
	return a.happens(*arrival.Event)
}

// edits has a person change an assignment's record.
func (a *agency) edits(name string, fields map[string]any) string {
	a.Helper()
	if err := a.org.Update("Assignment__c", a.ids[name], fields); err != nil {
		a.Fatal(err)
	}
	rows, err := a.org.Query("SELECT FIELDS(ALL) FROM Assignment__c WHERE Name = '" + name + "' LIMIT 1")
	if err != nil {
		a.Fatal(err)
	}
	arrival, err := a.mapping.Arrival(connectors.Record{Ref: connectors.Ref{Kind: "Assignment__c", ID: a.ids[name]}, Version: "1", At: now, Fields: rows[0]})
	if err != nil || arrival.Event == nil {
		a.Fatalf("the change means nothing: %s, %v", arrival.Why, err)
	}
	return a.happens(*arrival.Event)
}

func (a *agency) happens(e rules.Event) string {
	a.Helper()
	e, err := a.mapping.Choose(a.Context(), a.client, e)
	if err != nil {
		a.Fatal(err)
	}
	s, err := a.mapping.Snapshot(a.Context(), a.client, a.memory, e, now)
	if err != nil {
		a.Fatal(err)
	}
	var decided []string
	for _, d := range a.book.Decide(s, e, now).Decisions {
		decided = append(decided, d.Row)
		writes, err := a.mapping.Changes(e, s, d)
		if err != nil {
			a.Fatal(err)
		}
		for _, w := range writes {
			if r := a.client.Apply(a.Context(), []connectors.Change{w.Change})[0]; r.Err != nil {
				a.Fatalf("%s: %s: %v", w.Verb, w.Text, r.Err)
			}
		}
		a.memory[d.Subject] = d.Remember
	}
	return strings.Join(decided, " ")
}

// see compares what a query finds, one line a row.
func (a *agency) see(soql string, want ...string) {
	a.Helper()
	rows, err := a.org.Query(soql)
	if err != nil {
		a.Fatal(err)
	}
	fields := strings.Split(strings.TrimPrefix(soql[:strings.Index(soql, " FROM ")], "SELECT "), ", ")
	var got []string
	for _, r := range rows {
		var line []string
		for _, f := range fields {
			value := ""
			if r[f] != nil {
				value = fmt.Sprint(r[f])
			}
			line = append(line, value)
		}
		got = append(got, strings.Join(line, ", "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		a.Errorf("%s (-want +got):\n%s", soql, diff)
	}
}

const (
	clinic = "joan.price@mercyclinic.example"
	legal  = "victor.hale@oakstreet.example"
)

func TestALateCancellationIsBilledWaivedAndTakenBack(t *testing.T) {
	a := newAgency(t)
	const assignment = "SELECT Status__c, Cancel_Requested_By__c, Cancelled_By__c FROM Assignment__c WHERE Name = 'A-3017'"
	const billing = "SELECT Status__c, Charge_Minutes__c, Payout_Minutes__c, Travel__c, Mileage__c, Expenses__c, Waived_By__c FROM Billing_Decision__c"

	if got := a.mails(clinic, "Please cancel assignment A-3017."); got != "Q1 V3 K2" {
		t.Fatalf("decided by %s", got)
	}
	a.see(assignment, "Cancelled, Maria Alvarez <"+clinic+">, Standdown")
	a.see(billing, "Pending Review, 120, 120, 0, 0, 0, ")

	if got := a.edits("A-3017", map[string]any{"Waive_Billing__c": true}); got != "Z2" {
		t.Errorf("a waiver without a name is decided by %s", got)
	}
	a.see(billing, "Pending Review, 120, 120, 0, 0, 0, ")
	if got := a.edits("A-3017", map[string]any{"Waived_By__c": "Dana Whitlock"}); got != "Z1" {
		t.Errorf("a waiver is decided by %s", got)
	}
	a.see(billing, "Waived, 120, 120, 0, 0, 0, Dana Whitlock")

	if got := a.mails(clinic, "We cancelled A-3017 in error. Please un-cancel it."); got != "U2" {
		t.Errorf("taking it back is decided by %s", got)
	}
	a.see(assignment, "Unfilled, , ")
	a.see(billing, "Voided, 120, 120, 0, 0, 0, Dana Whitlock")
	a.see("SELECT Status__c FROM Assignment_Interpreter__c WHERE Assignment__r.Name = 'A-3017'", "Released")
}

func TestAWholeSeriesIsCancelledByMail(t *testing.T) {
	a := newAgency(t)
	if got := a.mails(clinic, "Please cancel the whole series S-114."); got != "Q2 K9 K7 V3 K2 V1 K1" {
		t.Errorf("decided by %s", got)
	}
	a.see("SELECT Name, Status__c FROM Assignment__c WHERE Series__c = 'S-114' ORDER BY Name",
		"A-3101, Completed", "A-3102, Completed", "A-3103, Cancelled", "A-3104, Cancelled")
	a.see("SELECT Status__c FROM Billing_Decision__c ORDER BY Status__c", "Not Billable", "Pending Review")
}

func TestAssignmentsAreCancelledAtTheRecord(t *testing.T) {
	t.Run("by the choice of a person there", func(t *testing.T) {
		a := newAgency(t)
		if got := a.edits("A-3103", map[string]any{"Cancellation_Request__c": "Cancel whole series", "Cancel_Requested_By__c": "Front desk"}); got != "Q2 K9 K7 V3 K2 V1 K1" {
			t.Errorf("decided by %s", got)
		}
		a.see("SELECT Status__c, Cancel_Requested_By__c, Cancellation_Request__c FROM Assignment__c WHERE Name IN ('A-3103', 'A-3104')",
			"Cancelled, Front desk, ", "Cancelled, Front desk, ")
	})
	t.Run("in the form, where the requester is required too", func(t *testing.T) {
		a := newAgency(t)
		if got := a.edits("A-3018", map[string]any{"Status__c": "Cancelled"}); got != "E2" {
			t.Errorf("decided by %s", got)
		}
		a.see("SELECT Assignment__c FROM Case WHERE Request_Type__c = 'Review'", a.ids["A-3018"])
		a.see("SELECT Status__c FROM Billing_Decision__c")
		if got := a.edits("A-3018", map[string]any{"Cancel_Requested_By__c": "Front desk"}); got != "V1 E1" {
			t.Errorf("decided by %s", got)
		}
		a.see("SELECT Status__c FROM Billing_Decision__c", "Not Billable")
	})
}

func TestChoosingTheRuleBook(t *testing.T) {
	const homeowner = "maria.alvarez@example.com"
	tests := []struct {
		name, from, text string
		both             bool // the homeowner is also a contact of a customer
		want             string
	}{
		{"a named assignment", clinic, "Please cancel A-3017.", false, rules.AssignmentCancelRequested},
		{"a named series", clinic, "Please cancel the whole series S-114.", false, rules.AssignmentCancelRequested},
		{"a named contract", homeowner, "Please cancel my contract C-204417.", false, rules.CancellationRequested},
		{"a contract and an assignment", homeowner, "Please cancel C-204417 and A-3017.", false, rules.RequestUnclear},
		{"a named assignment to be restored", clinic, "Please reinstate assignment A-3017.", false, rules.AssignmentUncancelRequested},
		{"an appointment of somebody with assignments", legal, "Please cancel our interpreter appointment on Tuesday.", false, rules.AssignmentCancelRequested},
		{"an appointment of somebody without", homeowner, "Please cancel my appointment on Tuesday.", false, rules.RequestUnclear},
		{"a contract of somebody with assignments", legal, "Please cancel our contract.", false, rules.CancellationRequested},
		{"a service of somebody with a contract", homeowner, "I want to cancel. Please cancel my contract, thank you.", false, rules.CancellationRequested},
		{"an appointment of somebody with a contract and assignments", homeowner, "Please cancel our interpreter appointment on Tuesday.", true, rules.AssignmentCancelRequested},
		{"a contract of somebody with a contract and assignments", homeowner, "Please cancel my contract.", true, rules.CancellationRequested},
		{"a visit for a named contract", homeowner, "Please cancel the site visit for contract C-204417.", false, rules.RequestUnclear},
		{"an appointment of whoever names a contract besides", homeowner, "Please cancel my appointment on Tuesday. My contract is C-204417.", false, rules.RequestUnclear},
		{"an appointment of a contract, of somebody with assignments", homeowner, "Please cancel our interpreter appointment on Tuesday. My contract is C-204417.", true, rules.RequestUnclear},
		{"what is not plainly asked of a named contract", homeowner, "I am thinking about whether to cancel my contract C-204417.", false, rules.RequestUnclear},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := newAgency(t)
			if test.both {
				rows, err := a.org.Query("SELECT AccountId FROM Contact WHERE Email = '" + clinic + "'")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := a.org.Insert("Contact", map[string]any{"LastName": "Alvarez", "Email": homeowner, "AccountId": rows[0]["AccountId"]}); err != nil {
					t.Fatal(err)
				}
			}
			arrival, err := a.mapping.Arrival(mail(test.text, map[string]any{"from": test.from, "subject": "A wish"}))
			if err != nil || arrival.Event == nil {
				t.Fatalf("the mail means nothing: %s, %v", arrival.Why, err)
			}
			e, err := a.mapping.Choose(t.Context(), a.client, *arrival.Event)
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind != test.want {
				t.Errorf("it is %s (asks %s, about %s), want %s", e.Kind, e.Request.Asks, e.Request.About, test.want)
			}
			again, err := a.mapping.Choose(t.Context(), a.client, e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, again); diff != "" {
				t.Errorf("choosing again chooses otherwise:\n%s", diff)
			}
		})
	}
}

func TestArrivalOfAssignments(t *testing.T) {
	m := standard(t)
	tests := []struct {
		name   string
		fields map[string]any
		kind   string
	}{
		{"a status", map[string]any{"Status__c": "Cancelled"}, rules.AssignmentChanged},
		{"a choice to cancel", map[string]any{"Cancellation_Request__c": "Cancel this occurrence"}, rules.AssignmentCancelRequested},
		{"a choice to cancel a series", map[string]any{"Cancellation_Request__c": "cancel whole series"}, rules.AssignmentCancelRequested},
		{"a choice to take it back", map[string]any{"Cancellation_Request__c": "Un-cancel"}, rules.AssignmentUncancelRequested},
		{"a tick", map[string]any{"Status__c": "Cancelled", "Waive_Billing__c": true}, rules.AssignmentChanged},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := m.Arrival(record("Assignment__c", "a0A1", test.fields))
			if err != nil || a.Event == nil || a.Event.Kind != test.kind || a.Event.Subject != (rules.Ref{Kind: "assignment", ID: "a0A1"}) {
				t.Errorf("arrival %+v, %v", a, err)
			}
		})
	}
	t.Run("what was cancelled before anybody watched is remembered as such", func(t *testing.T) {
		a, err := m.Arrival(record("Assignment__c", "a0A1", map[string]any{"Status__c": "Cancelled"}))
		if err != nil || a.Memory["cancelled-at"] != "unknown" {
			t.Errorf("memory %v, %v", a.Memory, err)
		}
	})
}
