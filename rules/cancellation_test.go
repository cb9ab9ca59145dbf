package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryRequirementOnCancellationIsCitedWhereItIsCarriedOut(t *testing.T) {
	files, err := filepath.Glob("cancellation*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range append(files, "calendar.go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	// "MIL-22 to 25" cites those between as well.
	text := regexp.MustCompile(`MIL-(\d+) to (\d+)`).ReplaceAllStringFunc(source.String(), func(s string) string {
		var from, to int
		fmt.Sscanf(s, "MIL-%d to %d", &from, &to)
		for ; from <= to; from++ {
			s += fmt.Sprintf(" MIL-%d ", from)
		}
		return s
	})
	var numbers []string
	for i := 1; i <= 36; i++ {
		numbers = append(numbers, fmt.Sprintf("MIL-%d", i))
	}
	for i := 1; i <= 25; i++ {
		numbers = append(numbers, fmt.Sprintf("MIL-A%d", i))
	}
	for i := 1; i <= 6; i++ {
		numbers = append(numbers, fmt.Sprintf("BD-%d", i))
	}
	for _, number := range numbers {
		if !regexp.MustCompile(number + `\b`).MatchString(text) {
			t.Errorf("%s is cited nowhere", number)
		}
	}
}

func TestSettingsThatMakeNoSenseAreRefusedAllAtOnce(t *testing.T) {
	s := Defaults()
	s.Calendar.Cutoff = "noon"
	s.Cancellation = CancellationSettings{
		BusinessDays: 0, DefaultReason: "Because", InternalDomains: []string{"@corp.example"}, ContractRightDays: -1,
	}
	_, err := Load(s)
	if err == nil {
		t.Fatal("they were accepted")
	}
	for _, key := range []string{
		"calendar.cutoff", "cancellation.business_days", "cancellation.finalize", "cancellation.default_reason",
		"cancellation.internal_domains", "cancellation.contract_right_days", "cancellation.deal_processing_team",
	} {
		if !strings.Contains(err.Error(), key+": ") {
			t.Errorf("%s is not named in: %v", key, err)
		}
	}
}

func TestWhoFinishesACancellationMustBeChosen(t *testing.T) {
	s := Defaults()
	s.Cancellation.Finalize = ""
	if _, err := Load(s); err == nil || !strings.Contains(err.Error(), "choose external") {
		t.Errorf("error %v, want one that tells the choices", err)
	}
}

// A restore takes back a request: until a new statement comes, Deal
// Processing's approval cancels nothing.
func TestARequestThatWasTakenBackIsNotCancelledLater(t *testing.T) {
	b := defaultBook(t)
	w := Workflow{
		ID: "W1", Status: "active", Model: "direct-pay", Product: "Solar Loan", Milestone: "M1B", Photos: "no", Invoice: "yes", RoofClear: "yes",
		Milestones: []Milestone{{ID: "1", Name: "M1A", Status: "approved"}, {ID: "2", Name: "M1B", Status: "not-submitted"}, {ID: "3", Name: "M2", Status: "not-submitted"}},
		Homeowners: []Person{{ID: "C1", Email: "ana@example.com"}}, Signers: []string{}, Memory: map[string]string{},
	}
	now := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	happen := func(e Event) []string {
		var rows []string
		for _, d := range b.Decide(Snapshot{Workflows: []Workflow{w}}, e, now).Decisions {
			rows = append(rows, d.Row)
			for key, value := range d.Remember {
				w.Memory[key] = value
			}
		}
		return rows
	}
	mail := func(asks string) *Request {
		return &Request{Asks: asks, From: "ana@example.com", Auth: "pass", Words: "own", MessageID: "<" + asks + "@example.com>"}
	}
	subject := Ref{"workflow", "W1"}

	var rows [][]string
	rows = append(rows, happen(Event{ID: "1", Kind: CancellationRequested, Request: mail("cancel")}))
	w.Referral = &Referral{ID: "A1", Decision: "open"}
	rows = append(rows, happen(Event{ID: "2", Kind: RestoreRequested, Request: mail("restore")}))
	w.Referral.Decision, w.Milestone, w.Milestones[1].Status = "approved", "M2", "approved"
	rows = append(rows, happen(Event{ID: "3", Kind: ReferralChanged, Subject: subject}))
	rows = append(rows, happen(Event{ID: "4", Kind: CancellationRequested, Request: mail("cancel")}))
	want := [][]string{{"C7"}, {"B9"}, {"D8"}, {"C14", "T4"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// Whatever is asked has an answer, the same one every time; nothing is
// cancelled but by the homeowner's own, proven, written word; and what is
// decided can be explained.
func TestWhateverIsAskedHasOneAnswerAndNobodyElseCancels(t *testing.T) {
	external, daemon := defaultBook(t), Defaults()
	daemon.Cancellation.Finalize, daemon.Cancellation.AutoRestore = "daemon", true
	daemon.Cancellation.M1ARejectPendingReview = true
	other, err := Load(daemon)
	if err != nil {
		t.Fatal(err)
	}
	cancelled := 0
	for seed := range uint64(8000) {
		s, e, now := anyCase(rand.New(rand.NewPCG(seed, 1)))
		book := []*Book{external, other}[seed%2]
		plan := book.Decide(s, e, now)
		if len(plan.Decisions) == 0 {
			t.Fatalf("seed %d: no decision for %s", seed, e.Kind)
		}
		if diff := cmp.Diff(plan, book.Decide(s, e, now)); diff != "" {
			t.Fatalf("seed %d: the second answer differs (-first +second):\n%s", seed, diff)
		}
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
				if a.Verb == "notify-parties" && a.Args["to"] == "" {
					t.Fatalf("seed %d: a mail to nobody", seed)
				}
				if a.Verb != "cancel-workflow" {
					continue
				}
				cancelled++
				i := slices.IndexFunc(s.Workflows, func(w Workflow) bool { return w.ID == a.On.ID })
				w := s.Workflows[i]
				own := e.Request != nil && e.Request.Auth == "pass" && e.Request.Words == "own" && !e.Request.Deceased &&
					slices.ContainsFunc(w.Homeowners, func(p Person) bool { return p.Email == e.Request.From })
				kept := e.Request == nil && w.Memory[memoryStatement] != "" && w.Referral.Decision == "approved"
				if !own && !kept || w.Status != "active" || a.Args["reason"] == "" {
					t.Fatalf("seed %d: cancelled on %+v of %+v", seed, e, w)
				}
			}
		}
	}
	if cancelled < 100 {
		t.Errorf("only %d of the situations cancelled anything, so they prove little", cancelled)
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(uint64(1), "cancel", "ana@example.com", "own", "<m1@example.com>", "2026-11-18T15:00:00Z", "W-1042")
	f.Add(uint64(2), "restore", "@", "attached", "", "yesterday", "")
	f.Add(uint64(3), "\x00", "a@b@c", "none", "\xff", "0000-01-01T00:00:00Z", "W1")
	b, err := Load(Defaults())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, seed uint64, asks, from, words, id, memory, reference string) {
		s, e, now := anyCase(rand.New(rand.NewPCG(seed, 2)))
		if e.Request != nil {
			e.Request.Asks, e.Request.From, e.Request.Words, e.Request.MessageID = asks, from, words, id
			e.Request.References = []string{reference}
		}
		for i := range s.Workflows {
			s.Workflows[i].Memory = map[string]string{
				memoryPendingSince: memory, memoryReferral: memory, memoryStatement: memory, memoryStatus: words,
			}
			s.Workflows[i].Signed = Date(memory)
		}
		for _, d := range b.Decide(s, e, now).Decisions {
			b.Explain(d)
		}
	})
}

// anyCase makes up a world and what happens in it, sensible or not.
func anyCase(r *rand.Rand) (Snapshot, Event, time.Time) {
	one := func(values ...string) string { return values[r.IntN(len(values))] }
	// usually takes the first value nine times out of ten.
	usually := func(values ...string) string {
		if r.IntN(10) > 0 {
			return values[0]
		}
		return one(values...)
	}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(90*24)) * time.Hour)
	var s Snapshot
	for i := range []int{1, 1, 1, 0, 2}[r.IntN(5)] {
		w := Workflow{
			ID: fmt.Sprintf("W%d", i+1), Name: fmt.Sprintf("W-%d", i+1), Contract: one("", "C-1", "C-2"),
			Status: usually("active", "cancel-pending", "cancelled", "", "odd"),
			Model:  usually(one("regular", "direct-pay"), ""), Product: usually("Solar Loan", "Beam", "Infinity", ""),
			Photos: Tri(usually("no", "yes", "")), Invoice: Tri(one("yes", "no", "")), RoofClear: Tri(usually("yes", "no", "")),
			Signed:    Date(one("", "2026-11-02", "2026-06-01", "soon")),
			Installer: Person{Email: usually("roofs@example.com", "", "ana@example.com")},
			SalesRep:  Person{Email: usually("sam@example.com", "")},
			Signers:   [][]string{nil, {}, {"installer"}, {"sales-rep"}, {"installer", "sales-rep"}, {"lender"}}[r.IntN(6)],
			ChangedAt: now.Add(-time.Duration(r.IntN(1000)) * time.Hour), RestoreBlock: usually("", "Milestone aged"),
			Memory: map[string]string{},
		}
		if r.IntN(10) > 0 {
			w.Homeowners = []Person{{ID: usually("C1", ""), Name: usually("Ana", ""), Email: usually("ana@example.com", "")}}
		}
		names := []string{"M1", "M2", "M3"}
		if w.Model == "direct-pay" {
			names = []string{"M1A", "M1B", "M2", "M3"}
		}
		for at, approved := 0, r.IntN(len(names)+1); at < len(names); at++ {
			m := Milestone{ID: names[at], Name: names[at], Status: "not-submitted"}
			if at < approved {
				m.Status = "approved"
			} else if at == approved {
				m.Status = one("not-submitted", "pending-review", "rejected", "")
				m.Reviews = [][]string{nil, {"R1"}, {"R1", "R2"}}[r.IntN(3)]
			}
			w.Milestones = append(w.Milestones, m)
		}
		if r.IntN(8) == 0 {
			w.Milestone = one(names...)
		}
		if r.IntN(2) == 0 {
			w.Referral = &Referral{ID: "A1", Decision: one("open", "approved", "approved", "declined", "")}
		}
		for _, key := range []string{memoryStatement, memoryReferred, memoryRestore, memoryRepeat} {
			if r.IntN(3) == 0 {
				w.Memory[key] = one("e0", "e1", "<m@example.com>")
			}
		}
		if r.IntN(2) == 0 {
			w.Memory[memoryPendingSince] = now.Add(-time.Duration(r.IntN(1000)) * time.Hour).Format(time.RFC3339)
		}
		s.Workflows = append(s.Workflows, w)
	}
	e := Event{
		ID: one("e1", "e2"), At: now, Subject: Ref{"workflow", usually("W1", "W2", "W9")},
		Kind: one(CancellationRequested, CancellationRequested, RestoreRequested, RequestUnclear, WorkflowChanged, ReferralChanged, CancellationDue),
	}
	if slices.Contains([]string{CancellationRequested, RestoreRequested, RequestUnclear}, e.Kind) {
		e.Subject = Ref{"request", e.ID}
		e.Request = &Request{
			Asks: one("cancel", "restore", "hold", "unclear", ""), From: usually("ana@example.com", "roofs@example.com", "x@y", ""),
			Auth: usually("pass", "fail", "none", ""), Words: usually("own", "forwarded", "attached", "none"), Form: usually("", "letter", "notice", "telegram"),
			Deceased: r.IntN(20) == 0, Reason: one("", "Moving", "Whim"), MessageID: usually("<m@example.com>", ""), SHA256: one("", "abc"),
			References: [][]string{nil, nil, nil, {"W-1"}, {"C-1"}, {"W-2", "C-9"}}[r.IntN(6)], Quote: one("", strings.Repeat("ä", 400)),
		}
	}
	return s, e, now
}
