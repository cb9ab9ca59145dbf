package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func newIdentity(t *testing.T) string {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity.String()
}

func key(t *testing.T, text string) *store.Key {
	t.Helper()
	k, err := store.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// mailIn takes in a mail with the given words.
func mailIn(t *testing.T, s *store.Store, id, words string) {
	t.Helper()
	e := rules.Event{ID: id, Kind: rules.RequestUnclear, At: now, Subject: rules.Ref{Kind: "request", ID: id}, Request: &rules.Request{Asks: "unclear"}}
	take(t, s, "mailbox", store.Reading{ReadAt: now}, store.Arrival{
		Ref: connectors.Ref{Kind: "message", ID: id}, Subject: e.Subject, ID: id, Kind: e.Kind, At: now, Event: &e, State: store.Quarantined,
		Raw: []byte("Subject: a mail\r\n\r\n" + words), SHA256: "sum of " + id,
	})
}

func TestSealedMails(t *testing.T) { storetest.Each(t, testSealedMails) }

func testSealedMails(t *testing.T, fresh storetest.Fresh) {
	name := fresh(t)
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	words := func(s *store.Store, id string) (string, error) {
		m, err := s.Mail(ctx, id)
		_, words, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
		return words, err
	}
	wants := func(t *testing.T, s *store.Store, id, want string) {
		t.Helper()
		if got, err := words(s, id); err != nil || got != want {
			t.Errorf("mail %s: got %q, %v; want %q", id, got, err, want)
		}
	}
	old, newer := newIdentity(t), newIdentity(t)

	mailIn(t, s, "before", "plain words")
	s.Key = key(t, old)
	mailIn(t, s, "after", "secret words")

	t.Run("with the key all can be read, also what came before there was one", func(t *testing.T) {
		wants(t, s, "before", "plain words")
		wants(t, s, "after", "secret words")
		aside, err := s.Doubtful(ctx)
		if err != nil || len(aside) != 2 {
			t.Errorf("mails set aside: %d, %v", len(aside), err)
		}
	})
	t.Run("without a key the error says so, and names no word of the mail", func(t *testing.T) {
		s.Key = nil
		wants(t, s, "before", "plain words")
		_, err := words(s, "after")
		if !errors.Is(err, store.ErrSealed) || !strings.Contains(err.Error(), "event after") || !strings.Contains(err.Error(), "journal.key_file") {
			t.Errorf("got %v", err)
		}
		if _, err := s.Erase(ctx, onRequest, true, now); !errors.Is(err, store.ErrSealed) {
			t.Errorf("an erasure that cannot look into mails: %v", err)
		}
	})
	t.Run("another key does not open it", func(t *testing.T) {
		s.Key = key(t, newer)
		if _, err := words(s, "after"); !errors.Is(err, store.ErrSealed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a new key before the old one seals what follows, and both open", func(t *testing.T) {
		s.Key = key(t, "# made on Monday\n"+newer+"\n"+old)
		mailIn(t, s, "later", "later words")
		wants(t, s, "after", "secret words")
		wants(t, s, "later", "later words")
		s.Key = key(t, newer)
		wants(t, s, "later", "later words")
	})
	t.Run("a backup has it sealed, and so has what is made from that", func(t *testing.T) {
		backup, back := filepath.Join(t.TempDir(), "backup.db"), filepath.Join(t.TempDir(), "back.db")
		if _, err := s.Backup(ctx, backup); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(ctx, backup, back, now); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{backup, back} {
			holds(t, file, "plain words", true)
			holds(t, file, "secret words", false)
		}
		restored, err := store.OpenBeside(ctx, back)
		if err != nil {
			t.Fatal(err)
		}
		defer restored.Close()
		restored.Key = key(t, old)
		wants(t, restored, "after", "secret words")
	})
}

// holds checks whether the words stand in the file of a journal, or beside it.
func holds(t *testing.T, file, words string, want bool) {
	t.Helper()
	var all []byte
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(file + end)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	if got := bytes.Contains(all, []byte(words)); got != want {
		t.Errorf("%s holds %q: %t, want %t", filepath.Base(file), words, got, want)
	}
}

func TestTheFileOfAJournalHasNoWordOfASealedMail(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal.db")
	s, err := store.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mailIn(t, s, "before", "plain words")
	s.Key = key(t, newIdentity(t))
	mailIn(t, s, "after", "secret words")
	holds(t, name, "plain words", true)
	holds(t, name, "secret words", false)
}

func TestWhatIsNoKeyIsRefusedWithoutShowingIt(t *testing.T) {
	for _, text := range []string{"hunter2", "AGE-SECRET-KEY-1HUNTER2", "# hunter2 only\n", "age1hunter2"} {
		k, err := store.ParseKey(text)
		if k != nil || err == nil || strings.Contains(strings.ToLower(err.Error()), "hunter2") {
			t.Errorf("%q: got %v, %v", text, k, err)
		}
	}
	if k, err := store.ParseKey(""); k != nil || err != nil {
		t.Errorf("nothing: got %v, %v", k, err)
	}
}
