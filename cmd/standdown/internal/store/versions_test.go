package store

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store/storetest"
)

// Each journal that a released version has left, see testdata/journals.
func eachRelease(t *testing.T, test func(t *testing.T, name string, key *Key)) {
	files, err := filepath.Glob("testdata/journals/*.db.gz")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no journals of released versions", err)
	}
	for _, file := range files {
		version := strings.TrimSuffix(filepath.Base(file), ".db.gz")
		text, err := os.ReadFile("testdata/journals/" + version + ".key")
		if err != nil {
			t.Fatal(err)
		}
		key, err := ParseKey(string(text))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(version, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
				test(t, ofRelease(t, file, fresh(t)), key)
			})
		})
	}
}

// ofRelease puts the released journal where the name says.
func ofRelease(t *testing.T, file, name string) string {
	t.Helper()
	unpacked := name
	if isURL(name) {
		unpacked = filepath.Join(t.TempDir(), "journal.db")
	}
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	in, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if isURL(name) {
		load(t, unpacked, name)
	}
	return name
}

// load takes a file's rows over into a database, in the schema of the file.
func load(t *testing.T, file, url string) {
	t.Helper()
	from, to := rawly(t, file), rawly(t, url)
	files, err := fs.Sub(migrations, to.db.folder)
	if err != nil {
		t.Fatal(err)
	}
	p, err := to.migrator(files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), versionOf(t, from)); err != nil {
		t.Fatal(err)
	}
	err = to.inTx(t.Context(), func(tx conn) error {
		for table := range tablesOf(t, from) {
			if _, err := copyTable(t.Context(), from.db, tx, table); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		for _, table := range numberedTables {
			if _, err := tx.ExecContext(t.Context(), fmt.Sprintf(tx.renumber, table)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rawly opens a journal as it is.
func rawly(t *testing.T, name string) *Store {
	t.Helper()
	s, err := open(name, commandName)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func versionOf(t *testing.T, s *Store) (n int64) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), `SELECT version_id FROM goose_db_version ORDER BY id DESC LIMIT 1`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// tablesOf are the journal's tables, each with its columns.
func tablesOf(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	query := `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid`
	if s.pg != nil {
		query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' ORDER BY table_name, ordinal_position`
	}
	all := map[string][]string{}
	if _, err := rows(t.Context(), s.db, func(r *sql.Rows) (table string, err error) {
		var column string
		err = r.Scan(&table, &column)
		all[table] = append(all[table], column)
		return table, err
	}, query); err != nil {
		t.Fatal(err)
	}
	return all
}

// contents are digests of what stands in the tables, of the columns given.
func contents(t *testing.T, s *Store, columns map[string][]string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for table, names := range columns {
		sum, err := sumTable(t.Context(), s.db, `(SELECT `+strings.Join(names, ", ")+` FROM `+table+`) t`, nil)
		if err != nil {
			t.Fatal(err)
		}
		all[table] = fmt.Sprintf("%d rows, %x", sum.rows, sum.digest[:8])
	}
	return all
}

func opened(t *testing.T, name string) *Store {
	t.Helper()
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestJournalsOfReleasedVersions(t *testing.T) {
	eachRelease(t, func(t *testing.T, name string, key *Key) {
		old := rawly(t, name)
		from, columns := versionOf(t, old), tablesOf(t, old)
		before := contents(t, old, columns)
		old.Close()
		s := opened(t, name)
		s.Key = key
		if diff := gocmp.Diff(before, contents(t, s, columns)); diff != "" {
			t.Errorf("what stood in the journal (-before +after):\n%s", diff)
		}
		if was := s.Upgraded(); was.From != from || was.To <= from {
			t.Errorf("it says that it was brought up to date %v, want from %d", was, from)
		}
		if v, err := s.Verify(t.Context(), ""); err != nil || v.Fault != "" || v.Decisions == 0 || v.Acts == 0 || v.Erased == 0 {
			t.Errorf("its chain: %+v, %v", v, err)
		}
		readsAll(t, s)
		carriesOn(t, s)
	})
}

// readsAll reads the journal in every way that people and the daemon do.
func readsAll(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, 3, 3, 18, 0, 0, 0, time.UTC)
	least := func(what string, n, least int, err error) {
		t.Helper()
		if err != nil || n < least {
			t.Errorf("%s: %d, %v; want %d at least", what, n, err, least)
		}
	}
	entries, err := s.Entries(ctx, Filter{})
	least("entries", len(entries), 100, err)
	events, err := s.Events(ctx, New, Decided, Ignored, Quarantined, Asked, Answered)
	least("events", len(events), 50, err)
	tables, err := rows(ctx, s.db, scanString, `SELECT DISTINCT tbl FROM decisions`)
	least("tables", len(tables), 4, err)
	decisions, err := s.DecisionList(ctx, DecisionFilter{Tables: tables, Limit: 1000})
	least("decisions", len(decisions), 30, err)
	for _, d := range decisions {
		_, err := s.Acts(ctx, d.ID)
		least("acts of a decision", 0, 0, err)
	}
	situations := 0
	for _, err := range s.Situations(ctx, now.AddDate(-1, 0, 0)) {
		situations++
		least("situation", 0, 0, err)
	}
	least("situations", situations, 30, nil)
	acts, err := s.ActLog(ctx, ActFilter{Limit: 1000})
	least("acts", len(acts), 15, err)
	holds, err := s.Holds(ctx)
	least("holds", len(holds), 1, err)
	held, err := s.Entries(ctx, Filter{Hold: holds[0].ID})
	least("held entries", len(held), 5, err)
	brakes, err := s.Brakes(ctx)
	least("brakes", len(brakes), 1, err)
	deadlines, err := s.Deadlines(ctx)
	least("deadlines", len(deadlines), 3, err)
	clients, err := s.ClientHolds(ctx, now.AddDate(0, -1, 0))
	least("clients on hold", len(clients), 1, cmp.Or(err, s.NameHolds(ctx, clients), s.DescribeHolds(ctx, clients)))
	cancelled, err := s.Cancelled(ctx, CancelledFilter{Since: now.AddDate(0, -1, 0), Limit: 100})
	least("cancelled", len(cancelled), 5, err)
	counts, err := s.Counts(ctx)
	least("approvals", counts.Approvals, 3, err)
	least("in quarantine", counts.Quarantined, 1, err)
	mails := 0
	for _, e := range events {
		if m, err := s.Mail(ctx, e.ID); err == nil && strings.Contains(string(m.Raw), "Subject:") {
			mails++
		}
	}
	least("mails, sealed and not", mails, 10, nil)
	exported, err := s.Export(ctx, io.Discard, time.Time{}, true, now)
	least("exported entries", int(exported.Entries), 100, err)
	least("exported mails", int(exported.Mails), 10, err)
}

// carriesOn has its deadlines fire, and what was proposed approved and delivered.
func carriesOn(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)
	if n, err := s.Fire(ctx, now); err != nil || n != 3 {
		t.Errorf("%d deadlines fired, %v; want 3", n, err)
	}
	if err := s.Resume(ctx, Brake{Name: AllSystems, At: now, Who: "dana"}); err != nil {
		t.Fatal(err)
	}
	proposed, err := s.Entries(ctx, Filter{States: []State{Proposed}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(proposed, func(e Entry) bool { return strings.HasPrefix(e.Text, "W-1049: ") })
	if i < 0 {
		t.Fatal("the cancellation of W-1049 is not proposed")
	}
	if err := s.Approve(ctx, []int64{proposed[i].ID}, Checker{Name: "Dana Whitlock"}, "", now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Disband(ctx, now); err != nil {
		t.Fatal(err)
	}
	claimed, token, err := s.Claim(ctx, "salesforce", 10, now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	i = slices.IndexFunc(claimed, func(e Entry) bool { return strings.HasPrefix(e.Text, "W-1049: ") })
	if i < 0 || claimed[i].Change.Fields["Status__c"] != "Cancel Pending" {
		t.Fatalf("claimed %+v; want the cancellation of W-1049", claimed)
	}
	if err := s.Settle(ctx, token, []Settlement{{ID: claimed[i].ID, Signal: Applied, Answered: true}}, now); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Verify(ctx, ""); err != nil || v.Fault != "" {
		t.Errorf("its chain afterwards: %+v, %v", v, err)
	}
}

func TestUpgrade(t *testing.T) {
	t.Run("a file is copied as it was, first", func(t *testing.T) {
		name := ofRelease(t, "testdata/journals/0.1.0.db.gz", filepath.Join(t.TempDir(), "journal.db"))
		old := rawly(t, name)
		before := contents(t, old, tablesOf(t, old))
		old.Close()
		s := opened(t, name)
		was := s.Upgraded()
		if was.Copy != name+".schema1" {
			t.Errorf("the copy is called %q", was.Copy)
		}
		kept := rawly(t, was.Copy)
		if diff := gocmp.Diff(before, contents(t, kept, tablesOf(t, kept))); diff != "" || versionOf(t, kept) != 1 {
			t.Errorf("schema %d (-was +copy):\n%s", versionOf(t, kept), diff)
		}
		if info, err := os.Stat(was.Copy); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v; want it for its owner alone", info.Mode(), err)
		}
		s.Close()
		if was := opened(t, name).Upgraded(); was != (Upgrade{}) {
			t.Errorf("opened again it is brought up to date again: %v", was)
		}
	})
	t.Run("one that fails leaves everything as it was", func(t *testing.T) {
		eachRelease(t, func(t *testing.T, name string, _ *Key) {
			s := rawly(t, name)
			version, columns := versionOf(t, s), tablesOf(t, s)
			before := contents(t, s, columns)
			p, err := s.migrator(withOneThatFails(t, s.db.folder))
			if err != nil {
				t.Fatal(err)
			}
			err = s.upgrade(t.Context(), p, version, 99999)
			if err == nil || !strings.Contains(err.Error(), "they are as they were") {
				t.Errorf("it ended with %v", err)
			}
			if diff := gocmp.Diff(columns, tablesOf(t, s)); diff != "" || versionOf(t, s) != version {
				t.Errorf("schema %d, want %d; tables (-before +after):\n%s", versionOf(t, s), version, diff)
			}
			if diff := gocmp.Diff(before, contents(t, s, columns)); diff != "" {
				t.Errorf("what stood in the journal (-before +after):\n%s", diff)
			}
			s.Close()
			opened(t, name)
		})
	})
	t.Run("one that is broken off leaves alone what another daemon has brought up to date meanwhile", func(t *testing.T) {
		name := ofRelease(t, "testdata/journals/0.1.0.db.gz", storetest.Shared(t).Fresh(t))
		late := rawly(t, name)
		files, err := fs.Sub(migrations, late.db.folder)
		if err != nil {
			t.Fatal(err)
		}
		p, err := late.migrator(files)
		if err != nil {
			t.Fatal(err)
		}
		have, want, err := p.GetVersions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		other := opened(t, name)
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := late.upgrade(ctx, p, have, want); err == nil {
			t.Error("it did not say that it was broken off")
		}
		if n := versionOf(t, other); n != want {
			t.Errorf("the other daemon's tables are of schema %d, want %d", n, want)
		}
	})
	t.Run("a journal of a newer version is refused, by whoever opens it", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
			name := fresh(t)
			s := opened(t, name)
			if _, err := s.db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
				t.Fatal(err)
			}
			s.Close()
			for _, open := range []func(context.Context, string) (*Store, error){Open, OpenBeside} {
				s, err := open(t.Context(), name)
				if err == nil {
					s.Close()
				}
				if err == nil || !strings.Contains(err.Error(), "it was written by a newer version (schema 99999, this program knows ") {
					t.Errorf("opening it: %v", err)
				}
			}
		})
	})
	t.Run("who only looks changes nothing, and says what to do", func(t *testing.T) {
		eachRelease(t, func(t *testing.T, name string, _ *Key) {
			s, err := OpenBeside(t.Context(), name)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "start the daemon of this version once") {
				t.Errorf("opening it: %v", err)
			}
			if n := versionOf(t, rawly(t, name)); n != 1 {
				t.Errorf("schema %d", n)
			}
		})
	})
	t.Run("a backup of an older version can be restored", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
			backup := ofRelease(t, "testdata/journals/0.1.0.db.gz", filepath.Join(t.TempDir(), "backup.db"))
			name := fresh(t)
			done, err := Restore(t.Context(), backup, name, time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
			if err != nil || done.Fault != "" || done.Rows["entries"] < 100 {
				t.Fatalf("%+v, %v", done, err)
			}
			readsAll(t, keyed(t, opened(t, name)))
			if n := versionOf(t, rawly(t, backup)); n != 1 {
				t.Errorf("the backup itself was changed: schema %d", n)
			}
		})
	})
}

func keyed(t *testing.T, s *Store) *Store {
	t.Helper()
	text, err := os.ReadFile("testdata/journals/0.1.0.key")
	if err == nil {
		s.Key, err = ParseKey(string(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Daemons of the released version that share a database go on, and are begun
// again, while it is brought up to date under them: one step ahead is not too far.
func TestAReleaseIsOneStepAheadOfTheOneBefore(t *testing.T) {
	was := versionOf(t, rawly(t, ofRelease(t, "testdata/journals/0.1.0.db.gz", filepath.Join(t.TempDir(), "journal.db"))))
	is := versionOf(t, opened(t, filepath.Join(t.TempDir(), "journal.db")))
	if is > was+1 {
		t.Errorf("the schema is %d, and 0.1.0 refuses what is above %d: have one migration since", is, was+1)
	}
}

// withOneThatFails are all migrations and another, which fails in its middle.
func withOneThatFails(t *testing.T, folder string) fs.FS {
	t.Helper()
	files := fstest.MapFS{"99999_bad.sql": {Data: []byte("-- +goose Up\nCREATE TABLE half (a TEXT);\nDELETE FROM acts;\nINSERT INTO nowhere VALUES (1);\n-- +goose Down\nDROP TABLE half;\n")}}
	all, err := fs.Glob(migrations, folder+"/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = &fstest.MapFile{Data: text}
	}
	return files
}

// What is released is never changed: journals have been made by it.
func TestReleasedMigrationsAreAsTheyWereReleased(t *testing.T) {
	for name, want := range map[string]string{
		"sqlite/00001_journal.sql":   "9fe48d1320764a82ad02450fe76888061bc914d1c23a7846aec54aff450f8d94",
		"postgres/00001_journal.sql": "cff43c8f7ac39b96e683bcdc937a7156afed685db019287289cbef2e629e2be8",
	} {
		text, err := fs.ReadFile(migrations, "migrations/"+name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s has the digest %s, not %s: make a new migration instead", name, got, want)
		}
	}
}
