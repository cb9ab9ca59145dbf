package preview

import (
	"iter"
	"maps"
	"slices"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

// What becomes of a change.
const (
	AtOnce   = "at-once"
	Approval = "needs-approval"
	After    = "after-approval" // of what comes before it
	Off      = "off"            // its verb is switched off
	Shadow   = "shadow"         // its verb is in shadow: never, but compared with what people do
)

// A Record is one of which something is to be told.
type Record struct {
	Record    string     `json:"record"` // kind and id, as its system has them
	Source    string     `json:"source"`
	At        time.Time  `json:"at"`
	Event     string     `json:"event,omitempty"`
	Kind      string     `json:"kind,omitempty"` // of the event
	Decisions []Decision `json:"decisions,omitempty"`
	// Problem is why it cannot be decided; the daemon would set it aside, or try
	// again later.
	Problem string `json:"problem,omitempty"`
}

// A Decision is the row that decides about one subject.
type Decision struct {
	Table     string           `json:"table"`
	Row       string           `json:"row"`
	Because   string           `json:"because"`
	About     rules.Ref        `json:"about"`
	Warnings  []string         `json:"warnings,omitempty"`
	Deadlines []rules.Deadline `json:"deadlines,omitempty"`
	Changes   []Change         `json:"changes,omitempty"`
}

// A Change is one that would be made.
type Change struct {
	Key    string `json:"key"`
	System string `json:"system"`
	Verb   string `json:"verb"`
	Op     string `json:"op"`
	Record string `json:"record"`
	Text   string `json:"text"` // one line for people
	State  string `json:"state"`
	Why    string `json:"why,omitempty"` // it is in that state
	Fields []Set  `json:"fields,omitempty"`
}

// A Set is what becomes of one field, in the system's own words. Old is null
// where the record is new or the field empty.
type Set struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

func recordOf(source string, o occasion, v *store.Verdict, err error) Record {
	r := Record{Record: o.record.Ref.String(), Source: source, At: o.event.At, Event: o.event.ID, Kind: o.event.Kind}
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	r.Kind = v.Event.Kind // a mail's is known only once its rule book is chosen
	states := statesOf(v)
	for i, d := range v.Decisions {
		told := Decision{Table: d.Table, Row: d.Row, Because: d.Because, About: d.Subject, Warnings: slices.Clone(d.Warnings), Deadlines: d.Deadlines}
		for j, w := range v.Writes[i] {
			c := Change{
				Key: w.Change.Key, System: w.System, Verb: w.Verb, Op: w.Change.Op, Record: w.Change.Ref.String(),
				Text: w.Text, State: states[i][j], Why: w.Why,
			}
			for _, field := range slices.Sorted(maps.Keys(w.Change.Fields)) {
				c.Fields = append(c.Fields, Set{field, w.Change.If[field], w.Change.Fields[field]})
			}
			told.Changes = append(told.Changes, c)
		}
		r.Decisions = append(r.Decisions, told)
	}
	return r
}

// statesOf says what becomes of each write. The changes of a subject are made in
// order, and those of the event's own subject after all others, so that one may
// wait for the approval of another.
func statesOf(v *store.Verdict) [][]string {
	all := make([][]string, len(v.Writes))
	waits := map[rules.Ref]bool{}
	elsewhere := false // something waits that is about another subject
	for i, writes := range v.Writes {
		for _, w := range writes {
			if w.State == store.Proposed && v.Decisions[i].Subject != v.Event.Subject {
				elsewhere = true
			}
		}
	}
	for i, writes := range v.Writes {
		lane := v.Decisions[i].Subject
		for _, w := range writes {
			state := AtOnce
			switch {
			case w.State == store.Dropped:
				state = Off
			case w.State == store.Shadow:
				state = Shadow
			case w.State == store.Proposed:
				state, waits[lane] = Approval, true
			case waits[lane], elsewhere && lane == v.Event.Subject:
				state = After
			}
			all[i] = append(all[i], state)
		}
	}
	return all
}

// tells reports whether there is anything to be told of the record.
func (r Record) tells() bool {
	return r.Problem != "" || slices.ContainsFunc(r.Decisions, func(d Decision) bool { return len(d.Changes) > 0 || len(d.Warnings) > 0 })
}

func changesOf(told []Record) iter.Seq[*Change] {
	return func(yield func(*Change) bool) {
		for i := range told {
			for j := range told[i].Decisions {
				for k := range told[i].Decisions[j].Changes {
					if !yield(&told[i].Decisions[j].Changes[k]) {
						return
					}
				}
			}
		}
	}
}

// weighs tells whether a change counts towards ceilings, as the journal counts.
func weighs(w store.Write) bool {
	return w.State == store.Pending && w.Change.Op != connectors.Post && w.Change.Op != connectors.Send
}
