package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// How many entries a second one daemon delivers to the sandbox org: for each of
// a thousand contacts an update, and then a post about it. Under the write guard
// strict each update is a call of its own.
func BenchmarkDelivery(b *testing.B) {
	const contacts = 1000
	for _, c := range []struct {
		guard   string
		latency time.Duration
	}{{"strict", 0}, {"strict", 50 * time.Millisecond}, {"checked", 0}, {"checked", 50 * time.Millisecond}} {
		b.Run(fmt.Sprintf("%s, latency %s", c.guard, c.latency), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				world, err := stage.New(b.TempDir(), c.latency)
				if err != nil {
					b.Fatal(err)
				}
				ids := make([]string, contacts)
				for i := range ids {
					if ids[i], err = world.Org.Insert("Contact", map[string]any{"LastName": fmt.Sprintf("Number %d", i)}); err != nil {
						b.Fatal(err)
					}
				}
				cfg, err := config.Load(world.Config(), os.LookupEnv)
				if err != nil {
					b.Fatal(err)
				}
				cfg.Salesforce.WriteGuard = c.guard
				ctx, stop := context.WithCancel(b.Context())
				ready, ended := make(chan *store.Store, 1), make(chan error, 1)
				go func() {
					ended <- serve(ctx, cfg, slog.New(slog.DiscardHandler), world.Clock.Now, 100*time.Millisecond, nil, func(e *engine.Engine) {
						e.Feeds = nil
						for i, v := range arrived(b, e.Store, ids) {
							v.Writes[0] = updateAndPost(ids[i], v.Event.ID)
							if err := e.Store.Commit(ctx, v, world.Clock.Now()); err != nil {
								b.Error(err)
							}
						}
						ready <- e.Store
					})
				}()
				journal := <-ready
				b.StartTimer()
				err = stage.Until(ctx, "delivery", func() (bool, error) { return journal.Quiet(ctx) })
				b.StopTimer()
				stop()
				if err := <-ended; err != nil {
					b.Error(err)
				}
				if done := len(world.Org.Dump()["FeedItem"]); err != nil || done != contacts {
					b.Errorf("%d posts, want %d: %v", done, contacts, err)
				}
				world.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(2*contacts*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// arrived stores an event about each of the contacts, and returns what is to be
// committed about it.
func arrived(b *testing.B, journal *store.Store, contacts []string) []store.Verdict {
	b.Helper()
	var arrivals []store.Arrival
	for _, id := range contacts {
		e := rules.Event{ID: "bench:" + id, Kind: "bench", At: stage.Start, Subject: rules.Ref{Kind: "client", ID: id}}
		arrivals = append(arrivals, store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: id}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: e.At, Event: &e, State: store.New})
	}
	reading := store.Reading{ReadAt: stage.Start}
	if _, err := journal.Intake(b.Context(), "bench", &reading, arrivals); err != nil {
		b.Fatal(err)
	}
	events, err := journal.Undecided(b.Context(), stage.Start.Add(time.Hour), len(contacts))
	if err != nil || len(events) != len(contacts) {
		b.Fatalf("%d events, want %d: %v", len(events), len(contacts), err)
	}
	verdicts := make([]store.Verdict, len(events))
	for _, e := range events {
		verdicts[slices.Index(contacts, e.Subject.ID)] = store.Verdict{
			Event: e, Customer: e.Subject.ID, Writes: make([][]store.Write, 1),
			Decisions: []rules.Decision{{Subject: e.Subject, Table: "bench", Row: "B1"}},
		}
	}
	return verdicts
}

func updateAndPost(contact, event string) []store.Write {
	ref := connectors.Ref{Kind: "Contact", ID: contact}
	return []store.Write{
		{System: "salesforce", Verb: "update", State: store.Pending, Change: connectors.Change{
			Key: event + "/1", Op: connectors.Update, Ref: ref, Fields: map[string]any{"Planned_Return_Date__c": "2026-04-07"}, If: map[string]any{"Planned_Return_Date__c": nil},
		}},
		{System: "salesforce", Verb: "post-comment", State: store.Pending, Change: connectors.Change{
			Key: event + "/2", Op: connectors.Post, Ref: ref, Fields: map[string]any{"Body": "Planned return: 7 April."},
		}},
	}
}

// How long a decision with two changes takes to be safe.
func BenchmarkCommit(b *testing.B) {
	for name, journal := range map[string]func() string{
		"SQLite":     func() string { return filepath.Join(b.TempDir(), "journal.db") },
		"PostgreSQL": func() string { return storetest.Start(b, "fsync=on").Fresh(b) },
	} {
		b.Run(name, func(b *testing.B) {
			s, err := store.Open(b.Context(), journal())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			contacts := make([]string, 2000)
			for i := range contacts {
				contacts[i] = fmt.Sprintf("003%012d", i)
			}
			verdicts := arrived(b, s, contacts)
			var took []time.Duration
			for _, v := range verdicts {
				v.Writes[0] = updateAndPost(v.Event.Subject.ID, v.Event.ID)
				began := time.Now()
				if err := s.Commit(b.Context(), v, stage.Start); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
		})
	}
}

// How long after a kill -9 its consequences are overcome: what was not under
// way is taken up by the next process as soon as it runs, what was being sent
// when its lease has ended.
func BenchmarkRescue(b *testing.B) {
	for _, midway := range []bool{false, true} {
		name := "nothing under way"
		if midway {
			name = "a call under way, lease 6s"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				latency := 50 * time.Millisecond
				if midway {
					latency = 500 * time.Millisecond
				}
				h := openTheatre(b, setting{daemons: 1, lease: chaosLease, latency: latency})
				act := scene(b, "Ruth Lindqvist")[0]
				if !midway {
					h.daemons[0].signal(syscall.SIGKILL)
				}
				b.StartTimer()
				if err := act.Do(h.world); err != nil {
					b.Fatal(err)
				}
				if midway {
					b.StopTimer()
					begun(b.Context(), func() bool { return sending(b.Context(), h.journal) })
					h.daemons[0].signal(syscall.SIGKILL)
					b.StartTimer()
				}
				err := stage.Until(b.Context(), act.Title, func() (bool, error) { return act.Done(h.world) })
				b.StopTimer()
				if err != nil {
					b.Fatal(err)
				}
				h.end()
				h.ended.Wait()
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/rescue")
			b.ReportMetric(0, "ns/op")
		})
	}
}
