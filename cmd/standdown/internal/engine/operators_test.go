package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

const operator = "ops@acme.example"

// withOperators is a world in which operators are told by mail and in cases.
func withOperators(t *testing.T) *world {
	w := newWorld(t)
	w.engine.Operators = engine.Operators{Mail: []string{operator}, Cases: true}
	return w
}

// A telling is what operators were told: "mail: title" and "case: title", and
// all texts.
func (w *world) told() (titles []string, texts string) {
	w.t.Helper()
	for _, m := range w.outbox.Sent() {
		if fmt.Sprint(m.Change.Fields["to"]) != "["+operator+"]" {
			continue
		}
		titles = append(titles, "mail: "+fmt.Sprint(m.Change.Fields["subject"]))
		texts += fmt.Sprintln(m.Change.Fields["text"])
	}
	for _, c := range w.cases() {
		titles = append(titles, "case: "+fmt.Sprint(c.Fields["Subject"]))
		texts += fmt.Sprintln(c.Fields["Description"])
		if c.Fields["OwnerId"] != "00G000000000001AAA" {
			w.t.Errorf("the case %q belongs to %v, want the queue", c.Fields["Subject"], c.Fields["OwnerId"])
		}
	}
	return titles, texts
}

func (w *world) cases() []connectors.Record {
	w.t.Helper()
	found, err := w.org.Find(w.t.Context(), connectors.Query{Kind: "Case", Fields: []string{"Subject", "Description", "OwnerId"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// wantTold waits until operators were told that, in any order, and not more.
func (w *world) wantTold(want ...string) (texts string) {
	w.t.Helper()
	slices.Sort(want)
	told := func() []string { titles, _ := w.told(); slices.Sort(titles); return titles }
	w.until(fmt.Sprintf("operators to be told %q, not %q", want, told()), func() bool { return len(told()) >= len(want) })
	if diff := cmp.Diff(want, told()); diff != "" {
		w.t.Fatalf("operators were told (-want +got):\n%s", diff)
	}
	_, texts = w.told()
	return texts
}

func (w *world) says(text string, want ...string) {
	w.t.Helper()
	for _, words := range want {
		if !strings.Contains(text, words) {
			w.t.Errorf("operators are not told %q:\n%s", words, text)
		}
	}
	for _, private := range []string{"Alvarez", "Family", "example.com", "C-20", "moving"} {
		if strings.Contains(text, private) {
			w.t.Errorf("operators are told %q of customers:\n%s", private, text)
		}
	}
}

func (w *world) brake(name string, on bool) {
	w.t.Helper()
	do := w.journal.Resume
	if on {
		do = w.journal.Pause
	}
	if err := do(w.t.Context(), store.Brake{Name: name, At: w.now(), Who: "dana", Reason: "audit"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

func TestOperatorsAreToldOfACeiling(t *testing.T) {
	w := withOperators(t)
	w.engine.Ceilings = store.Ceilings{Rule: 1}
	first, second, third := w.settle(1), w.settle(2), w.settle(3)
	w.start()
	w.inbox.Put(first)
	w.until("the first", func() bool { return w.outcome() == allDone })
	w.inbox.Put(second)
	holds := func(n int) (all []store.Hold) {
		w.until("the hold", func() bool {
			var err error
			all, err = w.journal.Holds(t.Context())
			return err == nil && len(all) == n
		})
		return all
	}
	id := holds(1)[0].ID
	row := strings.Fields(holds(1)[0].Why)[4:6] // held with R...: row TABLE ROW changes
	title := "Standdown: changes are held: too much at once (rule " + strings.Join(row, " ") + ")"
	text := w.wantTold("mail: "+title, "case: "+title)
	w.says(text, id+" holds 3 changes", "2 records within an hour, and may change 1", "standdown outbox approve HOLD", "the page Review")

	// Another run that passes it within the hour is told of with the next notice.
	w.inbox.Put(third)
	holds(2)
	w.pass(61 * time.Minute)
	text = w.wantTold("mail: "+title, "case: "+title, "mail: "+title, "case: "+title)
	w.says(text, "It closed 1 times since you were last told")

	for _, h := range holds(2) {
		w.approve(store.Filter{Hold: h.ID})
	}
	open := strings.Replace(title, "changes are held: too much at once", "nothing is held any more", 1)
	w.wantTold("mail: "+title, "case: "+title, "mail: "+title, "case: "+title, "mail: "+open, "case: "+open)
	w.rest()
}

func TestOperatorsAreToldOfAPause(t *testing.T) {
	const (
		paused, resumed = "Standdown: writing to all systems is paused", "Standdown: writing to all systems goes on after a pause"
		noMail          = "Standdown: writing to mail is paused"
	)
	t.Run("of all writing by mail alone, which is let through, and when it ends", func(t *testing.T) {
		w := withOperators(t)
		w.start()
		w.brake(store.AllSystems, true)
		w.says(w.wantTold("mail: "+paused), "by dana: audit", "standdown resume")
		w.write(1)
		w.until("the decision", func() bool {
			return w.outcome() == "tell-operators done, cancel-workflow pending, post-comment pending, notify-parties pending"
		})
		w.brake(store.AllSystems, false)
		w.wantTold("mail: "+paused, "mail: "+resumed, "case: "+resumed)
		w.rest()
	})
	t.Run("of mail in a case alone", func(t *testing.T) {
		w := withOperators(t)
		w.start()
		w.brake("mail", true)
		w.wantTold("case: " + noMail)
		w.rest()
		if n := len(w.outbox.Sent()); n != 0 {
			t.Errorf("%d mails were sent during the pause", n)
		}
	})
	t.Run("at most once within an hour, and then how often it was", func(t *testing.T) {
		w := withOperators(t)
		w.engine.Operators.Cases = false
		w.start()
		w.brake(store.AllSystems, true)
		w.wantTold("mail: " + paused)
		w.brake(store.AllSystems, false)
		w.wantTold("mail: "+paused, "mail: "+resumed)
		for range 3 {
			w.brake(store.AllSystems, true)
			w.brake(store.AllSystems, false)
		}
		w.brake(store.AllSystems, true)
		w.pass(59 * time.Minute)
		w.wantTold("mail: "+paused, "mail: "+resumed)
		w.pass(2 * time.Minute)
		w.says(w.wantTold("mail: "+paused, "mail: "+resumed, "mail: "+paused), "It closed 4 times since you were last told of that")
	})
	t.Run("once, however often the daemon is started again", func(t *testing.T) {
		w := withOperators(t)
		w.start()
		w.brake(store.AllSystems, true)
		w.wantTold("mail: " + paused)
		for range 3 {
			w.stop()
			w.start()
			w.rest()
		}
		w.wantTold("mail: " + paused)
	})
	t.Run("by nobody if nobody is to be told, also when that changes", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		w.brake(store.AllSystems, true)
		w.until("the word", func() bool { return w.nothingToTell() })
		w.stop()
		w.engine.Operators = engine.Operators{Mail: []string{operator}}
		w.start()
		w.brake(store.AllSystems, false)
		w.wantTold("mail: " + resumed)
	})
}

// nothingToTell reports whether nobody has to be told of a brake any more.
func (w *world) nothingToTell() bool {
	shut, err := w.journal.Closings(w.t.Context())
	return err == nil && len(shut) > 0 && !slices.ContainsFunc(shut, func(c store.Closing) bool { return c.Times > 0 })
}

func TestOperatorsAreToldOfASystem(t *testing.T) {
	away := func(err *connectors.Error) (fail func(connectors.Change) error, back func()) {
		var over atomic.Bool
		return func(c connectors.Change) error {
			if over.Load() {
				return nil
			}
			return err
		}, func() { over.Store(true) }
	}
	const orgDown, orgBack = "Standdown: salesforce cannot be written to", "Standdown: salesforce can be written to again"
	t.Run("Salesforce by mail, and when it has been back for a while", func(t *testing.T) {
		w := withOperators(t)
		var back func()
		w.org.Fail, back = away(&connectors.Error{Class: connectors.Denied, Err: errors.New("no permission")})
		w.start()
		w.write(1)
		w.says(w.wantTold("mail: "+orgDown), "Why: no permission.", "Changes that wait: 2.", "standdown org check")
		w.stop()
		w.start() // the new process does not know of it
		back()
		w.rest()
		w.wantTold("mail: " + orgDown)
		w.pass(11 * time.Minute)
		w.wantTold("mail: "+orgDown, "mail: "+orgBack, "case: "+orgBack)
	})
	t.Run("mail in a case", func(t *testing.T) {
		w := withOperators(t)
		var back func()
		w.outbox.Fail, back = away(&connectors.Error{Class: connectors.Temporary, Err: errors.New("away")})
		w.start()
		w.write(1)
		w.wantTold("case: Standdown: mail cannot be written to")
		back()
		w.rest()
	})
	t.Run("the API reserve by mail", func(t *testing.T) {
		w := withOperators(t)
		var back func()
		w.org.Fail, back = away(&connectors.Error{Class: connectors.Throttled, Limit: connectors.ReserveLimit, Err: errors.New("4000 of 5000 calls are used")})
		w.start()
		w.write(1)
		w.says(w.wantTold("mail: Standdown: the API calls left of salesforce are kept back for others"), "4000 of 5000 calls", "salesforce.reserve")
		back()
		w.rest()
	})
	t.Run("the ceiling of mails to one address, and an hour after the last", func(t *testing.T) {
		w := withOperators(t)
		w.outbox.Fail = func(c connectors.Change) error {
			if store.IsNotice(c.Key) {
				return nil
			}
			return &connectors.Error{Class: connectors.Rejected, Limit: connectors.PerHourLimit, Err: errors.New("a recipient has got 20 mails within an hour")}
		}
		w.start()
		w.write(1)
		const closed, open = "Standdown: mail to an address is stopped: it had its share of this hour", "Standdown: mail to every address can be sent again"
		w.says(w.wantTold("mail: "+closed, "case: "+closed), "a recipient has got 20 mails", "standdown outbox retry")
		w.pass(61 * time.Minute)
		w.until("the opening", w.opened)
		w.pass(11 * time.Minute)
		w.wantTold("mail: "+closed, "case: "+closed, "mail: "+open, "case: "+open)
	})
	t.Run("a source that lets nobody in, after ten minutes", func(t *testing.T) {
		w := withOperators(t)
		var denied atomic.Bool
		var refused atomic.Int64
		w.engine.Feeds[1].Source = locked{w.inbox, &denied, &refused}
		w.start()
		denied.Store(true)
		w.pass(time.Second)
		w.until("a refusal that was noted", func() bool { return refused.Load() > 1 }) // by the next at the latest
		w.pass(9 * time.Minute)
		again := refused.Load()
		w.until("more refusals", func() bool { return refused.Load() > again+2 })
		w.wantTold()
		w.pass(2 * time.Minute)
		const closed, open = "Standdown: mailbox cannot be read", "Standdown: mailbox can be read again"
		w.says(w.wantTold("mail: "+closed, "case: "+closed), "Why: wrong password")
		denied.Store(false)
		w.until("the mailbox", w.opened)
		w.pass(11 * time.Minute)
		w.wantTold("mail: "+closed, "case: "+closed, "mail: "+open, "case: "+open)
	})
}

// opened reports whether no brake is closed.
func (w *world) opened() bool {
	shut, err := w.journal.Closings(w.t.Context())
	return err == nil && len(shut) == 0
}

// A locked source lets nobody in while denied.
type locked struct {
	connectors.Source
	denied  *atomic.Bool
	refused *atomic.Int64
}

func (l locked) Changes(ctx context.Context, after connectors.Cursor) (connectors.Batch, error) {
	if l.denied.Load() {
		l.refused.Add(1)
		return connectors.Batch{}, &connectors.Error{Class: connectors.Denied, Err: errors.New("wrong password")}
	}
	return l.Source.Changes(ctx, after)
}

func TestOperatorsAreToldByMailAloneWhileAllIsInShadow(t *testing.T) {
	w := withOperators(t)
	w.engine.Shadow.All = true
	w.start()
	w.brake("mail", true)
	w.brake("mail", false)
	w.wantTold("mail: Standdown: writing to mail goes on after a pause")
	w.rest()
	if found := w.cases(); len(found) > 0 {
		t.Errorf("the org was written to: %v", found)
	}
}

func TestOperatorsAreToldInQuietHours(t *testing.T) {
	w := withOperators(t)
	now := w.now().UTC()
	hour := func(n int) time.Duration { return time.Duration((now.Hour()+24+n)%24) * time.Hour }
	w.engine.Delivery.QuietHours = map[string]engine.Hours{"mail": {From: hour(-1), To: hour(2), Zone: time.UTC}}
	w.start()
	w.write(1)
	w.until("the change", func() bool {
		return strings.HasPrefix(w.outcome(), "cancel-workflow done, post-comment done, notify-parties pending")
	})
	w.brake("salesforce", true)
	w.wantTold("mail: Standdown: writing to salesforce is paused")
	if n := len(w.outbox.Sent()); n != 1 {
		t.Errorf("%d mails were sent in quiet hours, want the notice alone", n)
	}
}

func TestOperatorsAreToldOnce(t *testing.T) {
	w := withOperators(t)
	w.start()
	e := w.engine
	e.Store = w.journal
	for range 3 {
		if err := e.TellOperators(t.Context(), engine.Notice{ID: "shadow 2026-03-02", Title: "the day", Text: "41 of 42 as people did"}); err != nil {
			t.Fatal(err)
		}
	}
	w.says(w.wantTold("mail: Standdown: the day", "case: Standdown: the day"), "41 of 42 as people did")
	w.rest()
	if got := w.outcome(); got != "tell-operators done, tell-operators done" {
		t.Errorf("outbox: %s", got)
	}
}
