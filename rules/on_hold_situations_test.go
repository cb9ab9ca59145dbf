package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A holdSituation is one combination of what a hold's rule depends on, in the
// words of the rule book's decision table.
type holdSituation struct {
	in, bounded bool
	start       string // started, today, later
	status      string
	held        string // no, cancelled, unallocated
	worker      string // whom the visit had: free, conflict, inactive, none; empty if not held
	live        bool   // an allocation is live
}

func (s holdSituation) String() string {
	window := map[bool]string{true: "in", false: "out"}[s.in] + map[bool]string{true: "-bounded", false: "-open"}[s.bounded]
	return fmt.Sprintf("%s %s %s held=%s worker=%s live=%t", window, s.start, s.status, s.held, s.worker, s.live)
}

// holdSituations are all that can occur.
func holdSituations() []holdSituation {
	var jobs []holdSituation
	both := func(s holdSituation) {
		for _, live := range []bool{false, true} {
			s.live = live
			jobs = append(jobs, s)
		}
	}
	for _, status := range []string{"queued", "complete", "cancelled"} {
		jobs = append(jobs, holdSituation{status: status, held: "no"})
	}
	for _, status := range []string{"pending-allocation", "pending-dispatch", "dispatched", "ready", "en-route", "on-site", "in-progress"} {
		both(holdSituation{status: status, held: "no"})
	}
	for _, worker := range []string{"none", "inactive", "conflict", "free"} {
		both(holdSituation{status: "cancelled", held: "cancelled", worker: worker})
		both(holdSituation{status: "pending-allocation", held: "unallocated", worker: worker})
	}
	var all []holdSituation
	for _, in := range []bool{true, false} {
		for _, bounded := range []bool{true, false} {
			for _, start := range []string{"started", "today", "later"} {
				for _, s := range jobs {
					s.in, s.bounded, s.start = in, bounded, start
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// outcome is the label that the rule book's decision table gives, and the
// writes that the label stands for.
func (s holdSituation) outcome() (label string, writes []string) {
	pending := s.status == "pending-allocation"
	assigned := slices.Contains([]string{"pending-dispatch", "dispatched", "ready"}, s.status)
	inFlight := slices.Contains([]string{"en-route", "on-site", "in-progress"}, s.status)
	switch {
	case s.held == "no" && (s.status == "queued" || s.status == "complete" || s.status == "cancelled"):
		return "N0", nil
	case s.in && s.start == "started" && (pending || assigned || inFlight):
		return "Q1", nil
	case s.start == "started":
		return "N1", nil
	case s.in && inFlight:
		return "Q2", nil
	case s.in && s.held == "cancelled":
		return "N2", nil
	case s.in && s.bounded && assigned && s.live:
		return "H1", []string{"cancel-job", "free-worker"}
	case s.in && s.bounded && assigned:
		return "H1b", []string{"cancel-job"}
	case s.in && s.bounded && s.held == "unallocated" && s.live:
		return "H3", []string{"cancel-job", "free-worker"}
	case s.in && s.bounded && s.held == "unallocated":
		return "H3", []string{"cancel-job"}
	case s.in && s.bounded && s.live:
		return "H2b", []string{"cancel-job", "free-worker"}
	case s.in && s.bounded:
		return "H2", []string{"cancel-job"}
	case s.in && assigned && s.live:
		return "U1", []string{"release-job", "free-worker"}
	case s.in && assigned:
		return "U1b", []string{"release-job"}
	case s.in && s.start == "today" && s.live:
		return "U2", []string{"cancel-job", "free-worker"}
	case s.in && s.start == "today":
		return "U2", []string{"cancel-job"}
	case s.in && s.held == "unallocated":
		return "N2", nil
	case s.in:
		return "N3", nil
	case s.held == "cancelled" && s.worker == "free":
		return "R2", []string{"allocate-saved", "reopen-job pending-dispatch"}
	case s.held == "cancelled":
		label := map[string]string{"inactive": "R3", "conflict": "R4", "none": "R1"}[s.worker]
		return label, []string{"reopen-job pending-allocation"}
	case s.held == "unallocated" && s.live:
		return "N4", nil
	case s.held == "unallocated" && s.worker == "free":
		return "R2u", []string{"allocate-saved", "reopen-job pending-dispatch"}
	case s.held == "unallocated":
		return map[string]string{"inactive": "R3u", "conflict": "R4u", "none": "R1u"}[s.worker], nil
	}
	return "N0", nil
}

// row is the row of visitTable for the label. Some labels are more than one
// row here, where writes differ or a range of facts has no one row; R3u and R4u
// are one, for nothing differs.
func (s holdSituation) row(label string) string {
	switch {
	case (label == "H3" || label == "U2") && s.live:
		return label + "b"
	case label == "N0" && s.status != "queued" && s.status != "complete" && s.status != "cancelled":
		return "N5"
	case label == "N1" && s.status != "cancelled":
		return "N1b"
	case label == "N2" && s.held == "unallocated":
		return "N3"
	case label == "R3u":
		return "R4u"
	}
	return label
}

// snapshot builds the world in which the situation holds at noon of 10 March.
func (s holdSituation) snapshot(zone *time.Location) (Snapshot, time.Time) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, zone)
	start := map[string]time.Time{
		"started": now.AddDate(0, 0, -1),
		"today":   now.Add(3 * time.Hour),
		"later":   now.AddDate(0, 0, 4),
	}[s.start]
	hold := Hold{On: true, Start: dateOf(start)}
	if !s.in {
		hold.Start = dateOf(start.AddDate(0, 0, 10))
	}
	if s.bounded {
		day, _ := hold.Start.day()
		hold.Return = dateOf(day.AddDate(0, 0, 5))
	}
	job := Job{ID: "J1", Name: "JOB-0001", Status: s.status, Start: start, End: start.Add(time.Hour), Region: "North"}
	job.Allocations = []Allocation{{ID: "A0", Resource: "W1", Status: "Deleted"}}
	if s.live {
		job.Allocations = append(job.Allocations, Allocation{ID: "A1", Resource: "W9", Live: true, Status: "Dispatched"})
	}
	worker := Resource{ID: "W1", Name: "Ana", Active: s.worker != "inactive", Regions: []string{"North"}}
	if s.held != "no" {
		job.Memory = map[string]string{"held": "cancelled", "episode": "hold-1"}
		job.OnHold = s.held == "cancelled"
		if s.held == "unallocated" {
			job.Memory["held"] = "released"
		}
		if s.worker != "none" {
			job.Memory["crew"], job.Saved = "W1", "W1"
		}
		if s.worker == "conflict" {
			worker.Jobs = []Span{{ID: "J2", Start: start.Add(-time.Hour), End: start.Add(time.Minute)}}
		}
	}
	return Snapshot{Client: &Client{
		ID: "C1", Name: "Kim Lee", Hold: hold, Zone: zone.String(),
		Jobs:      []Job{job},
		Resources: []Resource{worker, {ID: "W9", Name: "Zoe", Active: true, Regions: []string{"North"}}},
		Memory:    map[string]string{"hold": "on 2026-01-01 -", "episode": "hold-1"},
	}}, now
}

func TestEverySituationReachesTheRowOfTheRuleBook(t *testing.T) {
	book := holdBook(t, nil)
	zone := location(t, "Australia/Sydney")
	all := holdSituations()
	if len(all) != 396 {
		t.Fatalf("there are %d situations, want 396", len(all))
	}
	reached := map[string]bool{}
	for _, s := range all {
		snapshot, now := s.snapshot(zone)
		plan := book.Decide(snapshot, Event{ID: "e1", Kind: HoldChanged, Subject: Ref{"client", "C1"}}, now)
		if len(plan.Decisions) != 2 {
			t.Fatalf("%s: %d decisions, want one for the hold and one for the visit", s, len(plan.Decisions))
		}
		got := plan.Decisions[1]
		label, writes := s.outcome()
		if want := s.row(label); got.Row != want {
			t.Errorf("%s: row %s, want %s (label %s)\n%s", s, got.Row, want, label, book.Explain(got))
		}
		if diff := cmp.Diff(writes, written(got)); diff != "" {
			t.Errorf("%s: label %s: writes (-want +got):\n%s", s, label, diff)
		}
		reached[got.Row] = true
	}
	// These need a visit with several clients or a setting: see the examples.
	beyond := []string{"Q3", "R5", "R5u"}
	for _, info := range book.Tables() {
		if info.Name != "on_hold.visit" {
			continue
		}
		for _, row := range info.Rows {
			if reached[row.ID] == slices.Contains(beyond, row.ID) {
				t.Errorf("row %s: reached %t, want %t", row.ID, reached[row.ID], !reached[row.ID])
			}
		}
	}
}

// written lists the writes of a decision; reopen-job with the new status.
func written(d Decision) []string {
	var all []string
	for _, a := range d.Actions {
		one := a.Verb
		if a.Verb == "reopen-job" {
			one += " " + a.Args["status"]
		}
		all = append(all, one)
	}
	return all
}

func holdBook(t testing.TB, change func(*OnHoldSettings)) *Book {
	t.Helper()
	s := Defaults()
	if change != nil {
		change(&s.OnHold)
	}
	b, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
