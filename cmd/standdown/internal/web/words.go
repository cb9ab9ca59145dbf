package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// words are what templates can say.
func (s *site) words() template.FuncMap {
	return template.FuncMap{
		"when":   s.when,
		"day":    func(t time.Time) string { return t.In(s.zone).Format(time.DateOnly) },
		"ago":    func(t time.Time) string { return distance(t.Sub(s.Now())) },
		"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"zero":   time.Time.IsZero,
		"org":    s.recordURL,
		"name":   nameOf,
		"state":  stateOf,
		"did":    did,
		"later":  later,
		"record": func(ref any) string { return "/record?ref=" + url.QueryEscape(fmt.Sprint(ref)) },
		"system": system,
		"reason": reasonOf,
		"diff":   diff,
		"brief":  brief,
		"can":    func(e store.Entry, signal string) bool { return store.Possible(e.State, store.Signal(signal)) },
		"count":  count,
	}
}

// reasonOf is why a row decides, without the numbers of the requirements.
func reasonOf(because string) string {
	if _, why, ok := strings.Cut(because, ": "); ok {
		return why
	}
	return because
}

// when is a moment with its zone.
func (s *site) when(t time.Time) string {
	return t.In(s.zone).Format("Mon 2 Jan 2006, 15:04 MST")
}

// distance is a stretch of time from now, such as "in 3 days".
func distance(d time.Duration) string {
	words := "in %s"
	if d < 0 {
		d, words = -d, "%s ago"
	}
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf(words, count(int(d/time.Minute), "minute", "minutes"))
	case d < 48*time.Hour:
		return fmt.Sprintf(words, count(int(d/time.Hour), "hour", "hours"))
	}
	return fmt.Sprintf(words, count(int(d/(24*time.Hour)), "day", "days"))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// recordID is an id of Salesforce.
var recordID = regexp.MustCompile(`^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$`)

// recordURL is where the org shows a record; empty if it is no record of it.
func (s *site) recordURL(ref any) string {
	id := fmt.Sprint(ref)
	if _, after, ok := strings.Cut(id, " "); ok {
		id = after
	}
	if s.Org == "" || !recordID.MatchString(id) {
		return ""
	}
	return strings.TrimSuffix(s.Org, "/") + "/" + id
}

// nameOf is what people call the record that the entry changes: an update says
// so before the first colon.
func nameOf(e store.Entry) string {
	if name, _, ok := strings.Cut(e.Text, ": "); ok && e.Change.Op == connectors.Update && len(name) < 80 {
		return name
	}
	return e.Lane
}

// stateOf is a state in words.
func stateOf(s store.State) string {
	return map[store.State]string{
		store.Proposed: "waits for approval", store.Pending: "on its way", store.Sending: "being sent", store.Done: "done",
		store.Stuck: "stuck: refused by the system", store.Unknown: "unknown: nobody can tell whether it was done",
		store.Dropped: "not done: declined or dropped", store.Stale: "overtaken: decided again", store.Expired: "lapsed: not approved in time",
		store.Shadow: "not done: in shadow",
	}[s]
}

// did is what an act was, in words.
func did(act string) string {
	return cmp.Or(map[string]string{
		"approve": "approved", "decline": "declined", "retry": "tried again", "drop": "dropped", "confirm": "confirmed", "expire": "let lapse",
		"hold": "held", "undo": "took back", "move": "moved the deadline of", "pause": "paused", "resume": "resumed", "replay": "had decided again", "answer": "answered in a case about", "ask": "asked for", "apply": "applied a",
	}[act], act)
}

// later is what became of something cancelled, in words.
func later(verb string) string {
	return cmp.Or(map[string]string{
		"restore-workflow": "restored", "finish-cancellation": "cancelled for good", "reopen-job": "given back", "reopen-block": "open again",
		"reopen-assignment": "cancellation taken back", "waive-billing": "billing waived",
	}[verb], "taken back")
}

func system(name string) string {
	return cmp.Or(map[string]string{"salesforce": "Salesforce", "mail": "mail", "all": "all writing"}[name], name)
}

// A difference is one field of a change.
type difference struct {
	Field, Before, After string
	Known                bool // Before is known
}

// longest is how much of a value is shown.
const longest = 3000

// diff is what a change does to its record, by field. What is there before is
// what was replaced or, until then, what the decision relied on.
func diff(e store.Entry) []difference {
	before := e.Change.If
	if e.Result.Before != nil {
		before = e.Result.Before
	}
	var all []difference
	for _, field := range sortedKeys(e.Change.Fields) {
		old, known := before[field]
		d := difference{Field: field, Before: shown(old), After: shown(e.Change.Fields[field]), Known: known}
		all = append(all, d)
	}
	return all
}

// brief is the entry with its values cut short.
func brief(e store.Entry) store.Entry {
	fields := map[string]any{}
	for name, v := range e.Change.Fields {
		text, ok := v.(string)
		if runes := []rune(text); ok && len(runes) > 200 {
			v = string(runes[:200]) + "…"
		}
		fields[name] = v
	}
	e.Change.Fields = fields
	return e
}

func shown(v any) string {
	var text string
	switch v := v.(type) {
	case nil:
		return "(empty)"
	case string:
		text = v
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		text = string(b)
	}
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
