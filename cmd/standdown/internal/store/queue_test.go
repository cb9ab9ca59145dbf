package store

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store/storetest"
)

// A batch of a long queue must not cost what reading all of the queue costs.
func TestTheQueueLiesInItsOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, heard := overheard(t, fresh(t))
		if _, err := s.Undecided(t.Context(), time.Now(), 100); err != nil {
			t.Fatal(err)
		}
		queries := heard()
		if len(queries) != 1 {
			t.Fatalf("heard %q, want one query", queries)
		}
		for _, step := range stepsOf(t, s, queries[0]) {
			if strings.Contains(step, "ORDER BY") || strings.Contains(step, "Sort") {
				t.Errorf("the queue is sorted to be read: %s", step)
			}
		}
	})
}

// stepsOf is the plan of a query with two parameters.
func stepsOf(t *testing.T, s *Store, query string) []string {
	t.Helper()
	scan := func(r *sql.Rows) (step string, err error) {
		var a, b, c int
		return step, r.Scan(&a, &b, &c, &step)
	}
	explain := `EXPLAIN QUERY PLAN ` + query
	args := []any{0, 0}
	if s.pg != nil {
		scan, explain, args = scanString, `EXPLAIN EXECUTE queue(0, 1)`, nil
		// An empty table would be read whole and sorted, whatever indexes there are.
		for _, set := range []string{`SET enable_seqscan = off`, `SET enable_sort = off`, `SET plan_cache_mode = force_generic_plan`, `PREPARE queue AS ` + query} {
			if _, err := s.pool.ExecContext(t.Context(), set); err != nil {
				t.Fatal(err)
			}
		}
	}
	steps, err := rows(t.Context(), s.db, scan, explain, args...)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}
