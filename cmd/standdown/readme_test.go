package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/rules"
)

// update has README.md's tables written from the rules.
var update = flag.Bool("update", false, "write the rule tables into README.md")

const readme = "../../README.md"

// TestTheTablesOfTheREADMEAreThoseThatRun compares what stands between
//
//	<!-- rules:begin cancellation.request -->
//	<!-- rules:end -->
//
// with what `standdown rules show cancellation.request` prints as the table.
// Without a name it is all of them, each below a heading.
func TestTheTablesOfTheREADMEAreThoseThatRun(t *testing.T) {
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{}
	for _, table := range book.Tables() {
		tables[table.Name] = table.Text
		tables[""] += fmt.Sprintf("### %s\n\n%s\n\n%s\n\n", table.Name, table.Title, table.Text)
	}
	want, filled, err := fillTables(string(data), tables)
	if err != nil {
		t.Fatal(err)
	}
	if filled == 0 {
		t.Error("README.md shows no rule table")
	}
	if *update {
		if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("README.md shows other tables than those that run; go test ./cmd/standdown -run README -update (-want +got):\n%s", diff)
	}
}

// fillTables puts each table between its markers, and tells how many.
func fillTables(text string, tables map[string]string) (filled string, n int, err error) {
	const begin, mark, end = "<!-- rules:begin", "-->\n", "<!-- rules:end -->"
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, begin)
		out.WriteString(before)
		if !found {
			return out.String(), n, nil
		}
		name, rest, ok := strings.Cut(rest, mark)
		table := strings.TrimSpace(tables[strings.TrimSpace(name)])
		if !ok || table == "" {
			return "", n, fmt.Errorf("%s%.40s: there is no such table", begin, name)
		}
		_, rest, ok = strings.Cut(rest, end)
		if !ok {
			return "", n, fmt.Errorf("%s%s%s: no %s follows", begin, name, strings.TrimSpace(mark), end)
		}
		out.WriteString(begin + name + mark + "\n" + table + "\n\n" + end)
		text = rest
		n++
	}
}

func TestTablesAreFilledInBetweenTheirMarkers(t *testing.T) {
	tables := map[string]string{"a.b": "| new |"}
	got, n, err := fillTables("one\n<!-- rules:begin a.b -->\n| old |\n<!-- rules:end -->\ntwo\n", tables)
	if err != nil || n != 1 {
		t.Fatalf("%d tables, %v", n, err)
	}
	if diff := cmp.Diff("one\n<!-- rules:begin a.b -->\n\n| new |\n\n<!-- rules:end -->\ntwo\n", got); diff != "" {
		t.Errorf("filled (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"<!-- rules:begin a.c -->\n<!-- rules:end -->", "<!-- rules:begin a.b -->\n", "<!-- rules:begin a.b"} {
		if _, _, err := fillTables(wrong, tables); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestTheREADMENamesWhatIsThere(t *testing.T) {
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(readme)
	var tests strings.Builder
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		tests.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(data), -1) {
		if !strings.Contains(tests.String(), "\nfunc "+m[1]+"(t ") {
			t.Errorf("there is no test %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(data), -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
}
