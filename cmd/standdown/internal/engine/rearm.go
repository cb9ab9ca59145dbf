package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// rearm has deadlines agree with the settings if these are not those of last
// time: the decision that set a deadline is taken again, on the same facts and
// for the same moment. If today's settings lead to the same row and another
// time, the deadline is moved; if they lead elsewhere, or the facts are no
// longer kept, it stays, and people are told.
func (e *Engine) rearm(ctx context.Context) error {
	text, err := json.Marshal(e.Book.Settings())
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	fingerprint := hex.EncodeToString(sum[:])
	last, err := e.Store.DeadlineSettings(ctx)
	if err != nil || last == fingerprint {
		return err
	}
	armed, err := e.Store.Deadlines(ctx)
	if err != nil {
		return err
	}
	for _, d := range armed {
		log := e.Log.With("ref", d.Subject.String())
		to, err := e.today(ctx, d)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			log.Warn("deadline left as it is, though the settings have changed", "err", err)
			continue
		}
		if to.UnixMilli() == d.At.UnixMilli() {
			continue
		}
		if err := e.Store.MoveDeadline(ctx, d, to, "the settings have changed", e.Now()); err != nil {
			return err
		}
		log.Info("deadline moved, for the settings have changed", "from", d.At, "to", to.UTC())
	}
	return e.Store.SetDeadlineSettings(ctx, fingerprint)
}

// today is when the deadline would be under the settings of today.
func (e *Engine) today(ctx context.Context, d store.Deadline) (time.Time, error) {
	situation, was, err := e.Store.Deciding(ctx, d.Decision)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading why it was set: %w", err)
	}
	plan := e.Book.Decide(situation.Snapshot, situation.Event, situation.At)
	for _, now := range plan.Decisions {
		if now.Table != was.Table || now.Row != was.Row || now.Subject != was.Subject {
			continue
		}
		i := slices.IndexFunc(now.Deadlines, func(l rules.Deadline) bool {
			return l.Kind == d.Kind && l.Subject == d.Subject && !l.At.IsZero()
		})
		if i >= 0 {
			return now.Deadlines[i].At, nil
		}
	}
	return time.Time{}, fmt.Errorf("under today's settings row %s of %s would not have set it", was.Row, was.Table)
}
