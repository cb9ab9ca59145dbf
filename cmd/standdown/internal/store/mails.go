package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"standdown/rules"
)

// A KeptMail is an event that came by mail, with the mail as it came.
type KeptMail struct {
	Event
	Ref     string // where it was delivered
	Arrived time.Time
	Raw     []byte
}

const keptMailColumns = eventColumns + `, e.ref, e.arrived, r.bytes`

func scanKeptMail(r *sql.Rows) (m KeptMail, err error) {
	var id, kind, subject, body string
	var arrived int64
	if err := r.Scan(&id, &kind, &subject, &body, &m.State, &m.Generation, &m.Attempts, &m.Note, &m.Run, &m.Author, &m.Source, &m.Ref, &arrived, &m.Raw); err != nil {
		return m, err
	}
	if err := decode(body, &m.Event.Event); err != nil {
		return m, fmt.Errorf("event %s: %w", id, err)
	}
	m.ID, m.Kind, m.Arrived = id, kind, fromMS(arrived)
	return m, nil
}

// Doubtful returns the mails that were set aside, and those that were given to
// a person because of what is attached to them, oldest first. Among the latter
// are all that could not be taken apart.
func (s *Store) Doubtful(ctx context.Context) ([]KeptMail, error) {
	return rows(ctx, s.db, s.scanKeptMail, `SELECT `+keptMailColumns+` FROM raw r CROSS JOIN events e WHERE e.sha256 = r.sha256 AND e.sha256 <> '' AND (e.state = 'quarantined'
		OR e.state = 'decided' AND e.body LIKE '%"words":"attached"%') ORDER BY e.at, e.id`)
}

// Mail returns the mail of an event.
func (s *Store) Mail(ctx context.Context, event string) (KeptMail, error) {
	found, err := rows(ctx, s.db, s.scanKeptMail, `SELECT `+keptMailColumns+` FROM events e JOIN raw r ON r.sha256 = e.sha256 WHERE e.id = ?`, event)
	if err == nil && len(found) == 0 {
		err = s.withoutMail(ctx, event)
	}
	if err != nil {
		return KeptMail{}, err
	}
	return found[0], nil
}

// withoutMail tells why there is no mail of the event.
func (s *Store) withoutMail(ctx context.Context, event string) error {
	var arrived int64
	var sum string
	err := s.db.QueryRowContext(ctx, `SELECT arrived, sha256 FROM events WHERE id = ? AND sha256 <> ''`, event).Scan(&arrived, &sum)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("there is no mail %q", event)
	}
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	return fmt.Errorf("the mail %s of %s: %w (journal.retain.raw); its SHA-256 was %s, and what was decided is there: standdown rules explain %s",
		event, fromMS(arrived).Format(time.DateOnly), ErrRemoved, sum, event)
}

// errBusyMail is about a mail that need not be decided again.
var errBusyMail = errors.New("it is being decided; look again in a moment")

// Replay has an event decided again, as event now has it, and notes who wanted
// that. What was asked for before under the same keys is not asked for twice.
func (s *Store) Replay(ctx context.Context, event rules.Event, who string, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error {
		res, err := tx.ExecContext(ctx, `UPDATE events SET state = 'new', kind = ?, body = ?, generation = generation + 1, attempts = 0, not_before = 0, note = '', run = id
			WHERE id = ? AND state IN ('quarantined', 'decided')`, event.Kind, encode(event), event.ID)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("replaying %s: %w", event.ID, errBusyMail))
		}
		return act(ctx, tx, Act{At: now, Who: who, Act: "replay", Reason: event.ID})
	})
}
