package rules

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// draft begins a decision, about a or, if it is nil, about what the event is
// about.
func (m *matter) draft(t *table, a *Assignment, facts ...Fact) draft {
	subject := m.event.Subject
	if a != nil {
		subject = Ref{"assignment", a.ID}
	}
	return m.trace.draft(m.name(), t, subject, facts)
}

func (m *matter) decideRequest() []Decision {
	quiet := matter{assignments: m.assignments, now: m.now} // nobody reads these reasons
	meant, about := m.meant(m.all, func(a *Assignment) bool {
		return slices.Contains([]string{"open", "under-way", "unclear"}, quiet.assignmentFact(a).Value)
	})
	d := m.draft(m.request, nil, m.requestFact(about), meant)
	if d.row.then[0] == "hold-for-review" {
		m.holdForReview(&d, about)
		return []Decision{d.Decision}
	}
	decisions := make([]Decision, 1, 1+2*len(about)) // the request's, then billing and cancellation of each
	if d.row.then[0] == "decide-occurrence" {
		decisions[0] = d.Decision
		return m.decideCancel(decisions, about[0], "occurrence")
	}
	var results []string
	for _, a := range about {
		decisions = m.decideCancel(decisions, a, "series")
		results = append(results, a.called()+": "+outcome(decisions[len(decisions)-1]))
	}
	d.act(postComment, Ref{"assignment", about[0].ID}, map[string]string{"text": fill(
		"%s asked %s to cancel the whole series.\n%s%s", m.speaker(), m.inWords(m.at()), strings.Join(results, "\n"), m.mail.source())})
	decisions[0] = d.Decision
	return decisions
}

// outcome is what was decided about one occurrence of a series, for the report
// (ASG-A10).
func outcome(d Decision) string {
	_, why, _ := strings.Cut(d.Because, ": ")
	switch {
	case len(d.Actions) == 0:
		return "left out, " + why
	case d.Actions[0].Verb == holdForReview:
		return "waits for a person, " + why
	}
	return "cancelled, " + d.Actions[0].Args["verdict"]
}

// decideCancel adds the decision about one assignment and, if it is cancelled,
// before it what it is billed.
func (m *matter) decideCancel(decisions []Decision, a *Assignment, scope string) []Decision {
	billing, b := m.decideBilling(a, m.at())
	d := m.draft(m.cancel, a, m.fact("scope", scope, "what is asked for is: %s", scope), m.assignmentFact(a), b.Fact)
	if what := d.row.then[0]; what == "nothing" || what == "leave-out" {
		if a.Ask != "" && a.ID == m.event.Subject.ID {
			d.remember(memoryAnswered, a.Ask)
		}
		return append(decisions, d.Decision)
	}
	d.remember(memoryAsked, m.event.ID)
	m.forget(&d, a, memoryAnswered)
	if m.trace {
		m.cancelAssignment(&d, a, b)
	}
	return append(decisions, billing, d.Decision)
}

func (m *matter) cancelAssignment(d *draft, a *Assignment, b bill) {
	verdict := b.verdict()
	requester, told := m.requester(), sentence(verdict)
	for _, term := range d.row.then {
		switch term {
		case "cancel":
			d.act("cancel-assignment", d.Subject, map[string]string{
				"status-was": a.Status, "requester": requester, "by": standdown, "at": m.at().UTC().Format(time.RFC3339), "verdict": verdict,
			})
		case "record-billing":
			m.recordBilling(d, a, b, told)
			m.comment(d, a, fill("%s asked %s to cancel it. %s%s", cmp.Or(m.event.askedBy(), requester), m.inWords(m.at()), told, m.ending()))
		case "hold-for-review":
			m.holdForReview(d, []*Assignment{a})
		}
	}
}

// decideChanged decides what follows when somebody has changed the record; a
// is nil if there is none.
func (m *matter) decideChanged(a *Assignment) []Decision {
	status := m.statusFact(a)
	since := m.at()
	requester := m.fact("requester", "missing", "the record does not say who asked for it at the customer's")
	b := bill{Fact: m.fact("billing", "unclear", "nothing is to be billed")}
	var billing Decision
	if a != nil {
		if known, err := time.Parse(time.RFC3339, a.Memory[memoryCancelledAt]); err == nil {
			since = known
		}
		if a.asker() != "" {
			requester = m.fact("requester", "named", "the record names who asked for it at the customer's")
		}
		billing, b = m.decideBilling(a, since)
	}
	d := m.draft(m.changed, a, status, m.decisionFact(a), requester, b.Fact)
	if a.answered() {
		d.remember(memoryAnswered, a.Ask)
	} else if a != nil && a.Ask == "" {
		m.forget(&d, a, memoryAnswered)
	}
	switch status.Value {
	case "cancelled":
		d.remember(memoryCancelledAt, since.UTC().Format(time.RFC3339))
	case "live":
		d.remember(memoryCancelledAt, "")
	}
	switch d.row.then[0] {
	case "record-billing":
		told := sentence(b.verdict())
		m.recordBilling(&d, a, b, told)
		m.comment(&d, a, fill("It was cancelled in Salesforce %s; %s asked for it. %s%s", m.inWords(since), a.asker(), told, m.ending()))
		return []Decision{billing, d.Decision}
	case "void-billing":
		m.voidBilling(&d, a)
		m.forget(&d, a, memoryAsked)
		m.comment(&d, a, "It was reopened in Salesforce, so the decision about billing its cancellation is voided."+m.ending())
	case "hold-for-review":
		m.holdForReview(&d, []*Assignment{a})
	}
	return []Decision{d.Decision}
}

// forget forgets what is remembered with a under the key, if anything is.
func (m *matter) forget(d *draft, a *Assignment, key string) {
	if a.Memory[key] != "" {
		d.remember(key, "")
	}
}

func (m *matter) decideReopen() []Decision {
	meant, about := m.meant(m.all, func(a *Assignment) bool {
		return a.Status == "" || a.Status == "cancelled" && (a.End.IsZero() || m.now.Before(a.End))
	})
	var a *Assignment
	if meant.Value == "occurrence" {
		a = about[0]
	}
	text := "" // of the comment
	d := m.draft(m.reopen, a, m.requestFact(about), m.reopenableFact(meant, a), m.endFact(a), m.decisionFact(a))
	for _, term := range d.row.then {
		switch term {
		case "withdraw":
			d.Withdraws = true
			d.remember(memoryAsked, "")
		case "reopen":
			d.act("reopen-assignment", d.Subject, map[string]string{"status-was": a.Status})
			for _, who := range a.Interpreters {
				d.act("release-interpreter", Ref{"assignment-interpreter", who.ID}, map[string]string{"name": who.called()})
			}
			d.remember(memoryCancelledAt, "")
			m.forget(&d, a, memoryAsked)
			m.forget(&d, a, memoryAnswered)
			text = fill("%s asked %s to take the cancellation back. It is Unfilled again, ready to be given to somebody.", m.speaker(), m.inWords(m.at()))
		case "void-billing":
			m.voidBilling(&d, a)
			text += " The decision about billing is voided."
		case "hold-for-review":
			m.holdForReview(&d, about)
		}
	}
	if text != "" {
		m.comment(&d, a, text+m.ending())
	}
	return []Decision{d.Decision}
}

// decideWaive decides on the word of who, whether billing is waived; a is nil
// if there is no such assignment.
func (m *matter) decideWaive(a *Assignment, who string) []Decision {
	d := m.draft(m.waive, a, m.waiverFact(who), m.waivableFact(a))
	switch d.row.then[0] {
	case "waive-billing":
		d.act("waive-billing", Ref{"billing", a.Billing.ID}, map[string]string{"status-was": a.Billing.Status, "by": who})
		m.comment(&d, a, fill("%s has waived the billing of its cancellation: no charge and no payout.%s", who, m.ending()))
	case "hold-for-review":
		var about []*Assignment
		if a != nil {
			about = append(about, a)
		}
		m.holdForReview(&d, about)
	}
	return []Decision{d.Decision}
}

// recordBilling keeps what was decided, whether it is billed or not (ASG-2).
func (m *matter) recordBilling(d *draft, a *Assignment, b bill, details string) {
	whole := func(minutes float64) string { return strconv.FormatFloat(minutes, 'f', -1, 64) }
	args := map[string]string{
		"verdict": b.Value, "charge-minutes": whole(b.charge), "payout-minutes": whole(b.paid()), "details": details,
	}
	if b.Value == "waived" {
		args["waived-by"] = a.WaivedBy
	}
	d.act("record-billing", d.Subject, args)
}

func (m *matter) voidBilling(d *draft, a *Assignment) {
	d.act("void-billing", Ref{"billing", a.Billing.ID}, map[string]string{"status-was": a.Billing.Status})
}

func (m *matter) comment(d *draft, a *Assignment, text string) {
	d.act(postComment, Ref{"assignment", a.ID}, map[string]string{"text": text})
}

// ending ends a comment with the reason given and the mail.
func (m *matter) ending() string { return m.event.because() + m.mail.source() }

// verdict is what is shown before anybody confirms (ASG-20).
func (b bill) verdict() string {
	switch b.Value {
	case "billable":
		return "billable: " + b.Reason
	case "waived":
		return "not billed: " + b.Reason
	}
	return "free: " + b.Reason
}

// holdForReview gives the matter to a person, with all that was found.
func (m *matter) holdForReview(d *draft, about []*Assignment) {
	if !m.trace {
		return
	}
	_, why, _ := strings.Cut(d.Because, ": ")
	what := "an assignment"
	contact := ""
	switch {
	case len(about) == 1:
		what = about[0].called()
	case len(about) > 1 && about[0].Series != "":
		what = "series " + about[0].Series
	}
	for _, a := range about {
		for _, p := range a.Customer.Contacts {
			if contact == "" && m.mail.From != "" && p.writesFrom(m.mail.From) {
				contact = p.ID
			}
		}
	}
	text := fill("It is about %s: %s %s.%s\n\nThis needs a person: %s (row %s).\n\n%s",
		what, m.inWords(m.at()), m.happened(), m.event.because(), why, d.Row, found(d.Facts, d.Warnings, m.mail))
	d.act(holdForReview, d.Subject, map[string]string{
		"title": shorten("Cancellation of "+what+": "+why, 255), "text": text, "contact": contact,
	})
}

func (m *matter) happened() string {
	switch by := m.event.askedBy(); {
	case m.event.Request != nil:
		return calledOr(m.mail.sender(), "somebody unknown") + " wrote a mail"
	case by == "":
		return "the record changed"
	case m.event.Kind == AssignmentCancelRequested:
		return by + " asked to cancel it"
	case m.event.Kind == AssignmentUncancelRequested:
		return by + " asked to take its cancellation back"
	default:
		return by + " asked to waive its billing"
	}
}

// sender is name and address; empty if there is not one sender.
func (r *Request) sender() string {
	if r.Name == "" || r.From == "" {
		return r.From
	}
	return r.Name + " <" + r.From + ">"
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(s[size:], ".") + "."
}
