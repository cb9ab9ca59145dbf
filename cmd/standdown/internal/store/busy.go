package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"standdown/rules"
)

// ErrBusy is returned for a verdict about records that are just being changed.
var ErrBusy = errors.New("records that it is about are being changed")

// ripe reports why the verdict cannot be stored now.
func ripe(ctx context.Context, tx conn, v Verdict) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE id = ? AND state = 'new' AND generation = ?`, v.Event.ID, v.Event.Generation).Scan(&n)
	if err != nil || n == 0 {
		return errors.Join(err, ErrOvertaken)
	}
	return idle(ctx, tx, v)
}

// idle is ErrBusy while records that the verdict is about are being changed, or a
// decision is being carried out that names a worker to whom it gives a visit:
// whether they are free then is not known before all of it is done.
func idle(ctx context.Context, tx conn, v Verdict) error {
	const moved = `SELECT COUNT(*) FROM entries x WHERE x.state IN ('pending', 'sending') AND x.` + isOpen + ` AND x.event <> ? AND x.weighs = 1 AND `
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
	lanes := make([]string, len(v.Decisions))
	for i, d := range v.Decisions {
		lanes[i] = d.Subject.String()
	}
	if err := count(moved+`x.lane IN (`+tx.list+`) AND `+moving("x"), v.Event.ID, lanes); err != nil {
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

// given are the ids of those whom it gives to others.
func given(v Verdict) map[string]bool {
	ids := map[string]bool{}
	for _, writes := range v.Writes {
		for _, w := range writes {
			if w.Gives != "" {
				ids[w.Gives] = true
			}
		}
	}
	return ids
}

// Busy reports whether the error of Commit would be ErrBusy now.
func (s *Store) Busy(ctx context.Context, v Verdict) (bool, error) {
	err := idle(ctx, s.db, v)
	if errors.Is(err, ErrBusy) {
		return true, nil
	}
	return false, err
}

// Moving returns those of the subjects of which changes are on their way.
func (s *Store) Moving(ctx context.Context, subjects []rules.Ref) ([]rules.Ref, error) {
	lanes := make([]string, len(subjects))
	for i, subject := range subjects {
		lanes[i] = subject.String()
	}
	return rows(ctx, s.db, func(r *sql.Rows) (rules.Ref, error) {
		var lane string
		err := r.Scan(&lane)
		return parseRef(lane), err
	}, `SELECT DISTINCT x.lane FROM entries x WHERE x.state IN ('pending', 'sending') AND x.`+isOpen+` AND x.weighs = 1
		AND x.lane IN (`+s.db.list+`) AND `+moving("x"), lanes)
}
