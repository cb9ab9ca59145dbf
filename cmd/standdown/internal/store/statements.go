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
//
// SQLite compiles a statement anew each time nevertheless if a bare parameter says
// how many rows are wanted, or is compared with a column that some index wants to
// have one value (entries.system): for another value another index might do. So
// such parameters stand in a CAST, which spared a mail that comes alone a fifth of
// its CPU.
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
	kept   map[string]*statement
	pragma string // the last that was set
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
	trimmed := strings.TrimSpace(query)
	switch trimmed[:max(0, strings.IndexAny(trimmed, " \t\n"))] {
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
	if strings.HasPrefix(query, "PRAGMA ") {
		return k.set(ctx, query)
	}
	if s := k.statement(ctx, query); s != nil {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	}
	return k.sqliteConn.ExecContext(ctx, query, args)
}

// set sets a pragma, unless it was the last one that was set: of the 28
// transactions of a mail that comes alone, most are like the one before.
func (k *keeper) set(ctx context.Context, pragma string) (driver.Result, error) {
	if pragma == k.pragma {
		return driver.ResultNoRows, nil
	}
	k.pragma = ""
	res, err := k.sqliteConn.ExecContext(ctx, pragma, nil)
	if err == nil {
		k.pragma = pragma
	}
	return res, err
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
