package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decide decides the hold, and if its row says so its visits, the earliest
// first. The decision about the hold comes first in the plan: it holds the one
// comment and the one thing for a person to look at.
func (p *onHold) decide(s Snapshot, e Event, now time.Time, traced trace) []Decision {
	c := &change{
		onHold: p, trace: traced, client: Client{ID: e.Subject.ID}, event: e, now: now,
		places: map[string]*place{}, maps: map[pairs]map[string]string{},
	}
	if s.Client != nil {
		c.client = *s.Client
	}
	c.roster = newRoster(c.client.Resources, p.settings, traced)
	c.establish(s.Client == nil)

	row := p.hold.decide(c.facts)
	d := Decision{
		Policy: p.name(), Table: p.hold.name, Row: row.id, Because: row.because,
		Subject: Ref{"client", c.client.ID}, Facts: c.facts, Remember: c.remember(),
	}
	visits := c.visits()
	every, waiting := slices.Contains(row.then, decideVisits), slices.Contains(row.then, decideWaiting)
	decisions := make([]Decision, 1, 1+len(visits))
	for _, v := range visits {
		if every || waiting && c.waitsToday(v) {
			decisions = append(decisions, Decision{})
			c.decideVisit(v, &decisions[len(decisions)-1])
		}
	}
	if !c.trace {
		decisions[0] = d
		return decisions
	}
	for _, term := range row.then {
		switch term {
		case summarize:
			if text := c.summary(); text != "" {
				d.Actions = append(d.Actions, Action{Verb: postComment, On: Ref{"contact", c.client.ID}, Args: map[string]string{"text": text}})
			}
		case holdForReview:
			c.report.doubts = append(c.report.doubts, c.facts[0].Reason, c.facts[2].Reason)
		case watchDays:
			d.Deadlines = append(d.Deadlines, c.nextDay(visits))
		case warnActive:
			d.Warnings = append(d.Warnings, c.active(visits)...)
		}
	}
	if text := c.report.forPerson(); text != "" {
		d.Actions = append(d.Actions, Action{Verb: holdForReview, On: d.Subject, Args: map[string]string{
			"title":   "The hold of " + c.who() + " needs a person",
			"text":    text,
			"contact": c.client.ID,
		}})
	}
	decisions[0] = d
	return decisions
}

// remember keeps the hold that was processed (HOLD-A38) and which hold it is,
// so that its marks on visits are known from those of earlier ones (HOLD-A9).
func (c *change) remember() map[string]string {
	switch c.facts[0].Value {
	case "changed", "first-sight":
		return map[string]string{"hold": c.client.Hold.String(), "episode": c.episode}
	}
	return nil
}

// decideVisit writes the decision in its place, for it is large.
func (c *change) decideVisit(v *visit, d *Decision) {
	window, start := c.windowFact(v), c.startFact(v)
	resource, crew := c.resourceFact(v, window.Value, start.Value)
	facts := [...]Fact{window, start, v.state, resource, c.allocationFact(v)}
	row := c.visit.decide(facts[:])
	d.Policy, d.Table, d.Row, d.Because = c.name(), c.visit.name, row.id, row.because
	d.Subject, d.Facts = Ref{"job", v.ID}, c.told(facts[:])
	// The visits after it, and the next day, depend on this.
	v.released = slices.Contains(row.then, releaseJob)
	if slices.Contains(row.then, allocateSaved) {
		for _, id := range crew.free {
			c.roster.take(id, v)
		}
	}
	if !c.trace {
		return
	}
	do := func(verb string, on Ref, args map[string]string) {
		if d.Actions == nil {
			d.Actions = make([]Action, 0, 2) // nearly all have one or two
		}
		d.Actions = append(d.Actions, Action{Verb: verb, On: on, Args: args})
	}
	near := ""
	for _, term := range row.then {
		switch term {
		case cancelJob, releaseJob:
			near = c.near(v)
			keep := keepers(v)
			held, list := "released", &c.report.released
			args := pairs{{"resource", first(keep)}, {"status-was", v.Status}}
			if term == cancelJob {
				held, list = "cancelled", &c.report.cancelled
				args[2] = [2]string{"reason", abortReason}
			}
			do(term, d.Subject, c.mapOf(args))
			d.Remember = c.mapOf(pairs{{"held", held}, {"crew", strings.Join(keep, ",")}, {"episode", c.episode}})
			list.add(func() string { return v.label() + approval(near) })
		case freeWorker:
			for _, a := range v.Allocations {
				if a.Live {
					do(freeWorker, Ref{"allocation", a.ID}, map[string]string{"job": v.ID, "resource": a.Resource, "status-was": a.Status})
				}
			}
		case allocateSaved:
			for _, id := range crew.free {
				if !slices.Contains(v.workers, id) {
					do(allocateSaved, d.Subject, c.mapOf(pairs{{"resource", id}}))
				}
			}
			c.report.restored.add(func() string { return v.label() + " (" + c.roster.names(crew.free) + ")" })
		case backToDispatch:
			do(reopenJob, d.Subject, c.mapOf(pairs{{"status", "pending-dispatch"}, {"clear-resource", "yes"}, {"status-was", v.Status}}))
			d.Remember = c.forgotten()
		case backToAllocation:
			do(reopenJob, d.Subject, c.mapOf(pairs{{"status", "pending-allocation"}, {"clear-resource", "no"}, {"status-was", v.Status}}))
			d.Remember = c.forgotten()
			if len(v.workers) > 0 {
				d.Warnings = append(d.Warnings, v.contradiction())
			}
		case clearMark:
			d.Remember = c.forgotten()
		case listOpen:
			c.report.open.add(func() string { return v.label() + ": " + cmp.Or(strings.Join(crew.open, ". "), "it had no worker") })
		case listForReview:
			c.report.review.add(func() string { return v.label() + ": " + v.state.Reason })
		case warnAllocation:
			d.Warnings = append(d.Warnings, v.contradiction())
		}
	}
	if near != "" {
		d.Warnings = append(d.Warnings, v.label()+" "+near+": a late cancellation may cost a fee.")
		for i := range d.Actions {
			d.Actions[i].Approve = near
		}
	}
	d.Warnings = append(d.Warnings, crew.doubts...)
}

// waitsToday tells whether the visit is one that the rule of the day concerns.
func (c *change) waitsToday(v *visit) bool {
	return v.waits() && v.covers(c.window) && v.day == v.today
}

// waits tells whether nobody has the visit, though somebody should.
func (v *visit) waits() bool {
	return v.state.Value == "waiting" || v.state.Value == "unallocated"
}

// keepers are whom to save on a visit that is taken away: those who have it,
// or else those from whom this hold took it before (HOLD-4, HOLD-A17).
func keepers(v *visit) []string {
	if len(v.workers) == 0 && v.state.Value == "unallocated" {
		return v.crew
	}
	return v.workers
}

// near says when a visit starts that a changed hold takes away at short notice
// (HOLD-A37); empty if there is time enough. On the day of a hold nobody is
// surprised.
func (c *change) near(v *visit) string {
	left := v.Start.Sub(c.now)
	if c.event.Kind == HoldDay || v.Start.IsZero() || left >= time.Duration(c.settings.NearHours)*time.Hour {
		return ""
	}
	switch hours := int(left / time.Hour); hours {
	case 0:
		return "starts within the hour"
	case 1:
		return "starts in 1 hour"
	default:
		return "starts in " + strconv.Itoa(hours) + " hours"
	}
}

func approval(near string) string {
	if near == "" {
		return ""
	}
	return " (" + near + "; only if a person approves)"
}

func (v *visit) contradiction() string {
	if len(v.workers) == 0 {
		return v.label() + " " + strings.TrimPrefix(v.state.Reason, "it ") + ", but nobody is allocated to it."
	}
	return v.label() + " waits for a worker, but somebody is allocated to it."
}

// nextDay asks to be told when the next day begins on which visits wait for
// their day in an open-ended hold; it takes the deadline off if there is none
// (HOLD-A2).
func (c *change) nextDay(visits []*visit) Deadline {
	next := Deadline{Kind: HoldDay, Subject: Ref{"client", c.client.ID}}
	if !c.window.open || c.settings.OpenEndedAction != "unallocate" {
		return next
	}
	for _, v := range visits {
		if !v.waits() && !v.released || !c.window.has(v.day) || v.day <= v.today {
			continue
		}
		day, _ := v.day.day()
		if at := startOf(day, v.zone); next.At.IsZero() || at.Before(next.At) {
			next.At = at
		}
	}
	return next
}

// active warns of visits that people have booked or given out during the hold:
// they stand until the hold changes (HOLD-A28).
func (c *change) active(visits []*visit) []string {
	var found []string
	for _, v := range visits {
		if !v.covers(c.window) || v.day < v.today || c.event.Kind == HoldDay && v.day > v.today {
			continue
		}
		switch v.state.Value {
		case "allocated", "in-flight", "group":
			found = append(found, v.label()+" goes ahead although the client is on hold.")
		}
	}
	if len(found) > listed {
		found = append(found[:listed], fmt.Sprintf("%d more go ahead although the client is on hold.", len(found)-listed))
	}
	return found
}

func (c *change) forgotten() map[string]string {
	return c.mapOf(pairs{{"held"}, {"crew"}, {"episode"}})
}

// pairs are names with values; those without a name count for nothing.
type pairs [3][2]string

// mapOf makes a map of them, the same one for all visits that need the same, as
// most do: maps of their own were a third to a half of a plan's memory.
func (c *change) mapOf(p pairs) map[string]string {
	m := c.maps[p]
	if m == nil {
		m = make(map[string]string, len(p))
		for _, pair := range p {
			if pair[0] != "" {
				m[pair[0]] = pair[1]
			}
		}
		c.maps[p] = m
	}
	return m
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
