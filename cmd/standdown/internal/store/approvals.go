package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// A Checker is who approves.
type Checker struct {
	Name string
	// Users are what systems call the same person.
	Users []string
	// Own allows approving what oneself has caused.
	Own bool
}

// Approve has proposed entries done. It is refused if the checker is one of
// their makers: who caused the event (edited the record, say), who had it decided
// again, or who ordered an undo. It is refused if it is too late, even if nobody
// had the proposal lapse yet. If one entry cannot be approved, none is.
func (s *Store) Approve(ctx context.Context, ids []int64, checker Checker, reason string, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error { return approve(ctx, tx, ids, checker, reason, now) })
}

func approve(ctx context.Context, tx conn, ids []int64, checker Checker, reason string, now time.Time) error {
	if why, err := unapprovable(ctx, tx, ids, checker, now); why != "" || err != nil {
		return cmp.Or(err, errors.New(why))
	}
	for _, id := range ids {
		if err := signal(ctx, tx, id, Approve, checker.Name, reason, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE entries SET checker = ? WHERE id = ?`, checker.Name, id); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
	}
	return nil
}

// unapprovable says, for people, why the checker cannot approve the entries;
// empty if that is possible as far as the checker and the time are concerned.
func unapprovable(ctx context.Context, tx conn, ids []int64, checker Checker, now time.Time) (why string, err error) {
	for _, id := range ids {
		if !checker.Own {
			all, err := makers(ctx, tx, id)
			if err != nil {
				return "", err
			}
			for _, maker := range all {
				if strings.EqualFold(maker, checker.Name) || slices.Contains(checker.Users, maker) {
					return fmt.Sprintf("entry %d goes back to %s: somebody else must approve it (approvals.allow_own)", id, checker.Name), nil
				}
			}
		}
		var late int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM entries WHERE id = ? AND state = 'proposed' AND expires > 0 AND expires <= ?`, id, ms(now)).Scan(&late); err != nil {
			return "", fmt.Errorf("reading the journal: %w", err)
		}
		if late > 0 {
			return fmt.Sprintf("entry %d has lapsed: nobody approved it in time", id), nil
		}
	}
	return "", nil
}

// makers are the people whom the entry goes back to. Who asked for it in a case
// is there by the system's name of them and by their own.
func makers(ctx context.Context, tx conn, entry int64) ([]string, error) {
	bodies, err := rows(ctx, tx, scanString, `SELECT body FROM events WHERE id = (SELECT event FROM entries WHERE id = ?)`, entry)
	if err != nil {
		return nil, err
	}
	var asked rules.Event
	for _, body := range bodies {
		if err := decode(body, &asked); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
	}
	all, err := rows(ctx, tx, scanString, `SELECT maker FROM entries WHERE id = ? AND maker <> ''
		UNION SELECT a.who FROM acts a WHERE a.decision = '' AND a.act = 'replay' AND a.reason = (SELECT event FROM entries WHERE id = ?)
		UNION SELECT a.who FROM entries other JOIN acts a ON a.entry = other.id WHERE a.act = 'retry' AND other.event = (SELECT event FROM entries WHERE id = ?)`,
		entry, entry, entry)
	if asked.By != "" {
		all = append(all, asked.By)
	}
	return all, err
}

// Lapse ends proposals that nobody approved in time, and with them what was to
// follow them. It returns those that lapsed.
func (s *Store) Lapse(ctx context.Context, now time.Time) ([]Entry, error) {
	due, err := lapsing(ctx, s.db, now)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.inTx(ctx, func(tx conn) error {
		if due, err = lapsing(ctx, tx, now); err != nil {
			return err
		}
		for _, e := range due {
			if err := signal(ctx, tx, e.ID, Expire, daemon, "nobody approved it by "+e.Expires.Format(time.RFC3339), now); err != nil {
				return err
			}
		}
		return nil
	})
	return due, err
}

// lapsing are the proposals that lapse now, the last first, for what is to
// follow another entry ends with it.
func lapsing(ctx context.Context, c conn, now time.Time) ([]Entry, error) {
	return rows(ctx, c, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE e.state = 'proposed' AND e.expires > 0 AND e.expires <= ? ORDER BY e.id DESC`, ms(now))
}
