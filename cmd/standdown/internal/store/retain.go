package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Retention is how long the journal keeps what is bulky or personal; zero is
// for ever. What was decided, done and by whom is kept for ever.
type Retention struct {
	Raw        time.Duration // mails as they came
	Situations time.Duration // the records that decisions were taken on, with the settings
}

// ErrRemoved is about something that was not kept any longer.
var ErrRemoved = errors.New("it is not kept any longer")

// The notes of retention: when it was last gone through, and up to when things
// have been removed.
const (
	retainedNote   = "retained"
	rawNote        = "raw removed before"
	situationsNote = "situations removed before"
)

// atOnce is how many rows a transaction of retention looks at, and breather how
// long it leaves the journal to others after that. Years to be removed, as once
// retention is shortened, take longer so, and nobody waits for them.
const (
	atOnce   = 100
	breather = 200 * time.Millisecond
)

// Retain removes what need not be kept any longer, if a day has passed since it
// was last done, and returns when it is next due. What belongs to an event that
// is not through stays: one that is to be decided or set aside, that has changes
// on their way or before a person, or whose deadline is armed. Interrupted, it
// goes on where it was at the next call.
func (s *Store) Retain(ctx context.Context, r Retention, now time.Time) (next time.Time, err error) {
	last, err := timeNote(ctx, s.db, retainedNote)
	if err != nil {
		return next, err
	}
	if next = last.AddDate(0, 0, 1); now.Before(next) {
		return next, nil
	}
	if r.Raw > 0 {
		err = s.retainRaw(ctx, now.Add(-r.Raw))
	}
	if err == nil && r.Situations > 0 {
		err = s.retainSituations(ctx, now.Add(-r.Situations))
	}
	if err == nil {
		err = s.inTx(ctx, func(tx conn) error { return setTimeNote(ctx, tx, retainedNote, now) })
	}
	if err != nil {
		return next, fmt.Errorf("removing from the journal what is not to be kept: %w", err)
	}
	return now.AddDate(0, 0, 1), nil
}

// Kept returns from when on mails as they came, and situations, are all there.
func (s *Store) Kept(ctx context.Context) (raw, situations time.Time, err error) {
	raw, err1 := timeNote(ctx, s.db, rawNote)
	situations, err2 := timeNote(ctx, s.db, situationsNote)
	return raw, situations, errors.Join(err1, err2)
}

// unfinished is the condition for an event e to be not through yet.
var unfinished = `(e.state IN ('new', 'quarantined') OR EXISTS (SELECT 1 FROM entries x WHERE x.event = e.id
	AND ` + isOpen("x") + `))`

func (s *Store) retainRaw(ctx context.Context, before time.Time) error {
	last := ""
	return s.retain(ctx, rawNote, before, func(tx conn) (int, sql.Result, error) {
		page, err := rows(ctx, tx, scanString, `SELECT sha256 FROM raw WHERE sha256 > ? ORDER BY sha256 LIMIT CAST(? AS BIGINT)`, last, atOnce)
		if err != nil || len(page) == 0 {
			return 0, nil, err
		}
		last = page[len(page)-1]
		res, err := tx.ExecContext(ctx, `DELETE FROM raw WHERE sha256 IN (`+tx.list+`) AND NOT EXISTS (SELECT 1 FROM events e
			WHERE e.sha256 = raw.sha256 AND e.sha256 <> '' AND (e.arrived >= ? OR `+unfinished+`))`, page, ms(before))
		return len(page), res, err
	})
}

func (s *Store) retainSituations(ctx context.Context, before time.Time) error {
	at, last := int64(-1), ""
	return s.retain(ctx, situationsNote, before, func(tx conn) (int, sql.Result, error) {
		page, err := rows(ctx, tx, func(r *sql.Rows) (string, error) {
			err := r.Scan(&at, &last)
			return last, err
		}, `SELECT at, event FROM situations WHERE at < ? AND (at, event) > (?, ?) ORDER BY at, event LIMIT CAST(? AS BIGINT)`, ms(before), at, last, atOnce)
		if err != nil || len(page) == 0 {
			return 0, nil, err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM situations WHERE event IN (`+tx.list+`) AND at < ?
			AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = situations.event AND `+unfinished+`)
			AND NOT EXISTS (SELECT 1 FROM decisions d JOIN deadlines l ON l.decision = d.id WHERE d.event = situations.event)`, page, ms(before))
		return len(page), res, err
	})
}

// retain goes through a table page by page, each in a transaction of its own.
// Page looks at the next one and tells how many rows it has.
func (s *Store) retain(ctx context.Context, note string, before time.Time, page func(tx conn) (int, sql.Result, error)) error {
	for {
		looked := 0
		err := s.inTx(ctx, func(tx conn) error {
			n, res, err := page(tx)
			looked = n
			if err != nil || n == 0 {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return err
			}
			return setTimeNote(ctx, tx, note, before)
		})
		if err != nil || looked < atOnce {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(breather):
		}
	}
}

func timeNote(ctx context.Context, c conn, name string) (time.Time, error) {
	text, err := noteOf(ctx, c, name)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the journal: note %q: %w", name, err)
	}
	return fromMS(at), nil
}

func setTimeNote(ctx context.Context, tx conn, name string, at time.Time) error {
	return setNote(ctx, tx, name, strconv.FormatInt(ms(at), 10))
}
