package store

import (
	"context"

	"standdown/cmd/standdown/internal/store/bygone"
)

// generate gives a journal a past before then, see [bygone.Fill].
func generate(ctx context.Context, s *Store, n int) error {
	if s.pg == nil {
		// Without a rollback, and without waiting for the disk.
		for _, set := range []string{`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`} {
			if _, err := s.pool.ExecContext(ctx, set); err != nil {
				return err
			}
		}
	}
	err := s.inTx(ctx, func(tx conn) error {
		if err := tx.unhurried(ctx); err != nil {
			return err
		}
		return bygone.Fill(ctx, tx, s.pg != nil, n, then)
	})
	if err != nil {
		return err
	}
	after := []string{`ANALYZE`} // as PostgreSQL does by itself
	if s.pg == nil {
		after = []string{`PRAGMA journal_mode = WAL`, `PRAGMA synchronous = FULL`}
	}
	for _, set := range after {
		if _, err := s.pool.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	return nil
}
