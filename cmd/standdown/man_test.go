package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEachManualPageHasItsOwnNameAndNoDate(t *testing.T) {
	dir := t.TempDir()
	var out, problems bytes.Buffer
	if code := run(t.Context(), []string{"man", dir}, strings.NewReader(""), &out, &problems); code != exitDone {
		t.Fatalf("%d %s", code, problems.String())
	}
	for file, want := range map[string]string{
		"standdown.1":        `.TH "STANDDOWN" "1" "" "Standdown" "Standdown"`,
		"standdown-outbox.1": `.TH "STANDDOWN-OUTBOX" "1" "" "Standdown" "Standdown"`,
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.ReplaceAll(string(text), `\-`, "-"), want) {
			t.Errorf("%s begins with\n%.200s", file, text)
		}
	}
}
