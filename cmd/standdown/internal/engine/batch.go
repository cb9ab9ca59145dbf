package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/gather"
	"standdown/rules"
)

// batch is how many events are considered on one reading of the world. A hundred
// mails that came together take 3 calls, not 300.
const batch = 100

// decideTogether decides events that do not depend on each other's subjects, in
// their order, on one reading of the world.
//
// Each is decided as if the world had been read after the decisions before it.
// What a decision changes are its subject, the records it writes to, those that
// it names in what it writes (the worker of a new allocation, the contract of a
// case), and what is remembered about its subject; an event whose facts were
// found by one of these, or are about one, is considered anew after it. So a
// worker who was just given back is seen as the org has them by then, if the
// change was that quick, and what has just been remembered is remembered.
// Changes that are still on their way are seen by nobody, as ever: they keep a
// verdict about the same record, or one that gives the same worker a visit, from
// being stored (store.ErrBusy). So do those that were made since the world was read,
// however quickly it was decided.
//
// If nothing can be read for any of several, they are put off in one transaction, and
// a tick goes by: while the org is away, a backlog of mails must not take turns at
// asking.
func (e *Engine) decideTogether(ctx context.Context, events []store.Event) error {
	if events[0].Answer != nil {
		return e.answer(ctx, events[0])
	}
	if len(events) > 1 {
		// Once for all of them, so that it is no fact of each. Who needs it and
		// does not get it is told why by their own reading.
		_ = e.Mapping.Prepare(ctx, e.Lookup)
	}
	all := e.considerAll(ctx, events, e.Now())
	if len(all) > 1 && away(all) && !connectors.Ended(ctx, all[0].err) {
		if err := e.putOff(ctx, events, all[0].err, all[0].at); err != nil {
			return err
		}
		e.pause(ctx, nil, nil)
		return ctx.Err()
	}
	touched := map[string]bool{}
	for i, ev := range events {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c := all[i]
		all[i] = considered{} // a snapshot may be large
		if c.facts.about(touched) {
			var err error
			if c, err = e.considerAnew(ctx, ev, c); err != nil {
				return err
			}
		}
		if err := e.decideOne(ctx, ev, c); err != nil {
			return err
		}
		c.touches(touched)
	}
	return nil
}

// away tells whether none could be considered, and a system says the same of all.
func away(all []considered) bool {
	first, _ := errors.AsType[*connectors.Error](all[0].err)
	return !slices.ContainsFunc(all, func(c considered) bool {
		said, ok := errors.AsType[*connectors.Error](c.err)
		return !ok || said.Error() != first.Error()
	})
}

// considerAnew considers an event once more, unless it has to wait whatever comes
// of it: of those who wait for one worker, one is read at a time.
func (e *Engine) considerAnew(ctx context.Context, ev store.Event, c considered) (considered, error) {
	busy, err := e.Store.Busy(ctx, c.verdict)
	if err != nil || busy {
		c.err = store.ErrBusy
		return c, err
	}
	return e.considerAll(ctx, []store.Event{ev}, e.Now())[0], nil
}

// together divides events into those that are decided together. An answer is
// alone: it may set free what waits.
func together(events []store.Event) [][]store.Event {
	var all [][]store.Event
	for i, ev := range events {
		if i > 0 && ev.Answer == nil && events[i-1].Answer == nil {
			last := &all[len(all)-1]
			*last = append(*last, ev)
		} else {
			all = append(all, []store.Event{ev})
		}
	}
	return all
}

// PlanAll is [Engine.Plan] for several events at once, which is less work for the
// org than one after the other. It returns one verdict and one error for each.
func (e *Engine) PlanAll(ctx context.Context, events []rules.Event) ([]store.Verdict, []error) {
	asked := make([]store.Event, len(events))
	for i, ev := range events {
		asked[i].Event = ev
	}
	_ = e.Mapping.Prepare(ctx, e.Lookup) // who needs it and does not get it is told why by their own reading
	verdicts, errs := make([]store.Verdict, len(events)), make([]error, len(events))
	for i, c := range e.considerAll(ctx, asked, e.Now()) {
		verdicts[i], errs[i] = c.verdict, c.err
	}
	return verdicts, errs
}

// A considered event: what would be done, and what that rests on.
type considered struct {
	verdict store.Verdict
	err     error
	at      time.Time
	facts   facts
}

// considerAll looks at the world for all events together, and decides each by
// itself. It changes nothing.
func (e *Engine) considerAll(ctx context.Context, events []store.Event, now time.Time) []considered {
	all := make([]considered, len(events))
	memories := e.Store.Memories(ctx, events)
	gather.Each(ctx, e.Lookup, len(events), func(i int, look connectors.Lookup) {
		c := &all[i]
		c.at, c.facts = now, facts{found: map[string]bool{events[i].Subject.ID: true}, asked: map[string]bool{}}
		c.verdict, c.err = e.consider(ctx, noting{look, c.facts}, memories[i], events[i], now, nil)
	})
	return all
}

// touches adds the ids of the records that it may change, or what is known of.
func (c considered) touches(touched map[string]bool) {
	for i, d := range c.verdict.Decisions {
		if len(c.verdict.Writes[i]) > 0 || len(d.Remember) > 0 {
			touched[d.Subject.ID] = true
		}
		for _, w := range c.verdict.Writes[i] {
			touched[w.Change.Ref.ID] = true
			for _, value := range w.Change.Fields {
				if id, ok := value.(string); ok && c.facts.found[id] {
					touched[id] = true
				}
			}
		}
	}
	delete(touched, "") // of records that are yet to be made
}

// facts are what a decision rests on: the ids of the records that were found, and
// the texts, ids among them, by which others were looked for.
type facts struct{ found, asked map[string]bool }

// about tells whether they are about one of the records.
func (f facts) about(ids map[string]bool) bool {
	for id := range ids {
		if f.found[id] || f.asked[id] {
			return true
		}
	}
	return false
}

// noting is a lookup that notes facts.
type noting struct {
	connectors.Lookup
	facts facts
}

func (n noting) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	found := n.FindAll(ctx, []connectors.Query{q})
	return found[0].Records, found[0].Err
}

func (n noting) FindAll(ctx context.Context, queries []connectors.Query) []connectors.Found {
	all := connectors.FindAll(ctx, n.Lookup, queries)
	for i, q := range queries {
		for _, c := range q.Where {
			switch v := c.Value.(type) {
			case string:
				n.facts.asked[v] = true
			case []string:
				for _, one := range v {
					n.facts.asked[one] = true
				}
			}
		}
		for _, r := range all[i].Records {
			n.facts.found[r.Ref.ID] = true
		}
	}
	return all
}
