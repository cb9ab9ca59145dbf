package rules

import (
	"slices"
	"strings"
	"time"
)

func (q *blockQuestion) decideCancel() []Decision {
	block := q.blockFact()
	d := q.draft(q.cancel, block, q.fieldsFact(), q.workFactOf(block))
	q.keep(&d, block.Value)
	decisions := make([]Decision, 1, 3) // the cancellation itself and, of most, two effects
	if slices.Contains(d.row.then, "send-back") {
		decisions = q.sendBack(decisions)
	}
	effects := decisions[1:]
	for _, term := range d.row.then {
		switch term {
		case "cancel":
			d.act("cancel-block", d.Subject, nil)
		case "send-back":
			q.tell(&d, effects)
		case "watch":
			q.due(&d, q.now.Add(q.settings.ReopenDelay))
		case "hold-for-review":
			q.holdForReview(&d)
		}
	}
	if block.Value == "reopened" && !writes(effects) && len(effects) > 0 {
		d.remember(memoryCancelled, "")
		d.remember(memoryEffects, "")
	}
	decisions[0] = d.Decision
	return decisions
}

// workFactOf does not look at the work of a block that is not there.
func (q *blockQuestion) workFactOf(block Fact) Fact {
	if q.block == nil {
		return q.fact("work", "waiting", "%s", block.Reason)
	}
	return q.workFact()
}

// keep remembers how far the cancellation has come.
func (q *blockQuestion) keep(d *draft, block string) {
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
			q.due(d, time.Time{})
		}
	}
}

// sendBack adds what becomes of everything that the block was set for, the
// meeting last (OPS-A12).
func (q *blockQuestion) sendBack(decisions []Decision) []Decision {
	decisions = append(decisions, q.decideParent())
	if q.block.Type == "revenue-service" {
		decisions = append(decisions, q.decideSale())
	}
	return append(decisions, q.decideMeeting())
}

func (q *blockQuestion) decideParent() Decision {
	kind := q.kindFact()
	d := q.draft(q.parent, kind, q.parentFact(kind.Value), q.othersFact(), q.readyFact(), q.newsFact())
	m := q.moveOf(kind.Value)
	switch d.row.then[0] {
	case "back-job":
		q.move(&d, "send-back-job", "ops-job", m)
	case "back-ticket":
		q.move(&d, "send-back-ticket", "ticket", m)
	case "ready-contact", "rest-contact":
		q.move(&d, "send-back-contact", "contact", m)
	case "warn":
		_, why, _ := strings.Cut(d.Because, ": ")
		d.warn("%s", why)
	case "ask-to-ready", "hold-for-review":
		q.holdForReview(&d)
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
		q.move(&d, "cancel-service-sale", "sale", move{of: q.block.Sale, to: q.settings.SaleState})
	case "hold-for-review":
		q.holdForReview(&d)
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
		q.due(&d, q.now.Add(max(q.settings.ReopenDelay, q.now.Sub(since))))
	case "hold-for-review":
		q.holdForReview(&d)
	}
	return []Decision{d.Decision}
}

func (q *blockQuestion) decideRequest() []Decision {
	sale := q.fact("sale", "none", "%s", q.doubt)
	if q.block != nil {
		sale = q.saleFact()
	}
	d := q.draft(q.request, q.bookedFact(), sale)
	q.advise(&d, d.row.then[0])
	return []Decision{d.Decision}
}

func (q *blockQuestion) decideReschedule() []Decision {
	d := q.draft(q.reschedule, q.bookedFact(), q.timeFact())
	q.advise(&d, d.row.then[0])
	return []Decision{d.Decision}
}

// writes reports whether the decisions change anything but a person's inbox.
func writes(decisions []Decision) bool {
	return slices.ContainsFunc(decisions, func(d Decision) bool {
		return slices.ContainsFunc(d.Actions, func(a Action) bool { return a.Verb != holdForReview })
	})
}

// draft begins a decision. Its subject is always the block, so that all its
// actions are carried out in one order.
func (q *blockQuestion) draft(t *table, facts ...Fact) draft {
	subject := q.event.Subject
	if q.block != nil {
		subject = Ref{"block", q.block.ID}
	}
	return q.trace.draft(q.name(), t, subject, facts)
}

func (q *blockQuestion) move(d *draft, verb, kind string, m move) {
	var args map[string]string
	if q.trace {
		args = map[string]string{"state-was": m.of.State, "state": m.to, "name": m.of.Name}
	}
	d.act(verb, Ref{kind, m.of.ID}, args)
}

// due sets the time of the next look at a canceled block; zero takes it off.
func (q *blockQuestion) due(d *draft, at time.Time) {
	d.Deadlines = append(d.Deadlines, Deadline{Kind: BlockDue, Subject: d.Subject, At: at})
}
