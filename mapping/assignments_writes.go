package mapping

import (
	"errors"
	"fmt"
	"strconv"

	"standdown/rules"
)

func (w *writer) cancelAssignment(a rules.Action) (Write, error) {
	was := w.is("assignment", "status", a.Args["status-was"])
	if was.value == "" {
		return Write{}, errors.New("the action does not say the assignment's status, or the org has no word for it")
	}
	to := []set{
		w.is("assignment", "status", "cancelled"),
		{field: "requested_by", value: shortened(a.Args["requester"], maxSubject)},
		{field: "cancelled_by", value: a.Args["by"]},
		{field: "cancelled_at", value: a.Args["at"]},
	}
	write := w.update("assignment", a.On.ID, []set{was}, append(to, w.answered(a.On.ID)...))
	write.Text += "; " + a.Args["verdict"]
	return write, nil
}

// reopenAssignment empties what the cancellation left on the record, the box
// that waives billing too: it was about this cancellation, not the next.
func (w *writer) reopenAssignment(a rules.Action) (Write, error) {
	to := []set{
		w.is("assignment", "status", "unfilled"),
		{field: "requested_by"}, {field: "cancelled_by"}, {field: "cancelled_at"},
		{field: "waive", value: false}, {field: "waived_by"},
	}
	return w.update("assignment", a.On.ID, []set{w.is("assignment", "status", "cancelled")}, append(to, w.answered(a.On.ID)...)), nil
}

// answered empties what was asked for by the record, if anything was.
func (w *writer) answered(id string) []set {
	for _, a := range w.snapshot.Assignments {
		if a.ID == id && a.Ask != "" {
			return []set{{field: "ask"}}
		}
	}
	return nil
}

func (w *writer) releaseInterpreter(a rules.Action) (Write, error) {
	write := w.update("assignment_interpreter", a.On.ID,
		[]set{w.is("assignment_interpreter", "status", "assigned")},
		[]set{w.is("assignment_interpreter", "status", "released")})
	write.Text += " (" + a.Args["name"] + ")"
	return write, nil
}

// billingStatus is what a new billing decision begins as. A billable one is
// never approved by itself.
var billingStatus = map[string]string{"billable": "pending-review", "free": "not-billable", "waived": "waived"}

func (w *writer) recordBilling(a rules.Action) (Write, error) {
	status := w.is("billing", "status", billingStatus[a.Args["verdict"]])
	if status.value == "" {
		return Write{}, fmt.Errorf("no billing decision is called %q", a.Args["verdict"])
	}
	var minutes [2]float64
	for i, name := range []string{"charge-minutes", "payout-minutes"} {
		n, err := strconv.ParseFloat(a.Args[name], 64)
		if err != nil {
			return Write{}, fmt.Errorf("reading %s: %w", name, err)
		}
		minutes[i] = n
	}
	return w.create("billing", "New billing decision: "+status.String()+": "+a.Args["details"], []set{
		{field: "assignment", value: a.On.ID},
		status,
		{field: "charge_minutes", value: minutes[0]},
		{field: "payout_minutes", value: minutes[1]},
		{field: "travel", value: 0.0}, {field: "mileage", value: 0.0}, {field: "expenses", value: 0.0},
		{field: "details", value: shortened(a.Args["details"], maxDescription)},
		{field: "waived_by", value: orNil(a.Args["waived-by"])},
	}), nil
}

func (w *writer) voidBilling(a rules.Action) (Write, error) {
	return w.billing(a, []set{w.is("billing", "status", "voided")})
}

func (w *writer) waiveBilling(a rules.Action) (Write, error) {
	return w.billing(a, []set{w.is("billing", "status", "waived"), {field: "waived_by", value: a.Args["by"]}})
}

// billing changes a billing decision that is still what it was.
func (w *writer) billing(a rules.Action, to []set) (Write, error) {
	was := w.is("billing", "status", a.Args["status-was"])
	if was.value == "" {
		return Write{}, errors.New("the action does not say the status of the billing decision, or the org has no word for it")
	}
	return w.update("billing", a.On.ID, []set{was}, to), nil
}
