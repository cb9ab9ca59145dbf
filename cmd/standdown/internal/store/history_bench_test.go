package store

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// Sizes of a journal's history, in decisions. To see that a million slow
// nothing down:
//
//	go test -run '^$' -bench History -cpu 1 -history 1000,100000,1000000 ./cmd/standdown/internal/store
var histories = flag.String("history", "1000", "sizes of the history for the benchmarks, in decisions")

func BenchmarkHistory(b *testing.B) {
	for size := range strings.SplitSeq(*histories, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1000 {
			b.Fatalf("-history %s: want numbers of decisions, 1000 or more", *histories)
		}
		b.Run("SQLite/"+size, func(b *testing.B) {
			benchmarkHistory(b, filepath.Join(b.TempDir(), "journal.db"), n)
		})
		b.Run("PostgreSQL/"+size, func(b *testing.B) {
			benchmarkHistory(b, storetest.Start(b, "fsync=on").Fresh(b), n)
		})
	}
}

// What was decided long ago is from before then; the benchmarks' own is after.
var then = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

func benchmarkHistory(b *testing.B, name string, n int) {
	s, err := Open(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	began := time.Now()
	if err := generate(b.Context(), s, n); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d decisions generated in %s", n, time.Since(began).Round(time.Millisecond))

	now := then.Add(time.Hour)
	var reading Reading
	fresh := 0
	intake := func(b *testing.B, events int) {
		b.Helper()
		arrivals := make([]Arrival, events)
		for i := range arrivals {
			fresh++
			now = now.Add(time.Second)
			e := rules.Event{ID: fmt.Sprint("new", fresh), Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: fmt.Sprint("c", fresh%(n/4))}}
			arrivals[i] = Arrival{Ref: connectors.Ref{Kind: "Contact", ID: e.ID}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: now, Event: &e, State: New, New: true, Watched: strings.Repeat("w", 200)}
		}
		reading.ReadAt = now
		if _, err := s.Intake(b.Context(), "bench", &reading, arrivals); err != nil {
			b.Fatal(err)
		}
	}
	undecided := func(b *testing.B) []Event {
		b.Helper()
		events, err := s.Undecided(b.Context(), now, 100)
		if err != nil {
			b.Fatal(err)
		}
		return events
	}
	commit := func(b *testing.B, e Event) {
		b.Helper()
		v := Verdict{Event: e, Customer: e.Subject.ID, Decisions: make([]rules.Decision, 1), Writes: make([][]Write, 1)}
		v.Decisions[0] = rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: "j" + e.ID}, Withdraws: true, Remember: map[string]string{"hold": "on"}}
		for i := range 3 {
			v.Writes[0] = append(v.Writes[0], Write{System: "salesforce", Verb: "cancel-job", State: Pending, Text: strings.Repeat("t", 100),
				Change: connectors.Change{Op: connectors.Update, Key: fmt.Sprint(e.ID, "/", i), Ref: connectors.Ref{Kind: "Job", ID: e.ID}, Fields: map[string]any{"Status": "Cancelled"}}})
		}
		if err := s.Commit(b.Context(), v, now); err != nil && !errors.Is(err, ErrBusy) {
			b.Fatal(err)
		}
	}
	deliver := func(b *testing.B, stop func(), start func()) (claimed int) {
		b.Helper()
		entries, token, err := s.Claim(b.Context(), "salesforce", 200, now, time.Minute)
		if err != nil {
			b.Fatal(err)
		}
		settlements := make([]Settlement, len(entries))
		for i, e := range entries {
			settlements[i] = Settlement{ID: e.ID, Signal: Applied}
		}
		stop()
		defer start()
		if err := s.Settle(b.Context(), token, settlements, now); err != nil {
			b.Fatal(err)
		}
		return len(entries)
	}
	clear := func(b *testing.B) {
		b.Helper()
		for {
			for {
				events := undecided(b)
				for _, e := range events {
					commit(b, e)
				}
				if len(events) == 0 {
					break
				}
			}
			if deliver(b, func() {}, func() {}) == 0 {
				return
			}
		}
	}
	clear(b)

	b.Run("Intake100", func(b *testing.B) {
		for b.Loop() {
			intake(b, 100)
			b.StopTimer()
			clear(b)
			b.StartTimer()
		}
	})
	b.Run("Undecided", func(b *testing.B) {
		intake(b, 100)
		for b.Loop() {
			undecided(b)
		}
		clear(b)
	})
	b.Run("Commit", func(b *testing.B) {
		var events []Event
		for b.Loop() {
			if len(events) == 0 {
				b.StopTimer()
				clear(b)
				intake(b, 100)
				events = undecided(b)
				b.StartTimer()
			}
			commit(b, events[0])
			events = events[1:]
		}
		b.StopTimer()
		clear(b)
	})
	ready := func(b *testing.B) {
		clear(b)
		intake(b, 200)
		for {
			events := undecided(b)
			for _, e := range events {
				commit(b, e)
			}
			if len(events) == 0 {
				return
			}
		}
	}
	b.Run("Claim200", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			ready(b)
			b.StartTimer()
			if n := deliver(b, b.StopTimer, b.StartTimer); n != 200 {
				b.Fatalf("claimed %d", n)
			}
		}
	})
	b.Run("Settle200", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			ready(b)
			deliver(b, b.StartTimer, b.StopTimer)
			b.StartTimer()
		}
	})
	clear(b)
	b.Run("Quiet", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Quiet(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	i := 0
	b.Run("DecisionsOfARecord", func(b *testing.B) {
		for b.Loop() {
			i = (i + 7919) % (n / 4)
			if found, err := s.Decisions(b.Context(), fmt.Sprint("j", i)); err != nil || len(found) == 0 {
				b.Fatal(len(found), err)
			}
		}
	})
	b.Run("Cancelled50", func(b *testing.B) {
		for b.Loop() {
			found, err := s.Cancelled(b.Context(), CancelledFilter{Since: then.AddDate(-1, 0, 0), Limit: 50})
			if err != nil || len(found) != 50 {
				b.Fatal(len(found), err)
			}
		}
	})
	b.Run("OpenEntries", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Entries(b.Context(), Filter{States: []State{Proposed, Pending, Sending, Stuck, Unknown}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
