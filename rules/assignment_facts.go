package rules

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memoryCancelledAt is when an assignment was found cancelled by hand, or
// "unknown" if it was when the daemon began: the notice of one that is not
// billed at once is measured from then (ASG-A6).
const memoryCancelledAt = "cancelled-at"

// memoryAsked is the event that asked to cancel an assignment, until that is
// taken back.
const memoryAsked = "asked"

// memoryAnswered is what the record still asks for, though it has been answered
// without a change of the record that could have emptied it.
const memoryAnswered = "answered"

// standdown is who is on record for a cancellation that was carried out here.
// Its billing is decided with it, so seeing it come back must not bill it
// again.
const standdown = "Standdown"

// A matter is one event about assignments.
type matter struct {
	*assignments
	trace
	event Event
	mail  *Request
	now   time.Time
	all   []Assignment
}

// at is when the request was received (ASG-A6): not when it was written, which
// can be forged, nor when it is dealt with, for which nobody can be blamed.
func (m *matter) at() time.Time {
	if m.event.At.IsZero() {
		return m.now
	}
	return m.event.At
}

// meant finds what is to be cancelled: by name, or the only one that it can
// be. A series is meant if it is named or spoken of as one (ASG-8).
func (m *matter) meant(all []Assignment, could func(*Assignment) bool) (Fact, []*Assignment) {
	const name = "meant"
	unclear := func(format string, args ...string) (Fact, []*Assignment) {
		return m.fact(name, "unclear", format, args...), nil
	}
	if m.event.Request == nil {
		i := slices.IndexFunc(all, func(a Assignment) bool { return a.ID == m.event.Subject.ID })
		switch {
		case i < 0:
			return unclear("there is no such assignment")
		case m.event.askedBy() != "":
			return m.fact(name, "occurrence", "assignment %s, this one only", all[i].label()), []*Assignment{&all[i]}
		case all[i].Ask != "cancel-series":
			return m.fact(name, "occurrence", "assignment %s asks for itself", all[i].label()), []*Assignment{&all[i]}
		case all[i].Series == "":
			return unclear("assignment %s belongs to no series", all[i].label())
		}
		return m.series(all, all[i].Series)
	}

	var named, possible []*Assignment
	var series []string
	strange := slices.DeleteFunc(slices.Clone(m.mail.References), func(reference string) bool {
		return slices.ContainsFunc(all, func(a Assignment) bool { return a.isCalled(reference) || strings.EqualFold(reference, a.Series) })
	})
	for i := range all {
		a := &all[i]
		if slices.ContainsFunc(m.mail.References, a.isCalled) {
			named = append(named, a)
		}
		if could(a) {
			possible = append(possible, a)
		}
		if a.Series != "" && contains(m.mail.References, a.Series) && !slices.Contains(series, a.Series) {
			series = append(series, a.Series)
		}
	}
	candidates := possible
	switch {
	case len(strange) > 0:
		return unclear("the mail names %s, which is no assignment or series of the sender's", strings.Join(strange, ", "))
	case len(named) > 0:
		candidates = named
	case len(series) == 1:
		return m.series(all, series[0])
	case len(m.mail.References) > 0:
		return unclear("the mail names %s, which is not one assignment or series", strings.Join(m.mail.References, ", "))
	}
	if m.mail.Series {
		for _, a := range candidates {
			if !slices.Contains(series, a.Series) {
				series = append(series, a.Series)
			}
		}
		if len(series) != 1 || series[0] == "" {
			return unclear("the mail speaks of a series, and which one is not certain")
		}
		return m.series(all, series[0])
	}
	if len(candidates) != 1 {
		return unclear("the mail may mean %s assignments", strconv.Itoa(len(candidates)))
	}
	return m.fact(name, "occurrence", "assignment %s, this one only", candidates[0].label()), candidates
}

func (m *matter) series(all []Assignment, series string) (Fact, []*Assignment) {
	var found []*Assignment
	for i := range all {
		if all[i].Series == series {
			found = append(found, &all[i])
		}
	}
	return m.fact("meant", "series", "series %s, of %s", series, strconv.Itoa(len(found))), found
}

func (a *Assignment) isCalled(reference string) bool {
	return reference != "" && (strings.EqualFold(reference, a.Name) || reference == a.ID)
}

func (a *Assignment) called() string { return "assignment " + a.label() }

func (a *Assignment) label() string { return cmp.Or(a.Name, a.ID) }

// requestFact tells whether somebody asks who is known by name: the sender of a
// mail (ASG-A16), whom the record names at the customer's (ASG-1), or somebody
// of the back office.
func (m *matter) requestFact(about []*Assignment) Fact {
	const name = "request"
	if by := m.event.askedBy(); by != "" {
		return m.fact(name, "named", "%s asks for it", by)
	}
	if m.event.Request == nil {
		if m.requester() == "" {
			return m.fact(name, "nameless", "the record does not say who asked for it")
		}
		return m.fact(name, "named", "the record names who asked for it")
	}
	switch {
	case m.mail.From == "":
		return m.fact(name, "nameless", "the mail has no sender, or several")
	case m.mail.Words != "own":
		return m.fact(name, "unproven", "the mail does not say it in the sender's own words")
	case m.mail.Auth != "pass" && !(m.mail.Auth == "none" && m.settings.AcceptUnauthenticated):
		return m.fact(name, "unproven", "the sender's address is not proven: %s", calledOr(m.mail.AuthReason, "no mail server vouches for it"))
	}
	if len(about) == 0 {
		return m.fact(name, "unproven", "there is no one assignment to compare the sender with")
	}
	for _, a := range about {
		if !slices.ContainsFunc(a.Customer.Contacts, func(p Person) bool { return p.writesFrom(m.mail.From) }) {
			return m.fact(name, "unproven", "the sender is no contact of %s on record", a.Customer.called())
		}
	}
	return m.fact(name, "named", "a contact of the customer writes from the address on record")
}

func (a *Assignment) asker() string { return strings.TrimSpace(a.Requester) }

// requester is who asked at the customer's, for the record (ASG-1): of a mail
// its sender, else whom the record names that asks, or who asks here if it names
// nobody.
func (m *matter) requester() string {
	if m.event.Request != nil {
		return m.mail.sender()
	}
	for i := range m.all {
		if m.all[i].ID == m.event.Subject.ID {
			return cmp.Or(m.all[i].asker(), m.event.askedBy())
		}
	}
	return m.event.askedBy()
}

// speaker is who asks, for those who read what came of it.
func (m *matter) speaker() string { return cmp.Or(m.event.askedBy(), m.requester()) }

// answered tells that what the record asks for is so already, or was when it was
// asked for: what people do to it afterwards does not ask for it again.
func (a *Assignment) answered() bool {
	switch {
	case a == nil || a.Ask == "":
		return false
	case a.Ask == a.Memory[memoryAnswered]:
		return true
	case a.Ask == "cancel":
		return a.Status == "cancelled"
	}
	return a.Ask == "uncancel" && a.Status != "cancelled" && a.Status != ""
}

// assignmentFact tells how it stands. It may be cancelled until it is
// invoiced, even afterwards (ASG-13); somebody at work is not called off by a
// program (ASG-A17).
func (m *matter) assignmentFact(a *Assignment) Fact {
	const name = "assignment"
	begun := !a.Start.IsZero() && !m.now.Before(a.Start)
	switch {
	case a.Invoiced || a.Billing != nil && a.Billing.Status == "invoiced":
		return m.fact(name, "invoiced", "assignment %s is invoiced", a.label())
	case a.Status == "cancelled":
		return m.fact(name, "cancelled", "assignment %s is cancelled", a.label())
	case m.decisionFact(a).Value != "none":
		return m.fact(name, "unclear", "assignment %s is not cancelled, but what is billed of an earlier cancellation still stands", a.label())
	case a.Status == "in-progress":
		return m.fact(name, "under-way", "assignment %s is in progress", a.label())
	case a.Status == "completed":
		return m.fact(name, "over", "assignment %s is completed", a.label())
	case !slices.Contains([]string{"unfilled", "offered", "filled", "confirmed"}, a.Status):
		return m.fact(name, "unclear", "the status of assignment %s cannot be read", a.label())
	case begun && a.End.After(m.now):
		return m.fact(name, "under-way", "assignment %s began %s and is not over", a.label(), m.inWords(a.Start))
	case begun && a.End.IsZero():
		return m.fact(name, "under-way", "assignment %s began %s, and nobody knows when it ends", a.label(), m.inWords(a.Start))
	case begun:
		return m.fact(name, "over", "assignment %s ended %s", a.label(), m.inWords(a.End))
	}
	return m.fact(name, "open", "assignment %s has not begun", a.label())
}

// statusFact is how the record stands after a person has changed it.
func (m *matter) statusFact(a *Assignment) Fact {
	const name = "status"
	switch {
	case a == nil:
		return m.fact(name, "unclear", "there is no such assignment")
	case a.Status == "":
		return m.fact(name, "unclear", "the status of assignment %s cannot be read", a.label())
	case a.Status != "cancelled":
		return m.fact(name, "live", "assignment %s is not cancelled", a.label())
	case a.Memory[memoryCancelledAt] == "unknown":
		return m.fact(name, "long-cancelled", "assignment %s was cancelled before it was first seen", a.label())
	case a.CancelledBy == standdown && (a.Billing == nil || a.Billing.Status == "voided" && a.Memory[memoryAsked] != ""):
		return m.fact(name, "cancelled-here", "assignment %s was cancelled by %s", a.label(), standdown)
	}
	return m.fact(name, "cancelled", "assignment %s is cancelled", a.label())
}

// decisionFact is what has been decided about billing.
func (m *matter) decisionFact(a *Assignment) Fact {
	const name = "decision"
	switch {
	case a != nil && a.Invoiced && a.Status == "cancelled" && (a.Billing == nil || a.Billing.Status == "voided"):
		return m.fact(name, "unclear", "it is invoiced, though no decision about billing its cancellation stands")
	case a == nil || a.Billing == nil:
		return m.fact(name, "none", "nothing has been decided about billing")
	case a.Billing.Status == "voided":
		return m.fact(name, "none", "the last decision about billing is voided")
	case a.Invoiced:
		return m.fact(name, "settled", "it is invoiced")
	}
	switch a.Billing.Status {
	case "pending-review", "not-billable", "waived":
		return m.fact(name, "standing", "the decision about billing is %s", a.Billing.Status)
	case "approved", "invoiced":
		return m.fact(name, "settled", "the decision about billing is %s", a.Billing.Status)
	}
	return m.fact(name, "unclear", "the decision about billing cannot be read")
}

// reopenableFact tells how what is to be reopened stands; a is nil unless it is
// one assignment.
func (m *matter) reopenableFact(meant Fact, a *Assignment) Fact {
	const name = "assignment"
	switch {
	case meant.Value == "series":
		return m.fact(name, "series", "%s", meant.Reason)
	case a == nil:
		return m.fact(name, "unclear", "%s", meant.Reason)
	case a.Status == "cancelled":
		return m.fact(name, "cancelled", "assignment %s is cancelled", a.label())
	case a.Status == "":
		return m.fact(name, "unclear", "the status of assignment %s cannot be read", a.label())
	case a.Memory[memoryAsked] != "":
		return m.fact(name, "requested", "assignment %s is not cancelled, but its cancellation has been asked for", a.label())
	case m.event.Request != nil:
		return m.fact(name, "unclear", "assignment %s is not cancelled, but the mail takes it for cancelled", a.label())
	}
	return m.fact(name, "live", "assignment %s is not cancelled", a.label())
}

// waivableFact is decisionFact as far as it matters for waiving: nothing is
// billed of what is not cancelled.
func (m *matter) waivableFact(a *Assignment) Fact {
	f := m.decisionFact(a)
	switch {
	case a == nil:
		return m.fact(f.Name, "none", "there is no such assignment")
	case a.Status == "":
		return m.fact(f.Name, "unclear", "the status of assignment %s cannot be read", a.label())
	case a.Status != "cancelled":
		return m.fact(f.Name, "none", "assignment %s is not cancelled", a.label())
	case f.Value == "none" || f.Value == "unclear":
	case a.Billing.Status == "waived":
		f.Value = "waived"
	case f.Value == "standing" && a.Billing.Status == "not-billable":
		f.Value = "free"
	case f.Value == "standing":
		f.Value = "billable"
	}
	return f
}

// waiverFact: nobody but a person waives, and one who is known (ASG-A15).
func (m *matter) waiverFact(who string) Fact {
	const name = "waiver"
	switch {
	case strings.TrimSpace(who) != "":
		return m.fact(name, "attributed", "%s waives billing", who)
	case m.event.Kind == AssignmentWaiveRequested:
		return m.fact(name, "anonymous", "billing is to be waived, but nobody is on record for it")
	}
	return m.fact(name, "anonymous", "the box that waives billing is ticked, but nobody is on record for it")
}

// endFact: it can be reopened while now is before its end (ASG-A13).
func (m *matter) endFact(a *Assignment) Fact {
	const name = "end"
	switch {
	case a == nil || a.End.IsZero():
		return m.fact(name, "unknown", "nobody knows when it ends")
	case m.now.Before(a.End):
		return m.fact(name, "ahead", "it ends %s", m.inWords(a.End))
	}
	return m.fact(name, "passed", "it ended %s", m.inWords(a.End))
}

// inWords is a day and time where the business is; it costs nothing where none
// is told.
func (m *matter) inWords(at time.Time) string {
	if !m.trace {
		return ""
	}
	return at.In(m.calendar.zone).Format("on Monday, 2 January 2006 at 15:04")
}
