package mapping

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
)

// What people did where a change was decided and not made.
const (
	Same      = "same"      // the same
	Otherwise = "otherwise" // something else
	NotDone   = "not-done"  // nothing
	Untold    = "untold"    // it cannot be told
)

// An Undone is a change that was decided and not made.
type Undone struct {
	Verb    string
	Change  connectors.Change
	Decided time.Time
	// Then is what stood in the record before something else was decided about
	// it, by field; it goes before what stands there now.
	Then map[string]any
	// Again tells that the same was decided again since.
	Again bool
}

// Found is what was found where a change was not made.
type Found struct {
	As   string         // Same, Otherwise, NotDone or Untold
	Now  map[string]any // what stands in the record, by field; nil if there is none
	By   string         // who changed it last; empty if nobody knows
	At   time.Time      // when
	Note string
}

// Compare looks at the records that the changes were about, as few calls as it
// can, and tells what people did instead, one Found for each, in order. Comments,
// mails and what is asked of people leave nothing that could be told from their
// own. On error nothing is known.
func (m *Mapping) Compare(ctx context.Context, look connectors.Lookup, all []Undone) ([]Found, error) {
	c := comparison{m: m, look: look, found: make([]Found, len(all))}
	named, made := map[string][]int{}, map[string][]int{} // by kind, by verb
	for i, u := range all {
		switch op := u.Change.Op; {
		case u.Again:
			c.found[i] = Found{As: Untold, Note: "the same was decided again later"}
		case (op == connectors.Update && len(u.Change.Fields) > 0 || op == connectors.Delete) && !strings.HasPrefix(u.Change.Ref.ID, "@"):
			named[u.Change.Ref.Kind] = append(named[u.Change.Ref.Kind], i)
		case op == connectors.Create && len(u.Change.Fields) > 0 && likenesses[u.Verb].by != "":
			made[u.Verb] = append(made[u.Verb], i)
		default:
			c.found[i] = Found{As: Untold}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(named)) {
		if err := c.records(ctx, kind, all, named[kind]); err != nil {
			return nil, err
		}
	}
	for _, verb := range slices.Sorted(maps.Keys(made)) {
		if err := c.creations(ctx, likenesses[verb], all, made[verb]); err != nil {
			return nil, err
		}
	}
	return c.found, nil
}

// A comparison is one call of Compare.
type comparison struct {
	m     *Mapping
	look  connectors.Lookup
	found []Found
}

// records compares changes of records that were there.
func (c *comparison) records(ctx context.Context, kind string, all []Undone, which []int) error {
	var ids []string
	fields := map[string]bool{}
	for _, i := range which {
		ids = append(ids, all[i].Change.Ref.ID)
		for _, values := range []map[string]any{all[i].Change.Fields, all[i].Change.If} {
			for field := range values {
				fields[field] = true
			}
		}
	}
	slices.Sort(ids)
	there, err := c.find(ctx, kind, fields, connectors.Cond{Field: "Id", Op: "in", Value: slices.Compact(ids)})
	if err != nil {
		return c.unreadable(err, which)
	}
	for _, i := range which {
		n := slices.IndexFunc(there, func(r connectors.Record) bool { return alike(r.Ref.ID, all[i].Change.Ref.ID) })
		if n < 0 {
			c.found[i] = all[i].gone()
		} else {
			c.found[i] = all[i].beside(there[n])
		}
	}
	return nil
}

// gone is what it means that the record is not there any more.
func (u Undone) gone() Found {
	f := Found{As: Otherwise, Note: "the record is not there any more"}
	if u.Change.Op == connectors.Delete || u.Verb == "free-worker" {
		f.As = Same
	}
	return f
}

// beside compares what was decided with the record. What was to be written
// beside that, without a value that it depended on, does not count.
func (u Undone) beside(r connectors.Record) Found {
	f := Found{Now: map[string]any{}, At: r.At, By: editorOf(r)}
	wanted := u.Change.Fields
	if u.Change.Op == connectors.Delete {
		wanted, f.Note = u.Change.If, "the record is there"
	}
	same, before := true, true
	for _, field := range slices.Sorted(maps.Keys(wanted)) {
		if _, parent := wanted[field].(map[string]any); parent {
			continue
		}
		now, then := u.Then[field]
		if then {
			f.By, f.At, f.Note = "", time.Time{}, "as it stood when something else was decided about it"
		} else {
			now = valueAt(r.Fields, field)
		}
		f.Now[field] = now
		old, counts := u.Change.If[field]
		if counts || len(u.Change.If) == 0 {
			same = same && alike(now, wanted[field])
			before = before && counts && alike(now, old)
		}
	}
	switch {
	case u.Change.Op == connectors.Update && same:
		f.As = Same
	case before:
		f.As, f.By, f.At = NotDone, "", time.Time{}
	default:
		f.As = Otherwise
	}
	return f
}

// A likeness says how a record that people made is known for what was to be
// made.
type likeness struct {
	concept string
	by      string   // the lookup that leads to what it is about
	also    []string // fields that must be alike as well
	without [2]string
	certain bool // that there is none means that it was not done
}

var likenesses = map[string]likeness{
	"allocate-saved": {concept: "allocation", by: "job", also: []string{"resource"}, without: [2]string{"status", "deleted"}, certain: true},
	"record-billing": {concept: "billing", by: "assignment", also: []string{"charge_minutes"}, without: [2]string{"status", "voided"}, certain: true},
	"open-case":      {concept: "case", by: "workflow", also: []string{"request_type"}},
	"assign-case":    {concept: "referral", by: "workflow", also: []string{"team"}},
}

// creations looks for records that people made where some were to be made.
func (c *comparison) creations(ctx context.Context, l likeness, all []Undone, which []int) error {
	by, status := c.m.path(l.concept, l.by), c.m.path(l.concept, l.without[0])
	if by == "" || c.m.objects[l.concept] == nil {
		for _, i := range which {
			c.found[i] = Found{As: Untold}
		}
		return nil
	}
	var about []string
	fields := map[string]bool{by: true, c.m.path(l.concept, "created"): true}
	for _, field := range append(slices.Clone(l.also), l.without[0]) {
		if path := c.m.path(l.concept, field); path != "" {
			fields[path] = true
		}
	}
	for _, i := range which {
		if id, ok := all[i].Change.Fields[by].(string); ok {
			about = append(about, id)
		}
	}
	slices.Sort(about)
	there, err := c.find(ctx, c.m.objects[l.concept].name, fields, connectors.Cond{Field: by, Op: "in", Value: slices.Compact(about)})
	if err != nil {
		return c.unreadable(err, which)
	}
	there = slices.DeleteFunc(there, func(r connectors.Record) bool {
		return status != "" && alike(valueAt(r.Fields, status), c.m.theirs(l.concept, l.without[0], l.without[1]))
	})
	for _, i := range which {
		c.found[i] = c.made(l, all[i], there)
	}
	return nil
}

// made tells whether one of the records is like the one that was to be made.
func (c *comparison) made(l likeness, u Undone, there []connectors.Record) Found {
	by := c.m.path(l.concept, l.by)
	f := Found{As: Untold, Note: "nothing like it was found"}
	if l.certain {
		f.As = NotDone
	}
	for _, r := range there {
		if !alike(valueAt(r.Fields, by), u.Change.Fields[by]) || !l.certain && r.Created.Before(u.Decided) {
			continue
		}
		now, like := map[string]any{}, true
		for _, field := range l.also {
			if path := c.m.path(l.concept, field); path != "" {
				now[path] = valueAt(r.Fields, path)
				like = like && alike(now[path], u.Change.Fields[path])
			}
		}
		switch {
		case like:
			return Found{As: Same, Now: now, At: r.At, By: editorOf(r)}
		case l.certain:
			f = Found{As: Otherwise, Now: now, At: r.At, By: editorOf(r)}
		}
	}
	return f
}

// find reads records, with who changed them last.
func (c *comparison) find(ctx context.Context, kind string, fields map[string]bool, where connectors.Cond) ([]connectors.Record, error) {
	fields[systemFields["changed"]], fields[systemFields["editor"]], fields[editorName] = true, true, true
	found, err := c.look.Find(ctx, connectors.Query{Kind: kind, Fields: slices.Sorted(maps.Keys(fields)), Where: []connectors.Cond{where}})
	if err != nil {
		return nil, fmt.Errorf("looking for what people did: %w", err)
	}
	return found, nil
}

// unreadable marks what can never be compared; other errors are returned.
func (c *comparison) unreadable(err error, which []int) error {
	if connectors.ClassOf(err) != connectors.Rejected {
		return err
	}
	for _, i := range which {
		c.found[i] = Found{As: Untold, Note: "it could not be read"}
	}
	return nil
}

var editorName = relationship(systemFields["editor"]) + "." + user.paths["name"]

// editorOf is who changed the record last, by name or else by id.
func editorOf(r connectors.Record) string {
	for _, path := range []string{editorName, systemFields["editor"]} {
		if who, ok := valueAt(r.Fields, path).(string); ok && who != "" {
			return who
		}
	}
	return r.By
}

// valueAt follows a dotted path.
func valueAt(fields map[string]any, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return fields[name]
	}
	parent, _ := fields[name].(map[string]any)
	return valueAt(parent, rest)
}

// alike compares values as Salesforce does: no text is an empty one, picklists
// and ids know no case, and an id may lack its last three characters.
func alike(a, b any) bool {
	x, isText := a.(string)
	y, isText2 := b.(string)
	if (isText || a == nil) && (isText2 || b == nil) {
		x, y = strings.TrimSpace(x), strings.TrimSpace(y)
		if len(x)+len(y) == 33 && (len(x) == 15 || len(y) == 15) {
			x, y = x[:15], y[:15]
		}
		return strings.EqualFold(x, y)
	}
	return reflect.DeepEqual(a, b)
}
