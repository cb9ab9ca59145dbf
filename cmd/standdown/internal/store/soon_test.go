package store

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// Whatever tells somebody outside the journal waits for the disk, and only that:
// what is asked for here is the mode of the connection's last transaction.
func TestWhoTellsOthersWaitsForTheDisk(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir()+"/journal.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	waits := func(what string, want bool) {
		t.Helper()
		var mode int
		if err := s.db.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&mode); err != nil {
			t.Fatal(err)
		}
		if got := mode >= 2; got != want {
			t.Errorf("%s waits for the disk: %v, want %v", what, got, want)
		}
	}
	var r Reading
	if err := bulky(t, s, &r, 1); err != nil {
		t.Fatal(err)
	}
	waits("where reading begins", true)
	if err := bulky(t, s, &r, 2); err != nil {
		t.Fatal(err)
	}
	waits("taking in", false)
	events, err := s.Undecided(t.Context(), then, 10)
	if err != nil || len(events) != 2 {
		t.Fatalf("undecided: %v, %v", events, err)
	}
	for _, e := range events {
		write := Write{System: "salesforce", State: Pending, Change: connectors.Change{Key: e.ID}}
		if err := s.Commit(t.Context(), Verdict{Event: e, Decisions: []rules.Decision{{Subject: e.Subject}}, Writes: [][]Write{{write}}}, then); err != nil {
			t.Fatal(err)
		}
	}
	waits("deciding", false)
	entries, token, err := s.Claim(t.Context(), "salesforce", 2, then, time.Minute)
	if err != nil || len(entries) != 2 {
		t.Fatalf("claimed: %v, %v", entries, err)
	}
	waits("claiming", true)
	if err := s.Postpone(t.Context(), events[:1], "", then); err != nil {
		t.Fatal(err)
	}
	waits("putting off", false)
	settled := []Settlement{{ID: entries[0].ID, Signal: Applied}, {ID: entries[1].ID, Signal: Applied}}
	if err := s.Settle(t.Context(), token, settled, then); err != nil {
		t.Fatal(err)
	}
	waits("settling", true)
	if err := bulky(t, s, &r, 3); err != nil {
		t.Fatal(err)
	}
	names, err := s.Secure(t.Context(), "mailbox", 10)
	if err != nil || len(names) != 2 {
		t.Fatalf("through: %v, %v", names, err)
	}
	waits("filing", true)
	if err := s.Housekept(t.Context(), "mailbox", names); err != nil {
		t.Fatal(err)
	}
	waits("having filed", false)
}

// The moment before a power failure may be lost. Who read on from it must go
// back to where the journal is.
func TestReadingDoesNotGoOnFromWhatTheJournalHasLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, err := Open(t.Context(), fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var r Reading
		for n := 1; n <= 3; n++ {
			if err := bulky(t, s, &r, n); err != nil {
				t.Fatal(err)
			}
			if _, err := s.db.ExecContext(t.Context(), []string{`SELECT 1`, `UPDATE sources SET cursor = '1', version = 1`, `DELETE FROM sources`}[n-1]); err != nil {
				t.Fatal(err)
			}
			if n == 1 {
				continue
			}
			if err := bulky(t, s, &r, n+1); !errors.Is(err, ErrOvertaken) {
				t.Errorf("reading on after %d: %v, want that it was overtaken", n, err)
			}
			if r, err = s.Reading(t.Context(), "mailbox"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A PostgreSQL that is killed forgets what nobody waited for; reading goes on
// where it then is, and nothing is missing.
func TestPostgresKilledLosesNothing(t *testing.T) {
	server := storetest.Start(t)
	s, err := Open(t.Context(), server.Fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var r Reading
	killed := false
	for n := 1; n <= 20; n++ {
		if n == 11 && !killed {
			server.Down(t)
			server.Up(t)
			killed = true
		}
		for err := bulky(t, s, &r, n); err != nil; {
			if r, err = s.Reading(t.Context(), "mailbox"); err == nil {
				if n, err = strconv.Atoi(string(r.Cursor)); err != nil {
					t.Fatal(err)
				}
				t.Logf("the journal is at %d", n)
			}
		}
	}
	if got, cursor := tally(t, s); got != [3]int{20, 20, 20} || cursor != "20" {
		t.Errorf("%d events, mails and marks, cursor %q", got, cursor)
	}
}
