package mapping

// A part is what one rule book needs of an org. It is in use if the
// configuration has an object for its anchor.
type part struct {
	preset   string
	products []string // further presets, for other products that do the same
	anchor   string
	concepts []concept
}

// A concept is a kind of record in the business's words.
type concept struct {
	name     string
	optional bool // an org may do without
	created  bool // records of it are created, so it needs a key
	fields   []field
}

// A field is one thing known about a concept.
type field struct {
	name     string
	optional bool
	to       string   // the concept it leads to, if it is a lookup
	values   []string // what it can be; each must stand for a value of the org
	also     []string // what it can be in some orgs
}

// none in place of a name means that the org has no such thing.
const none = "-"

var (
	caseConcept = concept{name: "case", created: true, fields: []field{
		{name: "subject"},
		{name: "description"},
		{name: "owner", to: "queue"},
		{name: "contact", to: "contact"},
		{name: "workflow", optional: true, to: "workflow"},
		{name: "request_type", optional: true},
		{name: "status", optional: true, also: []string{"open", "closed"}},
		{name: "answer", optional: true, values: []string{Approve, Decline}, also: []string{Restore, Uncancel, Waive}},
		{name: "answer_reason", optional: true},
		{name: "answered_by", optional: true, to: "user"},
	}}
	queueConcept = concept{name: "queue", fields: []field{
		{name: "name"},
		{name: "type", values: []string{"queue"}},
	}}
)

var parts = []part{
	{preset: "milestone", anchor: "workflow", concepts: []concept{
		{name: "workflow", fields: []field{
			{name: "name"},
			{name: "contract"},
			{name: "status", values: []string{"active", "cancel-pending", "cancelled"}},
			{name: "model", values: []string{"regular", "direct-pay"}},
			{name: "product", optional: true},
			{name: "milestone", optional: true, also: milestones},
			{name: "homeowner", to: "contact"},
			{name: "co_homeowner", optional: true, to: "contact"},
			{name: "installer_name", optional: true},
			{name: "installer_email", optional: true},
			{name: "sales_rep_name", optional: true},
			{name: "sales_rep_email", optional: true},
			{name: "signers", optional: true, values: []string{"installer", "sales-rep"}},
			{name: "signed_on", optional: true},
			{name: "photos", values: []string{"yes", "no"}},
			{name: "invoice", optional: true, values: []string{"yes", "no"}},
			{name: "roof_clear", optional: true, values: []string{"yes", "no"}},
			{name: "cancel_reason", optional: true, also: []string{"changed-mind", "financial", "moving", "other-offer", "delay", "homeowner-request", "other"}},
			{name: "restore_block", optional: true},
		}},
		{name: "milestone", fields: []field{
			{name: "name", also: milestones},
			{name: "workflow", to: "workflow"},
			{name: "order"},
			{name: "status", values: []string{"not-submitted", "pending-review", "approved", "rejected"}},
		}},
		{name: "review", optional: true, fields: []field{
			{name: "milestone", to: "milestone"},
			{name: "status", values: []string{"pending", "rejected"}, also: []string{"approved"}},
		}},
		{name: "referral", created: true, fields: []field{
			{name: "case", to: "case"},
			{name: "workflow", to: "workflow"},
			{name: "team", values: []string{"deal-processing"}},
			{name: "reason", values: []string{"cancellation"}},
			{name: "comments"},
			{name: "decision", values: []string{"approved", "declined"}},
		}},
		{name: "contact", fields: []field{
			{name: "name"},
			{name: "email"},
		}},
		caseConcept,
		queueConcept,
	}},
	{preset: "skedulo", products: []string{"fieldservice"}, anchor: "job", concepts: []concept{
		{name: "contact", fields: []field{
			{name: "name"},
			{name: "on_hold"},
			{name: "hold_start"},
			{name: "hold_return"},
		}},
		{name: "job", fields: []field{
			{name: "name"},
			{name: "status",
				values: []string{"pending-allocation", "pending-dispatch", "dispatched", "cancelled"},
				also:   []string{"queued", "ready", "en-route", "on-site", "in-progress", "complete", "cannot-complete"}},
			{name: "abort_reason", values: []string{"customer-on-hold"}},
			{name: "start"},
			{name: "end"},
			{name: "timezone", optional: true},
			{name: "region", optional: true, to: "region"},
			{name: "account", optional: true},
			{name: "contact", to: "contact"},
			{name: "location", optional: true},
			{name: "work_order", optional: true, to: "work_order"},
			{name: "group", optional: true},
			{name: "resource", optional: true, to: "resource"},
		}},
		{name: "allocation", created: true, fields: []field{
			{name: "job", to: "job"},
			{name: "resource", to: "resource"},
			{name: "status", optional: true, // without it, an allocation stands as long as it is there
				values: []string{"pending-dispatch", "deleted"},
				also:   []string{"dispatched", "confirmed", "en-route", "checked-in", "in-progress", "complete", "declined"}},
		}},
		{name: "resource", fields: []field{
			{name: "name"},
			{name: "active"},
			{name: "region", optional: true, to: "region"},
		}},
		{name: "resource_region", optional: true, fields: []field{
			{name: "resource", to: "resource"},
			{name: "region", to: "region"},
			{name: "start", optional: true},
			{name: "end", optional: true},
		}},
		{name: "region", optional: true, fields: []field{
			{name: "timezone", optional: true},
			{name: "hours", optional: true, to: "operating_hours"},
		}},
		{name: "operating_hours", optional: true, fields: []field{
			{name: "timezone"},
		}},
		{name: "absence", optional: true, fields: []field{
			{name: "resource", to: "resource"},
			{name: "start"},
			{name: "end"},
			{name: "available", optional: true},
			{name: "status", optional: true, values: []string{"pending", "approved", "declined"}},
		}},
		{name: "activity", optional: true, fields: []field{
			{name: "resource", to: "resource"},
			{name: "start"},
			{name: "end"},
		}},
		{name: "account_block", optional: true, fields: []field{
			{name: "account"},
			{name: "resource", to: "resource"},
			{name: "blocked", also: []string{"yes"}}, // a checkbox, unless there is a value for yes
		}},
		{name: "location_block", optional: true, fields: []field{
			{name: "location"},
			{name: "resource", to: "resource"},
			{name: "blocked", also: []string{"yes"}},
		}},
		{name: "work_order", optional: true, fields: []field{
			{name: "location"},
		}},
		caseConcept,
		queueConcept,
	}},
	interpreting,
	ops,
}

// milestones are the names the rules know, in the order of either model.
var milestones = []string{"M1", "M1A", "M1B", "M2", "M3"}

// systemFields are on every record and cannot be renamed.
var systemFields = map[string]string{"id": "Id", "created": "CreatedDate", "changed": "SystemModstamp", "editor": "LastModifiedById"}

// user is what every org calls its users.
var user = &object{name: "User", paths: map[string]string{"id": "Id", "name": "Name"}}

// A watch is a concept whose changes matter, and the fields that tell whether
// one does.
type watch struct {
	concept string
	fields  []string
}

func (m *Mapping) watched() []watch {
	var all []watch
	for _, p := range m.parts {
		switch p.anchor {
		case "workflow":
			all = append(all,
				watch{"workflow", []string{"status", "milestone", "photos", "roof_clear"}},
				watch{"referral", []string{"decision", "team", "reason", "workflow"}})
		case "job":
			all = append(all, watch{"contact", []string{"on_hold", "hold_start", "hold_return"}})
		case "block":
			all = append(all, watch{"block", blockWatched})
		case "assignment":
			all = append(all, watch{"assignment", []string{"status", "requested_by", "ask", "waive", "waived_by"}})
		}
	}
	if m.config.Objects["case"].maps("answer") {
		all = append(all, watch{"case", []string{"key", "answer", "answer_reason", "answered_by", "answered_by.name", "editor.name"}})
	}
	return all
}

// concepts returns the concepts of parts by name; one that several parts have
// has the fields of all.
func concepts(used []part) map[string]concept {
	all := map[string]concept{}
	for _, p := range used {
		for _, c := range p.concepts {
			known, ok := all[c.name]
			if !ok {
				known = concept{name: c.name, optional: c.optional, created: c.created}
			}
			for _, f := range c.fields {
				if _, ok := known.field(f.name); !ok {
					known.fields = append(known.fields, f)
				}
			}
			all[c.name] = known
		}
	}
	return all
}

// all returns every value the field may have.
func (f field) all() []string { return append(f.values[:len(f.values):len(f.values)], f.also...) }

func (c concept) field(name string) (field, bool) {
	for _, f := range c.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}
