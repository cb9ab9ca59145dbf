package stage

import (
	"context"
	"fmt"
	"time"
)

// Patience is how long anything may take before it counts as hanging, on a
// machine however busy, killed daemons included.
const Patience = 10 * time.Minute

// Until asks until it is done. What hangs, or cannot be asked, is an error that
// says what was waited for.
func Until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, stop := context.WithTimeout(ctx, Patience)
	defer stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q: it did not come about: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
