package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/memory"
)

// A witness remembers what it was told, each in a line.
type witness struct {
	mu   sync.Mutex
	said []string
	at   time.Time // when the last effect happened of which it was told
}

func (w *witness) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func (w *witness) heard(line string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.said, line)
}

func (w *witness) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

func (w *witness) Read(source string, err error) { w.say("read %s: %v", source, err) }

func (w *witness) Arrived(source string, arrivals []store.Arrival, took engine.Period) {
	for _, a := range arrivals {
		w.say("arrived from %s: %s, fresh %v", source, a.Kind, a.Fresh)
	}
}

func (w *witness) Decided(v store.Verdict, took engine.Period) {
	for _, d := range v.Decisions {
		w.say("decided %s %s, read from %s", d.Table, d.Row, v.Event.Source)
	}
}

func (w *witness) Held(h store.Hold)             { w.say("held") }
func (w *witness) Down(system string, down bool) { w.say("%s down %v", system, down) }

func (w *witness) Delivered(d engine.Delivered) {
	w.say("%s: %s, error %v", d.Entry.Verb, d.Settlement.Signal, d.Err != nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = d.Happened
}

func TestAnObserverIsToldWhatIsDone(t *testing.T) {
	t.Run("from reading to the last effect", func(t *testing.T) {
		w, seen := newWorld(t), &witness{}
		w.engine.Observer = seen
		w.start()
		w.write(1)
		w.rest()
		w.stop()
		for _, line := range []string{
			"read mailbox: <nil>", "arrived from mailbox: cancellation.requested, fresh true", "decided cancellation.request C5, read from mailbox",
			"cancel-workflow: applied, error false", "post-comment: applied, error false", "notify-parties: applied, error false",
		} {
			if !seen.heard(line) {
				t.Errorf("it was not told %q:\n%s", line, strings.Join(seen.said, "\n"))
			}
		}
		for _, e := range w.events() {
			if e.Request != nil && e.At.UnixMilli() != seen.at.UnixMilli() {
				t.Errorf("the last effect follows from something at %v, the mail came at %v", seen.at, e.At)
			}
		}
	})
	t.Run("that a source cannot be read, and that it can again", func(t *testing.T) {
		w, seen := newWorld(t), &witness{}
		w.engine.Observer = seen
		inbox := &closed{System: w.inbox}
		w.engine.Feeds[1].Source = inbox
		w.start()
		inbox.shut.Store(true)
		w.until("the failure to be told", func() bool { return seen.heard("read mailbox: shut") })
		inbox.shut.Store(false)
		told := len(seen.all())
		w.until("the success to be told", func() bool { return slices.Contains(seen.all()[told:], "read mailbox: <nil>") })
	})
	t.Run("that a system is left alone, and that it is back", func(t *testing.T) {
		w, seen := newWorld(t), &witness{}
		w.engine.Observer = seen
		var calls atomic.Int64
		w.org.Fail = func(connectors.Change) error {
			if calls.Add(1) <= 20 {
				return &connectors.Error{Class: connectors.Temporary, Err: errors.New("away")}
			}
			return nil
		}
		w.start()
		w.write(1)
		w.rest()
		var down []string
		for _, line := range seen.all() {
			if strings.Contains(line, " down ") {
				down = append(down, line)
			}
		}
		if diff := cmp.Diff([]string{"salesforce down true", "salesforce down false"}, down); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if !seen.heard("cancel-workflow: failed, error true") {
			t.Error("it was not told of the attempts that failed")
		}
	})
	t.Run("that a run is held", func(t *testing.T) {
		w, seen := newWorld(t), &witness{}
		w.engine.Observer = seen
		w.engine.Ceilings = store.Ceilings{Rule: 1}
		second := w.settle(1)
		w.start()
		w.write(1)
		w.rest()
		w.inbox.Put(second)
		w.until("it to be told", func() bool { return seen.heard("held") })
	})
}

// closed is a mailbox that can be shut.
type closed struct {
	*memory.System
	shut atomic.Bool
}

func (c *closed) Changes(ctx context.Context, after connectors.Cursor) (connectors.Batch, error) {
	if c.shut.Load() {
		return connectors.Batch{}, &connectors.Error{Class: connectors.Temporary, Err: errors.New("shut")}
	}
	return c.System.Changes(ctx, after)
}
