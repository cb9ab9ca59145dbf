package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// A dialect is what the two databases do not have in common. All other SQL is
// in the words that both understand.
type dialect struct {
	goose  goose.Dialect
	folder string // of its migrations
	// numbered parameters are $1, $2; others are ?.
	numbered bool
	// list is a subquery for the members of a JSON array of strings, its one
	// parameter.
	list string
	// begin is run first in each transaction that writes.
	begin string
}

var sqlite = dialect{
	goose:  goose.DialectSQLite3,
	folder: "migrations/sqlite",
	list:   `SELECT value FROM json_each(?)`,
}

// On PostgreSQL writers take turns, as they do on SQLite: what holds for one
// daemon then holds for any number, and a transaction never waits for anybody
// outside the database. The number is ours alone.
var postgres = dialect{
	goose:    goose.DialectPostgres,
	folder:   "migrations/postgres",
	numbered: true,
	list:     `SELECT jsonb_array_elements_text(CAST(? AS jsonb))`,
	begin:    `SELECT pg_advisory_xact_lock(7305010020)`,
}

// A conn is a database or a transaction. Queries have ? for each parameter.
type conn struct {
	querier
	dialect
}

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (c conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return c.querier.ExecContext(ctx, c.bind(query), storable(args)...)
}

func (c conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.querier.QueryContext(ctx, c.bind(query), storable(args)...)
}

func (c conn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return c.querier.QueryRowContext(ctx, c.bind(query), storable(args)...)
}

// bind numbers the parameters if the dialect wants that. No query has a
// question mark in a text.
func (d dialect) bind(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 32)
	for n := 1; ; n++ {
		before, rest, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = rest
	}
}

// storable takes out of texts what PostgreSQL refuses in them, so that both
// databases hold the same.
func storable(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = clean(a)
		case []string: // for dialect.list
			all := make([]string, len(a))
			for j, s := range a {
				all[j] = clean(s)
			}
			args[i] = encode(all)
		}
	}
	return args
}

func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}
