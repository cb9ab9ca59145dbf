package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/preview"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// A watchedStage is a world whose org notes each request of its clients.
type watchedStage struct {
	*stage.Stage
	cfg *config.Config

	mu     sync.Mutex
	writes []string // requests that could have changed something
	reads  int
}

// newWatchedStage makes a world in which the acts have been played, and no daemon
// has looked. Lines are added to its configuration.
func newWatchedStage(t testing.TB, lines string, acts ...stage.Act) *watchedStage {
	t.Helper()
	world, err := stage.New(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { world.Close() })
	for _, act := range acts {
		if err := act.Do(world); err != nil {
			t.Fatalf("playing %q: %v", act.Title, err)
		}
	}
	w := &watchedStage{Stage: world}
	org := world.Org.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.note(r, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		org.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	text, err := os.ReadFile(world.Config())
	if err != nil {
		t.Fatal(err)
	}
	configuration := strings.Replace(string(text), world.OrgURL, server.URL, 1) + lines
	if err := os.WriteFile(world.Config(), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	if w.cfg, err = config.Load(world.Config(), os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	return w
}

// note takes a request for a read only if it is known to be one.
func (w *watchedStage) note(r *http.Request, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.Method == http.MethodGet, strings.HasSuffix(r.URL.Path, "/oauth2/token"):
		w.reads++
		return
	case strings.HasSuffix(r.URL.Path, "/composite"):
		var parts struct {
			Requests []struct{ Method string } `json:"compositeRequest"`
		}
		if json.Unmarshal(body, &parts) == nil && !slices.ContainsFunc(parts.Requests, func(p struct{ Method string }) bool { return p.Method != http.MethodGet }) {
			w.reads++
			return
		}
	}
	w.writes = append(w.writes, r.Method+" "+r.URL.Path)
}

// seen returns the requests since it was asked last.
func (w *watchedStage) seen() (writes []string, reads int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	writes, reads = w.writes, w.reads
	w.writes, w.reads = nil, 0
	return writes, reads
}

func (w *watchedStage) plan(t testing.TB, since time.Time) savedPlan {
	t.Helper()
	var out bytes.Buffer
	planning := planning{cfg: w.cfg, since: since, out: newPlanJSON(&out), log: slog.New(slog.DiscardHandler), now: w.Clock.Now}
	if _, err := planning.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var p savedPlan
	decoder := json.NewDecoder(&out)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("%v in\n%s", err, out.Bytes())
	}
	return p
}

// early is before everything that happens on the stage.
var early = stage.Start.AddDate(0, 0, -30)

// apartActs are acts about different people: what one brings about is nothing to
// the others.
var apartActs = []string{
	"Maria Alvarez asks in a mail", "Daniel Okafor", "Ruth Lindqvist", "A contact centre forwards", "A newsletter",
	"Harold Finch goes away", "Walter Hayes's install", "Stella Novak", "Somebody cancels the block of Lucy",
}

func TestAPlanSaysWhatTheDaemonThenDoes(t *testing.T) {
	w := newWatchedStage(t, "start: {adopt: true}\n", scene(t, apartActs...)...)
	planned := w.plan(t, early)
	if planned.Totals.Changes < 10 {
		t.Fatalf("only %d changes are planned", planned.Totals.Changes)
	}

	journal := w.serveUntilCalm(t)

	// What happened because of what the daemon did is not of the plan.
	there := map[string]bool{}
	for _, r := range planned.Records {
		there[r.Event] = true
	}
	entries, err := journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	did := map[string]string{}
	for _, e := range entries {
		ev, err := journal.EventNamed(t.Context(), e.Event)
		if err != nil {
			t.Fatal(err)
		}
		if there[e.Event] || !caused(entries, ev) {
			did[e.Key] = e.Verb + " " + e.Text
		}
	}
	want := map[string]string{}
	for _, r := range planned.Records {
		for _, d := range r.Decisions {
			for _, c := range d.Changes {
				if c.State != preview.Off {
					want[c.Key] = c.Verb + " " + c.Text
				}
			}
		}
	}
	if diff := cmp.Diff(want, did); diff != "" {
		t.Errorf("what the daemon did is not what was planned (-planned +done):\n%s", diff)
	}
}

// serveUntilCalm has a daemon do what there is to do, and stops it. The journal
// is closed with the test.
func (w *watchedStage) serveUntilCalm(t testing.TB) *store.Store {
	t.Helper()
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(running, w.cfg, slog.New(slog.DiscardHandler), w.Clock.Now, 100*time.Millisecond, nil, brisk)
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	journal, err := beside(t.Context(), w.cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	if err := (&director{world: w.Stage, journal: journal}).baseline(t.Context()); err != nil {
		t.Fatal(err)
	}
	calm := lull{journal: journal}
	err = stage.Until(t.Context(), "the daemon to have nothing to do, now and in a minute", func() (bool, error) {
		next, err := journal.NextDeadlines(t.Context(), 1)
		if err != nil {
			return false, err
		}
		if len(next) > 0 && next[0].At.Before(w.Clock.Now().Add(time.Minute)) {
			calm = lull{journal: journal}
			return false, nil
		}
		return calm.lasts(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	return journal
}

// caused tells whether an event is about a record that the daemon has changed.
func caused(entries []store.Entry, ev *store.Event) bool {
	return slices.ContainsFunc(entries, func(e store.Entry) bool {
		return e.Event != ev.ID && e.State == store.Done && (e.Change.Ref.ID == ev.Subject.ID || e.Result.Ref.ID == ev.Subject.ID)
	})
}

func TestAPlanWritesNothing(t *testing.T) {
	w := newWatchedStage(t, "", scene(t, apartActs...)...)
	look := func() (org map[string][]map[string]any, mails []string) {
		inbox, err := w.Mail.Folder(stage.Mailbox, "INBOX")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inbox {
			mails = append(mails, fmt.Sprint(m.UID, m.Flags, " ")+string(m.Raw))
		}
		return w.Org.Dump(), mails
	}
	org, mails := look()
	p := w.plan(t, early)
	orgAfter, mailsAfter := look()

	writes, reads := w.seen()
	if len(writes) > 0 {
		t.Errorf("calls that write: %q", writes)
	}
	if len(mails) == 0 || reads == 0 || p.Totals.Changes == 0 {
		t.Errorf("%d mails, %d reads, %d changes planned: there was nothing to be left alone", len(mails), reads, p.Totals.Changes)
	}
	if diff := cmp.Diff(org, orgAfter); diff != "" {
		t.Errorf("the org (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(mails, mailsAfter); diff != "" {
		t.Errorf("the mailbox (-before +after):\n%s", diff)
	}
	if sent := w.Mail.Accepted(); len(sent) > 0 {
		t.Errorf("%d mails were sent", len(sent))
	}
	if left, err := filepath.Glob(w.cfg.Journal.Name() + "*"); err != nil || len(left) > 0 {
		t.Errorf("there is a journal now: %v %v", left, err)
	}
}

func TestAPlanLeavesOutWhatTheDaemonHasInHand(t *testing.T) {
	w := newWatchedStage(t, "start: {adopt: true}\n", scene(t, apartActs...)...)
	w.serveUntilCalm(t)
	before, err := os.ReadFile(w.cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	if writes, _ := w.seen(); len(writes) == 0 {
		t.Fatal("the daemon wrote, and that was not seen")
	}
	p := w.plan(t, early)
	if !p.Plan.Journal || p.Totals.Changes != 0 || p.Totals.InHand == 0 {
		t.Errorf("got %+v, %+v; want nothing planned, and to be told what is in hand", p.Plan, p.Totals)
	}
	if writes, _ := w.seen(); len(writes) > 0 {
		t.Errorf("calls that write: %q", writes)
	}
	after, err := os.ReadFile(w.cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the journal was changed")
	}

	t.Run("and plans what has come since", func(t *testing.T) {
		for _, act := range scene(t, "Carlos Mendez asks") {
			if err := act.Do(w.Stage); err != nil {
				t.Fatal(err)
			}
		}
		p := w.plan(t, early)
		var rows []string
		for _, r := range p.Records {
			for _, d := range r.Decisions {
				rows = append(rows, d.Table+" "+d.Row)
			}
		}
		if diff := cmp.Diff([]string{"cancellation.request C5", "cancellation.notify T2"}, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestWhatAPlanPrints(t *testing.T) {
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Walter Hayes's install")...)
	command := func(args ...string) (code int, stdout, stderr string) {
		var out, said bytes.Buffer
		code = run(t.Context(), append([]string{"plan", "--config", w.Config()}, args...), strings.NewReader(""), &out, &said)
		return code, out.String(), said.String()
	}
	saved := filepath.Join(t.TempDir(), "plan.json")

	code, text, stderr := command("--since", "2026-01-01", "--out", saved)
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d, and on standard error %q", code, stderr)
	}
	from := 0
	for _, want := range []string{
		"There is no journal yet", "Ops_Block__c/", "ops_block.cancel K1: OPS-1", "needs approval  cancel-block: B-1001", "State__c: Cancelling -> Canceled", "after approval  send-back-job",
		"message/INBOX/1/1", "cancellation.request C6", "needs approval  cancel-workflow: W-1043", "Cancel_Reason__c: (empty) -> Moving", "after approval  notify-parties",
		"1 records of mailbox were read", "row ", "ops_block.parent S1", "verb ", "cancel-workflow", "API calls: ",
	} {
		at := strings.Index(text[from:], want)
		if at < 0 {
			t.Fatalf("after %q there is no %q in\n%s", text[max(0, from-60):from], want, text)
		}
		from += at + len(want)
	}

	file, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(saved); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is for %v (%v), want its owner only", info.Mode(), err)
	}
	var whole map[string]json.RawMessage
	var p savedPlan
	if err := json.Unmarshal(file, &whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &p); err != nil {
		t.Fatal(err)
	}
	if len(whole) != 4 || p.Plan.Format != planFormat || len(p.Records) != 2 || p.Totals.Changes != 7 || p.Totals.ReadCalls == 0 || p.Totals.ApplyCalls == 0 {
		t.Errorf("the file has\n%s", file)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(saved), ".plan-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}

	t.Run("in JSON it is what the file has", func(t *testing.T) {
		_, printed, _ := command("--since", "2026-01-01", "-o", "json")
		var again savedPlan
		if err := json.Unmarshal([]byte(printed), &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p.Records, again.Records); diff != "" {
			t.Errorf("records (-file +printed):\n%s", diff)
		}
	})
	t.Run("without --since no mail is read", func(t *testing.T) {
		_, text, _ := command()
		if strings.Contains(text, "mailbox") || !strings.Contains(text, "B-1001") {
			t.Errorf("got\n%s", text)
		}
	})
	t.Run("older mail is left alone", func(t *testing.T) {
		_, text, _ := command("--since", "2026-03-04")
		if strings.Contains(text, "W-1043") || !strings.Contains(text, "1 records of mailbox were read") {
			t.Errorf("got\n%s", text)
		}
	})
	t.Run("the exit code tells of changes if it is asked to", func(t *testing.T) {
		if code, _, stderr := command("--detailed-exitcode"); code != exitChanges || stderr != "" {
			t.Errorf("exit code %d, want %d; on standard error %q", code, exitChanges, stderr)
		}
		calm := newWatchedStage(t, "")
		var out bytes.Buffer
		if code := run(t.Context(), []string{"plan", "--config", calm.Config(), "--detailed-exitcode"}, strings.NewReader(""), &out, &out); code != exitDone {
			t.Errorf("exit code %d where there are none, want %d\n%s", code, exitDone, out.Bytes())
		}
	})
	t.Run("a file that cannot be written is told of before anything is read", func(t *testing.T) {
		w.seen()
		code, _, stderr := command("--out", filepath.Join(saved, "in", "a", "file"))
		if _, reads := w.seen(); code != exitFailed || !strings.Contains(stderr, "saving the plan") || reads > 0 {
			t.Errorf("exit code %d, %d reads, and on standard error %q", code, reads, stderr)
		}
	})
}
