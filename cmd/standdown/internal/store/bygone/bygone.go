// Package bygone gives a journal a past, to see what one costs: years of
// decisions, made up at once. It serves benchmarks and nothing else. What it
// makes is no journal that could be verified.
package bygone

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"standdown/rules"
)

// DB is the journal's database, or a transaction of it. It takes parameters as
// question marks.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Fill fills an empty journal with n events of the three years before a time.
// Each has a situation, one decision and three changes, of the sizes that the
// demonstration has on average; a quarter as many records are concerned. All is
// done, but for what waits for a person about the last thousandth.
func Fill(ctx context.Context, db DB, postgres bool, n int, before time.Time) error {
	// An index is quicker made than kept.
	indexes, err := indexes(ctx, db, postgres)
	if err != nil {
		return err
	}
	for _, ix := range indexes {
		if _, err := db.ExecContext(ctx, `DROP INDEX `+ix.name); err != nil {
			return fmt.Errorf("dropping %s: %w", ix.name, err)
		}
	}
	for _, s := range statements(n, before) {
		if _, err := db.ExecContext(ctx, s.query, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.query, err)
		}
	}
	for _, ix := range indexes {
		if _, err := db.ExecContext(ctx, ix.made); err != nil {
			return fmt.Errorf("%s: %w", ix.made, err)
		}
	}
	if postgres {
		_, err = db.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('entries', 'id'), (SELECT MAX(id) FROM entries))`)
	}
	return err
}

type index struct{ name, made string }

func indexes(ctx context.Context, db DB, postgres bool) (all []index, err error) {
	list := `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	if postgres {
		list = `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND tablename NOT LIKE 'goose%'`
	}
	found, err := db.QueryContext(ctx, list)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var ix index
		if err := found.Scan(&ix.name, &ix.made); err != nil {
			return nil, err
		}
		all = append(all, ix)
	}
	return all, found.Err()
}

type statement struct {
	query string
	args  []any
}

func statements(n int, before time.Time) []statement {
	event := encode(rules.Event{ID: "@", Kind: rules.HoldChanged, At: before, Subject: rules.Ref{Kind: "client", ID: "c1"}, Request: &rules.Request{Quote: text(200)}})
	decision := encode(rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: "j1"}, Remember: map[string]string{"x": text(700)}})
	step := int64(3*365*24*time.Hour/time.Millisecond) / int64(n)
	first, records, open := before.UnixMilli()-step*int64(n), n/4, n-n/1000
	numbers := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d), `+
		`m AS (SELECT i, 'e' || i AS id, CAST(%d AS BIGINT) + CAST(%d AS BIGINT) * i AS at, i %% %d AS record FROM n) `, n, first, step, records)
	insert := func(into, query string, args ...any) statement {
		return statement{`INSERT INTO ` + into + ` ` + numbers + query, args}
	}
	return []statement{
		insert(`seen (source, ref, watched)`, `SELECT 'salesforce', 'Contact/c' || record, ? FROM m WHERE i <= 1 + (SELECT MAX(record) FROM m)`, text(200)),
		insert(`events (id, kind, subject, at, body, state, generation, attempts, not_before, note, source, ref, sha256, arrived, author, run)`,
			`SELECT id, 'hold.changed', 'client c' || record, at, REPLACE(?, '@', id), 'decided', 0, 0, 0, '', 'salesforce', 'Contact/c' || record, '', at, '', 'salesforce #' || i FROM m`, event),
		insert(`situations (event, generation, at, snapshot, settings)`, `SELECT id, 0, at, CAST(? AS TEXT), CAST(? AS TEXT) FROM m`, `{"memory":"`+text(1200)+`"}`, encode(rules.Defaults())),
		insert(`decisions (id, event, generation, n, at, tbl, row_id, subject, body)`,
			`SELECT 'D' || i, id, 0, 0, at, CASE i % 40 WHEN 0 THEN 'cancellation.request' WHEN 1 THEN 'cancellation.finish' ELSE 'on_hold.visit' END, 'H1', 'job j' || record, CAST(? AS TEXT) FROM m`, decision),
		insert(`chain (n, kind, id, digest, link)`, `SELECT i, 'decision', id || '@0', CAST(? AS TEXT), CAST(? AS TEXT) FROM m`, digest("a"), digest("b")),
		insert(`entries (id, key, event, subject, decision, rule, run, customer, maker, lane, last, system, verb, change, text, state, why, attempts, doubt, not_before, lease, lease_until, turn, expires, undoes, result, created, updated, weighs, checker)`,
			fmt.Sprintf(`SELECT i * 3 + k, id || '/' || k, id, 'client c' || record, 'D' || i, 'on_hold.visit H1', 'salesforce #' || i, 'c' || record, '', 'job j' || record, 0,
		CASE k WHEN 2 THEN 'mail' ELSE 'salesforce' END, 'cancel-job', CAST(? AS TEXT), CAST(? AS TEXT), CASE WHEN i > %d THEN 'proposed' ELSE 'done' END, '', 1, 0, 0, '', 0, i, 0, 0, CAST(? AS TEXT), at, at, 1, ''
		FROM m, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2) three`, open), `{"Key":"`+text(430)+`"}`, text(85), `{"before":{"x":"`+text(80)+`"}}`),
	}
}

func text(n int) string { return strings.Repeat("lorem ipsum ", n/12) }

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
