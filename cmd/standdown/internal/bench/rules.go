package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"standdown/rules"
)

// A situation is what happens on a day like any other.
type situation struct {
	snapshot rules.Snapshot
	event    rules.Event
	rows     string // that decide it
}

// situations are: a workflow's record changes (1 decision), a homeowner cancels
// (2: the request and who is told), a block is cancelled (3: the block, its job,
// its meeting), a customer cancels an assignment (3: the request, its billing, the
// assignment).
func situations() []situation {
	at := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	workflow := rules.Workflow{
		ID: "W1", Name: "W-1042", Contract: "C-204417", Status: "active", Model: "regular", Product: "Solar Loan",
		Milestones: []rules.Milestone{{ID: "M1", Name: "M1", Status: "not-submitted"}, {ID: "M2", Name: "M2", Status: "not-submitted"}},
		Photos:     "no", Invoice: "no", RoofClear: "yes", Signed: "2026-06-01",
		Homeowners: []rules.Person{{ID: "C1", Name: "Ana Lopez", Email: "ana@example.com"}},
		Installer:  rules.Person{Name: "Bright Roofs", Email: "office@roofs.example"},
		SalesRep:   rules.Person{Name: "Sam Reed", Email: "sam@sales.example"},
		Signers:    []string{"installer", "sales-rep"},
	}
	mail := &rules.Request{
		Asks: "cancel", From: "ana@example.com", Name: "Ana Lopez", Auth: "pass", Words: "own", Form: "letter", Language: "en",
		Subject: "Please cancel", Quote: "I want to cancel my contract.", MessageID: "<m1@example.com>",
	}
	block := rules.OpsBlock{
		ID: "B1", Name: "B-1001", State: "cancelling", Type: "install", Reason: "Customer asked",
		Start: at.AddDate(0, 0, 10), End: at.AddDate(0, 0, 10).Add(8 * time.Hour),
		Job: &rules.Linked{ID: "J1", Name: "J-501", State: "Install Scheduled"}, Meetings: []string{"E1"},
	}
	assignment := rules.Assignment{
		ID: "A1", Name: "A-3017", Status: "confirmed", Start: at.Add(12 * time.Hour), End: at.Add(14 * time.Hour),
		Customer:     rules.Customer{ID: "CU1", Name: "Mercy Clinic", Contacts: []rules.Person{{ID: "P1", Name: "Ana Lopez", Email: "ana@example.com"}}},
		Interpreters: []rules.Interpreter{{ID: "X1", Name: "Lena Ortiz"}},
	}
	event := func(kind string, subject rules.Ref, request *rules.Request) rules.Event {
		return rules.Event{ID: "e1", Kind: kind, At: at, Subject: subject, Request: request}
	}
	request := rules.Ref{Kind: "request", ID: "e1"}
	return []situation{
		{rules.Snapshot{Workflows: []rules.Workflow{workflow}}, event(rules.WorkflowChanged, rules.Ref{Kind: "workflow", ID: "W1"}, nil), "P5"},
		{rules.Snapshot{Workflows: []rules.Workflow{workflow}}, event(rules.CancellationRequested, request, mail), "C5 T3"},
		{rules.Snapshot{Blocks: []rules.OpsBlock{block}}, event(rules.BlockChanged, rules.Ref{Kind: "block", ID: "B1"}, nil), "K1 S1 E1"},
		{rules.Snapshot{Assignments: []rules.Assignment{assignment}}, event(rules.AssignmentCancelRequested, request, mail), "Q1 V3 K2"},
	}
}

// decisions is W10, by the time that it had a core.
func decisions(ctx context.Context, b *Bench) error {
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		return err
	}
	all := situations()
	kase := b.newCase("W10", "4 situations in turn, 9 decisions, one core",
		Figure{Name: "speed", Unit: "decisions/s", Target: atLeast(500_000)}, Figure{Name: "memory", Unit: "bytes a decision"}, Figure{Name: "allocations", Unit: "a decision"})
	span := time.Duration(b.either(100, 3000)) * time.Millisecond
	run := func(who string, decide func(situation) int) error {
		return b.measure(ctx, kase, who, func(context.Context) (s Sample, err error) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			began, n := time.Now(), 0
			_, busy, unknown := resident(os.Getpid())
			for time.Since(began) < span {
				for range 100 {
					for _, one := range all {
						n += decide(one)
					}
				}
			}
			took := time.Since(began)
			if _, end, err := resident(os.Getpid()); unknown == nil && err == nil && end > busy {
				took = end - busy // on a busy machine this had a core for a part of the time
			}
			runtime.ReadMemStats(&after)
			s.Values = map[string]float64{
				"speed": float64(n) / took.Seconds(), "memory": float64(after.TotalAlloc-before.TotalAlloc) / float64(n), "allocations": float64(after.Mallocs-before.Mallocs) / float64(n),
			}
			for _, one := range all {
				var rows []string
				for _, d := range book.Decide(one.snapshot, one.event, one.event.At).Decisions {
					rows = append(rows, d.Row)
				}
				if got := strings.Join(rows, " "); got != one.rows {
					s.Wrong = append(s.Wrong, fmt.Sprintf("%s is decided by %s, want %s", one.event.Kind, got, one.rows))
				}
			}
			return s, nil
		})
	}
	if err := run(floor, func(one situation) int { return len(book.Rows(one.snapshot, one.event, one.event.At)) }); err != nil {
		return err
	}
	return run(Ours, func(one situation) int { return len(book.Decide(one.snapshot, one.event, one.event.At).Decisions) })
}
