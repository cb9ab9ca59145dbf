package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// benchmarkSituations are a few of what happens every day: a workflow's record
// changes (1 decision), a homeowner asks again (1), a homeowner cancels (2: the
// request and who is told), a block is cancelled (3: the block, its job, its
// meeting), a customer cancels an assignment (3: the request, its billing, the
// assignment).
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
	block := OpsBlock{
		ID: "B1", Name: "B-1001", State: "cancelling", Type: "install", Reason: "Customer asked",
		Start: at.AddDate(0, 0, 10), End: at.AddDate(0, 0, 10).Add(8 * time.Hour),
		Job: &Linked{ID: "J1", Name: "J-501", State: "Install Scheduled"}, Meetings: []string{"E1"},
		Memory: map[string]string{memoryBlockState: "confirmed"},
	}
	assignment := Assignment{
		ID: "A1", Name: "A-3017", Status: "confirmed", Start: at.Add(12 * time.Hour), End: at.Add(14 * time.Hour),
		Customer:     Customer{ID: "CU1", Name: "Mercy Clinic", Contacts: []Person{{ID: "P1", Name: "Ana Lopez", Email: "ana@example.com"}}},
		Interpreters: []Interpreter{{ID: "X1", Name: "Lena Ortiz"}},
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
		{"block", Snapshot{Blocks: []OpsBlock{block}}, Event{ID: "e1", Kind: BlockChanged, At: at, Subject: Ref{"block", "B1"}}},
		{"assignment", Snapshot{Assignments: []Assignment{assignment}}, Event{ID: "e1", Kind: AssignmentCancelRequested, At: at, Subject: Ref{"request", "e1"}, Request: mail}},
	}
}

// BenchmarkDecide decides whole events: with a trace, which has every fact's
// reason and every text, and without. One event may be several decisions.
func BenchmarkDecide(b *testing.B) {
	book := defaultBook(b)
	for _, one := range benchmarkSituations() {
		benchmarkDecisions(b, one.name, book, one.s, one.e, one.e.At)
	}
}

// BenchmarkHoldOfManyVisits decides a client's hold with its visits.
func BenchmarkHoldOfManyVisits(b *testing.B) {
	book := defaultBook(b)
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, n := range []int{1_000, 10_000} {
		c := manyVisits(n, now)
		e := Event{ID: "event-1", Kind: HoldChanged, Subject: Ref{"client", c.ID}}
		benchmarkDecisions(b, fmt.Sprintf("cancel-%d", n), book, Snapshot{Client: c}, e, now)
		carryOut(c, book.Decide(Snapshot{Client: c}, e, now))
		c.Hold = Hold{}
		benchmarkDecisions(b, fmt.Sprintf("restore-%d", n), book, Snapshot{Client: c}, e, now)
	}
}

func benchmarkDecisions(b *testing.B, name string, book *Book, s Snapshot, e Event, now time.Time) {
	measure := func(name string, decide func() int) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			decisions := 0
			for b.Loop() {
				decisions += decide()
			}
			b.ReportMetric(float64(decisions)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
	measure(name, func() int { return len(book.Decide(s, e, now).Decisions) })
	measure(name+"-untraced", func() int { return len(book.Rows(s, e, now)) })
}

func TestTheBenchmarksDecideWhatTheySay(t *testing.T) {
	book := defaultBook(t)
	want := map[string]string{"change": "P5", "repeat": "C24", "cancel": "C5 T3", "block": "K1 S1 E1", "assignment": "Q1 V3 K2"}
	for _, one := range benchmarkSituations() {
		var rows []string
		for _, r := range book.Rows(one.s, one.e, one.e.At) {
			rows = append(rows, r.Row)
		}
		if got := strings.Join(rows, " "); got != want[one.name] {
			t.Errorf("%s is decided by %s, want %s", one.name, got, want[one.name])
		}
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

// Allocations are what most of a decision's time goes to: these were 166 while
// each question lay on the heap and texts were put together by fmt.
func TestWhatDecisionsAllocateIsBounded(t *testing.T) {
	book := defaultBook(t)
	all := 0.0
	for _, one := range benchmarkSituations() {
		if one.name == "repeat" {
			continue
		}
		all += testing.AllocsPerRun(100, func() { book.Decide(one.s, one.e, one.e.At) })
		if n := testing.AllocsPerRun(100, func() { book.Rows(one.s, one.e, one.e.At) }); n > 8 {
			t.Errorf("%s: %v allocations to find the rows, want 8 at most", one.name, n)
		}
	}
	if all > 110 {
		t.Errorf("%v allocations for nine decisions, want 110 at most", all)
	}
}

// BenchmarkLookup finds the row for facts that are established, which is all
// that grows with a table.
func BenchmarkLookup(b *testing.B) {
	book := defaultBook(b)
	one := benchmarkSituations()[2]
	d := book.Decide(one.s, one.e, one.e.At).Decisions[0]
	t := book.table(d.Table)
	b.ReportAllocs()
	for b.Loop() {
		t.decide(d.Facts)
	}
}
