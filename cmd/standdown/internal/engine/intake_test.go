package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
)

// A shelf is a source of mails in batches of ten; the cursor counts them.
type shelf struct {
	size   int
	before func(after int) // a batch is read
}

func (s shelf) Changes(_ context.Context, after connectors.Cursor) (connectors.Batch, error) {
	n, _ := strconv.Atoi(string(after))
	s.before(n)
	batch := connectors.Batch{More: n+10 < s.size, Next: connectors.Cursor(strconv.Itoa(min(n+10, s.size)))}
	for i := n; i < min(n+10, s.size); i++ {
		raw := fmt.Sprintf("mail %03d", i)
		batch.Records = append(batch.Records, connectors.Record{
			Ref: connectors.Ref{Kind: "message", ID: fmt.Sprintf("%03d", i)}, At: time.Unix(int64(i), 0), Raw: []byte(raw),
			Fields: map[string]any{"sha256": raw, "segments": []any{map[string]any{"kind": "new", "text": "Please cancel my contract C-204417."}}},
		})
	}
	return batch, nil
}

type arrivals struct {
	nobody
	refs []string
}

func (a *arrivals) Arrived(_ string, all []store.Arrival, _ Period) {
	for _, one := range all {
		if one.Fresh {
			a.refs = append(a.refs, one.Ref.ID)
		}
	}
}

// A batch that is read ahead is not stored over what has happened meanwhile, and
// mails that are understood at the same time stay in their order.
func TestABacklogIsTakenInInOrderWhateverHappensMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	journal, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	names, err := mapping.New(mapping.Config{Presets: []string{"milestone"}})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }
	var back sync.Once
	source := shelf{size: 175, before: func(after int) {
		if after != 90 {
			return
		}
		back.Do(func() { // another daemon is behind, and reads on from there
			other, err := store.OpenBeside(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer other.Close()
			for err = store.ErrOvertaken; errors.Is(err, store.ErrOvertaken); {
				var reading store.Reading
				if reading, err = other.Reading(t.Context(), "mailbox"); err == nil {
					reading.Cursor, reading.ReadAt, reading.Whole = "30", now(), false
					_, err = other.Intake(t.Context(), "mailbox", &reading, nil)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}}
	var seen arrivals
	e := &Engine{Store: journal, Mapping: names, Observer: &seen, Start: Start{Adopt: true}, Now: now, Log: slog.New(slog.DiscardHandler), decide: make(chan struct{}, 1)}
	overtaken := 0
	for {
		err := e.read(t.Context(), Feed{Name: "mailbox", Source: source})
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrOvertaken) {
			t.Fatal(err)
		}
		overtaken++
	}
	if overtaken == 0 {
		t.Error("nobody was overtaken, so nothing was tried")
	}
	var want []string
	for i := range source.size {
		want = append(want, fmt.Sprintf("%03d", i))
	}
	if diff := cmp.Diff(want, seen.refs); diff != "" {
		t.Errorf("taken in (-want +got):\n%s", diff)
	}
	events, err := journal.Events(t.Context(), store.New)
	if err != nil || len(events) != source.size {
		t.Errorf("%d events to be decided (%v), want %d", len(events), err, source.size)
	}
}
