package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func seeded(t *testing.T) (*Org, Seeded) {
	t.Helper()
	o := New(Options{Now: func() time.Time { return epoch }})
	s, err := Seed(o, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return o, s
}

func TestTheSeedIsTheSameEachTime(t *testing.T) {
	a, as := seeded(t)
	b, bs := seeded(t)
	if diff := cmp.Diff(as, bs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.Dump(), b.Dump()); diff != "" {
		t.Error(diff)
	}
}

func TestTheSeedUsesAddressesReservedForExamples(t *testing.T) {
	o, _ := seeded(t)
	found := 0
	for object, rows := range o.Dump() {
		for _, r := range rows {
			for field, v := range r {
				_, domain, ok := strings.Cut(fmt.Sprint(v), "@")
				if !ok {
					continue
				}
				found++
				switch {
				case domain == "example.com", domain == "example.org", domain == "example.net", strings.HasSuffix(domain, ".example"):
				default:
					t.Errorf("%s.%s is %v", object, field, v)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d addresses", found)
	}
}

func TestTheSeedHasTheCastOfTheDemo(t *testing.T) {
	o, s := seeded(t)
	rows, err := o.Query(`SELECT Name, Contract_Id__c, Product_Model__c, Milestone__c, Contract_Signers__c, Homeowner__r.Email,
		(SELECT Name, Status__c FROM Milestones__r ORDER BY Order__c) FROM Workflow__c WHERE Name < 'W-1048'`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		line := []string{r["Name"].(string), r["Contract_Id__c"].(string), r["Product_Model__c"].(string), r["Milestone__c"].(string),
			r["Contract_Signers__c"].(string), r["Homeowner__r"].(map[string]any)["Email"].(string)}
		for _, m := range r["Milestones__r"].(map[string]any)["records"].([]map[string]any) {
			line = append(line, fmt.Sprintf("%s %s", m["Name"], m["Status__c"]))
		}
		got = append(got, strings.Join(line, ", "))
	}
	want := []string{
		"W-1042, C-204417, Regular, M1, Installer;Sales Rep, maria.alvarez@example.com, M1 Pending Review, M2 Not Submitted, M3 Not Submitted",
		"W-1043, C-204418, Regular, M2, Installer, daniel.okafor@example.com, M1 Approved, M2 Not Submitted, M3 Not Submitted",
		"W-1044, C-204419, Direct Pay, M1B, Installer;Sales Rep, ruth.lindqvist@example.org, M1A Approved, M1B Not Submitted, M2 Not Submitted, M3 Not Submitted",
		"W-1045, C-204420, Regular, M1, Sales Rep, carlos.mendez@example.net, M1 Not Submitted, M2 Not Submitted, M3 Not Submitted",
		"W-1046, C-204421, Direct Pay, M1A, Installer;Sales Rep, grace.whitfield@example.com, M1A Not Submitted, M1B Not Submitted, M2 Not Submitted, M3 Not Submitted",
		"W-1047, C-204422, Regular, M2, Installer;Sales Rep, tom.becker@example.org, M1 Approved, M2 Not Submitted, M3 Not Submitted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	reviews, err := o.Query("SELECT Name FROM Milestone_Review__c WHERE Status__c = 'Pending' AND Milestone__c = '" + s.Milestones["W-1042 M1"] + "'")
	if err != nil {
		t.Fatal(err)
	}
	if len(reviews) != 2 {
		t.Errorf("%d reviews are pending", len(reviews))
	}
}

func TestTheSeedHasVisitsThatHangTogether(t *testing.T) {
	o, s := seeded(t)
	now := epoch.Format("2006-01-02T15:04:05Z")
	end := epoch.AddDate(0, 0, 42).Format("2006-01-02T15:04:05Z")
	for _, name := range []string{"Harold Finch", "Amelia Stone"} {
		ahead, err := o.Query("SELECT Id FROM sked__Job__c WHERE sked__Contact__c = '" + s.Clients[name] + "' AND sked__Start__c > " + now + " AND sked__Start__c < " + end)
		if err != nil {
			t.Fatal(err)
		}
		if len(ahead) != 12 || len(s.Visits[name]) != 13 {
			t.Errorf("%s has %d visits in the next six weeks, of %d in all", name, len(ahead), len(s.Visits[name]))
		}
	}
	allocations, err := o.Query(`SELECT sked__Resource__r.Name, sked__Job__r.sked__Start__c, sked__Job__r.sked__Job_Status__c FROM sked__Job_Allocation__c
		WHERE sked__Status__c != 'Deleted' ORDER BY sked__Job__r.sked__Start__c`)
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, a := range allocations {
		job := a["sked__Job__r"].(map[string]any)
		key := fmt.Sprint(a["sked__Resource__r"].(map[string]any)["Name"], job["sked__Start__c"])
		if taken[key] {
			t.Errorf("two visits take the same resource: %s", key)
		}
		taken[key] = true
		if job["sked__Job_Status__c"] == "Pending Allocation" {
			t.Errorf("%s has an allocation though it is pending one", key)
		}
	}
}

func TestAFailedSeedSaysWhy(t *testing.T) {
	o, _ := seeded(t)
	if _, err := Seed(o, epoch); err == nil || !strings.Contains(err.Error(), "DUPLICATE_VALUE") {
		t.Errorf("seeding twice: %v", err)
	}
}
