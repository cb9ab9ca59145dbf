package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// link appends to the chain: each link is a digest of what was stored and of
// the link before it.
func link(ctx context.Context, tx conn, kind, id, digestOf string) error {
	var n int64
	var before string
	err := tx.QueryRowContext(ctx, `SELECT n, link FROM chain ORDER BY n DESC LIMIT 1`).Scan(&n, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO chain (n, kind, id, digest, link) VALUES (?, ?, ?, ?, ?)`,
		n+1, kind, id, digestOf, digest(before, kind, id, digestOf)); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// digest is a SHA-256 over the texts, each with its length before it.
func digest(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		s = clean(s)
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}
