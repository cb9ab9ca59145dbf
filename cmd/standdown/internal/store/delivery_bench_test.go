package store

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// BenchmarkDelivery is what the journal costs for changes that are claimed and
// settled: of 10,000 jobs three changes each, in batches as a sink takes them.
func BenchmarkDelivery(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { benchmarkDelivery(b, filepath.Join(b.TempDir(), "journal.db")) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmarkDelivery(b, storetest.Start(b, "fsync=on").Fresh(b)) })
}

func benchmarkDelivery(b *testing.B, name string) {
	const jobs, together, batch = 10_000, 20, 4000
	s, err := Open(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now, made, reading := then, 0, Reading{}
	var claiming, settling time.Duration
	for b.Loop() {
		b.StopTimer()
		arrivals := make([]Arrival, jobs/together)
		for i := range arrivals {
			e := rules.Event{ID: fmt.Sprint("event", made, "/", i), Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: fmt.Sprint("c", i)}}
			arrivals[i] = Arrival{Ref: connectors.Ref{Kind: "Contact", ID: e.ID}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: now, Event: &e, State: New, New: true}
		}
		reading.ReadAt = now
		if _, err := s.Intake(b.Context(), "bench", &reading, arrivals); err != nil {
			b.Fatal(err)
		}
		events, err := s.Undecided(b.Context(), now, len(arrivals))
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range events {
			v := Verdict{Event: e, Customer: e.Subject.ID}
			for range together {
				made++
				workflow, allocation := connectors.Ref{Kind: "Workflow__c", ID: fmt.Sprintf("a0W%015d", made)}, connectors.Ref{Kind: "sked__Job_Allocation__c", ID: fmt.Sprintf("a0A%015d", made)}
				v.Decisions = append(v.Decisions, rules.Decision{Subject: rules.Ref{Kind: "workflow", ID: workflow.ID}, Table: "bench", Row: "B1"})
				var writes []Write
				for n, c := range []connectors.Change{
					{Op: connectors.Update, Ref: workflow, Fields: map[string]any{"Status__c": "Cancelled"}, If: map[string]any{"Status__c": "Active"}},
					{Op: connectors.Post, Ref: workflow, Fields: map[string]any{"Body": "Cancelled as asked."}},
					{Op: connectors.Update, Ref: allocation, Fields: map[string]any{"sked__Status__c": "Deleted"}, If: map[string]any{"sked__Status__c": "Dispatched"}},
				} {
					c.Key = fmt.Sprint("key", made, "/", n)
					writes = append(writes, Write{System: "salesforce", Verb: c.Op, State: Pending, Change: c})
				}
				v.Writes = append(v.Writes, writes)
			}
			if err := s.Commit(b.Context(), v, now); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for {
			began := busy()
			entries, token, err := s.Claim(b.Context(), "salesforce", batch, now, time.Minute)
			if err != nil {
				b.Fatal(err)
			}
			claimed := busy()
			claiming += claimed - began
			if len(entries) == 0 {
				break
			}
			settlements := make([]Settlement, len(entries))
			for i, en := range entries {
				settlements[i] = Settlement{ID: en.ID, Signal: Applied, Answered: true, Outcome: Outcome{Ref: en.Change.Ref, Before: en.Change.If}}
			}
			if err := s.Settle(b.Context(), token, settlements, now); err != nil {
				b.Fatal(err)
			}
			settling += busy() - claimed
		}
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) / (3 * jobs) }
	b.ReportMetric(each(claiming), "µs-claim/change")
	b.ReportMetric(each(settling), "µs-settle/change")
}

// busy is for how long this process has had a processor.
func busy() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
