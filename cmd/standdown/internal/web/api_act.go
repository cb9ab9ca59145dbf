package web

import (
	"net/http"
	"slices"

	"standdown/cmd/standdown/internal/store"
)

type apiReason struct {
	Reason string `json:"reason" doc:"why, for those who look later"`
}

// An apiAnswer is an answer to entries.
type apiAnswer struct {
	Signal  store.Signal `json:"signal" doc:"approve, decline, retry, confirm or drop"`
	Entries []int64      `json:"entries" doc:"their numbers; all of them are answered, or none"`
	Reason  string       `json:"reason,omitempty" doc:"why, for those who look later; to decline and to drop need it"`
}

// An apiAnswered is what an answer came to.
type apiAnswered struct {
	Signal  store.Signal `json:"signal"`
	Entries []int64      `json:"entries" doc:"that were answered"`
}

func (a api) giveAnswer(r *http.Request, user User, in apiAnswer) (done apiAnswered, err error) {
	if err := a.permitted(user, in.Signal, in.Reason); err != nil {
		return done, err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(in.Entries)))
	if len(ids) == 0 {
		return done, refuse(http.StatusBadRequest, "Which entries? Give their numbers.")
	}
	return apiAnswered{in.Signal, ids}, impossible(a.give(r.Context(), ids, in.Signal, user, in.Reason))
}

// An apiHoldAnswer is an answer to all that a hold holds.
type apiHoldAnswer struct {
	Signal  store.Signal `json:"signal" doc:"approve or decline"`
	Reason  string       `json:"reason" doc:"why, for those who look later"`
	Entries int64        `json:"entries" doc:"how many it held when you looked; if they are more or fewer now, nothing is done"`
}

func (a api) giveHoldAnswer(r *http.Request, user User, in apiHoldAnswer) (done apiAnswered, err error) {
	_, entries, err := a.readHold(r)
	if err != nil {
		return done, err
	}
	done = apiAnswered{Signal: in.Signal, Entries: []int64{}}
	for _, e := range entries {
		done.Entries = append(done.Entries, e.ID)
	}
	return done, a.answerAll(r.Context(), entries, in.Entries, in.Signal, user, in.Reason)
}

// An apiUndo is what an undo comes to.
type apiUndo struct {
	Decision string               `json:"decision,omitempty" doc:"what the undo is called; absent if it was not ordered"`
	Changes  []store.Compensation `json:"changes" doc:"that take it back"`
	Stays    []Stays              `json:"stays" doc:"what cannot be taken back"`
}

func (a api) planUndo(r *http.Request, user User) (u apiUndo, err error) {
	p, err := a.readDecision(r, user)
	if err != nil {
		return u, err
	}
	if !p.CanUndo {
		return u, refuse(http.StatusConflict, "Nothing of this decision can be taken back.")
	}
	changes, stays := a.PlanUndo(p.Entries, user.Name, "")
	return apiUndo{Changes: filled(changes), Stays: filled(stays)}, nil
}

func (a api) orderUndo(r *http.Request, user User, in apiReason) (u apiUndo, err error) {
	p, err := a.readDecision(r, user)
	if err != nil {
		return u, err
	}
	id, err := a.takeBack(r.Context(), p, user, in.Reason)
	return apiUndo{id, filled(p.Undoing), filled(p.Stays)}, err
}

// An apiWish is what somebody asks for, for the rules to decide.
type apiWish struct {
	Asks   string `json:"asks" doc:"restore, uncancel or waive"`
	ID     string `json:"id" doc:"of the record"`
	Key    string `json:"key" doc:"as when you looked; what is sent again with the same key is not asked for again"`
	Digest string `json:"digest" doc:"that of the prospect which you have seen"`
	Reason string `json:"reason" doc:"why, for those who look later"`
}

// An apiWished is a wish that was taken.
type apiWished struct {
	Event string `json:"event" doc:"what it is called; /events/{id} tells what was decided, soon"`
}

func (a api) prospectOf(r *http.Request, user User) (Prospect, error) {
	p, err := a.prospect(r.Context(), user, Wish{Asks: r.FormValue("asks"), ID: r.FormValue("id"), Key: r.FormValue("key")})
	p.Decisions = filled(p.Decisions)
	for i := range p.Decisions {
		p.Decisions[i].Facts = filled(p.Decisions[i].Facts)
	}
	return p, err
}

func (a api) order(r *http.Request, user User, in apiWish) (apiWished, error) {
	w := Wish{Asks: in.Asks, ID: in.ID, Key: in.Key, Reason: in.Reason}
	_, err := a.ask(r.Context(), user, w, in.Digest)
	return apiWished{"ask:" + in.Key}, err
}

// An apiBrakeOrder stops writing to a system, or lets it go on.
type apiBrakeOrder struct {
	System string `json:"system" doc:"salesforce, mail, or all"`
	Reason string `json:"reason" doc:"why, for those who look later"`
}

// An apiBraked is what is paused now.
type apiBraked struct {
	Paused []store.Brake `json:"paused"`
}

func (a api) pause(r *http.Request, user User, in apiBrakeOrder) (apiBraked, error) {
	return a.brake(r, "pause", user, in)
}

func (a api) resume(r *http.Request, user User, in apiBrakeOrder) (apiBraked, error) {
	return a.brake(r, "resume", user, in)
}

func (a api) brake(r *http.Request, act string, user User, in apiBrakeOrder) (now apiBraked, err error) {
	if err := a.setBrake(r.Context(), act, in.System, user, in.Reason); err != nil {
		return now, err
	}
	on, err := a.Journal.Brakes(r.Context())
	return apiBraked{filled(on)}, err
}
