package rules

import (
	"strings"
	"time"
)

// tell comments on the block what follows, once for a cancellation.
func (q *blockQuestion) tell(d *draft, effects []Decision) {
	if !q.trace || q.newsFact().Value == "again" {
		return
	}
	var text strings.Builder
	write := func(parts ...string) {
		for _, part := range parts {
			text.WriteString(part)
		}
	}
	text.Grow(400) // enough for most
	write(q.transition(), ": ", q.block.called(), ", set for ", q.restrictions(), ", is cancelled.")
	if q.block.Reason != "" {
		write("\nReason: ", shorten(q.block.Reason, 300), ".")
	}
	for _, e := range effects {
		for _, a := range e.Actions {
			write("\n- ", inShort(a))
		}
		for _, warning := range e.Warnings {
			write("\n- Note: ", warning, ".")
		}
	}
	if q.settings.AutoReopen == "daemon" {
		text.WriteString("\nThen the block is opened again.")
	}
	text.WriteString("\nNothing is set again by itself: whoever sets the work again chooses a suitable open block.") // OPS-17
	d.act(postComment, d.Subject, map[string]string{"text": text.String()})
}

// transition is how the block is cancelled in the org (OPS-A1).
func (q *blockQuestion) transition() string {
	if q.block != nil && q.block.Type == "revenue-service" {
		return "Cancel Revenue Service"
	}
	return "Cancel Ops Block"
}

// inShort says what an action does, for the comment on the block.
func inShort(a Action) string {
	switch a.Verb {
	case "delete-meeting":
		return "The meeting is deleted."
	case holdForReview:
		return "The back office is asked to look: " + a.Args["title"] + "."
	}
	what := a.On.Kind
	switch what {
	case "ops-job":
		what = "job"
	case "ticket":
		what = "shipping ticket"
	}
	if a.Args["name"] != "" {
		what += " " + a.Args["name"]
	}
	return fill("The %s goes from %s to %s.", what, a.Args["state-was"], a.Args["state"])
}

// holdForReview gives the matter to a person, with all that was found.
func (q *blockQuestion) holdForReview(d *draft) {
	if !q.trace {
		return
	}
	_, why, _ := strings.Cut(d.Because, ": ")
	var text strings.Builder
	text.WriteString(fill("%s\n\nThis needs a person: %s (row %s).\n\n%s", q.happened(), why, d.Row, found(d.Facts, d.Warnings, q.mail)))
	switch d.Row {
	case "K4", "K5":
		text.WriteString("\n\nFill in what is empty and save: the rest then follows.")
	case "K6":
		text.WriteString("\n\nNothing was changed. If the cancellation is right, put the work into a state that may go back, and save the block's reason again.")
	case "L2":
		text.WriteString("\n\nThe sale is left as it is. If senior management has agreed, cancel it with \"Cancel - No Cancel Fee\" or \"Cancel with Cancel Fee\".")
	}
	d.act(holdForReview, d.Subject, map[string]string{
		"title": shorten(q.topic()+": "+why, 255), "text": text.String(), "contact": q.contact(),
	})
}

// advise tells the back office how to carry out what a mail asks for. A person
// does it, for only they can agree with the customer.
func (q *blockQuestion) advise(d *draft, how string) {
	if !q.trace {
		return
	}
	_, why, _ := strings.Cut(d.Because, ": ")
	steps := map[string]string{
		"change-time": "If the time you agree on lies within the block, use the transition Change Event Time.\n" +
			"If it does not, cancel the block and set the work again in an open one.",
		"cancel-and-set": "Cancel the block, stating the reason; its work goes back by itself.\n" +
			"Then set the work again, the way it was first set, in a suitable open block.",
		"compare": "If the new time lies between Block Start and Block End, use the transition Change Event Time.\n" +
			"If it does not, cancel the block and set the work again in an open one.",
		"set":      "Set the work in a suitable open block; if there is none, set up a new one.",
		"find-out": "Find out which block is meant.",
		"cancel":   "Use the transition " + q.transition() + ", stating the reason; the work then goes back by itself.",
		"cancel-sale": "If senior management has agreed, cancel the sale with \"Cancel - No Cancel Fee\" or \"Cancel with Cancel Fee\", and then the block.\n" +
			"If only this appointment is to be cancelled, use the transition " + q.transition() + "; the sale stays as it is.",
		"not-set": "Tell the customer that nothing is set.",
	}
	text := fill("%s\n\nWhat to do: %s.\n%s\n\n%s", q.happened(), why, steps[how], found(d.Facts, d.Warnings, q.mail))
	d.act(holdForReview, d.Subject, map[string]string{
		"title": shorten(q.topic()+": "+why, 255), "text": text, "contact": q.contact(),
	})
}

func (q *blockQuestion) topic() string {
	about := "an ops block"
	if q.block != nil {
		about = q.block.called()
	}
	switch q.event.Kind {
	case RescheduleRequested:
		return "Request to reschedule " + about
	case BlockCancelRequested:
		return "Request to cancel " + about
	case BlockDue:
		return "Opening of " + about
	}
	return "Cancellation of " + about
}

func (q *blockQuestion) happened() string {
	about := "an ops block"
	if q.block != nil {
		about = q.block.called() + " (" + q.restrictions() + ")"
	}
	at := q.event.At
	if at.IsZero() {
		at = q.now
	}
	day := inWords(at.In(q.calendar.zone))
	switch q.event.Kind {
	case RescheduleRequested:
		return fill("On %s %s asked by mail for another time of %s.", day, q.mail.writer(), about)
	case BlockCancelRequested:
		return fill("On %s %s asked by mail to cancel %s.", day, q.mail.writer(), about)
	case BlockDue:
		return fill("On %s it was checked whether %s is open again.", day, about)
	}
	return fill("On %s the record of %s changed.", day, about)
}

// restrictions are the block's Time Block Restrictions, in words.
func (q *blockQuestion) restrictions() string {
	b := q.block
	if b.Start.IsZero() || b.End.IsZero() {
		return "a time that is not known"
	}
	start, end := b.Start.In(q.calendar.zone), b.End.In(q.calendar.zone)
	const long, short = "Monday, 2 January 2006, 15:04", "15:04"
	layout := long
	if midnight(start, time.UTC).Equal(midnight(end, time.UTC)) {
		layout = short
	}
	return string(end.AppendFormat(start.AppendFormat(make([]byte, 0, 64), long+" to "), layout))
}

func (q *blockQuestion) contact() string {
	if q.block == nil || q.block.Contact == nil {
		return ""
	}
	return q.block.Contact.ID
}
