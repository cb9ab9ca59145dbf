package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/mailbox"
)

func newMailQuarantineCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "See mails that could not be handled, and have them handled again",
		Long: `See mails that could not be handled, and have them handled again.

A mail that cannot be taken apart is given to a person, in a case of the back
office. A mail that asks for something that cannot be carried out is set aside.
Neither holds up other mails, and of both every byte is kept here.`,
	}
	cmd.AddCommand(newQuarantineListCommand(g), newQuarantineShowCommand(g), newQuarantineReplayCommand(g))
	return cmd
}

// A heldMail is a mail in quarantine.
type heldMail struct {
	ID      string    `json:"id"`
	Arrived time.Time `json:"arrived"`
	State   string    `json:"state"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Bytes   int       `json:"bytes"`
	Why     string    `json:"why"`
}

// heldMails are the mails that were set aside or cannot be taken apart.
func heldMails(ctx context.Context, j *store.Store) ([]heldMail, error) {
	kept, err := j.Doubtful(ctx)
	if err != nil {
		return nil, err
	}
	held := []heldMail{}
	for _, m := range kept {
		h := heldMail{ID: m.ID, Arrived: m.Arrived, State: string(m.State), Bytes: len(m.Raw), Why: m.Note}
		if m.Request != nil {
			h.From, h.Subject = m.Request.From, m.Request.Subject
		}
		if m.State == store.Decided {
			_, err := mailbox.Parse(m.Raw)
			if err == nil {
				continue // a person has to open an attachment; the mail is fine
			}
			h.Why = err.Error()
		}
		held = append(held, h)
	}
	return held, nil
}

func newQuarantineListCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the mails in quarantine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				held, err := heldMails(ctx, j)
				if err != nil {
					return err
				}
				if g.json() {
					return printJSON(cmd.OutOrStdout(), held)
				}
				tw := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(tw, "MAIL\tARRIVED\tSTATE\tFROM\tBYTES\tWHY")
				for _, h := range held {
					fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\t%s\n", h.ID, h.Arrived.Format(time.RFC3339), h.State, h.From, h.Bytes, h.Why)
				}
				return tw.Flush()
			})
		},
	}
}

func newQuarantineShowCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show MAIL",
		Short: "Print a mail as it came, byte for byte",
		Long:  "Print a mail as it came, byte for byte. With -o json, print what the reader sees in it.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				m, err := j.Mail(ctx, args[0])
				if err != nil {
					return err
				}
				if !g.json() {
					_, err = cmd.OutOrStdout().Write(m.Raw)
					return err
				}
				r, err := g.mailReader(true)
				if err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), r.report(ctx, m.ID, m.Raw))
			})
		},
	}
}

func newQuarantineReplayCommand(g *globals) *cobra.Command {
	var who string
	cmd := &cobra.Command{
		Use:   "replay MAIL...",
		Short: "Read mails again with this program, and have them decided again",
		Long: `Read mails again with this program and this configuration, and have them decided
again by the daemon. What was found about the sender when a mail came in stays
as it is, for keys change. Nothing that was asked for before is done twice.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if who == "" {
				return usagef("who are you? Say it with --as NAME: each act is kept with the name of who did it")
			}
			r, err := g.mailReader(true)
			if err != nil {
				return err
			}
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				for _, id := range args {
					if err := r.replay(ctx, j, id, who); err != nil {
						return err
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%s will be decided again\n", id)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&who, "as", os.Getenv("USER"), "who you are")
	return cmd
}

// replay has one mail read and decided again.
func (r *mailReader) replay(ctx context.Context, j *store.Store, id, who string) error {
	m, err := j.Mail(ctx, id)
	if err != nil {
		return err
	}
	record := connectors.Record{Ref: connectors.ParseRef(m.Ref), At: m.At, Raw: m.Raw, Fields: mailbox.Fields(m.Raw, mailbox.Authenticator{
		LookupTXT: func(string) ([]string, error) { return nil, fmt.Errorf("the DNS is not asked") },
	})}
	if m.Request != nil {
		record.Fields["auth"], record.Fields["auth_reason"] = m.Request.Auth, m.Request.AuthReason
	}
	problem := text(record, "error")
	if m.State == store.Decided && problem != "" {
		return fmt.Errorf("%s still cannot be taken apart: %s", id, problem)
	}
	arrival, err := r.names.Arrival(record)
	if err != nil {
		return err
	}
	if arrival.Event == nil {
		return fmt.Errorf("%s asks for nothing that is decided here: %s", id, arrival.Why)
	}
	event := *arrival.Event
	event.ID = m.ID
	return j.Replay(ctx, event, who, time.Now())
}
