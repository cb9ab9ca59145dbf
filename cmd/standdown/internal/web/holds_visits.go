package web

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A visitLine is one visit of a client.
type visitLine struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"`
	When    string   `json:"when"` // in the zone of the visit
	Day     string   `json:"day,omitempty"`
	Workers []string `json:"workers,omitempty"`
	Kept    []string `json:"kept_for,omitempty"` // whom it is to go back to
	Is      string   `json:"is"`                 // the name of a visitKind
	// Decided is what a rule decided last that made a difference, and why; State
	// is that of the changes, as long as not all of them are done.
	Decided  string      `json:"decided,omitempty"`
	State    store.State `json:"state,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Row      string      `json:"row,omitempty"`
	Decision string      `json:"decision,omitempty"`
	// Would is how it would stand, and why; empty if nothing was asked.
	Would       string `json:"would,omitempty"`
	WouldReason string `json:"would_reason,omitempty"`
	WouldRow    string `json:"would_row,omitempty"`
	Approve     string `json:"approve,omitempty"` // why a person would have to approve it

	start time.Time // in the zone of the visit
	job   rules.Job
}

func (v visitLine) IsKind() visitKind      { return kindOf(v.Is) }
func (v visitLine) DecidedKind() visitKind { return kindOf(v.Decided) }
func (v visitLine) WouldKind() visitKind   { return kindOf(v.Would) }
func (v visitLine) Label() string          { return cmp.Or(v.Name, v.ID) }
func (v visitLine) Ref() string            { return "job " + v.ID }

// tell fills in how the visits stand, and how they would.
func (k *knownClient) tell(ctx context.Context, s *site, lines []visitLine) error {
	jobs := make([]string, len(lines))
	for i, v := range lines {
		jobs[i] = v.Ref()
	}
	decisions, err := s.Journal.DecidedAbout(ctx, jobs, 50*max(len(jobs), 1))
	if err != nil {
		return err
	}
	// What made a difference last. That a person should look is over when it is
	// not said again.
	last, newer := map[string]store.Decision{}, map[string]bool{}
	var ids []string
	for _, d := range decisions {
		if d.Table != "on_hold.visit" {
			continue
		}
		outcome := k.outcome(d.Decision)
		if _, later := last[d.Subject.ID]; !later && outcome != "" && (outcome != "review" || !newer[d.Subject.ID]) {
			last[d.Subject.ID] = d
			ids = append(ids, d.ID)
		}
		newer[d.Subject.ID] = true
	}
	entries, err := s.Journal.EntriesOf(ctx, ids)
	if err != nil {
		return err
	}
	would := map[string]int{}
	if k.verdict != nil {
		for n, d := range k.verdict.Decisions {
			would[d.Subject.String()] = n
		}
	}
	names := map[string]string{}
	for _, r := range k.client.Resources {
		names[r.ID] = r.Name
	}
	for i := range lines {
		v := &lines[i]
		j := v.job
		if d, ok := last[v.ID]; ok {
			j = k.judge(v, store.Waiting{Decision: d, Entries: entries[d.ID]})
		} else {
			v.Is = standingOfVisit(j)
		}
		v.staff(j, names)
		if k.verdict != nil {
			v.Would = v.Is
			if n, decided := would[v.Ref()]; decided {
				k.foresee(v, n)
			}
		}
	}
	return nil
}

// staff fills in who makes the visit, or is to make it again.
func (v *visitLine) staff(j rules.Job, names map[string]string) {
	for _, a := range j.Allocations {
		if a.Live {
			v.Workers = append(v.Workers, cmp.Or(names[a.Resource], a.Resource))
		}
	}
	if len(v.Workers) > 0 || v.Is != "cancelled" && v.Is != "released" {
		return
	}
	for id := range strings.SplitSeq(cmp.Or(j.Memory["crew"], j.Saved), ",") {
		if id != "" {
			v.Kept = append(v.Kept, cmp.Or(names[id], id))
		}
	}
}

// judge says how a visit stands: by its record, and by what was decided about
// it where the record alone does not tell. It returns the visit as it is after
// that.
func (k *knownClient) judge(v *visitLine, d store.Waiting) rules.Job {
	j := v.job
	v.Decided = k.outcome(d.Decision.Decision)
	v.Row, v.Reason, v.Decision = d.Row, k.reason(v.Decided, d.Decision.Decision), d.ID
	carried := true // out
	for _, e := range d.Entries {
		if e.State != store.Done {
			v.State = cmp.Or(v.State, e.State)
			carried = carried && !slices.Contains(moving, e.Verb)
		}
	}
	if at, old := k.seen[j.ID]; old && carried && !d.At.Before(at) {
		j = applied(j, d.Decision.Decision)
	}
	v.Is = standingOfVisit(j)
	if !carried {
		return j
	}
	switch [2]string{v.Is, v.Decided} {
	case [2]string{"planned", "restored"}, [2]string{"waiting", "conflict"}, [2]string{"planned", "review"}, [2]string{"underway", "review"}:
		v.Is = v.Decided
	}
	if v.Is != v.Decided { // people have changed it since
		v.Decided, v.State, v.Row, v.Reason, v.Decision = "", "", "", "", ""
	}
	return j
}

// moving are the verbs that change how a visit stands.
var moving = []string{"cancel-job", "release-job", "reopen-job"}

// reason is why a decision about a visit has its outcome.
func (k *knownClient) reason(outcome string, d rules.Decision) string {
	resource := factOf(d.Facts, "resource")
	switch {
	case outcome == "conflict", resource.Value == "partial":
		return resource.Reason
	case outcome == "review":
		return reasonOf(d.Because) + " (" + factOf(d.Facts, "job").Reason + ")"
	}
	return reasonOf(d.Because)
}

// foresee says how the visit would stand by the verdict's decision n.
func (k *knownClient) foresee(v *visitLine, n int) {
	d := k.verdict.Decisions[n]
	outcome, off := k.foreseen(n)
	v.Would, v.WouldRow, v.WouldReason = cmp.Or(outcome, v.Is), d.Row, cmp.Or(off, k.reason(outcome, d))
	for _, w := range k.verdict.Writes[n] {
		if w.State == store.Proposed {
			v.Approve = cmp.Or(v.Approve, w.Why)
		}
	}
}

// foreseen is what the verdict's decision n would bring about; nothing if that
// is switched off, which it tells.
func (k *knownClient) foreseen(n int) (outcome, off string) {
	for _, w := range k.verdict.Writes[n] {
		if (w.State == store.Dropped || w.State == store.Shadow) && slices.Contains(moving, w.Verb) {
			return "", w.Why
		}
	}
	return k.outcome(k.verdict.Decisions[n]), ""
}

// outcome is what a decision about a visit brings about; empty if it leaves the
// visit as it is.
func (k *knownClient) outcome(d rules.Decision) string {
	open := "waiting"
	if value := factOf(d.Facts, "resource").Value; value == "conflict" || value == "inactive" {
		open = "conflict"
	}
	for _, a := range d.Actions {
		switch {
		case a.Verb == "cancel-job":
			return "cancelled"
		case a.Verb == "release-job":
			return "released"
		case a.Verb == "reopen-job" && a.Args["status"] == "pending-dispatch":
			return "restored"
		case a.Verb == "reopen-job":
			return open
		}
	}
	switch then := k.then[d.Row]; {
	case slices.Contains(then, "list-for-review"):
		return "review"
	case slices.Contains(then, "clear-mark") && slices.Contains(then, "list-open"):
		return open
	}
	return ""
}

// applied is the visit once the decision's actions have been carried out.
func applied(j rules.Job, d rules.Decision) rules.Job {
	for _, a := range d.Actions {
		switch a.Verb {
		case "cancel-job":
			j.Status, j.OnHold, j.Allocations, j.Memory = "cancelled", true, nil, d.Remember
		case "release-job":
			j.Status, j.Allocations, j.Memory = "pending-allocation", nil, d.Remember
		case "reopen-job":
			j.Status, j.OnHold, j.Memory = a.Args["status"], false, nil
		case "allocate-saved":
			j.Allocations = append(slices.Clone(j.Allocations), rules.Allocation{Resource: a.Args["resource"], Live: true})
		}
	}
	return j
}

// standingOfVisit is how a visit stands by its record alone.
func standingOfVisit(j rules.Job) string {
	switch j.Status {
	case "complete":
		return "done"
	case "cancelled":
		if j.OnHold {
			return "cancelled"
		}
		return "other"
	case "pending-allocation":
		if j.Memory["held"] == "released" {
			return "released"
		}
		return "waiting"
	case "queued":
		return "waiting"
	case "pending-dispatch", "dispatched", "ready":
		return "planned"
	case "en-route", "on-site", "in-progress":
		return "underway"
	}
	return "review"
}

func factOf(facts []rules.Fact, name string) rules.Fact {
	for _, f := range facts {
		if f.Name == name {
			return f
		}
	}
	return rules.Fact{}
}

func visitList(lines []visitLine) list[visitLine] {
	return list[visitLine]{
		name:    "visits",
		columns: []string{"visit", "id", "start", "workers", "kept_for", "is", "reason", "row", "decision", "decided", "state", "would", "would_reason", "would_row", "approve"},
		line: func(v visitLine) []string {
			start := ""
			if !v.start.IsZero() {
				start = v.start.Format(time.RFC3339)
			}
			return []string{v.Name, v.ID, start, strings.Join(v.Workers, ", "), strings.Join(v.Kept, ", "), v.Is, v.Reason, v.Row, v.Decision, v.Decided, string(v.State), v.Would, v.WouldReason, v.WouldRow, v.Approve}
		},
		page: func(string, int) ([]visitLine, string, error) { return lines, "", nil },
	}
}
