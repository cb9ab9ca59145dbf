package engine

import (
	"context"
	"time"

	"standdown/connectors"
)

// retaining removes once a day what the journal need not keep, for as long as
// this engine leads. Days that were missed are made good by one.
func (e *Engine) retaining(ctx context.Context) {
	var due time.Time
	for {
		if now := e.Now(); !now.Before(due) {
			next, err := e.Store.Retain(ctx, e.Retention, now)
			if err != nil && !connectors.Ended(ctx, err) {
				e.Log.Error("journal cannot be cleared of what is old", "err", err)
				next = now.Add(time.Hour)
			}
			due = next
		}
		if !e.pause(ctx, nil, nil) {
			return
		}
	}
}
