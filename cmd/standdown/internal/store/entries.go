package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// An Entry is one change in the outbox.
type Entry struct {
	ID       int64             `json:"id"`
	Key      string            `json:"key"`
	Event    string            `json:"event"`
	Decision string            `json:"decision"`
	Lane     string            `json:"lane"` // the decision's subject; changes of one lane are applied in order
	Last     bool              `json:"-"`    // it comes after all others of its event
	System   string            `json:"system"`
	Verb     string            `json:"verb"`
	Change   connectors.Change `json:"change"`
	Text     string            `json:"text"`
	State    State             `json:"state"`
	Why      string            `json:"why,omitempty"`
	Attempts int               `json:"attempts"`
	Doubt    bool              `json:"doubt,omitempty"`
	NotSoon  time.Time         `json:"not_before,omitzero"`
	Result   Outcome           `json:"result,omitzero"`
	Run      string            `json:"run"`
	Checker  string            `json:"approved_by,omitempty"`
	Expires  time.Time         `json:"expires,omitzero"` // if it is proposed
	Undoes   int64             `json:"undoes,omitempty"` // the entry that it takes back
	Created  time.Time         `json:"created"`
	Updated  time.Time         `json:"updated"`
}

// An Outcome is what an applied change left behind.
type Outcome struct {
	Ref     connectors.Ref `json:"ref,omitzero"`
	Already bool           `json:"already,omitempty"`
	Before  map[string]any `json:"before,omitempty"`
}

const entryColumns = `e.id, e.key, e.event, e.decision, e.lane, e.last, e.system, e.verb, e.change, e.text, e.state, e.why, e.attempts, e.doubt, e.not_before, e.result, e.run, e.checker, e.expires, e.undoes, e.created, e.updated`

func scanEntry(r *sql.Rows) (Entry, error) {
	var e Entry
	var change, result string
	var last, doubt, notBefore, expires, created, updated int64
	if err := r.Scan(&e.ID, &e.Key, &e.Event, &e.Decision, &e.Lane, &last, &e.System, &e.Verb, &change, &e.Text, &e.State, &e.Why,
		&e.Attempts, &doubt, &notBefore, &result, &e.Run, &e.Checker, &expires, &e.Undoes, &created, &updated); err != nil {
		return e, err
	}
	e.Last = last == 1
	e.Doubt, e.NotSoon, e.Created, e.Updated = doubt == 1, fromMS(notBefore), fromMS(created), fromMS(updated)
	if e.State == Proposed {
		e.Expires = fromMS(expires)
	}
	err := errors.Join(decode(change, &e.Change), decode(result, &e.Result))
	e.Change.Doubt = e.Doubt
	return e, err
}

// LeftUndone returns, for an entry that comes after all others of its event,
// which changes of records the event asked for and people or settings have kept
// from being done, most at most, each in a line with the reason. What lapsed and
// was asked for again later does not count. It is empty for other entries.
func (s *Store) LeftUndone(ctx context.Context, entry int64, most int) ([]string, error) {
	return rows(ctx, s.db, func(r *sql.Rows) (line string, err error) {
		var text, why string
		err = r.Scan(&text, &why)
		return text + " (" + why + ")", err
	}, `SELECT e.text, e.why FROM entries e JOIN entries l ON l.event = e.event AND l.decision <> e.decision
		WHERE l.id = ? AND l.last = 1 AND e.weighs = 1 AND e.state IN ('dropped', 'expired', 'shadow')
		AND NOT EXISTS (SELECT 1 FROM entries o WHERE o.key = e.key AND o.id > e.id AND o.state NOT IN ('stale', 'expired'))
		ORDER BY e.id LIMIT CAST(? AS BIGINT)`, entry, most)
}

// ErrNotMade is about a record that an entry should have made, and that is not
// there or not known.
var ErrNotMade = errors.New("the record was not made, or nobody here knows which it is")

// MadeBy returns the record that the entry with the key made. The error is
// ErrNotMade if it never will, or if a person confirmed that it is in force.
func (s *Store) MadeBy(ctx context.Context, key string) (connectors.Ref, error) {
	var body string
	var state State
	var o Outcome
	err := s.db.QueryRowContext(ctx, `SELECT state, result FROM entries WHERE key = ? AND state NOT IN ('stale', 'expired')`, key).Scan(&state, &body)
	if err == nil {
		err = decode(body, &o)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && (state == Dropped || state == Shadow), err == nil && state == Done && o.Ref.ID == "":
		err = ErrNotMade
	case err == nil && state != Done:
		err = fmt.Errorf("it is %s", state)
	}
	if err != nil {
		return connectors.Ref{}, fmt.Errorf("looking for what change %s made: %w", key, err)
	}
	return o.Ref, nil
}

// A Filter chooses entries; empty fields choose all.
type Filter struct {
	ID       int64
	States   []State
	Decision string
	Event    string
	Hold     string // what the hold of this name holds
	After    int64  // only those made after the entry of this number
	Limit    int    // 0 for all
}

// Entries returns entries, oldest first.
func (s *Store) Entries(ctx context.Context, f Filter) ([]Entry, error) {
	query, args := `SELECT `+entryColumns+` FROM entries e WHERE 1 = 1`, []any{}
	if len(f.States) > 0 {
		query += ` AND e.state IN (` + quoted(f.States) + `)`
		if allOpen(f.States) {
			query += ` AND ` + isOpen("e")
		}
	}
	if f.ID != 0 {
		query, args = query+` AND e.id = ?`, append(args, f.ID)
	}
	if f.Decision != "" {
		query, args = query+` AND e.decision = ?`, append(args, f.Decision)
	}
	if f.Event != "" {
		query, args = query+` AND e.event = ?`, append(args, f.Event)
	}
	if f.Hold != "" {
		query, args = query+` AND e.state = 'proposed' AND EXISTS (SELECT 1 FROM holds h WHERE h.id = ? AND h.run = e.run AND h.why = e.why)`, append(args, f.Hold)
	}
	if f.Limit > 0 && !f.narrow() {
		query += ` AND e.id > ? ORDER BY e.id`
	} else {
		query += ` AND +e.id > ? ORDER BY +e.id` // the plus keeps SQLite from reading all of them in that order
	}
	args = append(args, f.After)
	if f.Limit > 0 {
		query, args = query+` LIMIT CAST(? AS BIGINT)`, append(args, f.Limit)
	}
	return rows(ctx, s.db, scanEntry, query, args...)
}

// narrow tells whether an index leads to what the filter chooses.
func (f Filter) narrow() bool {
	return f.ID != 0 || f.Decision != "" || f.Event != "" || f.Hold != "" || len(f.States) > 0 && allOpen(f.States)
}

func quoted[T ~string](all []T) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("'" + string(s) + "'")
	}
	return b.String()
}

func orList(all []State) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, " or ")
}

func parseRef(s string) rules.Ref {
	kind, id, _ := strings.Cut(s, " ")
	return rules.Ref{Kind: kind, ID: id}
}

type entryRow struct {
	write                                      Write
	event, run, decision, rule, lane, customer string
	maker                                      string
	last                                       int
	turn, undoes                               int64
	created                                    time.Time
}

// insertEntry puts a change into the outbox, unless one with its key is there.
// About what happened before the journal was restored, nobody knows here
// whether it was done: it has doubt.
func insertEntry(ctx context.Context, tx conn, r entryRow) error {
	w := r.write
	_, err := tx.ExecContext(ctx, `INSERT INTO entries (key, event, subject, decision, rule, run, customer, maker, lane, last, weighs, checker, system, verb, change, text, state, why,
			attempts, doubt, not_before, lease, lease_until, turn, expires, undoes, result, created, updated, gives, gives_from, gives_until)
		VALUES (?, ?, (SELECT subject FROM events WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, 0, (SELECT COUNT(*) FROM notes n, events e WHERE n.name = 'restored' AND e.id = ? AND e.at <= CAST(n.value AS BIGINT)),
			0, '', 0, ?, ?, ?, '', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		w.Change.Key, r.event, r.event, r.decision, r.rule, r.run, r.customer, r.maker, r.lane, r.last, weighs(r), w.System, w.Verb, encode(w.Change), w.Text, string(w.State), w.Why, r.event,
		r.turn, ms(w.Expires), r.undoes, ms(r.created), ms(r.created), w.Gives.ID, ms(w.Gives.Start), ms(w.Gives.End))
	return err
}

// turns hands out turns: one who has nothing in the outbox begins where the
// others are now, and each further entry comes one turn later. So a customer
// with ten thousand changes does not make the next one wait for all of them.
type turns map[[2]string]int64

func (t turns) next(ctx context.Context, tx conn, system, customer string) (int64, error) {
	key := [2]string{system, customer}
	if _, known := t[key]; !known {
		var now, last int64
		err := tx.QueryRowContext(ctx, `SELECT
			(SELECT COALESCE(MIN(turn), 0) FROM entries WHERE system = CAST(? AS TEXT) AND state IN ('pending', 'sending')),
			(SELECT COALESCE(MAX(turn), 0) FROM entries WHERE customer = ? AND `+isOpen("")+`)`,
			system, customer).Scan(&now, &last)
		if err != nil {
			return 0, fmt.Errorf("reading the journal: %w", err)
		}
		t[key] = max(now, last)
	}
	t[key]++
	return t[key], nil
}
