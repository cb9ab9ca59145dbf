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

// client reads a client with its visits and whoever makes or made them; nil if
// there is no such client, or no visits are mapped.
func (f *finder) client(ctx context.Context, mem Memory, id string, now time.Time) (*rules.Client, error) {
	if f.m.objects["job"] == nil {
		return nil, nil
	}
	rows, err := f.find(ctx, "contact", []string{"id", "name", "on_hold", "hold_start", "hold_return"}, cond{"id", "=", id})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	c := &rules.Client{ID: id, Name: rows[0].text("name"), Hold: hold(rows[0])}
	if c.Jobs, err = f.jobs(ctx, id, now); err != nil {
		return nil, err
	}
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
	c.Resources, err = f.resources(ctx, c.Jobs)
	return c, err
}

// jobs reads the client's visits: those since a day ago, and those without a
// date, ordered by start.
func (f *finder) jobs(ctx context.Context, client string, now time.Time) ([]rules.Job, error) {
	fields := []string{"id", "name", "status", "abort_reason", "start", "end", "timezone",
		"region", "region.timezone", "region.hours.timezone", "account", "location", "work_order", "group", "resource"}
	from := now.Add(-margin)
	dated, err := f.find(ctx, "job", fields, cond{"contact", "=", client}, cond{"start", ">=", from})
	if err != nil {
		return nil, err
	}
	undated, err := f.find(ctx, "job", fields, cond{"contact", "=", client}, cond{"start", "=", nil})
	if err != nil {
		return nil, err
	}
	allocations := map[string][]rules.Allocation{}
	for _, start := range []cond{{"job.start", ">=", from}, {"job.start", "=", nil}} {
		if start.value == nil && len(undated) == 0 {
			continue
		}
		rows, err := f.find(ctx, "allocation", []string{"id", "job", "resource", "status"}, cond{"job.contact", "=", client}, start)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			allocations[r.text("job")] = append(allocations[r.text("job")], allocation(r))
		}
	}
	rows := append(dated, undated...)
	locations, err := f.locations(ctx, rows)
	if err != nil {
		return nil, err
	}
	var all []rules.Job
	for _, r := range rows {
		j := job(r)
		j.Location = cmp.Or(j.Location, locations[j.WorkOrder])
		j.Allocations = allocations[r.id]
		all = append(all, j)
	}
	slices.SortStableFunc(all, func(a, b rules.Job) int { return a.Start.Compare(b.Start) })
	return all, nil
}

// locations reads where the work orders are that the visits are part of. The
// lookup to them may lead to other kinds of records as well, so that nothing
// behind it can be read together with the visit.
func (f *finder) locations(ctx context.Context, visits []row) (map[string]string, error) {
	var orders []string
	for _, r := range visits {
		if id := r.text("work_order"); id != "" && !slices.Contains(orders, id) {
			orders = append(orders, id)
		}
	}
	if len(orders) == 0 {
		return nil, nil
	}
	rows, err := f.find(ctx, "work_order", []string{"id", "location"}, cond{"id", "in", orders})
	all := map[string]string{}
	for _, r := range rows {
		all[r.id] = r.text("location")
	}
	return all, err
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

// resources reads everybody that the visits have, had or are to get back, with
// all that may keep them from coming.
func (f *finder) resources(ctx context.Context, jobs []rules.Job) ([]rules.Resource, error) {
	crew := named(jobs)
	if len(crew) == 0 {
		return nil, nil
	}
	rows, err := f.find(ctx, "resource", []string{"id", "name", "active", "region"}, cond{"id", "in", crew})
	if err != nil {
		return nil, err
	}
	all := make([]rules.Resource, len(rows))
	byID := map[string]*rules.Resource{}
	for i, r := range rows {
		all[i] = rules.Resource{ID: r.id, Name: r.text("name"), Active: r.flag("active")}
		if region := r.text("region"); region != "" {
			all[i].Regions = []string{region}
		}
		byID[r.id] = &all[i]
	}
	// each reads one kind of record about the crew into the resource it names.
	each := func(concept, lookup string, fields []string, add func(*rules.Resource, row), where ...cond) {
		if err != nil {
			return
		}
		var rows []row
		rows, err = f.find(ctx, concept, append(fields, lookup), append(where, cond{lookup, "in", crew})...)
		for _, r := range rows {
			if resource := byID[r.text(lookup)]; resource != nil {
				add(resource, r)
			}
		}
	}
	each("resource_region", "resource", []string{"region", "start", "end"}, func(resource *rules.Resource, r row) {
		region, from, until := r.text("region"), r.time("start"), r.time("end")
		if !from.IsZero() || !until.IsZero() {
			resource.Memberships = append(resource.Memberships, rules.Membership{Region: region, From: from, Until: until})
		} else if !slices.Contains(resource.Regions, region) {
			resource.Regions = append(resource.Regions, region)
		}
	})
	each("account_block", "resource", []string{"account"}, func(resource *rules.Resource, r row) {
		resource.BlockedAccounts = append(resource.BlockedAccounts, r.text("account"))
	}, f.blocked("account_block"))
	each("location_block", "resource", []string{"location"}, func(resource *rules.Resource, r row) {
		resource.BlockedLocations = append(resource.BlockedLocations, r.text("location"))
	}, f.blocked("location_block"))
	if from, to := span(jobs); !to.IsZero() {
		each("absence", "resource", []string{"id", "start", "end", "status"}, func(resource *rules.Resource, r row) {
			span := stretch(r)
			span.Status = r.word("status")
			resource.Unavailable = append(resource.Unavailable, span)
		}, cond{"available", "=", false}, cond{"start", "<", to}, cond{"end", ">", from})
		each("activity", "resource", []string{"id", "start", "end"}, func(resource *rules.Resource, r row) {
			resource.Activities = append(resource.Activities, stretch(r))
		}, cond{"start", "<", to}, cond{"end", ">", from})
		each("allocation", "resource", []string{"id", "status", "job", "job.status", "job.start", "job.end"}, func(resource *rules.Resource, r row) {
			if allocation(r).Live && r.word("job.status") != "cancelled" {
				resource.Jobs = append(resource.Jobs, rules.Span{ID: r.text("job"), Start: r.time("job.start"), End: r.time("job.end")})
			}
		}, cond{"job.start", "<", to}, cond{"job.end", ">", from})
	}
	return all, err
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

// named returns the ids of everybody the visits name, each once, in order.
func named(jobs []rules.Job) []string {
	var all []string
	for _, j := range jobs {
		for _, a := range j.Allocations {
			if a.Live {
				all = append(all, a.Resource)
			}
		}
		all = append(all, j.Saved)
		all = append(all, strings.Split(j.Memory["crew"], ",")...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(id string) bool { return id == "" })
}

// span returns the stretch of time in which the visits lie, with a margin; zero
// if none has a date.
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
	return from, to
}
