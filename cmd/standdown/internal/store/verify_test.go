package store_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/rules"
)

// edit changes a journal past the store, as somebody with a database tool may.
func edit(t *testing.T, name string, statements ...string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(name, "postgres://") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// history makes a journal with four decided events, the first of two decisions,
// and three acts, and returns its name. Nothing has it open.
func history(t *testing.T, fresh storetest.Fresh) string {
	t.Helper()
	name := fresh(t)
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, lanes := range []map[string][]string{
		{"j1": {"a1", "a2"}, "j2": {"a3"}}, {"j3": {"b1"}}, {"j4": {"c1"}}, {"j5": {"d1"}},
	} {
		id := string(rune('a' + i))
		event(t, s, id, now, rules.Ref{Kind: "client", ID: "C" + id})
		commit(t, s, id, store.Proposed, lanes)
	}
	entries, err := s.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, sig := range []store.Signal{store.Decline, store.Approve, store.Approve} {
		if err := s.Act(t.Context(), []int64{entries[i+2].ID}, sig, "dana", "she called", now); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// verified opens the journal and walks its chain.
func verified(t *testing.T, name, head string) store.Verification {
	t.Helper()
	s, err := store.OpenBeside(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v, err := s.Verify(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerify(t *testing.T) { storetest.Each(t, testVerify) }

func testVerify(t *testing.T, fresh storetest.Fresh) {
	name := history(t, fresh)
	sound := verified(t, name, "")
	want := store.Verification{Links: 7, Decisions: 5, Acts: 3, Head: sound.Head}
	if diff := cmp.Diff(want, sound); diff != "" || len(sound.Head) != 64 {
		t.Fatalf("a journal that nobody touched (-want +got):\n%s", diff)
	}
	t.Run("a head that was noted earlier is in the chain later", func(t *testing.T) {
		s, err := store.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		event(t, s, "later", now, rules.Ref{Kind: "client", ID: "C9"})
		commit(t, s, "later", store.Pending, map[string][]string{"j9": {"e1"}})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		v := verified(t, name, strings.ToUpper(sound.Head))
		if v.Fault != "" || v.Links != 8 || v.Head == sound.Head {
			t.Errorf("got %+v", v)
		}
	})
	tables := []string{"decisions", "acts", "chain"}
	var keep, back []string
	for _, table := range tables {
		keep = append(keep, `CREATE TABLE kept_`+table+` AS SELECT * FROM `+table)
		back = append(back, `DELETE FROM `+table, `INSERT INTO `+table+` SELECT * FROM kept_`+table)
	}
	edit(t, name, keep...)
	head := verified(t, name, "").Head
	for _, test := range []struct{ name, sql, fault string }{
		{"the body of a decision is altered", `UPDATE decisions SET body = REPLACE(body, 'H1', 'H2') WHERE event = 'b'`, "the decisions for event b@0 are not as they were stored"},
		{"the time of a decision is altered", `UPDATE decisions SET at = at - 1 WHERE event = 'c'`, "the decisions for event c@0 are not"},
		{"the row that stands beside a decision is altered", `UPDATE decisions SET row_id = 'H7' WHERE event = 'c'`, "the decisions for event c@0 are not"},
		{"one of two decisions is removed", `DELETE FROM decisions WHERE event = 'a' AND n = 1`, "the decisions for event a@0 are not"},
		{"a decision is added to an event", `INSERT INTO decisions SELECT 'Dx', event, generation, 7, at, tbl, row_id, subject, body FROM decisions WHERE event = 'b'`, "the decisions for event b@0 are not"},
		{"a decision is added with an event of its own", `INSERT INTO decisions SELECT 'Dx', 'zz', 0, 0, at, tbl, row_id, subject, body FROM decisions WHERE event = 'b'`, "decision Dx has no link"},
		{"who acted is altered", `UPDATE acts SET who = 'kim' WHERE id = 2`, "link 6: act 2 (approve by kim at 2026-03-03T14:00:00Z) is not as it was stored"},
		{"an act is deleted", `DELETE FROM acts WHERE id = 2`, "link 6: act 2 was removed"},
		{"an act is added", `INSERT INTO acts (id, at, who, act, entry, decision, reason) VALUES (77, 0, 'kim', 'approve', 1, '', '')`, "act 77 has no link"},
		{"two acts change places", `UPDATE acts SET entry = 11 - entry, decision = CASE WHEN id = 2 THEN (SELECT decision FROM acts WHERE id = 3) WHEN id = 3 THEN (SELECT decision FROM acts WHERE id = 2) ELSE decision END, who = CASE WHEN id = 1 THEN who ELSE 'x' || id END`, "act 1"},
		{"two links change places", `UPDATE chain SET id = CASE n WHEN 2 THEN 'c@0' ELSE 'b@0' END WHERE n IN (2, 3)`, "link 2 (decision c@0) does not follow"},
		{"a link is removed", `DELETE FROM chain WHERE n = 3`, "link 3 is missing"},
		{"a link and what it is about are removed", `DELETE FROM decisions WHERE event = 'c'; DELETE FROM chain WHERE id = 'c@0'`, "link 3 is missing"},
		{"a digest is altered to fit", `UPDATE chain SET digest = 'ff' WHERE n = 4`, "link 4 (decision d@0) does not follow"},
		{"the end is cut off", `DELETE FROM decisions WHERE event = 'later'; DELETE FROM chain WHERE n = 8`, "the head that you noted is not in the chain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			edit(t, name, strings.Split(test.sql, "; ")...)
			defer edit(t, name, back...)
			v := verified(t, name, head)
			if !strings.Contains(v.Fault, test.fault) {
				t.Errorf("got the fault %q, want it to say %q", v.Fault, test.fault)
			}
		})
	}
}

func TestVerifyWhileTheDaemonWrites(t *testing.T) { storetest.Each(t, testVerifyWhileTheDaemonWrites) }

func testVerifyWhileTheDaemonWrites(t *testing.T, fresh storetest.Fresh) {
	name := fresh(t)
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			id := "e" + string(rune('0'+n))
			event(t, s, id, now, rules.Ref{Kind: "client", ID: id})
			commit(t, s, id, store.Pending, map[string][]string{id: {id}})
			n++
		}
		ended <- n
	}()
	for range 10 {
		if v := verified(t, name, ""); v.Fault != "" {
			t.Errorf("fault: %s", v.Fault)
		}
	}
	stop()
	if n := <-ended; int64(n) != verified(t, name, "").Links {
		t.Errorf("%d events were decided, and the chain has %d links", n, verified(t, name, "").Links)
	}
}
