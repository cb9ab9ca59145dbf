package engine

import (
	"context"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// Agreed is what a person wants done about a record: what [Engine.Plan] has said
// of it.
type Agreed struct {
	Source  string
	Record  connectors.Record
	Verdict store.Verdict
}

// TakeUp journals records and what was planned about them, as if they had come
// in and been decided now; see [store.Store.TakeUp]. What is in the outbox then
// is delivered by whatever engine runs on the journal.
func (e *Engine) TakeUp(ctx context.Context, up store.TakingUp, all []Agreed) ([]store.Taken, error) {
	takings := make([]store.Taking, len(all))
	for i, a := range all {
		if e.Mapping.Answers() {
			a.Verdict.Clerk, a.Verdict.AskInCases = e.clerk(), e.AskInCases
		}
		takings[i] = store.Taking{
			Source: a.Source, Arrival: e.arrival(a.Record, time.Time{}), Verdict: a.Verdict,
		}
	}
	return e.Store.TakeUp(ctx, up, takings, e.Now())
}
