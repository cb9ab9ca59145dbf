package rules

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A bill is what a cancellation comes to.
type bill struct {
	Fact    // billing: free, billable, waived or unclear
	charge  float64
	payouts []payout
}

type payout struct {
	name    string
	minutes float64
}

// decideBilling finds what it is billed if a is cancelled on the word of
// somebody who spoke at the given time (ASG-A6). Start and request are compared
// as instants, whatever the zones and clocks (ASG-A8).
func (m *matter) decideBilling(a *Assignment, at time.Time) (Decision, bill) {
	customer := m.windowFact("customer", at, a.Start, a.Customer.called(), a.Customer.Terms)
	interpreters, late := m.interpretersFact(a, at)
	verdict := m.fact("verdict", m.settings.Verdict, "the settings judge the parties by: %s", m.settings.Verdict)
	d := m.draft(m.billing, a, m.scheduleFact(a), customer, interpreters, verdict)

	var b bill
	value := "billable"
	for _, term := range d.row.then {
		switch term {
		case "free", "unclear":
			value = term
		case "charge":
			b.charge = m.minutes(a, a.Customer.Terms)
		case "pay", "pay-late":
			for i, who := range a.Interpreters {
				if term == "pay" || late[i] {
					b.payouts = append(b.payouts, payout{who.called(), m.minutes(a, who.Terms)})
				}
			}
		}
	}
	told := ""
	if m.trace {
		told = b.inWords()
	}
	_, why, _ := strings.Cut(d.Because, ": ")
	switch {
	case value == "billable" && a.Waive && strings.TrimSpace(a.WaivedBy) != "":
		b = bill{Fact: m.fact("billing", "waived", "it would be billable, %s, but %s has waived it", told, a.WaivedBy)}
	case value == "billable":
		b.Fact = m.fact("billing", value, "%s; %s", told, why)
		if a.Waive {
			d.warn("the box that waives billing is ticked, but nobody is on record for it: it does not count")
		}
	default:
		b.Fact = m.fact("billing", value, "%s", why)
	}
	return d.Decision, b
}

// scheduleFact: a schedule of no length is one, and comes to the minimum
// (ASG-A19).
func (m *matter) scheduleFact(a *Assignment) Fact {
	const name = "schedule"
	switch {
	case a.Start.IsZero() || a.End.IsZero():
		return m.fact(name, "unknown", "it has no start or no end on record")
	case a.End.Before(a.Start):
		return m.fact(name, "unknown", "it ends before it starts, by the record")
	}
	return m.fact(name, "known", "%s are scheduled", inMinutes(a.scheduled()))
}

func (a *Assignment) scheduled() float64 { return a.End.Sub(a.Start).Minutes() }

// windowFact compares the notice with the window of one party: its own, or the
// agency's (ASG-16). Full notice is enough (ASG-A1).
func (m *matter) windowFact(name string, at, start time.Time, who string, terms Terms) Fact {
	hours, whose := m.settings.AgencyWindowHours, "the agency's"
	if terms.WindowHours != nil {
		hours, whose = *terms.WindowHours, "its own"
	}
	if !(hours >= 0 && hours <= mostHours) {
		return m.fact(name, "unknown", "no usable window is on record for %s, nor an agency's", who)
	}
	if start.IsZero() {
		return m.fact(name, "unknown", "nobody knows the start")
	}
	window := time.Duration(hours * float64(time.Hour))
	notice := m.notice(at, start, window)
	value := "late"
	if notice >= window {
		value = "early"
	}
	if !m.trace {
		return Fact{Name: name, Value: value}
	}
	asked := strconv.FormatFloat(hours, 'f', -1, 64)
	switch {
	case value == "early":
		return m.fact(name, value, "%s asks for %s h (%s), and the notice was that or more", who, asked, whose)
	case notice < 0:
		return m.fact(name, value, "%s asks for %s h (%s), and it was asked for %s after the start", who, asked, whose, inHours(-notice))
	}
	return m.fact(name, value, "%s asks for %s h (%s), and the notice was %s", who, asked, whose, inHours(notice))
}

// interpretersFact judges everybody the assignment is given to, and tells who
// is late.
func (m *matter) interpretersFact(a *Assignment, at time.Time) (Fact, []bool) {
	const name = "interpreters"
	if len(a.Interpreters) == 0 {
		return m.fact(name, "nobody", "no interpreter is assigned"), nil
	}
	late := make([]bool, len(a.Interpreters))
	var count int
	var reasons []string
	for i, who := range a.Interpreters {
		f := m.windowFact(name, at, a.Start, who.called(), who.Terms)
		if f.Value == "unknown" {
			return f, nil
		}
		if f.Value == "late" {
			late[i] = true
			count++
		}
		reasons = append(reasons, f.Reason)
	}
	value := "some-late"
	switch count {
	case 0:
		value = "early"
	case len(late):
		value = "late"
	}
	return m.fact(name, value, "%s", strings.Join(reasons, "; ")), late
}

// notice is the time between the request and the start: elapsed, or that of
// business days between opening and closing (ASG-A7), which is not counted
// further than enough.
func (m *matter) notice(at, start time.Time, enough time.Duration) time.Duration {
	if m.settings.Notice == "elapsed" || start.Before(at) {
		return start.Sub(at)
	}
	var sum time.Duration
	local := at.In(m.calendar.zone)
	for day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC); sum < enough; day = day.AddDate(0, 0, 1) {
		opens, closes := m.onDay(day, m.opens), m.onDay(day, m.closes)
		if opens.After(start) {
			break
		}
		if !m.calendar.isBusinessDay(day) {
			continue
		}
		if opens.Before(at) {
			opens = at
		}
		if closes.After(start) {
			closes = start
		}
		sum += max(0, closes.Sub(opens))
	}
	return sum
}

// onDay is a time of day where the business is.
func (m *matter) onDay(day time.Time, clock time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, int(clock/time.Minute), 0, 0, m.calendar.zone)
}

// minutes is what a party is billed or paid: the scheduled time or the
// party's minimum, whichever is more (ASG-4, ASG-A5).
func (m *matter) minutes(a *Assignment, terms Terms) float64 {
	least := m.settings.AgencyMinimumMinutes
	if own := terms.MinimumMinutes; own != nil && *own >= 0 && *own <= mostHours {
		least = *own
	}
	return math.Max(a.scheduled(), least)
}

// inWords is the verdict as people are shown it (ASG-20).
func (b bill) inWords() string {
	charge := "the customer is not charged"
	if b.charge > 0 {
		charge = "the customer is charged " + inMinutes(b.charge)
	}
	if len(b.payouts) == 0 {
		return charge + ", nobody is paid"
	}
	var paid []string
	for _, p := range b.payouts {
		paid = append(paid, p.name+" is paid "+inMinutes(p.minutes))
	}
	return charge + ", " + strings.Join(paid, ", ")
}

func (b bill) paid() float64 {
	var sum float64
	for _, p := range b.payouts {
		sum += p.minutes
	}
	return sum
}

func inMinutes(minutes float64) string {
	return strconv.FormatFloat(math.Round(minutes), 'f', 0, 64) + " min"
}

func inHours(d time.Duration) string {
	d = d.Round(time.Minute)
	hours := strconv.Itoa(int(d/time.Hour)) + " h"
	if d%time.Hour == 0 {
		return hours
	}
	return hours + " " + strconv.Itoa(int(d%time.Hour/time.Minute)) + " min"
}

func (c Customer) called() string    { return calledOr(c.Name, "the customer") }
func (i Interpreter) called() string { return calledOr(i.Name, "the interpreter") }

func calledOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}
