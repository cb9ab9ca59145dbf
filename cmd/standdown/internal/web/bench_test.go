package web

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// largest is how many bytes a page may have.
const largest = 100_000

// BenchmarkPages makes each page of a journal with 100,000 decisions, each with
// three changes, of three years.
//
//	go test -run '^$' -bench Pages -cpu 1 ./cmd/standdown/internal/web
func BenchmarkPages(b *testing.B) {
	const decisions = 100_000
	path := filepath.Join(b.TempDir(), "journal.db")
	journal, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer journal.Close()
	fill(b, path, decisions)
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		b.Fatal(err)
	}
	s := &Server{Journal: journal, Book: book, Log: slog.New(slog.DiscardHandler), Org: "https://org.example", Budget: func() (int, int) { return 0, 0 }, Leads: func() bool { return true }, Now: func() time.Time { return start }}
	s.Plan = func(context.Context, rules.Event, func(*rules.Snapshot)) (store.Verdict, error) {
		return store.Verdict{}, nil
	}
	withExamples(b)(s)
	site := s.handler()
	for _, page := range []string{
		"/", "/review", "/decision/D99999", "/cancelled", "/cancelled?kind=assignment&billing=billable", "/cancelled?billing=waived",
		"/cancelled?search=J-123450", "/cancelled?search=nothing+at+all", "/cancelled?from=2024-01-01&to=2024-01-31", "/record?ref=j77", "/acts", "/acts?who=nobody", "/rules", "/rules/on_hold.hold",
		"/holds", "/holds?standing=now", "/holds?search=jo+99", "/holds?search=nothing+at+all", "/holds/c99991",
	} {
		b.Run(page, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "http://localhost"+page, nil)
				r.RemoteAddr = "127.0.0.1:1"
				site.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatalf("%d\n%s", w.Code, w.Body)
				}
				if n := w.Body.Len(); n > largest {
					b.Fatalf("%d bytes", n)
				}
			}
		})
	}
}

// fill writes a history into a journal: of ten decisions one is about an
// assignment, billed or not; a fourth as many records as decisions; what waits
// is of the last hundred.
func fill(b *testing.B, path string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	text := func(n int) string { return strings.Repeat("lorem ipsum ", n/12) }
	first := start.AddDate(-3, 0, 0).UnixMilli()
	step := (start.UnixMilli() - first) / int64(n)
	all := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d),
		m AS (SELECT i, 'e' || i AS id, %d + %d * i AS at, 'j' || (i %% %d) AS record, i %% 10 = 0 AS billed FROM n) `, n, first, step, n/4)
	decision := `'{"policy":"p","table":"t","row":"H1","because":"HOLD-1: held","subject":{"kind":"' ||
		CASE WHEN i % 10 = 1 THEN 'client","id":"c' || i ELSE 'job","id":"' || record END || '"},"actions":[{"verb":"cancel-job","on":{"kind":"job","id":"' || record || '"}}],"facts":[{"name":"billing","value":"' ||
		CASE WHEN billed THEN CASE i % 20 WHEN 0 THEN 'billable' ELSE 'free' END ELSE '' END || '","reason":"` + text(700) + `"}]}'`
	for _, insert := range []string{
		`INSERT INTO events (id, kind, subject, at, body, state, generation, attempts, not_before, note, source, ref, sha256, arrived, author, run) ` + all +
			`SELECT id, 'hold.changed', 'client c' || i, at, '{"id":"' || id || '","request":{"name":"Jo ' || i || '","quote":"` + text(200) + `"}}', 'decided', 0, 0, 0, '', 's', 'r', '', at, '', 'run' || i FROM m`,
		`INSERT INTO situations (event, generation, at, snapshot, settings) ` + all + `SELECT id, 0, at, CASE WHEN i % 10 <> 1 THEN '{}' ELSE
			'{"client":{"id":"c' || i || '","name":"Jo ' || i || '","hold":{"on":true,"start":"2026-02-01"},"jobs":[' || CASE i WHEN 99991 THEN ` + visitsOf(500) + ` ELSE ` + visitsOf(5) + ` END || ']}}' END, '{}' FROM m`,
		`INSERT INTO memory (subject, name, value, event, before) ` + all + `SELECT 'client c' || i, 'hold', CASE WHEN i % 50 = 41 THEN 'on 2026-02-01 -' ELSE 'off - -' END, '', '' FROM m WHERE i % 10 = 1`,
		`INSERT INTO decisions (id, event, generation, n, at, tbl, row_id, subject, body) ` + all +
			`SELECT 'D' || i, id, 0, 0, at, CASE WHEN billed THEN 'assignment.cancel' WHEN i % 10 = 1 THEN 'on_hold.hold' ELSE 'on_hold.visit' END, 'H1',
			CASE WHEN i % 10 = 1 THEN 'client c' || i ELSE 'job ' || record END, ` + decision + ` FROM m`,
		`INSERT INTO entries (id, key, event, subject, decision, rule, run, customer, maker, lane, last, weighs, checker, system, verb, change, text, state, why, attempts, doubt, not_before,
			lease, lease_until, turn, expires, undoes, result, created, updated) ` + all +
			`SELECT i * 3 + k, id || '/' || k, id, 'client c' || i, 'D' || i, 'r', 'run' || i, 'c' || i, '', 'job ' || record, 0, 1, '', 'salesforce',
			CASE k WHEN 0 THEN CASE WHEN billed THEN 'cancel-assignment' ELSE 'cancel-job' END ELSE 'free-worker' END,
			'{"key":"k","op":"update","ref":{"kind":"Job__c","id":"' || record || '"},"fields":{"Status__c":"` + text(400) + `"}}', 'J-' || i || ': ` + text(80) + `',
			CASE WHEN i > ` + fmt.Sprint(n-100) + ` THEN 'proposed' ELSE 'done' END, '', 1, 0, 0, '', 0, i, 0, 0, '{"before":{"Status__c":"` + text(80) + `"}}', at, at
			FROM m, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2)`,
		`INSERT INTO acts (id, at, who, act, entry, decision, reason) ` + all + `SELECT i, at, 'Dana', 'approve', i * 3, 'D' || i, '' FROM m`,
		`INSERT INTO deadlines (kind, subject, at, decision) ` + all + `SELECT 'cancellation.due', 'workflow w' || i, at + 100000000000, 'D' || i FROM m WHERE i % 100 = 0`,
	} {
		if _, err := db.ExecContext(b.Context(), insert); err != nil {
			b.Fatal(err)
		}
	}
}

// visitsOf is an SQL text of so many visits in JSON, two a day.
func visitsOf(n int) string {
	var all []string
	for i := range n {
		at := start.Add(time.Duration(i) * 12 * time.Hour).Format(time.RFC3339)
		all = append(all, fmt.Sprintf(`{"id":"j%d","name":"JOB-%05d","status":"cancelled","on_hold":true,"start":"%s","end":"%s","allocations":[{"id":"a","resource":"ana","live":true}]}`, i+2, i, at, at))
	}
	return "'" + strings.Join(all, ",") + "'"
}
