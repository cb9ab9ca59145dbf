package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// globals are the flags that every command has, and what they lead to.
type globals struct {
	config    *pflag.Flag
	output    output
	server    *pflag.Flag
	tokenFile *pflag.Flag
}

func newGlobals(flags *pflag.FlagSet) *globals {
	g := &globals{output: "text"}
	flags.String("config", "standdown.yaml", "configuration `file`")
	g.config = flags.Lookup("config")
	flags.String("server", "", "`URL` of a daemon to be asked instead of the journal (or STANDDOWN_SERVER)")
	g.server = flags.Lookup("server")
	flags.String("token-file", "", "`file` with the token for it (or STANDDOWN_TOKEN)")
	g.tokenFile = flags.Lookup("token-file")
	flags.VarP(&g.output, "output", "o", "`form` of what is printed: text or json")
	return g
}

// load reads the configuration.
func (g *globals) load() (*config.Config, error) { return loadConfig(g.config.Value.String()) }

// settings are those of the configuration, if one was named, or else the
// recommended ones: the rules can be worked on without a configuration.
func (g *globals) settings() (rules.Settings, error) {
	if !g.config.Changed {
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
	if _, ok := errors.AsType[config.Problems](err); ok {
		err = fmt.Errorf("the configuration is wrong:\n%w", err)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w; name the file with --config, or begin with a copy of config.example.yaml", err)
	}
	if err != nil {
		return nil, wrong{err}
	}
	return c, nil
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
