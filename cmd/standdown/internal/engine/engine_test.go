package engine_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

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
