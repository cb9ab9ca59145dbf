package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestWhoLooksAtAnEmptyJournalMakesNothingInIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, journal := range []struct{ name, driver, place, tables string }{
		{"SQLite", "sqlite", file, `SELECT COUNT(*) FROM sqlite_master`},
		{"PostgreSQL", "pgx", "", `SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'`},
	} {
		t.Run(journal.name, func(t *testing.T) {
			if journal.place == "" {
				journal.place = storetest.Shared(t).Fresh(t)
			}
			if s, err := store.OpenBeside(t.Context(), journal.place); err == nil {
				s.Close()
				t.Error("an empty journal was opened")
			}
			db, err := sql.Open(journal.driver, journal.place)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var n int
			if err := db.QueryRowContext(t.Context(), journal.tables).Scan(&n); err != nil || n != 0 {
				t.Errorf("there are %d tables, want none: %v", n, err)
			}
		})
	}
}
