package sandbox

import (
	"fmt"
	"time"
)

// Seeded names the records that [Seed] made: each map leads from a name to an
// id.
type Seeded struct {
	Users        map[string]string // "Dana Whitlock"
	Homeowners   map[string]string // contacts: "Maria Alvarez"
	Workflows    map[string]string // "W-1042"
	Milestones   map[string]string // "W-1042 M1"
	Clients      map[string]string // contacts: "Harold Finch"
	Accounts     map[string]string // "Finch household"
	Regions      map[string]string // "New York"
	Resources    map[string]string // "Nina Petrov"
	Customers    map[string]string // contacts of an agency's customers: "Joan Price"
	Interpreters map[string]string // "Lena Ortiz"
	Assignments  map[string]string // "A-3017"
	// Visits are the jobs of each client, by start; the first lies in the past.
	Visits map[string][]string
	Blocks map[string]string // ops blocks: "B-1001"
	// BackOffice is the queue for cases.
	BackOffice string
}

// Seed fills a new org with people and work that hang together: homeowners
// with workflows at every milestone, clients with visits over the next six
// weeks, and an agency's customers with assignments. It is the same each time,
// but for dates, which count from now. All addresses are of domains reserved
// for examples. On error the org is left half filled.
func Seed(org *Org, now time.Time) (Seeded, error) {
	s := &seeder{person: org.Person, model: org.opts.Model, now: now, starts: map[string]time.Time{}, out: Seeded{
		Users: map[string]string{}, Homeowners: map[string]string{}, Workflows: map[string]string{}, Milestones: map[string]string{},
		Clients: map[string]string{}, Accounts: map[string]string{}, Regions: map[string]string{}, Resources: map[string]string{},
		Visits: map[string][]string{}, Blocks: map[string]string{}, Customers: map[string]string{}, Interpreters: map[string]string{}, Assignments: map[string]string{},
	}}
	s.users()
	s.workflows()
	s.resources()
	s.clients()
	if s.model != nil {
		s.away()
	}
	if s.model.has("Ops_Block__c") {
		s.blocks()
	}
	if s.model.has("Assignment__c") {
		s.assignments()
	}
	if s.err != nil {
		return Seeded{}, fmt.Errorf("seeding the sandbox: %w", s.err)
	}
	return s.out, nil
}

// A seeder adds records until something goes wrong, and then adds no more.
type seeder struct {
	person Person
	model  *Model
	now    time.Time
	starts map[string]time.Time // of visits, by id
	out    Seeded
	err    error
}

func (s *seeder) add(object string, fields map[string]any) string {
	if s.err != nil {
		return ""
	}
	object, fields = s.model.row(object, fields)
	id, err := s.person.Insert(object, fields)
	if err != nil {
		s.err = fmt.Errorf("adding a %s: %w", object, err)
	}
	return id
}

func (s *seeder) day(offset int) string { return s.now.AddDate(0, 0, offset).Format(time.DateOnly) }

func (s *seeder) users() {
	for _, u := range []struct{ first, last, name string }{
		{"Dana", "Whitlock", "dana.whitlock"}, // back office
		{"Marcus", "Bell", "marcus.bell"},     // deal processing
		{"Elena", "Rossi", "elena.rossi"},     // scheduling
	} {
		s.out.Users[u.first+" "+u.last] = s.add("User", map[string]any{
			"FirstName": u.first, "LastName": u.last, "Username": u.name + "@backoffice.example", "Email": u.name + "@backoffice.example",
			"IsActive": true, "TimeZoneSidKey": "America/New_York"})
	}
	if s.model != nil {
		return // such an org has no queue for Standdown yet
	}
	s.out.BackOffice = s.add("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})
}

// A deal is one workflow of one homeowner.
type deal struct {
	name, contract string
	first, last    string
	email          string
	model, product string
	milestone      string
	signedDaysAgo  int
	signers        string
	photos         string
	invoice        string
	roofClear      string
	status         string
	reviews        int // pending reviews of the current milestone
}

func deals() []deal {
	const both, installer, salesRep = "Installer;Sales Rep", "Installer", "Sales Rep"
	return []deal{
		{"W-1042", "C-204417", "Maria", "Alvarez", "maria.alvarez@example.com", "Regular", "Solar Loan", "M1", 6, both, "None", "None", "Yes", "Active", 2},
		{"W-1043", "C-204418", "Daniel", "Okafor", "daniel.okafor@example.com", "Regular", "Solar Loan", "M2", 41, installer, "None", "None", "Yes", "Active", 0},
		{"W-1044", "C-204419", "Ruth", "Lindqvist", "ruth.lindqvist@example.org", "Direct Pay", "Solar Loan", "M1B", 33, both, "None", "Uploaded", "Yes", "Active", 0},
		{"W-1045", "C-204420", "Carlos", "Mendez", "carlos.mendez@example.net", "Regular", "Solar Loan", "M1", 12, salesRep, "None", "None", "Yes", "Active", 0},
		{"W-1046", "C-204421", "Grace", "Whitfield", "grace.whitfield@example.com", "Direct Pay", "Solar Loan", "M1A", 9, both, "None", "None", "Yes", "Active", 0},
		{"W-1047", "C-204422", "Tom", "Becker", "tom.becker@example.org", "Regular", "Solar Loan", "M2", 58, both, "Uploaded", "Uploaded", "No", "Active", 0},
		{"W-1048", "C-204423", "Yuki", "Tanaka", "yuki.tanaka@example.net", "Regular", "Solar Loan", "M3", 120, installer, "Uploaded", "Uploaded", "No", "Active", 0},
		{"W-1049", "C-204424", "Priya", "Nair", "priya.nair@example.com", "Regular", "Solar Loan", "M1", 15, both, "None", "None", "Yes", "Active", 0},
		{"W-1050", "C-204425", "Priya", "Nair", "priya.nair@example.com", "Regular", "Solar Loan", "M2", 62, both, "None", "None", "Yes", "Active", 0},
		{"W-1051", "C-204426", "Hannah", "Cole", "hannah.cole@example.org", "Regular", "Beam", "M1", 20, both, "None", "None", "Yes", "Active", 0},
		{"W-1052", "C-204427", "Oliver", "Grant", "oliver.grant@example.net", "Regular", "Solar Loan", "M1", 27, both, "None", "None", "Yes", "Cancel Pending", 0},
		{"W-1053", "C-204428", "Ingrid", "Solberg", "ingrid.solberg@example.com", "Direct Pay", "Solar Loan", "M1B", 30, salesRep, "None", "None", "Yes", "Active", 0},
	}
}

func (s *seeder) workflows() {
	s.person = s.person.org.As("Dana Whitlock")
	for _, d := range deals() {
		person := d.first + " " + d.last
		if s.out.Homeowners[person] == "" {
			s.out.Homeowners[person] = s.add("Contact", map[string]any{"FirstName": d.first, "LastName": d.last, "Email": d.email})
		}
		fields := map[string]any{
			"Name": d.name, "Contract_Id__c": d.contract, "Status__c": d.status, "Product_Model__c": d.model, "Product__c": d.product,
			"Milestone__c": d.milestone, "Homeowner__c": s.out.Homeowners[person],
			"Installer_Name__c": "Brightline Solar", "Installer_Email__c": "projects@brightline.example",
			"Sales_Rep_Name__c": "Jonas Weber", "Sales_Rep_Email__c": "jonas.weber@sunsales.example",
			"Contract_Signers__c": d.signers, "Signed_On__c": s.day(-d.signedDaysAgo),
			"System_Photos__c": d.photos, "Invoice__c": d.invoice, "Roof_Clear__c": d.roofClear,
		}
		if d.status == "Cancel Pending" {
			fields["Cancel_Reason__c"] = "Changed mind"
		}
		s.out.Workflows[d.name] = s.add("Workflow__c", fields)
		s.milestones(d)
	}
}

func (s *seeder) milestones(d deal) {
	names := []string{"M1", "M2", "M3"}
	if d.model == "Direct Pay" {
		names = []string{"M1A", "M1B", "M2", "M3"}
	}
	status := "Approved"
	for i, name := range names {
		now := status
		if name == d.milestone {
			now, status = "Not Submitted", "Not Submitted"
			if d.reviews > 0 {
				now = "Pending Review"
			}
		}
		id := s.add("Milestone__c", map[string]any{"Name": name, "Workflow__c": s.out.Workflows[d.name], "Order__c": i + 1, "Status__c": now})
		s.out.Milestones[d.name+" "+name] = id
		if name != d.milestone {
			continue
		}
		for n := range d.reviews {
			s.add("Milestone_Review__c", map[string]any{"Name": [...]string{"Contract review", "Credit review"}[n%2], "Milestone__c": id, "Status__c": "Pending"})
		}
	}
}

func (s *seeder) resources() {
	s.person = s.person.org.As("Elena Rossi")
	for _, r := range []struct{ name, zone string }{
		{"New York", "America/New_York"}, {"Chicago", "America/Chicago"}, {"Sydney", "Australia/Sydney"},
	} {
		s.out.Regions[r.name] = s.add("sked__Region__c", map[string]any{"Name": r.name, "sked__Timezone__c": r.zone})
	}
	for _, r := range []struct {
		name, region, second string
		active               bool
	}{
		{"Nina Petrov", "New York", "", true},
		{"Omar Haddad", "New York", "Chicago", true},
		{"Peter Voss", "New York", "", false},
		{"Sara Lind", "Chicago", "New York", true},
		{"Luis Romero", "Chicago", "", true},
		{"Kate Doyle", "Chicago", "", true},
		{"Mia Chen", "Sydney", "", true},
		{"Jack Walsh", "Sydney", "", true},
	} {
		id := s.add("sked__Resource__c", map[string]any{"Name": r.name, "sked__Is_Active__c": r.active, "sked__Primary_Region__c": s.out.Regions[r.region]})
		s.out.Resources[r.name] = id
		if r.second != "" {
			s.add("sked__Resource_Region__c", map[string]any{"sked__Resource__c": id, "sked__Region__c": s.out.Regions[r.second]})
		}
	}
}
