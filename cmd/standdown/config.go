package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
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
	cmd.AddCommand(newConfigCheckCommand(g), newConfigShowCommand(g), newConfigSchemaCommand(), newConfigInitCommand(g))
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
nothing. Without FILE it reads what --config names. Of a directory it checks all
orgs, and that they do not get into each other's way; as JSON, that is a list.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := g.config.Value.String()
			if len(args) == 1 {
				path = args[0]
			}
			if g.org.Value.String() == "" && isDirectory(path) {
				return g.checkDirectory(cmd.OutOrStdout(), path)
			}
			file, _, err := fileOf(path, g.org.Value.String())
			if err != nil {
				return err
			}
			report, err := checkConfig(file)
			if err != nil {
				return err
			}
			if g.json() {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				err = report.print(cmd.OutOrStdout())
			}
			if err == nil && !report.OK {
				err = usagef("%s: %s", file, report.count())
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
	c, err := loadConfig(path)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return configReport{File: path, Problems: problems}, nil
	}
	if err != nil {
		return configReport{}, err
	}
	return reportOn(path, c)
}

// reportOn reports on a configuration without problems.
func reportOn(path string, c *config.Config) (configReport, error) {
	failing, err := failingExamples(c)
	if err != nil {
		return configReport{}, wrong{err}
	}
	return configReport{File: path, OK: len(failing) == 0, Examples: failing, Systems: systemsOf(c), Autonomy: c.Autonomy}, nil
}

// checkDirectory prints a report on each org of the directory.
func (g *globals) checkDirectory(w io.Writer, dir string) error {
	reports, err := checkConfigs(dir)
	if err != nil {
		return err
	}
	if g.json() {
		err = printJSON(w, reports)
	}
	var wrongs []string
	for i, r := range reports {
		if !g.json() {
			if i > 0 && r.OK {
				fmt.Fprintln(w)
			}
			err = errors.Join(err, r.print(w))
		}
		if !r.OK {
			wrongs = append(wrongs, r.File+": "+r.count())
		}
	}
	if err == nil && len(wrongs) > 0 {
		err = usagef("%s", strings.Join(wrongs, "\n"))
	}
	return err
}

// checkConfigs reports on each org of the directory; if there are problems, on
// the files that have some.
func checkConfigs(dir string) (reports []configReport, err error) {
	all, err := config.LoadDir(dir, os.LookupEnv)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for _, p := range problems {
			if last := len(reports) - 1; last >= 0 && reports[last].File == p.File {
				reports[last].Problems = append(reports[last].Problems, p)
				continue
			}
			reports = append(reports, configReport{File: p.File, Problems: config.Problems{p}})
		}
		return reports, nil
	}
	if err != nil {
		return nil, unusable(err)
	}
	for _, c := range all {
		r, err := reportOn(filepath.Join(dir, c.Name+".yaml"), c)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
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
