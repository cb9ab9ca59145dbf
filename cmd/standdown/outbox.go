package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
)

func newOutboxCommand(g *globals) *cobra.Command {
	cmd := remotely(&cobra.Command{
		Use:   "outbox",
		Short: "See what is to be written, and approve, retry, drop or undo it",
		Long: `See what is to be written, and approve, retry, drop or undo it.

Each change that a decision asks for is an entry of the outbox. An entry is
proposed (waits for a person), pending, sending, done, stuck (refused by the
system), unknown (nobody can tell whether it was done), dropped, expired (nobody
approved it in time) or stale (the record had changed; it was decided again).
The changes of one decision are applied in order, so an entry that waits holds
up those after it.

Entries are named by their number, or all at once by their decision (D...) or by
the hold (R...) of a run that would have changed too much at once.
The daemon need not be stopped: it sees within a second what was approved.

With --server all this is done through a daemon elsewhere, by its API.`,
		Args: cobra.NoArgs,
	})
	cmd.AddCommand(newOutboxListCommand(g), newOutboxShowCommand(g), newOutboxUndoCommand(g))
	for _, a := range []struct {
		signal     store.Signal
		short, why string
	}{
		{store.Approve, "Have proposed entries done", "It will be done as proposed, if the records are still as the decision saw them; otherwise it is decided again. Who has caused it does not approve it (see approvals in the configuration)."},
		{store.Decline, "Have proposed entries not done", "What was to follow them is dropped as well."},
		{store.Retry, "Try stuck or unknown entries again", "Before an unknown entry is sent again, the system is asked whether it was done."},
		{store.Confirm, "Say that unknown entries were done", "Look in the system first."},
		{store.Drop, "Give up entries that are proposed, pending, stuck or unknown", "What was to follow them is dropped as well."},
	} {
		cmd.AddCommand(newOutboxActCommand(g, a.signal, a.short, a.why))
	}
	return cmd
}

func newOutboxListCommand(g *globals) *cobra.Command {
	var states []string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List entries that are open (or those in the given states)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := store.Filter{States: []store.State{store.Proposed, store.Pending, store.Sending, store.Stuck, store.Unknown}}
			if len(states) > 0 || all {
				f.States = nil
			}
			for _, s := range states {
				if !slices.Contains(store.States(), store.State(s)) {
					return usagef("there is no state %q; there are %s", s, strings.Join(names(store.States()), ", "))
				}
				f.States = append(f.States, store.State(s))
			}
			return g.atDesk(cmd, func(ctx context.Context, d desk) error {
				entries, err := d.Entries(ctx, f)
				if err == nil {
					err = warn(ctx, cmd.ErrOrStderr(), d)
				}
				if err != nil {
					return err
				}
				if g.json() {
					return printJSON(cmd.OutOrStdout(), nonNil(entries))
				}
				return printEntries(cmd.OutOrStdout(), entries)
			})
		},
	}
	cmd.Flags().StringSliceVar(&states, "state", nil, "only these states")
	cmd.Flags().BoolVar(&all, "all", false, "entries in every state")
	return cmd
}

func newOutboxShowCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show ENTRY|DECISION",
		Short: "Show an entry or a decision: why it was made, and what became of it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.atDesk(cmd, func(ctx context.Context, at desk) error {
				entries, err := named(ctx, at, args)
				if err != nil {
					return err
				}
				d, err := at.Decision(ctx, entries[0].Decision)
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				if g.json() {
					return printJSON(out, map[string]any{"decision": d.Decision, "entries": entries, "acts": nonNil(d.Acts)})
				}
				fmt.Fprintf(out, "decision %s  %s  about %s\nevent    %s\n\n", d.ID, d.At.Format(time.RFC3339), d.Subject, d.Event)
				if d.Table == store.People && !d.Erased() {
					fmt.Fprintf(out, "ordered by %s\ntakes back %s\n\n", d.Because, d.Facts[0].Value)
				} else {
					fmt.Fprintln(out, d.Explained)
				}
				if err := printEntries(out, entries); err != nil {
					return err
				}
				for _, a := range d.Acts {
					fmt.Fprintln(out, told(a))
				}
				return nil
			})
		},
	}
}

func newOutboxActCommand(g *globals, signal store.Signal, short, why string) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   string(signal) + " ENTRY|DECISION|HOLD...",
		Short: short,
		Long:  short + ". " + why,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.atDesk(cmd, func(ctx context.Context, d desk) error {
				entries, err := named(ctx, d, args)
				if err != nil {
					return err
				}
				var ids []int64
				for _, e := range entries {
					// Of a decision only what can be given the signal is meant.
					if store.Possible(e.State, signal) || slices.Contains(args, strconv.FormatInt(e.ID, 10)) {
						ids = append(ids, e.ID)
					}
				}
				ids = slices.Compact(slices.Sorted(slices.Values(ids))) // who names both an entry and its decision means it once
				if len(ids) == 0 {
					return fmt.Errorf("none of the %d entries can be given %q: see 'standdown outbox show %s'", len(entries), signal, args[0])
				}
				if err := d.Answer(ctx, ids, signal, reason); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d\n", signal, len(ids))
				return nil
			})
		},
	}
	cmd.Flags().String("as", os.Getenv("USER"), "who you are")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who look later")
	return cmd
}

// errNobody is about a person who does not say who it is.
var errNobody = usagef("who are you? Say it with --as NAME: each act is kept with the name of who did it")

// named finds the entries that people name by number, by decision or by hold.
func named(ctx context.Context, d desk, args []string) ([]store.Entry, error) {
	var all []store.Entry
	for _, arg := range args {
		f := store.Filter{Decision: arg}
		if id, err := strconv.ParseInt(arg, 10, 64); err == nil && id > 0 {
			f = store.Filter{ID: id}
		} else if strings.HasPrefix(arg, "R") {
			f = store.Filter{Hold: arg}
		}
		entries, err := d.Entries(ctx, f)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			return nil, fmt.Errorf("there is no entry, decision or hold %q with changes: see 'standdown outbox list --all'", arg)
		}
		all = append(all, entries...)
	}
	return all, nil
}

func printEntries(w io.Writer, entries []store.Entry) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "ENTRY\tDECISION\tSTATE\tVERB\tABOUT\tWHAT\tWHY")
	for _, e := range entries {
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.Decision, e.State, e.Verb, e.Lane, e.Text, e.Why)
	}
	return tw.Flush()
}

// told is an act in words.
func told(a store.Act) string {
	did := map[string]string{
		"approve": "approved", "decline": "declined", "retry": "retried", "drop": "dropped", "confirm": "confirmed", "expire": "gave up",
		"hold": "held it", "undo": "took it back", "answer": "answered in a case", "move": "moved its deadline", "apply": "applied a plan",
	}
	line := fmt.Sprintf("%s  %s %s", a.At.Format(time.RFC3339), a.Who, cmp.Or(did[a.Act], a.Act))
	if a.Entry != 0 {
		line += fmt.Sprintf(" entry %d", a.Entry)
	}
	if a.Reason != "" {
		line += ": " + a.Reason
	}
	return line
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// nonNil has JSON say [] rather than null.
func nonNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}
