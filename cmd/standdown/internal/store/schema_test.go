package store

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store/storetest"
)

// A schema is what a journal consists of: the columns of each table in their
// order, and the indexes by name.
type schema struct {
	Columns map[string][]string
	Indexes []string
}

func schemaOf(t *testing.T, name, columns, indexes string) schema {
	t.Helper()
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := schema{Columns: map[string][]string{}}
	if _, err := rows(t.Context(), s.db, func(r *sql.Rows) (table string, err error) {
		var column string
		err = r.Scan(&table, &column)
		all.Columns[table] = append(all.Columns[table], column)
		return table, err
	}, columns); err != nil {
		t.Fatal(err)
	}
	if all.Indexes, err = rows(t.Context(), s.db, scanString, indexes); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSchema(t *testing.T) {
	lite := schemaOf(t, filepath.Join(t.TempDir(), "journal.db"),
		`SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid`,
		`SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
	t.Run("copying leaves no table out", func(t *testing.T) {
		known := slices.Sorted(slices.Values(tables))
		var there []string
		for table := range lite.Columns {
			there = append(there, table)
		}
		slices.Sort(there)
		if diff := cmp.Diff(there, known); diff != "" {
			t.Errorf("tables (-of the schema +known):\n%s", diff)
		}
	})
	t.Run("both databases have the same tables, columns and indexes", func(t *testing.T) {
		pg := schemaOf(t, storetest.Shared(t).Fresh(t),
			`SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' ORDER BY table_name, ordinal_position`,
			`SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%' AND indexname NOT LIKE '%_pkey' ORDER BY indexname COLLATE "C"`)
		if diff := cmp.Diff(lite, pg); diff != "" {
			t.Errorf("(-SQLite +PostgreSQL):\n%s", diff)
		}
	})
}
