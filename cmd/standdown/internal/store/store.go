// Package store remembers: how far sources were read, what happened, what was
// decided and why, what is to be written (the outbox), deadlines, and what
// people did. It is the journal, and the only truth about what has been done.
//
// It does not decide, and it calls nobody: a transaction never spans a remote
// call. Every method is one transaction and takes effect wholly or not at all.
// All methods may be used by several goroutines and, for the command line, by
// a second process; only one at a time can be the daemon, see [Open].
package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// A Store is an open journal.
type Store struct {
	db   *sql.DB
	path string
	lock *flock.Flock
}

// Open opens the journal in the SQLite file for the daemon: it makes the file
// if there is none, brings its tables up to date, and keeps every other daemon
// out until Close. A file that a newer program wrote is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	err = s.takeLock()
	if err == nil {
		err = s.migrate(ctx, true)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the journal %s: %w", path, err)
	}
	return s, nil
}

// OpenBeside opens a journal for looking and for people's acts, whether or not
// the daemon runs. It makes none, and does not change its tables.
func OpenBeside(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no journal at %s: start the daemon once with this configuration, or name another with --config", path)
	}
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, false); err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the journal %s: %w", path, err)
	}
	return s, nil
}

func open(path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// FULL: a change that was sent must not be forgotten at a power loss, or
	// it would be sent again. immediate: a transaction that will write waits
	// its turn at the start instead of failing in the middle.
	dsn := (&url.URL{Scheme: "file", Path: abs, RawQuery: "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate"}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &Store{db: db, path: abs}, nil
}

// migrate brings the tables up to date, or says that somebody else must.
func (s *Store) migrate(ctx context.Context, change bool) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, files)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("it was written by a newer version (schema %d, this program knows %d): use that version, or another journal", have, want)
	}
	if have == want {
		return nil
	}
	if !change {
		return fmt.Errorf("its tables are of an older version (schema %d, want %d): start the daemon of this version once", have, want)
	}
	_, err = p.Up(ctx)
	return err
}

// takeLock makes this process the one daemon of the journal.
func (s *Store) takeLock() error {
	l := flock.New(s.path + ".lock")
	ok, err := l.TryLock()
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("another daemon runs on it: stop that one first, or give this one a journal of its own (journal.path)")
	}
	s.lock = l
	return nil
}

// Close closes the journal and ends its lock.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Unlock())
	}
	return err
}

// inTx runs f in one transaction. f must use tx only, and call nobody outside.
func (s *Store) inTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// rows reads all rows of a query, each by scan.
func rows[T any](ctx context.Context, q interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rs, err := q.QueryContext(ctx, query, args...)
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
		return nil, fmt.Errorf("reading the journal: %w", err)
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
