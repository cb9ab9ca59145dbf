package sandbox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reviewed makes a workflow that waits for the approval of somebody.
func (c *caller) reviewed(approver string, flow bool) (record, item string) {
	c.t.Helper()
	record = c.insert("Workflow__c", map[string]any{"Name": "W-1", "Status__c": "Active"})
	item, err := c.org.Submit(Approval{Record: record, Approver: approver, Flow: flow,
		OnReject: map[string]any{"Status__c": "Cancelled"}, OnApprove: map[string]any{"Status__c": "Cancel Pending"}})
	if err != nil {
		c.t.Fatal(err)
	}
	return record, item
}

func rejection(item string) map[string]any {
	return map[string]any{"requests": []any{map[string]any{"actionType": "Reject", "contextId": item, "comments": "cancelled"}}}
}

func TestARecordThatWaitsForAnApprovalIsLocked(t *testing.T) {
	c := start(t, Options{})
	record, item := c.reviewed(IntegrationUser, false)
	change := map[string]any{"Product__c": "Beam"}
	if got := c.call("PATCH", "sobjects/Workflow__c/"+record, change); got.status != 400 || got.code() != "ENTITY_IS_LOCKED" {
		t.Errorf("PATCH: %d %v", got.status, got.body)
	}
	if got := c.call("DELETE", "sobjects/Workflow__c/"+record, nil); got.code() != "ENTITY_IS_LOCKED" {
		t.Errorf("DELETE: %d %v", got.status, got.body)
	}
	if err := c.org.As(IntegrationUser).Update("Workflow__c", record, change); err == nil {
		t.Error("the lock does not hold through the Go API")
	}
	if err := c.org.Update("Workflow__c", record, change); err != nil {
		t.Errorf("the administrator is locked out: %v", err)
	}
	pending := q("SELECT Id, ActorId FROM ProcessInstanceWorkitem WHERE ProcessInstance.Status = 'Pending' AND ProcessInstance.TargetObjectId IN ('" + record + "')")
	if got := c.call("GET", pending, nil).body.(map[string]any)["totalSize"]; got != 1.0 {
		t.Errorf("%v work items are found", got)
	}

	got := c.call("POST", "process/approvals/", rejection(item))
	result := got.body.([]any)[0].(map[string]any)
	if got.status != 200 || result["success"] != true || result["instanceStatus"] != "Rejected" || result["entityId"] != record {
		t.Fatalf("%d %v", got.status, got.body)
	}
	if got := c.field("Workflow__c", record, "Status__c"); got != "Cancelled" {
		t.Errorf("after the rejection the status is %v", got)
	}
	if got := c.call("PATCH", "sobjects/Workflow__c/"+record, change); got.status != 204 {
		t.Errorf("it is still locked: %d %v", got.status, got.body)
	}
	again := c.call("POST", "process/approvals", rejection(item)).body.([]any)[0].(map[string]any)
	if again["success"] != false {
		t.Errorf("it was rejected twice: %v", again)
	}
}

func TestOnlyTheApproverDecides(t *testing.T) {
	c := start(t, Options{})
	record, theirs := c.reviewed(Administrator, false)
	_, ours := c.reviewed(IntegrationUser, false)
	both := map[string]any{"requests": append(rejection(theirs)["requests"].([]any), rejection(ours)["requests"].([]any)...)}
	var outcomes []any
	for _, r := range c.call("POST", "process/approvals", both).body.([]any) {
		outcomes = append(outcomes, r.(map[string]any)["success"])
	}
	if diff := cmp.Diff([]any{false, true}, outcomes); diff != "" {
		t.Error(diff)
	}
	if got := c.field("Workflow__c", record, "Status__c"); got != "Active" {
		t.Errorf("what another was to decide is %v", got)
	}
}

func TestAFlowApprovalIsDecidedByItsAction(t *testing.T) {
	c := start(t, Options{})
	record, item := c.reviewed(IntegrationUser, true)
	if got := c.call("POST", "process/approvals", rejection(item)).body.([]any)[0].(map[string]any); got["success"] != false {
		t.Errorf("it is decided by the wrong engine: %v", got)
	}
	review := map[string]any{"inputs": []any{map[string]any{"approvalDecision": "reject", "approvalWorkItemId": item, "approvalComments": "cancelled"}}}
	if got := c.call("POST", "actions/standard/reviewApprovalWorkItem", review); got.status != 200 {
		t.Fatalf("%d %v", got.status, got.body)
	}
	if got := c.field("ApprovalWorkItem", item, "Status"); got != "Rejected" {
		t.Errorf("the item is %v", got)
	}
	if got := c.field("Workflow__c", record, "Status__c"); got != "Cancelled" {
		t.Errorf("the record is %v", got)
	}
	if got := c.call("POST", "actions/standard/reviewApprovalWorkItem", review); got.status != 400 {
		t.Errorf("decided twice: %d %v", got.status, got.body)
	}
}

func TestApprovalsAreWrittenByTheOrgAlone(t *testing.T) {
	c := start(t, Options{})
	if got := c.call("POST", "sobjects/ProcessInstance", map[string]any{"Status": "Pending"}); got.status != 400 || got.code() != "INVALID_TYPE_FOR_OPERATION" {
		t.Errorf("%d %v", got.status, got.body)
	}
	if _, err := c.org.Insert("ProcessInstance", map[string]any{}); err == nil {
		t.Error("the Go API inserts one")
	}
}
