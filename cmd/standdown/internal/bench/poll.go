package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

// Polled are the objects that are watched.
var polled = [...]string{"sked__Job__c", "Workflow__c", "Contact", "Case", "Event"}

// An office is an org with many jobs, of which people change some each minute.
// Some transactions take minutes to commit. The clock is the office's.
type office struct {
	org    *sandbox.Org
	url    string
	jobs   []string
	pace   int // changes a minute
	edits  int
	zones  map[string]string // by job, what it was last set to
	commit []func()

	mu  sync.Mutex
	now time.Time
}

func openOffice(jobs, pace int) (o *office, err error) {
	o = &office{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), pace: pace, zones: map[string]string{}}
	o.org = sandbox.New(sandbox.Options{Now: o.clock, DailyLimit: 10_000_000})
	for range jobs {
		id, err := o.org.Insert("sked__Job__c", map[string]any{"sked__Job_Status__c": "Queued"})
		if err != nil {
			return nil, err
		}
		o.jobs = append(o.jobs, id)
	}
	o.advance(time.Hour)
	o.url, err = o.org.Start("127.0.0.1:0")
	return o, err
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// minute lets a minute pass in which jobs are changed, some in each second that
// is a multiple of six. Each fifth minute's changes are seen three minutes later.
func (o *office) minute(n int) (err error) {
	edit := func() error {
		for done := range o.pace {
			o.edits++
			id, zone := o.jobs[o.edits*37%len(o.jobs)], fmt.Sprint("zone ", o.edits)
			if err := o.org.Update("sked__Job__c", id, map[string]any{"sked__Timezone__c": zone}); err != nil {
				return err
			}
			o.zones[id] = zone
			if done%(o.pace/10) == 0 {
				o.advance(6 * time.Second)
			}
		}
		return nil
	}
	commit := func() {}
	if n%5 == 0 {
		commit, err = o.org.Uncommitted(edit)
	} else {
		err = edit()
	}
	if o.commit = append(o.commit, commit); len(o.commit) > 3 {
		o.commit[0]()
		o.commit = o.commit[1:]
	}
	return err
}

// A reader polls once; it returns how many rows were new to it.
type reader func(context.Context) (fresh int, took time.Duration, err error)

// hour polls each minute of an hour, and checks that every change was reported,
// once.
func (o *office) hour(ctx context.Context, poll reader) (s Sample, err error) {
	const minutes = 60
	if _, _, err := poll(ctx); err != nil {
		return s, err
	}
	calls, reported := o.org.Calls(), 0
	var took time.Duration
	for n := range minutes + 1 {
		if n < minutes {
			err = o.minute(n)
		} else {
			for _, commit := range o.commit {
				commit()
			}
			o.advance(time.Minute)
		}
		fresh, d, failed := poll(ctx)
		if err := errors.Join(err, failed); err != nil {
			return s, err
		}
		reported += fresh
		took += d
	}
	s.Values = map[string]float64{
		"calls": float64(o.org.Calls()-calls) / (minutes + 1), "time": took.Seconds() * 1000 / (minutes + 1), "missed": 0, "doubled": 0,
	}
	for range 20 { // what was seen late, and has not been read again yet
		o.advance(time.Minute)
		fresh, _, err := poll(ctx)
		if err != nil {
			return s, err
		}
		reported += fresh
	}
	if reported != o.edits {
		s.Wrong = append(s.Wrong, fmt.Sprintf("%d changes, %d were reported", o.edits, reported))
	}
	return s, nil
}

// poll is W7.
func poll(ctx context.Context, b *Bench) error {
	jobs := b.either(8_000, 50_000)
	for _, changes := range []int{50, b.either(100, 500)} {
		kase := b.newCase("W7", fmt.Sprintf("%s jobs, %d changes a minute", number(float64(jobs)), changes),
			Figure{Name: "calls", Unit: "a cycle", Floor: new(1.0), Target: atMost(1.05)}, Figure{Name: "missed", Target: atMost(0)}, Figure{Name: "doubled", Target: atMost(0)},
			Figure{Name: "time", Unit: "ms a cycle"})
		run := func(who string, read func(*office) (reader, func() error, error)) error {
			return b.measure(ctx, kase, who, func(ctx context.Context) (s Sample, err error) {
				o, err := openOffice(jobs, changes)
				if err != nil {
					return s, err
				}
				defer o.org.Close()
				poll, end, err := read(o)
				if err != nil {
					return s, err
				}
				s, err = o.hour(ctx, poll)
				return s, errors.Join(err, end())
			})
		}
		err := run(Ours, func(o *office) (reader, func() error, error) { return o.connector() })
		for _, way := range []string{"tuned", "naive"} {
			err = errors.Join(err, run("jsforce "+way, func(o *office) (reader, func() error, error) { return b.jsforcePolls(ctx, o, way) }))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// connector polls as the daemon does. Besides the number it checks that the last
// change of each job was told, and none twice.
func (o *office) connector() (reader, func() error, error) {
	opts := salesforce.Options{URL: o.url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}, Now: o.clock}
	for _, object := range polled {
		w := salesforce.Watch{Object: object}
		if object == "sked__Job__c" {
			w.Fields = []string{"sked__Timezone__c"}
		}
		opts.Watch = append(opts.Watch, w)
	}
	client, err := salesforce.New(opts)
	var cursor connectors.Cursor
	told, seen, twice := map[string]string{}, map[connectors.Ref]string{}, 0
	read := func(ctx context.Context) (fresh int, took time.Duration, err error) {
		for more := true; more; {
			began := time.Now()
			batch, err := client.Changes(ctx, cursor)
			took += time.Since(began)
			if err != nil {
				return fresh, took, err
			}
			for _, r := range batch.Records {
				if seen[r.Ref] == r.Version {
					twice++
				}
				seen[r.Ref] = r.Version
				told[r.Ref.ID], _ = r.Fields["sked__Timezone__c"].(string)
			}
			fresh += len(batch.Records)
			cursor, more = batch.Next, batch.More
		}
		return fresh, took, nil
	}
	return read, func() error {
		missed := 0
		for id, zone := range o.zones {
			if told[id] != zone {
				missed++
			}
		}
		if missed+twice > 0 {
			return fmt.Errorf("of %d jobs that were changed, the last change of %d was not told; %d were told twice", len(o.zones), missed, twice)
		}
		return nil
	}, err
}

// jsforcePolls polls by a script, which is told when by a line.
func (b *Bench) jsforcePolls(ctx context.Context, o *office, way string) (reader, func() error, error) {
	cmd, err := b.script(ctx, "poll.js", []string{"jsforce"}, append([]string{way}, polled[:]...)...)
	if err != nil {
		return nil, nil, err
	}
	cmd.Env = append(cmd.Env, "ORG="+o.url)
	return linewise(cmd)
}

// linewise starts a script that answers each line with one of JSON.
func linewise(cmd *exec.Cmd) (reader, func() error, error) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := json.NewDecoder(out)
	read := func(context.Context) (int, time.Duration, error) {
		var said struct {
			Fresh        int
			Milliseconds float64
		}
		if _, err := fmt.Fprintln(in); err != nil {
			return 0, 0, err
		}
		err := lines.Decode(&said)
		return said.Fresh, time.Duration(said.Milliseconds * float64(time.Millisecond)), err
	}
	return read, func() error { return errors.Join(in.Close(), cmd.Wait()) }, nil
}
