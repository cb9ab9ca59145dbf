package survey

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors/salesforce"
)

func TestNamesComeDownToTheWordsThatCount(t *testing.T) {
	for name, want := range map[string][]string{
		"Deal_Contract__c":             {"contract"},
		"sked__Job_Status__c":          {"job", "status"},
		"SchedStartTime":               {"sched", "start", "time"},
		"Photos of the System":         {"photo", "system"},
		"Time_Zone__c":                 {"timezone"},
		"Expected Cancellation Status": {"cancel", "expected", "status"},
		"":                             nil,
		"__c":                          nil,
	} {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(phraseOf(name)))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsCalledAlikeIsLikelier(t *testing.T) {
	status := wanted{"status", "Status__c", nil, []string{"workflow", "Deal__c"}}
	for _, test := range []struct {
		name, label  string
		least, below float64
	}{
		{"Status__c", "Status", 1, 1.01},
		{"Deal_Status__c", "Deal Status", 0.8, 1},
		{"X1__c", "Cancellation Status", 0.6, 0.7},
		{"Shipping_Address__c", "Shipping Address", 0, 0.01},
	} {
		if got := status.calls(test.name, test.label); got < test.least || got >= test.below {
			t.Errorf("%s (%s): %.2f", test.name, test.label, got)
		}
	}
}

func TestOfTheirsEachIsGivenOnceAndNothingWhereTwoAreAsGood(t *testing.T) {
	for _, test := range []struct {
		name   string
		has    []match // of ours 0 and 1, theirs 0 to 2
		chosen map[int]int
		rivals map[int][]int
	}{
		{"the best for each", []match{{0, 0, 0.9, ""}, {0, 1, 0.7, ""}, {1, 1, 0.8, ""}}, map[int]int{0: 0, 1: 1}, map[int][]int{}},
		{"who wants it more gets it", []match{{0, 0, 0.9, ""}, {1, 0, 0.95, ""}, {0, 1, 0.65, ""}}, map[int]int{1: 0, 0: 1}, map[int][]int{}},
		{"two that are as good", []match{{0, 0, 0.9, ""}, {0, 1, 0.88, ""}}, map[int]int{}, map[int][]int{0: {0, 1}}},
		{"a second that another one wants more is no rival", []match{{0, 0, 0.9, ""}, {0, 1, 0.88, ""}, {1, 1, 0.89, ""}}, map[int]int{0: 0, 1: 1}, map[int][]int{}},
		{"the best is too poor", []match{{0, 0, 0.5, ""}, {0, 1, 0.35, ""}}, map[int]int{}, map[int][]int{0: {0, 1}}},
		{"what is given is no rival any more", []match{{0, 0, 0.9, ""}, {1, 0, 0.59, ""}, {1, 1, 0.4, ""}}, map[int]int{0: 0}, map[int][]int{1: {1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			chosen, rivals := assign(test.has)
			got, may := map[int]int{}, map[int][]int{}
			for ours, m := range chosen {
				got[ours] = m.theirs
			}
			for ours, list := range rivals {
				for _, m := range list {
					may[ours] = append(may[ours], m.theirs)
				}
			}
			if diff := cmp.Diff(test.chosen, got); diff != "" {
				t.Errorf("chosen (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.rivals, may); diff != "" {
				t.Errorf("rivals (-want +got):\n%s", diff)
			}
		})
	}
}

// contracts is an org with one object that milestone presets are about.
func contracts(fields ...salesforce.Field) Org {
	fields = append(fields, salesforce.Field{Name: "Name", Type: "string", NameField: true})
	return Org{
		"Contact": {Name: "Contact", Fields: []salesforce.Field{{Name: "Name", Type: "string"}, {Name: "Email", Type: "email"}}},
		"Case":    {Name: "Case"}, "Group": {Name: "Group"},
		"Deal__c": {Name: "Deal__c", Label: "Contract", Fields: fields},
	}
}

func picklist(name string, values ...string) salesforce.Field {
	f := salesforce.Field{Name: name, Label: name, Type: "picklist"}
	for _, v := range values {
		f.Values = append(f.Values, salesforce.Choice{Value: v, Active: true})
	}
	return f
}

func to(name string, objects ...string) salesforce.Field {
	return salesforce.Field{Name: name, Label: name, Type: "reference", RefersTo: objects}
}

func TestFieldsAreToldByMoreThanTheirNames(t *testing.T) {
	states := []string{"Active", "Pending Cancellation", "Cancelled"}
	for _, test := range []struct {
		name   string
		fields []salesforce.Field
		at     string
		want   string // "" is for a person
		may    []string
	}{
		{"by the values of its picklist", []salesforce.Field{picklist("Zustand__c", states...), picklist("Status_Color__c", "Red", "Green")}, "workflow.fields.status", "Zustand__c", nil},
		{"not by a name alone if the values are others", []salesforce.Field{picklist("Deal_State__c", "Red", "Green")}, "workflow.fields.status", "", []string{"Deal_State__c"}},
		{"not by yes and no alone", []salesforce.Field{picklist("Vip__c", "Yes", "No")}, "workflow.fields.photos", "", []string{"Vip__c"}},
		{"two with the same values are both named", []salesforce.Field{picklist("Status_Old__c", states...), picklist("Status_New__c", states...)}, "workflow.fields.status", "", []string{"Status_Old__c", "Status_New__c"}},
		{"by where its lookup leads", []salesforce.Field{to("Wer__c", "Contact"), to("Konto__c", "Account")}, "workflow.fields.homeowner", "Wer__c", nil},
		{"of two lookups by the name", []salesforce.Field{to("Referred_By__c", "Contact"), to("Customer__c", "Contact")}, "workflow.fields.homeowner", "Customer__c", nil},
		{"two lookups called nothing like it", []salesforce.Field{to("A__c", "Contact"), to("B__c", "Contact")}, "workflow.fields.homeowner", "", []string{"A__c", "B__c"}},
		{"not by the right name with the wrong type", []salesforce.Field{{Name: "Signature_Date__c", Type: "string"}}, "workflow.fields.signed_on", "-", nil},
		{"not a system field", []salesforce.Field{{Name: "LastModifiedById", Type: "reference", RefersTo: []string{"Contact"}}}, "workflow.fields.homeowner", "", nil},
		{"what is not there and not needed", nil, "workflow.fields.product", "-", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			hints := Hints{Presets: []string{"milestone"}, Objects: map[string]string{"workflow": "Deal__c"}}
			p, err := Propose(contracts(test.fields...), hints)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(p.Choices, func(c Choice) bool { return c.At == test.at })
			if i < 0 {
				t.Fatal("nothing is said about it")
			}
			var may []string
			for _, c := range p.Choices[i].Candidates {
				may = append(may, c.Name)
			}
			if c := p.Choices[i]; c.Name != test.want || !slices.Equal(may, test.may) || (c.Verdict == Found) != (test.want != "" && test.want != "-") {
				t.Errorf("it is %q (%s), want %q; it may be %q, want %q", c.Name, c.Verdict, test.want, may, test.may)
			}
		})
	}
}

func TestHintsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, hints := range []Hints{
		{Objects: map[string]string{"wrkflow": "Deal__c"}},
		{Objects: map[string]string{"workflow": "Deel__c"}},
		{Presets: []string{"mile"}},
		{Presets: []string{"skedulo", "fieldservice"}},
	} {
		if _, err := Propose(contracts(), hints); err == nil {
			t.Errorf("%+v was taken", hints)
		}
	}
}
