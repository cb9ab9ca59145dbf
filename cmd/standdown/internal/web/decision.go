package web

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A decisionPage is a decision with all that it rests on and asks for.
type decisionPage struct {
	store.Decision
	Name      string
	Title     string // of the table
	ByPeople  bool   // ordered by a person, not decided by the rules
	Event     store.Event
	Mail      *mailPart
	Entries   []store.Entry
	Acts      []store.Act
	Answers   []choice // to all that waits
	Problem   string   // why the last answer was not taken
	Reason    string   // that was given with it
	CanUndo   bool
	Undoing   []store.Compensation // what an undo would do, if asked for
	Stays     []Stays
	Asked     bool
	Explained string // each row, and why it did not apply
}

// A choice is an answer that can be given, and to which entries.
type choice struct {
	Signal  store.Signal
	Label   string
	Entries []int64
}

// answers are what people can say, in the order in which it is offered, with
// the role that it needs.
var answers = []struct {
	signal store.Signal
	label  string
	role   Role
	why    bool // a reason must be given
}{
	{store.Approve, "Approve", Approver, false},
	{store.Decline, "Decline", Approver, true},
	{store.Retry, "Try again", Operator, false},
	{store.Confirm, "It was done", Operator, false},
	{store.Drop, "Give up", Operator, true},
}

func (s *site) decision(w http.ResponseWriter, r *http.Request, user User) error {
	p, err := s.readDecision(r, user)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("undo") && p.CanUndo {
		p.Asked = true
		p.Undoing, p.Stays = s.PlanUndo(p.Entries, user.Name, "")
	}
	s.renderDecision(w, r, user, http.StatusOK, p)
	return nil
}

func (s *site) renderDecision(w http.ResponseWriter, r *http.Request, user User, status int, p *decisionPage) {
	s.render(w, r, user, status, "decision", "Decision about "+p.Name, p)
}

func (s *site) readDecision(r *http.Request, user User) (*decisionPage, error) {
	ctx, id := r.Context(), r.PathValue("id")
	decisions, err := s.Journal.Decisions(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(decisions) != 1 || decisions[0].ID != id {
		return nil, refuse(http.StatusNotFound, "There is no decision %s.", id)
	}
	p := &decisionPage{Decision: decisions[0], ByPeople: decisions[0].Table == store.People}
	for _, t := range s.Book.Tables() {
		if t.Name == p.Table {
			p.Title = t.Title
		}
	}
	event, err := s.Journal.EventNamed(ctx, p.Decision.Event)
	if err != nil {
		return nil, err
	}
	if event != nil {
		p.Event = *event
	}
	if p.Mail, err = s.mailOf(ctx, p.Event); err != nil {
		return nil, err
	}
	if p.Entries, err = s.Journal.Entries(ctx, store.Filter{Decision: id}); err != nil {
		return nil, err
	}
	if p.Acts, err = s.Journal.Acts(ctx, id); err != nil {
		return nil, err
	}
	if p.Explained, err = s.explain(ctx, p.Decision); err != nil {
		return nil, err
	}
	p.Name = titleOf(p.Decision, p.Entries)
	for _, e := range p.Entries {
		p.CanUndo = p.CanUndo || e.State == store.Done && s.PlanUndo != nil && user.Role.May(Approver) && !p.ByPeople
	}
	for _, a := range answers {
		c := choice{Signal: a.signal, Label: a.label}
		for _, e := range p.Entries {
			// What is on its way is given up one by one, not by the way.
			if store.Possible(e.State, a.signal) && waits(e) && (a.signal != store.Drop || e.State != store.Proposed) {
				c.Entries = append(c.Entries, e.ID)
			}
		}
		if len(c.Entries) > 0 && user.Role.May(a.role) {
			p.Answers = append(p.Answers, c)
		}
	}
	return p, nil
}

// answer gives what people say to the journal: to one entry, or to all of the
// decision that waited when the page was made.
func (s *site) answer(w http.ResponseWriter, r *http.Request, user User) error {
	signal, reason := store.Signal(r.PostFormValue("signal")), r.PostFormValue("reason")
	p, err := s.readDecision(r, user)
	if err != nil {
		return err
	}
	again := func(status int, problem string) error {
		p.Problem, p.Reason = problem, reason
		s.renderDecision(w, r, user, status, p)
		return nil
	}
	if err := s.permitted(user, signal, reason); errors.Is(err, errNoReason) || errors.Is(err, errTooLong) {
		return again(http.StatusUnprocessableEntity, err.Error())
	} else if err != nil {
		return err
	}
	ids, err := chosen(r, p.Entries, signal)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return again(http.StatusConflict, "Nothing of it waits for that any more. Nothing was changed.")
	}
	err = impossible(s.give(r.Context(), ids, signal, user, reason))
	if refused, ok := errors.AsType[refusal](err); ok && refused.status == http.StatusConflict {
		return again(refused.status, refused.text)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/decision/"+p.ID+"?done="+string(signal), http.StatusSeeOther)
	return nil
}

// longestReason is how many characters a reason may have.
const longestReason = 1000

var (
	errNoReason = refuse(http.StatusUnprocessableEntity, "Say why: those who look later will ask. Nothing was changed.")
	errTooLong  = refuse(http.StatusUnprocessableEntity, "Say why in %d characters at most. Nothing was changed.", longestReason)
)

// sayWhy refuses a reason that is too long, and none where one is needed.
func sayWhy(reason string, needed bool) error {
	switch {
	case needed && strings.TrimSpace(reason) == "":
		return errNoReason
	case utf8.RuneCountInString(reason) > longestReason:
		return errTooLong
	}
	return nil
}

// permitted tells whether the user may give the answer so.
func (s *site) permitted(user User, signal store.Signal, reason string) error {
	var known []string
	for _, a := range answers {
		switch {
		case a.signal != signal:
			known = append(known, string(a.signal))
		case !user.Role.May(a.role):
			return s.unfit(user, a.role)
		default:
			return sayWhy(reason, a.why)
		}
	}
	return refuse(http.StatusBadRequest, "There is no answer %q; there are %s.", signal, strings.Join(known, ", "))
}

// give gives the answer to the entries: to all of them, or to none.
func (s *site) give(ctx context.Context, ids []int64, signal store.Signal, user User, reason string) error {
	if signal == store.Drop && !user.Role.May(Approver) {
		// To drop what is proposed is to decline it.
		for _, id := range ids {
			proposed, err := s.Journal.Entries(ctx, store.Filter{ID: id, States: []store.State{store.Proposed}})
			if err != nil {
				return err
			}
			if len(proposed) > 0 {
				return s.unfit(user, Approver)
			}
		}
	}
	if signal != store.Approve {
		return s.Journal.Act(ctx, ids, signal, user.Name, reason, s.Now())
	}
	checker := store.Checker{Name: user.Name}
	if s.Checker != nil {
		checker = s.Checker(user.Name)
	}
	return s.Journal.Approve(ctx, ids, checker, reason, s.Now())
}

// chosen are the entries that the form names. Of one that is about all that
// waited, those are left out that cannot be given the answer.
func chosen(r *http.Request, of []store.Entry, signal store.Signal) ([]int64, error) {
	var ids []int64
	for _, text := range r.PostForm["entry"] {
		at := slices.IndexFunc(of, func(e store.Entry) bool { return strconv.FormatInt(e.ID, 10) == text })
		if at < 0 {
			return nil, refuse(http.StatusBadRequest, "There is no entry %q of this decision.", text)
		}
		if r.PostFormValue("all") == "" || store.Possible(of[at].State, signal) {
			ids = append(ids, of[at].ID)
		}
	}
	return ids, nil
}

// undo orders that what the decision did is taken back.
func (s *site) undo(w http.ResponseWriter, r *http.Request, user User) error {
	p, err := s.readDecision(r, user)
	if err != nil {
		return err
	}
	reason := r.PostFormValue("reason")
	id, err := s.takeBack(r.Context(), p, user, reason)
	if refused, ok := errors.AsType[refusal](err); ok && p.Asked {
		p.Problem, p.Reason = refused.text, reason
		s.renderDecision(w, r, user, refused.status, p)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/decision/"+id+"?done=undo", http.StatusSeeOther)
	return nil
}

// takeBack orders an undo and returns what its decision is called. Of one that
// is refused, the page says what would be taken back.
func (s *site) takeBack(ctx context.Context, p *decisionPage, user User, reason string) (id string, err error) {
	if !p.CanUndo {
		return "", refuse(http.StatusConflict, "Nothing of this decision can be taken back.")
	}
	p.Asked = true
	p.Undoing, p.Stays = s.PlanUndo(p.Entries, user.Name, reason)
	if err := sayWhy(reason, true); err != nil {
		return "", err
	}
	if len(p.Undoing) == 0 {
		return "", refuse(http.StatusConflict, "Nothing of it can be taken back by this program.")
	}
	id, err = s.Journal.Undo(ctx, store.Undoing{Decision: p.ID, Who: user.Name, Reason: reason, Writes: p.Undoing}, s.Now())
	return id, impossible(err)
}

// impossible words what the journal would not do. Other errors stay as they are.
func impossible(err error) error {
	if refused, ok := errors.AsType[store.Refusal](err); ok {
		return refuse(http.StatusConflict, "That was not possible: %v. Nothing was changed.", refused)
	}
	return err
}

// explain tells how a decision came about, with the settings of its time;
// nothing about what people decided.
func (s *site) explain(ctx context.Context, d store.Decision) (string, error) {
	switch {
	case d.Table == store.People:
		return "", nil
	case d.Erased():
		return "What it rested on was erased on request.", nil
	}
	settings, err := s.Journal.SettingsOf(ctx, d)
	if removed(err) {
		return "(the settings of its time are not kept any longer; those below are today's)\n\n" + s.Book.Explain(d.Decision), nil
	}
	if err != nil {
		return "", err
	}
	if reflect.DeepEqual(settings, s.Book.Settings()) {
		return s.Book.Explain(d.Decision), nil
	}
	book, err := rules.Load(settings)
	if err != nil {
		return "(the settings of its time are no longer valid; those below are today's)\n\n" + s.Book.Explain(d.Decision), nil
	}
	return book.Explain(d.Decision), nil
}

// removed tells whether something is only not there any longer.
func removed(err error) bool { return errors.Is(err, store.ErrRemoved) }
