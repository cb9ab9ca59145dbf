package mapping

import (
	"context"
	"fmt"
	"slices"
	"time"

	"standdown/rules"
)

// interpreting is what the assignment rule book needs of an org.
var interpreting = part{preset: "interpreting", anchor: "assignment", concepts: []concept{
	{name: "assignment", fields: []field{
		{name: "name"},
		{name: "status",
			values: []string{"unfilled", "cancelled"},
			also:   []string{"offered", "filled", "confirmed", "in-progress", "completed"}},
		{name: "start"},
		{name: "end"},
		{name: "series", optional: true},
		{name: "customer", to: "customer"},
		{name: "invoiced", optional: true},
		{name: "requested_by"},
		{name: "cancelled_by"},
		{name: "cancelled_at", optional: true},
		{name: "ask", optional: true, values: []string{"cancel", "cancel-series", "uncancel"}},
		{name: "waive", optional: true},
		{name: "waived_by", optional: true},
	}},
	{name: "assignment_interpreter", fields: []field{
		{name: "assignment", to: "assignment"},
		{name: "interpreter", to: "interpreter"},
		{name: "status", values: []string{"assigned", "released"}},
	}},
	{name: "interpreter", fields: []field{
		{name: "name"},
		{name: "window", optional: true},
		{name: "minimum", optional: true},
	}},
	{name: "customer", fields: []field{
		{name: "name"},
		{name: "window", optional: true},
		{name: "minimum", optional: true},
	}},
	{name: "billing", created: true, fields: []field{
		{name: "assignment", to: "assignment"},
		{name: "status",
			values: []string{"pending-review", "not-billable", "waived", "voided"},
			also:   []string{"approved", "invoiced"}},
		{name: "charge_minutes"},
		{name: "payout_minutes"},
		{name: "travel", optional: true},
		{name: "mileage", optional: true},
		{name: "expenses", optional: true},
		{name: "details", optional: true},
		{name: "waived_by", optional: true},
	}},
	{name: "contact", fields: []field{
		{name: "name"},
		{name: "email"},
		{name: "customer", to: "customer"},
	}},
	withField(caseConcept, field{name: "assignment", optional: true, to: "assignment"}),
	queueConcept,
}}

// withField returns the concept with one more field.
func withField(c concept, f field) concept {
	c.fields = append(slices.Clone(c.fields), f)
	return c
}

// assignmentKind tells what a change of the record asks for.
func assignmentKind(r row) string {
	switch r.word("ask") {
	case "cancel", "cancel-series":
		return rules.AssignmentCancelRequested
	case "uncancel":
		return rules.AssignmentUncancelRequested
	}
	return rules.AssignmentChanged
}

var assignmentFields = []string{
	"id", "name", "status", "start", "end", "series", "customer", "customer.name", "customer.window", "customer.minimum",
	"invoiced", "requested_by", "cancelled_by", "ask", "waive", "waived_by",
}

// assignments reads every assignment that e may mean, with the whole of their
// series, by start.
func (f *finder) assignments(ctx context.Context, mem Memory, e rules.Event, now time.Time) ([]rules.Assignment, error) {
	if f.m.objects["assignment"] == nil {
		return nil, nil
	}
	rows, err := f.assignmentsMeant(ctx, e, now)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var ids, customers []string
	var subjects []rules.Ref
	for _, r := range rows {
		ids = append(ids, r.id)
		subjects = append(subjects, rules.Ref{Kind: "assignment", ID: r.id})
		if c := r.text("customer"); c != "" && !slices.Contains(customers, c) {
			customers = append(customers, c)
		}
	}
	contacts, err := f.contactsOf(ctx, customers)
	if err != nil {
		return nil, err
	}
	interpreters, err := f.interpreters(ctx, ids)
	if err != nil {
		return nil, err
	}
	billings, err := f.billings(ctx, ids)
	if err != nil {
		return nil, err
	}
	remembered, err := mem.Recall(ctx, subjects)
	if err != nil {
		return nil, fmt.Errorf("recalling assignments: %w", err)
	}
	var all []rules.Assignment
	for i, r := range rows {
		a := assignment(r)
		a.Customer.Contacts = contacts[a.Customer.ID]
		a.Interpreters = interpreters[r.id]
		a.Billing = billings[r.id]
		a.Memory = remembered[subjects[i]]
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b rules.Assignment) int { return a.Start.Compare(b.Start) })
	return all, nil
}

// assignmentsMeant finds the assignments that e may mean: the one it is about,
// or those a mail names, or those of its sender's customers that are not over.
func (f *finder) assignmentsMeant(ctx context.Context, e rules.Event, now time.Time) ([]row, error) {
	found := map[string]row{}
	add := func(where ...cond) error {
		rows, err := f.find(ctx, "assignment", assignmentFields, where...)
		for _, r := range rows {
			found[r.id] = r
		}
		return err
	}
	var err error
	switch {
	case e.Subject.Kind == "assignment":
		err = add(cond{"id", "=", e.Subject.ID})
	case e.Request == nil:
	case len(e.Request.References) > 0:
		for _, field := range []string{"name", "series"} {
			if err == nil && f.m.path("assignment", field) != "" {
				err = add(cond{field, "in", e.Request.References})
			}
		}
	case e.Request.From != "":
		var customers []string
		if customers, err = f.customersOf(ctx, []string{e.Request.From}); err == nil && len(customers) > 0 {
			err = add(cond{"customer", "in", customers}, cond{"end", ">=", now})
		}
	}
	if err != nil {
		return nil, err
	}
	var series []string
	for _, r := range found {
		if s := r.text("series"); s != "" && !slices.Contains(series, s) {
			series = append(series, s)
		}
	}
	if len(series) > 0 {
		if err := add(cond{"series", "in", series}); err != nil {
			return nil, err
		}
	}
	return byID(found), nil
}

func assignment(r row) rules.Assignment {
	return rules.Assignment{
		ID: r.id, Name: r.text("name"), Status: r.word("status"), Start: r.time("start"), End: r.time("end"), Series: r.text("series"),
		Customer: rules.Customer{ID: r.text("customer"), Name: r.text("customer.name"), Terms: terms(r, "customer.")},
		Invoiced: r.flag("invoiced"), Requester: r.text("requested_by"), CancelledBy: r.text("cancelled_by"), Ask: r.word("ask"),
		Waive: r.flag("waive"), WaivedBy: r.text("waived_by"),
	}
}

// terms are those of the party that the row's field leads to; what is empty is
// the agency's.
func terms(r row, of string) rules.Terms {
	number := func(field string) *float64 {
		if r.raw(of+field) == nil {
			return nil
		}
		n := r.number(of + field)
		return &n
	}
	return rules.Terms{WindowHours: number("window"), MinimumMinutes: number("minimum")}
}

// customersOf returns the customers whose contacts have one of the addresses.
func (f *finder) customersOf(ctx context.Context, addresses []string) ([]string, error) {
	rows, err := f.find(ctx, "contact", []string{"id", "customer"}, cond{"email", "in", addresses})
	var all []string
	for _, r := range rows {
		if c := r.text("customer"); c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all, err
}

// contactsOf reads those who may speak for customers.
func (f *finder) contactsOf(ctx context.Context, customers []string) (map[string][]rules.Person, error) {
	all := map[string][]rules.Person{}
	if len(customers) == 0 {
		return all, nil
	}
	rows, err := f.find(ctx, "contact", []string{"id", "name", "email", "customer"}, cond{"customer", "in", customers})
	for _, r := range rows {
		all[r.text("customer")] = append(all[r.text("customer")], rules.Person{ID: r.id, Name: r.text("name"), Email: r.text("email")})
	}
	return all, err
}

// interpreters reads those whom assignments are given to now.
func (f *finder) interpreters(ctx context.Context, assignments []string) (map[string][]rules.Interpreter, error) {
	rows, err := f.find(ctx, "assignment_interpreter",
		[]string{"id", "assignment", "interpreter.name", "interpreter.window", "interpreter.minimum"},
		cond{"assignment", "in", assignments}, cond{"status", "=", f.m.theirs("assignment_interpreter", "status", "assigned")})
	all := map[string][]rules.Interpreter{}
	for _, r := range rows {
		all[r.text("assignment")] = append(all[r.text("assignment")], rules.Interpreter{ID: r.id, Name: r.text("interpreter.name"), Terms: terms(r, "interpreter.")})
	}
	return all, err
}

// billings reads the newest billing decision of each assignment.
func (f *finder) billings(ctx context.Context, assignments []string) (map[string]*rules.Billing, error) {
	rows, err := f.find(ctx, "billing", []string{"id", "created", "assignment", "status"}, cond{"assignment", "in", assignments})
	slices.SortStableFunc(rows, func(a, b row) int { return a.time("created").Compare(b.time("created")) })
	all := map[string]*rules.Billing{}
	for _, r := range rows {
		all[r.text("assignment")] = &rules.Billing{ID: r.id, Status: r.word("status")}
	}
	return all, err
}
