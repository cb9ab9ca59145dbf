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
		Long: `The rules are decision tables. These commands need no configuration and connect
to nothing; with --config they work with its settings instead of the recommended
ones.`,
	}
	cmd.AddCommand(
		newRulesCheckCommand(g),
		newRulesTestCommand(g),
		newRulesShowCommand(g),
		newRulesExplainCommand(g),
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
			one.Explain = r.Explain
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
	cmd := &cobra.Command{
		Use:   "show [TABLE]",
		Short: "Print the decision tables as Markdown",
		Args:  cobra.MaximumNArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		book, err := g.book()
		if err != nil {
			return err
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

// An explanation is what "rules explain" prints for one event.
type explanation struct {
	Name      string           `json:"name"`
	Decisions []rules.Decision `json:"decisions"`
}

func newRulesExplainCommand(g *globals) *cobra.Command {
	var file, name string
	cmd := &cobra.Command{
		Use:   "explain -f FILE",
		Short: "Tell how the rules decide a situation",
		Long: `Explain decides the situations in a file of examples and tells, for each, the
facts with their reasons, each row and why it did not apply, and what follows.`,
		Example: `  standdown rules explain -f site-examples.yaml --name "in M1B with an invoice Deal Processing decides"`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "`file` of examples")
	cmd.Flags().StringVar(&name, "name", "", "only the example of this `name`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if file == "" {
			return usagef("which situation? name a file of examples with -f")
		}
		book, err := g.book()
		if err != nil {
			return err
		}
		all, err := explainExamples(book.Settings(), file, name)
		if err != nil {
			return wrong{err}
		}
		return printExplanations(cmd.OutOrStdout(), g, book, all)
	}
	return cmd
}

// explainExamples decides the examples in the file, or only that of the name.
func explainExamples(settings rules.Settings, file, name string) ([]explanation, error) {
	outcome, err := runExamples(settings, []string{file})
	if err != nil {
		return nil, err
	}
	var all []explanation
	var names []string
	for _, r := range outcome.Results {
		names = append(names, r.Name)
		if name == "" || r.Name == name {
			all = append(all, explanation{Name: r.Name, Decisions: r.Plan.Decisions})
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no examples", file)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no example %q; %s", file, name, spelling.Suggest(name, names))
	}
	return all, nil
}

func printExplanations(w io.Writer, g *globals, book *rules.Book, all []explanation) error {
	if g.json() {
		return printJSON(w, all)
	}
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "# %s\n", e.Name)
		for _, d := range e.Decisions {
			fmt.Fprintf(w, "\n%s\n", strings.TrimRight(book.Explain(d), "\n"))
		}
	}
	return nil
}
