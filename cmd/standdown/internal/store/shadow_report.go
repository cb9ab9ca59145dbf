package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A ShadowFilter chooses what was decided and not done.
type ShadowFilter struct {
	// Since and Till are when it was decided or, if Compared, when it was
	// compared. Till itself is not included; zero is no limit.
	Since, Till time.Time
	Compared    bool
	Limit       int // of what is listed; 0 for all
}

func (f ShadowFilter) where() (condition string, args []any) {
	column := "s.decided"
	if f.Compared {
		column = "s.compared"
	}
	condition, args = column+` >= ?`, []any{max(ms(f.Since), 1)}
	if !f.Till.IsZero() {
		condition, args = condition+` AND `+column+` < ?`, append(args, ms(f.Till))
	}
	return condition, args
}

// A ShadowTotal is how people did, for one verb.
type ShadowTotal struct {
	Verb      string `json:"verb"`
	Same      int    `json:"same"`
	Otherwise int    `json:"otherwise"`
	NotDone   int    `json:"not_done"`
	Untold    int    `json:"untold"`
	Waiting   int    `json:"waiting"` // to be compared
}

// ShadowTotals counts by verb what was decided and not done, ordered by verb.
func (s *Store) ShadowTotals(ctx context.Context, f ShadowFilter) ([]ShadowTotal, error) {
	type group struct {
		verb, verdict string
		n             int
	}
	where, args := f.where()
	groups, err := rows(ctx, s.db, func(r *sql.Rows) (g group, err error) { return g, r.Scan(&g.verb, &g.verdict, &g.n) },
		`SELECT e.verb, s.verdict, COUNT(*) FROM shadows s JOIN entries e ON e.id = s.entry WHERE `+where+` GROUP BY e.verb, s.verdict ORDER BY e.verb`, args...)
	all := []ShadowTotal{}
	for _, g := range groups {
		if n := len(all); n == 0 || all[n-1].Verb != g.verb {
			all = append(all, ShadowTotal{Verb: g.verb})
		}
		t := &all[len(all)-1]
		switch g.verdict {
		case Same:
			t.Same = g.n
		case Otherwise:
			t.Otherwise = g.n
		case NotDone:
			t.NotDone = g.n
		case Untold:
			t.Untold = g.n
		default:
			t.Waiting = g.n
		}
	}
	return all, err
}

// A ShadowDifference is a change that was decided and that people did not make.
type ShadowDifference struct {
	Entry
	Found    Found     `json:"found"`
	Compared time.Time `json:"compared"`
	Table    string    `json:"table"`
	Row      string    `json:"row"`
	Because  string    `json:"because"`
}

// ShadowDifferences returns what people did otherwise or not at all, as it was
// decided.
func (s *Store) ShadowDifferences(ctx context.Context, f ShadowFilter) ([]ShadowDifference, error) {
	where, args := f.where()
	query := `SELECT s.entry, s.compared, s.found FROM shadows s WHERE ` + where + ` AND s.verdict IN ('otherwise', 'not-done') ORDER BY s.decided, s.entry`
	if f.Limit > 0 {
		query, args = query+` LIMIT CAST(? AS BIGINT)`, append(args, f.Limit)
	}
	all, err := rows(ctx, s.db, func(r *sql.Rows) (d ShadowDifference, err error) {
		var compared int64
		var found string
		err = r.Scan(&d.ID, &compared, &found)
		d.Compared = fromMS(compared)
		return d, errors.Join(err, decode(found, &d.Found))
	}, query, args...)
	if err != nil || len(all) == 0 {
		return []ShadowDifference{}, err
	}
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = strconv.FormatInt(d.ID, 10)
	}
	entries, err := rows(ctx, s.db, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE e.id IN (SELECT CAST(l.one AS BIGINT) FROM (`+s.db.list+`) l)`, ids)
	if err != nil {
		return nil, err
	}
	of := map[int64]Entry{}
	names := make([]string, len(entries))
	for i, e := range entries {
		of[e.ID], names[i] = e, e.Decision
	}
	decisions, err := rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE id IN (`+s.db.list+`)`, names)
	if err != nil {
		return nil, err
	}
	for i := range all {
		d := &all[i]
		d.Entry = of[d.ID]
		if n := slices.IndexFunc(decisions, func(x Decision) bool { return x.ID == d.Decision }); n >= 0 {
			d.Table, d.Row, d.Because = decisions[n].Table, decisions[n].Row, decisions[n].Because
		}
	}
	return all, nil
}

// Unforeseen returns the decisions on workflows that somebody set to Cancel
// Pending although no rule had asked for that within the month before.
func (s *Store) Unforeseen(ctx context.Context, f ShadowFilter) ([]Decision, error) {
	till := f.Till
	if till.IsZero() {
		till = endOfTime
	}
	return rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions d WHERE d.tbl = 'cancellation.watch' AND d.at >= ? AND d.at < ? AND d.row_id = 'P1'
		AND NOT EXISTS (SELECT 1 FROM decisions p JOIN entries e ON e.decision = p.id
			WHERE p.subject = d.subject AND p.at <= d.at AND p.at > d.at - ? AND e.verb = 'cancel-workflow') ORDER BY d.at, d.id`,
		ms(f.Since), ms(till), (30 * 24 * time.Hour).Milliseconds())
}

var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// The note of when the last report on what is in shadow was made.
const shadowNote = "shadow reported"

// ShadowReported returns when the last report was made; zero if never.
func (s *Store) ShadowReported(ctx context.Context) (time.Time, error) {
	return timeNote(ctx, s.db, shadowNote)
}

// SetShadowReported notes that a report was made.
func (s *Store) SetShadowReported(ctx context.Context, at time.Time) error {
	return s.inTx(ctx, func(tx conn) error { return setTimeNote(ctx, tx, shadowNote, at) })
}

// Add counts another one's in.
func (t *ShadowTotal) Add(o ShadowTotal) {
	t.Same, t.Otherwise, t.NotDone, t.Untold, t.Waiting = t.Same+o.Same, t.Otherwise+o.Otherwise, t.NotDone+o.NotDone, t.Untold+o.Untold, t.Waiting+o.Waiting
}

// String is the total in words: figures, not a judgement.
func (t ShadowTotal) String() string {
	text := fmt.Sprintf("%d of %d as people did", t.Same, t.Same+t.Otherwise+t.NotDone)
	for _, more := range []struct {
		n    int
		what string
	}{{t.Otherwise, "otherwise"}, {t.NotDone, "not done"}, {t.Untold, "not comparable"}, {t.Waiting, "not compared yet"}} {
		if more.n > 0 {
			text += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	return text
}
