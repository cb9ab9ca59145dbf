package salesforce_test

import (
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/connectortest"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

// A clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// An org is a sandbox and a client that is connected to it.
type org struct {
	*salesforce.Client
	org   *sandbox.Org
	clock *clock
	url   string
}

var keyFields = map[string]string{"Case": "Standdown_Key__c", "Case_Assignment__c": "Standdown_Key__c", "sked__Job_Allocation__c": "Standdown_Key__c"}

func newOrg(t testing.TB, change func(*sandbox.Options, *salesforce.Options)) *org {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	theirs := sandbox.Options{Now: c.Now}
	ours := salesforce.Options{
		Auth:      salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"},
		Watch:     []salesforce.Watch{{Object: "Case", Fields: []string{"Subject", "Request_Type__c"}}},
		KeyFields: keyFields,
		Now:       c.Now,
		Logger:    slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&theirs, &ours)
	}
	o := sandbox.New(theirs)
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	ours.URL = url
	client, err := salesforce.New(ours)
	if err != nil {
		t.Fatal(err)
	}
	return &org{Client: client, org: o, clock: c, url: url}
}

func (o *org) insert(t *testing.T, object string, fields map[string]any) connectors.Ref {
	t.Helper()
	id, err := o.org.Insert(object, maps.Clone(fields))
	if err != nil {
		t.Fatalf("inserting a %s: %v", object, err)
	}
	return connectors.Ref{Kind: object, ID: id}
}

func (o *org) edit(t *testing.T, ref connectors.Ref, fields map[string]any) {
	t.Helper()
	if err := o.org.Update(ref.Kind, ref.ID, fields); err != nil {
		t.Fatalf("editing %s: %v", ref, err)
	}
}

func (o *org) query(t *testing.T, soql string) []map[string]any {
	t.Helper()
	rows, err := o.org.Query(soql)
	if err != nil {
		t.Fatalf("%s: %v", soql, err)
	}
	return rows
}

func (o *org) said(t *testing.T, ref connectors.Ref) []string {
	t.Helper()
	var said []string
	for _, row := range o.query(t, "SELECT Body FROM FeedItem WHERE ParentId = '"+ref.ID+"'") {
		said = append(said, row["Body"].(string))
	}
	return said
}

func TestContract(t *testing.T) {
	for _, guard := range []string{salesforce.Checked, salesforce.Strict} {
		t.Run(guard, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Subject { return subject(t, guard) })
		})
	}
}

func subject(t *testing.T, guard string) connectortest.Subject {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.WriteGuard, ours.Approvals = guard, salesforce.Classic
	})
	return connectortest.Subject{
		Source: o, Sink: o, Lookup: o,
		Kind: "Case", Text: "Subject", Other: "Request_Type__c",
		Make: func(fields map[string]any) connectors.Ref { return o.insert(t, "Case", fields) },
		Edit: func(ref connectors.Ref, fields map[string]any) { o.edit(t, ref, fields) },
		Remove: func(ref connectors.Ref) {
			if err := o.org.Delete(ref.Kind, ref.ID); err != nil {
				t.Fatal(err)
			}
		},
		Said: func(ref connectors.Ref) []string { return o.said(t, ref) },
		Submit: func(ref connectors.Ref) {
			o.clock.Advance(time.Second)
			if _, err := o.org.Submit(sandbox.Approval{Record: ref.ID, Approver: sandbox.IntegrationUser}); err != nil {
				t.Fatal(err)
			}
		},
		Waits: func(ref connectors.Ref) bool {
			return len(o.query(t, "SELECT Id FROM ProcessInstanceWorkitem WHERE ProcessInstance.TargetObjectId = '"+ref.ID+"'")) > 0
		},
		LoseAnswer: func() {
			o.org.ClearFaults()
			for _, method := range []string{"PATCH", "DELETE"} {
				o.org.Fault(sandbox.Fault{Kind: sandbox.Lose, Method: method})
			}
			o.org.Fault(sandbox.Fault{Kind: sandbox.Lose, Method: "POST", Path: "/composite/sobjects"})
		},
	}
}
