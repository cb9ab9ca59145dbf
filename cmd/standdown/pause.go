package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
	"standdown/mapping"
)

func newPauseCommand(g *globals) *cobra.Command {
	return newBrakeCommand(g, "pause", "Stop all writing, or that to one system",
		`Stop all writing, or that to one system (salesforce or mail), until "standdown
resume". Reading and deciding go on, and nothing is lost: what follows waits as
pending. Calls under way are finished. A running daemon obeys within a second,
and so does one that is started later.`,
		"paused", desk.Pause)
}

func newResumeCommand(g *globals) *cobra.Command {
	return newBrakeCommand(g, "resume", "Go on writing after a pause",
		`Go on writing after "standdown pause", with the same system if one was named
then.`,
		"goes on", desk.Resume)
}

func newBrakeCommand(g *globals, name, short, long, done string, do func(d desk, ctx context.Context, system, reason string) error) *cobra.Command {
	var reason string
	cmd := remotely(&cobra.Command{
		Use:   name + " [SYSTEM]",
		Short: short,
		Long:  long,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			system := store.AllSystems
			if len(args) == 1 {
				system = args[0]
			}
			if known := []string{store.AllSystems, mapping.Salesforce, mapping.Mail}; !slices.Contains(known, system) {
				return usagef("there is no system %q; there are %s", system, strings.Join(known, ", "))
			}
			return g.atDesk(cmd, func(ctx context.Context, d desk) error {
				if err := do(d, ctx, system, reason); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "writing to %s: %s\n", system, done)
				return err
			})
		},
	})
	cmd.Flags().String("as", os.Getenv("USER"), "who you are")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who look later")
	return cmd
}

// warn tells of what stops the outbox as a whole: brakes and held runs.
func warn(ctx context.Context, w io.Writer, d desk) error {
	brakes, err := d.Brakes(ctx)
	if err != nil {
		return err
	}
	for _, b := range brakes {
		fmt.Fprintf(w, "writing to %s is paused since %s by %s: %s\n", b.Name, b.At.Format(time.RFC3339), b.Who, b.Reason)
	}
	holds, err := d.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		fmt.Fprintf(w, "%d changes are %s, since %s\n  standdown outbox approve %s, or decline, is about all of them\n", h.Entries, h.Why, h.At.Format(time.RFC3339), h.ID)
	}
	return nil
}
