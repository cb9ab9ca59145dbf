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
	// Oldest is when the oldest entry was made that is on its way and waits for
	// nobody, nor comes behind one that does; zero if there is none. OldestOf is
	// the same by system.
	Oldest   time.Time
	OldestOf map[string]time.Time
	// Approvals are the decisions of which something is proposed, and Asked is
	// when the oldest proposal was made; zero if there is none.
	Approvals int
	Asked     time.Time
	// New events are to be decided, quarantined ones are for a person. Happened
	// is when the oldest of the new ones happened; zero if there is none.
	New, Quarantined int
	Happened         time.Time
	// Kept is how many mails are still to be flagged or moved.
	Kept int
}

// Counts counts what waits. It looks at nothing that is through.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	c := Counts{Entries: map[State]int{Proposed: 0, Pending: 0, Sending: 0, Stuck: 0, Unknown: 0}, OldestOf: map[string]time.Time{}}
	type group struct {
		name   string
		n      int
		oldest int64
	}
	groups := func(query string) ([]group, error) {
		return rows(ctx, s.db, func(r *sql.Rows) (g group, err error) { return g, r.Scan(&g.name, &g.n, &g.oldest) }, query)
	}
	states, err := groups(`SELECT state, COUNT(*), MIN(created) FROM entries WHERE ` + isOpen("") + ` GROUP BY state`)
	if err != nil {
		return c, err
	}
	for _, g := range states {
		c.Entries[State(g.name)] = g.n
		if State(g.name) == Proposed {
			c.Asked = fromMS(g.oldest)
		}
	}
	// What is moving is told here from all that waits for a person, which is read
	// once: an event may have thousands of changes.
	waits := `state IN ('proposed', 'stuck', 'unknown') AND ` + isOpen("")
	systems, err := groups(`SELECT x.system, COUNT(*), MIN(x.created) FROM entries x
		LEFT JOIN (SELECT event || '' AS event, lane, MIN(id) AS first FROM entries WHERE ` + waits + ` GROUP BY event || '', lane) w
			ON w.event = x.event AND w.lane = x.lane AND w.first < x.id
		WHERE x.state IN ('pending', 'sending') AND (x.state = 'sending' OR w.event IS NULL
			AND (x.last = 0 OR x.event NOT IN (SELECT event || '' FROM entries WHERE ` + waits + ` AND last = 0)))
		GROUP BY x.system || '', x.system`)
	if err != nil {
		return c, err
	}
	for _, g := range systems {
		at := fromMS(g.oldest)
		c.OldestOf[g.name] = at
		if c.Oldest.IsZero() || at.Before(c.Oldest) {
			c.Oldest = at
		}
	}
	var happened int64
	err = s.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM events WHERE state = 'new'), (SELECT COALESCE(MIN(at), 0) FROM events WHERE state = 'new'),
		(SELECT COUNT(*) FROM events WHERE state = 'quarantined'), (SELECT COUNT(*) FROM housekeeping),
		(SELECT COUNT(DISTINCT decision || '') FROM entries WHERE state = 'proposed' AND `+isOpen("")+`)`).
		Scan(&c.New, &happened, &c.Quarantined, &c.Kept, &c.Approvals)
	if err != nil {
		return c, fmt.Errorf("reading the journal: %w", err)
	}
	c.Happened = fromMS(happened)
	return c, nil
}

// Happened returns when each of the events happened, by id. What the journal
// does not have is left out.
func (s *Store) Happened(ctx context.Context, events []string) (map[string]time.Time, error) {
	type event struct {
		id string
		at int64
	}
	found, err := rows(ctx, s.db, func(r *sql.Rows) (e event, err error) {
		return e, r.Scan(&e.id, &e.at)
	}, `SELECT id, at FROM events WHERE id IN (`+s.db.list+`)`, events)
	all := make(map[string]time.Time, len(found))
	for _, e := range found {
		all[e.id] = fromMS(e.at)
	}
	return all, err
}
