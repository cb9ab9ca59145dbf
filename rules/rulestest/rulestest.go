// Package rulestest runs examples of what the rules must decide, written in
// YAML so that the people whose rules they are can read and write them.
//
// It does not judge the tables themselves; rules.Load does. It promises that
// an example that says something false fails, that an unknown key is an error,
// and that a row no example reaches is reported.
//
// A file looks like this; everything left out has the defaults below.
//
//	policy: cancellation
//	tests:
//	  - name: in M1B with an invoice Deal Processing decides
//	    workflow: {model: direct-pay, milestone: M1B, invoice: yes}
//	    mail: {asks: cancel, from: the homeowner}
//	    row: C7
//	    then:
//	      - open-case workflow W1 requester=HO
//	      - assign-case workflow W1 team='Deal Processing'
//	      - requeue-case workflow W1
//
// The situation:
//
//   - now: the time of deciding; 2026-11-20T10:00:00-05:00, a Friday.
//   - settings: what differs from the settings the run was given, as in the
//     configuration: {cancellation: {business_days: 3}}.
//   - workflow, or workflows: what differs from an active regular workflow W1
//     in M1 of one homeowner, C1; all fields are those of [rules.Workflow].
//     Unless given, milestones follow from milestone: those before it are
//     approved; it is itself pending-review if in_review lists reviews.
//   - client: a [rules.Client]; id client-1, jobs J1, J2, ... of one hour.
//   - assignment, or assignments: what differs from a confirmed assignment A1
//     (A-3017) of two hours, 96 hours ahead, of a customer CU1 with a window of
//     48 hours and a minimum of 90 minutes, and an interpreter X1 without own
//     terms; all fields are those of [rules.Assignment].
//   - block, or blocks: what differs from an ops block B1 (B-1001) on 1 December
//     that is confirmed and to be cancelled, with a meeting E1: an Install of
//     the job J1, or by type a Delivery of the ticket T1, or a Revenue Service
//     of the contact C1 without reset; all fields are those of
//     [rules.OpsBlock]. A block alone is the example of its change.
//   - mail: a [rules.Request]: asks cancel, from the homeowner, whose own words
//     they are and whose address is proven. "the homeowner", "the installer"
//     and "the sales rep" stand for the addresses of the first workflow, "the
//     customer", who writes about assignments unless given, for that of the
//     first contact of the first assignment.
//   - event: a [rules.Event] for everything that is no mail; its subject is the
//     first workflow, block or assignment, or the client. With a mail it may change id and at.
//
// What must follow, if the plan has one decision or only one is of interest:
//
//   - row: the row that decides.
//   - then: all actions in order, each "verb kind id", with arguments that must
//     be equal (team='Deal Processing') or contained (text~'cannot come').
//     approve~'...' looks at why a person must approve. Without then, nothing
//     may be done. (YAML wants an entry with a colon and a space in it begun
//     with ">-" on a line of its own.)
//   - because, warnings: parts of the sentences. Without warnings, they are not
//     looked at; with warnings: [], there must be none.
//   - facts: a value for each name, or "value: part of the reason".
//   - deadlines: all of them, each "kind kind-of-subject id time", or "off" for
//     the time. Without deadlines, there may be none.
//   - remember: keys and values among those to be remembered.
//   - withdraws: true if what earlier decisions proposed must not be done.
//
// want lists the whole plan instead: one such entry for each decision, in
// order, each with table and subject where they matter.
package rulestest

import (
	"fmt"
	"os"
	"strings"
	"time"

	"standdown/rules"
)

// A File is a file of examples.
type File struct {
	Name string
	Data []byte
}

// A Report is the outcome of a run.
type Report struct {
	Results []Result
	// Uncovered are the rows of the policies tested that no example reaches.
	Uncovered []Row
}

// A Result is the outcome of one example.
type Result struct {
	File string
	Line int
	Name string
	// Settings are those that the example changes: cancellation.business_days.
	Settings []string
	// Snapshot, Event and Now are what was asked, Plan is what was decided.
	Snapshot rules.Snapshot
	Event    rules.Event
	Now      time.Time
	Plan     rules.Plan
	// Problems say what differs; empty if the example holds.
	Problems []string

	book *rules.Book
}

// A Row names a row of a table.
type Row struct{ Table, ID string }

// Pass reports whether the example holds.
func (r Result) Pass() bool { return len(r.Problems) == 0 }

// Explain tells how the plan came about.
func (r Result) Explain() string {
	var texts []string
	for _, d := range r.Plan.Decisions {
		texts = append(texts, r.book.Explain(d))
	}
	if len(texts) == 0 {
		return "no rule book knows this kind of event"
	}
	return strings.Join(texts, "\n")
}

func (r Result) String() string {
	head := fmt.Sprintf("%s:%d: %s", r.File, r.Line, r.Name)
	if r.Pass() {
		return head + ": ok"
	}
	return head + "\n  " + strings.Join(r.Problems, "\n  ") + "\n\n    " +
		strings.ReplaceAll(strings.TrimSpace(r.Explain()), "\n", "\n    ")
}

// Failed are the examples that do not hold.
func (r Report) Failed() []Result {
	var failed []Result
	for _, one := range r.Results {
		if !one.Pass() {
			failed = append(failed, one)
		}
	}
	return failed
}

// OK reports whether every example holds and every row has one.
func (r Report) OK() bool { return len(r.Failed()) == 0 && len(r.Uncovered) == 0 }

// Run runs the examples in the named files on the recommended settings. The
// error is for files that cannot be read or understood; it names them all.
func Run(names ...string) (Report, error) {
	var files []File
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return Report{}, fmt.Errorf("reading examples: %w", err)
		}
		files = append(files, File{Name: name, Data: data})
	}
	return RunFiles(rules.Defaults(), files...)
}

// T is what Test needs of testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Test runs the examples in the named files as part of a Go test.
func Test(t T, names ...string) {
	t.Helper()
	report, err := Run(names...)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	for _, failed := range report.Failed() {
		t.Errorf("%s", failed)
	}
	for _, row := range report.Uncovered {
		t.Errorf("%s: no example reaches row %s", row.Table, row.ID)
	}
}
