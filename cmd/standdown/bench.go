package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/bench"
)

func newBenchCommand(g *globals) *cobra.Command {
	var o bench.Options
	var size, file, picture string
	var known []string
	for _, w := range bench.Workloads() {
		known = append(known, fmt.Sprintf("  %-4s %s", w.Name, w.Measures))
	}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this program against what is used otherwise, on this machine",
		Long: `Measure this program against what is used otherwise, on this machine.

The daemon runs as it is delivered, against an org and mail servers that are
started here; nothing leaves this machine and nothing needs to be set up. Each
figure stands beside the least that any program needs (floor), what is aimed at
(target), and the same taken from other programs that are installed: scripts
with jsforce and imapflow, naive and tuned, as a good engineer would write them;
mbsync, getmail6 and go-salesforce. Figures of n8n and Node-RED are quoted from
a recorded run.

Correctness gates speed: who loses an effect or has one twice has no figures,
only VOID and what went wrong.

Workloads:
` + strings.Join(known, "\n") + `

The scripts need the npm packages imapflow and jsforce, installed globally or in
the directory of --npm (or STANDDOWN_NPM). Dovecot is used where it is installed.

Exit codes: 0; 1 if the program did something wrong. A target that is missed is
told and is no failure.`,
		Example: `  standdown bench --size small
  standdown bench --only W2,W8 --runs 5 --npm /tmp/peers
  standdown bench --json bench.json --svg bench.svg`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringSliceVar(&o.Only, "only", nil, "run only these `workloads`, such as W2,W8")
	cmd.Flags().StringVar(&size, "size", "full", "`size` of the workloads: small (two minutes, shows that all is right) or full (half an hour, shows how fast)")
	cmd.Flags().IntVar(&o.Runs, "runs", 1, "take each figure so `often`; the median is told, with lowest and highest")
	cmd.Flags().BoolVar(&o.Alone, "alone", false, "leave out the other programs")
	cmd.Flags().StringVar(&o.NPM, "npm", "", "`directory` whose node_modules have imapflow and jsforce")
	cmd.Flags().StringVar(&file, "json", "", "write the figures as JSON to this `file`")
	cmd.Flags().StringVar(&picture, "svg", "", "draw arrival to effect, and calls per 1,000 changes, in this `file`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if size != "small" && size != "full" {
			return usagef("--size: want small or full")
		}
		if o.Runs < 1 {
			return usagef("--runs: want 1 or more")
		}
		o.NPM = cmp.Or(o.NPM, os.Getenv("STANDDOWN_NPM"))
		o.Small, o.Progress = size == "small", cmd.ErrOrStderr()
		if o.Program, err = os.Executable(); err != nil {
			return err
		}
		if o.Dir, err = os.MkdirTemp("", "standdown-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.Dir)
		report, err := bench.Run(cmd.Context(), o)
		if report == nil {
			return wrong{err}
		}
		if err := errors.Join(err, tell(report, g.json(), cmd.OutOrStdout(), file, picture)); err != nil {
			return err
		}
		if void := report.Void(); len(void) > 0 {
			return fmt.Errorf("%d rows of this program are void: %s", len(void), void[0].Title)
		}
		return nil
	}
	return cmd
}

// tell prints a report and writes the files that were asked for.
func tell(report *bench.Report, asJSON bool, out io.Writer, file, picture string) error {
	if file != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Clean(file), append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if picture != "" {
		if err := os.WriteFile(filepath.Clean(picture), report.Picture(), 0o644); err != nil {
			return err
		}
	}
	if asJSON {
		return printJSON(out, report)
	}
	return report.Print(out)
}
