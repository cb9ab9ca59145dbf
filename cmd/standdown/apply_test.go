package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

// save makes a plan and saves it.
func (w *watchedStage) save(t testing.TB) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "plan.json")
	p := planning{cfg: w.cfg, since: early, file: file, out: newPlanJSON(new(strings.Builder)), log: slog.New(slog.DiscardHandler), now: w.Clock.Now}
	if _, err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return file
}

// apply applies the plan in a file, as Dana Whitlock.
func (w *watchedStage) apply(t testing.TB, file string, approve bool, changes ...func(*engine.Engine)) *applied {
	t.Helper()
	plan, err := readPlan(file)
	if err != nil {
		t.Fatal(err)
	}
	a := applying{cfg: w.cfg, plan: plan, who: "Dana Whitlock", approve: approve, log: slog.New(slog.DiscardHandler), now: w.Clock.Now, changes: changes}
	done, err := a.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// outcomes are how many records came to what.
func outcomes(t testing.TB, done *applied, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, done.Totals); diff != "" {
		var b strings.Builder
		done.print(&b)
		t.Errorf("outcomes (-want +got):\n%s\n%s", diff, b.String())
	}
}

// orgState is the world without the mailbox, which only a daemon files.
func (w *watchedStage) orgState(t testing.TB) []string {
	t.Helper()
	state, err := w.State()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(state, func(line string) bool { return strings.HasPrefix(line, "mail in ") })
}

// serveApproving has a daemon do what there is to do, and a person approve it.
func (w *watchedStage) serveApproving(t testing.TB) {
	t.Helper()
	for {
		journal := w.serveUntilCalm(t)
		waiting, err := journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
		if err != nil {
			t.Fatal(err)
		}
		if len(waiting) == 0 {
			return
		}
		for _, e := range waiting {
			if err := journal.Act(t.Context(), []int64{e.ID}, store.Approve, "Dana Whitlock", "", w.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (w *watchedStage) play(t testing.TB, acts ...stage.Act) {
	t.Helper()
	for _, act := range acts {
		if err := act.Do(w.Stage); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *watchedStage) journal(t testing.TB) *store.Store {
	t.Helper()
	journal, err := store.OpenBeside(t.Context(), w.cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	return journal
}

func TestAnAppliedPlanMakesWhatTheDaemonWouldHaveMade(t *testing.T) {
	t.Parallel()
	with := newWatchedStage(t, "start: {adopt: true}\n", scene(t, apartActs...)...)
	with.serveApproving(t)

	w := newWatchedStage(t, "start: {adopt: true}\n", scene(t, apartActs...)...)
	file := w.save(t)
	if writes, _ := w.seen(); len(writes) > 0 {
		t.Fatalf("planning called %q", writes)
	}
	done := w.apply(t, file, true)
	outcomes(t, done, map[string]int{"applied": 7})

	plan, err := readPlan(file)
	if err != nil {
		t.Fatal(err)
	}
	journal := w.journal(t)
	for _, r := range plan.Records {
		entries, err := journal.Entries(t.Context(), store.Filter{Event: r.Event})
		if err != nil {
			t.Fatal(err)
		}
		var planned, made []string
		for _, d := range r.Decisions {
			for _, c := range d.Changes {
				planned = append(planned, c.Key+" "+c.Text)
			}
		}
		for _, e := range entries {
			if e.State == store.Done {
				made = append(made, e.Key+" "+e.Text)
			}
		}
		if diff := cmp.Diff(planned, made); diff != "" {
			t.Errorf("changes of %s (-planned +made):\n%s", r.Record, diff)
		}
	}
	if v, err := journal.Verify(t.Context(), ""); err != nil || v.Fault != "" {
		t.Errorf("the journal is not sound: %v %v", v, err)
	}

	// What the changes bring about is the daemon's to do, and nothing is done twice.
	w.serveApproving(t)
	if diff := cmp.Diff(with.orgState(t), w.orgState(t)); diff != "" {
		t.Errorf("the world (-with a daemon alone +after the plan was applied):\n%s", diff)
	}
}

func TestAPlanAppliedTwiceIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Walter Hayes's install", "Ruth Lindqvist")...)
	file := w.save(t)
	outcomes(t, w.apply(t, file, true), map[string]int{"applied": 3})
	org := w.Org.Dump()
	w.seen()
	again := w.apply(t, file, true)
	outcomes(t, again, map[string]int{"already": 3})
	if writes, _ := w.seen(); len(writes) > 0 || again.failed() {
		t.Errorf("the second time it called %q", writes)
	}
	if diff := cmp.Diff(org, w.Org.Dump()); diff != "" || len(w.Mail.Accepted()) != 1 {
		t.Errorf("%d mails were sent, and in the org (-once +twice):\n%s", len(w.Mail.Accepted()), diff)
	}
}

func TestWhatNeedsApprovalWaitsForIt(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Ruth Lindqvist")...)
	file := w.save(t)
	done := w.apply(t, file, false)
	outcomes(t, done, map[string]int{"applied": 1, "waits": 1})
	journal := w.journal(t)
	proposed, err := journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
	if err != nil || len(proposed) != 1 || proposed[0].Verb != "cancel-workflow" {
		t.Fatalf("proposed: %+v %v", proposed, err)
	}
	outcomes(t, w.apply(t, file, true), map[string]int{"already": 2}) // nobody approves twice in passing

	t.Run("and is made by the daemon once it is given", func(t *testing.T) {
		if err := journal.Approve(t.Context(), []int64{proposed[0].ID}, store.Checker{Name: "Dana Whitlock"}, "", w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.serveUntilCalm(t)
		if rows, err := w.Org.Query("SELECT Id FROM Workflow__c WHERE Name = 'W-1043' AND Status__c = 'Cancel Pending'"); err != nil || len(rows) != 1 {
			t.Errorf("%v %v, want the workflow cancelled", rows, err)
		}
	})
}

func TestWhoCausedItDoesNotApproveItWithThePlan(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Walter Hayes's install", "Stella Novak")...)
	someone := w.Org.Dump()["Ops_Block__c"][0]["LastModifiedById"].(string)
	w = newWatchedStage(t, "approvals: {people: {Dana Whitlock: "+someone+"}}\n", scene(t, "Walter Hayes's install")...)
	done := w.apply(t, w.save(t), true)
	outcomes(t, done, map[string]int{"waits": 1})
	if why := strings.Join(done.Records[0].Why, "; "); !strings.Contains(why, "somebody else must approve it") {
		t.Errorf("it waits because %q", why)
	}
}

func TestCeilingsHoldAPlan(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "ceilings: {run: {records: 2}}\n", scene(t, "Ruth Lindqvist", "Walter Hayes's install", "A contact centre forwards", "Somebody cancels the block of Lucy")...)
	w.seen()
	done := w.apply(t, w.save(t), false)
	if done.Held == nil || done.Held.Entries < 3 {
		t.Fatalf("held: %+v", done.Held)
	}
	if writes, _ := w.seen(); len(writes) > 0 {
		t.Errorf("although all is held it called %q", writes)
	}
	var b strings.Builder
	if err := done.print(&b); err != nil || !strings.Contains(b.String(), "outbox approve "+done.Held.ID) {
		t.Errorf("it says\n%s", b.String())
	}
}

func TestWhatIsOffOrPausedIsNotDoneByAPlan(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Ruth Lindqvist")...)
	w.cfg.Autonomy["cancel-workflow"] = "off"
	file := w.save(t)
	journal, err := store.Open(t.Context(), w.cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Pause(t.Context(), store.Brake{Name: store.AllSystems, At: w.Clock.Now(), Who: "Sam"}); err != nil {
		t.Fatal(err)
	}
	journal.Close()
	w.seen()
	outcomes(t, w.apply(t, file, true), map[string]int{"applied": 1, "waits": 1})
	if writes, _ := w.seen(); len(writes) > 0 {
		t.Errorf("it called %q", writes)
	}
}

// start starts a daemon and waits for its first read. What it returns stops it.
func (w *watchedStage) start(t testing.TB) (stop func()) {
	t.Helper()
	running, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(running, w.cfg, slog.New(slog.DiscardHandler), w.Clock.Now, 100*time.Millisecond, nil, brisk)
	}()
	stop = func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	journal, err := beside(t.Context(), w.cfg.Journal.Name())
	if err == nil {
		err = errors.Join((&director{world: w.Stage, journal: journal}).baseline(t.Context()), journal.Close())
	}
	if err != nil {
		stop()
		t.Fatal(err)
	}
	return stop
}

// serveUntil has a daemon work until the org has a record that is asked for.
func (w *watchedStage) serveUntil(t testing.TB, soql string) {
	t.Helper()
	defer w.start(t)()
	if err := stage.Until(t.Context(), soql, func() (bool, error) {
		rows, err := w.Org.Query(soql)
		return len(rows) > 0, err
	}); err != nil {
		t.Error(err)
	}
}

func TestAPlanIsAppliedBesideADaemon(t *testing.T) {
	t.Parallel()
	acts := scene(t, "Daniel Okafor", "Ruth Lindqvist")
	t.Run("that has the journal to itself", func(t *testing.T) {
		w := newWatchedStage(t, "", acts...)
		defer w.start(t)()
		var delivers bool
		done := w.apply(t, w.save(t), true, func(e *engine.Engine) {
			e.Sinks["salesforce"] = announcedSink{e.Sinks["salesforce"], "salesforce", func(string) func() { delivers = true; return func() {} }}
		})
		outcomes(t, done, map[string]int{"applied": 2})
		if delivers {
			t.Error("the changes were not made by the daemon")
		}
	})
	t.Run("that shares it", func(t *testing.T) {
		w := newWatchedStage(t, "", acts...)
		w.cfg.Journal.Path, w.cfg.Journal.URL = "", config.Secret(storetest.Shared(t).Fresh(t))
		defer w.start(t)()
		file := w.save(t)
		outcomes(t, w.apply(t, file, true), map[string]int{"applied": 2})
		outcomes(t, w.apply(t, file, true), map[string]int{"already": 2})
		if rows, err := w.Org.Query("SELECT Id FROM Case WHERE Workflow__r.Name = 'W-1044'"); err != nil || len(rows) != 1 {
			t.Errorf("cases: %v %v, want one", rows, err)
		}
	})
}

// The first start takes note of everything, and acts on what comes after. Of a
// record that a plan was applied to, what comes after the plan is that.
func TestAfterAPlanTheFirstStartGoesOnFromIt(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Walter Hayes's install")...)
	file := w.save(t)
	w.play(t, scene(t, "Ruth Lindqvist", "Stella Novak")...) // of which the plan knows nothing
	outcomes(t, w.apply(t, file, true), map[string]int{"applied": 2})
	look := func(soql string, want int) {
		t.Helper()
		if rows, err := w.Org.Query(soql); err != nil || len(rows) != want {
			t.Errorf("%s: %v %v, want %d", soql, rows, err, want)
		}
	}
	// It is opened again after the plan has cancelled it.
	w.serveUntil(t, "SELECT Id FROM Ops_Block__c WHERE Name = 'B-1001' AND State__c = 'Open'")
	journal := w.journal(t)
	look("SELECT Id FROM Ops_Block__c WHERE Name = 'B-1005' AND State__c = 'Cancelling'", 1) // recorded, not acted upon
	look("SELECT Id FROM Case WHERE Workflow__r.Name = 'W-1044'", 0)
	entries, err := journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, e := range entries {
		if keys[e.Key] {
			t.Errorf("%s is in the outbox twice", e.Text)
		}
		keys[e.Key] = true
	}
	processed, err := w.Mail.Folder(stage.Mailbox, "Processed")
	if err != nil || len(processed) != 1 {
		t.Errorf("%d mails are filed (%v), want the one that was taken up", len(processed), err)
	}

	t.Run("and deadlines of the plan fall due", func(t *testing.T) {
		w.play(t, scene(t, "Fourteen business days")...)
		w.serveUntil(t, "SELECT Id FROM Workflow__c WHERE Name = 'W-1043' AND Status__c = 'Cancelled'")
	})
}
