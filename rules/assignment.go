package rules

import (
	"errors"
	"slices"
	"time"
)

// Whether a request to cancel is carried out, and for what. The history in
// which cancelled assignments are found again is the org's: list views over
// what cancel-assignment and record-billing write (ASG-10).
const assignmentRequest = `
| row | request  | meant              | then              | because                                                                                        |
|-----|----------|--------------------|-------------------|------------------------------------------------------------------------------------------------|
| Q1  | named    | occurrence         | decide-occurrence | ASG-1, ASG-8, ASG-A16: somebody who is known by name asks, for this one                        |
| Q2  | named    | series             | decide-series     | ASG-8, ASG-9, ASG-A10, ASG-A11: each occurrence is decided by itself; what is left out is told |
| Q3  | nameless | occurrence, series | hold-for-review   | ASG-1, ASG-A16: nobody is named who asked for it at the customer's                             |
| Q4  | unproven | occurrence, series | hold-for-review   | ASG-1, ASG-A16: it is not certain that it is the customer who asks                             |
| Q5  | -        | unclear            | hold-for-review   | ASG-8: it is not certain which assignment is meant, and whether this one or its series         |
`

// What a cancellation is billed. Each party's window is its own, or the
// agency's (ASG-16); minutes are all that is decided, what they cost is the
// org's (ASG-24).
const assignmentBilling = `
| row | schedule | customer    | interpreters           | verdict   | then             | because                                                                                    |
|-----|----------|-------------|------------------------|-----------|------------------|--------------------------------------------------------------------------------------------|
| V1  | known    | early       | nobody, early          | -         | free             | ASG-5, ASG-16, ASG-A1: every party has its full notice                                     |
| V2  | known    | late        | nobody                 | -         | charge           | ASG-3, ASG-A4: inside the customer's window; there is nobody to pay                        |
| V3  | known    | late        | early, late, some-late | joint     | charge, pay      | ASG-3, ASG-A2: inside the customer's window: charged, and the interpreters paid            |
| V4  | known    | early       | late, some-late        | joint     | charge, pay      | ASG-15, ASG-A2: inside an interpreter's window: the stricter one wins for all              |
| V5  | known    | late        | early                  | per_party | charge           | ASG-3, ASG-A3: inside the customer's window only                                           |
| V6  | known    | late        | late, some-late        | per_party | charge, pay-late | ASG-3, ASG-A3: inside the customer's window, and inside that of interpreters               |
| V7  | known    | early       | late, some-late        | per_party | pay-late         | ASG-15, ASG-A3: inside the window of interpreters only                                     |
| V8  | known    | unknown     | -                      | -         | unclear          | ASG-16, ASG-A18: neither customer nor agency have a window: that is a mistake, not free    |
| V9  | known    | early, late | unknown                | -         | unclear          | ASG-16, ASG-A18: neither interpreter nor agency have a window: that is a mistake, not free |
| V10 | unknown  | -           | -                      | -         | unclear          | ASG-A19: nobody knows when it was to begin and end                                         |
`

// What becomes of one assignment that is to be cancelled.
const assignmentCancel = `
| row | scope      | assignment | billing                | then                   | because                                                                                                  |
|-----|------------|------------|------------------------|------------------------|----------------------------------------------------------------------------------------------------------|
| K1  | -          | open       | free                   | cancel, record-billing | ASG-2, ASG-5, ASG-13: cancelled in time, nothing is billed                                               |
| K2  | -          | open       | billable               | cancel, record-billing | ASG-2, ASG-4, ASG-20, ASG-21, ASG-22: cancelled late: time is billed, at least the minimum, and reviewed |
| K3  | -          | open       | waived                 | cancel, record-billing | ASG-6, ASG-A15: cancelled late, but a person known by name has waived billing                            |
| K4  | -          | open       | unclear                | hold-for-review        | ASG-A18, ASG-A19: nobody can say what it would be billed                                                 |
| K5  | occurrence | over       | free, billable, waived | cancel, record-billing | ASG-13, ASG-A9: it can be cancelled until it is invoiced, even afterwards                                |
| K6  | occurrence | over       | unclear                | hold-for-review        | ASG-A18, ASG-A19: nobody can say what it would be billed                                                 |
| K7  | series     | over       | -                      | leave-out              | ASG-A10: who cancels a series means what is left of it                                                   |
| K8  | occurrence | invoiced   | -                      | hold-for-review        | ASG-14: it is invoiced and cannot be cancelled; a person says so                                         |
| K9  | series     | invoiced   | -                      | leave-out              | ASG-14, ASG-A10: it is invoiced and cannot be cancelled                                                  |
| K10 | occurrence | cancelled  | -                      | nothing                | ASG-2: it is cancelled already                                                                           |
| K11 | series     | cancelled  | -                      | leave-out              | ASG-A10: it is cancelled already                                                                         |
| K12 | -          | under-way  | -                      | hold-for-review        | ASG-A17: somebody is at work; a person looks first                                                       |
| K13 | -          | unclear    | -                      | hold-for-review        | ASG-A17: nobody can say how it stands                                                                    |
`

// What a person's change of an assignment's status asks for.
const assignmentChanged = `
| row | status         | decision          | requester | billing                | then            | because                                                                            |
|-----|----------------|-------------------|-----------|------------------------|-----------------|------------------------------------------------------------------------------------|
| E1  | cancelled      | none              | named     | free, billable, waived | record-billing  | ASG-2, ASG-6, ASG-19: cancelled by hand; what is billed is decided the same way    |
| E2  | cancelled      | none              | missing   | -                      | hold-for-review | ASG-1, ASG-19: cancelled by hand, but nobody is named who asked for it             |
| E3  | cancelled      | none              | named     | unclear                | hold-for-review | ASG-A18, ASG-A19: cancelled by hand, but nobody can say what is billed             |
| E4  | cancelled      | standing, settled | -         | -                      | nothing         | ASG-2: what is billed has been decided                                             |
| E5  | live           | standing          | -         | -                      | void-billing    | ASG-11, ASG-A12: reopened by hand: there is no cancellation to bill                |
| E6  | live           | settled           | -         | -                      | hold-for-review | ASG-A12, ASG-23: reopened by hand, but its cancellation is approved or invoiced    |
| E7  | live           | none              | -         | -                      | nothing         | ASG-2: nothing is cancelled                                                        |
| E8  | long-cancelled | -                 | -         | -                      | nothing         | ASG-A6: it was cancelled before anybody here saw it; nobody knows with what notice |
| E9  | cancelled      | unclear           | -         | -                      | hold-for-review | ASG-A12: nobody can say what has been decided about billing                        |
| E10 | live           | unclear           | -         | -                      | hold-for-review | ASG-A12: nobody can say what has been decided about billing                        |
| E11 | cancelled-here | -                 | -         | -                      | nothing         | ASG-2: it was cancelled here, and its billing was decided with that                |
| E12 | unclear        | -                 | -         | -                      | nothing         | ASG-A17: what cannot be read changes nothing                                       |
`

// Whether a cancellation is taken back.
const assignmentReopen = `
| row | request            | assignment | end     | decision | then                      | because                                                                                   |
|-----|--------------------|------------|---------|----------|---------------------------|-------------------------------------------------------------------------------------------|
| U1  | named              | cancelled  | ahead   | none     | reopen                    | ASG-11, ASG-A13: it is not over; it is Unfilled again                                     |
| U2  | named              | cancelled  | ahead   | standing | reopen, void-billing      | ASG-11, ASG-A12, ASG-A13: it is not over; Unfilled again, and its cancellation not billed |
| U3  | named              | cancelled  | ahead   | settled  | hold-for-review           | ASG-A12: its cancellation is approved or invoiced; only a person may undo that            |
| U4  | named              | cancelled  | ahead   | unclear  | hold-for-review           | ASG-A12: nobody can say what has been decided about billing                               |
| U5  | named              | cancelled  | passed  | -        | hold-for-review           | ASG-12, ASG-A13: it is over and cannot be reopened; a person says so                      |
| U6  | named              | cancelled  | unknown | -        | hold-for-review           | ASG-12: nobody knows when it ends                                                         |
| U7  | nameless, unproven | cancelled  | -       | -        | hold-for-review           | ASG-11, ASG-A16: it is not certain that it is the customer who asks                       |
| U8  | -                  | live       | -       | -        | nothing                   | ASG-11: it is not cancelled                                                               |
| U9  | -                  | series     | -       | -        | hold-for-review           | ASG-A14: a series is reopened one occurrence at a time                                    |
| U10 | -                  | unclear    | -       | -        | hold-for-review           | ASG-A14: it is not certain which assignment is meant or how it stands                     |
| U11 | -                  | requested  | -       | -        | withdraw, hold-for-review | ASG-11: its cancellation is taken back before it was carried out; stop it and ask         |
`

// Whether billing that has been decided is waived.
const assignmentWaive = `
| row | waiver     | decision     | then            | because                                                                                              |
|-----|------------|--------------|-----------------|------------------------------------------------------------------------------------------------------|
| Z1  | attributed | billable     | waive-billing   | ASG-6, ASG-17, ASG-A15: a person known by name says so, and it is not invoiced: no charge, no payout |
| Z2  | anonymous  | billable     | hold-for-review | ASG-A15: billing is waived only on the word of a person who is known by name                         |
| Z3  | -          | free, waived | nothing         | ASG-7: there is nothing to waive                                                                     |
| Z4  | -          | settled      | hold-for-review | ASG-18: it is approved or invoiced, so waiving it is for a person                                    |
| Z5  | -          | unclear      | hold-for-review | ASG-18: nobody can say whether it is invoiced                                                        |
| Z6  | -          | none         | hold-for-review | ASG-7, ASG-A15: there is no billing of a cancellation that could be waived; a person looks           |
`

// assignments is the assignment policy. It is immutable.
type assignments struct {
	settings      AssignmentSettings
	calendar      *calendar
	opens, closes time.Duration // of a business day, since local midnight
	request       *table
	billing       *table
	cancel        *table
	changed       *table
	reopen        *table
	waive         *table
}

func loadAssignments(s AssignmentSettings, cal *calendar) (*assignments, error) {
	p := &assignments{settings: s, calendar: cal}
	var errs []error
	p.opens, p.closes, errs = s.validate()
	load := func(name, title, text string, columns []column, terms ...string) *table {
		t, err := parseTable("assignment."+name, title, text, columns, terms)
		errs = append(errs, err)
		return t
	}
	requests := column{"request", []string{"named", "nameless", "unproven"}}
	billings := column{"billing", []string{"free", "billable", "waived", "unclear"}}
	p.request = load("request", "What becomes of a request to cancel an assignment.", assignmentRequest, []column{
		requests,
		{"meant", []string{"occurrence", "series", "unclear"}},
	}, "decide-occurrence", "decide-series", "hold-for-review")
	p.billing = load("billing", "What a cancellation is billed.", assignmentBilling, []column{
		{"schedule", []string{"known", "unknown"}},
		{"customer", []string{"early", "late", "unknown"}},
		{"interpreters", []string{"nobody", "early", "late", "some-late", "unknown"}},
		{"verdict", []string{"joint", "per_party"}},
	}, "free", "charge", "pay", "pay-late", "unclear")
	p.cancel = load("cancel", "What becomes of one assignment that is to be cancelled.", assignmentCancel, []column{
		{"scope", []string{"occurrence", "series"}},
		{"assignment", []string{"open", "over", "under-way", "cancelled", "invoiced", "unclear"}},
		billings,
	}, "cancel", "record-billing", "leave-out", "hold-for-review", "nothing")
	p.changed = load("changed", "What a person's change of an assignment's status asks for.", assignmentChanged, []column{
		{"status", []string{"cancelled", "cancelled-here", "long-cancelled", "live", "unclear"}},
		{"decision", []string{"none", "standing", "settled", "unclear"}},
		{"requester", []string{"named", "missing"}},
		billings,
	}, "record-billing", "void-billing", "hold-for-review", "nothing")
	p.reopen = load("reopen", "Whether the cancellation of an assignment is taken back.", assignmentReopen, []column{
		requests,
		{"assignment", []string{"cancelled", "live", "requested", "series", "unclear"}},
		{"end", []string{"ahead", "passed", "unknown"}},
		{"decision", []string{"none", "standing", "settled", "unclear"}},
	}, "reopen", "void-billing", "withdraw", "hold-for-review", "nothing")
	p.waive = load("waive", "Whether the billing of a cancellation is waived.", assignmentWaive, []column{
		{"waiver", []string{"attributed", "anonymous"}},
		{"decision", []string{"billable", "free", "waived", "settled", "none", "unclear"}},
	}, "waive-billing", "hold-for-review", "nothing")
	return p, errors.Join(errs...)
}

func (p *assignments) name() string { return "assignment" }

func (p *assignments) kinds() []string {
	return []string{AssignmentCancelRequested, AssignmentUncancelRequested, AssignmentWaiveRequested, AssignmentChanged}
}

func (p *assignments) tables() []*table {
	return []*table{p.request, p.billing, p.cancel, p.changed, p.reopen, p.waive}
}

// verbs are what the policy can ask for. Each is about one assignment: when
// one of a series fails, the others stand (ASG-A11).
func (p *assignments) verbs() []Verb {
	return []Verb{
		{"cancel-assignment", "sets an assignment (on assignment) to cancelled; args.requester is who asked at the customer's, args.by who carried it out, args.at when it was asked for, args.verdict what is billed, shown before anybody confirms (ASG-1, ASG-2, ASG-20); args.status-was is the status it must still have", "approve"},
		{"record-billing", "creates the billing decision of a cancellation (on assignment): args.verdict is billable, free or waived, args.charge-minutes and args.payout-minutes the time (ASG-4), args.details who gets what and why, args.waived-by who waived it; travel, mileage and expenses are 0 (ASG-21), and a billable one waits in Pending Review (ASG-17, ASG-22, ASG-23)", "approve"},
		{"void-billing", "sets a billing decision (on billing) to voided, so that it leaves Pending Review (ASG-A12); args.status-was is the status it must still have", "approve"},
		{"waive-billing", "sets a billing decision (on billing) to waived, with args.by as the person whose word it is: neither charge nor payout (ASG-6, ASG-17, ASG-A15); args.status-was is the status it must still have", "approve"},
		{"reopen-assignment", "sets a cancelled assignment (on assignment) back to unfilled and empties who cancelled it and why (ASG-11)", "approve"},
		{"release-interpreter", "takes an interpreter (on assignment-interpreter) off an assignment that is reopened: it is Unfilled, ready to be given to somebody (ASG-A12)", "approve"},
		{postComment, "writes args.text into the feed of an assignment (on assignment), where its history is read (ASG-2, ASG-10)", "auto"},
		{holdForReview, "opens a case titled args.title with args.text for the back office, about args.contact", "auto"},
	}
}

func (p *assignments) decide(s Snapshot, e Event, now time.Time, traced trace) []Decision {
	m := &matter{assignments: p, trace: traced, event: e, now: now, mail: noMail, all: s.Assignments}
	if e.Request != nil {
		m.mail = e.Request
	}
	var a *Assignment
	if i := slices.IndexFunc(m.all, func(a Assignment) bool { return a.ID == e.Subject.ID }); i >= 0 {
		a = &m.all[i]
	}
	switch {
	case e.Kind == AssignmentWaiveRequested:
		return m.decideWaive(a, e.askedBy())
	case e.Request == nil && e.askedBy() == "" && a.answered():
	case e.Kind == AssignmentCancelRequested:
		return m.decideRequest()
	case e.Kind == AssignmentUncancelRequested:
		return m.decideReopen()
	}
	// A box ticked while nothing is decided yet counts with the cancellation
	// itself (ASG-6).
	if a != nil && a.Waive && a.Status == "cancelled" && m.decisionFact(a).Value != "none" {
		return m.decideWaive(a, a.WaivedBy)
	}
	return m.decideChanged(a)
}
