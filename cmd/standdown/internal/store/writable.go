package store

import (
	"context"
	"time"
)

// Writable writes to the journal, and returns why that is not possible. It is
// how readiness is found out.
func (s *Store) Writable(ctx context.Context, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error { return setTimeNote(ctx, tx, "writable", now) })
}
