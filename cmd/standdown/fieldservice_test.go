package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/salesforce/sandbox"
)

// fieldService is all that a Field Service org needs besides how it is reached.
const fieldService = `mapping:
  presets: [fieldservice]
`

// TestHoldsRunOnAFieldServiceOrg has a daemon cancel the appointments of a
// client who goes away, take one of them back as a person asks, and give back the
// others when the client returns.
func TestHoldsRunOnAFieldServiceOrg(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a daemon and an org")
	}
	org, url := newTestOrg(t)
	configuration := orgAt(url, fmt.Sprintf(`  poll: "@every 1s"
journal: {path: %s}
web: {listen: ""}
rules: {on_hold: {default_zone: America/Denver}}
autonomy: {cancel-job: auto, free-worker: auto, allocate-saved: auto, reopen-job: auto, post-comment: auto}
delivery: {backoff_min: 100ms, backoff_max: 1s}
`, filepath.Join(t.TempDir(), "journal.db"))) + fieldService
	if code, out, errs := standdown(t, configuration, "org", "check"); code != exitDone {
		t.Fatalf("org check: exit code %d, said\n%s%s", code, out, errs)
	}
	cfg, err := config.Parse("standdown.yaml", []byte(configuration), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}

	client, visits, ana := peopleFieldService(t, org)
	served(t, cfg, time.Now)
	journal, err := beside(t.Context(), cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	err = stage.Until(t.Context(), "the first read", func() (bool, error) {
		r, err := journal.Reading(t.Context(), "salesforce")
		return err == nil && !r.ReadAt.IsZero() && !r.Baseline, err
	})
	if err != nil {
		t.Fatal(err)
	}

	// become waits until the appointments have these statuses, in the order of
	// their numbers, and such a number of them is Ana's.
	become := func(statuses string, hers int) {
		t.Helper()
		calm := lull{journal: journal}
		var is string
		err := stage.Until(t.Context(), statuses, func() (bool, error) {
			if quiet, err := calm.lasts(t.Context()); err != nil || !quiet {
				return false, err
			}
			is = ""
			for _, id := range visits {
				rows, err := org.Query("SELECT Status FROM ServiceAppointment WHERE Id = '" + id + "'")
				if err != nil {
					return false, err
				}
				is += fmt.Sprint(rows[0]["Status"], "; ")
			}
			assigned, err := org.Query("SELECT Id FROM AssignedResource WHERE ServiceResourceId = '" + ana + "'")
			is += fmt.Sprint(len(assigned), " hers")
			return true, err
		})
		if want := fmt.Sprintf("%s; %d hers", statuses, hers); err != nil || is != want {
			t.Fatalf("they are %s; want %s (error %v)", is, want, err)
		}
	}
	change := func(fields map[string]any) {
		t.Helper()
		if err := org.Update("Contact", client, fields); err != nil {
			t.Fatal(err)
		}
		soon := lull{journal: journal} // until the change has been read
		if err := stage.Until(t.Context(), "the change to be decided", func() (bool, error) { return soon.lasts(t.Context()) }); err != nil {
			t.Fatal(err)
		}
	}

	change(map[string]any{"Standdown_On_Hold__c": true, "Standdown_Hold_Start__c": day(9), "Standdown_Hold_Return__c": day(21)})
	become("Scheduled; Canceled; Canceled; Scheduled", 2)

	entries, err := journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Verb != "cancel-job" || e.Change.Ref.ID != visits[1] {
			continue
		}
		code, out, errs := standdown(t, configuration, "outbox", "undo", e.Decision, "--as", "Dana", "--reason", "that one is still needed")
		if code != exitDone || !strings.Contains(out, "take back: SA-0002 allocation: deleted (Ana)") {
			t.Fatalf("undo: exit code %d, said\n%s%s", code, out, errs)
		}
	}
	become("Scheduled; Scheduled; Canceled; Scheduled", 3)

	change(map[string]any{"Standdown_On_Hold__c": false, "Standdown_Hold_Start__c": nil, "Standdown_Hold_Return__c": nil})
	become("Scheduled; Scheduled; Scheduled; Scheduled", 4)
	left, err := org.Query("SELECT Id FROM ServiceAppointment WHERE Standdown_Abort_Reason__c != null OR Standdown_Resource__c != null")
	if err != nil || len(left) != 0 {
		t.Errorf("a reason or a worker is left on %v, error %v", left, err)
	}
	posts, err := org.Query("SELECT Body FROM FeedItem WHERE ParentId = '" + client + "'")
	if err != nil || !strings.Contains(fmt.Sprint(posts), "SA-0003") {
		t.Errorf("the client's feed says %v, error %v", posts, err)
	}
}

// day is a date so many days from now.
func day(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }

// peopleFieldService adds a client with a visit every week, and Ana who makes
// them.
func peopleFieldService(t *testing.T, org *sandbox.Org) (client string, visits []string, ana string) {
	t.Helper()
	add := func(object string, fields map[string]any) string {
		id, err := org.Insert(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	account := add("Account", map[string]any{"Name": "Marsh household"})
	client = add("Contact", map[string]any{"FirstName": "Ivy", "LastName": "Marsh", "AccountId": account})
	order := add("WorkOrder", map[string]any{"AccountId": account, "ContactId": client})
	north := add("ServiceTerritory", map[string]any{"Name": "North", "OperatingHoursId": add("OperatingHours", map[string]any{"Name": "Weekdays", "TimeZone": "America/Denver"})})
	ana = add("ServiceResource", map[string]any{"Name": "Ana", "IsActive": true})
	add("ServiceTerritoryMember", map[string]any{"ServiceResourceId": ana, "ServiceTerritoryId": north, "TerritoryType": "P", "EffectiveStartDate": time.Now().AddDate(-1, 0, 0)})
	for week := range 4 {
		start := time.Now().AddDate(0, 0, 5+7*week).Truncate(time.Second)
		visit := add("ServiceAppointment", map[string]any{"Status": "Scheduled", "SchedStartTime": start, "SchedEndTime": start.Add(time.Hour),
			"ParentRecordId": order, "AccountId": account, "ContactId": client, "ServiceTerritoryId": north})
		add("AssignedResource", map[string]any{"ServiceAppointmentId": visit, "ServiceResourceId": ana})
		visits = append(visits, visit)
	}
	return client, visits, ana
}

func TestThePackageMakesWhatFieldServiceHasNoPlaceFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sfdx")
	code, _, errs := standdown(t, orgAt("https://acme.my.salesforce.com", fieldService), "org", "package", dir, "--contact", "admin@acme.example")
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, sourceDir, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for path, want := range map[string]string{
		"objects/Contact/fields/Standdown_On_Hold__c.field-meta.xml":                 "<defaultValue>false</defaultValue>",
		"objects/Contact/fields/Standdown_Hold_Start__c.field-meta.xml":              "<type>Date</type>",
		"objects/Contact/fields/Standdown_Hold_Return__c.field-meta.xml":             "<type>Date</type>",
		"objects/ServiceAppointment/fields/Standdown_Abort_Reason__c.field-meta.xml": "<fullName>Customer on Hold</fullName>",
		"objects/ServiceAppointment/fields/Standdown_Resource__c.field-meta.xml":     "<referenceTo>ServiceResource</referenceTo>",
		"objects/AssignedResource/fields/Standdown_Key__c.field-meta.xml":            "<unique>true</unique>",
	} {
		if !strings.Contains(read(path), want) {
			t.Errorf("%s has no %s", path, want)
		}
	}
	granted := regexp.MustCompile(`<allowDelete>true</allowDelete>(?s:.*?)<object>(\w+)</object>`).FindAllStringSubmatch(read("permissionsets/Standdown.permissionset-meta.xml"), -1)
	if len(granted) != 1 || granted[0][1] != "AssignedResource" {
		t.Errorf("what may be deleted is %v, want AssignedResource alone", granted)
	}
}

func TestAFieldServiceOrgWithoutTheFieldsIsTold(t *testing.T) {
	org, url := newTestOrg(t)
	org.Allow(sandbox.NoAccess, "Contact.Standdown_On_Hold__c", "OperatingHours.TimeZone")
	org.Allow(sandbox.ReadAccess, "AssignedResource")
	code, out, errs := standdown(t, orgAt(url, fieldService+`  objects:
    job: {values: {status: {pending-dispatch: Shceduled}}}
    account_block: {values: {blocked: {"yes": Exclude}}}
`), "org", "check")
	if code != exitFailed {
		t.Errorf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		`Contact.Standdown_On_Hold__c (contact.on_hold): there is no such field`,
		`OperatingHours.TimeZone (operating_hours.timezone): there is no such field`,
		`AssignedResource (allocation): the integration user may not have records of it created`,
		`AssignedResource (allocation): the integration user may not have records of it deleted`,
		`ServiceAppointment.Status (job.status): "Shceduled" is none of its values` + "\n" + `  did you mean "Scheduled"?`,
		`ResourcePreference.PreferenceType (account_block.blocked): "Exclude" is none of its values` + "\n" + `  did you mean "Excluded"?`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}
