package mapping_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

func record(kind, id string, fields map[string]any) connectors.Record {
	return connectors.Record{Ref: connectors.Ref{Kind: kind, ID: id}, Version: "2026-11-22T11:59:00.000+0000", At: at("2026-11-22T11:59:00Z"), Fields: fields}
}

func TestArrivalOfRecords(t *testing.T) {
	workflow := map[string]any{"Status__c": "cancel pending", "Milestone__c": "M1", "System_Photos__c": nil, "Roof_Clear__c": nil}
	referral := map[string]any{"Decision__c": "Approved", "Team__c": "Deal Processing", "Referral_Reason__c": "Cancellation request - M1B with invoice uploaded", "Workflow__c": w1042}
	change := func(fields map[string]any, field string, value any) map[string]any {
		changed := map[string]any{field: value}
		for k, v := range fields {
			if k != field {
				changed[k] = v
			}
		}
		return changed
	}
	deleted := record("Workflow__c", w1042, nil)
	deleted.Deleted = true
	hold := map[string]any{"On_Hold__c": true, "On_Hold_Start_Date__c": "2026-11-25", "Planned_Return_Date__c": nil}
	tests := []struct {
		name   string
		record connectors.Record
		want   mapping.Arrival // without Watched
	}{
		{"a client's hold", record("Contact", finch, hold), mapping.Arrival{
			Subject: rules.Ref{Kind: "client", ID: finch},
			Event:   &rules.Event{Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}},
			Memory:  map[string]string{"hold": "on 2026-11-25 -"},
			Why:     "the hold is on 2026-11-25 -",
		}},
		{"a workflow, its status in any case", record("Workflow__c", w1042, workflow), mapping.Arrival{
			Subject: rules.Ref{Kind: "workflow", ID: w1042},
			Event:   &rules.Event{Kind: rules.WorkflowChanged, Subject: rules.Ref{Kind: "workflow", ID: w1042}},
			Memory:  map[string]string{"status": "cancel-pending"},
			Why:     "the status is cancel-pending",
		}},
		{"a workflow with a status that is not mapped", record("Workflow__c", w1042, change(workflow, "Status__c", "Odd")), mapping.Arrival{
			Subject: rules.Ref{Kind: "workflow", ID: w1042},
			Event:   &rules.Event{Kind: rules.WorkflowChanged, Subject: rules.Ref{Kind: "workflow", ID: w1042}},
			Memory:  map[string]string{"status": ""},
			Why:     "the status is not one that is mapped",
		}},
		{"a decision is an event about the workflow", record("Case_Assignment__c", "a0A1", referral), mapping.Arrival{
			Subject: rules.Ref{Kind: "referral", ID: "a0A1"},
			Event:   &rules.Event{Kind: rules.ReferralChanged, Subject: rules.Ref{Kind: "workflow", ID: w1042}},
			Why:     "the decision is approved",
		}},
		{"an empty decision is open", record("Case_Assignment__c", "a0A1", change(referral, "Decision__c", nil)), mapping.Arrival{
			Subject: rules.Ref{Kind: "referral", ID: "a0A1"},
			Event:   &rules.Event{Kind: rules.ReferralChanged, Subject: rules.Ref{Kind: "workflow", ID: w1042}},
			Why:     "the decision is open",
		}},
		{"an assignment of another team means nothing", record("Case_Assignment__c", "a0A1", change(referral, "Team__c", "Legal")), mapping.Arrival{
			Subject: rules.Ref{Kind: "referral", ID: "a0A1"}, Why: "it is no cancellation that Deal Processing decides",
		}},
		{"an assignment for a restore means nothing", record("Case_Assignment__c", "a0A1", change(referral, "Referral_Reason__c", "Restoration Request")), mapping.Arrival{
			Subject: rules.Ref{Kind: "referral", ID: "a0A1"}, Why: "it is no cancellation that Deal Processing decides",
		}},
		{"an assignment without a workflow means nothing", record("Case_Assignment__c", "a0A1", change(referral, "Workflow__c", nil)), mapping.Arrival{
			Subject: rules.Ref{Kind: "referral", ID: "a0A1"}, Why: "it names no workflow",
		}},
		{"a deleted record means nothing", deleted, mapping.Arrival{
			Subject: rules.Ref{Kind: "workflow", ID: w1042}, Why: "it was deleted",
		}},
		{"a record of another kind means nothing", record("Lead", "00Q1", nil), mapping.Arrival{Why: "nothing depends on Lead"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := standard(t).Arrival(test.record)
			if err != nil {
				t.Fatal(err)
			}
			if got.Event != nil {
				prefix := "sf:" + test.record.Ref.String() + "@2026-11-22T11:59:00.000+0000#" + got.Watched[:8]
				if got.Event.ID != prefix {
					t.Errorf("the event's id is %s, want %s", got.Event.ID, prefix)
				}
				test.want.Event.ID, test.want.Event.At = got.Event.ID, test.record.At
			}
			got.Watched = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the arrival differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWatchedChangesWithWhatMattersOnly(t *testing.T) {
	m := standard(t)
	watched := func(fields map[string]any) string {
		a, err := m.Arrival(record("Contact", finch, fields))
		if err != nil {
			t.Fatal(err)
		}
		return a.Watched
	}
	first := watched(map[string]any{"On_Hold__c": true, "On_Hold_Start_Date__c": "2026-11-25", "Planned_Return_Date__c": nil})
	if same := watched(map[string]any{"On_Hold__c": true, "On_Hold_Start_Date__c": "2026-11-25", "Email": "new@example.com"}); same != first {
		t.Error("another field changes it")
	}
	if other := watched(map[string]any{"On_Hold__c": true, "On_Hold_Start_Date__c": "2026-11-25", "Planned_Return_Date__c": "2026-12-01"}); other == first {
		t.Error("a return date does not change it")
	}
}

func TestArrivalOfAnUnreadableRecord(t *testing.T) {
	_, err := standard(t).Arrival(record("Contact", finch, map[string]any{"On_Hold_Start_Date__c": "25.11.2026"}))
	if err == nil || !strings.Contains(err.Error(), "Contact "+finch+": On_Hold_Start_Date__c is not a date") {
		t.Fatalf("error is %v, want one that names the field", err)
	}
	if class := connectors.ClassOf(err); class != connectors.Rejected {
		t.Errorf("the error's class is %s, want rejected", class)
	}
}

// mail returns a mail as the mailbox reports it.
func mail(text string, fields map[string]any) connectors.Record {
	r := connectors.Record{
		Ref: connectors.Ref{Kind: "message", ID: "INBOX/1/7"},
		At:  at("2026-11-20T09:30:00Z"),
		Raw: []byte(text),
		Fields: map[string]any{
			"message_id": "m1@example.com", "from": "maria.alvarez@example.com", "from_name": "Maria Alvarez", "subject": "My contract C-204417",
			"references": []any{"m0@example.com"}, "auto": "", "own_key": "", "auth": "pass", "auth_reason": "DKIM of example.com", "error": nil,
			"segments":    []any{map[string]any{"kind": "new", "from": "", "subject": "", "depth": 0.0, "text": text}},
			"attachments": []any{},
		},
	}
	for name, value := range fields {
		r.Fields[name] = value
	}
	return r
}

func TestArrivalOfMail(t *testing.T) {
	const cancel = "Please cancel my contract C-204417. We are moving to another state.\n\nMaria Alvarez"
	sum := sha256.Sum256([]byte(cancel))
	id := "mail:" + hex.EncodeToString(sum[:])[:32]
	tests := []struct {
		name  string
		mail  connectors.Record
		kind  string // of the event; empty if there is none
		check func(t *testing.T, r *rules.Request)
	}{
		{"a request to cancel", mail(cancel, nil), rules.CancellationRequested, func(t *testing.T, r *rules.Request) {
			want := &rules.Request{
				Asks: "cancel", From: "maria.alvarez@example.com", Name: "Maria Alvarez", Auth: "pass", AuthReason: "DKIM of example.com",
				Words: "own", Form: "letter", Reason: "Moving", References: []string{"C-204417"}, About: "contract", Language: "en", Subject: "My contract C-204417",
				People: []string{"Maria Alvarez"},
				Quote:  r.Quote, MessageID: "<m1@example.com>", SHA256: hex.EncodeToString(sum[:]), ReplyChain: []string{"<m0@example.com>", "<m1@example.com>"},
			}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		}},
		{"a request in Spanish", mail("Quiero cancelar mi contrato C-204420.", nil), rules.CancellationRequested, func(t *testing.T, r *rules.Request) {
			if r.Language != "es" {
				t.Errorf("the language is %q, want es", r.Language)
			}
		}},
		{"a request to restore", mail("Please disregard my cancellation request, we want to keep our contract.", nil), rules.RestoreRequested, nil},
		{"a sender in capitals", mail(cancel, map[string]any{"from": "Maria.Alvarez@EXAMPLE.com"}), rules.CancellationRequested, func(t *testing.T, r *rules.Request) {
			if r.From != "maria.alvarez@example.com" {
				t.Errorf("the sender is %q, want it in lower case", r.From)
			}
		}},
		{"a request passed on by a contact centre", mail("Please see below the request from our customer.", map[string]any{
			"from": "agent@contact.example",
			"segments": []any{
				map[string]any{"kind": "new", "from": "", "subject": "", "depth": 0.0, "text": "Please see below the request from our customer."},
				map[string]any{"kind": "forwarded", "from": "Maria.Alvarez@example.com", "subject": "Cancel", "depth": 1.0, "text": "Please cancel my contract C-204417. We are moving."},
			},
		}), rules.CancellationRequested, func(t *testing.T, r *rules.Request) {
			if r.Words != "forwarded" || r.Claims != "maria.alvarez@example.com" {
				t.Errorf("words %q, claims %q; want the forwarded words of the homeowner", r.Words, r.Claims)
			}
		}},
		{"a request in an attachment", mail("Please see the attached Notice of Cancellation.", map[string]any{
			"subject":     "Notice of Cancellation",
			"attachments": []any{map[string]any{"name": "Notice of Cancellation.pdf", "type": "application/pdf", "size": 1000.0}},
		}), rules.RequestUnclear, nil},
		{"a request that names the house", mail("Please cancel my contract.\n\nMaria Alvarez\n12 Oak Street, Springfield, IL 62701", nil), rules.CancellationRequested, func(t *testing.T, r *rules.Request) {
			if diff := cmp.Diff([]string{"12 Oak Street, Springfield, IL 62701"}, r.Addresses); diff != "" {
				t.Errorf("the addresses differ (-want +got):\n%s", diff)
			}
		}},
		{"a newsletter", mail("Big savings this week! To cancel your subscription click here.", map[string]any{"auto": "list", "subject": "News"}), "", nil},
		{"a mail of our own", mail(cancel, map[string]any{"own_key": "abc"}), "", nil},
		{"a mail that cannot be taken apart", mail(cancel, map[string]any{"error": "too large", "segments": nil}), rules.RequestUnclear, func(t *testing.T, r *rules.Request) {
			if r.Asks != "unclear" || r.Words != "attached" || r.From == "" {
				t.Errorf("asks %q, words %q, from %q; want unclear, attached and the sender", r.Asks, r.Words, r.From)
			}
		}},
		{"a request for something else", mail("Please put my visits on hold from December 1 until January 5.", nil), rules.RequestUnclear, func(t *testing.T, r *rules.Request) {
			if r.Asks != "hold" {
				t.Errorf("asks %q, want hold", r.Asks)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := standard(t).Arrival(test.mail)
			if err != nil {
				t.Fatal(err)
			}
			if a.Why == "" || strings.Contains(a.Why, "@") {
				t.Errorf("the reason is %q, want one without an address", a.Why)
			}
			if test.kind == "" {
				if a.Event != nil {
					t.Errorf("there is an event: %+v", a.Event)
				}
				return
			}
			if a.Event == nil {
				t.Fatalf("there is no event: %s", a.Why)
			}
			if a.Event.Kind != test.kind {
				t.Errorf("the event is %s, want %s (%s)", a.Event.Kind, test.kind, a.Why)
			}
			if want := (rules.Ref{Kind: "request", ID: a.Event.ID}); a.Subject != want || a.Event.Subject != want {
				t.Errorf("subjects are %s and %s, want %s", a.Subject, a.Event.Subject, want)
			}
			if test.check != nil {
				test.check(t, a.Event.Request)
			}
		})
	}
	t.Run("the same mail gives the same event, wherever it lies", func(t *testing.T) {
		moved := mail(cancel, nil)
		moved.Ref.ID = "Archive/2/9"
		for _, r := range []connectors.Record{mail(cancel, nil), moved} {
			a, err := standard(t).Arrival(r)
			if err != nil {
				t.Fatal(err)
			}
			if a.Event == nil || a.Event.ID != id {
				t.Errorf("the event is %+v, want the id %s", a.Event, id)
			}
		}
	})
}

func FuzzArrival(f *testing.F) {
	f.Add("Contact", `2026-11-25`, true, 1.0)
	f.Add("message", "Please cancel my contract C-204417.", false, 0.0)
	f.Add("Case_Assignment__c", "Deal Processing", false, -1.0)
	f.Fuzz(func(t *testing.T, kind, text string, flag bool, number float64) {
		m, err := mapping.New(mapping.Config{Presets: everyBook})
		if err != nil {
			t.Fatal(err)
		}
		values := []any{text, flag, number, nil, []any{text, map[string]any{"text": text, "kind": "new", "depth": number}}, map[string]any{"name": text}}
		names := []string{"On_Hold__c", "On_Hold_Start_Date__c", "Status__c", "System_Photos__c", "Team__c", "Decision__c", "Workflow__c",
			"segments", "attachments", "from", "error", "own_key", "references", "sha256"}
		for shift := range values {
			fields := map[string]any{}
			for i, name := range names {
				fields[name] = values[(i+shift)%len(values)]
			}
			r := connectors.Record{Ref: connectors.Ref{Kind: kind, ID: "1"}, Fields: fields}
			first, err1 := m.Arrival(r)
			again, err2 := m.Arrival(r)
			if diff := cmp.Diff(first, again); diff != "" || (err1 == nil) != (err2 == nil) {
				t.Errorf("the same record arrives differently:\n%s", diff)
			}
		}
	})
}
