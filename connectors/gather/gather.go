// Package gather has those who look things up at the same time share their
// calls. Their queries are collected until every one of them waits for an
// answer; then those that are alike but for one value become one query, and
// all go out together.
//
// It knows no system and no meaning, keeps nothing from one round to the next,
// and starts no work of its own: the last to ask carries out the round.
//
// It promises that each is told what they would have been told alone, by one
// reading of the system for each round: a query that cannot be told apart from
// others with certainty is asked as it is, and one that is refused spoils only
// its asker's answer.
package gather

import (
	"context"
	"fmt"
	"sync"

	"standdown/connectors"
)

// Each calls do with 0 to n-1, all at the same time, each with a lookup that
// gathers, and returns when all have ended. Calls of do must not wait for each
// other, and each asks its lookup from one goroutine only. Queries are asked
// under the context of Each. What is found may be shared, and is not to be
// changed.
func Each(ctx context.Context, look connectors.Lookup, n int, do func(i int, look connectors.Lookup)) {
	r := &round{ctx: ctx, look: look, busy: n}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer r.pass(nil)
			do(i, asker{r})
		})
	}
	all.Wait()
}

// A round is what those who look things up at the same time have in common.
type round struct {
	ctx  context.Context
	look connectors.Lookup

	mu      sync.Mutex
	busy    int // those who neither wait nor have ended
	waiting []waiter
}

type waiter struct {
	queries []connectors.Query
	answers chan<- []connectors.Found
}

// pass tells that one more waits, or, if it is nil, has ended. The last one has
// the queries of all answered.
func (r *round) pass(w *waiter) {
	r.mu.Lock()
	if w != nil {
		r.waiting = append(r.waiting, *w)
	}
	r.busy--
	var all []waiter
	if r.busy == 0 {
		all, r.waiting = r.waiting, nil
		r.busy = len(all)
	}
	r.mu.Unlock()
	if len(all) == 0 {
		return
	}
	var queries []connectors.Query
	for _, w := range all {
		queries = append(queries, w.queries...)
	}
	answers := find(r.ctx, r.look, queries)
	for _, w := range all {
		n := len(w.queries)
		w.answers <- answers[:n:n]
		answers = answers[n:]
	}
}

// An asker is the lookup of one who looks things up together with others.
type asker struct{ *round }

func (a asker) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	found := a.FindAll(ctx, []connectors.Query{q})
	return found[0].Records, found[0].Err
}

func (a asker) FindAll(ctx context.Context, queries []connectors.Query) []connectors.Found {
	if err := ctx.Err(); err != nil {
		all := make([]connectors.Found, len(queries))
		for i, q := range queries {
			all[i].Err = fmt.Errorf("finding %s: %w", q.Kind, err)
		}
		return all
	}
	answers := make(chan []connectors.Found, 1)
	a.pass(&waiter{queries, answers})
	return <-answers
}
