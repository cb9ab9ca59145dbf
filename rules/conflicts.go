package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A roster answers whether a worker can make a visit. It knows what the
// snapshot says about the workers and which visits they were given since.
// Times are half-open: what ends when another begins does not conflict
// (HOLD-A32).
type roster struct {
	trace
	checks  ChecksSettings
	buffer  time.Duration
	workers map[string]*worker
}

type worker struct {
	*Resource
	absent spans
	asked  spans // absences that nobody has approved yet (HOLD-A33)
	busy   spans // activities
	booked spans // visits
	given  spans // visits given since, by this plan
}

// A finding is what speaks against a worker for a visit: everything that
// does, in the order in which the checks are listed.
type finding struct {
	inactive  bool
	conflicts []string
	doubts    []string // what may speak against it, but does not count
}

func newRoster(resources []Resource, s OnHoldSettings, traced trace) *roster {
	r := &roster{trace: traced, checks: s.Checks, buffer: s.TravelBuffer, workers: make(map[string]*worker, len(resources))}
	for i := range resources {
		w := &worker{Resource: &resources[i]}
		var absent, asked []Span
		for _, a := range w.Unavailable {
			switch a.Status {
			case "declined":
			case "pending":
				asked = append(asked, a)
			default:
				absent = append(absent, a)
			}
		}
		w.absent, w.asked = newSpans(absent), newSpans(asked)
		w.busy, w.booked = newSpans(w.Activities), newSpans(w.Jobs)
		r.workers[w.ID] = w
	}
	return r
}

// check compares one worker with one visit. Visits must come in the order of
// their start.
func (r *roster) check(id string, v *visit) finding {
	w := r.workers[id]
	if w == nil {
		return finding{inactive: true, conflicts: []string{"is not known any more"}}
	}
	var f finding
	against := func(phrase string) { f.conflicts = append(f.conflicts, phrase) }
	if r.checks.Active && !w.Active {
		f.inactive = true
		against("no longer active")
	}
	if r.checks.Regions {
		switch {
		case v.Region == "":
			f.doubts = append(f.doubts, "the visit has no region to compare with those of "+r.name(id))
		case len(w.Regions) == 0 && len(w.Memberships) == 0:
			against("has no region")
		case slices.Contains(w.Regions, v.Region) || w.memberOf(v.Region, v.Start, v.End):
		case w.memberEver(v.Region):
			against("not in region " + v.Region + " at that time")
		default:
			against("not in region " + v.Region)
		}
	}
	if r.checks.Blacklisting {
		if v.Account != "" && slices.Contains(w.BlockedAccounts, v.Account) {
			against("blacklisted for the account")
		}
		if v.Location != "" && slices.Contains(w.BlockedLocations, v.Location) {
			against("blacklisted for the location")
		}
		if v.WorkOrder != "" && slices.Contains(w.BlockedLocations, v.WorkOrder) {
			against("blacklisted for the work order")
		}
	}
	if !v.End.After(v.Start) {
		if r.checks.Unavailability || r.checks.Activities || r.checks.JobConflicts {
			against("the visit has no end to compare times with")
		}
		return f
	}
	if r.checks.Unavailability {
		for _, s := range w.absent.overlapping(v.Start, v.End) {
			against("on leave " + v.inShort(s))
		}
		for _, s := range w.asked.overlapping(v.Start, v.End) {
			f.doubts = append(f.doubts, r.name(id)+" has asked for leave "+v.inShort(s))
		}
	}
	if r.checks.Activities {
		for _, s := range w.busy.overlapping(v.Start, v.End) {
			against(strings.Join(strings.Fields("activity "+s.ID+" "+v.inShort(s)), " "))
		}
	}
	if r.checks.JobConflicts {
		for _, visits := range [...]*spans{&w.booked, &w.given} {
			for _, s := range visits.overlapping(v.Start.Add(-r.buffer), v.End.Add(r.buffer)) {
				if s.ID != v.ID {
					against("other visit " + s.ID + " " + v.inShort(s))
				}
			}
		}
	}
	return f
}

// memberOf tells whether the worker belongs to the region all that time.
func (w *worker) memberOf(region string, start, end time.Time) bool {
	return slices.ContainsFunc(w.Memberships, func(m Membership) bool {
		return m.Region == region && !start.Before(m.From) && (m.Until.IsZero() || start.Before(m.Until) && !end.After(m.Until))
	})
}

func (w *worker) memberEver(region string) bool {
	return slices.ContainsFunc(w.Memberships, func(m Membership) bool { return m.Region == region })
}

// take notes that the worker is given the visit, so that those after it are
// compared with it too (HOLD-A31).
func (r *roster) take(id string, v *visit) {
	r.workers[id].given.add(Span{ID: v.ID, Start: v.Start, End: v.End})
}

func (r *roster) name(id string) string {
	if w := r.workers[id]; w != nil {
		return cmp.Or(w.Name, id)
	}
	return id
}

func (r *roster) names(ids []string) string {
	if !r.trace {
		return ""
	}
	var names []string
	for _, id := range ids {
		names = append(names, r.name(id))
	}
	return strings.Join(names, ", ")
}

// inShort writes when something is, beside a visit of which the day is known:
// "09:00-10:00", "3-9 March", "2 March 22:00-3 March 06:00".
func (v *visit) inShort(s Span) string {
	start, end := s.Start.In(v.zone), s.End.In(v.zone)
	const clock, day = "15:04", "2 January"
	if start.Format(clock) == "00:00" && end.Format(clock) == "00:00" {
		switch last := end.AddDate(0, 0, -1); {
		case !last.After(start):
			return start.Format(day)
		case start.Month() == last.Month() && start.Year() == last.Year():
			return start.Format("2") + "-" + last.Format(day)
		default:
			return start.Format(day) + "-" + last.Format(day)
		}
	}
	from, until := start.Format(day+" "+clock), end.Format(day+" "+clock)
	if dateOf(start) == dateOf(end) {
		until = end.Format(clock)
		if dateOf(start) == v.day {
			from = start.Format(clock)
		}
	}
	return from + "-" + until
}

// spans are stretches of time in the order of their start, asked about in the
// order of time.
type spans struct {
	list  []Span
	reach []time.Time // the latest end up to each
	over  int         // so many at the front end before anything that is asked
}

// newSpans takes most lists as they are: the org gives them in order.
func newSpans(list []Span) spans {
	byStart := func(a, b Span) int { return a.Start.Compare(b.Start) }
	if !slices.IsSortedFunc(list, byStart) {
		list = slices.Clone(list)
		slices.SortStableFunc(list, byStart)
	}
	s := spans{list: slices.Clip(list), reach: make([]time.Time, 0, len(list))}
	for i := range list {
		s.extend(&list[i])
	}
	return s
}

// add appends a span that starts no earlier than the last, to spans that began
// empty: others are the snapshot's own.
func (s *spans) add(one Span) {
	if s.over == len(s.list) {
		s.list, s.reach, s.over = s.list[:0], s.reach[:0], 0
	}
	s.list = append(s.list, one)
	s.extend(&one)
}

func (s *spans) extend(one *Span) {
	reach := one.end()
	if n := len(s.reach); n > 0 && s.reach[n-1].After(reach) {
		reach = s.reach[n-1]
	}
	s.reach = append(s.reach, reach)
}

// overlapping returns those that overlap [start, end), in order. No later call
// may have an earlier start.
func (s *spans) overlapping(start, end time.Time) []Span {
	for s.over < len(s.list) && !s.reach[s.over].After(start) {
		s.over++
	}
	var found []Span
	for i := s.over; i < len(s.list) && s.list[i].Start.Before(end); i++ {
		if one := s.list[i]; one.end().After(start) {
			one.End = one.end()
			found = append(found, one)
		}
	}
	return found
}

// end counts a span without an end as a moment.
func (s *Span) end() time.Time {
	if !s.End.After(s.Start) {
		return s.Start.Add(time.Nanosecond)
	}
	return s.End
}
