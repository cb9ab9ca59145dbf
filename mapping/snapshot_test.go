package mapping_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

const (
	w1042 = "a0W000000000001AAA"
	w1043 = "a0W000000000002AAA"
	finch = "003000000000003AAA"
	ann   = "a02000000000001AAA"
	bo    = "a02000000000002AAA"
	cy    = "a02000000000003AAA"
	north = "a01000000000001AAA"
	south = "a01000000000002AAA"
)

var memories = recall{
	{Kind: "workflow", ID: w1042}:           {"status": "active"},
	{Kind: "client", ID: finch}:             {"hold": "off - -"},
	{Kind: "job", ID: "a04000000000002AAA"}: {"held": "cancelled", "crew": bo + "," + cy},
}

var maria = rules.Workflow{
	ID: w1042, Name: "W-1042", Contract: "C-204417", Status: "active", Model: "regular", Product: "Solar Loan", Milestone: "M1",
	Milestones: []rules.Milestone{
		{ID: "a0M000000000002AAA", Name: "M1", Status: "pending-review", Reviews: []string{"a0R000000000001AAA", "a0R000000000003AAA"}},
		{ID: "a0M000000000001AAA", Name: "M2", Status: "not-submitted"},
	},
	Photos: "", Invoice: "no", RoofClear: "yes", Signed: "2026-11-02",
	Homeowners: []rules.Person{
		{ID: "003000000000001AAA", Name: "Maria Alvarez", Email: "maria.alvarez@example.com"},
		{ID: "003000000000002AAA", Name: "Luis Alvarez", Email: "luis.alvarez@example.com"},
	},
	Installer: rules.Person{Name: "Bright Roofs", Email: "office@brightroofs.example"},
	SalesRep:  rules.Person{Name: "Sam Lee", Email: "sam.lee@sales.example"},
	Signers:   []string{"installer", "sales-rep"},
	ChangedAt: now,
	Memory:    map[string]string{"status": "active"},
}

// What is not mapped in this one is empty, except where empty would mean
// something.
var unreadable = rules.Workflow{
	ID: w1043, Name: "W-1043", Contract: "C-204418", Model: "direct-pay", Milestone: "M9",
	Milestones: []rules.Milestone{{ID: "a0M000000000003AAA", Name: "M1A", Status: "approved"}},
	Photos:     "yes",
	Homeowners: []rules.Person{{ID: finch, Name: "Harold Finch", Email: "harold.finch@example.com"}},
	ChangedAt:  now, RestoreBlock: "Milestone aged",
	Referral: &rules.Referral{ID: "a0A000000000001AAA", Decision: "open"},
}

var harold = &rules.Client{
	ID: finch, Name: "Harold Finch", Hold: rules.Hold{On: true, Start: "2026-11-25", Return: "2026-12-10"},
	Jobs: []rules.Job{
		{ID: "a04000000000004AAA", Name: "JOB-0004", Status: "pending-allocation"},
		{ID: "a04000000000005AAA", Name: "JOB-0005", Status: "", Start: at("2026-11-22T00:30:00Z"), End: at("2026-11-22T01:00:00Z"), Zone: "Australia/Sydney", Region: south},
		{ID: "a04000000000001AAA", Name: "JOB-0001", Status: "ready", Start: at("2026-11-26T15:00:00Z"), End: at("2026-11-26T16:00:00Z"), Zone: "America/Chicago",
			Region: north, Account: "001000000000001AAA", Location: "a05000000000001AAA",
			Allocations: []rules.Allocation{{ID: "a06000000000001AAA", Resource: ann, Live: true, Status: "Confirmed"}}},
		{ID: "a04000000000002AAA", Name: "JOB-0002", Status: "cancelled", OnHold: true, Start: at("2026-12-12T15:00:00Z"), End: at("2026-12-12T16:00:00Z"), Zone: "America/New_York",
			Region: north, Account: "001000000000001AAA", Saved: bo,
			Allocations: []rules.Allocation{{ID: "a06000000000002AAA", Resource: bo, Status: "Deleted"}},
			Memory:      map[string]string{"held": "cancelled", "crew": bo + "," + cy}},
	},
	Resources: []rules.Resource{
		{ID: ann, Name: "Ann Reyes", Active: true, Regions: []string{north, south},
			BlockedLocations: []string{"a05000000000001AAA"},
			Activities:       []rules.Span{{ID: "a08000000000001AAA", Start: at("2026-11-26T12:00:00Z"), End: at("2026-11-26T13:00:00Z")}},
			Jobs:             []rules.Span{{ID: "a04000000000001AAA", Start: at("2026-11-26T15:00:00Z"), End: at("2026-11-26T16:00:00Z")}}},
		{ID: bo, Name: "Bo Chen",
			BlockedAccounts: []string{"001000000000001AAA"},
			Unavailable:     []rules.Span{{ID: "a07000000000001AAA", Start: at("2026-12-10T00:00:00Z"), End: at("2026-12-20T00:00:00Z"), Status: "pending"}},
			Jobs:            []rules.Span{{ID: "a04000000000006AAA", Start: at("2026-12-12T15:30:00Z"), End: at("2026-12-12T17:00:00Z")}}},
		{ID: cy, Name: "Cy Young", Active: true, Regions: []string{south}},
	},
	Memory: map[string]string{"hold": "off - -"},
}

func TestSnapshot(t *testing.T) {
	request := func(r rules.Request) rules.Event {
		return rules.Event{ID: "mail:1", Kind: rules.CancellationRequested, Subject: rules.Ref{Kind: "request", ID: "mail:1"}, Request: &r}
	}
	tests := []struct {
		name  string
		event rules.Event
		want  rules.Snapshot
	}{
		{"a contract id finds its workflow", request(rules.Request{References: []string{"C-204417"}}), rules.Snapshot{Workflows: []rules.Workflow{maria}}},
		{"a workflow number finds its workflow", request(rules.Request{References: []string{"w-1042"}}), rules.Snapshot{Workflows: []rules.Workflow{maria}}},
		{"several references find all of theirs", request(rules.Request{References: []string{"C-204418", "W-1042"}}), rules.Snapshot{Workflows: []rules.Workflow{maria, unreadable}}},
		{"the sender's address finds the homeowner's workflow", request(rules.Request{From: "maria.alvarez@example.com"}), rules.Snapshot{Workflows: []rules.Workflow{maria}}},
		{"a co-homeowner's address does as well, in any case", request(rules.Request{From: "Luis.Alvarez@example.com"}), rules.Snapshot{Workflows: []rules.Workflow{maria}}},
		{"so does the address that a forwarded mail claims", request(rules.Request{From: "agent@contact.example", Claims: "maria.alvarez@example.com"}), rules.Snapshot{Workflows: []rules.Workflow{maria}}},
		{"a reference that nothing has leaves the address", request(rules.Request{From: "maria.alvarez@example.com", References: []string{"W-9999"}}), rules.Snapshot{Workflows: []rules.Workflow{maria}}},
		{"a stranger has no workflow", request(rules.Request{From: "nobody@example.net"}), rules.Snapshot{}},
		{"a mail without a sender has no workflow", request(rules.Request{}), rules.Snapshot{}},
		{"a change of a workflow finds it", rules.Event{Kind: rules.WorkflowChanged, Subject: rules.Ref{Kind: "workflow", ID: w1043}}, rules.Snapshot{Workflows: []rules.Workflow{unreadable}}},
		{"a workflow that is gone is not there", rules.Event{Kind: rules.CancellationDue, Subject: rules.Ref{Kind: "workflow", ID: "a0W000000000009AAA"}}, rules.Snapshot{}},
		{"a client comes with visits and all who make them", rules.Event{Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}, rules.Snapshot{Client: harold}},
		{"a client who is gone is not there", rules.Event{Kind: rules.HoldDay, Subject: rules.Ref{Kind: "client", ID: "003000000000009AAA"}}, rules.Snapshot{}},
	}
	other, names := renamed(t)
	m, err := mapping.New(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []struct {
		name    string
		mapping *mapping.Mapping
		org     *org
	}{
		{"with the presets", standard(t), newOrg(t, naming{})},
		{"with other names", m, newOrg(t, names)},
	} {
		for _, test := range tests {
			t.Run(model.name+"/"+test.name, func(t *testing.T) {
				got, err := model.mapping.Snapshot(t.Context(), model.org, memories, test.event, now)
				if err != nil {
					t.Fatal(err)
				}
				if names.prefix != "" && got.Client != nil {
					for i := range got.Client.Jobs {
						for j := range got.Client.Jobs[i].Allocations {
							a := &got.Client.Jobs[i].Allocations[j]
							a.Status = strings.TrimSuffix(a.Status, " (acme_)")
						}
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("the snapshot differs (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestSnapshotAsksLittle(t *testing.T) {
	o := newOrg(t, naming{})
	m := standard(t)
	count := func(e rules.Event) int {
		t.Helper()
		o.queries = nil
		if _, err := m.Snapshot(t.Context(), o, recall{}, e, now); err != nil {
			t.Fatal(err)
		}
		return len(o.queries)
	}
	hold := rules.Event{Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}
	first, second := count(hold), count(hold)
	if first != second+1 {
		t.Errorf("the queue is looked up again: %d queries, then %d", first, second)
	}
	for range 50 {
		o.Put(connectors.Record{Ref: connectors.Ref{Kind: "sked__Job__c"}, Fields: map[string]any{
			"sked__Contact__c": finch, "sked__Start__c": "2026-12-01T10:00:00.000+0000", "sked__Finish__c": "2026-12-01T11:00:00.000+0000",
			"sked__Job_Status__c": "Queued", "Hold_Resource__c": cy,
		}})
	}
	if got := count(hold); got != second {
		t.Errorf("with 50 more visits there are %d queries, want %d as before", got, second)
	}
}

func TestSnapshotErrors(t *testing.T) {
	event := rules.Event{Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}
	tests := []struct {
		name   string
		damage func(*org)
		want   string
	}{
		{"a missing queue is named, with what to do", func(o *org) {
			o.Remove(connectors.Ref{Kind: "Group", ID: "00G000000000001AAA"})
		}, `the org has 0 queues with the developer name "Back_Office", want one (create it`},
		{"a time that is none is named", func(o *org) {
			o.Edit(connectors.Ref{Kind: "sked__Job__c", ID: "a04000000000002AAA"}, map[string]any{"sked__Finish__c": "soon"})
		}, "sked__Job__c a04000000000002AAA: sked__Finish__c is not a date and time (map the field"},
		{"a date that is none is named", func(o *org) {
			o.Edit(connectors.Ref{Kind: "Contact", ID: finch}, map[string]any{"On_Hold_Start_Date__c": "25.11.2026"})
		}, "Contact " + finch + ": On_Hold_Start_Date__c is not a date"},
		{"a checkbox that is none is named", func(o *org) {
			o.Edit(connectors.Ref{Kind: "Contact", ID: finch}, map[string]any{"On_Hold__c": "Yes"})
		}, "Contact " + finch + ": On_Hold__c is not a checkbox"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOrg(t, naming{})
			test.damage(o)
			got, err := standard(t).Snapshot(t.Context(), o, recall{}, event, now)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error is %v, want one with %q", err, test.want)
			}
			if class := connectors.ClassOf(err); class != connectors.Rejected {
				t.Errorf("the error's class is %s, want rejected", class)
			}
			if diff := cmp.Diff(rules.Snapshot{}, got); diff != "" {
				t.Errorf("there is a snapshot beside the error:\n%s", diff)
			}
		})
	}
}

// failing is a lookup whose nth query fails.
type failing struct {
	connectors.Lookup
	left int
}

func (f *failing) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	if f.left--; f.left < 0 {
		return nil, &connectors.Error{Class: connectors.Throttled, Code: "REQUEST_LIMIT_EXCEEDED"}
	}
	return f.Lookup.Find(ctx, q)
}

type forgetful struct{}

func (forgetful) Recall(context.Context, []rules.Ref) (map[rules.Ref]map[string]string, error) {
	return nil, errors.New("the journal is closed")
}

func TestSnapshotIsWholeOrNothing(t *testing.T) {
	for _, e := range []rules.Event{
		{Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}},
		{Kind: rules.WorkflowChanged, Subject: rules.Ref{Kind: "workflow", ID: w1042}},
		{Kind: rules.CancellationRequested, Subject: rules.Ref{Kind: "request", ID: "mail:1"}, Request: &rules.Request{From: "maria.alvarez@example.com", References: []string{"W-9999"}}},
	} {
		t.Run("whichever query fails for a "+e.Subject.Kind+", its class is kept", func(t *testing.T) {
			for n := 0; ; n++ {
				s, err := standard(t).Snapshot(t.Context(), &failing{newOrg(t, naming{}), n}, recall{}, e, now)
				if err == nil {
					if n < 5 {
						t.Errorf("only %d queries were made", n)
					}
					return
				}
				if class := connectors.ClassOf(err); class != connectors.Throttled {
					t.Errorf("without query %d the error is %v of class %s, want throttled", n+1, err, class)
				}
				if diff := cmp.Diff(rules.Snapshot{}, s); diff != "" {
					t.Errorf("without query %d there is a snapshot:\n%s", n+1, diff)
				}
			}
		})
		t.Run("without memory there is none for a "+e.Subject.Kind, func(t *testing.T) {
			_, err := standard(t).Snapshot(t.Context(), newOrg(t, naming{}), forgetful{}, e, now)
			if err == nil || !strings.Contains(err.Error(), "the journal is closed") {
				t.Errorf("error is %v, want the memory's", err)
			}
		})
	}
}

func TestSnapshotOfGroupVisits(t *testing.T) {
	m, err := mapping.New(mapping.Config{Presets: []string{"skedulo"}, Objects: map[string]mapping.Object{
		"job": {Fields: map[string]string{"group": "Clients__c"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	e := rules.Event{Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}}
	for _, test := range []struct {
		name  string
		value any
		want  bool
	}{
		{"a ticked box", true, true},
		{"a box that is not ticked", false, false},
		{"several clients", 3.0, true},
		{"one client", 1.0, false},
		{"nothing", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOrg(t, naming{})
			o.Edit(connectors.Ref{Kind: "sked__Job__c", ID: "a04000000000001AAA"}, map[string]any{"Clients__c": test.value})
			s, err := m.Snapshot(t.Context(), o, recall{}, e, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range s.Client.Jobs {
				if want := test.want && j.Name == "JOB-0001"; j.Group != want {
					t.Errorf("%s is a group visit: %t, want %t", j.Name, j.Group, want)
				}
			}
		})
	}
}

func TestAPartThatIsNotMapped(t *testing.T) {
	m, err := mapping.New(mapping.Config{Presets: []string{"milestone"}})
	if err != nil {
		t.Fatal(err)
	}
	e := rules.Event{ID: "due:1", Kind: rules.HoldDay, Subject: rules.Ref{Kind: "client", ID: finch}}
	s, err := m.Snapshot(t.Context(), newOrg(t, naming{}), memories, e, now)
	if err != nil {
		t.Fatal(err)
	}
	if s.Client != nil {
		t.Errorf("a client was read without hold and visits: %+v", s.Client)
	}
	_, err = m.Changes(e, s, rules.Decision{Actions: []rules.Action{{Verb: "cancel-job", On: rules.Ref{Kind: "job", ID: "x"}}}})
	if err == nil || err.Error() != "writing cancel-job job x: no job is mapped" {
		t.Errorf("error is %v, want one that says that no job is mapped", err)
	}
}

func TestMailWhereNoWorkflowsAre(t *testing.T) {
	m, err := mapping.New(mapping.Config{Presets: []string{"skedulo"}})
	if err != nil {
		t.Fatal(err)
	}
	e := rules.Event{ID: "mail:1", Kind: rules.RequestUnclear, Subject: rules.Ref{Kind: "request", ID: "mail:1"}, Request: &rules.Request{From: "harold.finch@example.com"}}
	s, err := m.Snapshot(t.Context(), newOrg(t, naming{}), recall{}, e, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rules.Snapshot{}, s); diff != "" {
		t.Errorf("the snapshot is not empty:\n%s", diff)
	}
	writes, err := m.Changes(e, s, rules.Decision{Actions: []rules.Action{{Verb: "hold-for-review", On: e.Subject, Args: map[string]string{"title": "Read it"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := writes[0].Change.Fields["Workflow__c"]; ok {
		t.Errorf("the case names a workflow where there are none: %v", writes[0].Change.Fields)
	}
}
