package rules

import (
	"errors"
	"time"
)

// What becomes of an ops block whose record has changed.
const opsBlockCancel = `
| row | block                           | fields        | work      | then              | because                                                                                         |
|-----|---------------------------------|---------------|-----------|-------------------|-------------------------------------------------------------------------------------------------|
| K1  | cancelling                      | complete      | waiting   | cancel, send-back | OPS-1, OPS-2, OPS-3, OPS-5, OPS-A1: it is Canceled first, then what it was set for is sent back |
| K2  | cancelled                       | complete      | waiting   | send-back, watch  | OPS-5, OPS-6, OPS-7: it is Canceled; what is missing follows, and then it is open again         |
| K3  | reopened                        | complete      | waiting   | send-back         | OPS-6, OPS-7, OPS-A10: it was cancelled and is open again already; what is missing follows      |
| K4  | cancelling, cancelled, reopened | missing       | -         | hold-for-review   | OPS-4: nothing follows before the required fields are filled                                    |
| K5  | cancelling, cancelled, reopened | reset-unknown | -         | hold-for-review   | OPS-A6: Reset Service decides what follows, and that is hard to undo; somebody must say         |
| K6  | cancelling, cancelled, reopened | complete      | elsewhere | hold-for-review   | OPS-A13: work that is not merely scheduled must not be moved back; a person decides             |
| K7  | left                            | -             | -         | watch             | OPS-6, OPS-A9: it was Canceled before anybody here looked; only the reopening is left to do     |
| K8  | skipped                         | -             | -         | hold-for-review   | OPS-R4, OPS-A10: it is Open without having been Canceled; nobody knows whether it was cancelled |
| K9  | booked                          | -             | -         | nothing           | OPS-R4: no cancellation is asked for                                                            |
| K10 | open                            | -             | -         | nothing           | OPS-A9: an Open block has nothing to cancel                                                     |
| K11 | unclear                         | -             | -         | hold-for-review   | OPS-R4: its state cannot be read                                                                |
`

// What becomes of the work that a cancelled block was set for.
const opsBlockParent = `
| row | kind                                           | parent   | others | ready      | news  | then            | because                                                                                       |
|-----|------------------------------------------------|----------|--------|------------|-------|-----------------|-----------------------------------------------------------------------------------------------|
| S1  | install                                        | to-move  | none   | -          | -     | back-job        | OPS-10, OPS-17, OPS-A12: the job goes back first of all, so that a person can set it again    |
| S2  | delivery                                       | to-move  | none   | -          | -     | back-ticket     | OPS-11, OPS-17, OPS-A12: the ticket goes back first of all, so that a person can set it again |
| S3  | service-reset                                  | to-move  | none   | configured | -     | ready-contact   | OPS-12, OPS-R5: the contact's service can be set again                                        |
| S4  | service-reset                                  | to-move  | none   | empty      | first | ask-to-ready    | OPS-12, OPS-A4: no state is known to mean ready to reset; a person sees to it                 |
| S5  | service-reset                                  | to-move  | none   | empty      | again | nothing         | OPS-A4: a person has been asked already                                                       |
| S6  | service-rest                                   | to-move  | none   | -          | -     | rest-contact    | OPS-13, OPS-A5: the service is over, and there will be no other                               |
| S7  | service-rest                                   | in-place | -      | -          | -     | nothing         | OPS-14: only a contact in service goes to rest                                                |
| S8  | install, delivery, service-reset               | in-place | -      | -          | -     | nothing         | OPS-A9: it is back already                                                                    |
| S9  | install, delivery, service-reset, service-rest | to-move  | some   | -          | -     | warn            | OPS-A14: another block holds the same work; it stays as it is                                 |
| S10 | install, delivery, service-reset, service-rest | missing  | -      | -          | first | hold-for-review | OPS-10, OPS-11, OPS-12: nothing is linked that could go back; a person looks                  |
| S11 | install, delivery, service-reset, service-rest | missing  | -      | -          | again | nothing         | OPS-10, OPS-11, OPS-12: a person has been asked already                                       |
| S12 | other                                          | -        | -      | -          | -     | nothing         | OPS-A7: blocks of this type send nothing back                                                 |
| S13 | unknown                                        | -        | -      | -          | -     | warn            | OPS-A7: what blocks of this type send back is not known                                       |
`

// What becomes of the sale of a cancelled revenue service.
const opsBlockSale = `
| row | reset | sale        | news  | then            | because                                                                         |
|-----|-------|-------------|-------|-----------------|---------------------------------------------------------------------------------|
| L1  | no    | open        | -     | cancel-sale     | OPS-15, OPS-A2: the service will not be, whatever the contact's state           |
| L2  | no    | approved    | first | hold-for-review | OPS-R6, OPS-A15: an approved sale is cancelled only if senior management agrees |
| L3  | no    | approved    | again | nothing         | OPS-R6, OPS-A15: a person has been asked already                                |
| L4  | no    | none, ended | -     | nothing         | OPS-16: there is no sale to cancel                                              |
| L5  | yes   | -           | -     | nothing         | OPS-A3: the service is set again, so the sale goes on                           |
`

// What becomes of the meeting of a cancelled block.
const opsBlockMeeting = `
| row | meeting | then            | because                                                             |
|-----|---------|-----------------|---------------------------------------------------------------------|
| E1  | some    | delete-meetings | OPS-8, OPS-A12: it is deleted last, for that is the hardest to undo |
| E2  | none    | nothing         | OPS-9: no meeting belongs to the block                              |
`

// What becomes of a block that should be open again by now.
const opsBlockReopen = `
| row | block                                       | reopener | effects | patience | then            | because                                                                          |
|-----|---------------------------------------------|----------|---------|----------|-----------------|----------------------------------------------------------------------------------|
| R1  | cancelled, left                             | daemon   | settled | -        | reopen          | OPS-6, OPS-A10, OPS-A11: everything has been sent back, and nobody has opened it |
| R2  | cancelled, left                             | daemon   | open    | waiting  | wait            | OPS-A12: it is opened when everything has been sent back                         |
| R3  | cancelled, left                             | daemon   | open    | over     | hold-for-review | OPS-7, OPS-A12: something has not been sent back for too long                    |
| R4  | cancelled, left                             | crm      | -       | waiting  | wait            | OPS-6, OPS-A10: the org opens it itself                                          |
| R5  | cancelled, left                             | crm      | -       | over     | hold-for-review | OPS-7, OPS-A10: the org should have opened it by now                             |
| R6  | open, reopened, skipped, booked, cancelling | -        | -       | -        | nothing         | OPS-A9, OPS-A10: it is not Canceled any more; its change is decided on its own   |
| R7  | unclear                                     | -        | -       | -        | hold-for-review | OPS-6: its state cannot be read                                                  |
`

// What is advised when a mail asks to cancel a block.
const opsBlockRequest = `
| row | block      | sale              | then        | because                                                                           |
|-----|------------|-------------------|-------------|-----------------------------------------------------------------------------------|
| Q1  | booked     | none, open, ended | cancel      | OPS-3, OPS-A1: a person agrees with the customer, and uses the Cancel transition  |
| Q2  | booked     | approved          | cancel-sale | OPS-R6, OPS-A15: an approved sale hangs on it; senior management must agree first |
| Q3  | not-booked | -                 | not-set     | OPS-A9: the block is not set for anything, so there is nothing to cancel          |
| Q4  | unclear    | -                 | find-out    | OPS-3: it is not certain which block is meant                                     |
`

// What is advised when a mail asks for another time.
const opsBlockReschedule = `
| row | block      | time    | then           | because                                                                          |
|-----|------------|---------|----------------|----------------------------------------------------------------------------------|
| V1  | booked     | inside  | change-time    | OPS-R1, OPS-R2: the new time seems to lie between Block Start and Block End      |
| V2  | booked     | outside | cancel-and-set | OPS-R3, OPS-A8, OPS-17: the new time lies outside the block                      |
| V3  | booked     | unknown | compare        | OPS-R1: the new time must be compared with the Time Block Restrictions           |
| V4  | not-booked | -       | set            | OPS-17, OPS-R7: the block is not set for anything, so there is nothing to cancel |
| V5  | unclear    | -       | find-out       | OPS-R1: it is not certain which block is meant                                   |
`

// opsBlock is the policy for ops blocks that are cancelled in Salesforce, and
// for mails about them, which a person answers. It is immutable.
//
// Outside it are setting, confirming and issuing a block, the setting up of new
// ones (OPS-R7), the two ways to cancel an approved sale, which belong to
// senior management (OPS-R6), and the charge for a revenue service (OPS-R5).
type opsBlock struct {
	settings OpsBlockSettings
	calendar *calendar

	cancel, parent, sale, meeting, reopen, request, reschedule *table
}

func loadOpsBlock(s OpsBlockSettings, cal *calendar) (*opsBlock, error) {
	p := &opsBlock{settings: s, calendar: cal}
	errs := []error{s.validate()}
	load := func(name, title, text string, columns []column, terms ...string) *table {
		t, err := parseTable("ops_block."+name, title, text, columns, terms)
		errs = append(errs, err)
		return t
	}
	block := column{"block", []string{"cancelling", "cancelled", "left", "reopened", "skipped", "booked", "open", "unclear"}}
	news := column{"news", []string{"first", "again"}}
	p.cancel = load("cancel", "What becomes of an ops block whose record has changed.", opsBlockCancel, []column{
		block,
		{"fields", []string{"complete", "missing", "reset-unknown"}},
		{"work", []string{"waiting", "elsewhere"}},
	}, "cancel", "send-back", "watch", "hold-for-review", "nothing")
	p.parent = load("parent", "What becomes of the work that a cancelled block was set for.", opsBlockParent, []column{
		{"kind", []string{"install", "delivery", "service-reset", "service-rest", "other", "unknown"}},
		{"parent", []string{"to-move", "in-place", "missing"}},
		{"others", []string{"none", "some"}},
		{"ready", []string{"configured", "empty"}},
		news,
	}, "back-job", "back-ticket", "ready-contact", "ask-to-ready", "rest-contact", "warn", "hold-for-review", "nothing")
	p.sale = load("sale", "What becomes of the sale of a cancelled revenue service.", opsBlockSale, []column{
		{"reset", []string{"yes", "no"}},
		{"sale", []string{"none", "open", "approved", "ended"}},
		news,
	}, "cancel-sale", "hold-for-review", "nothing")
	p.meeting = load("meeting", "What becomes of the meeting of a cancelled block.", opsBlockMeeting, []column{
		{"meeting", []string{"some", "none"}},
	}, "delete-meetings", "nothing")
	p.reopen = load("reopen", "What becomes of a canceled block that should be open again by now.", opsBlockReopen, []column{
		block,
		{"reopener", []string{"daemon", "crm"}},
		{"effects", []string{"settled", "open"}},
		{"patience", []string{"waiting", "over"}},
	}, "reopen", "wait", "hold-for-review", "nothing")
	p.request = load("request", "What is advised when a mail asks to cancel a block.", opsBlockRequest, []column{
		{"block", []string{"booked", "not-booked", "unclear"}},
		{"sale", []string{"none", "open", "approved", "ended"}},
	}, "cancel", "cancel-sale", "not-set", "find-out")
	p.reschedule = load("reschedule", "What is advised when a mail asks for another time.", opsBlockReschedule, []column{
		{"block", []string{"booked", "not-booked", "unclear"}},
		{"time", []string{"inside", "outside", "unknown"}},
	}, "change-time", "cancel-and-set", "compare", "set", "find-out")
	return p, errors.Join(errs...)
}

func (p *opsBlock) name() string { return "ops_block" }

func (p *opsBlock) kinds() []string {
	return []string{BlockChanged, BlockDue, BlockCancelRequested, RescheduleRequested}
}

func (p *opsBlock) tables() []*table {
	return []*table{p.cancel, p.parent, p.sale, p.meeting, p.reopen, p.request, p.reschedule}
}

// verbs are what the policy can ask for. All actions of one block are carried
// out in the order in which they are decided (OPS-A12); when one fails, the
// missing ones are decided again from how things are then.
func (p *opsBlock) verbs() []Verb {
	return []Verb{
		{"cancel-block", "sets an ops block (on block) from its request to Canceled (OPS-5)", "approve"},
		{"send-back-job", "sets the job of an Install (on ops-job) from args.state-was to args.state, where it can be set again (OPS-10)", "approve"},
		{"send-back-ticket", "sets the shipping ticket of a Delivery (on ticket) from args.state-was to args.state (OPS-11)", "approve"},
		{"send-back-contact", "sets the contact of a Revenue Service (on contact) from args.state-was to args.state: ready to reset, or at rest (OPS-12, OPS-13)", "approve"},
		{"cancel-service-sale", "sets the sale of a Revenue Service (on sale) from args.state-was to args.state; never an approved one (OPS-15, OPS-A15)", "approve"},
		{"delete-meeting", "deletes a calendar event (on meeting) of a cancelled block (OPS-8)", "approve"},
		{"reopen-block", "sets a canceled block (on block) to Open and empties the fields in args.clear (OPS-6, OPS-A11)", "auto"},
		{postComment, "posts args.text in the feed of an ops block (on block)", "auto"},
		{holdForReview, "opens a case titled args.title with args.text for the back office, about a block and the contact args.contact", "auto"},
	}
}

func (p *opsBlock) decide(s Snapshot, e Event, now time.Time, traced trace) []Decision {
	q := &blockQuestion{opsBlock: p, trace: traced, event: e, now: now, mail: noMail}
	if e.Request != nil {
		q.mail = e.Request
	}
	switch e.Kind {
	case BlockCancelRequested:
		q.pick(s.Blocks)
		return q.decideRequest()
	case RescheduleRequested:
		q.pick(s.Blocks)
		return q.decideReschedule()
	case BlockDue:
		q.find(s.Blocks)
		return q.decideReopen()
	}
	q.find(s.Blocks)
	return q.decideCancel()
}
