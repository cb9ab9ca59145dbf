package rules

import (
	"testing"
	"time"
)

// benchmarkSituations are a few of what happens every day.
func benchmarkSituations() []struct {
	name string
	s    Snapshot
	e    Event
} {
	at := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	w := Workflow{
		ID: "W1", Name: "W-1042", Contract: "C-204417", Status: "active", Model: "regular", Product: "Solar Loan",
		Milestones: []Milestone{{ID: "M1", Name: "M1", Status: "not-submitted"}, {ID: "M2", Name: "M2", Status: "not-submitted"}},
		Photos:     "no", Invoice: "no", RoofClear: "yes", Signed: "2026-06-01",
		Homeowners: []Person{{ID: "C1", Name: "Ana Lopez", Email: "ana@example.com"}},
		Installer:  Person{Name: "Bright Roofs", Email: "office@roofs.example"},
		SalesRep:   Person{Name: "Sam Reed", Email: "sam@sales.example"},
		Signers:    []string{"installer", "sales-rep"},
	}
	noted := w
	noted.Status, noted.Memory = "cancel-pending", map[string]string{memoryRepeat: "e0"}
	mail := &Request{
		Asks: "cancel", From: "ana@example.com", Name: "Ana Lopez", Auth: "pass", Words: "own", Form: "letter", Language: "en",
		Subject: "Please cancel", Quote: "I want to cancel my contract.", MessageID: "<m1@example.com>",
	}
	requested := Event{ID: "e1", Kind: CancellationRequested, At: at, Subject: Ref{"request", "e1"}, Request: mail}
	return []struct {
		name string
		s    Snapshot
		e    Event
	}{
		{"change", Snapshot{Workflows: []Workflow{w}}, Event{ID: "e1", Kind: WorkflowChanged, At: at, Subject: Ref{"workflow", "W1"}}},
		{"repeat", Snapshot{Workflows: []Workflow{noted}}, requested},
		{"cancel", Snapshot{Workflows: []Workflow{w}}, requested},
	}
}

// BenchmarkDecide decides whole events, with every fact's reason and every
// text. One event may be several decisions.
func BenchmarkDecide(b *testing.B) {
	book, err := Load(Defaults())
	if err != nil {
		b.Fatal(err)
	}
	for _, one := range benchmarkSituations() {
		b.Run(one.name, func(b *testing.B) {
			b.ReportAllocs()
			decisions := 0
			for b.Loop() {
				decisions += len(book.Decide(one.s, one.e, one.e.At).Decisions)
			}
			b.ReportMetric(float64(decisions)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

func TestFindingARowAllocatesNothingHoweverManyRowsThereAre(t *testing.T) {
	book := defaultBook(t)
	one := benchmarkSituations()[2]
	for _, d := range book.Decide(one.s, one.e, one.e.At).Decisions {
		table := book.table(d.Table)
		if n := testing.AllocsPerRun(100, func() { table.decide(d.Facts) }); n > 0 {
			t.Errorf("%s: %v allocations", d.Table, n)
		}
	}
}

// BenchmarkLookup finds the row for facts that are established, which is all
// that grows with a table.
func BenchmarkLookup(b *testing.B) {
	book, err := Load(Defaults())
	if err != nil {
		b.Fatal(err)
	}
	one := benchmarkSituations()[2]
	d := book.Decide(one.s, one.e, one.e.At).Decisions[0]
	t := book.table(d.Table)
	b.ReportAllocs()
	for b.Loop() {
		t.decide(d.Facts)
	}
}
