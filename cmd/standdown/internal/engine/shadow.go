package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
)

// Shadow is about verbs in shadow: what they would do is decided, journaled and
// never done, and compared with what people do.
type Shadow struct {
	// All leaves the world alone: mails are neither flagged nor moved when they
	// are through, nor later, and operators are told by mail only.
	All bool
	// After is how many business days people have before it is looked what they
	// did.
	After int
	// Report says when operators are told how people did; nil: never.
	Report cron.Schedule
}

// comparing compares what was not done with what people did, and reports it, for
// as long as this engine leads.
func (e *Engine) comparing(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		err := e.compare(ctx)
		if err == nil {
			err = e.report(ctx)
		}
		if err != nil && !connectors.Ended(ctx, err) {
			failures++
			logFailure(e.Log, err, "it cannot be told what people did where verbs are in shadow")
			sleep(ctx, max(e.Delivery.backoff(failures, rand.Float64()), connectors.RetryAfter(err)))
			continue
		}
		failures = 0
		e.pause(ctx, nil, nil)
	}
}

// comparedAtOnce is how many changes are compared together: their records are
// read with one query for each kind.
const comparedAtOnce = 200

// compare compares all that is due.
func (e *Engine) compare(ctx context.Context) error {
	for {
		due, err := e.Store.ShadowsDue(ctx, e.Now(), comparedAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		undone := make([]mapping.Undone, len(due))
		for i, d := range due {
			undone[i] = mapping.Undone{Verb: d.Verb, Change: d.Change, Decided: d.Created, Then: d.Then, Again: d.Again}
		}
		found, err := e.Mapping.Compare(ctx, e.Lookup, undone)
		if err != nil {
			return err
		}
		by := make(map[int64]store.Found, len(due))
		for i, d := range due {
			f := store.Found(found[i])
			if d.Overtaken != "" && f.As != store.Same {
				f.Note = d.Overtaken
				if !d.Own || f.As != store.Otherwise {
					f.As = store.Untold
				}
			}
			by[d.ID] = f
		}
		if err := e.Store.ShadowsCompared(ctx, by, e.Now()); err != nil {
			return err
		}
	}
}

// report tells what was compared since the last report, when the next is due. The
// first one is due after the first start.
func (e *Engine) report(ctx context.Context) error {
	if e.Shadow.Report == nil {
		return nil
	}
	now := e.Now()
	last, err := e.Store.ShadowReported(ctx)
	if err != nil {
		return err
	}
	if last.IsZero() {
		return e.Store.SetShadowReported(ctx, now)
	}
	due := e.Shadow.Report.Next(last.In(e.Book.Zone()))
	if now.Before(due) {
		return nil
	}
	totals, err := e.Store.ShadowTotals(ctx, store.ShadowFilter{Since: last, Till: now, Compared: true})
	if err != nil {
		return err
	}
	if len(totals) > 0 {
		var sum store.ShadowTotal
		lines := []string{"What people did where the rules were only in shadow, as far as it was compared since " + last.In(e.Book.Zone()).Format("2 January 2006") + ":", ""}
		for _, t := range totals {
			lines = append(lines, "- "+t.Verb+": "+t.String())
			sum.Add(t)
		}
		e.Log.Info("what people did was compared with the rules", "same", sum.Same, "otherwise", sum.Otherwise, "not_done", sum.NotDone, "untold", sum.Untold)
		lines = append(lines, "", "Each difference, with row and reason: standdown shadow report")
		notice := Notice{
			ID:    "shadow " + due.Format(time.RFC3339),
			Title: fmt.Sprintf("In shadow: %s", sum),
			Text:  strings.Join(lines, "\n"),
		}
		if err := e.TellOperators(ctx, notice); err != nil {
			return err
		}
	}
	return e.Store.SetShadowReported(ctx, now)
}
