package survey_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/survey"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
	"standdown/mapping"
)

// read looks at a sandbox org, and tells how many API calls that took.
func read(t *testing.T, options sandbox.Options, hints survey.Hints) (survey.Org, int) {
	t.Helper()
	o := sandbox.New(options)
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	c, err := salesforce.New(salesforce.Options{URL: url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	org, err := survey.Read(t.Context(), c, hints)
	if err != nil {
		t.Fatal(err)
	}
	return org, o.Calls()
}

func propose(t *testing.T, org survey.Org, hints survey.Hints) survey.Proposal {
	t.Helper()
	p, err := survey.Propose(org, hints)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at finds the choice about a place.
func at(t *testing.T, p survey.Proposal, place string) survey.Choice {
	t.Helper()
	for _, c := range p.Choices {
		if c.At == place {
			return c
		}
	}
	t.Fatalf("nothing is said about %s", place)
	return survey.Choice{}
}

func TestAnOrgThatIsCalledAsInThePresetsNeedsNothing(t *testing.T) {
	org, _ := read(t, sandbox.Options{}, survey.Hints{})
	for _, presets := range [][]string{{"milestone", "skedulo", "ops", "interpreting"}, {"fieldservice"}} {
		p := propose(t, org, survey.Hints{Presets: presets})
		for _, c := range p.Choices {
			if c.Verdict != survey.AsPreset {
				t.Errorf("%s is %q, %s", c.At, c.Name, c)
			}
		}
		if text := p.YAML(); strings.Contains(text, "objects") {
			t.Errorf("the mapping is\n%s", text)
		}
	}
}

func TestTwoProductsForTheSameAreForAPersonToChoose(t *testing.T) {
	org, _ := read(t, sandbox.Options{}, survey.Hints{})
	p := propose(t, org, survey.Hints{})
	if want := []string{"milestone", "interpreting", "ops"}; !slices.Equal(p.Presets, want) {
		t.Errorf("presets %q, want %q", p.Presets, want)
	}
	left := p.Undecided()
	if len(left) != 1 || left[0].At != "presets" || len(left[0].Candidates) != 2 || left[0].Candidates[0].Name != "skedulo" || left[0].Candidates[1].Name != "fieldservice" {
		t.Errorf("undecided: %v", left)
	}
	if !strings.Contains(p.YAML(), "# presets: to decide: skedulo (100 %: there is sked__Job__c) or fieldservice") {
		t.Error(p.YAML())
	}
}

// renamed is what a model calls the things that the presets name.
func renamed(model *sandbox.Model, names mapping.Config) map[string]string {
	all := map[string]string{}
	for concept, o := range names.Objects {
		theirs := model.Objects[o.Name]
		all[concept+".object"] = o.Name
		if theirs.Name != "" {
			all[concept+".object"] = theirs.Name
		}
		for field, name := range o.Fields {
			all[concept+".fields."+field] = name
			if r := theirs.Fields[name]; r.Name != "" {
				all[concept+".fields."+field] = r.Name
			}
			for word, value := range o.Values[field] {
				all[concept+".values."+field+"."+word] = value
				if v, ok := theirs.Fields[name].Values[value]; ok {
					all[concept+".values."+field+"."+word] = v
				}
			}
		}
	}
	return all
}

// agrees checks that nothing was taken for what it is not, and returns how many
// of the org's own names were found and how many there are.
func agrees(t *testing.T, model *sandbox.Model, p survey.Proposal) (found, all int) {
	t.Helper()
	m, err := mapping.New(mapping.Config{Presets: p.Presets})
	if err != nil {
		t.Fatal(err)
	}
	names := m.Effective()
	preset, org := renamed(&sandbox.Model{}, names), renamed(model, names)
	for _, place := range slices.Sorted(maps.Keys(org)) {
		if org[place] == preset[place] || org[place] == "-" {
			continue
		}
		all++
		i := slices.IndexFunc(p.Choices, func(c survey.Choice) bool { return c.At == place })
		switch {
		case i < 0: // its object or field was not found
		case p.Choices[i].Verdict == survey.Found && p.Choices[i].Name == org[place]:
			found++
		case p.Choices[i].Verdict == survey.Found || p.Choices[i].Verdict == survey.AsPreset && p.Choices[i].Percent == 100:
			t.Errorf("%s was taken for %s (%s), and is %s", place, p.Choices[i].Name, p.Choices[i], org[place])
		}
	}
	return found, all
}

func TestAnOrgWithNamesOfItsOwnIsRecognised(t *testing.T) {
	model := sandbox.Acme()
	org, calls := read(t, sandbox.Options{Model: model}, survey.Hints{})
	if calls > 4 {
		t.Errorf("it took %d API calls", calls)
	}
	p := propose(t, org, survey.Hints{})
	if want := []string{"milestone", "skedulo"}; !slices.Equal(p.Presets, want) {
		t.Fatalf("presets %q, want %q", p.Presets, want)
	}
	found, all := agrees(t, model, p)
	if all < 100 || found < all-3 {
		t.Errorf("%d of %d names were found", found, all)
	}
	left := p.Undecided()
	if len(left) != 1 || left[0].At != "workflow.fields.photos" || left[0].Name != "" || left[0].Candidates[0].Name != "Site_Documents__c" {
		t.Errorf("undecided: %v", left)
	}
	if c := at(t, p, "job.fields.resource"); c.Verdict != survey.Made {
		t.Errorf("the field of Standdown's own is %s", c)
	}
	if p.Usual != "Customer request" || !slices.Contains(p.Reasons, "Better offer") {
		t.Errorf("reasons %q, usually %q", p.Reasons, p.Usual)
	}
}
