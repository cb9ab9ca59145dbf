package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// tables are all there are. What River keeps in the same database is not the
// journal's, and is never missed.
var tables = []string{
	"sources", "seen", "events", "raw", "housekeeping", "situations", "decisions", "memory",
	"entries", "shadows", "deadlines", "acts", "brakes", "holds", "closings", "chain", "notes",
}

// numberedTables hand out their ids.
var numberedTables = []string{"entries", "acts"}

// copying is the note of a journal that a copy is being made into. It is gone
// once the copy is whole.
const copying = "copying"

// A Copied tells what a copy has.
type Copied struct {
	Journal string           `json:"journal"`
	Rows    map[string]int64 `json:"rows"` // by table
	Verification
}

// Copy copies a journal into an empty one, which it makes if the name is that
// of a file. Either may be a SQLite file or a PostgreSQL URL. No daemon may run
// on either of them; nothing can be written to the first meanwhile. Each table
// of the copy is read back and compared, and its chain walked, before it counts:
// a Fault of the chain is copied with the rest.
//
// If Copy ends before that, the copy is empty and cannot be opened; Copy may be
// called again.
func Copy(ctx context.Context, from, to string) (Copied, error) {
	source, err := openSource(ctx, from)
	if err != nil {
		return Copied{}, err
	}
	defer source.Close()
	if err := source.alone(ctx); err != nil {
		return Copied{}, fmt.Errorf("copying the journal %s: %w", source.name, err)
	}
	return source.copyTo(ctx, to, source.inTx, nil)
}

func openSource(ctx context.Context, name string) (*Store, error) {
	if _, err := os.Stat(name); err != nil && !isURL(name) {
		return nil, fmt.Errorf("opening the journal to copy: %w", err)
	}
	return OpenBeside(ctx, name)
}

// copyTo copies what a transaction of the given kind sees. Last, if not nil, is
// what is to be done to the copy before it counts.
func (s *Store) copyTo(ctx context.Context, to string, look func(context.Context, func(conn) error) error, last func(tx conn) error) (done Copied, err error) {
	target, err := prepare(ctx, to, commandName)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	err = target.alone(ctx)
	if err == nil {
		err = target.reserve(ctx, s.name)
	}
	if err == nil {
		err = look(ctx, func(from conn) error {
			if err := from.unhurried(ctx); err != nil {
				return err
			}
			done, err = target.fill(ctx, from, last)
			return err
		})
	}
	if err != nil {
		return done, fmt.Errorf("copying the journal %s to %s: %w", s.name, target.name, err)
	}
	return done, nil
}

// reserve makes sure that the journal is empty, and that nobody takes it for
// one that is complete.
func (s *Store) reserve(ctx context.Context, from string) error {
	return s.inTx(ctx, func(tx conn) error {
		for _, table := range tables {
			var n int64
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM `+table+` LIMIT 2) t`).Scan(&n); err != nil {
				return fmt.Errorf("reading the journal: %w", err)
			}
			var note string
			if table == "notes" && n == 1 {
				note, _ = noteOf(ctx, tx, copying)
			}
			if n > 0 && note == "" {
				return fmt.Errorf("%s is in use, it has %s: name a new file or an empty database", s.name, table)
			}
		}
		return setNote(ctx, tx, copying, from)
	})
}

// fill takes over all tables, compares them and declares the journal complete,
// in one transaction.
func (s *Store) fill(ctx context.Context, from conn, last func(tx conn) error) (Copied, error) {
	done := Copied{Journal: s.name, Rows: map[string]int64{}}
	err := s.inTx(ctx, func(tx conn) error {
		if err := tx.unhurried(ctx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM notes`); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		for _, table := range tables {
			want, err := copyTable(ctx, from, tx, table)
			if err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			have, err := sumTable(ctx, tx, table, nil)
			if err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			if have != want {
				return fmt.Errorf("table %s: the copy differs: %d rows of %d, digest %x, want %x", table, have.rows, want.rows, have.digest[:8], want.digest[:8])
			}
			done.Rows[table] = have.rows
		}
		if tx.renumber != "" {
			for _, table := range numberedTables {
				if _, err := tx.ExecContext(ctx, fmt.Sprintf(tx.renumber, table)); err != nil {
					return fmt.Errorf("table %s: %w", table, err)
				}
			}
		}
		if last != nil {
			if err := last(tx); err != nil {
				return err
			}
		}
		var err error
		done.Verification, err = verify(ctx, tx, "")
		return err
	})
	return done, err
}

// A sum is what a table comes to, in whatever order it is read.
type sum struct {
	rows   int64
	digest [sha256.Size]byte
}

func (s *sum) add(row []any) {
	h := sha256.New()
	for _, v := range row {
		var text string
		switch v := v.(type) {
		case int64:
			text = strconv.FormatInt(v, 10)
		case []byte:
			text = string(v)
		case string:
			text = v
		}
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	for i, b := range h.Sum(nil) {
		s.digest[i] ^= b
	}
	s.rows++
}

// sumTable reads a table row by row. Each, if not nil, gets every row; it must
// not keep the slice.
func sumTable(ctx context.Context, c conn, table string, each func(columns []string, row []any) error) (sum, error) {
	var all sum
	rs, err := c.QueryContext(ctx, `SELECT * FROM `+table)
	if err != nil {
		return all, fmt.Errorf("reading the journal: %w", err)
	}
	defer rs.Close()
	columns, err := rs.Columns()
	if err != nil {
		return all, fmt.Errorf("reading the journal: %w", err)
	}
	row, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		places[i] = &row[i]
	}
	for rs.Next() {
		if err := rs.Scan(places...); err != nil {
			return all, fmt.Errorf("reading the journal: %w", err)
		}
		all.add(row)
		if each == nil {
			continue
		}
		if err := each(columns, row); err != nil {
			return all, err
		}
	}
	if err := rs.Err(); err != nil {
		return all, fmt.Errorf("reading the journal: %w", c.explain(err))
	}
	return all, nil
}

// copyTable returns what the table comes to where it is copied from.
func copyTable(ctx context.Context, from, to conn, table string) (sum, error) {
	out := inserter{to: to, table: table}
	all, err := sumTable(ctx, from, table, func(columns []string, row []any) error {
		out.columns = columns
		return out.add(ctx, row)
	})
	return all, errors.Join(err, out.flush(ctx))
}

// An inserter inserts many rows at once.
type inserter struct {
	to      conn
	table   string
	columns []string
	args    []any
}

// insertAtOnce is how many parameters a statement has at most; SQLite takes
// 32,766, PostgreSQL 65,535.
const insertAtOnce = 4000

func (i *inserter) add(ctx context.Context, row []any) error {
	i.args = append(i.args, row...)
	if len(i.args)+len(row) > insertAtOnce {
		return i.flush(ctx)
	}
	return nil
}

func (i *inserter) flush(ctx context.Context) error {
	if len(i.args) == 0 {
		return nil
	}
	one := "(" + strings.Repeat("?, ", len(i.columns)-1) + "?)"
	values := strings.Repeat(one+", ", len(i.args)/len(i.columns)-1) + one
	_, err := i.to.ExecContext(ctx, `INSERT INTO `+i.table+` (`+strings.Join(i.columns, ", ")+`) VALUES `+values, i.args...)
	clear(i.args)
	i.args = i.args[:0]
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// alone makes sure that no daemon uses the journal, and on SQLite that none
// can until Close.
func (s *Store) alone(ctx context.Context) error {
	if s.pg == nil {
		if s.lock != nil {
			return nil
		}
		return s.takeLock()
	}
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = ?`, daemonName).Scan(&n)
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if n > 0 {
		return fmt.Errorf("daemons run on it (%d connections): stop them first", n)
	}
	return nil
}

// complete refuses a journal that a copy was begun into and not finished.
func (s *Store) complete(ctx context.Context) error {
	from, err := noteOf(ctx, s.db, copying)
	if err == nil && from != "" {
		err = fmt.Errorf("it is the beginning of a copy of %s that was not finished: copy once more, or remove it", from)
	}
	return err
}

// noteOf returns a note, or an empty text if there is none.
func noteOf(ctx context.Context, c conn, name string) (value string, err error) {
	err = c.QueryRowContext(ctx, `SELECT value FROM notes WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the journal: %w", err)
	}
	return value, nil
}

func setNote(ctx context.Context, tx conn, name, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notes (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}
