package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"standdown/connectors"
	"standdown/rules"
)

// Systems that a Write goes to.
const (
	Salesforce = "salesforce"
	Mail       = "mail"
)

// A Write is a change and where it goes.
type Write struct {
	System string
	Verb   string
	Change connectors.Change
	// Text is one line for people, in the org's words, such as
	// "W-1042: Status: Active -> Cancel Pending".
	Text string
	// Gives is the worker who is given something (its ID), and when it is; whether
	// they are free for it is not known while another change gives them or takes them
	// away.
	Gives rules.Span
}

// A Scribe says what to write for the decisions about one event. It learns the
// names of all things once: looked for by each decision, they took 14 of the 16
// seconds that a hold on a client with 20,000 visits needed.
type Scribe struct{ writer }

// Scribe returns the one for the event. The snapshot must come from
// [Mapping.Snapshot] of this Mapping, and not be changed after.
func (m *Mapping) Scribe(e rules.Event, s rules.Snapshot) *Scribe {
	return &Scribe{writer{m: m, event: e, snapshot: s, names: namesOf(s), visits: visitsOf(s), queue: m.queueID()}}
}

// Changes is [Scribe.Changes] for one decision alone.
func (m *Mapping) Changes(e rules.Event, s rules.Snapshot, d rules.Decision) ([]Write, error) {
	return m.Scribe(e, s).Changes(d)
}

// Changes says what to write for d, one Write for each of its actions, in their
// order. The same event and decision give the same keys, whatever else the
// decision does, so that deciding again after a conflict repeats nothing. A case
// is referred to before it exists: its id is then "@" and the key of the change
// that creates it.
func (s *Scribe) Changes(d rules.Decision) ([]Write, error) {
	w := s.writer
	keys := keysOf(w.event, d)
	for i, a := range d.Actions {
		if a.Verb == "open-case" {
			w.openCase = keys[i]
		}
	}
	var writes []Write
	for i, a := range d.Actions {
		verb, ok := verbs[a.Verb]
		if !ok {
			return nil, fmt.Errorf("writing %s: nothing is known about the verb %q", a, a.Verb)
		}
		if verb.writes != "" && w.m.objects[verb.writes] == nil {
			return nil, fmt.Errorf("writing %s: no %s is mapped", a, verb.writes)
		}
		write, err := verb.write(&w, a)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", a, err)
		}
		if name := w.names[a.On]; name != "" && (write.Change.Op == connectors.Update || write.Change.Op == connectors.Reject) {
			write.Text = name + ": " + write.Text
		}
		write.Verb = a.Verb
		write.Change.Key = keys[i]
		writes = append(writes, write)
	}
	return writes, nil
}

// verbs say how each verb of the rules is written, and into what.
var verbs = map[string]struct {
	writes string // concept; empty for mail
	write  func(*writer, rules.Action) (Write, error)
}{
	"cancel-workflow":     {"workflow", (*writer).cancelWorkflow},
	"finish-cancellation": {"workflow", (*writer).finishCancellation},
	"restore-workflow":    {"workflow", (*writer).restoreWorkflow},
	"reject-review":       {"review", (*writer).rejectReview},
	"submit-review":       {"milestone", (*writer).submitReview},
	"open-case":           {"case", (*writer).newCase},
	"assign-case":         {"referral", (*writer).assignCase},
	"requeue-case":        {"case", (*writer).requeueCase},
	"hold-for-review":     {"case", (*writer).holdForReview},
	"post-comment":        {"contact", (*writer).postComment},
	"notify-parties":      {"", (*writer).notice},
	"send-final-notice":   {"", (*writer).notice},
	"cancel-job":          {"job", (*writer).cancelJob},
	"release-job":         {"job", (*writer).releaseJob},
	"reopen-job":          {"job", (*writer).reopenJob},
	"free-worker":         {"allocation", (*writer).freeWorker},
	"allocate-saved":      {"allocation", (*writer).allocateSaved},
	"cancel-block":        {"block", (*writer).cancelBlock},
	"reopen-block":        {"block", (*writer).reopenBlock},
	"send-back-job":       {"ops_job", sendBack("ops_job", "state")},
	"send-back-ticket":    {"ticket", sendBack("ticket", "state")},
	"send-back-contact":   {"contact", sendBack("contact", "service_state")},
	"cancel-service-sale": {"sale", sendBack("sale", "state")},
	"delete-meeting":      {"meeting", (*writer).deleteMeeting},
	"cancel-assignment":   {"assignment", (*writer).cancelAssignment},
	"reopen-assignment":   {"assignment", (*writer).reopenAssignment},
	"release-interpreter": {"assignment_interpreter", (*writer).releaseInterpreter},
	"record-billing":      {"billing", (*writer).recordBilling},
	"void-billing":        {"billing", (*writer).voidBilling},
	"waive-billing":       {"billing", (*writer).waiveBilling},
}

// A writer writes one decision.
type writer struct {
	m        *Mapping
	event    rules.Event
	snapshot rules.Snapshot
	names    map[rules.Ref]string
	visits   map[string]rules.Span // when they are, by id
	queue    string                // id of the back-office queue
	openCase string                // key of the case that this decision opens
}

func visitsOf(s rules.Snapshot) map[string]rules.Span {
	all := map[string]rules.Span{}
	if s.Client != nil {
		for _, j := range s.Client.Jobs {
			all[j.ID] = rules.Span{Start: j.Start, End: j.End}
		}
	}
	return all
}

// keysOf returns the key of each action: made of the event, the table, the
// verb, what it acts on, and what tells it from others that agree in all that.
func keysOf(e rules.Event, d rules.Decision) []string {
	type act struct {
		verb string
		on   rules.Ref
	}
	seen := map[act]int{}
	var keys []string
	for _, a := range d.Actions {
		same := act{a.Verb, a.On}
		ordinal := strconv.Itoa(seen[same])
		seen[same]++
		if a.Verb == "allocate-saved" {
			ordinal = a.Args["resource"] // the same worker may come first or second
		}
		keys = append(keys, hash(e.ID, d.Table, a.Verb, a.On.Kind, a.On.ID, ordinal)[:40])
	}
	return keys
}

// A set is a field to be written.
type set struct {
	field string
	value any    // in the org's words; nil empties the field
	show  string // for people, if value says nothing to them
}

// is returns a set of one of our values.
func (w *writer) is(concept, field, ours string) set {
	return set{field: field, value: w.m.theirs(concept, field, ours)}
}

// update writes fields of a record that still has the values of was.
func (w *writer) update(concept, id string, was, to []set) Write {
	o := w.m.objects[concept]
	c := connectors.Change{
		Op:     connectors.Update,
		Ref:    connectors.Ref{Kind: o.name, ID: id},
		Fields: w.values(concept, to),
		If:     w.values(concept, was),
	}
	before := map[string]set{}
	for _, s := range was {
		before[s.field] = s
	}
	var texts []string
	for _, s := range to {
		if o.paths[s.field] == "" {
			continue
		}
		text := label(s.field) + ": "
		if old, ok := before[s.field]; ok {
			text += old.String() + " -> "
		}
		texts = append(texts, text+s.String())
	}
	return Write{System: Salesforce, Change: c, Text: strings.Join(texts, "; ")}
}

// create makes a record.
func (w *writer) create(concept, text string, sets []set) Write {
	return Write{System: Salesforce, Text: text, Change: connectors.Change{
		Op:     connectors.Create,
		Ref:    connectors.Ref{Kind: w.m.objects[concept].name},
		Fields: w.values(concept, sets),
	}}
}

// values leaves out what the org has no field for.
func (w *writer) values(concept string, sets []set) map[string]any {
	values := map[string]any{}
	for _, s := range sets {
		if path := w.m.path(concept, s.field); path != "" {
			values[path] = s.value
		}
	}
	return values
}

func (s set) String() string {
	if s.show != "" {
		return s.show
	}
	if s.value == nil || s.value == "" {
		return "(empty)"
	}
	return fmt.Sprint(s.value)
}

func label(field string) string {
	first, size := utf8.DecodeRuneInString(field)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(field[size:], "_", " ")
}

// orNil keeps an empty text from being written as one: Salesforce has no empty
// texts.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// shortened cuts s to at most limit runes.
func shortened(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// firstLine is for people who need to know which text it is.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return shortened(line, 120)
}
