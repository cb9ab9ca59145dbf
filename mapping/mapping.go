// Package mapping translates between the business's words and those of a
// Salesforce org: records become events and snapshots for package rules, and
// actions become changes for the connectors. It is the only package that knows
// both vocabularies; every name of an object, field or value of the org comes
// from the configuration, and the presets are nothing but such configuration.
//
// It decides nothing and writes nothing. What it asks of the org while making
// a snapshot it asks through a connectors.Lookup, in few queries.
//
// It promises to fail closed: a value of the org that is not in the
// configuration reaches the rules as empty, which they treat as "nobody
// knows"; a field that cannot be read as what it should be is an error, never
// a zero value.
package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"standdown/rules"
)

// A Config says what the org calls things. The maps are only overrides if
// presets are named: whatever they do not mention is as in the presets.
type Config struct {
	// Presets are named sets of names to begin with: "milestone" (workflows
	// with milestones, for cancellations), "skedulo" or "fieldservice" (visits,
	// for holds), "ops" (ops blocks) and "interpreting" (assignments).
	Presets []string `yaml:"presets,omitempty" json:"presets,omitempty"`
	// Objects are the org's objects, by what they stand for.
	Objects map[string]Object `yaml:"objects,omitempty" json:"objects,omitempty"`
	// Queue is the developer name of the back-office queue.
	Queue string `yaml:"queue,omitempty" json:"queue,omitempty"`
	// References are the prefixes by which numbers of contracts, workflows and
	// the like are found in mails, such as "C-".
	References []string `yaml:"references,omitempty" json:"references,omitempty"`
	// Visits are those of References whose numbers are of visits, assignments
	// and the like, which a mail can ask to cancel without a contract being
	// meant.
	Visits []string `yaml:"visits,omitempty" json:"visits,omitempty"`
	// Names are what mails call the business. If there are any, a mail about a
	// contract with somebody else is left to a person.
	Names []string `yaml:"names,omitempty" json:"names,omitempty"`
	// Approvals tells that what waits for a reviewer is an approval of the org
	// (salesforce.approvals): of each review, or of the milestone as a whole if
	// the object "review" is "-". It is then turned down as one, for an approval
	// locks its record, and sets the record's status itself.
	Approvals bool `yaml:"-" json:"-"`
}

// An Object says what the org calls one kind of record. "-" in place of a name
// means that the org has no such thing; only what the rules can do without may
// be "-".
type Object struct {
	Name string `yaml:"object,omitempty" json:"object,omitempty"`
	// Key is the unique external id field, at least 40 characters of text,
	// that keeps a record from being created twice.
	Key string `yaml:"key,omitempty" json:"key,omitempty"`
	// Fields are the org's field names, by what they stand for.
	Fields map[string]string `yaml:"fields,omitempty" json:"fields,omitempty"`
	// Values are the org's values, by field and by what they stand for.
	Values map[string]map[string]string `yaml:"values,omitempty" json:"values,omitempty"`
}

// A Watch is an object whose changes matter, and the fields to read of it.
type Watch struct {
	Object string
	Fields []string
	// Having is a field without which a record means nothing; empty if there is
	// none.
	Having string
}

// A Mapping is a checked configuration. It may be used by several goroutines
// at once.
type Mapping struct {
	config  Config
	parts   []part
	objects map[string]*object
	paths   map[place]string // of fields of a concept, and of those one lookup away

	preparing sync.Mutex // held while Prepare reads

	mu    sync.Mutex
	queue string // id of the back-office queue, from the first Snapshot on
}

// New checks the configuration. The error joins every [Problem] there is,
// ordered by place.
func New(c Config) (*Mapping, error) {
	merged, problems := merge(c)
	m := &Mapping{config: merged, objects: map[string]*object{}}
	m.parts = partsOf(merged)
	if len(problems) == 0 {
		problems = check(merged, m.parts)
	}
	if len(problems) > 0 {
		return nil, joined(problems)
	}
	for name, c := range concepts(m.parts) {
		if o := merged.Objects[name]; o.Name != none {
			m.objects[name] = newObject(c, o)
		}
	}
	m.objects["user"] = user
	m.paths = m.nearPaths()
	return m, nil
}

// Effective returns the configuration with the presets filled in: what the
// mapping goes by.
func (m *Mapping) Effective() Config {
	c := m.config
	c.Presets = slices.Clone(c.Presets)
	c.References = slices.Clone(c.References)
	c.Visits = slices.Clone(c.Visits)
	c.Names = slices.Clone(c.Names)
	c.Objects = map[string]Object{}
	for name, o := range m.config.Objects {
		c.Objects[name] = o.clone()
	}
	return c
}

// Watches returns what a source of the org must report for [Mapping.Arrival].
func (m *Mapping) Watches() []Watch {
	var all []Watch
	for _, w := range m.watched() {
		watch := Watch{Object: m.objects[w.concept].name}
		if w.concept == "case" { // other people's cases are many
			watch.Having = m.objects["case"].key
		}
		for _, field := range w.fields {
			if path := m.path(w.concept, field); path != "" {
				watch.Fields = append(watch.Fields, path)
			}
		}
		all = append(all, watch)
	}
	return all
}

// KeyFields returns, for each object that is ever created, its external id
// field.
func (m *Mapping) KeyFields() map[string]string {
	keys := map[string]string{}
	for _, o := range m.objects {
		if o.key != "" {
			keys[o.name] = o.key
		}
	}
	return keys
}

// Fits reports where the settings of the rules and the mapping should name the
// same value of the org and do not: what one of them writes, the other would
// not recognise.
func (m *Mapping) Fits(s rules.Settings) error {
	return errors.Join(m.fitsWorkflows(s), m.fitsBlocks(s.OpsBlock))
}

func (m *Mapping) fitsWorkflows(s rules.Settings) error {
	if m.objects["workflow"] == nil {
		return nil
	}
	var errs []error
	if team := m.theirs("referral", "team", "deal-processing"); !strings.EqualFold(team, s.Cancellation.DealProcessingTeam) {
		errs = append(errs, fmt.Errorf("rules.cancellation.deal_processing_team is %q, but mapping.objects.referral.values.team.deal-processing is %q; they must be the same",
			s.Cancellation.DealProcessingTeam, team))
	}
	reasons := m.objects["workflow"].theirs["cancel_reason"]
	for _, ours := range slices.Sorted(maps.Keys(reasons)) {
		if !slices.ContainsFunc(s.Cancellation.Reasons, func(r string) bool { return strings.EqualFold(r, reasons[ours]) }) {
			errs = append(errs, fmt.Errorf("mapping.objects.workflow.values.cancel_reason.%s is %q, which is not in rules.cancellation.reasons: %s",
				ours, reasons[ours], strings.Join(s.Cancellation.Reasons, ", ")))
		}
	}
	return errors.Join(errs...)
}

func (m *Mapping) fitsBlocks(s rules.OpsBlockSettings) error {
	if m.objects["block"] == nil {
		return nil
	}
	var errs []error
	mapped := func(key string, fields []string, otherwise string) {
		for _, field := range fields {
			if m.path("block", field) == "" {
				errs = append(errs, fmt.Errorf("rules.ops_block.%s names %s, but mapping.objects.block.fields.%s is %q, so that %s", key, field, field, none, otherwise))
			}
		}
	}
	mapped("required_fields", s.RequiredFields, "nothing could be cancelled")
	mapped("clear_fields", s.ClearFields, "nothing would be emptied")
	return errors.Join(errs...)
}

// maps tells whether the org has the field.
func (o Object) maps(field string) bool { return o.Fields[field] != "" && o.Fields[field] != none }

func (o Object) clone() Object {
	o.Fields = maps.Clone(o.Fields)
	values := map[string]map[string]string{}
	for field, v := range o.Values {
		values[field] = maps.Clone(v)
	}
	o.Values = values
	return o
}

// A Problem is one thing that is wrong with a configuration.
type Problem struct {
	// At is the place within [Config], such as
	// "objects.workflow.fields.staus".
	At string
	// Says is what is wrong and what would be right.
	Says string
}

func (p *Problem) Error() string { return p.At + ": " + p.Says }

func joined(problems []*Problem) error {
	slices.SortStableFunc(problems, func(a, b *Problem) int { return strings.Compare(a.At, b.At) })
	var errs []error
	for _, p := range problems {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
