package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// link appends to the chain: each link is a digest of what was stored and of
// the link before it.
func link(ctx context.Context, tx conn, kind, id, digestOf string) error {
	var n int64
	var before string
	err := tx.QueryRowContext(ctx, `SELECT n, link FROM chain WHERE n = (SELECT MAX(n) FROM chain)`).Scan(&n, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO chain (n, kind, id, digest, link) VALUES (?, ?, ?, ?, ?)`,
		n+1, kind, id, digestOf, digest(before, kind, id, digestOf)); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// linkDecisions appends the decisions of an event's generation, as they stand
// in the journal, to the chain.
func linkDecisions(ctx context.Context, tx conn, event string, generation int) error {
	stored, err := rows(ctx, tx, scanStoredDecision, storedDecisions+` WHERE event = ? AND generation = ? ORDER BY n`, event, generation)
	if err != nil {
		return err
	}
	return link(ctx, tx, "decision", verdictID(event, int64(generation)), digestDecisions(stored, nil))
}

// A storedDecision is the row of a decision.
type storedDecision struct {
	id, event, tbl, row, subject, body string
	generation, at                     int64
}

const storedDecisions = `SELECT id, event, generation, at, tbl, row_id, subject, body FROM decisions`

func scanStoredDecision(r *sql.Rows) (d storedDecision, err error) {
	return d, r.Scan(&d.id, &d.event, &d.generation, &d.at, &d.tbl, &d.row, &d.subject, &d.body)
}

// verdictID names the decisions of an event's generation in the chain.
func verdictID(event string, generation int64) string { return fmt.Sprintf("%s@%d", event, generation) }

func digestDecisions(all []storedDecision, gone erasedDigests) string {
	texts := make([]string, 0, 6*len(all))
	for _, d := range all {
		body := digest(d.body)
		if was, erased := gone[d.id]; erased && d.body == d.bodyWithout() {
			body = was
		}
		texts = append(texts, d.id, strconv.FormatInt(d.at, 10), d.tbl, d.row, d.subject, body)
	}
	return digest(texts...)
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
