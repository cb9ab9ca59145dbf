package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// Verbs of what is written about a question, besides post-comment.
const (
	AskApproval = "ask-approval" // open a case in which people are asked
	CloseCase   = "close-case"   // close it when nothing is asked any more
)

// A Question is what people are asked to approve.
type Question struct {
	ID        string // of the first decision
	Event     rules.Event
	Snapshot  rules.Snapshot
	Decisions []rules.Decision // that propose something, at least one
	Proposed  []string         // what waits for approval, each in a line, at least one
	Until     time.Time        // when it lapses; zero for never
}

// What a case shows at most: much may have been decided on many visits at once.
const (
	maxProposed = 100
	maxFound    = 40
)

// Ask opens a case in which people are asked to approve. The change has no key
// yet, and the snapshot must come from [Mapping.Snapshot], as for Changes.
func (m *Mapping) Ask(q Question) Write {
	subject := q.Decisions[0].Subject
	about := cmp.Or(namesOf(q.Snapshot)[subject], subject.Kind)
	first := strings.TrimPrefix(firstLine(q.Proposed[0]), about+": ")
	title := "For approval: " + about + ": " + first
	if more := len(q.Proposed) - 1; more > 0 {
		title = fmt.Sprintf("%s (and %d more)", shortened(title, maxSubject-20), more)
	}
	var why, found, notes []string
	for _, d := range q.Decisions {
		why = append(why, fmt.Sprintf("%s (row %s of %s)", d.Because, d.Row, d.Table))
		for _, f := range d.Facts {
			found = append(found, fmt.Sprintf("%s: %s (%s)", f.Name, f.Value, f.Reason))
		}
		notes = append(notes, d.Warnings...)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "This waits for approval:\n%s\n\nWhy:\n%s\n\nWhat was found:\n%s", listed(most(q.Proposed, maxProposed)), listed(once(why)), listed(most(once(found), maxFound)))
	for _, note := range once(notes) {
		text.WriteString("\n\nNote: " + note + ".")
	}
	if r := q.Event.Request; r != nil && r.Quote != "" {
		text.WriteString("\n\nThe mail says: \"" + r.Quote + "\"")
	}
	if q.Event.By != "" {
		text.WriteString("\n\nAsked for by " + q.Event.By + ": " + q.Event.Reason)
	}
	if !q.Until.IsZero() {
		text.WriteString("\n\nIf nobody answers by " + q.Until.UTC().Format("2 January 2006 at 15:04 MST") + ", nothing is done.")
	}
	return m.ask(title, text.String(), "Decision "+q.ID, m.related(q.Snapshot, subject))
}

// AskAll opens a case in which people are asked about all the changes, of which
// some are given, that a hold keeps from being made.
func (m *Mapping) AskAll(id, why string, some []string, all int) Write {
	if more := all - len(some); more > 0 {
		some = append(slices.Clone(some), fmt.Sprintf("and %d more", more))
	}
	text := fmt.Sprintf("Much was to be changed at once, so that all of it waits for a person: %s.\n\nThis waits for approval, %d in all:\n%s\n\nEither answer is to all of this. What is held later is asked about in another case.", why, all, listed(some))
	return m.ask("For approval: much at once, "+id, text, "Hold "+id, nil)
}

func (m *Mapping) ask(title, text, id string, about []set) Write {
	choices := "\n\n" + m.choices([2]string{Approve, "have it done"}, [2]string{Decline, "have it not done"})
	choices += "\nWho has caused the change does not approve it.\n\n" + id
	w := &writer{m: m}
	sets := append(about,
		set{field: "subject", value: shortened(title, maxSubject)},
		set{field: "description", value: shortened(text, maxDescription-len(choices)) + choices},
		set{field: "request_type", value: "Approval"},
	)
	if status := m.theirs("case", "status", "open"); status != "" {
		sets = append(sets, set{field: "status", value: status})
	}
	w.queue = m.queueID()
	if w.queue != "" {
		sets = append(sets, w.toQueue())
	}
	write := w.create("case", "New case: "+title, sets)
	write.Verb = AskApproval
	return write
}

// related are the lookups of a case about the subject.
func (m *Mapping) related(s rules.Snapshot, subject rules.Ref) []set {
	contact := ""
	var about []set
	switch subject.Kind {
	case "workflow", "assignment", "block":
		about = append(about, set{field: subject.Kind, value: subject.ID})
	}
	for _, w := range s.Workflows {
		if w.ID == subject.ID && len(w.Homeowners) > 0 {
			contact = w.Homeowners[0].ID
		}
	}
	for _, b := range s.Blocks {
		if b.ID == subject.ID && b.Contact != nil {
			contact = b.Contact.ID
		}
	}
	if s.Client != nil {
		contact = s.Client.ID
	}
	if contact != "" {
		about = append(about, set{field: "contact", value: contact})
	}
	return about
}

// EndQuestion closes the case that the change with the key has opened, because
// nothing is asked in it any more. Word is the answer that was given in the case,
// in the org's words; if it is empty, how it ended, which was elsewhere, is told
// there. A case in which anything else stands by now is left as it is. The
// changes have no keys yet.
func (m *Mapping) EndQuestion(key, word, how string) []Write {
	w := &writer{m: m}
	var writes []Write
	closed, was := m.theirs("case", "status", "closed"), set{field: "answer", value: orNil(word)}
	if m.answeredByStatus() {
		was.value = m.theirs("case", "status", "open")
	}
	if m.path("case", "status") != "" && closed != "" && was.value != "" && (word == "" || !m.answeredByStatus()) {
		write := w.update("case", "@"+key, []set{was}, []set{{field: "status", value: closed}})
		write.Verb = CloseCase
		writes = append(writes, write)
	}
	if word == "" {
		writes = append(writes, m.Tell(connectors.Ref{ID: "@" + key}, how))
	}
	return writes
}

// listed shows lines as a list.
func listed(lines []string) string { return "- " + strings.Join(lines, "\n- ") }

// once leaves out what was said before.
func once(lines []string) []string {
	var all []string
	for _, line := range lines {
		if !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return all
}

// most cuts a list short.
func most(lines []string, limit int) []string {
	if len(lines) <= limit {
		return lines
	}
	return append(lines[:limit:limit], fmt.Sprintf("and %d more", len(lines)-limit))
}
