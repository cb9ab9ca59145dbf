package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

const password = "correct horse battery"

// hostile is what somebody might call themselves.
const hostile = `<script>alert("x")</script>`

const letter = "Hello,\n\nI am writing to\ncancel my solar contract C-204417. " + hostile + "\n\nMaria"

// An office is a daemon with users, in whose journal something of everything
// waits or has happened.
type office struct {
	*world
	cancel, comment int64 // entries of one decision: proposed, and what follows
	stuck, done     int64
	decision        string // of cancel and comment
	stuckDecision   string
	doneDecision    string
}

func newOffice(t testing.TB, prepare ...func(*Server)) *office {
	t.Helper()
	o := &office{}
	o.world = newWorld(t, append([]func(*Server){o.furnish(t)}, prepare...)...)
	o.read(t)
	request := &rules.Request{
		Asks: "cancel", From: "maria@example.com", Name: "Maria " + hostile, Auth: "pass", AuthReason: "dmarc=pass", Words: "own",
		Subject: "My contract " + hostile, Quote: "I am writing to cancel my solar contract C-204417",
	}
	o.arrive(t, store.Arrival{ID: "mail:1", Kind: rules.CancellationRequested, Subject: rules.Ref{Kind: "request", ID: "mail:1"}, Raw: []byte(letter), SHA256: "one",
		Event: &rules.Event{Request: request}, Author: "maria@example.com"})
	workflow := rules.Ref{Kind: "workflow", ID: "a00000000000001AAA"}
	o.commit(t, rules.Decision{
		Policy: "cancellation", Table: "cancellation.request", Row: "C6", Because: "MIL-15: no invoice, no photos, nobody is bound", Subject: workflow,
		Facts:     []rules.Fact{{Name: "request", Value: "written", Reason: hostile}},
		Deadlines: []rules.Deadline{{Kind: rules.CancellationDue, Subject: workflow, At: start.AddDate(0, 0, 20)}},
	}, []store.Write{
		write("cancel-workflow", store.Proposed, "W-1042: Status: Active -> Cancel Pending", connectors.Change{Op: connectors.Update, Key: "k1", Ref: connectors.Ref{Kind: "Workflow__c", ID: workflow.ID},
			Fields: map[string]any{"Status__c": "Cancel Pending"}, If: map[string]any{"Status__c": "Active"}}),
		write("post-comment", store.Pending, "Comment: Maria asked to cancel", connectors.Change{Op: connectors.Post, Key: "k2", Ref: connectors.Ref{Kind: "Contact", ID: "003000000000001AAA"},
			Fields: map[string]any{"Body": "Maria " + hostile + " asked"}}),
	})

	o.arrive(t, store.Arrival{ID: "change:2", Kind: rules.AssignmentCancelRequested, Subject: rules.Ref{Kind: "assignment", ID: "a0J000000000002AAA"}, Event: &rules.Event{}, Author: "005000000000001AAA"})
	o.commit(t, rules.Decision{
		Policy: "assignment", Table: "assignment.cancel", Row: "K2", Because: "ASG-2: cancelled late", Subject: rules.Ref{Kind: "assignment", ID: "a0J000000000002AAA"},
		Facts: []rules.Fact{{Name: "billing", Value: "billable", Reason: "120 min"}},
	}, []store.Write{write("cancel-assignment", store.Pending, "A-3017: Status: Confirmed -> Cancelled", connectors.Change{Op: connectors.Update, Key: "k3",
		Ref: connectors.Ref{Kind: "Assignment__c", ID: "a0J000000000002AAA"}, Fields: map[string]any{"Status__c": "Cancelled"}})})
	o.arrive(t, store.Arrival{ID: "change:3", Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: "003000000000003AAA"}, Event: &rules.Event{}})
	o.commit(t, rules.Decision{Policy: "on_hold", Table: "on_hold.visit", Row: "H1", Because: "HOLD-1: held", Subject: rules.Ref{Kind: "job", ID: "a04000000000003AAA"}},
		[]store.Write{write("cancel-job", store.Pending, "JOB-0004: Status: Dispatched -> Cancelled", connectors.Change{Op: connectors.Update, Key: "k4",
			Ref: connectors.Ref{Kind: "Job__c", ID: "a04000000000003AAA"}, Fields: map[string]any{"Status__c": "Cancelled"}})})
	o.deliver(t, map[string]store.Settlement{
		"k3": {Signal: store.Applied, Outcome: store.Outcome{Before: map[string]any{"Status__c": "Confirmed"}}},
		"k4": {Signal: store.Refused, Why: "FIELD_CUSTOM_VALIDATION_EXCEPTION: " + hostile},
	})
	o.arrive(t, store.Arrival{ID: "mail:4", Kind: rules.RequestUnclear, Subject: rules.Ref{Kind: "request", ID: "mail:4"}, Raw: []byte("?" + hostile), SHA256: "four", State: store.Quarantined,
		Note: "it asks for what nobody can do", Event: &rules.Event{Request: &rules.Request{Subject: "Odd " + hostile}}})
	for _, e := range o.entries(t) {
		switch e.Change.Key {
		case "k1":
			o.cancel, o.decision = e.ID, e.Decision
		case "k2":
			o.comment = e.ID
		case "k3":
			o.done, o.doneDecision = e.ID, e.Decision
		case "k4":
			o.stuck, o.stuckDecision = e.ID, e.Decision
		}
	}
	return o
}

// furnish gives the daemon users, and shows what else it can be given.
func (o *office) furnish(t testing.TB) func(*Server) {
	users := ""
	for name, role := range map[string]Role{"Vera": Viewer, "Otto": Operator, "Anna": Approver, "Adam": Admin} {
		// At the least cost: these are not worth guarding.
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		line, err := User{Name: name, Role: role, Password: string(hash)}.Line()
		if err != nil {
			t.Fatal(err)
		}
		users += line
	}
	path := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(path, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(s *Server) {
		s.UsersFile, s.Org = path, "https://org.example"
		s.ReadMail = func(raw []byte) ([]MailPart, error) { return []MailPart{{"new", string(raw)}}, nil }
		s.PlanUndo = planUndo
	}
}

// planUndo takes updates back that are done.
func planUndo(entries []store.Entry, who, reason string) (writes []store.Compensation, stays []Stays) {
	for _, e := range entries {
		if e.Change.Op != connectors.Update || e.State != store.Done {
			stays = append(stays, Stays{e.ID, e.Text, "it is no update"})
			continue
		}
		writes = append(writes, store.Compensation{Entry: e.ID, Write: store.Write{
			System: e.System, Verb: "undo-" + e.Verb, State: store.Proposed, Text: "take back: " + e.Text, Why: reason,
			Change: connectors.Change{Op: connectors.Update, Ref: e.Change.Ref, Fields: e.Result.Before, If: e.Change.Fields},
		}})
	}
	return writes, stays
}

func write(verb string, state store.State, text string, c connectors.Change) store.Write {
	return store.Write{System: "salesforce", Verb: verb, State: state, Text: text, Change: c}
}

// arrive puts an event into the journal.
func (o *office) arrive(t testing.TB, a store.Arrival) {
	t.Helper()
	r, err := o.journal.Reading(t.Context(), "mailbox")
	if err != nil {
		t.Fatal(err)
	}
	a.At, a.Ref = start, connectors.Ref{Kind: "message", ID: a.ID}
	if a.State == "" {
		a.State = store.New
	}
	a.Event.ID, a.Event.Kind, a.Event.Subject, a.Event.At = a.ID, a.Kind, a.Subject, a.At
	if n, err := o.journal.Intake(t.Context(), "mailbox", &r, []store.Arrival{a}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
}

// commit decides the one event that is to be decided.
func (o *office) commit(t testing.TB, d rules.Decision, writes []store.Write) {
	t.Helper()
	events, err := o.journal.Undecided(t.Context(), start, 10)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	err = o.journal.Commit(t.Context(), store.Verdict{Event: events[0], Settings: rules.Defaults(), Decisions: []rules.Decision{d}, Writes: [][]store.Write{writes}}, start)
	if err != nil {
		t.Fatal(err)
	}
}

// tooMuch has a run pass a ceiling, and returns what its hold is called.
func (o *office) tooMuch(t testing.TB) string {
	t.Helper()
	o.arrive(t, store.Arrival{ID: "held:1", Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: "c"}, Event: &rules.Event{}})
	events, err := o.journal.Undecided(t.Context(), start, 10)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	v := store.Verdict{Event: events[0], Ceilings: store.Ceilings{Run: 1}}
	for _, id := range []string{"j1", "j2"} {
		v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H1", Because: "HOLD-1: held", Subject: rules.Ref{Kind: "job", ID: id}})
		v.Writes = append(v.Writes, []store.Write{write("cancel-job", store.Pending, "JOB held:"+id, connectors.Change{Op: connectors.Update, Key: id, Ref: connectors.Ref{Kind: "Job__c", ID: id}, Fields: map[string]any{"x": "y"}})})
	}
	if err := o.journal.Commit(t.Context(), v, start); err != nil {
		t.Fatal(err)
	}
	holds, err := o.journal.Holds(t.Context())
	if err != nil || len(holds) != 1 {
		t.Fatal(holds, err)
	}
	return holds[0].ID
}

// deliver settles what is due, by key.
func (o *office) deliver(t testing.TB, outcomes map[string]store.Settlement) {
	t.Helper()
	entries, token, err := o.journal.Claim(t.Context(), "salesforce", 100, start, time.Minute)
	if err != nil || len(entries) != len(outcomes) {
		t.Fatal(entries, err)
	}
	var all []store.Settlement
	for _, e := range entries {
		one := outcomes[e.Change.Key]
		one.ID = e.ID
		all = append(all, one)
	}
	if err := o.journal.Settle(t.Context(), token, all, start); err != nil {
		t.Fatal(err)
	}
}

func (o *office) entries(t testing.TB) []store.Entry {
	t.Helper()
	all, err := o.journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// state is that of the entry in the journal.
func (o *office) state(t testing.TB, id int64) store.State {
	t.Helper()
	all := o.entries(t)
	return all[slices.IndexFunc(all, func(e store.Entry) bool { return e.ID == id })].State
}

// A browser keeps cookies and follows redirections.
type browser struct {
	*http.Client
	url string
}

func (o *office) nobody(t testing.TB) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{&http.Client{Jar: jar}, o.url}
}

// as is a browser in which somebody has signed in.
func (o *office) as(t testing.TB, name string) browser {
	t.Helper()
	b := o.nobody(t)
	if status, body := b.post(t, "/login", "name", name, "password", password); status != http.StatusOK || !strings.Contains(body, "Sign out") {
		t.Fatalf("signing in as %s: %d\n%s", name, status, body)
	}
	return b
}

func (b browser) get(t testing.TB, path string) (int, string) {
	t.Helper()
	return b.do(t, http.MethodGet, path, nil, "")
}

func (b browser) post(t testing.TB, path string, pairs ...string) (int, string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(t, http.MethodPost, path, map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
}

func (b browser) do(t testing.TB, method, path string, header map[string]string, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
