package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/web"
	"standdown/connectors"
	"standdown/mapping"
)

func newOutboxUndoCommand(g *globals) *cobra.Command {
	var reason string
	var dry bool
	cmd := &cobra.Command{
		Use:   "undo DECISION",
		Short: "Take back what a decision did, as far as that can be done",
		Long: `Take back what a decision did, as far as that can be done, in reverse order: each
record that it changed gets the values it had before, if it still has those that
were written; if a person has changed it since, that entry gets stuck and the
person's edit stands. A worker who was given a visit is taken off it again, and
one whose allocation was deleted gets a new one. What the decision remembered and
the deadlines it set are taken back with that.

Mails, cases and what else was deleted or turned down cannot be taken back; each is
said. Comments are followed by one that says who took it back, and why.

What needed approval needs it for being taken back as well, by somebody else
than who ordered it (see approvals.allow_own in the configuration).`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("why? Say it with --reason TEXT: those who read the record later will ask")
			}
			return g.atDesk(cmd, func(ctx context.Context, d desk) error {
				var p undoPlan
				var err error
				if dry {
					p, err = d.PlanUndo(ctx, args[0])
				} else {
					p, err = d.Undo(ctx, args[0], reason)
				}
				if err != nil {
					return err
				}
				if g.json() {
					return printJSON(cmd.OutOrStdout(), p)
				}
				return p.print(cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().String("as", os.Getenv("USER"), "who you are")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who look later")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be done")
	return cmd
}

// An undoPlan is what an undo comes to.
type undoPlan struct {
	Decision string               `json:"decision,omitempty"` // of the undo; empty if it was not ordered
	Writes   []store.Compensation `json:"changes"`
	Stays    []web.Stays          `json:"stays"`
}

// planUndo takes records back in reverse order, and then says so where
// something had been said.
func planUndo(cfg *config.Config, entries []store.Entry, who, reason string) undoPlan {
	p := undoPlan{Writes: []store.Compensation{}, Stays: []web.Stays{}}
	var said []store.Compensation
	for _, e := range slices.Backward(entries) {
		if e.State != store.Done {
			continue
		}
		back, err := mapping.Undo(mapping.Write{System: e.System, Verb: e.Verb, Change: e.Change, Text: e.Text},
			connectors.Result{Ref: e.Result.Ref, Already: e.Result.Already, Before: e.Result.Before}, who, reason)
		if err != nil {
			p.Stays = append(p.Stays, web.Stays{Entry: e.ID, Text: e.Text, Why: err.Error()})
			continue
		}
		w := store.Write{System: back.System, Verb: back.Verb, Change: back.Change, Text: back.Text, State: store.Pending}
		if cfg.Autonomy[e.Verb] != "auto" {
			w.State, w.Why = store.Proposed, "taking back what "+e.Verb+" did needs approval"
			if cfg.Approvals.ExpireAfter > 0 {
				w.Expires = time.Now().Add(cfg.Approvals.ExpireAfter)
			}
		}
		c := store.Compensation{Entry: e.ID, Write: w}
		if back.Change.Op == connectors.Post {
			said = append(said, c)
		} else {
			p.Writes = append(p.Writes, c)
		}
	}
	p.Writes = append(p.Writes, said...)
	return p
}

func (p undoPlan) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "ENTRY\tSTATE\tWHAT")
	for _, c := range p.Writes {
		fmt.Fprintf(tw, "%d\t%s\t%s\n", c.Entry, c.State, c.Text)
	}
	for _, s := range p.Stays {
		fmt.Fprintf(tw, "%d\tstays\t%s: %s\n", s.Entry, s.Text, s.Why)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if p.Decision == "" {
		_, err := fmt.Fprintln(w, "nothing was done (--dry-run)")
		return err
	}
	_, err := fmt.Fprintf(w, "ordered as %s: see 'standdown outbox show %s'\n", p.Decision, p.Decision)
	return err
}
