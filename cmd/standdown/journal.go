package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
)

func newJournalCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Verify, back up, restore, move or export the journal, or erase from it",
		Long: `Verify, back up, restore, move or export the journal, or erase from it: the record of
what the daemon has read, decided and done.`,
	}
	cmd.AddCommand(newJournalVerifyCommand(g), newJournalBackupCommand(g), newJournalRestoreCommand(g), newJournalCopyCommand(g),
		newJournalExportCommand(g), newJournalEraseCommand(g))
	return cmd
}

func newJournalVerifyCommand(g *globals) *cobra.Command {
	var head string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Tell whether decisions and people's acts are as they were stored",
		Long: `Verify walks the chain of decisions and people's acts. Each link is a digest of
what was stored and of the link before it, so what was altered, removed or put
in between later shows. Exit code 1 tells that something does not fit.

What is cut off at the end cannot be seen from the rest: note the head that is
printed somewhere else, and give it with --head another time. The daemon need
not be stopped.`,
		Example: `  standdown journal verify
  standdown journal verify --head 5f1d8c...`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if head != "" && len(head) != 64 {
				return usagef("--head %q: want a head as journal verify prints it, of 64 digits", head)
			}
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				v, err := j.Verify(ctx, head)
				if err != nil {
					return err
				}
				return g.printVerified(cmd.OutOrStdout(), v, v)
			})
		},
	}
	cmd.Flags().StringVar(&head, "head", "", "a head that was printed before, which must still be in the chain")
	return cmd
}

func newJournalBackupCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the journal, as it is now, to a new SQLite file",
		Long: `Backup writes the journal, as it is at one moment, to a new SQLite file, also if
the journal is on PostgreSQL. The daemon need not be stopped. The file gets its
name when it is whole and verified. It holds what the journal holds: raw mails
(sealed, if there is a journal.key), names and addresses; keep it as you keep
those. What is erased from the journal later is not erased from it.

Put it back with "standdown journal restore".`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				v, err := j.Backup(ctx, args[0])
				if err != nil {
					return err
				}
				return g.printVerified(cmd.OutOrStdout(), v, v)
			})
		},
	}
}

func newJournalRestoreCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the configured journal from a backup",
		Long: `Restore makes the journal of the configuration from a backup. The daemon must be
stopped, and the journal be out of the way: move the damaged file aside, or
empty the database.

What the daemon has done since the backup is not in it. It is read again and
decided again; before a change is made that may have been made already, the
system is asked, and where nobody can be asked, a person is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.load()
			if err != nil {
				return err
			}
			done, err := store.Restore(cmd.Context(), args[0], c.Journal.Name(), time.Now())
			if err != nil {
				return err
			}
			return g.printCopied(cmd.OutOrStdout(), done)
		},
	}
}

func newJournalCopyCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "copy TO",
		Short: "Copy the journal to another file or database",
		Long: `Copy copies the journal of the configuration to TO: a SQLite file, or a
PostgreSQL URL whose database is empty. The daemons must be stopped. Each table
is read back and compared, and the chain verified, before the copy counts; if
copying is interrupted, the copy cannot be used, and copying can be started
again.

Afterwards name the copy in the configuration, and start the daemon: it goes on
where it ended. Do not use both.`,
		Example: `  standdown journal copy "$DATABASE_URL"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.load()
			if err != nil {
				return err
			}
			done, err := store.Copy(cmd.Context(), c.Journal.Name(), args[0])
			if err != nil {
				return err
			}
			return g.printCopied(cmd.OutOrStdout(), done)
		},
	}
}

func (g *globals) printCopied(w io.Writer, done store.Copied) error {
	if !g.json() {
		for _, table := range slices.Sorted(maps.Keys(done.Rows)) {
			fmt.Fprintf(w, "%-12s  %d rows, the same in both\n", table, done.Rows[table])
		}
	}
	return g.printVerified(w, done.Verification, done)
}

// printVerified prints a verification, or as JSON the report that has it. It
// is an error if the journal was tampered with.
func (g *globals) printVerified(w io.Writer, v store.Verification, report any) error {
	if g.json() {
		if err := printJSON(w, report); err != nil {
			return err
		}
	} else {
		parts := []string{fmt.Sprintf("links      %d", v.Links), fmt.Sprintf("decisions  %d", v.Decisions), fmt.Sprintf("acts       %d", v.Acts), "head       " + v.Head}
		if v.Erased > 0 {
			parts = append(parts, fmt.Sprintf("erased     %d", v.Erased))
		}
		if _, err := fmt.Fprintln(w, strings.Join(parts, "\n")); err != nil {
			return err
		}
	}
	if v.Fault != "" {
		return errors.New("the journal is not as this program wrote it: " + v.Fault)
	}
	return nil
}
