package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// An Erasing is the order to erase what the journal holds about a person.
type Erasing struct {
	People  []string // addresses, in any case
	Records []string // ids of records, as Salesforce spells them
	Who     string
	Reason  string // kept for ever: it must not name the person
}

// An Erasure is what was erased, or would be.
type Erasure struct {
	Events     int64 `json:"events"` // their texts
	Mails      int64 `json:"mails"`  // as they came
	Situations int64 `json:"situations"`
	Decisions  int64 `json:"decisions"` // their facts and reasons
	Entries    int64 `json:"entries"`   // their texts and values
	Acts       int64 `json:"acts"`      // their reasons
	Memory     int64 `json:"memory"`    // what was remembered
	// About are the records that the erased decisions are about. They stay, as
	// ids: more may be known about them that does not name the person.
	About []string `json:"about"`
	// Left are places that still name the person, as parts of what stays.
	Left []string `json:"left"`
}

// Nothing tells that nothing was found to be erased.
func (e Erasure) Nothing() bool {
	return e.Events+e.Mails+e.Situations+e.Decisions+e.Entries+e.Acts+e.Memory == 0
}

// erased stands where something was erased.
const erased = "erased on request"

// Erased reports whether what the decision rested on was erased on request: it
// has no facts, actions or texts any longer.
func (d Decision) Erased() bool { return d.Because == erased }

// errTried ends the transaction of an erasure that was only to be tried.
var errTried = errors.New("only tried")

// Erase erases the personal data of events that name the person or the record
// in what was said, decided or written: the mail as it came, the texts of the
// event, its situations, the facts of its decisions, the texts and values of its
// changes, the reasons that people gave. Where only a situation names them, only
// that goes. The skeleton stays: ids, times, rows, verbs, states, and who acted;
// so does the chain, which tells of the erasure. It is an act like others. What
// is not through is not erased: the error says what, and nothing is changed.
//
// With try it changes nothing and tells what it would do. Otherwise the database
// is written anew afterwards, so that nothing is left in its free space; other
// processes wait meanwhile. If that fails, the error says so, and Erase may be
// called again. Backups are not touched, nor is what PostgreSQL has in its logs.
func (s *Store) Erase(ctx context.Context, e Erasing, try bool, now time.Time) (Erasure, error) {
	person, err := newPerson(e)
	if err != nil {
		return Erasure{}, err
	}
	var done Erasure
	err = s.inTx(ctx, func(tx conn) error {
		done = Erasure{About: []string{}, Left: []string{}}
		if err := tx.unhurried(ctx); err != nil {
			return err
		}
		if err := s.erase(ctx, tx, person, e, now, &done); err != nil {
			return err
		}
		if try {
			return errTried
		}
		return nil
	})
	if errors.Is(err, errTried) {
		return done, nil
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing from the journal: %w", err)
	}
	if err := s.rewrite(ctx); err != nil {
		return done, fmt.Errorf("it is erased, but the free space of the journal %s may still hold it (say it again, with the daemons stopped): %w", s.name, err)
	}
	return done, nil
}

func (s *Store) erase(ctx context.Context, tx conn, p person, e Erasing, now time.Time, done *Erasure) error {
	events, err := p.events(ctx, tx)
	if err != nil {
		return err
	}
	mails, err := s.mailsNaming(ctx, tx, p)
	if err != nil {
		return err
	}
	events = slices.Compact(slices.Sorted(slices.Values(append(events, mails...))))
	situations, err := p.find(ctx, tx, `SELECT event, snapshot FROM situations WHERE`, "snapshot")
	if err != nil {
		return err
	}
	if err := through(ctx, tx, append(slices.Clone(events), situations...)); err != nil {
		return err
	}
	if done.About, err = rows(ctx, tx, scanString, `SELECT DISTINCT subject FROM decisions WHERE subject NOT LIKE 'request %' AND event IN (`+tx.list+`) ORDER BY subject`, events); err != nil {
		return err
	}
	links, err := eraseLinked(ctx, tx, p, events, done)
	if err != nil {
		return err
	}
	for _, one := range []struct {
		n     *int64
		query string
		args  []any
	}{
		{&done.Mails, `DELETE FROM raw WHERE sha256 IN (SELECT sha256 FROM events WHERE sha256 <> '' AND id IN (` + tx.list + `))`, []any{events}},
		{&done.Situations, `DELETE FROM situations WHERE event IN (` + tx.list + `)`, []any{append(situations, events...)}},
	} {
		if *one.n, err = affected(ctx, tx, one.query, one.args...); err != nil {
			return err
		}
	}
	if err := eraseEvents(ctx, tx, events, done); err != nil {
		return err
	}
	if err := eraseEntries(ctx, tx, events, done); err != nil {
		return err
	}
	if err := eraseMemory(ctx, tx, p, done); err != nil {
		return err
	}
	if done.Left, err = p.left(ctx, tx); err != nil || done.Nothing() {
		return err
	}
	a := Act{At: now, Who: e.Who, Act: eraseAct, Reason: fmt.Sprintf("%s (%d events, %d decisions)", e.Reason, done.Events, done.Decisions)}
	if err := act(ctx, tx, a); err != nil {
		return err
	}
	for _, l := range links {
		if err := link(ctx, tx, erasedLink, l.id, l.digest); err != nil {
			return err
		}
	}
	return nil
}

// through tells what of the events is not through yet, if anything.
func through(ctx context.Context, tx conn, events []string) error {
	open, err := rows(ctx, tx, scanString, `SELECT 'event ' || id || ' is ' || CASE state WHEN 'new' THEN 'to be decided' ELSE state END FROM events
			WHERE id IN (`+tx.list+`) AND state IN ('new', 'quarantined', 'asked')
		UNION ALL SELECT 'entry ' || id || ' (' || verb || ') is ' || state FROM entries WHERE event IN (`+tx.list+`) AND `+isOpen("")+`
		UNION ALL SELECT 'deadline ' || l.kind || ' of ' || l.subject || ' is set' FROM deadlines l JOIN decisions d ON d.id = l.decision WHERE d.event IN (`+tx.list+`)
		ORDER BY 1 LIMIT 6`, events, events, events)
	if err != nil || len(open) == 0 {
		return err
	}
	if len(open) == 6 {
		open[5] = "and more"
	}
	return fmt.Errorf("%w: %s", ErrNotThrough, strings.Join(open, ", "))
}

// ErrNotThrough is returned for the erasure of what is still going on.
var ErrNotThrough = errors.New("not all of it is through yet; end it first, or wait for it")

// eraseEvents leaves of the events what their columns say, and of a request what
// kind it was of. An author that is an address goes; one that is a user's id
// stays.
func eraseEvents(ctx context.Context, tx conn, events []string, done *Erasure) error {
	type skeleton struct {
		id, kind, subject, body string
		at                      int64
	}
	kept, err := rows(ctx, tx, func(r *sql.Rows) (e skeleton, err error) {
		return e, r.Scan(&e.id, &e.kind, &e.subject, &e.body, &e.at)
	}, `SELECT id, kind, subject, body, at FROM events WHERE note <> ? AND id IN (`+tx.list+`)`, erased, events)
	if err != nil {
		return err
	}
	for _, e := range kept {
		var was rules.Event
		if err := decode(e.body, &was); err != nil {
			return fmt.Errorf("event %s: %w", e.id, err)
		}
		bare := rules.Event{ID: e.id, Kind: e.kind, At: fromMS(e.at), Subject: parseRef(e.subject)}
		if r := was.Request; r != nil {
			bare.Request = &rules.Request{Asks: r.Asks, Auth: r.Auth, Words: r.Words, Form: r.Form, SHA256: r.SHA256}
		}
		n, err := affected(ctx, tx, `UPDATE events SET body = ?, note = ?, author = CASE WHEN author LIKE '%@%' THEN '' ELSE author END WHERE id = ?`, encode(bare), erased, e.id)
		if err != nil {
			return err
		}
		done.Events += n
	}
	return nil
}

// eraseEntries leaves of a change which it was and on what.
func eraseEntries(ctx context.Context, tx conn, events []string, done *Erasure) error {
	type entry struct {
		id     int64
		change connectors.Change
	}
	all, err := rows(ctx, tx, func(r *sql.Rows) (e entry, err error) {
		var change string
		if err := r.Scan(&e.id, &change); err != nil {
			return e, err
		}
		return e, decode(change, &e.change)
	}, `SELECT id, change FROM entries WHERE text <> ? AND event IN (`+tx.list+`)`, erased, events)
	if err != nil {
		return err
	}
	for _, e := range all {
		bare := connectors.Change{Key: e.change.Key, Op: e.change.Op, Ref: e.change.Ref}
		n, err := affected(ctx, tx, `UPDATE entries SET change = ?, text = ?, why = '', result = '',
			maker = CASE WHEN maker LIKE '%@%' THEN '' ELSE maker END WHERE id = ?`, encode(bare), erased, e.id)
		if err != nil {
			return err
		}
		done.Entries += n
	}
	_, err = affected(ctx, tx, `UPDATE shadows SET found = '' WHERE entry IN (SELECT id FROM entries WHERE event IN (`+tx.list+`))`, events)
	return err
}

// eraseMemory forgets what names the person. What was remembered about a record
// that is named is not about a person: days, states, ids.
func eraseMemory(ctx context.Context, tx conn, p person, done *Erasure) error {
	type fact struct{ subject, name, value string }
	for _, n := range p.addresses() {
		found, err := rows(ctx, tx, func(r *sql.Rows) (f fact, err error) {
			return f, r.Scan(&f.subject, &f.name, &f.value)
		}, `SELECT subject, name, value || ' ' || before FROM memory WHERE `+n.like(`value || ' ' || before`), n.pattern())
		if err != nil {
			return err
		}
		for _, f := range found {
			if !n.in(f.value) {
				continue
			}
			if _, err := affected(ctx, tx, `UPDATE memory SET value = '', before = '' WHERE subject = ? AND name = ?`, f.subject, f.name); err != nil {
				return err
			}
			done.Memory++
		}
	}
	return nil
}

func affected(ctx context.Context, tx conn, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("writing the journal: %w", err)
	}
	return res.RowsAffected()
}
