package rulestest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"standdown/rules"
)

// An example is one entry of a file's tests.
type example struct {
	line int
	sets []string // see settingsOf

	Name        string         `yaml:"name"`
	Now         time.Time      `yaml:"now"`
	Settings    rules.Settings `yaml:"settings"`
	Workflow    *workflow      `yaml:"workflow"`
	Workflows   *[]workflow    `yaml:"workflows"`
	Client      *rules.Client  `yaml:"client"`
	Assignment  *assignment    `yaml:"assignment"`
	Assignments []assignment   `yaml:"assignments"`
	Block       *block         `yaml:"block"`
	Blocks      []block        `yaml:"blocks"`
	Mail        *mail          `yaml:"mail"`
	Event       *rules.Event   `yaml:"event"`
	Want        []expected     `yaml:"want"`
	Expected    expected       `yaml:",inline"`
}

// A workflow is a rules.Workflow with defaults and a short form for reviews.
type workflow struct {
	rules.Workflow `yaml:",inline"`
	InReview       []string `yaml:"in_review"`
}

type mail struct{ rules.Request }

// read returns the policy and the examples of a file.
func read(data []byte, settings rules.Settings) (policy string, examples []example, err error) {
	var file struct {
		Policy string   `yaml:"policy"`
		Tests  []strict `yaml:"tests"`
	}
	var places struct {
		Tests []yaml.Node `yaml:"tests"`
	}
	if err := yaml.Unmarshal(data, &places); err != nil {
		return "", nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return "", nil, err
	}
	if policies := []string{"cancellation", "on_hold", "ops_block", "assignment"}; !slices.Contains(policies, file.Policy) {
		return "", nil, fmt.Errorf("policy: %q is none; want one of %s", file.Policy, strings.Join(policies, ", "))
	}
	var errs []error
	for i, decode := range file.Tests {
		ex := example{line: places.Tests[i].Line, sets: settingsOf(&places.Tests[i]), Settings: settings, Now: time.Date(2026, time.November, 20, 15, 0, 0, 0, time.UTC)}
		if err := decode(&ex); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := ex.complete(); err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", ex.line, err))
		}
		examples = append(examples, ex)
	}
	return file.Policy, examples, errors.Join(errs...)
}

// strict keeps an entry of the file until its defaults are known. Decoding it
// through the function that the decoder gives keeps that decoder's strictness,
// which yaml.Node.Decode would lose.
type strict func(any) error

func (s *strict) UnmarshalYAML(decode func(any) error) error {
	*s = decode
	return nil
}

func (w *workflow) UnmarshalYAML(decode func(any) error) error {
	type plain workflow
	p := plain{Workflow: rules.Workflow{
		ID: "W1", Name: "W-1042", Contract: "C-204417",
		Status: "active", Model: "regular", Product: "Solar Loan", Milestone: "M1",
		Photos: "no", Invoice: "no", RoofClear: "yes", Signed: "2026-06-01",
		Homeowners: []rules.Person{{ID: "C1", Name: "Ana Lopez", Email: "ana@example.com"}},
		Installer:  rules.Person{Name: "Bright Roofs", Email: "office@roofs.example"},
		SalesRep:   rules.Person{Name: "Sam Reed", Email: "sam@sales.example"},
		Signers:    []string{"installer", "sales-rep"},
	}}
	if err := decode(&p); err != nil {
		return err
	}
	*w = workflow(p)
	if w.Milestones == nil {
		w.Milestones = w.upTo(w.Milestone)
	}
	return nil
}

// upTo makes the milestones of the product model when the given one is the
// current one.
func (w *workflow) upTo(current string) []rules.Milestone {
	names := []string{"M1", "M2", "M3"}
	if w.Model == "direct-pay" {
		names = []string{"M1A", "M1B", "M2", "M3"}
	}
	at := slices.Index(names, current)
	var all []rules.Milestone
	for i, name := range names {
		m := rules.Milestone{ID: w.ID + "-" + name, Name: name, Status: "not-submitted"}
		switch {
		case i < at:
			m.Status = "approved"
		case i == at && len(w.InReview) > 0:
			m.Status, m.Reviews = "pending-review", w.InReview
		}
		all = append(all, m)
	}
	return all
}

func (m *mail) UnmarshalYAML(decode func(any) error) error {
	m.Request = rules.Request{
		Asks: "cancel", From: "the homeowner", Auth: "pass", Words: "own", Form: "letter", Language: "en",
		Subject: "Please cancel", Quote: "I want to cancel my contract.", MessageID: "<m1@example.com>",
	}
	return decode(&m.Request)
}

func (ex *example) complete() error {
	switch {
	case ex.Name == "":
		return errors.New("name is missing: say in a sentence what the example shows")
	case ex.Workflow != nil && ex.Workflows != nil:
		return fmt.Errorf("%s: workflow and workflows; want one of them", ex.Name)
	case ex.Mail == nil && ex.Event == nil && ex.Block == nil:
		return fmt.Errorf("%s: what happened? want mail or event", ex.Name)
	case len(ex.Want) > 0 && !reflect.DeepEqual(ex.Expected, expected{}):
		return fmt.Errorf("%s: an expectation stands beside the list under want; want one of them", ex.Name)
	case len(ex.Want) == 0 && ex.Expected.Row == "":
		return fmt.Errorf("%s: what must follow? want row, or want for several decisions", ex.Name)
	}
	return nil
}

// situation is what the rules are asked.
func (ex *example) situation() (rules.Snapshot, rules.Event, error) {
	var s rules.Snapshot
	if ex.Workflow != nil {
		s.Workflows = []rules.Workflow{ex.Workflow.Workflow}
	}
	if ex.Workflows != nil {
		for _, w := range *ex.Workflows {
			s.Workflows = append(s.Workflows, w.Workflow)
		}
	}
	var e rules.Event
	if ex.Event != nil {
		e = *ex.Event
	}
	if e.ID == "" {
		e.ID = "event-1"
	}
	if e.At.IsZero() {
		e.At = ex.Now
	}
	if ex.Client != nil {
		s.Client = completeClient(*ex.Client)
		if e.Subject == (rules.Ref{}) {
			e.Subject = rules.Ref{Kind: "client", ID: s.Client.ID}
		}
	}
	s.Blocks = ex.blocksOf(&e)
	if s.Assignments = ex.assignmentsOf(); len(s.Assignments) > 0 {
		if ex.Mail != nil {
			ex.Mail.writtenBy(s.Assignments, &e)
		} else if e.Subject == (rules.Ref{}) {
			e.Subject = rules.Ref{Kind: "assignment", ID: s.Assignments[0].ID}
		}
	}
	if ex.Mail != nil {
		request, err := ex.Mail.addressed(s)
		if err != nil {
			return s, e, err
		}
		e.Request = &request
		e.Subject = rules.Ref{Kind: "request", ID: e.ID}
		if e.Kind == "" {
			e.Kind = kindOf(request.Asks)
		}
	}
	if e.Subject == (rules.Ref{}) && len(s.Workflows) > 0 {
		e.Subject = rules.Ref{Kind: "workflow", ID: s.Workflows[0].ID}
	}
	if e.Kind == "" {
		return s, e, errors.New("event: kind is missing")
	}
	return s, e, nil
}

func kindOf(asks string) string {
	switch asks {
	case "cancel":
		return rules.CancellationRequested
	case "restore":
		return rules.RestoreRequested
	}
	return rules.RequestUnclear
}

// addressed is the request with the address of whom From names by role.
func (m *mail) addressed(s rules.Snapshot) (rules.Request, error) {
	r := m.Request
	if !strings.HasPrefix(r.From, "the ") {
		return r, nil
	}
	var w rules.Workflow
	if len(s.Workflows) > 0 {
		w = s.Workflows[0]
	}
	switch r.From {
	case "the homeowner":
		r.From = ""
		if len(w.Homeowners) > 0 {
			r.From, r.Name = w.Homeowners[0].Email, w.Homeowners[0].Name
		}
	case "the installer":
		r.From, r.Name = w.Installer.Email, w.Installer.Name
	case "the sales rep":
		r.From, r.Name = w.SalesRep.Email, w.SalesRep.Name
	default:
		return r, fmt.Errorf("mail: from %q; want an address, the homeowner, the installer or the sales rep", r.From)
	}
	return r, nil
}

func completeClient(c rules.Client) *rules.Client {
	if c.ID == "" {
		c.ID = "client-1"
	}
	c.Jobs = slices.Clone(c.Jobs)
	for i := range c.Jobs {
		job := &c.Jobs[i]
		if job.ID == "" {
			job.ID = fmt.Sprintf("J%d", i+1)
		}
		if job.End.IsZero() && !job.Start.IsZero() {
			job.End = job.Start.Add(time.Hour)
		}
	}
	return &c
}
