package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

// A diary is what the engine logged.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) count(words string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Count(d.text.String(), words)
}

func (w *world) diary() *diary {
	d := &diary{}
	w.engine.Log = slog.New(slog.NewTextHandler(d, nil))
	return d
}

func (w *world) approve(f store.Filter) {
	w.t.Helper()
	entries, err := w.journal.Entries(w.t.Context(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []int64
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	if err := w.journal.Approve(w.t.Context(), ids, store.Checker{Name: "kim"}, "", w.now()); err != nil {
		w.t.Fatal(err)
	}
}

func TestTooMuchAtOnceWaitsForAPerson(t *testing.T) {
	w := newWorld(t)
	log := w.diary()
	w.engine.Ceilings = store.Ceilings{Rule: 1}
	mail := w.settle(1)
	w.start()
	w.write(1)
	w.rest()
	w.want(allDone, "Cancel Pending", 1, 1)

	w.inbox.Put(mail) // a second one within the hour
	w.until("the hold", func() bool { return strings.Contains(w.outcome(), "proposed") })
	const held = ", cancel-workflow proposed, post-comment proposed, notify-parties proposed"
	w.want(allDone+held, "Cancel Pending", 1, 1)
	w.until("the word to the operator", func() bool { return log.count("too much at once: it waits for a person") > 0 })
	if n := log.count("level=ERROR"); n != 1 {
		t.Errorf("%d errors logged, want one", n)
	}
	holds, err := w.journal.Holds(t.Context())
	if err != nil || len(holds) != 1 {
		t.Fatalf("holds %v, %v; want one", holds, err)
	}
	w.approve(store.Filter{Hold: holds[0].ID})
	w.rest()
	w.want(allDone+", "+allDone, "Cancel Pending", 2, 2)
}

func TestPause(t *testing.T) {
	pause := func(w *world, system string) {
		if err := w.journal.Pause(t.Context(), store.Brake{Name: system, At: w.now(), Who: "dana", Reason: "audit"}); err != nil {
			t.Fatal(err)
		}
	}
	resume := func(w *world, system string) {
		if err := w.journal.Resume(t.Context(), store.Brake{Name: system, At: w.now(), Who: "dana"}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("mail is read and decided upon, and nothing is written until somebody resumes", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		pause(w, store.AllSystems)
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		time.Sleep(50 * time.Millisecond) // ten ticks in which something wrong could happen
		w.want("cancel-workflow pending, post-comment pending, notify-parties pending", "Active", 0, 0)
		resume(w, store.AllSystems)
		w.rest()
		w.want(allDone, "Cancel Pending", 1, 1)
	})
	t.Run("a mail that has to wait holds up no later change", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		pause(w, "mail")
		w.write(1)
		w.until("the change", func() bool { return strings.Contains(w.outcome(), "post-comment done") })
		w.mail(2, "Please restore my contract C-204417, we want to keep it.")
		w.until("what follows from the second mail", func() bool { return strings.HasSuffix(w.outcome(), " done") })
		if got := w.outcome(); !strings.HasPrefix(got, "cancel-workflow done, post-comment done, notify-parties pending, ") {
			t.Errorf("outbox: %s; want the first mail's notice pending", got)
		}
		resume(w, "mail")
		w.rest()
		if n := len(w.outbox.Sent()); n != 1 {
			t.Errorf("%d mails, want the notice", n)
		}
	})
}

func TestQuietHours(t *testing.T) {
	w := newWorld(t)
	midnight := w.now().UTC().Truncate(24 * time.Hour)
	at := func(d time.Duration) time.Duration {
		return (w.now().UTC().Sub(midnight) + d + 24*time.Hour) % (24 * time.Hour)
	}
	w.engine.Delivery.QuietHours = map[string]engine.Hours{"mail": {From: at(-time.Hour), To: at(time.Hour), Zone: time.UTC}}
	w.start()
	w.write(1)
	w.until("the change", func() bool { return strings.Contains(w.outcome(), "post-comment done") })
	time.Sleep(50 * time.Millisecond) // ten ticks in which something wrong could happen
	w.want("cancel-workflow done, post-comment done, notify-parties pending", "Cancel Pending", 1, 0)
	w.ahead.Store(int64(2 * time.Hour))
	w.rest()
	w.want(allDone, "Cancel Pending", 1, 1)
}

func TestHours(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	night := engine.Hours{From: 20 * time.Hour, To: 7 * time.Hour, Zone: zone}
	noon := engine.Hours{From: 12 * time.Hour, To: 13 * time.Hour, Zone: zone}
	for _, test := range []struct {
		at          string
		night, noon bool
	}{
		{"2026-03-03T19:59:59-05:00", false, false},
		{"2026-03-03T20:00:00-05:00", true, false},
		{"2026-03-03T23:59:59-05:00", true, false},
		{"2026-03-04T06:59:59-05:00", true, false},
		{"2026-03-04T07:00:00-05:00", false, false},
		{"2026-07-04T06:30:00-04:00", true, false},
		{"2026-07-04T16:30:00Z", false, true},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := night.Include(at); got != test.night {
			t.Errorf("%s in the night: %v", test.at, got)
		}
		if got := noon.Include(at); got != test.noon {
			t.Errorf("%s at noon: %v", test.at, got)
		}
		if (engine.Hours{Zone: zone}).Include(at) {
			t.Errorf("%s is within no hours", test.at)
		}
	}
}

func TestASystemThatIsAwayIsLeftAlone(t *testing.T) {
	for _, class := range []connectors.Class{connectors.Temporary, connectors.Denied, connectors.Throttled} {
		t.Run(fmt.Sprint("it says ", class), func(t *testing.T) {
			w := newWorld(t)
			log := w.diary()
			var calls atomic.Int64
			w.org.Fail = func(connectors.Change) error {
				if calls.Add(1) <= 20 { // far more often than a change may fail
					return &connectors.Error{Class: class, Err: errors.New("away")}
				}
				return nil
			}
			w.start()
			w.write(1)
			w.rest()
			w.want(allDone, "Cancel Pending", 1, 1)
			if n := log.count("system cannot be written to: it is left alone"); n != 1 {
				t.Errorf("%d times logged that it is away, want once", n)
			}
			if n := log.count("system can be written to again"); n != 1 {
				t.Errorf("%d times logged that it is back, want once", n)
			}
			if n := log.count("away\""); n > 5 {
				t.Errorf("%d failures logged, want a few", n)
			}
		})
	}
}

func TestAProposalLapses(t *testing.T) {
	w := newWorld(t)
	log := w.diary()
	w.engine.Autonomy["cancel-workflow"] = "approve"
	w.engine.ExpireAfter = time.Hour
	w.start()
	w.write(1)
	w.until("the proposal", func() bool { return strings.Contains(w.outcome(), "proposed") })
	w.ahead.Store(int64(59 * time.Minute))
	time.Sleep(50 * time.Millisecond) // ten ticks in which something wrong could happen
	w.want("cancel-workflow proposed, post-comment pending, notify-parties pending", "Active", 0, 0)
	w.ahead.Store(int64(61 * time.Minute))
	w.rest()
	w.until("the end of the proposal", func() bool { return strings.Contains(w.outcome(), "expired") })
	w.want("cancel-workflow expired, post-comment expired, notify-parties expired", "Active", 0, 0)
	w.until("the word to the operator", func() bool { return log.count("proposal lapsed") == 1 })
}

// undo orders that what the first decision did is taken back.
func (w *world) undo() string {
	w.t.Helper()
	entries, err := w.journal.Entries(w.t.Context(), store.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	order := store.Undoing{Decision: entries[0].Decision, Who: "dana", Reason: "wrong contract"}
	for _, e := range entries {
		if e.Decision != order.Decision {
			continue
		}
		back, err := mapping.Undo(mapping.Write{System: e.System, Verb: e.Verb, Change: e.Change, Text: e.Text}, connectors.Result{Ref: e.Result.Ref, Before: e.Result.Before}, order.Who, order.Reason)
		if err == nil {
			order.Writes = append(order.Writes, store.Compensation{Entry: e.ID, Write: store.Write{System: back.System, Verb: back.Verb, Change: back.Change, Text: back.Text, State: store.Pending}})
		}
	}
	id, err := w.journal.Undo(w.t.Context(), order, w.now())
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func TestUndo(t *testing.T) {
	t.Run("the record is as before, and the comment says so", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		w.write(1)
		w.rest()
		w.undo()
		w.until("the undo", func() bool { return strings.HasSuffix(w.outcome(), "undo-post-comment done") })
		w.rest()
		w.want(allDone+", undo-cancel-workflow done, undo-post-comment done", "Active", 2, 1)
		said, _ := w.org.Posts()[1].Change.Fields["Body"].(string)
		if !strings.HasPrefix(said, "Taken back by dana: wrong contract") {
			t.Errorf("the comment says %q", said)
		}
		w.until("the end of the deadline", func() bool {
			armed, err := w.journal.Deadlines(t.Context())
			return err == nil && len(armed) == 0
		})
	})
	t.Run("a person's edit since then stands", func(t *testing.T) {
		w := newWorld(t)
		w.start()
		w.write(1)
		w.rest()
		w.org.Edit(connectors.Ref{Kind: "Workflow__c", ID: workflow}, map[string]any{"Status__c": "Cancelled"})
		w.undo()
		w.until("the refusal", func() bool { return strings.Contains(w.outcome(), "stuck") })
		w.want(allDone+", undo-cancel-workflow stuck, undo-post-comment pending", "Cancelled", 1, 1)
		entries, err := w.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Stuck}})
		if err != nil || !strings.HasPrefix(entries[0].Why, "not taken back, for the record has changed since: ") {
			t.Errorf("why: %v, %v", entries, err)
		}
	})
}

func (w *world) deadlines() []store.Deadline {
	w.t.Helper()
	armed, err := w.journal.Deadlines(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return armed
}

func TestDeadlinesFollowTheSettings(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write(1)
	w.until("the deadline", func() bool { return len(w.deadlines()) == 1 })
	w.rest()
	first := w.deadlines()[0]
	// again starts with other settings, and returns the deadline once they have
	// been noted.
	again := func(change func(*rules.Settings)) store.Deadline {
		t.Helper()
		w.stop()
		settings := w.engine.Book.Settings()
		change(&settings)
		book, err := rules.Load(settings)
		if err != nil {
			t.Fatal(err)
		}
		w.engine.Book = book
		before, err := w.journal.DeadlineSettings(t.Context())
		if err != nil || before == "" {
			t.Fatalf("settings noted: %q, %v", before, err)
		}
		w.start()
		w.until("the settings to be noted", func() bool {
			now, err := w.journal.DeadlineSettings(t.Context())
			return err == nil && now != before
		})
		return w.deadlines()[0]
	}
	sooner := again(func(s *rules.Settings) { s.Cancellation.BusinessDays = 10 })
	if !sooner.At.Before(first.At) || sooner.Decision != first.Decision {
		t.Errorf("with 10 days instead of 14 it moved from %s to %s", first.At, sooner.At)
	}
	acts, err := w.journal.Acts(t.Context(), first.Decision)
	if err != nil || len(acts) != 1 || acts[0].Act != "move" || acts[0].Who != "standdown" || !strings.Contains(acts[0].Reason, first.At.Format(time.RFC3339)) {
		t.Errorf("acts %v, %v; want that it moved, and from when", acts, err)
	}
	// Some of them are business days, whatever the day of this test.
	week := make([]rules.Date, 7)
	for i := range week {
		week[i] = rules.Date(sooner.At.AddDate(0, 0, -1-i).Format(time.DateOnly))
	}
	later := again(func(s *rules.Settings) { s.Calendar.ExtraHolidays = week })
	if !later.At.After(sooner.At) {
		t.Errorf("with holidays on %s it stayed at %s", week, later.At)
	}
	other := again(func(s *rules.Settings) { s.OnHold.NearHours++ })
	if !other.At.Equal(later.At) {
		t.Errorf("with a setting that has nothing to do with it it moved to %s", other.At)
	}
}

// A polled source cannot tell that there is something to read.
type polled struct{ connectors.Source }

func TestAClockThatIsSetBackDoesNotStopTheReading(t *testing.T) {
	w := newWorld(t)
	w.engine.Feeds[0].Source = polled{w.org}
	w.start()
	read := func() time.Time {
		r, err := w.journal.Reading(t.Context(), "salesforce")
		if err != nil {
			t.Fatal(err)
		}
		return r.ReadAt
	}
	for _, restart := range []bool{false, true} {
		last := read()
		if restart {
			w.stop()
		}
		w.ahead.Add(int64(-10 * 24 * time.Hour))
		if restart {
			w.start()
		}
		w.until("a reading by the new clock", func() bool { return read().Before(last.Add(-24 * time.Hour)) })
	}
}

func TestDeadlinesAndAClockThatIsSet(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write(1)
	w.until("the deadline", func() bool { return len(w.deadlines()) == 1 })
	w.rest()
	armed := w.deadlines()[0]
	w.ahead.Store(int64(-10 * 24 * time.Hour)) // set back, while the daemon runs
	time.Sleep(50 * time.Millisecond)          // ten ticks in which something wrong could happen
	w.stop()
	w.start()
	w.rest()
	if now := w.deadlines(); len(now) != 1 || !now[0].At.Equal(armed.At) {
		t.Errorf("after the clock was set back there are the deadlines %v, want %v", now, armed)
	}
	w.want(allDone, "Cancel Pending", 1, 1)
	w.ahead.Store(int64(40 * 24 * time.Hour)) // and forward
	w.until("the end of the workflow", func() bool { return w.status() == "Cancelled" })
	w.rest()
	w.want(allDone+", finish-cancellation done, send-final-notice done", "Cancelled", 1, 2)
}

func TestASummaryTellsWhatWasNotDoneAfterAll(t *testing.T) {
	w := newWorld(t)
	client := rules.Ref{Kind: "client", ID: contact}
	event := rules.Event{ID: "hold", Kind: rules.HoldChanged, At: w.now(), Subject: client}
	v := store.Verdict{
		Event:     store.Event{Event: event},
		Decisions: []rules.Decision{{Table: "on_hold.hold", Row: "W5", Subject: client}},
		Writes: [][]store.Write{{{System: "salesforce", Verb: "post-comment", State: store.Pending, Change: connectors.Change{
			Key: "summary", Op: connectors.Post, Ref: connectors.Ref{Kind: "Contact", ID: contact}, Fields: map[string]any{"Body": "Cancelled: J-1, J-2"}}}}},
	}
	for _, name := range []string{"J-1", "J-2"} {
		ref := w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: "Job", ID: name}, Fields: map[string]any{"Status": "Pending"}})
		v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H2", Subject: rules.Ref{Kind: "job", ID: name}})
		v.Writes = append(v.Writes, []store.Write{{System: "salesforce", Verb: "cancel-job", State: store.Proposed, Text: name + ": Pending -> Cancelled",
			Change: connectors.Change{Key: name, Op: connectors.Update, Ref: ref, Fields: map[string]any{"Status": "Cancelled"}}}})
	}
	journal, err := store.Open(t.Context(), w.path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = journal.Intake(t.Context(), "by hand", &store.Reading{ReadAt: w.now()}, []store.Arrival{{
		Subject: client, ID: event.ID, Kind: event.Kind, At: event.At, Event: &event, State: store.New}})
	if err == nil {
		err = journal.Commit(t.Context(), v, w.now())
	}
	if err := errors.Join(err, journal.Close()); err != nil {
		t.Fatal(err)
	}
	w.start()
	entries, err := w.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d proposals, %v; want 2", len(entries), err)
	}
	for i, sig := range []store.Signal{store.Approve, store.Decline} {
		if err := w.journal.Act(t.Context(), []int64{entries[i].ID}, sig, "dana", "she called", w.now()); err != nil {
			t.Fatal(err)
		}
	}
	w.rest()
	posts := w.org.Posts()
	if len(posts) != 1 {
		t.Fatalf("%d comments, want 1", len(posts))
	}
	want := "Cancelled: J-1, J-2\n\nNot done after all:\n- J-2: Pending -> Cancelled (decline by dana: she called)"
	if got := posts[0].Change.Fields["Body"]; got != want {
		t.Errorf("comment %q\nwant    %q", got, want)
	}
}
