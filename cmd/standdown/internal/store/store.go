// Package store remembers: how far sources were read, what happened, what was
// decided and why, what is to be written (the outbox), deadlines, and what
// people did. It is the journal, and the only truth about what has been done.
//
// It does not decide, and it calls nobody: a transaction never spans a remote
// call. Every method is one transaction and takes effect wholly or not at all.
// All methods may be used by several goroutines and by several processes. On
// SQLite only one of them can be the daemon; on PostgreSQL any number, see
// [Open].
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A Store is an open journal.
type Store struct {
	// Step, if set, is told of each transaction that writes: the name of the
	// method, and "begin", "commit" or "committed" for what is about to happen
	// or has happened. It is for tests that stop a daemon between two steps; it
	// must be set before the Store is used.
	Step func(method, phase string)

	// Key, if set, seals mails as they come; it must be set before the Store is
	// used. What was stored before stays as it is, and can be read.
	Key *Key

	pool *sql.DB
	db   conn
	name string // for people; without a password
	lock *flock.Flock
	pg   *pgx.ConnConfig // nil on SQLite
	was  Upgrade
}

// ErrOvertaken is returned for a step of intake or of deciding which another
// daemon has taken meanwhile. Nothing was stored.
var ErrOvertaken = errors.New("another daemon was faster")

// ErrRuns is returned by [Open] for a SQLite journal that a daemon has open.
var ErrRuns = errors.New("another daemon runs on it: stop that one first, or give this one a journal of its own (journal.path)")

// ErrNone is returned by [OpenBeside] if no daemon has made a journal yet.
var ErrNone = errors.New("there is no journal")

// Open opens the journal for a daemon and brings its tables up to date. The
// name is that of a SQLite file, which is made if there is none and from which
// every other daemon is kept out until Close, or a PostgreSQL URL
// (postgres://...), whose database must exist. A journal that a newer program
// wrote is refused; on PostgreSQL one that is newer by a single version is not,
// so that replicas can be upgraded one after the other.
func Open(ctx context.Context, name string) (*Store, error) {
	s, err := prepare(ctx, name, daemonName)
	if err != nil {
		return nil, err
	}
	if err := s.complete(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the journal %s: %w", s.name, s.db.explain(err))
	}
	return s, nil
}

// prepare opens a journal that may have no tables yet, or none that are up to
// date, for one daemon alone.
func prepare(ctx context.Context, name, program string) (*Store, error) {
	s, err := open(name, program)
	if err != nil {
		return nil, err
	}
	if s.pg == nil {
		err = s.takeLock()
	}
	if err == nil {
		err = s.migrate(ctx, true)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the journal %s: %w", s.name, s.db.explain(err))
	}
	return s, nil
}

// OpenBeside opens a journal for looking and for people's acts, whether or not
// a daemon runs. It makes none, and does not change its tables.
func OpenBeside(ctx context.Context, name string) (*Store, error) {
	if _, err := os.Stat(name); !isURL(name) && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s: start the daemon once with this configuration, or name another with --config", ErrNone, name)
	}
	s, err := open(name, commandName)
	if err != nil {
		return nil, err
	}
	if err = s.migrate(ctx, false); err == nil {
		err = s.complete(ctx)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the journal %s: %w", s.name, s.db.explain(err))
	}
	return s, nil
}

func isURL(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// What the program calls itself on PostgreSQL.
const (
	daemonName  = "standdown"
	commandName = "standdown command"
)

func open(name, program string) (*Store, error) {
	if isURL(name) {
		return openPostgres(name, program)
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	// FULL: a change that was sent must not be forgotten at a power loss, or
	// it would be sent again. immediate: a transaction that will write waits
	// its turn at the start instead of failing in the middle.
	options := "_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate"
	if program == daemonName { // a switch of the file, for good, and those beside must not compete for it
		options += "&_pragma=journal_mode(WAL)"
	}
	dsn := (&url.URL{Scheme: "file", Path: abs, RawQuery: options}).String()
	connector, err := openStatements(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return &Store{pool: db, db: conn{db, sqlite, abs}, name: abs}, nil
}

func openPostgres(name, program string) (*Store, error) {
	c, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, errors.New("opening the journal: the PostgreSQL URL cannot be understood; it should be like postgres://user:password@host:5432/database")
	}
	// A daemon that is frozen in the middle of a transaction must not hold up
	// the others for ever.
	c.RuntimeParams["idle_in_transaction_session_timeout"] = "10000"
	c.RuntimeParams["statement_timeout"] = "60000"
	c.RuntimeParams["application_name"] = program
	// Whatever the database's defaults are: whoever had to wait for his turn must
	// see what was written meanwhile, and what was committed must not be lost, or
	// it would be sent again.
	c.RuntimeParams["default_transaction_isolation"] = "read committed"
	c.RuntimeParams["synchronous_commit"] = "on"
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	name = fmt.Sprintf("%s on %s", c.Database, c.Host)
	return &Store{pool: db, db: conn{db, postgres, name}, pg: c, name: name}, nil
}

// Name is what people call the journal: its file, or database and host.
func (s *Store) Name() string { return s.name }

// Shared returns how to reach the database that several daemons share, or nil
// if this one has its journal to itself.
func (s *Store) Shared() *pgx.ConnConfig { return s.pg }

// takeLock makes this process the one daemon of the journal.
func (s *Store) takeLock() error {
	l := flock.New(s.name + ".lock")
	ok, err := l.TryLock()
	if err != nil {
		return err
	}
	if !ok {
		return ErrRuns
	}
	s.lock = l
	return nil
}

// Close closes the journal and ends its lock.
func (s *Store) Close() error {
	err := s.pool.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Unlock())
	}
	return err
}

// inTx runs f in one transaction. f must use tx only, and call nobody outside.
// What it wrote is on the disk when it returns, and so is all that was written
// before.
func (s *Store) inTx(ctx context.Context, f func(tx conn) error) error {
	return s.transact(ctx, s.db.safe, f)
}

// inTxSoon is inTx, except that a loss of power soon after may undo it and what
// inTxSoon wrote since, wholly: the journal is then as it was before. It is for
// steps that are simply taken again then, as nobody outside has been told of
// them: whatever tells somebody outside (a claim, the filing of mails) is written
// by inTx first, or waits for Secure. It spares a mail two of the three waits
// for the disk between its arrival and the first write.
func (s *Store) inTxSoon(ctx context.Context, f func(tx conn) error) error {
	return s.transact(ctx, s.db.soon, f)
}

func (s *Store) transact(ctx context.Context, how beginning, f func(tx conn) error) error {
	step := s.stepper()
	step("begin")
	began, end, err := s.begin(ctx, how)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", s.db.explain(err))
	}
	defer end()
	tx := conn{began, s.db.dialect, s.name}
	if how.first != "" {
		if _, err := tx.ExecContext(ctx, how.first); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	step("commit")
	if err := began.Commit(); err != nil {
		return fmt.Errorf("writing the journal: %w", s.db.explain(err))
	}
	step("committed")
	return nil
}

func (s *Store) begin(ctx context.Context, how beginning) (tx *sql.Tx, end func(), err error) {
	c, err := s.pool.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	if how.before != "" {
		_, err = c.ExecContext(ctx, how.before)
	}
	if err == nil {
		tx, err = c.BeginTx(ctx, nil)
	}
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return tx, func() { tx.Rollback(); c.Close() }, nil
}

// rows reads all rows of a query, each by scan.
func rows[T any](ctx context.Context, c conn, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rs, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer rs.Close()
	var all []T
	for rs.Next() {
		one, err := scan(rs)
		if err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		all = append(all, one)
	}
	if err := rs.Err(); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", c.explain(err))
	}
	return all, nil
}

func scanString(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

// encode is for values of our own types, which always encode.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: encoding %T: %v", v, err))
	}
	return string(b)
}

func decode(s string, v any) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), v)
}
