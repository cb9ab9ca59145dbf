package mapping

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// Presets returns the names a Config may give as Presets.
func Presets() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.presets()...)
	}
	return names
}

// presets are the names of what a configuration of the part may begin with.
func (p part) presets() []string { return append([]string{p.preset}, p.products...) }

// sameBook returns the one of the presets before that is for the same part as
// name, but for another product; empty if there is none.
func sameBook(name string, before []string) string {
	for _, p := range parts {
		if !slices.Contains(p.presets(), name) {
			continue
		}
		for _, other := range before {
			if other != name && slices.Contains(p.presets(), other) {
				return other
			}
		}
	}
	return ""
}

// preset returns a fresh copy of the named preset, which must exist.
func preset(name string) (Config, error) {
	var c Config
	data, err := presetFiles.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return c, err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("preset %s: %w", name, err)
	}
	return c, nil
}

// merge lays the configuration over its presets.
func merge(c Config) (Config, []*Problem) {
	var problems []*Problem
	merged := Config{Presets: slices.Clone(c.Presets), Objects: map[string]Object{}, Approvals: c.Approvals}
	lay := func(over Config) {
		if over.Queue != "" {
			merged.Queue = over.Queue
		}
		if over.References != nil {
			merged.References = slices.Clone(over.References)
		}
		if over.Visits != nil {
			merged.Visits = slices.Clone(over.Visits)
		}
		if over.Names != nil {
			merged.Names = slices.Clone(over.Names)
		}
		for name, o := range over.Objects {
			merged.Objects[name] = merged.Objects[name].under(o)
		}
	}
	for i, name := range c.Presets {
		at := fmt.Sprintf("presets.%d", i)
		if !slices.Contains(Presets(), name) {
			problems = append(problems, &Problem{at, fmt.Sprintf("no such preset %q%s", name, suggest(name, Presets()))})
			continue
		}
		p, err := preset(name)
		if err != nil {
			problems = append(problems, &Problem{at, err.Error()})
		}
		if other := sameBook(name, c.Presets[:i]); other != "" {
			problems = append(problems, &Problem{at, fmt.Sprintf("%q names the same things as %q; keep the one whose product the org has", name, other)})
		}
		references := append(slices.Clone(merged.References), p.References...)
		visits := append(slices.Clone(merged.Visits), p.Visits...)
		lay(p)
		merged.References, merged.Visits = references, visits
	}
	lay(c)
	for i, prefix := range c.Visits {
		if !slices.Contains(merged.References, prefix) {
			problems = append(problems, &Problem{fmt.Sprintf("visits.%d", i), fmt.Sprintf("%q is not one of references: %s", prefix, strings.Join(merged.References, ", "))})
		}
	}
	for i, name := range c.Names {
		if strings.TrimSpace(name) == "" {
			problems = append(problems, &Problem{fmt.Sprintf("names.%d", i), "want a name, as mails write it"})
		}
	}
	return merged, problems
}

// under returns o with everything that over says said its way.
func (o Object) under(over Object) Object {
	o = o.clone()
	if over.Name != "" {
		o.Name = over.Name
	}
	if over.Key != "" {
		o.Key = over.Key
	}
	if o.Fields == nil {
		o.Fields = map[string]string{}
	}
	maps.Copy(o.Fields, over.Fields)
	for field, values := range over.Values {
		if o.Values[field] == nil {
			o.Values[field] = map[string]string{}
		}
		maps.Copy(o.Values[field], values)
	}
	return o
}

// partsOf returns the parts that the configuration uses.
func partsOf(c Config) []part {
	var used []part
	for _, p := range parts {
		if c.Objects[p.anchor].Name != "" {
			used = append(used, p)
		}
	}
	return used
}

// A checker collects what is wrong with a configuration.
type checker struct {
	config   Config
	problems []*Problem
}

func check(c Config, used []part) []*Problem {
	k := &checker{config: c}
	if len(used) == 0 {
		k.say("presets", "nothing is mapped; name at least one of %s", strings.Join(Presets(), ", "))
	} else if c.Queue == "" {
		k.say("queue", "missing; give the developer name of the queue in which cases wait for a person")
	}
	known := concepts(used)
	for name, c := range known {
		k.complete(c)
		k.spelling("objects."+name, c, k.config.Objects[name])
	}
	for name := range c.Objects {
		if _, ok := known[name]; !ok {
			k.unknown("objects."+name, name, slices.Collect(maps.Keys(known)))
		}
	}
	k.distinct(used)
	k.answers()
	return k.problems
}

func (k *checker) say(at, format string, args ...any) {
	k.problems = append(k.problems, &Problem{at, fmt.Sprintf(format, args...)})
}

// unknown reports an object that no part in use knows.
func (k *checker) unknown(at, name string, known []string) {
	for _, p := range parts {
		for _, c := range p.concepts {
			if c.name == name {
				k.say(at, "nothing uses it; add the preset %s, or an object for %q", strings.Join(quoted(p.presets()), " or "), p.anchor)
				return
			}
		}
	}
	k.say(at, "no such thing%s", suggest(name, known))
}

// complete reports what the rules cannot do without.
func (k *checker) complete(c concept) {
	at := "objects." + c.name
	o := k.config.Objects[c.name]
	switch {
	case c.name == "review" && o.Name == none && !k.config.Approvals:
		k.say(at+".object", "give the API name of the object; %q is for orgs whose reviews are approvals, and then salesforce.approvals says of which kind", none)
		return
	case c.optional && o.Name == none:
		return
	case c.optional && o.Name == "":
		k.say(at+".object", "missing; give the API name of the object, or %q if the org has none", none)
		return
	case o.Name == "" || o.Name == none:
		k.say(at+".object", "missing; give the API name of the object")
		return
	}
	if c.created && (o.Key == "" || o.Key == none) {
		k.say(at+".key", "missing; give a unique external id field of %s", o.Name)
	}
	for _, f := range c.fields {
		name := o.Fields[f.name]
		if name == "" || name == none {
			if !f.optional {
				k.say(at+".fields."+f.name, "missing; give the API name of the field of %s", o.Name)
			}
			continue
		}
		for _, v := range f.values {
			if org := o.Values[f.name][v]; org == "" || org == none {
				k.say(at+".values."+f.name+"."+v, "missing; give the value of %s.%s", o.Name, name)
			}
		}
	}
}

// spelling reports names that mean nothing, and values that mean two things.
func (k *checker) spelling(at string, c concept, o Object) {
	var names, listed []string
	for _, f := range c.fields {
		names = append(names, f.name)
		if len(f.all()) > 0 {
			listed = append(listed, f.name)
		}
	}
	if o.Key != "" && !c.created {
		k.say(at+".key", "none is needed: no %s is ever created", c.name)
	}
	for name := range o.Fields {
		if !slices.Contains(names, name) {
			k.say(at+".fields."+name, "no such field%s", suggest(name, names))
		}
	}
	for name, values := range o.Values {
		at := at + ".values." + name
		f, _ := c.field(name)
		if !slices.Contains(listed, name) {
			k.say(at, "no such field with values%s", suggest(name, listed))
			continue
		}
		taken := map[string]string{}
		for _, ours := range slices.Sorted(maps.Keys(values)) {
			org := values[ours]
			first, twice := taken[strings.ToLower(org)]
			switch {
			case !slices.Contains(f.all(), ours):
				k.say(at+"."+ours, "no such value%s", suggest(ours, f.all()))
			case org == none:
			case twice:
				k.say(at+"."+ours, "%q stands for %q already", org, first)
			default:
				taken[strings.ToLower(org)] = ours
			}
		}
	}
}

// distinct reports two watched things with one object: a change of it could
// not be told apart.
func (k *checker) distinct(used []part) {
	taken := map[string]string{}
	for _, w := range (&Mapping{config: k.config, parts: used}).watched() {
		name := k.config.Objects[w.concept].Name
		if first, twice := taken[strings.ToLower(name)]; twice && name != "" {
			k.say("objects."+w.concept+".object", "%s stands for %q already", name, first)
		}
		taken[strings.ToLower(name)] = w.concept
	}
}

// answers reports a state of cases that would be an answer of people, and is set
// here as well: the two could not be told apart.
func (k *checker) answers() {
	c := k.config.Objects["case"]
	if !c.maps("answer") || !strings.EqualFold(c.Fields["answer"], c.Fields["status"]) {
		return
	}
	for state, when := range map[string]string{"open": "when the case is made", "closed": "when nobody need answer any more"} {
		for _, answer := range slices.Sorted(maps.Keys(c.Values["answer"])) {
			if org := c.Values["answer"][answer]; org != none && strings.EqualFold(org, c.Values["status"][state]) {
				k.say("objects.case.values.answer."+answer, "%q is what is set there %s (values.status.%s)", org, when, state)
			}
		}
	}
}

func quoted(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return all
}

// suggest names the nearest right name, or all if none is near.
func suggest(name string, right []string) string {
	right = slices.Sorted(slices.Values(right))
	if len(right) == 0 {
		return ""
	}
	best := slices.MinFunc(right, func(a, b string) int { return distance(name, a) - distance(name, b) })
	if distance(name, best) <= (len(name)+2)/3 {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; there are " + strings.Join(right, ", ")
}

// distance is the number of letters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
