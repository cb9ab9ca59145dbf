package sandbox

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestARowIsMadeReadChangedAndDeleted(t *testing.T) {
	c := start(t, Options{})
	made := c.call("POST", "sobjects/Contact/", map[string]any{"attributes": map[string]any{"type": "Contact"}, "lastname": "Crow", "Email": "crow@example.com"})
	id, _ := made.body.(map[string]any)["id"].(string)
	if made.status != 201 || len(id) != 18 || made.header.Get("Location") != "/services/data/v64.0/sobjects/Contact/"+id {
		t.Fatalf("%d %v %v", made.status, made.body, made.header)
	}
	c.clock.advance(time.Minute)
	if got := c.call("PATCH", "sobjects/Contact/"+id[:15], map[string]any{"FirstName": "Cara", "Email": nil}); got.status != 204 || got.body != "" {
		t.Fatalf("%d %v", got.status, got.body)
	}
	read := c.call("GET", "sobjects/Contact/"+id+"?fields=Name,Email,CreatedDate,SystemModstamp", nil)
	want := map[string]any{
		"attributes": map[string]any{"type": "Contact", "url": "/services/data/v64.0/sobjects/Contact/" + id},
		"Name":       "Cara Crow", "Email": nil,
		"CreatedDate": "2026-03-02T15:04:05.000+0000", "SystemModstamp": "2026-03-02T15:05:05.000+0000",
	}
	if diff := cmp.Diff(want, read.body); diff != "" {
		t.Error(diff)
	}
	if got := read.header.Get("Last-Modified"); got != "Mon, 02 Mar 2026 15:05:05 GMT" {
		t.Errorf("Last-Modified is %s", got)
	}
	if got := c.call("DELETE", "sobjects/Contact/"+id, nil); got.status != 204 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		if got := c.call(method, "sobjects/Contact/"+id, map[string]any{}); got.status != 404 || got.code() != "ENTITY_IS_DELETED" {
			t.Errorf("%s of a deleted row gives %d %v", method, got.status, got.body)
		}
	}
	if got := c.call("GET", "sobjects/Contact/003Sb0000000099", nil); got.status != 404 || got.code() != "NOT_FOUND" {
		t.Errorf("%d %v", got.status, got.body)
	}
	query := c.call("GET", q("SELECT Id FROM Contact"), nil).body.(map[string]any)
	all := c.call("GET", "queryAll/?q=SELECT+Id,IsDeleted+FROM+Contact", nil).body.(map[string]any)
	if query["totalSize"] != 0.0 || all["totalSize"] != 1.0 {
		t.Errorf("query finds %v rows and queryAll %v", query["totalSize"], all["totalSize"])
	}
}

func TestAWriteThatBreaksTheSchemaIsRefused(t *testing.T) {
	c := start(t, Options{})
	contact := c.insert("Contact", map[string]any{"LastName": "Crow"})
	c.insert("Case", map[string]any{"Subject": "first", "Standdown_Key__c": "k1"})
	for _, tt := range []struct {
		sentence, object, body, code string
	}{
		{"a field nobody knows", "Contact", `{"LastName":"a","Nonsense__c":1}`, "INVALID_FIELD"},
		{"a required field left out", "Contact", `{"FirstName":"a"}`, "REQUIRED_FIELD_MISSING"},
		{"a required field of blanks", "Contact", `{"LastName":"  "}`, "REQUIRED_FIELD_MISSING"},
		{"a field of the org", "Contact", `{"LastName":"a","SystemModstamp":"2026-03-02T15:04:05Z"}`, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		{"a composed name", "Contact", `{"LastName":"a","Name":"b"}`, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		{"an id in the body", "Contact", `{"LastName":"a","Id":"` + contact + `"}`, "INVALID_FIELD"},
		{"text that is too long", "Case", `{"Standdown_Key__c":"01234567890123456789012345678901234567890123456789012345678901234"}`, "STRING_TOO_LONG"},
		{"a choice that is not offered", "Workflow__c", `{"Status__c":"Gone"}`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		{"one choice of several that is not offered", "Workflow__c", `{"Contract_Signers__c":"Installer;Cat"}`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		{"no address", "Contact", `{"LastName":"a","Email":"nobody"}`, "INVALID_EMAIL_ADDRESS"},
		{"a parent that does not exist", "Workflow__c", `{"Homeowner__c":"003Sb0000000099"}`, "INVALID_CROSS_REFERENCE_KEY"},
		{"a parent of the wrong kind", "Milestone__c", `{"Workflow__c":"` + contact + `"}`, "INVALID_CROSS_REFERENCE_KEY"},
		{"a parent that is no id", "Milestone__c", `{"Workflow__c":"W-1"}`, "MALFORMED_ID"},
		{"a parent whose external id is unknown", "Milestone__c", `{"Workflow__r":{"Contract_Id__c":"C-9"}}`, "INVALID_FIELD"},
		{"a key twice", "Case", `{"Standdown_Key__c":"K1"}`, "DUPLICATE_VALUE"},
		{"text for a number", "Milestone__c", `{"Order__c":"first"}`, "JSON_PARSER_ERROR"},
		{"a number for text", "Contact", `{"LastName":5}`, "JSON_PARSER_ERROR"},
		{"a day that is none", "Contact", `{"LastName":"a","On_Hold_Start_Date__c":"2026-02-30"}`, "JSON_PARSER_ERROR"},
		{"a checkbox without a value", "Contact", `{"LastName":"a","On_Hold__c":null}`, "INVALID_TYPE_ON_FIELD_IN_RECORD"},
		{"a feed post of nothing", "FeedItem", `{"ParentId":"` + contact + `"}`, "REQUIRED_FIELD_MISSING"},
		{"no JSON", "Contact", `LastName=a`, "JSON_PARSER_ERROR"},
	} {
		t.Run(tt.sentence, func(t *testing.T) {
			before := c.org.Dump()
			if got := c.call("POST", "sobjects/"+tt.object, tt.body); got.status != 400 || got.code() != tt.code {
				t.Errorf("%d %v, want %s", got.status, got.body, tt.code)
			}
			if diff := cmp.Diff(before, c.org.Dump()); diff != "" {
				t.Errorf("a refused write changed the org: %s", diff)
			}
		})
	}
}

func TestARowThatDidNotChangeNeedNotBeReadAgain(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Contact", map[string]any{"LastName": "Crow"})
	seen := c.call("GET", "sobjects/Contact/"+id, nil).header.Get("Last-Modified")
	if got := c.call("GET", "sobjects/Contact/"+id, nil, "If-Modified-Since", seen); got.status != 304 || got.body != "" {
		t.Errorf("unchanged: %d %v", got.status, got.body)
	}
	c.clock.advance(time.Second)
	if err := c.org.Update("Contact", id, map[string]any{"Phone": "1"}); err != nil {
		t.Fatal(err)
	}
	if got := c.call("GET", "sobjects/Contact/"+id, nil, "If-Modified-Since", seen); got.status != 200 {
		t.Errorf("changed: %d %v", got.status, got.body)
	}
}

func TestARowOutlivesItsParent(t *testing.T) {
	c := start(t, Options{})
	parent := c.insert("Contact", map[string]any{"LastName": "Crow"})
	id := c.insert("Workflow__c", map[string]any{"Homeowner__c": parent})
	if err := c.org.Delete("Contact", parent); err != nil {
		t.Fatal(err)
	}
	if err := c.org.Update("Workflow__c", id, map[string]any{"Status__c": "Active"}); err != nil {
		t.Errorf("another field cannot be changed any more: %v", err)
	}
	rows, err := c.org.Query("SELECT Status__c, Homeowner__r.Name FROM Workflow__c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]any{{"Status__c": "Active", "Homeowner__r": nil}}, rows); diff != "" {
		t.Error(diff)
	}
}

func TestAnUpdateKeepsToItsPrecondition(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Contact", map[string]any{"LastName": "Crow"})
	seen := c.call("GET", "sobjects/Contact/"+id, nil).header.Get("Last-Modified")
	patch := func(name string) answer {
		return c.call("PATCH", "sobjects/Contact/"+id, map[string]any{"FirstName": name}, "If-Unmodified-Since", seen)
	}
	if got := patch("Cara"); got.status != 204 {
		t.Fatalf("nobody changed the row, yet: %d %v", got.status, got.body)
	}
	c.clock.advance(time.Second)
	if err := c.org.Update("Contact", id, map[string]any{"Phone": "555-0100"}); err != nil {
		t.Fatal(err)
	}
	if got := patch("Carl"); got.status != 412 || got.code() != "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE" {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := c.field("Contact", id, "FirstName"); got != "Cara" {
		t.Errorf("the refused update set %v", got)
	}
	seen = "yesterday"
	if got := patch("Carl"); got.status != 400 {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestAnUpsertMakesARowOnceAndThenChangesIt(t *testing.T) {
	c := start(t, Options{})
	const path = "sobjects/Case/Standdown_Key__c/a%2Fb%20c"
	if got := c.call("PATCH", path+"?updateOnly=true", map[string]any{}); got.status != 404 {
		t.Errorf("updateOnly: %d %v", got.status, got.body)
	}
	first := c.call("PATCH", path, map[string]any{"Subject": "one"})
	second := c.call("PATCH", path, map[string]any{"Subject": "two"})
	id := first.body.(map[string]any)["id"].(string)
	want := func(created bool) map[string]any {
		return map[string]any{"id": id, "success": true, "errors": []any{}, "created": created}
	}
	if diff := cmp.Diff([]any{201, want(true), 200, want(false)}, []any{first.status, first.body, second.status, second.body}); diff != "" {
		t.Error(diff)
	}
	if c.count("Case") != 1 || c.field("Case", id, "Subject") != "two" || c.field("Case", id, "Standdown_Key__c") != "a/b c" {
		t.Errorf("%v", c.org.Dump()["Case"])
	}
	if got := c.call("GET", path, nil); got.status != 200 || got.body.(map[string]any)["Id"] != id {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := c.call("PATCH", path, map[string]any{"standdown_key__c": "x"}); got.status != 400 || got.code() != "INVALID_FIELD" {
		t.Errorf("the key in the body: %d %v", got.status, got.body)
	}
	if got := c.call("PATCH", "sobjects/Case/Subject/two", map[string]any{}); got.status != 404 {
		t.Errorf("a field that is no external id: %d %v", got.status, got.body)
	}
}

func TestCallersAtTheSameTimeMakeOneRowForOneKey(t *testing.T) {
	c := start(t, Options{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := c.try("PATCH", "sobjects/Case/Standdown_Key__c/k", map[string]any{"Subject": "s"})
			if err != nil || got.status > 201 {
				t.Errorf("%d %v %v", got.status, got.body, err)
			}
		})
	}
	wg.Wait()
	if got := c.count("Case"); got != 1 {
		t.Errorf("%d cases carry one key", got)
	}
}

func TestAKeyIsFreeAgainWhenItsRowHasAnotherOrIsGone(t *testing.T) {
	c := start(t, Options{})
	first := c.insert("Case", map[string]any{"Standdown_Key__c": "a"})
	for _, key := range []string{"b", "a", "c"} {
		if err := c.org.Update("Case", first, map[string]any{"Standdown_Key__c": key}); err != nil {
			t.Fatal(err)
		}
	}
	second := c.insert("Case", map[string]any{"Standdown_Key__c": "A"})
	if err := c.org.Update("Case", first, map[string]any{"Standdown_Key__c": "a"}); err == nil {
		t.Error("two cases carry one key")
	}
	if err := c.org.Delete("Case", second); err != nil {
		t.Fatal(err)
	}
	if err := c.org.Update("Case", first, map[string]any{"Standdown_Key__c": "a"}); err != nil {
		t.Errorf("the key of a deleted case is still taken: %v", err)
	}
	if got := c.call("GET", "sobjects/Case/Standdown_Key__c/a", nil); got.status != 200 || got.body.(map[string]any)["Id"] != first {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestAnExternalIDThatIsNotUniqueMayMeanSeveral(t *testing.T) {
	c := start(t, Options{Objects: []Object{{Name: "Thing__c", Fields: []Field{{Name: "Ext__c", Type: Text, ExternalID: true}}}}})
	a := c.insert("Thing__c", map[string]any{"Ext__c": "x"})
	b := c.insert("Thing__c", map[string]any{"Ext__c": "X"})
	got := c.call("PATCH", "sobjects/Thing__c/Ext__c/x", map[string]any{})
	want := []any{"/services/data/v64.0/sobjects/Thing__c/" + a, "/services/data/v64.0/sobjects/Thing__c/" + b}
	if diff := cmp.Diff(want, got.body); got.status != 300 || diff != "" {
		t.Errorf("%d %s", got.status, diff)
	}
}

func TestRowsRecordWhoChangedThem(t *testing.T) {
	c := start(t, Options{})
	if _, err := c.org.Insert("User", map[string]any{"FirstName": "Dana", "LastName": "Whitlock", "Username": "dana@sandbox.example", "Email": "dana@sandbox.example"}); err != nil {
		t.Fatal(err)
	}
	id := c.insert("Workflow__c", map[string]any{"Contract_Id__c": "C-1"})
	milestone := c.call("POST", "sobjects/Milestone__c", map[string]any{"Workflow__r": map[string]any{"Contract_Id__c": "c-1"}}).body.(map[string]any)["id"].(string)
	if err := c.org.As("Dana Whitlock").Update("Workflow__c", id, map[string]any{"Status__c": "active"}); err != nil {
		t.Fatal(err)
	}
	if err := c.org.As("Nobody").Update("Workflow__c", id, nil); err == nil {
		t.Error("a stranger changed a row")
	}
	got, err := c.org.Query("SELECT Name, CreatedBy.Username, Workflow__r.LastModifiedBy.Name, Workflow__r.Status__c FROM Milestone__c")
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"Name": milestone, "CreatedBy": map[string]any{"Username": IntegrationUser},
		"Workflow__r": map[string]any{"LastModifiedBy": map[string]any{"Name": "Dana Whitlock"}, "Status__c": "Active"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnUncommittedChangeIsSeenOnlyAfterItsCommit(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Contact", map[string]any{"LastName": "Crow"})
	commit, err := c.org.Uncommitted(func() error {
		if _, err := c.org.Insert("Contact", map[string]any{"LastName": "Late"}); err != nil {
			return err
		}
		return c.org.Update("Contact", id, map[string]any{"FirstName": "Cara"})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.clock.advance(time.Minute)
	if c.count("Contact") != 1 || c.field("Contact", id, "FirstName") != nil {
		t.Error("readers see the change before its commit")
	}
	commit()
	if c.count("Contact") != 2 || c.field("Contact", id, "FirstName") != "Cara" {
		t.Error("readers do not see the change after its commit")
	}
	if got := c.field("Contact", id, "SystemModstamp"); got != "2026-03-02T15:04:05.000+0000" {
		t.Errorf("the stamp is %v, not the time of the statement", got)
	}
}
