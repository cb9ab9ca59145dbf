package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

// deciding turns deadlines that are due into events, and events into
// decisions, until ctx ends.
func (e *Engine) deciding(ctx context.Context) {
	rearmed := false
	for failures := 0; ctx.Err() == nil; {
		var err error
		if !rearmed { // before any deadline fires
			err = e.rearm(ctx)
			rearmed = err == nil
		}
		if err == nil {
			err = e.decideAll(ctx)
		}
		if err != nil && !connectors.Ended(ctx, err) {
			failures++
			e.wait(ctx, err, failures)
			continue
		}
		failures = 0
		e.pause(ctx, e.decide, nil)
	}
}

// decideAll decides until nothing is due. An event that cannot be decided now
// is put off; it holds up its own subject only.
func (e *Engine) decideAll(ctx context.Context) error {
	for {
		if err := e.due(ctx); err != nil {
			return err
		}
		events, err := e.Store.Undecided(ctx, e.Now(), batch)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return e.release(ctx)
		}
		for _, some := range together(events) {
			if err := e.decideTogether(ctx, some); err != nil {
				return err
			}
			e.wakeDelivery()
		}
	}
}

// due has what time brings about happen, however much there is to decide: what
// was proposed lapses, questions that need no answer any more end, and deadlines
// become events.
func (e *Engine) due(ctx context.Context) error {
	lapsed, err := e.Store.Lapse(ctx, e.Now())
	if err != nil {
		return err
	}
	for _, en := range lapsed {
		e.Log.Error("proposal lapsed: nobody approved it in time", "entry", en.ID, "verb", en.Verb, "ref", en.Lane)
		e.wakeDelivery() // of what waited for it
	}
	if e.Mapping.Answers() {
		if err := e.Store.Conclude(ctx, e.clerk(), e.Now()); err != nil {
			return err
		}
	}
	_, err = e.Store.Fire(ctx, e.Now())
	return err
}

// release has what was decided delivered, without what arrived with it and
// cannot be decided now, and has people asked about what is held of it.
func (e *Engine) release(ctx context.Context) error {
	some, err := e.Store.Disband(ctx, e.Now())
	if err != nil {
		return err
	}
	if e.AskInCases && e.Mapping.Answers() {
		if err := e.Store.AskHeld(ctx, e.clerk(), e.Now()); err != nil {
			return err
		}
	}
	if some || e.Mapping.Answers() { // cases may have been opened or closed
		e.wakeDelivery()
	}
	return nil
}

// wakeDelivery tells that there may be more to deliver. Where nothing can have
// come up it is left out: after each call there is a look for what to decide,
// and each wake-up is a transaction for each system.
func (e *Engine) wakeDelivery() {
	for _, c := range e.deliver {
		wake(c)
	}
}

// maxGenerations is how often an event is decided because records kept changing
// under it; then a person must look, and may have it tried as often again.
const maxGenerations = 10

// decideOne stores what was considered about an event.
func (e *Engine) decideOne(ctx context.Context, ev store.Event, c considered) error {
	log := e.Log.With("event", ev.ID)
	if ev.Generation > 0 && ev.Generation%maxGenerations == 0 {
		return e.Store.Quarantine(ctx, ev, fmt.Sprintf("decided %d times, and each time the records had changed meanwhile", ev.Generation))
	}
	if ev.Generation > 0 {
		old, err := e.Store.Superseded(ctx, ev)
		if err != nil {
			return err
		}
		if old {
			return e.Store.Ignore(ctx, ev, "a later change was decided")
		}
	}

	v, err, now := c.verdict, c.err, c.at
	busy := func() error {
		// Longer the longer it waits: a system that is paused or away must not
		// have the facts read over and over.
		wait := min(max(e.Tick, now.Sub(ev.At)/10), 30*e.Tick)
		return e.Store.Wait(ctx, ev, now.Add(wait))
	}
	odd, isOdd := errors.AsType[unfit](err)
	switch {
	case connectors.Ended(ctx, err):
		return err
	case errors.Is(err, store.ErrBusy):
		return busy()
	case isOdd:
		log.Error("event set aside: its plan cannot be carried out", "row", odd.row, "err", err)
		return e.Store.Quarantine(ctx, ev, err.Error())
	case err != nil:
		return e.putOff(ctx, []store.Event{ev}, err, now)
	}
	if e.Mapping.Answers() {
		v.Clerk, v.AskInCases = e.clerk(), e.AskInCases
	}
	switch err := e.Store.Commit(ctx, v, now); {
	case errors.Is(err, store.ErrBusy):
		return busy()
	case errors.Is(err, store.ErrOvertaken):
		return nil
	case err != nil:
		return err
	}
	e.Observer.Decided(v, Period{now, e.Now()})
	for i, d := range v.Decisions {
		log.Info("decided", "decision", store.DecisionID(ev.ID, ev.Generation, i), "row", d.Table+" "+d.Row, "ref", d.Subject.String(), "actions", len(d.Actions))
	}
	hold, err := e.Store.Held(ctx, ev.Run)
	if err != nil {
		return err
	}
	if hold != nil && hold.Event == ev.ID {
		e.Observer.Held(*hold)
		log.Error("too much at once: it waits for a person", "err", hold.Why)
	}
	return nil
}

// putOff has events decided later that cannot be decided now.
func (e *Engine) putOff(ctx context.Context, events []store.Event, err error, now time.Time) error {
	attempts := 0
	for _, ev := range events {
		attempts = max(attempts, ev.Attempts)
	}
	logFailure(e.Log.With("event", events[0].ID, "others", len(events)-1), err, "event cannot be decided now")
	wait := max(e.Delivery.backoff(attempts+1, rand.Float64()), connectors.RetryAfter(err))
	return e.Store.Postpone(ctx, events, err.Error(), now.Add(wait))
}

// Plan says what would be decided about an event now, and what would be
// written, and does none of it. The world is looked at anew; amend, unless it
// is nil, changes it as it might be. The verdict cannot be committed.
func (e *Engine) Plan(ctx context.Context, ev rules.Event, amend func(*rules.Snapshot)) (store.Verdict, error) {
	return e.consider(ctx, e.Lookup, store.Memory{Store: e.Store, Event: ev.ID}, store.Event{Event: ev}, e.Now(), amend)
}

// An unfit error is about a plan that cannot be carried out, ever.
type unfit struct {
	row string
	error
}

func (u unfit) Unwrap() error { return u.error }

// consider looks at the world and decides. It changes nothing.
func (e *Engine) consider(ctx context.Context, look connectors.Lookup, memory store.Memory, ev store.Event, now time.Time, amend func(*rules.Snapshot)) (store.Verdict, error) {
	var err error
	if ev.Request != nil {
		look = once{look, map[string][]connectors.Record{}}
	}
	if ev.Event, err = e.Mapping.Choose(ctx, look, ev.Event); err != nil {
		return store.Verdict{}, err
	}
	snapshot, err := e.Mapping.Snapshot(ctx, look, memory, ev.Event, now)
	if err != nil {
		return store.Verdict{}, fmt.Errorf("reading what the decision needs: %w", err)
	}
	if amend != nil {
		amend(&snapshot)
	}
	v := store.Verdict{Event: ev, Snapshot: snapshot, Settings: e.Book.Settings(), Customer: customer(snapshot), Ceilings: e.Ceilings}
	v.Decisions = e.Book.Decide(snapshot, ev.Event, now).Decisions
	v.CompareAt = e.Book.BusinessDaysAfter(now, e.Shadow.After)
	scribe := e.Mapping.Scribe(ev.Event, snapshot)
	left := map[rules.Ref]omission{}
	for _, d := range v.Decisions {
		writes, err := e.writes(scribe, d, left)
		if err != nil {
			return store.Verdict{}, unfit{d.Row, err}
		}
		for i := range writes {
			if e.ExpireAfter > 0 {
				writes[i].Expires = now.Add(e.ExpireAfter)
			}
			if ev.Replanned() && writes[i].State == store.Pending {
				writes[i].State, writes[i].Why = store.Proposed, "a plan was applied, and then the record had changed"
			}
		}
		v.Writes = append(v.Writes, writes)
	}
	return v, nil
}

// customer is whose affairs the snapshot shows; empty if they are several
// people's, or nobody is known.
func customer(s rules.Snapshot) string {
	var found string
	add := func(id string) {
		if found == "" {
			found = id
		} else if id != found {
			found = "several"
		}
	}
	if s.Client != nil {
		add(s.Client.ID)
	}
	for _, w := range s.Workflows {
		if len(w.Homeowners) > 0 {
			add(w.Homeowners[0].ID)
		}
	}
	for _, b := range s.Blocks {
		if b.Contact != nil {
			add(b.Contact.ID)
		}
	}
	for _, a := range s.Assignments {
		add(a.Customer.ID)
	}
	if found == "several" {
		return ""
	}
	return found
}

// An omission is the first change about a subject that is left undone.
type omission struct {
	verb  string
	state store.State
}

// writes maps the decision's actions to changes, each with the state that its
// verb's autonomy gives it. A verb that is off or in shadow takes what should have
// followed it about the same subject with it: nobody is told of what was not done.
// Left holds what is left undone by subject, for the decisions of one event.
func (e *Engine) writes(scribe *mapping.Scribe, d rules.Decision, left map[rules.Ref]omission) ([]store.Write, error) {
	mapped, err := scribe.Changes(d)
	if err != nil {
		return nil, fmt.Errorf("row %s: %w", d.Row, err)
	}
	writes := make([]store.Write, len(mapped))
	for i, m := range mapped {
		if e.Sinks[m.System] == nil {
			return nil, fmt.Errorf("row %s: %s needs the system %q, which is not configured", d.Row, m.Verb, m.System)
		}
		w := store.Write{System: m.System, Verb: m.Verb, Change: m.Change, Text: m.Text, Gives: m.Gives, State: store.Pending}
		if w.Gives.ID != "" {
			w.Gives.Start = w.Gives.Start.Add(-e.Book.Settings().OnHold.TravelBuffer)
		}
		switch mode, before := e.Autonomy[m.Verb], left[d.Subject]; {
		case before.state == store.Dropped:
			w.State, w.Why = before.state, before.verb+" before it is off"
		case mode == "off":
			w.State, w.Why = store.Dropped, "autonomy: "+m.Verb+" is off"
		case before.state == store.Shadow:
			w.State, w.Why = before.state, before.verb+" before it is in shadow"
		case mode == "shadow":
			w.State, w.Why = store.Shadow, "autonomy: "+m.Verb+" is in shadow"
		case d.Actions[i].Approve != "":
			w.State, w.Why = store.Proposed, d.Actions[i].Approve
		case mode != "auto": // whatever is not known to be allowed waits for a person
			w.State, w.Why = store.Proposed, m.Verb+" needs approval"
		}
		if left[d.Subject].verb == "" && (w.State == store.Dropped || w.State == store.Shadow) {
			left[d.Subject] = omission{w.Verb, w.State}
		}
		writes[i] = w
	}
	return writes, nil
}

// logFailure tells what went wrong at the level that says who must act.
func logFailure(log *slog.Logger, err error, message string) {
	switch connectors.ClassOf(err) {
	case connectors.Denied, connectors.Rejected:
		log.Error(message, "err", err)
	default:
		log.Warn(message, "err", err)
	}
}
