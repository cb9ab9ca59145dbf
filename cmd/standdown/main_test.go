package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
)

// TestMain lets scripts run the program in this test binary, and the crash test
// a daemon.
func TestMain(m *testing.M) {
	if dir := os.Getenv(stageVariable); dir != "" {
		if file := os.Getenv(applyVariable); file != "" {
			if err := applyOnStage(dir, file); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(exitFailed)
			}
			os.Exit(exitDone)
		}
		os.Exit(serveOnStage(dir))
	}
	testscript.Main(storetest.Tests{M: m}, map[string]func(){"standdown": main})
}

// Each script is what one user does and sees.
func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"edit":    edit,
			"journal": journal,
			"outbox":  outbox,
			"pages":   pages,
			"tamper":  tamper,
			"forget":  forget,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", repo)
			return nil
		},
	})
}

// exits runs a command that must end with an exit code: exits CODE COMMAND...
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// edit removes or doubles the row of a table: edit FILE remove|double ROW
func edit(ts *testscript.TestScript, _ bool, args []string) {
	file, what, row := ts.MkAbs(args[0]), args[1], args[2]
	lines := strings.Split(ts.ReadFile(file), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "| "+row+" ") })
	if at < 0 {
		ts.Fatalf("%s has no row %s", args[0], row)
	}
	switch what {
	case "remove":
		lines = slices.Delete(lines, at, at+1)
	case "double":
		lines = slices.Insert(lines, at, strings.Replace(lines[at], "| "+row+" ", "| "+row+"x ", 1))
	default:
		ts.Fatalf("cannot %s a row", what)
	}
	ts.Check(os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want int
	}{
		{"wrong usage is the caller's", fmt.Errorf("listing: %w", usagef("no such state")), exitWrong},
		{"a system that lets nobody in cannot be reached", fmt.Errorf("starting: %w", &connectors.Error{Class: connectors.Denied}), exitUnreachable},
		{"a system that does not answer cannot be reached", fmt.Errorf("starting: %w", &connectors.Error{Class: connectors.Temporary}), exitUnreachable},
		{"anything else is a failure", errors.New("disk full"), exitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := exitCode(test.err); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
