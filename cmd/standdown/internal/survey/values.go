package survey

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"standdown/connectors/salesforce"
)

// values proposes what each of our values is in a picklist. What is text may
// hold anything, so that the preset's words are as good as others.
func (s *surveyor) values(concept string, p pick) {
	if p.field.Type != "picklist" && p.field.Type != "multipicklist" {
		return
	}
	ours := slices.Concat(p.ours.Values, p.ours.Also)
	if p.At == "workflow.fields.cancel_reason" {
		s.out.Reasons = choices(p.field)
	}
	if len(ours) == 0 {
		return
	}
	preset := s.names.Objects[concept].Values[p.ours.Name]
	theirs := choices(p.field)
	chosen, rivals := assign(valueMatches(preset, ours, theirs))
	for i, word := range ours {
		c := Choice{At: concept + ".values." + p.ours.Name + "." + word, Name: preset[word]}
		m, ok := chosen[i]
		switch {
		case ok && strings.EqualFold(theirs[m.theirs], preset[word]):
			c.Verdict, c.Percent = AsPreset, 100
		case ok:
			c.Name, c.Verdict, c.Percent, c.Why = theirs[m.theirs], Found, percent(m.score), m.why
		case preset[word] == "-" || preset[word] == "" && !slices.Contains(p.ours.Values, word):
			c.Name, c.Verdict = "-", AsPreset
		default:
			var candidates []Candidate
			for _, r := range rivals[i] {
				candidates = append(candidates, Candidate{theirs[r.theirs], percent(r.score), r.why})
			}
			optional := !slices.Contains(p.ours.Values, word)
			c = s.missing(c.At, "", optional, candidates)
		}
		if c.At == "workflow.values.cancel_reason.homeowner-request" && c.Name != "-" {
			s.out.Usual = c.Name
		}
		s.out.Choices = append(s.out.Choices, c)
	}
}

// fit is how many of our values are in a picklist, from 0 to 1, and which shows
// it best.
func (s *surveyor) fit(concept, field string, ours []string, g salesforce.Field) (float64, string) {
	if len(ours) == 0 {
		return 0, ""
	}
	theirs := choices(g)
	chosen, _ := assign(valueMatches(s.names.Objects[concept].Values[field], ours, theirs))
	var all, best float64
	var shows string
	for i := range ours {
		if m, ok := chosen[i]; ok {
			all += m.score
			if m.score > best {
				best, shows = m.score, fmt.Sprintf("%q", theirs[m.theirs])
			}
		}
	}
	if len(chosen) > 1 {
		shows += fmt.Sprintf(" and %d more of %d", len(chosen)-1, len(ours))
	}
	return all / float64(len(ours)), shows
}

// valueMatches compares our values, by their words and those of the preset, with
// the org's.
func valueMatches(preset map[string]string, ours, theirs []string) []match {
	var all []match
	for i, word := range ours {
		for j, value := range theirs {
			score := 1.0
			if !strings.EqualFold(value, preset[word]) {
				score = min(0.99, wanted{word, preset[word], valueNames[word], nil}.calls(value, ""))
			}
			if score >= worth {
				all = append(all, match{i, j, score, fmt.Sprintf("like %q", cmp.Or(preset[word], word))})
			}
		}
	}
	return all
}

func choices(f salesforce.Field) []string {
	var all []string
	for _, c := range f.Values {
		if c.Active {
			all = append(all, c.Value)
		}
	}
	return all
}
