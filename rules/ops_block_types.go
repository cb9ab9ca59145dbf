package rules

import "time"

// An OpsBlock is a stretch of a crew's calendar that is set for a piece of
// work.
type OpsBlock struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// State is open, set, confirmed, issued, completed, cancelling (somebody
	// wants it cancelled) or canceled; empty if not mapped.
	State string `json:"state" yaml:"state"`
	// Type is install, delivery, revenue-service, go-back, warranty, site-visit
	// or measure; empty if not mapped.
	Type string `json:"type" yaml:"type"`
	// Start and End are its Time Block Restrictions.
	Start time.Time `json:"start,omitzero" yaml:"start,omitempty"`
	End   time.Time `json:"end,omitzero" yaml:"end,omitempty"`
	// EventAt is when the work is set for; zero if nobody knows.
	EventAt      time.Time `json:"event_at,omitzero" yaml:"event_at,omitempty"`
	ResetService Tri       `json:"reset_service,omitempty" yaml:"reset_service,omitempty"`
	// Reason and Notes are what the Cancel transition asks for.
	Reason string `json:"reason,omitempty" yaml:"reason,omitempty"`
	Notes  string `json:"notes,omitempty" yaml:"notes,omitempty"`
	// Job, Ticket, Contact and Sale are what it was set for; nil if none is
	// linked.
	Job     *Linked `json:"job,omitempty" yaml:"job,omitempty"`
	Ticket  *Linked `json:"ticket,omitempty" yaml:"ticket,omitempty"`
	Contact *Linked `json:"contact,omitempty" yaml:"contact,omitempty"`
	Sale    *Linked `json:"sale,omitempty" yaml:"sale,omitempty"`
	// Meetings are the ids of the calendar events that belong to it.
	Meetings []string `json:"meetings,omitempty" yaml:"meetings,omitempty"`
	// Siblings are the other blocks of its job, ticket or contact.
	Siblings []Sibling `json:"siblings,omitempty" yaml:"siblings,omitempty"`
	// Memory holds "state" (as last seen), "cancelled" (when it was first seen
	// Canceled) and "effects" (the event that began to send its work back).
	Memory map[string]string `json:"memory,omitempty" yaml:"memory,omitempty"`
}

// A Linked record is one that an ops block was set for.
type Linked struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// State is the org's word, see [OpsBlockSettings].
	State string `json:"state,omitempty" yaml:"state,omitempty"`
}

// A Sibling is another ops block for the same work; State and Type are as in
// [OpsBlock].
type Sibling struct {
	Name  string `json:"name" yaml:"name"`
	State string `json:"state" yaml:"state"`
	Type  string `json:"type" yaml:"type"`
}
