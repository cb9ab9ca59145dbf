package salesforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"standdown/connectors"
)

// The two kinds of approvals an org may have.
const (
	// Classic are approval processes: their requests are rows of
	// ProcessInstanceWorkitem, which vanish once they are answered.
	Classic = "classic"
	// Flow are flow approval processes: their requests are rows of
	// ApprovalWorkItem, which stay.
	Flow       = "flow"
	oldestFlow = 62 // the first version of the API that knows them
)

// A workItem asks somebody to approve a record.
type workItem struct {
	id  string
	err error
}

// hope ranks the ways in which an answer was taken: what is done, or may be, or
// may yet be, comes before what is refused.
func (i workItem) hope() int {
	switch class := connectors.ClassOf(i.err); {
	case i.err == nil:
		return 0
	case class == connectors.Unknown:
		return 1
	case class == connectors.Rejected:
		return 3
	}
	return 2
}

// aboutApprovals asks what waits for approval of the records, and what became
// of what has waited.
func (c *Client) aboutApprovals(tasks []*task) []question {
	ids := make([]string, len(tasks))
	byID := map[string]*task{}
	for i, t := range tasks {
		ids[i] = t.Ref.ID
		byID[shortID(t.Ref.ID)] = t
	}
	ask := func(kind, target, status string, more ...connectors.Cond) connectors.Query {
		return connectors.Query{Kind: kind, Fields: []string{target, status}, Where: append(more, connectors.Cond{Field: target, Op: "in", Value: ids})}
	}
	waiting := func(target string) func([]*task, []connectors.Record, error) {
		return func(tasks []*task, records []connectors.Record, err error) {
			if err != nil {
				failAll(open(tasks), err)
				return
			}
			for _, r := range records {
				if t := taskOf(byID, r, target); t != nil {
					t.items = append(t.items, workItem{id: r.Ref.ID})
				}
			}
		}
	}
	past := func(target, status string, rejected ...string) func([]*task, []connectors.Record, error) {
		return func(tasks []*task, records []connectors.Record, err error) {
			if err != nil {
				failAll(open(tasks), err)
				return
			}
			latest := map[*task]connectors.Record{}
			for _, r := range records {
				if t := taskOf(byID, r, target); t != nil && !r.At.Before(latest[t].At) {
					latest[t] = r
				}
			}
			for _, t := range open(tasks) {
				word, _ := valueAt(latest[t].Fields, status).(string)
				switch {
				case len(t.items) > 0:
				case slices.Contains(rejected, word):
					t.already(t.Ref)
				default:
					t.fail(&connectors.Error{Class: connectors.Conflict, Err: errors.New("nothing waits for approval")})
				}
			}
		}
	}
	if c.opts.Approvals == Flow {
		const kind, target = "ApprovalWorkItem", "RelatedRecordId"
		return []question{
			{query: ask(kind, target, "Status", connectors.Cond{Field: "Status", Op: "=", Value: "Assigned"}), tasks: tasks, settle: waiting(target)},
			{query: ask(kind, target, "Status", connectors.Cond{Field: "Status", Op: "!=", Value: "Assigned"}), tasks: tasks, settle: past(target, "Status", "Rejected")},
		}
	}
	const target = "ProcessInstance.TargetObjectId"
	return []question{
		{query: ask("ProcessInstanceWorkitem", target, "ProcessInstance.Status"), tasks: tasks, settle: waiting(target)},
		{query: ask("ProcessInstance", "TargetObjectId", "Status"), tasks: tasks, settle: past("TargetObjectId", "Status", "Rejected")},
	}
}

func taskOf(byID map[string]*task, r connectors.Record, target string) *task {
	id, _ := valueAt(r.Fields, target).(string)
	return byID[shortID(id)]
}

// turnDown answers every request for approval of the tasks' records. One
// answer ends the approval, so that it is enough if one is accepted: the
// others may be addressed to other people.
func (c *Client) turnDown(ctx context.Context, tasks []*task) {
	for part := range slices.Chunk(tasks, recordsPerParcel) {
		var items []*workItem
		var requests []map[string]any
		for _, t := range part {
			for i := range t.items {
				items = append(items, &t.items[i])
				requests = append(requests, c.refusal(t.items[i].id, t.Fields["Comments"]))
			}
		}
		c.refuse(ctx, items, requests)
		for _, t := range part {
			t.finish(slices.MinFunc(t.items, func(a, b workItem) int { return cmp.Compare(a.hope(), b.hope()) }).err)
		}
	}
}

func (c *Client) refusal(item string, comments any) map[string]any {
	if c.opts.Approvals == Flow {
		return map[string]any{"approvalWorkItemId": item, "approvalDecision": "reject", "approvalComments": comments}
	}
	return map[string]any{"actionType": "Reject", "contextId": item, "comments": comments}
}

// refuse sends the answers, 200 to a call, and sets the error of each item.
func (c *Client) refuse(ctx context.Context, items []*workItem, requests []map[string]any) {
	path, list := "/process/approvals", "requests"
	if c.opts.Approvals == Flow {
		path, list = "/actions/standard/reviewApprovalWorkItem", "inputs"
	}
	for len(items) > 0 {
		n := min(len(items), recordsPerParcel)
		var outcomes []approvalOutcome
		err := c.do(ctx, request{method: http.MethodPost, path: path, body: map[string]any{list: requests[:n]}, partial: true}, &outcomes)
		if err == nil && len(outcomes) != n {
			err = &connectors.Error{Class: connectors.Unknown, Err: fmt.Errorf("%d outcomes for %d approvals", len(outcomes), n)}
		}
		for i, item := range items[:n] {
			item.err = err
			if err == nil {
				item.err = outcomes[i].err()
			}
		}
		items, requests = items[n:], requests[n:]
	}
}

// An approvalOutcome is what either interface says about one answer.
type approvalOutcome struct {
	Success   bool       `json:"success"`   // of approval processes
	IsSuccess bool       `json:"isSuccess"` // of actions
	Errors    []apiError `json:"errors"`
}

func (o approvalOutcome) err() error {
	err := outcome{Success: o.Success || o.IsSuccess, Errors: o.Errors}.err()
	if e, ok := errors.AsType[*connectors.Error](err); ok && e.Class == connectors.Rejected {
		e.Hint = "the integration user must be one of those who may approve"
	}
	return err
}
