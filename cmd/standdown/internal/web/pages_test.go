package web

import (
	"encoding/csv"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

func TestPages(t *testing.T) {
	o := newOffice(t)
	vera := o.as(t, "Vera")
	has := func(path string, want ...string) func(*testing.T) {
		return func(t *testing.T) {
			status, body := vera.get(t, path)
			if status != http.StatusOK {
				t.Fatalf("%s: %d\n%s", path, status, body)
			}
			for _, w := range want {
				if !strings.Contains(body, w) {
					t.Errorf("%s does not say %q:\n%s", path, w, body)
				}
			}
			if strings.Contains(body, hostile) {
				t.Errorf("%s runs what a customer wrote", path)
			}
			if strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "<form method=\"post\" action=\"/decision") {
				t.Errorf("%s has what should not be there", path)
			}
		}
	}
	t.Run("today says what is late, and what comes next", has("/", "1 change was refused", "could not be handled", "mailbox", "in time", "0 of 1000 used", "Mon 23 Mar 2026, 10:00 EDT", "in 20 days"))
	t.Run("review lists what is proposed, stuck and set aside", has("/review", "W-1042", "waits for approval", "JOB-0004", "stuck", "it asks for what nobody can do", "no invoice, no photos"))
	t.Run("a decision shows the facts, the difference, and the sentence that decided in the mail", has("/decision/"+o.decision,
		"<mark>I am writing to\ncancel my solar contract C-204417</mark>", "<del>Active</del>", "<ins>Cancel Pending</ins>", "written", "dmarc=pass", "https://org.example/a00000000000001AAA", "C6"))
	t.Run("a mail that was set aside can be read", has("/mail?event=mail%3A4", "it asks for what nobody can do", "?&lt;script&gt;"))
	t.Run("cancelled has what was cancelled and until when it can be restored", has("/cancelled", "W-1042", "A-3017", "JOB-0004", "billable", "120 min", "maria@example.com", "until <time datetime=\"2026-03-23"))
	t.Run("a record's history has the event, the decision and how it was decided", has("/record?ref=workflow+a00000000000001AAA", "cancellation.requested", "cancellation.request C6", "decided by row C6", "Deadline", "https://org.example/a00000000000001AAA"))
	t.Run("a record is found by its id alone", has("/record?ref=a04000000000003AAA", "HOLD-1: held"))
	t.Run("rules are the tables that run, with how often each row decided", has("/rules", "cancellation.request", "1 decision in 30 days", "assignment.waive"))
	t.Run("acts are empty while nobody has done anything", has("/acts", "Nobody did anything"))
	t.Run("a page that does not exist says so", func(t *testing.T) {
		for _, path := range []string{"/nothing", "/decision/D0000000000", "/mail?event=x", "/record?ref=nothing"} {
			if status, _ := vera.get(t, path); status != http.StatusNotFound {
				t.Errorf("%s: %d", path, status)
			}
		}
	})
	t.Run("what cannot be understood in an address is refused with the reason", func(t *testing.T) {
		for path, why := range map[string]string{
			"/cancelled?from=yesterday": "no day", "/cancelled?kind=boat": "no kind", "/cancelled?billing=much": "no billing decision", "/cancelled?after=x": "no place",
			"/cancelled?format=xls": "no format", "/acts?before=x": "no number", "/review?after=x": "no number",
		} {
			if status, body := vera.get(t, path); status != http.StatusBadRequest || !strings.Contains(body, why) {
				t.Errorf("%s: %d, and not %q", path, status, why)
			}
		}
	})
}

func TestCancelledFilters(t *testing.T) {
	o := newOffice(t)
	vera := o.as(t, "Vera")
	for query, want := range map[string]string{
		"kind=workflow":               "W-1042",
		"kind=job":                    "JOB-0004",
		"billing=billable":            "A-3017",
		"search=w-1042":               "W-1042",
		"search=MARIA":                "W-1042",
		"search=204417":               "W-1042",
		"search=a0J000000000002":      "A-3017",
		"billing=waived":              "",
		"to=2026-03-02":               "",
		"from=2026-03-04":             "",
		"search=%25":                  "",
		"from=2026-03-03&kind=job":    "JOB-0004",
		"to=2026-03-03&kind=workflow": "W-1042",
	} {
		t.Run(query+" finds what fits and nothing else", func(t *testing.T) {
			_, body := vera.get(t, "/cancelled?format=csv&"+query)
			lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range lines[1:] {
				got = append(got, line[2])
			}
			if strings.Join(got, ",") != want {
				t.Errorf("found %v, want %q", got, want)
			}
		})
	}
	t.Run("JSON has the same as the page", func(t *testing.T) {
		_, body := vera.get(t, "/cancelled?format=json")
		var got []store.Cancellation
		if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != 3 {
			t.Errorf("%d %v", len(got), err)
		}
		_, body = vera.get(t, "/acts?format=json")
		if err := json.Unmarshal([]byte(body), &[]store.LoggedAct{}); err != nil {
			t.Errorf("an empty list: %v: %s", err, body)
		}
	})
	t.Run("no cell begins like a formula", func(t *testing.T) {
		for _, cell := range harmless([]string{"=1+1", "+1", "-1", "@x", "\tx"}) {
			if cell[0] != '\'' {
				t.Errorf("%q", cell)
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	entry := func(id int64) []string { return []string{"entry", itoa(id)} }
	answer := func(signal, reason string, more ...string) []string {
		return append([]string{"signal", signal, "reason", reason}, more...)
	}
	t.Run("who approves has it done, under their name", func(t *testing.T) {
		o := newOffice(t)
		status, body := o.as(t, "Anna").post(t, "/decision/"+o.decision+"/answer", answer("approve", "seen the contract", append(entry(o.cancel), "all", "yes")...)...)
		if status != http.StatusOK || !strings.Contains(body, "Approved.") || !strings.Contains(body, "Anna approved") {
			t.Errorf("%d\n%s", status, body)
		}
		if got := o.state(t, o.cancel); got != store.Pending {
			t.Errorf("the entry is %s", got)
		}
		acts, err := o.journal.Acts(t.Context(), o.decision)
		if err != nil || len(acts) != 1 || acts[0].Who != "Anna" || acts[0].Act != "approve" || acts[0].Reason != "seen the contract" {
			t.Errorf("%v %v", acts, err)
		}
		if _, body := o.as(t, "Vera").get(t, "/acts?who=anna&act=approve"); !strings.Contains(body, "seen the contract") {
			t.Errorf("the log of acts does not have it:\n%s", body)
		}
	})
	t.Run("who declines must say why, and what was to follow is dropped", func(t *testing.T) {
		o := newOffice(t)
		anna := o.as(t, "Anna")
		if status, body := anna.post(t, "/decision/"+o.decision+"/answer", answer("decline", "", entry(o.cancel)...)...); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Say why") {
			t.Errorf("without a reason: %d", status)
		}
		if got := o.state(t, o.cancel); got != store.Proposed {
			t.Errorf("the entry is %s", got)
		}
		anna.post(t, "/decision/"+o.decision+"/answer", answer("decline", "wrong customer", entry(o.cancel)...)...)
		if a, b := o.state(t, o.cancel), o.state(t, o.comment); a != store.Dropped || b != store.Dropped {
			t.Errorf("the entries are %s and %s", a, b)
		}
	})
	t.Run("what is stuck can be tried again or given up by an operator", func(t *testing.T) {
		o := newOffice(t)
		otto := o.as(t, "Otto")
		otto.post(t, "/decision/"+o.stuckDecision+"/answer", answer("retry", "", entry(o.stuck)...)...)
		if got := o.state(t, o.stuck); got != store.Pending {
			t.Errorf("the entry is %s", got)
		}
		o.deliver(t, map[string]store.Settlement{"k4": {Signal: store.Refused, Why: "no"}})
		otto.post(t, "/decision/"+o.stuckDecision+"/answer", answer("drop", "done by hand", entry(o.stuck)...)...)
		if got := o.state(t, o.stuck); got != store.Dropped {
			t.Errorf("the entry is %s", got)
		}
	})
	t.Run("what is unknown can be confirmed", func(t *testing.T) {
		o := newOffice(t)
		otto := o.as(t, "Otto")
		otto.post(t, "/decision/"+o.stuckDecision+"/answer", answer("retry", "", entry(o.stuck)...)...)
		o.deliver(t, map[string]store.Settlement{"k4": {Signal: store.Guess, Why: "no answer"}})
		otto.post(t, "/decision/"+o.stuckDecision+"/answer", answer("confirm", "seen in the org", entry(o.stuck)...)...)
		if got := o.state(t, o.stuck); got != store.Done {
			t.Errorf("the entry is %s", got)
		}
	})
	t.Run("who has caused something does not approve it, and is told so", func(t *testing.T) {
		o := newOffice(t, func(s *Server) {
			s.Checker = func(name string) store.Checker {
				return store.Checker{Name: name, Users: []string{"maria@example.com"}}
			}
		})
		status, body := o.as(t, "Anna").post(t, "/decision/"+o.decision+"/answer", answer("approve", "", entry(o.cancel)...)...)
		if status != http.StatusConflict || !strings.Contains(body, "somebody else must approve it") || o.state(t, o.cancel) != store.Proposed {
			t.Errorf("%d %s\n%s", status, o.state(t, o.cancel), body)
		}
	})
	t.Run("an entry of another decision is refused", func(t *testing.T) {
		o := newOffice(t)
		if status, _ := o.as(t, "Anna").post(t, "/decision/"+o.decision+"/answer", answer("retry", "", entry(o.stuck)...)...); status != http.StatusBadRequest || o.state(t, o.stuck) != store.Stuck {
			t.Errorf("%d %s", status, o.state(t, o.stuck))
		}
	})
	t.Run("an answer that comes too late changes nothing", func(t *testing.T) {
		o := newOffice(t)
		anna := o.as(t, "Anna")
		anna.post(t, "/decision/"+o.decision+"/answer", answer("decline", "no", entry(o.cancel)...)...)
		status, body := anna.post(t, "/decision/"+o.decision+"/answer", answer("approve", "", append(entry(o.cancel), "all", "yes")...)...)
		if status != http.StatusConflict || !strings.Contains(body, "Nothing was changed") || o.state(t, o.cancel) != store.Dropped {
			t.Errorf("%d %s", status, o.state(t, o.cancel))
		}
	})
	t.Run("what was done can be taken back, with a reason", func(t *testing.T) {
		o := newOffice(t)
		anna := o.as(t, "Anna")
		if _, body := anna.get(t, "/decision/"+o.doneDecision+"?undo=1"); !strings.Contains(body, "take back: A-3017") {
			t.Errorf("it is not said what an undo would do:\n%s", body)
		}
		if status, _ := anna.post(t, "/decision/"+o.doneDecision+"/undo", "reason", ""); status != http.StatusUnprocessableEntity || len(o.entries(t)) != 4 {
			t.Errorf("without a reason: %d", status)
		}
		status, body := anna.post(t, "/decision/"+o.doneDecision+"/undo", "reason", "the visit takes place")
		if status != http.StatusOK || !strings.Contains(body, "take back: A-3017") || !strings.Contains(body, "Anna: the visit takes place") {
			t.Errorf("%d\n%s", status, body)
		}
		undone, err := o.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
		if err != nil || len(undone) != 2 || undone[1].Undoes != o.done {
			t.Errorf("%v %v", undone, err)
		}
	})
	t.Run("an admin pauses and resumes, and each is noted", func(t *testing.T) {
		o := newOffice(t)
		adam := o.as(t, "Adam")
		if _, body := adam.post(t, "/pause", "system", "mail", "reason", "audit"); !strings.Contains(body, "Paused:") {
			t.Errorf("today does not say that it is paused:\n%s", body)
		}
		if status, body := adam.post(t, "/pause", "system", "mail", "reason", "again"); status != http.StatusConflict || !strings.Contains(body, "paused already") {
			t.Errorf("again: %d", status)
		}
		adam.post(t, "/resume", "system", "mail", "reason", "over")
		brakes, err := o.journal.Brakes(t.Context())
		if err != nil || len(brakes) != 0 {
			t.Errorf("%v %v", brakes, err)
		}
		log, err := o.journal.ActLog(t.Context(), store.ActFilter{Limit: 10})
		if err != nil || len(log) != 2 || log[0].Act.Act != "resume" || log[1].Act.Act != "pause" || log[1].Who != "Adam" {
			t.Errorf("%v %v", log, err)
		}
	})
}

func TestDecidingSentence(t *testing.T) {
	for _, c := range []struct{ text, quote, said string }{
		{"a b c", "b", "b"},
		{"I want\n> to   cancel", "want to CANCEL", "want\n> to   cancel"},
		{"a b", "x", ""},
		{"a b", "", ""},
		{"a (b", "(b", "(b"},
	} {
		before, said, then := highlight(c.text, c.quote)
		if said != c.said || before+said+then != c.text {
			t.Errorf("%q in %q: %q, %q, %q", c.quote, c.text, before, said, then)
		}
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("I am\nwriting", "I am writing")
	f.Add("\xff", "\xff*[")
	f.Fuzz(func(t *testing.T, text, quote string) {
		if before, said, then := highlight(text, quote); before+said+then != text {
			t.Errorf("%q, %q, %q", before, said, then)
		}
	})
}

func FuzzLocalPath(f *testing.F) {
	for _, path := range []string{"/", "/review?after=1", "//evil.example", "https://evil.example", `/\evil.example`} {
		f.Add(path)
	}
	here, err := url.Parse("http://127.0.0.1:8470/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if to, err := here.Parse(localPath(path)); err == nil && to.Host != here.Host {
			t.Errorf("%q leads to %s", path, to.Host)
		}
	})
}

// TestPagesAreSmall is about a record with a long history of long texts.
func TestPagesAreSmall(t *testing.T) {
	o := newOffice(t)
	long := strings.Repeat("lorem ipsum ", 400)
	for i := range 60 {
		id := "many:" + itoa(int64(i))
		subject := rules.Ref{Kind: "workflow", ID: "a00000000000009AAA"}
		o.arrive(t, store.Arrival{ID: id, Kind: rules.CancellationRequested, Subject: rules.Ref{Kind: "request", ID: id}, Raw: []byte(strings.Repeat(long, 20) + id), SHA256: id,
			Event: &rules.Event{Request: &rules.Request{Name: "Jo", From: "jo@example.com", Subject: long[:200], Quote: long[:300]}}})
		var facts []rules.Fact
		for _, name := range []string{"request", "workflow", "milestone", "evidence"} {
			facts = append(facts, rules.Fact{Name: name, Value: "unclear", Reason: long[:200]})
		}
		o.commit(t, rules.Decision{Policy: "cancellation", Table: "cancellation.request", Row: "C2", Because: "MIL-A16: " + long[:100], Subject: subject, Facts: facts}, []store.Write{
			write("cancel-workflow", store.Proposed, "W-1: "+long[:100], connectors.Change{Op: connectors.Update, Key: id + "a", Ref: connectors.Ref{Kind: "Workflow__c", ID: subject.ID}, Fields: map[string]any{"Status__c": "Cancelled"}}),
			write("post-comment", store.Pending, "Comment: "+long[:100], connectors.Change{Op: connectors.Post, Key: id + "b", Ref: connectors.Ref{Kind: "Contact", ID: "003"}, Fields: map[string]any{"Body": long}}),
			write("notify-parties", store.Pending, "Mail: "+long[:100], connectors.Change{Op: connectors.Send, Key: id + "c", Ref: connectors.Ref{Kind: "message"}, Fields: map[string]any{"text": long, "html": long}}),
		})
	}
	last := o.entries(t)
	vera := o.as(t, "Anna")
	for _, path := range []string{"/", "/review", "/cancelled", "/record?ref=a00000000000009AAA", "/decision/" + last[len(last)-1].Decision, "/rules", "/acts"} {
		status, body := vera.get(t, path)
		t.Logf("%s has %d bytes", path, len(body))
		if status != http.StatusOK || len(body) > largest {
			t.Errorf("%s: %d, %d bytes", path, status, len(body))
		}
	}
	t.Run("what does not fit on a page is on the next", func(t *testing.T) {
		for path, want := range map[string]string{"/review": "after=", "/cancelled": "after=", "/record?ref=a00000000000009AAA": "before="} {
			_, body := vera.get(t, path)
			at := strings.Index(body, `class="next"><a href="`)
			if at < 0 {
				t.Fatalf("%s leads no further:\n%s", path, body)
			}
			next, _, _ := strings.Cut(body[at+len(`class="next"><a href="`):], `"`)
			next = html.UnescapeString(next)
			if status, more := vera.get(t, next); !strings.Contains(next, want) || status != http.StatusOK || more == body {
				t.Errorf("%s: %d", next, status)
			}
		}
	})
}

func TestHold(t *testing.T) {
	o := newOffice(t)
	id := o.tooMuch(t)
	anna := o.as(t, "Anna")
	if _, body := anna.get(t, "/review"); !strings.Contains(body, `<a href="/hold/`+id+`"`) {
		t.Errorf("review does not say that something is held:\n%s", body)
	}
	states := func() (held, pending int) {
		for _, e := range o.entries(t) {
			if e.Event == "held:1" && e.State == store.Proposed {
				held++
			}
			if e.Event == "held:1" && e.State == store.Pending {
				pending++
			}
		}
		return held, pending
	}
	t.Run("the page says why, and what is held", func(t *testing.T) {
		if status, body := anna.get(t, "/hold/"+id); status != http.StatusOK || !strings.Contains(body, "JOB held:j1") || !strings.Contains(body, "Approve all 2") {
			t.Errorf("%d\n%s", status, body)
		}
	})
	t.Run("an operator cannot answer", func(t *testing.T) {
		if status, _ := o.as(t, "Otto").post(t, "/hold/"+id+"/answer", "signal", "approve", "reason", "x", "changes", "2"); status != http.StatusForbidden {
			t.Errorf("%d", status)
		}
	})
	t.Run("without a reason, or about another number of changes, nothing happens", func(t *testing.T) {
		s1, _ := anna.post(t, "/hold/"+id+"/answer", "signal", "approve", "reason", "", "changes", "2")
		s2, _ := anna.post(t, "/hold/"+id+"/answer", "signal", "approve", "reason", "x", "changes", "1")
		if held, _ := states(); s1 != http.StatusUnprocessableEntity || s2 != http.StatusConflict || held != 2 {
			t.Errorf("%d %d, and %d are held", s1, s2, held)
		}
	})
	t.Run("all of it is approved at once", func(t *testing.T) {
		status, body := anna.post(t, "/hold/"+id+"/answer", "signal", "approve", "reason", "a real storm", "changes", "2")
		if _, pending := states(); status != http.StatusOK || pending != 2 || !strings.Contains(body, "Approved.") {
			t.Errorf("%d, %d pending\n%s", status, pending, body)
		}
		if status, _ := anna.get(t, "/hold/"+id); status != http.StatusNotFound {
			t.Errorf("then it is still there: %d", status)
		}
	})
}
