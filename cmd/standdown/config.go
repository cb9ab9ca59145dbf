package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"standdown/cmd/standdown/internal/config"
)

func newConfigCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and show the configuration",
	}
	cmd.AddCommand(newConfigCheckCommand(g), newConfigShowCommand(g), newConfigSchemaCommand())
	return cmd
}

// A configReport is what "config check" prints.
type configReport struct {
	OK       bool            `json:"ok"`
	File     string          `json:"file"`
	Problems config.Problems `json:"problems,omitempty"`
	// Examples are the site's own examples that do not hold.
	Examples []exampleReport   `json:"examples,omitempty"`
	Systems  []systemReport    `json:"systems,omitempty"`
	Autonomy map[string]string `json:"autonomy,omitempty"`
}

type systemReport struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	How     string `json:"how"`
}

func newConfigCheckCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say everything that is wrong with a configuration, or what it comes to",
		Long: `Check reads a configuration as "standdown serve" does before it starts: keys,
values, secrets, mapping, rules, and the site's own examples. It connects to
nothing. Without FILE it reads what --config names.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := g.config.Value.String()
			if len(args) == 1 {
				path = args[0]
			}
			report, err := checkConfig(path)
			if err != nil {
				return err
			}
			if g.json() {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				err = report.print(cmd.OutOrStdout())
			}
			if err == nil && !report.OK {
				err = usagef("%s: %s", path, report.count())
			}
			return err
		},
	}
}

func newConfigShowCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Print the configuration as it takes effect",
		Long: `Show prints the configuration as it takes effect: what the file says and what it
leaves out, with variables replaced and paths resolved. Secrets are hidden; one
that is not set is left out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.load()
			if err != nil {
				return err
			}
			text, err := c.Show()
			if err != nil {
				return err
			}
			if g.json() {
				var all map[string]any
				if err := yaml.Unmarshal(text, &all); err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), all)
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}

func newConfigSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of the configuration, for editors",
		Long: `Schema prints a JSON Schema of the configuration. Editors with a YAML language
server complete and check the file by it if its first line is
"# yaml-language-server: $schema=standdown.schema.json" and the schema lies
beside it:

  standdown config schema > standdown.schema.json

What holds between keys is known to "standdown config check" only.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printJSON(cmd.OutOrStdout(), config.Schema())
		},
	}
}

// checkConfig reports on the file; the error is for one that cannot be read.
func checkConfig(path string) (configReport, error) {
	report := configReport{File: path}
	c, err := loadConfig(path)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		report.Problems = problems
		return report, nil
	}
	if err != nil {
		return report, err
	}
	if report.Examples, err = failingExamples(c); err != nil {
		return report, wrong{err}
	}
	report.OK = len(report.Examples) == 0
	report.Systems = systemsOf(c)
	report.Autonomy = c.Autonomy
	return report, nil
}

// failingExamples runs the site's own examples.
func failingExamples(c *config.Config) ([]exampleReport, error) {
	if len(c.Examples) == 0 {
		return nil, nil
	}
	report, err := testRules(c.Rules, c.Examples)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(report.Examples, func(e exampleReport) bool { return e.OK }), nil
}

func systemsOf(c *config.Config) []systemReport {
	journal, kind := c.Journal.Where()
	systems := []systemReport{
		{"journal", journal, kind},
		{"salesforce", c.Salesforce.URL, fmt.Sprintf("by %s, read %s", c.Salesforce.Auth.Method, c.Salesforce.Poll)},
	}
	if m := c.Mailbox; m != nil {
		systems = append(systems,
			systemReport{"mailbox in", m.IMAP.Address, fmt.Sprintf("IMAP by %s, %s, %s, read on arrival and %s",
				protection(m.IMAP.TLS), m.Auth.Method, folders(m.IMAP), m.Poll)})
		if c.Notify.Via == "salesforce" {
			systems = append(systems, systemReport{"notices", c.Salesforce.URL, "Salesforce, logged on the record"})
		} else {
			systems = append(systems, systemReport{"mailbox out", m.SMTP.Address, fmt.Sprintf("SMTP by %s", protection(m.SMTP.TLS))})
		}
	}
	return systems
}

func folders(in config.IMAP) string {
	if len(in.Folders) == 0 {
		return "folder " + in.Folder
	}
	return "folders " + strings.Join(append([]string{in.Folder}, in.Folders...), " and ")
}

func protection(tls string) string {
	if tls == "none" {
		return "no TLS"
	}
	return tls
}

func (r configReport) count() string {
	n := len(r.Problems)
	what := "problem"
	if n == 0 {
		n, what = len(r.Examples), "example that does not hold"
		if n > 1 {
			what = "examples that do not hold"
		}
	} else if n > 1 {
		what = "problems"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (r configReport) print(w io.Writer) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
	for _, e := range r.Examples {
		fmt.Fprintln(w, e)
	}
	if !r.OK {
		return nil
	}
	fmt.Fprintf(w, "%s: ok\n\n", r.File)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range r.Systems {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Name, s.Address, s.How)
	}
	fmt.Fprintln(t)
	verbs := slices.SortedFunc(maps.Keys(r.Autonomy), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Autonomy[a], r.Autonomy[b]), cmp.Compare(a, b))
	})
	for _, verb := range verbs {
		fmt.Fprintf(t, "%s\t%s\n", r.Autonomy[verb], verb)
	}
	return t.Flush()
}
