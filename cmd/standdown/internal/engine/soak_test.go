package engine_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// How long the soak is, by the daemon's clock; a second of ours is some minutes
// of it.
var soak = flag.Duration("soak", 10*time.Minute, "how long the soak test lasts, by the daemon's clock: an hour or days")

// A forgetful sink does not keep what is said: it is the engine that is watched
// for growth, not the world around it.
type forgetful struct{ connectors.Sink }

func (f forgetful) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	results := make([]connectors.Result, len(changes))
	for i, c := range changes {
		if c.Op == connectors.Post || c.Op == connectors.Send {
			results[i] = connectors.Result{Ref: connectors.Ref{Kind: "said", ID: c.Key}}
			continue
		}
		results[i] = f.Sink.Apply(ctx, []connectors.Change{c})[0]
	}
	return results
}

func TestSoak(t *testing.T) {
	w := newWorld(t)
	w.engine.Sinks = map[string]connectors.Sink{"salesforce": forgetful{w.org}, "mail": forgetful{w.outbox}}
	w.engine.Retention = store.Retention{Raw: 24 * time.Hour, Situations: 48 * time.Hour}
	w.start()

	const step = 30 * time.Second
	decided := 0
	work := func(steps int) {
		for range steps {
			w.ahead.Add(int64(step))
			decided++
			today := w.now().UTC()
			w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: "Contact", ID: contact}, Fields: map[string]any{
				"On_Hold__c": decided%2 == 1, "On_Hold_Start_Date__c": today.Format(time.DateOnly),
				"Planned_Return_Date__c": today.AddDate(0, 0, decided%20+1).Format(time.DateOnly), "Description": fmt.Sprint(decided),
			}})
			w.until("the hold to be read", func() bool {
				reading, err := w.journal.Reading(t.Context(), "salesforce")
				return err == nil && !reading.ReadAt.Before(today)
			})
			w.rest()
		}
	}
	steps := int(*soak / step)
	work(max(steps/4, 10))
	heap, routines := used()
	decidedBefore := decided
	work(steps)
	w.rest()

	// What the engine keeps of an event must be nothing; a page cache and the
	// garbage of the moment are allowed for.
	later, routinesLater := used()
	t.Logf("%d events in %s of the daemon's time: heap %d KB, then %d KB; %d goroutines, then %d", decided-decidedBefore, time.Duration(steps)*step, heap>>10, later>>10, routines, routinesLater)
	if later > heap+1<<20 {
		t.Errorf("the heap has grown from %d to %d bytes", heap, later)
	}
	if routinesLater > routines+3 {
		t.Errorf("there were %d goroutines, now %d", routines, routinesLater)
	}
	v, err := w.journal.Verify(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if v.Fault != "" || v.Links < int64(decided)*9/10 {
		t.Errorf("%d links for %d changes of the hold; %s", v.Links, decided, v.Fault)
	}
}

// used is what is in use of memory and goroutines once garbage is collected and
// what is under way at the moment has ended: the least of many samples.
func used() (heap uint64, goroutines int) {
	runtime.GC()
	goroutines = runtime.NumGoroutine()
	for range 200 {
		goroutines = min(goroutines, runtime.NumGoroutine())
		time.Sleep(2 * time.Millisecond)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, goroutines
}
