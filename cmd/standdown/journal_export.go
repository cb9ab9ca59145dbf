package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
)

func newJournalExportCommand(g *globals) *cobra.Command {
	var since, out string
	var raw bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write what the journal tells of as lines of JSON",
		Long: `Export writes the whole audit, as it is at one moment, as lines of JSON: events,
decisions with the facts they rest on, entries of the outbox with what became of
them, and people's acts; with --raw also the mails as they came, opened if they
are sealed. Each line has a type; the last one, "end", says how many there are of
each, and the head of the chain (see "standdown journal verify"). An export
without that line is not whole. The daemon need not be stopped.

It holds names and addresses, as the journal does: keep it as you keep that. What
is erased from the journal later is not erased from it.`,
		Example: `  standdown journal export --since 30d | jq 'select(.type == "decision")'
  standdown journal export --out audit.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now()
			var from time.Time
			if since != "" {
				var err error
				if from, err = parseSince(since, now); err != nil {
					return wrong{err}
				}
			}
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				if out == "" {
					_, err := j.Export(ctx, cmd.OutOrStdout(), from, raw, now)
					return err
				}
				var done store.Exported
				err := writeNew(out, func(w io.Writer) (err error) {
					done, err = j.Export(ctx, w, from, raw, now)
					return err
				})
				if err != nil {
					return err
				}
				if g.json() {
					return printJSON(cmd.OutOrStdout(), done)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "events     %d\ndecisions  %d\nentries    %d\nshadows    %d\nacts       %d\nmails      %d\n",
					done.Events, done.Decisions, done.Entries, done.Shadows, done.Acts, done.Mails)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "only from then on: how far back, or a `day`: 30d, 12h, 2026-11-01")
	cmd.Flags().StringVar(&out, "out", "", "new `file` for it; otherwise it is printed")
	cmd.Flags().BoolVar(&raw, "raw", false, "with the mails as they came")
	return cmd
}

// writeNew writes a file that is not there yet and that only its owner may read.
// If writing fails, there is none.
func writeNew(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
