package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func (q *question) decideRequest() []Decision {
	milestone := q.milestoneFact()
	request := q.requestFact()
	d := q.draft(q.request, request, q.workflowFact(), milestone, q.evidenceFact(milestone.Value))
	q.warnOfRights(&d)
	if request.Value == "written" {
		// Kept for Deal Processing's decision, which may come weeks later.
		d.remember(memoryStatement, q.evidence())
		d.remember(memoryReason, q.reason())
		if q.language() != q.memory(memoryLanguage) {
			d.remember(memoryLanguage, q.language())
		}
	}
	for _, term := range d.row.then {
		switch term {
		case "close-review":
			q.closeReview(&d)
		case "cancel":
			q.cancelWorkflow(&d)
			return []Decision{d.Decision, q.decideNotify("pending")}
		case "refer":
			q.refer(&d, request.Value)
			d.remember(memoryReferred, q.event.ID)
		case "note-repeat":
			q.comment(&d, q.repeatText())
			if q.workflow.Status == "active" {
				d.remember(memoryReferredRepeat, q.event.ID)
			} else {
				d.remember(memoryRepeat, q.event.ID)
			}
		case "hold-for-review":
			q.holdForReview(&d)
		}
	}
	return []Decision{d.Decision}
}

func (q *question) decideNotify(occasion string) Decision {
	signers := q.signersFact()
	d := q.draft(q.notify,
		q.fact("occasion", occasion, "the cancellation is %s", occasion), q.homeownerFact(), signers, q.addressesFact(signers.Value))
	to, cc := make([]string, 0, 4), make([]string, 0, 4) // of so few the lists stay on the stack
	for _, term := range d.row.then {
		switch term {
		case "to-homeowner":
			for _, p := range q.workflow.Homeowners {
				to = appendAddress(to, p.Email)
			}
		case "cc-installer":
			cc = appendAddress(cc, q.workflow.Installer.Email)
		case "cc-sales-rep":
			cc = appendAddress(cc, q.workflow.SalesRep.Email)
		}
	}
	if len(to) > 0 {
		q.sendMail(&d, occasion, to, slices.DeleteFunc(cc, func(a string) bool { return contains(to, a) }))
	}
	if slices.Contains(d.row.then, "hold-for-review") {
		q.holdForReview(&d)
	}
	return d.Decision
}

func (q *question) decideRestore() []Decision {
	restorer := q.fact("restorer", "people", "auto_restore is off: Deal Processing restores")
	if q.settings.AutoRestore {
		restorer = q.fact("restorer", "daemon", "auto_restore is on")
	}
	d := q.draft(q.restore, q.restoreRequestFact(), q.restorableFact(), q.windowFact(), q.blockFact(), restorer)
	for _, term := range d.row.then {
		switch term {
		case "ask-to-restore":
			q.askToRestore(&d)
			d.remember(memoryRestore, q.event.ID)
		case "restore":
			q.restoreWorkflow(&d)
			d.remember(memoryRestore, q.event.ID)
		case "withdraw":
			d.Withdraws = true
			d.remember(memoryStatement, "")
			d.remember(memoryReason, "")
		case "hold-for-review":
			q.holdForReview(&d)
		}
	}
	return []Decision{d.Decision}
}

func (q *question) decideUnclear() []Decision {
	asks := q.mail.Asks
	if !slices.Contains(q.unclear.columns[0].values, asks) {
		asks = "unclear"
	}
	why := "the mail does not say clearly what it asks for"
	if asks != "unclear" {
		why = "the mail asks for: " + asks
	}
	d := q.draft(q.unclear, q.fact("asks", asks, "%s", why))
	q.holdForReview(&d)
	return []Decision{d.Decision}
}

func (q *question) decideWatch() []Decision {
	status := q.statusFact()
	clock := q.fact("clock", "stopped", "no cancellation is being timed")
	since, running := q.pendingSince()
	if running {
		clock = q.fact("clock", "running", "pending since %s", inWords(since.In(q.calendar.zone)))
	}
	d := q.draft(q.watch, status, clock)
	if status.Value != "unclear" {
		d.remember(memoryStatus, status.Value)
	}
	switch d.row.then[0] {
	case "arm":
		since = q.workflow.ChangedAt
		if since.IsZero() {
			since = q.at()
		}
		d.remember(memoryPendingSince, since.UTC().Format(time.RFC3339))
		q.due(&d, q.calendar.addBusinessDays(since, q.settings.BusinessDays))
	case "disarm":
		if end := q.calendar.addBusinessDays(since, q.settings.BusinessDays); status.Value == "cancelled" && q.now.Before(end) {
			d.warn("it was fully cancelled before the %d business days were over (%s)", q.settings.BusinessDays, q.lastDayInWords(since))
		}
		q.due(&d, time.Time{})
		for _, key := range []string{memoryPendingSince, memoryStatement, memoryReason, memoryReferred, memoryReferral, memoryRestore, memoryRepeat, memoryReferredRepeat} {
			d.remember(key, "")
		}
		if q.memory(memoryLanguage) != "" {
			d.remember(memoryLanguage, "")
		}
		if q.settled() {
			d.remember(memorySettled, q.workflow.Referral.ID)
		}
	}
	return []Decision{d.Decision}
}

func (q *question) decideReferral() []Decision {
	workflow := q.workflowFact()
	if workflow.Value == "noted" {
		workflow.Value = "ended"
	}
	facts := []Fact{workflow, q.decisionFact(), q.referralMilestoneFact(), q.statementFact(), q.photosFact()}
	var values []string
	for _, f := range facts {
		values = append(values, f.Value)
	}
	situation := strings.Join(values, " ")
	news := q.fact("news", "fresh", "this situation has not been seen before")
	by, seen, _ := strings.Cut(q.memory(memoryReferral), " ")
	switch {
	case q.settled():
		news = q.fact("news", "known", "it was about a cancellation that has been taken back")
	case seen == situation && by != q.event.ID:
		news = q.fact("news", "known", "nothing has changed since event %s", by)
	}
	d := q.draft(q.referral, append([]Fact{news}, facts...)...)
	if news.Value == "fresh" {
		d.remember(memoryReferral, q.event.ID+" "+situation)
	}
	switch d.row.then[0] {
	case "cancel":
		q.cancelWorkflow(&d)
		return []Decision{d.Decision, q.decideNotify("pending")}
	case "hold-for-review":
		q.holdForReview(&d)
	}
	return []Decision{d.Decision}
}

func (q *question) decideFinish() []Decision {
	finalize := q.fact("finalize", q.settings.Finalize, "the settings say who finishes a cancellation: %s", q.settings.Finalize)
	restore := q.fact("restore", "none", "nobody has asked to restore it")
	if q.memory(memoryRestore) != "" {
		restore = q.fact("restore", "asked", "a restore was asked for while it was pending")
	}
	d := q.draft(q.finish, q.statusFact(), q.dueFact(), finalize, restore)
	since, _ := q.pendingSince()
	switch d.row.then[0] {
	case "finish":
		d.act("finish-cancellation", d.Subject, nil)
		return []Decision{d.Decision, q.decideNotify("final")}
	case "look-again":
		q.due(&d, q.calendar.addBusinessDays(since, q.settings.BusinessDays+1))
	case "rearm":
		end := q.calendar.addBusinessDays(since, q.settings.BusinessDays)
		d.warn("the deadline came early, for the calendar or the settings have changed since; it can be restored until the end of %s", q.lastDayInWords(since))
		q.due(&d, end)
	case "hold-for-review":
		q.holdForReview(&d)
	}
	return []Decision{d.Decision}
}

func (q *question) statusFact() Fact {
	w := q.workflow
	switch {
	case w == nil:
		return q.fact("status", "unclear", "%s", q.doubt)
	case w.Status == "active":
		return q.fact("status", "active", "workflow %s is active", w.label())
	case w.Status == "cancel-pending" || w.Status == "cancelled":
		return q.fact("status", w.Status, "workflow %s is %s", w.label(), inStatus(w.Status))
	}
	return q.fact("status", "unclear", "the status of workflow %s cannot be read", w.label())
}

func (q *question) restorableFact() Fact {
	const name = "workflow"
	status := q.statusFact()
	switch {
	case status.Value == "cancel-pending" && q.earlier(memoryRestore) && q.settings.AutoRestore && q.event.askedBy() != "":
		// No case of Deal Processing's is doubled by it, and somebody may have
		// declined the earlier one.
		return q.fact(name, "pending", "%s, though a restore was asked for before", status.Reason)
	case status.Value == "cancel-pending" && q.earlier(memoryRestore):
		return q.fact(name, "asked", "%s, and a restore has been asked for", status.Reason)
	case status.Value == "cancel-pending":
		return q.fact(name, "pending", "%s", status.Reason)
	case status.Value == "active" && q.memory(memoryStatement)+q.memory(memoryReferred) != "":
		return q.fact(name, "requested", "%s, but its cancellation has been requested", status.Reason)
	}
	if status.Value == "active" && q.event.askedBy() == "" {
		// It may be about a cancellation that people are at, or another contract.
		return q.fact(name, "unclear", "%s, but the mail takes it for cancelled", status.Reason)
	}
	return q.fact(name, status.Value, "%s", status.Reason)
}

func (q *question) windowFact() Fact {
	since, ok := q.pendingSince()
	if !ok {
		return q.fact("window", "unknown", "nobody knows since when it is pending")
	}
	if q.at().Before(q.calendar.addBusinessDays(since, q.settings.BusinessDays)) {
		return q.fact("window", "open", "it can be restored until the end of %s", q.lastDayInWords(since))
	}
	return q.fact("window", "over", "it could be restored until the end of %s", q.lastDayInWords(since))
}

func (q *question) blockFact() Fact {
	if q.workflow != nil && q.workflow.RestoreBlock != "" {
		return q.fact("block", "some", "not restorable: %s", q.workflow.RestoreBlock)
	}
	return q.fact("block", "none", "nothing on the record forbids it")
}

// dueFact counts again from when the workflow became pending: the calendar or
// the settings may have changed since the deadline was set.
func (q *question) dueFact() Fact {
	since, ok := q.pendingSince()
	switch {
	case !ok:
		return q.fact("due", "unknown", "nobody knows since when it is pending")
	case q.now.Before(q.calendar.addBusinessDays(since, q.settings.BusinessDays)):
		return q.fact("due", "not-yet", "it can be restored until the end of %s", q.lastDayInWords(since))
	case q.now.Before(q.calendar.addBusinessDays(since, q.settings.BusinessDays+1)):
		return q.fact("due", "reached", "it could be restored until the end of %s", q.lastDayInWords(since))
	}
	return q.fact("due", "overdue", "it could be restored until the end of %s, more than a business day ago", q.lastDayInWords(since))
}

func (q *question) decisionFact() Fact {
	const name = "decision"
	switch {
	case q.workflow == nil:
		return q.fact(name, "unclear", "%s", q.doubt)
	case q.workflow.Referral == nil:
		return q.fact(name, "unclear", "the workflow has no case with Deal Processing")
	}
	switch decision := q.workflow.Referral.Decision; decision {
	case "open", "approved", "declined":
		return q.fact(name, decision, "Deal Processing's decision is %s", decision)
	}
	return q.fact(name, "unclear", "Deal Processing's decision cannot be read")
}

func (q *question) referralMilestoneFact() Fact {
	const name = "milestone"
	f := q.milestoneFact()
	switch f.Value {
	case "M1B":
		return q.fact(name, "M1B", "%s", f.Reason)
	case "direct-M2-approved":
		return q.fact(name, "M2", "%s", f.Reason)
	}
	return q.fact(name, "elsewhere", "%s", f.Reason)
}

// statementFact checks again that the homeowner asked, before the job is
// cancelled on Deal Processing's word (MIL-9, MIL-A6).
func (q *question) statementFact() Fact {
	switch {
	case q.memory(memoryStatement) == "":
		return q.fact("statement", "missing", "no written statement of the homeowner is kept")
	case q.reason() == "":
		return q.fact("statement", "missing", "no reason is kept with the homeowner's statement, and there is no default")
	}
	return q.fact("statement", "written", "the homeowner's written statement is kept: %s", q.memory(memoryStatement))
}

func (q *question) homeownerFact() Fact {
	if slices.ContainsFunc(q.workflow.Homeowners, func(p Person) bool { return strings.TrimSpace(p.Email) != "" }) {
		return q.fact("homeowner", "known", "a homeowner's address is on record")
	}
	return q.fact("homeowner", "missing", "no homeowner has an address on record")
}

// signersFact reads who signed in the contract phase of the job (MIL-24).
func (q *question) signersFact() Fact {
	const name = "signers"
	signers := q.workflow.Signers
	if signers == nil {
		return q.fact(name, "unknown", "nobody knows who signed the contract")
	}
	for _, s := range signers {
		if s != "installer" && s != "sales-rep" {
			return q.fact(name, "unknown", "%s signed the contract, whoever that is", strconv.Quote(s))
		}
	}
	installer, rep := slices.Contains(signers, "installer"), slices.Contains(signers, "sales-rep")
	switch {
	case installer && rep:
		return q.fact(name, "both", "installer and sales rep signed the contract")
	case installer:
		return q.fact(name, "installer", "the installer signed the contract, the sales rep did not")
	case rep:
		return q.fact(name, "sales-rep", "the sales rep signed the contract, the installer did not")
	}
	return q.fact(name, "none", "neither installer nor sales rep signed the contract")
}

func (q *question) addressesFact(signers string) Fact {
	const name = "addresses"
	switch w := q.workflow; {
	case (signers == "installer" || signers == "both") && strings.TrimSpace(w.Installer.Email) == "":
		return q.fact(name, "incomplete", "the installer has no address on record")
	case (signers == "sales-rep" || signers == "both") && strings.TrimSpace(w.SalesRep.Email) == "":
		return q.fact(name, "incomplete", "the sales rep has no address on record")
	}
	return q.fact(name, "complete", "every signer to be told has an address")
}

// pendingSince is when Cancel Pending was written; false if nothing is timed.
func (q *question) pendingSince() (time.Time, bool) {
	known := q.memory(memoryPendingSince)
	if known == "" {
		return time.Time{}, false
	}
	since, err := time.Parse(time.RFC3339, known)
	return since, err == nil
}

// lastDayInWords is the last day on which it can be restored. It is kept, for
// comment and mail of one plan both tell it, and counting takes longest of all.
func (q *question) lastDayInWords(since time.Time) string {
	if !q.trace {
		return ""
	}
	if q.lastDay == "" || !q.lastSince.Equal(since) {
		q.lastSince, q.lastDay = since, inWords(q.calendar.lastDay(since, q.settings.BusinessDays))
	}
	return q.lastDay
}

// evidence identifies the mail as the written statement (MIL-A8).
func (q *question) evidence() string {
	if q.mail.MessageID == "" {
		return "event " + q.event.ID
	}
	if q.mail.SHA256 == "" {
		return q.mail.MessageID
	}
	return q.mail.MessageID + " sha256:" + q.mail.SHA256
}
