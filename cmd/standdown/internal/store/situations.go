package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"standdown/rules"
)

// A Situation is what was known when an event was decided, and what was
// decided.
type Situation struct {
	Event      rules.Event
	Generation int
	At         time.Time // when it was decided
	Snapshot   rules.Snapshot
	Settings   rules.Settings
	Decisions  []rules.Decision
}

// Situations yields the events decided since the given time, oldest first,
// each as it was decided last. It reads one after the other, so that a long
// history needs no more memory than a short one. An error is the last thing it
// yields.
func (s *Store) Situations(ctx context.Context, since time.Time) iter.Seq2[Situation, error] {
	return func(yield func(Situation, error) bool) {
		last := situationPlace{at: ms(since)}
		for {
			places, err := rows(ctx, s.db, scanSituationPlace, `SELECT s.at, s.event, s.generation FROM situations s WHERE (s.at, s.event) > (?, ?) AND `+lastDecided+`
				ORDER BY s.at, s.event LIMIT 500`, last.at, last.event)
			if err != nil {
				yield(Situation{}, err)
				return
			}
			if len(places) == 0 {
				return
			}
			for _, p := range places {
				one, err := s.situation(ctx, p.event, p.generation)
				if !yield(one, err) || err != nil {
					return
				}
			}
			last = places[len(places)-1]
		}
	}
}

// LatestSituations yields the events decided last, at most so many, the latest
// first; otherwise it is as [Store.Situations].
func (s *Store) LatestSituations(ctx context.Context, most int) iter.Seq2[Situation, error] {
	return func(yield func(Situation, error) bool) {
		places, err := rows(ctx, s.db, scanSituationPlace, `SELECT s.at, s.event, s.generation FROM situations s WHERE s.at > 0 AND `+lastDecided+`
			ORDER BY s.at DESC, s.event DESC LIMIT CAST(? AS BIGINT)`, most) // beginning somewhere, databases go by the index
		if err != nil {
			yield(Situation{}, err)
			return
		}
		for _, p := range places {
			one, err := s.situation(ctx, p.event, p.generation)
			if !yield(one, err) || err != nil {
				return
			}
		}
	}
}

// lastDecided is the condition for a situation s to be that in which its event
// was decided last.
const lastDecided = `s.generation = (SELECT MAX(generation) FROM situations WHERE event = s.event)`

// A situationPlace is where a situation stands in the journal.
type situationPlace struct {
	at, generation int64
	event          string
}

func scanSituationPlace(r *sql.Rows) (p situationPlace, err error) {
	return p, r.Scan(&p.at, &p.event, &p.generation)
}

func (s *Store) situation(ctx context.Context, id string, generation int64) (one Situation, err error) {
	var event, snapshot, settings string
	var at int64
	err = s.db.QueryRowContext(ctx, `SELECT e.body, s.at, s.snapshot, s.settings FROM situations s JOIN events e ON e.id = s.event
		WHERE s.event = ? AND s.generation = ?`, id, generation).Scan(&event, &at, &snapshot, &settings)
	if err != nil {
		return one, fmt.Errorf("reading the journal: %w", err)
	}
	one.Generation, one.At = int(generation), fromMS(at)
	if err := errors.Join(decode(event, &one.Event), decode(snapshot, &one.Snapshot), decode(settings, &one.Settings)); err != nil {
		return one, fmt.Errorf("reading the journal: situation of event %s: %w", id, err)
	}
	one.Decisions, err = rows(ctx, s.db, func(r *sql.Rows) (d rules.Decision, err error) {
		var body string
		if err := r.Scan(&body); err != nil {
			return d, err
		}
		return d, decode(body, &d)
	}, `SELECT body FROM decisions WHERE event = ? AND generation = ? ORDER BY n`, id, generation)
	return one, err
}

// SettingsOf returns the settings that the decision was taken with. The error
// is ErrRemoved if the situation has been.
func (s *Store) SettingsOf(ctx context.Context, d Decision) (rules.Settings, error) {
	var settings rules.Settings
	var text string
	err := s.db.QueryRowContext(ctx, `SELECT settings FROM situations WHERE event = ? AND generation = ?`, d.Event, d.Generation).Scan(&text)
	if err == nil {
		err = decode(text, &settings)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrRemoved
	}
	if err != nil {
		return settings, fmt.Errorf("reading the settings of decision %s: %w", d.ID, err)
	}
	return settings, nil
}
