package web

import (
	"context"
	"net/http"
	"slices"

	"standdown/cmd/standdown/internal/store"
)

// pausable are what can be paused.
var pausable = []string{store.AllSystems, "salesforce", "mail"}

// pause puts a brake on.
func (s *site) pause(w http.ResponseWriter, r *http.Request, user User) error {
	return s.brake(w, r, user, "pause", s.Journal.Pause)
}

// resume takes one off.
func (s *site) resume(w http.ResponseWriter, r *http.Request, user User) error {
	return s.brake(w, r, user, "resume", s.Journal.Resume)
}

// brake puts a brake on or takes it off, whichever do does.
func (s *site) brake(w http.ResponseWriter, r *http.Request, user User, done string, do func(context.Context, store.Brake) error) error {
	b := store.Brake{Name: r.PostFormValue("system"), At: s.Now(), Who: user.Name, Reason: r.PostFormValue("reason")}
	if !slices.Contains(pausable, b.Name) {
		return refuse(http.StatusBadRequest, "There is no system %q.", b.Name)
	}
	if b.Reason == "" {
		return refuse(http.StatusUnprocessableEntity, "Say why: those who look later will ask. Nothing was changed.")
	}
	if err := do(r.Context(), b); err != nil {
		return refuse(http.StatusConflict, "That was not possible: %v.", err)
	}
	http.Redirect(w, r, "/?done="+done, http.StatusSeeOther)
	return nil
}
