package engine_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/memory"
	"standdown/mapping"
	"standdown/rules"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"go.uber.org/goleak"
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
		{"what is claimed ahead", TestWhatIsClaimedAhead},
		{"quiet hours", TestQuietHours},
		{"a system that is away is left alone", TestASystemThatIsAwayIsLeftAlone},
		{"a proposal lapses", TestAProposalLapses},
		{"a summary tells what was not done", TestASummaryTellsWhatWasNotDoneAfterAll},
		{"undo", TestUndo},
		{"deadlines follow the settings", TestDeadlinesFollowTheSettings},
		{"deadlines and a clock that is set", TestDeadlinesAndAClockThatIsSet},
		{"what one decision remembers the next knows", TestWhatOneDecisionRemembersTheNextKnows},
		{"a worker is given back once", TestAWorkerIsGivenBackOnceThoughTwoVisitsWantThem},
		{"a worker is not given back elsewhere", TestAWorkerWhoIsJustGivenBackIsNotGivenBackElsewhere},
		{"a worker who was given away is not approved elsewhere", TestAWorkerWhoWasGivenAwayIsNotApprovedElsewhere},
		{"what is changed while others are decided", TestWhatIsChangedWhileOthersOfItsBatchAreDecidedIsLookedAtAgain},
		{"shadow", TestShadow},
		{"shadow is compared with what people do", TestShadowIsComparedWithWhatPeopleDo},
		{"shadow is reported", TestShadowIsReported},
		{"shadow is reported several times a day", TestShadowIsReportedSeveralTimesADay},
		{"operators are told of a ceiling", TestOperatorsAreToldOfACeiling},
		{"operators are told of a pause", TestOperatorsAreToldOfAPause},
		{"operators are told of a system", TestOperatorsAreToldOfASystem},
		{"operators are told once", TestOperatorsAreToldOnce},
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
	mails := func() (n int) {
		for _, e := range w.events() {
			if e.Request != nil {
				n++
			}
		}
		return n
	}
	before := mails()
	w.inbox.Put(w.mailOf(n, text))
	w.until("the mail to be taken in", func() bool { return mails() > before })
}

// mailOf is a mail of the homeowner.
func (w *world) mailOf(n int, text string) connectors.Record {
	raw := strings.ReplaceAll(fmt.Sprintf(`Authentication-Results: mx.example.net; dmarc=pass header.from=example.com
From: Maria Alvarez <maria@example.com>
To: cancel@example.net
Subject: Cancellation
Message-ID: <%d@example.com>

%s
`, n, text), "\n", "\r\n")
	return connectors.Record{Raw: []byte(raw), Ref: connectors.Ref{Kind: "message", ID: fmt.Sprint("INBOX/1/", n)},
		Fields: mailbox.Fields([]byte(raw), mailbox.Authenticator{ServIDs: []string{"mx.example.net"}})}
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
