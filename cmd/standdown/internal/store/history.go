package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// isOpen is the condition for an entry, by its alias in the query, to be not yet
// settled, in the very words of the indexes of such entries: SQLite uses them
// for no others. Five comparisons and not IN: for a list of more than two SQLite
// makes a table each time that it writes an entry, once for each index and for
// what the entry was and is: six of them for each change of a state.
func isOpen(entry string) string {
	column := "state"
	if entry != "" {
		column = entry + ".state"
	}
	return strings.ReplaceAll(`(state = 'proposed' OR state = 'pending' OR state = 'sending' OR state = 'stuck' OR state = 'unknown')`, "state", column)
}

func allOpen(states []State) bool {
	return !slices.ContainsFunc(states, func(s State) bool { return !strings.Contains(isOpen(""), "'"+string(s)+"'") })
}

// A Decision is a decision as the journal holds it.
type Decision struct {
	rules.Decision
	ID         string    `json:"id"`
	Event      string    `json:"event"`
	Generation int       `json:"generation"`
	At         time.Time `json:"at"`
}

const decisionColumns = `id, event, generation, at, body`

func scanDecision(r *sql.Rows) (d Decision, err error) {
	var at int64
	var body string
	if err := r.Scan(&d.ID, &d.Event, &d.Generation, &at, &body); err != nil {
		return d, err
	}
	d.At = fromMS(at)
	return d, decode(body, &d.Decision)
}

// Decisions returns the decisions with that id, or of that event, or about
// that subject ("workflow a01..." or just the record's id), oldest first.
func (s *Store) Decisions(ctx context.Context, name string) ([]Decision, error) {
	return rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions
		WHERE id = ? OR event = ? OR subject = ? OR `+s.db.record+` = ? ORDER BY at, event, generation, n`, name, name, name, name)
}

// Mails returns the mails of the outbox that went out since, or may have.
func (s *Store) Mails(ctx context.Context, since time.Time) ([]Entry, error) {
	return rows(ctx, s.db, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE e.system = 'mail' AND e.updated >= ?
		AND (e.state IN ('done', 'unknown') OR e.doubt = 1) ORDER BY +e.id`, ms(since))
}

// Events returns events in one of the states, oldest first.
func (s *Store) Events(ctx context.Context, states ...EventState) ([]Event, error) {
	return rows(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.state IN (`+quoted(states)+`) ORDER BY e.at, e.id`)
}

// Quiet reports whether nothing is left to do that the daemon could do by
// itself.
func (s *Store) Quiet(ctx context.Context) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM events WHERE state = 'new')
		+ (SELECT COUNT(*) FROM entries x WHERE x.state IN ('pending', 'sending') AND `+moving("x")+`) + (SELECT COUNT(*) FROM housekeeping)`).Scan(&n)
	return n == 0, err
}
