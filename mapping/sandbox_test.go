package mapping_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
	"standdown/mapping"
	"standdown/rules"
)

// seeded returns a sandbox org with its seed, and a client of it over REST,
// which knows one kind of approvals or none.
func seeded(t *testing.T, m *mapping.Mapping, approvals string) (*salesforce.Client, *sandbox.Org, sandbox.Seeded) {
	t.Helper()
	clock := func() time.Time { return now }
	o := sandbox.New(sandbox.Options{Now: clock})
	seed, err := sandbox.Seed(o, now)
	if err != nil {
		t.Fatal(err)
	}
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	options := salesforce.Options{
		URL: url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}, KeyFields: m.KeyFields(), Approvals: approvals, Now: clock,
	}
	for _, w := range m.Watches() {
		options.Watch = append(options.Watch, salesforce.Watch(w))
	}
	c, err := salesforce.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return c, o, seed
}

func TestThePresetsNameWhatTheSandboxHas(t *testing.T) {
	for _, m := range []*mapping.Mapping{standard(t), fieldService(t)} {
		namesWhatTheSandboxHas(t, m)
	}
}

func namesWhatTheSandboxHas(t *testing.T, m *mapping.Mapping) {
	t.Helper()
	schema := map[string]map[string]sandbox.Field{}
	for _, o := range sandbox.Standard() {
		schema[o.Name] = map[string]sandbox.Field{"Name": {Name: "Name"}}
		for _, f := range o.Fields {
			schema[o.Name][f.Name] = f
		}
	}
	for concept, o := range m.Effective().Objects {
		if o.Name == "-" {
			continue
		}
		fields, ok := schema[o.Name]
		if !ok {
			t.Errorf("%s: there is no object %s", concept, o.Name)
			continue
		}
		if f := fields[o.Key]; o.Key != "" && !(f.Unique && f.ExternalID) {
			t.Errorf("%s: %s.%s is no unique external id", concept, o.Name, o.Key)
		}
		for field, name := range o.Fields {
			f, ok := fields[name]
			if name == "-" {
				continue
			}
			if !ok {
				t.Errorf("%s.%s: there is no field %s.%s", concept, field, o.Name, name)
			}
			for ours, value := range o.Values[field] {
				if value != "-" && len(f.Values) > 0 && !slices.Contains(f.Values, value) {
					t.Errorf("%s.%s.%s: %q is none of %s", concept, field, ours, value, strings.Join(f.Values, ", "))
				}
			}
		}
	}
}

func TestSnapshotsOfTheSandbox(t *testing.T) {
	m := standard(t)
	client, _, seed := seeded(t, m, "")
	if err := client.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, id := range seed.Workflows {
		t.Run("workflow "+name+" reads as a whole", func(t *testing.T) {
			s, err := m.Snapshot(t.Context(), client, recall{}, rules.Event{Subject: rules.Ref{Kind: "workflow", ID: id}}, now)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Workflows) != 1 {
				t.Fatalf("there are %d workflows, want 1", len(s.Workflows))
			}
			w := s.Workflows[0]
			if w.Name != name || w.Status == "" || w.Model == "" || len(w.Milestones) < 3 || len(w.Homeowners) == 0 || w.Homeowners[0].Email == "" || w.ChangedAt.IsZero() {
				t.Errorf("something is missing: %+v", w)
			}
			byMail := rules.Event{Subject: rules.Ref{Kind: "request"}, Request: &rules.Request{From: w.Homeowners[0].Email}}
			s, err = m.Snapshot(t.Context(), client, recall{}, byMail, now)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(s.Workflows, func(other rules.Workflow) bool { return other.ID == id }) {
				t.Error("the homeowner's address does not find it")
			}
		})
	}
	for name, id := range seed.Clients {
		t.Run("client "+name+" reads as a whole", func(t *testing.T) {
			s, err := m.Snapshot(t.Context(), client, recall{}, rules.Event{Subject: rules.Ref{Kind: "client", ID: id}}, now)
			if err != nil {
				t.Fatal(err)
			}
			if s.Client == nil || s.Client.Name != name || len(s.Client.Jobs) == 0 || len(s.Client.Resources) == 0 {
				t.Fatalf("something is missing: %+v", s.Client)
			}
			for _, j := range s.Client.Jobs {
				if j.Status == "" || j.Zone == "" || j.End.Before(j.Start) {
					t.Errorf("something is missing: %+v", j)
				}
			}
		})
	}
}

func TestTheSandboxTakesEveryWriteOfAHold(t *testing.T) {
	m := standard(t)
	client, o, seed := seeded(t, m, "")
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	id := seed.Clients["Harold Finch"]
	hold := rules.Ref{Kind: "client", ID: id}
	memory := recall{hold: {"hold": "off - -"}}
	verbs := map[string]int{}
	for i, fields := range []map[string]any{
		{"On_Hold__c": true, "On_Hold_Start_Date__c": "2026-11-24", "Planned_Return_Date__c": "2027-03-01"},
		{"On_Hold__c": false},
	} {
		if err := o.Update("Contact", id, fields); err != nil {
			t.Fatal(err)
		}
		e := rules.Event{ID: "sf:" + string(rune('1'+i)), Kind: rules.HoldChanged, At: now, Subject: hold}
		s, err := m.Snapshot(t.Context(), client, memory, e, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range book.Decide(s, e, now).Decisions {
			writes, err := m.Changes(e, s, d)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range writes {
				verbs[w.Verb]++
				if r := client.Apply(t.Context(), []connectors.Change{w.Change})[0]; r.Err != nil {
					t.Errorf("%s: %s: %v", w.Verb, w.Text, r.Err)
				}
			}
			memory[d.Subject] = d.Remember
		}
	}
	for _, verb := range []string{"cancel-job", "free-worker", "allocate-saved", "reopen-job", "post-comment"} {
		if verbs[verb] == 0 {
			t.Errorf("nothing was written for %s, among %v", verb, verbs)
		}
	}
}
