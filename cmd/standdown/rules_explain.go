package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/spelling"
	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// An explanation is what "rules explain" prints: of one example, or of one plan
// in the journal.
type explanation struct {
	Name      string           `json:"name"`
	Decisions []rules.Decision `json:"decisions"`
	text      string
}

func newRulesExplainCommand(g *globals) *cobra.Command {
	var file, name string
	cmd := remotely(&cobra.Command{
		Use:   "explain EVENT|DECISION|RECORD | explain -f FILE",
		Short: "Tell how something was decided, or would be",
		Long: `Explain tells of decisions the facts with their reasons, each row and why it did
not apply, the settings that turn the table, and what follows.

EVENT, DECISION or RECORD names decisions in the journal of the configuration
(or of a daemon, with --server); they are explained with the settings of their
time. With -f it decides the
situations in a file of examples.`,
		Example: `  standdown --config standdown.yaml rules explain a018d00000XyZ12AAF
  standdown rules explain -f site-examples.yaml --name "in M1B with an invoice Deal Processing decides"`,
		Args: cobra.MaximumNArgs(1),
	})
	cmd.Flags().StringVarP(&file, "file", "f", "", "`file` of examples")
	cmd.Flags().StringVar(&name, "name", "", "only the example of this `name`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var all []explanation
		var err error
		switch {
		case file != "" && g.server.Changed:
			return usagef("the situations in a file are decided here: leave --server out")
		case file != "" && len(args) == 0:
			all, err = explainExamples(g, file, name)
		case file == "" && name == "" && len(args) == 1:
			err = g.atDesk(cmd, func(ctx context.Context, d desk) error {
				all, err = explainDecisions(ctx, d, args[0])
				return err
			})
		default:
			return usagef("which decision? name an event, a decision or a record, or a file of examples with -f")
		}
		if err != nil {
			return err
		}
		return printExplanations(cmd.OutOrStdout(), g, all)
	}
	return cmd
}

// explainExamples decides the examples in the file, or only that of the name.
func explainExamples(g *globals, file, name string) ([]explanation, error) {
	settings, err := g.settings()
	if err != nil {
		return nil, err
	}
	outcome, err := runExamples(settings, []string{file})
	if err != nil {
		return nil, wrong{err}
	}
	var all []explanation
	var names []string
	for _, r := range outcome.Results {
		names = append(names, r.Name)
		if name == "" || r.Name == name {
			all = append(all, explanation{Name: r.Name, Decisions: r.Plan.Decisions, text: r.Explain()})
		}
	}
	if len(names) == 0 {
		return nil, usagef("%s has no examples", file)
	}
	if len(all) == 0 {
		return nil, usagef("%s has no example %q; %s", file, name, spelling.Suggest(name, names))
	}
	return all, nil
}

// explainDecisions explains the decisions in the journal that go by the name.
func explainDecisions(ctx context.Context, at desk, name string) ([]explanation, error) {
	decisions, err := at.Decisions(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(decisions) == 0 {
		return nil, usagef("nothing in the journal was decided by the name of %q; want the id of an event, of a decision or of a record", name)
	}
	var all []explanation
	for _, d := range decisions {
		if d.Table == store.People && !d.Erased() {
			all = append(all, explanation{
				Name:      fmt.Sprintf("%s, ordered on %s", d.ID, d.At.UTC().Format(time.RFC3339)),
				Decisions: []rules.Decision{d.Decision},
				text:      fmt.Sprintf("%s of %s for %s\nordered by %s\n", d.Row, d.Facts[0].Value, d.Subject, d.Because),
			})
			continue
		}
		found, err := at.Decision(ctx, d.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, explanation{
			Name:      fmt.Sprintf("%s, decided on %s for event %s", d.ID, d.At.UTC().Format(time.RFC3339), d.Event),
			Decisions: []rules.Decision{d.Decision},
			text:      found.Explained,
		})
	}
	return all, nil
}

// bookOf is the rule books with the settings of the decision's time. Settings
// that an earlier version took and this one does not are replaced, with a note.
func bookOf(ctx context.Context, g *globals, journal *store.Store, d store.Decision) (book *rules.Book, note string, err error) {
	settings, err := journal.SettingsOf(ctx, d)
	if errors.Is(err, store.ErrRemoved) {
		book, err = g.book()
		return book, "(the settings of its time are not kept any longer (journal.retain.situations); those below are today's)\n\n", err
	}
	if err != nil {
		return nil, "", err
	}
	if book, err := rules.Load(settings); err == nil {
		return book, "", nil
	}
	book, err = g.book()
	return book, "(the settings of its time are no longer valid; those below are today's)\n\n", err
}

func printExplanations(w io.Writer, g *globals, all []explanation) error {
	if g.json() {
		return printJSON(w, all)
	}
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "# %s\n\n%s\n", e.Name, strings.TrimRight(e.text, "\n")); err != nil {
			return err
		}
	}
	return nil
}
