package salesforce

import (
	"context"
	"fmt"
	"slices"

	"standdown/connectors"
)

// Limit implements [connectors.Sink]. Under Checked it is what the calls that
// are under way at once can write; under Strict, where each update is a call, it
// is less.
func (c *Client) Limit() int {
	if c.opts.WriteGuard == Strict {
		return recordsPerParcel
	}
	return recordsPerParcel * partsPerCall * callsAtOnce
}

// Apply implements [connectors.Sink]. It reads everything that it has to know
// first, normally in one call; then it turns down approvals, which lock their
// records; then it writes 1000 records in a call, four calls at a time. Under
// Strict each update is a call of its own. A record that is refused does not keep
// the others from being written, and nothing is repeated but a create that met
// another with the same key.
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
	c.look(ctx, byOp)
	c.turnDown(ctx, open(byOp[connectors.Reject]))

	var parcels []parcel
	parcels = append(parcels, c.creates(open(byOp[connectors.Create]))...)
	if c.opts.WriteGuard != Strict {
		parcels = append(parcels, c.updates(open(byOp[connectors.Update]))...)
	}
	parcels = append(parcels, c.deletes(open(byOp[connectors.Delete]))...)
	parcels = append(parcels, c.posts(open(byOp[connectors.Post]))...)
	c.send(ctx, parcels)
	if c.opts.WriteGuard == Strict {
		c.updateStrictly(ctx, open(byOp[connectors.Update]))
	}
	c.send(ctx, c.creates(met(byOp[connectors.Create])))

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
	again    bool   // a create that met another with the same key
	modified string // LastModifiedDate when the record was compared
	items    []workItem
}

func (t *task) fail(err error) {
	t.done = true
	t.result.Before = nil
	t.result.Err = fmt.Errorf("%s of %s: %w", t.Op, t.Ref, err)
}

func (t *task) finish(err error) {
	t.done = true
	if err != nil {
		t.fail(err)
	}
}

func (t *task) already(ref connectors.Ref) {
	t.done = true
	t.result.Ref, t.result.Already = ref, true
}

// open are the tasks that have no result yet.
func open(tasks []*task) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.done })
}

// met are the creates that met another with the same key.
func met(tasks []*task) []*task {
	return slices.DeleteFunc(open(tasks), func(t *task) bool { return !t.again })
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
	case connectors.Update, connectors.Delete, connectors.Post, connectors.Reject:
		if !isID(change.Ref.ID) {
			return reject("%q is not a record id", change.Ref.ID)
		}
		if body, _ := change.Fields["Body"].(string); change.Op == connectors.Post && body == "" {
			return reject("a post needs a text in Body")
		}
		if change.Op == connectors.Reject && c.opts.Approvals == "" {
			return reject("it is not configured which kind of approvals the org has")
		}
		return nil
	}
	return reject("salesforce knows no operation %q", change.Op)
}
