package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
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

// moving is the condition for an entry, by its alias in the query, to be on
// its way: it is being sent, or will be without anybody's help. One that comes
// behind another that waits for a person is not.
func moving(entry string) string {
	return strings.ReplaceAll(`(x.state = 'sending' OR x.state = 'pending'
		AND NOT EXISTS (SELECT 1 FROM entries w WHERE w.lane = x.lane AND w.id < x.id AND w.event || '' = x.event AND w.state IN ('proposed', 'stuck', 'unknown') AND w.`+isOpen+`)
		AND NOT (x.last = 1 AND EXISTS (SELECT 1 FROM entries w WHERE w.event = x.event AND w.last = 0 AND w.state IN ('proposed', 'stuck', 'unknown'))))`, "x.", entry+".")
}

// heads is the condition for an entry e to be next: nothing earlier of its lane
// is on its way, nothing earlier of its lane and event is open at all, and if
// it comes last, nothing else of its event is. What waits for a person does
// not hold up later events, which were decided on newer facts; nor does what is
// only said in another system, such as a mail that waits for the morning.
var heads = `NOT EXISTS (SELECT 1 FROM entries p WHERE p.lane = e.lane AND p.id < e.id
		AND p.state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown')
		AND (p.event = e.event OR (p.weighs = 1 OR p.system = e.system) AND ` + moving("p") + `))
	AND NOT (e.last = 1 AND EXISTS (SELECT 1 FROM entries p WHERE p.event = e.event AND p.last = 0
		AND p.state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown')))`

// rest are the entries that were to follow the entry ?: those of the same
// event and lane that come later.
const rest = `id > ? AND event = (SELECT event FROM entries WHERE id = ?) AND lane = (SELECT lane FROM entries WHERE id = ?)`

// Claim takes up to limit entries of the system that are due, each the head of
// its lane, for the caller alone until the lease ends. Customers take turns.
// Nothing is due while a brake is on, or some of its run is undecided. What was
// put off by a clock that has been set back since, by more than a lease, is due.
// An entry whose lease ended without an outcome is claimed again with Doubt. The
// token is needed to settle them. Mail that tells operators something is due
// even while all writing is paused.
func (s *Store) Claim(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) (entries []Entry, token string, err error) {
	return s.claim(ctx, system, limit, now, lease, "")
}

// ClaimNotices is Claim for what operators are told, alone.
func (s *Store) ClaimNotices(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) (entries []Entry, token string, err error) {
	return s.claim(ctx, system, limit, now, lease, `AND e.verb = 'tell-operators'`)
}

// ClaimRun returns what is Claim for the entries of one run.
func (s *Store) ClaimRun(run string) func(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) ([]Entry, string, error) {
	return func(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) ([]Entry, string, error) {
		return s.claim(ctx, system, limit, now, lease, `AND e.run = ?`, run)
	}
}

func (s *Store) claim(ctx context.Context, system string, limit int, now time.Time, lease time.Duration, only string, of ...any) (entries []Entry, token string, err error) {
	token = rand.Text()
	args := slices.Concat([]any{token, ms(now.Add(lease)), ms(now), system}, of, []any{ms(now), ms(now.Add(lease)), ms(now), limit})
	err = s.inTx(ctx, func(tx conn) error {
		entries, err = rows(ctx, tx, scanEntry, `UPDATE entries AS e SET
				doubt = CASE WHEN e.state = 'sending' THEN 1 ELSE e.doubt END,
				state = 'sending', attempts = e.attempts + 1, lease = ?, lease_until = ?, updated = ?
			WHERE e.id IN (SELECT e.id FROM entries e WHERE e.system = ? `+only+` AND e.state IN ('pending', 'sending')
				AND (e.state = 'pending' AND (e.not_before <= ? OR e.updated > ?) OR e.state = 'sending' AND e.lease_until <= ?)
				AND NOT EXISTS (SELECT 1 FROM events r WHERE r.run = e.run AND r.state = 'new' AND r.apart = 0)
				AND NOT EXISTS (SELECT 1 FROM brakes b WHERE b.name = e.system OR b.name = 'all' AND NOT (e.system = 'mail' AND e.verb = 'tell-operators'))
				AND `+heads+` ORDER BY e.turn, e.id LIMIT ?)
			RETURNING `+strings.ReplaceAll(entryColumns, "e.", ""), args...)
		slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
		return err
	})
	return entries, token, err
}

// A Settlement says what became of a claimed entry.
type Settlement struct {
	ID      int64
	Signal  Signal // Applied, Failed, Lost, Refused, Guess or Changed
	Why     string // an error's text; empty if applied
	Spared  bool   // the attempt does not count: the fault was not the entry's
	NotSoon time.Time
	Outcome Outcome
	// Answered tells that the system took or refused it: it can be written to.
	Answered bool
	// Brake is of which kind the brake is that kept it back, if one has; Why says
	// more.
	Brake string
}

// Settle stores what became of claimed entries. One whose lease has been taken
// over meanwhile is left alone. Changed makes what was to follow it stale and has
// the event decided again.
func (s *Store) Settle(ctx context.Context, token string, settlements []Settlement, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error {
		if err := noteBrakes(ctx, tx, settlements, now); err != nil {
			return err
		}
		var applied []int64
		for _, st := range settlements {
			next, err := after(Sending, st.Signal)
			if err != nil {
				return err
			}
			result, also := "", ""
			switch st.Signal {
			case Applied:
				result, also = encode(st.Outcome), ", doubt = 0"
				applied = append(applied, st.ID)
			case Lost:
				also = ", doubt = 1"
			}
			if st.Spared {
				also += ", attempts = attempts - 1"
			}
			res, err := tx.ExecContext(ctx, `UPDATE entries SET state = ?, why = ?, not_before = ?, result = ?, lease = '', lease_until = 0, updated = ?`+also+`
				WHERE id = ? AND state = 'sending' AND lease = ?`,
				string(next), st.Why, ms(st.NotSoon), result, ms(now), st.ID, token)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 || st.Signal != Changed {
				if err != nil {
					return err
				}
				continue
			}
			if err := again(ctx, tx, st.ID, now); err != nil {
				return err
			}
		}
		return takeBack(ctx, tx, applied)
	})
}

// again makes what was to follow the entry, or to come last, stale and its
// event new.
func again(ctx context.Context, tx conn, entry int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = 'stale', why = 'the record had changed; decided again', updated = ?
		WHERE state IN (`+quoted(from(Changed))+`) AND state <> 'sending'
		AND (`+rest+` OR last = 1 AND event = (SELECT event FROM entries WHERE id = ?))`, ms(now), entry, entry, entry, entry); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE events SET state = 'new', generation = generation + 1, not_before = 0,
			run = CASE WHEN substr(run, 1, 5) = '`+planRun+`' THEN '`+planRun+`' || id ELSE id END
		WHERE id = (SELECT event FROM entries WHERE id = ?) AND state = 'decided'`, entry)
	return err
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
		ORDER BY e.id LIMIT ?`, entry, most)
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
			query += ` AND e.` + isOpen
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
		query, args = query+` LIMIT ?`, append(args, f.Limit)
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
			attempts, doubt, not_before, lease, lease_until, turn, expires, undoes, result, created, updated)
		VALUES (?, ?, (SELECT subject FROM events WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, 0, (SELECT COUNT(*) FROM notes n, events e WHERE n.name = 'restored' AND e.id = ? AND e.at <= CAST(n.value AS BIGINT)),
			0, '', 0, ?, ?, ?, '', ?, ?) ON CONFLICT DO NOTHING`,
		w.Change.Key, r.event, r.event, r.decision, r.rule, r.run, r.customer, r.maker, r.lane, r.last, weighs(r), w.System, w.Verb, encode(w.Change), w.Text, string(w.State), w.Why, r.event,
		r.turn, ms(w.Expires), r.undoes, ms(r.created), ms(r.created))
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
			(SELECT COALESCE(MIN(turn), 0) FROM entries WHERE system = ? AND state IN ('pending', 'sending')),
			(SELECT COALESCE(MAX(turn), 0) FROM entries WHERE customer = ? AND state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown'))`,
			system, customer).Scan(&now, &last)
		if err != nil {
			return 0, fmt.Errorf("reading the journal: %w", err)
		}
		t[key] = max(now, last)
	}
	t[key]++
	return t[key], nil
}
