// Package engine sequences: it has records read and mapped to events, events
// decided on a fresh snapshot, and what follows delivered, each step committed
// to the journal before the next begins. It holds no business rule and knows
// no foreign system.
//
//	read -> map to event -> commit event and cursor          (intake.go)
//	event -> snapshot -> decide -> commit decision and changes (decide.go)
//	claim -> apply -> settle, in order per record            (deliver.go)
//
// It may be killed between any two steps, and in the middle of one: started
// again it goes on without losing an effect or doing one twice.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

// An Engine works until its context ends. All fields must be set before Run
// and not changed after.
type Engine struct {
	Store   *store.Store
	Book    *rules.Book
	Mapping *mapping.Mapping
	Feeds   []Feed
	Lookup  connectors.Lookup
	Sinks   map[string]connectors.Sink // by system
	// Autonomy is auto, approve or off for every verb.
	Autonomy map[string]string
	Start    Start
	Delivery Delivery
	Now      func() time.Time
	Log      *slog.Logger
	// Tick is how often clocks are looked at and the journal is asked for work
	// that another process (a person at the command line) has released.
	Tick time.Duration

	decide  chan struct{}            // there may be something to decide
	deliver map[string]chan struct{} // there may be something to deliver
	kept    map[string]chan struct{} // there may be something to flag or move
}

// A Feed is a source and when to read it. A source that can wait is read when
// it says so as well.
type Feed struct {
	Name     string
	Source   connectors.Source
	Schedule cron.Schedule
}

// Start says what to do with what was there before the daemon's first start.
type Start struct {
	// Adopt acts on it. Otherwise it is recorded and left alone.
	Adopt bool
	// Since acts on mail received from then on; zero for none.
	Since time.Time
}

// Delivery sets the pace of delivery.
type Delivery struct {
	// Lease is how long a claimed entry belongs to its claimer; it must be
	// longer than the longest call, with the receiver's own handling.
	Lease time.Duration
	// Quiet is how long to wait before asking whether an unanswered call got
	// through after all.
	Quiet time.Duration
	// Attempts is how often a temporary failure is tried again before a person
	// is asked.
	Attempts               int
	BackoffMin, BackoffMax time.Duration
}

// Run works until ctx ends and everything it started has stopped. It returns
// nil then; an error means that the journal cannot be used.
func (e *Engine) Run(ctx context.Context) error {
	e.decide = make(chan struct{}, 1)
	e.deliver, e.kept = map[string]chan struct{}{}, map[string]chan struct{}{}
	for system := range e.Sinks {
		e.deliver[system] = make(chan struct{}, 1)
	}
	for _, f := range e.Feeds {
		e.kept[f.Name] = make(chan struct{}, 1)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	for _, f := range e.Feeds {
		wg.Go(func() { e.intake(ctx, f) })
	}
	wg.Go(func() { e.deciding(ctx) })
	for system, sink := range e.Sinks {
		wg.Go(func() { e.delivering(ctx, system, sink) })
	}
	wg.Wait()
	return nil
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits for a wake-up or a tick. It reports whether to go on.
func (e *Engine) pause(ctx context.Context, c <-chan struct{}) bool {
	timer := time.NewTimer(e.Tick)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-c:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// backoff is the wait before attempt n+1: doubling from the least to the most,
// a quarter of it left to chance so that many do not come back at once.
func (d Delivery) backoff(n int, chance float64) time.Duration {
	wait := d.BackoffMin
	for ; n > 1 && wait < d.BackoffMax; n-- {
		wait *= 2
	}
	wait = min(wait, d.BackoffMax)
	return wait - time.Duration(chance*float64(wait)/4)
}
