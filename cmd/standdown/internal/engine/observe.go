package engine

import (
	"context"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// An Observer is told what an engine did once the journal has it, so that it
// can be counted and traced. A daemon that is killed in between has not told.
// It is called concurrently and must return at once: the engine waits for it.
type Observer interface {
	// Read tells that a source was read to its end, or was not because of err.
	Read(source string, err error)
	// Arrived tells what a read brought. Those that are not Fresh were in the
	// journal before.
	Arrived(source string, arrivals []store.Arrival, took Period)
	// Decided tells that a verdict was committed. It took as long as looking at
	// the world, deciding and committing.
	Decided(v store.Verdict, took Period)
	// Held tells that a run passed a ceiling.
	Held(store.Hold)
	// Down tells that a system cannot be written to and is left alone, or that
	// it can be written to again.
	Down(system string, down bool)
	// Delivered tells what became of one attempt to make a change.
	Delivered(Delivered)
}

// A Period is from when to when something was done, by the engine's clock,
// which may be set meanwhile.
type Period struct{ Began, Ended time.Time }

// Delivered is one attempt to make the change of an entry.
type Delivered struct {
	Entry      store.Entry // as it was claimed
	Settlement store.Settlement
	Err        error // nil if it is in force
	// Happened is when that came about which the entry follows from; zero if
	// that is not known.
	Happened time.Time
	Call     Period
	Settled  time.Time
}

// nobody is the observer of an engine without one.
type nobody struct{}

func (nobody) Read(string, error)                      {}
func (nobody) Arrived(string, []store.Arrival, Period) {}
func (nobody) Decided(store.Verdict, Period)           {}
func (nobody) Held(store.Hold)                         {}
func (nobody) Down(string, bool)                       {}
func (nobody) Delivered(Delivered)                     {}

// observe tells what became of entries, which are settled.
func (e *Engine) observe(ctx context.Context, entries []store.Entry, settlements []store.Settlement, results []connectors.Result, call Period) {
	if _, none := e.Observer.(nobody); none {
		return
	}
	events := make([]string, len(entries))
	for i, en := range entries {
		events[i] = en.Event
	}
	happened, err := e.Store.Happened(ctx, events)
	if err != nil {
		e.Log.Warn("it cannot be told how long changes took", "err", err)
	}
	settled := e.Now()
	for i, en := range entries {
		e.Observer.Delivered(Delivered{en, settlements[i], results[i].Err, happened[en.Event], call, settled})
	}
}
