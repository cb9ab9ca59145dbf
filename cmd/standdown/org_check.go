package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/spelling"
	"standdown/connectors"
	"standdown/connectors/salesforce"
)

// An orgReport is what "org check" prints.
type orgReport struct {
	OK         bool   `json:"ok"`
	URL        string `json:"url"`
	APIVersion string `json:"api_version"`
	User       string `json:"user,omitempty"`
	Objects    int    `json:"objects"` // that were looked at
	Fields     int    `json:"fields"`
	// Problems keep the daemon from doing its work, or some of it.
	Problems []finding `json:"problems,omitempty"`
	// Notes may be right as they are.
	Notes []finding `json:"notes,omitempty"`
}

// A finding is something in the org that does not fit the configuration.
type finding struct {
	At   string `json:"at"`  // in the org, such as Contact.Email
	For  string `json:"for"` // in the mapping, such as contact.email
	Says string `json:"says"`
	Fix  string `json:"fix"`
}

// shortestKey is how long the keys are that records are created by.
const shortestKey = 40

// checkOrg compares the org with the configuration. The error is for an org
// that cannot be asked.
func checkOrg(ctx context.Context, org *salesforce.Client, cfg *config.Config) (orgReport, error) {
	c := &orgCheck{org: org, described: map[string]*salesforce.Object{}}
	c.report.URL, c.report.APIVersion = cfg.Salesforce.URL, cfg.Salesforce.APIVersion
	var err error
	if c.report.User, err = org.User(ctx); err != nil {
		return c.report, err
	}
	known, err := org.Objects(ctx)
	if err != nil {
		return c.report, err
	}
	for _, o := range known {
		c.known = append(c.known, o.Name)
	}
	needs := needsOf(cfg.Names)
	if err := c.describeAll(ctx, needs); err != nil {
		return c.report, err
	}
	for _, n := range needs {
		if err := c.object(ctx, n); err != nil {
			return c.report, err
		}
	}
	if err := c.approvals(ctx, cfg.Salesforce.Approvals); err != nil {
		return c.report, err
	}
	if err := c.queue(ctx, cfg); err != nil {
		return c.report, err
	}
	c.report.OK = len(c.report.Problems) == 0
	return c.report, nil
}

type orgCheck struct {
	org       *salesforce.Client
	known     []string // objects there are
	described map[string]*salesforce.Object
	report    orgReport
}

func (c *orgCheck) problem(at, purpose, fix, format string, args ...any) {
	c.report.Problems = append(c.report.Problems, finding{at, purpose, fmt.Sprintf(format, args...), fix})
}

func (c *orgCheck) note(at, purpose, fix, format string, args ...any) {
	c.report.Notes = append(c.report.Notes, finding{at, purpose, fmt.Sprintf(format, args...), fix})
}

// describeAll asks about all mapped objects together.
func (c *orgCheck) describeAll(ctx context.Context, needs []need) error {
	var names []string
	for _, n := range needs {
		names = append(names, n.object)
	}
	found, err := c.org.DescribeAll(ctx, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		c.described[name] = nil
		if o, there := found[name]; there {
			c.described[name] = &o
		}
	}
	return nil
}

// describe asks about each object once; nil is one that is not there.
func (c *orgCheck) describe(ctx context.Context, name string) (*salesforce.Object, error) {
	if o, asked := c.described[name]; asked {
		return o, nil
	}
	o, found, err := c.org.Describe(ctx, name)
	if err != nil {
		return nil, err
	}
	c.described[name] = nil
	if found {
		c.described[name] = &o
	}
	return c.described[name], nil
}

const permit = "give the integration user's permission set the right; \"standdown org package\" makes one that has it"

func (c *orgCheck) object(ctx context.Context, n need) error {
	purpose := strings.Join(n.concepts, ", ")
	o, err := c.describe(ctx, n.object)
	if err != nil {
		return err
	}
	c.report.Objects++
	if o == nil {
		c.problem(n.object, purpose, nearest(n.object, c.known, "map it to an object that is there, or to \"-\" if the org has none"),
			"there is no such object, or the integration user may not see it")
		return nil
	}
	if !o.Queryable {
		c.problem(o.Name, purpose, permit, "it cannot be read")
	}
	for _, right := range []struct {
		needed, given bool
		what          string
	}{{n.create, o.Createable, "created"}, {n.update || n.create, o.Updateable, "edited"}, {n.remove, o.Deletable, "deleted"}} {
		if right.needed && !right.given {
			c.problem(o.Name, purpose, permit, "the integration user may not have records of it %s", right.what)
		}
	}
	if n.post && !o.FeedEnabled {
		c.problem(o.Name, purpose, "turn on feed tracking for the object in Setup", "it has no feed, so that comments cannot be posted")
	}
	if stamp, ok := o.Field("SystemModstamp"); n.watched && (!ok || !stamp.Filterable) {
		c.problem(o.Name+".SystemModstamp", purpose, "map it to an object that has this field", "its changes cannot be followed")
	}
	if n.key != "" {
		c.key(o, n)
	}
	for _, f := range n.fields {
		if err := c.field(ctx, o, f); err != nil {
			return err
		}
	}
	return nil
}

// key checks the field by which a record is created only once.
func (c *orgCheck) key(o *salesforce.Object, n need) {
	at, purpose := o.Name+"."+n.key, strings.Join(n.concepts, ", ")+" key"
	const fix = "make it a text field of 64 characters, unique, external id; \"standdown org package\" makes one"
	f, ok := o.Field(n.key)
	switch {
	case !ok:
		c.problem(at, purpose, nearest(n.key, fieldNames(o), fix), "there is no such field, or the integration user may not see it")
	case !f.ExternalID:
		c.problem(at, purpose, fix, "it is no external id, so that records cannot be created safely")
	case !f.Unique:
		c.problem(at, purpose, fix, "it is not unique, so that a record could be created twice")
	case f.Type != "string" || f.Length < shortestKey:
		c.problem(at, purpose, fix, "it is of type %s and holds %d characters; want text of %d or more", f.Type, f.Length, shortestKey)
	case !f.Createable:
		c.problem(at, purpose, permit, "the integration user may not set it")
	}
}

// Types of fields by our names, where it is not enough that there is text. A
// field that is compared with a value of the mapping may be of any type.
var wantedTypes = map[string][]string{
	"on_hold": {"boolean"}, "active": {"boolean"}, "available": {"boolean"}, "blocked": {"boolean"}, "invoiced": {"boolean"}, "waive": {"boolean"},
	"hold_start": {"date", "datetime"}, "hold_return": {"date", "datetime"}, "signed_on": {"date", "datetime"},
	"start": {"datetime"}, "end": {"datetime"}, "event_at": {"datetime"}, "cancelled_at": {"datetime"},
	"order": {"double", "int"}, "charge_minutes": {"double", "int"}, "payout_minutes": {"double", "int"},
}

// searched are the fields, by our names, that records are searched for by.
var searched = strings.Fields("name contract email status state type team reason workflow milestone case contact customer job resource assignment interpreter series block start end available blocked")

func (c *orgCheck) field(ctx context.Context, o *salesforce.Object, n fieldNeed) error {
	c.report.Fields++
	at := o.Name + "." + n.path
	f, missing, err := c.resolve(ctx, o, n.path)
	if err != nil {
		return err
	}
	if missing != nil {
		if packaged(n) {
			missing.Fix = "\"standdown org package\" makes it"
		}
		c.problem(at, n.at(), missing.Fix, "%s", missing.Says)
		return nil
	}
	if types := wantedTypes[n.name]; types != nil && len(n.values) == 0 && !slices.Contains(types, f.Type) {
		c.problem(at, n.at(), "map it to a field of that type", "it is of type %s; want %s", f.Type, strings.Join(types, " or "))
	}
	if slices.Contains(searched, n.name) && !f.Filterable {
		c.problem(at, n.at(), "map it to a field of another type, such as text or a lookup", "records cannot be searched for by it")
	}
	if f.Calculated && (n.create || n.update) {
		c.problem(at, n.at(), "map it to a field that can be written", "it is a formula, which cannot be written")
	} else if n.create && !f.Createable || n.update && !f.Updateable {
		c.problem(at, n.at(), permit, "the integration user may not write it")
	}
	if f.Calculated && !n.create && !n.update {
		c.note(at, n.at(), "map it to a stored field if its changes must be seen", "it is a formula: that it changes is not seen until the record itself is edited")
	}
	for _, value := range n.values {
		c.value(at, f, n, value)
	}
	return nil
}

// value checks that a mapped value is one of a picklist.
func (c *orgCheck) value(at string, f salesforce.Field, n fieldNeed, value string) {
	if f.Type != "picklist" && f.Type != "multipicklist" {
		return
	}
	var active []string
	for _, choice := range f.Values {
		if strings.EqualFold(choice.Value, value) && choice.Active {
			return
		}
		if choice.Active {
			active = append(active, choice.Value)
		}
	}
	fix := nearest(value, active, "add the value to the picklist, or map it to one that is there, or to \"-\"")
	if f.Restricted && (n.create || n.update) {
		c.problem(at, n.at(), fix, "%q is none of its values", value)
		return
	}
	c.note(at, n.at(), fix, "%q is none of its values", value)
}

// resolve follows a path such as Homeowner__r.Email to its field, or says what
// is missing.
func (c *orgCheck) resolve(ctx context.Context, o *salesforce.Object, path string) (salesforce.Field, *finding, error) {
	name, rest, dotted := strings.Cut(path, ".")
	if !dotted {
		f, ok := o.Field(name)
		if !ok {
			return f, &finding{Says: "there is no such field, or the integration user may not see it",
				Fix: nearest(name, fieldNames(o), "map it to a field that is there, or to \"-\" if it may be missing")}, nil
		}
		return f, nil, nil
	}
	i := slices.IndexFunc(o.Fields, func(f salesforce.Field) bool { return strings.EqualFold(f.RelationshipName, name) })
	if i < 0 || len(o.Fields[i].RefersTo) == 0 {
		return salesforce.Field{}, &finding{Says: fmt.Sprintf("%s leads to no parent of %s", name, o.Name), Fix: "name a relationship, such as Account or Homeowner__r"}, nil
	}
	parent, err := c.describe(ctx, o.Fields[i].RefersTo[0])
	if err != nil {
		return salesforce.Field{}, nil, err
	}
	if parent == nil {
		return salesforce.Field{}, &finding{Says: "the integration user may not see " + o.Fields[i].RefersTo[0], Fix: permit}, nil
	}
	return c.resolve(ctx, parent, rest)
}

// approvals checks that what waits for approval can be found.
func (c *orgCheck) approvals(ctx context.Context, kind string) error {
	objects := map[string][]string{
		salesforce.Classic: {"ProcessInstance", "ProcessInstanceWorkitem"},
		salesforce.Flow:    {"ApprovalWorkItem"},
	}
	for _, name := range objects[kind] {
		o, err := c.describe(ctx, name)
		if err != nil {
			return err
		}
		if o == nil || !o.Queryable {
			c.problem(name, "salesforce.approvals", "let the integration user see it, or set salesforce.approvals to the kind of approvals the org has",
				"it is not there, or the integration user may not see it, so that no approval can be turned down")
		}
	}
	return nil
}

// queue checks that cases can be given to the back office.
func (c *orgCheck) queue(ctx context.Context, cfg *config.Config) error {
	names := cfg.Names.Effective()
	at := "queue " + names.Queue
	found, err := c.org.Find(ctx, connectors.Query{Kind: "Group", Fields: []string{"DeveloperName"}, Where: []connectors.Cond{{Field: "Type", Op: "=", Value: "Queue"}}})
	if err != nil {
		return fmt.Errorf("looking for the queue: %w", err)
	}
	var queues, ids []string
	for _, r := range found {
		name, _ := r.Fields["DeveloperName"].(string)
		queues = append(queues, name)
		if strings.EqualFold(name, names.Queue) {
			ids = append(ids, r.Ref.ID)
		}
	}
	if len(ids) == 0 {
		c.problem(at, "queue", nearest(names.Queue, queues, "make the queue; \"standdown org package\" has one"), "there is no such queue")
		return nil
	}
	cases := names.Objects["case"].Name
	if o := c.described["QueueSobject"]; o == nil && !slices.Contains(c.known, "QueueSobject") {
		c.note(at, "queue", "see that the queue takes records of "+cases, "which objects the queue takes cannot be read")
		return nil
	}
	takes, err := c.org.Find(ctx, connectors.Query{Kind: "QueueSobject", Fields: []string{"SobjectType"}, Where: []connectors.Cond{
		{Field: "QueueId", Op: "in", Value: ids}, {Field: "SobjectType", Op: "=", Value: cases}}})
	if err != nil {
		return fmt.Errorf("looking what the queue takes: %w", err)
	}
	if len(takes) == 0 {
		c.problem(at, "queue", "add "+cases+" to the queue's supported objects", "it takes no records of %s", cases)
	}
	return nil
}

func fieldNames(o *salesforce.Object) []string {
	var names []string
	for _, f := range o.Fields {
		names = append(names, f.Name)
	}
	return names
}

// nearest asks whether one of the known names was meant, or says what else to
// do.
func nearest(name string, known []string, otherwise string) string {
	lower := map[string]string{}
	var all []string
	for _, k := range known {
		lower[strings.ToLower(k)] = k
		all = append(all, strings.ToLower(k))
	}
	question := spelling.Suggest(strings.ToLower(name), all)
	_, meant, ok := strings.Cut(strings.TrimSuffix(question, `"?`), `did you mean "`)
	if !ok {
		return otherwise
	}
	return fmt.Sprintf("did you mean %q? Otherwise %s", lower[meant], otherwise)
}

func (r orgReport) print(w io.Writer) error {
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%s (%s): %s\n  %s\n", p.At, p.For, p.Says, p.Fix)
	}
	for _, p := range r.Notes {
		fmt.Fprintf(w, "note: %s (%s): %s\n  %s\n", p.At, p.For, p.Says, p.Fix)
	}
	as := r.User
	if as == "" {
		as = "the owner of the access token"
	}
	verdict := "ok"
	if !r.OK {
		verdict = "does not fit the configuration"
	}
	_, err := fmt.Fprintf(w, "%s: %s (as %s, API %s, %d objects, %d fields)\n", r.URL, verdict, as, r.APIVersion, r.Objects, r.Fields)
	return err
}
