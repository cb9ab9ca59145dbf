package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// Waiting is a decision whose changes wait for a person.
type Waiting struct {
	Decision
	Entries []Entry // all of the decision, in order
}

// Waiting returns decisions with an entry that is proposed, stuck or unknown,
// oldest first. After is the first such entry of the last one of the page
// before, 0 for the first page. What operators are told follows from no decision.
func (s *Store) Waiting(ctx context.Context, after int64, limit int) ([]Waiting, error) {
	// Grouped by an expression, lest SQLite read all entries by decision.
	ids, err := rows(ctx, s.db, scanString, `SELECT MIN(decision) FROM entries WHERE state IN ('proposed', 'stuck', 'unknown') AND `+isOpen("")+` AND decision <> ''
		GROUP BY decision || '' HAVING MIN(id) > ? ORDER BY MIN(id) LIMIT CAST(? AS BIGINT)`, after, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	decisions, entries, err := s.withEntries(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Waiting, 0, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(decisions, func(d Decision) bool { return d.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("reading the journal: there is no decision %s, though it has entries", id)
		}
		all = append(all, Waiting{decisions[i], entries[id]})
	}
	return all, nil
}

// First is the first entry that waits, by which pages go on.
func (w Waiting) First() int64 {
	for _, e := range w.Entries {
		if e.State == Proposed || e.State == Stuck || e.State == Unknown {
			return e.ID
		}
	}
	return 0
}

// withEntries returns decisions by id, with their entries.
func (s *Store) withEntries(ctx context.Context, ids []string) ([]Decision, map[string][]Entry, error) {
	decisions, err := rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE id IN (`+s.db.list+`)`, ids)
	if err != nil {
		return nil, nil, err
	}
	entries, err := rows(ctx, s.db, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE e.decision IN (`+s.db.list+`) ORDER BY +e.id`, ids)
	if err != nil {
		return nil, nil, err
	}
	by := map[string][]Entry{}
	for _, e := range entries {
		by[e.Decision] = append(by[e.Decision], e)
	}
	return decisions, by, nil
}

// EventNamed returns the event of that id, or nil if there is none.
func (s *Store) EventNamed(ctx context.Context, id string) (*Event, error) {
	found, err := rows(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.id = ?`, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Aside returns the events in quarantine, oldest first.
func (s *Store) Aside(ctx context.Context, limit int) ([]Event, error) {
	return rows(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.state = 'quarantined' ORDER BY e.at, e.id LIMIT CAST(? AS BIGINT)`, limit)
}

// NextDeadlines returns the armed deadlines that come first.
func (s *Store) NextDeadlines(ctx context.Context, limit int) ([]Deadline, error) {
	return rows(ctx, s.db, scanDeadline, `SELECT kind, subject, at, decision FROM deadlines ORDER BY at, kind, subject LIMIT CAST(? AS BIGINT)`, limit)
}

func scanDeadline(r *sql.Rows) (d Deadline, err error) {
	var subject string
	var at int64
	err = r.Scan(&d.Kind, &subject, &at, &d.Decision)
	d.Subject, d.At = parseRef(subject), fromMS(at)
	return d, err
}

// A Tally is how often a row of a table decided.
type Tally struct {
	Table, Row string
	Times      int
}

// Tallies counts the decisions of the tables since the given time, by row. Rows
// that decided nothing are left out.
func (s *Store) Tallies(ctx context.Context, tables []string, since time.Time) ([]Tally, error) {
	var all []Tally
	for _, table := range tables { // each by itself: the index is by table
		found, err := rows(ctx, s.db, func(r *sql.Rows) (t Tally, err error) {
			return t, r.Scan(&t.Table, &t.Row, &t.Times)
		}, `SELECT tbl, row_id, COUNT(*) FROM decisions WHERE tbl = ? AND at >= ? GROUP BY tbl, row_id ORDER BY row_id`, table, ms(since))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// Applied counts the changes that are done of what the tables decided since the
// given time, by table.
func (s *Store) Applied(ctx context.Context, tables []string, since time.Time) (map[string]int, error) {
	all := map[string]int{}
	for _, table := range tables {
		var n int
		err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM decisions d JOIN entries e ON e.decision = d.id WHERE d.tbl = ? AND d.at >= ? AND e.state = 'done'`,
			table, ms(since)).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		all[table] = n
	}
	return all, nil
}

// A LoggedAct is an act with its number in the log.
type LoggedAct struct {
	ID int64 `json:"id"`
	Act
}

// An ActFilter chooses acts; empty fields choose all.
type ActFilter struct {
	Who, Act    string
	Since, Till time.Time // Till itself is not included
	Before      int64     // only those logged before the act of this number
	Limit       int
}

// ActLog returns acts, the latest first.
func (s *Store) ActLog(ctx context.Context, f ActFilter) ([]LoggedAct, error) {
	query, args := `SELECT id, at, who, act, entry, decision, reason FROM acts WHERE 1 = 1`, []any{}
	if f.Before > 0 {
		query, args = query+` AND id < ?`, append(args, f.Before)
	}
	if f.Who != "" {
		query, args = query+` AND LOWER(who) = LOWER(?)`, append(args, f.Who)
	}
	if f.Act != "" {
		query, args = query+` AND act = ?`, append(args, f.Act)
	}
	if !f.Since.IsZero() {
		query, args = query+` AND at >= ?`, append(args, ms(f.Since))
	}
	if !f.Till.IsZero() {
		query, args = query+` AND at < ?`, append(args, ms(f.Till))
	}
	return rows(ctx, s.db, func(r *sql.Rows) (a LoggedAct, err error) {
		var at int64
		err = r.Scan(&a.ID, &at, &a.Who, &a.Act.Act, &a.Entry, &a.Decision, &a.Reason)
		a.At = fromMS(at)
		return a, err
	}, query+` ORDER BY id DESC LIMIT CAST(? AS BIGINT)`, append(args, f.Limit)...)
}

// A Chapter is one event of a record's history, with what was decided about
// the record.
type Chapter struct {
	Event
	Decisions []Waiting
	Acts      []Act
}

// History returns what happened to the record, the latest first, as far as it
// was decided: ref is its id, or kind and id. Before is the first decision of the
// last chapter of the page before, empty for the first page.
func (s *Store) History(ctx context.Context, ref, before string, limit int) ([]Chapter, error) {
	query, args := `SELECT `+decisionColumns+` FROM decisions WHERE (subject = ? OR `+s.db.record+` = ?)`, []any{ref, ref}
	if before != "" {
		query, args = query+` AND (at, event, generation, n) < (SELECT at, event, generation, n FROM decisions WHERE id = ?)`, append(args, before)
	}
	decisions, err := rows(ctx, s.db, scanDecision, query+` ORDER BY at DESC, event DESC, generation DESC, n DESC LIMIT CAST(? AS BIGINT)`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	ids, names := make([]string, len(decisions)), make([]string, len(decisions))
	for i, d := range decisions {
		ids[i], names[i] = d.ID, d.Event
	}
	_, entries, err := s.withEntries(ctx, ids)
	if err != nil {
		return nil, err
	}
	acts, err := rows(ctx, s.db, scanAct, `SELECT at, who, act, entry, decision, reason FROM acts WHERE decision IN (`+s.db.list+`) ORDER BY id`, ids)
	if err != nil {
		return nil, err
	}
	events, err := rows(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.id IN (`+s.db.list+`)`, names)
	if err != nil {
		return nil, err
	}
	var all []Chapter
	for _, d := range decisions {
		last := len(all) - 1
		if last < 0 || all[last].ID != d.Event {
			chapter := Chapter{Event: Event{Event: rules.Event{ID: d.Event}}}
			if i := slices.IndexFunc(events, func(e Event) bool { return e.ID == d.Event }); i >= 0 {
				chapter.Event = events[i]
			}
			all, last = append(all, chapter), last+1
		}
		all[last].Decisions = slices.Insert(all[last].Decisions, 0, Waiting{d, entries[d.ID]})
		for _, a := range acts {
			if a.Decision == d.ID {
				all[last].Acts = append(all[last].Acts, a)
			}
		}
	}
	return all, nil
}

func scanAct(r *sql.Rows) (a Act, err error) {
	var at int64
	err = r.Scan(&at, &a.Who, &a.Act, &a.Entry, &a.Decision, &a.Reason)
	a.At = fromMS(at)
	return a, err
}

// like is a pattern for LIKE that finds the text anywhere.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// DeadlinesOf returns the armed deadlines about the subject.
func (s *Store) DeadlinesOf(ctx context.Context, subject string) ([]Deadline, error) {
	return rows(ctx, s.db, scanDeadline, `SELECT kind, subject, at, decision FROM deadlines WHERE subject = ? ORDER BY at, kind`, subject)
}
