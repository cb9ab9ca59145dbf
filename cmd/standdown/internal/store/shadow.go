package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// What people did where a change was decided and not done. The words are stored:
// add, never rename.
const (
	Same      = "same"      // the same
	Otherwise = "otherwise" // something else
	NotDone   = "not-done"  // nothing
	Untold    = "untold"    // it cannot be told
)

// Found is what was found where a change was decided and not done.
type Found struct {
	As string `json:"as"` // Same, Otherwise, NotDone or Untold
	// Now is what stood in the record, by field; nil if there was none.
	Now map[string]any `json:"now,omitempty"`
	// By is who changed the record last, and At when; empty if that is not known.
	By string    `json:"by,omitempty"`
	At time.Time `json:"at,omitzero"`
	// Note says why it cannot be told, or what else there is to know.
	Note string `json:"note,omitempty"`
}

// A ShadowDue is an entry in the state Shadow that is to be compared.
type ShadowDue struct {
	Entry
	// Then is what stood in the record when something else was decided about it
	// since, by field: what stands there now may have followed from that.
	Then map[string]any
	// Again tells that the same was decided again since.
	Again bool
	// Overtaken says why people may not have had to do it in the end: it was asked
	// for otherwise before they had their time. Empty if they had to.
	Overtaken string
	// Own tells that it changes the very record that its event is about, so that
	// whatever people do to that is a later event and overtakes it.
	Own bool
}

// undone are the subjects about which nothing is done: the first change about
// them is a Shadow, and with it all that follows.
func (v Verdict) undone() map[rules.Ref]bool {
	if !v.shadows() {
		return nil
	}
	first := map[rules.Ref]*Write{}
	for i, d := range v.Decisions {
		for j := range v.Writes[i] {
			w := &v.Writes[i][j]
			if was := first[d.Subject]; was == nil || was.tells() && !w.tells() {
				first[d.Subject] = w
			}
		}
	}
	all := map[rules.Ref]bool{}
	for subject, w := range first {
		if w.State == Shadow {
			all[subject] = true
		}
	}
	return all
}

// shadows tells whether the verdict leaves anything in shadow.
func (v Verdict) shadows() bool {
	return slices.ContainsFunc(v.Writes, func(of []Write) bool {
		return slices.ContainsFunc(of, func(w Write) bool { return w.State == Shadow })
	})
}

// unpresumed is what the decision asks to remember, without what would be true
// only if its actions were carried out.
func unpresumed(d rules.Decision) map[string]string {
	kept := map[string]string{}
	for name, value := range d.Remember {
		if !d.Presumes(name) {
			kept[name] = value
		}
	}
	return kept
}

// tells reports whether the change only says something to people.
func (w *Write) tells() bool { return w.Change.Op == connectors.Post || w.Change.Op == connectors.Send }

// shadow has what the verdict leaves undone compared when it is due, and notes
// what it overtakes of that: what an earlier event of the same kind about the same
// subject asked for, what its own event asked for before, and what it withdraws.
func shadow(ctx context.Context, tx conn, v Verdict, now time.Time) error {
	var open int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM shadows WHERE compared = 0 LIMIT 1) t`).Scan(&open); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if open > 0 {
		if err := overtake(ctx, tx, v); err != nil {
			return err
		}
	}
	if !v.shadows() {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO shadows (entry, decided, due, overtaken, compared, verdict, found)
		SELECT e.id, ?, ?, '', 0, '', '' FROM entries e WHERE e.event = ? AND e.state = 'shadow' ON CONFLICT DO NOTHING`, ms(now), ms(v.CompareAt), v.Event.ID)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

func overtake(ctx context.Context, tx conn, v Verdict) error {
	mark := func(why, of string, args ...any) error {
		_, err := tx.ExecContext(ctx, `UPDATE shadows SET overtaken = ? WHERE compared = 0 AND overtaken = '' AND entry IN (`+of+`)`, append([]any{why}, args...)...)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		return nil
	}
	e := v.Event
	if err := mark("a later change was decided", `SELECT x.id FROM events o JOIN entries x ON x.event = o.id WHERE o.subject = ? AND o.kind = ? AND o.id <> ?`,
		e.Subject.String(), e.Kind, e.ID); err != nil {
		return err
	}
	if err := mark("decided again, and no longer asked for", `SELECT x.id FROM entries x WHERE x.event = ? AND x.key NOT IN (`+tx.list+`)`, e.ID, keys(v.Writes)); err != nil {
		return err
	}
	for n, d := range v.Decisions {
		if !d.Withdraws {
			continue
		}
		if err := mark("withdrawn by decision "+DecisionID(e.ID, e.Generation, n), `SELECT x.id FROM decisions o JOIN entries x ON x.decision = o.id WHERE o.subject = ? AND o.event <> ?`,
			d.Subject.String(), e.ID); err != nil {
			return err
		}
	}
	return nil
}

// ShadowsDue returns entries in the state Shadow that are to be compared now, the
// first that were due first.
func (s *Store) ShadowsDue(ctx context.Context, now time.Time, limit int) ([]ShadowDue, error) {
	due, err := rows(ctx, s.db, scanEntry, `WITH due AS (SELECT entry FROM shadows WHERE compared = 0 AND due <= ? ORDER BY due, entry LIMIT CAST(? AS BIGINT))
		SELECT `+entryColumns+` FROM due JOIN entries e ON e.id = due.entry ORDER BY +e.id`, ms(now), limit)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var lanes []string
	for _, e := range due {
		lanes = append(lanes, e.Lane)
	}
	slices.Sort(lanes)
	about, err := rows(ctx, s.db, scanEntry, `SELECT `+entryColumns+` FROM decisions d JOIN entries e ON e.decision = d.id
		WHERE d.subject IN (`+s.db.list+`) AND e.id > ? ORDER BY +e.id`, slices.Compact(lanes), due[0].ID)
	if err != nil {
		return nil, err
	}
	overtaken, err := s.overtaken(ctx, due)
	if err != nil {
		return nil, err
	}
	subjects, err := s.subjects(ctx, due)
	if err != nil {
		return nil, err
	}
	all := make([]ShadowDue, len(due))
	for i, e := range due {
		all[i].Entry, all[i].Overtaken = e, overtaken[e.ID]
		all[i].Own = subjects[e.ID] == e.Lane && parseRef(e.Lane).ID == e.Change.Ref.ID
		for _, later := range about {
			all[i].mind(later)
		}
	}
	return all, nil
}

// overtaken says of which entries, and why, people may not have had to do them.
func (s *Store) overtaken(ctx context.Context, entries []Entry) (map[int64]string, error) {
	return s.ofEach(ctx, entries, `SELECT entry, overtaken FROM shadows WHERE overtaken <> '' AND entry IN `)
}

// subjects are what the events of the entries are about.
func (s *Store) subjects(ctx context.Context, entries []Entry) (map[int64]string, error) {
	return s.ofEach(ctx, entries, `SELECT id, subject FROM entries WHERE id IN `)
}

// ofEach returns what the query says of entries, which are to follow it, by id.
func (s *Store) ofEach(ctx context.Context, entries []Entry, query string) (map[int64]string, error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = strconv.FormatInt(e.ID, 10)
	}
	all := map[int64]string{}
	_, err := rows(ctx, s.db, func(r *sql.Rows) (id int64, err error) {
		var text string
		err = r.Scan(&id, &text)
		all[id] = text
		return id, err
	}, query+`(SELECT CAST(l.one AS BIGINT) FROM (`+s.db.list+`) l)`, ids)
	return all, err
}

// mind takes into account what was decided later.
func (d *ShadowDue) mind(later Entry) {
	c, l := d.Change, later.Change
	if later.ID <= d.ID || later.Event == d.Event || later.Lane != d.Lane || c.Ref != l.Ref {
		return
	}
	d.Again = d.Again || c.Op == l.Op && reflect.DeepEqual(c.Fields, l.Fields)
	for field, value := range l.If {
		if _, known := d.Then[field]; known || c.Ref.ID == "" {
			continue
		}
		if d.Then == nil {
			d.Then = map[string]any{}
		}
		d.Then[field] = value
	}
}

// ShadowsCompared keeps what was found, by entry. What was compared before stays
// as it is.
func (s *Store) ShadowsCompared(ctx context.Context, found map[int64]Found, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error {
		for id, f := range found {
			res, err := tx.ExecContext(ctx, `UPDATE shadows SET compared = ?, verdict = ?, found = ? WHERE entry = ? AND compared = 0`, ms(now), f.As, encode(f), id)
			if err == nil {
				var n int64
				if n, err = res.RowsAffected(); err == nil && n > 0 {
					_, err = tx.ExecContext(ctx, `UPDATE entries SET updated = ? WHERE id = ?`, ms(now), id)
				}
			}
			if err != nil {
				return fmt.Errorf("writing the journal: %w", err)
			}
		}
		return nil
	})
}
