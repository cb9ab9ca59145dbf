package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"standdown/cmd/standdown/internal/store"
)

// pausable are what can be paused.
var pausable = []string{store.AllSystems, "salesforce", "mail"}

// pause puts a brake on.
func (s *site) pause(w http.ResponseWriter, r *http.Request, user User) error {
	return s.brake(w, r, user, "pause")
}

// resume takes one off.
func (s *site) resume(w http.ResponseWriter, r *http.Request, user User) error {
	return s.brake(w, r, user, "resume")
}

func (s *site) brake(w http.ResponseWriter, r *http.Request, user User, act string) error {
	if err := s.setBrake(r.Context(), act, r.PostFormValue("system"), user, r.PostFormValue("reason")); err != nil {
		return err
	}
	http.Redirect(w, r, "/?done="+act, http.StatusSeeOther)
	return nil
}

// setBrake puts a brake on ("pause") or takes it off ("resume").
func (s *site) setBrake(ctx context.Context, act, system string, user User, reason string) error {
	if !slices.Contains(pausable, system) {
		return refuse(http.StatusBadRequest, "There is no system %q; there are %s.", system, strings.Join(pausable, ", "))
	}
	if err := sayWhy(reason, true); err != nil {
		return err
	}
	b := store.Brake{Name: system, At: s.Now(), Who: user.Name, Reason: reason}
	if act == "pause" {
		return impossible(s.Journal.Pause(ctx, b))
	}
	return impossible(s.Journal.Resume(ctx, b))
}
