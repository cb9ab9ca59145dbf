package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// An Event is something that happened, as the journal holds it.
type Event struct {
	rules.Event
	State      EventState
	Generation int
	Attempts   int
	Note       string
	Run        string
	Author     string
	Answer     *Answer // set if its kind is KindAnswer
	Source     string  // where it was read; empty for what time or a person brought about
}

// A Verdict is what became of an event, to be stored in one transaction.
type Verdict struct {
	Event     Event
	Snapshot  rules.Snapshot
	Settings  rules.Settings
	Decisions []rules.Decision
	// Writes are the changes of each decision, in order.
	Writes [][]Write
	// Customer is whose affairs it is about; empty if that is not known.
	Customer string
	Ceilings Ceilings
	// CompareAt is when what is left undone is compared with what people did.
	CompareAt time.Time
	// Clerk words what people are told in cases; nil if they do not answer there.
	// AskInCases has them asked there for the approval of what is proposed.
	Clerk      Clerk
	AskInCases bool
}

// A Write is a change on its way into the outbox.
type Write struct {
	System string            `json:"system"`
	Verb   string            `json:"verb"`
	Change connectors.Change `json:"change"`
	Text   string            `json:"text"`
	State  State             `json:"state"`         // Proposed, Pending, Shadow, or Dropped if the verb is off
	Why    string            `json:"why,omitempty"` // why it is not Pending
	// Gives is who is given something by it (its ID) and the time that takes them,
	// with the way there; a verdict with it is not stored while changes that name
	// them are on their way, and neither stored nor approved if they were given
	// something else for that time since it was decided.
	Gives rules.Span `json:"-"`
	// Expires is when it lapses if it is or becomes Proposed and nobody has
	// approved it; zero for never.
	Expires time.Time `json:"expires,omitzero"`
}

// decidable is the condition for an event e to be decided now, its parameter
// the time: it is the oldest about its subject, and no changes that earlier
// events asked for on the same subject are still on their way, for it would
// see a world half changed.
var decidable = `e.not_before <= ?
	AND NOT EXISTS (SELECT 1 FROM events p WHERE p.subject = e.subject AND p.state = 'new' AND (p.at < e.at OR p.at = e.at AND p.id < e.id))
	AND NOT EXISTS (SELECT 1 FROM entries x WHERE x.subject = e.subject AND ` + isOpen("x") + ` AND ` + moving("x") + `)`

// Undecided returns events to be decided, oldest first, at most one for each
// subject.
func (s *Store) Undecided(ctx context.Context, now time.Time, limit int) ([]Event, error) {
	return rows(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM events e
		WHERE e.state = 'new' AND `+decidable+` ORDER BY e.at, e.id LIMIT CAST(? AS BIGINT)`, ms(now), limit)
}

// Disband has the other events of its run not wait for one that cannot be
// decided now: they can be delivered. It still counts towards the ceilings of
// its run. It reports whether there was such an event.
func (s *Store) Disband(ctx context.Context, now time.Time) (some bool, err error) {
	const apart = `e.state = 'new' AND e.apart = 0`
	var waiting int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM events e WHERE `+apart+` LIMIT 1) t`).Scan(&waiting); err != nil || waiting == 0 {
		return false, err
	}
	err = s.inTxSoon(ctx, func(tx conn) error {
		res, err := tx.ExecContext(ctx, `UPDATE events AS e SET apart = 1 WHERE `+apart+` AND NOT (`+decidable+`)`, ms(now))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		some = n > 0
		return err
	})
	return some, err
}

const eventColumns = `e.id, e.kind, e.subject, e.body, e.state, e.generation, e.attempts, e.note, e.run, e.author, e.source`

func scanEvent(r *sql.Rows) (Event, error) {
	var e Event
	var id, kind, subject, body string
	if err := r.Scan(&id, &kind, &subject, &body, &e.State, &e.Generation, &e.Attempts, &e.Note, &e.Run, &e.Author, &e.Source); err != nil {
		return e, err
	}
	err := decode(body, &e.Event)
	if err == nil && kind == KindAnswer {
		e.Answer = &Answer{}
		err = decode(body, &answered{Answer: e.Answer})
	}
	if err != nil {
		return e, fmt.Errorf("event %s: %w", id, err)
	}
	e.ID, e.Kind = id, kind
	return e, nil
}

// Superseded reports whether a later event of the same kind about the same
// subject has been decided: then there is nothing left to decide for this one.
func (s *Store) Superseded(ctx context.Context, e Event) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE subject = ? AND kind = ? AND state = 'decided' AND at > ? AND id <> ?`,
		e.Subject.String(), e.Kind, ms(e.At), e.ID).Scan(&n)
	return n > 0, err
}

// Commit stores a verdict: the event as it was decided, the situation, the
// decisions, what they remember, their deadlines and their changes. A change
// that is in the outbox already under the same key is not put there twice. What
// is said or done about the event's own subject comes after the changes to all
// other subjects, so that nobody is told of what has not been done. If the run
// passes a ceiling with it, all that the run still asks for is held, see
// [Ceilings]. What waits of earlier events of the same kind about the same
// subject becomes stale: this one was decided on newer facts. So does what
// waits of the event itself, from when it was decided before, and is not asked
// for again.
//
// Now is from before the world was looked at. The error is ErrBusy while changes
// that other events asked for are on their way to a record that the verdict is
// about, or concern a worker to whom it gives a visit, and if they arrived since
// now: it was decided on a world that is about to be out of date, or is. It is
// ErrOvertaken if the event has been decided meanwhile.
func (s *Store) Commit(ctx context.Context, v Verdict, now time.Time) error {
	return s.inTxSoon(ctx, func(tx conn) error {
		if err := ripe(ctx, tx, v, now); err != nil {
			return err
		}
		if err := commit(ctx, tx, v, now); err != nil {
			return err
		}
		return inCases(ctx, tx, v, now)
	})
}

func commit(ctx context.Context, tx conn, v Verdict, now time.Time) error {
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	e := v.Event
	if err := exec(`INSERT INTO situations (event, generation, at, snapshot, settings) VALUES (?, ?, ?, ?, ?)`,
		e.ID, e.Generation, ms(now), encode(v.Snapshot), encode(v.Settings)); err != nil {
		return err
	}
	if err := exec(`UPDATE entries SET state = 'stale', why = 'a later change was decided', updated = ? WHERE state IN ('proposed', 'stuck', 'pending')
		AND `+isOpen("")+` AND subject = ? AND event <> ? AND ? = (SELECT kind FROM events WHERE id = entries.event)`,
		ms(now), e.Subject.String(), e.ID, e.Kind); err != nil {
		return err
	}
	if err := exec(`UPDATE entries SET state = 'stale', why = 'decided again, and no longer asked for', updated = ? WHERE state IN ('proposed', 'stuck', 'pending')
		AND `+isOpen("")+` AND event = ? AND key NOT IN (`+tx.list+`)`, ms(now), e.ID, keys(v.Writes)); err != nil {
		return err
	}
	customer := cmp.Or(v.Customer, e.Subject.String())
	turns, undone := turns{}, v.undone()
	for n, d := range v.Decisions {
		id := DecisionID(e.ID, e.Generation, n)
		if err := exec(`INSERT INTO decisions (id, event, generation, n, at, tbl, row_id, subject, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, e.ID, e.Generation, n, ms(now), d.Table, d.Row, d.Subject.String(), encode(d)); err != nil {
			return err
		}
		if d.Withdraws {
			if err := exec(`UPDATE entries SET state = 'dropped', why = ?, updated = ? WHERE lane = ? AND event <> ? AND state IN (`+quoted(from(Drop))+`) AND state <> 'unknown' AND `+isOpen(""),
				"withdrawn by decision "+id, ms(now), d.Subject.String(), e.ID); err != nil {
				return err
			}
		}
		kept := d.Remember
		if undone[d.Subject] {
			kept = unpresumed(d)
		}
		if err := remember(ctx, tx, d.Subject, kept, e.ID); err != nil {
			return err
		}
		for _, dl := range d.Deadlines {
			if err := setDeadline(ctx, tx, dl, id); err != nil {
				return err
			}
		}
		last := 0
		if d.Subject == e.Subject {
			last = 1
		}
		for _, w := range v.Writes[n] {
			turn, err := turns.next(ctx, tx, w.System, customer)
			if err != nil {
				return err
			}
			if err := insertEntry(ctx, tx, entryRow{
				write: w, event: e.ID, run: e.Run, decision: id, rule: ruleName(d), lane: d.Subject.String(), last: last,
				customer: customer, maker: e.Author, turn: turn, created: now,
			}); err != nil {
				return err
			}
		}
	}
	if err := shadow(ctx, tx, v, now); err != nil {
		return err
	}
	if err := contain(ctx, tx, v, customer, now); err != nil {
		return err
	}
	if err := linkDecisions(ctx, tx, e.ID, e.Generation); err != nil {
		return err
	}
	return exec(`UPDATE events SET state = 'decided', kind = ?, body = ?, note = '', attempts = 0 WHERE id = ?`, e.Kind, encode(e.Event), e.ID)
}

func keys(writes [][]Write) []string {
	all := []string{}
	for _, of := range writes {
		for _, w := range of {
			all = append(all, w.Change.Key)
		}
	}
	return all
}

// DecisionID is what people call a decision. It is the same when the same
// generation of an event is decided again after a crash.
func DecisionID(event string, generation, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", event, generation, n))
	return "D" + hex.EncodeToString(sum[:5])
}

// Postpone has events decided again not before the given time, apart from their
// run, see [Store.Disband]. Like Wait, Quarantine and Ignore it changes nothing
// of an event that is no longer the same generation to be decided: a daemon that
// was overtaken has no say.
func (s *Store) Postpone(ctx context.Context, events []Event, note string, notBefore time.Time) error {
	return s.setUndecided(ctx, events, `attempts = attempts + 1, note = ?, not_before = ?, apart = 1`, note, ms(notBefore))
}

// Wait has the event decided not before the given time, without counting it as
// an attempt that went wrong.
func (s *Store) Wait(ctx context.Context, e Event, notBefore time.Time) error {
	return s.setUndecided(ctx, []Event{e}, `not_before = ?, apart = 1`, ms(notBefore))
}

// Quarantine sets the event aside for a person.
func (s *Store) Quarantine(ctx context.Context, e Event, note string) error {
	return s.setUndecided(ctx, []Event{e}, `state = 'quarantined', note = ?`, note)
}

// Ignore ends an event without a decision.
func (s *Store) Ignore(ctx context.Context, e Event, note string) error {
	return s.setUndecided(ctx, []Event{e}, `state = 'ignored', note = ?`, note)
}

func (s *Store) setUndecided(ctx context.Context, events []Event, set string, args ...any) error {
	return s.inTxSoon(ctx, func(tx conn) error {
		for _, e := range events {
			_, err := tx.ExecContext(ctx, `UPDATE events SET `+set+` WHERE id = ? AND generation = ? AND state = 'new'`, slices.Concat(args, []any{e.ID, e.Generation})...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func setDeadline(ctx context.Context, tx conn, d rules.Deadline, decision string) (err error) {
	if d.At.IsZero() {
		_, err = tx.ExecContext(ctx, `DELETE FROM deadlines WHERE kind = ? AND subject = ?`, d.Kind, d.Subject.String())
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO deadlines (kind, subject, at, decision) VALUES (?, ?, ?, ?)
		ON CONFLICT (kind, subject) DO UPDATE SET at = excluded.at, decision = excluded.decision`,
		d.Kind, d.Subject.String(), ms(d.At), decision)
	return err
}

// A Deadline that is armed.
type Deadline struct {
	rules.Deadline
	Decision string `json:"decision"`
}

// Deadlines returns the armed deadlines, the nearest first.
func (s *Store) Deadlines(ctx context.Context) ([]Deadline, error) {
	return rows(ctx, s.db, func(r *sql.Rows) (d Deadline, err error) {
		var subject string
		var at int64
		if err := r.Scan(&d.Kind, &subject, &at, &d.Decision); err != nil {
			return d, err
		}
		d.Subject, d.At = parseRef(subject), fromMS(at)
		return d, nil
	}, `SELECT kind, subject, at, decision FROM deadlines ORDER BY at, kind, subject`)
}

// Fire turns every deadline that is due into an event, whose author is that of
// the event with which it was set. It returns how many. One that was set
// anew for the moment for which it has fired before (the clock was set back
// while it was decided) has its event decided again.
func (s *Store) Fire(ctx context.Context, now time.Time) (int, error) {
	fired := 0
	if all, err := firing(ctx, s.db, now); err != nil || len(all) == 0 {
		return 0, err
	}
	err := s.inTxSoon(ctx, func(tx conn) error {
		fired = 0
		all, err := firing(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, d := range all {
			e := rules.Event{
				ID:   fmt.Sprintf("due:%s/%s@%d", d.kind, d.subject, d.at),
				Kind: d.kind, At: fromMS(d.at), Subject: parseRef(d.subject),
			}
			run := fmt.Sprintf("due %d", ms(now))
			n, err := insertEvent(ctx, tx, eventRow{
				id: e.ID, kind: e.Kind, subject: d.subject, at: e.At, body: encode(e), state: New, arrived: now, author: d.author, run: run,
			})
			if err == nil && n == 0 {
				_, err = tx.ExecContext(ctx, `UPDATE events SET state = 'new', generation = generation + 1, attempts = 0, not_before = 0, note = '', run = ?, apart = 0
					WHERE id = ? AND state IN ('decided', 'ignored')`, run, e.ID)
			}
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM deadlines WHERE kind = ? AND subject = ?`, d.kind, d.subject); err != nil {
				return err
			}
		}
		fired = len(all)
		return nil
	})
	return fired, err
}

type dueDeadline struct {
	kind, subject, author string
	at                    int64
}

// firing are the deadlines that are due.
func firing(ctx context.Context, c conn, now time.Time) ([]dueDeadline, error) {
	return rows(ctx, c, func(r *sql.Rows) (d dueDeadline, err error) {
		return d, r.Scan(&d.kind, &d.subject, &d.at, &d.author)
	}, `SELECT l.kind, l.subject, l.at, COALESCE(e.author, '') FROM deadlines l LEFT JOIN decisions d ON d.id = l.decision LEFT JOIN events e ON e.id = d.event
		WHERE l.at <= ? ORDER BY l.at, l.kind, l.subject`, ms(now))
}
