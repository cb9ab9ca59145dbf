package main

import (
	"context"
	"sync"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// sentMail tells which mails the journal knows to have gone out, or not to have
// stayed: how many an address may get must not begin anew with each start.
//
// A journal that no other daemon writes to is read once: what goes out from then
// on has gone through the ceiling that asks. To read all mails of an hour again
// for each was a sixth of what a mail costs when there are 300 of them, and more
// the more there are.
func sentMail(j *store.Store) mailbox.Journal {
	var mu sync.Mutex
	var before []store.Entry
	read := false
	return func(ctx context.Context, since time.Time) ([]connectors.Change, error) {
		mu.Lock()
		defer mu.Unlock()
		if !read || j.Shared() != nil {
			entries, err := j.Mails(ctx, since)
			if err != nil {
				return nil, err
			}
			before, read = entries, true
		}
		var sent []connectors.Change
		for _, e := range before {
			if !e.Updated.Before(since) {
				sent = append(sent, e.Change)
			}
		}
		return sent, nil
	}
}
