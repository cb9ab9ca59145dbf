package sandbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ingest runs a job and returns what it says about itself, and the rows that
// it took and refused.
func (c *caller) ingest(settings map[string]any, data string) (info map[string]any, taken, refused string) {
	c.t.Helper()
	opened := c.call("POST", "jobs/ingest", settings)
	info, _ = opened.body.(map[string]any)
	url, _ := info["contentUrl"].(string)
	if opened.status != 200 || info["state"] != "Open" || !strings.HasPrefix(url, "services/data/") {
		c.t.Fatalf("opening: %d %v", opened.status, opened.body)
	}
	if got := c.call("PUT", "/"+url, data, "Content-Type", "text/csv"); got.status != 201 {
		c.t.Fatalf("uploading: %d %v", got.status, got.body)
	}
	job := "jobs/ingest/" + info["id"].(string)
	if got := c.call("PATCH", job, map[string]any{"id": info["id"], "state": "UploadComplete"}); got.status != 200 {
		c.t.Fatalf("closing: %d %v", got.status, got.body)
	}
	info = c.call("GET", job, nil).body.(map[string]any)
	taken, _ = c.call("GET", job+"/successfulResults/", nil).body.(string)
	refused, _ = c.call("GET", job+"/failedResults", nil).body.(string)
	return info, taken, refused
}

func TestABulkJobTakesTheRowsItCan(t *testing.T) {
	c := start(t, Options{})
	info, taken, refused := c.ingest(map[string]any{"object": "contact", "operation": "insert", "contentType": "CSV"},
		"FirstName,LastName,On_Hold__c\nAnn,\"O'Hara, Jr\",true\nBob,,false\n")
	if info["state"] != "JobComplete" || info["numberRecordsProcessed"] != 2.0 || info["numberRecordsFailed"] != 1.0 {
		t.Errorf("%v", info)
	}
	rows, err := c.org.Query("SELECT Id, Name, On_Hold__c FROM Contact")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0]["Name"] != "Ann O'Hara, Jr" || rows[0]["On_Hold__c"] != true {
		t.Fatalf("%v", rows)
	}
	id := rows[0]["Id"].(string)
	if want := "sf__Id,sf__Created,FirstName,LastName,On_Hold__c\n" + id + ",true,Ann,\"O'Hara, Jr\",true\n"; taken != want {
		t.Errorf("taken: %s", cmp.Diff(want, taken))
	}
	if want := "sf__Id,sf__Error,FirstName,LastName,On_Hold__c\n,REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --,Bob,,false\n"; refused != want {
		t.Errorf("refused: %s", cmp.Diff(want, refused))
	}

	c.ingest(map[string]any{"object": "Contact", "operation": "update", "lineEnding": "CRLF", "columnDelimiter": "TAB"}, "Id\tFirstName\tLastName\r\n"+id+"\t#N/A\t\r\n")
	if got := c.field("Contact", id, "Name"); got != "O'Hara, Jr" {
		t.Errorf("after an update with one null and one empty cell the name is %v", got)
	}
	c.ingest(map[string]any{"object": "Contact", "operation": "delete"}, "Id\n"+id+"\n")
	if c.count("Contact") != 0 {
		t.Error("it is not deleted")
	}
}

func TestABulkUpsertFindsRowsByTheirKey(t *testing.T) {
	c := start(t, Options{})
	c.insert("Workflow__c", map[string]any{"Name": "W-1", "Contract_Id__c": "C-1"})
	settings := map[string]any{"object": "Workflow__c", "operation": "upsert", "externalIdFieldName": "Contract_Id__c"}
	_, taken, refused := c.ingest(settings, "Contract_Id__c,Name\nC-1,first\nC-2,second\n")
	if !strings.Contains(taken, ",false,C-1,first") || !strings.Contains(taken, ",true,C-2,second") || strings.Count(refused, "\n") != 1 {
		t.Errorf("taken:\n%srefused:\n%s", taken, refused)
	}
	_, _, refused = c.ingest(map[string]any{"object": "Milestone__c", "operation": "insert"}, "Name,Workflow__r.Contract_Id__c\nM1,C-2\nM2,C-9\n")
	if c.count("Milestone__c") != 1 || !strings.Contains(refused, "INVALID_FIELD:Foreign key external ID: C-9") {
		t.Errorf("refused:\n%s", refused)
	}
	info, _, _ := c.ingest(settings, "Contract_Id__c,Colour\nC-3,red\n")
	if info["state"] != "Failed" || info["errorMessage"] != "InvalidBatch : Field name not found : Colour" {
		t.Errorf("%v", info)
	}
}

func TestABulkQueryComesInPages(t *testing.T) {
	c := start(t, Options{})
	account := c.insert("Account", map[string]any{"Name": "Acme"})
	for _, name := range []string{"Ash", "Birch", "Cedar"} {
		c.insert("Contact", map[string]any{"LastName": name, "AccountId": account})
	}
	job := c.call("POST", "jobs/query", map[string]any{"operation": "query", "query": "SELECT LastName, Account.Name, Phone, CreatedDate FROM Contact"}).body.(map[string]any)
	if job["state"] != "UploadComplete" {
		t.Errorf("%v", job)
	}
	path := "jobs/query/" + job["id"].(string)
	if got := c.call("GET", path, nil).body.(map[string]any); got["state"] != "JobComplete" || got["numberRecordsProcessed"] != 3.0 {
		t.Errorf("%v", got)
	}
	var pages []string
	for locator := ""; locator != "null"; {
		got := c.call("GET", path+"/results?maxRecords=2&locator="+locator, nil)
		pages = append(pages, got.header.Get("Sforce-NumberOfRecords")+"\n"+got.body.(string))
		if locator = got.header.Get("Sforce-Locator"); locator == "" {
			t.Fatal("no locator")
		}
	}
	const head, tail = "LastName,Account.Name,Phone,CreatedDate\n", ",Acme,,2026-03-02T15:04:05.000Z\n"
	want := []string{"2\n" + head + "Ash" + tail + "Birch" + tail, "1\n" + head + "Cedar" + tail}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Error(diff)
	}
}

func TestABulkJobThatMakesNoSenseIsRefused(t *testing.T) {
	c := start(t, Options{})
	for path, bodies := range map[string][]string{
		"jobs/ingest": {`{"object":"Nonsense","operation":"insert"}`, `{"object":"Contact","operation":"paint"}`, `{"object":"Case","operation":"upsert","externalIdFieldName":"Subject"}`, `{"object":"Case","operation":"insert","columnDelimiter":"DOT"}`},
		"jobs/query":  {`{"operation":"query","query":"SELECT COUNT() FROM Contact"}`, `{"operation":"query","query":"SELECT (SELECT Id FROM Cases) FROM Contact"}`, `{"operation":"query","query":"SELECT"}`, `{"operation":"insert","query":"SELECT Id FROM Contact"}`},
	} {
		for _, body := range bodies {
			if got := c.call("POST", path, body); got.status != 400 {
				t.Errorf("%s: %d %v", body, got.status, got.body)
			}
		}
	}
	if got := c.call("GET", "jobs/query/750Sb0000000001/results", nil).status; got != 404 {
		t.Errorf("an unknown job: %d", got)
	}
}
