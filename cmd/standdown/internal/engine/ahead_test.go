package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/memory"
	"standdown/rules"
)

// A gate is a system whose calls wait until it opens.
type gate struct {
	*memory.System
	entered chan struct{} // closed when the first call comes
	opened  chan struct{}
	once    sync.Once
}

func (g *gate) Limit() int { return gateLimit }

func (g *gate) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	g.once.Do(func() { close(g.entered) })
	<-g.opened
	return g.System.Apply(ctx, changes)
}

const gateLimit = 100

func TestWhatIsClaimedAhead(t *testing.T) {
	for _, test := range []struct {
		name  string
		pause bool
		done  int
	}{
		{"is written once, after what is on its way", false, 3 * gateLimit},
		{"is given back as it was when somebody pauses meanwhile", true, gateLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			g := &gate{System: w.org, entered: make(chan struct{}), opened: make(chan struct{})}
			w.engine.Sinks = map[string]connectors.Sink{"salesforce": g, "mail": w.outbox}
			w.engine.Delivery.Lease = time.Hour
			var writes []store.Write
			for i := range 3 * gateLimit {
				ref := connectors.Ref{Kind: "Contact", ID: person(i)}
				w.org.Put(connectors.Record{Ref: ref, Fields: map[string]any{"Name": "before"}})
				writes = append(writes, store.Write{System: "salesforce", Verb: "set-contact", State: store.Pending, Change: connectors.Change{
					Key: fmt.Sprint("ahead/", i), Op: connectors.Update, Ref: ref, Fields: map[string]any{"Name": "after"}, If: map[string]any{"Name": "before"}}})
			}
			w.apart(writes)
			w.start()
			<-g.entered
			count := func(s store.State) int {
				c, err := w.journal.Counts(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return c.Entries[s]
			}
			w.until("the next are claimed", func() bool { return count(store.Sending) == 2*gateLimit })
			if test.pause {
				w.brake("salesforce", true)
			}
			close(g.opened)
			w.until("all is settled", func() bool { return count(store.Sending) == 0 && count(store.Pending) == 3*gateLimit-test.done })
			if got := w.named("after"); got != test.done {
				t.Errorf("%d records are written, want %d", got, test.done)
			}
			waiting, err := w.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Pending}})
			if err != nil {
				t.Fatal(err)
			}
			for _, en := range waiting {
				if en.Attempts != 0 || en.Doubt {
					t.Fatalf("entry %d that was given back has %d attempts and doubt %t", en.ID, en.Attempts, en.Doubt)
				}
			}
			if test.pause {
				w.brake("salesforce", false)
				w.until("the rest is written", func() bool { return w.named("after") == 3*gateLimit })
			}
		})
	}
}

// named is how many contacts have the name.
func (w *world) named(name string) (n int) {
	for i := range 3 * gateLimit {
		r, _ := w.org.Get(connectors.Ref{Kind: "Contact", ID: person(i)})
		if r.Fields["Name"] == name {
			n++
		}
	}
	return n
}

// apart has each write decided about a subject of its own. The daemon must not
// run.
func (w *world) apart(writes []store.Write) {
	w.t.Helper()
	journal, err := store.Open(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	e := rules.Event{ID: "test:apart", Kind: rules.HoldChanged, At: w.now(), Subject: rules.Ref{Kind: "client", ID: contact}}
	_, err = journal.Intake(w.t.Context(), "by hand", &store.Reading{ReadAt: w.now()}, []store.Arrival{{
		Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: e.At, Event: &e, State: store.New}})
	v := store.Verdict{Event: store.Event{Event: e}}
	for _, write := range writes {
		v.Decisions = append(v.Decisions, rules.Decision{Subject: rules.Ref{Kind: "contact", ID: write.Change.Ref.ID}, Table: "test", Row: "T1"})
		v.Writes = append(v.Writes, []store.Write{write})
	}
	if err == nil {
		err = journal.Commit(w.t.Context(), v, w.now())
	}
	if err := errors.Join(err, journal.Close()); err != nil {
		w.t.Fatal(err)
	}
}
