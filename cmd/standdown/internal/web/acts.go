package web

import (
	"net/http"
	"strconv"
	"time"

	"standdown/cmd/standdown/internal/store"
)

// actWords are the acts that can be looked for.
var actWords = []string{"approve", "decline", "retry", "drop", "confirm", "undo", "replay", "pause", "resume", "hold", "expire", "move", "answer", "ask", "apply"}

// An actsPage is the log of what people did.
type actsPage struct {
	Words           []string
	Who, Act        string
	From, To        string
	Lines           []store.LoggedAct
	Next, CSV, JSON string
}

func (s *site) acts(w http.ResponseWriter, r *http.Request, user User) error {
	filter, err := s.actFilter(r)
	if err != nil {
		return err
	}
	filter.Limit = perPage + 1
	if filter.Before, err = number(r, "before"); err != nil {
		return err
	}
	if format := r.FormValue("format"); format != "" {
		return s.actList(r, filter).export(w, format)
	}
	all, err := s.Journal.ActLog(r.Context(), filter)
	if err != nil {
		return err
	}
	p := actsPage{
		Words: actWords, Who: filter.Who, Act: filter.Act, From: r.FormValue("from"), To: r.FormValue("to"),
		Lines: all, CSV: with(r, "format", "csv", "before", ""), JSON: with(r, "format", "json", "before", ""),
	}
	if len(all) > perPage {
		p.Lines = all[:perPage]
		p.Next = with(r, "before", strconv.FormatInt(all[perPage-1].ID, 10))
	}
	s.render(w, r, user, http.StatusOK, "acts", "Acts", p)
	return nil
}

// actFilter reads what of the address chooses acts.
func (s *site) actFilter(r *http.Request) (f store.ActFilter, err error) {
	f = store.ActFilter{Who: r.FormValue("who"), Act: r.FormValue("act")}
	if f.Since, err = s.dayOf(r, "from", 0); err != nil {
		return f, err
	}
	f.Till, err = s.dayOf(r, "to", 1)
	return f, err
}

func (s *site) actList(r *http.Request, filter store.ActFilter) list[store.LoggedAct] {
	return list[store.LoggedAct]{
		name:    "acts",
		columns: []string{"number", "at", "who", "act", "entry", "decision", "reason"},
		line: func(a store.LoggedAct) []string {
			return []string{
				strconv.FormatInt(a.ID, 10), a.At.UTC().Format(time.RFC3339), a.Who, a.Act.Act, strconv.FormatInt(a.Entry, 10), a.Decision, a.Reason,
			}
		},
		page: func(after string, limit int) ([]store.LoggedAct, string, error) {
			f := filter
			f.Limit = limit
			if after != "" {
				f.Before, _ = strconv.ParseInt(after, 10, 64) // as it is written below
			}
			all, err := s.Journal.ActLog(r.Context(), f)
			if len(all) < limit {
				return all, "", err
			}
			return all, strconv.FormatInt(all[len(all)-1].ID, 10), err
		},
	}
}
