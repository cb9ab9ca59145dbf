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

// Unsettled returns those of the records about which something is still to be
// decided, or that are on their way to be changed: what is decided about them next
// will be decided on another world than today's.
func (s *Store) Unsettled(ctx context.Context, records []rules.Ref) (map[rules.Ref]bool, error) {
	names := make([]string, len(records))
	for i, ref := range records {
		names[i] = ref.String()
	}
	found, err := rows(ctx, s.db, scanString, `SELECT DISTINCT subject FROM events WHERE subject IN (`+s.db.list+`) AND state = 'new'
		UNION SELECT x.lane FROM entries x WHERE x.lane IN (`+s.db.list+`) AND `+isOpen("x")+` AND x.weighs = 1 AND `+moving("x"), names, names)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	all := make(map[rules.Ref]bool, len(found))
	for _, name := range found {
		all[parseRef(name)] = true
	}
	return all, nil
}
