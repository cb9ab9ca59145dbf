package store

import (
	"context"
	"database/sql"
	"fmt"
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
	// parameter; it is called one.
	list string
	// texts is a subquery for the members of a JSON object of texts by number, its
	// one parameter; they are called id and text.
	texts string
	// update begins an UPDATE of many rows. On SQLite it does not undo what it has
	// done itself when it fails, which the transaction does anyway: to be able to,
	// SQLite writes each page once more, to a file of its own.
	update string
	// record is the id in a decision's subject, in the very words of its index.
	record string
	// kind is that of a record that was seen, in the very words of its index.
	kind string
	// begun counts the tables that tell the schema's version: one or none.
	begun string
	// safe and soon begin a transaction that writes, see inTx and inTxSoon.
	safe, soon beginning
	// moment is the isolation of a transaction that sees one moment only.
	moment sql.IsolationLevel
	// patience lifts the limits on how long a transaction may take.
	patience []string
	// renumber has the ids of a table, %[1]s, go on after those that it has.
	renumber string
}

// A beginning is what is run before a transaction, and what first in it.
type beginning struct{ before, first string }

var sqlite = dialect{
	goose:  goose.DialectSQLite3,
	folder: "migrations/sqlite",
	begun:  `SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'`,
	list:   `SELECT value AS one FROM json_each(?)`,
	texts:  `SELECT CAST(key AS BIGINT) AS id, value AS text FROM json_each(?)`,
	update: `UPDATE OR FAIL`,
	record: `substr(subject, instr(subject, ' ') + 1)`,
	kind:   `substr(ref, 1, instr(ref, '/'))`,
	safe:   beginning{before: `PRAGMA synchronous = FULL`},
	soon:   beginning{before: `PRAGMA synchronous = NORMAL`},
}

// On PostgreSQL writers take turns, as they do on SQLite: what holds for one
// daemon then holds for any number, and a transaction never waits for anybody
// outside the database. The number is ours alone.
var postgres = dialect{
	goose:    goose.DialectPostgres,
	folder:   "migrations/postgres",
	begun:    `SELECT COUNT(*) FROM pg_tables WHERE tablename = 'goose_db_version' AND schemaname = CURRENT_SCHEMA()`,
	numbered: true,
	list:     `SELECT jsonb_array_elements_text(CAST(? AS jsonb)) AS one`,
	texts:    `SELECT CAST(key AS BIGINT) AS id, value AS text FROM json_each_text(CAST(? AS json))`,
	update:   `UPDATE`,
	record:   `substr(subject, strpos(subject, ' ') + 1)`,
	kind:     `substr(ref, 1, strpos(ref, '/'))`,
	safe:     beginning{first: `SELECT pg_advisory_xact_lock(7305010020)`},
	soon:     beginning{first: `SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(7305010020)`},
	moment:   sql.LevelRepeatableRead,
	patience: []string{`SET LOCAL statement_timeout = 0`, `SET LOCAL idle_in_transaction_session_timeout = 0`},
	renumber: `SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), COALESCE((SELECT MAX(id) FROM %[1]s), 1), EXISTS (SELECT 1 FROM %[1]s))`,
}

// A conn is a database or a transaction. Queries have ? for each parameter.
type conn struct {
	querier
	dialect
	journal string // its name, for people
}

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (c conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	res, err := c.querier.ExecContext(ctx, c.bind(query), storable(args)...)
	return res, c.explain(err)
}

func (c conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rs, err := c.querier.QueryContext(ctx, c.bind(query), storable(args)...)
	return rs, c.explain(err)
}

func (c conn) QueryRowContext(ctx context.Context, query string, args ...any) row {
	return row{c.querier.QueryRowContext(ctx, c.bind(query), storable(args)...), c}
}

// unhurried lets the transaction take as long as it needs.
func (c conn) unhurried(ctx context.Context) error {
	for _, set := range c.patience {
		if _, err := c.ExecContext(ctx, set); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
	}
	return nil
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
