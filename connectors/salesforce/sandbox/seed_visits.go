package sandbox

import (
	"fmt"
	"time"
)

// A client is a contact with visits. Two resources take turns.
type client struct {
	first, last  string
	email        string
	region, zone string
	hour         int // of the visits, local time
	resources    [2]string
}

func (s *seeder) clients() {
	for _, c := range []client{
		{"Harold", "Finch", "harold.finch@example.com", "New York", "America/New_York", 9, [2]string{"Nina Petrov", "Omar Haddad"}},
		{"Amelia", "Stone", "amelia.stone@example.org", "Chicago", "America/Chicago", 10, [2]string{"Luis Romero", "Kate Doyle"}},
		{"Noah", "Bennett", "noah.bennett@example.net", "Sydney", "Australia/Sydney", 13, [2]string{"Mia Chen", "Jack Walsh"}},
	} {
		s.client(c)
	}
	harold, amelia := s.out.Visits["Harold Finch"], s.out.Visits["Amelia Stone"]
	s.during(harold[7], "sked__Availability__c", "sked__Finish__c", "Nina Petrov",
		map[string]any{"sked__Is_Available__c": false, "sked__Status__c": "Approved"})
	s.during(harold[9], "sked__Availability__c", "sked__Finish__c", "Nina Petrov",
		map[string]any{"sked__Is_Available__c": false, "sked__Status__c": "Declined"})
	s.during(amelia[3], "sked__Availability__c", "sked__Finish__c", "Luis Romero",
		map[string]any{"sked__Is_Available__c": true, "sked__Status__c": "Approved"})
	if s.model.has("sked__Activity__c") {
		s.during(harold[10], "sked__Activity__c", "sked__End__c", "Omar Haddad", map[string]any{"Name": "First aid training"})
	}
	s.add("sked__Account_Resource_Score__c", map[string]any{
		"sked__Account__c": s.out.Accounts["Stone household"], "sked__Resource__c": s.out.Resources["Kate Doyle"], "sked__Blacklisted__c": true})
}

// A visit is one job: so many days from now, in this status, with the n-th
// resource of the client or the one named.
type visit struct {
	days     int
	status   string
	turn     int
	resource string
}

// visits is the calendar of every client: one visit past, twelve to come.
func (c client) visits() []visit {
	list := []visit{
		{-5, "Complete", 0, ""},
		{2, "Ready", 0, ""}, {5, "Ready", 1, ""}, {9, "Dispatched", 0, ""}, {12, "Dispatched", 1, ""},
		{16, "Pending Allocation", 0, ""}, {19, "Pending Dispatch", 1, ""}, {23, "Dispatched", 0, ""}, {26, "Cancelled", 1, ""},
		{30, "Pending Dispatch", 0, ""}, {33, "Pending Dispatch", 1, ""}, {37, "Pending Allocation", 0, ""}, {40, "Pending Dispatch", 0, ""},
	}
	if c.last == "Finch" {
		list[6].resource = "Peter Voss" // who has left since
	}
	return list
}

// visitTime is how long each visit takes.
const visitTime = 2 * time.Hour

// allocated is the state of an allocation beside that of its job; a job that
// is not listed has none.
var allocated = map[string]string{
	"Complete": "Complete", "Ready": "Confirmed", "Dispatched": "Dispatched", "Pending Dispatch": "Pending Dispatch", "Cancelled": "Deleted",
}

func (s *seeder) client(c client) {
	name := c.first + " " + c.last
	account := c.last + " household"
	zone, err := time.LoadLocation(c.zone)
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		zone = time.UTC
	}
	s.out.Accounts[account] = s.add("Account", map[string]any{"Name": account})
	s.out.Clients[name] = s.add("Contact", map[string]any{
		"FirstName": c.first, "LastName": c.last, "Email": c.email, "AccountId": s.out.Accounts[account]})
	location := s.add("sked__Location__c", map[string]any{"Name": c.last + " home"})
	year, month, day := s.now.In(zone).Date()
	for _, v := range c.visits() {
		start := time.Date(year, month, day+v.days, c.hour, 0, 0, 0, zone)
		fields := map[string]any{
			"sked__Job_Status__c": v.status, "sked__Start__c": start, "sked__Finish__c": start.Add(visitTime), "sked__Timezone__c": c.zone,
			"sked__Region__c": s.out.Regions[c.region], "sked__Account__c": s.out.Accounts[account], "sked__Contact__c": s.out.Clients[name],
			"sked__Location__c": location, "sked__Quantity__c": 1,
		}
		if v.status == "Cancelled" {
			fields["sked__Abort_Reason__c"] = "Cancelled by customer"
		}
		job := s.add("sked__Job__c", fields)
		s.starts[job] = start
		s.out.Visits[name] = append(s.out.Visits[name], job)
		if v.resource == "" {
			v.resource = c.resources[v.turn]
		}
		if status := allocated[v.status]; status != "" {
			s.add("sked__Job_Allocation__c", map[string]any{"sked__Job__c": job, "sked__Resource__c": s.out.Resources[v.resource], "sked__Status__c": status})
		}
	}
}

// away puts a client on hold, so that there is something to do in an org that
// nobody has looked after yet.
func (s *seeder) away() {
	object, fields := s.model.row("Contact", map[string]any{"On_Hold__c": true, "On_Hold_Start_Date__c": s.day(8), "Planned_Return_Date__c": s.day(29)})
	if s.err == nil {
		if err := s.person.Update(object, s.out.Clients["Noah Bennett"], fields); err != nil {
			s.err = fmt.Errorf("putting a client on hold: %w", err)
		}
	}
}

// during adds something that takes up a resource for the time of a visit.
func (s *seeder) during(job, object, end, resource string, fields map[string]any) {
	fields["sked__Resource__c"] = s.out.Resources[resource]
	fields["sked__Start__c"] = s.starts[job]
	fields[end] = s.starts[job].Add(visitTime)
	s.add(object, fields)
}
