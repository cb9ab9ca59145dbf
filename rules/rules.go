// Package rules decides. Given how the world is (a [Snapshot]), what happened
// (an [Event]) and the time, it says what must follow (a [Plan]), by the
// business's own rules, and why.
//
// It does nothing else: no input or output, no clock, no goroutine. The same
// input gives the same plan. [Book.Decide] is total: whatever is asked has an
// answer, because [Load] refuses decision tables with gaps or overlaps; what
// nobody can know goes to a person.
//
// One policy is one file: its table (what), its facts (how they are
// established) and its verbs. The numbers in a row's reason, such as MIL-18,
// name the requirement it carries out.
package rules

import (
	"strings"
	"time"
)

// Kinds of event. They are stored: add, never rename.
const (
	CancellationRequested = "cancellation.requested" // a mail asks to cancel a workflow
	RestoreRequested      = "restore.requested"      // a mail, or somebody of the back office, asks to restore a workflow
	RequestUnclear        = "request.unclear"        // a mail asks for something nobody here can be sure of
	WorkflowChanged       = "workflow.changed"       // a workflow record changed in Salesforce
	ReferralChanged       = "referral.changed"       // Deal Processing's case assignment changed
	CancellationDue       = "cancellation.due"       // the deadline of a pending cancellation was reached
	HoldChanged           = "hold.changed"           // a client's hold fields changed
	HoldDay               = "hold.day"               // a day of an open-ended hold has begun on which visits wait

	BlockChanged         = "block.changed"          // an ops block changed in Salesforce
	BlockDue             = "block.due"              // a canceled ops block should be open again
	BlockCancelRequested = "block.cancel-requested" // a mail asks to cancel an ops block
	RescheduleRequested  = "reschedule.requested"   // a mail asks for another time of an ops block

	AssignmentCancelRequested   = "assignment.cancel-requested"   // somebody asks to cancel an assignment or its series
	AssignmentUncancelRequested = "assignment.uncancel-requested" // somebody asks to take a cancellation back
	AssignmentWaiveRequested    = "assignment.waive-requested"    // somebody of the back office waives the billing of a cancellation
	AssignmentChanged           = "assignment.changed"            // an assignment's record changed in Salesforce
)

// A Ref names a thing in the business's words, such as kind "workflow",
// "client", "block", "assignment" or "request", and the system's id for it.
type Ref struct {
	Kind string `json:"kind" yaml:"kind"`
	ID   string `json:"id" yaml:"id"`
}

func (r Ref) String() string { return r.Kind + " " + r.ID }

// An Event is something that happened. It says what happened, not how the
// world looks now: events arrive late, twice or not at all, so a policy reads
// everything that can change from the Snapshot.
type Event struct {
	// ID is the same when the event is delivered again.
	ID   string `json:"id" yaml:"id"`
	Kind string `json:"kind" yaml:"kind"`
	// At is when it happened, by the server's clock (mail: INTERNALDATE).
	At time.Time `json:"at" yaml:"at"`
	// Subject is the record that the event is about; a request by mail has
	// kind "request" and the event's ID, for its workflow is yet to be found.
	Subject Ref `json:"subject" yaml:"subject"`
	// By is who of the back office asks, by name; empty unless somebody has
	// asked for it under their own name. It counts only where Request is not
	// set: a mail is judged by what is proven about its sender.
	By string `json:"by,omitempty" yaml:"by,omitempty"`
	// Reason is why, in the words of whoever By is. It is told to people;
	// nothing rests on it.
	Reason string `json:"reason,omitempty" yaml:"reason,omitempty"`
	// Request is set for requests by mail.
	Request *Request `json:"request,omitempty" yaml:"request,omitempty"`
}

// A Wish is what somebody of the back office can ask for under their own name.
type Wish struct {
	Kind  string // of the event
	About string // kind of the event's subject
}

// WishFor returns the wish that a word stands for: restore, uncancel or waive;
// and false for any other.
func WishFor(word string) (w Wish, ok bool) {
	switch word {
	case "restore":
		return Wish{RestoreRequested, "workflow"}, true
	case "uncancel":
		return Wish{AssignmentUncancelRequested, "assignment"}, true
	case "waive":
		return Wish{AssignmentWaiveRequested, "assignment"}, true
	}
	return Wish{}, false
}

// askedBy is who of the back office asks under their own name; empty if nobody
// does.
func (e *Event) askedBy() string {
	if e.Request != nil {
		return ""
	}
	return strings.TrimSpace(e.By)
}

// because ends what is told of such a request with the reason given.
func (e *Event) because() string {
	if e.askedBy() == "" || strings.TrimSpace(e.Reason) == "" {
		return ""
	}
	return "\nReason given: " + shorten(strings.TrimSpace(e.Reason), 1000)
}

// A Request is what a mail asks for, as read by package mapping.
type Request struct {
	// Asks is what is wanted: cancel, restore, hold, end-hold, uncancel,
	// reschedule, or unclear.
	Asks string `json:"asks" yaml:"asks"`
	// From is the address of the one sender, in lower case; empty if the mail
	// has none or several.
	From string `json:"from" yaml:"from"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// Auth is what is proven about From: pass, fail or none (nobody vouched).
	Auth       string `json:"auth" yaml:"auth"`
	AuthReason string `json:"auth_reason,omitempty" yaml:"auth_reason,omitempty"`
	// Words tells whose words carry the request: own (the sender's new text),
	// forwarded (somebody else's, passed on), attached (in a file nobody here
	// can read), none.
	Words string `json:"words" yaml:"words"`
	// Claims is the address that a forwarded request claims to be from.
	Claims string `json:"claims,omitempty" yaml:"claims,omitempty"`
	// Form is letter, notice (a Notice of Cancellation) or telegram.
	Form string `json:"form,omitempty" yaml:"form,omitempty"`
	// Deceased tells that the mail says that the homeowner has died.
	Deceased bool `json:"deceased,omitempty" yaml:"deceased,omitempty"`
	// Reason is the reason the mail gives, in the words of the org's drop-down
	// list; empty if it gives none that is known.
	Reason string `json:"reason,omitempty" yaml:"reason,omitempty"`
	// References are contract ids and workflow numbers found in the mail.
	References []string `json:"references,omitempty" yaml:"references,omitempty"`
	// Dates are the days that the mail names.
	Dates []Date `json:"dates,omitempty" yaml:"dates,omitempty"`
	// About is what kind of thing it speaks of: contract, visit (an appointment,
	// an assignment, a block of time) or empty if that does not say.
	About string `json:"about,omitempty" yaml:"about,omitempty"`
	// Series tells that it speaks of a whole series.
	Series   bool   `json:"series,omitempty" yaml:"series,omitempty"`
	Language string `json:"language,omitempty" yaml:"language,omitempty"` // en or es
	Subject  string `json:"subject,omitempty" yaml:"subject,omitempty"`
	// People and Addresses are names and postal addresses in the mail, as it
	// writes them. They are shown to a person who must decide; nothing rests on
	// them.
	People    []string `json:"people,omitempty" yaml:"people,omitempty"`
	Addresses []string `json:"addresses,omitempty" yaml:"addresses,omitempty"`
	// Quote is the sentence that made it a request, at most 300 characters.
	Quote string `json:"quote,omitempty" yaml:"quote,omitempty"`
	// MessageID and SHA256 identify the mail as evidence.
	MessageID  string   `json:"message_id,omitempty" yaml:"message_id,omitempty"`
	SHA256     string   `json:"sha256,omitempty" yaml:"sha256,omitempty"`
	ReplyChain []string `json:"reply_chain,omitempty" yaml:"reply_chain,omitempty"` // Message-IDs for References of an answer
}

// A Snapshot is how the world is at the moment of deciding.
type Snapshot struct {
	// Workflows are all that the request or event may mean.
	Workflows []Workflow `json:"workflows,omitempty" yaml:"workflows,omitempty"`
	// Client is set for events about a hold.
	Client *Client `json:"client,omitempty" yaml:"client,omitempty"`
	// Blocks are all ops blocks that the request or event may mean.
	Blocks []OpsBlock `json:"blocks,omitempty" yaml:"blocks,omitempty"`
	// Assignments are all that the request or event may mean, with every
	// occurrence of their series, by start.
	Assignments []Assignment `json:"assignments,omitempty" yaml:"assignments,omitempty"`
}

// Tri is yes, no, or empty for "nobody knows".
type Tri string

// A Date is a calendar day without a zone, 2006-01-02; empty if there is none.
// Dates compare as strings.
type Date string

// A Person is somebody with a name and perhaps an address.
type Person struct {
	ID    string `json:"id,omitempty" yaml:"id,omitempty"`
	Name  string `json:"name,omitempty" yaml:"name,omitempty"`
	Email string `json:"email,omitempty" yaml:"email,omitempty"`
}

// A Workflow is a homeowner's contract on its way through the milestones.
type Workflow struct {
	ID       string `json:"id" yaml:"id"`
	Name     string `json:"name,omitempty" yaml:"name,omitempty"`
	Contract string `json:"contract,omitempty" yaml:"contract,omitempty"`
	// Status is active, cancel-pending or cancelled; empty if the value in the
	// org is not mapped.
	Status string `json:"status" yaml:"status"`
	// Model is regular or direct-pay; empty if not mapped.
	Model   string `json:"model" yaml:"model"`
	Product string `json:"product,omitempty" yaml:"product,omitempty"`
	// Milestone is the stored current milestone, such as M1B; may be empty.
	Milestone string `json:"milestone,omitempty" yaml:"milestone,omitempty"`
	// Milestones are all of them, in product order.
	Milestones []Milestone `json:"milestones,omitempty" yaml:"milestones,omitempty"`
	Photos     Tri         `json:"photos" yaml:"photos"`   // system photos uploaded
	Invoice    Tri         `json:"invoice" yaml:"invoice"` // invoice uploaded
	// RoofClear tells that somebody confirmed that nothing is on the roof.
	RoofClear  Tri      `json:"roof_clear,omitempty" yaml:"roof_clear,omitempty"`
	Signed     Date     `json:"signed,omitempty" yaml:"signed,omitempty"`
	Homeowners []Person `json:"homeowners,omitempty" yaml:"homeowners,omitempty"` // the first is the profile with the feed
	Installer  Person   `json:"installer,omitzero" yaml:"installer,omitempty"`
	SalesRep   Person   `json:"sales_rep,omitzero" yaml:"sales_rep,omitempty"`
	// Signers are those besides the homeowner who signed the contract:
	// installer, sales-rep. Nil if unknown.
	Signers []string `json:"signers" yaml:"signers"`
	// ChangedAt is when the record last changed, by the org's clock.
	ChangedAt time.Time `json:"changed_at,omitzero" yaml:"changed_at,omitempty"`
	// RestoreBlock is why it may not be restored, in the org's words.
	RestoreBlock string    `json:"restore_block,omitempty" yaml:"restore_block,omitempty"`
	Referral     *Referral `json:"referral,omitempty" yaml:"referral,omitempty"`
	// Memory is what earlier decisions asked to remember about it.
	Memory map[string]string `json:"memory,omitempty" yaml:"memory,omitempty"`
}

// A Milestone is one step of a workflow.
type Milestone struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name" yaml:"name"`
	// Status is not-submitted, pending-review, approved or rejected; empty if
	// not mapped.
	Status string `json:"status" yaml:"status"`
	// Reviews are the ids of its reviews that are still pending.
	Reviews []string `json:"reviews,omitempty" yaml:"reviews,omitempty"`
}

// A Referral is a case that was given to Deal Processing to decide.
type Referral struct {
	ID string `json:"id" yaml:"id"`
	// Decision is open, approved or declined; empty if not mapped.
	Decision string `json:"decision" yaml:"decision"`
}

// A Hold is a client's pause.
type Hold struct {
	On     bool `json:"on" yaml:"on"`
	Start  Date `json:"start,omitempty" yaml:"start,omitempty"`
	Return Date `json:"return,omitempty" yaml:"return,omitempty"`
}

// A Client is somebody who receives visits.
type Client struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	Hold Hold   `json:"hold" yaml:"hold"`
	// New tells that the client is known not to have existed before the daemon
	// began, so that a missing memory means "no hold yet".
	New       bool       `json:"new,omitempty" yaml:"new,omitempty"`
	Zone      string     `json:"zone,omitempty" yaml:"zone,omitempty"` // where a visit has no zone of its own; IANA
	Jobs      []Job      `json:"jobs,omitempty" yaml:"jobs,omitempty"`
	Resources []Resource `json:"resources,omitempty" yaml:"resources,omitempty"` // those that jobs name
	// Memory holds "hold": the last processed hold, as written by Hold.String.
	Memory map[string]string `json:"memory,omitempty" yaml:"memory,omitempty"`
}

// A Job is one visit.
type Job struct {
	ID   string `json:"id" yaml:"id"`
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// Status is queued, pending-allocation, pending-dispatch, dispatched,
	// ready, en-route, on-site, in-progress, complete or cancelled; empty if
	// not mapped.
	Status string `json:"status" yaml:"status"`
	// OnHold tells that the abort reason is the one that a hold sets.
	OnHold      bool         `json:"on_hold,omitempty" yaml:"on_hold,omitempty"`
	Start       time.Time    `json:"start" yaml:"start"`
	End         time.Time    `json:"end" yaml:"end"`
	Zone        string       `json:"zone,omitempty" yaml:"zone,omitempty"`
	Region      string       `json:"region,omitempty" yaml:"region,omitempty"`
	Account     string       `json:"account,omitempty" yaml:"account,omitempty"`
	Location    string       `json:"location,omitempty" yaml:"location,omitempty"`
	WorkOrder   string       `json:"work_order,omitempty" yaml:"work_order,omitempty"` // that it is part of, if any
	Group       bool         `json:"group,omitempty" yaml:"group,omitempty"`           // more than one client
	Allocations []Allocation `json:"allocations,omitempty" yaml:"allocations,omitempty"`
	// Saved is the resource remembered on the job itself.
	Saved string `json:"saved,omitempty" yaml:"saved,omitempty"`
	// Memory holds "held" (cancelled or released), "crew" (all resource ids,
	// comma-separated) and "episode" of a hold of ours.
	Memory map[string]string `json:"memory,omitempty" yaml:"memory,omitempty"`
}

// An Allocation gives a job to a resource.
type Allocation struct {
	ID       string `json:"id" yaml:"id"`
	Resource string `json:"resource" yaml:"resource"`
	// Live is false for deleted and declined ones.
	Live   bool   `json:"live" yaml:"live"`
	Status string `json:"status,omitempty" yaml:"status,omitempty"` // the org's own word, for the precondition
}

// A Resource is somebody who makes visits.
type Resource struct {
	ID      string   `json:"id" yaml:"id"`
	Name    string   `json:"name,omitempty" yaml:"name,omitempty"`
	Active  bool     `json:"active" yaml:"active"`
	Regions []string `json:"regions,omitempty" yaml:"regions,omitempty"` // primary and secondary
	// Memberships are further regions, each for a time.
	Memberships     []Membership `json:"memberships,omitempty" yaml:"memberships,omitempty"`
	BlockedAccounts []string     `json:"blocked_accounts,omitempty" yaml:"blocked_accounts,omitempty"`
	// BlockedLocations are locations, and work orders, that do not want it.
	BlockedLocations []string `json:"blocked_locations,omitempty" yaml:"blocked_locations,omitempty"`
	Unavailable      []Span   `json:"unavailable,omitempty" yaml:"unavailable,omitempty"`
	Activities       []Span   `json:"activities,omitempty" yaml:"activities,omitempty"`
	// Jobs are the times of all jobs it has a live allocation for and that are
	// not cancelled; ID is the job's.
	Jobs []Span `json:"jobs,omitempty" yaml:"jobs,omitempty"`
}

// A Membership is a region that a resource belongs to from one time until
// before another; a zero time leaves that end open.
type Membership struct {
	Region string    `json:"region" yaml:"region"`
	From   time.Time `json:"from,omitzero" yaml:"from,omitempty"`
	Until  time.Time `json:"until,omitzero" yaml:"until,omitempty"`
}

// A Span is a half-open stretch of time.
type Span struct {
	ID    string    `json:"id,omitempty" yaml:"id,omitempty"`
	Start time.Time `json:"start" yaml:"start"`
	End   time.Time `json:"end" yaml:"end"`
	// Status is approved, pending or declined, for absences; empty counts as
	// approved.
	Status string `json:"status,omitempty" yaml:"status,omitempty"`
}

// A Plan is the outcome of deciding one event: one decision for each thing
// that had to be decided. It is to be read, not changed: its decisions may share
// what is the same in several. A decision without actions is a decision too: it
// says that nothing is to be done, and why.
type Plan struct {
	Decisions []Decision `json:"decisions"`
}

// A Decision is the outcome of one table for one subject.
type Decision struct {
	Policy  string `json:"policy"` // cancellation, on_hold, ops_block, assignment
	Table   string `json:"table"`  // such as cancellation.request
	Row     string `json:"row"`    // such as C7
	Because string `json:"because"`
	Subject Ref    `json:"subject"`
	Facts   []Fact `json:"facts"`
	// Actions are to be carried out in this order.
	Actions  []Action `json:"actions,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Deadlines are to be set (or, with a zero time, taken off).
	Deadlines []Deadline `json:"deadlines,omitempty"`
	// Remember is to be kept with the subject for later snapshots; an empty
	// value forgets.
	Remember map[string]string `json:"remember,omitempty"`
	// Withdraws tells that what earlier decisions about the subject asked for,
	// and still waits for a person, must not be done any more.
	Withdraws bool `json:"withdraws,omitempty"`
}

// A Fact is what was found about one column of a table, and why.
type Fact struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
}

// An Action is one thing to be done.
type Action struct {
	Verb string `json:"verb"`
	On   Ref    `json:"on"`
	// Args are the particulars, by name, as documented with the verb.
	Args map[string]string `json:"args,omitempty"`
	// Approve, if not empty, says why a person must approve this action
	// whatever the verb's autonomy.
	Approve string `json:"approve,omitempty"`
}

func (a Action) String() string { return a.Verb + " " + a.On.String() }

// A Deadline asks for an event of Kind about Subject at At. One subject has at
// most one deadline of a kind; setting it again moves it.
type Deadline struct {
	Kind    string    `json:"kind"`
	Subject Ref       `json:"subject"`
	At      time.Time `json:"at,omitzero"` // zero takes it off
}
