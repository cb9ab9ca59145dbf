package web

import (
	"context"
	"errors"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

const (
	workflowID   = "a00000000000001AAA"
	assignmentID = "a0J000000000002AAA"
)

// An asked office has a workflow that is Cancel Pending and an assignment that is
// cancelled and billed, and knows what would follow from what is asked for.
type askedOffice struct {
	*office
	snapshot rules.Snapshot // the org as it is
	off      string         // a verb
	shadow   string         // a verb
	away     bool           // the org cannot be asked
}

func newAskedOffice(t testing.TB) *askedOffice {
	t.Helper()
	o := &askedOffice{snapshot: rules.Snapshot{
		Workflows: []rules.Workflow{{
			ID: workflowID, Name: "W-1042", Status: "cancel-pending", Homeowners: []rules.Person{{ID: "003000000000001AAA", Name: "Maria"}},
			Memory: map[string]string{"pending-since": start.Format(time.RFC3339)},
		}},
		Assignments: []rules.Assignment{{
			ID: assignmentID, Name: "A-3017", Status: "cancelled", Start: start.Add(24 * time.Hour), End: start.Add(26 * time.Hour),
			Billing: &rules.Billing{ID: "B1", Status: "pending-review"},
		}},
	}}
	settings := rules.Defaults()
	settings.Cancellation.AutoRestore = true
	book, err := rules.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	o.office = newOffice(t, func(s *Server) { s.Book, s.Plan = book, o.plan })
	if err := o.journal.Act(t.Context(), []int64{o.cancel}, store.Approve, "Anna", "", start); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k1", "k2"} {
		o.deliver(t, map[string]store.Settlement{key: {Signal: store.Applied}})
	}
	return o
}

// plan decides by the rules. What is said is done at once, all else needs
// approval.
func (o *askedOffice) plan(_ context.Context, e rules.Event, _ func(*rules.Snapshot)) (store.Verdict, error) {
	if o.away {
		return store.Verdict{}, errors.New("the org does not answer")
	}
	v := store.Verdict{Snapshot: o.snapshot, Decisions: o.server.Book.Decide(o.snapshot, e, e.At).Decisions}
	for _, d := range v.Decisions {
		var writes []store.Write
		for _, a := range d.Actions {
			one := write(a.Verb, store.Proposed, a.Verb+" of "+a.On.ID, connectors.Change{Op: connectors.Update, Key: e.ID + a.Verb, Ref: connectors.Ref{Kind: a.On.Kind, ID: a.On.ID}, Fields: map[string]any{"Status__c": "another"}, If: map[string]any{"Status__c": a.Args["status-was"]}})
			one.Why = "it needs approval"
			switch a.Verb {
			case "post-comment", "hold-for-review":
				one = write(a.Verb, store.Pending, a.Args["text"], connectors.Change{Op: connectors.Post, Key: e.ID + a.Verb, Fields: map[string]any{"Body": a.Args["text"]}})
			case o.shadow:
				one.State, one.Why = store.Shadow, "autonomy: "+a.Verb+" is in shadow"
			case o.off:
				one.State, one.Why = store.Dropped, "autonomy: "+a.Verb+" is off"
			}
			writes = append(writes, one)
		}
		v.Writes = append(v.Writes, writes)
	}
	return v, nil
}

func (o *askedOffice) asked(t *testing.T) []store.Event {
	t.Helper()
	all, err := o.journal.Events(t.Context(), store.New)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// form is what the page would send.
func form(body string) (pairs []string) {
	for _, m := range hidden.FindAllStringSubmatch(body, -1) {
		pairs = append(pairs, m[1], html.UnescapeString(m[2]))
	}
	return pairs
}

const restoreURL = "/ask?asks=restore&id=" + workflowID

func TestAsking(t *testing.T) {
	t.Run("the verdict is shown with what it rests on and what would be done, before anybody confirms", func(t *testing.T) {
		o := newAskedOffice(t)
		for url, wants := range map[string][]string{
			restoreURL: {
				"Restore: W-1042", "asked in time, by a person of the back office by name", "Otto of the back office asks for it", "restore-workflow of " + workflowID,
				"needs approval", "it needs approval", "once that is approved", "Otto of the back office asked on Tuesday, 3 March 2026 to restore", "<del>", "Each row of the table",
			},
			"/ask?asks=uncancel&id=" + assignmentID: {"Take the cancellation back: A-3017", "reopen-assignment", "void-billing of B1", "Otto asks for it"},
			"/ask?asks=waive&id=" + assignmentID:    {"Waive the billing: A-3017", "waive-billing of B1", "Otto waives billing"},
		} {
			status, body := o.as(t, "Otto").get(t, url)
			if status != http.StatusOK || len(body) > largest {
				t.Errorf("%s: %d, %d bytes", url, status, len(body))
			}
			for _, want := range wants {
				if !strings.Contains(body, want) {
					t.Errorf("%s does not say %q:\n%s", url, want, body)
				}
			}
		}
		if all := o.asked(t); len(all) > 0 {
			t.Errorf("looking has asked for %+v", all)
		}
	})

	t.Run("what somebody confirms is journaled under their name, once, and told at the record", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		_, body := otto.get(t, restoreURL)
		o.now = o.now.Add(3 * time.Minute) // people read
		filled := append(form(body), "reason", "She called. "+hostile)
		for _, again := range []bool{false, true} {
			status, body := otto.post(t, "/ask", filled...)
			if status != http.StatusOK || !strings.Contains(body, "Asked for. It is decided within seconds") || !strings.Contains(body, "cancellation.request") {
				t.Errorf("again %v: %d\n%s", again, status, body)
			}
		}
		all := o.asked(t)
		if len(all) != 1 {
			t.Fatalf("%d events", len(all))
		}
		want := rules.Event{ID: all[0].ID, Kind: rules.RestoreRequested, At: o.now, Subject: rules.Ref{Kind: "workflow", ID: workflowID}, By: "Otto", Reason: "She called. " + hostile}
		if diff := cmp.Diff(want, all[0].Event); diff != "" || all[0].Author != "Otto" {
			t.Errorf("author %s, event (-want +got):\n%s", all[0].Author, diff)
		}
		if _, body := o.as(t, "Vera").get(t, "/acts?act=ask"); !strings.Contains(body, "<td>Otto</td><td>asked for</td>") || strings.Contains(body, hostile) {
			t.Errorf("the log of acts:\n%s", body)
		}
	})

	t.Run("what would come to something else than was shown is shown again, and not taken", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		_, body := otto.get(t, "/ask?asks=uncancel&id="+assignmentID)
		o.snapshot.Assignments[0].Billing = nil
		status, again := otto.post(t, "/ask", append(form(body), "reason", "They <b>called</b>.")...)
		if status != http.StatusConflict || !strings.Contains(again, "not what you were shown") || !strings.Contains(again, "They &lt;b&gt;called&lt;/b&gt;.") || strings.Contains(again, "void-billing") {
			t.Errorf("%d\n%s", status, again)
		}
		if all := o.asked(t); len(all) > 0 {
			t.Errorf("it was asked for: %+v", all)
		}
		if status, _ := otto.post(t, "/ask", append(form(again), "reason", "They called.")...); status != http.StatusOK || len(o.asked(t)) != 1 {
			t.Errorf("having looked again: %d, %d events", status, len(o.asked(t)))
		}
	})

	t.Run("what the rules do not allow is said, and cannot be sent", func(t *testing.T) {
		for name, change := range map[string]func(o *askedOffice){
			"the time for restoring is over or not known": func(o *askedOffice) { o.now = o.now.AddDate(0, 2, 0) },
			"the org says that it may not be restored":    func(o *askedOffice) { o.snapshot.Workflows[0].RestoreBlock = "Utility bill" },
			"it is active already":                        func(o *askedOffice) { o.snapshot.Workflows[0].Status = "active" },
			"it is not certain which workflow is meant":   func(o *askedOffice) { o.snapshot.Workflows = nil },
			"autonomy: restore-workflow is off":           func(o *askedOffice) { o.off = "restore-workflow" },
			"autonomy: restore-workflow is in shadow":     func(o *askedOffice) { o.shadow = "restore-workflow" },
		} {
			o := newAskedOffice(t)
			otto := o.as(t, "Otto")
			_, before := otto.get(t, restoreURL)
			change(o)
			otto = o.as(t, "Otto")
			status, body := otto.get(t, restoreURL)
			if status != http.StatusOK || !strings.Contains(body, "The rules do not allow this now") || !strings.Contains(body, name) || strings.Contains(body, "<textarea") {
				t.Errorf("%s: %d\n%s", name, status, body)
			}
			if status, body := otto.post(t, "/ask", append(form(before), "reason", "x")...); status != http.StatusConflict || !strings.Contains(body, "The rules do not allow it now") {
				t.Errorf("sent all the same, %s: %d\n%s", name, status, body)
			}
			if all := o.asked(t); len(all) > 0 {
				t.Errorf("%s: it was asked for: %+v", name, all)
			}
		}
	})

	t.Run("stopping a cancellation that is only proposed is something done", func(t *testing.T) {
		o := newAskedOffice(t)
		o.snapshot.Workflows[0].Status, o.snapshot.Workflows[0].Memory = "active", map[string]string{"statement": "<m1@example.com>"}
		otto := o.as(t, "Otto")
		_, body := otto.get(t, restoreURL)
		if !strings.Contains(body, "still waits would not be done") {
			t.Errorf("the page:\n%s", body)
		}
		if status, _ := otto.post(t, "/ask", append(form(body), "reason", "She called.")...); status != http.StatusOK || len(o.asked(t)) != 1 {
			t.Errorf("%d, %d events", status, len(o.asked(t)))
		}
	})

	t.Run("while something else about the record is to be decided nothing is taken", func(t *testing.T) {
		o := newAskedOffice(t)
		otto, anna := o.as(t, "Otto"), o.as(t, "Anna")
		_, first := otto.get(t, restoreURL)
		_, second := anna.get(t, restoreURL)
		if status, _ := otto.post(t, "/ask", append(form(first), "reason", "She called.")...); status != http.StatusOK {
			t.Fatal(status)
		}
		if status, body := anna.post(t, "/ask", append(form(second), "reason", "She wrote.")...); status != http.StatusConflict || !strings.Contains(body, "Wait until it is") {
			t.Errorf("%d\n%s", status, body)
		}
		if _, body := anna.get(t, restoreURL); !strings.Contains(body, "still to be decided or done") || strings.Contains(body, "<textarea") {
			t.Errorf("the page:\n%s", body)
		}
		if all := o.asked(t); len(all) != 1 {
			t.Errorf("%d events", len(all))
		}
	})

	t.Run("who asks says why, in not too many words", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		_, body := otto.get(t, restoreURL)
		for reason, says := range map[string]string{"": "Say why", "  ": "Say why", strings.Repeat("ä", 1001): "1000 characters at most"} {
			if status, body := otto.post(t, "/ask", append(form(body), "reason", reason)...); status != http.StatusUnprocessableEntity || !strings.Contains(body, says) {
				t.Errorf("%d\n%s", status, body)
			}
		}
		if status, _ := otto.post(t, "/ask", append(form(body), "reason", strings.Repeat("ä", 1000))...); status != http.StatusOK || len(o.asked(t)) != 1 {
			t.Errorf("with a long reason: %d, %d events", status, len(o.asked(t)))
		}
	})

	t.Run("what makes no sense is refused in words", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		for url, says := range map[string]string{
			"/ask?asks=cancel&id=" + workflowID:         "one can ask for restore, uncancel and waive",
			"/ask?asks=&id=" + workflowID:               "one can ask for",
			"/ask?asks=restore&id=a'+OR+Id+%21%3D+null": "is no id of a record",
			"/ask?asks=restore":                         "is no id of a record",
		} {
			if status, body := otto.get(t, url); status != http.StatusBadRequest || !strings.Contains(body, says) {
				t.Errorf("%s: %d\n%s", url, status, body)
			}
		}
		if status, body := otto.post(t, "/ask", "asks", "restore", "id", workflowID, "key", "mine", "reason", "x"); status != http.StatusBadRequest || !strings.Contains(body, "32 hex digits") {
			t.Errorf("%d\n%s", status, body)
		}
	})

	t.Run("while the org cannot be asked nothing is taken", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		_, body := otto.get(t, restoreURL)
		o.away = true
		for _, answer := range []func() (int, string){
			func() (int, string) { return otto.get(t, restoreURL) },
			func() (int, string) { return otto.post(t, "/ask", append(form(body), "reason", "x")...) },
		} {
			if status, body := answer(); status != http.StatusServiceUnavailable || !strings.Contains(body, "the org does not answer") {
				t.Errorf("%d\n%s", status, body)
			}
		}
		if all := o.asked(t); len(all) > 0 {
			t.Errorf("it was asked for: %+v", all)
		}
	})
}

func TestWhoMayAsk(t *testing.T) {
	t.Run("a viewer sees the verdict and cannot send it", func(t *testing.T) {
		o := newAskedOffice(t)
		vera := o.as(t, "Vera")
		_, body := vera.get(t, restoreURL)
		if !strings.Contains(body, "this needs the role operator") || strings.Contains(body, `<form method="post" action="/ask"`) {
			t.Errorf("the page:\n%s", body)
		}
		_, body = o.as(t, "Otto").get(t, restoreURL)
		if status, body := vera.post(t, "/ask", append(form(body), "reason", "x")...); status != http.StatusForbidden || !strings.Contains(body, "needs the role operator") {
			t.Errorf("%d\n%s", status, body)
		}
		if status, _ := o.nobody(t).post(t, "/ask", append(form(body), "reason", "x")...); status != http.StatusUnauthorized {
			t.Errorf("nobody: %d", status)
		}
		if all := o.asked(t); len(all) > 0 {
			t.Errorf("it was asked for: %+v", all)
		}
	})

	t.Run("a form that another site sends is refused", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		_, body := otto.get(t, restoreURL)
		text := "reason=x"
		for pairs := form(body); len(pairs) > 0; pairs = pairs[2:] {
			text += "&" + pairs[0] + "=" + pairs[1]
		}
		for _, forged := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
			forged["Content-Type"] = "application/x-www-form-urlencoded"
			if status, _ := otto.do(t, http.MethodPost, "/ask", forged, text); status != http.StatusForbidden {
				t.Errorf("%v: %d", forged, status)
			}
		}
		if all := o.asked(t); len(all) > 0 {
			t.Errorf("it was asked for: %+v", all)
		}
		own := map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
		if status, _ := otto.do(t, http.MethodPost, "/ask", own, text); status != http.StatusOK || len(o.asked(t)) != 1 {
			t.Errorf("the same form, sent from here: %d, %d events", status, len(o.asked(t)))
		}
	})

	t.Run("without users one can look only", func(t *testing.T) {
		o := newAskedOffice(t)
		o.server.UsersFile = "" // before anybody asks
		_, body := o.nobody(t).get(t, restoreURL)
		if !strings.Contains(body, "without users nobody can be held to account") || !strings.Contains(body, "somebody of the back office asks for it") || strings.Contains(body, "<textarea") {
			t.Errorf("the page:\n%s", body)
		}
	})

	t.Run("where nobody can tell what would follow, it is said, and nothing is offered", func(t *testing.T) {
		o := newOffice(t)
		otto := o.as(t, "Otto")
		if status, body := otto.get(t, restoreURL); status != http.StatusServiceUnavailable || !strings.Contains(body, "nothing can be asked for") {
			t.Errorf("%d\n%s", status, body)
		}
		if _, body := otto.get(t, "/cancelled"); strings.Contains(body, `href="/ask`) {
			t.Errorf("it is offered:\n%s", body)
		}
	})
}

func TestOffers(t *testing.T) {
	o := newAskedOffice(t)
	done := func(kind, verb string, change func(*store.Cancellation)) store.Cancellation {
		c := store.Cancellation{Kind: kind, Entry: store.Entry{State: store.Done, Verb: verb, Lane: kind + " " + workflowID, Decision: "D1"}, RestoreBy: start.AddDate(0, 0, 20)}
		if change != nil {
			change(&c)
		}
		return c
	}
	since := func(verb string) func(*store.Cancellation) {
		return func(c *store.Cancellation) { c.Since, c.Billing.Value = []store.Entry{{Verb: verb}}, "billable" }
	}
	for _, test := range []struct {
		name string
		c    store.Cancellation
		want []string
	}{
		{"a workflow can be restored in time", done("workflow", "cancel-workflow", nil), []string{"Restore"}},
		{"and no longer after", done("workflow", "cancel-workflow", func(c *store.Cancellation) { c.RestoreBy = start }), nil},
		{"nor while no time runs", done("workflow", "cancel-workflow", func(c *store.Cancellation) { c.RestoreBy = time.Time{} }), nil},
		{"nor again", done("workflow", "cancel-workflow", since("restore-workflow")), nil},
		{"nor what was taken back", done("workflow", "cancel-workflow", since("undo-cancel-workflow")), nil},
		{"what is only proposed needs no taking back", done("workflow", "cancel-workflow", func(c *store.Cancellation) { c.State = store.Proposed }), nil},
		{"a free cancellation of an assignment can be taken back", done("assignment", "cancel-assignment", nil), []string{"Take the cancellation back"}},
		{"a billable one can be waived too", done("assignment", "cancel-assignment", func(c *store.Cancellation) { c.Billing.Value = "billable" }), []string{"Take the cancellation back", "Waive the billing"}},
		{"but not twice", done("assignment", "cancel-assignment", since("waive-billing")), []string{"Take the cancellation back"}},
		{"and neither once it was reopened", done("assignment", "cancel-assignment", since("reopen-assignment")), nil},
		{"a visit can be taken back", done("job", "cancel-job", nil), []string{"Take it back"}},
		{"unless it was given back", done("job", "cancel-job", since("reopen-job")), nil},
		{"a block can be taken back", done("block", "cancel-block", nil), []string{"Take it back"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, offer := range (&site{Server: o.server}).offers(test.c, User{Name: "Anna", Role: Approver}) {
				got = append(got, offer.Words)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("offers (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the page leads to what it offers", func(t *testing.T) {
		_, body := o.as(t, "Otto").get(t, "/cancelled")
		for _, want := range []string{"/ask?asks=restore&amp;id=" + workflowID, "/ask?asks=uncancel&amp;id=" + assignmentID, "/ask?asks=waive&amp;id=" + assignmentID} {
			if !strings.Contains(body, `href="`+want+`"`) {
				t.Errorf("no link to %s:\n%s", want, body)
			}
		}
	})
}

// TestRestoringByKeyboard goes from what was cancelled to what has been asked
// for without a mouse, with the verdict read on the way.
func TestRestoringByKeyboard(t *testing.T) {
	ctx := chromium(t)
	o := newAskedOffice(t)
	signIn(t, ctx, o.url, "Otto")
	run(t, ctx, chromedp.Navigate(o.url+"/cancelled?kind=workflow"))
	press(t, ctx, "Restore", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("#why"))
	if title := get(t, ctx, chromedp.Text("h1")); title != "Restore: W-1042" {
		t.Errorf("the page is called %q", title)
	}
	verdict := get(t, ctx, chromedp.Text("main"))
	for _, want := range []string{"asked in time, by a person of the back office by name", "needs approval", "Nothing has been done yet"} {
		if !strings.Contains(verdict, want) {
			t.Errorf("one does not read %q:\n%s", want, verdict)
		}
	}
	press(t, ctx, "Why", "she called")
	press(t, ctx, "Restore", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("[role=status]"))
	if said := get(t, ctx, chromedp.Text("[role=status]")); !strings.HasPrefix(said, "Asked for.") {
		t.Errorf("it says %q", said)
	}
	all := o.asked(t)
	if len(all) != 1 || all[0].By != "Otto" || all[0].Reason != "she called" || all[0].Kind != rules.RestoreRequested {
		t.Errorf("events %+v", all)
	}
}

// TestAxeOfAsking is TestAxe for what is shown before anybody confirms.
func TestAxeOfAsking(t *testing.T) {
	script := axe(t)
	ctx := chromium(t)
	o := newAskedOffice(t)
	signIn(t, ctx, o.url, "Otto")
	accessible(t, ctx, script, "ask", o.url+restoreURL)
	accessible(t, ctx, script, "cancelled with offers", o.url+"/cancelled")
	o.snapshot.Workflows[0].Status = "active"
	accessible(t, ctx, script, "ask in vain", o.url+restoreURL)
}
