// Package bench measures the program against what people use otherwise: the
// workloads W1 to W13 of `standdown bench` and what grows (S1 to S4), each beside the least that any
// program needs (the floor), beside what is aimed at, and beside peers, run in
// the same call on the same machine against the same servers.
//
// The daemon is a process of its own, as it is delivered. The org is the
// sandbox org of this process, the mail server the sandbox's or, where it is
// installed, Dovecot. Peers that are not installed are named as missing.
// Figures of n8n and Node-RED are quoted from a recorded run and say so.
//
// It promises that no figure stands for work that was not done: after every run
// the world is looked at from outside, and who lost or doubled an effect has no
// figures, only what went wrong. It tunes nothing.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say what is run, and how.
type Options struct {
	// Program is the daemon's: what is executed with "serve".
	Program string
	// Only are the names of workloads, such as W2; empty is all.
	Only []string
	// Small runs sizes that take seconds and show that everything is right; their
	// figures mean little.
	Small bool
	// Runs is how often each figure is taken; the median is told, with the lowest
	// and the highest.
	Runs int
	// Alone leaves out the peers.
	Alone bool
	// NPM is a directory whose node_modules have jsforce and imapflow; empty:
	// where npm installs globally.
	NPM string
	// Dir is for files of the runs.
	Dir string
	// Progress is told what is being measured.
	Progress io.Writer
}

// A Workload is one of those that can be run.
type Workload struct {
	Name     string // such as W2
	Measures string // in one line
	run      func(context.Context, *Bench) error
}

// Workloads are all that there are, in order.
func Workloads() []Workload {
	return []Workload{
		{"W1", "mails of 4 kB from the mailbox into a durable journal, each read, understood and checked", intake},
		{"W2", "from a mail's arrival until Salesforce has carried out the first write, mails coming one by one; scripts set a status and no more", trickle},
		{"W3", "a burst of mails, until Salesforce has carried out the first write for each; scripts set a status and no more", burst},
		{"W4", "kill -9 at random moments while mails come in, and a new start each time", crash},
		{"W5", "mails that came while the program was down, and no new one", backlog},
		{"W6", "a link that falls silent, is reset, or leads to a renumbered mailbox: noticed, told, made good", links},
		{"W7", "an hour of reading what changes in five objects, with late commits and equal stamps", poll},
		{"W8", "many changes written back: a status, a comment and an allocation of each job", writeBack},
		{"W9", "the same on a bad day: locked rows, a busy org, an expired session, lost answers", faults},
		{"W10", "decisions by the shipped rules, with facts, reasons and traces", decisions},
		{"W11", "a plan over all jobs: everything read, nothing written", plan},
		{"W12", "nothing happens", idle},
		{"W13", "from the start of the program until it is ready", start},
		{"S1", "a mail's way when the journal has many decisions already", history},
		{"S2", "a client with many visits is put on hold: every visit to come is cancelled", bigHold},
		{"S3", "ten orgs with a mailbox each, in one daemon", tenOrgs},
		{"S4", "a burst of mails, for several daemons that share a PostgreSQL database", replicas},
	}
}

// A Bench is one run of workloads.
type Bench struct {
	Options
	Report *Report
}

// Run runs workloads, one after the other. A workload that cannot be run at all
// is an error, after the others were run; what goes wrong within one is in the
// report.
func Run(ctx context.Context, o Options) (*Report, error) {
	all := Workloads()
	for _, name := range o.Only {
		if !slices.ContainsFunc(all, func(w Workload) bool { return w.Name == name }) {
			var known []string
			for _, w := range all {
				known = append(known, w.Name)
			}
			return nil, fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	o.Runs = max(1, o.Runs)
	b := &Bench{Options: o, Report: newReport(o)}
	var problems []error
	for _, w := range all {
		if len(o.Only) > 0 && !slices.Contains(o.Only, w.Name) {
			continue
		}
		fmt.Fprintf(o.Progress, "%s %s\n", w.Name, w.Measures)
		err := w.run(ctx, b)
		if ctx.Err() != nil {
			return b.Report, ctx.Err()
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", w.Name, err))
		}
	}
	return b.Report, errors.Join(problems...)
}

// either is the size to be run.
func (b *Bench) either(small, full int) int {
	if b.Small {
		return small
	}
	return full
}

// folder makes a new one for a run.
func (b *Bench) folder() (string, error) { return os.MkdirTemp(b.Dir, "run") }

// A Sample is what one run brought.
type Sample struct {
	Values map[string]float64 // by figure
	Wrong  []string           // what was lost, doubled or otherwise wrong
}

// missing is the error of a peer that is not installed.
type missing string

func (m missing) Error() string { return string(m) }

// measure has one program do a case's work as often as asked for.
func (b *Bench) measure(ctx context.Context, c *Case, who string, run func(context.Context) (Sample, error)) error {
	if b.Alone && isPeer(who) || ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Entrant{Name: who, samples: map[string][]float64{}}
	c.Entrants = append(c.Entrants, e)
	for n := range b.Runs {
		fmt.Fprintf(b.Progress, "  %s: %s", c.Title, who)
		began := time.Now()
		s, err := run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if absent, ok := errors.AsType[missing](err); ok {
			e.Missing = string(absent)
			fmt.Fprintf(b.Progress, ": %s\n", absent)
			break
		}
		if err != nil {
			s.Wrong = append(s.Wrong, err.Error())
		}
		fmt.Fprintf(b.Progress, " (run %d of %d, %s)\n", n+1, b.Runs, time.Since(began).Round(10*time.Millisecond))
		e.Wrong = append(e.Wrong, s.Wrong...)
		for figure, v := range s.Values {
			e.samples[figure] = append(e.samples[figure], v)
		}
	}
	e.sum()
	return nil
}

// isPeer tells other programs from the floor, and from this one in its ways.
func isPeer(who string) bool {
	return slices.ContainsFunc([]string{"imapflow", "jsforce", "mbsync", "getmail6", "go-salesforce"}, func(name string) bool { return strings.HasPrefix(who, name) })
}

// newCase begins a case.
func (b *Bench) newCase(workload, title string, figures ...Figure) *Case {
	c := &Case{Workload: workload, Title: title, Figures: figures}
	for _, w := range Workloads() {
		if w.Name == workload {
			c.Measures = w.Measures
		}
	}
	b.Report.Cases = append(b.Report.Cases, c)
	return c
}

// absolute is a path that stays right in another directory.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// pause waits; it reports whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
