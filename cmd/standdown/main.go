// Command standdown carries out what follows from cancellation requests and
// holds in Salesforce, by the business's own rules. This file is its command
// line; serve.go is where the daemon is put together.
//
// What a command was asked for goes to standard output, as text or JSON; what
// it has to say about its work goes to standard error. The exit code tells how
// it ended.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // zones where the machine has none, as in a bare container

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"standdown/cmd/standdown/internal/spelling"
	"standdown/connectors"
)

// Exit codes. Scripts rely on them.
const (
	exitDone        = 0 // what was asked for is done
	exitFailed      = 1 // it could not be done, or a test of the rules failed
	exitWrong       = 2 // wrong usage, configuration or rules: nothing was begun
	exitUnreachable = 3 // a connected system cannot be reached or lets nobody in
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit code. It ends soon after
// ctx does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	understood := false
	check := root.PersistentPreRunE
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		understood = true
		return check(cmd, args)
	}

	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if found, ok := errors.AsType[outcome](err); ok {
		return int(found)
	}
	fmt.Fprintf(stderr, "standdown: %v\n", err)
	if !understood {
		return exitWrong
	}
	return exitCode(err)
}

func exitCode(err error) int {
	if _, ok := errors.AsType[wrong](err); ok {
		return exitWrong
	}
	if _, ok := errors.AsType[*connectors.Error](err); ok {
		return exitUnreachable
	}
	return exitFailed
}

// wrong marks an error as the caller's: usage, configuration or rules.
type wrong struct{ error }

func (w wrong) Unwrap() error { return w.error }

// An outcome is an exit code that tells what was found where nothing went wrong.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// usagef is an error about how a command was used.
func usagef(format string, args ...any) error { return wrong{fmt.Errorf(format, args...)} }

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "standdown",
		Short: "Carry out what follows from cancellation requests and holds in Salesforce",
		Long: `Standdown watches Salesforce and a mailbox for cancellation requests and
changes of hold dates, decides by the business's own rules what has to follow,
and writes the consequences back. Try "standdown demo" first.

Exit codes:
  0  done
  1  failed, or a test of the rules failed
  2  wrong usage, configuration or rules; nothing was begun
  3  a connected system cannot be reached or lets nobody in`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	g := newGlobals(root.PersistentFlags())
	root.AddCommand(
		newDemoCommand(),
		newPlanCommand(g),
		newApplyCommand(g),
		newServeCommand(g),
		newOutboxCommand(g),
		newPauseCommand(g),
		newResumeCommand(g),
		newShadowCommand(g),
		newJournalCommand(g),
		newMailCommand(g),
		newRulesCommand(g),
		newConfigCommand(g),
		newOrgCommand(g),
		newSandboxCommand(),
		newBenchCommand(g),
		newWebCommand(g),
		newHealthCommand(g),
		newManCommand(),
		newVersionCommand(g),
	)
	root.PersistentPreRunE = g.suit
	root.SetFlagErrorFunc(flagError)
	demandSubcommand(root)
	return root
}

// demandSubcommand makes it wrong usage to name no subcommand, or one that does
// not exist, of a command that has any; cobra would print help and be content.
func demandSubcommand(parent *cobra.Command) {
	var known []string
	for _, c := range parent.Commands() {
		known = append(known, c.Name())
		demandSubcommand(c)
	}
	if len(known) == 0 {
		return
	}
	parent.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("which command? there are %s; see %s --help", strings.Join(known, ", "), cmd.CommandPath())
		}
		return fmt.Errorf("there is no command %q; %s", cmd.CommandPath()+" "+args[0], spelling.Suggest(args[0], known))
	}
	parent.RunE = func(*cobra.Command, []string) error { return nil } // Args lets nothing through
}

func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return fmt.Errorf("%w; %s", err, spelling.Suggest("--"+unknown.GetSpecifiedName(), known))
}

func newVersionCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print what this program was built from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if g.json() {
				return printJSON(cmd.OutOrStdout(), readOrigin())
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "standdown", readOrigin())
			return err
		},
	}
}

// An origin is what this program was built from.
type origin struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"` // of the revision
	Modified bool   `json:"modified"`       // with changes that were not committed
	Go       string `json:"go"`
}

// version names this program in logs.
func version() string { return readOrigin().Version }

func readOrigin() origin {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return origin{Version: "(devel)", Go: runtime.Version()}
	}
	o := origin{Version: cmp.Or(info.Main.Version, "(devel)"), Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			o.Revision = s.Value
		case "vcs.time":
			o.Time = s.Value
		case "vcs.modified":
			o.Modified = s.Value == "true"
		}
	}
	return o
}

func (o origin) String() string {
	s := o.Version
	if o.Revision != "" {
		s += ", revision " + o.Revision + " of " + o.Time
	}
	if o.Modified {
		s += ", with changes"
	}
	return s + ", " + o.Go
}
