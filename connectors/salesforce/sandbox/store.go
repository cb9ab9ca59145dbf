package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A row is one version of a record, by field name. It never changes once it
// is in the store: a write puts a new row in its place.
type row map[string]any

// A store holds all rows of an org. Its methods are used under the lock of
// the org.
type store struct {
	schema *schema
	tables map[*entity]*table
	// before hides changes that have not been committed: the version readers
	// still see, by id; nil where there was none.
	before map[string]row
}

// A table holds the rows of one entity. Rows are never removed: deleted ones
// are marked.
type table struct {
	rows map[string]row
	ids  []string // in order of creation, which is order of ids
	auto int
	// holders are the ids of all rows that ever had a value in an external id,
	// unique or reference field; who has it now is to be looked up.
	holders map[holding][]string
}

// A holding is a value of a field, in lower case.
type holding struct {
	field *Field
	value string
}

// A stamp says who changes a row, and when.
type stamp struct {
	user string
	at   time.Time // whole seconds, UTC
}

func newStore(s *schema) *store {
	st := &store{schema: s, tables: map[*entity]*table{}}
	for _, e := range s.entities {
		st.tables[e] = &table{rows: map[string]row{}, holders: map[holding][]string{}}
	}
	return st
}

// get returns what readers see of a row; nil if that is nothing.
func (s *store) get(id string, deleted bool) row {
	r, ok := s.before[id]
	if !ok {
		r = s.latest(id)
	}
	if r == nil || !deleted && r["IsDeleted"] == true {
		return nil
	}
	return r
}

func (s *store) latest(id string) row {
	if len(id) < 3 {
		return nil
	}
	e := s.schema.byPrefix[id[:3]]
	if e == nil {
		return nil
	}
	return s.tables[e].rows[id]
}

// rows returns the rows of an entity that readers see, deleted ones included.
func (s *store) rows(e *entity) []row { return s.those(e, s.tables[e].ids) }

// those are rows of an entity that readers see.
func (s *store) those(e *entity, ids []string) []row {
	t := s.tables[e]
	list := make([]row, 0, len(ids))
	for _, id := range ids {
		r, hidden := s.before[id]
		if !hidden {
			r = t.rows[id]
		}
		if r != nil {
			list = append(list, r)
		}
	}
	return list
}

func (s *store) insert(e *entity, in map[string]any, by stamp) (string, *Error) {
	values, err := s.accept(e, in, true)
	if err != nil {
		return "", err
	}
	t := s.tables[e]
	id := makeID(e.Prefix, len(t.ids)+1)
	r := row{"Id": id, "IsDeleted": false, "CreatedDate": by.at, "CreatedById": by.user}
	for i := range e.Fields {
		f := &e.Fields[i]
		if _, set := r[f.Name]; set {
			continue
		}
		r[f.Name] = values[f.Name]
		switch {
		case values[f.Name] != nil:
		case f.Type == Checkbox:
			r[f.Name] = false
		case f.Auto != "":
			r[f.Name] = fmt.Sprintf(f.Auto, t.auto+1)
		case f.Name == "Name" && !e.Person && !f.Required:
			r[f.Name] = id
		case f.Name == "OwnerId":
			r[f.Name] = by.user
		}
	}
	if err := s.check(e, r, nil); err != nil {
		return "", err
	}
	t.auto++
	t.ids = append(t.ids, id)
	s.put(e, r, by)
	return id, nil
}

func (s *store) update(e *entity, id string, in map[string]any, by stamp) *Error {
	old, err := s.live(e, id)
	if err != nil {
		return err
	}
	values, err := s.accept(e, in, false)
	if err != nil {
		return err
	}
	r := maps.Clone(old)
	maps.Copy(r, values)
	if err := s.check(e, r, old); err != nil {
		return err
	}
	s.put(e, r, by)
	return nil
}

func (s *store) delete(e *entity, id string, by stamp) *Error {
	old, err := s.live(e, id)
	if err != nil {
		return err
	}
	s.change(e, old["Id"].(string), row{"IsDeleted": true}, by)
	return nil
}

// change sets fields of a row without asking.
func (s *store) change(e *entity, id string, set row, by stamp) {
	r := maps.Clone(s.tables[e].rows[id])
	maps.Copy(r, set)
	s.put(e, r, by)
}

// live returns the row to be written, which must exist and not be deleted.
func (s *store) live(e *entity, id string) (row, *Error) {
	full, ok := parseID(id)
	if !ok {
		return nil, refuse("MALFORMED_ID", "bad id %s", id).on("Id")
	}
	r := s.tables[e].rows[full]
	switch {
	case r == nil:
		return nil, notFound("The requested resource does not exist")
	case r["IsDeleted"] == true:
		return nil, &Error{Status: http.StatusNotFound, Code: "ENTITY_IS_DELETED", Message: "entity is deleted", Fields: []string{}}
	}
	return r, nil
}

func (s *store) put(e *entity, r row, by stamp) {
	if e.Person {
		first, _ := r["FirstName"].(string)
		last, _ := r["LastName"].(string)
		r["Name"] = strings.TrimSpace(first + " " + last)
	}
	r["LastModifiedById"], r["LastModifiedDate"], r["SystemModstamp"] = by.user, by.at, by.at
	t, id := s.tables[e], r["Id"].(string)
	old := t.rows[id]
	t.rows[id] = r
	for i := range e.Fields {
		f := &e.Fields[i]
		if v := r[f.Name]; f.indexed() && v != nil && v != old[f.Name] {
			h := f.holding(v)
			t.holders[h] = append(t.holders[h], id)
		}
	}
}

func (f *Field) indexed() bool {
	return f.Unique || f.ExternalID || f.Type == Reference && !f.ReadOnly
}

func (f *Field) holding(v any) holding { return holding{f, strings.ToLower(fmt.Sprint(v))} }

// accept turns what a caller sent into values of the entity's fields.
func (s *store) accept(e *entity, in map[string]any, create bool) (row, *Error) {
	out := row{}
	var locked []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if name == "attributes" {
			continue
		}
		f := e.field(name)
		if parent := e.parents[strings.ToLower(name)]; f == nil && parent != nil {
			id, err := s.parentID(parent, in[name])
			if err != nil {
				return nil, err
			}
			out[parent.Name] = id
			continue
		}
		if f == nil {
			return nil, refuse("INVALID_FIELD", "No such column '%s' on sobject of type %s", name, e.Name)
		}
		if f.ReadOnly || f.CreateOnly && !create {
			locked = append(locked, f.Name)
			continue
		}
		v, err := f.accept(in[name])
		if err != nil {
			return nil, err
		}
		out[f.Name] = v
	}
	if locked != nil {
		return nil, closedFields(locked)
	}
	return out, nil
}

// parentID finds a parent named by an external id: {"Ext__c": "value"}.
func (s *store) parentID(f *Field, in any) (any, *Error) {
	if in == nil {
		return nil, nil
	}
	named, ok := in.(map[string]any)
	if !ok {
		return nil, refuse("JSON_PARSER_ERROR", "Cannot deserialize instance of %s from value %s", f.relationship(), quoteJSON(in))
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		for _, e := range s.schema.targets(f) {
			ext := e.field(name)
			if ext == nil || !ext.ExternalID {
				continue
			}
			found, err := s.find(e, ext, named[name])
			if err != nil {
				return nil, err
			}
			if len(found) != 1 {
				return nil, refuse("INVALID_FIELD", "Foreign key external ID: %v not found for field %s in entity %s", named[name], ext.Name, e.Name)
			}
			return found[0]["Id"], nil
		}
	}
	return nil, refuse("INVALID_FIELD", "%s names no external id field of its parent", f.relationship())
}

// find returns the rows that are not deleted and have the value of a unique
// or external id field, in order of their ids.
func (s *store) find(e *entity, f *Field, value any) ([]row, *Error) {
	want, err := f.accept(value)
	if err != nil {
		return nil, err
	}
	t := s.tables[e]
	var found []row
	for _, id := range t.held(f, want) {
		if r := t.rows[id]; r["IsDeleted"] == false && f.same(r[f.Name], want) {
			found = append(found, r)
		}
	}
	return found, nil
}

// held returns the ids of the rows that ever had one of the values in an indexed
// field, each once, in order.
func (t *table) held(f *Field, values ...any) []string {
	var ids []string
	for _, v := range values {
		ids = append(ids, t.holders[f.holding(v)]...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// check refuses a row that breaks the rules of its entity in a field that is
// not as it was in the old row.
func (s *store) check(e *entity, r, old row) *Error {
	var missing []string
	for i := range e.Fields {
		f := &e.Fields[i]
		v := r[f.Name]
		if f.Required && v == nil {
			missing = append(missing, f.Name)
		}
		if v == nil || f.ReadOnly || old[f.Name] == v {
			continue
		}
		if f.Type == Reference && !s.refersWell(f, v.(string)) {
			return refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").on(f.Name)
		}
		if !f.Unique {
			continue
		}
		same, err := s.find(e, f, v)
		if err != nil {
			return err
		}
		for _, other := range same {
			if other["Id"] != r["Id"] {
				return refuse("DUPLICATE_VALUE", "duplicate value found: %s duplicates value on record with id: %s", f.Name, other["Id"]).on(f.Name)
			}
		}
	}
	if missing != nil {
		return refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [%s]", strings.Join(missing, ", ")).on(missing...)
	}
	return nil
}

func (s *store) refersWell(f *Field, id string) bool {
	r := s.latest(id)
	return r != nil && r["IsDeleted"] == false && slices.Contains(s.schema.targets(f), s.schema.byPrefix[id[:3]])
}

func (s *store) attributes(r row, base string) map[string]any {
	id := r["Id"].(string)
	name := s.schema.byPrefix[id[:3]].Name
	return map[string]any{"type": name, "url": base + "/sobjects/" + name + "/" + id}
}

// snapshot returns a function that takes back what was written since.
func (s *store) snapshot() (restore func()) {
	tables := map[*entity]table{}
	for e, t := range s.tables {
		tables[e] = table{maps.Clone(t.rows), slices.Clone(t.ids), t.auto, t.holders}
	}
	return func() {
		for e, t := range tables {
			*s.tables[e] = t
		}
	}
}
