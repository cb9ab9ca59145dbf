package main

import (
	"context"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// sentMail tells which mails the journal knows to have gone out, or not to have
// stayed: how many an address may get must not begin anew with each start.
func sentMail(j *store.Store) mailbox.Journal {
	return func(ctx context.Context, since time.Time) ([]connectors.Change, error) {
		entries, err := j.Mails(ctx, since)
		if err != nil {
			return nil, err
		}
		var sent []connectors.Change
		for _, e := range entries {
			sent = append(sent, e.Change)
		}
		return sent, nil
	}
}
