package store

import (
	"context"
	"database/sql"
	"fmt"
)

// InHand reports of each of the arrivals from the source whether it is dealt with
// already: something about the event's subject is open in the outbox, the event
// is in the journal, or one of the same record with the same watched values is.
// It may be asked beside a daemon.
func (s *Store) InHand(ctx context.Context, source string, arrivals []Arrival) ([]bool, error) {
	return inHand(ctx, s.db, source, arrivals)
}

func inHand(ctx context.Context, c conn, source string, arrivals []Arrival) ([]bool, error) {
	var subjects, ids, refs []string
	for _, a := range arrivals {
		subjects, ids, refs = append(subjects, a.Event.Subject.String()), append(ids, a.Event.ID), append(refs, a.Ref.String())
	}
	type known struct{ subject, id, source, kind, ref, watched string }
	found, err := rows(ctx, c, func(r *sql.Rows) (k known, err error) {
		return k, r.Scan(&k.subject, &k.id, &k.source, &k.kind, &k.ref, &k.watched)
	}, `SELECT DISTINCT subject, '', '', '', '', '' FROM entries WHERE subject IN (`+c.list+`) AND `+isOpen("")+`
		UNION ALL SELECT '', id, '', '', '', '' FROM events WHERE id IN (`+c.list+`)
		UNION ALL SELECT subject, '', source, kind, ref, '' FROM events WHERE subject IN (`+c.list+`)
		UNION ALL SELECT '', '', source, '', ref, watched FROM seen WHERE source = ? AND ref IN (`+c.list+`)`, subjects, ids, subjects, source, refs)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	all := make(map[known]bool, len(found))
	for _, k := range found {
		all[k] = true
	}
	in := make([]bool, len(arrivals))
	for i, a := range arrivals {
		in[i] = all[known{subject: subjects[i]}] || all[known{id: ids[i]}] ||
			all[known{subject: subjects[i], source: source, kind: a.Event.Kind, ref: refs[i]}] && all[known{source: source, ref: refs[i], watched: a.Watched}]
	}
	return in, nil
}
