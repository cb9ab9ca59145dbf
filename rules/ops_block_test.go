package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsOfOpsBlocksThatMakeNoSenseAreAllReported(t *testing.T) {
	s := Defaults()
	s.OpsBlock = OpsBlockSettings{
		AutoReopen: "nobody", StuckAfter: -1, RequiredFields: []string{"colour"}, ClearFields: []string{"state"},
		OpenSaleStates: []string{"canceled"}, EndedSaleStates: []string{"Canceled"},
	}
	_, err := Load(s)
	if err == nil {
		t.Fatal("they were accepted")
	}
	for _, key := range []string{
		"auto_reopen", "reopen_delay", "stuck_after", "required_fields", "clear_fields",
		"job_state", "ticket_state", "service_state", "rest_state", "sale_state", "open_sale_states",
	} {
		if !strings.Contains(err.Error(), "ops_block."+key+": ") {
			t.Errorf("%s is not named in: %v", key, err)
		}
	}
}

// doToBlock does to a block what an action asks for, as the org would.
func doToBlock(b *OpsBlock, a Action) {
	switch a.Verb {
	case "cancel-block":
		b.State = "canceled"
	case "reopen-block":
		b.State = "open"
	case "send-back-job":
		b.Job.State = a.Args["state"]
	case "send-back-ticket":
		b.Ticket.State = a.Args["state"]
	case "send-back-contact":
		b.Contact.State = a.Args["state"]
	case "cancel-service-sale":
		b.Sale.State = a.Args["state"]
	case "delete-meeting":
		b.Meetings = slices.DeleteFunc(slices.Clone(b.Meetings), func(id string) bool { return id == a.On.ID })
	}
}

func keepInMind(b *OpsBlock, d Decision) {
	for key, value := range d.Remember {
		b.Memory[key] = value
		if value == "" {
			delete(b.Memory, key)
		}
	}
}

// Whatever order people approve in, and however often the block is seen on the
// way, everything goes back, the block is opened last, and people are asked
// once.
func TestACancelledBlockComesToRestHoweverSlowlyItIsCarriedOut(t *testing.T) {
	settings := Defaults()
	settings.OpsBlock.ReadyToResetState = "Ready"
	book, err := Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 3))
		b := OpsBlock{
			ID: "B1", State: "cancelling", Reason: "x", Meetings: []string{"E1", "E2"}, Memory: map[string]string{"state": "set"},
			Type: []string{"install", "delivery", "revenue-service", "warranty"}[r.IntN(4)], ResetService: []Tri{"yes", "no"}[r.IntN(2)],
			Job: &Linked{ID: "J1", State: "Install Scheduled"}, Ticket: &Linked{ID: "T1", State: "Scheduled"},
			Contact: &Linked{ID: "C1", State: "Service in Progress"}, Sale: &Linked{ID: "S1", State: []string{"New", "Job in Progress"}[r.IntN(2)]},
		}
		now := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
		asked, comments, due := 0, 0, time.Time{}
		var waiting []Action
		decide := func(kind string) {
			e := Event{ID: fmt.Sprint("e", now.UnixNano()), Kind: kind, At: now, Subject: Ref{"block", "B1"}}
			if kind == BlockChanged {
				waiting = nil // the journal takes proposals of an earlier change back
			}
			for _, d := range book.Decide(Snapshot{Blocks: []OpsBlock{b}}, e, now).Decisions {
				for _, a := range d.Actions {
					switch a.Verb {
					case holdForReview:
						asked++
					case postComment:
						comments++
					default:
						waiting = append(waiting, a)
					}
				}
				for _, line := range d.Deadlines {
					due = line.At
				}
				keepInMind(&b, d)
			}
		}
		decide(BlockChanged)
		for step := 0; b.State != "open"; step++ {
			if step > 100 {
				t.Fatalf("seed %d: it does not come to rest: %+v, waiting %v", seed, b, waiting)
			}
			now = now.Add(time.Duration(1+r.IntN(600)) * time.Second)
			if len(waiting) > 0 && r.IntN(3) > 0 {
				before := b.State
				a := waiting[0]
				waiting = waiting[1:]
				if a.Verb == "reopen-block" {
					for _, left := range waiting {
						t.Fatalf("seed %d: %s after the block was opened", seed, left)
					}
				}
				doToBlock(&b, a)
				if b.State != before {
					decide(BlockChanged)
				}
				continue
			}
			if !due.IsZero() && !due.After(now) {
				due = time.Time{}
				decide(BlockDue)
			}
		}
		wantJob, wantTicket, wantContact, wantSale := "Install Scheduled", "Scheduled", "Service in Progress", b.Sale.State
		wantAsked := 0
		switch {
		case b.Type == "install":
			wantJob = "Approved to Proceed"
		case b.Type == "delivery":
			wantTicket = "Ready to Schedule"
		case b.Type == "revenue-service" && b.ResetService == "yes":
			wantContact = "Ready"
		case b.Type == "revenue-service":
			wantContact = "Rest"
			if wantSale == "Job in Progress" {
				wantAsked = 1
			} else {
				wantSale = "Service Canceled"
			}
		}
		got := []any{b.Job.State, b.Ticket.State, b.Contact.State, b.Sale.State, len(b.Meetings), asked, comments, b.Memory["cancelled"]}
		if diff := cmp.Diff([]any{wantJob, wantTicket, wantContact, wantSale, 0, wantAsked, 1, ""}, got); diff != "" {
			t.Fatalf("seed %d, %s: job, ticket, contact, sale, meetings, asked, comments, memory (-want +got):\n%s", seed, b.Type, diff)
		}
	}
}

func TestWhateverBecomesOfABlockHasOneAnswerAndLeavesApprovedWorkAlone(t *testing.T) {
	other := Defaults()
	other.OpsBlock.AutoReopen, other.OpsBlock.ReadyToResetState = "crm", "Ready"
	second, err := Load(other)
	if err != nil {
		t.Fatal(err)
	}
	books := []*Book{defaultBook(t), second}
	moved := 0
	for seed := range uint64(8000) {
		s, e, now := anyBlockCase(rand.New(rand.NewPCG(seed, 4)))
		book := books[seed%2]
		plan := book.Decide(s, e, now)
		if len(plan.Decisions) == 0 {
			t.Fatalf("seed %d: no decision for %s", seed, e.Kind)
		}
		if diff := cmp.Diff(plan, book.Decide(s, e, now)); diff != "" {
			t.Fatalf("seed %d: the second answer differs (-first +second):\n%s", seed, diff)
		}
		if diff := cmp.Diff(rowsOf(plan), book.Rows(s, e, now)); diff != "" {
			t.Fatalf("seed %d: without a trace the rows differ (-with +without):\n%s", seed, diff)
		}
		last := ""
		for _, d := range plan.Decisions {
			if book.Explain(d) == "" {
				t.Fatalf("seed %d: no explanation", seed)
			}
			for _, a := range d.Actions {
				if !slices.ContainsFunc(book.Verbs(), func(v Verb) bool { return v.Name == a.Verb }) {
					t.Fatalf("seed %d: %s is no verb", seed, a.Verb)
				}
				if a.On.Kind == "" || a.On.ID == "" {
					t.Fatalf("seed %d: %s is on nothing", seed, a.Verb)
				}
				if last == "delete-meeting" && a.Verb != last {
					t.Fatalf("seed %d: %s comes after a meeting was deleted", seed, a.Verb)
				}
				last = a.Verb
				if a.Verb == holdForReview {
					continue
				}
				if e.Request != nil {
					t.Fatalf("seed %d: a mail leads to %s", seed, a)
				}
				b := s.Blocks[0]
				switch a.Verb {
				case "cancel-service-sale":
					if b.Sale.State != "New" || b.ResetService != "no" {
						t.Fatalf("seed %d: the sale %+v was cancelled", seed, b.Sale)
					}
				case "send-back-job":
					moved++
					if b.Job.State != "Install Scheduled" || len(b.Siblings) > 0 && b.Siblings[0].State == "set" && b.Siblings[0].Type == b.Type {
						t.Fatalf("seed %d: the job %+v was moved although there are %+v", seed, b.Job, b.Siblings)
					}
				case "cancel-block", "reopen-block":
					if want := map[string]string{"cancel-block": "cancelling", "reopen-block": "canceled"}[a.Verb]; b.State != want {
						t.Fatalf("seed %d: %s while the block is %s", seed, a.Verb, b.State)
					}
				}
			}
		}
	}
	if moved < 100 {
		t.Errorf("only %d of the situations moved a job, so they prove little", moved)
	}
}

func FuzzDecideOpsBlock(f *testing.F) {
	f.Add(uint64(1), "canceled", "2026-11-20T15:00:00Z", "-", "2026-12-01", "B-1")
	f.Add(uint64(2), "\x00", "yesterday", "e1", "0000-13-40", "")
	b, err := Load(Defaults())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, seed uint64, state, cancelled, effects, date, reference string) {
		s, e, now := anyBlockCase(rand.New(rand.NewPCG(seed, 5)))
		for i := range s.Blocks {
			s.Blocks[i].State = state
			s.Blocks[i].Memory = map[string]string{"state": state, "cancelled": cancelled, "effects": effects}
		}
		if e.Request != nil {
			e.Request.Dates, e.Request.References = []Date{Date(date)}, []string{reference}
		}
		for _, d := range b.Decide(s, e, now).Decisions {
			b.Explain(d)
		}
	})
}

// anyBlockCase makes up a block and what happens to it, sensible or not.
func anyBlockCase(r *rand.Rand) (Snapshot, Event, time.Time) {
	one := func(values ...string) string { return values[r.IntN(len(values))] }
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(90*24)) * time.Hour)
	linked := func(id string, states ...string) *Linked {
		if r.IntN(10) == 0 {
			return nil
		}
		return &Linked{ID: id, Name: one("", id+"-1"), State: one(states...)}
	}
	var s Snapshot
	for i := range []int{1, 1, 1, 1, 0, 2}[r.IntN(6)] {
		b := OpsBlock{
			ID: fmt.Sprint("B", i+1), Name: one("", "B-1"), State: one("cancelling", "cancelling", "canceled", "open", "set", "completed", ""),
			Type:         one("install", "install", "install", "delivery", "revenue-service", "revenue-service", "warranty", ""),
			ResetService: Tri(one("yes", "no", "")), Reason: one("x", "x", "x", ""),
			Job: linked("J1", "Install Scheduled", "Install Scheduled", "Approved to Proceed", "Install in Progress", ""), Ticket: linked("T1", "Scheduled", "Ready to Schedule", "Gone"),
			Contact: linked("C1", "Service in Progress", "Rest", "Ready", ""), Sale: linked("S1", "New", "Approved", "Canceled", ""),
			Memory: map[string]string{},
		}
		if r.IntN(5) > 0 {
			b.Start = now.Add(time.Duration(r.IntN(100)) * time.Hour)
			b.End = b.Start.Add(8 * time.Hour)
		}
		if r.IntN(2) == 0 {
			b.Meetings = []string{"E1", "E2"}[:1+r.IntN(2)]
		}
		if r.IntN(3) == 0 {
			b.Siblings = []Sibling{{Name: "B-9", State: one("set", "canceled"), Type: one("install", "measure")}}
		}
		for _, kept := range [][]string{ // the key, then its values
			{memoryBlockState, "set", "canceled", "open", "cancelling"}, {memoryEffects, "e0", "e1", noEffects},
			{memoryCancelled, now.Add(-time.Hour).Format(time.RFC3339), now.Add(-100 * time.Hour).Format(time.RFC3339), "soon"},
		} {
			if r.IntN(2) == 0 {
				b.Memory[kept[0]] = one(kept[1:]...)
			}
		}
		s.Blocks = append(s.Blocks, b)
	}
	e := Event{ID: one("e1", "e2"), At: now, Subject: Ref{"block", one("B1", "B1", "B1", "B9")}, Kind: one(BlockChanged, BlockChanged, BlockChanged, BlockDue, RescheduleRequested, BlockCancelRequested)}
	if e.Kind == RescheduleRequested || e.Kind == BlockCancelRequested {
		e.Subject = Ref{"request", e.ID}
		e.Request = &Request{
			Asks: "reschedule", From: one("ana@example.com", ""), References: [][]string{nil, nil, {"B-1"}, {"B-7"}}[r.IntN(4)],
			Dates: [][]Date{nil, {"2026-11-20"}, {"2026-11-20", "2026-11-21"}, {"soon"}}[r.IntN(4)],
		}
	}
	return s, e, now
}
