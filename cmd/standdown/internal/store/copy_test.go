package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/rules"
)

// eachWay runs the test from each kind of journal to each.
func eachWay(t *testing.T, test func(t *testing.T, from, to storetest.Fresh)) {
	storetest.Each(t, func(t *testing.T, from storetest.Fresh) {
		storetest.Each(t, func(t *testing.T, to storetest.Fresh) { test(t, from, to) })
	})
}

func entriesOf(t *testing.T, name string) []store.Entry {
	t.Helper()
	s, err := store.OpenBeside(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, err := s.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestCopy(t *testing.T) { eachWay(t, testCopy) }

func testCopy(t *testing.T, from, to storetest.Fresh) {
	source, target := history(t, from), to(t)
	done, err := store.Copy(t.Context(), source, target)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "entries copied", done.Rows["entries"], int64(6))
	equal(t, "what the chain of the copy says", verified(t, target, verified(t, source, "").Head), done.Verification)
	if diff := cmp.Diff(entriesOf(t, source), entriesOf(t, target)); diff != "" {
		t.Errorf("entries (-source +copy):\n%s", diff)
	}

	// A daemon goes on where the other one ended.
	s, err := store.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	reading, err := s.Reading(t.Context(), "salesforce")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "cursor", string(reading.Cursor), "c")
	event(t, s, "a", now, rules.Ref{Kind: "client", ID: "Ca"})
	equal(t, "events to be decided when the last one is read again", undecided(t, s), []string{})
	event(t, s, "new", now, rules.Ref{Kind: "client", ID: "C9"})
	commit(t, s, "new", store.Pending, map[string][]string{"j9": {"z1"}})
	keys, _, entries := claim(t, s, now)
	equal(t, "claimed", keys, []string{"b1", "c1", "z1"})
	if last := entries[len(entries)-1]; last.ID != 7 {
		t.Errorf("the first new entry is number %d, want 7", last.ID)
	}
	if err := s.Act(t.Context(), []int64{1}, store.Drop, "dana", "", now); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, "fault after going on", verified(t, target, done.Head).Fault, "")

	t.Run("a journal in use is no target", func(t *testing.T) {
		_, err := store.Copy(t.Context(), source, target)
		if err == nil || !strings.Contains(err.Error(), "is in use") {
			t.Errorf("got %v", err)
		}
		equal(t, "entries of the target", len(entriesOf(t, target)), 7)
	})
}

func TestCopyNeedsTheDaemonToBeStopped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		source := history(t, fresh)
		s, err := store.Open(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = store.Copy(t.Context(), source, filepath.Join(t.TempDir(), "copy.db"))
		if err == nil || !strings.Contains(err.Error(), "stop") {
			t.Errorf("got %v, want to be told to stop the daemon", err)
		}
	})
}

func TestUnfinishedCopy(t *testing.T) { eachWay(t, testUnfinishedCopy) }

func testUnfinishedCopy(t *testing.T, from, to storetest.Fresh) {
	source, target := history(t, from), to(t)
	edit(t, source, `CREATE TABLE elsewhere (x TEXT)`, `ALTER TABLE chain RENAME TO lost`)
	if _, err := store.Copy(t.Context(), source, target); err == nil {
		t.Fatal("a journal without a chain was copied")
	}
	for who, open := range map[string]func(context.Context, string) (*store.Store, error){"a daemon": store.Open, "a command": store.OpenBeside} {
		s, err := open(t.Context(), target)
		if err == nil {
			s.Close()
			t.Errorf("%s can open it", who)
		} else if !strings.Contains(err.Error(), "that was not finished: copy once more, or remove it") {
			t.Errorf("%s is told %v", who, err)
		}
	}
	edit(t, source, `ALTER TABLE lost RENAME TO chain`)
	if _, err := store.Copy(t.Context(), source, target); err != nil {
		t.Fatalf("once more: %v", err)
	}
	equal(t, "entries of the copy", len(entriesOf(t, target)), 6)
}

func TestBackup(t *testing.T) { storetest.Each(t, testBackup) }

func testBackup(t *testing.T, fresh storetest.Fresh) {
	name, file := history(t, fresh), filepath.Join(t.TempDir(), "backup.db")
	daemon, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	s, err := store.OpenBeside(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := entriesOf(t, name)
	v, err := s.Backup(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "what its chain says", v, verified(t, name, ""))
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("files beside the backup: %v, %v", left, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("who may read the backup: %v, %v", info, err)
	}
	event(t, daemon, "later", now, rules.Ref{Kind: "client", ID: "C9"})
	if diff := cmp.Diff(before, entriesOf(t, file)); diff != "" {
		t.Errorf("entries of the backup:\n%s", diff)
	}

	t.Run("an existing file is not overwritten", func(t *testing.T) {
		if _, err := s.Backup(t.Context(), file); err == nil || !strings.Contains(err.Error(), "name a new file") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a backup that was given up leaves nothing", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		other := filepath.Join(t.TempDir(), "other.db")
		if _, err := s.Backup(ctx, other); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if left, _ := filepath.Glob(other + "*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	t.Run("restored, everything is looked for before it is done", func(t *testing.T) {
		target := fresh(t)
		at := now.Add(time.Hour)
		if _, err := store.Restore(t.Context(), file, target, at); err != nil {
			t.Fatal(err)
		}
		r, err := store.Open(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		event(t, r, "read-again", at.Add(-time.Minute), rules.Ref{Kind: "client", ID: "C8"})
		commit(t, r, "read-again", store.Pending, map[string][]string{"j8": {"again"}})
		event(t, r, "new", at.Add(time.Minute), rules.Ref{Kind: "client", ID: "C9"})
		commit(t, r, "new", store.Pending, map[string][]string{"j9": {"new"}})
		_, _, entries := claim(t, r, at.Add(time.Hour))
		doubt := map[string]bool{}
		for _, e := range entries {
			doubt[e.Key] = e.Change.Doubt
		}
		equal(t, "doubt", doubt, map[string]bool{"b1": true, "c1": true, "again": true, "new": false})
	})
}
