package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CancellationSettings are the numbers and switches of the cancellation
// policy.
type CancellationSettings struct {
	// BusinessDays is how long a workflow stays Cancel Pending and can be
	// restored (MIL-2, MIL-3). Counted as MIL-A9 says: without the day of the
	// cancellation, to the end of the last day.
	BusinessDays int `json:"business_days" yaml:"business_days"`
	// Finalize tells who turns Cancel Pending into fully cancelled: external
	// (the org's own automation; nothing is written or sent here) or daemon
	// (MIL-A11). It must be chosen: two that do it send two notices.
	Finalize string `json:"finalize" yaml:"finalize"`
	// AutoRestore lets the daemon restore a workflow itself, instead of asking
	// Deal Processing by a case (MIL-A18).
	AutoRestore bool `json:"auto_restore" yaml:"auto_restore"`
	// DefaultReason is the reason of a cancellation whose mail gives none that
	// is in Reasons. Empty: such a request waits for a person (MIL-32).
	DefaultReason string `json:"default_reason" yaml:"default_reason"`
	// Reasons are the values of the drop-down list (MIL-32).
	Reasons []string `json:"reasons" yaml:"reasons"`
	// InternalDomains are the mail domains of the business itself. What comes
	// from there is not the homeowner's statement (MIL-29).
	InternalDomains []string `json:"internal_domains,omitempty" yaml:"internal_domains,omitempty"`
	// AcceptUnauthenticated takes a sender's address as proven although no mail
	// server vouched for it (MIL-A8). One that was found to be forged is never
	// taken.
	AcceptUnauthenticated bool `json:"accept_unauthenticated" yaml:"accept_unauthenticated"`
	// NeverProducts can never be cancelled (MIL-35).
	NeverProducts []string `json:"never_products,omitempty" yaml:"never_products,omitempty"`
	// RightOnlyProducts can be cancelled only within the contract's own right
	// to cancel (MIL-35). With either list set, a workflow whose product is not
	// known waits for a person.
	RightOnlyProducts []string `json:"right_only_products,omitempty" yaml:"right_only_products,omitempty"`
	// ContractRightDays is how many business days after signing the contract
	// itself gives the right to cancel (MIL-30, MIL-35).
	ContractRightDays int `json:"contract_right_days" yaml:"contract_right_days"`
	// RequireRoofCheck asks, beyond the contract's own right, that somebody has
	// confirmed that nothing is installed on the roof (MIL-30).
	RequireRoofCheck bool `json:"require_roof_check" yaml:"require_roof_check"`
	// M1ARejectPendingReview treats a review of M1A like one of M1: it is
	// rejected and submitted before the workflow is cancelled (MIL-A4).
	M1ARejectPendingReview bool `json:"m1a_reject_pending_review" yaml:"m1a_reject_pending_review"`
	// DealProcessingTeam is the team that case assignments go to (MIL-18).
	DealProcessingTeam string `json:"deal_processing_team" yaml:"deal_processing_team"`
}

func defaultCancellation() CancellationSettings {
	return CancellationSettings{
		BusinessDays:       14,
		Finalize:           "external",
		DefaultReason:      "Homeowner request",
		Reasons:            []string{"Changed mind", "Financial", "Moving", "Found another offer", "Delay", "Homeowner request", "Other"},
		NeverProducts:      []string{"Beam", "Concert"},
		RightOnlyProducts:  []string{"Infinity", "Infinity-IP"},
		ContractRightDays:  10,
		RequireRoofCheck:   true,
		DealProcessingTeam: "Deal Processing",
	}
}

func (s CancellationSettings) validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("cancellation.%s: %w", key, fmt.Errorf(format, args...)))
	}
	if s.BusinessDays < 1 || s.BusinessDays > 250 {
		bad("business_days", "%d; want 1 to 250", s.BusinessDays)
	}
	if s.Finalize != "external" && s.Finalize != "daemon" {
		bad("finalize", "%q; choose external (the org finishes cancellations itself) or daemon", s.Finalize)
	}
	if s.DefaultReason != "" && !slices.Contains(s.Reasons, s.DefaultReason) {
		bad("default_reason", "%q is not one of reasons: %s", s.DefaultReason, strings.Join(s.Reasons, ", "))
	}
	for _, domain := range s.InternalDomains {
		if domain == "" || strings.ContainsAny(domain, "@ ") {
			bad("internal_domains", "%q is not a domain; want one such as example.com", domain)
		}
	}
	if s.ContractRightDays < 0 || s.ContractRightDays > 250 {
		bad("contract_right_days", "%d; want 0 to 250", s.ContractRightDays)
	}
	if strings.TrimSpace(s.DealProcessingTeam) == "" {
		bad("deal_processing_team", "it is empty; want the name of the team, such as Deal Processing")
	}
	return errors.Join(errs...)
}
