package salesforce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"standdown/connectors"
)

// A question is a query about some tasks, and what to do with its answer.
type question struct {
	query  connectors.Query
	tasks  []*task
	settle func([]*task, []connectors.Record, error)
	// apart asks the same about those tasks together that want the same fields;
	// nil if all do.
	apart func() []question
}

// look reads what has to be known before anything is written, and finishes the
// tasks for which nothing is left to do.
func (c *Client) look(ctx context.Context, byOp map[string][]*task) {
	var questions []question
	for _, group := range byKind(doubted(byOp[connectors.Create])) {
		questions = append(questions, c.aboutKeys(group))
	}
	for _, group := range byKind(slices.Concat(byOp[connectors.Update], byOp[connectors.Delete])) {
		questions = append(questions, aboutRecords(group))
	}
	if posts := doubted(byOp[connectors.Post]); len(posts) > 0 {
		questions = append(questions, c.aboutPosts(posts))
	}
	if rejects := byOp[connectors.Reject]; len(rejects) > 0 {
		questions = append(questions, c.aboutApprovals(rejects)...)
	}
	c.put(ctx, questions)
}

// put asks the questions. If one is refused, those who want the same fields are
// asked about by themselves: a field that is not there must not spoil the changes
// of others.
func (c *Client) put(ctx context.Context, questions []question) {
	var queries []connectors.Query
	for _, q := range questions {
		queries = append(queries, q.query)
	}
	var apart []question
	for i, f := range c.FindAll(ctx, queries) {
		q := questions[i]
		if f.Err != nil && connectors.ClassOf(f.Err) == connectors.Rejected && q.apart != nil {
			if parts := q.apart(); len(parts) > 1 {
				apart = append(apart, parts...)
				continue
			}
		}
		q.settle(q.tasks, f.Records, f.Err)
	}
	if len(apart) > 0 {
		c.put(ctx, apart)
	}
}

func doubted(tasks []*task) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return !t.Doubt })
}

// stillUnknown is the error of a change in doubt that could not be looked for.
func stillUnknown(err error) error {
	return &connectors.Error{Class: connectors.Unknown, RetryAfter: connectors.RetryAfter(err), Err: fmt.Errorf("looking whether it got through: %w", err)}
}

// aboutKeys finds creates in doubt that got through. It asks first, because
// an upsert would undo what a person has changed since.
func (c *Client) aboutKeys(tasks []*task) question {
	kind := tasks[0].Ref.Kind
	field := c.opts.KeyFields[kind]
	byKey := map[any]*task{}
	var keys []string
	for _, t := range tasks {
		byKey[t.Key] = t
		keys = append(keys, t.Key)
	}
	query := connectors.Query{Kind: kind, Fields: []string{field}, Where: []connectors.Cond{{Field: field, Op: "in", Value: keys}}}
	return question{query: query, tasks: tasks, settle: func(tasks []*task, records []connectors.Record, err error) {
		if err != nil {
			failAll(tasks, stillUnknown(err))
			return
		}
		for _, r := range records {
			if t := byKey[r.Fields[field]]; t != nil {
				t.already(r.Ref)
			}
		}
	}}
}

// aboutRecords reads what records of one kind are now, to compare them with
// what the decision relied on.
func aboutRecords(tasks []*task) question {
	fields := []string{"LastModifiedDate"}
	var ids []string
	for _, t := range tasks {
		ids = append(ids, t.Ref.ID)
		fields = append(fields, t.compared()...)
	}
	slices.Sort(fields)
	query := connectors.Query{Kind: tasks[0].Ref.Kind, Fields: slices.Compact(fields), Where: []connectors.Cond{{Field: "Id", Op: "in", Value: ids}}}
	return question{query: query, tasks: tasks, settle: compare, apart: func() (all []question) {
		byFields := map[string][]*task{}
		for _, t := range tasks {
			key := strings.Join(slices.Sorted(slices.Values(t.compared())), " ")
			byFields[key] = append(byFields[key], t)
		}
		for _, group := range byFields {
			all = append(all, aboutRecords(group))
		}
		return all
	}}
}

// compared are the fields that are read before the task's record is written.
func (t *task) compared() []string {
	if t.Op == connectors.Update {
		return append(paths(t.If), paths(t.Fields)...)
	}
	return paths(t.If)
}

// compare finishes the tasks that have nothing to do and those whose
// precondition does not hold.
func compare(tasks []*task, records []connectors.Record, err error) {
	if err != nil {
		failAll(tasks, err)
		return
	}
	byID := map[string]connectors.Record{}
	for _, r := range records {
		byID[shortID(r.Ref.ID)] = r
	}
	for _, t := range tasks {
		now, there := byID[shortID(t.Ref.ID)]
		switch {
		case !there && t.Op == connectors.Delete:
			t.already(t.Ref)
		case !there:
			t.fail(&connectors.Error{Class: connectors.Conflict, Err: errors.New("the record is gone, or the integration user may not see it")})
		default:
			t.compareWith(now)
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
	t.modified, _ = now.Fields["LastModifiedDate"].(string)
	if t.Op == connectors.Update {
		t.result.Before = map[string]any{}
		for name := range t.Fields {
			t.result.Before[name] = valueOf(now.Fields, name)
		}
	}
}
