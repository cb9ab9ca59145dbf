package preview

import (
	"cmp"
	"context"
	"sync"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

const (
	// group is how many events are decided together, what they would replace
	// looked up, and reported: as many as one query has room for (ids of 18
	// characters), and not so many that their snapshots need much memory.
	group = 500
	// groupsAtOnce is how many are decided at once: while the org answers one,
	// the other is decided.
	groupsAtOnce = 2
)

// An occasion is an event and the record that it came from.
type occasion struct {
	record connectors.Record
	event  *rules.Event
}

// A portion of what was read is decided together.
type portion struct {
	strays    []Found // nothing is decided about these; they come before the others
	occasions []occasion
	last      bool // of what was read together

	decided   chan struct{}   // closed when all below is known
	verdicts  []store.Verdict // by occasion
	told      []Record        // by occasion
	unsettled map[rules.Ref]bool
	err       error
}

// read decides about all that a feed has, and reports it in its order.
func (r *run) read(ctx context.Context, f Feed) error {
	ctx, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	batches := make(chan reading)
	working.Go(func() { follow(ctx, f.Source, batches) })

	var begun []*portion
	finish := func(most int) error {
		for ; len(begun) > most; begun = begun[1:] {
			<-begun[0].decided
			if err := r.tell(begun[0]); err != nil {
				return err
			}
		}
		return nil
	}
	for b := range batches {
		if b.err != nil {
			return cmp.Or(finish(0), b.err)
		}
		portions, err := r.arrive(ctx, f, b.Records)
		if err != nil {
			return err
		}
		for _, p := range portions {
			if err := finish(groupsAtOnce - 1); err != nil {
				return err
			}
			begun = append(begun, p)
			working.Go(func() {
				defer close(p.decided)
				p.err = r.decide(ctx, f, p)
			})
		}
	}
	return cmp.Or(finish(0), ctx.Err())
}

// A reading is what a source has answered.
type reading struct {
	connectors.Batch
	err error
}

// follow reads a source to its end, or the first error, or until ctx ends: one
// batch while the one before it is at work.
func follow(ctx context.Context, source connectors.Source, batches chan<- reading) {
	defer close(batches)
	cursor := connectors.Cursor("")
	for more := true; more; {
		batch, err := source.Changes(ctx, cursor)
		select {
		case batches <- reading{batch, err}:
		case <-ctx.Done():
			return
		}
		cursor, more = batch.Next, batch.More && err == nil
	}
}
