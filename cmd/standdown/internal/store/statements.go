package store

import (
	"context"
	"database/sql/driver"
	"strings"

	driversqlite "modernc.org/sqlite"
)

// openStatements opens a SQLite file, by its name for the driver, in
// connections that keep the statements they have met, so that each is compiled
// once and not every time it is run. Compiling is three quarters of the work for
// the short statements that a journal is made of. On PostgreSQL the driver does
// so itself.
func openStatements(name string) (driver.Connector, error) {
	c, err := driversqlite.NewConnector(name)
	return reusing{c}, err
}

type reusing struct{ driver.Connector }

func (r reusing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := r.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keeper{sqliteConn: c.(sqliteConn), kept: map[string]*statement{}}, nil
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// A keeper is a connection that keeps statements. As any, it is used by one
// goroutine at a time.
type keeper struct {
	sqliteConn
	kept map[string]*statement
}

// A statement that is kept. It is busy while its rows are read.
type statement struct {
	driver.Stmt
	busy bool
}

// maxKept bounds the memory of a connection: a journal has about 200 statements,
// and some that are made up as they are needed.
const maxKept = 500

// statement returns the statement that is kept for a query, or nil if it is not
// to be kept: some have their effect when they are compiled.
func (k *keeper) statement(ctx context.Context, query string) *statement {
	s := k.kept[query]
	if s != nil {
		if s.busy {
			return nil
		}
		return s
	}
	word, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	switch word {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
	default:
		return nil
	}
	if len(k.kept) >= maxKept {
		return nil
	}
	compiled, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil // the query itself says what is wrong with it
	}
	s = &statement{Stmt: compiled}
	k.kept[query] = s
	return s
}

func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if s := k.statement(ctx, query); s != nil {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	}
	return k.sqliteConn.ExecContext(ctx, query, args)
}

func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s := k.statement(ctx, query)
	if s == nil {
		return k.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &keptRows{rows, s}, nil
}

func (k *keeper) Close() error {
	for _, s := range k.kept {
		s.Close()
	}
	return k.sqliteConn.Close()
}

// keptRows free their statement when they are closed.
type keptRows struct {
	driver.Rows
	of *statement
}

func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
