package store

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// bulky takes in one event with 32 KB of evidence.
func bulky(t *testing.T, s *Store, r *Reading, n int) error {
	t.Helper()
	e := rules.Event{ID: fmt.Sprint("e", n), Kind: rules.CancellationRequested, At: then, Subject: rules.Ref{Kind: "request", ID: fmt.Sprint(n)}}
	r.Cursor, r.ReadAt = connectors.Cursor(fmt.Sprint(n)), then
	_, err := s.Intake(t.Context(), "mailbox", r, []Arrival{{
		Ref: connectors.Ref{Kind: "message", ID: e.ID}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: then, Event: &e, State: New,
		Raw: bytes.Repeat([]byte{byte(n)}, 32<<10), SHA256: e.ID, Housekeep: true,
	}})
	return err
}

// tally is the rows of events, evidence and housekeeping, and the cursor.
func tally(t *testing.T, s *Store) (n [3]int, cursor connectors.Cursor) {
	t.Helper()
	err := s.db.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM events), (SELECT COUNT(*) FROM raw), (SELECT COUNT(*) FROM housekeeping)`).Scan(&n[0], &n[1], &n[2])
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Reading(t.Context(), "mailbox")
	if err != nil {
		t.Fatal(err)
	}
	return n, r.Cursor
}

func says(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got %v, want it to say %q", what, err, w)
		}
	}
}

// tmpfs mounts a file system of that size. Only root can.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %s", bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return dir
}

func remount(t *testing.T, dir, options string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+options, dir).CombinedOutput(); err != nil {
		t.Fatalf("mount: %s", out)
	}
}

func TestDiskFull(t *testing.T) {
	t.Run("when the file may not grow", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "journal.db")
		testDiskFull(t, name, func(s *Store, pages string) {
			if _, err := s.pool.ExecContext(t.Context(), `PRAGMA max_page_count = `+pages); err != nil {
				t.Fatal(err)
			}
		}, "200", "1000000")
	})
	t.Run("when the file system is full", func(t *testing.T) {
		dir := tmpfs(t, "2m")
		testDiskFull(t, filepath.Join(dir, "journal.db"), func(_ *Store, size string) { remount(t, dir, "size="+size) }, "2m", "50m")
	})
}

func testDiskFull(t *testing.T, name string, limit func(*Store, string), small, large string) {
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	limit(s, small)
	var r Reading
	stored := 0
	for ; stored < 200; stored++ {
		if err = bulky(t, s, &r, stored+1); err != nil {
			break
		}
	}
	says(t, "a full disk", err, name, "has no room left on its disk", "it goes on by itself", "full (13)")
	got, cursor := tally(t, s)
	want := [3]int{stored, stored, stored}
	if got != want || string(cursor) != fmt.Sprint(stored) {
		t.Errorf("%d events, mails and marks, cursor %q: something was half written; want %d", got, cursor, want)
	}
	if err := bulky(t, s, &r, stored+1); err == nil {
		t.Error("the same again was stored")
	}
	limit(s, large)
	if err := s.Writable(t.Context(), then); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := bulky(t, s, &r, stored+1); err != nil {
		t.Errorf("going on: %v", err)
	}
	if got, _ := tally(t, s); got[0] != stored+1 {
		t.Errorf("%d events after going on, want %d", got[0], stored+1)
	}
}

func TestReadOnlyJournal(t *testing.T) {
	dir := t.TempDir()
	protect := func() {
		os.Chmod(filepath.Join(dir, "journal.db"), 0o444)
		os.Chmod(filepath.Join(dir, "journal.db.lock"), 0o444)
		os.Chmod(dir, 0o555)
		t.Cleanup(func() { os.Chmod(dir, 0o755) })
	}
	if os.Getuid() == 0 { // who may write whatever the mode says
		dir = tmpfs(t, "20m")
		protect = func() {
			remount(t, dir, "ro")
			t.Cleanup(func() { remount(t, dir, "rw") })
		}
	}
	name := filepath.Join(dir, "journal.db")
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	protect()
	if s, err = Open(t.Context(), name); err == nil {
		err = s.Writable(t.Context(), then)
		s.Close()
	}
	says(t, "a daemon on it", err, name, "cannot be written (the daemon's user must be able to write the file and its folder)")
}

func TestDamagedJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal.db")
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var r Reading
	for n := range 50 {
		if err := bulky(t, s, &r, n+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("pages in the middle", func(t *testing.T) {
		data := bytes.Clone(sound)
		copy(data[len(data)/2:], bytes.Repeat([]byte{0xA5}, len(data)/2))
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = s.Doubtful(t.Context())
		if err == nil {
			_, err = s.Backup(t.Context(), name+".backup")
		}
		says(t, "reading it", err, name, "is damaged (stop the daemon, move the file aside and put back the last backup: standdown journal restore FILE)")
	})
	t.Run("what is no journal at all", func(t *testing.T) {
		if err := os.WriteFile(name, []byte(strings.Repeat("no journal\n", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), name)
		if err == nil {
			s.Close()
		}
		says(t, "opening it", err, name, "is damaged, or never was a journal")
	})
}

func TestClockSetBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, err := Open(t.Context(), fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		decide := func(id string, at time.Time) {
			t.Helper()
			reading, err := s.Reading(t.Context(), "salesforce")
			if err != nil {
				t.Fatal(err)
			}
			e := rules.Event{ID: id, Kind: rules.HoldChanged, At: at, Subject: rules.Ref{Kind: "client", ID: id}}
			reading.ReadAt = at
			if _, err := s.Intake(t.Context(), "salesforce", &reading, []Arrival{{Subject: e.Subject, ID: id, Kind: e.Kind, At: at, Event: &e, State: New}}); err != nil {
				t.Fatal(err)
			}
			events, err := s.Undecided(t.Context(), at, 10)
			if err != nil || len(events) != 1 {
				t.Fatalf("undecided: %v, %v", events, err)
			}
			if err := s.Commit(t.Context(), Verdict{Event: events[0], Decisions: []rules.Decision{{Subject: e.Subject}},
				Writes: [][]Write{{{System: "salesforce", State: Pending, Change: connectors.Change{Key: id}}}}}, at); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(at time.Time) (keys string) {
			t.Helper()
			entries, _, err := s.Claim(t.Context(), "salesforce", 10, at, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				keys += fmt.Sprintf("%s doubt=%v ", e.Key, e.Doubt)
			}
			return keys
		}
		decide("before", then)
		if got := claim(then); got != "before doubt=false " {
			t.Fatalf("claimed %q", got)
		}
		back := then.Add(-time.Hour)
		decide("after", back)
		if got := claim(back); got != "after doubt=false " {
			t.Errorf("claimed an hour earlier: %q; what is in flight must stay with its claimer, and nothing else wait", got)
		}
		if got := claim(then.Add(2 * time.Minute)); got != "before doubt=true after doubt=true " {
			t.Errorf("claimed once the leases are over: %q", got)
		}
		ahead := then.Add(24 * time.Hour)
		entries, token, err := s.Claim(t.Context(), "salesforce", 1, ahead, time.Minute)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%d entries a day ahead (%v), want 1", len(entries), err)
		}
		if err := s.Settle(t.Context(), token, []Settlement{{ID: entries[0].ID, Signal: Failed, NotSoon: ahead.Add(time.Second)}}, ahead); err != nil {
			t.Fatal(err)
		}
		if got := claim(ahead.Add(-30 * time.Second)); got != "after doubt=true " {
			t.Errorf("claimed with a clock that is a little behind: %q, want that what failed is left for its second", got)
		}
		if got := claim(then.Add(3 * time.Minute)); got != "before doubt=true " {
			t.Errorf("claimed once the clock was set right: %q, want what failed while it was a day ahead", got)
		}
	})
}

func TestPostgresStopped(t *testing.T) {
	server := storetest.Start(t)
	s, err := Open(t.Context(), server.Fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var r Reading
	if err := bulky(t, s, &r, 1); err != nil {
		t.Fatal(err)
	}
	server.Down(t)
	for range 3 {
		says(t, "writing", s.Writable(t.Context(), then), s.Name(), "cannot be reached (is PostgreSQL running? it goes on by itself once it is)")
	}
	_, err = s.Undecided(t.Context(), then, 1)
	says(t, "reading", err, "cannot be reached")
	if !Away(err) {
		t.Errorf("%v is not taken for a journal that is away", err)
	}
	says(t, "taking in", bulky(t, s, &r, 2), "cannot be reached")
	server.Up(t)
	if err := bulky(t, s, &r, 2); err != nil {
		t.Errorf("once it is up: %v", err)
	}
	if got, cursor := tally(t, s); got != [3]int{2, 2, 2} || cursor != "2" {
		t.Errorf("%d events, mails and marks, cursor %q", got, cursor)
	}
	if err := s.Writable(t.Context(), then); err != nil {
		t.Errorf("writable: %v", err)
	}
}
