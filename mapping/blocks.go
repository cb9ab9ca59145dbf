package mapping

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"standdown/connectors"
	"standdown/rules"
)

// ops is what the ops block rule book needs of an org. The states of jobs,
// tickets, contacts and sales are named in the rules' settings, not here.
var ops = part{preset: "ops", anchor: "block", concepts: []concept{
	{name: "block", fields: []field{
		{name: "name"},
		{name: "state",
			values: []string{"open", "set", "canceled"},
			also:   []string{"confirmed", "issued", "completed", "cancelling"}},
		{name: "type",
			values: []string{"install"},
			also:   []string{"delivery", "revenue-service", "go-back", "warranty", "site-visit", "measure"}},
		{name: "start"},
		{name: "end"},
		{name: "event_at", optional: true},
		{name: "reset_service", optional: true, values: []string{"yes", "no"}},
		{name: "reason", optional: true},
		{name: "notes", optional: true},
		{name: "job", to: "ops_job"},
		{name: "ticket", optional: true, to: "ticket"},
		{name: "contact", optional: true, to: "contact"},
		{name: "sale", optional: true, to: "sale"},
	}},
	{name: "ops_job", fields: []field{{name: "name"}, {name: "state"}}},
	{name: "ticket", optional: true, fields: []field{{name: "name"}, {name: "state"}}},
	{name: "sale", optional: true, fields: []field{{name: "name"}, {name: "state"}}},
	{name: "meeting", optional: true, fields: []field{{name: "block", to: "block"}}},
	{name: "contact", fields: []field{
		{name: "name"},
		{name: "email"},
		{name: "service_state", optional: true},
	}},
	withField(caseConcept, field{name: "block", optional: true, to: "block"}),
	queueConcept,
}}

// blockWatched is what of a block makes a change of it news.
var blockWatched = []string{"state", "type", "reset_service", "reason", "notes"}

// blockHash stands for what is watched of a block.
func blockHash(r row) string {
	var values []string
	for _, field := range blockWatched {
		values = append(values, r.text(field))
	}
	return hash(values...)
}

var blockFields = []string{
	"id", "name", "state", "type", "start", "end", "event_at", "reset_service", "reason", "notes",
	"job", "job.name", "job.state", "ticket", "ticket.name", "ticket.state",
	"contact", "contact.name", "contact.service_state", "sale", "sale.name", "sale.state",
}

// blocks reads every ops block that e may mean, with what it was set for, its
// meetings and the other blocks of the same work.
func (f *finder) blocks(ctx context.Context, mem Memory, e rules.Event) ([]rules.OpsBlock, error) {
	if f.m.objects["block"] == nil {
		return nil, nil
	}
	rows, err := f.blocksMeant(ctx, e)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var ids []string
	var subjects []rules.Ref
	for _, r := range rows {
		ids = append(ids, r.id)
		subjects = append(subjects, rules.Ref{Kind: "block", ID: r.id})
	}
	wants := append(f.sameWork(rows), want{"meeting", []string{"id", "block"}, []cond{{"block", "in", ids}}})
	found, err := f.findAll(ctx, wants...)
	if err != nil {
		return nil, err
	}
	last := len(wants) - 1
	siblings, meetings := siblingsOf(rows, wants[:last], found[:last]), meetingsOf(found[last])
	remembered, err := mem.Recall(ctx, subjects)
	if err != nil {
		return nil, fmt.Errorf("recalling ops blocks: %w", err)
	}
	var all []rules.OpsBlock
	for i, r := range rows {
		b := opsBlock(r)
		b.Meetings = meetings[r.id]
		b.Siblings = siblings[r.id]
		b.Memory = remembered[subjects[i]]
		all = append(all, b)
	}
	return all, nil
}

// blocksMeant finds the blocks that e may mean, ordered by id.
func (f *finder) blocksMeant(ctx context.Context, e rules.Event) ([]row, error) {
	if e.Subject.Kind == "block" {
		return f.find(ctx, "block", blockFields, cond{"id", "=", e.Subject.ID})
	}
	if e.Request == nil {
		return nil, nil
	}
	named := f.having("block", blockFields, e.Request.References, "name")
	senders := f.having("block", blockFields, addresses(e.Request), "contact.email")
	found, err := f.findAll(ctx, slices.Concat(named, senders)...)
	if err != nil {
		return nil, err
	}
	if rows := byID(found[:len(named)]); len(rows) > 0 {
		return rows, nil
	}
	return byID(found[len(named):]), nil
}

func opsBlock(r row) rules.OpsBlock {
	return rules.OpsBlock{
		ID:           r.id,
		Name:         r.text("name"),
		State:        r.word("state"),
		Type:         r.word("type"),
		Start:        r.time("start"),
		End:          r.time("end"),
		EventAt:      r.time("event_at"),
		ResetService: rules.Tri(r.word("reset_service")),
		Reason:       r.text("reason"),
		Notes:        r.text("notes"),
		Job:          linked(r, "job", "state"),
		Ticket:       linked(r, "ticket", "state"),
		Contact:      linked(r, "contact", "service_state"),
		Sale:         linked(r, "sale", "state"),
	}
}

// linked reads a record that a block was set for; nil if there is none.
func linked(r row, lookup, state string) *rules.Linked {
	id := r.text(lookup)
	if id == "" {
		return nil
	}
	return &rules.Linked{ID: id, Name: r.text(lookup + ".name"), State: r.text(lookup + "." + state)}
}

func meetingsOf(rows []row) map[string][]string {
	all := map[string][]string{}
	for _, r := range rows {
		all[r.text("block")] = append(all[r.text("block")], r.id)
	}
	return all
}

// sameWork wants the blocks of the same job, ticket or contact; the last field
// of each want is which.
func (f *finder) sameWork(blocks []row) []want {
	var wants []want
	for _, lookup := range []string{"job", "ticket", "contact"} {
		var parents []string
		for _, b := range blocks {
			if id := b.text(lookup); id != "" && !slices.Contains(parents, id) {
				parents = append(parents, id)
			}
		}
		if len(parents) > 0 {
			wants = append(wants, want{"block", []string{"id", "name", "state", "type", lookup}, []cond{{lookup, "in", parents}}})
		}
	}
	return wants
}

// siblingsOf returns the other blocks of the same job, ticket or contact, each
// once for a block.
func siblingsOf(blocks []row, wants []want, found [][]row) map[string][]rules.Sibling {
	all := map[string][]rules.Sibling{}
	seen := map[[2]string]bool{}
	for i, w := range wants {
		lookup := w.fields[len(w.fields)-1]
		for _, b := range blocks {
			for _, r := range found[i] {
				if pair := [2]string{b.id, r.id}; r.id != b.id && r.text(lookup) == b.text(lookup) && !seen[pair] {
					seen[pair] = true
					all[b.id] = append(all[b.id], rules.Sibling{Name: r.text("name"), State: r.word("state"), Type: r.word("type")})
				}
			}
		}
	}
	return all
}

func (w *writer) cancelBlock(a rules.Action) (Write, error) {
	was := w.is("block", "state", "cancelling")
	if was.value == "" {
		return Write{}, errNoWord
	}
	return w.update("block", a.On.ID, []set{was}, []set{w.is("block", "state", "canceled")}), nil
}

func (w *writer) reopenBlock(a rules.Action) (Write, error) {
	to := []set{w.is("block", "state", "open")}
	for _, field := range list(a.Args["clear"]) {
		to = append(to, set{field: field.(string)})
	}
	return w.update("block", a.On.ID, []set{w.is("block", "state", "canceled")}, to), nil
}

// sendBack returns what writes the state of a record that a block was set for,
// if it is still in the state it was decided on. Both are the org's words.
func sendBack(concept, field string) func(*writer, rules.Action) (Write, error) {
	return func(w *writer, a rules.Action) (Write, error) {
		if a.Args["state"] == "" {
			return Write{}, errNoWord
		}
		return w.update(concept, a.On.ID,
			[]set{{field: field, value: orNil(a.Args["state-was"])}},
			[]set{{field: field, value: a.Args["state"]}}), nil
	}
}

func (w *writer) deleteMeeting(a rules.Action) (Write, error) {
	return Write{System: Salesforce, Text: "Meeting: deleted", Change: connectors.Change{
		Op: connectors.Delete, Ref: connectors.Ref{Kind: w.m.objects["meeting"].name, ID: a.On.ID},
	}}, nil
}

var errNoWord = errors.New("the action names no state, or the org has no word for it")
