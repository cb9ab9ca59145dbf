package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// daemon is who does what no person asked for.
const daemon = "standdown"

// Act carries out what a person does to entries: Approve, Decline, Retry, Drop
// or Confirm. Dropping or declining an entry drops what was to follow it as
// well. The act is journaled. If one entry cannot be given the
// signal, nothing is changed.
func (s *Store) Act(ctx context.Context, ids []int64, sig Signal, who, reason string, now time.Time) error {
	if sig == Approve {
		return s.Approve(ctx, ids, Checker{Name: who}, reason, now)
	}
	return s.inTx(ctx, func(tx conn) error {
		// The last first: what is to follow another entry is dropped with it.
		for _, id := range slices.Backward(slices.Sorted(slices.Values(ids))) {
			if err := signal(ctx, tx, id, sig, who, reason, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// signal gives an entry the signal and journals the act.
func signal(ctx context.Context, tx conn, id int64, sig Signal, who, reason string, now time.Time) error {
	var state State
	var decision string
	err := tx.QueryRowContext(ctx, `SELECT state, decision FROM entries WHERE id = ?`, id).Scan(&state, &decision)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("there is no entry %d", id)
	}
	if err != nil {
		return err
	}
	next, err := after(state, sig)
	if err != nil {
		return refuse("entry %d: %v; this can be given to one that is %s", id, err, orList(from(sig)))
	}
	why := string(sig) + " by " + who
	if reason != "" {
		why += ": " + reason
	}
	if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = ?, why = ?, attempts = 0, not_before = 0, updated = ? WHERE id = ?`, string(next), why, ms(now), id); err != nil {
		return err
	}
	if next == Dropped || next == Expired {
		with := Drop
		if next == Expired {
			with = Expire
		}
		if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = ?, why = ?, updated = ?
			WHERE state IN (`+quoted(from(with))+`) AND `+rest,
			string(next), fmt.Sprintf("entry %d before it was %s", id, next), ms(now), id, id, id); err != nil {
			return err
		}
	}
	if next == Done {
		if err := takeBack(ctx, tx, []int64{id}); err != nil {
			return err
		}
	}
	return act(ctx, tx, Act{At: now, Who: who, Act: string(sig), Entry: id, Decision: decision, Reason: reason})
}

// An Act is what a person did, or the daemon to its own plans.
type Act struct {
	At       time.Time `json:"at"`
	Who      string    `json:"who"`
	Act      string    `json:"act"`
	Entry    int64     `json:"entry,omitempty"`
	Decision string    `json:"decision,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

// Acts returns what people did about a decision, oldest first.
func (s *Store) Acts(ctx context.Context, decision string) ([]Act, error) {
	return rows(ctx, s.db, func(r *sql.Rows) (a Act, err error) {
		var at int64
		err = r.Scan(&at, &a.Who, &a.Act, &a.Entry, &a.Decision, &a.Reason)
		a.At = fromMS(at)
		return a, err
	}, `SELECT at, who, act, entry, decision, reason FROM acts WHERE decision = ? ORDER BY id`, decision)
}

// act journals an act and links it into the chain.
func act(ctx context.Context, tx conn, a Act) error {
	var id int64
	err := tx.QueryRowContext(ctx, `INSERT INTO acts (at, who, act, entry, decision, reason) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
		ms(a.At), a.Who, a.Act, a.Entry, a.Decision, a.Reason).Scan(&id)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return link(ctx, tx, "act", strconv.FormatInt(id, 10), a.digest(digest(a.Reason)))
}

// digest is that of the act, given that of its reason, which may be erased.
func (a Act) digest(reason string) string {
	return digest(strconv.FormatInt(ms(a.At), 10), a.Who, a.Act, strconv.FormatInt(a.Entry, 10), a.Decision, reason)
}
