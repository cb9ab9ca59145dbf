package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	driversqlite "modernc.org/sqlite"
)

// overheard opens a journal and returns the queries that have been sent to it.
func overheard(t *testing.T, name string) (s *Store, heard func() []string) {
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ear := &ear{Connector: file("file:" + name + "?_txlock=immediate"), said: map[string]bool{}}
	if s.pg != nil {
		ear.Connector = stdlib.GetConnector(*s.pg)
	}
	s.pool.Close()
	s.pool = sql.OpenDB(ear)
	s.pool.SetMaxOpenConns(1)
	s.db.querier = s.pool
	t.Cleanup(func() { s.Close() })
	return s, func() []string {
		ear.Lock()
		defer ear.Unlock()
		return slices.Sorted(maps.Keys(ear.said))
	}
}

// A file is a SQLite database, by its name for the driver.
type file string

func (f file) Driver() driver.Driver { return &driversqlite.Driver{} }

func (f file) Connect(context.Context) (driver.Conn, error) { return f.Driver().Open(string(f)) }

// An ear is a driver that remembers what was said to it.
type ear struct {
	driver.Connector
	sync.Mutex
	said map[string]bool
}

func (e *ear) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := e.Connector.Connect(ctx)
	return earConn{c, e}, err
}

func (e *ear) hear(query string) {
	e.Lock()
	defer e.Unlock()
	if !strings.HasPrefix(query, "EXPLAIN") {
		e.said[query] = true
	}
}

type earConn struct {
	driver.Conn
	ear *ear
}

func (c earConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.ear.hear(query)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c earConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.ear.hear(query)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c earConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}
