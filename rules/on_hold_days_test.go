package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// carryOut does to the client what the plan says, as the mapping and the org
// would, so that tests can look at the world afterwards.
func carryOut(c *Client, plan Plan) {
	for _, d := range plan.Decisions {
		memory := &c.Memory
		var job *Job
		if d.Subject.Kind == "job" {
			job = &c.Jobs[slices.IndexFunc(c.Jobs, func(j Job) bool { return j.ID == d.Subject.ID })]
			memory = &job.Memory
		}
		for key, value := range d.Remember {
			if *memory == nil {
				*memory = map[string]string{}
			}
			(*memory)[key] = value
			if value == "" {
				delete(*memory, key)
			}
		}
		for _, a := range d.Actions {
			switch a.Verb {
			case "cancel-job":
				job.Status, job.OnHold, job.Saved = "cancelled", a.Args["reason"] == "Customer on Hold", a.Args["resource"]
			case "release-job":
				job.Status, job.Saved = "pending-allocation", a.Args["resource"]
			case "free-worker":
				for i := range job.Allocations {
					if job.Allocations[i].ID == a.On.ID {
						job.Allocations[i].Live = false
					}
				}
			case "allocate-saved":
				id := fmt.Sprintf("%s-A%d", job.ID, len(job.Allocations)+1)
				job.Allocations = append(job.Allocations, Allocation{ID: id, Resource: a.Args["resource"], Live: true, Status: "Pending Dispatch"})
			case "reopen-job":
				job.Status, job.OnHold = a.Args["status"], false
				if a.Args["clear-resource"] == "yes" {
					job.Saved = ""
				}
			}
		}
	}
}

// march is day n of a calendar that goes on after 31 March as needed.
func march(n int) Date { return dateOf(time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC)) }

// changeTo sets the client's hold and carries out what follows.
func changeTo(t *testing.T, book *Book, c *Client, h Hold, now time.Time) Plan {
	t.Helper()
	c.Hold = h
	plan := book.Decide(Snapshot{Client: c}, Event{ID: "change to " + h.String(), Kind: HoldChanged, Subject: Ref{"client", c.ID}}, now)
	carryOut(c, plan)
	return plan
}

func TestADateChangeTouchesTheDaysThatEnterAndLeave(t *testing.T) {
	on := func(start, back int) Hold {
		h := Hold{On: true}
		if start > 0 {
			h.Start = march(start)
		}
		if back > 0 {
			h.Return = march(back)
		}
		return h
	}
	const end = 50 // the last day with a visit stands for infinity
	days := func(ranges ...int) []int {
		var all []int
		for i := 0; i < len(ranges); i += 2 {
			for d := ranges[i]; d < ranges[i+1]; d++ {
				all = append(all, d)
			}
		}
		return all
	}
	for _, tc := range []struct {
		start, back string
		old, new    Hold
		enter       []int
		leave       []int
		convert     []int // from released to cancelled
	}{
		{"set", "none", Hold{}, on(10, 0), days(10, end), nil, nil},
		{"set", "set", Hold{}, on(10, 30), days(10, 30), nil, nil},
		{"earlier", "none", on(10, 0), on(5, 0), days(5, 10), nil, nil},
		{"earlier", "same", on(10, 30), on(5, 30), days(5, 10), nil, nil},
		{"earlier", "set", on(10, 0), on(5, 30), days(5, 10), days(30, end), days(10, 30)},
		{"earlier", "later", on(10, 30), on(5, 40), days(5, 10, 30, 40), nil, nil},
		{"earlier", "earlier", on(10, 30), on(5, 20), days(5, 10), days(20, 30), nil},
		{"earlier", "cleared", on(10, 30), on(5, 0), days(5, 10, 30, end), nil, nil},
		{"later", "none", on(10, 0), on(15, 0), nil, days(10, 15), nil},
		{"later", "same", on(10, 30), on(15, 30), nil, days(10, 15), nil},
		{"later", "set", on(10, 0), on(15, 30), nil, days(10, 15, 30, end), days(15, 30)},
		{"later", "later", on(10, 30), on(15, 40), days(30, 40), days(10, 15), nil},
		{"later", "earlier", on(10, 30), on(15, 20), nil, days(10, 15, 20, 30), nil},
		{"later", "cleared", on(10, 30), on(15, 0), days(30, end), days(10, 15), nil},
		{"same", "set", on(10, 0), on(10, 30), nil, days(30, end), days(10, 30)},
		{"same", "later", on(10, 30), on(10, 40), days(30, 40), nil, nil},
		{"same", "earlier", on(10, 30), on(10, 20), nil, days(20, 30), nil},
		{"same", "cleared", on(10, 30), on(10, 0), days(30, end), nil, nil},
		{"same", "same", on(10, 30), on(10, 30), nil, nil, nil},
		{"same", "none", on(10, 0), on(10, 0), nil, nil, nil},
		{"cleared", "any", on(10, 30), on(0, 30), nil, nil, nil},
		{"any", "any, box unticked", on(10, 30), Hold{Start: march(10), Return: march(30)}, nil, days(10, 30), nil},
	} {
		t.Run(fmt.Sprintf("the start %s and the return %s", tc.start, tc.back), func(t *testing.T) {
			book := holdBook(t, nil)
			now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
			c := &Client{ID: "C1", New: true, Zone: "UTC", Resources: []Resource{{ID: "W1", Active: true, Regions: []string{"North"}}}}
			for d := 1; d < end; d++ {
				start := time.Date(2026, 3, d, 10, 0, 0, 0, time.UTC)
				c.Jobs = append(c.Jobs, Job{
					ID: fmt.Sprint(d), Status: "dispatched", Start: start, End: start.Add(time.Hour), Region: "North",
					Allocations: []Allocation{{ID: fmt.Sprintf("%d-A1", d), Resource: "W1", Live: true}},
				})
			}
			changeTo(t, book, c, tc.old, now)
			before := slices.Clone(c.Jobs)
			for i := range before {
				before[i].Memory, before[i].Allocations = maps.Clone(c.Jobs[i].Memory), slices.Clone(c.Jobs[i].Allocations)
			}
			changeTo(t, book, c, tc.new, now)

			held := func(j Job) bool { return j.Memory["held"] != "" }
			var enter, leave, convert []int
			for i, j := range c.Jobs {
				was := before[i]
				switch {
				case held(j) && !held(was):
					enter = append(enter, i+1)
				case !held(j) && held(was):
					leave = append(leave, i+1)
					if j.Status != "pending-dispatch" || j.OnHold || !j.Allocations[len(j.Allocations)-1].Live {
						t.Errorf("day %d: not given back to its worker: %+v", i+1, j)
					}
				case held(j) && j.Status != was.Status:
					convert = append(convert, i+1)
				case !held(j):
					if diff := cmp.Diff(was, j); diff != "" {
						t.Errorf("day %d: not concerned, yet changed: %s", i+1, diff)
					}
				}
				if want := tc.new.Return != "" || tc.old.Return != "" && !slices.Contains(enter, i+1); held(j) && (j.Status == "cancelled") != want {
					t.Errorf("day %d: status %s under hold %s", i+1, j.Status, tc.new)
				}
			}
			if diff := cmp.Diff([][]int{tc.enter, tc.leave, tc.convert}, [][]int{enter, leave, convert}); diff != "" {
				t.Errorf("days that enter, leave, convert (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMovingTheStartLaterDoesNotDependOnAnOrderOfBatches(t *testing.T) {
	live := func(status string, day int, id string) Job {
		start := time.Date(2026, 3, day, 10, 0, 0, 0, time.UTC)
		return Job{ID: id, Status: status, Start: start, End: start.Add(time.Hour), Region: "North",
			Allocations: []Allocation{{ID: id + "-A1", Resource: "W1", Live: true}}}
	}
	held := func(day int, id, episode string) Job {
		j := live("cancelled", day, id)
		j.OnHold, j.Allocations[0].Live, j.Saved = true, false, "W1"
		j.Memory = map[string]string{"held": "cancelled", "crew": "W1", "episode": episode}
		return j
	}
	for _, tc := range []struct {
		name      string
		job       Job
		want      string
		untouched bool
	}{
		{"a visit before any hold stays ready", live("ready", 9, "J1"), "ready", true},
		{"a held visit on a freed day goes back to its worker", held(12, "J1", "hold-1"), "pending-dispatch", false},
		{"a visit booked by exception on a freed day stays dispatched", live("dispatched", 12, "J1"), "dispatched", true},
		{"a held visit on a day that stays in the hold stays cancelled", held(20, "J1", "hold-1"), "cancelled", true},
		{"a live visit on a day in the hold is cancelled", live("dispatched", 20, "J1"), "cancelled", false},
		{"a visit on the return date stays ready", live("ready", 30, "J1"), "ready", true},
		{"a visit of an older hold in the past stays cancelled", held(3, "J1", "hold-0"), "cancelled", true},
		{"a live visit in the past is not touched", live("dispatched", 6, "J1"), "dispatched", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := tc.job
			before.Memory, before.Allocations = maps.Clone(tc.job.Memory), slices.Clone(tc.job.Allocations)
			c := &Client{
				ID: "C1", Zone: "UTC", Jobs: []Job{tc.job},
				Memory:    map[string]string{"hold": "on 2026-03-10 2026-03-30", "episode": "hold-1"},
				Resources: []Resource{{ID: "W1", Active: true, Regions: []string{"North"}}},
			}
			changeTo(t, holdBook(t, nil), c, Hold{On: true, Start: march(15), Return: march(30)}, time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC))
			if c.Jobs[0].Status != tc.want {
				t.Errorf("the visit is %s, want %s", c.Jobs[0].Status, tc.want)
			}
			if untouched := cmp.Equal(before, c.Jobs[0]); untouched != tc.untouched {
				t.Errorf("untouched is %t, want %t:\n%s", untouched, tc.untouched, cmp.Diff(before, c.Jobs[0]))
			}
		})
	}
}

func TestAHoldThatIsSetAndRemovedGivesEveryVisitBack(t *testing.T) {
	for _, h := range []Hold{{On: true, Start: march(5)}, {On: true, Start: march(5), Return: march(20)}} {
		t.Run("hold "+strings.Fields(h.String())[2], func(t *testing.T) {
			book, now := holdBook(t, nil), time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
			c := &Client{ID: "C1", New: true, Zone: "UTC"}
			for w := range 3 {
				c.Resources = append(c.Resources, Resource{ID: fmt.Sprint("W", w), Active: true, Regions: []string{"North"}})
			}
			for d := range 25 {
				start := now.AddDate(0, 0, d).Add(time.Hour)
				j := Job{ID: fmt.Sprint("J", d), Status: "ready", Start: start, End: start.Add(time.Hour), Region: "North"}
				for w := range d % 4 {
					j.Allocations = append(j.Allocations, Allocation{ID: fmt.Sprint(j.ID, "-", w), Resource: fmt.Sprint("W", w), Live: true})
				}
				if d%4 == 0 {
					j.Status = "pending-allocation"
				}
				c.Jobs = append(c.Jobs, j)
			}
			crews := func() (all []string) {
				for _, j := range c.Jobs {
					var crew []string
					for _, a := range j.Allocations {
						if a.Live {
							crew = append(crew, a.Resource)
						}
					}
					all = append(all, strings.Join(crew, " "))
				}
				return all
			}
			before := crews()
			changeTo(t, book, c, h, now)
			if cmp.Equal(before, crews()) {
				t.Fatal("the hold took no worker away")
			}
			again := changeTo(t, book, c, h, now)
			if len(again.Decisions) != 1 || len(again.Decisions[0].Actions) > 0 {
				t.Errorf("the same hold again is not left alone: %+v", again.Decisions)
			}
			changeTo(t, book, c, Hold{}, now)
			if diff := cmp.Diff(before, crews()); diff != "" {
				t.Errorf("workers (-before +after):\n%s", diff)
			}
			for _, j := range c.Jobs {
				if len(j.Memory) > 0 || j.Saved != "" || j.OnHold || j.Status == "cancelled" {
					t.Errorf("a trace of the hold is left: %+v", j)
				}
			}
		})
	}
}
