package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestFillPutsEachArgumentInItsPlace(t *testing.T) {
	for want, got := range map[string]string{
		"nothing to fill":      fill("nothing to fill"),
		"%s":                   fill("%s", "%s"),
		"%s is 100% b":         fill("%s is 100% %s", "%s", "b"),
		"a (b) is on hold":     fill("%s (%s) is on hold", "a", "b"),
		"the block has no end": fill("the %s has no %s", "block", "end"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestASentenceBeginsWithACapitalOfWhateverAlphabet(t *testing.T) {
	for said, want := range map[string]string{"": "", "free: in time": "Free: in time.", "él no puede.": "Él no puede."} {
		if got := sentence(said); got != want {
			t.Errorf("sentence(%q) is %q, want %q", said, got, want)
		}
	}
}

// Nothing else would notice: go vet knows only the fmt functions.
func TestEveryReasonHasAsManyArgumentsAsPlaces(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset, checked := token.NewFileSet(), 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || call.Ellipsis.IsValid() {
				return true
			}
			for i, arg := range call.Args {
				format, ok := arg.(*ast.BasicLit)
				if !ok || i != formatOf(call) {
					continue
				}
				text, err := strconv.Unquote(format.Value)
				if err != nil {
					t.Fatal(err)
				}
				checked++
				args := len(call.Args) - i - 1
				if strings.Count(text, "%s") != args || strings.Count(text, "%") != args {
					t.Errorf("%s: %q has %d arguments, which must be strings", fset.Position(call.Pos()), text, args)
				}
			}
			return true
		})
	}
	if checked < 100 {
		t.Errorf("only %d reasons were found", checked)
	}
}

// formatOf is which argument of the call is a format of [fill]; -1 if none is.
func formatOf(call *ast.CallExpr) int {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		if f.Sel.Name == "fact" {
			return 2
		}
	case *ast.Ident:
		if f.Name == "fill" || f.Name == "unclear" {
			return 0
		}
	}
	return -1
}
