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
// again it goes on without losing an effect or doing one twice. Several engines
// may work on one journal: the one that leads reads and decides, all deliver.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
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
	Store *store.Store
	// Replicas are all engines on the journal; nil if this is the only one.
	Replicas Replicas
	Book     *rules.Book
	Mapping  *mapping.Mapping
	Feeds    []Feed
	Lookup   connectors.Lookup
	Sinks    map[string]connectors.Sink // by system
	// Autonomy is auto, approve, shadow or off for every verb.
	Autonomy map[string]string
	// Ceilings hold what would be too much at once.
	Ceilings store.Ceilings
	// ExpireAfter is how long a proposal waits for approval; 0: for ever.
	ExpireAfter time.Duration
	// AskInCases has people asked for approval in cases, if the mapping says
	// how they answer there.
	AskInCases bool
	// Person tells who a user of the org is, by id and name, when answering in
	// a case; nil: whom the org names.
	Person func(user, name string) store.Checker
	Start  Start
	// Shadow is about verbs in shadow.
	Shadow   Shadow
	Delivery Delivery
	// Only is the run that is delivered, and nothing is read or decided; empty
	// for everything.
	Only string
	// Operators are told of brakes, see TellOperators.
	Operators Operators
	// Retention is what the journal need not keep for ever.
	Retention store.Retention
	// Observer is told what is done here; nil if nobody wants to know.
	Observer Observer
	Now      func() time.Time
	Log      *slog.Logger
	// Tick is how often clocks are looked at and the journal is asked for work
	// that another process (a person at the command line) has released.
	Tick time.Duration

	leads   int32                    // 1 while this engine leads
	decide  chan struct{}            // there may be something to decide
	deliver map[string]chan struct{} // there may be something to deliver
}

// Replicas are the engines that share a journal. One of them leads. That is to
// save work, not to be safe: when two of them believe that they lead, the
// journal lets only one of them take each step.
type Replicas interface {
	// Lead waits until this engine leads. The context ends when it leads no
	// longer, or ctx ends.
	Lead(ctx context.Context) context.Context
	// Wake tells one of the engines that there is more to deliver to the system
	// than this one can do alone. It may come to nothing.
	Wake(ctx context.Context, system string)
	// Woken is signalled when another engine called Wake.
	Woken(system string) <-chan struct{}
}

// alone is an engine that shares its journal with nobody.
type alone struct{}

func (alone) Lead(ctx context.Context) context.Context { return ctx }
func (alone) Wake(context.Context, string)             {}
func (alone) Woken(string) <-chan struct{}             { return nil }

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
	// QuietHours are when a system is not written to, by system.
	QuietHours map[string]Hours
}

// Run works until ctx ends and everything it started has stopped. It returns
// nil then; an error means that the journal cannot be used.
func (e *Engine) Run(ctx context.Context) error {
	if e.Replicas == nil {
		e.Replicas = alone{}
	}
	if e.Observer == nil {
		e.Observer = nobody{}
	}
	e.decide = make(chan struct{}, 1)
	e.deliver = map[string]chan struct{}{}
	for system := range e.Sinks {
		e.deliver[system] = make(chan struct{}, 1)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	if e.Only == "" {
		wg.Go(func() { e.leading(ctx) })
	}
	for system, sink := range e.Sinks {
		wg.Go(func() { e.delivering(ctx, system, sink) })
	}
	wg.Wait()
	return nil
}

// Leads tells whether this engine is the one that reads and decides.
func (e *Engine) Leads() bool { return atomic.LoadInt32(&e.leads) == 1 }

// leading reads and decides whenever and for as long as this engine leads.
func (e *Engine) leading(ctx context.Context) {
	for ctx.Err() == nil {
		term := e.Replicas.Lead(ctx)
		atomic.StoreInt32(&e.leads, 1)
		var wg sync.WaitGroup
		for _, f := range e.Feeds {
			wg.Go(func() { e.intake(term, f) })
		}
		wg.Go(func() { e.deciding(term) })
		wg.Go(func() { e.retaining(term) })
		wg.Go(func() { e.comparing(term) })
		wg.Go(func() { e.telling(term) })
		wg.Wait()
		atomic.StoreInt32(&e.leads, 0)
	}
}

// wait is for when the journal cannot be used: it tells the operator, and waits
// for it to come back, longer each time, ten ticks at most.
func (e *Engine) wait(ctx context.Context, err error, failures int) {
	e.Log.Error("journal cannot be used", "attempt", failures, "err", err)
	sleep(ctx, min(e.Tick<<min(failures, 4), 10*e.Tick))
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits for a wake-up, from within or from another engine, or a tick. It
// reports whether to go on.
func (e *Engine) pause(ctx context.Context, c, woken <-chan struct{}) bool {
	timer := time.NewTimer(e.Tick)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-c:
	case <-woken:
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
