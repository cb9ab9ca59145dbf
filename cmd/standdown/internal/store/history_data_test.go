package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"standdown/rules"
)

// generate fills a journal with n events of three years before then. Each has
// a situation, one decision and three changes, of the sizes that the
// demonstration has on average; a quarter as many records are concerned. All is
// done, but for what waits for a person about the last thousandth.
func generate(ctx context.Context, s *Store, n int) error {
	if s.pg == nil {
		// Without a rollback, and without waiting for the disk.
		for _, set := range []string{`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`} {
			if _, err := s.pool.ExecContext(ctx, set); err != nil {
				return err
			}
		}
	}
	err := s.inTx(ctx, func(tx conn) error { return fill(ctx, tx, n) })
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

func fill(ctx context.Context, tx conn, n int) error {
	if err := tx.unhurried(ctx); err != nil {
		return err
	}
	// An index is quicker made than kept.
	list := `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	if tx.numbered {
		list = `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND tablename NOT LIKE 'goose%'`
	}
	indexes, err := rows(ctx, tx, func(r *sql.Rows) (ix [2]string, err error) { return ix, r.Scan(&ix[0], &ix[1]) }, list)
	if err != nil {
		return err
	}
	exec := func(query string, args ...any) {
		if err == nil {
			if _, err = tx.ExecContext(ctx, query, args...); err != nil {
				err = fmt.Errorf("%s: %w", query, err)
			}
		}
	}
	for _, ix := range indexes {
		exec(`DROP INDEX ` + ix[0])
	}
	text := func(n int) string { return strings.Repeat("lorem ipsum ", n/12) }
	event := encode(rules.Event{ID: "@", Kind: rules.HoldChanged, At: then, Subject: rules.Ref{Kind: "client", ID: "c1"}, Request: &rules.Request{Quote: text(200)}})
	decision := encode(rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: "j1"}, Remember: map[string]string{"x": text(700)}})
	step := int64(3*365*24*time.Hour/time.Millisecond) / int64(n)
	first, records, open := ms(then)-step*int64(n), n/4, n-n/1000
	numbers := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d), `+
		`m AS (SELECT i, 'e' || i AS id, CAST(%d AS BIGINT) + CAST(%d AS BIGINT) * i AS at, i %% %d AS record FROM n) `, n, first, step, records)
	insert := func(into, query string, args ...any) { exec(`INSERT INTO `+into+` `+numbers+query, args...) }
	insert(`seen (source, ref, watched)`, `SELECT 'salesforce', 'Contact/c' || record, ? FROM m WHERE i <= 1 + (SELECT MAX(record) FROM m)`, text(200))
	insert(`events (id, kind, subject, at, body, state, generation, attempts, not_before, note, source, ref, sha256, arrived, author, run)`,
		`SELECT id, 'hold.changed', 'client c' || record, at, REPLACE(?, '@', id), 'decided', 0, 0, 0, '', 'salesforce', 'Contact/c' || record, '', at, '', 'salesforce #' || i FROM m`, event)
	insert(`situations (event, generation, at, snapshot, settings)`, `SELECT id, 0, at, CAST(? AS TEXT), CAST(? AS TEXT) FROM m`, `{"memory":"`+text(1200)+`"}`, encode(rules.Defaults()))
	insert(`decisions (id, event, generation, n, at, tbl, row_id, subject, body)`,
		`SELECT 'D' || i, id, 0, 0, at, CASE i % 40 WHEN 0 THEN 'cancellation.request' WHEN 1 THEN 'cancellation.finish' ELSE 'on_hold.visit' END, 'H1', 'job j' || record, CAST(? AS TEXT) FROM m`, decision)
	insert(`chain (n, kind, id, digest, link)`, `SELECT i, 'decision', id || '@0', CAST(? AS TEXT), CAST(? AS TEXT) FROM m`, digest("a"), digest("b"))
	columns := `key, event, subject, decision, rule, run, customer, maker, lane, last, system, verb, change, text, state, why, attempts, doubt, not_before, lease, lease_until, turn, expires, undoes, result, created, updated, weighs, checker`
	insert(`entries (id, `+columns+`)`, fmt.Sprintf(`SELECT i * 3 + k, id || '/' || k, id, 'client c' || record, 'D' || i, 'on_hold.visit H1', 'salesforce #' || i, 'c' || record, '', 'job j' || record, 0,
		CASE k WHEN 2 THEN 'mail' ELSE 'salesforce' END, 'cancel-job', CAST(? AS TEXT), CAST(? AS TEXT), CASE WHEN i > %d THEN 'proposed' ELSE 'done' END, '', 1, 0, 0, '', 0, i, 0, 0, CAST(? AS TEXT), at, at, 1, ''
		FROM m, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2) three`, open), `{"Key":"`+text(430)+`"}`, text(85), `{"before":{"x":"`+text(80)+`"}}`)
	for _, ix := range indexes {
		exec(ix[1])
	}
	if tx.renumber != "" {
		exec(fmt.Sprintf(tx.renumber, "entries"))
	}
	return err
}
