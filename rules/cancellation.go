package rules

import (
	"errors"
	"slices"
	"time"
)

// What becomes of a request to cancel.
const cancellationRequest = `
| row | request            | workflow | milestone                                                                               | evidence                                     | then                 | because                                                                                                |
|-----|--------------------|----------|-----------------------------------------------------------------------------------------|----------------------------------------------|----------------------|--------------------------------------------------------------------------------------------------------|
| C1  | -                  | ended    | -                                                                                       | -                                            | note-repeat          | MIL-31, MIL-A17: asking again changes nothing; the repetition is noted once                            |
| C2  | -                  | unclear  | -                                                                                       | -                                            | hold-for-review      | MIL-A16: it is not certain which workflow is meant or how it stands                                    |
| C3  | unproven           | active   | -                                                                                       | -                                            | hold-for-review      | MIL-9, MIL-27, MIL-A8: nothing is cancelled without the homeowner's own written statement; ask for it  |
| C4  | written            | active   | M1-in-review                                                                            | -                                            | close-review, cancel | MIL-11, MIL-A5: a review under way is rejected and submitted first                                     |
| C5  | written            | active   | M1, M1A                                                                                 | -                                            | cancel               | MIL-12, MIL-13, MIL-17: nothing has been ordered or built                                              |
| C6  | written            | active   | M1B, M2                                                                                 | none                                         | cancel               | MIL-15, MIL-20: no invoice, no photos, nobody is bound                                                 |
| C7  | written, on-behalf | active   | M1B                                                                                     | uploaded                                     | refer                | MIL-18, MIL-33: the invoice must be paid; Deal Processing decides                                      |
| C8  | written            | active   | M1B                                                                                     | unknown, unconfirmed                         | hold-for-review      | MIL-A25: what cannot be read counts as uploaded                                                        |
| C9  | written            | active   | M2                                                                                      | uploaded, unknown, referred, noted, declined | hold-for-review      | MIL-14, MIL-A3, MIL-A25: photos forbid it, but only a person may refuse                                |
| C10 | written            | active   | M3, direct-M2-M3, unclear                                                               | -                                            | hold-for-review      | MIL-16, MIL-21, MIL-A1, MIL-A2, MIL-A24: only a person may cancel or refuse this late                  |
| C11 | -                  | barred   | -                                                                                       | -                                            | hold-for-review      | MIL-35: this product cannot be cancelled now, but only a person may refuse                             |
| C12 | written            | active   | M1A-in-review                                                                           | -                                            | hold-for-review      | MIL-A4: nothing says what becomes of a review of M1A; close it, then cancel                            |
| C13 | written            | active   | M2, direct-M2-approved                                                                  | unconfirmed                                  | hold-for-review      | MIL-30: somebody must confirm that nothing is on the roof                                              |
| C14 | written            | active   | direct-M2-approved                                                                      | none                                         | cancel               | MIL-19, MIL-A2: Deal Processing has approved, and the job is in M2                                     |
| C15 | written            | active   | direct-M2-approved                                                                      | uploaded, unknown, referred, noted, declined | hold-for-review      | MIL-14, MIL-A6: Deal Processing approved, but photos came first                                        |
| C16 | written, on-behalf | active   | M1B                                                                                     | referred                                     | note-repeat          | MIL-33, MIL-A17: Deal Processing has the case already; no second one                                   |
| C17 | written, on-behalf | active   | M1B                                                                                     | declined                                     | hold-for-review      | MIL-33: Deal Processing declined before; a person decides whether to ask again                         |
| C18 | on-behalf          | active   | M1B                                                                                     | none, unknown, unconfirmed                   | hold-for-review      | MIL-28: a request on the homeowner's behalf must be confirmed from the homeowner's address             |
| C19 | on-behalf          | active   | M1, M1-in-review, M1A, M1A-in-review, M2, direct-M2-approved, M3, direct-M2-M3, unclear | -                                            | hold-for-review      | MIL-28: a request on the homeowner's behalf must be confirmed from the homeowner's address             |
| C20 | internal           | active   | -                                                                                       | -                                            | hold-for-review      | MIL-29: the business may cancel under its own policy; a person does, and tells homeowner and installer |
| C21 | deceased           | active   | -                                                                                       | -                                            | hold-for-review      | MIL-36: cancellable while nothing is on the roof; a person documents it, or escalates                  |
| C22 | unreadable         | active   | -                                                                                       | -                                            | hold-for-review      | MIL-26: a person must read the notice or telegram                                                      |
| C23 | no-reason          | active   | -                                                                                       | -                                            | hold-for-review      | MIL-32: a cancellation needs a reason from the list                                                    |
| C24 | -                  | noted    | -                                                                                       | -                                            | nothing              | MIL-31, MIL-A17: the repetition has been noted already                                                 |
| C25 | written, on-behalf | active   | M1B                                                                                     | noted                                        | nothing              | MIL-33, MIL-A17: Deal Processing has the case, and the repetition has been noted already               |
`

// Who is told that a workflow is cancelled.
const cancellationNotify = `
| row | occasion | homeowner | signers                    | addresses  | then                                                      | because                                                                                          |
|-----|----------|-----------|----------------------------|------------|-----------------------------------------------------------|--------------------------------------------------------------------------------------------------|
| T1  | pending  | known     | installer                  | complete   | to-homeowner, cc-installer                                | MIL-22, MIL-23, MIL-A13: the installer is the only other signer                                  |
| T2  | pending  | known     | sales-rep                  | complete   | to-homeowner, cc-sales-rep                                | MIL-22, MIL-23, MIL-A13: the sales rep is the only other signer                                  |
| T3  | pending  | known     | both                       | complete   | to-homeowner, cc-installer, cc-sales-rep                  | MIL-22, MIL-23, MIL-A13: both have signed                                                        |
| T4  | pending  | known     | none, unknown              | -          | to-homeowner, hold-for-review                             | MIL-22, MIL-A14: no other signer is known; a mail cannot be unsent, but a copy can be sent later |
| T5  | pending  | known     | both                       | incomplete | to-homeowner, cc-installer, cc-sales-rep, hold-for-review | MIL-23, MIL-A14: a signer without an address is told by a person; who has one gets the copy      |
| T6  | -        | missing   | -                          | -          | hold-for-review                                           | MIL-A15: no homeowner has an address; a person tells them                                        |
| T7  | final    | known     | -                          | -          | to-homeowner                                              | MIL-5: the final notice goes to the homeowner                                                    |
| T8  | pending  | known     | installer, sales-rep       | incomplete | to-homeowner, hold-for-review                             | MIL-23, MIL-A14: the only other signer has no address and is told by a person; nobody else is    |
`

// What becomes of a request to restore.
const cancellationRestore = `
| row | request          | workflow  | window        | block | restorer | then                      | because                                                                                                      |
|-----|------------------|-----------|---------------|-------|----------|---------------------------|--------------------------------------------------------------------------------------------------------------|
| B1  | written          | pending   | open          | none  | people   | ask-to-restore            | MIL-3, MIL-34, MIL-A18: asked in time and in writing; Deal Processing restores                               |
| B2  | written          | pending   | open          | none  | daemon   | restore                   | MIL-3, MIL-34, MIL-A18, MIL-A19: asked in time and in writing                                                |
| B3  | written, vouched | pending   | open          | some  | -        | hold-for-review           | MIL-34: the org says that it may not be restored; only a person may refuse                                   |
| B4  | written, vouched | pending   | over, unknown | -     | -        | hold-for-review           | MIL-3, MIL-34: the time for restoring is over or not known; only a person may refuse                         |
| B5  | unproven         | pending   | -             | -     | -        | hold-for-review           | MIL-34: a restore needs the homeowner's own written request; ask for it                                      |
| B6  | -                | cancelled | -             | -     | -        | hold-for-review           | MIL-6: what is fully cancelled cannot be restored; a person says so                                          |
| B7  | -                | unclear   | -             | -     | -        | hold-for-review           | MIL-A16: it is not certain which workflow is meant or how it stands                                          |
| B8  | -                | active    | -             | -     | -        | nothing                   | MIL-3: it is active already                                                                                  |
| B9  | -                | requested | -             | -     | -        | withdraw, hold-for-review | MIL-9, MIL-A6: a cancellation under way is being taken back; its statement no longer counts, stop it and ask |
| B10 | -                | asked     | -             | -     | -        | nothing                   | MIL-33, MIL-A17: the restore is under way already                                                            |
| B11 | vouched          | pending   | open          | none  | people   | ask-to-restore            | MIL-3, MIL-34, MIL-A18: asked in time, by a person of the back office by name; Deal Processing restores      |
| B12 | vouched          | pending   | open          | none  | daemon   | restore                   | MIL-3, MIL-34, MIL-A18, MIL-A19: asked in time, by a person of the back office by name                       |
`

// What a change of a workflow does to its clock.
const cancellationWatch = `
| row | status            | clock   | then    | because                                                                          |
|-----|-------------------|---------|---------|----------------------------------------------------------------------------------|
| P1  | cancel-pending    | stopped | arm     | MIL-1, MIL-2, MIL-A10: the time to restore runs from when the status was written |
| P2  | cancel-pending    | running | nothing | MIL-2: the clock runs; another change does not start it again                    |
| P3  | active            | running | disarm  | MIL-3: it was restored; a new cancellation needs a new statement                 |
| P4  | cancelled         | running | disarm  | MIL-4, MIL-A11: it is fully cancelled                                            |
| P5  | active, cancelled | stopped | nothing | MIL-2: no cancellation is pending                                                |
| P6  | unclear           | -       | nothing | MIL-A25: what cannot be read changes nothing; a running clock will ask again     |
`

// What becomes of a request that was given to Deal Processing.
const cancellationReferral = `
| row | news  | workflow | decision       | milestone | statement | photos                     | then            | because                                                                                        |
|-----|-------|----------|----------------|-----------|-----------|----------------------------|-----------------|------------------------------------------------------------------------------------------------|
| D1  | known | -        | -              | -         | -         | -                          | nothing         | MIL-A17: this has been acted on already                                                        |
| D2  | fresh | ended    | -              | -         | -         | -                          | nothing         | MIL-31: the workflow is Cancel Pending or cancelled                                            |
| D3  | fresh | unclear  | -              | -         | -         | -                          | hold-for-review | MIL-A25: nobody can say how the workflow stands                                                |
| D4  | fresh | active   | open           | -         | -         | none, unknown, unconfirmed | nothing         | MIL-18: Deal Processing has not decided                                                        |
| D5  | fresh | active   | open, approved | -         | -         | uploaded                   | hold-for-review | MIL-14, MIL-A6: photos came before the cancellation                                            |
| D6  | fresh | active   | approved       | M1B       | -         | none, unknown, unconfirmed | nothing         | MIL-19, MIL-A6: approved; it is cancelled once the invoice is paid and it is in M2             |
| D7  | fresh | active   | approved       | M2        | written   | none                       | cancel          | MIL-19: Deal Processing has approved, and the job is in M2                                     |
| D8  | fresh | active   | approved       | M2        | missing   | none                       | hold-for-review | MIL-9, MIL-A6: the homeowner's written statement is missing; ask for it                        |
| D9  | fresh | active   | approved       | M2        | -         | unknown, unconfirmed       | hold-for-review | MIL-30, MIL-A25: it is not certain that nothing is installed                                   |
| D10 | fresh | active   | approved       | elsewhere | -         | none, unknown, unconfirmed | hold-for-review | MIL-19, MIL-A2, MIL-A24: approved, but the job is neither in M1B nor in M2                     |
| D11 | fresh | active   | declined       | -         | -         | -                          | hold-for-review | MIL-19, MIL-A3: Deal Processing has declined; a person tells who asked                         |
| D12 | fresh | active   | unclear        | -         | -         | -                          | hold-for-review | MIL-A7: Deal Processing's decision cannot be read                                              |
| D13 | fresh | barred   | -              | -         | -         | -                          | hold-for-review | MIL-35: this product cannot be cancelled now, whatever Deal Processing decided; a person looks |
`

// What happens when the time to restore is over.
const cancellationFinish = `
| row | status            | due              | finalize | restore | then            | because                                                                              |
|-----|-------------------|------------------|----------|---------|-----------------|--------------------------------------------------------------------------------------|
| F1  | cancel-pending    | reached, overdue | daemon   | none    | finish          | MIL-4, MIL-5, MIL-A11: nobody restored it in time                                    |
| F2  | cancel-pending    | reached          | external | none    | look-again      | MIL-4, MIL-A11: the org finishes it itself; a business day later it should have      |
| F3  | cancel-pending    | overdue          | external | none    | hold-for-review | MIL-4, MIL-A11: the org should have finished it by now                               |
| F4  | cancel-pending    | not-yet          | -        | -       | rearm           | MIL-2, MIL-A9: it can still be restored                                              |
| F5  | cancel-pending    | unknown          | -        | -       | hold-for-review | MIL-2, MIL-A10: nobody knows since when it is pending                                |
| F6  | cancel-pending    | reached, overdue | -        | asked   | hold-for-review | MIL-6, MIL-34: a restore was asked for in time; a final cancellation would refuse it |
| F7  | active, cancelled | -                | -        | -       | nothing         | MIL-3, MIL-4: it was restored, or is fully cancelled already                         |
| F8  | unclear           | -                | -        | -       | hold-for-review | MIL-4, MIL-A25: nobody can say how the workflow stands                               |
`

// What becomes of mail that no rule book can answer for sure.
const cancellationUnclear = `
| row | asks                 | then            | because                                                                                 |
|-----|----------------------|-----------------|-----------------------------------------------------------------------------------------|
| X1  | hold, end-hold       | hold-for-review | HOLD-A24, HOLD-A25: a person ticks or unticks the client's hold; the visits then follow |
| X2  | uncancel, reschedule | hold-for-review | OPS-17, ASG-11: a person opens or sets it again                                         |
| X3  | unclear              | hold-for-review | MIL-A8: what is not clearly asked is not done                                           |
`

// cancellation is the policy for cancelling a homeowner's workflow by mail.
//
// Outside it are phone and chat (MIL-A22: the channel is mail, always written)
// and the steps that the sources leave blank (MIL-25).
type cancellation struct {
	settings CancellationSettings
	calendar *calendar

	request, notify, restore, watch, referral, finish, unclear *table
}

func loadCancellation(s CancellationSettings, cal *calendar) (*cancellation, error) {
	c := &cancellation{settings: s, calendar: cal}
	errs := []error{s.validate()}
	load := func(name, title, text string, columns []column, terms ...string) *table {
		t, err := parseTable("cancellation."+name, title, text, columns, terms)
		errs = append(errs, err)
		return t
	}
	workflowStatus := column{"status", []string{"active", "cancel-pending", "cancelled", "unclear"}}
	c.request = load("request", "What becomes of a mail that asks to cancel.", cancellationRequest, []column{
		{"request", []string{"written", "on-behalf", "unproven", "internal", "deceased", "unreadable", "no-reason"}},
		{"workflow", []string{"active", "ended", "noted", "barred", "unclear"}},
		{"milestone", []string{"M1", "M1-in-review", "M1A", "M1A-in-review", "M1B", "M2", "direct-M2-approved", "M3", "direct-M2-M3", "unclear"}},
		{"evidence", []string{"none", "uploaded", "unknown", "unconfirmed", "referred", "noted", "declined"}},
	}, "cancel", "close-review", "refer", "note-repeat", "hold-for-review", "nothing")
	c.notify = load("notify", "Who is told by mail that a workflow is cancelled.", cancellationNotify, []column{
		{"occasion", []string{"pending", "final"}},
		{"homeowner", []string{"known", "missing"}},
		{"signers", []string{"installer", "sales-rep", "both", "none", "unknown"}},
		{"addresses", []string{"complete", "incomplete"}},
	}, "to-homeowner", "cc-installer", "cc-sales-rep", "hold-for-review", "nothing")
	c.restore = load("restore", "What becomes of a request to restore.", cancellationRestore, []column{
		{"request", []string{"written", "vouched", "unproven"}},
		{"workflow", []string{"active", "requested", "pending", "asked", "cancelled", "unclear"}},
		{"window", []string{"open", "over", "unknown"}},
		{"block", []string{"none", "some"}},
		{"restorer", []string{"people", "daemon"}},
	}, "ask-to-restore", "restore", "withdraw", "hold-for-review", "nothing")
	c.watch = load("watch", "What a change of a workflow's status does to the time for restoring it.", cancellationWatch, []column{
		workflowStatus,
		{"clock", []string{"stopped", "running"}},
	}, "arm", "disarm", "nothing")
	c.referral = load("referral", "What becomes of a request that Deal Processing decides.", cancellationReferral, []column{
		{"news", []string{"fresh", "known"}},
		{"workflow", []string{"active", "ended", "barred", "unclear"}},
		{"decision", []string{"open", "approved", "declined", "unclear"}},
		{"milestone", []string{"M1B", "M2", "elsewhere"}},
		{"statement", []string{"written", "missing"}},
		{"photos", []string{"none", "uploaded", "unknown", "unconfirmed"}},
	}, "cancel", "hold-for-review", "nothing")
	c.finish = load("finish", "What happens when the time for restoring is over.", cancellationFinish, []column{
		workflowStatus,
		{"due", []string{"not-yet", "reached", "overdue", "unknown"}},
		{"finalize", []string{"external", "daemon"}},
		{"restore", []string{"none", "asked"}},
	}, "finish", "look-again", "rearm", "hold-for-review", "nothing")
	c.unclear = load("unclear", "What becomes of a mail that asks for something else.", cancellationUnclear, []column{
		{"asks", []string{"hold", "end-hold", "uncancel", "reschedule", "unclear"}},
	}, "hold-for-review", "nothing")
	return c, errors.Join(errs...)
}

func (c *cancellation) name() string { return "cancellation" }

func (c *cancellation) kinds() []string {
	return []string{CancellationRequested, RestoreRequested, RequestUnclear, WorkflowChanged, ReferralChanged, CancellationDue}
}

func (c *cancellation) tables() []*table {
	return []*table{c.request, c.notify, c.restore, c.watch, c.referral, c.finish, c.unclear}
}

// verbs are what the policy can ask for, with the autonomy the rule book
// recommends. When one of a decision's actions fails, the missing ones are
// tried again and the others are not repeated (MIL-A20).
func (c *cancellation) verbs() []Verb {
	return []Verb{
		{"cancel-workflow", "sets a workflow to Cancel Pending, with the reason from the drop-down list (MIL-1, MIL-32)", "approve"},
		{"reject-review", "rejects one pending review of a milestone: Reject All, one by one (MIL-11, MIL-A5)", "approve"},
		{"submit-review", "submits the reviewed milestone (MIL-11)", "approve"},
		{"post-comment", "writes a comment into the feed of the homeowner's or client's profile (MIL-13, MIL-A23)", "auto"},
		{"notify-parties", "mails homeowner and signers, once, that the cancellation is pending (MIL-13, MIL-22 to 25, MIL-A12, MIL-A21)", "approve"},
		{"send-final-notice", "mails the homeowner that the workflow is fully cancelled (MIL-5)", "approve"},
		{"open-case", "opens a case that says what is asked and by whom (MIL-18, MIL-33, MIL-34)", "auto"},
		{"assign-case", "assigns the case to Deal Processing (MIL-18, MIL-33)", "auto"},
		{"requeue-case", "gives the case back to the back-office queue (MIL-18, MIL-33)", "auto"},
		{"hold-for-review", "opens a case for a person in the back-office queue; nothing else is written (MIL-A8)", "auto"},
		{"finish-cancellation", "sets a workflow to fully cancelled, for good (MIL-4)", "approve"},
		{"restore-workflow", "sets a pending workflow back to the status it had (MIL-3, MIL-A19)", "approve"},
	}
}

func (c *cancellation) decide(s Snapshot, e Event, now time.Time, traced trace) []Decision {
	q := &question{cancellation: c, trace: traced, event: e, now: now, mail: noMail}
	if e.Request != nil {
		q.mail = e.Request
	}
	switch {
	case e.Kind == CancellationRequested:
		q.pick(s.Workflows)
		return q.decideRequest()
	case e.Kind == RestoreRequested && e.askedBy() == "":
		q.pick(s.Workflows)
		return q.decideRestore()
	case e.Kind == RequestUnclear:
		q.pick(s.Workflows)
		return q.decideUnclear()
	}
	if i := slices.IndexFunc(s.Workflows, func(w Workflow) bool { return w.ID == e.Subject.ID }); i >= 0 {
		q.workflow = &s.Workflows[i]
	} else {
		q.doubt = "there is no such workflow"
	}
	switch e.Kind {
	case RestoreRequested:
		return q.decideRestore()
	case WorkflowChanged:
		decisions := q.decideWatch()
		if q.workflow != nil && q.workflow.Referral != nil && !q.settled() {
			decisions = append(decisions, q.decideReferral()...)
		}
		return decisions
	case ReferralChanged:
		return q.decideReferral()
	}
	return q.decideFinish()
}
