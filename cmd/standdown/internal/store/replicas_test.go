package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestSixDaemonsStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	url := storetest.Shared(t).Fresh(t)
	var starting sync.WaitGroup
	for range 6 {
		starting.Go(func() {
			s, err := store.Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	starting.Wait()
}

func TestADaemonRunsOnTablesThatAreOneVersionAheadOfIt(t *testing.T) {
	url := storetest.Shared(t).Fresh(t)
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	ahead := func(t *testing.T) {
		c, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		if _, err := c.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) SELECT MAX(version_id) + 1, true FROM goose_db_version"); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("by one it goes on, so that replicas can be upgraded one after the other", func(t *testing.T) {
		ahead(t)
		s, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	})
	t.Run("by two it is refused", func(t *testing.T) {
		ahead(t)
		s, err := store.Open(t.Context(), url)
		if err == nil {
			s.Close()
			t.Fatal("it was opened")
		}
		if !strings.Contains(err.Error(), "newer version") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhoHadToWaitSeesWhatWasWritten(t *testing.T) {
	url := storetest.Shared(t).Fresh(t)
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), `ALTER DATABASE `+pgx.Identifier{db.Config().Database}.Sanitize()+` SET default_transaction_isolation = 'repeatable read'`); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var writing sync.WaitGroup
	for i := range 8 {
		writing.Go(func() {
			for range 20 { // each links an act to the one before
				b := store.Brake{Name: fmt.Sprint("system ", i), Who: "dana"}
				if err := errors.Join(s.Pause(t.Context(), b), s.Resume(t.Context(), b)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
}

func TestWhatIsCommittedIsOnTheDiskWhateverTheDefault(t *testing.T) {
	url := storetest.Shared(t).Fresh(t)
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), `ALTER DATABASE `+pgx.Identifier{db.Config().Database}.Sanitize()+` SET synchronous_commit = off`); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ours, err := pgx.ConnectConfig(t.Context(), s.Shared())
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close(t.Context())
	var got string
	if err := ours.QueryRow(t.Context(), `SHOW synchronous_commit`).Scan(&got); err != nil || got != "on" {
		t.Errorf("synchronous_commit is %q (%v), want on", got, err)
	}
}

func TestOnlyOneOfTwoReadersIsBelieved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		first, err := s.Reading(ctx, "salesforce")
		if err != nil {
			t.Fatal(err)
		}
		second := first
		first.Cursor, first.ReadAt = "of the first", now
		second.Cursor, second.ReadAt = "of the second", now
		if _, err := s.Intake(ctx, "salesforce", &first, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Intake(ctx, "salesforce", &second, nil); !errors.Is(err, store.ErrOvertaken) {
			t.Errorf("the second got %v, want ErrOvertaken", err)
		}
		if got, err := s.Reading(ctx, "salesforce"); err != nil || got.Cursor != "of the first" {
			t.Errorf("it was read up to %q (%v), want that of the first", got.Cursor, err)
		}
	})
}

func TestADaemonThatWasOvertakenChangesNoEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		events, err := s.Undecided(ctx, now, 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events (%v), want 1", len(events), err)
		}
		if err := s.Commit(ctx, store.Verdict{Event: events[0]}, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, store.Verdict{Event: events[0]}, now); !errors.Is(err, store.ErrOvertaken) {
			t.Errorf("a second verdict got %v, want ErrOvertaken", err)
		}
		if err := errors.Join(s.Quarantine(ctx, named("e1"), "late"), s.Ignore(ctx, named("e1"), "late"), s.Postpone(ctx, []store.Event{named("e1")}, "late", now)); err != nil {
			t.Fatal(err)
		}
		decided, err := s.Events(ctx, store.Decided)
		if err != nil || len(decided) != 1 || decided[0].Note != "" {
			t.Errorf("decided are %+v (%v), want e1 as it was", decided, err)
		}
	})
}
