package salesforce_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors/salesforce/sandbox"
)

func TestManyObjectsAreDescribedInFewCalls(t *testing.T) {
	o := newOrg(t, nil)
	o.org.Allow(sandbox.NoAccess, "Event")
	if err := o.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := o.org.Calls()
	names := []string{"Contact", "Event", "Nothing__c", "no name", "Case", "Account", "User", "Group", "Workflow__c", "Milestone__c", "Ops_Block__c", "Assignment__c", "sked__Job__c"}
	all, err := o.DescribeAll(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	if calls := o.org.Calls() - before; calls != 2 {
		t.Errorf("%d objects took %d calls, want 2", len(names), calls)
	}
	want := slices.DeleteFunc(slices.Sorted(slices.Values(names)), func(name string) bool { return name == "Event" || name == "Nothing__c" || name == "no name" })
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	one, _, err := o.Describe(t.Context(), "Contact")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, all["Contact"]); diff != "" {
		t.Errorf("together it is described otherwise (-alone +together):\n%s", diff)
	}
	if len(one.Children) == 0 || one.Label != "Contact" {
		t.Errorf("a contact is %+v", one)
	}
}

func TestWhatCannotBeDescribedTogetherIsDescribedAlone(t *testing.T) {
	o := newOrg(t, nil)
	o.org.Fault(sandbox.Fault{Kind: sandbox.Answer, Path: "/composite", Count: 1, Status: 200, ContentType: "application/json", Body: fmt.Sprintf(
		`{"compositeResponse": [{"referenceId": "p0", "httpStatusCode": 400, "body": %s}, {"referenceId": "p1", "httpStatusCode": 404, "body": %s}]}`,
		`[{"errorCode": "INVALID_INPUT", "message": "not here"}]`, `[{"errorCode": "NOT_FOUND", "message": "no such thing"}]`)})
	all, err := o.DescribeAll(t.Context(), []string{"Contact", "Case"})
	if err != nil || len(all) != 1 || all["Contact"].Name != "Contact" {
		t.Errorf("described: %v, error %v", slices.Collect(maps.Keys(all)), err)
	}
}
