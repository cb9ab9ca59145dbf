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
