package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"regexp"
	"testing"
)

// statements opens a file of numbers in one connection that keeps statements.
func statements(t *testing.T) *sql.DB {
	t.Helper()
	c, err := openStatements(filepath.Join(t.TempDir(), "numbers.db"))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	for _, query := range []string{`CREATE TABLE numbers (n INTEGER)`, `INSERT INTO numbers VALUES (1), (2), (3)`} {
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// kept returns how many statements the connection keeps.
func kept(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Raw(func(c any) error { n = len(c.(*keeper).kept); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func total(t *testing.T, db *sql.DB, more int) (n int) {
	t.Helper()
	if err := db.QueryRow("SELECT\n\tSUM(n) + ? FROM numbers", more).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAStatementIsKeptAndMeansTheSameEachTime(t *testing.T) {
	db := statements(t)
	before := kept(t, db)
	for i := range 3 {
		if n := total(t, db, i); n != 6+i {
			t.Errorf("the sum is %d, want %d", n, 6+i)
		}
	}
	if n := kept(t, db) - before; n != 1 {
		t.Errorf("%d statements were kept for one query", n)
	}

	t.Run("when it is asked while it is being read", func(t *testing.T) {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		const query = `SELECT n FROM numbers WHERE n >= ? ORDER BY n`
		outer, err := tx.Query(query, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer outer.Close()
		pairs := 0
		for outer.Next() {
			var from int
			if err := outer.Scan(&from); err != nil {
				t.Fatal(err)
			}
			inner, err := rows(t.Context(), conn{tx, sqlite, ""}, func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) }, query, from)
			if err != nil {
				t.Fatal(err)
			}
			pairs += len(inner)
		}
		if pairs != 3+2+1 {
			t.Errorf("found %d pairs, want 6", pairs)
		}
	})
	t.Run("after it failed", func(t *testing.T) {
		if _, err := db.Exec(`CREATE UNIQUE INDEX one ON numbers (n)`); err != nil {
			t.Fatal(err)
		}
		for n, fails := range map[int]bool{3: true, 4: false} {
			if _, err := db.Exec(`INSERT INTO numbers VALUES (?)`, n); (err != nil) != fails {
				t.Errorf("inserting %d: %v", n, err)
			}
		}
		if n := total(t, db, 0); n != 10 {
			t.Errorf("the sum is %d, want 10", n)
		}
	})
	t.Run("after its caller gave up", func(t *testing.T) {
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := db.QueryContext(ended, `SELECT SUM(n) + ? FROM numbers`, 0); err == nil {
			t.Error("there is no error")
		}
		if n := total(t, db, 0); n != 10 {
			t.Errorf("the sum is %d, want 10", n)
		}
	})
	t.Run("after the table has changed", func(t *testing.T) {
		columns := func() int {
			r, err := db.Query(`SELECT * FROM numbers`)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			names, err := r.Columns()
			if err != nil {
				t.Fatal(err)
			}
			return len(names)
		}
		columns()
		if _, err := db.Exec(`ALTER TABLE numbers ADD COLUMN word TEXT`); err != nil {
			t.Fatal(err)
		}
		if n := columns(); n != 2 {
			t.Errorf("there are %d columns, want 2", n)
		}
	})
}

// What a pragma does it may do when it is compiled, and not when it is run again.
func TestAPragmaIsNotKept(t *testing.T) {
	db := statements(t)
	before := kept(t, db)
	for _, want := range []int{1, 2, 1, 2} {
		if _, err := db.Exec(map[int]string{1: `PRAGMA synchronous = NORMAL`, 2: `PRAGMA synchronous = FULL`}[want]); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := db.QueryRow(`PRAGMA synchronous`).Scan(&got); err != nil || got != want {
			t.Errorf("synchronous is %d (%v), want %d", got, err, want)
		}
	}
	if n := kept(t, db) - before; n != 0 {
		t.Errorf("%d statements were kept", n)
	}
}

// It would be compiled anew each time that it is run, see openStatements.
func TestNoParameterMakesSQLiteCompileAgain(t *testing.T) {
	s, heard := overheard(t, filepath.Join(t.TempDir(), "journal.db"))
	everyday(t, s)
	bare := regexp.MustCompile(`LIMIT \?|\bsystem = \?`)
	for _, query := range heard() {
		if bare.MatchString(query) {
			t.Errorf("a parameter that wants a CAST, in\n%s", query)
		}
	}
}

func TestAPragmaIsSetOnceAndAgainAfterAnother(t *testing.T) {
	db := statements(t)
	for _, step := range []struct {
		set  string
		want int
	}{{`PRAGMA synchronous = NORMAL`, 1}, {`PRAGMA synchronous = NORMAL`, 1}, {`PRAGMA synchronous = FULL`, 2}, {`PRAGMA synchronous = NORMAL`, 1}} {
		if _, err := db.Exec(step.set); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := db.QueryRow(`PRAGMA synchronous`).Scan(&got); err != nil || got != step.want {
			t.Errorf("after %s synchronous is %d (%v), want %d", step.set, got, err, step.want)
		}
	}
}
