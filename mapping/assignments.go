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
	wants := []want{
		{"assignment_interpreter", []string{"id", "assignment", "interpreter.name", "interpreter.window", "interpreter.minimum"}, []cond{
			{"assignment", "in", ids}, {"status", "=", f.m.theirs("assignment_interpreter", "status", "assigned")}}},
		{"billing", []string{"id", "created", "assignment", "status"}, []cond{{"assignment", "in", ids}}},
	}
	if len(customers) > 0 {
		wants = append(wants, want{"contact", []string{"id", "name", "email", "customer"}, []cond{{"customer", "in", customers}}})
	}
	found, err := f.findAll(ctx, wants...)
	if err != nil {
		return nil, err
	}
	interpreters, billings, contacts := interpretersOf(found[0]), billingsOf(found[1]), contactsOf(slices.Concat(found[2:]...))
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
	var wants []want
	switch {
	case e.Subject.Kind == "assignment":
		wants = []want{{"assignment", assignmentFields, []cond{{"id", "=", e.Subject.ID}}}}
	case e.Request == nil:
	case len(e.Request.References) > 0:
		wants = f.having("assignment", assignmentFields, e.Request.References, "name", "series")
	case e.Request.From != "":
		customers, err := f.customersOf(ctx, []string{e.Request.From})
		if err != nil {
			return nil, err
		}
		if len(customers) > 0 {
			wants = []want{{"assignment", assignmentFields, []cond{{"customer", "in", customers}, {"end", ">=", now}}}}
		}
	}
	found, err := f.findAll(ctx, wants...)
	if err != nil {
		return nil, err
	}
	meant := byID(found)
	var series []string
	for _, r := range meant {
		if s := r.text("series"); s != "" && !slices.Contains(series, s) {
			series = append(series, s)
		}
	}
	if len(series) == 0 {
		return meant, nil
	}
	whole, err := f.find(ctx, "assignment", assignmentFields, cond{"series", "in", series})
	return byID([][]row{meant, whole}), err
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
	found, err := f.findAll(ctx, speakers(addresses))
	if err != nil {
		return nil, err
	}
	return customers(found[0]), nil
}

// speakers wants the contacts that have one of the addresses.
func speakers(addresses []string) want {
	return want{"contact", []string{"id", "customer"}, []cond{{"email", "in", addresses}}}
}

// customers returns those for whom the contacts may speak, each once.
func customers(contacts []row) []string {
	var all []string
	for _, r := range contacts {
		if c := r.text("customer"); c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// contactsOf returns those who may speak for each customer.
func contactsOf(rows []row) map[string][]rules.Person {
	all := map[string][]rules.Person{}
	for _, r := range rows {
		all[r.text("customer")] = append(all[r.text("customer")], rules.Person{ID: r.id, Name: r.text("name"), Email: r.text("email")})
	}
	return all
}

// interpretersOf returns those whom each assignment is given to now.
func interpretersOf(rows []row) map[string][]rules.Interpreter {
	all := map[string][]rules.Interpreter{}
	for _, r := range rows {
		all[r.text("assignment")] = append(all[r.text("assignment")], rules.Interpreter{ID: r.id, Name: r.text("interpreter.name"), Terms: terms(r, "interpreter.")})
	}
	return all
}

// billingsOf returns the newest billing decision of each assignment.
func billingsOf(rows []row) map[string]*rules.Billing {
	slices.SortStableFunc(rows, func(a, b row) int { return a.time("created").Compare(b.time("created")) })
	all := map[string]*rules.Billing{}
	for _, r := range rows {
		all[r.text("assignment")] = &rules.Billing{ID: r.id, Status: r.word("status")}
	}
	return all
}
