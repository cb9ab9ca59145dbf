package mapping_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
	"standdown/mapping"
	"standdown/rules"
)

func fieldService(t *testing.T) *mapping.Mapping {
	t.Helper()
	m, err := mapping.New(mapping.Config{Presets: []string{"fieldservice"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A depot is an org with Field Service: a client with visits, and workers.
type depot struct {
	t       *testing.T
	m       *mapping.Mapping
	org     *sandbox.Org
	sink    *salesforce.Client
	account string
	client  string
	order   string // a work order at home
	home    string // location
	north   string // territory
	workers map[string]string
	names   map[string]string // of records, by id
	memory  recall
	events  int
}

func newDepot(t *testing.T) *depot {
	t.Helper()
	m := fieldService(t)
	client, org, _ := seeded(t, m, "")
	d := &depot{t: t, m: m, org: org, sink: client, workers: map[string]string{}, names: map[string]string{}, memory: recall{}}
	d.account = d.add("Account", map[string]any{"Name": "Marsh household"})
	d.client = d.add("Contact", map[string]any{"FirstName": "Ivy", "LastName": "Marsh", "AccountId": d.account})
	d.home = d.add("Location", map[string]any{"Name": "Marsh home"})
	d.order = d.add("WorkOrder", map[string]any{"AccountId": d.account, "ContactId": d.client, "LocationId": d.home})
	hours := d.add("OperatingHours", map[string]any{"Name": "Weekdays", "TimeZone": "America/Denver"})
	d.north = d.add("ServiceTerritory", map[string]any{"Name": "North", "OperatingHoursId": hours})
	d.memory[rules.Ref{Kind: "client", ID: d.client}] = map[string]string{"hold": "off - -"}
	return d
}

func (d *depot) add(object string, fields map[string]any) string {
	d.t.Helper()
	id, err := d.org.Insert(object, fields)
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// worker adds one who is a member of North from a day to another, in days from
// now.
func (d *depot) worker(name string, from, until int) string {
	d.t.Helper()
	id := d.add("ServiceResource", map[string]any{"Name": name, "IsActive": true})
	d.workers[name], d.names[id] = id, name
	d.add("ServiceTerritoryMember", map[string]any{"ServiceResourceId": id, "ServiceTerritoryId": d.north, "TerritoryType": "P",
		"EffectiveStartDate": now.AddDate(0, 0, from), "EffectiveEndDate": now.AddDate(0, 0, until)})
	return id
}

// visit adds one of two hours, so many days from now; without a worker if that
// is empty.
func (d *depot) visit(name, status string, days int, worker string) string {
	d.t.Helper()
	start := now.AddDate(0, 0, days).Add(6 * time.Hour)
	id := d.add("ServiceAppointment", map[string]any{"Subject": name, "Status": status, "SchedStartTime": start, "SchedEndTime": start.Add(2 * time.Hour),
		"ParentRecordId": d.order, "AccountId": d.account, "ContactId": d.client, "ServiceTerritoryId": d.north})
	d.names[id] = name
	if worker != "" {
		d.add("AssignedResource", map[string]any{"ServiceAppointmentId": id, "ServiceResourceId": d.workers[worker]})
	}
	return id
}

// hold changes the client's hold, and has done what follows. It returns what
// was written, in words.
func (d *depot) hold(fields map[string]any) []string {
	d.t.Helper()
	if err := d.org.Update("Contact", d.client, fields); err != nil {
		d.t.Fatal(err)
	}
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		d.t.Fatal(err)
	}
	d.events++
	e := rules.Event{ID: fmt.Sprint("sf:", d.events), Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: d.client}}
	s, err := d.m.Snapshot(d.t.Context(), d.sink, d.memory, e, now)
	if err != nil {
		d.t.Fatal(err)
	}
	var said []string
	for _, decision := range book.Decide(s, e, now).Decisions {
		writes, err := d.m.Changes(e, s, decision)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, w := range writes {
			said = append(said, w.Text)
			if body, ok := w.Change.Fields["Body"].(string); ok {
				said = append(said, body)
			}
			if r := d.sink.Apply(d.t.Context(), []connectors.Change{w.Change})[0]; r.Err != nil {
				d.t.Errorf("%s: %s: %v", w.Verb, w.Text, r.Err)
			}
		}
		if decision.Remember != nil {
			d.memory[decision.Subject] = decision.Remember
		}
	}
	return said
}

// state is how the visits stand: status, reason, kept worker and who has them.
func (d *depot) state() map[string]string {
	d.t.Helper()
	visits, err := d.org.Query("SELECT Id, Subject, Status, Standdown_Abort_Reason__c, Standdown_Resource__c, (SELECT ServiceResourceId FROM ServiceResources) FROM ServiceAppointment")
	if err != nil {
		d.t.Fatal(err)
	}
	assigned, err := d.org.Query("SELECT ServiceAppointmentId, ServiceResourceId FROM AssignedResource")
	if err != nil {
		d.t.Fatal(err)
	}
	state := map[string]string{}
	for _, v := range visits {
		parts := []string{v["Status"].(string)}
		if reason, ok := v["Standdown_Abort_Reason__c"].(string); ok {
			parts = append(parts, reason)
		}
		if kept, ok := v["Standdown_Resource__c"].(string); ok {
			parts = append(parts, "kept for "+d.names[kept])
		}
		for _, a := range assigned {
			if a["ServiceAppointmentId"] == v["Id"] {
				parts = append(parts, "with "+d.names[a["ServiceResourceId"].(string)])
			}
		}
		state[v["Subject"].(string)] = strings.Join(parts, ", ")
	}
	return state
}

func (d *depot) stands(want map[string]string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.state()); diff != "" {
		d.t.Errorf("the visits stand otherwise (-want +got):\n%s", diff)
	}
}

var (
	twoWeeks = map[string]any{"Standdown_On_Hold__c": true, "Standdown_Hold_Start__c": "2026-11-25", "Standdown_Hold_Return__c": "2026-12-09"}
	openEnd  = map[string]any{"Standdown_On_Hold__c": true, "Standdown_Hold_Start__c": "2026-11-25"}
	over     = map[string]any{"Standdown_On_Hold__c": false}
)

func TestAHoldInFieldService(t *testing.T) {
	d := newDepot(t)
	d.worker("Ana", -100, 100)
	d.worker("Ben", -100, 10)
	d.visit("before", "Scheduled", 1, "Ana")
	d.visit("monday", "Scheduled", 5, "Ana")
	d.visit("tuesday", "Dispatched", 6, "Ben")
	d.visit("crew", "Scheduled", 7, "Ana")
	d.add("AssignedResource", map[string]any{"ServiceAppointmentId": d.idOf("crew"), "ServiceResourceId": d.workers["Ben"]})
	d.visit("nobody's", "None", 8, "")
	d.visit("failed", "Cannot Complete", 9, "Ana")
	d.visit("their own", "Canceled", 9, "Ana")
	d.visit("late", "Scheduled", 12, "Ben")
	d.visit("after", "Scheduled", 30, "Ana")
	undated := d.visit("someday", "None", 8, "")
	if err := d.org.Update("ServiceAppointment", undated, map[string]any{"SchedStartTime": nil, "SchedEndTime": nil}); err != nil {
		t.Fatal(err)
	}
	untouched := map[string]string{
		"before": "Scheduled, with Ana", "failed": "Cannot Complete, with Ana", "their own": "Canceled, with Ana", "after": "Scheduled, with Ana", "someday": "None",
	}
	and := func(more map[string]string) map[string]string {
		for name, state := range untouched {
			more[name] = state
		}
		return more
	}

	said := strings.Join(d.hold(twoWeeks), "\n")
	d.stands(and(map[string]string{
		"monday":   "Canceled, Customer on Hold, kept for Ana",
		"tuesday":  "Canceled, Customer on Hold, kept for Ben",
		"crew":     "Canceled, Customer on Hold, kept for Ana",
		"nobody's": "Canceled, Customer on Hold",
		"late":     "Canceled, Customer on Hold, kept for Ben",
	}))
	if !strings.Contains(said, "allocation: deleted (Ana)") || strings.Contains(said, "someday") {
		t.Errorf("it said\n%s", said)
	}
	said = strings.Join(d.hold(over), "\n")
	d.stands(and(map[string]string{
		"monday":   "Scheduled, with Ana",
		"tuesday":  "Scheduled, with Ben",
		"crew":     "Scheduled, with Ana, with Ben",
		"nobody's": "None",
		"late":     "None, kept for Ben", // who is no longer a member of North
	}))
	if !strings.Contains(said, "Ben: not in region "+d.north+" at that time") {
		t.Errorf("it does not say why Ben cannot come:\n%s", said)
	}
}

func TestAnOpenHoldInFieldServiceReleasesAndGivesBack(t *testing.T) {
	d := newDepot(t)
	d.worker("Ana", -100, 100)
	d.visit("before", "Scheduled", 1, "Ana")
	d.visit("monday", "Dispatched", 5, "Ana")
	d.hold(openEnd)
	d.stands(map[string]string{"before": "Scheduled, with Ana", "monday": "None, kept for Ana"})
	d.hold(over)
	d.stands(map[string]string{"before": "Scheduled, with Ana", "monday": "Scheduled, with Ana"})
}

func TestWhatKeepsAWorkerInFieldServiceFromComingBack(t *testing.T) {
	other := func(d *depot) map[string]any { // somebody else's visit at the same time
		contact := d.add("Contact", map[string]any{"LastName": "Else"})
		start := now.AddDate(0, 0, 5).Add(7 * time.Hour)
		return map[string]any{"Subject": "another", "Status": "Scheduled", "ContactId": contact, "ParentRecordId": d.account, "SchedStartTime": start, "SchedEndTime": start.Add(time.Hour)}
	}
	exclude := func(related func(*depot) string, kind string) func(*depot) {
		return func(d *depot) {
			d.add("ResourcePreference", map[string]any{"ServiceResourceId": d.workers["Ana"], "RelatedRecordId": related(d), "PreferenceType": kind})
		}
	}
	account := func(d *depot) string { return d.account }
	for _, test := range []struct {
		name    string
		happens func(*depot)
		why     string // empty if the worker comes back
	}{
		{"nothing", func(*depot) {}, ""},
		{"an absence then", func(d *depot) {
			d.add("ResourceAbsence", map[string]any{"ResourceId": d.workers["Ana"], "Start": now.AddDate(0, 0, 5), "End": now.AddDate(0, 0, 6)})
		}, "on leave"},
		{"not an absence on another day", func(d *depot) {
			d.add("ResourceAbsence", map[string]any{"ResourceId": d.workers["Ana"], "Start": now.AddDate(0, 0, 7), "End": now.AddDate(0, 0, 8)})
		}, ""},
		{"being excluded by the account", exclude(account, "Excluded"), "blacklisted for the account"},
		{"being excluded at the work order's location", exclude(func(d *depot) string { return d.home }, "Excluded"), "blacklisted for the location"},
		{"being excluded from the work order", exclude(func(d *depot) string { return d.order }, "Excluded"), "blacklisted for the work order"},
		{"not being preferred", exclude(account, "Preferred"), ""},
		{"not being excluded elsewhere", exclude(func(d *depot) string { return d.add("Account", map[string]any{"Name": "Else"}) }, "Excluded"), ""},
		{"another visit", func(d *depot) {
			d.add("AssignedResource", map[string]any{"ServiceAppointmentId": d.add("ServiceAppointment", other(d)), "ServiceResourceId": d.workers["Ana"]})
		}, "other visit"},
		{"not another visit that was cancelled", func(d *depot) {
			fields := other(d)
			fields["Status"] = "Canceled"
			d.add("AssignedResource", map[string]any{"ServiceAppointmentId": d.add("ServiceAppointment", fields), "ServiceResourceId": d.workers["Ana"]})
		}, ""},
		{"having left", func(d *depot) {
			if err := d.org.Update("ServiceResource", d.workers["Ana"], map[string]any{"IsActive": false}); err != nil {
				d.t.Fatal(err)
			}
		}, "no longer active"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDepot(t)
			d.worker("Ana", -100, 100)
			d.visit("monday", "Scheduled", 5, "Ana")
			d.hold(twoWeeks)
			test.happens(d)
			said := strings.Join(d.hold(over), "\n")
			want := "Scheduled, with Ana"
			if test.why != "" {
				want = "None, kept for Ana"
			}
			if got := d.state()["monday"]; got != want {
				t.Errorf("the visit is %q, want %q", got, want)
			}
			if !strings.Contains(said, test.why) {
				t.Errorf("it does not say %q:\n%s", test.why, said)
			}
		})
	}
}

func TestAnAssignedResourceIsNotDeletedFromUnderAPerson(t *testing.T) {
	d := newDepot(t)
	d.worker("Ana", -100, 100)
	d.worker("Ben", -100, 100)
	visit := d.visit("monday", "Scheduled", 5, "Ana")
	e := rules.Event{ID: "sf:1", Subject: rules.Ref{Kind: "client", ID: d.client}}
	s, err := d.m.Snapshot(t.Context(), d.sink, d.memory, e, now)
	if err != nil {
		t.Fatal(err)
	}
	allocation := s.Client.Jobs[0].Allocations[0]
	free := rules.Action{Verb: "free-worker", On: rules.Ref{Kind: "allocation", ID: allocation.ID}, Args: map[string]string{"job": visit, "resource": allocation.Resource}}
	writes, err := d.m.Changes(e, s, rules.Decision{Actions: []rules.Action{free}})
	if err != nil {
		t.Fatal(err)
	}
	// A dispatcher gives the visit to Ben in the meantime.
	if err := d.org.Update("AssignedResource", allocation.ID, map[string]any{"ServiceResourceId": d.workers["Ben"]}); err != nil {
		t.Fatal(err)
	}
	r := d.sink.Apply(t.Context(), []connectors.Change{writes[0].Change})[0]
	if connectors.ClassOf(r.Err) != connectors.Conflict {
		t.Errorf("the error is %v, want a conflict", r.Err)
	}
	d.stands(map[string]string{"monday": "Scheduled, with Ben"})
}

func TestTwoPresetsForVisitsAreRefused(t *testing.T) {
	_, err := mapping.New(mapping.Config{Presets: []string{"milestone", "skedulo", "fieldservice"}})
	want := `presets.2: "fieldservice" names the same things as "skedulo"; keep the one whose product the org has`
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v, want\n%s", err, want)
	}
}

// idOf is the visit that was added under the name.
func (d *depot) idOf(name string) string {
	for id, known := range d.names {
		if known == name {
			return id
		}
	}
	d.t.Fatalf("there is no visit %s", name)
	return ""
}
