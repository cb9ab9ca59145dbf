package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

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
	signal := store.Signal(r.PostFormValue("signal"))
	p.Reason = r.PostFormValue("reason")
	changes, err := number(r, "changes")
	if err != nil {
		return err
	}
	err = s.answerAll(r.Context(), entries, changes, signal, user, p.Reason)
	if refused, ok := errors.AsType[refusal](err); ok && refused.status != http.StatusBadRequest {
		p.Problem = refused.text
		s.render(w, r, user, refused.status, "hold", "Too much at once", p)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/review?done="+string(signal), http.StatusSeeOther)
	return nil
}

// answerAll approves or declines the entries that are held, if they are as many
// as whoever answers has seen.
func (s *site) answerAll(ctx context.Context, entries []store.Entry, seen int64, signal store.Signal, user User, reason string) error {
	switch {
	case signal != store.Approve && signal != store.Decline:
		return refuse(http.StatusBadRequest, "There is no answer %q; there are approve and decline.", signal)
	case sayWhy(reason, true) != nil:
		return sayWhy(reason, true)
	case seen != int64(len(entries)):
		return refuse(http.StatusConflict, "There are more or fewer of them now. Look again; nothing was changed.")
	}
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return impossible(s.give(ctx, ids, signal, user, reason))
}
