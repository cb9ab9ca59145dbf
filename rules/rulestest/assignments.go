package rulestest

import (
	"fmt"
	"time"

	"standdown/rules"
)

// An assignment is a rules.Assignment with defaults.
type assignment struct{ rules.Assignment }

func (a *assignment) UnmarshalYAML(decode func(any) error) error {
	hours := func(n float64) *float64 { return &n }
	start := time.Date(2026, time.November, 24, 15, 0, 0, 0, time.UTC)
	a.Assignment = rules.Assignment{
		Status: "confirmed", Start: start, End: start.Add(2 * time.Hour),
		Customer: rules.Customer{
			ID: "CU1", Name: "Mercy Clinic", Contacts: []rules.Person{{ID: "P1", Name: "Front desk", Email: "desk@mercy.example"}},
			Terms: rules.Terms{WindowHours: hours(48), MinimumMinutes: hours(90)},
		},
		Interpreters: []rules.Interpreter{{ID: "X1", Name: "Lena Ortiz"}},
	}
	return decode(&a.Assignment)
}

// assignmentsOf completes names: the first is A1, called A-3017, the second A2,
// called A-3018.
func (ex *example) assignmentsOf() []rules.Assignment {
	var all []rules.Assignment
	if ex.Assignment != nil {
		all = append(all, ex.Assignment.Assignment)
	}
	for _, a := range ex.Assignments {
		all = append(all, a.Assignment)
	}
	for i := range all {
		if all[i].ID == "" {
			all[i].ID = fmt.Sprintf("A%d", i+1)
		}
		if all[i].Name == "" {
			all[i].Name = fmt.Sprintf("A-%d", 3017+i)
		}
	}
	return all
}

// writtenBy lets a mail about assignments be, by default, the customer's, and
// ask of the policy for assignments.
func (m *mail) writtenBy(all []rules.Assignment, e *rules.Event) {
	if m.From == "the homeowner" || m.From == "the customer" {
		m.From = ""
		if contacts := all[0].Customer.Contacts; len(contacts) > 0 {
			m.From, m.Name = contacts[0].Email, contacts[0].Name
		}
	}
	switch {
	case e.Kind != "":
	case m.Asks == "cancel":
		e.Kind = rules.AssignmentCancelRequested
	case m.Asks == "uncancel":
		e.Kind = rules.AssignmentUncancelRequested
	}
}
