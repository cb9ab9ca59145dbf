package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
)

// A page of things, and where the list goes on.
type paged[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"to be given as after for the next page; absent at the end"`
}

// pageOf is a page of what may be one thing too many, by which it is known that
// there are more.
func pageOf[T any](all []T, limit int, place func(last T) string) paged[T] {
	p := paged[T]{Items: append([]T{}, all[:min(len(all), limit)]...)}
	if len(all) > limit {
		p.Next = place(p.Items[limit-1])
	}
	return p
}

type apiStatus struct {
	At      time.Time        `json:"at"`
	Version string           `json:"version"`
	You     apiUser          `json:"you"`
	Ready   bool             `json:"ready" doc:"the job can be done now"`
	Checks  []check          `json:"checks" doc:"what it needs for that, one by one"`
	Late    []string         `json:"late" doc:"what needs somebody, in words"`
	Paused  []store.Brake    `json:"paused" doc:"what is not written to, and why"`
	Sources []sourceLine     `json:"sources"`
	Budget  apiBudget        `json:"budget"`
	Waiting apiCounts        `json:"waiting"`
	Today   []bookLine       `json:"today" doc:"what each rule book did since midnight"`
	Next    []store.Deadline `json:"deadlines" doc:"the next ones"`
}

type apiUser struct {
	Name string `json:"name,omitempty" doc:"absent for one who looks without having signed in"`
	Role Role   `json:"role"`
}

type apiBudget struct {
	Used    int `json:"used" doc:"calls of Salesforce's API within 24 hours"`
	Allowed int `json:"allowed" doc:"0 while that is not known"`
	Reserve int `json:"reserve" doc:"how many of them are not for the daemon"`
	Left    int `json:"left" doc:"for the daemon"`
}

type apiCounts struct {
	Entries     map[store.State]int `json:"entries" doc:"those that are open, by state"`
	Oldest      time.Time           `json:"oldest,omitzero" doc:"when the oldest of them was made that needs nobody's help"`
	Undecided   int                 `json:"undecided" doc:"events that are to be decided"`
	Quarantined int                 `json:"quarantined" doc:"mails and records that could not be handled"`
}

func (a api) status(r *http.Request, user User) (s apiStatus, err error) {
	p, err := a.readToday(r.Context(), a.Now())
	if err != nil {
		return s, err
	}
	return apiStatus{
		At: p.Now.UTC(), Version: a.Version, You: apiUser{user.Name, user.Role}, Ready: p.Ready, Checks: p.Checks, Late: filled(p.Late), Paused: filled(p.Brakes), Sources: filled(p.Sources),
		Budget:  apiBudget{p.Used, p.Allowed, a.Reserve, p.Left},
		Waiting: apiCounts{p.Counts.Entries, p.Oldest, p.Counts.New, p.Counts.Quarantined},
		Today:   filled(p.Books), Next: filled(p.Deadlines),
	}, nil
}

func (a api) listEntries(r *http.Request, _ User) (p paged[store.Entry], err error) {
	f := store.Filter{Decision: r.FormValue("decision"), Hold: r.FormValue("hold")}
	for _, state := range r.Form["state"] {
		if !slices.Contains(store.States(), store.State(state)) {
			return p, refuse(http.StatusBadRequest, "There is no state %q; there are %s.", state, listed(store.States()))
		}
		f.States = append(f.States, store.State(state))
	}
	every := r.FormValue("all")
	if !slices.Contains([]string{"", "true", "false"}, every) {
		return p, refuse(http.StatusBadRequest, "all is true or false, not %q.", every)
	}
	if len(f.States) == 0 && f.Decision == "" && f.Hold == "" && every != "true" {
		f.States = []store.State{store.Proposed, store.Pending, store.Sending, store.Stuck, store.Unknown}
	}
	limit, err := limitOf(r)
	if err != nil {
		return p, err
	}
	if f.After, err = number(r, "after"); err != nil {
		return p, err
	}
	f.Limit = limit + 1
	all, err := a.Journal.Entries(r.Context(), f)
	return pageOf(all, limit, func(last store.Entry) string { return strconv.FormatInt(last.ID, 10) }), err
}

func (a api) oneEntry(r *http.Request, _ User) (store.Entry, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	var all []store.Entry
	if err == nil && id > 0 {
		if all, err = a.Journal.Entries(r.Context(), store.Filter{ID: id}); err != nil {
			return store.Entry{}, err
		}
	}
	if len(all) != 1 {
		return store.Entry{}, refuse(http.StatusNotFound, "There is no entry %s.", r.PathValue("id"))
	}
	return all[0], nil
}

func (a api) listHolds(r *http.Request, _ User) (p paged[store.Hold], err error) {
	all, err := a.Journal.Holds(r.Context())
	p.Items = filled(all)
	return p, err
}

func (a api) listCancelled(r *http.Request, _ User) (p paged[store.Cancellation], err error) {
	f, err := a.cancelledFilter(r)
	if err != nil {
		return p, err
	}
	if f.Limit, err = limitOf(r); err != nil {
		return p, err
	}
	all, more, err := a.cancelledPage(r, f)
	return paged[store.Cancellation]{Items: filled(all), Next: placeText(more)}, err
}

func (a api) listQuarantined(r *http.Request, _ User) (p paged[apiEvent], err error) {
	limit, err := limitOf(r)
	if err != nil {
		return p, err
	}
	all, err := a.Journal.Aside(r.Context(), limit)
	p.Items = []apiEvent{}
	for _, e := range all {
		p.Items = append(p.Items, eventOf(e))
	}
	return p, err
}

func (a api) listActs(r *http.Request, _ User) (p paged[store.LoggedAct], err error) {
	f, err := a.actFilter(r)
	if err != nil {
		return p, err
	}
	limit, err := limitOf(r)
	if err != nil {
		return p, err
	}
	if f.Before, err = number(r, "after"); err != nil {
		return p, err
	}
	f.Limit = limit + 1
	all, err := a.Journal.ActLog(r.Context(), f)
	return pageOf(all, limit, func(last store.LoggedAct) string { return strconv.FormatInt(last.ID, 10) }), err
}

// An apiRules is the tables that run.
type apiRules struct {
	Days   int        `json:"days" doc:"for how long it was counted what each row decided"`
	Tables []apiTable `json:"tables"`
}

type apiTable struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Columns []string `json:"columns"`
	Rows    []apiRow `json:"rows"`
	Decided int      `json:"decided" doc:"how often the table decided"`
}

type apiRow struct {
	Cells   []string `json:"cells" doc:"as in columns"`
	Decided int      `json:"decided" doc:"how often the row decided"`
}

func (a api) showRules(r *http.Request, _ User) (all apiRules, err error) {
	p, err := a.readRules(r.Context())
	if err != nil {
		return all, err
	}
	all = apiRules{Days: p.Days}
	for _, t := range p.Tables {
		table := apiTable{Name: t.Name, Title: t.Title, Columns: t.Columns, Decided: t.Total}
		for _, row := range t.Rows {
			table.Rows = append(table.Rows, apiRow{row.Cells, row.Times})
		}
		all.Tables = append(all.Tables, table)
	}
	return all, nil
}

// filled has JSON say [] rather than null.
func filled[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// listed names them for people.
func listed[T ~string](all []T) string {
	var names []string
	for _, one := range all {
		names = append(names, string(one))
	}
	return strings.Join(names, ", ")
}
