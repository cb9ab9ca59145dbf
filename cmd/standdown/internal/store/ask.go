package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"standdown/rules"
)

// Ask journals what e.By of the back office asks for, to be decided by the rules
// like anything that was read, in a run of its own. They are its author: what
// needs approval of it is approved by somebody else. The act is journaled with
// the reason given, about the first decision that will come of it. An event of
// the same id is not asked for twice: then nothing is changed.
func (s *Store) Ask(ctx context.Context, e rules.Event, now time.Time) error {
	if strings.TrimSpace(e.By) == "" {
		return fmt.Errorf("event %s: nobody is named who asks for it", e.ID)
	}
	return s.inTx(ctx, func(tx conn) error {
		n, err := insertEvent(ctx, tx, eventRow{
			id: e.ID, kind: e.Kind, subject: e.Subject.String(), at: e.At, body: encode(e), state: New, arrived: now, author: e.By, run: e.ID,
		})
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if n == 0 {
			return nil
		}
		return act(ctx, tx, Act{At: now, Who: e.By, Act: "ask", Decision: DecisionID(e.ID, 0, 0), Reason: e.Reason})
	})
}

// Unsettled reports whether something about the record is still to be decided, or
// on its way to be changed: what is decided about it next will be decided on
// another world than today's.
func (s *Store) Unsettled(ctx context.Context, record rules.Ref) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM events WHERE subject = ? AND state = 'new')
		+ (SELECT COUNT(*) FROM entries x WHERE x.lane = ? AND x.`+isOpen+` AND x.weighs = 1 AND `+moving("x")+`)`,
		record.String(), record.String()).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("reading the journal: %w", err)
	}
	return n > 0, nil
}
