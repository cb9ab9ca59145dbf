package store

import (
	"context"
	"fmt"
)

// InHand reports whether what arrived from the source is dealt with already:
// something about the event's subject is open in the outbox, the event is in the
// journal, or one of the same record with the same watched values is. It may be
// asked beside a daemon.
func (s *Store) InHand(ctx context.Context, source string, a Arrival) (bool, error) {
	return inHand(ctx, s.db, source, a)
}

func inHand(ctx context.Context, c conn, source string, a Arrival) (bool, error) {
	subject := a.Event.Subject.String()
	var n int
	err := c.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM entries WHERE subject = ? AND `+isOpen+`)
		+ (SELECT COUNT(*) FROM events WHERE id = ?)
		+ (SELECT COUNT(*) FROM events e WHERE e.subject = ? AND e.kind = ? AND e.source = ? AND e.ref = ?
			AND EXISTS (SELECT 1 FROM seen s WHERE s.source = ? AND s.ref = ? AND s.watched = ?))`,
		subject, a.Event.ID, subject, a.Event.Kind, source, a.Ref.String(), source, a.Ref.String(), a.Watched).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("reading the journal: %w", err)
	}
	return n > 0, nil
}
