package salesforce_test

import (
	"fmt"
	"testing"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestWhatWaitsForApprovalIsTurnedDown(t *testing.T) {
	for _, kind := range []string{salesforce.Classic, salesforce.Flow} {
		t.Run(kind, func(t *testing.T) {
			o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.Approvals = kind })
			submit := func(approver string) connectors.Ref {
				ref := o.insert(t, "Case", map[string]any{"Subject": "submitted"})
				_, err := o.org.Submit(sandbox.Approval{Record: ref.ID, Approver: approver, Flow: kind == salesforce.Flow,
					OnReject: map[string]any{"Subject": "rejected"}, OnApprove: map[string]any{"Subject": "approved"}})
				if err != nil {
					t.Fatal(err)
				}
				return ref
			}
			reject := func(ref connectors.Ref) connectors.Change {
				return connectors.Change{Key: "k" + ref.ID, Op: connectors.Reject, Ref: ref, Fields: map[string]any{"Comments": "cancelled"}}
			}
			ours, others, none := submit(sandbox.IntegrationUser), submit(sandbox.Administrator), o.insert(t, "Case", map[string]any{"Subject": "not submitted"})
			results := apply(t, o, reject(ours), reject(others), reject(none))
			if results[0].Err != nil || results[0].Already {
				t.Errorf("ours: %+v, want it turned down now", results[0])
			}
			if err := results[1].Err; connectors.ClassOf(err) != connectors.Rejected || !contains(err, "may approve") {
				t.Errorf("another's: %v, want it rejected for the approver", err)
			}
			if err := results[2].Err; connectors.ClassOf(err) != connectors.Conflict || err == nil {
				t.Errorf("none: %v, want a conflict", err)
			}
			for ref, want := range map[connectors.Ref]string{ours: "rejected", others: "submitted"} {
				if rows := o.query(t, "SELECT Subject FROM Case WHERE Id = '"+ref.ID+"'"); rows[0]["Subject"] != want {
					t.Errorf("%s is %v, want %s", ref, rows[0]["Subject"], want)
				}
			}
			if again := apply(t, o, reject(ours))[0]; again.Err != nil || !again.Already {
				t.Errorf("again: %+v, want Already", again)
			}
			locked := update(others, "submitted", "edited")
			if err := apply(t, o, locked)[0].Err; connectors.ClassOf(err) != connectors.Temporary || !contains(err, "approval") {
				t.Errorf("locked: %v, want it temporary, for the approval", err)
			}
			both := submit(sandbox.IntegrationUser)
			o.org.Fault(sandbox.Fault{Kind: sandbox.Lose, Method: "POST", Path: map[string]string{salesforce.Classic: "/process", salesforce.Flow: "/actions"}[kind]})
			if err := apply(t, o, reject(both))[0].Err; connectors.ClassOf(err) != connectors.Unknown {
				t.Errorf("lost: %v, want it unknown", err)
			}
			if again := apply(t, o, reject(both))[0]; again.Err != nil || !again.Already {
				t.Errorf("after the loss: %+v, want Already", again)
			}
		})
	}
}

func TestApprovalsThatAreNotConfiguredAreRejected(t *testing.T) {
	o := newOrg(t, nil)
	ref := o.insert(t, "Case", map[string]any{"Subject": "x"})
	err := apply(t, o, connectors.Change{Key: "k", Op: connectors.Reject, Ref: ref})[0].Err
	if connectors.ClassOf(err) != connectors.Rejected || !contains(err, "not configured") {
		t.Errorf("error %v, want it rejected", err)
	}
}

func TestAnApprovalThatSomebodyElseMayAnswerToo(t *testing.T) {
	const (
		notOurs = `{"success":false,"errors":[{"statusCode":"INSUFFICIENT_ACCESS_OR_READONLY","message":"no"}]}`
		locked  = `{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"x"}]}`
	)
	for name, test := range map[string]struct {
		answers string
		want    connectors.Class
	}{
		"one may not be answered by us, the other not now": {notOurs + "," + locked, connectors.Temporary},
		"neither may be answered by us":                    {notOurs + "," + notOurs, connectors.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.Approvals = salesforce.Classic })
			ref := o.insert(t, "Case", map[string]any{"Subject": "submitted"})
			item := `{"Id":"04i00000000000%dAAA","ProcessInstance":{"TargetObjectId":"` + ref.ID + `","Status":"Pending"}}`
			items := fmt.Sprintf(item, 1) + "," + fmt.Sprintf(item, 2)
			o.org.Fault(sandbox.Fault{Kind: sandbox.Answer, Path: "/composite", Status: 200, Body: `{"compositeResponse":[
				{"referenceId":"p0","httpStatusCode":200,"body":{"done":true,"records":[` + items + `]}},{"referenceId":"p1","httpStatusCode":200,"body":{"done":true,"records":[]}}]}`})
			o.org.Fault(sandbox.Fault{Kind: sandbox.Answer, Method: "POST", Path: "/process", Status: 200, Body: "[" + test.answers + "]"})
			err := apply(t, o, connectors.Change{Key: "k", Op: connectors.Reject, Ref: ref})[0].Err
			if connectors.ClassOf(err) != test.want || err == nil {
				t.Errorf("error %v, want it %s", err, test.want)
			}
		})
	}
}
