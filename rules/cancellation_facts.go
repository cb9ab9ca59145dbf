package rules

import (
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
// none, the only one that is not cancelled (MIL-A16).
func (q *question) pick(all []Workflow) {
	var named, open []int
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
	case len(named) == 1:
		q.workflow = &all[named[0]]
	case len(named) > 1:
		q.doubt = fmt.Sprintf("the mail names %d workflows", len(named))
	case len(q.mail.References) > 0:
		q.doubt = "the mail names " + strings.Join(q.mail.References, ", ") + ", which is none of the homeowner's workflows"
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
		return q.fact("workflow", "unclear", "the status of %s cannot be read", q.called())
	case w.Status != "active" && q.earlier(memoryRepeat):
		return q.fact("workflow", "noted", "%s is %s, and a repeated request has been noted", q.called(), inStatus(w.Status))
	case w.Status != "active":
		return q.fact("workflow", "ended", "%s is %s", q.called(), inStatus(w.Status))
	case len(w.Homeowners) == 0 || w.Homeowners[0].ID == "":
		return q.fact("workflow", "unclear", "%s has no homeowner's profile on record to comment on", q.called())
	case w.Product == "" && len(q.settings.NeverProducts)+len(q.settings.RightOnlyProducts) > 0:
		return q.fact("workflow", "unclear", "the product of %s is not known, and some products cannot be cancelled", q.called())
	case contains(q.settings.NeverProducts, w.Product):
		return q.fact("workflow", "barred", "%s is %s, which can never be cancelled", q.called(), w.Product)
	case contains(q.settings.RightOnlyProducts, w.Product) && !q.insideContractRight():
		return q.fact("workflow", "barred", "%s is %s, which can be cancelled only within %s business days of signing; it was signed %s",
			q.called(), w.Product, strconv.Itoa(q.settings.ContractRightDays), w.signedInWords())
	}
	return q.fact("workflow", "active", "%s is active", q.called())
}

// insideContractRight reports whether the contract itself still gives the
// right to cancel: to the end of the last of the business days after signing.
// Who has not recorded a signing date has not recorded the right.
func (q *question) insideContractRight() bool {
	signed, ok := q.workflow.Signed.day()
	return ok && q.at().Before(q.calendar.endOf(q.calendar.count(signed, q.settings.ContractRightDays)))
}

// milestoneFact finds the current milestone: the first that is not approved,
// so M1 approved means M2 (MIL-10, MIL-A24). It is established before the
// product model is looked at (MIL-7); the model says which milestones there are
// (MIL-8).
func (q *question) milestoneFact() Fact {
	const name = "milestone"
	w := q.workflow
	if w == nil {
		return q.fact(name, "unclear", "%s", q.doubt)
	}
	current, why := w.current()
	if current == nil {
		return q.fact(name, "unclear", "%s", why)
	}
	inReview := current.Status == "pending-review"
	switch {
	case w.Model == "regular" && current.Name == "M1" && inReview:
		return q.fact(name, "M1-in-review", "M1 is under review")
	case w.Model == "regular" && slices.Contains([]string{"M1", "M2", "M3"}, current.Name):
		return q.fact(name, current.Name, "regular product, %s", why)
	case w.Model == "direct-pay" && current.Name == "M1A" && inReview && q.settings.M1ARejectPendingReview:
		return q.fact(name, "M1-in-review", "M1A is under review, which the settings treat like M1")
	case w.Model == "direct-pay" && current.Name == "M1A" && inReview:
		return q.fact(name, "M1A-in-review", "M1A is under review")
	case w.Model == "direct-pay" && slices.Contains([]string{"M1A", "M1B"}, current.Name):
		return q.fact(name, current.Name, "direct pay, %s", why)
	case w.Model == "direct-pay" && current.Name == "M2" && w.Referral != nil && w.Referral.Decision == "approved":
		return q.fact(name, "direct-M2-approved", "direct pay, %s, approved by Deal Processing", why)
	case w.Model == "direct-pay" && slices.Contains([]string{"M2", "M3"}, current.Name):
		return q.fact(name, "direct-M2-M3", "direct pay, %s", why)
	}
	return q.fact(name, "unclear", "%s does not belong to the product model %s", current.Name, orUnknown(w.Model))
}

// current is the first milestone that is not approved; nil if it is uncertain.
func (w *Workflow) current() (m *Milestone, why string) {
	for i := range w.Milestones {
		m = &w.Milestones[i]
		if m.Status != "approved" {
			break
		}
	}
	switch {
	case m == nil:
		return nil, "no milestones are known"
	case !slices.Contains([]string{"not-submitted", "pending-review", "approved", "rejected"}, m.Status):
		return nil, "the status of milestone " + m.Name + " cannot be read"
	case w.Milestone != "" && w.Milestone != m.Name:
		return nil, "the record says milestone " + w.Milestone + ", but the first not approved is " + m.Name
	case m.Status == "approved":
		return m, "every milestone is approved"
	}
	return m, "milestone " + m.Name
}

// evidenceFact tells what has been ordered or built, as far as it matters for
// the milestone: the invoice in M1B, the system photos in M2.
func (q *question) evidenceFact(milestone string) Fact {
	const name = "evidence"
	switch milestone {
	case "M1B":
		f := q.invoiceFact(q.earlier(memoryReferred))
		if f.Value == "referred" && q.earlier(memoryReferredRepeat) {
			return q.fact(name, "noted", "%s, and a repeated request has been noted", f.Reason)
		}
		return f
	case "M2", "direct-M2-approved":
		f := q.photosFact()
		f.Name = name
		return f
	}
	return q.fact(name, "none", "nothing to look for in this milestone")
}

func (q *question) invoiceFact(referred bool) Fact {
	const name = "evidence"
	w := q.workflow
	switch {
	case w.Referral != nil && w.Referral.Decision == "declined":
		return q.fact(name, "declined", "Deal Processing has declined the cancellation")
	case w.Referral != nil:
		return q.fact(name, "referred", "Deal Processing has the case (%s)", orUnknown(w.Referral.Decision))
	case referred:
		return q.fact(name, "referred", "a case for Deal Processing has been opened")
	case w.Invoice == "yes":
		return q.fact(name, "uploaded", "uploaded: the invoice")
	case w.Invoice != "no":
		return q.fact(name, "unknown", "nobody knows whether the invoice is uploaded")
	case w.Photos == "yes":
		return q.fact(name, "unknown", "system photos are uploaded but no invoice, which does not fit together")
	}
	return q.fact(name, "none", "not uploaded: the invoice")
}

// photosFact tells whether anything may be installed. Beyond the contract's
// own right, missing photos are not enough (MIL-30).
func (q *question) photosFact() Fact {
	const name = "photos"
	w := q.workflow
	switch {
	case w == nil:
		return q.fact(name, "unknown", "%s", q.doubt)
	case w.Photos == "yes":
		return q.fact(name, "uploaded", "uploaded: the system photos")
	case w.Photos != "no":
		return q.fact(name, "unknown", "nobody knows whether system photos are uploaded")
	case !q.settings.RequireRoofCheck:
		return q.fact(name, "none", "not uploaded: the system photos")
	case q.insideContractRight():
		return q.fact(name, "none", "not uploaded: the system photos; still within the contract's right to cancel")
	case w.RoofClear == "yes":
		return q.fact(name, "none", "not uploaded: the system photos; the roof is confirmed clear")
	case w.RoofClear == "no":
		return q.fact(name, "unconfirmed", "no system photos, but something is on the roof")
	}
	return q.fact(name, "unconfirmed", "no system photos, but nobody has confirmed that the roof is clear")
}

// called names the workflow in reasons; it costs nothing where none is told.
func (q *question) called() string {
	if !q.trace {
		return ""
	}
	return q.workflow.called()
}

func (w *Workflow) called() string {
	if w.Name == "" {
		return "workflow " + w.ID
	}
	return "workflow " + w.Name
}

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
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, strings.TrimSpace(s)) })
}
