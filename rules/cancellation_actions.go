package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Texts of cases, as Deal Processing and the back office know them.
const (
	referralType    = "Account Management - Cancellation"                // MIL-33
	referralText    = "Cancellation request - M1B with invoice uploaded" // MIL-33
	restorationType = "Account Management: Restore Contract"             // MIL-34
	restorationText = "Restoration Request"                              // MIL-34
	staysRejected   = "Reviews that were rejected for it stay rejected." // MIL-A19
)

// draft begins a decision about the workflow, if it is known which.
func (q *question) draft(t *table, facts ...Fact) draft {
	subject := q.event.Subject
	if q.workflow != nil {
		subject = Ref{"workflow", q.workflow.ID}
	}
	return q.trace.draft(q.name(), t, subject, facts)
}

// due sets the end of the time for restoring; a zero time takes it off.
func (q *question) due(d *draft, at time.Time) {
	d.Deadlines = append(d.Deadlines, Deadline{Kind: CancellationDue, Subject: d.Subject, At: at})
}

// closeReview rejects all that is pending for the current milestone, and only
// for it, then submits the review (MIL-A5).
func (q *question) closeReview(d *draft) {
	m, _ := q.workflow.current()
	for _, id := range m.Reviews {
		d.act("reject-review", Ref{"review", id}, nil)
	}
	d.act("submit-review", Ref{"milestone", m.ID}, nil)
}

// cancelWorkflow is cancel, then comment; the notification has a table of its
// own and follows as the next decision (MIL-13).
func (q *question) cancelWorkflow(d *draft) {
	if !q.trace {
		return
	}
	d.act("cancel-workflow", d.Subject, map[string]string{"reason": q.reason()})
	var asked string
	if q.event.Kind == CancellationRequested {
		asked = fill("%s asked in writing on %s to cancel %s.", q.mail.writer(), q.dayInWords(), q.workflow.inFull())
	} else {
		asked = fill("Deal Processing has approved the cancellation of %s, which the homeowner asked for in writing.", q.workflow.inFull())
	}
	review := ""
	if slices.Contains(d.row.then, "close-review") {
		review = "\nThe review under way was rejected and submitted. " + staysRejected
	}
	q.comment(d, fill("%s\nReason: %s.\nIt is now Cancel Pending and can be restored for %s business days, at least until the end of %s. After that it is cancelled for good.%s%s",
		asked, q.reason(), strconv.Itoa(q.settings.BusinessDays), q.lastDayInWords(q.now), review, q.mail.source()))
}

// comment goes to the feed of the homeowner's profile (MIL-A23).
func (q *question) comment(d *draft, text string) {
	if !q.trace {
		return
	}
	contact := q.contact()
	if contact == "" {
		d.warn("no homeowner's profile is known to comment on")
		return
	}
	d.act("post-comment", Ref{"contact", contact}, map[string]string{"text": text})
}

// refer tells Deal Processing by a case that says who asks, and gives the case
// back to the back office, which talks with them (MIL-18, MIL-33).
func (q *question) refer(d *draft, request string) {
	if !q.trace {
		return
	}
	requester := "HO"
	switch {
	case request == "on-behalf" && q.workflow.Installer.writesFrom(q.mail.From):
		requester = "Installer"
	case request == "on-behalf":
		requester = "Sales Rep"
	}
	text := fill("%s\nThe request comes from: %s (%s), by mail on %s.\nIt is about %s.\nThe invoice will need to be paid.",
		referralText, requester, q.mail.writer(), q.dayInWords(), q.workflow.inFull())
	if requester != "HO" && q.memory(memoryStatement) == "" {
		text += "\nThe homeowner's own written statement is still missing; nothing is cancelled without it."
	}
	text += q.mail.source()
	d.act("open-case", d.Subject, map[string]string{
		"subject": referralText, "description": text, "request_type": referralType, "contact": q.contact(), "requester": requester,
	})
	d.act("assign-case", d.Subject, map[string]string{"team": q.settings.DealProcessingTeam, "reason": referralText, "comments": shorten(text, 1000)})
	d.act("requeue-case", d.Subject, nil)
}

func (q *question) askToRestore(d *draft) {
	if !q.trace {
		return
	}
	since, _ := q.pendingSince()
	requester := "HO"
	if by := q.event.askedBy(); by != "" {
		requester = by
	}
	text := fill("%s %s.\nIt can be restored until the end of %s. %s%s%s",
		q.askedToRestore(), q.workflow.inFull(), q.lastDayInWords(since), staysRejected, q.event.because(), q.mail.source())
	d.act("open-case", d.Subject, map[string]string{
		"subject": restorationText + ": " + q.workflow.called(), "description": text, "request_type": restorationType,
		"contact": q.contact(), "requester": requester,
	})
	d.act("assign-case", d.Subject, map[string]string{"team": q.settings.DealProcessingTeam, "reason": restorationText, "comments": q.workflow.inFull()})
}

// restoreWorkflow goes back to active: a workflow can have become pending from no
// other status (MIL-A19).
func (q *question) restoreWorkflow(d *draft) {
	if !q.trace {
		return
	}
	d.act("restore-workflow", d.Subject, map[string]string{"status": "active"})
	q.comment(d, fill("%s %s. Its cancellation is undone; it is active again. %s%s%s",
		q.askedToRestore(), q.workflow.inFull(), staysRejected, q.event.because(), q.mail.source()))
}

// askedToRestore begins a sentence that goes on with what is to be restored.
func (q *question) askedToRestore() string {
	if by := q.event.askedBy(); by != "" {
		return fill("%s of the back office asked on %s to restore", by, q.dayInWords())
	}
	return fill("%s asked in writing on %s to restore", q.mail.writer(), q.dayInWords())
}

// sendMail tells the homeowners, and those who signed with them.
func (q *question) sendMail(d *draft, occasion string, to, cc []string) {
	if !q.trace {
		return
	}
	verb, template, since := "notify-parties", "cancel-pending", q.now
	if occasion == "final" {
		verb, template = "send-final-notice", "cancelled"
		since, _ = q.pendingSince()
	}
	// What is kept of the statement begins with the Message-ID, if it had one.
	answered, _, _ := strings.Cut(q.memory(memoryStatement), " ")
	if q.mail.MessageID != "" {
		answered = q.mail.MessageID
	}
	if !strings.HasPrefix(answered, "<") {
		answered = ""
	}
	names := make([]string, 0, 4)
	for _, p := range q.workflow.Homeowners {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	args := map[string]string{
		"template": template, "to": strings.Join(to, ","), "cc": strings.Join(cc, ","),
		"name": strings.Join(names, " and "), "contract": q.workflow.Contract,
		"until": q.lastDayInWords(since), "reason": q.reason(),
		"in_reply_to": answered, "references": strings.Join(q.mail.ReplyChain, ","),
	}
	if language := q.language(); language != "" {
		args["language"] = language
	}
	d.act(verb, d.Subject, args)
}

// language is that of the homeowner's request, or of the statement that is
// kept; empty for English.
func (q *question) language() string {
	switch q.mail.Language {
	case "":
		return q.memory(memoryLanguage)
	case "en":
		return ""
	}
	return q.mail.Language
}

// holdForReview gives the matter to a person, with all that was found.
func (q *question) holdForReview(d *draft) {
	if !q.trace {
		return
	}
	_, why, _ := strings.Cut(d.Because, ": ")
	text := q.happened() + "." + q.event.because() + "\n\nThis needs a person: " + why + " (row " + d.Row + ").\n\n" + found(d.Facts, d.Warnings, q.mail)
	d.act("hold-for-review", d.Subject, map[string]string{
		"title": shorten(q.topic()+": "+why, 255), "text": text, "contact": q.contact(),
	})
}

// warnOfRights tells that the law or the contract may give a right to cancel
// whatever the table says, so that nobody refuses what must be granted (BD-6).
func (q *question) warnOfRights(d *draft) {
	if !q.trace || q.workflow == nil || q.workflow.Status != "active" {
		return
	}
	signed, ok := q.workflow.Signed.day()
	if !ok {
		return
	}
	if last := ftcDays(signed, 3); q.at().Before(q.calendar.endOf(last)) {
		d.warn("the request is inside the 3 business days after signing in which the law lets a homeowner cancel (until the end of %s)", inWords(last))
	}
	if days := q.settings.ContractRightDays; q.insideContractRight() {
		d.warn("the request is inside the %d business days after signing in which the contract lets the homeowner cancel (until the end of %s)",
			days, inWords(q.calendar.count(signed, days)))
	}
}

func (q *question) repeatText() string {
	if !q.trace {
		return ""
	}
	return fill("A request to cancel %s was received again on %s, from %s. Nothing was changed: %s.%s",
		q.workflow.inFull(), q.dayInWords(), q.mail.writer(), q.standing(), q.mail.source())
}

// standing says how the workflow stands, for one who asks again.
func (q *question) standing() string {
	if q.workflow.Status == "active" {
		return "Deal Processing has the case"
	}
	return "it is " + inStatus(q.workflow.Status) + " already"
}

func (q *question) topic() string {
	about := "a homeowner's workflow"
	if q.workflow != nil {
		about = q.workflow.called()
	}
	switch q.event.Kind {
	case CancellationRequested:
		return "Request to cancel " + about
	case RestoreRequested:
		return "Request to restore " + about
	case RequestUnclear:
		return "Unclear request"
	case CancellationDue:
		return "End of a pending cancellation of " + about
	}
	return "Cancellation of " + about
}

func (q *question) happened() string {
	about := "a workflow"
	if q.workflow != nil {
		about = q.workflow.inFull()
	}
	switch q.event.Kind {
	case CancellationRequested:
		return fill("On %s %s asked by mail to cancel %s", q.dayInWords(), q.mail.writer(), about)
	case RestoreRequested:
		if by := q.event.askedBy(); by != "" {
			return fill("On %s %s of the back office asked to restore %s", q.dayInWords(), by, about)
		}
		return fill("On %s %s asked by mail to restore %s", q.dayInWords(), q.mail.writer(), about)
	case RequestUnclear:
		return fill("On %s %s sent a mail", q.dayInWords(), q.mail.writer())
	case CancellationDue:
		return fill("The time for restoring %s was checked on %s", about, q.dayInWords())
	}
	return fill("On %s the record of %s or of its case with Deal Processing changed", q.dayInWords(), about)
}

func (q *question) dayInWords() string { return inWords(q.at().In(q.calendar.zone)) }

// contact is the homeowner's profile that has the feed; empty if unknown.
func (q *question) contact() string {
	if q.workflow == nil || len(q.workflow.Homeowners) == 0 {
		return ""
	}
	return q.workflow.Homeowners[0].ID
}

func (w *Workflow) inFull() string {
	if w.Contract == "" {
		return w.called()
	}
	return "workflow " + w.label() + " (contract " + w.Contract + ")"
}

func appendAddress(list []string, address string) []string {
	address = strings.TrimSpace(address)
	if address == "" || contains(list, address) {
		return list
	}
	return append(list, address)
}
