package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"go.uber.org/goleak"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/memory"
	"standdown/mapping"
	"standdown/rules"
)

// A world is an engine between an org and a mailbox that are held in memory.
type world struct {
	t       *testing.T
	path    string
	org     *memory.System
	inbox   *memory.System
	outbox  *memory.System
	engine  engine.Engine
	journal *store.Store // as a person at the command line has it
	ahead   atomic.Int64
	stop    func()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(storetest.Tests{M: m}) }

// onPostgreSQL is the test that runs the others once more, on PostgreSQL.
const onPostgreSQL = "TestOnPostgreSQL"

func TestOnPostgreSQL(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a mail is carried through", TestAMailIsCarriedThrough},
		{"the same mail twice is one request", TestTheSameMailTwiceIsOneRequest},
		{"first start", TestFirstStart},
		{"autonomy", TestAutonomy},
		{"what is taken back is not done", TestWhatIsTakenBackIsNotDone},
		{"a person's edit wins", TestAPersonsEditWins},
		{"errors", TestErrors},
		{"a deadline survives a restart", TestDeadlineSurvivesARestart},
		{"too much at once waits for a person", TestTooMuchAtOnceWaitsForAPerson},
		{"pause", TestPause},
		{"quiet hours", TestQuietHours},
		{"a system that is away is left alone", TestASystemThatIsAwayIsLeftAlone},
		{"a proposal lapses", TestAProposalLapses},
		{"a summary tells what was not done", TestASummaryTellsWhatWasNotDoneAfterAll},
		{"undo", TestUndo},
		{"deadlines follow the settings", TestDeadlinesFollowTheSettings},
		{"deadlines and a clock that is set", TestDeadlinesAndAClockThatIsSet},
	} {
		t.Run(test.name, test.run)
	}
}

const (
	contact  = "003000000000001AAA"
	workflow = "a00000000000001AAA"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "journal.db")}
	if strings.HasPrefix(t.Name(), onPostgreSQL+"/") {
		w.path = storetest.Shared(t).Fresh(t)
	}
	w.org = memory.New(w.now, "Contact", "Workflow__c", "Case_Assignment__c")
	w.inbox = memory.New(w.now, "message")
	w.outbox = memory.New(w.now)

	settings := rules.Defaults()
	settings.Cancellation.Finalize = "daemon"
	book, err := rules.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	names, err := mapping.New(mapping.Config{Presets: []string{"milestone", "skedulo"}, Queue: "Back_Office"})
	if err != nil {
		t.Fatal(err)
	}
	autonomy := map[string]string{}
	for _, v := range book.Verbs() {
		autonomy[v.Name] = "auto"
	}
	w.engine = engine.Engine{
		Book: book, Mapping: names, Lookup: w.org, Autonomy: autonomy,
		Feeds: []engine.Feed{
			{Name: "salesforce", Source: w.org, Schedule: cron.Every(time.Second)},
			{Name: "mailbox", Source: w.inbox, Schedule: cron.Every(time.Second)},
		},
		Sinks: map[string]connectors.Sink{"salesforce": w.org, "mail": w.outbox},
		Delivery: engine.Delivery{Lease: 5 * time.Second, Quiet: 20 * time.Millisecond, Attempts: 3,
			BackoffMin: 5 * time.Millisecond, BackoffMax: 20 * time.Millisecond},
		Now: w.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Tick: 5 * time.Millisecond,
	}

	put := func(kind, id string, fields map[string]any) {
		w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: kind, ID: id}, Fields: fields})
	}
	put("Group", "00G000000000001AAA", map[string]any{"Type": "Queue", "DeveloperName": "Back_Office", "Name": "Back Office"})
	put("Contact", contact, map[string]any{"Name": "Maria Alvarez", "Email": "maria@example.com",
		"On_Hold__c": false, "On_Hold_Start_Date__c": nil, "Planned_Return_Date__c": nil})
	put("Workflow__c", workflow, map[string]any{
		"Name": "W-1042", "Contract_Id__c": "C-204417", "Status__c": "Active", "Product_Model__c": "Regular", "Product__c": "Solar Loan",
		"Milestone__c": "M1", "Homeowner__c": contact, "Contract_Signers__c": "Installer", "Installer_Name__c": "Brightline",
		"Installer_Email__c": "office@brightline.example", "System_Photos__c": "None", "Invoice__c": "None", "Roof_Clear__c": "Yes",
		"Co_Homeowner__c": nil, "Sales_Rep_Name__c": nil, "Sales_Rep_Email__c": nil, "Signed_On__c": "2026-02-01",
		"Restore_Block__c": nil, "Cancel_Reason__c": nil,
	})
	put("Milestone__c", "a01000000000001AAA", map[string]any{"Name": "M1", "Workflow__c": workflow, "Order__c": 1.0, "Status__c": "Not Submitted"})
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// start runs the engine until the test ends or stop is called.
func (w *world) start() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	journal, err := store.Open(ctx, w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	e := w.engine
	e.Store = journal
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
		journal.Close()
	})
	w.t.Cleanup(w.stop)
	w.watch()
}

// watch opens the journal as a person has it, and waits until the sources have
// been read for the first time.
func (w *world) watch() {
	w.t.Helper()
	journal, err := store.OpenBeside(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.journal = journal
	w.t.Cleanup(func() { journal.Close() })
	w.until("the first read", func() bool {
		for _, source := range []string{"salesforce", "mailbox"} {
			r, err := w.journal.Reading(w.t.Context(), source)
			if err != nil || r.ReadAt.IsZero() || r.Baseline {
				return false
			}
		}
		return true
	})
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if done() {
			return
		}
	}
	entries, _ := w.journal.Entries(w.t.Context(), store.Filter{})
	w.t.Fatalf("waiting for %s: it did not come about; entries:\n%s", what, told(entries))
}

// rest waits until the engine can do nothing more by itself.
func (w *world) rest() {
	w.t.Helper()
	w.until("rest", func() bool {
		quiet, err := w.journal.Quiet(w.t.Context())
		return err == nil && quiet
	})
}

// write delivers the homeowner's mail and returns once it was taken in.
func (w *world) write(n int) {
	w.t.Helper()
	w.mail(n, "Please cancel my contract C-204417, we are moving.")
}

func (w *world) mail(n int, text string) {
	w.t.Helper()
	raw := strings.ReplaceAll(fmt.Sprintf(`Authentication-Results: mx.example.net; dmarc=pass header.from=example.com
From: Maria Alvarez <maria@example.com>
To: cancel@example.net
Subject: Cancellation
Message-ID: <%d@example.com>

%s
`, n, text), "\n", "\r\n")
	mails := func() (n int) {
		for _, e := range w.events() {
			if e.Request != nil {
				n++
			}
		}
		return n
	}
	before := mails()
	w.inbox.Put(connectors.Record{Raw: []byte(raw), Ref: connectors.Ref{Kind: "message", ID: fmt.Sprint("INBOX/1/", n)},
		Fields: mailbox.Fields([]byte(raw), mailbox.Authenticator{ServIDs: []string{"mx.example.net"}})})
	w.until("the mail to be taken in", func() bool { return mails() > before })
}

func (w *world) events() []store.Event {
	events, err := w.journal.Events(w.t.Context(), store.New, store.Decided, store.Ignored, store.Quarantined)
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

func (w *world) status() string {
	r, _ := w.org.Get(connectors.Ref{Kind: "Workflow__c", ID: workflow})
	return r.Fields["Status__c"].(string)
}

// outcome is the state of the entry of each verb, in order.
func (w *world) outcome() string {
	entries, err := w.journal.Entries(w.t.Context(), store.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return told(entries)
}

func told(entries []store.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Verb+" "+string(e.State))
	}
	return strings.Join(all, ", ")
}

func (w *world) want(outcome, status string, posts, mails int) {
	w.t.Helper()
	if got := w.outcome(); got != outcome {
		w.t.Errorf("outbox: %s\nwant:   %s", got, outcome)
	}
	if got := w.status(); got != status {
		w.t.Errorf("the workflow is %s, want %s", got, status)
	}
	if got := len(w.org.Posts()); got != posts {
		w.t.Errorf("%d comments, want %d", got, posts)
	}
	if got := len(w.outbox.Sent()); got != mails {
		w.t.Errorf("%d mails, want %d", got, mails)
	}
}

const allDone = "cancel-workflow done, post-comment done, notify-parties done"

func TestAMailIsCarriedThrough(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write(1)
	w.until("the mail to be filed", func() bool { return len(w.inbox.SettledRefs()) == 1 })
	w.rest()
	w.want(allDone, "Cancel Pending", 1, 1)
}

func TestTheSameMailTwiceIsOneRequest(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write(1)
	w.rest()
	first, _ := w.inbox.Get(connectors.Ref{Kind: "message", ID: "INBOX/1/1"})
	w.inbox.Put(connectors.Record{Raw: first.Raw, Fields: first.Fields, Ref: connectors.Ref{Kind: "message", ID: "INBOX/2/1"}}) // UIDVALIDITY changed
	w.until("both copies to be filed", func() bool { return len(w.inbox.SettledRefs()) == 2 })
	w.rest()
	w.want(allDone, "Cancel Pending", 1, 1)
}

func TestFirstStart(t *testing.T) {
	// Its mail and its workflow were there before the daemon.
	before := func(t *testing.T) *world {
		w := newWorld(t)
		w.inbox.Put(connectors.Record{Raw: []byte("x"), Ref: connectors.Ref{Kind: "message", ID: "INBOX/1/1"}, Fields: map[string]any{
			"from": "maria@example.com", "auth": "pass", "subject": "Please cancel my contract C-204417", "sha256": "abc",
			"segments": []any{map[string]any{"kind": "new", "text": "Please cancel my contract C-204417, we are moving.", "depth": 0.0}},
		}})
		return w
	}
	t.Run("what is there is recorded and not acted upon", func(t *testing.T) {
		w := before(t)
		w.start()
		w.rest()
		w.want("", "Active", 0, 0)
	})
	t.Run("what is there is acted upon if the operator asks", func(t *testing.T) {
		w := before(t)
		w.engine.Start.Adopt = true
		w.start()
		w.until("the mail to be filed", func() bool { return len(w.inbox.SettledRefs()) == 1 })
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
}

func TestAutonomy(t *testing.T) {
	t.Run("nobody is told of what has not been approved", func(t *testing.T) {
		w := newWorld(t)
		w.engine.Autonomy["cancel-workflow"] = "approve"
		w.start()
		w.write(1)
		w.until("the proposal", func() bool { return strings.Contains(w.outcome(), "proposed") })
		time.Sleep(50 * time.Millisecond) // ten ticks in which something wrong could happen
		w.want("cancel-workflow proposed, post-comment pending, notify-parties pending", "Active", 0, 0)

		if err := w.journal.Act(t.Context(), []int64{1}, store.Approve, "dana", "", w.now()); err != nil {
			t.Fatal(err)
		}
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
	t.Run("what is declined takes the rest with it", func(t *testing.T) {
		w := newWorld(t)
		w.engine.Autonomy["cancel-workflow"] = "approve"
		w.start()
		w.write(1)
		w.until("the proposal", func() bool { return strings.Contains(w.outcome(), "proposed") })
		if err := w.journal.Act(t.Context(), []int64{1}, store.Decline, "dana", "", w.now()); err != nil {
			t.Fatal(err)
		}
		w.rest()
		w.want("cancel-workflow dropped, post-comment dropped, notify-parties dropped", "Active", 0, 0)
	})
	t.Run("a verb that is off takes the rest with it", func(t *testing.T) {
		w := newWorld(t)
		w.engine.Autonomy["cancel-workflow"] = "off"
		w.start()
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		w.rest()
		w.want("cancel-workflow dropped, post-comment dropped, notify-parties dropped", "Active", 0, 0)
	})
}

func TestWhatIsTakenBackIsNotDone(t *testing.T) {
	w := newWorld(t)
	w.engine.Autonomy["cancel-workflow"] = "approve"
	w.start()
	w.write(1)
	w.until("the proposal", func() bool { return strings.Contains(w.outcome(), "proposed") })
	w.mail(2, "Please restore my contract C-204417, we want to keep it.")
	w.until("the second decision", func() bool { return strings.Contains(w.outcome(), "review") })
	w.rest()
	w.want("cancel-workflow dropped, post-comment dropped, notify-parties dropped, hold-for-review done", "Active", 0, 0)
}

func TestAPersonsEditWins(t *testing.T) {
	w := newWorld(t)
	w.engine.Autonomy["cancel-workflow"] = "approve"
	w.start()
	w.write(1)
	w.until("the proposal", func() bool { return strings.Contains(w.outcome(), "proposed") })
	w.org.Edit(connectors.Ref{Kind: "Workflow__c", ID: workflow}, map[string]any{"Status__c": "Cancel Pending"})
	if err := w.journal.Act(t.Context(), []int64{1}, store.Approve, "dana", "", w.now()); err != nil {
		t.Fatal(err)
	}
	w.until("a decision on the new facts", func() bool { return strings.HasSuffix(w.outcome(), "post-comment done") })
	w.rest()
	w.want("cancel-workflow stale, post-comment stale, notify-parties stale, post-comment done", "Cancel Pending", 1, 0)
}

func TestErrors(t *testing.T) {
	class := func(c connectors.Class) error { return &connectors.Error{Class: c, Err: errors.New("injected")} }
	t.Run("a lost answer is asked about, and nothing is done twice", func(t *testing.T) {
		w := newWorld(t)
		var lost sync.Map
		once := func(c connectors.Change) error {
			if _, again := lost.LoadOrStore(c.Key, true); again {
				return nil
			}
			return class(connectors.Unknown)
		}
		w.org.Fail, w.outbox.Fail = once, once
		w.start()
		w.write(1)
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
	t.Run("temporary failures are tried again", func(t *testing.T) {
		w := newWorld(t)
		var n atomic.Int64
		w.org.Fail = func(connectors.Change) error {
			if n.Add(1) < 3 {
				return class(connectors.Temporary)
			}
			return nil
		}
		w.start()
		w.write(1)
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
	t.Run("a system that lets nobody in costs no attempts", func(t *testing.T) {
		w := newWorld(t)
		var n atomic.Int64
		w.org.Fail = func(connectors.Change) error {
			if n.Add(1) < 10 { // more often than a change may fail
				return class(connectors.Denied)
			}
			return nil
		}
		w.start()
		w.write(1)
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
	t.Run("what is refused waits for a person, and so does what follows", func(t *testing.T) {
		w := newWorld(t)
		var refuse atomic.Bool
		refuse.Store(true)
		w.org.Fail = func(c connectors.Change) error {
			if c.Op == connectors.Post && refuse.Load() {
				return class(connectors.Rejected)
			}
			return nil
		}
		w.start()
		w.write(1)
		w.until("the refusal", func() bool { return strings.Contains(w.outcome(), "stuck") })
		w.want("cancel-workflow done, post-comment stuck, notify-parties pending", "Cancel Pending", 0, 0)
		refuse.Store(false)
		if err := w.journal.Act(t.Context(), []int64{2}, store.Retry, "dana", "", w.now()); err != nil {
			t.Fatal(err)
		}
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
	t.Run("what nobody can tell waits for a person", func(t *testing.T) {
		w := newWorld(t)
		w.outbox.Fail = func(connectors.Change) error { return class(connectors.Unknown) }
		w.start()
		w.write(1)
		w.until("the end of asking", func() bool { return strings.Contains(w.outcome(), "unknown") })
		w.want("cancel-workflow done, post-comment done, notify-parties unknown", "Cancel Pending", 1, 1)
	})
	t.Run("what may have been done is not called refused when nobody answers any more", func(t *testing.T) {
		w := newWorld(t)
		w.engine.Delivery.Attempts = 2
		var n atomic.Int64
		w.outbox.Fail = func(connectors.Change) error {
			if n.Add(1) == 1 {
				return class(connectors.Unknown)
			}
			return class(connectors.Temporary)
		}
		w.start()
		w.write(1)
		w.until("the end of asking", func() bool {
			got := w.outcome()
			return strings.HasSuffix(got, "unknown") || strings.HasSuffix(got, "stuck")
		})
		if got := w.outcome(); got != "cancel-workflow done, post-comment done, notify-parties unknown" {
			t.Errorf("outbox: %s", got)
		}
	})
	t.Run("a record that cannot be understood is set aside and holds up nothing", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: "Contact", ID: "003000000000002AAA"},
			Fields: map[string]any{"Name": "Odd", "Email": nil, "On_Hold__c": true, "On_Hold_Start_Date__c": "soon", "Planned_Return_Date__c": nil}})
		w.write(1)
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
		if !slices.ContainsFunc(w.events(), func(e store.Event) bool { return e.State == store.Quarantined && e.Note != "" }) {
			t.Error("the odd record is not shown as set aside")
		}
	})
}

func TestDeadlineSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write(1)
	w.until("the deadline", func() bool {
		all, err := w.journal.Deadlines(t.Context())
		return err == nil && len(all) == 1
	})
	w.rest()
	w.stop()
	w.ahead.Store(int64(40 * 24 * time.Hour)) // the time runs out while the daemon is down
	w.start()
	w.until("the end of the workflow", func() bool { return w.status() == "Cancelled" })
	w.rest()
	w.want(allDone+", finish-cancellation done, send-final-notice done", "Cancelled", 1, 2)
}
