package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"standdown/rules"
)

// A Situation is what was known when an event was decided, and what was
// decided.
type Situation struct {
	Event     rules.Event
	At        time.Time // when it was decided
	Snapshot  rules.Snapshot
	Settings  rules.Settings
	Decisions []rules.Decision
}

// Situations yields the events decided since the given time, oldest first,
// each as it was decided last. It reads as it goes, so that a long history
// needs no more memory than a short one; until the loop ends, this Store can
// do nothing else. An error is the last thing it yields.
func (s *Store) Situations(ctx context.Context, since time.Time) iter.Seq2[Situation, error] {
	return func(yield func(Situation, error) bool) {
		fail := func(err error) { yield(Situation{}, fmt.Errorf("reading the journal: %w", err)) }
		rs, err := s.db.QueryContext(ctx, `SELECT e.id, e.body, s.at, s.snapshot, s.settings,
			(SELECT json_group_array(json(d.body)) FROM (SELECT body FROM decisions WHERE event = s.event AND generation = s.generation ORDER BY n) d)
			FROM situations s JOIN events e ON e.id = s.event
			WHERE s.at >= ? AND s.generation = (SELECT MAX(generation) FROM situations WHERE event = s.event)
			ORDER BY s.at, s.event`, ms(since))
		if err != nil {
			fail(err)
			return
		}
		defer rs.Close()
		for rs.Next() {
			var one Situation
			var id, event, snapshot, settings, decisions string
			var at int64
			if err := rs.Scan(&id, &event, &at, &snapshot, &settings, &decisions); err != nil {
				fail(err)
				return
			}
			one.At = fromMS(at)
			for _, part := range []struct {
				text string
				into any
			}{{event, &one.Event}, {snapshot, &one.Snapshot}, {settings, &one.Settings}, {decisions, &one.Decisions}} {
				if err := decode(part.text, part.into); err != nil {
					fail(fmt.Errorf("situation of event %s: %w", id, err))
					return
				}
			}
			if !yield(one, nil) {
				return
			}
		}
		if err := rs.Err(); err != nil {
			fail(err)
		}
	}
}

// SettingsOf returns the settings that the decision was taken with.
func (s *Store) SettingsOf(ctx context.Context, d Decision) (rules.Settings, error) {
	var settings rules.Settings
	var text string
	err := s.db.QueryRowContext(ctx, `SELECT settings FROM situations WHERE event = ? AND generation = ?`, d.Event, d.Generation).Scan(&text)
	if err == nil {
		err = decode(text, &settings)
	}
	if err != nil {
		return settings, fmt.Errorf("reading the settings of decision %s: %w", d.ID, err)
	}
	return settings, nil
}
