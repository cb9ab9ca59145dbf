package rules

import (
	"errors"
	"time"
)

// Settings are the numbers and switches of the rule books. Their zero value is
// not valid; begin with [Defaults].
type Settings struct {
	Calendar     CalendarSettings     `json:"calendar" yaml:"calendar"`
	Cancellation CancellationSettings `json:"cancellation" yaml:"cancellation"`
	OnHold       OnHoldSettings       `json:"on_hold" yaml:"on_hold"`
	Assignment   AssignmentSettings   `json:"assignment" yaml:"assignment"`
	OpsBlock     OpsBlockSettings     `json:"ops_block" yaml:"ops_block"`
}

// Defaults returns the settings that the rule book recommends.
func Defaults() Settings {
	return Settings{
		Calendar:     defaultCalendar(),
		Cancellation: defaultCancellation(),
		OnHold:       defaultOnHold(),
		Assignment:   defaultAssignment(),
		OpsBlock:     defaultOpsBlock(),
	}
}

// A Book is the rule books, checked and ready. It is immutable and may be used
// by several goroutines at once.
type Book struct {
	settings Settings
	calendar *calendar
	policies []policy
	byKind   map[string]policy
}

// A policy is one rule book. It is asked only for the kinds of event it names.
type policy interface {
	name() string
	kinds() []string
	tables() []*table
	verbs() []Verb
	decide(s Snapshot, e Event, now time.Time, traced trace) []Decision
}

// A Verb is one kind of action.
type Verb struct {
	Name string `json:"name"`
	// Does says what it does, in one sentence.
	Does string `json:"does"`
	// Autonomy is the recommended mode: auto, approve or off.
	Autonomy string `json:"autonomy"`
}

// Load checks the settings and the tables of every rule book. The error names
// everything that is wrong.
func Load(s Settings) (*Book, error) {
	cal, err1 := newCalendar(s.Calendar)
	cancellation, err2 := loadCancellation(s.Cancellation, cal)
	onHold, err3 := loadOnHold(s.OnHold)
	opsBlock, err4 := loadOpsBlock(s.OpsBlock, cal)
	assignments, err5 := loadAssignments(s.Assignment, cal)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	b := &Book{settings: s, calendar: cal, policies: []policy{cancellation, onHold, opsBlock, assignments}, byKind: map[string]policy{}}
	for _, p := range b.policies {
		for _, kind := range p.kinds() {
			b.byKind[kind] = p
		}
	}
	return b, nil
}

// Decide says what must follow from the event. It always has an answer.
func (b *Book) Decide(s Snapshot, e Event, now time.Time) Plan {
	return Plan{Decisions: b.decide(s, e, now, true)}
}

// A RowFound is the row that decided about a subject.
type RowFound struct {
	Table   string `json:"table"`
	Row     string `json:"row"`
	Subject Ref    `json:"subject"`
}

// Rows says which rows decide, in the order of the decisions of [Book.Decide]
// and always the same ones. It tells neither reasons nor texts and is several
// times as fast: to compare many situations, and look at those that differ.
func (b *Book) Rows(s Snapshot, e Event, now time.Time) []RowFound {
	decisions := b.decide(s, e, now, false)
	rows := make([]RowFound, len(decisions))
	for i := range decisions {
		d := &decisions[i]
		rows[i] = RowFound{d.Table, d.Row, d.Subject}
	}
	return rows
}

func (b *Book) decide(s Snapshot, e Event, now time.Time, traced trace) []Decision {
	if p := b.byKind[e.Kind]; p != nil {
		return p.decide(s, e, now, traced)
	}
	return nil
}

// Settings returns the settings the book was loaded with.
func (b *Book) Settings() Settings { return b.settings }

// Verbs returns every verb of every rule book, each once.
func (b *Book) Verbs() []Verb {
	var all []Verb
	seen := map[string]bool{}
	for _, p := range b.policies {
		for _, v := range p.verbs() {
			if !seen[v.Name] {
				seen[v.Name] = true
				all = append(all, v)
			}
		}
	}
	return all
}
