package mapping

import (
	"fmt"
	"strings"

	"standdown/connectors"
	"standdown/rules"
)

// What people answer in a case.
const (
	Approve  = "approve"  // have done what is proposed
	Decline  = "decline"  // do not
	Restore  = "restore"  // take the cancellation of the workflow back
	Uncancel = "uncancel" // take the cancellation of the assignment back
	Waive    = "waive"    // waive the billing of the assignment's cancellation
)

// An Answer is what a person answered in a case that the daemon had opened.
type Answer struct {
	Case connectors.Ref `json:"case"`
	// Key is of the change that made the case.
	Key string `json:"key"`
	// Says is one of the answers above; empty if Word, the org's, is not mapped.
	Says   string `json:"says"`
	Word   string `json:"word"`
	Reason string `json:"reason,omitempty"`
	// User is who answered, by the org's id, and Name what the org calls them.
	// Both are empty if nobody knows, as when the daemon has written to the case
	// before it saw the answer.
	User string `json:"user,omitempty"`
	Name string `json:"name,omitempty"`
}

// Answers tells whether people can answer in cases.
func (m *Mapping) Answers() bool { return m.path("case", "answer") != "" }

// answer reads a case: what is answered in it, or nil, and what stands for the
// values that matter, which is empty for a case that the daemon did not open.
//
// It is the answer itself that matters, not who saved the record last: whoever
// edits an answered case for another reason has not answered.
func answer(r row, record connectors.Record) (a *Answer, watched string) {
	key, word, says := r.text("key"), r.text("answer"), r.word("answer")
	if key == "" {
		return nil, ""
	}
	if says == "" && r.m.answeredByStatus() {
		word = "" // the other states of a case are no answers
	}
	who := r.text("answered_by")
	if watched = hash(word, who); word == "" {
		return nil, watched
	}
	a = &Answer{Case: record.Ref, Key: key, Says: says, Word: word, Reason: r.text("answer_reason")}
	switch {
	case r.m.path("case", "answered_by") != "":
		a.User, a.Name = who, r.text("answered_by.name")
	case !record.Own:
		a.User, a.Name = record.By, r.text("editor.name")
	}
	return a, watched
}

// answeredByStatus tells that the answer is a state of the case.
func (m *Mapping) answeredByStatus() bool {
	return m.Answers() && strings.EqualFold(m.path("case", "answer"), m.path("case", "status"))
}

// choices say how to answer, in the org's words; empty if none of the answers,
// each with what it does, is mapped.
func (m *Mapping) choices(answers ...[2]string) string {
	if !m.Answers() {
		return ""
	}
	var words []string
	for _, a := range answers {
		if word := m.theirs("case", "answer", a[0]); word != "" {
			words = append(words, fmt.Sprintf("%q to %s", word, a[1]))
		}
	}
	if len(words) == 0 {
		return ""
	}
	text := "To answer here, set " + labelOf(m.path("case", "answer")) + " to " + strings.Join(words, " or ")
	if reason := m.path("case", "answer_reason"); reason != "" {
		text += "; the reason goes into " + labelOf(reason)
	}
	return text + "."
}

// reviewChoices is what can be answered in a case for review about the record.
func (w *writer) reviewChoices(on rules.Ref) string {
	var answers [][2]string
	for _, f := range w.snapshot.Workflows {
		if on == (rules.Ref{Kind: "workflow", ID: f.ID}) && f.Status == "cancel-pending" {
			answers = append(answers, [2]string{Restore, "have the cancellation taken back, as far as the rules allow"})
		}
	}
	for _, a := range w.snapshot.Assignments {
		if on != (rules.Ref{Kind: "assignment", ID: a.ID}) || a.Status != "cancelled" {
			continue
		}
		answers = append(answers, [2]string{Uncancel, "have the cancellation taken back, as far as the rules allow"})
		if a.Billing != nil && a.Billing.Status == "pending-review" {
			answers = append(answers, [2]string{Waive, "have its billing waived"})
		}
	}
	if text := w.m.choices(answers...); text != "" {
		return "\n\n" + text
	}
	return ""
}

// Refuse says in a case why the answer given there was not taken. The change has
// no key yet.
func (m *Mapping) Refuse(c connectors.Ref, word, why string) Write {
	text := fmt.Sprintf("The answer %q was not taken: %s.", word, why)
	if !m.answeredByStatus() {
		// Set again before the empty value was read, the answer looks as before.
		text += "\nTo answer again, first save " + labelOf(m.path("case", "answer")) + " empty, and answer some minutes later."
	}
	return m.Tell(c, text)
}

// Tell says something in a case. The change has no key yet.
func (m *Mapping) Tell(c connectors.Ref, text string) Write {
	return Write{System: Salesforce, Verb: "post-comment", Text: "Comment: " + firstLine(text), Change: connectors.Change{
		Op:     connectors.Post,
		Ref:    connectors.Ref{Kind: m.objects["case"].name, ID: c.ID},
		Fields: map[string]any{"Body": shortened(text, maxComment)},
	}}
}

// labelOf is what people most likely see of a field, by its API name.
func labelOf(path string) string {
	return strings.ReplaceAll(strings.TrimSuffix(path, "__c"), "_", " ")
}
