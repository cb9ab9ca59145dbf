package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// AllSystems is the name of the brake that stops all writing.
const AllSystems = "all"

// A Brake stops writing to a system, or to all of them: Claim gives nothing.
// Reading and deciding go on, and calls under way are finished.
type Brake struct {
	Name   string    `json:"name"` // of the system, or AllSystems
	At     time.Time `json:"since"`
	Who    string    `json:"who"`
	Reason string    `json:"reason"`
}

// Brakes returns the brakes that are on, by name.
func (s *Store) Brakes(ctx context.Context) ([]Brake, error) { return brakes(ctx, s.db) }

func brakes(ctx context.Context, c conn) ([]Brake, error) {
	return rows(ctx, c, func(r *sql.Rows) (b Brake, err error) {
		var at int64
		err = r.Scan(&b.Name, &at, &b.Who, &b.Reason)
		b.At = fromMS(at)
		return b, err
	}, `SELECT name, at, who, reason FROM brakes ORDER BY name`)
}

// Pause puts a brake on. One that is on already stays as it is, and is an error
// that tells whose it is.
func (s *Store) Pause(ctx context.Context, b Brake) error {
	return s.inTx(ctx, func(tx conn) error {
		on, err := brakes(ctx, tx)
		if err != nil {
			return err
		}
		for _, other := range on {
			if other.Name == b.Name {
				return refuse("writing to %s is paused already, since %s by %s: %s", b.Name, other.At.Format(time.RFC3339), other.Who, other.Reason)
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO brakes (name, at, who, reason) VALUES (?, ?, ?, ?)`, b.Name, ms(b.At), b.Who, b.Reason); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if err := shut(ctx, tx, PauseBrake, b.Name, "by "+b.Who+": "+b.Reason, b.At); err != nil {
			return err
		}
		return act(ctx, tx, Act{At: b.At, Who: b.Who, Act: "pause", Reason: b.Name + ": " + b.Reason})
	})
}

// Resume takes a brake off. It is an error if it is not on.
func (s *Store) Resume(ctx context.Context, b Brake) error {
	return s.inTx(ctx, func(tx conn) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM brakes WHERE name = ?`, b.Name)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			on, problem := brakes(ctx, tx)
			if err := errors.Join(err, problem); err != nil {
				return err
			}
			if len(on) == 0 {
				return refuse("writing to %s is not paused, nor is anything else", b.Name)
			}
			return refuse("writing to %s is not paused; %s is, since %s by %s", b.Name, on[0].Name, on[0].At.Format(time.RFC3339), on[0].Who)
		}
		if err := reopen(ctx, tx, b.Name, b.At, PauseBrake); err != nil {
			return err
		}
		return act(ctx, tx, Act{At: b.At, Who: b.Who, Act: "resume", Reason: b.Name + ": " + b.Reason})
	})
}
