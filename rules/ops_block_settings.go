package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// OpsBlockSettings are the choices of the ops block policy. What a job, a
// ticket, a contact and a sale can be is the business's own (1Stop: "your
// company may have modified these fields"), so their states are the org's
// words; upper and lower case are the same.
type OpsBlockSettings struct {
	// AutoReopen tells who takes a canceled block back to Open: crm (automation
	// of the org) or daemon, which waits ReopenDelay first and then does it if
	// nobody has (OPS-6, OPS-A10).
	AutoReopen string `json:"auto_reopen" yaml:"auto_reopen"`
	// ReopenDelay is how long a block has been Canceled before it is looked at
	// again; one poll or more (OPS-A10).
	ReopenDelay time.Duration `json:"reopen_delay" yaml:"reopen_delay"`
	// StuckAfter is how long a block may stay Canceled before a person is asked
	// to look (OPS-7).
	StuckAfter time.Duration `json:"stuck_after" yaml:"stuck_after"`
	// RequiredFields are what the Cancel transition asks for: reason, notes.
	// What has one of them empty is not cancelled (OPS-4). Reset Service of a
	// Revenue Service is always required (OPS-A6).
	RequiredFields []string `json:"required_fields" yaml:"required_fields"`
	// ClearFields are emptied when a block is opened again: job, ticket,
	// contact, sale, event_at, reset_service, reason, notes (OPS-A11).
	ClearFields []string `json:"clear_fields,omitempty" yaml:"clear_fields,omitempty"`
	// JobState is where the job of an Install goes back to (OPS-10).
	JobState string `json:"job_state" yaml:"job_state"`
	// ScheduledJobStates mean that a job is scheduled and not begun; from no
	// other state is it moved back (OPS-A13).
	ScheduledJobStates []string `json:"scheduled_job_states" yaml:"scheduled_job_states"`
	// TicketState is where the shipping ticket of a Delivery goes back to
	// (OPS-11).
	TicketState string `json:"ticket_state" yaml:"ticket_state"`
	// ScheduledTicketStates are to tickets what ScheduledJobStates are to jobs
	// (OPS-A13).
	ScheduledTicketStates []string `json:"scheduled_ticket_states" yaml:"scheduled_ticket_states"`
	// ReadyToResetState is the state in which a contact's revenue service can be
	// set again (OPS-12). Empty: the state is left alone and a person is asked to
	// set it (OPS-A4).
	ReadyToResetState string `json:"ready_to_reset_state" yaml:"ready_to_reset_state"`
	// ServiceState is the contact's state during a revenue service, the only one
	// that is left for RestState (OPS-13, OPS-14).
	ServiceState string `json:"service_state" yaml:"service_state"`
	// RestState is where the contact of a service without reset goes (OPS-13,
	// OPS-A5).
	RestState string `json:"rest_state" yaml:"rest_state"`
	// SaleState is what the sale of a service without reset is set to (OPS-15).
	SaleState string `json:"sale_state" yaml:"sale_state"`
	// OpenSaleStates are those of sales that nobody has approved yet. Any other
	// sale counts as approved, and only a person cancels it (OPS-A15, OPS-R6).
	OpenSaleStates []string `json:"open_sale_states" yaml:"open_sale_states"`
	// EndedSaleStates are those of sales that are canceled already (OPS-A15).
	EndedSaleStates []string `json:"ended_sale_states" yaml:"ended_sale_states"`
}

func defaultOpsBlock() OpsBlockSettings {
	return OpsBlockSettings{
		AutoReopen:            "daemon",
		ReopenDelay:           time.Minute,
		StuckAfter:            24 * time.Hour,
		RequiredFields:        []string{"reason"},
		JobState:              "Approved to Proceed",
		ScheduledJobStates:    []string{"Install Scheduled", "Pre-Call Completed"},
		TicketState:           "Ready to Schedule",
		ScheduledTicketStates: []string{"Scheduled"},
		ServiceState:          "Service in Progress",
		RestState:             "Rest",
		SaleState:             "Service Canceled",
		OpenSaleStates:        []string{"New", "Not Approved"},
		EndedSaleStates:       []string{"Canceled", "Canceled with Balance"},
	}
}

// What the settings may name of a block.
var (
	blockRequirable = []string{"reason", "notes"}
	blockClearable  = []string{"job", "ticket", "contact", "sale", "event_at", "reset_service", "reason", "notes"}
)

func (s OpsBlockSettings) validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("ops_block.%s: %w", key, fmt.Errorf(format, args...)))
	}
	among := func(key string, names, known []string) {
		for _, name := range names {
			if !slices.Contains(known, name) {
				bad(key, "%q is no field of a block that can stand here; there are %s", name, strings.Join(known, ", "))
			}
		}
	}
	if s.AutoReopen != "crm" && s.AutoReopen != "daemon" {
		bad("auto_reopen", "%q; choose crm (the org opens blocks again itself) or daemon", s.AutoReopen)
	}
	if s.ReopenDelay <= 0 {
		bad("reopen_delay", "%s; want more than 0s, such as 1m", s.ReopenDelay)
	}
	if s.StuckAfter < s.ReopenDelay {
		bad("stuck_after", "%s is less than reopen_delay; want %s or more", s.StuckAfter, s.ReopenDelay)
	}
	among("required_fields", s.RequiredFields, blockRequirable)
	among("clear_fields", s.ClearFields, blockClearable)
	for _, state := range []struct{ key, value string }{
		{"job_state", s.JobState}, {"ticket_state", s.TicketState}, {"service_state", s.ServiceState},
		{"rest_state", s.RestState}, {"sale_state", s.SaleState},
	} {
		if strings.TrimSpace(state.value) == "" {
			bad(state.key, "it is empty; want the state's name in the org")
		}
	}
	if both := slices.IndexFunc(s.OpenSaleStates, func(state string) bool {
		return contains(s.EndedSaleStates, state) || strings.EqualFold(state, s.SaleState)
	}); both >= 0 {
		bad("open_sale_states", "%q is a canceled sale's state too; want it in one list", s.OpenSaleStates[both])
	}
	return errors.Join(errs...)
}
