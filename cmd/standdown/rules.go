package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/spelling"
	"standdown/rules"
	"standdown/rules/rulestest"
)

func newRulesCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Show, check and test the rules, and explain what they decide",
		Long: `The rules are decision tables. These commands connect to nothing. They need no
configuration, unless they look into the journal; with --config they work with
its settings instead of the recommended ones.`,
	}
	cmd.AddCommand(
		newRulesCheckCommand(g),
		newRulesTestCommand(g),
		newRulesShowCommand(g),
		newRulesExplainCommand(g),
		newRulesReplayCommand(g),
	)
	return cmd
}

// A rulesReport is what "rules check" prints.
type rulesReport struct {
	OK       bool          `json:"ok"`
	Tables   []tableReport `json:"tables,omitempty"`
	Problems []string      `json:"problems,omitempty"`
}

type tableReport struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

func newRulesCheckCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Prove that each situation has exactly one row",
		Long: `Check proves that the tables have no gap and no overlap, and that the settings
make sense. With FILE ("-" is standard input) it proves the tables in that file
instead, written as "standdown rules show" prints them.`,
		Example: `  standdown rules show >tables.md    # edit tables.md
  standdown rules check tables.md`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		book, err := g.book()
		if err != nil {
			return err
		}
		report := rulesReport{OK: true}
		if len(args) == 1 {
			text, err := readFile(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			for _, err := range rules.CheckTables(string(text)) {
				report.OK = false
				report.Problems = append(report.Problems, err.Error())
			}
		} else {
			for _, t := range book.Tables() {
				report.Tables = append(report.Tables, tableReport{t.Name, len(t.Rows)})
			}
		}
		if g.json() {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = report.print(cmd.OutOrStdout())
		}
		if err == nil && !report.OK {
			err = usagef("the tables in %s are wrong", args[0])
		}
		return err
	}
	return cmd
}

func (r rulesReport) print(w io.Writer) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, table := range r.Tables {
		fmt.Fprintf(t, "%s\t%d rows\n", table.Name, table.Rows)
	}
	if r.OK {
		fmt.Fprintln(t, "ok: each situation has exactly one row")
	}
	return t.Flush()
}

// readFile reads the named file, or standard input if the name is "-".
func readFile(stdin io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, wrong{err}
	}
	return data, nil
}

// A testReport is what "rules test" prints.
type testReport struct {
	OK       bool            `json:"ok"`
	Examples []exampleReport `json:"examples"`
	// Uncovered are the rows, by table, that no example reaches.
	Uncovered map[string][]string `json:"uncovered,omitempty"`
}

// An exampleReport is what became of one example.
type exampleReport struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Name     string   `json:"name"`
	OK       bool     `json:"ok"`
	Problems []string `json:"problems,omitempty"`
	Explain  string   `json:"explain,omitempty"`

	result rulestest.Result
}

func (e exampleReport) String() string { return e.result.String() }

func newRulesTestCommand(g *globals) *cobra.Command {
	var cover bool
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run examples of what the rules must decide",
		Long: `Test runs the examples in the files, as described in package rules/rulestest.
Exit code 1 tells that one of them does not hold; 2 that a file is wrong.`,
		Example: `  standdown rules test rules/testdata/*.yaml
  standdown --config standdown.yaml rules test site-examples.yaml`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&cover, "cover", false, "also fail if a row of the tested policies has no example")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		settings, err := g.settings()
		if err != nil {
			return err
		}
		report, err := testRules(settings, files)
		if err != nil {
			return wrong{err}
		}
		if cover && len(report.Uncovered) > 0 {
			report.OK = false
		}
		if g.json() {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = report.print(cmd.OutOrStdout())
		}
		if err == nil && !report.OK {
			err = errors.New("the rules do not pass")
		}
		return err
	}
	return cmd
}

// testRules runs the examples in the files; the error is for files that are
// wrong.
func testRules(settings rules.Settings, names []string) (testReport, error) {
	outcome, err := runExamples(settings, names)
	if err != nil {
		return testReport{}, err
	}
	report := testReport{OK: true, Examples: []exampleReport{}}
	for _, r := range outcome.Results {
		one := exampleReport{File: r.File, Line: r.Line, Name: r.Name, OK: r.Pass(), Problems: r.Problems, result: r}
		if !one.OK {
			one.Explain = r.Explain()
			report.OK = false
		}
		report.Examples = append(report.Examples, one)
	}
	for _, row := range outcome.Uncovered {
		if report.Uncovered == nil {
			report.Uncovered = map[string][]string{}
		}
		report.Uncovered[row.Table] = append(report.Uncovered[row.Table], row.ID)
	}
	return report, nil
}

func runExamples(settings rules.Settings, names []string) (rulestest.Report, error) {
	var files []rulestest.File
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return rulestest.Report{}, fmt.Errorf("reading examples: %w", err)
		}
		files = append(files, rulestest.File{Name: name, Data: data})
	}
	return rulestest.RunFiles(settings, files...)
}

func (r testReport) print(w io.Writer) error {
	failed := 0
	for _, e := range r.Examples {
		if !e.OK {
			failed++
			fmt.Fprintln(w, e)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(r.Uncovered)) {
		fmt.Fprintf(w, "no example reaches these rows of %s: %s\n", table, strings.Join(r.Uncovered[table], ", "))
	}
	_, err := fmt.Fprintf(w, "%d examples: %d hold, %d do not\n", len(r.Examples), len(r.Examples)-failed, failed)
	return err
}

func newRulesShowCommand(g *globals) *cobra.Command {
	var requirements bool
	cmd := &cobra.Command{
		Use:   "show [TABLE]",
		Short: "Print the decision tables as Markdown, or what carries out each requirement",
		Long: `Show prints the decision tables that run. With --requirements it lists every
numbered requirement instead, with the rows, verbs, settings and examples that
carry it out; exit code 1 tells that one has none.`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().BoolVar(&requirements, "requirements", false, "list the requirements and what carries them out")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		book, err := g.book()
		if err != nil {
			return err
		}
		if requirements {
			if len(args) == 1 {
				return usagef("--requirements lists them all; name no table")
			}
			return showRequirements(cmd.OutOrStdout(), g, book)
		}
		tables := book.Tables()
		if len(args) == 1 {
			var names []string
			for _, t := range tables {
				names = append(names, t.Name)
			}
			at := slices.Index(names, args[0])
			if at < 0 {
				return usagef("there is no table %q; %s", args[0], spelling.Suggest(args[0], names))
			}
			tables = tables[at : at+1]
		}
		if g.json() {
			return printJSON(cmd.OutOrStdout(), tables)
		}
		text := book.Show()
		if len(args) == 1 {
			text = fmt.Sprintf("## %s\n\n%s\n\n%s\n", tables[0].Name, tables[0].Title, tables[0].Text)
		}
		_, err = io.WriteString(cmd.OutOrStdout(), text)
		return err
	}
	return cmd
}
