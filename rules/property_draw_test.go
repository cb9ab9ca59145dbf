package rules

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// Generators of situations for the property tests: small ones, in which the
// cases that matter are frequent.

var drawnNow = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

// often draws the first value most of the time.
func often(t *rapid.T, name string, values ...string) string {
	if rapid.IntRange(0, 4).Draw(t, name+" is usual") > 0 {
		return values[0]
	}
	return rapid.SampledFrom(values).Draw(t, name)
}

// drawClient draws a client who is not on hold, with the workers of the visits.
func drawClient(t *rapid.T) *Client {
	c := &Client{ID: "C1", Name: "Kim Lee", New: true, Zone: often(t, "zone", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago")}
	for i := range rapid.IntRange(1, 6).Draw(t, "visits") {
		c.Jobs = append(c.Jobs, drawJob(t, fmt.Sprintf("J%d", i+1)))
	}
	for _, id := range []string{"R1", "R2", "R3"} {
		c.Resources = append(c.Resources, Resource{
			ID: id, Name: "worker " + id, Active: often(t, "active", "yes", "no") == "yes",
			Regions: []string{often(t, "worker's region", "north", "south")},
		})
	}
	bookWorkers(c)
	return c
}

func drawJob(t *rapid.T, id string) Job {
	start := drawnNow.Add(time.Duration(rapid.IntRange(-20, 120).Draw(t, "hours until "+id)) * time.Hour)
	j := Job{
		ID: id, Name: id, Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "hours of "+id)) * time.Hour), Region: "north",
		Status: rapid.SampledFrom([]string{"ready", "ready", "dispatched", "pending-dispatch", "pending-allocation", "queued", "en-route", "on-site", "in-progress", "complete", "cancelled", ""}).Draw(t, "status"),
		Group:  often(t, "group", "no", "yes") == "yes",
	}
	for _, worker := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"R1", "R2", "R3"}), 0, 2, rapid.ID[string]).Draw(t, "workers") {
		j.Allocations = append(j.Allocations, Allocation{ID: id + "-" + worker, Resource: worker, Live: often(t, "live", "yes", "no") == "yes"})
	}
	return j
}

// bookWorkers notes with each worker the visits they have, as the org would.
func bookWorkers(c *Client) {
	for i := range c.Resources {
		w := &c.Resources[i]
		w.Jobs = nil
		for _, j := range c.Jobs {
			if j.Status != "cancelled" && slices.ContainsFunc(j.Allocations, func(a Allocation) bool { return a.Live && a.Resource == w.ID }) {
				w.Jobs = append(w.Jobs, Span{ID: j.ID, Start: j.Start, End: j.End})
			}
		}
	}
}

func drawHold(t *rapid.T) Hold {
	day := func(n int) Date { return dateOf(drawnNow.AddDate(0, 0, n)) }
	start := rapid.IntRange(-1, 4).Draw(t, "first day")
	h := Hold{On: true, Start: day(start)}
	if length := rapid.IntRange(0, 4).Draw(t, "days"); length > 0 {
		h.Return = day(start + length)
	}
	return h
}

// drawBook draws the choices that a business has about holds.
func drawBook(t *rapid.T) *Book {
	s := Defaults()
	s.OnHold.OpenEndedAction = often(t, "open-ended", "unallocate", "cancel")
	s.OnHold.ReturnDateInclusive = rapid.Bool().Draw(t, "inclusive")
	s.OnHold.RestorePartialCrew = rapid.Bool().Draw(t, "partial crews")
	s.OnHold.Checks.Regions = rapid.Bool().Draw(t, "regions are checked")
	s.Cancellation.Finalize = often(t, "finalize", "daemon", "external")
	s.Cancellation.AutoRestore = rapid.Bool().Draw(t, "auto restore")
	b, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// drawWorkflow draws a workflow of Ana's that may be cancelled.
func drawWorkflow(t *rapid.T) Workflow {
	w := Workflow{
		ID: "W1", Name: "W-1042", Status: often(t, "status", "active", "cancel-pending", "cancelled", ""),
		Model: rapid.SampledFrom([]string{"regular", "direct-pay"}).Draw(t, "model"), Product: often(t, "product", "Solar Loan", "Beam", "Infinity", ""),
		Photos: Tri(often(t, "photos", "no", "yes", "")), Invoice: Tri(rapid.SampledFrom([]string{"no", "yes", ""}).Draw(t, "invoice")),
		RoofClear: Tri(often(t, "roof", "yes", "no", "")), Signed: Date(often(t, "signed", "2026-02-25", "2025-06-01", "")),
		Homeowners: []Person{{ID: "C1", Name: "Ana", Email: often(t, "homeowner", "ana@example.com", "")}},
		Installer:  Person{Email: often(t, "installer", "roofs@example.com", "ana@example.com", "")},
		SalesRep:   Person{Email: "sam@example.com"},
		Signers:    []string{"installer"}, ChangedAt: drawnNow.AddDate(0, 0, -1),
		Memory: map[string]string{},
	}
	if w.Status == "cancel-pending" {
		since := drawnNow.AddDate(0, 0, -rapid.IntRange(0, 40).Draw(t, "days pending"))
		w.Memory[memoryPendingSince] = since.Format(time.RFC3339)
	}
	names := []string{"M1", "M2", "M3"}
	if w.Model == "direct-pay" {
		names = []string{"M1A", "M1B", "M2", "M3"}
	}
	current := rapid.IntRange(0, len(names)-1).Draw(t, "milestone")
	for i, name := range names {
		m := Milestone{ID: name, Name: name, Status: "not-submitted"}
		switch {
		case i < current:
			m.Status = "approved"
		case i == current:
			m.Status = often(t, "milestone's status", "not-submitted", "pending-review", "rejected")
		}
		w.Milestones = append(w.Milestones, m)
	}
	if decision := often(t, "referral", "", "open", "approved", "declined"); decision != "" {
		w.Referral = &Referral{ID: "A1", Decision: decision}
	}
	if rapid.Bool().Draw(t, "statement is kept") {
		w.Memory[memoryStatement] = "<m0@example.com>"
	}
	return w
}

// drawEvent draws what may happen to the workflow.
func drawEvent(t *rapid.T, id string) Event {
	e := Event{ID: id, At: drawnNow, Subject: Ref{"workflow", "W1"},
		Kind: rapid.SampledFrom([]string{CancellationRequested, CancellationRequested, RestoreRequested, RequestUnclear, WorkflowChanged, ReferralChanged, CancellationDue}).Draw(t, "kind")}
	e.By = often(t, "by", "", "Dana Whitlock", " ")
	if e.Kind != CancellationRequested && e.Kind != RestoreRequested && e.Kind != RequestUnclear || e.Kind == RestoreRequested && e.By != "" {
		return e
	}
	e.Subject = Ref{"request", id}
	e.Request = &Request{
		Asks: "cancel", From: often(t, "from", "ana@example.com", "roofs@example.com", "sam@example.com", "eve@example.com", ""),
		Auth: often(t, "auth", "pass", "none", "fail"), Words: often(t, "words", "own", "forwarded", "attached", "none"),
		Deceased: often(t, "deceased", "no", "yes") == "yes", Form: often(t, "form", "letter", "telegram"), MessageID: "<" + id + "@example.com>",
	}
	return e
}

// drawAssignment draws an assignment that may have been cancelled and billed.
func drawAssignment(t *rapid.T) Assignment {
	start := drawnNow.Add(time.Duration(rapid.IntRange(-4, 60).Draw(t, "hours until it")) * time.Hour)
	a := Assignment{
		ID: "A1", Name: "A-3017", Start: start, End: start.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours of it")) * time.Hour),
		Status:    rapid.SampledFrom([]string{"cancelled", "cancelled", "cancelled", "confirmed", "unfilled", "in-progress", "completed", ""}).Draw(t, "status"),
		Customer:  Customer{ID: "C1", Name: "Mercy Clinic"},
		Requester: often(t, "requester", "Front desk", "", " "), Ask: often(t, "ask", "", "cancel", "cancel-series", "uncancel"),
		Waive: often(t, "waive", "no", "yes") == "yes", WaivedBy: often(t, "waived by", "", "Eve", " "),
		Invoiced: often(t, "invoiced", "no", "yes") == "yes",
	}
	if rapid.Bool().Draw(t, "given to somebody") {
		a.Interpreters = []Interpreter{{ID: "X1", Name: "Lena Ortiz"}}
	}
	if rapid.Bool().Draw(t, "decided about billing") {
		a.Billing = &Billing{ID: "B1", Status: rapid.SampledFrom([]string{"pending-review", "pending-review", "not-billable", "waived", "voided", "approved", "invoiced", ""}).Draw(t, "billing")}
	}
	return a
}

// drawAsk draws what may be asked about the assignment without a mail.
func drawAsk(t *rapid.T, id string) Event {
	return Event{ID: id, At: drawnNow, Subject: Ref{"assignment", "A1"}, By: often(t, "by", "Dana Whitlock", "", " "),
		Kind: rapid.SampledFrom([]string{AssignmentCancelRequested, AssignmentUncancelRequested, AssignmentWaiveRequested, AssignmentChanged}).Draw(t, "kind")}
}
