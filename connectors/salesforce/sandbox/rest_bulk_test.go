package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func (c *caller) contacts(n int) (ids []string) {
	c.t.Helper()
	for i := range n {
		ids = append(ids, c.insert("Contact", map[string]any{"LastName": fmt.Sprintf("Crow %03d", i)}))
	}
	return ids
}

func TestAQueryComesInPages(t *testing.T) {
	for _, tt := range []struct {
		sentence string
		opts     Options
		header   string
		sizes    []int
	}{
		{"2000 is more than enough here", Options{}, "", []int{450}},
		{"the client asks for 200", Options{}, "batchSize=200", []int{200, 200, 50}},
		{"fewer than 200 are not given", Options{}, "batchSize=10", []int{200, 200, 50}},
		{"the org insists on its own", Options{PageSize: 300}, "batchSize=200", []int{300, 150}},
	} {
		t.Run(tt.sentence, func(t *testing.T) {
			c := start(t, tt.opts)
			ids := c.contacts(450)
			var got []string
			var sizes []int
			next := "/services/data/v60.0/queryAll?q=" + url.QueryEscape("SELECT Id FROM Contact ORDER BY Id")
			for next != "" {
				body := c.call("GET", next, nil, "Sforce-Query-Options", tt.header).body.(map[string]any)
				records := body["records"].([]any)
				for _, r := range records {
					got = append(got, r.(map[string]any)["Id"].(string))
				}
				sizes = append(sizes, len(records))
				next, _ = body["nextRecordsUrl"].(string)
				if body["done"] != (next == "") || body["totalSize"] != 450.0 {
					t.Fatalf("done %v, totalSize %v, next %q", body["done"], body["totalSize"], next)
				}
				if next != "" && !strings.HasPrefix(next, "/services/data/v60.0/query/0r8") {
					t.Errorf("the next page is at %s", next)
				}
			}
			if diff := cmp.Diff(ids, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.sizes, sizes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALocatorEndsWithTimeAndWithNewerOnes(t *testing.T) {
	c := start(t, Options{PageSize: 1})
	c.contacts(2)
	next := func() string {
		return c.call("GET", q("SELECT Id FROM Contact"), nil).body.(map[string]any)["nextRecordsUrl"].(string)
	}
	first := next()
	if got := c.call("GET", first, nil); got.status != 200 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	for range cursorsAtOnce {
		next()
	}
	if got := c.call("GET", first, nil); got.status != 400 || got.code() != "INVALID_QUERY_LOCATOR" {
		t.Errorf("after ten newer ones: %d %v", got.status, got.body)
	}
	last := next()
	c.clock.advance(cursorLife + time.Second)
	if got := c.call("GET", last, nil); got.status != 400 {
		t.Errorf("after two days: %d %v", got.status, got.body)
	}
	if got := c.call("GET", "query/nonsense", nil); got.status != 400 {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestCountAnswersNoRecords(t *testing.T) {
	c := start(t, Options{})
	c.contacts(3)
	want := map[string]any{"totalSize": 3.0, "done": true, "records": []any{}}
	if diff := cmp.Diff(want, c.call("GET", q("SELECT COUNT() FROM Contact"), nil).body); diff != "" {
		t.Error(diff)
	}
}

func record(kind string, fields ...any) map[string]any {
	r := map[string]any{"attributes": map[string]any{"type": kind}}
	for i := 0; i < len(fields); i += 2 {
		r[fields[i].(string)] = fields[i+1]
	}
	return r
}

// outcome says in short what became of each record of a collection.
func outcome(a answer) string {
	list, _ := a.body.([]any)
	var out []string
	for _, r := range list {
		r := r.(map[string]any)
		word := "ok"
		if r["created"] == true {
			word = "created"
		}
		if r["success"] != true {
			word = r["errors"].([]any)[0].(map[string]any)["statusCode"].(string)
			if r["id"] != nil {
				word += " with an id"
			}
		}
		out = append(out, word)
	}
	return fmt.Sprintf("%d: %s", a.status, strings.Join(out, ", "))
}

func TestACollectionAnswersEachRecordInItsPlace(t *testing.T) {
	c := start(t, Options{})
	ids := c.contacts(2)
	gone := c.insert("Contact", map[string]any{"LastName": "Gone"})
	if err := c.org.Delete("Contact", gone); err != nil {
		t.Fatal(err)
	}
	body := func(allOrNone bool, records ...map[string]any) map[string]any {
		return map[string]any{"allOrNone": allOrNone, "records": records}
	}
	for _, tt := range []struct {
		sentence     string
		method, path string
		body         any
		want         string
	}{
		{"creates", "POST", "composite/sobjects/", body(false, record("Contact", "LastName", "A"), record("Contact"), record("Nonsense"), record("Account", "Name", "B")),
			"200: ok, REQUIRED_FIELD_MISSING, INVALID_TYPE, ok"},
		{"creates of which one is wrong and all must be right", "POST", "composite/sobjects", body(true, record("Contact", "LastName", "C"), record("Contact")),
			"200: ALL_OR_NONE_OPERATION_ROLLED_BACK, REQUIRED_FIELD_MISSING"},
		{"updates", "PATCH", "composite/sobjects", body(false, record("Contact", "Id", ids[0], "Phone", "1"), record("Contact", "Phone", "1"), record("Contact", "id", gone), record("Contact", "id", ids[1], "Nope", 1)),
			"200: ok, MISSING_ARGUMENT, ENTITY_IS_DELETED, INVALID_FIELD"},
		{"upserts", "PATCH", "composite/sobjects/Case/Standdown_Key__c", body(false, record("Case", "Standdown_Key__c", "k", "Subject", "s"), record("Case", "Standdown_Key__c", "k", "Status", "New"), record("Case"), record("Contact", "LastName", "x")),
			"200: created, ok, MISSING_ARGUMENT, INVALID_TYPE"},
		{"deletes", "DELETE", "composite/sobjects?allOrNone=false&ids=" + ids[1] + "," + gone + ",nonsense", nil,
			"200: ok, ENTITY_IS_DELETED, MALFORMED_ID"},
	} {
		t.Run(tt.sentence, func(t *testing.T) {
			if got := outcome(c.call(tt.method, tt.path, tt.body)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	rows, err := c.org.Query("SELECT Name, Phone FROM Contact ORDER BY Name")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]any{{"Name": "A", "Phone": nil}, {"Name": "Crow 000", "Phone": "1"}}, rows); diff != "" {
		t.Error(diff)
	}
	if c.count("Case") != 1 {
		t.Errorf("%d cases carry one key", c.count("Case"))
	}
}

func TestRowsAreRetrievedInTheOrderAsked(t *testing.T) {
	c := start(t, Options{})
	ids := c.contacts(2)
	row := func(id, name string) map[string]any {
		return map[string]any{"attributes": map[string]any{"type": "Contact", "url": "/services/data/v64.0/sobjects/Contact/" + id}, "LastName": name}
	}
	want := []any{row(ids[1], "Crow 001"), nil, row(ids[0], "Crow 000")}
	asked := []string{ids[1], "003Sb0000000099", ids[0]}
	for _, got := range []answer{
		c.call("GET", "composite/sobjects/Contact?fields=LastName&ids="+strings.Join(asked, ","), nil),
		c.call("POST", "composite/sobjects/Contact", map[string]any{"ids": asked, "fields": []string{"lastname"}}),
	} {
		if diff := cmp.Diff(any(want), got.body); diff != "" {
			t.Error(diff)
		}
	}
}

func TestACollectionHasItsLimits(t *testing.T) {
	c := start(t, Options{})
	var many, mixed []map[string]any
	for i := range 201 {
		many = append(many, record("Account", "Name", strconv.Itoa(i)))
	}
	for range 6 {
		mixed = append(mixed, record("Account", "Name", "A"), record("Contact", "LastName", "B"))
	}
	for _, tt := range []struct {
		records []map[string]any
		code    string
	}{{many, "EXCEEDED_ID_LIMIT"}, {nil, "REQUIRED_FIELD_MISSING"}, {mixed, "INVALID_INPUT"}, {[]map[string]any{{"Name": "A"}}, "INVALID_INPUT"}} {
		if got := c.call("POST", "composite/sobjects", map[string]any{"records": tt.records}); got.status != 400 || got.code() != tt.code {
			t.Errorf("%d records: %d %v, want %s", len(tt.records), got.status, got.body, tt.code)
		}
	}
	if got := c.count("Account"); got != 0 {
		t.Errorf("%d accounts were made", got)
	}
}

func TestACompositeRequestUsesWhatItAnsweredBefore(t *testing.T) {
	c := start(t, Options{})
	account := c.insert("Account", map[string]any{"Name": "Acme"})
	const base = "/services/data/v64.0/"
	part := func(ref, method, path string, body any) map[string]any {
		return map[string]any{"referenceId": ref, "method": method, "url": base + path, "body": body}
	}
	old := part("old", "PATCH", "sobjects/Account/"+account, map[string]any{"Name": "Never"})
	old["httpHeaders"] = map[string]any{"If-Unmodified-Since": "Mon, 02 Mar 2026 00:00:00 GMT"}
	got := c.call("POST", "composite", map[string]any{"compositeRequest": []any{
		part("found", "GET", "query?q=SELECT+Id+FROM+Account", nil),
		part("made", "POST", "sobjects/Contact", map[string]any{"LastName": "Crow", "AccountId": "@{found.records[0].Id}"}),
		part("named", "PATCH", "sobjects/Contact/@{made.id}", map[string]any{"FirstName": "No @{found.totalSize}"}),
		old,
		part("dependent", "GET", "sobjects/Contact/@{old.id}", nil),
	}})
	var statuses []any
	for _, r := range got.body.(map[string]any)["compositeResponse"].([]any) {
		r := r.(map[string]any)
		statuses = append(statuses, r["referenceId"], r["httpStatusCode"])
	}
	if diff := cmp.Diff([]any{"found", 200.0, "made", 201.0, "named", 204.0, "old", 412.0, "dependent", 400.0}, statuses); diff != "" {
		t.Error(diff)
	}
	rows, err := c.org.Query("SELECT Name, Account.Name FROM Contact")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]any{{"Name": "No 1 Crow", "Account": map[string]any{"Name": "Acme"}}}, rows); diff != "" {
		t.Error(diff)
	}
	if c.org.Calls() != 1 {
		t.Errorf("a composite request counts as one call, not %d", c.org.Calls())
	}

	before := c.org.Dump()
	c.call("POST", "composite", map[string]any{"allOrNone": true, "compositeRequest": []any{
		part("a", "POST", "sobjects/Account", map[string]any{"Name": "Gone"}), part("b", "POST", "sobjects/Account", map[string]any{}),
	}})
	if diff := cmp.Diff(before, c.org.Dump()); diff != "" {
		t.Errorf("a request that is all or none left something: %s", diff)
	}
	var six []any
	for i := range 6 {
		six = append(six, part(fmt.Sprint("q", i), "GET", "query?q=SELECT+Id+FROM+Account", nil))
	}
	if got := c.call("POST", "composite", map[string]any{"compositeRequest": six}); got.status != 400 {
		t.Errorf("six queries: %d", got.status)
	}
}

func TestTheTokenEndpointKnowsItsClients(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, Options{ClientID: "id", ClientSecret: "s3cret", PublicKey: &key.PublicKey})
	assertion := func(key *rsa.PrivateKey, claims jwt.MapClaims) url.Values {
		all := jwt.MapClaims{"iss": "id", "sub": IntegrationUser, "aud": c.url, "exp": c.clock.now().Add(3 * time.Minute).Unix()}
		for k, v := range claims {
			all[k] = v
		}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, all).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {signed}}
	}
	credentials := func(id, secret string) url.Values {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	}
	for _, tt := range []struct {
		sentence string
		form     url.Values
		refusal  string
	}{
		{"client credentials", credentials("id", "s3cret"), ""},
		{"a wrong secret", credentials("id", "guess"), "invalid_client"},
		{"a client nobody knows", credentials("me", "s3cret"), "invalid_client_id"},
		{"no grant type", url.Values{}, "invalid_request"},
		{"a grant type that is not offered", url.Values{"grant_type": {"password"}}, "unsupported_grant_type"},
		{"an assertion", assertion(key, nil), ""},
		{"an assertion for the login host", assertion(key, jwt.MapClaims{"aud": "https://login.salesforce.com"}), ""},
		{"an assertion whose end is text", assertion(key, jwt.MapClaims{"exp": strconv.FormatInt(c.clock.now().Add(time.Minute).Unix(), 10)}), ""},
		{"an assertion of another key", assertion(other, nil), "invalid_grant"},
		{"an assertion for another server", assertion(key, jwt.MapClaims{"aud": "https://example.com"}), "invalid_grant"},
		{"an assertion that has ended", assertion(key, jwt.MapClaims{"exp": c.clock.now().Unix()}), "invalid_grant"},
		{"an assertion that lasts too long", assertion(key, jwt.MapClaims{"exp": c.clock.now().Add(time.Hour).Unix()}), "invalid_grant"},
		{"an assertion of a stranger", assertion(key, jwt.MapClaims{"sub": "nobody@example.com"}), "invalid_grant"},
	} {
		t.Run(tt.sentence, func(t *testing.T) {
			got := c.call("POST", "/services/oauth2/token", tt.form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
			body := got.body.(map[string]any)
			if tt.refusal != "" {
				if got.status != http.StatusBadRequest || body["error"] != tt.refusal {
					t.Errorf("%d %v, want %s", got.status, body, tt.refusal)
				}
				return
			}
			c := *c
			c.token, _ = body["access_token"].(string)
			if got.status != 200 || !strings.HasPrefix(c.token, "00D") || body["instance_url"] != c.url || body["issued_at"] != "1772463845000" {
				t.Fatalf("%d %v", got.status, body)
			}
			for _, path := range []string{"/services/oauth2/userinfo", strings.TrimPrefix(body["id"].(string), c.url)} {
				info := c.call("GET", path, nil)
				if info.status != 200 || info.body.(map[string]any)["preferred_username"] != IntegrationUser {
					t.Errorf("%s: %d %v", path, info.status, info.body)
				}
			}
		})
	}
	basic := c.call("POST", "/services/oauth2/token", "grant_type=client_credentials", "Authorization", "Basic aWQ6czNjcmV0")
	if basic.status != 200 {
		t.Errorf("basic authentication: %d %v", basic.status, basic.body)
	}
}
