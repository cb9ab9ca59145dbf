package sandbox

import (
	"net/http"
	"strings"
)

// Names of the objects of approvals: those of approval processes, and those of
// flow approvals, which are a thing apart.
const (
	instanceObject   = "ProcessInstance"
	workitemObject   = "ProcessInstanceWorkitem"
	submissionObject = "ApprovalSubmission"
	flowItemObject   = "ApprovalWorkItem"
)

func approvalObjects() []Object {
	status := []string{"Pending", "Approved", "Rejected", "Removed"}
	return []Object{
		{Name: instanceObject, Prefix: "04g", Nameless: true, Managed: true, Fields: join(
			Field{Name: "TargetObjectId", Type: Reference}, choice("Status", status...))},
		{Name: workitemObject, Prefix: "04i", Nameless: true, Managed: true, Fields: join(
			ref("ProcessInstanceId", instanceObject, "Workitems"),
			Field{Name: "ActorId", Type: Reference, RefersTo: []string{"User", "Group"}})},
		{Name: submissionObject, Prefix: "0jS", Nameless: true, Managed: true, Fields: join(
			Field{Name: "RelatedRecordId", Type: Reference}, choice("Status", "InProgress", "Approved", "Rejected", "Canceled"))},
		{Name: flowItemObject, Prefix: "0jW", Nameless: true, Managed: true, Fields: join(
			ref("ApprovalSubmissionId", submissionObject, "ApprovalWorkItems"),
			Field{Name: "AssignedToId", Type: Reference, RefersTo: []string{"User", "Group"}},
			Field{Name: "RelatedRecordId", Type: Reference},
			Field{Name: "Comments", Type: LongText, Length: 4000},
			choice("Status", "Assigned", "Approved", "Rejected", "Canceled"))},
	}
}

// An Approval is a decision a record waits for.
type Approval struct {
	Record   string // its id
	Approver string // user name, full name or id of who decides
	// Flow makes it a flow approval, whose item is an ApprovalWorkItem;
	// otherwise it is one of an approval process, a ProcessInstanceWorkitem.
	Flow bool
	// OnApprove and OnReject are set on the record by the decision.
	OnApprove, OnReject map[string]any
}

// Submit asks for an approval and returns the id of the work item. Until it
// is decided, nobody but the administrator may change the record.
func (p Person) Submit(a Approval) (item string, err error) {
	o := p.org
	o.mu.Lock()
	defer o.mu.Unlock()
	user, err := o.userID(p.user)
	if err != nil {
		return "", err
	}
	actor, err := o.userID(a.Approver)
	if err != nil {
		return "", err
	}
	id, ok := parseID(a.Record)
	if r := o.store.latest(id); !ok || r == nil || r["IsDeleted"] == true {
		return "", refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	}
	if o.pending(id) {
		return "", refuse("ALREADY_IN_PROCESS", "This record is already in an approval process")
	}
	a.Record = id
	by := stamp{user, o.now()}
	insert := func(object string, fields map[string]any) string {
		made, refused := o.store.insert(o.store.schema.entity(object), fields, by)
		if refused != nil {
			err = refused
		}
		return made
	}
	if a.Flow {
		parent := insert(submissionObject, map[string]any{"RelatedRecordId": a.Record, "Status": "InProgress"})
		item = insert(flowItemObject, map[string]any{"ApprovalSubmissionId": parent, "AssignedToId": actor, "RelatedRecordId": a.Record, "Status": "Assigned"})
	} else {
		parent := insert(instanceObject, map[string]any{"TargetObjectId": a.Record, "Status": "Pending"})
		item = insert(workitemObject, map[string]any{"ProcessInstanceId": parent, "ActorId": actor})
	}
	if err == nil {
		o.approvals[item] = a
	}
	return item, err
}

func (o *Org) pending(record string) bool {
	for _, a := range o.approvals {
		if a.Record == record {
			return true
		}
	}
	return false
}

// unlocked refuses the write of a record that waits for an approval.
func (o *Org) unlocked(id, user string) *Error {
	if full, _ := parseID(id); user != o.administrator && o.pending(full) {
		return refuse("ENTITY_IS_LOCKED", "This record is locked. If you need to edit it, contact your admin.")
	}
	return nil
}

// approve answers POST /process/approvals. Each request is decided by itself.
func (o *Org) approve(c call) reply {
	var body struct {
		Requests []struct{ ActionType, ContextID, Comments string }
	}
	if err := c.decode(&body); err != nil {
		return err.reply()
	}
	if len(body.Requests) == 0 {
		return refuse("REQUIRED_FIELD_MISSING", "At least 1 request is required").reply()
	}
	results := make([]map[string]any, len(body.Requests))
	for i, r := range body.Requests {
		if strings.EqualFold(r.ActionType, "Submit") {
			results[i] = undecided(refuse("NO_APPLICABLE_PROCESS", "No applicable approval process was found."))
			continue
		}
		a, parent, status, err := o.decide(c, workitemObject, r.ContextID, r.ActionType, r.Comments)
		if err != nil {
			results[i] = undecided(err)
			continue
		}
		results[i] = map[string]any{"actorIds": []string{}, "entityId": a.Record, "errors": nil, "instanceId": parent,
			"instanceStatus": status, "newWorkitemIds": []string{}, "success": true}
	}
	return reply{http.StatusOK, nil, results}
}

func undecided(err *Error) map[string]any {
	out := err.rowResult()
	for _, name := range []string{"actorIds", "entityId", "instanceId", "instanceStatus", "newWorkitemIds"} {
		out[name] = nil
	}
	return out
}

// reviewItem answers POST /actions/standard/reviewApprovalWorkItem, which
// decides flow approvals.
func (o *Org) reviewItem(c call) reply {
	var body struct {
		Inputs []struct{ ApprovalDecision, ApprovalWorkItemID, ApprovalComments string }
	}
	if err := c.decode(&body); err != nil {
		return err.reply()
	}
	status := http.StatusOK
	results := make([]map[string]any, len(body.Inputs))
	for i, in := range body.Inputs {
		results[i] = map[string]any{"actionName": "reviewApprovalWorkItem", "errors": nil, "isSuccess": true, "outputValues": nil}
		if _, _, _, err := o.decide(c, flowItemObject, in.ApprovalWorkItemID, in.ApprovalDecision, in.ApprovalComments); err != nil {
			results[i]["errors"], results[i]["isSuccess"] = err.rowResult()["errors"], false
			status = http.StatusBadRequest
		}
	}
	return reply{status, nil, results}
}

// decide settles a work item, and does to the record what its approval says.
func (o *Org) decide(c call, object, item, decision, comments string) (a Approval, parent, status string, err *Error) {
	switch strings.ToLower(decision) {
	case "approve":
		status = "Approved"
	case "reject":
		status = "Rejected"
	default:
		return a, "", "", refuse("INVALID_INPUT", "the action is %q; want Approve or Reject", abbreviate(decision))
	}
	e := o.store.schema.entity(object)
	id, _ := parseID(item)
	r, err := o.store.live(e, id)
	a, open := o.approvals[id]
	if err != nil || !open {
		return a, "", "", refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	}
	actor, up := "ActorId", "ProcessInstanceId"
	if a.Flow {
		actor, up = "AssignedToId", "ApprovalSubmissionId"
	}
	if r[actor] != c.user {
		return a, "", "", refuse("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id")
	}
	parent, _ = r[up].(string)
	by := stamp{c.user, o.now()}
	fields := a.OnReject
	if status == "Approved" {
		fields = a.OnApprove
	}
	target := o.store.schema.byPrefix[a.Record[:3]]
	if err = o.store.update(target, a.Record, fields, by); err != nil {
		return a, "", "", err
	}
	delete(o.approvals, id)
	if err = o.store.update(o.store.schema.byPrefix[parent[:3]], parent, map[string]any{"Status": status}, by); err != nil {
		return a, "", "", err
	}
	if a.Flow {
		return a, parent, status, o.store.update(e, id, map[string]any{"Status": status, "Comments": comments}, by)
	}
	return a, parent, status, o.store.delete(e, id, by)
}
