package survey

import "strings"

// alike are words that mean the same in names of objects, fields and values;
// the first of a line stands for all.
var alike = lines(`
cancel cancels cancelled canceled cancelling canceling cancellation terminate terminated termination abort aborted
status state stage phase outcome
contract deal agreement workflow
customer client homeowner patient
second co secondary
start starts begin begins beginning from
end ends finish finishes until till
hold pause paused pauses suspend suspended suspension
return returns back resume resumes
installer installers installation partner contractor
seller sellers sales rep representative salesperson
email mail
sign signed signs signature signing signer signers signatory
photo photos picture pictures image images
reason why cause
comment comments note notes remark remarks
decision verdict ruling
milestone step
order sequence position
resource worker caregiver carer technician employee nurse
job visit appointment shift
region territory area district
allocation assignment assigned
absence availability unavailability leave vacation
exclusion exclude excluded blocked blacklist blacklisted barred
account household company
location address site
active live enabled
regular standard normal
pay payment paid
number no nr
install installs
delivery deliveries
complete completed completes
reject rejected rejects
approve approved approves approval
request requested requests
review reviews
restore reinstatement reinstate
`)

// weak are words that tell little.
var weak = map[string]bool{"date": true, "time": true, "name": true, "text": true, "code": true, "current": true, "record": true}

// empty are words that tell nothing.
var empty = map[string]bool{"the": true, "of": true, "is": true, "on": true, "at": true, "a": true, "to": true, "their": true, "they": true, "for": true, "may": true, "it": true, "by": true, "id": true}

// objectNames are further names that people give to what a concept is.
var objectNames = map[string][]string{
	"workflow":               {"contract", "customer contract", "solar contract"},
	"milestone":              {"milestone", "contract milestone"},
	"review":                 {"milestone review", "approval task"},
	"referral":               {"team handover", "case handover", "escalation", "case referral"},
	"job":                    {"visit", "service visit"},
	"allocation":             {"visit allocation", "assigned resource"},
	"resource":               {"resource"},
	"resource_region":        {"resource region"},
	"absence":                {"resource absence", "time off"},
	"activity":               {"resource activity"},
	"account_block":          {"resource exclusion", "account exclusion"},
	"location_block":         {"location exclusion"},
	"assignment":             {"interpreter assignment", "interpreting assignment"},
	"assignment_interpreter": {"assigned interpreter"},
	"interpreter":            {"linguist"},
	"billing":                {"billing decision", "cancellation billing"},
	"block":                  {"crew block", "calendar block", "time block"},
	"ops_job":                {"install job", "installation job"},
	"ticket":                 {"delivery ticket", "shipment"},
	"sale":                   {"service sale"},
}

// fieldNames are further names that people give to fields.
var fieldNames = map[string][]string{
	"contract":        {"contract number", "contract"},
	"signed_on":       {"signature date"},
	"signers":         {"signed by"},
	"photos":          {"system photos", "photos"},
	"invoice":         {"equipment invoice"},
	"roof_clear":      {"roof checked", "roof inspection"},
	"installer_name":  {"installer"},
	"sales_rep_name":  {"seller"},
	"model":           {"billing model", "payment model", "contract type"},
	"restore_block":   {"restore stop", "no restore"},
	"cancel_reason":   {"reason"},
	"abort_reason":    {"cancel reason"},
	"hold_start":      {"hold date", "hold from"},
	"hold_return":     {"expected return", "return date", "hold end"},
	"on_hold":         {"service paused"},
	"end":             {"finish"},
	"resource":        {"worker"},
	"reason":          {"referral reason"},
	"comments":        {"referral comments"},
	"requested_by":    {"cancel requested by"},
	"ask":             {"cancellation request"},
	"waive":           {"waive billing"},
	"minimum":         {"minimum minutes"},
	"window":          {"cancellation window"},
	"blocked":         {"excluded"},
	"available":       {"working"},
	"charge_minutes":  {"minutes charged"},
	"payout_minutes":  {"minutes paid"},
	"event_at":        {"event time", "set for"},
	"reset_service":   {"service reset", "set again"},
	"service_state":   {"service status"},
	"invoiced":        {"is invoiced"},
	"description":     {"details"},
	"operating_hours": {"hours"},
}

// valueNames are further names that people give to values.
var valueNames = map[string][]string{
	"active":             {"in force", "running", "open"},
	"cancel-pending":     {"cancellation pending", "cancellation requested", "to be cancelled"},
	"cancelled":          {"lost"},
	"canceled":           {"cancelled"},
	"cancelling":         {"cancellation requested"},
	"regular":            {"loan"},
	"yes":                {"received", "uploaded", "present", "done"},
	"no":                 {"none", "missing", "outstanding", "not received"},
	"not-submitted":      {"draft", "new", "not started"},
	"pending-review":     {"in review", "under review", "waiting for review", "submitted"},
	"pending":            {"waiting", "requested", "open"},
	"approved":           {"accepted", "agreed", "granted"},
	"rejected":           {"sent back", "returned", "refused"},
	"declined":           {"refused", "denied", "rejected"},
	"queued":             {"unscheduled", "unplanned", "backlog"},
	"pending-allocation": {"unassigned", "unallocated", "to be assigned"},
	"pending-dispatch":   {"assigned", "planned", "scheduled"},
	"dispatched":         {"sent", "notified"},
	"ready":              {"accepted", "confirmed"},
	"confirmed":          {"accepted"},
	"en-route":           {"on the way", "travelling"},
	"on-site":            {"arrived"},
	"checked-in":         {"arrived"},
	"in-progress":        {"started", "under way"},
	"complete":           {"done", "finished"},
	"cannot-complete":    {"failed"},
	"deleted":            {"removed", "withdrawn"},
	"customer-on-hold":   {"on hold"},
	"changed-mind":       {"changed mind"},
	"financial":          {"financial reasons", "cannot afford"},
	"moving":             {"relocating", "sold house"},
	"other-offer":        {"better offer", "competitor"},
	"delay":              {"took too long"},
	"homeowner-request":  {"customer request"},
	"unfilled":           {"open", "unassigned"},
	"filled":             {"assigned"},
	"released":           {"removed", "freed"},
	"not-billable":       {"no charge", "free"},
	"voided":             {"reversed"},
	"set":                {"booked", "scheduled"},
	"issued":             {"sent to crew"},
	"open":               {"available"},
	"revenue-service":    {"service"},
	"cancel":             {"cancel this"},
	"cancel-series":      {"cancel series", "cancel all"},
	"uncancel":           {"reopen", "restore"},
}

// A kind is what a field must be able to hold.
type kind string

const (
	text      kind = "text"
	choice    kind = "choice"
	reference kind = "reference"
	flag      kind = "checkbox"
	date      kind = "date"
	moment    kind = "date and time"
	number    kind = "number"
)

// takes are the types of Salesforce that a kind may be stored in.
var takes = map[kind][]string{
	text:      {"string", "email", "phone", "textarea", "picklist", "url"},
	choice:    {"picklist", "multipicklist", "string"},
	reference: {"reference"},
	flag:      {"boolean"},
	date:      {"date", "datetime"},
	moment:    {"datetime"},
	number:    {"double", "int", "currency"},
}

// kinds are those of fields that are neither text, choice nor a reference to a
// concept.
var kinds = map[string]kind{
	"on_hold": flag, "active": flag, "available": flag, "blocked": flag, "invoiced": flag, "waive": flag,
	"hold_start": date, "hold_return": date, "signed_on": date,
	"start": moment, "end": moment, "event_at": moment, "cancelled_at": moment,
	"order": number, "charge_minutes": number, "payout_minutes": number, "travel": number, "mileage": number, "expenses": number,
	"window": number, "minimum": number,
	"account": reference, "location": reference,
	// Text by which Standdown tells its own: it must be able to say it in its words.
	"team": text, "reason": text, "name": text, "milestone": choice,
}

// lines makes a map from each word of a line to its first.
func lines(text string) map[string]string {
	first := map[string]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for _, word := range words {
			first[word] = words[0]
		}
	}
	return first
}
