package sandbox

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestAnAssignmentRuleTakesACaseUnlessToldNotTo(t *testing.T) {
	c := start(t, Options{AssignTo: map[string]string{"Case": "Triage"}})
	queue := c.insert("Group", map[string]any{"Name": "Triage", "DeveloperName": "Triage", "Type": "Queue"})
	mine := c.org.integration
	for _, tt := range []struct{ header, want string }{{"", queue}, {"TRUE", queue}, {"FALSE", mine}} {
		made := c.call("POST", "sobjects/Case", map[string]any{"Subject": "x", "OwnerId": mine}, "Sforce-Auto-Assign", tt.header)
		id := made.body.(map[string]any)["id"].(string)
		if got := c.field("Case", id, "OwnerId"); got != tt.want {
			t.Errorf("header %q: the owner of a new case is %v, want %s", tt.header, got, tt.want)
		}
	}
	id := c.insert("Case", map[string]any{"Subject": "x", "OwnerId": mine})
	c.call("PATCH", "sobjects/Case/"+id, map[string]any{"Subject": "y"})
	if got := c.field("Case", id, "OwnerId"); got != queue {
		t.Errorf("after an update the owner is %v", got)
	}
}

func TestAMergeLeadsEverythingToWhatStays(t *testing.T) {
	c := start(t, Options{})
	stays, goes := c.insert("Contact", map[string]any{"LastName": "Crow"}), c.insert("Contact", map[string]any{"LastName": "Crowe"})
	w := c.insert("Workflow__c", map[string]any{"Homeowner__c": goes})
	c.clock.advance(time.Minute)
	if err := c.org.Merge("Contact", stays, goes); err != nil {
		t.Fatal(err)
	}
	if got := c.field("Workflow__c", w, "Homeowner__c"); got != stays {
		t.Errorf("the workflow is of %v", got)
	}
	merged := "queryAll?q=SELECT+Id,SystemModstamp+FROM+Contact+WHERE+IsDeleted=true+AND+MasterRecordId='" + stays + "'"
	rows := c.call("GET", merged, nil).body.(map[string]any)["records"].([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["Id"] != goes || rows[0].(map[string]any)["SystemModstamp"] != "2026-03-02T15:05:05.000+0000" {
		t.Errorf("merged: %v", rows)
	}
	before := c.org.Dump()
	for _, try := range []error{c.org.Merge("Contact", stays, stays), c.org.Merge("Contact", stays, goes), c.org.Merge("Case", stays, goes), c.org.Merge("Contact", stays)} {
		if try == nil {
			t.Error("a merge that makes no sense is done")
		}
	}
	if diff := cmp.Diff(before, c.org.Dump()); diff != "" {
		t.Error(diff)
	}
}

func TestReplicationDoesNotGoPastWhatIsNotCommitted(t *testing.T) {
	c := start(t, Options{})
	a := c.insert("Contact", map[string]any{"LastName": "Crow"})
	c.clock.advance(time.Minute)
	b := c.insert("Contact", map[string]any{"LastName": "Dove"})
	if err := c.org.Delete("Contact", b); err != nil {
		t.Fatal(err)
	}
	window := "?start=2026-03-02T15:00:00Z&end=2026-03-02T16:00:00%2B00:00"
	changed := c.call("GET", "sobjects/Contact/updated/"+window, nil).body
	if diff := cmp.Diff(map[string]any{"ids": []any{a}, "latestDateCovered": "2026-03-02T15:05:00.000+0000"}, changed); diff != "" {
		t.Error(diff)
	}
	gone := c.call("GET", "sobjects/Contact/deleted/"+window, nil).body.(map[string]any)
	if diff := cmp.Diff([]any{map[string]any{"id": b, "deletedDate": "2026-03-02T15:05:05.000+0000"}}, gone["deletedRecords"]); diff != "" {
		t.Error(diff)
	}
	commit, err := c.org.Uncommitted(func() error { _, err := c.org.Insert("Contact", map[string]any{"LastName": "Late"}); return err })
	if err != nil {
		t.Fatal(err)
	}
	c.clock.advance(10 * time.Minute)
	covered := func() any {
		return c.call("GET", "sobjects/Account/updated"+window, nil).body.(map[string]any)["latestDateCovered"]
	}
	if got := covered(); got != "2026-03-02T15:05:00.000+0000" {
		t.Errorf("with an open transaction all is covered until %v", got)
	}
	commit()
	if got := covered(); got != "2026-03-02T15:15:00.000+0000" {
		t.Errorf("after it all is covered until %v", got)
	}
	for _, bad := range []string{"", "?start=2026-03-02T15:00:00Z&end=2026-03-02T15:00:30Z", "?start=2026-01-02T15:00:00Z&end=2026-03-02T15:00:00Z"} {
		if got := c.call("GET", "sobjects/Contact/updated"+bad, nil); got.status != 400 || got.code() != "INVALID_REPLICATION_DATE" {
			t.Errorf("%q: %d %v", bad, got.status, got.body)
		}
	}
}

func TestOnlyAnAccountHasAnETag(t *testing.T) {
	c := start(t, Options{})
	account := "sobjects/Account/" + c.insert("Account", map[string]any{"Name": "Acme"})
	tag := c.call("GET", account, nil).header.Get("ETag")
	if tag == "" {
		t.Fatal("none")
	}
	if got := c.call("GET", account, nil, "If-None-Match", tag).status; got != 304 {
		t.Errorf("unchanged: %d", got)
	}
	if got := c.call("PATCH", account, map[string]any{"Phone": "1"}, "If-Match", tag); got.status != 204 {
		t.Errorf("the first change: %d %v", got.status, got.body)
	}
	if got := c.call("PATCH", account, map[string]any{"Phone": "2"}, "If-Match", tag); got.status != 412 {
		t.Errorf("the second change, within the same second: %d %v", got.status, got.body)
	}
	contact := "sobjects/Contact/" + c.insert("Contact", map[string]any{"LastName": "Crow"})
	if got := c.call("GET", contact, nil).header.Get("ETag"); got != "" {
		t.Errorf("a contact has %s", got)
	}
}

func TestPagesShrinkAtRandomAndTheSameWayEachTime(t *testing.T) {
	read := func() (sizes []int, ids map[any]bool) {
		c := start(t, Options{ShrinkPages: 7})
		c.contacts(300)
		ids = map[any]bool{}
		for next := q("SELECT Id FROM Contact"); next != ""; {
			body := c.call("GET", next, nil, "Sforce-Query-Options", "batchSize=200").body.(map[string]any)
			for _, r := range body["records"].([]any) {
				ids[r.(map[string]any)["Id"]] = true
			}
			sizes = append(sizes, len(body["records"].([]any)))
			next, _ = body["nextRecordsUrl"].(string)
		}
		return sizes, ids
	}
	sizes, ids := read()
	again, _ := read()
	if len(ids) != 300 || len(sizes) < 3 {
		t.Errorf("%d rows on pages of %v", len(ids), sizes)
	}
	if diff := cmp.Diff(sizes, again); diff != "" {
		t.Error(diff)
	}
}

func TestTheLimitOfAnAppIsTold(t *testing.T) {
	c := start(t, Options{DailyLimit: 100, AppLimit: 2})
	c.call("GET", "limits", nil)
	if got := c.call("GET", "limits", nil).header.Get("Sforce-Limit-Info"); got != "api-usage=2/100; per-app-api-usage=2/2(appName=sandbox)" {
		t.Error(got)
	}
	if got := c.call("GET", "limits", nil); got.status != 403 || got.code() != "REQUEST_LIMIT_EXCEEDED" {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestLongHeadersAreRefused(t *testing.T) {
	c := start(t, Options{})
	if got := c.call("GET", "limits", nil, "X-Long", strings.Repeat("x", maxURI)).status; got != 431 {
		t.Errorf("status %d", got)
	}
}

func TestAnOrgContinuesFromItsFile(t *testing.T) {
	now := func() time.Time { return epoch }
	opts := Options{Now: now, State: filepath.Join(t.TempDir(), "org.json")}
	first, fresh, err := Open(opts)
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	s, err := Seed(first, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Submit(Approval{Record: s.Workflows["W-1042"], Approver: IntegrationUser}); err != nil {
		t.Fatal(err)
	}
	first.Allow(NoAccess, "Contact.Phone")
	if err := first.Delete("Contact", s.Homeowners["Ruth Lindqvist"]); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, fresh, err := Open(opts)
	if err != nil || fresh {
		t.Fatal(fresh, err)
	}
	if diff := cmp.Diff(first.Dump(), second.Dump()); diff != "" {
		t.Error(diff)
	}
	if err := second.As("Dana Whitlock").Update("Workflow__c", s.Workflows["W-1042"], map[string]any{"Product__c": "Beam"}); err == nil {
		t.Error("the approval is forgotten")
	}
	for _, o := range []*Org{first, second} {
		if _, err := o.Insert("Case", map[string]any{"Subject": "next"}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(first.Dump()["Case"], second.Dump()["Case"]); diff != "" {
		t.Errorf("the next case: %s", diff)
	}
	if _, _, err := Open(Options{State: "state.go"}); err == nil || !strings.Contains(err.Error(), "state.go") {
		t.Errorf("another file: %v", err)
	}
}

func TestTheOriginOfAChangeIsKnown(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Contact", map[string]any{"LastName": "Crow"})
	if got := c.org.Origin(id); got != "" {
		t.Errorf("a person's change is of %s", got)
	}
	body := map[string]any{"compositeRequest": []any{map[string]any{"method": "PATCH", "url": "/services/data/v61.0/sobjects/Contact/" + id, "referenceId": "a", "body": map[string]any{"Phone": "1"}}}}
	c.call("POST", "composite", body, "Sforce-Call-Options", "client=standdown")
	if got := c.org.Origin(id); got != "com/salesforce/api/rest/64.0;client=standdown" {
		t.Error(got)
	}
}

func TestAnArchivedEventIsSeenByQueryAllOnly(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Event", map[string]any{"Subject": "visit"})
	if err := c.org.Archive(id); err != nil {
		t.Fatal(err)
	}
	if got := c.call("GET", q("SELECT Id FROM Event"), nil).body.(map[string]any)["totalSize"]; got != 0.0 {
		t.Errorf("query sees %v", got)
	}
	if got := c.call("GET", "queryAll?q=SELECT+Id+FROM+Event+WHERE+IsArchived=true", nil).body.(map[string]any)["totalSize"]; got != 1.0 {
		t.Errorf("queryAll sees %v", got)
	}
}

func FuzzLoad(f *testing.F) {
	o := New(Options{Now: func() time.Time { return epoch }})
	o.file = filepath.Join(f.TempDir(), "org.json")
	if err := o.save(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(o.file)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(whole), `{}`, `null`, `{"Objects":{"Nonsense":{}}}`, `{"Objects":{"Contact":{"Rows":[null]}}}`,
		strings.Replace(string(whole), `"Approvals":{}`, `"Approvals":{"x":{"Record":"y"}}`, 1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o := New(Options{Now: func() time.Time { return epoch }})
		before := o.Dump()
		if err := o.load(text); err != nil {
			if diff := cmp.Diff(before, o.Dump()); diff != "" {
				t.Errorf("a file that is refused changes the org: %s", diff)
			}
			return
		}
		if _, err := o.Insert("Contact", map[string]any{"LastName": "Crow"}); err != nil {
			t.Errorf("the org that was read takes no contact: %v", err)
		}
	})
}
