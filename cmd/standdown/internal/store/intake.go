package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// EventState is where an event is.
type EventState string

// The states of an event are stored: add, never rename.
const (
	New         EventState = "new"         // to be decided
	Decided     EventState = "decided"     // its plan is in the journal
	Ignored     EventState = "ignored"     // it asks for nothing
	Quarantined EventState = "quarantined" // it could not be handled; a person must look at it
	Asked       EventState = "asked"       // people are asked, and have not answered
	Answered    EventState = "answered"    // they have, or it need not be answered any more
	Told        EventState = "told"        // operators are told
)

// A Reading is how far a source has been read.
type Reading struct {
	Cursor connectors.Cursor
	// Baseline tells that the first read of everything is under way, and Whole
	// that it is over with what is taken in now.
	Baseline   bool
	Whole      bool
	BaselineAt time.Time
	ReadAt     time.Time // zero if never

	version int64 // of the row that this was read from
}

// An Arrival is one record as it goes into the journal.
type Arrival struct {
	Ref     connectors.Ref
	Subject rules.Ref
	// ID is the event's id; arrivals with the same id are the same event.
	ID     string
	Kind   string
	At     time.Time
	Event  *rules.Event // nil if there is nothing to decide
	Answer *Answer      // set if the event is an answer
	State  EventState   // New, Ignored or Quarantined; empty if no event is to be kept
	Note   string
	// Watched, if not empty, is compared with the last one of the same Ref:
	// the same again is no arrival.
	Watched string
	// Memory is remembered about Subject if the record is recorded only: during
	// the baseline, or when an old record is seen for the first time.
	Memory map[string]string
	New    bool // the record was made after the baseline began
	Adopt  bool // act on it even if it is older than that
	// Raw is evidence to be kept, named by SHA256.
	Raw    []byte
	SHA256 string
	// Author is who caused it, as the source names people.
	Author string
	// Housekeep asks for Settled to be called on Ref once the event is through.
	Housekeep bool
	// Fresh is set by Intake: the journal had no such event yet.
	Fresh bool
}

// Reading returns how far the source was read; a zero Reading if never.
func (s *Store) Reading(ctx context.Context, source string) (Reading, error) {
	var r Reading
	var baseline, at, read int64
	err := s.db.QueryRowContext(ctx, `SELECT cursor, baseline, baseline_at, read_at, version FROM sources WHERE name = ?`, source).
		Scan(&r.Cursor, &baseline, &at, &read, &r.version)
	if err == sql.ErrNoRows {
		return Reading{}, nil
	}
	if err != nil {
		return Reading{}, fmt.Errorf("reading the journal: %w", err)
	}
	r.Baseline, r.BaselineAt, r.ReadAt = baseline == 1, fromMS(at), fromMS(read)
	return r, nil
}

// Intake stores what a read of a source brought, and how far the source has
// now been read, in one transaction. It returns how many events are new; they
// are one run. During a baseline only what to remember is stored. The Reading
// must come from the store, by Reading or the last Intake: if somebody else
// has read on since, or the journal has lost its last moments, the error is
// ErrOvertaken.
func (s *Store) Intake(ctx context.Context, source string, r *Reading, arrivals []Arrival) (fresh int, err error) {
	inTx := s.inTxSoon // what is undone is read from the source again
	if r.version == 0 || r.Baseline {
		inTx = s.inTx // another first start would take what has come since for what was there before
	}
	err = inTx(ctx, func(tx conn) error {
		fresh = 0
		if err := advance(ctx, tx, source, *r); err != nil {
			return err
		}
		run := fmt.Sprintf("%s #%d", source, r.version+1)
		if fresh, err = s.arrive(ctx, tx, source, run, r, arrivals); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		return nil
	})
	if err == nil {
		r.version++
		r.Baseline = r.Baseline && !r.Whole
	}
	return fresh, err
}

// advance notes how far the source has been read.
func advance(ctx context.Context, tx conn, source string, r Reading) error {
	baseline := 0
	if r.Baseline && !r.Whole {
		baseline = 1
	}
	how := `UPDATE sources SET cursor = ?, baseline = ?, baseline_at = ?, read_at = ?, version = version + 1 WHERE name = ? AND version = ?`
	if r.version == 0 {
		how = `INSERT INTO sources (cursor, baseline, baseline_at, read_at, name, version) VALUES (?, ?, ?, ?, ?, ? + 1) ON CONFLICT DO NOTHING`
	}
	res, err := tx.ExecContext(ctx, how, string(r.Cursor), baseline, ms(r.BaselineAt), ms(r.ReadAt), source, r.version)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrOvertaken)
	}
	return nil
}

func (s *Store) arrive(ctx context.Context, tx conn, source, run string, r *Reading, arrivals []Arrival) (fresh int, err error) {
	var k keeping
	for i := range arrivals {
		if err := s.note(ctx, tx, source, run, r, &arrivals[i], &k); err != nil {
			return 0, err
		}
	}
	return k.store(ctx, tx, arrivals)
}

func (s *Store) note(ctx context.Context, tx conn, source, run string, r *Reading, a *Arrival, kept *keeping) error {
	first := false // the first that is seen of this record
	if a.Watched != "" {
		var last string
		err := tx.QueryRowContext(ctx, `SELECT watched FROM seen WHERE source = ? AND ref = ?`, source, a.Ref.String()).Scan(&last)
		first = errors.Is(err, sql.ErrNoRows)
		if err != nil && !first || last == a.Watched {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO seen (source, ref, watched) VALUES (?, ?, ?)
			ON CONFLICT (source, ref) DO UPDATE SET watched = excluded.watched`, source, a.Ref.String(), a.Watched); err != nil {
			return err
		}
	}
	// What was there before the daemon and comes into its sight only now (an
	// object newly watched, a record newly shared) is like the baseline.
	recorded := r.Baseline || first && !a.New && !a.Adopt
	if recorded { // unless a plan was applied to it before the first start
		var known int
		if err := tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM decisions d JOIN events e ON e.id = d.event WHERE d.subject = ? AND substr(e.run, 1, 5) = '`+planRun+`') + (SELECT COUNT(*) FROM events WHERE subject = ? AND source = ? AND ref = ?)`,
			a.Subject.String(), a.Subject.String(), source, a.Ref.String()).Scan(&known); err != nil {
			return err
		}
		recorded = known == 0
	}
	if recorded {
		return remember(ctx, tx, a.Subject, a.Memory, "")
	}
	if a.New {
		if err := remember(ctx, tx, a.Subject, map[string]string{"new": "yes"}, ""); err != nil {
			return err
		}
	}
	if a.Housekeep {
		kept.housekeeping = append(kept.housekeeping, []any{source, a.Ref.String(), a.ID})
	}
	if a.State == "" {
		return nil
	}
	if len(a.Raw) > 0 {
		sealed, err := s.Key.seal(a.Raw)
		if err != nil {
			return err
		}
		kept.raw = append(kept.raw, []any{a.SHA256, sealed})
	}
	body := ""
	if a.Event != nil {
		body = encode(a.Event)
		if a.Answer != nil {
			body = encode(answered{a.Event, a.Answer})
		}
	}
	kept.events = append(kept.events, eventRow{
		id: a.ID, kind: a.Kind, subject: a.Subject.String(), at: a.At, body: body, state: a.State, note: a.Note,
		source: source, ref: a.Ref.String(), sha256: a.SHA256, arrived: r.ReadAt, author: a.Author, run: run,
	}.columns())
	return nil
}

// keeping gathers what is kept of arrivals, to insert many rows in one statement:
// for a batch of 50 mails that is 3 statements instead of 150, and on PostgreSQL as
// many answers to wait for.
type keeping struct{ housekeeping, raw, events [][]any }

// store returns how many of the events are new, and marks their arrivals.
func (k keeping) store(ctx context.Context, tx conn, arrivals []Arrival) (fresh int, err error) {
	if _, err := insert(ctx, tx, `INSERT INTO housekeeping (source, ref, event) VALUES`, k.housekeeping, `ON CONFLICT DO NOTHING RETURNING ref`); err != nil {
		return 0, err
	}
	if _, err := insert(ctx, tx, `INSERT INTO raw (sha256, bytes) VALUES`, k.raw, `ON CONFLICT DO NOTHING RETURNING sha256`); err != nil {
		return 0, err
	}
	stored, err := insert(ctx, tx, intoEvents, k.events, `ON CONFLICT (id) DO NOTHING RETURNING id`)
	if err != nil {
		return 0, err
	}
	made := make(map[string]bool, len(stored))
	for _, id := range stored {
		made[id] = true
	}
	for i := range arrivals {
		id := clean(arrivals[i].ID)
		arrivals[i].Fresh = made[id] // of several that are the same event, the first
		delete(made, id)
	}
	return len(stored), nil
}

// insert returns what the statement returns for each row that was not there yet.
func insert(ctx context.Context, tx conn, into string, all [][]any, then string) (made []string, err error) {
	for some := range slices.Chunk(all, 100) { // databases bound the parameters of a statement
		row := ", (" + strings.Repeat("?, ", len(some[0])-1) + "?)"
		query := into + " " + strings.Repeat(row, len(some))[2:] + " " + then
		more, err := rows(ctx, tx, scanString, query, slices.Concat(some...)...)
		if err != nil {
			return nil, err
		}
		made = append(made, more...)
	}
	return made, nil
}

type eventRow struct {
	id, kind, subject, body, note, source, ref, sha256, author, run string
	state                                                           EventState
	at, arrived                                                     time.Time
}

const intoEvents = `INSERT INTO events (id, kind, subject, at, body, state, generation, attempts, not_before, note, source, ref, sha256, arrived, author, run) VALUES`

func (e eventRow) columns() []any {
	return []any{e.id, e.kind, e.subject, ms(e.at), e.body, string(e.state), 0, 0, 0, e.note, e.source, e.ref, e.sha256, ms(e.arrived), e.author, e.run}
}

func insertEvent(ctx context.Context, tx conn, e eventRow) (int, error) {
	made, err := insert(ctx, tx, intoEvents, [][]any{e.columns()}, `ON CONFLICT (id) DO NOTHING RETURNING id`)
	return len(made), err
}

func remember(ctx context.Context, tx conn, subject rules.Ref, memory map[string]string, event string) error {
	for name, value := range memory {
		if _, err := tx.ExecContext(ctx, `INSERT INTO memory (subject, name, value, event, before) VALUES (?, ?, ?, ?, '')
			ON CONFLICT (subject, name) DO UPDATE SET value = excluded.value, event = excluded.event,
				before = CASE WHEN memory.event = excluded.event THEN memory.before ELSE memory.value END`,
			subject.String(), name, value, event); err != nil {
			return err
		}
	}
	return nil
}

// Through returns records of the source whose events have been dealt with as
// far as the daemon can, and that may be flagged and moved after Secure.
func (s *Store) Through(ctx context.Context, source string, limit int) ([]string, error) {
	return dealtWith(ctx, s.db, source, limit)
}

// Secure is Through, and returns once no loss of power undoes what the journal
// has of these records: where they are moved from, nobody looks for them again.
func (s *Store) Secure(ctx context.Context, source string, limit int) (names []string, err error) {
	err = s.inTx(ctx, func(tx conn) error {
		if names, err = dealtWith(ctx, tx, source, limit); err != nil || len(names) == 0 {
			return err
		}
		return setNote(ctx, tx, "secured", rand.Text()) // who changes nothing does not wait for the disk
	})
	return names, err
}

func dealtWith(ctx context.Context, c conn, source string, limit int) ([]string, error) {
	return rows(ctx, c, scanString, `SELECT h.ref FROM housekeeping h JOIN events e ON e.id = h.event
		WHERE h.source = ? AND e.state <> 'new'
		AND NOT EXISTS (SELECT 1 FROM entries x WHERE x.event = e.id AND `+moving("x")+`)
		ORDER BY h.ref LIMIT CAST(? AS BIGINT)`, source, limit)
}

// Housekept forgets that the records were to be flagged and moved.
func (s *Store) Housekept(ctx context.Context, source string, refs []string) error {
	return s.inTxSoon(ctx, func(tx conn) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM housekeeping WHERE source = ? AND ref IN (`+tx.list+`)`, source, refs)
		return err
	})
}
