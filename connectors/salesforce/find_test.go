package salesforce_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestFindReadsParentsAndComparesEachType(t *testing.T) {
	o := newOrg(t, nil)
	maria := o.insert(t, "Contact", map[string]any{"LastName": "Alvarez", "Email": "maria.alvarez@example.com", "On_Hold__c": true})
	start := time.Date(2026, 4, 1, 13, 30, 0, 0, time.UTC)
	o.insert(t, "sked__Job__c", map[string]any{"sked__Job_Status__c": "Ready", "sked__Quantity__c": 2.5, "sked__Start__c": start, "sked__Contact__c": maria.ID})
	o.insert(t, "sked__Job__c", map[string]any{"sked__Job_Status__c": "Queued", "sked__Start__c": start.Add(time.Hour)})
	w := o.insert(t, "Workflow__c", map[string]any{"Name": "W-1", "Contract_Id__c": "C-1", "Status__c": "Active", "Homeowner__c": maria.ID, "Signed_On__c": "2026-02-01"})

	for _, where := range [][]connectors.Cond{
		{{Field: "sked__Start__c", Op: "=", Value: start}},
		{{Field: "sked__Start__c", Op: "<", Value: start.Add(time.Minute).In(time.FixedZone("", -5*3600))}},
		{{Field: "sked__Quantity__c", Op: ">=", Value: 2.5}},
		{{Field: "sked__Contact__r.On_Hold__c", Op: "=", Value: true}},
		{{Field: "sked__Contact__r.Id", Op: "in", Value: []string{maria.ID}}},
		{{Field: "sked__Contact__c", Op: "!=", Value: nil}},
	} {
		found, err := o.Find(t.Context(), connectors.Query{Kind: "sked__Job__c", Fields: []string{"sked__Quantity__c", "sked__Contact__r.Email"}, Where: where})
		if err != nil || len(found) != 1 {
			t.Errorf("%v: found %d, error %v, want 1", where, len(found), err)
			continue
		}
		want := map[string]any{"sked__Quantity__c": 2.5, "sked__Contact__r": map[string]any{"Email": "maria.alvarez@example.com"}}
		if diff := cmp.Diff(want, found[0].Fields); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
	}
	found, err := o.Find(t.Context(), connectors.Query{Kind: "Workflow__c", Fields: []string{"Co_Homeowner__r.Name", "homeowner__r.lastname"},
		Where: []connectors.Cond{{Field: "Signed_On__c", Op: "<=", Value: connectors.Date("2026-02-01")}}})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %d, error %v, want 1", len(found), err)
	}
	want := connectors.Record{Ref: w, Version: found[0].Version, At: o.clock.Now(), Created: o.clock.Now(),
		Fields: map[string]any{"Co_Homeowner__r": nil, "homeowner__r": map[string]any{"lastname": "Alvarez"}}}
	if diff := cmp.Diff(want, found[0]); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestFindReadsAllPagesOfAllParts(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, _ *salesforce.Options) { theirs.PageSize = 7 })
	var wanted []string
	for i := range 300 {
		name := fmt.Sprintf("a name of some length that makes the list long, %d", i)
		o.insert(t, "Case", map[string]any{"Subject": name})
		wanted = append(wanted, name)
	}
	found, err := o.Find(t.Context(), connectors.Query{Kind: "Case", Where: []connectors.Cond{{Field: "Subject", Op: "in", Value: wanted}}})
	if err != nil || len(found) != 300 {
		t.Errorf("found %d, error %v, want 300", len(found), err)
	}
}

func TestFindRefusesWhatIsNoQuery(t *testing.T) {
	o := newOrg(t, nil)
	before := o.org.Calls()
	for name, q := range map[string]connectors.Query{
		"an object that is a query":   {Kind: "Case WHERE Id != null"},
		"a field that is a query":     {Kind: "Case", Fields: []string{"(SELECT Id FROM Contacts)"}},
		"a condition on a query":      {Kind: "Case", Where: []connectors.Cond{{Field: "Id = null OR Id", Op: "=", Value: "x"}}},
		"an id that is none":          {Kind: "Case", Where: []connectors.Cond{{Field: "Id", Op: "=", Value: "x' OR Id != '"}}},
		"a list of ids that are none": {Kind: "Case", Where: []connectors.Cond{{Field: "Contact.Id", Op: "in", Value: []string{"x"}}}},
		"a date that is none":         {Kind: "Case", Where: []connectors.Cond{{Field: "CreatedDate", Op: ">", Value: connectors.Date("TODAY")}}},
		"a value without a literal":   {Kind: "Case", Where: []connectors.Cond{{Field: "Subject", Op: "=", Value: []int{1}}}},
	} {
		if _, err := o.Find(t.Context(), q); connectors.ClassOf(err) != connectors.Rejected || err == nil {
			t.Errorf("%s: error %v, want rejected", name, err)
		}
	}
	if n := o.org.Calls() - before; n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}

// Any text survives the way into a query.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"", "plain", `it's`, `\`, `\'`, `'; --`, "tab\tnew\nline\r\b\f", "☂ ünïcode", `\u0041`, "%_+&"} {
		f.Add(s)
	}
	o := sandbox.New(sandbox.Options{})
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { o.Close() })
	c, err := salesforce.New(salesforce.Options{URL: url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 200 {
			t.Skip()
		}
		id, err := o.Insert("Contact", map[string]any{"LastName": "x", "FirstName": text})
		if err != nil {
			t.Skip() // no such value can be in an org
		}
		defer o.Delete("Contact", id)
		rows, err := o.Query("SELECT FirstName FROM Contact WHERE Id = '" + id + "'")
		if err != nil {
			t.Fatal(err)
		}
		stored := rows[0]["FirstName"] // blanks at the ends are gone
		found, err := c.Find(t.Context(), connectors.Query{Kind: "Contact", Fields: []string{"FirstName"}, Where: []connectors.Cond{
			{Field: "FirstName", Op: "=", Value: stored}, {Field: "LastName", Op: "in", Value: []string{text, "x"}}}})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(found) != 1 || found[0].Fields["FirstName"] != stored {
			t.Errorf("%q: found %v, want one with %q", text, found, stored)
		}
	})
}

// No cursor, however broken, makes Changes panic or ask for nonsense.
func FuzzChanges(f *testing.F) {
	f.Add(`{"batches":1,"objects":{"Case":{"since":"2026-03-02T09:00:00Z"}}}`)
	f.Add(`{"objects":{"Case":{"begun":"2026-03-02T09:00:00Z","stamp":"2026-03-02T09:00:00Z","id":"500' OR Id != '"}}}`)
	f.Add(`{"objects":{"Case":{"since":"2026-03-02T09:00:00Z"}},"sweep":{"begun":"2026-03-01T09:00:00Z","left":{"Case":"500' OR Id != '","Contact":""},"covered":{"Case":"9999-01-01T00:00:00Z"}}}`)
	f.Add(`{"objects":null}`)
	f.Add(`[]`)
	o := sandbox.New(sandbox.Options{})
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { o.Close() })
	c, err := salesforce.New(salesforce.Options{URL: url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"},
		Watch: []salesforce.Watch{{Object: "Case", Fields: []string{"Subject"}}}, Reconcile: time.Hour})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		batch, err := c.Changes(t.Context(), connectors.Cursor(text))
		if err == nil && !json.Valid([]byte(batch.Next)) {
			t.Errorf("cursor %q leads to %q", text, batch.Next)
		}
	})
}

func TestAListThatIsTooMuchForOneQueryIsHalved(t *testing.T) {
	busy := sandbox.Fault{Kind: sandbox.Answer, Path: "/query", Status: http.StatusBadRequest,
		Body: `[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]`}
	var calls atomic.Int32
	cases := func(t *testing.T) (*org, connectors.Query) {
		o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.Called = func(string) { calls.Add(1) } })
		var ids []string
		for range 40 {
			ids = append(ids, o.insert(t, "Case", map[string]any{"Subject": "x"}).ID)
		}
		return o, connectors.Query{Kind: "Case", Fields: []string{"Subject"}, Where: []connectors.Cond{{Field: "Id", Op: "in", Value: ids}}}
	}
	t.Run("each half is asked for, and nothing is missing or double", func(t *testing.T) {
		o, q := cases(t)
		o.org.Fault(busy)
		calls.Store(0)
		found, err := o.Find(t.Context(), q)
		if err != nil || len(found) != 40 {
			t.Fatalf("found %d, error %v, want 40", len(found), err)
		}
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls, want the one that was too much, and one for both halves", n)
		}
	})
	t.Run("if a single value is too much, it is given up soon", func(t *testing.T) {
		o, q := cases(t)
		busy := busy
		busy.Count = -1
		o.org.Fault(busy)
		busy.Path, busy.Status = "/composite", http.StatusOK
		part := `{"referenceId":"p%d","httpStatusCode":400,"body":` + busy.Body + `}`
		busy.Body = `{"compositeResponse":[` + fmt.Sprintf(part, 0) + `,` + fmt.Sprintf(part, 1) + `]}`
		o.org.Fault(busy)
		calls.Store(0)
		found, err := o.Find(t.Context(), q)
		if connectors.ClassOf(err) != connectors.Temporary || len(found) != 0 || err == nil {
			t.Errorf("found %d, error %v", len(found), err)
		}
		if n := calls.Load(); n > 7 { // of 40, 20, 10, 5, 2 and 1
			t.Errorf("%d calls", n)
		}
	})
}
