package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"standdown/rules"
)

// ErrBusy is returned for a verdict about records that are just being changed.
var ErrBusy = errors.New("records that it is about are being changed")

// ripe reports why the verdict on the world as it looked then cannot be stored.
func ripe(ctx context.Context, tx conn, v Verdict, looked time.Time) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE id = ? AND state = 'new' AND generation = ?`, v.Event.ID, v.Event.Generation).Scan(&n)
	if err != nil || n == 0 {
		return errors.Join(err, ErrOvertaken)
	}
	if err := idle(ctx, tx, v); err != nil {
		return err
	}
	return current(ctx, tx, v, looked)
}

// idle is ErrBusy while records that the verdict is about are being changed, or a
// decision is being carried out that names a worker to whom it gives a visit:
// whether they are free then is not known before all of it is done.
func idle(ctx context.Context, tx conn, v Verdict) error {
	moved := `SELECT COUNT(*) FROM entries x WHERE x.state IN ('pending', 'sending') AND ` + isOpen("x") + ` AND x.event <> ? AND x.weighs = 1 AND `
	count := func(query string, args ...any) error {
		var n int
		if err := tx.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		if n > 0 {
			return ErrBusy
		}
		return nil
	}
	if err := count(moved+`x.lane IN (`+tx.list+`) AND `+moving("x"), v.Event.ID, lanes(v)); err != nil {
		return err
	}
	for worker := range given(v) {
		named := `EXISTS (SELECT 1 FROM entries a WHERE a.decision = x.decision AND a.change LIKE ?)`
		if err := count(moved+named+` AND `+moving("x"), v.Event.ID, `%"`+worker+`"%`); err != nil {
			return err
		}
	}
	return nil
}

// lanes are those of what it is about.
func lanes(v Verdict) []string {
	all := make([]string, len(v.Decisions))
	for i, d := range v.Decisions {
		all[i] = d.Subject.String()
	}
	return all
}

// given is whom it gives something, by id, and for which times.
func given(v Verdict) map[string][]rules.Span {
	all := map[string][]rules.Span{}
	for _, writes := range v.Writes {
		for _, w := range writes {
			if w.Gives.ID != "" {
				all[w.Gives.ID] = append(all[w.Gives.ID], w.Gives)
			}
		}
	}
	return all
}

// current is ErrBusy if, since the world was looked at, a record that the verdict
// is about was changed, or one to whom it gives something was given something else
// for that time: the look may have been before that.
func current(ctx context.Context, tx conn, v Verdict, looked time.Time) error {
	var n int
	// A subquery for each, or PostgreSQL reads all entries: it believes that next to
	// none is so new.
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (`+tx.list+`) l WHERE (SELECT MAX(x.updated) FROM decisions d JOIN entries x ON x.decision = d.id
		WHERE d.subject = l.one AND x.event <> ? AND x.weighs = 1 AND `+inForce("x")+`) >= ?`,
		lanes(v), v.Event.ID, ms(looked)).Scan(&n)
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if n > 0 {
		return ErrBusy
	}
	for _, spans := range given(v) {
		for _, span := range spans {
			other, err := givenElse(ctx, tx, v.Event.ID, span, looked)
			if err != nil {
				return err
			}
			if other != 0 {
				return ErrBusy
			}
		}
	}
	return nil
}

// inForce is the condition for an entry, by its alias in the query, to have been
// done, as far as anybody knows.
func inForce(entry string) string { return entry + `.state IN ('done', 'unknown')` }

// givenElse returns an entry of another event that gives the same one something
// for some of the same time: it is on its way, or it has come into force since, or
// another change of its decision has. A worker has a visit only when the visit is
// on again, too: who looks between the two finds them free. It is 0 if there is
// none.
func givenElse(ctx context.Context, tx conn, event string, span rules.Span, since time.Time) (entry int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(x.id), 0) FROM entries x WHERE x.gives = ? AND x.gives <> '' AND x.event <> ?
		AND x.gives_from < ? AND x.gives_until > ? AND (x.state IN ('pending', 'sending') AND `+moving("x")+` OR `+inForce("x")+`
			AND EXISTS (SELECT 1 FROM entries o WHERE o.decision = x.decision AND o.weighs = 1 AND `+inForce("o")+` AND o.updated >= ?))`,
		span.ID, event, ms(span.End), ms(span.Start), ms(since)).Scan(&entry)
	if err != nil {
		return 0, fmt.Errorf("reading the journal: %w", err)
	}
	return entry, nil
}

// Busy reports whether the error of Commit would be ErrBusy now, even for a
// verdict on the world as it looks now.
func (s *Store) Busy(ctx context.Context, v Verdict) (bool, error) {
	err := idle(ctx, s.db, v)
	if errors.Is(err, ErrBusy) {
		return true, nil
	}
	return false, err
}
