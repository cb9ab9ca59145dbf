package mapping

import "standdown/rules"

// nameOf is what people call the thing, as far as the snapshot knows it; empty
// if it does not. Comments, cases and mails name what they are about in their
// own text.
func nameOf(s rules.Snapshot, ref rules.Ref) string {
	for _, w := range s.Workflows {
		if ref == (rules.Ref{Kind: "workflow", ID: w.ID}) {
			return w.Name
		}
		for _, m := range w.Milestones {
			if ref == (rules.Ref{Kind: "milestone", ID: m.ID}) {
				return w.Name + " " + m.Name
			}
			for _, id := range m.Reviews {
				if ref == (rules.Ref{Kind: "review", ID: id}) {
					return w.Name + " " + m.Name + " review"
				}
			}
		}
	}
	for _, b := range s.Blocks {
		if ref == (rules.Ref{Kind: "block", ID: b.ID}) {
			return b.Name
		}
		for kind, of := range map[string]*rules.Linked{"ops-job": b.Job, "ticket": b.Ticket, "contact": b.Contact, "sale": b.Sale} {
			if of != nil && ref == (rules.Ref{Kind: kind, ID: of.ID}) {
				return of.Name
			}
		}
	}
	for _, a := range s.Assignments {
		if ref == (rules.Ref{Kind: "assignment", ID: a.ID}) {
			return a.Name
		}
		if a.Billing != nil && ref == (rules.Ref{Kind: "billing", ID: a.Billing.ID}) {
			return a.Name + " billing"
		}
		for _, i := range a.Interpreters {
			if ref == (rules.Ref{Kind: "assignment-interpreter", ID: i.ID}) {
				return a.Name + " interpreter"
			}
		}
	}
	if s.Client == nil {
		return ""
	}
	for _, j := range s.Client.Jobs {
		if ref == (rules.Ref{Kind: "job", ID: j.ID}) {
			return j.Name
		}
		for _, a := range j.Allocations {
			if ref == (rules.Ref{Kind: "allocation", ID: a.ID}) {
				return j.Name + " allocation"
			}
		}
	}
	return ""
}
