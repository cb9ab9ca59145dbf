package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
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

// A load is what was claimed together.
type load struct {
	entries     []store.Entry
	token       string
	until       time.Time // when it must be through
	results     []connectors.Result
	settlements []store.Settlement
	calls       Period
}

// many is of how many changes at once a full load has the next one claimed
// while it is on its way. A sink that takes fewer would gain nothing, for claiming
// is quick beside its calls; and what is claimed and never sent is in doubt after
// a kill, which not every sink can clear up without a person.
const many = 100

// deliverAll delivers until nothing is due. It returns how long the system is
// to be left alone.
//
// While a full load is on its way, the one before it is settled and the next
// is claimed, so that neither the journal nor the system waits for the other. There
// is one call of Apply at a time.
func (e *Engine) deliverAll(ctx context.Context, system string, sink connectors.Sink, b *breaker) (hold time.Duration, err error) {
	now, err := e.claim(ctx, system, sink, b.open())
	var last *load // applied, and not settled yet
	for now != nil && err == nil {
		var next *load
		var desk sync.WaitGroup
		ahead := len(now.entries) == sink.Limit() && len(now.entries) >= many
		desk.Go(func() {
			if last != nil {
				err = e.settle(ctx, system, *last)
			}
			if ahead && err == nil {
				next, err = e.claim(ctx, system, sink, false)
			}
		})
		e.send(ctx, sink, now)
		desk.Wait()
		e.judge(system, b, now.results)
		for i, en := range now.entries {
			now.settlements = append(now.settlements, e.settlement(en, now.results[i], b))
		}
		hold = b.rest(now.results, e.Delivery)
		last = now
		if now = next; next == nil || hold > 0 || err != nil || !e.may(ctx, system, *next) {
			err = errors.Join(err, e.settle(ctx, system, *last), e.giveBack(ctx, next))
			if last, now = nil, nil; err == nil && hold == 0 && ctx.Err() == nil {
				now, err = e.claim(ctx, system, sink, b.open())
			}
		}
	}
	return hold, cmp.Or(err, ctx.Err())
}

// claim takes what is due, for this engine alone: one entry if it is a trial. It
// is nil if there is nothing.
func (e *Engine) claim(ctx context.Context, system string, sink connectors.Sink, trial bool) (*load, error) {
	claim := e.Store.Claim
	switch quiet := e.quiet(system); {
	case quiet && e.Only != "":
		return nil, nil
	case quiet:
		claim = e.Store.ClaimNotices
	case e.Only != "":
		claim = e.Store.ClaimRun(e.Only)
	}
	limit := sink.Limit()
	if trial {
		limit = 1
	}
	// A daemon that is frozen must not call anybody after its lease, so the
	// time for calls begins before the lease does.
	until := time.Now().Add(e.Delivery.Lease * 3 / 4)
	entries, token, err := claim(ctx, system, limit, e.Now(), e.Delivery.Lease)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	if len(entries) == sink.Limit() {
		e.Replicas.Wake(ctx, system)
	}
	return &load{entries: entries, token: token, until: until}, nil
}

func (e *Engine) quiet(system string) bool { return e.Delivery.QuietHours[system].Include(e.Now()) }

// may tells whether what was claimed a while ago may still be sent: nobody has
// told the daemon to stop or put a brake on since, and most of the lease is left.
func (e *Engine) may(ctx context.Context, system string, b load) bool {
	if ctx.Err() != nil || e.quiet(system) || time.Until(b.until) < e.Delivery.Lease/2 {
		return false
	}
	brakes, err := e.Store.Brakes(ctx)
	return err == nil && !slices.ContainsFunc(brakes, func(on store.Brake) bool { return on.Name == system || on.Name == store.AllSystems })
}

// send makes the calls for a load. They may go on for a while after the daemon
// was told to stop.
func (e *Engine) send(ctx context.Context, sink connectors.Sink, b *load) {
	drained, done := outlive(ctx, drain)
	defer done()
	call, called := context.WithDeadline(drained, b.until)
	defer called()
	b.calls.Began = e.Now()
	b.results = e.apply(call, sink, b.entries)
	b.calls.Ended = e.Now()
}

// settle stores what became of a load, even while the daemon stops: a call that
// was answered must not be asked about later.
func (e *Engine) settle(ctx context.Context, system string, b load) error {
	longer, done := outlive(ctx, drain+time.Second)
	defer done()
	if err := e.Store.Settle(longer, b.token, b.settlements, e.Now()); err != nil {
		return err
	}
	e.observe(longer, b.entries, b.settlements, b.results, b.calls)
	wake(e.decide)
	for other, c := range e.deliver {
		if other != system {
			wake(c)
		}
	}
	return nil
}

// giveBack has what was claimed and not sent be as it was before, if there is
// anything.
func (e *Engine) giveBack(ctx context.Context, b *load) error {
	if b == nil {
		return nil
	}
	longer, done := outlive(ctx, drain+time.Second)
	defer done()
	for _, en := range b.entries {
		b.settlements = append(b.settlements, store.Settlement{ID: en.ID, Signal: store.Failed, Why: en.Why, NotSoon: en.NotSoon, Spared: true})
	}
	return e.Store.Settle(longer, b.token, b.settlements, e.Now())
}

// outlive returns a context that ends so much later than ctx.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, end) })
	return longer, func() { stop(); end() }
}

// apart splits entries, by their places, so that no part touches a record twice.
func apart(entries []store.Entry) [][]int {
	var parts [][]int
	touched := map[connectors.Ref]int{} // in how many parts a record is
	for i, en := range entries {
		part := 0
		if ref := en.Change.Ref; ref.ID != "" {
			part = touched[ref]
			touched[ref]++
		}
		if part == len(parts) {
			parts = append(parts, nil)
		}
		parts[part] = append(parts[part], i)
	}
	return parts
}

// apply returns one result for each entry, in order.
func (e *Engine) apply(ctx context.Context, sink connectors.Sink, entries []store.Entry) []connectors.Result {
	results := make([]connectors.Result, len(entries))
	for _, part := range apart(entries) {
		var sent []int
		var changes []connectors.Change
		for _, i := range part {
			c, err := e.final(ctx, entries[i])
			if err != nil {
				class := connectors.ClassOf(err)
				if errors.Is(err, store.ErrNotMade) {
					class = connectors.Rejected
				}
				results[i] = connectors.Result{Ref: c.Ref, Err: &connectors.Error{Class: class, Err: err}}
				continue
			}
			sent, changes = append(sent, i), append(changes, c)
		}
		for i, r := range sink.Apply(ctx, changes) {
			results[sent[i]] = r
		}
	}
	return results
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
	st := store.Settlement{ID: en.ID, Signal: store.Applied, Outcome: store.Outcome{Ref: r.Ref, Already: r.Already, Before: r.Before}}
	if r.Err == nil {
		st.Answered = true
		e.Log.Info("applied", "entry", en.ID, "decision", en.Decision, "verb", en.Verb, "ref", en.Change.Ref.String(), "attempt", en.Attempts, "already", r.Already)
		return st
	}
	log := e.Log.With("entry", en.ID, "decision", en.Decision, "verb", en.Verb, "ref", en.Change.Ref.String(), "attempt", en.Attempts)
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
