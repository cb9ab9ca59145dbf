package store

import (
	"context"
	"fmt"
	"time"

	"standdown/rules"
)

// settingsNote is the note of the settings with which deadlines were last set.
const settingsNote = "settings"

// DeadlineSettings returns what [Store.SetDeadlineSettings] stored; empty if
// nothing yet.
func (s *Store) DeadlineSettings(ctx context.Context) (string, error) {
	return noteOf(ctx, s.db, settingsNote)
}

// SetDeadlineSettings stores a fingerprint of the settings that the armed
// deadlines agree with.
func (s *Store) SetDeadlineSettings(ctx context.Context, fingerprint string) error {
	return s.inTx(ctx, func(tx conn) error { return setNote(ctx, tx, settingsNote, fingerprint) })
}

// Deciding returns a decision and the situation that it was taken in. The
// situation may be gone, for it is not kept for ever; that is an error.
func (s *Store) Deciding(ctx context.Context, decision string) (Situation, rules.Decision, error) {
	all, err := s.Decisions(ctx, decision)
	if err == nil && (len(all) != 1 || all[0].ID != decision) {
		err = fmt.Errorf("there is no decision %q", decision)
	}
	if err != nil {
		return Situation{}, rules.Decision{}, err
	}
	situation, err := s.situation(ctx, all[0].Event, int64(all[0].Generation))
	return situation, all[0].Decision, err
}

// MoveDeadline gives a deadline another time, and journals why. If it has been
// set anew meanwhile, or is past, nothing is done.
func (s *Store) MoveDeadline(ctx context.Context, d Deadline, to time.Time, why string, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error {
		res, err := tx.ExecContext(ctx, `UPDATE deadlines SET at = ? WHERE kind = ? AND subject = ? AND at = ? AND decision = ?`,
			ms(to), d.Kind, d.Subject.String(), ms(d.At), d.Decision)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return act(ctx, tx, Act{At: now, Who: daemon, Act: "move", Decision: d.Decision,
			Reason: fmt.Sprintf("%s of %s from %s to %s: %s", d.Kind, d.Subject, d.At.Format(time.RFC3339), to.UTC().Format(time.RFC3339), why)})
	})
}
