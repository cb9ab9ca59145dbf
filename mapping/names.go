package mapping

import "standdown/rules"

// namesOf is what people call things, as far as the snapshot knows it. Comments,
// cases and mails name what they are about in their own text.
func namesOf(s rules.Snapshot) map[rules.Ref]string {
	all := map[rules.Ref]string{}
	add := func(kind, id, name string) {
		if ref := (rules.Ref{Kind: kind, ID: id}); all[ref] == "" {
			all[ref] = name
		}
	}
	for _, w := range s.Workflows {
		add("workflow", w.ID, w.Name)
		for _, m := range w.Milestones {
			add("milestone", m.ID, w.Name+" "+m.Name)
			for _, id := range m.Reviews {
				add("review", id, w.Name+" "+m.Name+" review")
			}
		}
	}
	for _, b := range s.Blocks {
		add("block", b.ID, b.Name)
		for kind, of := range map[string]*rules.Linked{"ops-job": b.Job, "ticket": b.Ticket, "contact": b.Contact, "sale": b.Sale} {
			if of != nil {
				add(kind, of.ID, of.Name)
			}
		}
	}
	for _, a := range s.Assignments {
		add("assignment", a.ID, a.Name)
		if a.Billing != nil {
			add("billing", a.Billing.ID, a.Name+" billing")
		}
		for _, i := range a.Interpreters {
			add("assignment-interpreter", i.ID, a.Name+" interpreter")
		}
	}
	if s.Client == nil {
		return all
	}
	for _, j := range s.Client.Jobs {
		add("job", j.ID, j.Name)
		for _, a := range j.Allocations {
			add("allocation", a.ID, j.Name+" allocation")
		}
	}
	return all
}
