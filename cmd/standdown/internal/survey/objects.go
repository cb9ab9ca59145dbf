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

// presets finds out what the org has: a product that a preset knows by its
// names, or something like it.
func (s *surveyor) presets() {
	if len(s.hints.Presets) > 0 {
		s.out.Presets = s.hints.Presets
		return
	}
	var open []mapping.Part
	for _, part := range mapping.Parts() {
		var there []Candidate
		for _, preset := range part.Presets {
			name := s.shipped[preset].Objects[part.Anchor].Name
			if _, ok := s.org[name]; ok {
				there = append(there, Candidate{preset, 100, "there is " + name})
			}
		}
		switch {
		case s.hints.Objects[part.Anchor] != "":
			s.out.Presets = append(s.out.Presets, part.Presets[0])
		case len(there) == 0:
			open = append(open, part)
		case len(there) == 1:
			s.out.Presets = append(s.out.Presets, there[0].Name)
		default:
			s.out.Parts = append(s.out.Parts, Choice{At: "presets", Verdict: Open, Candidates: there})
		}
	}
	s.alike(open)
	slices.SortFunc(s.out.Presets, func(a, b string) int { return slices.Index(mapping.Presets(), a) - slices.Index(mapping.Presets(), b) })
}

// alike takes those of the parts whose anchor is there under another name.
func (s *surveyor) alike(parts []mapping.Part) {
	custom := slices.DeleteFunc(s.org.custom(), func(name string) bool { return said(s.hints, name) || s.known(name) })
	var matches []match
	for i, part := range parts {
		t := &surveyor{org: s.org, hints: s.hints, names: s.shipped[part.Presets[0]], chosen: map[string]string{}, taken: map[string]bool{}}
		t.standard(part.Concepts)
		c := part.Concepts[slices.IndexFunc(part.Concepts, func(c mapping.Concept) bool { return c.Name == part.Anchor })]
		for j, name := range custom {
			if score := t.object(c, s.org[name]); score >= worth {
				matches = append(matches, match{i, j, score, t.because(c, s.org[name])})
			}
		}
	}
	chosen, rivals := assign(matches)
	for i, part := range parts {
		if _, ok := chosen[i]; ok {
			s.out.Presets = append(s.out.Presets, part.Presets[0])
			continue
		}
		c := Choice{At: part.Anchor + ".object", Name: "-", Verdict: Absent}
		for _, m := range rivals[i] {
			c.Candidates = append(c.Candidates, Candidate{custom[m.theirs], percent(m.score), m.why})
		}
		if len(c.Candidates) > 0 && rivals[i][0].score >= enough {
			c.Name, c.Verdict = "", Open
		}
		s.out.Parts = append(s.out.Parts, c)
	}
}

// known tells whether a preset in use names the object.
func (s *surveyor) known(object string) bool {
	return slices.ContainsFunc(s.out.Presets, func(preset string) bool {
		for _, o := range s.shipped[preset].Objects {
			if o.Name == object {
				return true
			}
		}
		return false
	})
}

// objects chooses the object of each concept.
func (s *surveyor) objects() {
	var all []mapping.Concept
	for _, name := range s.order {
		all = append(all, s.concepts[name])
	}
	s.standard(all)
	custom := slices.DeleteFunc(s.org.custom(), func(name string) bool { return s.taken[name] })
	chosen, rivals := s.guess(all, custom)
	for i, c := range all {
		preset := s.names.Objects[c.Name].Name
		choice := Choice{At: c.Name + ".object", Name: preset, Verdict: AsPreset, Percent: 100}
		switch m, found := chosen[i]; {
		case found:
			o := s.org[custom[m.theirs]]
			choice = Choice{At: choice.At, Name: o.Name, Verdict: Found, Percent: percent(m.score), Why: s.because(c, o)}
		case s.hints.Objects[c.Name] != "" && s.hints.Objects[c.Name] != preset:
			choice.Name, choice.Verdict, choice.Why = s.hints.Objects[c.Name], Found, "as you said"
		case s.chosen[c.Name] == "" && preset != "-":
			var candidates []Candidate
			for _, r := range rivals[i] {
				o := s.org[custom[r.theirs]]
				candidates = append(candidates, Candidate{o.Name, percent(r.score), s.because(c, o)})
			}
			choice = s.missing(choice.At, "", c.Optional, candidates)
		}
		s.out.Choices = append(s.out.Choices, choice)
	}
}

// guess chooses, among the org's own objects, those of the concepts that are not
// known yet. What a lookup leads to counts as far as that is known, so that it is
// done again with what was found.
func (s *surveyor) guess(all []mapping.Concept, custom []string) (chosen map[int]match, rivals map[int][]match) {
	settled := maps.Clone(s.chosen)
	for range 3 {
		var matches []match
		for i, c := range all {
			if settled[c.Name] != "" || s.names.Objects[c.Name].Name == "-" {
				continue
			}
			for j, name := range custom {
				if score := s.object(c, s.org[name]); score >= worth {
					matches = append(matches, match{i, j, score, ""})
				}
			}
		}
		chosen, rivals = assign(matches)
		s.chosen = maps.Clone(settled)
		for i, m := range chosen {
			s.chosen[all[i].Name] = custom[m.theirs]
		}
	}
	return chosen, rivals
}

// standard chooses the objects that are known beforehand, or that the org calls
// what the presets do.
func (s *surveyor) standard(concepts []mapping.Concept) {
	for _, c := range concepts {
		name := cmp.Or(s.hints.Objects[c.Name], s.names.Objects[c.Name].Name)
		if _, there := s.org[name]; there {
			s.chosen[c.Name], s.taken[name] = name, true
		}
	}
}

// object is how well an object may be what is meant by a concept: by its name,
// and by the fields that it has.
func (s *surveyor) object(c mapping.Concept, o salesforce.Object) float64 {
	return 0.3*s.called(c.Name, o.Name, o.Label) + 0.7*s.coverage(c, o)
}

// called is how well the name of an object fits a concept.
func (s *surveyor) called(concept, name, label string) float64 {
	return wanted{concept, s.names.Objects[concept].Name, objectNames[concept], nil}.calls(name, label)
}

// coverage is how many of a concept's fields an object has, from 0 to 1. What
// nothing can do without counts more; what every object has does not count.
func (s *surveyor) coverage(c mapping.Concept, o salesforce.Object) float64 {
	var have, all float64
	for _, f := range c.Fields {
		preset := s.names.Objects[c.Name].Fields[f.Name]
		if f.Name == "name" || preset == "-" || strings.HasPrefix(preset, "Standdown_") || c.Name+"."+f.Name == "job.resource" {
			continue
		}
		weight := 1.0
		if f.Optional {
			weight = 0.35
		}
		best := 0.0
		for _, g := range o.Fields {
			if !slices.Contains(systemFields, g.Name) {
				score, _ := s.score(c, o, f, g)
				best = max(best, score)
			}
		}
		have += weight * best
		all += weight
	}
	if all == 0 {
		return 0
	}
	return have / all
}

// because says why an object may be what is meant by a concept.
func (s *surveyor) because(c mapping.Concept, o salesforce.Object) string {
	why := fmt.Sprintf("%d %% of its fields fit", percent(s.coverage(c, o)))
	if s.called(c.Name, o.Name, o.Label) >= 0.5 {
		why = "its name, and " + why
	}
	return why
}
