package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
	"standdown/mapping"
	"standdown/rules"
)

// approving returns a mapping for an org whose reviews are approvals: of
// review records, or of the milestone as a whole.
func approving(t *testing.T, records bool) *mapping.Mapping {
	t.Helper()
	config := mapping.Config{Presets: everyBook, Approvals: true}
	if !records {
		config.Objects = map[string]mapping.Object{"review": {Name: "-"}}
	}
	m, err := mapping.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// homeownerCancels decides the request to cancel W-1042, whose M1 is under
// review, and applies what follows in the org. It returns the first error.
func homeownerCancels(t *testing.T, m *mapping.Mapping, client *salesforce.Client, seed sandbox.Seeded) error {
	t.Helper()
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	e := asks("maria.alvarez@example.com", "C-204417")
	s, err := m.Snapshot(t.Context(), client, recall{}, e, now)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(s.Workflows[0].Milestones, func(m rules.Milestone) bool { return m.Status == "pending-review" }); i < 0 {
		t.Fatal("no milestone is under review")
	}
	for _, d := range book.Decide(s, e, now).Decisions {
		writes, err := m.Changes(e, s, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range writes {
			if w.System != mapping.Salesforce {
				continue
			}
			if r := client.Apply(t.Context(), []connectors.Change{w.Change})[0]; r.Err != nil {
				return r.Err
			}
		}
	}
	return nil
}

func TestAReviewThatIsAnApprovalIsTurnedDown(t *testing.T) {
	for _, kind := range []string{salesforce.Classic, salesforce.Flow} {
		for name, records := range map[string]bool{"one for each review": true, "one for the milestone": false} {
			t.Run(kind+", "+name, func(t *testing.T) {
				m := approving(t, records)
				client, o, seed := seeded(t, m, kind)
				milestone := seed.Milestones["W-1042 M1"]
				waiting := []string{milestone}
				if records {
					waiting = ids(t, o, "SELECT Id FROM Milestone_Review__c WHERE Milestone__c = '"+milestone+"'")
				}
				for _, id := range waiting {
					_, err := o.Submit(sandbox.Approval{Record: id, Approver: sandbox.IntegrationUser, Flow: kind == salesforce.Flow,
						OnReject: map[string]any{"Status__c": "Rejected"}})
					if err != nil {
						t.Fatal(err)
					}
				}
				if err := homeownerCancels(t, m, client, seed); err != nil {
					t.Fatal(err)
				}
				instances := "SELECT Id FROM ProcessInstance WHERE Status = 'Rejected'"
				if kind == salesforce.Flow {
					instances = "SELECT Id FROM ApprovalWorkItem WHERE Status = 'Rejected'"
				}
				if n := len(ids(t, o, instances)); n != len(waiting) {
					t.Errorf("%d approvals were turned down, want %d", n, len(waiting))
				}
				for _, soql := range []string{
					"SELECT Id FROM Milestone__c WHERE Status__c = 'Rejected' AND Id = '" + milestone + "'",
					"SELECT Id FROM Workflow__c WHERE Status__c = 'Cancel Pending' AND Name = 'W-1042'",
				} {
					if len(ids(t, o, soql)) != 1 {
						t.Errorf("there is none: %s", soql)
					}
				}
				if n := len(ids(t, o, "SELECT Id FROM Milestone_Review__c WHERE Status__c = 'Rejected'")); records && n != len(waiting) {
					t.Errorf("%d reviews are rejected, want %d", n, len(waiting))
				}
			})
		}
	}
}

// What turning down is for: an approval locks its record against writing.
func TestAReviewThatIsAnApprovalCannotBeWrittenTo(t *testing.T) {
	m := standard(t)
	client, o, seed := seeded(t, m, "")
	for _, id := range ids(t, o, "SELECT Id FROM Milestone_Review__c WHERE Milestone__c = '"+seed.Milestones["W-1042 M1"]+"'") {
		if _, err := o.Submit(sandbox.Approval{Record: id, Approver: sandbox.IntegrationUser}); err != nil {
			t.Fatal(err)
		}
	}
	err := homeownerCancels(t, m, client, seed)
	if connectors.ClassOf(err) != connectors.Temporary || err == nil || !strings.Contains(err.Error(), "locked by an approval") {
		t.Errorf("error %v, want one that tells of the lock", err)
	}
}

func TestWithoutApprovalsReviewsMustBeRecords(t *testing.T) {
	_, err := mapping.New(mapping.Config{Presets: everyBook, Objects: map[string]mapping.Object{"review": {Name: "-"}}})
	if err == nil || !strings.Contains(err.Error(), "objects.review.object") || !strings.Contains(err.Error(), "salesforce.approvals") {
		t.Errorf("error %v, want one that names the object and the setting", err)
	}
}

func ids(t *testing.T, o *sandbox.Org, soql string) []string {
	t.Helper()
	rows, err := o.Query(soql)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range rows {
		all = append(all, r["Id"].(string))
	}
	return all
}
