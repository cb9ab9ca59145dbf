package sandbox

import (
	"strings"
	"testing"
)

func TestAHiddenFieldIsNotThere(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Contact", map[string]any{"LastName": "Crow", "Phone": "1"})
	c.org.Allow(NoAccess, "Contact.Phone")
	for _, soql := range []string{"SELECT Phone FROM Contact", "SELECT Id FROM Contact WHERE Phone = '1'", "SELECT Id FROM Contact ORDER BY Phone", "SELECT Contact.Phone FROM Case"} {
		if got := c.call("GET", q(soql), nil); got.status != 400 || got.code() != "INVALID_FIELD" {
			t.Errorf("%s: %d %v", soql, got.status, got.body)
		}
	}
	if got := c.call("GET", q("SELECT FIELDS(ALL) FROM Contact LIMIT 1"), nil); got.status != 200 || strings.Contains(asText(got.body), "Phone") {
		t.Errorf("FIELDS(ALL): %d %v", got.status, got.body)
	}
	if got := c.call("GET", "sobjects/Contact/"+id, nil); got.status != 200 || strings.Contains(asText(got.body), "Phone") {
		t.Errorf("the row: %d %v", got.status, got.body)
	}
	if got := c.call("GET", "sobjects/Contact/describe", nil); strings.Contains(asText(got.body), `"name":"Phone"`) {
		t.Error("describe names it")
	}
	if got := c.call("PATCH", "sobjects/Contact/"+id, map[string]any{"Phone": "2"}); got.code() != "INVALID_FIELD_FOR_INSERT_UPDATE" {
		t.Errorf("writing: %d %v", got.status, got.body)
	}
	if got := c.field("Contact", id, "Phone"); got != "1" {
		t.Errorf("the administrator sees %v", got)
	}
	c.org.Allow(ReadAccess, "Contact.Phone")
	if got := c.call("GET", q("SELECT Phone FROM Contact"), nil); got.status != 200 {
		t.Errorf("reading: %d %v", got.status, got.body)
	}
	if got := c.call("PATCH", "sobjects/Contact/"+id, map[string]any{"phone": "2"}); got.code() != "INVALID_FIELD_FOR_INSERT_UPDATE" {
		t.Errorf("writing what may be read: %d %v", got.status, got.body)
	}
	c.org.Allow(FullAccess, "Contact.Phone")
	if got := c.call("PATCH", "sobjects/Contact/"+id, map[string]any{"Phone": "2"}); got.status != 204 {
		t.Errorf("writing again: %d %v", got.status, got.body)
	}
}

func TestARecordThatIsNotSharedIsAbsent(t *testing.T) {
	c := start(t, Options{})
	parent := c.insert("Account", map[string]any{"Name": "Acme"})
	ids := []string{c.insert("Contact", map[string]any{"LastName": "Crow", "AccountId": parent}), c.insert("Contact", map[string]any{"LastName": "Dove", "AccountId": parent})}
	c.org.Allow(NoAccess, ids[0], parent)
	got := c.call("GET", q("SELECT LastName, Account.Name FROM Contact"), nil)
	if body := got.body.(map[string]any); body["totalSize"] != 1.0 || strings.Contains(asText(body), "Acme") {
		t.Errorf("%v", body)
	}
	if got := c.call("GET", "sobjects/Contact/"+ids[0], nil); got.status != 404 {
		t.Errorf("the row: %d", got.status)
	}
	if got := c.call("PATCH", "sobjects/Contact/"+ids[0], map[string]any{"Phone": "1"}); got.code() != "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" {
		t.Errorf("writing: %d %v", got.status, got.body)
	}
	c.org.Allow(ReadAccess, ids[0])
	if got := c.call("PATCH", "sobjects/Contact/"+ids[0], map[string]any{"Phone": "1"}); got.code() != "INSUFFICIENT_ACCESS_OR_READONLY" {
		t.Errorf("writing what may be read: %d %v", got.status, got.body)
	}
}

func TestAnObjectWithoutAccessIsUnknown(t *testing.T) {
	c := start(t, Options{})
	if got := c.call("POST", "/sandbox/access", map[string]any{"access": "none", "to": []any{"Workflow__c"}}); got.status != 204 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	if got := c.call("GET", q("SELECT Id FROM Workflow__c"), nil); got.code() != "INVALID_TYPE" {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := c.call("GET", q("SELECT (SELECT Id FROM Workflows__r) FROM Contact"), nil); got.code() != "INVALID_TYPE" {
		t.Errorf("as children: %d %v", got.status, got.body)
	}
	if got := c.call("GET", q("SELECT Workflow__r.Name FROM Milestone__c"), nil); got.code() != "INVALID_FIELD" {
		t.Errorf("as a parent: %d %v", got.status, got.body)
	}
	if got := c.call("GET", "sobjects/Workflow__c/describe", nil); got.status != 404 {
		t.Errorf("describe: %d", got.status)
	}
	for _, body := range []string{`{"access":"some","to":["Contact"]}`, `{"access":"none","to":["Contact.Nonsense"]}`, `{"access":"none","to":["003Sb0000000099"]}`} {
		if got := c.call("POST", "/sandbox/access", body); got.status != 400 {
			t.Errorf("%s: %d", body, got.status)
		}
	}
}
