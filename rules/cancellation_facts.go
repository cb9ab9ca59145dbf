package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the policy remembers with a workflow. Values that keep an event from
// being acted upon twice hold the event's id, so that deciding the same event
// again, after a conflict, comes to the same result.
const (
	memoryStatus         = "status"          // as last seen
	memoryPendingSince   = "pending-since"   // when Cancel Pending was written (MIL-A10)
	memoryStatement      = "statement"       // Message-ID of the homeowner's written statement (MIL-9)
	memoryReason         = "reason"          // the reason given with it
	memoryLanguage       = "language"        // of that statement, unless it is English
	memoryReferred       = "referred"        // event that opened the case for Deal Processing
	memoryReferral       = "referral"        // event and situation of the last decision on the referral
	memoryRestore        = "restore"         // event that asked to restore
	memoryRepeat         = "repeat"          // event whose repetition was noted
	memoryReferredRepeat = "referred-repeat" // the same, while Deal Processing has the case
	memorySettled        = "settled"         // referral for a cancellation that was taken back
)

// A question is one event about one workflow.
type question struct {
	*cancellation
	trace
	event    Event
	mail     *Request
	now      time.Time
	workflow *Workflow // nil if it is unclear which
	doubt    string    // why it is unclear

	lastSince time.Time // see lastDayInWords
	lastDay   string
}

// pick finds the workflow that a mail means: the one it names; if it names
// none, the only one that is not cancelled (MIL-A16). What it names besides and
// nobody knows may be what it is about.
func (q *question) pick(all []Workflow) {
	var named, open []int
	strange := slices.DeleteFunc(slices.Clone(q.mail.References), func(reference string) bool {
		return slices.ContainsFunc(all, func(w Workflow) bool { return w.isCalled(reference) })
	})
	for i := range all {
		w := &all[i]
		if slices.ContainsFunc(q.mail.References, w.isCalled) {
			named = append(named, i)
		}
		if w.Status != "cancelled" {
			open = append(open, i)
		}
	}
	switch {
	case len(all) == 0:
		q.doubt = "no workflow was found for the mail"
	case len(strange) > 0:
		q.doubt = "the mail names " + strings.Join(strange, ", ") + ", which is none of the homeowner's workflows"
	case len(named) == 1:
		q.workflow = &all[named[0]]
	case len(named) > 1:
		q.doubt = fmt.Sprintf("the mail names %d workflows", len(named))
	case len(open) == 1:
		q.workflow = &all[open[0]]
	case len(open) == 0 && len(all) == 1:
		q.workflow = &all[0]
	case len(open) == 0:
		q.doubt = fmt.Sprintf("all %d workflows are cancelled, and the mail names none", len(all))
	default:
		q.doubt = fmt.Sprintf("%d workflows are not cancelled, and the mail names none", len(open))
	}
}

func (w *Workflow) isCalled(reference string) bool {
	return reference != "" && (strings.EqualFold(reference, w.Contract) || strings.EqualFold(reference, w.Name) || reference == w.ID)
}

// at is when the mail arrived; what somebody asked for in time is in time even
// if it is read late.
func (q *question) at() time.Time {
	if q.event.At.IsZero() {
		return q.now
	}
	return q.event.At
}

func (q *question) memory(key string) string {
	if q.workflow == nil {
		return ""
	}
	return q.workflow.Memory[key]
}

// earlier reports whether another event has left its id under the key.
func (q *question) earlier(key string) bool {
	id := q.memory(key)
	return id != "" && id != q.event.ID
}

// requestFact tells whose request it is and whether it may be acted upon.
func (q *question) requestFact() Fact {
	_, domain, _ := strings.Cut(q.mail.From, "@")
	switch {
	case q.mail.Deceased:
		return q.fact("request", "deceased", "the mail says that the homeowner has died")
	case q.mail.Words == "attached":
		return q.fact("request", "unreadable", "the request is in an attachment that only a person can read")
	case q.mail.Form == "telegram":
		return q.fact("request", "unreadable", "the request is a telegram, which has a procedure of its own")
	case slices.ContainsFunc(q.settings.InternalDomains, func(d string) bool { return strings.EqualFold(d, domain) }):
		return q.fact("request", "internal", "the sender writes from the business's own domain %s", domain)
	}
	value, why := q.proof()
	if value == "written" && q.reason() == "" {
		return q.fact("request", "no-reason", "%s, but gives no reason from the list, and there is no default", why)
	}
	return q.fact("request", value, "%s", why)
}

// restoreRequestFact is requestFact for a restore, which needs no reason. A
// person of the back office who asks answers for it that the homeowner wants it
// (MIL-34): with that comes nothing but the restore, which others look at again.
func (q *question) restoreRequestFact() Fact {
	if by := q.event.askedBy(); by != "" {
		return q.fact("request", "vouched", "%s of the back office asks for it", by)
	}
	value, why := q.proof()
	switch {
	case q.mail.Deceased:
		value, why = "unproven", "the mail says that the homeowner has died"
	case value == "on-behalf":
		value = "unproven"
	}
	return q.fact("request", value, "%s", why)
}

// proof tells whether the mail is the homeowner's own written statement: own
// words, from exactly the address on record, from a sender who is proven
// (MIL-27, MIL-A8); or on-behalf if installer or sales rep wrote it (MIL-28).
// The homeowner's name and property address are not asked for; Spanish is as
// good as English (MIL-27).
func (q *question) proof() (value, why string) {
	m, w := q.mail, q.workflow
	if w == nil {
		return "unproven", "there is no one workflow to compare the sender with"
	}
	if m.From == "" {
		return "unproven", "the mail has no sender, or several"
	}
	homeowner := slices.ContainsFunc(w.Homeowners, func(p Person) bool { return p.writesFrom(m.From) })
	role := ""
	switch {
	case w.Installer.writesFrom(m.From):
		role = "installer"
	case w.SalesRep.writesFrom(m.From):
		role = "sales rep"
	case homeowner:
		role = "homeowner"
	default:
		_, domain, _ := strings.Cut(m.From, "@")
		why = fmt.Sprintf("the sender at %s is not the homeowner on record", domain)
		if !slices.ContainsFunc(w.Homeowners, func(p Person) bool { return p.Email != "" }) {
			why = "no homeowner has an address on record to compare the sender with"
		}
		if m.Words == "forwarded" {
			why += "; the words are somebody else's, forwarded"
		}
		return "unproven", why
	}
	if m.Auth != "pass" && !(m.Auth == "none" && q.settings.AcceptUnauthenticated) {
		why = m.AuthReason
		if why == "" {
			why = "no mail server vouches for it"
		}
		return "unproven", "the mail gives the " + role + "'s address, but it is not proven: " + why
	}
	switch {
	case role != "homeowner" && homeowner:
		return "on-behalf", "the address on record for the homeowner is the " + role + "'s too, so it does not tell who wrote"
	case role != "homeowner" && m.Words == "forwarded":
		return "on-behalf", "the " + role + " forwards what the homeowner is said to have written"
	case role != "homeowner":
		return "on-behalf", "the " + role + " asks, not the homeowner"
	case m.Words == "forwarded":
		return "unproven", "the homeowner forwards somebody else's words"
	case m.Words != "own":
		return "unproven", "the mail has no statement in the homeowner's own words"
	}
	why = "the homeowner's own words came from the address on record"
	if m.Auth == "none" {
		why += ", which nobody vouches for; the settings accept that"
	}
	return "written", why
}

// writesFrom compares the whole address; upper and lower case are the same.
// Nothing else is (no plus signs or dots taken out): two addresses that differ
// may be two people (MIL-A8).
func (p Person) writesFrom(address string) bool {
	return p.Email != "" && strings.EqualFold(strings.TrimSpace(p.Email), address)
}

// reason is the value of the drop-down list to cancel with; empty if the mail
// gives none and there is no default (MIL-32).
func (q *question) reason() string {
	for _, given := range []string{q.mail.Reason, q.memory(memoryReason)} {
		for _, known := range q.settings.Reasons {
			if given != "" && strings.EqualFold(given, known) {
				return known
			}
		}
	}
	return q.settings.DefaultReason
}

func (q *question) workflowFact() Fact {
	w := q.workflow
	if w == nil {
		return q.fact("workflow", "unclear", "%s", q.doubt)
	}
	switch {
	case w.Status != "active" && w.Status != "cancel-pending" && w.Status != "cancelled":
		return q.fact("workflow", "unclear", "the status of workflow %s cannot be read", w.label())
	case w.Status != "active" && q.earlier(memoryRepeat):
		return q.fact("workflow", "noted", "workflow %s is %s, and a repeated request has been noted", w.label(), inStatus(w.Status))
	case w.Status != "active":
		return q.fact("workflow", "ended", "workflow %s is %s", w.label(), inStatus(w.Status))
	case len(w.Homeowners) == 0 || w.Homeowners[0].ID == "":
		return q.fact("workflow", "unclear", "workflow %s has no homeowner's profile on record to comment on", w.label())
	case w.Product == "" && len(q.settings.NeverProducts)+len(q.settings.RightOnlyProducts) > 0:
		return q.fact("workflow", "unclear", "the product of workflow %s is not known, and some products cannot be cancelled", w.label())
	case contains(q.settings.NeverProducts, w.Product):
		return q.fact("workflow", "barred", "workflow %s is %s, which can never be cancelled", w.label(), w.Product)
	case contains(q.settings.RightOnlyProducts, w.Product) && !q.insideContractRight():
		return q.fact("workflow", "barred", "workflow %s is %s, which can be cancelled only within %s business days of signing; it was signed %s",
			w.label(), w.Product, strconv.Itoa(q.settings.ContractRightDays), w.signedInWords())
	}
	return q.fact("workflow", "active", "workflow %s is active", w.label())
}

// insideContractRight reports whether the contract itself still gives the
// right to cancel: to the end of the last of the business days after signing.
// Who has not recorded a signing date has not recorded the right.
func (q *question) insideContractRight() bool {
	signed, ok := q.workflow.Signed.day()
	return ok && q.at().Before(q.calendar.endOf(q.calendar.count(signed, q.settings.ContractRightDays)))
}

func (w *Workflow) called() string { return "workflow " + w.label() }

func (w *Workflow) label() string { return cmp.Or(w.Name, w.ID) }

func (w *Workflow) signedInWords() string {
	day, ok := w.Signed.day()
	if !ok {
		return "on an unknown day"
	}
	return "on " + inWords(day)
}

func inStatus(status string) string {
	if status == "cancel-pending" {
		return "Cancel Pending"
	}
	return "fully cancelled"
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func contains(list []string, s string) bool {
	s = strings.TrimSpace(s)
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, s) })
}
