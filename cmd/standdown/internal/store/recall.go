package store

import (
	"context"
	"database/sql"
	"sync"

	"standdown/rules"
)

// A Memory is what is remembered, as the event must see it: without what the
// event itself had remembered when it was decided before.
type Memory struct {
	Store *Store
	Event string
	// shared is about the subjects of all events that are decided together; nil
	// if this one is decided alone.
	shared *shared
}

// Memories returns the memory of each of some events that are decided together.
// What is remembered about their own subjects is read once for all of them, when
// the first asks; about others, it is read for who asks.
func (s *Store) Memories(ctx context.Context, events []Event) []Memory {
	together := &shared{subjects: map[rules.Ref]bool{}}
	var subjects []rules.Ref
	for _, e := range events {
		if !together.subjects[e.Subject] {
			together.subjects[e.Subject] = true
			subjects = append(subjects, e.Subject)
		}
	}
	together.recall = sync.OnceValues(func() (map[rules.Ref][]memo, error) { return s.recall(ctx, subjects) })
	all := make([]Memory, len(events))
	for i, e := range events {
		all[i] = Memory{s, e.ID, together}
	}
	return all
}

type shared struct {
	subjects map[rules.Ref]bool
	recall   func() (map[rules.Ref][]memo, error)
}

// A memo is one thing that is remembered, by which event, and what was before.
type memo struct{ subject, name, value, event, before string }

// Recall returns what is remembered about each of the subjects.
func (m Memory) Recall(ctx context.Context, subjects []rules.Ref) (map[rules.Ref]map[string]string, error) {
	memos, err := m.memos(ctx, subjects)
	if err != nil {
		return nil, err
	}
	all := make(map[rules.Ref]map[string]string, len(subjects))
	for _, ref := range subjects {
		for _, n := range memos[ref] {
			value := n.value
			if n.event == m.Event {
				value = n.before
			}
			if value == "" {
				continue
			}
			if all[ref] == nil {
				all[ref] = map[string]string{}
			}
			all[ref][n.name] = value
		}
	}
	return all, nil
}

func (m Memory) memos(ctx context.Context, subjects []rules.Ref) (map[rules.Ref][]memo, error) {
	if m.shared == nil {
		return m.Store.recall(ctx, subjects)
	}
	for _, ref := range subjects {
		if !m.shared.subjects[ref] {
			return m.Store.recall(ctx, subjects)
		}
	}
	return m.shared.recall()
}

func (s *Store) recall(ctx context.Context, subjects []rules.Ref) (map[rules.Ref][]memo, error) {
	all := map[rules.Ref][]memo{}
	if len(subjects) == 0 {
		return all, nil
	}
	names := make(map[string]rules.Ref, len(subjects))
	list := make([]string, 0, len(subjects))
	for _, ref := range subjects {
		names[ref.String()] = ref
		list = append(list, ref.String())
	}
	found, err := rows(ctx, s.db, func(r *sql.Rows) (n memo, err error) {
		return n, r.Scan(&n.subject, &n.name, &n.value, &n.event, &n.before)
	}, `SELECT subject, name, value, event, before FROM memory WHERE subject IN (`+s.db.list+`)`, list)
	if err != nil {
		return nil, err
	}
	for _, n := range found {
		ref := names[n.subject]
		all[ref] = append(all[ref], n)
	}
	return all, nil
}
