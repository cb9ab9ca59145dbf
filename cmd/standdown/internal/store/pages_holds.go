package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// A ClientHold is a client's hold as it was processed last.
type ClientHold struct {
	Client rules.Ref
	Hold   rules.Hold
	// At is when something was decided about it last; zero if it has only been
	// recorded at the first look.
	At time.Time
	// Name is as it was then, filled in by NameHolds.
	Name string
	// Last is the last decision, and Open how many changes are still open, filled
	// in by DescribeHolds.
	Last *Decision
	Open int
}

// holdKinds are the kinds of event about a client's hold.
const holdKinds = `('` + rules.HoldChanged + `', '` + rules.HoldDay + `')`

// ClientHolds returns the clients who have a hold set, of whatever dates, and
// those whose hold was decided about since the given time; who was decided
// about last comes first.
func (s *Store) ClientHolds(ctx context.Context, since time.Time) ([]ClientHold, error) {
	type found struct {
		subject, hold string
		at            int64
	}
	scan := func(r *sql.Rows) (f found, err error) { return f, r.Scan(&f.subject, &f.hold, &f.at) }
	// In the very words of the index of holds that are set.
	set, err := rows(ctx, s.db, scan, `SELECT m.subject, m.value, COALESCE((SELECT MAX(d.at) FROM decisions d WHERE d.subject = m.subject), 0)
		FROM memory m WHERE m.name = 'hold' AND m.value <> 'off - -'`)
	if err != nil {
		return nil, err
	}
	lately, err := rows(ctx, s.db, scan, `SELECT d.subject, COALESCE((SELECT m.value FROM memory m WHERE m.subject = d.subject AND m.name = 'hold'), ''), MAX(d.at)
		FROM decisions d WHERE d.tbl = 'on_hold.hold' AND d.at >= ? GROUP BY d.subject`, ms(since))
	if err != nil {
		return nil, err
	}
	all := make([]ClientHold, 0, len(set)+len(lately))
	seen := map[string]bool{}
	for _, f := range append(lately, set...) {
		if !seen[f.subject] {
			seen[f.subject] = true
			one := ClientHold{Client: parseRef(f.subject)}
			one.Hold, _ = rules.ParseHold(f.hold) // off, if nothing is remembered
			if f.at > 0 {
				one.At = fromMS(f.at)
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b ClientHold) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Client.ID, b.Client.ID))
	})
	return all, nil
}

// NameHolds fills in what the clients are called. Names that are not kept any
// longer stay empty.
func (s *Store) NameHolds(ctx context.Context, all []ClientHold) error {
	names, err := byOne(ctx, s, all, `SELECT l.one, substr(s.snapshot, 1, 500) FROM (`+s.db.list+`) AS l JOIN decisions d ON d.id = (`+lastOfHold+`)
		JOIN situations s ON s.event = d.event AND s.generation = d.generation`, func(r *sql.Rows) (subject, name string, err error) {
		err = r.Scan(&subject, &name)
		return subject, clientName(name), err
	})
	for i := range all {
		all[i].Name = names[all[i].Client.String()]
	}
	return err
}

// DescribeHolds fills in what is known of the holds besides.
func (s *Store) DescribeHolds(ctx context.Context, all []ClientHold) error {
	last, err := byOne(ctx, s, all, `SELECT d.id, d.event, d.generation, d.at, d.body FROM (`+s.db.list+`) AS l JOIN decisions d ON d.id = (`+lastOfHold+`)`,
		func(r *sql.Rows) (string, *Decision, error) {
			d, err := scanDecision(r)
			return d.Subject.String(), &d, err
		})
	if err != nil {
		return err
	}
	open, err := byOne(ctx, s, all, `SELECT subject, COUNT(*) FROM entries WHERE subject IN (`+s.db.list+`) AND `+isOpen("")+` GROUP BY subject`,
		func(r *sql.Rows) (subject string, n int, err error) {
			err = r.Scan(&subject, &n)
			return subject, n, err
		})
	for i := range all {
		subject := all[i].Client.String()
		all[i].Last, all[i].Open = last[subject], open[subject]
	}
	return err
}

// lastOfHold is the id of the last decision about the hold of client l.one.
const lastOfHold = `SELECT x.id FROM decisions x WHERE x.subject = l.one AND x.tbl || '' = 'on_hold.hold' ORDER BY x.at DESC, x.event DESC, x.generation DESC, x.n DESC LIMIT 1`

// byOne returns what a query finds about each of the clients, by subject.
func byOne[T any](ctx context.Context, s *Store, all []ClientHold, query string, scan func(*sql.Rows) (string, T, error)) (map[string]T, error) {
	subjects := make([]string, len(all))
	for i, one := range all {
		subjects[i] = one.Client.String()
	}
	found := map[string]T{}
	_, err := rows(ctx, s.db, func(r *sql.Rows) (string, error) {
		subject, one, err := scan(r)
		found[subject] = one
		return subject, err
	}, query, subjects)
	return found, err
}

// clientName reads the name from the beginning of a stored snapshot of a
// client: the rest of it, with all visits, can be long. It is empty if there is
// none.
func clientName(snapshot string) string {
	words := json.NewDecoder(strings.NewReader(snapshot))
	for _, want := range []any{json.Delim('{'), "client", json.Delim('{'), "id", nil, "name"} {
		if word, err := words.Token(); err != nil || want != nil && word != want {
			return ""
		}
	}
	name, _ := words.Token() // nil if it is cut off
	text, _ := name.(string)
	return text
}

// HoldOf returns the hold of the client that was processed last, as it is
// remembered; false if none is.
func (s *Store) HoldOf(ctx context.Context, client rules.Ref) (rules.Hold, bool, error) {
	found, err := rows(ctx, s.db, scanString, `SELECT value FROM memory WHERE subject = ? AND name = 'hold'`, client.String())
	if err != nil || len(found) == 0 {
		return rules.Hold{}, false, err
	}
	hold, ok := rules.ParseHold(found[0])
	return hold, ok, nil
}

// HoldSituations returns the last situations in which the client's hold was
// decided, the latest first. Those that are not kept any longer are not among
// them.
func (s *Store) HoldSituations(ctx context.Context, client rules.Ref, most int) ([]Situation, error) {
	places, err := rows(ctx, s.db, scanSituationPlace, `SELECT s.at, s.event, s.generation FROM events e JOIN situations s ON s.event = e.id
		WHERE e.subject = ? AND e.kind IN `+holdKinds+` AND `+lastDecided+` ORDER BY s.at DESC, s.event DESC LIMIT CAST(? AS BIGINT)`, client.String(), most)
	if err != nil {
		return nil, err
	}
	all := make([]Situation, len(places))
	for i, p := range places {
		if all[i], err = s.situation(ctx, p.event, p.generation); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// DecidedAbout returns what was decided about the subjects, the latest first.
func (s *Store) DecidedAbout(ctx context.Context, subjects []string, most int) ([]Decision, error) {
	return rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE subject IN (`+s.db.list+`)
		ORDER BY at DESC, event DESC, generation DESC, n DESC LIMIT CAST(? AS BIGINT)`, subjects, most)
}

// EntriesOf returns the changes of the decisions, by decision and in order.
func (s *Store) EntriesOf(ctx context.Context, decisions []string) (map[string][]Entry, error) {
	_, entries, err := s.withEntries(ctx, decisions)
	return entries, err
}
