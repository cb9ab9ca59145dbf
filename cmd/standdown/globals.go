package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/spelling"
	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// globals are the flags that every command has, and what they lead to.
type globals struct {
	config    *pflag.Flag
	org       *pflag.Flag
	output    output
	server    *pflag.Flag
	tokenFile *pflag.Flag
}

func newGlobals(flags *pflag.FlagSet) *globals {
	g := &globals{output: "text"}
	flags.String("config", "standdown.yaml", "configuration `file`, or directory with one for each org")
	g.config = flags.Lookup("config")
	flags.String("org", "", "`name` of the org that is meant, if --config is a directory")
	g.org = flags.Lookup("org")
	flags.String("server", "", "`URL` of a daemon to be asked instead of the journal (or STANDDOWN_SERVER)")
	g.server = flags.Lookup("server")
	flags.String("token-file", "", "`file` with the token for it (or STANDDOWN_TOKEN)")
	g.tokenFile = flags.Lookup("token-file")
	flags.VarP(&g.output, "output", "o", "`form` of what is printed: text or json")
	return g
}

// load reads the configuration of the one org that is meant. What is wrong with
// others beside it does not matter.
func (g *globals) load() (*config.Config, error) {
	file, org, err := fileOf(g.config.Value.String(), g.org.Value.String())
	if err != nil {
		return nil, err
	}
	c, err := loadConfig(file)
	if err != nil {
		return nil, err
	}
	c.Name = org
	return c, nil
}

// loadAll reads the configurations of all orgs that are meant.
func (g *globals) loadAll() ([]*config.Config, error) {
	if !g.several() {
		c, err := g.load()
		if err != nil {
			return nil, err
		}
		return []*config.Config{c}, nil
	}
	all, err := config.LoadDir(g.config.Value.String(), os.LookupEnv)
	return all, unusable(err)
}

// several tells whether the orgs of a directory are meant, and not one of them.
func (g *globals) several() bool {
	return g.org.Value.String() == "" && isDirectory(g.config.Value.String())
}

// configured tells whether a configuration was named.
func (g *globals) configured() bool { return g.config.Changed || g.org.Changed }

// settings are those of the configuration, if one was named, or else the
// recommended ones: the rules can be worked on without a configuration.
func (g *globals) settings() (rules.Settings, error) {
	if !g.configured() {
		return rules.Defaults(), nil
	}
	c, err := g.load()
	if err != nil {
		return rules.Settings{}, err
	}
	return c.Rules, nil
}

// book is the rule books with [globals.settings].
func (g *globals) book() (*rules.Book, error) {
	settings, err := g.settings()
	if err != nil {
		return nil, err
	}
	book, err := rules.Load(settings)
	if err != nil {
		return nil, wrong{err}
	}
	return book, nil
}

// withJournal calls do with the journal of the configuration.
func (g *globals) withJournal(ctx context.Context, do func(context.Context, *store.Store) error) error {
	if g.serverURL() != "" {
		return usagef("this needs the journal itself: do it where that is, without --server and STANDDOWN_SERVER")
	}
	c, err := g.load()
	if err != nil {
		return err
	}
	journal, err := store.OpenBeside(ctx, c.Journal.Name())
	if err != nil {
		return err
	}
	if journal.Key, err = store.ParseKey(string(c.Journal.Key)); err != nil {
		return errors.Join(fmt.Errorf("journal.key: %w", err), journal.Close())
	}
	return errors.Join(do(ctx, journal), journal.Close())
}

// json tells that what is printed is for programs.
func (g *globals) json() bool { return g.output == "json" }

// loadConfig reads the named configuration. What is wrong in it is of type
// [config.Problems] at the end of the error.
func loadConfig(path string) (*config.Config, error) {
	c, err := config.Load(path, os.LookupEnv)
	return c, unusable(err)
}

// unusable is the error about a configuration that cannot be loaded.
func unusable(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[config.Problems](err); ok {
		err = fmt.Errorf("the configuration is wrong:\n%w", err)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w; name the file with --config, or make one with \"standdown config init\"", err)
	}
	return wrong{err}
}

// fileOf returns the file that is meant by a path, which may be a directory of
// several, and the name of its org there.
func fileOf(path, org string) (file, name string, err error) {
	if !isDirectory(path) {
		if org != "" {
			return "", "", usagef("--org chooses from a directory of configurations, and %s is none; name that with --config", path)
		}
		return path, "", nil
	}
	names, problems, err := config.Orgs(path)
	switch {
	case err != nil:
		return "", "", wrong{err}
	case len(names) == 0:
		return "", "", unusable(problems)
	case org == "":
		return "", "", usagef("%s is a directory; say which org is meant with --org: %s", path, strings.Join(names, ", "))
	case !slices.Contains(names, org):
		return "", "", usagef("--org: there is no org %q in %s; %s", org, path, spelling.Suggest(org, names))
	}
	return filepath.Join(path, org+".yaml"), org, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// output is the form of what is printed: text or json.
type output string

func (o *output) String() string { return string(*o) }
func (o *output) Type() string   { return "form" }

func (o *output) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("want text or json")
	}
	*o = output(s)
	return nil
}
