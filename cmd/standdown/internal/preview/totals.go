package preview

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// Totals are a plan in figures.
type Totals struct {
	// Read is how many records were read, by source.
	Read map[string]int `json:"read"`
	// InHand are events that the daemon has dealt with or is about to.
	InHand int `json:"in_hand"`
	// Decided are the events that were decided, Nothing those of them that ask
	// for no change, Problems the records that cannot be decided.
	Decided  int         `json:"decided"`
	Nothing  int         `json:"nothing"`
	Problems int         `json:"problems"`
	Changes  int         `json:"changes"` // without those that are off or in shadow
	Rules    []RuleTotal `json:"rules"`
	Verbs    []VerbTotal `json:"verbs"`
	Ceilings []Passed    `json:"ceilings"`
	// ApplyCalls is about how many API calls it would take to make the changes.
	ApplyCalls int `json:"apply_calls"`
}

// A RuleTotal is what one row of a table would do.
type RuleTotal struct {
	Rule    string `json:"rule"`
	Times   int    `json:"times"`
	Changes int    `json:"changes"`
}

// A VerbTotal is how often something would be done, by what becomes of it.
type VerbTotal struct {
	Verb     string `json:"verb"`
	AtOnce   int    `json:"at_once"`
	Approval int    `json:"needs_approval"`
	After    int    `json:"after_approval"`
	Off      int    `json:"off"`
	Shadow   int    `json:"shadow"`
}

// Passed is a ceiling that would be passed: what is above it waits for a person.
type Passed struct {
	Ceiling string `json:"ceiling"` // its name in the configuration
	About   string `json:"about"`   // the run, the row, or the customer
	Count   int    `json:"count"`
	Most    int    `json:"most"`
}

// Sort is what changes that go to a system together have in common.
type Sort struct{ Op, Kind string }

// A tally counts. It keeps a word for each record that would be changed at once,
// and nothing else of it.
type tally struct {
	ceilings  store.Ceilings
	all       Totals
	rules     map[string]*RuleTotal
	verbs     map[string]*VerbTotal
	known     map[string]int // watched records by kind
	runs      []counts
	run       scope
	byRule    map[string]scope
	customers map[string]int
	counted   map[uint64]bool // subjects by customer
	rounds    []map[Sort]int  // what goes to the org together
}

// A scope is what a ceiling is for.
type scope struct {
	subjects map[uint64]bool
	about    map[string]map[uint64]bool // records, by kind
}

// counts are how many of each a scope has come to.
type counts struct {
	subjects int
	about    map[string]int
}

func (s scope) counts() counts {
	c := counts{len(s.subjects), map[string]int{}}
	for kind, refs := range s.about {
		c.about[kind] = len(refs)
	}
	return c
}

func newScope() scope { return scope{map[uint64]bool{}, map[string]map[uint64]bool{}} }

func newTally(c store.Ceilings) *tally {
	return &tally{
		ceilings: c, all: Totals{Read: map[string]int{}, Rules: []RuleTotal{}, Verbs: []VerbTotal{}, Ceilings: []Passed{}}, rules: map[string]*RuleTotal{}, verbs: map[string]*VerbTotal{}, known: map[string]int{},
		run: newScope(), byRule: map[string]scope{}, customers: map[string]int{}, counted: map[uint64]bool{},
	}
}

func (t *tally) read(source, kind string, watched bool) {
	t.all.Read[source]++
	if watched {
		t.known[kind]++
	}
}

func (t *tally) records() (n int) {
	for _, read := range t.all.Read {
		n += read
	}
	return n
}

// endRun tells that what was read together ends.
func (t *tally) endRun() {
	if len(t.run.subjects) > 0 {
		t.runs = append(t.runs, t.run.counts()) // no more is kept: there are many
		t.run = newScope()
	}
}

func (t *tally) add(from connectors.Ref, told Record, v *store.Verdict) {
	if told.Problem != "" {
		t.all.Problems++
		return
	}
	t.all.Decided++
	before := t.all.Changes
	depth := map[string]int{}
	for i, d := range told.Decisions {
		rule := d.Table + " " + d.Row
		total := entry(t.rules, rule, func() *RuleTotal { return &RuleTotal{Rule: rule} })
		total.Times++
		for j, c := range d.Changes {
			verb := entry(t.verbs, c.Verb, func() *VerbTotal { return &VerbTotal{Verb: c.Verb} })
			verb.count(c.State)
			if c.State == Off || c.State == Shadow {
				continue
			}
			t.all.Changes++
			total.Changes++
			t.await(depth[d.About.String()], c)
			depth[d.About.String()]++
			if weighs(v.Writes[i][j]) {
				t.weigh(from, rule, d.About.String(), customerOf(v))
			}
		}
	}
	if t.all.Changes == before {
		t.all.Nothing++
	}
}

// await counts a change that has so many of its subject before it: those of one
// subject go one after the other.
func (t *tally) await(depth int, c Change) {
	for len(t.rounds) <= depth {
		t.rounds = append(t.rounds, map[Sort]int{})
	}
	t.rounds[depth][Sort{c.Op, connectors.ParseRef(c.Record).Kind}]++
}

func (t *tally) weigh(from connectors.Ref, rule, subject, customer string) {
	lane, ref := sum(subject), sum(from.String())
	for _, s := range []scope{t.run, entry(t.byRule, rule, newScope)} {
		s.subjects[lane] = true
		entry(s.about, from.Kind, func() map[uint64]bool { return map[uint64]bool{} })[ref] = true
	}
	if one := sum(customer, subject); !t.counted[one] {
		t.counted[one] = true
		t.customers[customer]++
	}
}

func (v *VerbTotal) count(state string) {
	switch state {
	case AtOnce:
		v.AtOnce++
	case Approval:
		v.Approval++
	case After:
		v.After++
	case Off:
		v.Off++
	case Shadow:
		v.Shadow++
	}
}

func (t *tally) totals(cost func(map[Sort]int) int) Totals {
	for _, rule := range slices.Sorted(maps.Keys(t.rules)) {
		t.all.Rules = append(t.all.Rules, *t.rules[rule])
	}
	for _, verb := range slices.Sorted(maps.Keys(t.verbs)) {
		t.all.Verbs = append(t.all.Verbs, *t.verbs[verb])
	}
	for _, round := range t.rounds {
		t.all.ApplyCalls += cost(round)
	}
	for i, run := range t.runs {
		t.passes(fmt.Sprintf("read %d", i+1), run, "ceilings.run", t.ceilings.Run, t.ceilings.Percent)
	}
	for _, rule := range slices.Sorted(maps.Keys(t.byRule)) {
		t.passes(rule, t.byRule[rule].counts(), "ceilings.rule", t.ceilings.Rule, t.ceilings.RulePercent)
	}
	for _, customer := range slices.SortedFunc(maps.Keys(t.customers), func(a, b string) int { return cmp.Or(t.customers[b]-t.customers[a], cmp.Compare(a, b)) }) {
		if n := t.customers[customer]; t.ceilings.Customer > 0 && n > t.ceilings.Customer {
			t.all.Ceilings = append(t.all.Ceilings, Passed{"ceilings.customer.records", customer, n, t.ceilings.Customer})
		}
	}
	return t.all
}

// passes notes which ceilings a scope passes. A share is of the records of a
// kind that were read.
func (t *tally) passes(about string, c counts, ceiling string, most, percent int) {
	n := c.subjects
	if most > 0 && n > most {
		t.all.Ceilings = append(t.all.Ceilings, Passed{ceiling + ".records", about, n, most})
	}
	if percent == 0 || n <= t.ceilings.Floor {
		return
	}
	for _, kind := range slices.Sorted(maps.Keys(c.about)) {
		if n, known := c.about[kind], t.known[kind]; known > 0 && n*100 > known*percent {
			t.all.Ceilings = append(t.all.Ceilings, Passed{ceiling + ".percent", about + " of " + kind, n, known * percent / 100})
		}
	}
}

// entry returns what a map has for the key, made by fresh if it has nothing.
func entry[K comparable, V any](all map[K]V, key K, fresh func() V) V {
	if _, known := all[key]; !known {
		all[key] = fresh()
	}
	return all[key]
}
