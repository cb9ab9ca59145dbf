package main

import (
	"errors"
	"go/build"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// layers says who may import whom: the way is
//
//	cmd -> internal -> connectors <- mapping -> rules
//
// and never back. A package is ruled by the first line that it matches.
var layers = []struct {
	packages string   // as for path.Match, below the module
	may      []string // packages of ours it may import, as for path.Match
	std      bool     // beyond those, only the standard library
}{
	{packages: "rules", std: true},
	{packages: "rules/rulestest", may: []string{"rules"}},
	{packages: "mapping", may: []string{"connectors", "rules", "mapping/reader"}},
	{packages: "mapping/reader", std: true},
	{packages: "mapping/reader/readertest", may: []string{"connectors/mailbox", "mapping/reader"}},

	{packages: "connectors", std: true},
	{packages: "connectors/loopback", std: true},
	{packages: "connectors/connectortest", may: []string{"connectors"}},
	{packages: "connectors/*", may: []string{"connectors"}},
	{packages: "connectors/*/sandbox"},
	{packages: "connectors/mailbox/dovecot", may: []string{"connectors/loopback", "connectors/mailbox/sandbox"}},

	{packages: "cmd/standdown/internal/spelling", std: true},
	{packages: "cmd/standdown/internal/config", may: []string{"cmd/standdown/internal/spelling", "mapping", "rules"}},
	{packages: "cmd/standdown/internal/store", may: []string{"connectors", "rules"}},
	{packages: "cmd/standdown/internal/store/pgserver", may: []string{"connectors/loopback"}},
	{packages: "cmd/standdown/internal/store/storetest", may: []string{"cmd/standdown/internal/store/pgserver"}},
	{packages: "cmd/standdown/internal/store/bygone", may: []string{"rules"}},
	{packages: "cmd/standdown/internal/replicas"},
	{packages: "cmd/standdown/internal/engine", may: []string{"cmd/standdown/internal/store", "connectors", "connectors/gather", "mapping", "rules"}},
	{packages: "cmd/standdown/internal/telemetry", may: []string{"cmd/standdown/internal/engine", "cmd/standdown/internal/store", "connectors", "rules"}},
	{packages: "cmd/standdown/internal/replay", may: []string{"cmd/standdown/internal/store", "rules"}},
	{packages: "cmd/standdown/internal/web", may: []string{"cmd/standdown/internal/replay", "cmd/standdown/internal/store", "connectors", "rules"}},
	{packages: "cmd/standdown/internal/preview", may: []string{"cmd/standdown/internal/store", "connectors", "mapping", "rules"}},
	{packages: "cmd/standdown/internal/bench", may: []string{"cmd/standdown/internal/stage", "cmd/standdown/internal/store", "cmd/standdown/internal/store/*", "connectors", "connectors/*", "connectors/*/*", "rules"}},
	{packages: "cmd/standdown/internal/survey", may: []string{"connectors/salesforce", "mapping"}},
	{packages: "cmd/standdown/internal/stage", may: []string{"connectors/*/sandbox"}},
	{packages: "cmd/standdown", may: []string{"*", "*/*", "*/*/*", "cmd/standdown/internal/*"}},
}

func TestPackagesImportOnlyWhatLiesBelowThem(t *testing.T) {
	const module, root = "standdown/", "../.."
	seen := 0
	err := filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); name == "testdata" || strings.HasPrefix(name, ".") && name != ".." {
			return filepath.SkipDir
		}
		pkg, err := build.ImportDir(dir, 0)
		if _, none := errors.AsType[*build.NoGoError](err); none {
			return nil
		}
		if err != nil {
			return err
		}
		seen++
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		t.Run(filepath.ToSlash(rel), func(t *testing.T) {
			name := filepath.ToSlash(rel)
			for _, layer := range layers {
				if !matches(layer.packages, name) {
					continue
				}
				for _, imported := range pkg.Imports {
					ours, isOurs := strings.CutPrefix(imported, module)
					switch {
					case isOurs && !matchesAny(layer.may, ours):
						t.Errorf("it imports %s; it may import %v of ours", ours, layer.may)
					case !isOurs && layer.std && strings.Contains(imported, "."):
						t.Errorf("it imports %s; it may import only the standard library", imported)
					case strings.HasPrefix(imported, "github.com/riverqueue/") && name != "cmd/standdown/internal/replicas":
						t.Errorf("it imports %s, which only the replicas may know", imported)
					}
				}
				return
			}
			t.Error("it has no place in the table of layers")
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < len(layers)-1 {
		t.Errorf("%d packages found, want one for each line of the table", seen)
	}
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(p, name) {
			return true
		}
	}
	return false
}
