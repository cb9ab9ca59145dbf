package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A ruling is a decision being written.
type ruling struct {
	Decision
	m   *matter
	row *row
}

// rule finds the row for the facts and begins the decision, about a or, if it
// is nil, about what the event is about.
func (m *matter) rule(t *table, a *Assignment, facts ...Fact) ruling {
	r := t.decide(facts)
	subject := m.event.Subject
	if a != nil {
		subject = Ref{"assignment", a.ID}
	}
	return ruling{m: m, row: r, Decision: Decision{
		Policy: m.name(), Table: t.name, Row: r.id, Because: r.because, Subject: subject, Facts: m.told(facts),
	}}
}

func (d *ruling) act(verb string, on Ref, args map[string]string) {
	d.Actions = append(d.Actions, Action{Verb: verb, On: on, Args: args})
}

func (d *ruling) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

func (d *ruling) remember(key, value string) {
	if d.Remember == nil {
		d.Remember = map[string]string{}
	}
	d.Remember[key] = value
}

func (m *matter) decideRequest() []Decision {
	meant, about := m.meant(m.all, func(a *Assignment) bool {
		return slices.Contains([]string{"open", "under-way"}, m.assignmentFact(a).Value)
	})
	d := m.rule(m.request, nil, m.requestFact(about), meant)
	switch d.row.then[0] {
	case "hold-for-review":
		d.holdForReview(about)
		return []Decision{d.Decision}
	case "decide-occurrence":
		return append([]Decision{d.Decision}, m.decideCancel(about[0], "occurrence")...)
	}
	var decisions []Decision
	var results []string
	for _, a := range about {
		each := m.decideCancel(a, "series")
		decisions = append(decisions, each...)
		results = append(results, a.called()+": "+outcome(each[len(each)-1]))
	}
	d.act(postComment, Ref{"assignment", about[0].ID}, map[string]string{"text": fmt.Sprintf(
		"%s asked %s to cancel the whole series.\n%s%s", m.speaker(), m.inWords(m.at()), strings.Join(results, "\n"), m.mail.source())})
	return append([]Decision{d.Decision}, decisions...)
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

// decideCancel decides one assignment, and before it what it would be billed.
func (m *matter) decideCancel(a *Assignment, scope string) []Decision {
	billing, b := m.decideBilling(a, m.at())
	d := m.rule(m.cancel, a, m.fact("scope", scope, "what is asked for is: %s", scope), m.assignmentFact(a), b.Fact)
	if what := d.row.then[0]; what == "nothing" || what == "leave-out" {
		return []Decision{d.Decision}
	}
	if m.trace {
		d.cancel(a, b)
	}
	return []Decision{billing, d.Decision}
}

func (d *ruling) cancel(a *Assignment, b bill) {
	m := d.m
	for _, term := range d.row.then {
		switch term {
		case "cancel":
			d.act("cancel-assignment", d.Subject, map[string]string{
				"status-was": a.Status, "requester": m.requester(), "by": standdown, "at": m.at().UTC().Format(time.RFC3339), "verdict": b.verdict(),
			})
		case "record-billing":
			d.recordBilling(a, b)
			d.comment(a, fmt.Sprintf("%s asked %s to cancel it. %s", m.speaker(), m.inWords(m.at()), sentence(b.verdict())))
		case "hold-for-review":
			d.holdForReview([]*Assignment{a})
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
	d := m.rule(m.changed, a, status, m.decisionFact(a), requester, b.Fact)
	switch status.Value {
	case "cancelled":
		d.remember(memoryCancelledAt, since.UTC().Format(time.RFC3339))
	case "live":
		d.remember(memoryCancelledAt, "")
	}
	switch d.row.then[0] {
	case "record-billing":
		d.recordBilling(a, b)
		d.comment(a, fmt.Sprintf("It was cancelled in Salesforce %s; %s asked for it. %s", m.inWords(since), a.asker(), sentence(b.verdict())))
		return []Decision{billing, d.Decision}
	case "void-billing":
		d.voidBilling(a)
		d.comment(a, "It was reopened in Salesforce, so the decision about billing its cancellation is voided.")
	case "hold-for-review":
		d.holdForReview([]*Assignment{a})
	}
	return []Decision{d.Decision}
}

func (m *matter) decideReopen() []Decision {
	meant, about := m.meant(m.all, func(a *Assignment) bool { return a.Status == "cancelled" && m.now.Before(a.End) })
	var a *Assignment
	standing := m.fact("assignment", "unclear", "%s", meant.Reason)
	switch {
	case meant.Value == "series":
		standing = m.fact("assignment", "series", "%s", meant.Reason)
	case meant.Value == "occurrence" && about[0].Status == "cancelled":
		a, standing = about[0], m.fact("assignment", "cancelled", "%s is cancelled", m.called(about[0]))
	case meant.Value == "occurrence" && about[0].Status == "":
		a, standing = about[0], m.fact("assignment", "unclear", "the status of %s cannot be read", m.called(about[0]))
	case meant.Value == "occurrence":
		a, standing = about[0], m.fact("assignment", "live", "%s is not cancelled", m.called(about[0]))
	}
	text := "" // of the comment
	d := m.rule(m.reopen, a, m.requestFact(about), standing, m.endFact(a), m.decisionFact(a))
	for _, term := range d.row.then {
		switch term {
		case "reopen":
			d.act("reopen-assignment", d.Subject, map[string]string{"status-was": a.Status})
			for _, who := range a.Interpreters {
				d.act("release-interpreter", Ref{"assignment-interpreter", who.ID}, map[string]string{"name": who.called()})
			}
			d.remember(memoryCancelledAt, "")
			text = fmt.Sprintf("%s asked %s to take the cancellation back. It is Unfilled again, ready to be given to somebody.", m.speaker(), m.inWords(m.at()))
		case "void-billing":
			d.voidBilling(a)
			text += " The decision about billing is voided."
		case "hold-for-review":
			d.holdForReview(about)
		}
	}
	if text != "" {
		d.comment(a, text)
	}
	return []Decision{d.Decision}
}

// decideWaive decides on the word of who, whether billing is waived; a is nil
// if there is no such assignment.
func (m *matter) decideWaive(a *Assignment, who string) []Decision {
	d := m.rule(m.waive, a, m.waiverFact(who), m.waivableFact(a))
	switch d.row.then[0] {
	case "waive-billing":
		d.act("waive-billing", Ref{"billing", a.Billing.ID}, map[string]string{"status-was": a.Billing.Status, "by": who})
		d.comment(a, fmt.Sprintf("%s has waived the billing of its cancellation: no charge and no payout.", who))
	case "hold-for-review":
		var about []*Assignment
		if a != nil {
			about = append(about, a)
		}
		d.holdForReview(about)
	}
	return []Decision{d.Decision}
}

// recordBilling keeps what was decided, whether it is billed or not (ASG-2).
func (d *ruling) recordBilling(a *Assignment, b bill) {
	whole := func(minutes float64) string { return strconv.FormatFloat(minutes, 'f', -1, 64) }
	args := map[string]string{
		"verdict": b.Value, "charge-minutes": whole(b.charge), "payout-minutes": whole(b.paid()), "details": sentence(b.verdict()),
	}
	if b.Value == "waived" {
		args["waived-by"] = a.WaivedBy
	}
	d.act("record-billing", d.Subject, args)
}

func (d *ruling) voidBilling(a *Assignment) {
	d.act("void-billing", Ref{"billing", a.Billing.ID}, map[string]string{"status-was": a.Billing.Status})
}

func (d *ruling) comment(a *Assignment, text string) {
	d.act(postComment, Ref{"assignment", a.ID}, map[string]string{"text": text + d.m.event.because() + d.m.mail.source()})
}

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
func (d *ruling) holdForReview(about []*Assignment) {
	m := d.m
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
	text := fmt.Sprintf("It is about %s: %s %s.%s\n\nThis needs a person: %s (row %s).\n\n%s",
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
func (r Request) sender() string {
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
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}
