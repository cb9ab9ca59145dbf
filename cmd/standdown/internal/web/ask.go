package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

// A Wish is what somebody of the back office asks for about a record, for the
// rules to decide.
type Wish struct {
	Asks string // restore, uncancel or waive
	ID   string // of the record
	// Key is 32 hex digits that the asker makes up: the same wish sent again has
	// the same key, and is the same wish.
	Key    string
	Reason string
}

// wishWords are what is asked for, in words.
var wishWords = map[string]string{
	"restore":  "Restore",
	"uncancel": "Take the cancellation back",
	"waive":    "Waive the billing",
}

func (w Wish) ref() rules.Ref {
	wish, _ := rules.WishFor(w.Asks)
	return rules.Ref{Kind: wish.About, ID: w.ID}
}

// A Prospect is what would become of a wish now.
type Prospect struct {
	// Allowed tells that something would be done, and not only be left to a
	// person to look at.
	Allowed bool `json:"allowed"`
	// Unsettled tells that something about the record is still to be decided or
	// done: until then nobody knows what would follow.
	Unsettled bool          `json:"unsettled,omitempty"`
	Decisions []Prospective `json:"decisions"`
	// Digest stands for all of it: who sends it with the wish has the wish taken
	// only if it would still come to the same.
	Digest string `json:"digest"`
	Name   string `json:"name"` // of the record
}

// A Prospective is a decision that would be taken, with the changes that it
// would ask for.
type Prospective struct {
	rules.Decision
	Changes   []Planned `json:"changes"`
	Explained string    `json:"-"`
}

// A Planned is a change that would be made.
type Planned struct {
	System string            `json:"system"`
	Verb   string            `json:"verb"`
	Text   string            `json:"text"`
	Change connectors.Change `json:"change"`
	// State is pending for what would be done at once, proposed for what would
	// wait for approval, waiting for what follows that, dropped for what is
	// switched off, and shadow for what is only to be compared with what people
	// do; Why says why it would not be done at once.
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

// When is the state in words.
func (c Planned) When() string {
	switch c.State {
	case string(store.Pending):
		return "at once"
	case string(store.Proposed):
		return "needs approval"
	case string(store.Dropped):
		return "not done: switched off"
	case string(store.Shadow):
		return "not done: in shadow"
	}
	return "once that is approved"
}

// Entry is the change for those who show one of the outbox.
func (c Planned) Entry() store.Entry { return store.Entry{Change: c.Change} }

// lookTimeout is how long looking at the world may take: less than answering may.
const lookTimeout = 20 * time.Second

var (
	errUnlike   = refuse(http.StatusConflict, "What would follow is not what you were shown: something has changed meanwhile. Look again. Nothing was changed.")
	errNotYet   = refuse(http.StatusConflict, "Something about it is still to be decided or done. Wait until it is, and look again. Nothing was changed.")
	errNotSo    = refuse(http.StatusConflict, "The rules do not allow it now. Nothing was changed.")
	errKeyTaken = refuse(http.StatusConflict, "Something else was asked for with this key. Look again with another key. Nothing was changed.")
	wishKey     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	onlyTelling = []string{"hold-for-review", "post-comment"}
)

// ask has what the user wishes for decided by the rules: soon, by the daemon that
// leads. It is taken only if it would come to what the digest stands for, if the
// rules allow it, and while nothing else is about to happen to the record; the
// prospect is what it would come to now. A wish that was taken before is taken as
// well, and comes to nothing more.
func (s *site) ask(ctx context.Context, user User, w Wish, digest string) (Prospect, error) {
	if !user.Role.May(Operator) {
		return Prospect{}, s.unfit(user, Operator)
	}
	e, err := w.event(user)
	if err != nil {
		return Prospect{}, err
	}
	switch before, err := s.Journal.EventNamed(ctx, e.ID); {
	case err != nil:
		return Prospect{}, err
	case before != nil && (before.Kind != e.Kind || before.Subject != e.Subject || before.By != e.By):
		return Prospect{}, errKeyTaken
	case before != nil:
		return Prospect{}, nil
	}
	p, err := s.prospect(ctx, user, w)
	switch {
	case err != nil:
		return p, err
	case sayWhy(w.Reason, true) != nil:
		return p, sayWhy(w.Reason, true)
	case p.Unsettled:
		return p, errNotYet
	case !p.Allowed:
		return p, errNotSo
	case p.Digest != digest:
		return p, errUnlike
	}
	e.At = s.Now()
	return p, s.Journal.Ask(ctx, e, e.At)
}

// prospect tells what would become of the wish now, and does none of it.
func (s *site) prospect(ctx context.Context, user User, w Wish) (p Prospect, err error) {
	e, err := w.event(user)
	if err != nil {
		return p, err
	}
	if s.Plan == nil {
		return p, refuse(http.StatusServiceUnavailable, "What would follow cannot be told here, and so nothing can be asked for.")
	}
	e.At = s.Now()
	hurry, done := context.WithTimeout(ctx, lookTimeout)
	defer done()
	v, err := s.Plan(hurry, e, nil)
	if err != nil {
		return p, refuse(http.StatusServiceUnavailable, "What would follow cannot be told now: %v. Nothing was changed.", err)
	}
	// After the look: what came meanwhile, it may not have seen.
	unsettled, err := s.Journal.Unsettled(ctx, []rules.Ref{e.Subject})
	if err != nil {
		return p, err
	}
	p.Unsettled = unsettled[e.Subject]
	p.Name = nameIn(v.Snapshot, e.Subject)
	for i, d := range v.Decisions {
		one := Prospective{Decision: d, Explained: s.Book.Explain(d), Changes: []Planned{}}
		state := string(store.Pending)
		p.Allowed = p.Allowed || d.Withdraws
		for _, write := range v.Writes[i] {
			c := Planned{System: write.System, Verb: write.Verb, Text: write.Text, Change: write.Change, State: state, Why: write.Why}
			if write.State != store.Pending {
				c.State = string(write.State)
			}
			if write.State == store.Proposed {
				state = "waiting"
			}
			p.Allowed = p.Allowed || write.State != store.Dropped && write.State != store.Shadow && !slices.Contains(onlyTelling, write.Verb)
			one.Changes = append(one.Changes, c)
		}
		p.Decisions = append(p.Decisions, one)
	}
	p.Digest = p.digest()
	return p, nil
}

// event is the wish as the rules are asked.
func (w Wish) event(user User) (e rules.Event, err error) {
	wish, _ := rules.WishFor(w.Asks)
	e.Kind, e.Subject = wish.Kind, w.ref()
	switch {
	case e.Kind == "":
		return e, refuse(http.StatusBadRequest, "One cannot ask for %q; one can ask for restore, uncancel and waive.", w.Asks)
	case !recordID.MatchString(w.ID):
		return e, refuse(http.StatusBadRequest, "%q is no id of a record.", w.ID)
	case !wishKey.MatchString(w.Key):
		return e, refuse(http.StatusBadRequest, "The key of what is asked for is not 32 hex digits.")
	}
	e.ID, e.By, e.Reason = "ask:"+w.Key, user.Name, strings.TrimSpace(w.Reason)
	if e.By == "" {
		e.By = "somebody" // who may only look
	}
	return e, nil
}

// digest stands for what would be decided and done. What is said in comments is
// left out: it tells the minute in which it was asked for, and why.
func (p Prospect) digest() string {
	h := sha256.New()
	out := json.NewEncoder(h)
	for _, d := range p.Decisions {
		values := []string{d.Table, d.Row, d.Subject.String()}
		for _, f := range d.Facts {
			values = append(values, f.Name, f.Value)
		}
		err := out.Encode(values)
		for _, c := range d.Changes {
			if c.Change.Op == connectors.Post {
				c.Text = ""
			}
			if c.Change.Op != connectors.Update {
				c.Change.Fields = nil
			}
			if err == nil {
				err = out.Encode(c)
			}
		}
		if err != nil {
			panic(fmt.Sprintf("web: a plan that is no JSON: %v", err)) // it was made to be sent as such
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nameIn is what people call the record.
func nameIn(s rules.Snapshot, ref rules.Ref) string {
	for _, w := range s.Workflows {
		if ref.Kind == "workflow" && w.ID == ref.ID && w.Name != "" {
			return w.Name
		}
	}
	for _, a := range s.Assignments {
		if ref.Kind == "assignment" && a.ID == ref.ID && a.Name != "" {
			return a.Name
		}
	}
	return ref.String()
}

// An askPage shows a verdict before anybody confirms it.
type askPage struct {
	Prospect
	Wish
	Ref     rules.Ref
	Words   string // what is asked for
	Problem string // why it was not taken
}

// showAsk is GET /ask: what would follow.
func (s *site) showAsk(w http.ResponseWriter, r *http.Request, user User) error {
	var key [16]byte
	rand.Read(key[:]) // it never fails
	wish := Wish{Asks: r.FormValue("asks"), ID: r.FormValue("id"), Key: hex.EncodeToString(key[:])}
	p, err := s.prospect(r.Context(), user, wish)
	if err != nil {
		return err
	}
	s.renderAsk(w, r, user, http.StatusOK, wish, p, "")
	return nil
}

// sendAsk is POST /ask: somebody has seen what would follow, and wants it.
func (s *site) sendAsk(w http.ResponseWriter, r *http.Request, user User) error {
	wish := Wish{Asks: r.PostFormValue("asks"), ID: r.PostFormValue("id"), Key: r.PostFormValue("key"), Reason: r.PostFormValue("reason")}
	p, err := s.ask(r.Context(), user, wish, r.PostFormValue("digest"))
	if refused, ok := errors.AsType[refusal](err); ok && len(p.Decisions) > 0 {
		s.renderAsk(w, r, user, refused.status, wish, p, refused.text)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/record?done=ask&ref="+url.QueryEscape(wish.ref().String()), http.StatusSeeOther)
	return nil
}

func (s *site) renderAsk(w http.ResponseWriter, r *http.Request, user User, status int, wish Wish, p Prospect, problem string) {
	page := askPage{Prospect: p, Wish: wish, Ref: wish.ref(), Problem: problem, Words: wishWords[wish.Asks]}
	s.render(w, r, user, status, "ask", page.Words+": "+p.Name, page)
}
