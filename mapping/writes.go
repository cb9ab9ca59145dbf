package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"strings"

	"standdown/connectors"
	"standdown/rules"
)

// Longest values of standard fields, in characters (Object Reference: Case,
// FeedItem). The connector adds a mark of its own to a comment.
const (
	maxSubject     = 255
	maxDescription = 32000
	maxComment     = 9900
	maxReferral    = 1000
)

func (w *writer) cancelWorkflow(a rules.Action) (Write, error) {
	to := []set{w.is("workflow", "status", "cancel-pending")}
	if reason := a.Args["reason"]; reason != "" {
		to = append(to, set{field: "cancel_reason", value: reason})
	}
	return w.update("workflow", a.On.ID, []set{w.is("workflow", "status", "active")}, to), nil
}

func (w *writer) finishCancellation(a rules.Action) (Write, error) {
	return w.update("workflow", a.On.ID,
		[]set{w.is("workflow", "status", "cancel-pending")},
		[]set{w.is("workflow", "status", "cancelled")}), nil
}

func (w *writer) restoreWorkflow(a rules.Action) (Write, error) {
	to := w.is("workflow", "status", a.Args["status"])
	if to.value == "" {
		return Write{}, fmt.Errorf("no workflow status is called %q", a.Args["status"])
	}
	return w.update("workflow", a.On.ID, []set{w.is("workflow", "status", "cancel-pending")}, []set{to}), nil
}

func (w *writer) rejectReview(a rules.Action) (Write, error) {
	if w.m.config.Approvals {
		return w.turnDown("review", a.On.ID), nil
	}
	return w.update("review", a.On.ID,
		[]set{w.is("review", "status", "pending")},
		[]set{w.is("review", "status", "rejected")}), nil
}

// submitReview ends the review of a milestone all of whose tasks have been
// rejected: it is rejected with them. Where the milestone itself waits for an
// approval, there are no tasks, and to turn that down is all.
func (w *writer) submitReview(a rules.Action) (Write, error) {
	if w.m.config.Approvals && w.m.objects["review"] == nil {
		return w.turnDown("milestone", a.On.ID), nil
	}
	return w.update("milestone", a.On.ID,
		[]set{w.is("milestone", "status", "pending-review")},
		[]set{w.is("milestone", "status", "rejected")}), nil
}

// turnDown rejects what waits for approval of a record. What then becomes of
// the record is up to the org's approval process.
func (w *writer) turnDown(concept, id string) Write {
	return Write{System: Salesforce, Text: "Approval of the " + concept + ": turned down", Change: connectors.Change{
		Op:     connectors.Reject,
		Ref:    connectors.Ref{Kind: w.m.objects[concept].name, ID: id},
		Fields: map[string]any{"Comments": "The customer has cancelled."},
	}}
}

func (w *writer) newCase(a rules.Action) (Write, error) {
	return w.create("case", "New case: "+firstLine(a.Args["subject"]), []set{
		{field: "subject", value: shortened(a.Args["subject"], maxSubject)},
		{field: "description", value: shortened(describe(a), maxDescription)},
		{field: "contact", value: orNil(a.Args["contact"])},
		{field: "workflow", value: a.On.ID},
		{field: "request_type", value: orNil(a.Args["request_type"])},
	}), nil
}

// describe adds who asks, which a case must say.
func describe(a rules.Action) string {
	text, who := a.Args["description"], a.Args["requester"]
	if who == "" || strings.Contains(text, who) {
		return text
	}
	return text + "\n\nRequested by: " + who
}

func (w *writer) assignCase(a rules.Action) (Write, error) {
	if w.openCase == "" {
		return Write{}, errNoCase
	}
	write := w.create("referral", "New assignment: "+a.Args["team"], []set{
		{field: "workflow", value: a.On.ID},
		{field: "team", value: a.Args["team"]},
		{field: "reason", value: shortened(a.Args["reason"], maxSubject)},
		{field: "comments", value: shortened(a.Args["comments"], maxReferral)},
	})
	parent := relationship(w.m.path("referral", "case"))
	write.Change.Fields[parent] = map[string]any{w.m.objects["case"].key: w.openCase}
	return write, nil
}

func (w *writer) requeueCase(a rules.Action) (Write, error) {
	switch {
	case w.openCase == "":
		return Write{}, errNoCase
	case w.queue == "":
		return Write{}, errNoQueue
	}
	return w.update("case", "@"+w.openCase, nil, []set{w.toQueue()}), nil
}

func (w *writer) holdForReview(a rules.Action) (Write, error) {
	if w.queue == "" {
		return Write{}, errNoQueue
	}
	contact, workflow := a.Args["contact"], ""
	var about []set
	switch a.On.Kind {
	case "client":
		contact = cmp.Or(contact, a.On.ID)
	case "workflow":
		workflow = a.On.ID
	case "block", "assignment":
		about = append(about, set{field: a.On.Kind, value: a.On.ID})
	}
	choices := w.reviewChoices(a.On)
	return w.create("case", "For review: "+firstLine(a.Args["title"]), append(about, []set{
		{field: "subject", value: shortened(a.Args["title"], maxSubject)},
		{field: "description", value: shortened(a.Args["text"], maxDescription-len(choices)) + choices},
		w.toQueue(),
		{field: "contact", value: orNil(contact)},
		{field: "workflow", value: orNil(workflow)},
		{field: "request_type", value: "Review"},
	}...)), nil
}

func (w *writer) toQueue() set {
	return set{field: "owner", value: w.queue, show: "queue " + w.m.config.Queue}
}

// postComment writes into the feed of a block or an assignment, or else of a
// contact.
func (w *writer) postComment(a rules.Action) (Write, error) {
	concept := "contact"
	if a.On.Kind == "block" || a.On.Kind == "assignment" {
		concept = a.On.Kind
	}
	return Write{System: Salesforce, Text: "Comment: " + firstLine(a.Args["text"]), Change: connectors.Change{
		Op:     connectors.Post,
		Ref:    connectors.Ref{Kind: w.m.objects[concept].name, ID: a.On.ID},
		Fields: map[string]any{"Body": shortened(a.Args["text"], maxComment)},
	}}, nil
}

// Amend adds to a comment what of it was not done after all, each in a line.
func Amend(c connectors.Change, left []string) connectors.Change {
	note := "\n\nNot done after all:\n- " + strings.Join(left, "\n- ")
	body, _ := c.Fields["Body"].(string)
	c.Fields = maps.Clone(c.Fields)
	c.Fields["Body"] = shortened(body, max(maxComment-len(note), 1)) + shortened(note, maxComment-1)
	return c
}

func (w *writer) cancelJob(a rules.Action) (Write, error) {
	return w.job(a, []set{
		w.is("job", "status", "cancelled"),
		w.is("job", "abort_reason", "customer-on-hold"),
	})
}

func (w *writer) releaseJob(a rules.Action) (Write, error) {
	return w.job(a, []set{w.is("job", "status", "pending-allocation")})
}

// job takes a visit from the client and keeps on it whom it should go back to.
func (w *writer) job(a rules.Action, to []set) (Write, error) {
	was := w.is("job", "status", a.Args["status-was"])
	if was.value == "" {
		return Write{}, errNoStatus
	}
	resource := a.Args["resource"]
	to = append(to, set{field: "resource", value: orNil(resource), show: w.resource(resource)})
	return w.update("job", a.On.ID, []set{was}, to), nil
}

func (w *writer) reopenJob(a rules.Action) (Write, error) {
	was := []set{w.is("job", "status", a.Args["status-was"])}
	to := []set{w.is("job", "status", a.Args["status"])}
	if was[0].value == "" || to[0].value == "" {
		return Write{}, errNoStatus
	}
	if a.Args["status-was"] == "cancelled" {
		was = append(was, w.is("job", "abort_reason", "customer-on-hold"))
		to = append(to, set{field: "abort_reason"})
	}
	if a.Args["clear-resource"] == "yes" {
		to = append(to, set{field: "resource"})
	}
	return w.update("job", a.On.ID, was, to), nil
}

// freeWorker takes the allocation's status as it was read, in the org's word.
// An allocation that has none is removed, if it is still of that worker for
// that visit.
func (w *writer) freeWorker(a rules.Action) (Write, error) {
	if w.m.path("allocation", "status") == "" {
		return Write{System: Salesforce, Text: w.names[a.On] + ": deleted (" + w.resource(a.Args["resource"]) + ")", Change: connectors.Change{
			Op:  connectors.Delete,
			Ref: connectors.Ref{Kind: w.m.objects["allocation"].name, ID: a.On.ID},
			If:  w.values("allocation", []set{{field: "job", value: a.Args["job"]}, {field: "resource", value: a.Args["resource"]}}),
		}}, nil
	}
	write := w.update("allocation", a.On.ID,
		[]set{{field: "status", value: orNil(a.Args["status-was"])}},
		[]set{w.is("allocation", "status", "deleted")})
	write.Text += " (" + w.resource(a.Args["resource"]) + ")"
	return write, nil
}

func (w *writer) allocateSaved(a rules.Action) (Write, error) {
	resource := a.Args["resource"]
	if resource == "" {
		return Write{}, errors.New("the action names no resource")
	}
	write := w.create("allocation", "New allocation: "+w.resource(resource), []set{
		{field: "job", value: a.On.ID},
		{field: "resource", value: resource},
		w.is("allocation", "status", "pending-dispatch"),
	})
	write.Gives = w.visits[a.On.ID]
	write.Gives.ID = resource
	return write, nil
}

// resource returns the name of a worker, or the id if it is not known.
func (w *writer) resource(id string) string {
	if c := w.snapshot.Client; c != nil {
		for _, r := range c.Resources {
			if r.ID == id {
				return cmp.Or(r.Name, id)
			}
		}
	}
	return id
}

var (
	errNoCase   = errors.New("the decision opens no case")
	errNoStatus = errors.New("the action does not say the job's status, or the org has no word for it")
	errNoQueue  = errors.New("the back-office queue has not been looked up: take a snapshot first")
)
