package mapping_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/mapping"
	"standdown/rules"
)

func TestNewRefuses(t *testing.T) {
	object := func(name string, o mapping.Object) mapping.Config {
		return mapping.Config{Presets: everyBook, Objects: map[string]mapping.Object{name: o}}
	}
	field := func(concept, name, org string) mapping.Config {
		return object(concept, mapping.Object{Fields: map[string]string{name: org}})
	}
	value := func(concept, field, ours, org string) mapping.Config {
		return object(concept, mapping.Object{Values: map[string]map[string]string{field: {ours: org}}})
	}
	tests := []struct {
		name   string
		config mapping.Config
		want   []string
	}{
		{"a configuration of nothing", mapping.Config{},
			[]string{`presets: nothing is mapped; name at least one of milestone, skedulo, fieldservice, interpreting, ops`}},
		{"a preset that is not there", mapping.Config{Presets: []string{"milestone", "skedullo"}},
			[]string{`presets.1: no such preset "skedullo"; did you mean "skedulo"?`}},
		{"an object nobody knows", object("workflows", mapping.Object{Name: "X__c"}),
			[]string{`objects.workflows: no such thing; did you mean "workflow"?`}},
		{"an object of a part that is not in use", mapping.Config{Presets: []string{"milestone"}, Objects: map[string]mapping.Object{"absence": {Name: "X__c"}}},
			[]string{`objects.absence: nothing uses it; add the preset "skedulo" or "fieldservice", or an object for "job"`}},
		{"a field nobody knows", field("workflow", "staus", "X__c"),
			[]string{`objects.workflow.fields.staus: no such field; did you mean "status"?`}},
		{"a field like no other", field("activity", "quality", "X__c"),
			[]string{`objects.activity.fields.quality: no such field; there are end, resource, start`}},
		{"a value nobody knows", value("workflow", "status", "cancel_pending", "X"),
			[]string{`objects.workflow.values.status.cancel_pending: no such value; did you mean "cancel-pending"?`}},
		{"values of a field that has none", value("workflow", "product", "beam", "Beam"),
			[]string{`objects.workflow.values.product: no such field with values; there are cancel_reason, invoice, milestone, model, photos, roof_clear, signers, status`}},
		{"a value that stands for two things", value("workflow", "status", "cancelled", "active"),
			[]string{`objects.workflow.values.status.cancelled: "active" stands for "active" already`}},
		{"a field the rules need", field("workflow", "photos", "-"),
			[]string{`objects.workflow.fields.photos: missing; give the API name of the field of Workflow__c`}},
		{"a value the rules need", value("job", "status", "cancelled", "-"),
			[]string{`objects.job.values.status.cancelled: missing; give the value of sked__Job__c.sked__Job_Status__c`}},
		{"an object the rules need", object("allocation", mapping.Object{Name: "-"}),
			[]string{`objects.allocation.object: missing; give the API name of the object`}},
		{"a created object without a key", object("case", mapping.Object{Key: "-"}), []string{
			`objects.case.key: missing; give a unique external id field of Case`,
		}},
		{"a key that nothing needs", object("review", mapping.Object{Key: "X__c"}),
			[]string{`objects.review.key: none is needed: no review is ever created`}},
		{"one object for two watched things", object("referral", mapping.Object{Name: "Workflow__c"}),
			[]string{`objects.referral.object: Workflow__c stands for "workflow" already`}},
		{"several problems at once, by place", mapping.Config{Presets: []string{"milestone"}, Objects: map[string]mapping.Object{
			"workflow": {Fields: map[string]string{"status": "-", "photo": "X__c"}},
			"case":     {Fields: map[string]string{"subject": "-"}},
		}}, []string{
			`objects.case.fields.subject: missing; give the API name of the field of Case`,
			`objects.workflow.fields.photo: no such field; did you mean "photos"?`,
			`objects.workflow.fields.status: missing; give the API name of the field of Workflow__c`,
		}},
		{"an own model that is not finished", mapping.Config{Objects: map[string]mapping.Object{"job": {Name: "Visit__c"}}, Queue: "Q"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := mapping.New(test.config)
			if err == nil {
				t.Fatal("it was accepted")
			}
			got := strings.Split(err.Error(), "\n")
			if test.want == nil {
				for _, want := range []string{"objects.case.object: missing", "objects.job.fields.start: missing", "objects.queue.object: missing",
					`objects.absence.object: missing; give the API name of the object, or "-" if the org has none`} {
					if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
						t.Errorf("%q is not among\n%s", want, err)
					}
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblemsSayWhere(t *testing.T) {
	_, err := mapping.New(mapping.Config{Presets: []string{"milestone"}, Objects: map[string]mapping.Object{"job_": {}}})
	p, ok := errors.AsType[*mapping.Problem](err)
	if !ok || p.At != "objects.job_" {
		t.Errorf("no problem at objects.job_ in %v", err)
	}
}

func TestNewAccepts(t *testing.T) {
	none := mapping.Object{Name: "-"}
	tests := []struct {
		name    string
		config  mapping.Config
		watches []string
	}{
		{"all presets", mapping.Config{Presets: everyBook}, []string{"Workflow__c", "Case_Assignment__c", "Contact", "Assignment__c", "Ops_Block__c"}},
		{"assignments only", mapping.Config{Presets: []string{"interpreting"}}, []string{"Assignment__c"}},
		{"cancellations only", mapping.Config{Presets: []string{"milestone"}}, []string{"Workflow__c", "Case_Assignment__c"}},
		{"holds only", mapping.Config{Presets: []string{"skedulo"}}, []string{"Contact"}},
		{"an org that lacks what the rules can do without", mapping.Config{Presets: everyBook, Objects: map[string]mapping.Object{
			"absence": none, "activity": none, "region": none, "resource_region": none, "account_block": none, "location_block": none,
			"workflow": {Fields: map[string]string{"roof_clear": "-", "co_homeowner": "-"}},
			"job":      {Values: map[string]map[string]string{"status": {"queued": "-"}}},
		}}, []string{"Workflow__c", "Case_Assignment__c", "Contact", "Assignment__c", "Ops_Block__c"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := mapping.New(test.config)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range m.Watches() {
				got = append(got, w.Object)
			}
			if diff := cmp.Diff(test.watches, got); diff != "" {
				t.Errorf("what is watched differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWatchesAndKeyFields(t *testing.T) {
	m := standard(t)
	if diff := cmp.Diff([]mapping.Watch{
		{Object: "Workflow__c", Fields: []string{"Status__c", "Milestone__c", "System_Photos__c", "Roof_Clear__c"}},
		{Object: "Case_Assignment__c", Fields: []string{"Decision__c", "Team__c", "Referral_Reason__c", "Workflow__c"}},
		{Object: "Contact", Fields: []string{"On_Hold__c", "On_Hold_Start_Date__c", "Planned_Return_Date__c"}},
		{Object: "Assignment__c", Fields: []string{"Status__c", "Cancel_Requested_By__c", "Cancellation_Request__c", "Waive_Billing__c", "Waived_By__c"}},
		{Object: "Ops_Block__c", Fields: []string{"State__c", "Block_Type__c", "Reset_Service__c", "Cancel_Reason__c", "Cancel_Notes__c"}},
	}, m.Watches()); diff != "" {
		t.Errorf("what is watched differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{
		"Billing_Decision__c":     "Standdown_Key__c",
		"Case":                    "Standdown_Key__c",
		"Case_Assignment__c":      "Standdown_Key__c",
		"sked__Job_Allocation__c": "Standdown_Key__c",
	}, m.KeyFields()); diff != "" {
		t.Errorf("the key fields differ (-want +got):\n%s", diff)
	}
}

func TestEffective(t *testing.T) {
	m, err := mapping.New(mapping.Config{Presets: []string{"milestone"}, Queue: "Retention", Objects: map[string]mapping.Object{
		"workflow": {Name: "Deal__c", Fields: map[string]string{"status": "Phase__c"}, Values: map[string]map[string]string{"status": {"active": "Live"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := m.Effective()
	w := c.Objects["workflow"]
	got := []string{c.Queue, w.Name, w.Fields["status"], w.Values["status"]["active"], w.Fields["name"], w.Values["status"]["cancelled"]}
	want := []string{"Retention", "Deal__c", "Phase__c", "Live", "Name", "Cancelled"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the overrides or the rest got lost (-want +got):\n%s", diff)
	}
	if _, err := mapping.New(c); err != nil {
		t.Errorf("what is effective is not accepted as a configuration: %v", err)
	}
	w.Fields["status"] = "changed"
	w.Values["status"]["active"] = "changed"
	if diff := cmp.Diff("Phase__c", m.Effective().Objects["workflow"].Fields["status"]); diff != "" {
		t.Error("a change of the copy changes the mapping")
	}
}

func TestFits(t *testing.T) {
	t.Run("the presets fit the rules' defaults", func(t *testing.T) {
		if err := standard(t).Fits(rules.Defaults()); err != nil {
			t.Error(err)
		}
	})
	t.Run("holds alone fit anything", func(t *testing.T) {
		m, err := mapping.New(mapping.Config{Presets: []string{"skedulo"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Fits(rules.Settings{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("what differs is named with both places", func(t *testing.T) {
		s := rules.Defaults()
		s.Cancellation.DealProcessingTeam = "Deals"
		s.Cancellation.Reasons = slices.DeleteFunc(slices.Clone(s.Cancellation.Reasons), func(r string) bool { return r == "Moving" })
		want := `rules.cancellation.deal_processing_team is "Deals", but mapping.objects.referral.values.team.deal-processing is "Deal Processing"; they must be the same
mapping.objects.workflow.values.cancel_reason.moving is "Moving", which is not in rules.cancellation.reasons: Changed mind, Financial, Found another offer, Delay, Homeowner request, Other`
		if err := standard(t).Fits(s); err == nil || err.Error() != want {
			t.Errorf("error is\n%v, want\n%s", err, want)
		}
	})
}

func TestPresetsExplainEveryLine(t *testing.T) {
	for _, preset := range mapping.Presets() {
		t.Run("preset "+preset, func(t *testing.T) {
			data, err := os.ReadFile("presets/" + preset + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(data), "\n") {
				key := strings.TrimSpace(line)
				section := key == "objects:" || key == "fields:" || key == "values:" || strings.HasPrefix(line, "      ") && strings.HasSuffix(key, ":")
				if key != "" && !section && !strings.Contains(line, "# ") {
					t.Errorf("presets/%s.yaml:%d: nothing explains %q", preset, i+1, key)
				}
			}
		})
	}
}
