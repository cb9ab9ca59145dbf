package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheJournalIsAFileOrADatabase(t *testing.T) {
	for name, test := range map[string]struct{ section, name, place, kind string }{
		"a file beside the configuration unless stated": {"", "testdata/standdown.db", "testdata/standdown.db", "SQLite"},
		"a database of this machine": {`{url: "postgres://u:${SECRET}@127.0.0.1:5432/journal"}`,
			"postgres://u:hunter2@127.0.0.1:5432/journal", "journal on 127.0.0.1:5432", "PostgreSQL"},
		"a database elsewhere, protected": {`{url: "postgres://u:${SECRET}@db.acme.example/journal?sslmode=verify-full"}`,
			"postgres://u:hunter2@db.acme.example/journal?sslmode=verify-full", "journal on db.acme.example", "PostgreSQL"},
		"a database behind a socket": {`{url: "postgres:///journal?host=/run/postgresql"}`,
			"postgres:///journal?host=/run/postgresql", "journal on /run/postgresql", "PostgreSQL"},
	} {
		t.Run(name, func(t *testing.T) {
			text := minimal
			if test.section != "" {
				text += "journal: " + test.section + "\n"
			}
			j := mustParse(t, text).Journal
			place, kind := j.Where()
			if j.Name() != test.name || place != test.place || kind != test.kind {
				t.Errorf("got %s, %s, %s; want %s, %s, %s", j.Name(), place, kind, test.name, test.place, test.kind)
			}
			if shown := fmt.Sprintf("%+v", j); strings.Contains(shown, "hunter2") {
				t.Errorf("shows the password: %s", shown)
			}
		})
	}
}

func TestTheKeyOfTheJournal(t *testing.T) {
	const identity = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33"
	env := func(key string) Env {
		return func(name string) (string, bool) {
			if name == "KEY" {
				return key, true
			}
			return "hunter2", true
		}
	}
	c, err := Parse("testdata/standdown.yaml", []byte(minimal+"journal: {key: \"${KEY}\"}\n"), env(identity))
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Journal.Key) != identity || strings.Contains(fmt.Sprintf("%+v", c.Journal), identity) {
		t.Errorf("got %+v", c.Journal)
	}
	_, err = Parse("testdata/standdown.yaml", []byte(minimal+"journal: {key: \"${KEY}\"}\n"), env("hunter2"))
	if err == nil || !strings.Contains(err.Error(), "journal.key: holds no age identity") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("what is no key: %v", err)
	}
}
