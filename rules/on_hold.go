package rules

import (
	"errors"
	"fmt"
	"time"
)

// holdTable decides what a client's hold asks for. Which visits a change
// concerns follows from the new days and from the state of each visit alone,
// so "the start moved earlier" and "the start moved later" are one rule
// (HOLD-A26). HOLD-19 asks for nothing: it only says that the start is a
// planned one that is "updated or defined" (see HOLD-A23).
const holdTable = `
| row | occasion    | flag         | dates                               | then                                                      | because                                                                                         |
|-----|-------------|--------------|-------------------------------------|-----------------------------------------------------------|-------------------------------------------------------------------------------------------------|
| W1  | first-sight | -            | -                                   | nothing                                                   | HOLD-A39: the first look at a hold is recorded, not acted upon                                  |
| W2  | unchanged   | -            | -                                   | warn-active                                               | HOLD-A28, HOLD-A38: only a net change of the hold moves visits; what people do during it stands |
| W3  | changed     | off          | -                                   | nothing                                                   | HOLD-A25: dates without the box ticked are only a plan                                          |
| W4  | changed     | removed      | -                                   | decide-visits, summarize, watch-days                      | HOLD-5, HOLD-A24: the hold is over, whatever its dates: visits to come are given back           |
| W5  | changed     | on           | bounded                             | decide-visits, summarize, watch-days                      | HOLD-1, HOLD-9, HOLD-A4, HOLD-A6, HOLD-A23, HOLD-A26: held from the new start until the return  |
| W6  | changed     | on           | open-ended                          | decide-visits, summarize, watch-days                      | HOLD-8, HOLD-A3, HOLD-A7, HOLD-A23: held from the new start on                                  |
| W7  | changed     | on           | past-return                         | decide-visits, summarize, hold-for-review, watch-days     | HOLD-A22: the start was moved past the return: no day is left, and a person should know         |
| W8  | changed     | on           | none, invalid                       | hold-for-review, watch-days                               | HOLD-A21: the dates contradict each other: nothing is written                                   |
| W9  | day         | on           | open-ended                          | decide-waiting-visits, summarize, watch-days, warn-active | HOLD-A1, HOLD-A2: a visit that nobody has is cancelled when its day comes                       |
| W10 | day         | off, removed | -                                   | nothing                                                   | HOLD-A24: the hold is over                                                                      |
| W11 | day         | on           | none, bounded, past-return, invalid | nothing                                                   | HOLD-A27: only in an open-ended hold do visits wait for their day                               |
| W12 | unreadable  | -            | -                                   | hold-for-review                                           | HOLD-A21: without the client's record nobody can say what the hold is                           |
`

// visitTable decides what becomes of one visit of a client whose hold has
// changed.
const visitTable = `
| row | window                | start        | job                                                        | resource           | allocation | then                                        | because                                                                                      |
|-----|-----------------------|--------------|------------------------------------------------------------|--------------------|------------|---------------------------------------------|----------------------------------------------------------------------------------------------|
| N0  | -                     | -            | settled                                                    | -                  | -          | nothing                                     | HOLD-A9, HOLD-A19, HOLD-A29: not in a state that this hold changes                           |
| Q1  | cancelling, releasing | past         | waiting, allocated, in-flight, unallocated, group, unknown | -                  | -          | list-for-review                             | HOLD-A5, HOLD-A20: it has started already: never touched, a person looks                     |
| N1  | -                     | past         | cancelled                                                  | -                  | -          | nothing                                     | HOLD-A9, HOLD-13: the past stays as it is                                                    |
| N1b | outside               | past         | waiting, allocated, in-flight, unallocated, group, unknown | -                  | -          | nothing                                     | HOLD-A5, HOLD-10: the past stays as it is                                                    |
| Q2  | cancelling, releasing | today, later | in-flight, unknown                                         | -                  | -          | list-for-review                             | HOLD-A19: somebody is on the way, or nobody knows how it stands                              |
| Q3  | cancelling, releasing | today, later | group                                                      | -                  | -          | list-for-review                             | HOLD-A18: others take part who are not on hold                                               |
| H1  | cancelling            | today, later | allocated                                                  | -                  | live       | cancel-job, free-worker                     | HOLD-1, HOLD-2, HOLD-3, HOLD-4, HOLD-11, HOLD-12: cancelled, the worker freed and remembered |
| H1b | cancelling            | today, later | allocated                                                  | -                  | none       | cancel-job, warn-allocation                 | HOLD-1, HOLD-2: cancelled, though the worker it should have was not found                    |
| H2  | cancelling            | today, later | waiting                                                    | -                  | none       | cancel-job                                  | HOLD-1, HOLD-2, HOLD-9: cancelled; there is no worker to free                                |
| H2b | cancelling            | today, later | waiting                                                    | -                  | live       | cancel-job, free-worker, warn-allocation    | HOLD-3, HOLD-10: cancelled; a worker had it all the same and is freed                        |
| H3  | cancelling            | today, later | unallocated                                                | -                  | none       | cancel-job                                  | HOLD-9, HOLD-A27: cancelled; the worker of before stays remembered                           |
| H3b | cancelling            | today, later | unallocated                                                | -                  | live       | cancel-job, free-worker, warn-allocation    | HOLD-3, HOLD-9: cancelled; the worker it was given to meanwhile is freed                     |
| N2  | cancelling, releasing | today, later | cancelled                                                  | -                  | -          | nothing                                     | HOLD-A27: already held                                                                       |
| U1  | releasing             | today, later | allocated                                                  | -                  | live       | release-job, free-worker                    | HOLD-8, HOLD-A1: the worker is freed, the visit kept                                         |
| U1b | releasing             | today, later | allocated                                                  | -                  | none       | release-job, warn-allocation                | HOLD-8: kept, though the worker it should have was not found                                 |
| U2  | releasing             | today        | waiting, unallocated                                       | -                  | none       | cancel-job                                  | HOLD-A1, HOLD-A2: its day has come and nobody has it                                         |
| U2b | releasing             | today        | waiting, unallocated                                       | -                  | live       | cancel-job, free-worker, warn-allocation    | HOLD-A1, HOLD-3: its day has come; a worker had it all the same and is freed                 |
| N3  | releasing             | later        | waiting, unallocated                                       | -                  | -          | nothing                                     | HOLD-A2: it waits for its day                                                                |
| R2  | outside               | today, later | cancelled                                                  | free               | -          | allocate-saved, back-to-dispatch            | HOLD-5, HOLD-14, HOLD-18, HOLD-A13, HOLD-A30: back to its worker, who is asked again         |
| R5  | outside               | today, later | cancelled                                                  | partial            | -          | allocate-saved, back-to-dispatch, list-open | HOLD-A17: back to those of its workers who are free                                          |
| R3  | outside               | today, later | cancelled                                                  | inactive           | -          | back-to-allocation, list-open               | HOLD-6, HOLD-15, HOLD-A11, HOLD-A13: back, but its worker is no longer active                |
| R4  | outside               | today, later | cancelled                                                  | conflict           | -          | back-to-allocation, list-open               | HOLD-7, HOLD-16, HOLD-A12, HOLD-A13, HOLD-A17: back, but its worker cannot come              |
| R1  | outside               | today, later | cancelled                                                  | none               | -          | back-to-allocation, list-open               | HOLD-17, HOLD-18: back as it was, without a worker                                           |
| R2u | outside               | today, later | unallocated                                                | free               | none       | allocate-saved, back-to-dispatch            | HOLD-A8, HOLD-A30: back to its worker, who is asked again                                    |
| R5u | outside               | today, later | unallocated                                                | partial            | none       | allocate-saved, back-to-dispatch, list-open | HOLD-A8, HOLD-A17: back to those of its workers who are free                                 |
| R4u | outside               | today, later | unallocated                                                | inactive, conflict | none       | clear-mark, list-open                       | HOLD-A8, HOLD-A12: no longer held, but its worker cannot come                                |
| R1u | outside               | today, later | unallocated                                                | none               | none       | clear-mark, list-open                       | HOLD-A8: no longer held, and nobody had it before                                            |
| N4  | outside               | today, later | unallocated                                                | -                  | live       | clear-mark                                  | HOLD-A28: a person has given it to somebody meanwhile                                        |
| N5  | outside               | today, later | waiting, allocated, in-flight, group, unknown              | -                  | -          | nothing                                     | HOLD-A4, HOLD-A18: not held, and outside the hold                                            |
`

var holdColumns = []column{
	{"occasion", []string{"changed", "unchanged", "first-sight", "day", "unreadable"}},
	{"flag", []string{"on", "off", "removed"}},
	{"dates", []string{"none", "open-ended", "bounded", "past-return", "invalid"}},
}

var visitColumns = []column{
	{"window", []string{"cancelling", "releasing", "outside"}},
	{"start", []string{"past", "today", "later"}},
	{"job", []string{"settled", "waiting", "allocated", "in-flight", "cancelled", "unallocated", "group", "unknown"}},
	{"resource", []string{"free", "partial", "conflict", "inactive", "none"}},
	{"allocation", []string{"live", "none"}},
}

// What a row of holdTable may ask for.
const (
	nothing       = "nothing"
	decideVisits  = "decide-visits"         // visitTable decides every visit
	decideWaiting = "decide-waiting-visits" // visitTable decides today's visits that nobody has
	summarize     = "summarize"             // one comment about what happened to the visits
	watchDays     = "watch-days"            // sets the deadline of the next day on which visits wait, or takes it off
	warnActive    = "warn-active"           // warns of visits that go ahead during the hold
)

// What a row of visitTable may ask for besides the verbs.
const (
	backToDispatch   = "back-to-dispatch"   // reopen-job as pending-dispatch
	backToAllocation = "back-to-allocation" // reopen-job as pending-allocation
	clearMark        = "clear-mark"         // forgets that the visit was held
	listOpen         = "list-open"          // names the visit, and why, to those who assign workers
	listForReview    = "list-for-review"    // names the visit in the one thing for a person to look at
	warnAllocation   = "warn-allocation"    // warns that status and allocations contradict each other
)

// The verbs, see [onHold.verbs]. None deletes an allocation: marked, it tells
// whom the visit was taken from (HOLD-A10).
const (
	cancelJob     = "cancel-job"
	releaseJob    = "release-job"
	freeWorker    = "free-worker"
	allocateSaved = "allocate-saved"
	reopenJob     = "reopen-job"
	postComment   = "post-comment"
	holdForReview = "hold-for-review"
)

// abortReason is what cancelled visits are given as their reason (HOLD-2).
const abortReason = "Customer on Hold"

// OnHoldSettings are the choices that the rule book leaves to the business.
type OnHoldSettings struct {
	// RequireFlag: dates count only while the box "On Hold" is ticked
	// (HOLD-A25). If false, dates alone make a hold, and clearing them ends it.
	RequireFlag bool `json:"require_flag" yaml:"require_flag"`
	// AdoptExisting: a hold seen for the first time is carried out as if it had
	// just been set (HOLD-A39).
	AdoptExisting bool `json:"adopt_existing" yaml:"adopt_existing"`
	// OpenEndedAction is what a hold without a return date does to visits:
	// unallocate (HOLD-8) or cancel, as the guide to the return date has it
	// (HOLD-A1).
	OpenEndedAction string `json:"open_ended_action" yaml:"open_ended_action"`
	// ReturnDateInclusive: visits on the return date are held too (HOLD-A15).
	ReturnDateInclusive bool `json:"return_date_inclusive" yaml:"return_date_inclusive"`
	// OnlyOwn: visits that a person cancelled with the reason "Customer on
	// Hold" are not given back, only those cancelled by this rule (HOLD-A29).
	OnlyOwn bool `json:"only_own" yaml:"only_own"`
	// RestorePartialCrew: a visit of several workers goes back to those who are
	// free; otherwise to all of them or none (HOLD-A17).
	RestorePartialCrew bool `json:"restore_partial_crew" yaml:"restore_partial_crew"`
	// DefaultZone is where days begin for visits whose own zone, region and
	// client name none; an IANA name (HOLD-A16).
	DefaultZone string `json:"default_zone" yaml:"default_zone"`
	// NearHours: when a changed hold takes away a visit that starts within so
	// many hours, a person must approve, for it may cost a late-cancellation
	// fee. 0 switches it off (HOLD-A37).
	NearHours int `json:"near_hours" yaml:"near_hours"`
	// TravelBuffer is how much time must lie between two visits of a worker
	// (HOLD-A32).
	TravelBuffer time.Duration `json:"travel_buffer" yaml:"travel_buffer"`
	// Checks are made before a worker gets a visit back (HOLD-7).
	Checks ChecksSettings `json:"checks" yaml:"checks"`
}

// ChecksSettings switch the checks of a worker (HOLD-7, HOLD-A36).
type ChecksSettings struct {
	// Active: the worker is still active (HOLD-5).
	Active bool `json:"active" yaml:"active"`
	// Regions: one of the worker's regions is the visit's (HOLD-A34).
	Regions bool `json:"regions" yaml:"regions"`
	// Blacklisting: no account, location or work order refuses the worker
	// (HOLD-A35).
	Blacklisting bool `json:"blacklisting" yaml:"blacklisting"`
	// Unavailability: the worker is not absent at the time (HOLD-A33). Working
	// hours are not known here.
	Unavailability bool `json:"unavailability" yaml:"unavailability"`
	// Activities: the worker has no other activity at the time (HOLD-A36).
	Activities bool `json:"activities" yaml:"activities"`
	// JobConflicts: the worker has no other visit at the time (HOLD-A32).
	JobConflicts bool `json:"job_conflicts" yaml:"job_conflicts"`
}

func defaultOnHold() OnHoldSettings {
	return OnHoldSettings{
		RequireFlag:     true,
		OpenEndedAction: "unallocate",
		DefaultZone:     "America/New_York",
		NearHours:       48,
		Checks: ChecksSettings{
			Active: true, Regions: true, Blacklisting: true, Unavailability: true, JobConflicts: true,
		},
	}
}

// onHold is the rule book of clients' holds. It is immutable.
type onHold struct {
	settings OnHoldSettings
	zone     *time.Location
	hold     *table
	visit    *table
}

func loadOnHold(s OnHoldSettings) (*onHold, error) {
	var errs []error
	zone, err := time.LoadLocation(s.DefaultZone)
	if err != nil || s.DefaultZone == "" || s.DefaultZone == "Local" {
		errs = append(errs, fmt.Errorf("on_hold.default_zone: %q is not a time zone; want a name such as Australia/Sydney", s.DefaultZone))
	}
	if s.OpenEndedAction != "unallocate" && s.OpenEndedAction != "cancel" {
		errs = append(errs, fmt.Errorf("on_hold.open_ended_action: %q is not known; want unallocate or cancel", s.OpenEndedAction))
	}
	if s.NearHours < 0 {
		errs = append(errs, fmt.Errorf("on_hold.near_hours: %d is negative; want 0 (off) or more", s.NearHours))
	}
	if s.TravelBuffer < 0 {
		errs = append(errs, fmt.Errorf("on_hold.travel_buffer: %s is negative; want 0s or more", s.TravelBuffer))
	}
	hold, err := parseTable("on_hold.hold", "What a client's hold asks for, when it changes or a day of it begins.",
		holdTable, holdColumns, []string{nothing, decideVisits, decideWaiting, summarize, watchDays, warnActive, holdForReview})
	errs = append(errs, err)
	visit, err := parseTable("on_hold.visit", "What becomes of one visit of a client whose hold has changed.",
		visitTable, visitColumns, []string{nothing, cancelJob, releaseJob, freeWorker, allocateSaved,
			backToDispatch, backToAllocation, clearMark, listOpen, listForReview, warnAllocation})
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &onHold{settings: s, zone: zone, hold: hold, visit: visit}, nil
}

func (p *onHold) name() string     { return "on_hold" }
func (p *onHold) kinds() []string  { return []string{HoldChanged, HoldDay} }
func (p *onHold) tables() []*table { return []*table{p.hold, p.visit} }

func (p *onHold) verbs() []Verb {
	return []Verb{
		{cancelJob, "Cancels a visit (on job) for args.reason (HOLD-2) and saves args.resource on it, whom it should go back to; empty clears what was saved (HOLD-4, HOLD-12, HOLD-17). args.status-was is the status it must still have.", "auto"},
		{releaseJob, "Puts a visit (on job) back to pending allocation and saves args.resource as cancel-job does (HOLD-8). args.status-was is the status it must still have.", "auto"},
		{freeWorker, "Marks an allocation (on allocation) of args.job to args.resource as deleted; the record stays (HOLD-3, HOLD-11, HOLD-A10). args.status-was is the status it must still have.", "auto"},
		{allocateSaved, "Creates a new allocation of a visit (on job) to args.resource (HOLD-5, HOLD-14).", "auto"},
		{reopenJob, "Sets a visit (on job) to args.status, pending-dispatch or pending-allocation, and removes its abort reason (HOLD-18, HOLD-A13); args.clear-resource says yes if the saved resource is to be cleared, no to keep it as a hint (HOLD-A14). args.status-was is the status it must still have.", "auto"},
		{postComment, "Posts args.text in the feed of a contact (on contact).", "auto"},
		{holdForReview, "Opens a case titled args.title with args.text for the back office, about the contact args.contact.", "auto"},
	}
}
