package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
)

// delivering applies entries of one system until ctx ends.
func (e *Engine) delivering(ctx context.Context, system string, sink connectors.Sink) {
	var b breaker
	for failures := 0; ctx.Err() == nil; {
		hold, err := e.deliverAll(ctx, system, sink, &b)
		if hold > 0 { // the whole system asks for a rest
			sleep(ctx, hold)
		}
		if err != nil && !connectors.Ended(ctx, err) {
			failures++
			e.wait(ctx, err, failures)
			continue
		}
		failures = 0
		e.pause(ctx, e.deliver[system], e.Replicas.Woken(system))
	}
}

// drain is how long calls under way may go on after the daemon was told to
// stop.
const drain = 7 * time.Second

// deliverAll delivers until nothing is due. It returns how long the system is
// to be left alone.
func (e *Engine) deliverAll(ctx context.Context, system string, sink connectors.Sink, b *breaker) (hold time.Duration, err error) {
	for ctx.Err() == nil {
		claim := e.Store.Claim
		switch quiet := e.Delivery.QuietHours[system].Include(e.Now()); {
		case quiet && e.Only != "":
			return 0, nil
		case quiet:
			claim = e.Store.ClaimNotices
		case e.Only != "":
			claim = e.Store.ClaimRun(e.Only)
		}
		limit := sink.Limit()
		if b.open() {
			limit = 1
		}
		// A daemon that is frozen must not call anybody after its lease, so the
		// time for calls begins before the lease does.
		lease := time.Now().Add(e.Delivery.Lease * 3 / 4)
		entries, token, err := claim(ctx, system, limit, e.Now(), e.Delivery.Lease)
		if err != nil || len(entries) == 0 {
			return 0, err
		}
		if len(entries) == sink.Limit() {
			e.Replicas.Wake(ctx, system)
		}
		// What was claimed is settled even while the daemon stops: a call that
		// was answered must not be asked about later.
		settle, settled := outlive(ctx, drain+time.Second)
		drained, done := outlive(ctx, drain)
		call, called := context.WithDeadline(drained, lease)
		began := e.Now()
		results := e.apply(call, sink, entries)
		answered := e.Now()
		called()
		done()
		e.judge(system, b, results)
		settlements := make([]store.Settlement, len(entries))
		for i, en := range entries {
			settlements[i] = e.settlement(en, results[i], b)
		}
		hold = b.rest(results, e.Delivery)
		err = e.Store.Settle(settle, token, settlements, e.Now())
		if err == nil {
			e.observe(settle, entries, settlements, results, Period{began, answered})
		}
		settled()
		if err != nil {
			return hold, err
		}
		wake(e.decide)
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

// outlive returns a context that ends so much later than ctx.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, end) })
	return longer, func() { stop(); end() }
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

// apply returns one result for each entry, in order.
func (e *Engine) apply(ctx context.Context, sink connectors.Sink, entries []store.Entry) []connectors.Result {
	results := make(map[int64]connectors.Result, len(entries))
	for _, batch := range apart(entries) {
		var sent []int64
		var changes []connectors.Change
		for _, en := range batch {
			c, err := e.final(ctx, en)
			if err != nil {
				class := connectors.ClassOf(err)
				if errors.Is(err, store.ErrNotMade) {
					class = connectors.Rejected
				}
				results[en.ID] = connectors.Result{Ref: c.Ref, Err: &connectors.Error{Class: class, Err: err}}
				continue
			}
			sent, changes = append(sent, en.ID), append(changes, c)
		}
		for i, r := range sink.Apply(ctx, changes) {
			results[sent[i]] = r
		}
	}
	ordered := make([]connectors.Result, len(entries))
	for i, en := range entries {
		ordered[i] = results[en.ID]
	}
	return ordered
}

// final is the entry's change with what is known only now: the record that an
// earlier entry of the same decision made, and in a comment that sums up what
// was decided, what of it was not done after all.
func (e *Engine) final(ctx context.Context, en store.Entry) (connectors.Change, error) {
	c := en.Change
	if key, made := strings.CutPrefix(c.Ref.ID, "@"); made {
		ref, err := e.Store.MadeBy(ctx, key)
		if err != nil {
			return c, err
		}
		c.Ref = ref
	}
	if en.Verb == mapping.TellOperators && c.Op == connectors.Create {
		return e.Mapping.ToQueue(ctx, e.Lookup, c)
	}
	if c.Op != connectors.Post || !en.Last {
		return c, nil
	}
	left, err := e.Store.LeftUndone(ctx, en.ID, maxLeft)
	if err != nil || len(left) == 0 {
		return c, err
	}
	return mapping.Amend(c, left), nil
}

// maxLeft is how much of what was not done a comment tells.
const maxLeft = 20

// judge tells the breaker of the results, and the operator once when the system
// is given up for now and once when it is back.
func (e *Engine) judge(system string, b *breaker, results []connectors.Result) {
	was := b.open()
	b.note(results)
	log := e.Log.With("system", system)
	switch {
	case was && !b.open():
		e.Observer.Down(system, false)
		log.Info("system can be written to again")
	case !was && b.open():
		e.Observer.Down(system, true)
		log.Error("system cannot be written to: it is left alone, and tried now and then", "err", results[0].Err)
	case !was:
		for _, r := range results {
			if c := connectors.ClassOf(r.Err); c == connectors.Throttled || c == connectors.Denied {
				logFailure(log, r.Err, "system cannot be written to")
				return
			}
		}
	}
}

// settlement says what a result means for its entry, by the error's class
// alone.
func (e *Engine) settlement(en store.Entry, r connectors.Result, b *breaker) store.Settlement {
	log := e.Log.With("entry", en.ID, "decision", en.Decision, "verb", en.Verb, "ref", en.Change.Ref.String(), "attempt", en.Attempts)
	st := store.Settlement{ID: en.ID, Signal: store.Applied, Outcome: store.Outcome{Ref: r.Ref, Already: r.Already, Before: r.Before}}
	if r.Err == nil {
		st.Answered = true
		log.Info("applied", "already", r.Already)
		return st
	}
	st.Why = r.Err.Error()
	class := connectors.ClassOf(r.Err)
	switch st.Brake = connectors.LimitOf(r.Err); {
	case st.Brake != "":
	case b.open():
		st.Brake = store.DownBrake
	default:
		st.Answered = class == connectors.Conflict || class == connectors.Rejected
	}
	switch {
	case class == connectors.Conflict && en.Undoes != 0:
		st.Signal, st.Why = store.Refused, "not taken back, for the record has changed since: "+st.Why
		log.Error("undo refused", "err", r.Err)
	case class == connectors.Conflict && en.Verb == mapping.CloseCase:
		st.Signal, st.Why = store.Changed, "somebody has answered in the case, or works on it"
	case class == connectors.Conflict:
		st.Signal = store.Changed
		log.Info("record had changed, deciding again", "err", r.Err)
	case class == connectors.Rejected:
		st.Signal = store.Refused
		log.Error("change refused", "err", r.Err)
	case class == connectors.Unknown && en.Doubt && en.Attempts > 2:
		// Asked twice and still nobody knows: only a person can find out.
		st.Signal, st.Why = store.Guess, "it is not known whether this was done: "+st.Why
		log.Error("outcome unknown", "err", r.Err)
	case class == connectors.Unknown:
		st.Signal, st.NotSoon = store.Lost, e.Now().Add(e.Delivery.Quiet)
		log.Warn("no answer, will ask", "err", r.Err)
	case class == connectors.Throttled || class == connectors.Denied || b.open():
		// The system is not to be had by anyone: this is not the entry's fault.
		st.Signal, st.Spared = store.Failed, true
	case en.Attempts >= e.Delivery.Attempts && en.Doubt:
		// An earlier attempt may have got through, and nobody answers.
		st.Signal, st.Why = store.Guess, fmt.Sprintf("it is not known whether this was done; given up asking after %d attempts: %s", en.Attempts, st.Why)
		log.Error("outcome unknown", "err", r.Err)
	case en.Attempts >= e.Delivery.Attempts:
		st.Signal, st.Why = store.Refused, fmt.Sprintf("given up after %d attempts: %s", en.Attempts, st.Why)
		log.Error("change given up", "err", r.Err)
	default:
		st.Signal, st.NotSoon = store.Failed, e.Now().Add(max(e.Delivery.backoff(en.Attempts, rand.Float64()), connectors.RetryAfter(r.Err)))
		log.Warn("change failed, will be tried again", "err", r.Err)
	}
	return st
}
