package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	sf "github.com/k-capehart/go-salesforce/v3"

	"standdown/connectors/salesforce/sandbox"
)

// What one call takes (sObject Collections and Composite, Limits).
const (
	perCollection = 200
	perCall       = 5 * perCollection
)

// writeBack is W8.
func writeBack(ctx context.Context, b *Bench) error {
	sizes := []int{1000, 10_000}
	latencies := []time.Duration{0, 50 * time.Millisecond}
	if b.Small {
		sizes, latencies = []int{250}, latencies[:1]
	}
	for _, n := range sizes {
		for _, latency := range latencies {
			wall := Figure{Name: "wall", Unit: "s from the first call to the last answer"}
			if latency > 0 {
				wall.Target = atMostTimes(1.5, floor)
			}
			kase := b.newCase("W8", fmt.Sprintf("%s jobs, 3 changes each, %d ms a call", number(float64(n)), latency.Milliseconds()),
				Figure{Name: "calls", Target: atMost(max(15, float64(n)*15/1000))}, wall, Figure{Name: "cpu", Unit: "s"}, Figure{Name: "memory", Unit: "MB at most"})
			if err := b.writers(ctx, kase, n, latency, nil); err != nil {
				return err
			}
			quoteWriteBack(kase, n)
			if latency > 0 {
				b.againstTuned(kase)
			}
		}
	}
	return nil
}

// againstTuned adds the figure that compares with the tuned script.
func (b *Bench) againstTuned(kase *Case) {
	f := Figure{Name: "wall, beside jsforce", Unit: "s", Target: atMostTimes(0.5, "jsforce tuned")}
	kase.Figures = append(kase.Figures, f)
	for _, e := range kase.Entrants {
		if v, ok := e.Values["wall"]; ok && (e.Name == Ours || e.Name == f.Target.Of) {
			e.Values[f.Name] = v
		}
	}
}

// writers have each program call the jobs off. Trouble, unless it is nil, is made
// in each org.
func (b *Bench) writers(ctx context.Context, kase *Case, n int, latency time.Duration, trouble func(*sandbox.Org)) error {
	run := func(who string, write func(*jobs) (Sample, error)) error {
		return b.measure(ctx, kase, who, func(context.Context) (s Sample, err error) {
			j, err := newJobs(n, latency)
			if err != nil {
				return s, err
			}
			defer j.Close()
			return write(j)
		})
	}
	spoil := func(j *jobs) func() {
		return func() {
			if trouble != nil {
				trouble(j.org)
			}
		}
	}
	var err error
	if trouble == nil {
		err = run(floor, func(j *jobs) (Sample, error) {
			if err := j.atOnce(ctx); err != nil {
				return Sample{}, err
			}
			return j.sample()
		})
	}
	err = errors.Join(err, run(Ours, func(j *jobs) (Sample, error) { return j.delivered(ctx, b, "checked", spoil(j)) }))
	if n <= 1000 {
		err = errors.Join(err, run("standdown, write_guard: strict", func(j *jobs) (Sample, error) { return j.delivered(ctx, b, "strict", spoil(j)) }))
	}
	for _, way := range []string{"tuned", "naive"} {
		err = errors.Join(err, run("jsforce "+way, func(j *jobs) (s Sample, err error) {
			cmd, err := b.script(ctx, "writeback.js", []string{"jsforce"}, way)
			if err != nil {
				return s, err
			}
			spoil(j)()
			cmd.Env = append(cmd.Env, "ORG="+j.url())
			u, err := Measure(ctx, cmd)
			s, looked := j.sample()
			u.values(s.Values)
			return s, errors.Join(err, looked)
		}))
	}
	return errors.Join(err, run("go-salesforce", func(j *jobs) (Sample, error) {
		spoil(j)()
		err := j.byLibrary()
		s, looked := j.sample()
		return s, errors.Join(err, looked)
	}))
}

// byLibrary calls all off with go-salesforce: collections of 200, one call after
// the other. It asks for the records' ids as the scripts do. It cannot turn pages of
// another API version than its own (3.1.0).
func (j *jobs) byLibrary() error {
	client, err := sf.Init(sf.Creds{Domain: j.url(), ConsumerKey: "sandbox", ConsumerSecret: "secret"})
	if err != nil {
		return err
	}
	type found struct{ Id string }
	var contracts, allocations []found
	err = errors.Join(
		client.Query("SELECT Id FROM Workflow__c WHERE Status__c = 'Active'", &contracts),
		client.Query("SELECT Id FROM sked__Job_Allocation__c WHERE sked__Status__c = 'Dispatched'", &allocations))
	if err != nil {
		return err
	}
	var statuses, comments, withdrawn []map[string]any
	for _, c := range contracts {
		statuses = append(statuses, map[string]any{"Id": c.Id, "Status__c": "Cancelled"})
		comments = append(comments, map[string]any{"ParentId": c.Id, "Body": "Cancelled as asked."})
	}
	for _, a := range allocations {
		withdrawn = append(withdrawn, map[string]any{"Id": a.Id, "sked__Status__c": "Deleted"})
	}
	_, err1 := client.UpdateCollection("Workflow__c", statuses, perCollection)
	_, err2 := client.InsertCollection("FeedItem", comments, perCollection)
	_, err3 := client.UpdateCollection("sked__Job_Allocation__c", withdrawn, perCollection)
	return errors.Join(err1, err2, err3)
}

// atOnce is the floor: it knows what to write, keeps nothing, looks at nothing,
// and sends five collections to a call, four calls at a time.
func (j *jobs) atOnce(ctx context.Context) error {
	token, err := j.org.Token("integration@sandbox.example")
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	defer client.CloseIdleConnections()
	for _, step := range []struct {
		method, object string
		ids            []string
		record         func(id string) map[string]any
	}{
		{"PATCH", "Workflow__c", j.contracts, func(id string) map[string]any { return map[string]any{"id": id, "Status__c": "Cancelled"} }},
		{"POST", "FeedItem", j.contracts, func(id string) map[string]any {
			return map[string]any{"ParentId": id, "Body": "Cancelled as asked."}
		}},
		{"PATCH", "sked__Job_Allocation__c", j.allocations, func(id string) map[string]any { return map[string]any{"id": id, "sked__Status__c": "Deleted"} }},
	} {
		var bodies [][]byte
		for call := range slices.Chunk(step.ids, perCall) {
			var parts []map[string]any
			for some := range slices.Chunk(call, perCollection) {
				var records []map[string]any
				for _, id := range some {
					record := step.record(id)
					record["attributes"] = map[string]any{"type": step.object}
					records = append(records, record)
				}
				parts = append(parts, map[string]any{
					"method": step.method, "url": "/services/data/v64.0/composite/sobjects", "referenceId": fmt.Sprint("part", len(parts)),
					"body": map[string]any{"allOrNone": false, "records": records},
				})
			}
			body, err := json.Marshal(map[string]any{"compositeRequest": parts})
			if err != nil {
				return err
			}
			bodies = append(bodies, body)
		}
		if err := post(ctx, client, j.url()+"/services/data/v64.0/composite", token, bodies); err != nil {
			return err
		}
	}
	return nil
}

// post sends bodies, four at a time.
func post(ctx context.Context, client *http.Client, url, token string, bodies [][]byte) error {
	var sending sync.WaitGroup
	failed := make(chan error, len(bodies))
	slots := make(chan struct{}, 4)
	for _, body := range bodies {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			failed <- func() error {
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
				if err != nil {
					return err
				}
				r.Header.Set("Authorization", "Bearer "+token)
				r.Header.Set("Content-Type", "application/json")
				answer, err := client.Do(r)
				if err != nil {
					return err
				}
				defer answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					return errors.New(answer.Status)
				}
				_, err = io.Copy(io.Discard, answer.Body)
				return err
			}()
		})
	}
	sending.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// faults is W9. What is wasted is told beside the same work on a good day.
func faults(ctx context.Context, b *Bench) error {
	n := b.either(250, 10_000)
	good := &Case{Title: "a good day, to compare with"}
	if err := b.writers(ctx, good, n, 0, nil); err != nil {
		return err
	}
	kase := b.newCase("W9", fmt.Sprintf("%s jobs, 3 changes each; 150 locked rows, a 503, an expired session, two lost answers", number(float64(n))),
		Figure{Name: "calls"}, Figure{Name: "wasted", Unit: "% of calls, beside a good day", Target: atMost(10)}, Figure{Name: "logins", Target: atMost(2)}, Figure{Name: "wall", Unit: "s"})
	err := b.writers(ctx, kase, n, 0, (*sandbox.Org).BadDay)
	for _, e := range kase.Entrants {
		calls, ok := e.Values["calls"]
		usual, fine := good.value(e.Name, "calls")
		if ok && fine {
			more := 100 * (calls.Median - usual.Median) / usual.Median
			e.Values["wasted"] = Value{more, more, more}
		}
	}
	return err
}
