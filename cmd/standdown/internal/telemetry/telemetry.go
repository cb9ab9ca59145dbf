// Package telemetry tells other programs what a daemon does: in figures for
// Prometheus, and if there is a collector, in a trace for each event from mail
// to effect.
//
// It decides nothing and stores nothing. Its counters are those of this process
// since it began, and are added up over processes by whoever reads them; what is
// true whichever process is asked, such as how much waits, is looked up in the
// journal by package web.
//
// Whether anybody listens makes no difference to the daemon: nothing here waits
// for a network. Neither figures nor spans carry a mail's words, an address, or
// the id of a record or person.
package telemetry

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
)

// Options says what is told, and to whom.
type Options struct {
	// Endpoint is where spans are sent, see [Endpoint]; empty for nowhere.
	Endpoint string
	// Queue is how many spans may wait to be sent; more are lost. Default 2048.
	Queue   int
	Version string // of the daemon
	// Org is the name of the daemon's org if the process has several; spans say
	// it. Empty otherwise.
	Org string
	Log *slog.Logger
}

// Telemetry is an [engine.Observer] and a [prometheus.Collector]. Its methods
// may be called concurrently.
type Telemetry struct {
	counters
	traces *traces // nil if nobody wants them

	mu   sync.Mutex
	down map[string]bool // systems that are left alone
}

// New begins to count. The error is about an endpoint that cannot be one. It
// must be closed.
func New(o Options) (*Telemetry, error) {
	t := &Telemetry{counters: newCounters(), down: map[string]bool{}}
	if o.Endpoint != "" {
		var err error
		if t.traces, err = newTraces(o, t.spans.WithLabelValues("sent"), t.spans.WithLabelValues("lost")); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Close sends what is waiting, for a second at most, and forgets the rest.
func (t *Telemetry) Close() {
	if t.traces != nil {
		t.traces.close(time.Second)
	}
}

// Read counts a reading of a source.
func (t *Telemetry) Read(source string, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	t.reads.WithLabelValues(source, result).Inc()
}

// Arrived counts mails and begins the traces of events.
func (t *Telemetry) Arrived(source string, arrivals []store.Arrival, took engine.Period) {
	for _, a := range arrivals {
		if !a.Fresh {
			continue
		}
		if a.Ref.Kind == "message" {
			t.mails.WithLabelValues(source).Inc()
		}
		if t.traces != nil && a.State == store.New {
			t.traces.read(a, took)
		}
	}
}

// Decided counts decisions.
func (t *Telemetry) Decided(v store.Verdict, took engine.Period) {
	for i, d := range v.Decisions {
		t.decisions.WithLabelValues(d.Table, d.Row).Inc()
		if t.traces != nil {
			t.traces.decided(v.Event, store.DecisionID(v.Event.ID, v.Event.Generation, i), d, took)
		}
	}
}

// Held counts runs that passed a ceiling.
func (t *Telemetry) Held(store.Hold) { t.held.Inc() }

// Down remembers which systems are left alone.
func (t *Telemetry) Down(system string, down bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if down {
		t.down[system] = true
	} else {
		delete(t.down, system)
	}
}

// LeftAlone returns the systems that this daemon cannot write to, by name.
func (t *Telemetry) LeftAlone() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.down))
}

// Delivered counts attempts and how long effects took.
func (t *Telemetry) Delivered(d engine.Delivered) {
	e := d.Entry
	t.effects.WithLabelValues(e.System, e.Verb, result(d.Settlement)).Inc()
	if d.Settlement.Signal == store.Applied && !d.Happened.IsZero() {
		t.latency.WithLabelValues(e.System).Observe(max(d.Settled.Sub(d.Happened), 0).Seconds())
	}
	if t.traces != nil {
		t.traces.delivered(d)
	}
}

// Called counts a call of Salesforce.
func (t *Telemetry) Called(resource string) { t.calls.WithLabelValues(resource).Inc() }

// result is what became of an attempt, in a word for the figures.
func result(s store.Settlement) string {
	switch s.Signal {
	case store.Applied:
		if s.Outcome.Already {
			return "already"
		}
		return "done"
	case store.Changed:
		return "conflict"
	case store.Lost:
		return "unanswered"
	case store.Guess:
		return "unknown"
	default: // failed, refused
		return string(s.Signal)
	}
}

var (
	_ engine.Observer      = (*Telemetry)(nil)
	_ prometheus.Collector = (*Telemetry)(nil)
)
