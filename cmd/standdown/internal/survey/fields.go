package survey

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"standdown/connectors/salesforce"
	"standdown/mapping"
)

// A pick is what was chosen for a field.
type pick struct {
	Choice
	ours  mapping.Field
	field salesforce.Field // zero if none was
}

// A match is how well a field of the org may be what is meant by one of ours.
type match struct {
	ours, theirs int // places in their lists
	score        float64
	why          string
}

// fields chooses those of an object. A field stands for one of ours only.
func (s *surveyor) fields(c mapping.Concept, o salesforce.Object) []pick {
	picks := make([]pick, len(c.Fields))
	free := slices.DeleteFunc(slices.Clone(o.Fields), func(f salesforce.Field) bool { return slices.Contains(systemFields, f.Name) })
	var matches []match
	for i, f := range c.Fields {
		picks[i] = s.preset(c, o, f)
		if picks[i].Verdict != "" {
			free = slices.DeleteFunc(free, func(g salesforce.Field) bool { return g.Name == picks[i].field.Name })
		}
	}
	for i, f := range c.Fields {
		if picks[i].Verdict != "" {
			continue
		}
		for j, g := range free {
			if score, why := s.score(c, o, f, g); score >= worth {
				matches = append(matches, match{i, j, score, why})
			}
		}
	}
	chosen, rivals := assign(matches)
	for i, f := range c.Fields {
		if picks[i].Verdict != "" {
			continue
		}
		at := c.Name + ".fields." + f.Name
		if m, ok := chosen[i]; ok {
			g := free[m.theirs]
			picks[i].Choice = Choice{At: at, Name: g.Name, Verdict: Found, Percent: percent(m.score), Why: m.why}
			picks[i].field = g
			continue
		}
		var candidates []Candidate
		for _, m := range rivals[i] {
			candidates = append(candidates, Candidate{free[m.theirs].Name, percent(m.score), m.why})
		}
		picks[i].Choice = s.missing(at, s.names.Objects[c.Name].Fields[f.Name], f.Optional, candidates)
	}
	return picks
}

// systemFields are on every record and mean nothing in particular.
var systemFields = []string{"Id", "OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "IsDeleted", "LastViewedDate",
	"LastReferencedDate", "LastActivityDate", "MasterRecordId"}

// preset settles a field that the org calls what the preset does, or that the
// preset says no org has by itself.
func (s *surveyor) preset(c mapping.Concept, o salesforce.Object, f mapping.Field) pick {
	at, name := c.Name+".fields."+f.Name, s.names.Objects[c.Name].Fields[f.Name]
	p := pick{Choice: Choice{At: at, Name: name}, ours: f}
	g, there := o.Field(name)
	switch {
	case name == "-" || name == "":
		p.Name, p.Verdict = "-", AsPreset
	case there:
		p.field, p.Verdict, p.Percent = g, AsPreset, 100
	case at == "job.fields.resource" && !strings.Contains(strings.TrimSuffix(name, "__c"), "__"):
		p.Verdict = Made // nothing else may write it, so that it must be Standdown's own
	case f.Name == "name":
		i := slices.IndexFunc(o.Fields, func(f salesforce.Field) bool { return f.NameField })
		if i >= 0 {
			p.field = o.Fields[i]
			p.Choice = Choice{At: at, Name: p.field.Name, Verdict: Found, Percent: 99, Why: "people call the record by it"}
		}
	}
	return p
}

// missing is the choice for what was not found well enough.
func (s *surveyor) missing(at, preset string, optional bool, candidates []Candidate) Choice {
	c := Choice{At: at, Candidates: candidates}
	switch {
	case len(candidates) == 0 && strings.HasPrefix(preset, "Standdown_"):
		c.Name, c.Verdict = preset, Made
	case len(candidates) == 0 && optional:
		c.Name, c.Verdict = "-", Absent
	case optional:
		c.Name, c.Verdict = "-", Open
	default:
		c.Verdict = Open
	}
	return c
}

// score is how well a field of the org may be what is meant by one of ours, and
// why.
func (s *surveyor) score(c mapping.Concept, o salesforce.Object, f mapping.Field, g salesforce.Field) (float64, string) {
	is := kindOf(c, f)
	if !slices.Contains(takes[is], g.Type) {
		return 0, ""
	}
	names := s.names.Objects[c.Name]
	name := wanted{f.Name, names.Fields[f.Name], fieldNames[f.Name], []string{c.Name, names.Name, o.Name}}.calls(g.Name, g.Label)
	why := fmt.Sprintf("%s %q", g.Type, cmp.Or(g.Label, g.Name))
	switch {
	case is == reference:
		return s.leads(f, o, g, name)
	case is == choice && g.Type == "string":
		return 0.8 * name, why
	case is == choice:
		return s.offers(c, f, g, name)
	case is != text, g.Type == "email" && strings.HasSuffix(f.Name, "email"):
		return 0.85*name + 0.1, why // the type says something, too
	case (g.Type == "email") != strings.HasSuffix(f.Name, "email"):
		return 0.5 * name, why
	}
	return 0.9 * name, why
}

// offers scores a picklist, of which the name alone says name.
func (s *surveyor) offers(c mapping.Concept, f mapping.Field, g salesforce.Field, name float64) (float64, string) {
	ours := f.Values
	if len(ours) == 0 {
		ours = f.Also
	}
	fit, found := s.fit(c.Name, f.Name, ours, g)
	why := fmt.Sprintf("%s %q", g.Type, cmp.Or(g.Label, g.Name))
	if found != "" {
		why += ", has " + found
	}
	if !slices.ContainsFunc(ours, func(v string) bool { return v != "yes" && v != "no" }) {
		return 0.7*name + 0.3*fit, why // as many other fields say yes or no
	}
	return 0.35*name + 0.65*fit, why
}

// leads scores a lookup, of which the name alone says name.
func (s *surveyor) leads(f mapping.Field, o salesforce.Object, g salesforce.Field, name float64) (float64, string) {
	target, known := s.chosen[f.To]
	if f.Name == "account" {
		target, known = "Account", true
	}
	if !known {
		// Whatever it leads to is not known yet, but may be called as we do.
		for _, to := range g.RefersTo {
			name = max(name, s.called(cmp.Or(f.To, f.Name), to, ""))
		}
		return 0.35 + 0.5*name, "leads to " + strings.Join(g.RefersTo, " or ")
	}
	if !slices.Contains(g.RefersTo, target) {
		return 0, ""
	}
	lead := 0
	for _, other := range o.Fields {
		if slices.Contains(other.RefersTo, target) && !slices.Contains(systemFields, other.Name) {
			lead++
		}
	}
	if lead == 1 {
		return 0.8 + 0.19*name, "the only lookup to " + target
	}
	return 0.35 + 0.64*name, fmt.Sprintf("one of %d lookups to %s, %q", lead, target, cmp.Or(g.Label, g.Name))
}

func kindOf(c mapping.Concept, f mapping.Field) kind {
	if k, ok := kinds[f.Name]; ok && f.To == "" && (k != choice || len(f.Values)+len(f.Also) > 0) {
		return k
	}
	switch {
	case f.To != "":
		return reference
	case len(f.Values)+len(f.Also) > 0:
		return choice
	}
	return text
}

// assign gives each of ours the best of theirs, the surest first, so that none
// of theirs is given twice. Where another one, that nothing else wants more, is
// nearly as good, or where all are poor, nothing is given; rivals are then what
// may be meant.
func assign(matches []match) (chosen map[int]match, rivals map[int][]match) {
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(b.score, a.score) })
	chosen, rivals = map[int]match{}, map[int][]match{}
	given := map[int]bool{}
	for _, m := range matches {
		if _, done := chosen[m.ours]; done || given[m.theirs] || rivals[m.ours] != nil {
			continue
		}
		close := slices.DeleteFunc(slices.Clone(matches), func(r match) bool {
			return r.ours != m.ours || given[r.theirs] || r.score <= m.score-margin || r.theirs != m.theirs && wantedMore(matches, chosen, r)
		})
		if m.score >= enough && len(close) == 1 {
			chosen[m.ours], given[m.theirs] = m, true
			continue
		}
		if m.score < enough {
			close = slices.DeleteFunc(slices.Clone(matches), func(r match) bool { return r.ours != m.ours || given[r.theirs] })
		}
		rivals[m.ours] = close[:min(len(close), 3)]
	}
	return chosen, rivals
}

// wantedMore tells whether another one of ours, that has nothing yet, has a
// better claim to what r is about.
func wantedMore(matches []match, chosen map[int]match, r match) bool {
	return slices.ContainsFunc(matches, func(other match) bool {
		_, done := chosen[other.ours]
		return other.theirs == r.theirs && other.ours != r.ours && other.score > r.score && !done
	})
}
