package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (q *blockQuestion) decideCancel() []Decision {
	block := q.blockFact()
	d := q.draft(q.cancel, block, q.fieldsFact(), q.workFactOf(block))
	q.keep(&d, block.Value)
	var effects []Decision
	if slices.Contains(d.row.then, "send-back") {
		effects = q.sendBack()
	}
	for _, term := range d.row.then {
		switch term {
		case "cancel":
			d.act("cancel-block", d.Subject, nil)
		case "send-back":
			q.tell(&d, effects)
		case "watch":
			d.due(q.now.Add(q.settings.ReopenDelay))
		case "hold-for-review":
			d.holdForReview()
		}
	}
	if block.Value == "reopened" && !writes(effects) && len(effects) > 0 {
		d.remember(memoryCancelled, "")
		d.remember(memoryEffects, "")
	}
	return append([]Decision{d.Decision}, effects...)
}

// workFactOf does not look at the work of a block that is not there.
func (q *blockQuestion) workFactOf(block Fact) Fact {
	if q.block == nil {
		return q.fact("work", "waiting", "%s", block.Reason)
	}
	return q.workFact()
}

// keep remembers how far the cancellation has come.
func (q *blockQuestion) keep(d *blockDraft, block string) {
	if !q.trace || q.block == nil || q.block.State == "" {
		return
	}
	d.remember(memoryBlockState, q.block.State)
	begun := q.memory(memoryEffects)
	switch block {
	case "cancelling", "cancelled", "reopened":
		if slices.Contains(d.row.then, "send-back") && begun == "" {
			d.remember(memoryEffects, q.event.ID)
		}
		if block != "cancelling" && q.memory(memoryCancelled) == "" {
			d.remember(memoryCancelled, q.now.UTC().Format(time.RFC3339))
		}
	case "left":
		d.remember(memoryEffects, noEffects)
		if q.memory(memoryCancelled) == "" {
			d.remember(memoryCancelled, q.now.UTC().Format(time.RFC3339))
		}
	case "booked", "open":
		if begun != "" {
			d.remember(memoryEffects, "")
		}
		if q.memory(memoryCancelled) != "" {
			d.remember(memoryCancelled, "")
			d.due(time.Time{})
		}
	}
}

// sendBack decides what becomes of everything that the block was set for, the
// meeting last (OPS-A12).
func (q *blockQuestion) sendBack() []Decision {
	all := []Decision{q.decideParent()}
	if q.block.Type == "revenue-service" {
		all = append(all, q.decideSale())
	}
	return append(all, q.decideMeeting())
}

func (q *blockQuestion) decideParent() Decision {
	kind := q.kindFact()
	d := q.draft(q.parent, kind, q.parentFact(kind.Value), q.othersFact(), q.readyFact(), q.newsFact())
	m := q.moveOf(kind.Value)
	switch d.row.then[0] {
	case "back-job":
		d.move("send-back-job", "ops-job", m)
	case "back-ticket":
		d.move("send-back-ticket", "ticket", m)
	case "ready-contact", "rest-contact":
		d.move("send-back-contact", "contact", m)
	case "warn":
		_, why, _ := strings.Cut(d.Because, ": ")
		d.warn("%s", why)
	case "ask-to-ready", "hold-for-review":
		d.holdForReview()
	}
	return d.Decision
}

func (q *blockQuestion) decideSale() Decision {
	reset := q.fact("reset", "no", "Reset Service is No")
	if q.block.ResetService == "yes" {
		reset = q.fact("reset", "yes", "Reset Service is Yes")
	}
	d := q.draft(q.sale, reset, q.saleFact(), q.newsFact())
	switch d.row.then[0] {
	case "cancel-sale":
		d.move("cancel-service-sale", "sale", move{of: q.block.Sale, to: q.settings.SaleState})
	case "hold-for-review":
		d.holdForReview()
	}
	return d.Decision
}

func (q *blockQuestion) decideMeeting() Decision {
	d := q.draft(q.meeting, q.meetingFact())
	if d.row.then[0] == "delete-meetings" {
		for _, id := range q.block.Meetings {
			d.act("delete-meeting", Ref{"meeting", id}, nil)
		}
	}
	return d.Decision
}

func (q *blockQuestion) decideReopen() []Decision {
	block := q.blockFact()
	reopener := q.fact("reopener", q.settings.AutoReopen, "the settings say who opens a block again: %s", q.settings.AutoReopen)
	d := q.draft(q.reopen, block, reopener, q.effectsFact(block.Value), q.patienceFact())
	switch d.row.then[0] {
	case "reopen":
		d.act("reopen-block", d.Subject, map[string]string{"clear": strings.Join(q.settings.ClearFields, ",")})
		d.remember(memoryCancelled, "")
		d.remember(memoryEffects, "")
	case "wait":
		// Less and less often, for a person may take hours to approve.
		since, _ := time.Parse(time.RFC3339, q.memory(memoryCancelled))
		d.due(q.now.Add(max(q.settings.ReopenDelay, q.now.Sub(since))))
	case "hold-for-review":
		d.holdForReview()
	}
	return []Decision{d.Decision}
}

func (q *blockQuestion) decideRequest() []Decision {
	sale := q.fact("sale", "none", "%s", q.doubt)
	if q.block != nil {
		sale = q.saleFact()
	}
	d := q.draft(q.request, q.bookedFact(), sale)
	d.advise(d.row.then[0])
	return []Decision{d.Decision}
}

func (q *blockQuestion) decideReschedule() []Decision {
	d := q.draft(q.reschedule, q.bookedFact(), q.timeFact())
	d.advise(d.row.then[0])
	return []Decision{d.Decision}
}

// writes reports whether the decisions change anything but a person's inbox.
func writes(decisions []Decision) bool {
	return slices.ContainsFunc(decisions, func(d Decision) bool {
		return slices.ContainsFunc(d.Actions, func(a Action) bool { return a.Verb != holdForReview })
	})
}

// A blockDraft is a decision about an ops block being written. Its subject is
// always the block, so that all its actions are carried out in one order.
type blockDraft struct {
	Decision
	q   *blockQuestion
	row *row
}

func (q *blockQuestion) draft(t *table, facts ...Fact) blockDraft {
	r := t.decide(facts)
	subject := q.event.Subject
	if q.block != nil {
		subject = Ref{"block", q.block.ID}
	}
	return blockDraft{q: q, row: r, Decision: Decision{
		Policy: q.name(), Table: t.name, Row: r.id, Because: r.because, Subject: subject, Facts: q.told(facts),
	}}
}

func (d *blockDraft) act(verb string, on Ref, args map[string]string) {
	d.Actions = append(d.Actions, Action{Verb: verb, On: on, Args: args})
}

func (d *blockDraft) move(verb, kind string, m move) {
	var args map[string]string
	if d.q.trace {
		args = map[string]string{"state-was": m.of.State, "state": m.to, "name": m.of.Name}
	}
	d.act(verb, Ref{kind, m.of.ID}, args)
}

func (d *blockDraft) remember(key, value string) {
	if !d.q.trace {
		return
	}
	if d.Remember == nil {
		d.Remember = map[string]string{}
	}
	d.Remember[key] = value
}

func (d *blockDraft) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

// due sets the time of the next look at a canceled block; zero takes it off.
func (d *blockDraft) due(at time.Time) {
	d.Deadlines = append(d.Deadlines, Deadline{Kind: BlockDue, Subject: d.Subject, At: at})
}
