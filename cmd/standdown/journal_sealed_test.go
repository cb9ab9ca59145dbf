package main

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// A customer cancels by mail, with a key for the journal; when all is through,
// she wants to be forgotten.
func TestTheDaemonSealsMailsAndForgetsAPerson(t *testing.T) {
	world, err := stage.New(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "journal-key")
	if err := os.WriteFile(keyFile, []byte("# created: today\n"+identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(world.Config())
	if err != nil {
		t.Fatal(err)
	}
	sealing := strings.Replace(string(text), "journal:\n", "journal:\n  key_file: "+keyFile+"\n", 1)
	if err := os.WriteFile(world.Config(), []byte(sealing), 0o600); err != nil || sealing == string(text) {
		t.Fatalf("%v; the configuration is\n%s", err, text)
	}
	cfg, err := config.Load(world.Config(), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(running, cfg, slog.New(slog.DiscardHandler), world.Clock.Now, 100*time.Millisecond)
	}()
	end := func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ended <- nil
	}
	defer end()
	journal, err := beside(t.Context(), cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	director := &director{world: world, journal: journal, approves: func(string) error { return nil }}
	if err := director.baseline(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := director.play(t.Context(), stage.Act{
		Title: "Maria Alvarez cancels, and is told", Do: stage.Acts()[0].Do, Approves: true,
		Done: func(s *stage.Stage) (bool, error) { return len(s.Mail.Accepted()) > 0, nil },
	}); err != nil {
		t.Fatal(err)
	}
	end()

	name := cfg.Journal.Name()
	stored := func() []byte {
		var all []byte
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(name + end)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		return bytes.ToLower(all)
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var event string
	if err := db.QueryRowContext(t.Context(), `SELECT id FROM events WHERE sha256 <> '' AND body LIKE '%maria.alvarez@example.com%'`).Scan(&event); err != nil {
		t.Fatal(err)
	}
	t.Run("the file has no header of a mail, and with the key the mail can be read", func(t *testing.T) {
		if all := stored(); bytes.Contains(all, []byte("authentication-results:")) {
			at := bytes.Index(all, []byte("authentication-results:"))
			t.Errorf("there is a header in the file: %q", all[max(0, at-300):at+100])
		}
		if _, err := journal.Mail(t.Context(), event); err == nil {
			t.Error("it can be read without the key")
		}
		if journal.Key, err = store.ParseKey(identity.String()); err != nil {
			t.Fatal(err)
		}
		if m, err := journal.Mail(t.Context(), event); err != nil || !bytes.Contains(bytes.ToLower(m.Raw), []byte("authentication-results:")) {
			t.Errorf("with the key: %q, %v", m.Raw, err)
		}
	})
	t.Run("when all is through, nothing of her is left in the file", func(t *testing.T) {
		order := store.Erasing{People: []string{"maria.alvarez@example.com"}, Who: "dana", Reason: "request 17"}
		if _, err := journal.Erase(t.Context(), order, false, world.Clock.Now()); err == nil {
			t.Fatal("what is not through is erased")
		}
		for _, do := range []string{`DELETE FROM deadlines`, `UPDATE entries SET state = 'done' WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown')`, `UPDATE events SET state = 'decided' WHERE state = 'new'`} {
			if _, err := db.ExecContext(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		done, err := journal.Erase(t.Context(), order, false, world.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if done.Mails == 0 || done.Decisions == 0 || done.Entries == 0 {
			t.Errorf("erased: %+v", done)
		}
		for _, words := range []string{"maria.alvarez", "maria", "alvarez"} {
			if n := bytes.Count(stored(), []byte(words)); n != 0 {
				all := stored()
				at := bytes.Index(all, []byte(words))
				t.Errorf("%q stands there %d times, such as %q", words, n, all[max(0, at-300):at+100])
			}
		}
		if v, err := journal.Verify(t.Context(), ""); err != nil || v.Fault != "" || v.Erased == 0 {
			t.Errorf("the chain: %+v, %v", v, err)
		}
	})
}
