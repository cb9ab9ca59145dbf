package rules

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Each property is tried on some hundred situations; -rapid.checks sets how
// many.
func TestProperties(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("400"); err != nil {
			t.Fatal(err)
		}
	}
	for _, property := range []struct {
		name  string
		check func(*rapid.T)
	}{
		{"deciding a hold twice is deciding it once", holdTwiceIsOnce},
		{"a hold and its removal restore every visit and lose no worker", holdThenRemoval},
		{"a hold touches no visit that has started, is finished or was cancelled otherwise", holdTouchesOnlyWhatWaits},
		{"no plan takes a worker away and gives them another visit at the same time", nobodyIsFreedAndBooked},
		{"deciding a workflow twice is deciding it once", workflowTwiceIsOnce},
		{"no workflow is cancelled without a proven written statement", onlyOnAStatement},
		{"the rows of a hold are the same with and without a trace", holdRowsNeedNoTrace},
		{"the rows of a workflow are the same with and without a trace", workflowRowsNeedNoTrace},
	} {
		t.Run(property.name, func(t *testing.T) { rapid.Check(t, property.check) })
	}
}

// changed sets the client's hold and returns what must follow.
func changed(b *Book, c *Client, h Hold, id string, now time.Time) Plan {
	c.Hold = h
	return b.Decide(Snapshot{Client: c}, Event{ID: id, Kind: HoldChanged, At: now, Subject: Ref{"client", c.ID}}, now)
}

func holdTwiceIsOnce(t *rapid.T) {
	b, c, h := drawBook(t), drawClient(t), drawHold(t)
	plan := changed(b, c, h, "e1", drawnNow)
	if diff := cmp.Diff(plan, changed(b, c, h, "e1", drawnNow)); diff != "" {
		t.Fatalf("the same question has another answer (-first +second):\n%s", diff)
	}
	carryOut(c, plan)
	bookWorkers(c)
	for _, d := range changed(b, c, h, "e2", drawnNow).Decisions {
		if len(d.Actions) > 0 {
			t.Fatalf("once carried out, row %s still asks for %v", d.Row, d.Actions)
		}
	}
}

func holdThenRemoval(t *rapid.T) {
	b, c := drawBook(t), drawClient(t)
	before, taken, told := liveWorkers(c), map[string]bool{}, ""
	follow := func(plan Plan) {
		for _, a := range actions(plan) {
			told += a.Args["text"]
			if a.Verb == cancelJob || a.Verb == releaseJob {
				taken[a.On.ID] = true
			}
		}
		carryOut(c, plan)
		bookWorkers(c)
	}
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		follow(changed(b, c, drawHold(t), "e1", drawnNow))
	}
	later := drawnNow.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours on hold")) * time.Hour)
	follow(changed(b, c, Hold{}, "e2", later))
	after := liveWorkers(c)
	for _, j := range c.Jobs {
		if !taken[j.ID] || j.Start.Before(later) {
			continue
		}
		if j.OnHold || j.Status != "pending-dispatch" && j.Status != "pending-allocation" {
			t.Fatalf("%s was held and is now %q, on hold: %t", j.ID, j.Status, j.OnHold)
		}
		if j.Status == "pending-dispatch" && len(after[j.ID]) == 0 {
			t.Fatalf("%s waits for the answer of a worker it does not have", j.ID)
		}
		for _, worker := range before[j.ID] {
			if !slices.Contains(after[j.ID], worker) && j.Saved != worker && !strings.Contains(told, "worker "+worker) {
				t.Fatalf("%s had %s, who is neither back nor remembered nor named", j.ID, worker)
			}
		}
	}
}

func holdTouchesOnlyWhatWaits(t *rapid.T) {
	b, c := drawBook(t), drawClient(t)
	now := drawnNow
	for _, id := range []string{"e1", "e2"} {
		h := drawHold(t)
		if rapid.Bool().Draw(t, "removed") {
			h = Hold{}
		}
		plan := changed(b, c, h, id, now)
		for _, a := range actions(plan) {
			job := jobOf(c, a)
			if job == nil {
				continue
			}
			held := job.Status == "cancelled" && job.OnHold
			if job.Start.Before(now) || !held && !slices.Contains([]string{"pending-allocation", "pending-dispatch", "dispatched", "ready"}, job.Status) {
				t.Fatalf("%s %s, which is %q and starts %s", a.Verb, job.ID, job.Status, job.Start)
			}
		}
		carryOut(c, plan)
		bookWorkers(c)
		now = now.Add(30 * time.Hour)
	}
}

func nobodyIsFreedAndBooked(t *rapid.T) {
	b, c := drawBook(t), drawClient(t)
	carryOut(c, changed(b, c, drawHold(t), "e1", drawnNow))
	bookWorkers(c)
	plan := changed(b, c, drawHold(t), "e2", drawnNow)
	for _, booked := range actions(plan) {
		if booked.Verb != allocateSaved {
			continue
		}
		for _, freed := range actions(plan) {
			if freed.Verb != freeWorker || freed.Args["resource"] != booked.Args["resource"] {
				continue
			}
			x, y := jobOf(c, booked), jobOf(c, freed)
			if x.Start.Before(y.End) && y.Start.Before(x.End) {
				t.Fatalf("%s is taken from %s and given %s at the same time", freed.Args["resource"], y.ID, x.ID)
			}
		}
	}
}

func workflowTwiceIsOnce(t *rapid.T) {
	b, w := drawBook(t), drawWorkflow(t)
	e := drawEvent(t, "e1")
	s := Snapshot{Workflows: []Workflow{w}}
	plan := b.Decide(s, e, drawnNow)
	if diff := cmp.Diff(plan, b.Decide(s, e, drawnNow)); diff != "" {
		t.Fatalf("the same question has another answer (-first +second):\n%s", diff)
	}
	carryOutOn(&w, plan)
	recorded := Event{ID: "e2", Kind: WorkflowChanged, At: drawnNow, Subject: Ref{"workflow", "W1"}}
	carryOutOn(&w, b.Decide(Snapshot{Workflows: []Workflow{w}}, recorded, drawnNow))

	for _, again := range []struct {
		event string
		may   []string
	}{{"e3", []string{postComment, holdForReview}}, {"e4", []string{holdForReview}}} {
		e.ID = again.event
		plan := b.Decide(Snapshot{Workflows: []Workflow{w}}, e, drawnNow)
		for _, a := range actions(plan) {
			if !slices.Contains(again.may, a.Verb) {
				t.Fatalf("once carried out, %s as event %s asks for %s", e.Kind, e.ID, a)
			}
		}
		carryOutOn(&w, plan)
	}
}

func onlyOnAStatement(t *rapid.T) {
	b, w, e := drawBook(t), drawWorkflow(t), drawEvent(t, "e1")
	for _, a := range actions(b.Decide(Snapshot{Workflows: []Workflow{w}}, e, drawnNow)) {
		if a.Verb != "cancel-workflow" {
			continue
		}
		r := e.Request
		own := r != nil && r.Auth == "pass" && r.Words == "own" && !r.Deceased && r.From == w.Homeowners[0].Email && r.From != w.Installer.Email
		kept := r == nil && w.Memory[memoryStatement] != "" && w.Referral.Decision == "approved"
		if w.Status != "active" || !own && !kept {
			t.Fatalf("%s is cancelled on %+v", w.Status, r)
		}
	}
}

func holdRowsNeedNoTrace(t *rapid.T) {
	b, c, now := drawBook(t), drawClient(t), drawnNow
	for _, h := range []Hold{drawHold(t), {}, drawHold(t)} {
		plan := changed(b, c, h, "e1", now)
		for _, kind := range []string{HoldChanged, HoldDay} {
			compareRows(t, b, Snapshot{Client: c}, Event{ID: "e1", Kind: kind, At: now, Subject: Ref{"client", c.ID}})
		}
		carryOut(c, plan)
		bookWorkers(c)
		now = now.Add(30 * time.Hour)
	}
}

func workflowRowsNeedNoTrace(t *rapid.T) {
	b, w := drawBook(t), drawWorkflow(t)
	for _, id := range []string{"e1", "e2"} {
		e := drawEvent(t, id)
		s := Snapshot{Workflows: []Workflow{w}}
		compareRows(t, b, s, e)
		carryOutOn(&w, b.Decide(s, e, e.At))
	}
}

func compareRows(t *rapid.T, b *Book, s Snapshot, e Event) {
	if diff := cmp.Diff(rowsOf(b.Decide(s, e, e.At)), b.Rows(s, e, e.At)); diff != "" {
		t.Fatalf("without a trace the rows differ (-with +without):\n%s", diff)
	}
}

func rowsOf(plan Plan) []RowFound {
	rows := []RowFound{}
	for _, d := range plan.Decisions {
		rows = append(rows, RowFound{d.Table, d.Row, d.Subject})
	}
	return rows
}

func actions(plan Plan) []Action {
	var all []Action
	for _, d := range plan.Decisions {
		all = append(all, d.Actions...)
	}
	return all
}

// jobOf is the visit that the action is about; nil if it is about none.
func jobOf(c *Client, a Action) *Job {
	id := a.On.ID
	if a.On.Kind == "allocation" {
		id = a.Args["job"]
	}
	i := slices.IndexFunc(c.Jobs, func(j Job) bool { return j.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Jobs[i]
}

func liveWorkers(c *Client) map[string][]string {
	all := map[string][]string{}
	for _, j := range c.Jobs {
		for _, a := range j.Allocations {
			if a.Live {
				all[j.ID] = append(all[j.ID], a.Resource)
			}
		}
	}
	return all
}

// carryOutOn does to the workflow what the plan says.
func carryOutOn(w *Workflow, plan Plan) {
	w.Memory = maps.Clone(w.Memory)
	for _, d := range plan.Decisions {
		if d.Subject != (Ref{"workflow", w.ID}) {
			continue
		}
		maps.Copy(w.Memory, d.Remember)
		for _, a := range d.Actions {
			switch a.Verb {
			case "cancel-workflow":
				w.Status, w.ChangedAt = "cancel-pending", drawnNow
			case "restore-workflow":
				w.Status = "active"
			case "finish-cancellation":
				w.Status = "cancelled"
			}
		}
	}
}
