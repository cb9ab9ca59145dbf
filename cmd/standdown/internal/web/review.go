package web

import (
	"net/http"
	"strconv"

	"standdown/cmd/standdown/internal/store"
)

// perPage is how many things a page lists.
const perPage = 50

// A reviewPage is what waits for people.
type reviewPage struct {
	Counts  store.Counts
	Holds   []store.Hold
	Waiting []waitingLine
	Notices []store.Entry // to operators, that could not be delivered
	Aside   []store.Event
	Next    int64 // where the next page begins; 0 if there is none
}

// A waitingLine is a decision of which something waits.
type waitingLine struct {
	store.Waiting
	Name  string
	First store.Entry // the first that waits
	N     int         // how many do
}

func (s *site) review(w http.ResponseWriter, r *http.Request, user User) error {
	ctx := r.Context()
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	var p reviewPage
	if p.Counts, err = s.Journal.Counts(ctx); err != nil {
		return err
	}
	if p.Holds, err = s.Journal.Holds(ctx); err != nil {
		return err
	}
	all, err := s.Journal.Waiting(ctx, after, perPage+1)
	if err != nil {
		return err
	}
	if len(all) > perPage {
		all = all[:perPage]
		p.Next = all[perPage-1].First()
	}
	for _, one := range all {
		line := waitingLine{Waiting: one, Name: titleOf(one.Decision, one.Entries)}
		for _, e := range one.Entries {
			if waits(e) {
				if line.N == 0 {
					line.First = e
				}
				line.N++
			}
		}
		p.Waiting = append(p.Waiting, line)
	}
	if p.Notices, err = s.Journal.StuckNotices(ctx, perPage); err != nil {
		return err
	}
	if p.Aside, err = s.Journal.Aside(ctx, perPage); err != nil {
		return err
	}
	s.render(w, r, user, http.StatusOK, "review", "Review", p)
	return nil
}

// waits tells whether only a person can get the entry any further.
func waits(e store.Entry) bool {
	return e.State == store.Proposed || e.State == store.Stuck || e.State == store.Unknown
}

// titleOf is what people call the decision's record.
func titleOf(d store.Decision, entries []store.Entry) string {
	for _, e := range entries {
		if e.Change.Ref.ID == d.Subject.ID && nameOf(e) != e.Lane {
			return nameOf(e)
		}
	}
	return d.Subject.String()
}

func number(r *http.Request, name string) (int64, error) {
	text := r.FormValue(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, refuse(http.StatusBadRequest, "%s is no number: %q.", name, text)
	}
	return n, nil
}
