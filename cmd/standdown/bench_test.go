package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/bench"
)

// The workloads of `standdown bench` that are about being right, in small sizes:
// the daemon loses nothing and does nothing twice, and each figure is taken. How
// fast it is does not matter here.
func TestBenchWorkloadsAreRight(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	program, err := exec.LookPath("standdown") // this test binary
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W11", "S3", "S4"} {
		t.Run(name, func(t *testing.T) {
			var progress strings.Builder
			report, err := bench.Run(t.Context(), bench.Options{Program: program, Only: []string{name}, Small: true, Alone: true, Dir: t.TempDir(), Progress: &progress})
			if err != nil {
				t.Fatalf("%v\n%s", err, progress.String())
			}
			for _, c := range report.Cases {
				for _, e := range c.Entrants {
					for _, wrong := range e.Wrong {
						t.Errorf("%s: %s: %s", c.Title, e.Name, wrong)
					}
					if e.Missing != "" && os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
						t.Errorf("%s: %s was not run: %s", c.Title, e.Name, e.Missing)
					}
					if e.Name == bench.Ours && e.Missing == "" && len(e.Values) == 0 {
						t.Errorf("%s: no figures", c.Title)
					}
				}
			}
			if len(report.Cases) == 0 {
				t.Error("nothing was measured")
			}
		})
	}
}

// Each workload of `standdown bench` as a benchmark of the program as it is
// delivered, with its figures as metrics:
//
//	go test ./cmd/standdown -run '^$' -bench Workload/W3 -benchtime 1x
func BenchmarkWorkload(b *testing.B) {
	program := buildProgram(b)
	for _, w := range bench.Workloads() {
		b.Run(w.Name, func(b *testing.B) {
			for range b.N {
				report, err := bench.Run(b.Context(), bench.Options{Program: program, Only: []string{w.Name}, NPM: os.Getenv("STANDDOWN_NPM"), Dir: b.TempDir(), Progress: io.Discard})
				if err != nil {
					b.Fatal(err)
				}
				var table strings.Builder
				if err := report.Print(&table); err != nil {
					b.Fatal(err)
				}
				b.Log(table.String())
				if void := report.Void(); len(void) > 0 {
					b.Errorf("%d cases are void", len(void))
				}
			}
		})
	}
}

// buildProgram builds the program as it is delivered.
func buildProgram(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "standdown")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}
