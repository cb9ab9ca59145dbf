package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
)

// Find implements [connectors.Lookup]. An operator it does not know is an
// error of class Rejected.
func (s *System) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("finding %s: %w", q.Kind, err)
	}
	for _, c := range q.Where {
		if err := check(c); err != nil {
			return nil, fmt.Errorf("finding %s: %w", q.Kind, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []connectors.Record
	for ref, r := range s.records {
		if ref.Kind != q.Kind || r.deleted {
			continue
		}
		if !s.matches(ref, r, q.Where) {
			continue
		}
		record := r.record(ref)
		record.Fields = map[string]any{}
		for _, path := range q.Fields {
			s.read(record.Fields, ref, r, strings.Split(path, "."))
		}
		found = append(found, record)
	}
	slices.SortFunc(found, func(a, b connectors.Record) int { return cmp.Compare(a.Ref.ID, b.Ref.ID) })
	return found, nil
}

func check(c connectors.Cond) error {
	switch c.Op {
	case "=", "!=", "<", "<=", ">", ">=":
		return nil
	case "in":
		if _, ok := c.Value.([]string); !ok {
			return refused(connectors.Rejected, "", "%s in wants []string, not %T", c.Field, c.Value)
		}
		return nil
	}
	return refused(connectors.Rejected, "", "operator %q is none of = != < <= > >= in", c.Op)
}

func (s *System) matches(ref connectors.Ref, r *row, where []connectors.Cond) bool {
	for _, c := range where {
		if !holds(s.value(ref, r, strings.Split(c.Field, ".")), c) {
			return false
		}
	}
	return true
}

// holds compares as SOQL does: nothing is less or greater than an empty field.
func holds(have any, c connectors.Cond) bool {
	if c.Op == "in" {
		return slices.ContainsFunc(c.Value.([]string), func(w string) bool { return compare(have, w) == 0 })
	}
	want := plain(c.Value)
	order := compare(have, want)
	switch c.Op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	}
	if have == nil || want == nil {
		return false
	}
	switch c.Op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// read puts the value at path into fields, parents as nested maps, and nil
// where there is nothing.
func (s *System) read(fields map[string]any, ref connectors.Ref, r *row, path []string) {
	if len(path) == 1 {
		fields[path[0]] = s.value(ref, r, path)
		return
	}
	parentRef, parent := s.parent(r, path[0])
	if parent == nil {
		fields[path[0]] = nil
		return
	}
	nested, ok := fields[path[0]].(map[string]any)
	if !ok {
		nested = map[string]any{}
		fields[path[0]] = nested
	}
	s.read(nested, parentRef, parent, path[1:])
}

func (s *System) value(ref connectors.Ref, r *row, path []string) any {
	if len(path) > 1 {
		parentRef, parent := s.parent(r, path[0])
		if parent == nil {
			return nil
		}
		return s.value(parentRef, parent, path[1:])
	}
	if v, ok := r.fields[path[0]]; ok {
		return v
	}
	switch path[0] {
	case "Id":
		return ref.ID
	case "CreatedDate":
		return plain(r.created)
	case "LastModifiedDate", "SystemModstamp":
		return plain(r.at)
	case "IsDeleted":
		return r.deleted
	}
	return nil
}

func (s *System) parent(r *row, relationship string) (connectors.Ref, *row) {
	id, _ := r.fields[idField(relationship)].(string)
	if id != "" {
		for ref, p := range s.records {
			if ref.ID == id && !p.deleted {
				return ref, p
			}
		}
	}
	return connectors.Ref{}, nil
}

func same(a, b any) bool {
	if text, ok := a.(string); ok {
		if other, ok := b.(string); ok && text == other {
			return true
		}
		_, isTime := instant(text)
		return isTime && compare(a, b) == 0
	}
	return compare(a, b) == 0
}

// compare orders two values: instants as instants, other text without regard
// to case, empty before all else. Values of different types are unequal.
func compare(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			at, aOK := instant(x)
			bt, bOK := instant(y)
			if aOK && bOK {
				return at.Compare(bt)
			}
			return cmp.Compare(strings.ToLower(x), strings.ToLower(y))
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok && x == y {
			return 0
		}
	case nil:
		if b == nil {
			return 0
		}
		return -1
	}
	return 1
}

func instant(text string) (time.Time, bool) {
	for _, layout := range []string{TimeFormat, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
