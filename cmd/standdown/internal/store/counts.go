package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Counts is what waits in the journal.
type Counts struct {
	// Entries that are open, by state.
	Entries map[State]int
	// Oldest is when the oldest entry was made that needs nobody's help; zero
	// if there is none.
	Oldest time.Time
	// New events are to be decided, quarantined ones are for a person.
	New, Quarantined int
	// Kept is how many mails are still to be flagged or moved.
	Kept int
}

// Counts counts what waits. It looks at nothing that is through.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	c := Counts{Entries: map[State]int{Proposed: 0, Pending: 0, Sending: 0, Stuck: 0, Unknown: 0}}
	type group struct {
		state  State
		n      int
		oldest int64
	}
	groups, err := rows(ctx, s.db, func(r *sql.Rows) (g group, err error) {
		return g, r.Scan(&g.state, &g.n, &g.oldest)
	}, `SELECT state, COUNT(*), MIN(created) FROM entries WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown') GROUP BY state`)
	if err != nil {
		return c, err
	}
	for _, g := range groups {
		c.Entries[g.state] = g.n
		if at := fromMS(g.oldest); (g.state == Pending || g.state == Sending) && (c.Oldest.IsZero() || at.Before(c.Oldest)) {
			c.Oldest = at
		}
	}
	err = s.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM events WHERE state = 'new'),
		(SELECT COUNT(*) FROM events WHERE state = 'quarantined'), (SELECT COUNT(*) FROM housekeeping)`).Scan(&c.New, &c.Quarantined, &c.Kept)
	if err != nil {
		return c, fmt.Errorf("reading the journal: %w", err)
	}
	return c, nil
}
