package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the policy remembers with a block, see [OpsBlock].
const (
	memoryBlockState = "state"
	memoryCancelled  = "cancelled"
	memoryEffects    = "effects"
)

// noEffects in memory tells that nothing is to be sent back, only the block to
// be opened.
const noEffects = "-"

// A blockQuestion is one event about one ops block.
type blockQuestion struct {
	*opsBlock
	trace
	event Event
	mail  *Request
	now   time.Time
	block *OpsBlock // nil if it is unclear which
	doubt string    // why it is unclear
}

// find looks for the block that a record's event is about.
func (q *blockQuestion) find(all []OpsBlock) {
	q.doubt = "there is no such block"
	if i := slices.IndexFunc(all, func(b OpsBlock) bool { return b.ID == q.event.Subject.ID }); i >= 0 {
		q.block = &all[i]
	}
}

// pick finds the block that a mail means: the one it names; if it names none,
// the only one that is set.
func (q *blockQuestion) pick(all []OpsBlock) {
	var named, set []int
	for i, b := range all {
		if slices.ContainsFunc(q.mail.References, func(r string) bool { return r != "" && (strings.EqualFold(r, b.Name) || r == b.ID) }) {
			named = append(named, i)
		}
		if b.booked() {
			set = append(set, i)
		}
	}
	switch {
	case len(named) == 1:
		q.block = &all[named[0]]
	case len(named) > 1:
		q.doubt = fmt.Sprintf("the mail names %d blocks", len(named))
	case len(set) == 1 && len(q.mail.References) == 0:
		q.block = &all[set[0]]
	case len(set) > 1:
		q.doubt = fmt.Sprintf("%d blocks are set for the sender, and the mail names none of them", len(set))
	default:
		q.doubt = "no block that is set was found for the mail"
	}
}

func (b *OpsBlock) booked() bool {
	return slices.Contains([]string{"set", "confirmed", "issued"}, b.State)
}

func (q *blockQuestion) memory(key string) string {
	if q.block == nil {
		return ""
	}
	return q.block.Memory[key]
}

// blockFact tells how far a cancellation has come. What was seen before
// matters, because a block may be Canceled and Open again between two reads.
func (q *blockQuestion) blockFact() Fact {
	const name = "block"
	b := q.block
	if b == nil {
		return q.fact(name, "unclear", "%s", q.doubt)
	}
	was := q.memory(memoryBlockState)
	wasBooked := slices.Contains([]string{"set", "confirmed", "issued", "cancelling"}, was)
	known := q.memory(memoryCancelled) != ""
	unseen := was == "" || was == "canceled"
	switch {
	case b.booked() || b.State == "completed":
		return q.fact(name, "booked", "block %s is %s", b.label(), b.State)
	case b.State == "cancelling":
		return q.fact(name, "cancelling", "somebody wants block %s cancelled", b.label())
	case b.State == "canceled" && (q.memory(memoryEffects) == noEffects || !known && unseen):
		return q.fact(name, "left", "block %s was Canceled already when it was first seen", b.label())
	case b.State == "canceled":
		return q.fact(name, "cancelled", "block %s is Canceled", b.label())
	case b.State == "open" && known && q.memory(memoryEffects) != noEffects:
		return q.fact(name, "reopened", "block %s is Open, and was Canceled before", b.label())
	case b.State == "open" && wasBooked && q.settings.AutoReopen == "crm":
		return q.fact(name, "reopened", "block %s is Open, and was %s before: the org has opened it again", b.label(), was)
	case b.State == "open" && wasBooked:
		return q.fact(name, "skipped", "block %s is Open, and was %s before", b.label(), was)
	case b.State == "open":
		return q.fact(name, "open", "block %s is Open", b.label())
	}
	return q.fact(name, "unclear", "the state of block %s cannot be read", b.label())
}

// fieldsFact tells whether the Cancel transition could have been saved (OPS-4).
func (q *blockQuestion) fieldsFact() Fact {
	const name = "fields"
	b := q.block
	if b == nil {
		return q.fact(name, "missing", "%s", q.doubt)
	}
	if b.Type == "revenue-service" && b.ResetService != "yes" && b.ResetService != "no" {
		return q.fact(name, "reset-unknown", "Reset Service is empty")
	}
	for _, field := range q.settings.RequiredFields {
		value := b.Reason
		if field == "notes" {
			value = b.Notes
		}
		if strings.TrimSpace(value) == "" {
			return q.fact(name, "missing", "empty: %s", field)
		}
	}
	return q.fact(name, "complete", "every required field is filled")
}

// workFact tells whether the job or ticket may be moved at all (OPS-A13).
func (q *blockQuestion) workFact() Fact {
	const name = "work"
	move := q.moveOf(q.kindFact().Value)
	if move.of == nil || move.anyState {
		return q.fact(name, "waiting", "nothing hangs on it that could have begun")
	}
	switch state := move.of.State; {
	case state == "":
		return q.fact(name, "elsewhere", "the state of %s %s cannot be read", move.what, move.of.label())
	case strings.EqualFold(state, move.to), contains(move.from, state):
		return q.fact(name, "waiting", "%s %s is %s", move.what, move.of.label(), state)
	default:
		return q.fact(name, "elsewhere", "%s %s is %s, which does not mean that it is scheduled", move.what, move.of.label(), state)
	}
}

// kindFact is the block's type as far as it matters for what is sent back. The
// type decides, whatever the transition was called (OPS-A1).
func (q *blockQuestion) kindFact() Fact {
	const name = "kind"
	b := q.block
	switch {
	case b == nil:
		return q.fact(name, "unknown", "%s", q.doubt)
	case b.Type == "install" || b.Type == "delivery":
		return q.fact(name, b.Type, "the block's type is %s", b.Type)
	case b.Type == "revenue-service" && b.ResetService == "yes":
		return q.fact(name, "service-reset", "the block's type is revenue-service, and Reset Service is Yes")
	case b.Type == "revenue-service":
		return q.fact(name, "service-rest", "the block's type is revenue-service, and Reset Service is No")
	case slices.Contains([]string{"go-back", "warranty", "site-visit", "measure"}, b.Type):
		return q.fact(name, "other", "the block's type is %s", b.Type)
	}
	return q.fact(name, "unknown", "the block's type cannot be read")
}

// A move is how the thing that a block was set for goes back.
type move struct {
	of       *Linked
	what     string   // "job"
	from     []string // the states it leaves
	to       string
	anyState bool // it leaves any
}

func (l *Linked) label() string { return cmp.Or(l.Name, l.ID) }

// moveOf is the move for a kind of block; of is nil if there is nothing to move.
func (q *blockQuestion) moveOf(kind string) move {
	s := &q.settings
	switch kind {
	case "install":
		return move{of: q.block.Job, what: "job", from: s.ScheduledJobStates, to: s.JobState}
	case "delivery":
		return move{of: q.block.Ticket, what: "ticket", from: s.ScheduledTicketStates, to: s.TicketState}
	case "service-reset":
		return move{of: q.block.Contact, what: "contact", to: s.ReadyToResetState, anyState: true}
	case "service-rest":
		return move{of: q.block.Contact, what: "contact", to: s.RestState, anyState: true}
	}
	return move{}
}

// parentFact tells whether there is something to move. The contact's state at
// the moment of cancelling is the one that is read now; the write is refused if
// it changes before (OPS-13).
func (q *blockQuestion) parentFact(kind string) Fact {
	const name = "parent"
	m := q.moveOf(kind)
	switch {
	case m.of == nil:
		return q.fact(name, "missing", "no %s is linked", orSomething(m.what))
	case kind == "service-rest" && strings.EqualFold(m.of.State, q.settings.ServiceState):
		return q.fact(name, "to-move", "%s %s is %s", m.what, m.of.label(), m.of.State)
	case kind == "service-rest":
		return q.fact(name, "in-place", "%s %s is %s, not %s", m.what, m.of.label(), orUnknown(m.of.State), q.settings.ServiceState)
	case m.to != "" && strings.EqualFold(m.of.State, m.to):
		return q.fact(name, "in-place", "%s %s is %s already", m.what, m.of.label(), m.of.State)
	}
	return q.fact(name, "to-move", "%s %s is %s", m.what, m.of.label(), orUnknown(m.of.State))
}

// othersFact counts what cannot be read as set: better to leave a job where it
// is than to move it away from under a block.
func (q *blockQuestion) othersFact() Fact {
	const name = "others"
	for _, s := range q.block.Siblings {
		if (s.Type == q.block.Type || s.Type == "") && !slices.Contains([]string{"open", "canceled", "cancelling", "completed"}, s.State) {
			return q.fact(name, "some", "block %s of the same work is %s", s.Name, orUnknown(s.State))
		}
	}
	return q.fact(name, "none", "no other block of this type is set for the same work")
}

func (q *blockQuestion) readyFact() Fact {
	if q.settings.ReadyToResetState == "" {
		return q.fact("ready", "empty", "the settings name no state that means ready to reset")
	}
	return q.fact("ready", "configured", "ready to reset is called %s", q.settings.ReadyToResetState)
}

// newsFact keeps people from being asked again when the block changes further
// on its way to Open.
func (q *blockQuestion) newsFact() Fact {
	if by := q.memory(memoryEffects); by != "" && by != q.event.ID {
		return q.fact("news", "again", "the cancellation was looked at before, for event %s", by)
	}
	return q.fact("news", "first", "the cancellation is looked at for the first time")
}

func (q *blockQuestion) saleFact() Fact {
	const name = "sale"
	sale := q.block.Sale
	switch {
	case sale == nil:
		return q.fact(name, "none", "no sale is linked")
	case contains(q.settings.EndedSaleStates, sale.State), strings.EqualFold(sale.State, q.settings.SaleState):
		return q.fact(name, "ended", "sale %s is %s", orUnknown(sale.Name), sale.State)
	case contains(q.settings.OpenSaleStates, sale.State):
		return q.fact(name, "open", "sale %s is %s, not approved yet", orUnknown(sale.Name), sale.State)
	}
	return q.fact(name, "approved", "sale %s is %s, which counts as approved", orUnknown(sale.Name), orUnknown(sale.State))
}

func (q *blockQuestion) meetingFact() Fact {
	if n := len(q.block.Meetings); n > 0 {
		return q.fact("meeting", "some", "meetings of the block: %s", strconv.Itoa(n))
	}
	return q.fact("meeting", "none", "the block has no meeting")
}

// effectsFact tells whether anything is still to be sent back, by looking at
// where it is now.
func (q *blockQuestion) effectsFact(block string) Fact {
	const name = "effects"
	switch {
	case block == "left":
		return q.fact(name, "settled", "nothing is sent back for it")
	case block != "cancelled":
		return q.fact(name, "settled", "no cancellation is under way")
	case q.fieldsFact().Value != "complete":
		return q.fact(name, "open", "%s", q.fieldsFact().Reason)
	case q.workFact().Value == "elsewhere":
		return q.fact(name, "open", "%s", q.workFact().Reason)
	}
	for _, d := range q.sendBack(nil) {
		for _, a := range d.Actions {
			if a.Verb != holdForReview {
				return q.fact(name, "open", "still to be done: %s", a.String())
			}
		}
	}
	return q.fact(name, "settled", "everything is where it belongs")
}

// patienceFact tells whether a block has been Canceled for too long.
func (q *blockQuestion) patienceFact() Fact {
	const name = "patience"
	since, err := time.Parse(time.RFC3339, q.memory(memoryCancelled))
	switch {
	case err != nil:
		return q.fact(name, "over", "nobody knows since when it is Canceled")
	case q.now.Sub(since) < q.settings.StuckAfter:
		return q.fact(name, "waiting", "it has been Canceled for %s", q.now.Sub(since).Round(time.Second).String())
	}
	return q.fact(name, "over", "it has been Canceled for %s, longer than %s", q.now.Sub(since).Round(time.Second).String(), q.settings.StuckAfter.String())
}

func (q *blockQuestion) bookedFact() Fact {
	const name = "block"
	b := q.block
	switch {
	case b == nil:
		return q.fact(name, "unclear", "%s", q.doubt)
	case b.booked():
		return q.fact(name, "booked", "block %s is %s", b.label(), b.State)
	case b.State == "":
		return q.fact(name, "unclear", "the state of block %s cannot be read", b.label())
	}
	return q.fact(name, "not-booked", "block %s is %s", b.label(), b.State)
}

// timeFact compares the day that the mail asks for with the block's. A mail
// that also names the day the work is set for does not ask for that one.
func (q *blockQuestion) timeFact() Fact {
	const name = "time"
	b := q.block
	if b == nil || b.Start.IsZero() || b.End.IsZero() {
		return q.fact(name, "unknown", "the Time Block Restrictions are not known")
	}
	wanted := slices.Clone(q.mail.Dates)
	if len(wanted) > 1 {
		now := b.EventAt
		if now.IsZero() {
			now = b.Start
		}
		wanted = slices.DeleteFunc(wanted, func(d Date) bool { return d == q.dateIn(now) })
	}
	if len(wanted) != 1 {
		return q.fact(name, "unknown", "the mail names %s days to choose from", strconv.Itoa(len(wanted)))
	}
	day, ok := wanted[0].day()
	switch {
	case !ok:
		return q.fact(name, "unknown", "the mail's day cannot be read")
	case wanted[0] < q.dateIn(b.Start) || wanted[0] > q.dateIn(b.End):
		return q.fact(name, "outside", "the mail asks for %s; the block is %s", inWords(day), q.restrictions())
	}
	return q.fact(name, "inside", "the mail asks for %s, a day of the block, which is %s", inWords(day), q.restrictions())
}

func (q *blockQuestion) dateIn(t time.Time) Date {
	return Date(t.In(q.calendar.zone).Format(time.DateOnly))
}

func (b *OpsBlock) called() string { return "block " + b.label() }

func (b *OpsBlock) label() string { return cmp.Or(b.Name, b.ID) }

func orSomething(what string) string {
	if what == "" {
		return "record"
	}
	return what
}
