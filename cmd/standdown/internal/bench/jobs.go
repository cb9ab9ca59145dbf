package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/salesforce/sandbox"
	"standdown/rules"
)

// jobs is an org with contracts to call off: of each the status is set, it is
// commented on, and an allocation is withdrawn. Which ones is known.
type jobs struct {
	org         *sandbox.Org
	door        *Door
	contracts   []string
	allocations []string
}

func newJobs(n int, latency time.Duration) (j *jobs, err error) {
	j = &jobs{org: sandbox.New(sandbox.Options{DailyLimit: 10_000_000, Latency: latency})}
	if _, err := j.org.Insert("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"}); err != nil {
		return nil, err
	}
	for i := range n {
		contract, err1 := j.org.Insert("Workflow__c", map[string]any{"Name": fmt.Sprintf("W-%04d", i), "Status__c": "Active"})
		allocation, err2 := j.org.Insert("sked__Job_Allocation__c", map[string]any{"sked__Status__c": "Dispatched"})
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		j.contracts, j.allocations = append(j.contracts, contract), append(j.allocations, allocation)
	}
	j.door, err = openDoor(j.org.Handler(), nil)
	return j, err
}

func (j *jobs) Close() { j.door.Close() }

func (j *jobs) url() string { return "http://" + j.door.Address }

// changes are those of one job, in order. The key begins all of theirs.
func (j *jobs) changes(i int, key string) []connectors.Change {
	contract, allocation := connectors.Ref{Kind: "Workflow__c", ID: j.contracts[i]}, connectors.Ref{Kind: "sked__Job_Allocation__c", ID: j.allocations[i]}
	return []connectors.Change{
		{Key: key + "/1", Op: connectors.Update, Ref: contract, Fields: map[string]any{"Status__c": "Cancelled"}, If: map[string]any{"Status__c": "Active"}},
		{Key: key + "/2", Op: connectors.Post, Ref: contract, Fields: map[string]any{"Body": "Cancelled as asked."}},
		{Key: key + "/3", Op: connectors.Update, Ref: allocation, Fields: map[string]any{"sked__Status__c": "Deleted"}, If: map[string]any{"sked__Status__c": "Dispatched"}},
	}
}

// undone tells, from outside, what was not done or done twice.
func (j *jobs) undone() (wrong []string, err error) {
	count := func(soql string) int {
		rows, failed := j.org.Query(soql)
		err = errors.Join(err, failed)
		return len(rows)
	}
	n := len(j.contracts)
	done, withdrawn, posts := count("SELECT Id FROM Workflow__c WHERE Status__c = 'Cancelled'"), count("SELECT Id FROM sked__Job_Allocation__c WHERE sked__Status__c = 'Deleted'"), map[any]int{}
	rows, failed := j.org.Query("SELECT ParentId FROM FeedItem")
	for _, r := range rows {
		posts[r["ParentId"]]++
	}
	doubled := len(rows) - len(posts)
	if done != n || withdrawn != n || len(posts) != n || doubled != 0 {
		wrong = append(wrong, fmt.Sprintf("of %d jobs %d are cancelled, %d commented on (%d comments too many), %d allocations withdrawn", n, done, len(posts), doubled, withdrawn))
	}
	return wrong, errors.Join(err, failed)
}

// sample is what the door has seen.
func (j *jobs) sample() (Sample, error) {
	seen := j.door.Seen()
	wrong, err := j.undone()
	return Sample{Wrong: wrong, Values: map[string]float64{
		"calls": float64(seen.All()), "wall": j.door.Writing().Seconds(), "logins": float64(seen.Logins),
	}}, err
}

// delivered has a daemon write everything: the decisions are in its journal, and
// it has seen the org, before it starts. Trouble, unless it is nil, is made in
// between.
func (j *jobs) delivered(ctx context.Context, b *Bench, guard string, trouble func()) (s Sample, err error) {
	file, journal, err := b.configured(fmt.Sprintf(`
salesforce: {url: %q, auth: {method: client_credentials, client_id: sandbox, client_secret: secret}, poll: "@every 24h", reconcile: 0s, write_guard: %s}
mapping: {presets: [milestone]}
ceilings: {run: {records: 0, percent: 0}, rule: {records: 0}, customer: {records: 0}}
delivery: {quiet: 1s}
web: {listen: ""}
`, j.url(), guard))
	if err != nil {
		return s, err
	}
	if _, err := b.during(ctx, file, journal, func(s *store.Store) error { return baseline(ctx, s, "salesforce") }); err != nil {
		return s, err
	}
	if err := j.decided(ctx, journal); err != nil {
		return s, err
	}
	if trouble != nil {
		trouble()
	}
	brake := store.Brake{Name: store.AllSystems, Who: "bench"}
	began := time.Now()
	u, err := b.during(ctx, file, journal, func(s *store.Store) error {
		// A daemon looks at the org when it starts; that is no part of the work. Its
		// cursor tells when a round that comes in pages began, until it is over.
		err := stage.Until(ctx, "the org was read", func() (bool, error) {
			r, err := s.Reading(ctx, "salesforce")
			return r.ReadAt.After(began) && !strings.Contains(string(r.Cursor), `"begun"`), err
		})
		j.door.Forget()
		if err := errors.Join(err, s.Resume(ctx, brake)); err != nil {
			return err
		}
		return stage.Until(ctx, "everything is delivered", func() (bool, error) { return s.Quiet(ctx) })
	})
	if err != nil {
		return s, err
	}
	s, err = j.sample()
	u.values(s.Values)
	return s, err
}

// together is how many jobs one event of the journal is about.
const together = 20

// decided puts a decision for each job into a journal, and holds them back.
func (j *jobs) decided(ctx context.Context, name string) (err error) {
	journal, err := store.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	now := time.Now()
	if err := journal.Pause(ctx, store.Brake{Name: store.AllSystems, Who: "bench", At: now}); err != nil {
		return err
	}
	first := map[string]int{} // job of an event
	var arrivals []store.Arrival
	for i := 0; i < len(j.contracts); i += together {
		id := j.contracts[i]
		e := rules.Event{ID: "bench:" + id, Kind: "bench", At: now, Subject: rules.Ref{Kind: "client", ID: id}}
		first[e.ID] = i
		arrivals = append(arrivals, store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: id}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: now, Event: &e, State: store.New})
	}
	if _, err := journal.Intake(ctx, "bench", &store.Reading{ReadAt: now}, arrivals); err != nil {
		return err
	}
	for {
		events, err := journal.Undecided(ctx, now.Add(time.Hour), 1000)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			if err := journal.Commit(ctx, j.verdict(e, first[e.ID]), now); err != nil {
				return err
			}
		}
	}
}

// verdict has a decision for each of the jobs from the i-th on.
func (j *jobs) verdict(e store.Event, i int) store.Verdict {
	v := store.Verdict{Event: e, Customer: e.Subject.ID}
	for ; len(v.Decisions) < together && i < len(j.contracts); i++ {
		v.Decisions = append(v.Decisions, rules.Decision{Subject: rules.Ref{Kind: "workflow", ID: j.contracts[i]}, Table: "bench", Row: "B1"})
		var writes []store.Write
		for _, change := range j.changes(i, fmt.Sprint(e.ID, "#", i)) {
			writes = append(writes, store.Write{System: "salesforce", Verb: change.Op, State: store.Pending, Change: change})
		}
		v.Writes = append(v.Writes, writes)
	}
	return v
}
