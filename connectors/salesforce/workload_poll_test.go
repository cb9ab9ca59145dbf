package salesforce_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

var polled = []string{"sked__Job__c", "Workflow__c", "Contact", "Case", "Event"}

// An office is an org with many jobs, of which people change some each minute.
// Some transactions take minutes to commit.
type office struct {
	org    *sandbox.Org
	url    string
	clock  *clock
	jobs   []string
	pace   int // changes a minute
	edits  int
	commit []func()
}

func newOffice(tb testing.TB, jobs, pace int) *office {
	tb.Helper()
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o := &office{clock: c, pace: pace, org: sandbox.New(sandbox.Options{Now: c.Now, DailyLimit: 10_000_000})}
	var err error
	if o.url, err = o.org.Start("127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { o.org.Close() })
	for range jobs {
		id, err := o.org.Insert("sked__Job__c", map[string]any{"sked__Job_Status__c": "Queued"})
		if err != nil {
			tb.Fatal(err)
		}
		o.jobs = append(o.jobs, id)
	}
	c.Advance(time.Hour)
	return o
}

// minute lets a minute pass in which jobs are changed, each one once in an
// hour. Each fifth minute's changes are seen three minutes later.
func (o *office) minute(tb testing.TB, n int) {
	tb.Helper()
	edit := func() error {
		for range o.pace {
			o.edits++
			id := o.jobs[o.edits*37%len(o.jobs)]
			if err := o.org.Update("sked__Job__c", id, map[string]any{"sked__Timezone__c": fmt.Sprint("zone ", o.edits)}); err != nil {
				return err
			}
		}
		return nil
	}
	commit, err := func() {}, error(nil)
	if n%5 == 0 {
		commit, err = o.org.Uncommitted(edit)
	} else {
		err = edit()
	}
	if err != nil {
		tb.Fatal(err)
	}
	if o.commit = append(o.commit, commit); len(o.commit) > 3 {
		o.commit[0]()
		o.commit = o.commit[1:]
	}
	o.clock.Advance(time.Minute)
}

// settle commits what is open.
func (o *office) settle() {
	for _, commit := range o.commit {
		commit()
	}
	o.commit = nil
	o.clock.Advance(time.Minute)
}

// BenchmarkSteadyPoll watches five objects for an hour of the org's time, a
// poll a minute, while some of 50,000 jobs change in each; with STANDDOWN_NPM
// jsforce does so too. Each change is to be reported once. Ten minutes are read
// again each time, and a call brings 2000 rows, so that one call is enough up
// to 200 changes a minute.
func BenchmarkSteadyPoll(b *testing.B) {
	for _, changes := range []int{50, 500} {
		b.Run(fmt.Sprintf("standdown, %d changes a minute", changes), func(b *testing.B) {
			for range b.N {
				o := newOffice(b, 50_000, changes)
				o.hour(b, o.poller(b))
			}
		})
		for _, way := range []string{"naive", "tuned"} {
			b.Run(fmt.Sprintf("jsforce %s, %d changes a minute", way, changes), func(b *testing.B) {
				dir := needJsforce(b)
				for range b.N {
					o := newOffice(b, 50_000, changes)
					o.hour(b, o.jsforce(b, dir, way))
				}
			})
		}
	}
}

// hour calls poll each minute; poll returns how many rows were new to it, and
// how long it took.
func (o *office) hour(b *testing.B, poll func() (int, time.Duration)) {
	b.Helper()
	const minutes = 60
	poll()
	calls, reported := o.org.Calls(), 0
	var took time.Duration
	for n := range minutes + 1 {
		if n < minutes {
			o.minute(b, n)
		} else {
			o.settle()
		}
		fresh, d := poll()
		reported += fresh
		took += d
	}
	b.ReportMetric(0, "ns/op") // which would count the work of the people
	b.ReportMetric(took.Seconds()*1000/(minutes+1), "ms/poll")
	b.ReportMetric(float64(o.org.Calls()-calls)/(minutes+1), "calls/poll")
	b.ReportMetric(float64(reported)/float64(o.edits), "reported/change")
}

// poller polls as the daemon does.
func (o *office) poller(b *testing.B) func() (int, time.Duration) {
	opts := salesforce.Options{URL: o.url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}, Now: o.clock.Now}
	for _, object := range polled {
		opts.Watch = append(opts.Watch, salesforce.Watch{Object: object})
	}
	client, err := salesforce.New(opts)
	if err != nil {
		b.Fatal(err)
	}
	cursor := connectors.Cursor("")
	return func() (fresh int, took time.Duration) {
		began := time.Now()
		for more := true; more; {
			batch, err := client.Changes(b.Context(), cursor)
			if err != nil {
				b.Fatal(err)
			}
			fresh += len(batch.Records)
			cursor, more = batch.Next, batch.More
		}
		return fresh, time.Since(began)
	}
}

// jsforce polls by a script, which is told when by a line.
func (o *office) jsforce(b *testing.B, dir, way string) func() (int, time.Duration) {
	cmd := exec.Command("node", append([]string{"testdata/jsforce/poll.js", way}, polled...)...)
	cmd.Env = append(os.Environ(), "ORG="+o.url, "STANDDOWN_NPM="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	lines := json.NewDecoder(out)
	return func() (int, time.Duration) {
		var said struct {
			Fresh        int
			Milliseconds float64
		}
		if _, err := fmt.Fprintln(in); err != nil {
			b.Fatal(err)
		}
		if err := lines.Decode(&said); err != nil {
			b.Fatal(err)
		}
		return said.Fresh, time.Duration(said.Milliseconds * float64(time.Millisecond))
	}
}
