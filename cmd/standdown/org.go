package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"standdown/connectors"
	"standdown/connectors/salesforce"
)

func newOrgCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "org",
		Short: "Check the Salesforce org, or make what it needs",
	}
	cmd.AddCommand(newOrgCheckCommand(g), newOrgLimitsCommand(g), newOrgPackageCommand(g))
	return cmd
}

func newOrgCheckCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Say everything in the org that does not fit the configuration, and what to do about it",
		Long: `Check logs in as the daemon would and compares the org with the mapping: each
object and field, what the integration user may do with it, its type, length
and values; the keys that keep a record from being created twice; the queue; the
feeds. It only reads, and takes one API call for every ten mapped objects and a
few more.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load()
			if err != nil {
				return err
			}
			org, err := connectOrg(cfg, newLogger(cfg.Log, cmd.ErrOrStderr()), time.Now, nil)
			if err != nil {
				return err
			}
			report, err := checkOrg(cmd.Context(), org, cfg)
			if err != nil {
				return err
			}
			if g.json() {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				err = report.print(cmd.OutOrStdout())
			}
			if err == nil && !report.OK {
				err = fmt.Errorf("%s: %d problems", cfg.Salesforce.URL, len(report.Problems))
			}
			return err
		},
	}
}

// A limitsReport is what "org limits" prints.
type limitsReport struct {
	URL     string `json:"url"`
	Used    int    `json:"used"`
	Limit   int    `json:"limit"`
	Reserve int    `json:"reserve"`
	// Limits are the org's allowances, if the user may see them.
	Limits map[string]salesforce.Allowance `json:"limits,omitempty"`
}

func newOrgLimitsCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "limits",
		Short: "Show how many API calls the org has left",
		Long: `Limits shows the org's API calls of the last 24 hours, by whomever, and what is
kept back from the daemon (reserve in the configuration). Other allowances are
shown to users with the permission "View Setup and Configuration".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load()
			if err != nil {
				return err
			}
			org, err := connectOrg(cfg, newLogger(cfg.Log, cmd.ErrOrStderr()), time.Now, nil)
			if err != nil {
				return err
			}
			report := limitsReport{URL: cfg.Salesforce.URL, Reserve: cfg.Salesforce.Reserve}
			if report.Limits, err = org.Limits(cmd.Context()); err != nil {
				if connectors.ClassOf(err) != connectors.Rejected {
					return err
				}
				if err := org.Check(cmd.Context()); err != nil {
					return err
				}
			}
			report.Used, report.Limit = org.Usage()
			if g.json() {
				return printJSON(cmd.OutOrStdout(), report)
			}
			return report.print(cmd.OutOrStdout())
		},
	}
}

func (r limitsReport) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "api calls of the last 24 hours\t%d of %d\n", r.Used, r.Limit)
	fmt.Fprintf(t, "left to standdown\t%d (%d are kept back)\n", max(0, r.Limit-r.Used-r.Reserve), r.Reserve)
	for _, name := range slices.Sorted(maps.Keys(r.Limits)) {
		fmt.Fprintf(t, "%s\t%d of %d left\n", name, r.Limits[name].Remaining, r.Limits[name].Max)
	}
	return t.Flush()
}
