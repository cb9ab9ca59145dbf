package mapping

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// How far around the present and around a client's visits is read: visits of
// today that began already must be seen, and a travel buffer of up to a day
// looks beyond them.
const margin = 24 * time.Hour

// client reads a client with its visits (those since a day ago, and those without
// a date) and whoever makes or made them; nil if there is no such client, or no
// visits are mapped.
func (f *finder) client(ctx context.Context, mem Memory, id string, now time.Time) (*rules.Client, error) {
	if f.m.objects["job"] == nil {
		return nil, nil
	}
	from := now.Add(-margin)
	found, err := f.findAll(ctx,
		want{"contact", []string{"id", "name", "on_hold", "hold_start", "hold_return"}, []cond{{"id", "=", id}}},
		want{"job", jobFields, []cond{{"contact", "=", id}, {"start", ">=", from}}},
		want{"job", jobFields, []cond{{"contact", "=", id}, {"start", "=", nil}}},
		want{"allocation", allocationFields, []cond{{"job.contact", "=", id}, {"job.start", ">=", from}}},
		want{"allocation", allocationFields, []cond{{"job.contact", "=", id}, {"job.start", "=", nil}}})
	if err != nil || len(found[0]) == 0 {
		return nil, err
	}
	c := &rules.Client{ID: id, Name: found[0][0].text("name"), Hold: hold(found[0][0])}
	c.Jobs = visits(slices.Concat(found[1], found[2]), slices.Concat(found[3], found[4]))
	subjects := []rules.Ref{{Kind: "client", ID: id}}
	for _, j := range c.Jobs {
		subjects = append(subjects, rules.Ref{Kind: "job", ID: j.ID})
	}
	remembered, err := mem.Recall(ctx, subjects)
	if err != nil {
		return nil, fmt.Errorf("recalling the client and its visits: %w", err)
	}
	c.Memory = remembered[subjects[0]]
	c.New = c.Memory["new"] != "" // as the engine remembers of records made after the first read
	for i := range c.Jobs {
		c.Jobs[i].Memory = remembered[subjects[i+1]]
	}
	return c, f.surroundings(ctx, c)
}

// What is read of visits and of who makes them.
var (
	jobFields = []string{"id", "name", "status", "abort_reason", "start", "end", "timezone",
		"region", "region.timezone", "region.hours.timezone", "account", "location", "work_order", "group", "resource"}
	allocationFields = []string{"id", "job", "resource", "status"}
)

// visits returns the visits of the rows, ordered by start.
func visits(rows, allocated []row) []rules.Job {
	allocations := map[string][]rules.Allocation{}
	for _, r := range allocated {
		allocations[r.text("job")] = append(allocations[r.text("job")], allocation(r))
	}
	var all []rules.Job
	for _, r := range rows {
		j := job(r)
		j.Allocations = allocations[r.id]
		all = append(all, j)
	}
	slices.SortStableFunc(all, func(a, b rules.Job) int { return a.Start.Compare(b.Start) })
	return all
}

func job(r row) rules.Job {
	j := rules.Job{
		ID:        r.id,
		Name:      r.text("name"),
		Status:    r.word("status"),
		OnHold:    r.word("abort_reason") == "customer-on-hold",
		Start:     r.time("start"),
		End:       r.time("end"),
		Zone:      cmp.Or(r.text("timezone"), r.text("region.timezone"), r.text("region.hours.timezone")),
		Region:    r.text("region"),
		Account:   r.text("account"),
		Location:  r.text("location"),
		WorkOrder: r.text("work_order"),
		Saved:     r.text("resource"),
	}
	switch {
	case j.Status == "pending-allocation" && j.Start.IsZero() && r.m.theirs("job", "status", "queued") == "":
		j.Status = "queued" // the org tells those without a date by nothing else
	case j.Status == "cannot-complete":
		j.Status = "complete" // it is over, whatever came of it
	}
	switch several := r.raw("group").(type) {
	case nil:
	case bool:
		j.Group = several
	case float64:
		j.Group = several > 1
	default:
		r.wrong("group", "a checkbox or a number")
	}
	return j
}

// allocation counts as live unless it is certainly not.
func allocation(r row) rules.Allocation {
	status := r.word("status")
	return rules.Allocation{
		ID:       r.id,
		Resource: r.text("resource"),
		Live:     status != "deleted" && status != "declined",
		Status:   r.text("status"),
	}
}

// surroundings reads what bears on the client's visits, in one round: where they
// are, and everybody that they have, had or are to get back, with all that may
// keep them from coming.
func (f *finder) surroundings(ctx context.Context, c *rules.Client) error {
	var wants []want
	var uses []func([]row)
	read := func(use func([]row), concept string, fields []string, where ...cond) {
		wants, uses = append(wants, want{concept, fields, where}), append(uses, use)
	}
	if orders := ids(c.Jobs, func(j rules.Job) []string { return []string{j.WorkOrder} }); len(orders) > 0 {
		// The lookup to them may lead to other kinds of records as well, so that
		// nothing behind it can be read together with the visit.
		read(func(rows []row) { locate(c.Jobs, rows) }, "work_order", []string{"id", "location"}, cond{"id", "in", orders})
	}
	if crew := ids(c.Jobs, names); len(crew) > 0 {
		byID := map[string]*rules.Resource{}
		read(func(rows []row) { c.Resources = resources(rows, byID) },
			"resource", []string{"id", "name", "active", "region"}, cond{"id", "in", crew})
		f.circumstances(c.Jobs, func(concept string, fields []string, add func(*rules.Resource, row), where ...cond) {
			read(func(rows []row) {
				for _, r := range rows {
					if resource := byID[r.text("resource")]; resource != nil {
						add(resource, r)
					}
				}
			}, concept, append(fields, "resource"), append(where, cond{"resource", "in", crew})...)
		})
	}
	found, err := f.findAll(ctx, wants...)
	if err != nil {
		return err
	}
	for i, use := range uses {
		use(found[i])
	}
	return nil
}

// locate notes where the work orders are that the visits are part of.
func locate(jobs []rules.Job, orders []row) {
	locations := map[string]string{}
	for _, r := range orders {
		locations[r.id] = r.text("location")
	}
	for i, j := range jobs {
		jobs[i].Location = cmp.Or(j.Location, locations[j.WorkOrder])
	}
}

// resources returns those of the rows, and notes them by their ids.
func resources(rows []row, byID map[string]*rules.Resource) []rules.Resource {
	all := make([]rules.Resource, len(rows))
	for i, r := range rows {
		all[i] = rules.Resource{ID: r.id, Name: r.text("name"), Active: r.flag("active")}
		if region := r.text("region"); region != "" {
			all[i].Regions = []string{region}
		}
		byID[r.id] = &all[i]
	}
	return all
}

// circumstances tells each kind of record that may keep a resource from coming to
// the visits, and how it does.
func (f *finder) circumstances(jobs []rules.Job, each func(concept string, fields []string, add func(*rules.Resource, row), where ...cond)) {
	each("resource_region", []string{"region", "start", "end"}, func(resource *rules.Resource, r row) {
		region, from, until := r.text("region"), r.time("start"), r.time("end")
		if !from.IsZero() || !until.IsZero() {
			resource.Memberships = append(resource.Memberships, rules.Membership{Region: region, From: from, Until: until})
		} else if !slices.Contains(resource.Regions, region) {
			resource.Regions = append(resource.Regions, region)
		}
	})
	each("account_block", []string{"account"}, func(resource *rules.Resource, r row) {
		resource.BlockedAccounts = append(resource.BlockedAccounts, r.text("account"))
	}, f.blocked("account_block"))
	each("location_block", []string{"location"}, func(resource *rules.Resource, r row) {
		resource.BlockedLocations = append(resource.BlockedLocations, r.text("location"))
	}, f.blocked("location_block"))
	from, to := span(jobs)
	if to.IsZero() {
		return
	}
	each("absence", []string{"id", "start", "end", "status"}, func(resource *rules.Resource, r row) {
		span := stretch(r)
		span.Status = r.word("status")
		resource.Unavailable = append(resource.Unavailable, span)
	}, cond{"available", "=", false}, cond{"start", "<", to}, cond{"end", ">", from})
	each("activity", []string{"id", "start", "end"}, func(resource *rules.Resource, r row) {
		resource.Activities = append(resource.Activities, stretch(r))
	}, cond{"start", "<", to}, cond{"end", ">", from})
	each("allocation", []string{"id", "status", "job", "job.status", "job.start", "job.end"}, func(resource *rules.Resource, r row) {
		if allocation(r).Live && r.word("job.status") != "cancelled" {
			resource.Jobs = append(resource.Jobs, rules.Span{ID: r.text("job"), Start: r.time("job.start"), End: r.time("job.end")})
		}
	}, cond{"job.start", "<", to}, cond{"job.end", ">", from})
}

// blocked is the condition that a block is one: a ticked checkbox, or the
// value that stands for yes.
func (f *finder) blocked(concept string) cond {
	if yes := f.m.theirs(concept, "blocked", "yes"); yes != "" {
		return cond{"blocked", "=", yes}
	}
	return cond{"blocked", "=", true}
}

func stretch(r row) rules.Span {
	return rules.Span{ID: r.id, Start: r.time("start"), End: r.time("end")}
}

// names returns the ids of everybody that a visit names.
func names(j rules.Job) []string {
	all := append(strings.Split(j.Memory["crew"], ","), j.Saved)
	for _, a := range j.Allocations {
		if a.Live {
			all = append(all, a.Resource)
		}
	}
	return all
}

// ids returns those that the visits have, each once, in order.
func ids(jobs []rules.Job, of func(rules.Job) []string) []string {
	var all []string
	for _, j := range jobs {
		all = append(all, of(j)...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(id string) bool { return id == "" })
}

// span returns the stretch of time in which the visits lie, with a margin, from
// the beginning of a week to the end of one, so that those of clients who are
// decided about at the same time can be asked for together; zero if none has a
// date.
func span(jobs []rules.Job) (from, to time.Time) {
	for _, j := range jobs {
		if j.Start.IsZero() {
			continue
		}
		end := j.End
		if end.Before(j.Start) {
			end = j.Start
		}
		if to.IsZero() || j.Start.Add(-margin).Before(from) {
			from = j.Start.Add(-margin)
		}
		if end.Add(margin).After(to) {
			to = end.Add(margin)
		}
	}
	if to.IsZero() {
		return from, to
	}
	const week = 7 * 24 * time.Hour
	return from.Truncate(week), to.Add(week - 1).Truncate(week)
}
