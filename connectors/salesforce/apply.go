package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
)

// recordsPerCall is how many records one sObject Collections call takes.
const recordsPerCall = 200

// Limit implements [connectors.Sink].
func (c *Client) Limit() int { return recordsPerCall }

// Apply implements [connectors.Sink]. Creates come first, kind by kind in the
// order given, then updates, deletes and posts. It reads the records that are
// to be updated or deleted in one call for each kind, and writes up to 200 in
// one call, or each by itself under Strict. It repeats nothing by itself but a
// create that met another with the same key.
func (c *Client) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	tasks := make([]*task, len(changes))
	byOp := map[string][]*task{}
	for i, change := range changes {
		t := &task{Change: change, result: connectors.Result{Ref: change.Ref}}
		tasks[i] = t
		if err := c.acceptable(change); err != nil {
			t.fail(err)
			continue
		}
		byOp[change.Op] = append(byOp[change.Op], t)
	}
	for _, group := range byKind(byOp[connectors.Create]) {
		c.create(ctx, group)
	}
	for _, group := range byKind(slices.Concat(byOp[connectors.Update], byOp[connectors.Delete])) {
		c.compare(ctx, group)
	}
	c.update(ctx, open(byOp[connectors.Update]))
	c.remove(ctx, open(byOp[connectors.Delete]))
	c.post(ctx, byOp[connectors.Post])

	results := make([]connectors.Result, len(tasks))
	for i, t := range tasks {
		results[i] = t.result
	}
	return results
}

// A task is a change on its way to a result.
type task struct {
	connectors.Change
	result   connectors.Result
	done     bool
	modified time.Time // LastModifiedDate when the record was compared
}

func (t *task) fail(err error) {
	t.done = true
	t.result.Err = fmt.Errorf("%s of %s: %w", t.Op, t.Ref, err)
}

func (t *task) already(ref connectors.Ref) {
	t.done = true
	t.result.Ref, t.result.Already = ref, true
}

// open are the tasks that have no result yet.
func open(tasks []*task) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.done })
}

func failAll(tasks []*task, err error) {
	for _, t := range tasks {
		t.fail(err)
	}
}

// byKind groups tasks by the kind of their records, kinds in the order in
// which they first come.
func byKind(tasks []*task) [][]*task {
	var groups [][]*task
	for _, t := range tasks {
		i := slices.IndexFunc(groups, func(g []*task) bool { return g[0].Ref.Kind == t.Ref.Kind })
		if i < 0 {
			groups = append(groups, []*task{t})
			continue
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// acceptable refuses what could not be sent, or not safely.
func (c *Client) acceptable(change connectors.Change) error {
	reject := func(format string, args ...any) error {
		return &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf(format, args...)}
	}
	if !isName(change.Ref.Kind) {
		return reject("%q is not an object name", change.Ref.Kind)
	}
	for _, path := range slices.Concat(paths(change.Fields), paths(change.If)) {
		if !isPath(path) {
			return reject("%q is not a field name", path)
		}
	}
	switch change.Op {
	case connectors.Create:
		if c.opts.KeyFields[change.Ref.Kind] == "" {
			return reject("no external id field is configured for %s, so that it cannot be created safely", change.Ref.Kind)
		}
		return nil
	case connectors.Update, connectors.Delete, connectors.Post:
		if !isID(change.Ref.ID) {
			return reject("%q is not a record id", change.Ref.ID)
		}
		if body, _ := change.Fields["Body"].(string); change.Op == connectors.Post && body == "" {
			return reject("a post needs a text in Body")
		}
		return nil
	}
	return reject("salesforce knows no operation %q", change.Op)
}

// create upserts records of one kind by the field that holds their key.
func (c *Client) create(ctx context.Context, tasks []*task) {
	kind, field := tasks[0].Ref.Kind, c.opts.KeyFields[tasks[0].Ref.Kind]
	c.lookForKeys(ctx, tasks, kind, field)
	var owned, unowned []*task
	for _, t := range open(tasks) {
		if t.Fields["OwnerId"] != nil {
			owned = append(owned, t)
		} else {
			unowned = append(unowned, t)
		}
	}
	for _, part := range [][]*task{owned, unowned} {
		header := map[string]string{}
		if len(part) > 0 && part[0].Fields["OwnerId"] != nil {
			header["Sforce-Auto-Assign"] = "FALSE"
		}
		path := "/composite/sobjects/" + kind + "/" + field
		twice := c.upsert(ctx, path, header, part)
		for _, t := range c.upsert(ctx, path, header, twice) {
			t.fail(&connectors.Error{Class: connectors.Rejected, Code: "DUPLICATE_VALUE", Err: errors.New("another record has the same unique value")})
		}
	}
}

// lookForKeys finds creates in doubt that got through. It asks first, because
// an upsert would undo what a person has changed since.
func (c *Client) lookForKeys(ctx context.Context, tasks []*task, kind, field string) {
	doubted := slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return !t.Doubt })
	if len(doubted) == 0 {
		return
	}
	var keys []string
	for _, t := range doubted {
		keys = append(keys, t.Key)
	}
	found, err := c.Find(ctx, connectors.Query{Kind: kind, Fields: []string{field}, Where: []connectors.Cond{{Field: field, Op: "in", Value: keys}}})
	if err != nil {
		failAll(doubted, stillUnknown(err))
		return
	}
	for _, record := range found {
		for _, t := range doubted {
			if record.Fields[field] == t.Key {
				t.already(record.Ref)
			}
		}
	}
}

// stillUnknown is the error of a change in doubt that could not be looked for.
func stillUnknown(err error) error {
	return &connectors.Error{Class: connectors.Unknown, RetryAfter: connectors.RetryAfter(err), Err: fmt.Errorf("looking whether it got through: %w", err)}
}

// upsert returns the tasks that met another record with the same key being
// made; the second time they find it.
func (c *Client) upsert(ctx context.Context, path string, header map[string]string, tasks []*task) (again []*task) {
	c.collect(ctx, http.MethodPatch, path, header, tasks, func(t *task) map[string]any {
		fields := wireFields(t.Fields)
		fields[c.opts.KeyFields[t.Ref.Kind]] = t.Key
		return fields
	}, func(t *task, o outcome) {
		switch {
		case o.Success:
			t.done = true
			t.result.Ref.ID = o.ID
			t.result.Already = !o.Created
		case o.code() == "DUPLICATE_VALUE":
			again = append(again, t)
		default:
			t.fail(o.err())
		}
	})
	return again
}

// compare reads what the records of one kind are now. It finishes the tasks
// that have nothing to do and those whose precondition does not hold.
func (c *Client) compare(ctx context.Context, tasks []*task) {
	fields := []string{"LastModifiedDate"}
	var ids []string
	for _, t := range tasks {
		ids = append(ids, t.Ref.ID)
		fields = append(fields, paths(t.If)...)
		if t.Op == connectors.Update {
			fields = append(fields, paths(t.Fields)...)
		}
	}
	slices.Sort(fields)
	found, err := c.Find(ctx, connectors.Query{
		Kind: tasks[0].Ref.Kind, Fields: slices.Compact(fields),
		Where: []connectors.Cond{{Field: "Id", Op: "in", Value: ids}},
	})
	if err != nil {
		failAll(tasks, err)
		return
	}
	for _, t := range tasks {
		i := slices.IndexFunc(found, func(r connectors.Record) bool { return same(r.Ref.ID, t.Ref.ID) })
		switch {
		case i < 0 && t.Op == connectors.Delete:
			t.already(t.Ref)
		case i < 0:
			t.fail(&connectors.Error{Class: connectors.Conflict, Err: errors.New("the record is gone, or the integration user may not see it")})
		default:
			t.compareWith(found[i])
		}
	}
}

func (t *task) compareWith(now connectors.Record) {
	holds := t.Op == connectors.Update && differs(now.Fields, t.Fields) == ""
	changed := differs(now.Fields, t.If)
	switch {
	case holds && (t.Doubt || changed == ""):
		t.already(t.Ref)
		return
	case changed != "": // even if all holds: then somebody else did it
		t.fail(&connectors.Error{Class: connectors.Conflict, Err: fmt.Errorf("%s is no longer as it was", changed)})
		return
	}
	modified, _ := now.Fields["LastModifiedDate"].(string)
	t.modified = parseTime(modified)
	if t.Op == connectors.Update {
		t.result.Before = map[string]any{}
		for name := range t.Fields {
			t.result.Before[name] = valueOf(now.Fields, name)
		}
	}
}

// update writes what compare has left. Assignment rules, which Salesforce
// would otherwise run on every update, stay off.
func (c *Client) update(ctx context.Context, tasks []*task) {
	if c.opts.WriteGuard == Strict {
		for _, t := range tasks {
			header := map[string]string{"Sforce-Auto-Assign": "FALSE", "If-Unmodified-Since": t.modified.Format(http.TimeFormat)}
			err := c.do(ctx, request{method: http.MethodPatch, path: "/sobjects/" + t.Ref.Kind + "/" + t.Ref.ID, body: wireFields(t.Fields), header: header}, nil)
			t.finish(err)
		}
		return
	}
	noAssign := map[string]string{"Sforce-Auto-Assign": "FALSE"}
	// Salesforce handles runs of one kind together, and ten runs in a call.
	sorted := slices.Concat(byKind(tasks)...)
	c.collect(ctx, http.MethodPatch, "/composite/sobjects", noAssign, sorted, func(t *task) map[string]any {
		fields := wireFields(t.Fields)
		fields["id"] = t.Ref.ID
		return fields
	}, func(t *task, o outcome) { t.finish(o.err()) })
}

func (t *task) finish(err error) {
	t.done = true
	if err != nil {
		t.result.Before = nil
		t.fail(err)
	}
}

func (c *Client) remove(ctx context.Context, tasks []*task) {
	for part := range slices.Chunk(tasks, recordsPerCall) {
		var ids []string
		for _, t := range part {
			ids = append(ids, t.Ref.ID)
		}
		path := "/composite/sobjects?allOrNone=false&ids=" + url.QueryEscape(strings.Join(ids, ","))
		c.settle(ctx, request{method: http.MethodDelete, path: path}, part, func(t *task, o outcome) {
			if o.code() == "ENTITY_IS_DELETED" {
				t.already(t.Ref)
				return
			}
			t.finish(o.err())
		})
	}
}

// An outcome is what a collection call says about one record.
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

// collect sends the tasks' records in as few collection calls as possible.
func (c *Client) collect(ctx context.Context, method, path string, header map[string]string, tasks []*task, fields func(*task) map[string]any, settle func(*task, outcome)) {
	for part := range slices.Chunk(tasks, recordsPerCall) {
		records := make([]map[string]any, len(part))
		for i, t := range part {
			records[i] = fields(t)
			records[i]["attributes"] = map[string]any{"type": t.kindSent()}
		}
		body := map[string]any{"allOrNone": false, "records": records}
		c.settle(ctx, request{method: method, path: path, body: body, header: header}, part, settle)
	}
}

func (t *task) kindSent() string {
	if t.Op == connectors.Post {
		return feedItem
	}
	return t.Ref.Kind
}

// settle makes a collection call and gives each task its outcome. Salesforce
// answers in the order of the request.
func (c *Client) settle(ctx context.Context, r request, tasks []*task, settle func(*task, outcome)) {
	var outcomes []outcome
	err := c.do(ctx, r, &outcomes)
	if err == nil && len(outcomes) != len(tasks) {
		err = &connectors.Error{Class: connectors.Unknown, Err: fmt.Errorf("%d outcomes for %d records", len(outcomes), len(tasks))}
	}
	if err != nil {
		for _, t := range tasks {
			t.finish(err)
		}
		return
	}
	for i, t := range tasks {
		settle(t, outcomes[i])
	}
}
