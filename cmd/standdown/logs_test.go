package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// logKeys are the keys of the log: whoever filters by one finds it everywhere
// under the same name. Add, never rename.
var logKeys = []string{
	"org",      // its name, if there are several
	"system",   // salesforce, mail, or the name of a source
	"ref",      // the record, or what else it is about
	"event",    // its id
	"others",   // how many more it is about
	"decision", // D...
	"row",      // table and row
	"entry",    // of the outbox, by its number
	"verb",
	"attempt",
	"err",
	"actions", "already", "from", "to", // what was decided or done
	"same", "otherwise", "not_done", "untold", // how people did where verbs are in shadow
	"open",                       // whether a brake is
	"version", "journal", "copy", // of the daemon that starts; where the journal was kept before it was changed
}

var logger = regexp.MustCompile(`^(?i:log|logger)$`)

// TestTheLogHasConstantMessagesAndKnownKeys reads every call of a logger in the
// program.
func TestTheLogHasConstantMessagesAndKnownKeys(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			fn, isFunc := decl.(*ast.FuncDecl)
			if isFunc && fn.Name.Name == "logFailure" { // it is given the message
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && isLogging(call) {
					seen++
					for _, problem := range problemsOfLogging(call) {
						t.Errorf("%s: %s", files.Position(call.Pos()), problem)
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 40 {
		t.Errorf("only %d calls were found", seen)
	}
}

func isLogging(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error", "With"}, method.Sel.Name) {
		return false
	}
	switch of := method.X.(type) {
	case *ast.Ident:
		return logger.MatchString(of.Name)
	case *ast.SelectorExpr:
		return logger.MatchString(of.Sel.Name)
	}
	return false
}

func problemsOfLogging(call *ast.CallExpr) (problems []string) {
	args := call.Args
	if call.Fun.(*ast.SelectorExpr).Sel.Name != "With" {
		message, ok := literal(args[0])
		if !ok || message == "" || unicode.IsUpper([]rune(message)[0]) {
			problems = append(problems, "the message is not constant, or begins with a capital")
		}
		args = args[1:]
	}
	if len(args)%2 != 0 {
		return append(problems, "a key has no value")
	}
	for i := 0; i < len(args); i += 2 {
		if key, ok := literal(args[i]); !ok || !slices.Contains(logKeys, key) {
			problems = append(problems, "the key "+strconv.Quote(key)+" is none of "+strings.Join(logKeys, ", "))
		}
	}
	return problems
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func TestAMistakeInLoggingIsSeen(t *testing.T) {
	for text, wrong := range map[string]int{
		`log.Info("applied", "entry", 7, "err", err)`: 0,
		`e.Log.With("system", s)`:                     0,
		`log.Info("Applied")`:                         1,
		`log.Info(fmt.Sprintf("entry %d", 7))`:        1,
		`log.Warn("odd", "err")`:                      1,
		`s.options.Logger.Error("odd", "mail", body)`: 1,
		`log.With(key, 1)`:                            1,
	} {
		expr, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		call := expr.(*ast.CallExpr)
		if !isLogging(call) {
			t.Errorf("%s is not seen as logging", text)
		} else if got := problemsOfLogging(call); len(got) != wrong {
			t.Errorf("%s: %q, want %d problems", text, got, wrong)
		}
	}
}
