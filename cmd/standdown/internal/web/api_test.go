package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

// A program calls the API, and believes its document.
type program struct {
	*office
	token  string
	router routers.Router
	called map[string]bool // what has been done with success, as method and path
}

// program makes itself known by a token of the role.
func (o *office) program(t testing.TB, name string, role Role) *program {
	t.Helper()
	token, err := NewToken(o.server.UsersFile, name, role, o.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	_, text := o.nobody(t).get(t, apiRoot+"/openapi.json")
	document, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatalf("the document cannot be read: %v\n%s", err, text)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("the document is not valid: %v", err)
	}
	document.Servers = openapi3.Servers{{URL: o.url}}
	router, err := legacy.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return &program{o, token, router, map[string]bool{}}
}

// call sends a request with a body, if there is one, and fails the test if the
// answer is not as the document says. It returns the answer's fields.
func (p *program) call(t testing.TB, method, path string, body any) (int, map[string]any) {
	t.Helper()
	var sent []byte
	header := map[string]string{}
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		header["Content-Type"] = "application/json"
	}
	resp, text := p.send(t, method, path, header, string(sent))
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+apiRoot+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	route, values, err := p.router.FindRoute(req)
	if err != nil {
		t.Fatalf("%s %s is not in the document: %v", method, path, err)
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: values, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
	}}
	if resp.StatusCode == http.StatusOK {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was taken, though it is not as the document says: %v", method, path, err)
		}
		p.called[method+" "+route.Path] = true
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(strings.NewReader(text)), Options: in.Options}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s: the answer is not as the document says: %v\n%s", method, path, err, text)
	}
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatalf("%s %s: %v\n%s", method, path, err, text)
	}
	return resp.StatusCode, fields
}

// send sends a request as it is.
func (p *program) send(t testing.TB, method, path string, header map[string]string, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+apiRoot+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// want calls what must succeed.
func (p *program) want(t testing.TB, method, path string, body any) map[string]any {
	t.Helper()
	status, fields := p.call(t, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %v", method, path, status, fields)
	}
	return fields
}

// reopening decides that an assignment is open again.
func reopening(_ context.Context, e rules.Event, _ func(*rules.Snapshot)) (store.Verdict, error) {
	return store.Verdict{
		Decisions: []rules.Decision{{Policy: "assignment", Table: "assignment.reopen", Row: "U1", Because: "ASG-11: it is not over", Subject: e.Subject}},
		Writes: [][]store.Write{{write("reopen-assignment", store.Pending, "A-3017: Status: Cancelled -> Unfilled", connectors.Change{Op: connectors.Update, Key: e.ID,
			Ref: connectors.Ref{Kind: "Assignment__c", ID: e.Subject.ID}, Fields: map[string]any{"Status__c": "Unfilled"}})}},
	}, nil
}

func items(fields map[string]any, name string) (values []any) {
	for _, one := range fields["items"].([]any) {
		values = append(values, one.(map[string]any)[name])
	}
	return values
}

func TestAPI(t *testing.T) {
	o := newOffice(t, func(s *Server) { s.Plan = reopening })
	hold := o.tooMuch(t)
	p := o.program(t, "nightly", Admin)

	t.Run("how it is", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/status", nil)
		if got["ready"] != true || got["waiting"].(map[string]any)["entries"].(map[string]any)["stuck"] != 1.0 || got["you"].(map[string]any)["name"] != "nightly" {
			t.Errorf("%v", got)
		}
	})
	t.Run("what waits, with its changes", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/review?limit=1", nil)
		if diff := cmp.Diff([]any{o.decision}, items(got, "id")); diff != "" || got["next"] == nil {
			t.Errorf("%v\n%s", got, diff)
		}
		next := p.want(t, http.MethodGet, "/review?limit=1&after="+got["next"].(string), nil)
		if diff := cmp.Diff([]any{o.stuckDecision}, items(next, "id")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("decisions, by table and row, page by page", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/decisions?table=cancellation.request&row=C6&from=2026-03-03&to=2026-03-03", nil)
		if diff := cmp.Diff([]any{o.decision}, items(got, "id")); diff != "" {
			t.Error(diff)
		}
		for _, name := range []string{o.decision, "mail:1", "a00000000000001AAA", "workflow a00000000000001AAA"} {
			got := p.want(t, http.MethodGet, "/decisions?name="+url.QueryEscape(name), nil)
			if diff := cmp.Diff([]any{o.decision}, items(got, "id")); diff != "" || got["next"] != nil {
				t.Errorf("by the name of %s: %v", name, got)
			}
		}
		if none := p.want(t, http.MethodGet, "/decisions?name=x", nil); len(items(none, "id")) != 0 {
			t.Errorf("%v", none)
		}
		seen := map[any]bool{}
		for path := "/decisions?limit=2"; path != ""; {
			page := p.want(t, http.MethodGet, path, nil)
			for _, id := range items(page, "id") {
				seen[id] = true
			}
			path = ""
			if next, ok := page["next"].(string); ok {
				path = "/decisions?limit=2&after=" + url.QueryEscape(next)
			}
		}
		if len(seen) != 5 || !seen[o.doneDecision] {
			t.Errorf("%v", seen)
		}
	})
	t.Run("a decision with the facts, the mail, the changes, and what can be answered", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/decisions/"+o.decision, nil)
		mail := got["mail"].(map[string]any)
		if mail["quote"] != "I am writing to cancel my solar contract C-204417" || mail["parts"].([]any)[0].(map[string]any)["text"] != letter {
			t.Errorf("%v", mail)
		}
		if got["facts"].([]any)[0].(map[string]any)["value"] != "written" || !strings.Contains(got["explained"].(string), "C6") || len(got["entries"].([]any)) != 2 {
			t.Errorf("%v", got)
		}
		if diff := cmp.Diff(map[string]any{"signal": "approve", "entries": []any{float64(o.cancel)}}, got["answers"].([]any)[0]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("entries, by state", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/entries?state=stuck&state=done", nil)
		if diff := cmp.Diff([]any{float64(o.done), float64(o.stuck)}, items(got, "id")); diff != "" {
			t.Error(diff)
		}
		if all := items(p.want(t, http.MethodGet, "/entries?all=true&limit=500", nil), "id"); len(all) != 6 {
			t.Errorf("%d entries, want 6", len(all))
		}
		if one := p.want(t, http.MethodGet, "/entries/"+itoa(o.done), nil); one["verb"] != "cancel-assignment" {
			t.Errorf("%v", one)
		}
	})
	t.Run("what was cancelled", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/cancelled?kind=workflow", nil)
		if diff := cmp.Diff([]any{"workflow"}, items(got, "kind")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the history of a record", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/record?ref=a00000000000001AAA", nil)
		if got["ref"] != "workflow a00000000000001AAA" || len(got["chapters"].([]any)) != 1 || got["url"] != "https://org.example/a00000000000001AAA" {
			t.Errorf("%v", got)
		}
	})
	t.Run("the rules that run", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/rules", nil)
		if len(got["tables"].([]any)) != len(o.server.Book.Tables()) {
			t.Errorf("%v", got)
		}
	})
	t.Run("an answer is kept under the name of the token", func(t *testing.T) {
		p.want(t, http.MethodPost, "/answers", apiAnswer{Signal: store.Approve, Entries: []int64{o.cancel}, Reason: "as asked"})
		if o.state(t, o.cancel) != store.Pending {
			t.Errorf("the entry is %s", o.state(t, o.cancel))
		}
		log := p.want(t, http.MethodGet, "/acts?who=nightly&act=approve", nil)
		if diff := cmp.Diff([]any{"as asked"}, items(log, "reason")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a hold is answered as a whole, if it is as it was", func(t *testing.T) {
		holds := p.want(t, http.MethodGet, "/holds", nil)
		if diff := cmp.Diff([]any{hold}, items(holds, "id")); diff != "" {
			t.Error(diff)
		}
		if status, _ := p.call(t, http.MethodPost, "/holds/"+hold+"/answer", apiHoldAnswer{store.Approve, "a storm", 3}); status != http.StatusConflict {
			t.Errorf("about another number: %d", status)
		}
		done := p.want(t, http.MethodPost, "/holds/"+hold+"/answer", apiHoldAnswer{store.Approve, "a storm", 2})
		if len(done["entries"].([]any)) != 2 {
			t.Errorf("%v", done)
		}
	})
	t.Run("what was done is taken back, once it is known what that means", func(t *testing.T) {
		plan := p.want(t, http.MethodGet, "/decisions/"+o.doneDecision+"/undo", nil)
		if len(plan["changes"].([]any)) != 1 || plan["decision"] != nil {
			t.Errorf("%v", plan)
		}
		done := p.want(t, http.MethodPost, "/decisions/"+o.doneDecision+"/undo", apiReason{"by mistake"})
		got := p.want(t, http.MethodGet, "/decisions/"+done["decision"].(string), nil)
		if got["table"] != store.People || len(got["answers"].([]any)) == 0 {
			t.Errorf("%v", got)
		}
		status, refused := p.call(t, http.MethodPost, "/answers", apiAnswer{Signal: store.Approve, Entries: []int64{int64(got["entries"].([]any)[0].(map[string]any)["id"].(float64))}})
		if status != http.StatusConflict || !strings.Contains(refused["detail"].(string), "somebody else must approve it") {
			t.Errorf("who ordered it approves it: %d %v", status, refused)
		}
	})
	t.Run("what could not be handled, with its mail", func(t *testing.T) {
		got := p.want(t, http.MethodGet, "/quarantine", nil)
		if diff := cmp.Diff([]any{"mail:4"}, items(got, "id")); diff != "" {
			t.Error(diff)
		}
		one := p.want(t, http.MethodGet, "/events/mail:4", nil)
		if one["note"] != "it asks for what nobody can do" || one["mail"].(map[string]any)["parts"].([]any)[0].(map[string]any)["text"] != "?"+hostile {
			t.Errorf("%v", one)
		}
		if decided := p.want(t, http.MethodGet, "/events/mail:1", nil); decided["decisions"].([]any)[0].(map[string]any)["id"] != o.decision {
			t.Errorf("%v", decided)
		}
	})
	t.Run("what somebody asks for is decided as it was shown to be, once", func(t *testing.T) {
		key := strings.Repeat("ab", 16)
		plan := p.want(t, http.MethodGet, "/ask?asks=uncancel&id=a0J000000000002AAA&key="+key, nil)
		wish := apiWish{Asks: "uncancel", ID: "a0J000000000002AAA", Key: key, Digest: "another", Reason: "the visit takes place"}
		if status, refused := p.call(t, http.MethodPost, "/ask", wish); status != http.StatusConflict || !strings.Contains(refused["detail"].(string), "Look again") {
			t.Errorf("%d %v", status, refused)
		}
		wish.Digest = plan["digest"].(string)
		for range 2 {
			done := p.want(t, http.MethodPost, "/ask", wish)
			got := p.want(t, http.MethodGet, "/events/"+done["event"].(string), nil)
			if got["by"] != "nightly" || got["reason"] != wish.Reason || got["state"] != "new" {
				t.Errorf("%v", got)
			}
		}
		if log := p.want(t, http.MethodGet, "/acts?act=ask", nil); len(items(log, "who")) != 1 {
			t.Errorf("%v", log)
		}
	})
	t.Run("writing is paused and goes on", func(t *testing.T) {
		if got := p.want(t, http.MethodPost, "/pause", apiBrakeOrder{"mail", "audit"}); len(got["paused"].([]any)) != 1 {
			t.Errorf("%v", got)
		}
		if got := p.want(t, http.MethodPost, "/resume", apiBrakeOrder{"mail", "over"}); len(got["paused"].([]any)) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("all that the document describes has been tried", func(t *testing.T) {
		want := map[string]bool{}
		for _, r := range routes() {
			want[r.method+" "+apiRoot+r.path] = true
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(p.called))); diff != "" {
			t.Errorf("(-described +tried)\n%s", diff)
		}
	})
}

func TestAPIRefuses(t *testing.T) {
	o := newOffice(t)
	vera, otto, anna := o.program(t, "vera's", Viewer), o.program(t, "otto's", Operator), o.program(t, "anna's", Approver)
	answer := func(signal store.Signal, reason string, entries ...int64) apiAnswer {
		return apiAnswer{signal, entries, reason}
	}
	for name, c := range map[string]struct {
		by     *program
		method string
		path   string
		body   any
		status int
		says   string
	}{
		"a viewer cannot answer":                       {vera, "POST", "/answers", answer(store.Retry, "", o.stuck), 403, "This needs the role operator; vera's has the role viewer."},
		"an operator cannot approve":                   {otto, "POST", "/answers", answer(store.Approve, "", o.cancel), 403, "This needs the role approver"},
		"an operator cannot see what an undo would do": {otto, "GET", "/decisions/" + o.doneDecision + "/undo", nil, 403, "approver"},
		"an approver cannot pause":                     {anna, "POST", "/pause", apiBrakeOrder{"all", "x"}, 403, "admin"},
		"to decline needs a reason":                    {anna, "POST", "/answers", answer(store.Decline, "", o.cancel), 422, "Say why"},
		"what cannot be given is said":                 {anna, "POST", "/answers", answer(store.Approve, "", o.stuck), 409, "cannot be given"},
		"one that is wrong keeps all from being done":  {anna, "POST", "/answers", answer(store.Approve, "", o.cancel, o.stuck), 409, "Nothing was changed."},
		"an answer to nothing":                         {anna, "POST", "/answers", answer(store.Approve, ""), 400, "Which entries?"},
		"a signal that is not for people":              {anna, "POST", "/answers", answer(store.Applied, "", o.cancel), 400, "there are approve, decline"},
		"a decision that is not there":                 {vera, "GET", "/decisions/D0", nil, 404, "There is no decision D0."},
		"an entry that is not there":                   {vera, "GET", "/entries/99", nil, 404, "There is no entry 99."},
		"an entry 0":                                   {vera, "GET", "/entries/0", nil, 404, "There is no entry 0."},
		"an entry that is none":                        {vera, "GET", "/entries/x", nil, 404, "There is no entry x."},
		"a record that nothing was decided about":      {vera, "GET", "/record?ref=x", nil, 404, "Nothing was decided about x."},
		"no record at all":                             {vera, "GET", "/record", nil, 400, "Give ref: its id"},
		"a row without its table":                      {vera, "GET", "/decisions?row=C6", nil, 400, "of which table?"},
		"a name and more":                              {vera, "GET", "/decisions?name=x&limit=5", nil, 400, "Give name alone"},
		"a table that is not there":                    {vera, "GET", "/decisions?table=x", nil, 400, "cancellation.request"},
		"a state that is not there":                    {vera, "GET", "/entries?state=x", nil, 400, "there are proposed, pending"},
		"a page that is too long":                      {vera, "GET", "/entries?limit=501", nil, 400, "limit is 1 to 500"},
		"a parameter that is not there":                {vera, "GET", "/entries?stat=done", nil, 400, "there are state, decision"},
		"a day that is none":                           {vera, "GET", "/cancelled?from=soon", nil, 400, "no day such as"},
		"a place that is none":                         {vera, "GET", "/acts?after=x", nil, 400, "no number"},
		"what was never done is not taken back":        {anna, "POST", "/decisions/" + o.decision + "/undo", apiReason{"x"}, 409, "Nothing of this decision can be taken back."},
		"a hold that is not there":                     {anna, "POST", "/holds/R0/answer", apiHoldAnswer{store.Approve, "x", 1}, 404, "Nothing is held"},
	} {
		t.Run(name, func(t *testing.T) {
			status, problem := c.by.call(t, c.method, c.path, c.body)
			if detail, _ := problem["detail"].(string); status != c.status || !strings.Contains(detail, c.says) || problem["status"] != float64(c.status) || problem["title"] != http.StatusText(c.status) {
				t.Errorf("%d %v", status, problem)
			}
		})
	}
	t.Run("nothing of that was done", func(t *testing.T) {
		log, err := o.journal.ActLog(t.Context(), store.ActFilter{Limit: 10})
		if err != nil || len(log) != 0 || o.state(t, o.cancel) != store.Proposed {
			t.Errorf("%v %v", log, err)
		}
	})

	approval := `{"signal":"approve","entries":[` + itoa(o.cancel) + `]}`
	for name, c := range map[string]struct {
		method, path string
		header       map[string]string
		body         string
		status       int
		says         string
	}{
		"a form":                          {"POST", "/answers", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "signal=approve", 415, "application/json"},
		"no type":                         {"POST", "/answers", nil, approval, 415, "application/json"},
		"a member that is not there":      {"POST", "/answers", withJSON, `{"sign":"approve"}`, 400, `unknown field \"sign\"`},
		"two bodies":                      {"POST", "/answers", withJSON, approval + approval, 400, "there is more after it"},
		"no body":                         {"POST", "/answers", withJSON, "", 400, "EOF"},
		"a body without end":              {"POST", "/answers", withJSON, `{"reason":"` + strings.Repeat("x", mostSent) + `"}`, 413, "too long"},
		"a page of another site":          {"POST", "/answers", map[string]string{"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, approval, 403, "another site"},
		"another origin":                  {"POST", "/answers", map[string]string{"Content-Type": "application/json", "Origin": "https://evil.example"}, approval, 403, "another site"},
		"a path that is not there":        {"GET", "/nothing", nil, "", 404, "openapi.json"},
		"a method that is not there":      {"DELETE", "/entries/1", nil, "", 405, "there are GET, HEAD, OPTIONS"},
		"looking where something is done": {"GET", "/answers", nil, "", 405, "there are OPTIONS, POST"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			resp, text := anna.send(t, c.method, c.path, c.header, c.body)
			if resp.StatusCode != c.status || !strings.Contains(text, c.says) || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %v\n%s", resp.StatusCode, resp.Header, text)
			}
			if c.status == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == "" {
				t.Error("it is not said what is allowed")
			}
			if o.state(t, o.cancel) != store.Proposed {
				t.Error("it was done")
			}
		})
	}
	t.Run("HEAD is a GET without body, and OPTIONS tells what can be done", func(t *testing.T) {
		resp, text := anna.send(t, http.MethodHead, "/status", nil, "")
		if resp.StatusCode != http.StatusOK || text != "" {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
		resp, _ = anna.send(t, http.MethodOptions, "/decisions/x/undo", nil, "")
		if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS, POST" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
	})
}

// withJSON is the header of a request with JSON.
var withJSON = map[string]string{"Content-Type": "application/json"}

// FuzzAPI asks for what nobody thought of: that may be refused, but not fail.
func FuzzAPI(f *testing.F) {
	for _, r := range routes() {
		f.Add(r.path, "after=1700000000000-D1&limit=2&state=done&ref=x&table=cancellation.request&from=2026-03-03", `{"signal":"approve","entries":[1],"reason":"x"}`)
	}
	f.Add("/entries/-1", "after=99999999999999999999", "{}")
	f.Add("/decisions/%00", "after=-&table=people&name=%ff", `{"entries":[null]}`)
	o := newOffice(f)
	token, err := NewToken(o.server.UsersFile, "fuzz", Admin, start.Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	site := o.server.handler()
	f.Fuzz(func(t *testing.T, path, query, body string) {
		for method, text := range map[string]string{http.MethodGet: "", http.MethodPost: body} {
			r := httptest.NewRequest(method, "/", strings.NewReader(text))
			r.URL = &url.URL{Path: apiRoot + "/" + strings.TrimPrefix(path, "/"), RawQuery: query}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			site.ServeHTTP(w, r)
			if w.Code == http.StatusInternalServerError {
				t.Errorf("%s %s?%s %s: %d\n%s", method, path, query, body, w.Code, w.Body)
			}
		}
	})
}
