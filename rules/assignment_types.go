package rules

import "time"

// An Assignment is one occurrence of a person's work for a customer, such as an
// interpreter's appointment.
type Assignment struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// Status is unfilled, offered, filled, confirmed, in-progress, completed or
	// cancelled; empty if the value in the org is not mapped.
	Status string    `json:"status" yaml:"status"`
	Start  time.Time `json:"start,omitzero" yaml:"start,omitempty"` // zero if nobody knows
	End    time.Time `json:"end,omitzero" yaml:"end,omitempty"`
	// Series is the same for all occurrences of a series; empty for one that
	// stands alone. How series recur is the org's business (ASG-25).
	Series   string   `json:"series,omitempty" yaml:"series,omitempty"`
	Customer Customer `json:"customer" yaml:"customer"`
	// Interpreters are those it is given to.
	Interpreters []Interpreter `json:"interpreters,omitempty" yaml:"interpreters,omitempty"`
	Invoiced     bool          `json:"invoiced,omitempty" yaml:"invoiced,omitempty"`
	// Requester is who at the customer's asked to cancel it, as the record has
	// it.
	Requester string `json:"requester,omitempty" yaml:"requester,omitempty"`
	// CancelledBy is who has cancelled it, as the record has it.
	CancelledBy string `json:"cancelled_by,omitempty" yaml:"cancelled_by,omitempty"`
	// Ask is what a person asks for by the record: cancel, cancel-series,
	// uncancel; empty if nothing, or nothing that is mapped.
	Ask string `json:"ask,omitempty" yaml:"ask,omitempty"`
	// Waive tells that the box is ticked that waives billing, WaivedBy who is
	// on record for it.
	Waive    bool     `json:"waive,omitempty" yaml:"waive,omitempty"`
	WaivedBy string   `json:"waived_by,omitempty" yaml:"waived_by,omitempty"`
	Billing  *Billing `json:"billing,omitempty" yaml:"billing,omitempty"` // the latest decision
	// Memory holds "cancelled-at", when its status was found to be cancelled,
	// "asked", the event that asked to cancel it, and "answered", what of Ask has
	// been answered.
	Memory map[string]string `json:"memory,omitempty" yaml:"memory,omitempty"`
}

// A Customer is whoever has work done and pays for it.
type Customer struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// Contacts are those who may speak for it, with their addresses.
	Contacts []Person `json:"contacts,omitempty" yaml:"contacts,omitempty"`
	Terms    `yaml:",inline"`
}

// An Interpreter is somebody an assignment is given to.
type Interpreter struct {
	// ID is that of the record that gives the assignment to them.
	ID    string `json:"id" yaml:"id"`
	Name  string `json:"name,omitempty" yaml:"name,omitempty"`
	Terms `yaml:",inline"`
}

// Terms are what a party has agreed on for cancellations; nil where it has
// nothing of its own.
type Terms struct {
	WindowHours    *float64 `json:"window_hours,omitempty" yaml:"window_hours,omitempty"`
	MinimumMinutes *float64 `json:"minimum_minutes,omitempty" yaml:"minimum_minutes,omitempty"`
}

// A Billing is the decision whether a cancellation is billed.
type Billing struct {
	ID string `json:"id" yaml:"id"`
	// Status is pending-review, not-billable, waived, voided, approved or
	// invoiced; empty if the value in the org is not mapped.
	Status string `json:"status" yaml:"status"`
}
