package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// A customer cancels by mail, with a key for the journal; when all is through,
// she wants to be forgotten.
func TestTheDaemonSealsMailsAndForgetsAPerson(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "journal-key")
	if err := os.WriteFile(keyFile, []byte("# created: today\n"+identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := openHouse(t, func(configuration string) string {
		return strings.Replace(configuration, "journal:\n", "journal:\n  key_file: "+keyFile+"\n", 1)
	})
	if h.cfg.Journal.Key == "" {
		t.Fatal("the journal has no key")
	}
	journal := h.journal
	if err := h.play(t.Context(), stage.Act{
		Title: "Maria Alvarez cancels, and is told", Do: stage.Acts()[0].Do, Approves: true,
		Done: func(s *stage.Stage) (bool, error) { return len(s.Mail.Accepted()) > 0, nil },
	}); err != nil {
		t.Fatal(err)
	}
	h.stop()

	name := h.cfg.Journal.Name()
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
		if _, err := journal.Erase(t.Context(), order, false, h.world.Clock.Now()); err == nil {
			t.Fatal("what is not through is erased")
		}
		for _, do := range []string{`DELETE FROM deadlines`, `UPDATE entries SET state = 'done' WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown')`, `UPDATE events SET state = 'decided' WHERE state = 'new'`} {
			if _, err := db.ExecContext(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		done, err := journal.Erase(t.Context(), order, false, h.world.Clock.Now())
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
