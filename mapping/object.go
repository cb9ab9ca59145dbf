package mapping

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// An object is a concept as the org knows it.
type object struct {
	name   string
	key    string
	paths  map[string]string            // the org's field, by ours
	to     map[string]string            // the concept a lookup leads to, by our field
	ours   map[string]map[string]string // our value, by our field and the org's value in lower case
	theirs map[string]map[string]string // the org's value, by our field and value
}

func newObject(c concept, names Object) *object {
	o := &object{
		name:   names.Name,
		paths:  map[string]string{},
		to:     map[string]string{},
		ours:   map[string]map[string]string{},
		theirs: map[string]map[string]string{},
	}
	if c.created {
		o.key, o.paths["key"] = names.Key, names.Key
	}
	maps.Copy(o.paths, systemFields)
	o.to["editor"] = "user"
	for _, f := range c.fields {
		if path := names.Fields[f.name]; path != "" && path != none {
			o.paths[f.name] = path
		}
		o.to[f.name] = f.to
		if len(f.all()) == 0 {
			continue
		}
		o.ours[f.name], o.theirs[f.name] = map[string]string{}, map[string]string{}
		for ours, theirs := range names.Values[f.name] {
			if theirs != none {
				o.ours[f.name][strings.ToLower(theirs)] = ours
				o.theirs[f.name][ours] = theirs
			}
		}
	}
	return o
}

// path returns the org's name for a field of a concept; a dot leads through a
// lookup to a field of the concept behind it. It is empty if the org has no
// such field.
func (m *Mapping) path(concept, field string) string {
	if path, known := m.paths[place{concept, field}]; known {
		return path
	}
	o := m.objects[concept]
	if o == nil {
		return ""
	}
	lookup, rest, deeper := strings.Cut(field, ".")
	if !deeper || o.paths[lookup] == "" {
		return o.paths[lookup]
	}
	behind := m.path(o.to[lookup], rest)
	if behind == "" {
		return ""
	}
	return relationship(o.paths[lookup]) + "." + behind
}

// A place is a field of a concept, in our words.
type place struct{ concept, field string }

// nearPaths are nearly all that are asked for, of every record. To put them
// together each time was a thirtieth of the work of a plan.
func (m *Mapping) nearPaths() map[place]string {
	all := map[place]string{}
	for concept, o := range m.objects {
		for field := range o.paths {
			all[place{concept, field}] = m.path(concept, field)
			if behind := m.objects[o.to[field]]; behind != nil {
				for deeper := range behind.paths {
					all[place{concept, field + "." + deeper}] = m.path(concept, field+"."+deeper)
				}
			}
		}
	}
	return all
}

// theirs returns the org's word for one of our values; empty if it has none.
func (m *Mapping) theirs(concept, field, ours string) string {
	if o := m.objects[concept]; o != nil {
		return o.theirs[field][ours]
	}
	return ""
}

// relationship is how queries and writes name the parent behind a lookup:
// Homeowner__c leads to Homeowner__r, AccountId to Account (SOQL and SOSL
// Reference, Understanding Relationship Names).
func relationship(lookup string) string {
	if base, ok := strings.CutSuffix(lookup, "__c"); ok {
		return base + "__r"
	}
	return strings.TrimSuffix(lookup, "Id")
}

// A finder reads records through a Lookup and keeps what it cannot make sense
// of, so that all of it is reported.
type finder struct {
	m    *Mapping
	look connectors.Lookup
	mess faults
}

// cond is a condition in our words.
type cond struct {
	field string
	op    string
	value any
}

// A want is what to read of a concept: the records that meet all conditions.
type want struct {
	concept string
	fields  []string
	where   []cond
}

// find returns the records of a concept with the given fields.
func (f *finder) find(ctx context.Context, concept string, fields []string, where ...cond) ([]row, error) {
	found, err := f.findAll(ctx, want{concept, fields, where})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// findAll returns the records of each want, read together; none if the org has
// no such concept. A condition on a field that the org does not have is left
// out. It takes one round through the network, and as a rule one API call, where
// one want after the other would take as many as there are wants.
func (f *finder) findAll(ctx context.Context, wants ...want) ([][]row, error) {
	var queries []connectors.Query
	var of []int // the want that a query is for
	for i, w := range wants {
		if f.m.objects[w.concept] != nil {
			queries, of = append(queries, f.query(w)), append(of, i)
		}
	}
	all := make([][]row, len(wants))
	if len(queries) == 0 {
		return all, nil
	}
	for n, found := range connectors.FindAll(ctx, f.look, queries) {
		if found.Err != nil {
			return nil, fmt.Errorf("reading %s: %w", queries[n].Kind, found.Err)
		}
		rows := make([]row, 0, len(found.Records))
		for _, r := range found.Records {
			rows = append(rows, row{m: f.m, concept: wants[of[n]].concept, id: r.Ref.ID, fields: r.Fields, faults: &f.mess})
		}
		all[of[n]] = rows
	}
	return all, nil
}

// query puts a want in the org's words.
func (f *finder) query(w want) connectors.Query {
	q := connectors.Query{Kind: f.m.objects[w.concept].name}
	for _, field := range w.fields {
		if path := f.m.path(w.concept, field); path != "" {
			q.Fields = append(q.Fields, path)
		}
	}
	for _, c := range w.where {
		if path := f.m.path(w.concept, c.field); path != "" {
			q.Where = append(q.Where, connectors.Cond{Field: path, Op: c.op, Value: c.value})
		}
	}
	return q
}

// A row is one record, read in our words. What cannot be read is kept in
// faults, and comes back as zero.
type row struct {
	m       *Mapping
	concept string
	id      string
	fields  map[string]any
	faults  *faults
}

// raw returns the value as it came; nil if it is empty or the org has no such
// field.
func (r row) raw(field string) any {
	path := r.m.path(r.concept, field)
	if path == "" {
		return nil
	}
	fields := r.fields
	for {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			return fields[head]
		}
		fields, _ = fields[head].(map[string]any)
		path = rest
	}
}

func (r row) text(field string) string {
	switch v := r.raw(field).(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(v)
	}
	return r.wrong(field, "a text")
}

// word returns our word for the value; empty if it is empty or not mapped.
func (r row) word(field string) string {
	return r.ours(field, r.text(field))
}

// words returns our words for a multi-select value; nil if it is empty or one
// of its values is not mapped.
func (r row) words(field string) []string {
	var all []string
	for theirs := range strings.SplitSeq(r.text(field), ";") {
		ours := r.ours(field, strings.TrimSpace(theirs))
		if ours == "" {
			return nil
		}
		all = append(all, ours)
	}
	return all
}

// ours returns our word for one of the org's; empty if it has none.
func (r row) ours(field, theirs string) string {
	o := r.m.objects[r.concept]
	for {
		lookup, rest, deeper := strings.Cut(field, ".")
		if !deeper {
			return o.ours[field][strings.ToLower(theirs)]
		}
		o, field = r.m.objects[o.to[lookup]], rest
	}
}

func (r row) flag(field string) bool {
	switch v := r.raw(field).(type) {
	case nil:
		return false
	case bool:
		return v
	}
	r.wrong(field, "a checkbox")
	return false
}

func (r row) number(field string) float64 {
	switch v := r.raw(field).(type) {
	case nil:
		return 0
	case float64:
		return v
	}
	r.wrong(field, "a number")
	return 0
}

func (r row) date(field string) rules.Date {
	text := r.text(field)
	if text == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		r.wrong(field, "a date")
		return ""
	}
	return rules.Date(text)
}

func (r row) time(field string) time.Time {
	text := r.text(field)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	r.wrong(field, "a date and time")
	return time.Time{}
}

// wrong notes that a field is not what the mapping takes it for. It does not
// show the value, which may be personal.
func (r row) wrong(field, want string) string {
	o := r.m.objects[r.concept]
	*r.faults = append(*r.faults, fmt.Errorf("%s %s: %s is not %s", o.name, r.id, r.m.path(r.concept, field), want))
	return ""
}

// faults are what rows could not read.
type faults []error

const maxFaults = 5 // more of the same tell nothing new

// err returns an error of class Rejected if there are faults.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	var texts []string
	for _, e := range f[:min(len(f), maxFaults)] {
		texts = append(texts, e.Error())
	}
	if more := len(f) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return &connectors.Error{
		Class: connectors.Rejected,
		Hint:  "map the field to one of the right type, in mapping.objects",
		Err:   errors.New(strings.Join(texts, "; ")),
	}
}
