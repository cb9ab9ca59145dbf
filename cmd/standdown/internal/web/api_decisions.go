package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// An apiDecisionWithEntries is a decision with the changes that it asked for.
type apiDecisionWithEntries struct {
	store.Decision
	Name    string        `json:"name" doc:"what people call the record"`
	Entries []store.Entry `json:"entries"`
}

func (a api) listWaiting(r *http.Request, _ User) (p paged[apiDecisionWithEntries], err error) {
	limit, err := limitOf(r)
	if err != nil {
		return p, err
	}
	after, err := number(r, "after")
	if err != nil {
		return p, err
	}
	all, err := a.Journal.Waiting(r.Context(), after, limit+1)
	if err != nil {
		return p, err
	}
	page := pageOf(all, limit, func(last store.Waiting) string { return strconv.FormatInt(last.First(), 10) })
	p = paged[apiDecisionWithEntries]{Items: []apiDecisionWithEntries{}, Next: page.Next}
	for _, w := range page.Items {
		p.Items = append(p.Items, withEntries(w))
	}
	return p, nil
}

func withEntries(w store.Waiting) apiDecisionWithEntries {
	return apiDecisionWithEntries{factual(w.Decision), titleOf(w.Decision, w.Entries), filled(w.Entries)}
}

func (a api) listDecisions(r *http.Request, _ User) (p paged[store.Decision], err error) {
	if name := r.FormValue("name"); name != "" {
		if len(r.Form) > 1 {
			return p, refuse(http.StatusBadRequest, "Give name alone: it is answered with all that go by it.")
		}
		all, err := a.Journal.Decisions(r.Context(), name)
		return pageOf(allFactual(all), max(len(all), 1), store.DecisionPlace), err
	}
	f := store.DecisionFilter{Row: r.FormValue("row"), After: r.FormValue("after"), Tables: append([]string{store.People}, a.tables...)}
	if table := r.FormValue("table"); table != "" {
		if !slices.Contains(f.Tables, table) {
			return p, refuse(http.StatusBadRequest, "There is no table %q; there are %s.", table, strings.Join(f.Tables, ", "))
		}
		f.Tables = []string{table}
	} else if f.Row != "" {
		return p, refuse(http.StatusBadRequest, "The row %s of which table? Give table as well.", f.Row)
	}
	limit, err := limitOf(r)
	if err != nil {
		return p, err
	}
	if f.Since, err = a.dayOf(r, "from", 0); err != nil {
		return p, err
	}
	if f.Till, err = a.dayOf(r, "to", 1); err != nil {
		return p, err
	}
	f.Limit = limit + 1
	all, err := a.Journal.DecisionList(r.Context(), f)
	return pageOf(allFactual(all), limit, store.DecisionPlace), err
}

// An apiFullDecision is a decision with all that it rests on.
type apiFullDecision struct {
	apiDecisionWithEntries
	Cause     apiEvent      `json:"cause" doc:"the event that was decided"`
	Mail      *apiMail      `json:"mail,omitempty" doc:"the mail by which it came"`
	Acts      []store.Act   `json:"acts" doc:"what people did about it"`
	Answers   []apiPossible `json:"answers" doc:"what you can answer, and to which entries"`
	CanUndo   bool          `json:"can_undo" doc:"you can order that something of it is taken back"`
	Explained string        `json:"explained,omitempty" doc:"each fact, each row and why it did not apply, as text"`
}

type apiPossible struct {
	Signal  store.Signal `json:"signal"`
	Entries []int64      `json:"entries"`
}

// An apiEvent is what happened.
type apiEvent struct {
	rules.Event
	State  store.EventState `json:"state,omitempty"`
	Author string           `json:"author,omitempty" doc:"who changed the record, as the system names people"`
	Note   string           `json:"note,omitempty"`
}

type apiMail struct {
	Quote   string        `json:"quote,omitempty" doc:"the deciding sentence"`
	Parts   []apiMailPart `json:"parts"`
	Missing string        `json:"missing,omitempty" doc:"why its text, or some of it, is not here"`
}

type apiMailPart struct {
	Kind string `json:"kind" doc:"such as new, quoted or forwarded"`
	Text string `json:"text"`
}

func (a api) oneDecision(r *http.Request, user User) (d apiFullDecision, err error) {
	p, err := a.readDecision(r, user)
	if err != nil {
		return d, err
	}
	d = apiFullDecision{
		apiDecisionWithEntries: apiDecisionWithEntries{factual(p.Decision), p.Name, filled(p.Entries)}, Cause: eventOf(p.Event), Mail: mailFor(p.Mail),
		Acts: filled(p.Acts), Answers: []apiPossible{}, CanUndo: p.CanUndo, Explained: p.Explained,
	}
	for _, c := range p.Answers {
		d.Answers = append(d.Answers, apiPossible{c.Signal, c.Entries})
	}
	return d, nil
}

func mailFor(m *mailPart) *apiMail {
	if m == nil {
		return nil
	}
	out := &apiMail{Parts: []apiMailPart{}, Missing: m.Missing}
	if m.Request != nil {
		out.Quote = m.Quote
	}
	for _, part := range m.Parts {
		out.Parts = append(out.Parts, apiMailPart{part.Kind, part.Before + part.Said + part.Then})
	}
	return out
}

// An apiFullEvent is an event with what became of it.
type apiFullEvent struct {
	apiEvent
	Mail      *apiMail         `json:"mail,omitempty" doc:"the mail by which it came"`
	Decisions []store.Decision `json:"decisions" doc:"those about it, also before it was decided again"`
}

func (a api) oneEvent(r *http.Request, _ User) (e apiFullEvent, err error) {
	id := r.PathValue("id")
	found, err := a.Journal.EventNamed(r.Context(), id)
	if err != nil {
		return e, err
	}
	if found == nil {
		return e, refuse(http.StatusNotFound, "There is no event %s.", id)
	}
	e.apiEvent = eventOf(*found)
	mail, err := a.mailOf(r.Context(), *found)
	if err != nil {
		return e, err
	}
	e.Mail = mailFor(mail)
	decisions, err := a.Journal.Decisions(r.Context(), id)
	e.Decisions = allFactual(decisions)
	return e, err
}

func eventOf(e store.Event) apiEvent { return apiEvent{e.Event, e.State, e.Author, e.Note} }

// An apiRecord is the history of one record.
type apiRecord struct {
	Ref       string           `json:"ref"`
	Name      string           `json:"name" doc:"what people call it"`
	URL       string           `json:"url,omitempty" doc:"where the org shows it"`
	Chapters  []apiChapter     `json:"chapters"`
	Deadlines []store.Deadline `json:"deadlines" doc:"those that run"`
	Next      string           `json:"next,omitempty" doc:"to be given as after for what is older; absent at the end"`
}

type apiChapter struct {
	Cause     apiEvent                 `json:"cause"`
	Decisions []apiDecisionWithEntries `json:"decisions"`
	Acts      []store.Act              `json:"acts"`
}

func (a api) history(r *http.Request, _ User) (h apiRecord, err error) {
	ref := strings.TrimSpace(r.FormValue("ref"))
	limit, err := limitOf(r)
	if err != nil {
		return h, err
	}
	chapters, err := a.Journal.History(r.Context(), ref, r.FormValue("after"), limit)
	if err != nil {
		return h, err
	}
	if len(chapters) == 0 && r.FormValue("after") == "" {
		return h, refuse(http.StatusNotFound, "Nothing was decided about %s.", ref)
	}
	h = apiRecord{Ref: ref, Name: ref, Chapters: []apiChapter{}, Deadlines: []store.Deadline{}}
	n := 0
	for _, c := range chapters {
		part := apiChapter{Cause: eventOf(c.Event), Decisions: []apiDecisionWithEntries{}, Acts: filled(c.Acts)}
		for _, d := range c.Decisions {
			part.Decisions = append(part.Decisions, withEntries(d))
			h.Ref, h.Name = d.Subject.String(), titleOf(d.Decision, d.Entries)
			n++
		}
		h.Chapters = append(h.Chapters, part)
	}
	if n == limit {
		h.Next = chapters[len(chapters)-1].Decisions[0].ID
	}
	h.URL = a.recordURL(h.Ref)
	due, err := a.Journal.DeadlinesOf(r.Context(), h.Ref)
	h.Deadlines = filled(due)
	return h, err
}

// factual has JSON say [] for no facts.
func factual(d store.Decision) store.Decision {
	d.Facts = filled(d.Facts)
	return d
}

func allFactual(all []store.Decision) []store.Decision {
	out := make([]store.Decision, len(all))
	for i, d := range all {
		out[i] = factual(d)
	}
	return out
}
