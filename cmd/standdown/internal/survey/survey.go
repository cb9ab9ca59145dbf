// Package survey looks at a Salesforce org and proposes what of it is meant by
// each thing that the presets of package mapping know: objects, fields, values.
//
// It changes nothing, neither in the org nor in a configuration, and it does not
// know what an org is for: it compares names and labels (with the words that
// people use for the same), types, the values of picklists, and where lookups
// lead.
//
// It promises not to guess silently. What it proposes it says with a confidence
// and why; of two candidates that are nearly as good it takes none and names
// both; what it does not find it says. The same org always gives the same
// proposal.
package survey

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"standdown/connectors/salesforce"
	"standdown/mapping"
)

const (
	enough = 0.6  // confidence from which on something is proposed
	worth  = 0.25 // from which on it is worth naming
	margin = 0.08 // by which the best must be ahead of the second
)

// An Org is what the survey knows of one: its objects, with their fields.
type Org map[string]salesforce.Object

// A Proposal is what is proposed for an org.
type Proposal struct {
	Presets []string
	// Parts are about the presets that are not used, or only perhaps.
	Parts []Choice
	// Choices are about all that the presets name, objects first, then their
	// fields, then the values of these. Those that are as in the presets are
	// there, too.
	Choices []Choice
	// Reasons are the values of the picklist of cancellation reasons, if the
	// org has one, and Usual the one without a reason given.
	Reasons []string
	Usual   string
}

// A Verdict is how a Choice came out.
type Verdict string

// The verdicts.
const (
	AsPreset Verdict = "as preset" // the org calls it what the preset does
	Found    Verdict = "found"     // the org calls it otherwise
	Made     Verdict = "made"      // not there; Standdown's own package makes it
	Absent   Verdict = "absent"    // not there, and can be done without
	Open     Verdict = "open"      // for a person to decide
)

// A Choice is what is proposed for one thing.
type Choice struct {
	// At is its place below mapping.objects, such as workflow.fields.status.
	At string
	// Name is what the org calls it: "-" if it has no such thing, and empty if
	// the verdict is Open and the mapping cannot do without.
	Name    string
	Verdict Verdict
	Percent int
	Why     string
	// Candidates are what may be meant, best first, if nothing was chosen.
	Candidates []Candidate
}

// A Candidate is something of the org that may be meant.
type Candidate struct {
	Name    string
	Percent int
	Why     string
}

// Hints are what somebody knows about an org beforehand.
type Hints struct {
	// Presets are those to be used; without any, those that fit the org.
	Presets []string
	// Objects are those of the org that stand for concepts.
	Objects map[string]string
}

// Propose says what of the org is meant by what the presets name. The error is for
// hints that make no sense.
func Propose(org Org, hints Hints) (Proposal, error) {
	s := &surveyor{org: org, hints: hints, shipped: map[string]mapping.Config{}, chosen: map[string]string{}, taken: map[string]bool{}}
	for _, name := range mapping.Presets() {
		var err error
		if s.shipped[name], err = namesOf(name); err != nil {
			return s.out, err
		}
	}
	if err := s.sensible(); err != nil {
		return s.out, err
	}
	s.presets()
	if len(s.out.Presets) == 0 {
		return s.out, nil
	}
	var err error
	if s.names, err = namesOf(s.out.Presets...); err != nil {
		return s.out, err
	}
	s.vocabulary()
	s.objects()
	for _, name := range s.order {
		c := s.concepts[name]
		s.key(c)
		o, ok := s.org[s.chosen[name]]
		if !ok {
			continue
		}
		for _, pick := range s.fields(c, o) {
			s.out.Choices = append(s.out.Choices, pick.Choice)
			if pick.field.Name != "" {
				s.values(c.Name, pick)
			}
		}
	}
	return s.out, nil
}

// sensible checks what was said beforehand.
func (s *surveyor) sensible() error {
	known := map[string]bool{}
	for _, part := range mapping.Parts() {
		for _, c := range part.Concepts {
			known[c.Name] = true
		}
	}
	for _, concept := range slices.Sorted(maps.Keys(s.hints.Objects)) {
		name := s.hints.Objects[concept]
		if !known[concept] {
			return fmt.Errorf("nothing is called %q in the mapping; there are %s", concept, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if _, there := s.org[name]; !there {
			return fmt.Errorf("there is no object %q for %s in the org, or the integration user may not see it", name, concept)
		}
	}
	return nil
}

// namesOf are the names that presets give.
func namesOf(presets ...string) (mapping.Config, error) {
	m, err := mapping.New(mapping.Config{Presets: presets, Approvals: true})
	if err != nil {
		return mapping.Config{}, err
	}
	return m.Effective(), nil
}

// Undecided are the choices that are for a person: what the mapping cannot do
// without first, then what it can.
func (p Proposal) Undecided() []Choice {
	var all []Choice
	for _, c := range slices.Concat(p.Parts, p.Choices) {
		if c.Verdict == Open {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b Choice) int { return cmp.Compare(len(a.Name), len(b.Name)) })
	return all
}

type surveyor struct {
	org      Org
	hints    Hints
	shipped  map[string]mapping.Config // by preset
	names    mapping.Config            // as in the presets
	concepts map[string]mapping.Concept
	order    []string          // of concepts
	chosen   map[string]string // objects by concept
	taken    map[string]bool   // objects that stand for one concept
	out      Proposal
}

// vocabulary merges what the presets name, as mapping does.
func (s *surveyor) vocabulary() {
	s.concepts = map[string]mapping.Concept{}
	for _, part := range mapping.Parts() {
		if !slices.ContainsFunc(part.Presets, func(p string) bool { return slices.Contains(s.out.Presets, p) }) {
			continue
		}
		for _, c := range part.Concepts {
			known, ok := s.concepts[c.Name]
			if !ok {
				s.order = append(s.order, c.Name)
				known = mapping.Concept{Name: c.Name, Optional: c.Optional, Created: c.Created}
			}
			for _, f := range c.Fields {
				if !slices.ContainsFunc(known.Fields, func(k mapping.Field) bool { return k.Name == f.Name }) {
					known.Fields = append(known.Fields, f)
				}
			}
			s.concepts[c.Name] = known
		}
	}
}

// key tells of the field that keeps records from being created twice: it is
// Standdown's own, whatever else the object has.
func (s *surveyor) key(c mapping.Concept) {
	name := s.names.Objects[c.Name].Key
	if !c.Created || name == "" {
		return
	}
	choice := Choice{At: c.Name + ".key", Name: name, Verdict: Made}
	if _, there := s.org[s.chosen[c.Name]].Field(name); there {
		choice.Verdict, choice.Percent = AsPreset, 100
	}
	s.out.Choices = append(s.out.Choices, choice)
}

// custom are the names of the org's own objects, in order.
func (o Org) custom() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(o)), func(name string) bool { return !strings.HasSuffix(name, "__c") })
}

func percent(score float64) int { return int(100*min(score, 0.99) + 0.5) }
