package store_test

import (
	"strconv"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// One operation is what the daemon asks each second while a hold of 5,000 visits
// waits for approval, and its client has changed again.
//
//	go test -run '^$' -bench ManyProposals ./cmd/standdown/internal/store
func BenchmarkManyProposals(b *testing.B) {
	const visits = 5000
	databases := map[string]string{"SQLite": b.TempDir() + "/journal.db", "PostgreSQL": storetest.Shared(b).Fresh(b)}
	for name, place := range databases {
		b.Run(name, func(b *testing.B) {
			ctx := b.Context()
			s, err := store.Open(ctx, place)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var read store.Reading
			happens := func(id string) {
				e := rules.Event{ID: id, Kind: rules.HoldChanged, At: now, Subject: client}
				_, err := s.Intake(ctx, "by hand", &read, []store.Arrival{{Subject: client, ID: id, Kind: e.Kind, At: now, Event: &e, State: store.New}})
				if err != nil {
					b.Fatal(err)
				}
			}
			happens("first")
			events, err := s.Undecided(ctx, now, 1)
			if err != nil || len(events) != 1 {
				b.Fatalf("%d events (%v), want 1", len(events), err)
			}
			v := store.Verdict{Event: events[0]}
			for i := range visits {
				job := rules.Ref{Kind: "job", ID: strconv.Itoa(i)}
				write := func(verb string, state store.State) store.Write {
					return store.Write{System: "salesforce", Verb: verb, State: state, Change: connectors.Change{Key: verb + job.ID, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: job.ID}}}
				}
				v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: job})
				v.Writes = append(v.Writes, []store.Write{write("cancel-job", store.Proposed), write("free-worker", store.Pending)})
			}
			if err := s.Commit(ctx, v, now); err != nil {
				b.Fatal(err)
			}
			happens("second")
			for b.Loop() {
				events, err := s.Undecided(ctx, now, 10)
				if err != nil || len(events) != 1 {
					b.Fatalf("%d events (%v), want 1", len(events), err)
				}
				if entries, _, err := s.Claim(ctx, "salesforce", 10, now, time.Minute); err != nil || len(entries) > 0 {
					b.Fatalf("%d entries (%v), want none", len(entries), err)
				}
			}
		})
	}
}
