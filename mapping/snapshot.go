package mapping

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// Memory is what earlier decisions asked to remember.
type Memory interface {
	// Recall returns what is remembered about each of the subjects. A subject
	// that nothing is remembered about may be missing.
	Recall(ctx context.Context, subjects []rules.Ref) (map[rules.Ref]map[string]string, error)
}

// Snapshot reads how the world is, as far as deciding e needs it. It changes
// nothing. On error the snapshot is empty: a part of the world is worse than
// none.
func (m *Mapping) Snapshot(ctx context.Context, look connectors.Lookup, mem Memory, e rules.Event, now time.Time) (rules.Snapshot, error) {
	var s rules.Snapshot
	f := &finder{m: m, look: look}
	if err := m.findQueue(ctx, f); err != nil {
		return rules.Snapshot{}, err
	}
	var err error
	switch {
	case e.Subject.Kind == "client":
		s.Client, err = f.client(ctx, mem, e.Subject.ID, now)
	case strings.HasPrefix(e.Kind, "block."), e.Kind == rules.RescheduleRequested:
		s.Blocks, err = f.blocks(ctx, mem, e)
	case strings.HasPrefix(e.Kind, "assignment."):
		s.Assignments, err = f.assignments(ctx, mem, e, now)
	default:
		s.Workflows, err = f.workflows(ctx, mem, e)
	}
	if err == nil {
		err = f.mess.err()
	}
	if err != nil {
		return rules.Snapshot{}, fmt.Errorf("taking a snapshot for %s: %w", e.Subject, err)
	}
	return s, nil
}

// queueID is the back-office queue; empty until it has been looked up.
func (m *Mapping) queueID() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.queue
}

// Prepare reads what all snapshots need and none changes, if that has not been
// done yet. Of several that prepare at the same time one reads.
func (m *Mapping) Prepare(ctx context.Context, look connectors.Lookup) error {
	m.preparing.Lock()
	defer m.preparing.Unlock()
	return m.findQueue(ctx, &finder{m: m, look: look})
}

// findQueue looks the back-office queue up, if that has not been done yet. It
// does so without a lock: those who look things up together must not wait for
// each other.
func (m *Mapping) findQueue(ctx context.Context, f *finder) error {
	if m.queueID() != "" {
		return nil
	}
	rows, err := f.find(ctx, "queue", []string{"id"},
		cond{"name", "=", m.config.Queue},
		cond{"type", "=", m.theirs("queue", "type", "queue")})
	if err != nil {
		return fmt.Errorf("looking for the queue %s: %w", m.config.Queue, err)
	}
	if len(rows) != 1 {
		return &connectors.Error{
			Class: connectors.Rejected,
			Hint:  "create it in the org's setup, or set mapping.queue to its developer name",
			Err:   fmt.Errorf("the org has %d queues with the developer name %q, want one", len(rows), m.config.Queue),
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = rows[0].id
	return nil
}

// What is read of a workflow.
var workflowFields = []string{
	"id", "changed", "name", "contract", "status", "model", "product", "milestone",
	"homeowner", "homeowner.name", "homeowner.email",
	"co_homeowner", "co_homeowner.name", "co_homeowner.email",
	"installer_name", "installer_email", "sales_rep_name", "sales_rep_email",
	"signers", "signed_on", "photos", "invoice", "roof_clear", "restore_block",
}

// workflows reads every workflow that e may mean, with its milestones, their
// pending reviews and its referral.
func (f *finder) workflows(ctx context.Context, mem Memory, e rules.Event) ([]rules.Workflow, error) {
	if f.m.objects["workflow"] == nil {
		return nil, nil
	}
	rows, err := f.meant(ctx, e)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var ids []string
	var subjects []rules.Ref
	for _, r := range rows {
		ids = append(ids, r.id)
		subjects = append(subjects, rules.Ref{Kind: "workflow", ID: r.id})
	}
	found, err := f.findAll(ctx,
		want{"milestone", []string{"id", "name", "workflow", "order", "status"}, []cond{{"workflow", "in", ids}}},
		want{"review", []string{"id", "milestone"}, []cond{
			{"milestone.workflow", "in", ids},
			{"status", "=", f.m.theirs("review", "status", "pending")}}},
		want{"referral", []string{"id", "created", "workflow", "decision", "reason"}, []cond{
			{"workflow", "in", ids},
			{"team", "=", f.m.theirs("referral", "team", "deal-processing")}}})
	if err != nil {
		return nil, err
	}
	milestones, referrals := milestonesOf(found[0], found[1]), referralsOf(found[2])
	remembered, err := mem.Recall(ctx, subjects)
	if err != nil {
		return nil, fmt.Errorf("recalling workflows: %w", err)
	}
	var all []rules.Workflow
	for i, r := range rows {
		w := workflow(r)
		w.Milestones = milestones[r.id]
		w.Referral = referrals[r.id]
		w.Memory = remembered[subjects[i]]
		all = append(all, w)
	}
	return all, nil
}

// meant finds the workflows that e may mean, ordered by id: those that a mail
// names, or if there are none, those of its sender.
func (f *finder) meant(ctx context.Context, e rules.Event) ([]row, error) {
	if e.Subject.Kind == "workflow" {
		return f.find(ctx, "workflow", workflowFields, cond{"id", "=", e.Subject.ID})
	}
	if e.Request == nil {
		return nil, nil
	}
	named, err := f.findAll(ctx, f.having("workflow", workflowFields, e.Request.References, "contract", "name")...)
	if rows := byID(named); err != nil || len(rows) > 0 {
		return rows, err
	}
	senders, err := f.findAll(ctx, f.having("workflow", workflowFields, addresses(e.Request), "homeowner.email", "co_homeowner.email")...)
	return byID(senders), err
}

// addresses are those of the sender of a mail, and of whom a forwarded one
// claims to be from.
func addresses(r *rules.Request) []string {
	var all []string
	for _, address := range []string{r.From, r.Claims} {
		if address != "" && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// having wants the records that have one of the values in one of the fields.
func (f *finder) having(concept string, read []string, values []string, fields ...string) []want {
	var all []want
	for _, field := range fields {
		if len(values) > 0 && f.m.path(concept, field) != "" {
			all = append(all, want{concept, read, []cond{{field, "in", values}}})
		}
	}
	return all
}

// byID returns the rows that were found, each once, ordered by id.
func byID(found [][]row) []row {
	all := slices.Concat(found...)
	slices.SortStableFunc(all, func(a, b row) int { return strings.Compare(a.id, b.id) })
	return slices.CompactFunc(all, func(a, b row) bool { return a.id == b.id })
}

func workflow(r row) rules.Workflow {
	w := rules.Workflow{
		ID:       r.id,
		Name:     r.text("name"),
		Contract: r.text("contract"),
		Status:   r.word("status"),
		Model:    r.word("model"),
		Product:  r.text("product"),
		// A word that is not mapped must not pass for an empty field, which
		// the rules may ignore.
		Milestone:    cmp.Or(r.word("milestone"), r.text("milestone")),
		Photos:       rules.Tri(r.word("photos")),
		Invoice:      rules.Tri(r.word("invoice")),
		RoofClear:    rules.Tri(r.word("roof_clear")),
		Signed:       r.date("signed_on"),
		Installer:    rules.Person{Name: r.text("installer_name"), Email: r.text("installer_email")},
		SalesRep:     rules.Person{Name: r.text("sales_rep_name"), Email: r.text("sales_rep_email")},
		Signers:      r.words("signers"),
		ChangedAt:    r.time("changed"),
		RestoreBlock: r.text("restore_block"),
	}
	for _, who := range []string{"homeowner", "co_homeowner"} {
		if id := r.text(who); id != "" {
			w.Homeowners = append(w.Homeowners, rules.Person{ID: id, Name: r.text(who + ".name"), Email: r.text(who + ".email")})
		}
	}
	return w
}

// milestonesOf returns the milestones of each workflow, in product order, with
// their pending reviews.
func milestonesOf(rows, reviews []row) map[string][]rules.Milestone {
	pending := map[string][]string{}
	for _, r := range reviews {
		pending[r.text("milestone")] = append(pending[r.text("milestone")], r.id)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.number("order"), b.number("order")) })
	all := map[string][]rules.Milestone{}
	for _, r := range rows {
		all[r.text("workflow")] = append(all[r.text("workflow")], rules.Milestone{
			ID: r.id, Name: r.word("name"), Status: r.word("status"), Reviews: pending[r.id],
		})
	}
	return all
}

// referralsOf returns the newest referral of each workflow. What else the team was
// given, such as a restore, is no decision about a cancellation.
func referralsOf(rows []row) map[string]*rules.Referral {
	slices.SortStableFunc(rows, func(a, b row) int { return a.time("created").Compare(b.time("created")) })
	all := map[string]*rules.Referral{}
	for _, r := range rows {
		// Not a condition of the query: a long text cannot be one.
		if r.word("reason") == "cancellation" {
			all[r.text("workflow")] = &rules.Referral{ID: r.id, Decision: decision(r)}
		}
	}
	return all
}
