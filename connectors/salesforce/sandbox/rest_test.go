package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A clock stands still until it is told to go on.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A caller speaks to a running org over loopback.
type caller struct {
	t     *testing.T
	org   *Org
	clock *clock
	url   string
	token string
}

func start(t *testing.T, opts Options) *caller {
	t.Helper()
	c := &caller{t: t, clock: &clock{at: epoch}}
	opts.Now = c.clock.now
	c.org = New(opts)
	var err error
	if c.url, err = c.org.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.org.Close(); err != nil {
			t.Error(err)
		}
	})
	if c.token, err = c.org.Token(IntegrationUser); err != nil {
		t.Fatal(err)
	}
	return c
}

type answer struct {
	status int
	header http.Header
	body   any
}

// code is the error code of a refused call.
func (a answer) code() string {
	if list, ok := a.body.([]any); ok && len(list) == 1 {
		e, _ := list[0].(map[string]any)
		code, _ := e["errorCode"].(string)
		return code
	}
	return ""
}

// call sends a request; a path that does not begin with a slash is below
// v64.0. Headers come in pairs.
func (c *caller) call(method, path string, body any, headers ...string) answer {
	c.t.Helper()
	a, err := c.try(method, path, body, headers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *caller) try(method, path string, body any, headers ...string) (answer, error) {
	c.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/services/data/v64.0/" + path
	}
	var data []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		data = b
	case string:
		data = []byte(b)
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			c.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{resp.StatusCode, resp.Header, string(raw)}
	var decoded any
	if json.Unmarshal(raw, &decoded) == nil {
		a.body = decoded
	}
	return a, nil
}

func (c *caller) insert(object string, fields map[string]any) string {
	c.t.Helper()
	id, err := c.org.Insert(object, fields)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// field reads one field of one row through the Go API.
func (c *caller) field(object, id, field string) any {
	c.t.Helper()
	rows, err := c.org.Query("SELECT " + field + " FROM " + object + " WHERE Id = '" + id + "'")
	if err != nil {
		c.t.Fatal(err)
	}
	if len(rows) != 1 {
		c.t.Fatalf("%d rows of %s have the id %s", len(rows), object, id)
	}
	return rows[0][field]
}

func (c *caller) count(object string) int {
	c.t.Helper()
	rows, err := c.org.Query("SELECT Id FROM " + object)
	if err != nil {
		c.t.Fatal(err)
	}
	return len(rows)
}

func q(soql string) string { return "query/?q=" + url.QueryEscape(soql) }

func TestACallNeedsASession(t *testing.T) {
	c := start(t, Options{})
	if got := c.call("GET", q("SELECT Id FROM User"), nil).status; got != 200 {
		t.Fatalf("with a session the status is %d", got)
	}
	c.org.ExpireTokens()
	got := c.call("GET", q("SELECT Id FROM User"), nil)
	want := []any{map[string]any{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}}
	if diff := cmp.Diff(want, got.body); got.status != 401 || diff != "" {
		t.Errorf("status %d, %s", got.status, diff)
	}
	if got := c.call("GET", "/services/data", nil).status; got != 200 {
		t.Errorf("the list of versions needs no session, yet the status is %d", got)
	}
}

func TestPathsMayHaveDoubleAndTrailingSlashes(t *testing.T) {
	c := start(t, Options{})
	id := c.insert("Account", map[string]any{"Name": "Acme"})
	for _, path := range []string{"//services/data/v64.0/sobjects/Account/" + id, "/services/data/v51.0/sobjects//account/" + id + "/", "/services/data/v67.0/sobjects/Account/" + id[:15]} {
		if got := c.call("GET", path, nil); got.status != 200 {
			t.Errorf("%s gives %d %v", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/services/data/v49.0/limits", "/services/data/v68.0/limits", "/services/data/v64.5/limits", "/services/nonsense", "/", "nonsense"} {
		if got := c.call("GET", path, nil); got.status != 404 || got.code() != "NOT_FOUND" {
			t.Errorf("%s gives %d %v", path, got.status, got.body)
		}
	}
	if got := c.call("PUT", "sobjects/Account/"+id, "{}"); got.status != 405 {
		t.Errorf("PUT gives %d", got.status)
	}
}

func TestALongURIIsRefused(t *testing.T) {
	c := start(t, Options{})
	if got := c.call("GET", q("SELECT Id FROM User WHERE Name = '"+strings.Repeat("x", maxURI)+"'"), nil).status; got != 414 {
		t.Errorf("status %d", got)
	}
}

func TestCallsAreCountedUpToTheDailyLimit(t *testing.T) {
	c := start(t, Options{DailyLimit: 2})
	for _, want := range []string{"api-usage=1/2", "api-usage=2/2"} {
		if got := c.call("GET", "limits", nil); got.status != 200 || got.header.Get("Sforce-Limit-Info") != want {
			t.Fatalf("status %d, %s, want %s", got.status, got.header.Get("Sforce-Limit-Info"), want)
		}
	}
	got := c.call("GET", "limits", nil)
	if got.status != 403 || got.code() != "REQUEST_LIMIT_EXCEEDED" || got.header.Get("Sforce-Limit-Info") != "api-usage=2/2" {
		t.Errorf("beyond the limit: %d %v %v", got.status, got.body, got.header)
	}
	if c.org.Calls() != 2 {
		t.Errorf("%d calls were counted", c.org.Calls())
	}
}

func TestAnswersAreDatedByTheClockOfTheOrg(t *testing.T) {
	c := start(t, Options{})
	c.clock.advance(time.Hour)
	if got := c.call("GET", "limits", nil).header.Get("Date"); got != "Mon, 02 Mar 2026 16:04:05 GMT" {
		t.Errorf("Date is %s", got)
	}
}

func TestARequestBodyMayBeCompressed(t *testing.T) {
	c := start(t, Options{})
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := io.WriteString(z, `{"Name":"Acme"}`); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.call("POST", "sobjects/Account", buf.Bytes(), "Content-Encoding", "gzip"); got.status != 201 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	// Some clients name the encoding of bodies they do not have.
	if got := c.call("GET", "limits", nil, "Content-Encoding", "gzip"); got.status != 200 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	if got := c.call("POST", "sobjects/Account", "{", "Content-Encoding", "gzip"); got.status != 400 {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := c.call("POST", "sobjects/Account", "{"); got.status != 400 || got.code() != "JSON_PARSER_ERROR" {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestDescribeNamesFieldsAndChildren(t *testing.T) {
	c := start(t, Options{})
	got := c.call("GET", "sobjects/workflow__c/describe/", nil)
	body, _ := got.body.(map[string]any)
	fields, _ := body["fields"].([]any)
	found := map[string]any{}
	for _, f := range fields {
		f := f.(map[string]any)
		found[f["name"].(string)] = []any{f["type"], f["filterable"], f["updateable"], f["relationshipName"], f["externalId"]}
	}
	want := map[string]any{
		"Homeowner__c":   []any{"reference", true, true, "Homeowner__r", false},
		"Contract_Id__c": []any{"string", true, true, nil, true},
		"SystemModstamp": []any{"datetime", true, false, nil, false},
	}
	for name := range want {
		if diff := cmp.Diff(want[name], found[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	children, _ := body["childRelationships"].([]any)
	if len(children) != 3 {
		t.Errorf("a workflow has %d lists of children, want cases, case assignments and milestones", len(children))
	}
	if got := c.call("GET", "sobjects", nil); len(got.body.(map[string]any)["sobjects"].([]any)) != len(Standard()) {
		t.Errorf("the global describe does not list the %d standard objects", len(Standard()))
	}
	if got := c.call("GET", "sobjects/Nonsense/describe", nil); got.status != 404 {
		t.Errorf("an unknown object gives %d", got.status)
	}
}

func TestTheOrgServesLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "nonsense"} {
		o := New(Options{})
		if url, err := o.Start(addr); err == nil {
			t.Errorf("%s is served at %s", addr, url)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}
