package rules

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update has the settings in requirements.md written from the code's comments.
var update = flag.Bool("update", false, "write requirements.md again")

func TestEveryNumberOfTheRuleBooksIsListedOnce(t *testing.T) {
	var want, got []string
	for _, series := range []struct {
		prefix string
		last   int
	}{
		{"OPS-", 17}, {"OPS-R", 7}, {"OPS-A", 15}, {"MIL-", 36}, {"MIL-A", 25},
		{"ASG-", 25}, {"ASG-A", 19}, {"HOLD-", 19}, {"HOLD-A", 39}, {"BD-", 6},
	} {
		for n := 1; n <= series.last; n++ {
			want = append(want, fmt.Sprint(series.prefix, n))
		}
	}
	for _, r := range defaultBook(t).Requirements() {
		got = append(got, r.Number)
		if r.Says == "" {
			t.Errorf("%s says nothing", r.Number)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestEveryNumberIsCarriedOutOrAReasonIsRecorded(t *testing.T) {
	for _, r := range defaultBook(t).Requirements() {
		if !r.Covered() {
			t.Errorf("%s (%s): no row, verb or setting cites it, and requirements.md has no reason", r.Number, r.Says)
		}
	}
}

func TestWhatIsSaidToBeCarriedOutElsewhereIsCitedThere(t *testing.T) {
	cited := map[string]bool{}
	for _, file := range sources(t) {
		for _, group := range file.Comments {
			for _, number := range citations(group.Text()) {
				cited[number] = true
			}
		}
	}
	for _, r := range defaultBook(t).Requirements() {
		if r.How != "" && !strings.HasPrefix(r.How, "not carried out: ") && !cited[r.Number] {
			t.Errorf("%s: %q, but no comment in the code cites it", r.Number, r.How)
		}
	}
}

// TestNothingCitesANumberThatDoesNotExist also finds mistyped numbers in
// comments.
func TestNothingCitesANumberThatDoesNotExist(t *testing.T) {
	known := map[string]bool{}
	for _, r := range defaultBook(t).Requirements() {
		known[r.Number] = true
	}
	for name, file := range sources(t) {
		var texts []string
		for _, group := range file.Comments {
			texts = append(texts, group.Text())
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				texts = append(texts, lit.Value)
			}
			return true
		})
		for _, number := range citations(strings.Join(texts, "\n")) {
			if !known[number] {
				t.Errorf("%s cites %s, which does not exist", name, number)
			}
		}
	}
}

func TestTheSettingsOfARequirementAreThoseWhoseCommentsCiteIt(t *testing.T) {
	want := map[string][]string{}
	addSettings(want, "", reflect.TypeFor[Settings](), fieldComments(t))
	if *update {
		if err := os.WriteFile("requirements.md", []byte(withSettings(requirementsText, want)), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("requirements.md has been written again; run the test once more, without -update")
	}
	for _, r := range defaultBook(t).Requirements() {
		if diff := cmp.Diff(want[r.Number], r.Settings); diff != "" {
			t.Errorf("%s: settings (-as commented in the code +in requirements.md):\n%s", r.Number, diff)
		}
		delete(want, r.Number)
	}
	for _, number := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("%s is cited by %v and does not exist", number, want[number])
	}
}

// withSettings fills in the third column and aligns the tables.
func withSettings(text string, settings map[string][]string) string {
	var out strings.Builder
	var table [][]string
	flush := func() {
		widths := make([]int, 4)
		for _, cells := range table {
			for i, cell := range cells {
				widths[i] = max(widths[i], len(cell))
			}
		}
		for i, cells := range table {
			for j, cell := range cells {
				fill := " "
				if i == 1 {
					cell, fill = "", "-"
				}
				out.WriteString("|" + fill + cell + strings.Repeat(fill, widths[j]-len(cell)+1))
			}
			out.WriteString("|\n")
		}
		table = nil
	}
	for line := range strings.Lines(text) {
		cells := splitCells(line)
		if len(cells) != 4 {
			flush()
			out.WriteString(line)
			continue
		}
		switch len(table) {
		case 0:
		case 1:
			cells = make([]string, 4)
		default:
			cells[2] = strings.Join(settings[cells[0]], ", ")
		}
		table = append(table, cells)
	}
	flush()
	return out.String()
}

// addSettings adds the settings below prefix, by the numbers that their
// comments cite.
func addSettings(found map[string][]string, prefix string, of reflect.Type, comments map[string]string) {
	for i := range of.NumField() {
		field := of.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		for _, number := range citations(comments[of.Name()+"."+field.Name]) {
			found[number] = append(found[number], prefix+key)
		}
		if field.Type.Kind() == reflect.Struct {
			addSettings(found, prefix+key+".", field.Type, comments)
		}
	}
}

// fieldComments are the comments of the fields of all structs, by Struct.Field.
func fieldComments(t *testing.T) map[string]string {
	comments := map[string]string{}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			of, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range of.Fields.List {
				for _, name := range field.Names {
					comments[spec.Name.Name+"."+name.Name] = strings.ReplaceAll(field.Doc.Text()+field.Comment.Text(), "\n", " ")
				}
			}
			return true
		})
	}
	return comments
}

// sources are the package's own files, without tests, by name.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set, files := token.NewFileSet(), map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(set, name, nil, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
