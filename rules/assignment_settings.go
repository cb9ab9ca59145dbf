package rules

import (
	"fmt"
	"time"
)

// AssignmentSettings are the numbers and switches of the assignment policy.
type AssignmentSettings struct {
	// AgencyWindowHours is the cancellation window of a customer or interpreter
	// without an own one (ASG-16), -1 if the agency has none either: then such
	// a cancellation waits for a person (ASG-A18).
	AgencyWindowHours float64 `json:"agency_window_hours" yaml:"agency_window_hours"`
	// AgencyMinimumMinutes is the least time that is billed where a party has
	// no minimum of its own (ASG-4, ASG-A5).
	AgencyMinimumMinutes float64 `json:"agency_minimum_minutes" yaml:"agency_minimum_minutes"`
	// Verdict is joint, if one party's window makes the cancellation billable
	// for all (ASG-15, ASG-A2), or per_party, if each party is judged by its
	// own (ASG-A3).
	Verdict string `json:"verdict" yaml:"verdict"`
	// Notice is measured in elapsed hours, or in business hours (ASG-A7).
	Notice string `json:"notice" yaml:"notice"`
	// BusinessOpens is the local time at which the business hours of a business
	// day begin, such as 09:00 (ASG-A7).
	BusinessOpens string `json:"business_opens" yaml:"business_opens"`
	// BusinessCloses is when they end, such as 17:00 (ASG-A7).
	BusinessCloses string `json:"business_closes" yaml:"business_closes"`
	// AcceptUnauthenticated takes a sender's address as proven although no mail
	// server vouched for it (ASG-A16). One that was found to be forged is never
	// taken.
	AcceptUnauthenticated bool `json:"accept_unauthenticated" yaml:"accept_unauthenticated"`
}

func defaultAssignment() AssignmentSettings {
	return AssignmentSettings{
		AgencyWindowHours:    24,
		AgencyMinimumMinutes: 60,
		Verdict:              "joint",
		Notice:               "elapsed",
		BusinessOpens:        "09:00",
		BusinessCloses:       "17:00",
	}
}

// mostHours bounds windows to ten years, and minimums to as many minutes.
const mostHours = 87600

func (s AssignmentSettings) validate() (opens, closes time.Duration, errs []error) {
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("assignment.%s: %w", key, fmt.Errorf(format, args...)))
	}
	if s.AgencyWindowHours != -1 && !(s.AgencyWindowHours >= 0 && s.AgencyWindowHours <= mostHours) {
		bad("agency_window_hours", "%v; want 0 or more hours, or -1 if there is none", s.AgencyWindowHours)
	}
	if !(s.AgencyMinimumMinutes >= 0 && s.AgencyMinimumMinutes <= mostHours) {
		bad("agency_minimum_minutes", "%v; want 0 or more minutes", s.AgencyMinimumMinutes)
	}
	if s.Verdict != "joint" && s.Verdict != "per_party" {
		bad("verdict", "%q; want joint (one party's window counts for all) or per_party", s.Verdict)
	}
	if s.Notice != "elapsed" && s.Notice != "business" {
		bad("notice", "%q; want elapsed (every hour counts) or business (only business hours)", s.Notice)
	}
	clock := func(key, text string) time.Duration {
		at, err := time.Parse("15:04", text)
		if err != nil {
			bad(key, "%q is not a time of day; want one such as 09:00", text)
		}
		return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	opens, closes = clock("business_opens", s.BusinessOpens), clock("business_closes", s.BusinessCloses)
	if len(errs) == 0 && opens >= closes {
		bad("business_closes", "%s is not after business_opens, %s", s.BusinessCloses, s.BusinessOpens)
	}
	return opens, closes, errs
}
