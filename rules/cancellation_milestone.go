package rules

import "slices"

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
	case w.Photos == "yes" && (current.Name == "M1" || current.Name == "M1A"):
		return q.fact(name, "unclear", "system photos are uploaded, but %s is not approved, which does not fit together", current.Name)
	case w.Invoice == "yes" && current.Name == "M1A":
		return q.fact(name, "unclear", "the invoice is uploaded, but M1A is not approved, which does not fit together")
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
	case w.Model == "direct-pay" && current.Name == "M2" && w.Referral != nil && w.Referral.Decision == "approved" && !q.settled():
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
	// Where a later one was reached, whatever order the record gives them, much
	// may stand already. Their names are in order.
	reached := slices.IndexFunc(w.Milestones, func(other Milestone) bool {
		return other.Name > m.Name && (other.Status == "approved" || other.Status == "pending-review")
	})
	switch {
	case m == nil:
		return nil, "no milestones are known"
	case !slices.Contains([]string{"not-submitted", "pending-review", "approved", "rejected"}, m.Status):
		return nil, "the status of milestone " + m.Name + " cannot be read"
	case w.Milestone != "" && w.Milestone != m.Name:
		return nil, "the record says milestone " + w.Milestone + ", but the first not approved is " + m.Name
	case reached >= 0:
		return nil, "milestone " + m.Name + " is not approved, but " + w.Milestones[reached].Name + " has been reached"
	case m.Status == "approved" && m.Name != "M3":
		return nil, "milestone " + m.Name + " is approved, and none after it is known"
	case m.Status == "approved":
		return m, "every milestone is approved"
	}
	return m, "milestone " + m.Name
}

// settled tells that the referral was for a cancellation that people have taken
// back since: what Deal Processing decided then says nothing about another one.
func (q *question) settled() bool {
	w := q.workflow
	if w == nil || w.Referral == nil {
		return false
	}
	_, running := q.pendingSince()
	return w.Referral.ID == q.memory(memorySettled) || running && w.Status == "active"
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
	known := w.Referral != nil && !q.settled()
	switch {
	case known && w.Referral.Decision == "declined":
		return q.fact(name, "declined", "Deal Processing has declined the cancellation")
	case known:
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
	case w.RoofClear == "no":
		return q.fact(name, "unconfirmed", "no system photos, but something is on the roof")
	case !q.settings.RequireRoofCheck:
		return q.fact(name, "none", "not uploaded: the system photos")
	case q.insideContractRight():
		return q.fact(name, "none", "not uploaded: the system photos; still within the contract's right to cancel")
	case w.RoofClear == "yes":
		return q.fact(name, "none", "not uploaded: the system photos; the roof is confirmed clear")
	}
	return q.fact(name, "unconfirmed", "no system photos, but nobody has confirmed that the roof is clear")
}
