package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"standdown/mapping"
)

func newMailCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mail",
		Short: "See what the daemon makes of mails, what it writes, and what it could not handle",
	}
	cmd.AddCommand(newMailReadCommand(g), newMailMatrixCommand(g), newMailPreviewCommand(g), newMailQuarantineCommand(g))
	return cmd
}

func newMailPreviewCommand(g *globals) *cobra.Command {
	var rich bool
	cmd := &cobra.Command{
		Use:   "preview [NOTICE...]",
		Short: "Show the mails that customers get",
		Long: `Show the mails that customers get, filled with an example: all of them, or those
that are named, as in "cancelled" or "cancelled.es".`,
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := mapping.Notices()
			if err != nil {
				return err
			}
			shown, err := chosenNotices(all, args)
			if err != nil {
				return err
			}
			if g.json() {
				return printJSON(cmd.OutOrStdout(), shown)
			}
			for i, n := range shown {
				if i > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				text := n.Text
				if rich {
					text = n.HTML
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "── %s.%s ──\nSubject: %s\n\n%s", n.Template, n.Language, n.Subject, text); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&rich, "html", false, "show the HTML form")
	return cmd
}

func chosenNotices(all []mapping.Notice, names []string) ([]mapping.Notice, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []mapping.Notice
	for _, name := range names {
		var known []string
		found := false
		for _, n := range all {
			full := n.Template + "." + n.Language
			known = append(known, full)
			if name == n.Template || name == full {
				chosen, found = append(chosen, n), true
			}
		}
		if !found {
			return nil, usagef("there is no notice %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}
