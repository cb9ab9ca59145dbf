package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// isCancel is the condition for an entry to cancel something, in the very words
// of the index of such entries.
const isCancel = `verb IN ('cancel-workflow', 'cancel-job', 'cancel-block', 'cancel-assignment')`

// cancelled are the kinds of thing that are cancelled, with their verbs.
var cancelled = []struct{ kind, verb string }{
	{"workflow", "cancel-workflow"}, {"job", "cancel-job"}, {"block", "cancel-block"}, {"assignment", "cancel-assignment"},
}

// laterVerbs are what can become of something cancelled.
var laterVerbs = []string{
	"restore-workflow", "finish-cancellation", "reopen-job", "reopen-block", "reopen-assignment", "waive-billing",
	"undo-cancel-workflow", "undo-cancel-job", "undo-cancel-block", "undo-cancel-assignment",
}

// A Cancellation is something that was cancelled, or is about to be.
type Cancellation struct {
	Entry
	Kind    string `json:"kind"` // workflow, job, block or assignment
	Because string `json:"because"`
	// Request is the mail that asked for it; nil if none did. Author is who
	// changed the record otherwise, as the system names people.
	Request *rules.Request `json:"request,omitempty"`
	Author  string         `json:"author,omitempty"`
	// Billing is free, billable or waived, with the reason; empty where nothing
	// is billed.
	Billing rules.Fact `json:"billing,omitzero"`
	// RestoreBy is until when it can be restored; zero where no such time runs.
	RestoreBy time.Time `json:"restore_by,omitzero"`
	// Since is what was done about it later, such as restoring it, in order.
	Since []Entry `json:"since,omitempty"`
}

// A Place is where a list goes on: behind what was made at that time and has
// that number.
type Place struct {
	At     time.Time
	Number int64
}

// A CancelledFilter chooses what was cancelled; empty fields choose all.
type CancelledFilter struct {
	Kind        string
	Since, Till time.Time // when it was decided; Till itself is not included
	// Billing is free, billable or waived. What was billable and has been waived
	// since is waived.
	Billing string
	// Search is a part of what is said about it: of names, numbers or ids.
	Search string
	After  Place // zero for the beginning
	Limit  int
}

// lookedAt is how many cancellations are looked at for those that fit, so that
// a search takes no longer in a long history.
func (f CancelledFilter) lookedAt() int {
	switch {
	case f.Billing != "":
		return 4 * max(f.Limit, 500)
	case f.Search != "":
		return 5000
	}
	return 4 * f.Limit // some were dropped
}

// Cancelled returns what was cancelled, the latest first. What was declined,
// dropped or overtaken is not among it. If few fit, not everything has been
// looked at: [Store.CancelledAfter] tells where to go on.
func (s *Store) Cancelled(ctx context.Context, f CancelledFilter) ([]Cancellation, error) {
	of, args := f.candidates()
	fits, values := f.fits()
	found, err := rows(ctx, s.db, scanEntry, `WITH c AS (SELECT id, event FROM entries WHERE `+of+` ORDER BY created DESC, id DESC LIMIT CAST(? AS BIGINT))
		SELECT `+entryColumns+` FROM c JOIN entries e ON e.id = c.id JOIN decisions d ON d.id = e.decision JOIN events v ON v.id = e.event
		WHERE e.state NOT IN ('dropped', 'stale', 'expired', 'shadow')`+fits+` ORDER BY e.created DESC, e.id DESC LIMIT CAST(? AS BIGINT)`,
		slices.Concat(args, []any{f.lookedAt()}, values, []any{f.Limit})...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	all := make([]Cancellation, len(found))
	for i, e := range found {
		all[i].Entry = e
		for _, c := range cancelled {
			if c.verb == e.Verb {
				all[i].Kind = c.kind
			}
		}
	}
	if err := s.origins(ctx, all); err != nil {
		return nil, err
	}
	return all, s.follow(ctx, all)
}

// CancelledAfter returns where the list goes on after the page that the filter
// gave; zero if there is nothing more.
func (s *Store) CancelledAfter(ctx context.Context, f CancelledFilter, page []Cancellation) (Place, error) {
	if n := len(page); n == f.Limit {
		return Place{page[n-1].Created, page[n-1].ID}, nil
	}
	of, args := f.candidates()
	ends, err := rows(ctx, s.db, func(r *sql.Rows) (p Place, err error) {
		var at int64
		err = r.Scan(&at, &p.Number)
		p.At = fromMS(at)
		return p, err
	}, `SELECT created, id FROM entries WHERE `+of+` ORDER BY created DESC, id DESC LIMIT 1 OFFSET ?`, append(args, f.lookedAt()-1)...)
	if err != nil || len(ends) == 0 {
		return Place{}, err
	}
	return ends[0], nil
}

// candidates is the condition for an entry to be looked at.
func (f CancelledFilter) candidates() (condition string, args []any) {
	condition = isCancel + ` AND verb IN (` + quoted(f.verbs()) + `)`
	if !f.After.At.IsZero() {
		condition, args = condition+` AND (created, id) < (?, ?)`, append(args, ms(f.After.At), f.After.Number)
	}
	if !f.Since.IsZero() {
		condition, args = condition+` AND created >= ?`, append(args, ms(f.Since))
	}
	if !f.Till.IsZero() {
		condition, args = condition+` AND created < ?`, append(args, ms(f.Till))
	}
	return condition, args
}

// verbs are those that cancel what the filter chooses.
func (f CancelledFilter) verbs() []string {
	verbs := []string{""} // no verb, lest the list be empty
	for _, c := range cancelled {
		if (f.Kind == "" || f.Kind == c.kind) && (f.Billing == "" || c.kind == "assignment") {
			verbs = append(verbs, c.verb)
		}
	}
	return verbs
}

// fits is the condition for the entry e, of decision d and event v, to be
// chosen by what is said about it.
func (f CancelledFilter) fits() (condition string, args []any) {
	const waivedSince = `EXISTS (SELECT 1 FROM decisions w JOIN entries x ON x.decision = w.id
		WHERE w.subject = e.lane AND w.at >= d.at AND w.tbl = 'assignment.waive' AND x.verb = 'waive-billing' AND x.state = 'done')`
	decided := `%"name":"billing","value":"` + f.Billing + `"%`
	switch f.Billing {
	case "":
	case "waived":
		condition, args = ` AND (d.body LIKE ? OR `+waivedSince+`)`, []any{decided}
	default:
		condition, args = ` AND d.body LIKE ? AND NOT `+waivedSince, []any{decided}
	}
	if f.Search != "" {
		pattern := like(strings.ToLower(f.Search))
		// A comment on a hold names the client whose visits are cancelled.
		condition += ` AND (LOWER(e.text) LIKE ? ESCAPE '\' OR LOWER(e.lane) LIKE ? ESCAPE '\' OR LOWER(e.customer) LIKE ? ESCAPE '\' OR LOWER(v.body) LIKE ? ESCAPE '\'
			OR e.event IN (SELECT o.event FROM entries o WHERE o.event IN (SELECT event FROM c) AND o.verb = 'post-comment' AND LOWER(o.text) LIKE ? ESCAPE '\'))`
		args = append(args, pattern, pattern, pattern, pattern, pattern)
	}
	return condition, args
}

// origins adds to each why and for whom it was cancelled.
func (s *Store) origins(ctx context.Context, all []Cancellation) error {
	var ids, names []string
	for _, c := range all {
		ids, names = append(ids, c.Decision), append(names, c.Event)
	}
	decisions, err := rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE id IN (`+s.db.list+`)`, ids)
	if err != nil {
		return err
	}
	events, err := rows(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.id IN (`+s.db.list+`)`, names)
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		for _, d := range decisions {
			if d.ID != c.Decision {
				continue
			}
			c.Because = d.Because
			if at := slices.IndexFunc(d.Facts, func(f rules.Fact) bool { return f.Name == "billing" }); at >= 0 {
				c.Billing = d.Facts[at]
			}
		}
		for _, e := range events {
			if e.ID == c.Event {
				c.Request, c.Author = e.Request, e.Author
			}
		}
	}
	return nil
}

// follow adds to each what became of it, and until when it can be restored.
func (s *Store) follow(ctx context.Context, all []Cancellation) error {
	var lanes []string
	for _, c := range all {
		lanes = append(lanes, c.Lane)
	}
	deadlines, err := rows(ctx, s.db, scanDeadline, `SELECT kind, subject, at, decision FROM deadlines WHERE kind = ? AND subject IN (`+s.db.list+`)`, rules.CancellationDue, lanes)
	if err != nil {
		return err
	}
	later, err := rows(ctx, s.db, scanEntry, `SELECT `+entryColumns+` FROM decisions d JOIN entries e ON e.decision = d.id
		WHERE d.subject IN (`+s.db.list+`) AND e.verb IN (`+quoted(laterVerbs)+`) AND e.state NOT IN ('dropped', 'stale', 'expired', 'shadow') ORDER BY e.id`, lanes)
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		for _, d := range deadlines {
			if d.Subject.String() == c.Lane {
				c.RestoreBy = d.At
			}
		}
		for _, e := range later {
			if e.Lane == c.Lane && e.ID > c.ID {
				c.Since = append(c.Since, e)
			}
		}
	}
	return nil
}
