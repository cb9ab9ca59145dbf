package mapping_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

// A world is an org with its rules: what happens in it is decided and written
// at once.
type world struct {
	*testing.T
	org     *org
	mapping *mapping.Mapping
	book    *rules.Book
	memory  recall
	ids     map[string]string // of what was created, by key
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	settings := rules.Defaults()
	settings.Cancellation.Finalize = "daemon"
	book, err := rules.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	return &world{T: t, org: newOrg(t, naming{}), mapping: standard(t), book: book, memory: maps.Clone(memories), ids: map[string]string{}, now: now}
}

// happens decides an event and applies what follows.
func (w *world) happens(e rules.Event) []rules.Decision {
	w.Helper()
	s, err := w.mapping.Snapshot(w.Context(), w.org, w.memory, e, w.now)
	if err != nil {
		w.Fatal(err)
	}
	decisions := w.book.Decide(s, e, w.now).Decisions
	for _, d := range decisions {
		writes, err := w.mapping.Changes(e, s, d)
		if err != nil {
			w.Fatal(err)
		}
		for _, write := range writes {
			c := write.Change
			c.Doubt = true
			if key, ok := strings.CutPrefix(c.Ref.ID, "@"); ok {
				c.Ref.ID = w.ids[key]
			}
			result := w.org.Apply(w.Context(), []connectors.Change{c})[0]
			if result.Err != nil {
				w.Fatalf("%s: %v", write.Text, result.Err)
			}
			w.ids[c.Key] = result.Ref.ID
		}
		memory := maps.Clone(w.memory[d.Subject])
		if memory == nil {
			memory = map[string]string{}
		}
		maps.Copy(memory, d.Remember)
		maps.DeleteFunc(memory, func(_, value string) bool { return value == "" })
		w.memory[d.Subject] = memory
	}
	return decisions
}

// arrives is happens for a record as a source would report it.
func (w *world) arrives(kind, id string) []rules.Decision {
	w.Helper()
	r, ok := w.org.Get(connectors.Ref{Kind: kind, ID: id})
	if !ok {
		w.Fatalf("there is no %s %s", kind, id)
	}
	a, err := w.mapping.Arrival(r)
	if err != nil {
		w.Fatal(err)
	}
	if a.Event == nil {
		w.Fatalf("%s %s means nothing: %s", kind, id, a.Why)
	}
	return w.happens(*a.Event)
}

// holds compares some fields of a record.
func (w *world) holds(kind, id string, want map[string]any) {
	w.Helper()
	got := w.org.get(w.T, kind, id)
	for field, value := range want {
		if diff := cmp.Diff(value, got[field]); diff != "" {
			w.Errorf("%s %s: %s differs (-want +got):\n%s", kind, id, field, diff)
		}
	}
}

// all returns the records of a kind.
func (w *world) all(kind string, fields ...string) []connectors.Record {
	w.Helper()
	found, err := w.org.System.Find(w.Context(), connectors.Query{Kind: kind, Fields: fields})
	if err != nil {
		w.Fatal(err)
	}
	return found
}

func asks(from, reference string) rules.Event {
	return rules.Event{ID: "mail:" + reference, Kind: rules.CancellationRequested, At: now, Subject: rules.Ref{Kind: "request", ID: "mail:" + reference},
		Request: &rules.Request{Asks: "cancel", From: from, Auth: "pass", Words: "own", Reason: "Moving", References: []string{reference},
			MessageID: "<m1@example.com>", ReplyChain: []string{"<m1@example.com>"}}}
}

func TestAHomeownerCancelsInM1(t *testing.T) {
	w := newWorld(t)
	mail := asks("maria.alvarez@example.com", "C-204417")
	w.happens(mail)
	w.holds("Workflow__c", w1042, map[string]any{"Status__c": "Cancel Pending", "Cancel_Reason__c": "Moving"})
	w.holds("Milestone__c", "a0M000000000002AAA", map[string]any{"Status__c": "Rejected"})
	w.holds("Milestone_Review__c", "a0R000000000001AAA", map[string]any{"Status__c": "Rejected"})
	w.holds("Milestone_Review__c", "a0R000000000002AAA", map[string]any{"Status__c": "Approved"})
	w.holds("Milestone_Review__c", "a0R000000000003AAA", map[string]any{"Status__c": "Rejected"})
	if posts := w.org.Posts(); len(posts) != 1 || posts[0].Change.Ref.ID != "003000000000001AAA" {
		t.Errorf("there are posts %+v, want one on the homeowner's profile", posts)
	}
	sent := w.org.Sent()
	if len(sent) != 1 {
		t.Fatalf("%d mails were sent, want 1", len(sent))
	}
	fields := sent[0].Change.Fields
	if diff := cmp.Diff([]any{"maria.alvarez@example.com", "luis.alvarez@example.com"}, fields["to"]); diff != "" {
		t.Errorf("the recipients differ (-want +got):\n%s", diff)
	}
	if text := fields["text"].(string); !strings.Contains(text, "Friday, 11 December 2026") {
		t.Errorf("the mail does not say until when:\n%s", text)
	}

	clock := w.arrives("Workflow__c", w1042)[0].Deadlines
	if len(clock) != 1 || !clock[0].At.Equal(at("2026-12-12T05:00:00Z")) {
		t.Errorf("the change of status sets the deadlines %v, want the end of 11 December", clock)
	}
	w.now = clock[0].At
	w.happens(rules.Event{ID: "due:1", Kind: rules.CancellationDue, At: w.now, Subject: workflowRef()})
	w.holds("Workflow__c", w1042, map[string]any{"Status__c": "Cancelled"})
	if n := len(w.org.Sent()); n != 2 {
		t.Errorf("%d mails were sent in all, want 2", n)
	}
}

func TestDealProcessingDecidesInM1B(t *testing.T) {
	w := newWorld(t)
	const id = "a0W000000000003AAA"
	w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: "Workflow__c", ID: id}, Fields: map[string]any{
		"Name": "W-1044", "Contract_Id__c": "C-204419", "Status__c": "Active", "Product_Model__c": "Direct Pay", "Product__c": "Solar Loan", "Milestone__c": "M1B",
		"Homeowner__c": "003000000000001AAA", "Contract_Signers__c": "Installer", "Installer_Email__c": "office@brightroofs.example",
		"System_Photos__c": "None", "Invoice__c": "Uploaded", "Roof_Clear__c": "Yes",
	}})
	steps := map[string]connectors.Ref{}
	for i, name := range []string{"M1A", "M1B", "M2", "M3"} {
		steps[name] = w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: "Milestone__c"}, Fields: map[string]any{
			"Name": name, "Workflow__c": id, "Order__c": float64(i), "Status__c": map[bool]string{true: "Approved", false: "Not Submitted"}[i == 0],
		}})
	}
	mail := asks("maria.alvarez@example.com", "C-204419")
	w.happens(mail)
	w.holds("Workflow__c", id, map[string]any{"Status__c": "Active"})
	cases := w.all("Case", "OwnerId", "Workflow__c", "ContactId", "Description")
	if len(cases) != 1 {
		t.Fatalf("there are %d cases, want 1", len(cases))
	}
	w.holds("Case", cases[0].Ref.ID, map[string]any{"OwnerId": queue, "Workflow__c": id, "ContactId": "003000000000001AAA"})
	var assignment string
	for _, r := range w.all("Case_Assignment__c", "Case__c") {
		if r.Fields["Case__c"] == cases[0].Ref.ID {
			assignment = r.Ref.ID
		}
	}
	for _, d := range w.arrives("Case_Assignment__c", assignment) {
		if len(d.Actions) > 0 {
			t.Errorf("the assignment itself leads to %v", d.Actions)
		}
	}

	w.org.Edit(steps["M1B"], map[string]any{"Status__c": "Approved"})
	w.org.Edit(connectors.Ref{Kind: "Workflow__c", ID: id}, map[string]any{"Milestone__c": "M2"})
	w.org.Edit(connectors.Ref{Kind: "Case_Assignment__c", ID: assignment}, map[string]any{"Decision__c": "Approved"})
	w.arrives("Case_Assignment__c", assignment)
	w.holds("Workflow__c", id, map[string]any{"Status__c": "Cancel Pending", "Cancel_Reason__c": "Moving"})
}

func TestAHoldTakesVisitsAndGivesThemBack(t *testing.T) {
	w := newWorld(t)
	const ready, later = "a04000000000001AAA", "a04000000000002AAA"
	w.org.Edit(connectors.Ref{Kind: "sked__Location_Resource_Score__c", ID: "a10000000000001AAA"}, map[string]any{"sked__Blacklisted__c": false})
	w.arrives("Contact", finch)
	w.holds("sked__Job__c", ready, map[string]any{"sked__Job_Status__c": "Cancelled", "sked__Abort_Reason__c": "Customer on Hold", "Hold_Resource__c": ann})
	w.holds("sked__Job_Allocation__c", "a06000000000001AAA", map[string]any{"sked__Status__c": "Deleted"})
	w.holds("sked__Job__c", later, map[string]any{"sked__Job_Status__c": "Pending Allocation", "sked__Abort_Reason__c": nil})
	w.holds("sked__Job__c", "a04000000000005AAA", map[string]any{"sked__Job_Status__c": "Teleported"})

	w.org.Edit(connectors.Ref{Kind: "Contact", ID: finch}, map[string]any{"On_Hold__c": false})
	w.arrives("Contact", finch)
	w.holds("sked__Job__c", ready, map[string]any{"sked__Job_Status__c": "Pending Dispatch", "sked__Abort_Reason__c": nil, "Hold_Resource__c": nil})
	var given []string
	for _, r := range w.all("sked__Job_Allocation__c", "sked__Job__c", "sked__Resource__c", "sked__Status__c") {
		if r.Fields["sked__Job__c"] == ready && r.Fields["sked__Status__c"] == "Pending Dispatch" {
			given = append(given, r.Fields["sked__Resource__c"].(string))
		}
	}
	if diff := cmp.Diff([]string{ann}, given); diff != "" {
		t.Errorf("those who have the visit differ (-want +got):\n%s", diff)
	}
}

func TestTheSameDecisionWrittenAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	e := asks("maria.alvarez@example.com", "C-204417")
	s, err := w.mapping.Snapshot(t.Context(), w.org, w.memory, e, now)
	if err != nil {
		t.Fatal(err)
	}
	var changes []connectors.Change
	for _, d := range w.book.Decide(s, e, now).Decisions {
		writes, err := w.mapping.Changes(e, s, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, write := range writes {
			write.Change.Doubt = true
			changes = append(changes, write.Change)
		}
	}
	for range 2 {
		for _, r := range w.org.Apply(t.Context(), changes) {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	for i, r := range w.org.Apply(t.Context(), changes) {
		if !r.Already {
			t.Errorf("%s of %s had an effect again", changes[i].Op, changes[i].Ref)
		}
	}
	if posts, sent := len(w.org.Posts()), len(w.org.Sent()); posts != 1 || sent != 1 {
		t.Errorf("there are %d posts and %d mails, want one of each", posts, sent)
	}
}
