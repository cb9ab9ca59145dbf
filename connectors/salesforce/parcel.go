package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"standdown/connectors"
)

const (
	// What one sObject Collections request takes: records, and runs of records
	// of one kind (sObject Collections, Limits).
	recordsPerParcel = 200
	kindsPerParcel   = 10
	// callsAtOnce is how many calls are under way at once. Salesforce bounds long
	// ones at 25, in small orgs at 5. Of 10,000 changes 50 ms away it spares two
	// thirds of the time.
	callsAtOnce = 4
)

// A parcel is one sObject Collections request: up to 200 tasks, and what to do
// with the outcome of each.
type parcel struct {
	request
	tasks  []*task
	settle func(*task, outcome)
}

// An outcome is what a collection request says about one record.
type outcome struct {
	ID      string     `json:"id"`
	Success bool       `json:"success"`
	Created bool       `json:"created"`
	Errors  []apiError `json:"errors"`
}

func (o outcome) code() string {
	if len(o.Errors) == 0 {
		return ""
	}
	return o.Errors[0].code()
}

func (o outcome) err() error {
	switch {
	case o.Success:
		return nil
	case len(o.Errors) == 0:
		return &connectors.Error{Class: connectors.Rejected, Err: errors.New("refused without a reason")}
	}
	return entryError(o.Errors[0])
}

// noAssign keeps assignment rules, which Salesforce would otherwise run on
// every write, from giving a record away: one that is updated, or created with
// an owner.
var noAssign = map[string]string{"Sforce-Auto-Assign": "FALSE"}

// send makes the parcels' requests, five to a call and in no order.
func (c *Client) send(ctx context.Context, parcels []parcel) {
	atOnce(slices.Collect(slices.Chunk(parcels, partsPerCall)), func(group []parcel) {
		if len(group) == 1 {
			var outcomes []outcome
			err := c.do(ctx, group[0].request, &outcomes)
			group[0].unpack(outcomes, err)
			return
		}
		var parts []request
		for _, p := range group {
			parts = append(parts, p.request)
		}
		answers, _, err := c.composite(ctx, parts)
		for i, p := range group {
			var outcomes []outcome
			problem := err
			if err == nil {
				problem = answers[i].err(false)
			}
			if problem == nil {
				if err := json.Unmarshal(answers[i].Body, &outcomes); err != nil {
					problem = lostError(false, fmt.Errorf("reading the answer: %w", err))
				}
			}
			p.unpack(outcomes, problem)
		}
	})
}

// atOnce does all of the work, some at a time, and waits until it is done.
func atOnce[T any](work []T, do func(T)) {
	var doing sync.WaitGroup
	slots := make(chan struct{}, callsAtOnce)
	for _, w := range work {
		slots <- struct{}{}
		doing.Go(func() {
			defer func() { <-slots }()
			do(w)
		})
	}
	doing.Wait()
}

// unpack gives each task its outcome. Salesforce answers in the order of the
// request.
func (p parcel) unpack(outcomes []outcome, err error) {
	if err == nil && len(outcomes) != len(p.tasks) {
		err = &connectors.Error{Class: connectors.Unknown, Err: fmt.Errorf("%d outcomes for %d records", len(outcomes), len(p.tasks))}
	}
	if err != nil {
		failAll(p.tasks, err)
		return
	}
	for i, t := range p.tasks {
		p.settle(t, outcomes[i])
	}
}

// creates upserts by the field that holds the key. A create that meets another
// with the same key being made is told so, once; the second time it finds it.
func (c *Client) creates(tasks []*task) []parcel {
	var parcels []parcel
	for _, group := range byKind(tasks) {
		kind, field := group[0].Ref.Kind, c.opts.KeyFields[group[0].Ref.Kind]
		path := "/composite/sobjects/" + kind + "/" + field
		fields := func(t *task) map[string]any {
			fields := wireFields(t.Fields)
			fields[field] = t.Key
			return fields
		}
		settle := func(t *task, o outcome) {
			switch {
			case o.Success:
				t.done = true
				t.result.Ref.ID = o.ID
				t.result.Already = !o.Created
			case o.code() == "DUPLICATE_VALUE" && !t.again:
				t.again = true
			case o.code() == "DUPLICATE_VALUE":
				t.fail(&connectors.Error{Class: connectors.Rejected, Code: "DUPLICATE_VALUE", Err: errors.New("another record has the same unique value")})
			default:
				t.fail(o.err())
			}
		}
		var owned, unowned []*task
		for _, t := range group {
			if t.Fields["OwnerId"] != nil {
				owned = append(owned, t)
			} else {
				unowned = append(unowned, t)
			}
		}
		parcels = append(parcels, pack(http.MethodPatch, path, noAssign, owned, fields, settle)...)
		parcels = append(parcels, pack(http.MethodPatch, path, nil, unowned, fields, settle)...)
	}
	return parcels
}

// updates writes what comparing has left.
func (c *Client) updates(tasks []*task) []parcel {
	return pack(http.MethodPatch, "/composite/sobjects", noAssign, tasks, func(t *task) map[string]any {
		fields := wireFields(t.Fields)
		fields["id"] = t.Ref.ID
		return fields
	}, func(t *task, o outcome) { t.finish(o.err()) })
}

// updateStrictly writes each record in a call of its own, which fails if the
// record was modified since it was compared. Records with the same parent go
// one after the other, for Salesforce locks the parent. Several to a Composite
// call would be fewer calls, but nothing says that Salesforce minds the header
// If-Unmodified-Since there; if it does not, a person's edit would be lost.
func (c *Client) updateStrictly(ctx context.Context, tasks []*task) {
	atOnce(byParent(tasks), func(lane []*task) {
		for _, t := range lane {
			t.finish(c.updateOne(ctx, t))
		}
	})
}

func (c *Client) updateOne(ctx context.Context, t *task) error {
	header := maps.Clone(noAssign)
	header["If-Unmodified-Since"] = parseTime(t.modified).Format(http.TimeFormat)
	return c.do(ctx, request{method: http.MethodPatch, path: "/sobjects/" + t.Ref.Kind + "/" + t.Ref.ID, body: wireFields(t.Fields), header: header}, nil)
}

func (c *Client) deletes(tasks []*task) []parcel {
	var parcels []parcel
	for part := range slices.Chunk(tasks, recordsPerParcel) {
		var ids []string
		for _, t := range part {
			ids = append(ids, t.Ref.ID)
		}
		path := "/composite/sobjects?allOrNone=false&ids=" + url.QueryEscape(strings.Join(ids, ","))
		parcels = append(parcels, parcel{request{method: http.MethodDelete, path: path}, part, func(t *task, o outcome) {
			if o.code() == "ENTITY_IS_DELETED" {
				t.already(t.Ref)
				return
			}
			t.finish(o.err())
		}})
	}
	return parcels
}

// pack puts the tasks' records in few parcels: kind by kind, and those with the
// same parent in one, so that its row is locked once and not by several calls at
// the same time.
func pack(method, path string, header map[string]string, tasks []*task, fields func(*task) map[string]any, settle func(*task, outcome)) []parcel {
	var parcels []parcel
	var records []map[string]any
	var packed []*task
	kinds := 0
	seal := func() {
		if len(packed) > 0 {
			body := map[string]any{"allOrNone": false, "records": records}
			parcels = append(parcels, parcel{request{method: method, path: path, body: body, header: header}, packed, settle})
		}
		records, packed, kinds = nil, nil, 0
	}
	for _, group := range byKind(tasks) {
		if kinds++; kinds > kindsPerParcel {
			seal()
			kinds = 1
		}
		for _, family := range byParent(group) {
			for i, t := range family {
				if rest := len(family) - i; len(packed) == recordsPerParcel || i == 0 && rest <= recordsPerParcel && len(packed)+rest > recordsPerParcel {
					seal()
					kinds = 1
				}
				record := fields(t)
				record["attributes"] = map[string]any{"type": t.kindSent()}
				records, packed = append(records, record), append(packed, t)
			}
		}
	}
	seal()
	return parcels
}

func (t *task) kindSent() string {
	if t.Op == connectors.Post {
		return feedItem
	}
	return t.Ref.Kind
}

// byParent groups tasks by the record whose row a write locks besides its own,
// as far as the change tells.
func byParent(tasks []*task) [][]*task {
	groups := map[string][]*task{}
	var order []string
	for _, t := range tasks {
		parent := t.parent()
		if groups[parent] == nil {
			order = append(order, parent)
		}
		groups[parent] = append(groups[parent], t)
	}
	slices.SortFunc(order, cmp.Compare[string])
	var all [][]*task
	for _, parent := range order {
		all = append(all, groups[parent])
	}
	return all
}

// parent is the record a post is on, or the first that a field leads to; the
// record itself if the change names none.
func (t *task) parent() string {
	if t.Op == connectors.Post {
		return t.Ref.ID
	}
	for _, fields := range []map[string]any{t.Fields, t.If} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			switch v := fields[name].(type) {
			case map[string]any:
				return name + " " + fmt.Sprint(v)
			case string:
				if name != "OwnerId" && isID(v) && len(v) == 18 {
					return v
				}
			}
		}
	}
	return t.Ref.String() + t.Key
}
