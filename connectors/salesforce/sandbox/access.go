package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// An Access is how much the integration user may do.
type Access string

// The degrees of access, from least to most.
const (
	NoAccess   Access = "none" // as if it did not exist
	ReadAccess Access = "read"
	FullAccess Access = "full"
)

// Allow says how much the integration user may do with each of the things
// named: an object ("Contact"), a field ("Contact.Phone") or a record by its
// id. It may do everything with what was never named; other users always may.
// It panics if a name means nothing.
//
// From outside: POST /sandbox/access with {"access": "none", "to": ["Contact.Phone"]}.
func (o *Org) Allow(access Access, to ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.allow(access, to); err != nil {
		panic("sandbox: " + err.Error())
	}
}

func (o *Org) allow(access Access, to []string) error {
	if !slices.Contains([]Access{NoAccess, ReadAccess, FullAccess}, access) {
		return fmt.Errorf("access %q: want none, read or full", access)
	}
	keys := make([]string, len(to))
	for i, name := range to {
		object, field, isField := strings.Cut(name, ".")
		e := o.store.schema.entity(object)
		switch id, ok := parseID(name); {
		case ok && o.store.latest(id) != nil:
			keys[i] = id
		case e != nil && (!isField || e.field(field) != nil):
			keys[i] = strings.ToLower(name)
		default:
			return fmt.Errorf("access to %q: want an object, a field such as Contact.Phone, or the id of a record", name)
		}
	}
	for _, key := range keys {
		o.granted[key] = access
	}
	return nil
}

// grants are what a user may do, by object, field and id; nil is everything.
type grants map[string]Access

func (o *Org) grantsOf(user string) grants {
	if user == o.integration {
		return o.granted
	}
	return nil
}

func (g grants) entity(s *schema, name string) *entity {
	e := s.entity(name)
	if e == nil || g.object(e) == NoAccess {
		return nil
	}
	return e
}

// field finds a field that may be read.
func (g grants) field(e *entity, name string) *Field {
	f := e.field(name)
	if f == nil || g.to(e, f) == NoAccess || g.object(e) == NoAccess {
		return nil
	}
	return f
}

func (g grants) parent(e *entity, name string) *Field {
	f := e.parents[strings.ToLower(name)]
	if f == nil || g.to(e, f) == NoAccess {
		return nil
	}
	return f
}

func (g grants) object(e *entity) Access {
	if a, named := g[strings.ToLower(e.Name)]; named {
		return a
	}
	return FullAccess
}

func (g grants) to(e *entity, f *Field) Access {
	if a, named := g[strings.ToLower(e.Name+"."+f.Name)]; named {
		return a
	}
	return FullAccess
}

// sees reports whether a row may be read. Salesforce does not tell a row that
// is not shared from one that is not there.
func (g grants) sees(r row) bool { return r != nil && g[r["Id"].(string)] != NoAccess }

// visible returns r if it may be read.
func (g grants) visible(r row) row {
	if !g.sees(r) {
		return nil
	}
	return r
}

// mayWrite refuses the write of a row, or of a new one if id is empty, that
// lies beyond what the user may do.
func (g grants) mayWrite(e *entity, id string, fields map[string]any) *Error {
	switch {
	case g.object(e) == NoAccess:
		return refuse("INVALID_TYPE", "sObject type '%s' is not supported.", e.Name)
	case g[id] == NoAccess && id != "":
		return refuse("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id")
	case g.object(e) == ReadAccess, g[id] == ReadAccess:
		return refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
	}
	var closed []string
	for name := range fields {
		f := e.field(name)
		if f == nil {
			f = e.parents[strings.ToLower(name)]
		}
		if f != nil && g.to(e, f) != FullAccess {
			closed = append(closed, f.Name)
		}
	}
	if closed != nil {
		slices.Sort(closed)
		return closedFields(closed)
	}
	return nil
}

func closedFields(names []string) *Error {
	return refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
		strings.Join(names, ", ")).on(names...)
}
