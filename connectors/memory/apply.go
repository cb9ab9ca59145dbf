package memory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"standdown/connectors"
)

// Apply implements [connectors.Sink]. The changes are applied one after the
// other, in order.
func (s *System) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	results := make([]connectors.Result, len(changes))
	for i, c := range changes {
		if err := ctx.Err(); err != nil {
			results[i] = connectors.Result{Ref: c.Ref, Err: fmt.Errorf("applying %s to %s: %w", c.Op, c.Ref, err)}
			continue
		}
		var fault error
		if s.Fail != nil {
			fault = s.Fail(c)
		}
		if fault != nil && connectors.ClassOf(fault) != connectors.Unknown {
			results[i] = connectors.Result{Ref: c.Ref, Err: fault}
			continue
		}
		results[i] = s.apply(c)
		if fault != nil {
			results[i] = connectors.Result{Ref: c.Ref, Err: fault}
		}
	}
	return results
}

func (s *System) apply(c connectors.Change) connectors.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	fields, err := s.withParents(c.Fields)
	if err != nil {
		return connectors.Result{Ref: c.Ref, Err: refused(connectors.Rejected, "INVALID_FIELD", "%s of %s: %w", c.Op, c.Ref.Kind, err)}
	}
	switch c.Op {
	case connectors.Create:
		return s.create(c, fields)
	case connectors.Update:
		return s.update(c, fields)
	case connectors.Delete:
		return s.remove(c)
	case connectors.Reject:
		return s.reject(c)
	case connectors.Post:
		return s.say(c, &s.posts, connectors.Ref{Kind: "post", ID: "post-" + c.Key})
	case connectors.Send:
		return s.say(c, &s.sent, connectors.Ref{Kind: "message", ID: "<" + c.Key + "@memory.example>"})
	}
	return connectors.Result{Ref: c.Ref, Err: refused(connectors.Rejected, "", "operation %q is none of create, update, delete, reject, post, send", c.Op)}
}

func (s *System) create(c connectors.Change, fields map[string]any) connectors.Result {
	for ref, r := range s.records {
		if ref.Kind == c.Ref.Kind && !r.deleted && r.fields[KeyField] == c.Key {
			return connectors.Result{Ref: ref, Already: true}
		}
	}
	ref := connectors.Ref{Kind: c.Ref.Kind, ID: s.newID(c.Ref.Kind)}
	at := s.now().UTC()
	r := &row{created: at, fields: map[string]any{KeyField: c.Key}}
	s.records[ref] = r
	s.set(r, fields, at)
	return connectors.Result{Ref: ref}
}

func (s *System) update(c connectors.Change, fields map[string]any) connectors.Result {
	r, ok := s.records[c.Ref]
	if !ok || r.deleted {
		return connectors.Result{Ref: c.Ref, Err: refused(connectors.Conflict, "ENTITY_IS_DELETED", "%s is gone", c.Ref)}
	}
	holds := s.differs(c.Ref, r, fields) == ""
	switch field := s.differs(c.Ref, r, c.If); {
	case holds && (c.Doubt || field == ""):
		return connectors.Result{Ref: c.Ref, Already: true}
	case field != "": // even if all holds: then somebody else did it
		return connectors.Result{Ref: c.Ref, Err: refused(connectors.Conflict, "", "%s.%s is no longer as it was", c.Ref, field)}
	}
	before := map[string]any{}
	for name := range fields {
		before[name] = r.fields[name]
	}
	s.set(r, fields, s.now().UTC())
	return connectors.Result{Ref: c.Ref, Before: before}
}

func (s *System) remove(c connectors.Change) connectors.Result {
	r, ok := s.records[c.Ref]
	if !ok || r.deleted {
		return connectors.Result{Ref: c.Ref, Already: true}
	}
	if field := s.differs(c.Ref, r, c.If); field != "" {
		return connectors.Result{Ref: c.Ref, Err: refused(connectors.Conflict, "", "%s.%s is no longer as it was", c.Ref, field)}
	}
	r.deleted = true
	s.set(r, nil, s.now().UTC())
	return connectors.Result{Ref: c.Ref}
}

func (s *System) reject(c connectors.Change) connectors.Result {
	waits, asked := s.asked[c.Ref]
	switch {
	case !asked:
		return connectors.Result{Ref: c.Ref, Err: refused(connectors.Conflict, "", "nothing waits for approval of %s", c.Ref)}
	case waits:
		s.asked[c.Ref] = false
	}
	return connectors.Result{Ref: c.Ref, Already: !waits}
}

func (s *System) say(c connectors.Change, said *[]Message, ref connectors.Ref) connectors.Result {
	if c.Op == connectors.Post {
		if r, ok := s.records[c.Ref]; !ok || r.deleted {
			return connectors.Result{Ref: c.Ref, Err: refused(connectors.Conflict, "ENTITY_IS_DELETED", "%s is gone", c.Ref)}
		}
	}
	if c.Doubt {
		for _, m := range *said {
			if m.Change.Key == c.Key {
				return connectors.Result{Ref: ref, Already: true}
			}
		}
	}
	*said = append(*said, Message{ID: ref.ID, At: s.now().UTC(), Change: c})
	return connectors.Result{Ref: ref}
}

// withParents replaces each parent named by its external id with the id the
// parent has here: Workflow__r: {F: "x"} becomes Workflow__c: the id of the
// record whose F is "x".
func (s *System) withParents(fields map[string]any) (map[string]any, error) {
	resolved := map[string]any{}
	for name, value := range fields {
		named, ok := value.(map[string]any)
		if !ok {
			resolved[name] = plain(value)
			continue
		}
		id := s.named(named)
		if id == "" {
			return nil, fmt.Errorf("%s: %w", name, errNoParent)
		}
		resolved[idField(name)] = id
	}
	return resolved, nil
}

func (s *System) named(fields map[string]any) string {
	for ref, r := range s.records {
		if len(fields) > 0 && !r.deleted && s.differs(ref, r, fields) == "" {
			return ref.ID
		}
	}
	return ""
}

// differs names a field whose value is not the one given, or is empty.
func (s *System) differs(ref connectors.Ref, r *row, fields map[string]any) string {
	for name, value := range fields {
		if !same(s.value(ref, r, strings.Split(name, ".")), plain(value)) {
			return name
		}
	}
	return ""
}

// idField is the field that holds the id of the parent a relationship leads to.
func idField(relationship string) string {
	if base, ok := strings.CutSuffix(relationship, "__r"); ok {
		return base + "__c"
	}
	return relationship + "Id"
}

var errNoParent = errors.New("no record has this external id")
