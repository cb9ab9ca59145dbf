package salesforce_test

import (
	"fmt"
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
	zones  map[string]string // by job, what it was last set to
	commit []func()
}

func newOffice(tb testing.TB, jobs, pace int) *office {
	tb.Helper()
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o := &office{clock: c, pace: pace, zones: map[string]string{}, org: sandbox.New(sandbox.Options{Now: c.Now, DailyLimit: 10_000_000})}
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

// minute lets a minute pass in which jobs are changed, some in each second that
// is a multiple of six. Each fifth minute's changes are seen three minutes later.
func (o *office) minute(tb testing.TB, n int) {
	tb.Helper()
	edit := func() error {
		for done := 0; done < o.pace; done++ {
			o.edits++
			id, zone := o.jobs[o.edits*37%len(o.jobs)], fmt.Sprint("zone ", o.edits)
			if err := o.org.Update("sked__Job__c", id, map[string]any{"sked__Timezone__c": zone}); err != nil {
				return err
			}
			o.zones[id] = zone
			if done%(o.pace/10) == 0 {
				o.clock.Advance(6 * time.Second)
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
}

// settle commits what is open.
func (o *office) settle() {
	for _, commit := range o.commit {
		commit()
	}
	o.commit = nil
	o.clock.Advance(time.Minute)
}

// Late commits, equal stamps, and more changes than a full reading of the
// overlap has room for.
func TestABusyOfficeIsReadInOneCallAPoll(t *testing.T) {
	for _, pace := range []int{20, 200, 500} {
		t.Run(fmt.Sprintf("at %d changes a minute", pace), func(t *testing.T) {
			o := newOffice(t, 26*pace, pace) // each is changed once at most
			p := o.poller(t)
			p.poll()
			began, polls := o.org.Calls(), 25
			for n := range polls {
				o.minute(t, n)
				p.poll()
			}
			if calls := o.org.Calls() - began; calls > polls+polls/20 {
				t.Errorf("%d polls took %d calls", polls, calls)
			}
			o.settle()
			for range 12 {
				o.clock.Advance(time.Minute)
				p.poll()
			}
			p.check()
		})
	}
}

// More changes than one call can bring are brought by more calls; what is
// reported to a daemon that dies is reported again.
func TestTooManyChangesForOneCallAreNotLost(t *testing.T) {
	for _, dies := range []bool{false, true} {
		t.Run(fmt.Sprintf("a daemon that dies: %t", dies), func(t *testing.T) {
			o := newOffice(t, 7500, 2500)
			p := o.poller(t)
			p.poll()
			for n := range 18 {
				if n < 3 {
					o.minute(t, n)
				} else if n == 3 {
					o.settle()
				} else {
					o.clock.Advance(time.Minute)
				}
				if dies && n%3 == 0 {
					if _, err := p.client.Changes(t.Context(), p.cursor); err != nil { // which nobody stores
						t.Fatal(err)
					}
					p.seen = map[connectors.Ref]string{}
				}
				if dies && n%4 == 0 {
					p.client, p.seen = o.poller(t).client, map[connectors.Ref]string{}
				}
				p.poll()
			}
			p.check()
		})
	}
}

// A poller polls as the daemon does, and keeps what it is told.
type poller struct {
	testing.TB
	office *office
	client *salesforce.Client
	cursor connectors.Cursor
	told   map[connectors.Ref]string // zone by job
	seen   map[connectors.Ref]string // version
}

func (o *office) poller(tb testing.TB) *poller {
	opts := salesforce.Options{URL: o.url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}, Now: o.clock.Now}
	for _, object := range polled {
		w := salesforce.Watch{Object: object}
		if object == "sked__Job__c" {
			w.Fields = []string{"sked__Timezone__c"}
		}
		opts.Watch = append(opts.Watch, w)
	}
	client, err := salesforce.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return &poller{TB: tb, office: o, client: client, told: map[connectors.Ref]string{}, seen: map[connectors.Ref]string{}}
}

func (p *poller) poll() {
	for more := true; more; {
		batch, err := p.client.Changes(p.Context(), p.cursor)
		if err != nil {
			p.Fatal(err)
		}
		for _, r := range batch.Records {
			if p.seen[r.Ref] == r.Version {
				p.Errorf("%s is reported twice as of %s", r.Ref, r.At)
			}
			p.seen[r.Ref] = r.Version
			p.told[r.Ref], _ = r.Fields["sked__Timezone__c"].(string)
		}
		p.cursor, more = batch.Next, batch.More
	}
}

// check fails if the last change of a job was not told.
func (p *poller) check() {
	p.Helper()
	missed := 0
	for id, zone := range p.office.zones {
		if p.told[connectors.Ref{Kind: "sked__Job__c", ID: id}] != zone {
			missed++
		}
	}
	if missed > 0 {
		p.Errorf("of %d jobs that were changed, the last change of %d was not reported", len(p.office.zones), missed)
	}
}
