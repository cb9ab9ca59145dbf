package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// delivering applies entries of one system until ctx ends.
func (e *Engine) delivering(ctx context.Context, system string, sink connectors.Sink) {
	for {
		hold, err := e.deliverAll(ctx, system, sink)
		if err != nil && !connectors.Ended(ctx, err) {
			e.Log.Error("journal cannot be used", "err", err)
		}
		if hold > 0 && !sleep(ctx, hold) { // the whole system asks for a rest
			return
		}
		if !e.pause(ctx, e.deliver[system]) {
			return
		}
	}
}

// drain is how long calls under way may go on after the daemon was told to
// stop.
const drain = 8 * time.Second

// deliverAll delivers until nothing is due. It returns how long the system is
// to be left alone.
func (e *Engine) deliverAll(ctx context.Context, system string, sink connectors.Sink) (hold time.Duration, err error) {
	for ctx.Err() == nil {
		entries, token, err := e.Store.Claim(ctx, system, sink.Limit(), e.Now(), e.Delivery.Lease)
		if err != nil || len(entries) == 0 {
			return 0, err
		}
		// What was claimed is settled even while the daemon stops: a call that
		// was answered must not be asked about later.
		settle := context.WithoutCancel(ctx)
		call, done := context.WithTimeout(settle, e.Delivery.Lease*3/4)
		drained := context.AfterFunc(ctx, func() { time.AfterFunc(drain, done) })
		settlements := make([]store.Settlement, 0, len(entries))
		for _, batch := range apart(entries) {
			applied, rest := e.apply(call, sink, batch)
			settlements = append(settlements, applied...)
			hold = max(hold, rest)
		}
		drained()
		done()
		if err := e.Store.Settle(settle, token, settlements, e.Now()); err != nil {
			return hold, err
		}
		wake(e.decide)
		for _, c := range e.kept {
			wake(c)
		}
		for other, c := range e.deliver {
			if other != system {
				wake(c)
			}
		}
		if hold > 0 {
			return hold, nil
		}
	}
	return 0, ctx.Err()
}

// apart splits entries so that no batch touches a record twice.
func apart(entries []store.Entry) [][]store.Entry {
	var batches [][]store.Entry
	touched := []map[connectors.Ref]bool{}
next:
	for _, en := range entries {
		ref := en.Change.Ref
		for i := range batches {
			if ref.ID == "" || !touched[i][ref] {
				batches[i] = append(batches[i], en)
				touched[i][ref] = true
				continue next
			}
		}
		batches = append(batches, []store.Entry{en})
		touched = append(touched, map[connectors.Ref]bool{ref: true})
	}
	return batches
}

func (e *Engine) apply(ctx context.Context, sink connectors.Sink, entries []store.Entry) (settlements []store.Settlement, hold time.Duration) {
	var send []store.Entry
	var changes []connectors.Change
	for _, en := range entries {
		c := en.Change
		if key, made := strings.CutPrefix(c.Ref.ID, "@"); made { // made by an earlier entry of the same decision
			ref, err := e.Store.MadeBy(ctx, key)
			if err != nil {
				settlements = append(settlements, store.Settlement{ID: en.ID, Signal: store.Refused, Why: err.Error()})
				continue
			}
			c.Ref = ref
		}
		send, changes = append(send, en), append(changes, c)
	}
	for i, r := range sink.Apply(ctx, changes) {
		st, rest := e.settlement(send[i], r)
		hold = max(hold, rest)
		settlements = append(settlements, st)
	}
	return settlements, hold
}

// settlement says what a result means for its entry, by the error's class
// alone, and how long the whole system is to be left alone.
func (e *Engine) settlement(en store.Entry, r connectors.Result) (st store.Settlement, hold time.Duration) {
	log := e.Log.With("entry", en.ID, "verb", en.Verb, "ref", en.Change.Ref.String(), "attempt", en.Attempts)
	st = store.Settlement{ID: en.ID, Signal: store.Applied, Outcome: store.Outcome{Ref: r.Ref, Already: r.Already, Before: r.Before}}
	if r.Err == nil {
		log.Info("applied", "already", r.Already)
		return st, 0
	}
	st.Why = r.Err.Error()
	again := e.Delivery.backoff(en.Attempts, rand.Float64())
	switch connectors.ClassOf(r.Err) {
	case connectors.Conflict:
		st.Signal = store.Changed
		log.Info("record had changed, deciding again", "err", r.Err)
		return st, 0
	case connectors.Rejected:
		st.Signal = store.Refused
		log.Error("change refused", "err", r.Err)
		return st, 0
	case connectors.Unknown:
		// Asked twice and still nobody knows: only a person can find out.
		if en.Doubt && en.Attempts > 2 {
			st.Signal, st.Why = store.Guess, "it is not known whether this was done: "+st.Why
			log.Error("outcome unknown", "err", r.Err)
			return st, 0
		}
		st.Signal, st.NotSoon = store.Lost, e.Now().Add(e.Delivery.Quiet)
		log.Warn("no answer, will ask", "err", r.Err)
		return st, 0
	case connectors.Throttled, connectors.Denied:
		// The system is not to be had by anyone: this is not the entry's fault.
		hold = max(again, connectors.RetryAfter(r.Err))
		logFailure(log, r.Err, "system cannot be written to")
		st.Signal = store.Failed
		return st, hold
	}
	st.Signal, st.NotSoon = store.Failed, e.Now().Add(max(again, connectors.RetryAfter(r.Err)))
	if en.Attempts >= e.Delivery.Attempts {
		st.Signal, st.Why = store.Refused, fmt.Sprintf("given up after %d attempts: %s", en.Attempts, st.Why)
		log.Error("change given up", "err", r.Err)
		return st, 0
	}
	log.Warn("change failed, will be tried again", "err", r.Err)
	return st, 0
}
