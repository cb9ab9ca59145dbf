package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
)

func newJournalEraseCommand(g *globals) *cobra.Command {
	var order store.Erasing
	var dry bool
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase what the journal holds about a person",
		Long: `Erase erases, on a person's request, what the journal holds about them: mails as
they came, the texts of what happened, the records that decisions were taken on,
the facts of decisions, the texts and values of changes, and the reasons people
gave. It finds them by the person's address or a record's id, wherever one of
these stands; decisions about a record name the record, so look at what --dry-run
prints and name those records as well. What only gives a name is not found.

Ids, times, rows, verbs, states and who acted stay: "standdown journal verify"
still tells whether they are as they were stored, by a digest of what was erased.
The erasure itself is an act that is kept, with its reason.

What is not through (to be decided, before a person, on its way, with a deadline)
is refused: end it first. The whole database is written anew, and daemons wait
meanwhile; stop them if it is large. Not touched are backups, the copy of the file
that a new version makes before it changes its tables (its name and .schema1 or
the like: delete it), the logs of a PostgreSQL server, and the records in
Salesforce and the mailbox.`,
		Example: `  standdown journal erase --person ana@example.com --dry-run --as dana --reason "request 17"
  standdown journal erase --person ana@example.com --record a0XHp00000Wf1 --as dana --reason "request 17"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case len(order.People)+len(order.Records) == 0:
				return usagef("whose data? Say it with --person ADDRESS or --record ID")
			case order.Who == "":
				return errNobody
			case order.Reason == "":
				return usagef("why? Say it with --reason TEXT: it is kept for those who look later, and must not name the person")
			}
			return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
				done, err := j.Erase(ctx, order, dry, time.Now())
				if err != nil {
					return err
				}
				if g.json() {
					return printJSON(cmd.OutOrStdout(), done)
				}
				return printErased(cmd.OutOrStdout(), done, dry)
			})
		},
	}
	cmd.Flags().StringArrayVar(&order.People, "person", nil, "`address` of the person; may be repeated")
	cmd.Flags().StringArrayVar(&order.Records, "record", nil, "`id` of a record about the person; may be repeated")
	cmd.Flags().StringVar(&order.Who, "as", os.Getenv("USER"), "who you are")
	cmd.Flags().StringVar(&order.Reason, "reason", "", "why, for those who look later, without naming the person")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "tell what would be erased, and erase nothing")
	return cmd
}

func printErased(w io.Writer, done store.Erasure, dry bool) error {
	if done.Nothing() {
		_, err := fmt.Fprintln(w, "nothing was found")
		return err
	}
	title := "erased"
	if dry {
		title = "would be erased"
	}
	fmt.Fprintln(w, title)
	for _, one := range []struct {
		n    int64
		what string
	}{
		{done.Mails, "mails as they came"}, {done.Events, "texts of events"}, {done.Situations, "situations"}, {done.Decisions, "facts of decisions"},
		{done.Entries, "texts and values of changes"}, {done.Acts, "reasons of acts"}, {done.Memory, "things remembered"},
	} {
		fmt.Fprintf(w, "  %5d  %s\n", one.n, one.what)
	}
	for _, subject := range done.About {
		fmt.Fprintf(w, "it was decided about %s; what names only that stays, unless it is named with --record\n", subject)
	}
	for _, place := range done.Left {
		fmt.Fprintf(w, "the address stays in %s, which is part of what is kept\n", place)
	}
	return nil
}
