package web

import (
	"net/http"

	"standdown/cmd/standdown/internal/store"
)

// Parameters that several routes have.
var (
	afterParam = parameter{name: "after", about: "where to go on: the value of next of the page before", of: ""}
	limitParam = parameter{name: "limit", about: "how many at most: 1 to 500, by default 50", of: 0}
	fromParam  = parameter{name: "from", about: "the first day, such as 2026-03-31, in the zone of the rules", of: ""}
	toParam    = parameter{name: "to", about: "the last day", of: ""}
)

// routes is all that the API consists of.
func routes() []route {
	return []route{
		look("/status", "How it is: is anything late, what waits, what was done today", nil, api.status),
		look("/review", "Decisions of which something waits for a person, the oldest first", []parameter{afterParam, limitParam}, api.listWaiting),
		look("/decisions", "Decisions, the latest first", []parameter{
			{name: "name", about: "only those with this id, of this event or about this record (without its kind or with it): all of them, the oldest first", of: ""},
			{name: "table", about: "only of this decision table, such as cancellation.request", of: ""},
			{name: "row", about: "only by this row of the table, such as C7", of: ""},
			fromParam, toParam, afterParam, limitParam,
		}, api.listDecisions),
		look("/decisions/{id}", "A decision with all that it rests on, and what became of it", nil, api.oneDecision),
		undoPlan(),
		act("/decisions/{id}/undo", Approver, "Order that what a decision did is taken back, as far as that can be done", api.orderUndo),
		look("/entries", "Changes in the outbox, the oldest first; without a filter those that are open", []parameter{
			{name: "state", about: "only in one of these states", many: true, of: store.State("")},
			{name: "decision", about: "only of this decision", of: ""},
			{name: "hold", about: "only those that this hold holds", of: ""},
			{name: "all", about: "in every state", of: false},
			afterParam, limitParam,
		}, api.listEntries),
		look("/entries/{id}", "A change in the outbox", nil, api.oneEntry),
		act("/answers", Operator, "Answer entries, all of them or none: approve and decline what is proposed (role approver), retry, confirm or drop what is stuck or unknown", api.giveAnswer),
		look("/holds", "Runs that would have changed too much at once, and are held", nil, api.listHolds),
		act("/holds/{id}/answer", Approver, "Approve or decline all that a hold holds", api.giveHoldAnswer),
		look("/cancelled", "What was cancelled, the latest first", []parameter{
			{name: "kind", about: "workflow, job, block or assignment", of: ""},
			{name: "billing", about: "free, billable or waived", of: ""},
			{name: "search", about: "a part of what is said about it: of names, numbers or ids", of: ""},
			fromParam, toParam, afterParam, limitParam,
		}, api.listCancelled),
		look("/record", "The history of one record, the latest first", []parameter{
			{needed: true, name: "ref", about: "its id, or kind and id, such as workflow a018d00000XyZ12AAF", of: ""},
			afterParam, limitParam,
		}, api.history),
		look("/quarantine", "Mails and records that could not be handled, the latest first", []parameter{limitParam}, api.listQuarantined),
		look("/events/{id}", "Something that happened, with the mail by which it came, and what was decided about it", nil, api.oneEvent),
		look("/ask", "What would be decided and done if somebody asked for it", []parameter{
			{needed: true, name: "asks", about: "restore (of a workflow), uncancel or waive (of an assignment)", of: ""},
			{needed: true, name: "id", about: "of the record", of: ""},
			{needed: true, name: "key", about: "32 hex digits that you make up, and give again when you ask for it", of: ""},
		}, api.prospectOf),
		act("/ask", Operator, "Have decided by the rules what somebody asks for, if it would come to what was looked at before", api.order),
		look("/acts", "What people did, the latest first", []parameter{
			{name: "who", about: "only by this person", of: ""},
			{name: "act", about: "only this, such as approve", of: ""},
			fromParam, toParam, afterParam, limitParam,
		}, api.listActs),
		look("/rules", "The decision tables that run, with how often each row decided lately", nil, api.showRules),
		act("/pause", Admin, "Stop writing to a system, or to all of them", api.pause),
		act("/resume", Admin, "Go on writing to what was paused", api.resume),
	}
}

// undoPlan changes nothing, but is for those only who may order it.
func undoPlan() route {
	plan := look("/decisions/{id}/undo", "What would take back what a decision did, and what of it stays", nil, api.planUndo)
	plan.need = Approver
	return plan
}

// limitOf is how many things the page is to have.
func limitOf(r *http.Request) (int, error) {
	if r.FormValue("limit") == "" {
		return apiPage, nil
	}
	n, err := number(r, "limit")
	if err == nil && (n < 1 || n > mostPerPage) {
		err = refuse(http.StatusBadRequest, "limit is 1 to %d, not %d.", mostPerPage, n)
	}
	return int(n), err
}
