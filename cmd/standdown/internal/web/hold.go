package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"standdown/cmd/standdown/internal/store"
)

// A holdPage is a run that would have changed too much at once.
type holdPage struct {
	store.Hold
	Entries []store.Entry // the first of those that it holds
	Problem string        // why the last answer was not taken
	Reason  string        // that was given with it
}

func (s *site) hold(w http.ResponseWriter, r *http.Request, user User) error {
	p, _, err := s.readHold(r)
	if err != nil {
		return err
	}
	s.render(w, r, user, http.StatusOK, "hold", "Too much at once", p)
	return nil
}

func (s *site) readHold(r *http.Request) (*holdPage, []store.Entry, error) {
	id := r.PathValue("id")
	holds, err := s.Journal.Holds(r.Context())
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(holds, func(h store.Hold) bool { return h.ID == id })
	if at < 0 {
		return nil, nil, refuse(http.StatusNotFound, "Nothing is held under the name %s.", id)
	}
	entries, err := s.Journal.Entries(r.Context(), store.Filter{Hold: id})
	return &holdPage{Hold: holds[at], Entries: entries[:min(len(entries), perPage)]}, entries, err
}

// answerHold approves or declines all that is held.
func (s *site) answerHold(w http.ResponseWriter, r *http.Request, user User) error {
	p, entries, err := s.readHold(r)
	if err != nil {
		return err
	}
	signal, status := store.Signal(r.PostFormValue("signal")), http.StatusConflict
	p.Reason = r.PostFormValue("reason")
	switch {
	case signal != store.Approve && signal != store.Decline:
		return refuse(http.StatusBadRequest, "There is no answer %q.", signal)
	case p.Reason == "":
		p.Problem, status = "Say why: those who look later will ask. Nothing was changed.", http.StatusUnprocessableEntity
	case r.PostFormValue("changes") != strconv.Itoa(len(entries)):
		p.Problem = "There are more or fewer of them now. Look again; nothing was changed."
	default:
		ids := make([]int64, len(entries))
		for i, e := range entries {
			ids[i] = e.ID
		}
		err := s.give(r.Context(), ids, signal, user, p.Reason)
		if err == nil {
			http.Redirect(w, r, "/review?done="+string(signal), http.StatusSeeOther)
			return nil
		}
		p.Problem = fmt.Sprintf("That was not possible: %v. Nothing was changed.", err)
	}
	s.render(w, r, user, status, "hold", "Too much at once", p)
	return nil
}
