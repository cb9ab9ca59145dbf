package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// Ceilings say how much may happen without a person: what asks for more is
// more likely a mistake, of a source or of a rule, than the wish of many
// customers at once. A run that passes one is held: everything of it that is
// not yet on its way becomes Proposed, and so does what it asks for later.
// Nothing of a run is delivered before it is wholly decided, so that nothing of
// it is half done but what had to be put off. What a person approved is not counted, nor held again; nor
// are comments and mails counted, which come with the changes that they speak
// of. Zero is no ceiling.
type Ceilings struct {
	Run     int // records that one run changes
	Percent int // of the records of one kind that the journal knows, that one run is about
	Rule    int // records that one row of a table changes within an hour
	// RulePercent is of the records of one kind that the journal knows, that
	// what one row changes within an hour is about.
	RulePercent int
	// Floor is how many records may be changed whatever the percentages say.
	Floor    int
	Customer int // records that are changed for one customer within an hour
}

// A Hold is a run that passed a ceiling.
type Hold struct {
	ID      string    `json:"id"` // R...
	Run     string    `json:"run"`
	Event   string    `json:"event"` // with which it passed the ceiling
	At      time.Time `json:"at"`
	Why     string    `json:"why"`
	Entries int       `json:"entries"` // that it holds now
}

const holdColumns = `h.id, h.run, h.event, h.at, h.why, (SELECT COUNT(*) FROM entries e WHERE e.run = h.run AND e.state = 'proposed' AND e.why = h.why)`

func scanHold(r *sql.Rows) (h Hold, err error) {
	var at int64
	err = r.Scan(&h.ID, &h.Run, &h.Event, &at, &h.Why, &h.Entries)
	h.At = fromMS(at)
	return h, err
}

// Holds returns the runs of which something is held, oldest first.
func (s *Store) Holds(ctx context.Context) ([]Hold, error) {
	all, err := rows(ctx, s.db, scanHold, `SELECT `+holdColumns+` FROM holds h ORDER BY h.at, h.run`)
	var open []Hold
	for _, h := range all {
		if h.Entries > 0 {
			open = append(open, h)
		}
	}
	return open, err
}

// Held returns the hold of a run, or nil if it is not held.
func (s *Store) Held(ctx context.Context, run string) (*Hold, error) {
	all, err := rows(ctx, s.db, scanHold, `SELECT `+holdColumns+` FROM holds h WHERE h.run = ?`, run)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// contain holds the run of a verdict, whose entries have been inserted, if it is
// held already or passes a ceiling now.
func contain(ctx context.Context, tx conn, v Verdict, customer string, now time.Time) error {
	pending := false
	for _, writes := range v.Writes {
		for _, w := range writes {
			pending = pending || w.State == Pending
		}
	}
	if !pending {
		return nil
	}
	var why string
	err := tx.QueryRowContext(ctx, `SELECT why FROM holds WHERE run = ?`, v.Event.Run).Scan(&why)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if why == "" {
		passed, err := exceeded(ctx, tx, v, customer, now)
		if passed.why == "" || err != nil {
			return err
		}
		id := holdID(v.Event.Run)
		why = "held with " + id + ": " + passed.why
		if _, err := tx.ExecContext(ctx, `INSERT INTO holds (run, id, event, at, why, brake) VALUES (?, ?, ?, ?, ?, ?)`, v.Event.Run, id, v.Event.ID, ms(now), why, passed.ceiling); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if err := shut(ctx, tx, CeilingBrake, passed.ceiling, passed.why, now); err != nil {
			return err
		}
		if err := act(ctx, tx, Act{At: now, Who: daemon, Act: "hold", Decision: DecisionID(v.Event.ID, v.Event.Generation, 0), Reason: why}); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = 'proposed', why = ?, updated = ? WHERE run = ? AND state IN (`+quoted(from(Halt))+`) AND checker = '' AND attempts = 0`,
		why, ms(now), v.Event.Run); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// counted is the condition for an entry e to count towards ceilings.
const counted = `e.weighs = 1 AND e.checker = '' AND e.state IN ('pending', 'sending', 'done')`

// A passing is that a ceiling is passed: which, and why in a person's words;
// empty if none is.
type passing struct{ ceiling, why string }

func exceeded(ctx context.Context, tx conn, v Verdict, customer string, now time.Time) (none passing, err error) {
	count := func(most int, condition string, args ...any) (n int, err error) { // most of them at most
		if err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT DISTINCT e.lane FROM entries e WHERE `+counted+` AND `+condition+` LIMIT CAST(? AS BIGINT)) t`, append(args, most)...).Scan(&n); err != nil {
			err = fmt.Errorf("reading the journal: %w", err)
		}
		return n, err
	}
	c := v.Ceilings
	if c.Run > 0 || c.Percent > 0 {
		n, err := count(math.MaxInt, `e.run = ?`, v.Event.Run)
		if err != nil {
			return none, err
		}
		if c.Run > 0 && n > c.Run {
			return passing{"run", fmt.Sprintf("its run changes %d records or more, and may change %d (ceilings.run.records)", n, c.Run)}, nil
		}
		if c.Percent > 0 && n > c.Floor {
			share, err := exceededShare(ctx, tx, c.Percent, `e.run = ?`, v.Event.Run)
			if share != "" || err != nil {
				return passing{"run", "its run is about " + share + " (ceilings.run.percent)"}, err
			}
		}
	}
	hourAgo := ms(now.Add(-time.Hour))
	if c.Rule > 0 || c.RulePercent > 0 {
		asked := map[string]bool{}
		for i, d := range v.Decisions {
			rule := ruleName(d)
			if len(v.Writes[i]) == 0 || asked[rule] {
				continue
			}
			asked[rule] = true
			most := math.MaxInt
			if c.Rule == 0 { // whether they are more than the floor is all that matters
				most = c.Floor + 1
			}
			n, err := count(most, `e.rule = ? AND e.created > ?`, rule, hourAgo)
			if err != nil {
				return none, err
			}
			if c.Rule > 0 && n > c.Rule {
				return passing{"rule " + rule, fmt.Sprintf("row %s changes %d records within an hour, and may change %d (ceilings.rule.records)", rule, n, c.Rule)}, nil
			}
			if c.RulePercent > 0 && n > c.Floor {
				share, err := exceededShare(ctx, tx, c.RulePercent, `e.rule = ? AND e.created > ?`, rule, hourAgo)
				if share != "" || err != nil {
					return passing{"rule " + rule, "row " + rule + " is within an hour about " + share + " (ceilings.rule.percent)"}, err
				}
			}
		}
	}
	if c.Customer > 0 {
		n, err := count(math.MaxInt, `e.customer = ? AND e.created > ?`, customer, hourAgo)
		if err != nil {
			return none, err
		}
		if n > c.Customer {
			return passing{"customer", fmt.Sprintf("%d records of one customer are changed within an hour, and %d may be (ceilings.customer.records)", n, c.Customer)}, nil
		}
	}
	return none, nil
}

// exceededShare compares how many records of each watched kind the entries are
// about with how many of that kind there are. It is empty if that is not more
// than the percentage. Mails are no records that are watched: they are left out
// before they are looked up, which is half of the work of a mail's verdict when
// there are many within the hour.
func exceededShare(ctx context.Context, tx conn, percent int, entries string, args ...any) (share string, err error) {
	type group struct {
		kind string
		n    int
	}
	about, err := rows(ctx, tx, func(r *sql.Rows) (g group, err error) {
		return g, r.Scan(&g.kind, &g.n)
	}, `SELECT `+tx.kind+`, COUNT(*) FROM (SELECT DISTINCT ev.ref FROM entries e JOIN events ev ON ev.id = e.event WHERE `+entries+` AND `+counted+` AND substr(e.event, 1, 5) <> 'mail:') t GROUP BY 1`, args...)
	if err != nil {
		return "", err
	}
	for _, g := range about {
		kind, n := strings.TrimSuffix(g.kind, "/"), g.n
		enough := (n*100 + percent - 1) / percent // of more records it is no larger a share
		var known int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM seen WHERE `+tx.kind+` = ? LIMIT CAST(? AS BIGINT)) t`, g.kind, enough).Scan(&known); err != nil {
			return "", fmt.Errorf("reading the journal: %w", err)
		}
		if known > 0 && n*100 > known*percent {
			return fmt.Sprintf("%d or more of the %d records of %s, and may be about %d %%", n, known, kind, percent), nil
		}
	}
	return "", nil
}

// ruleName names a row of a table, in entries and to people.
func ruleName(d rules.Decision) string { return d.Table + " " + d.Row }

// holdID is what people call the hold of a run.
func holdID(run string) string {
	sum := sha256.Sum256([]byte(run))
	return "R" + hex.EncodeToString(sum[:5])
}

// weighs is 1 for a change of a record and 0 for what is only said or asked.
func weighs(r entryRow) int {
	if op := r.write.Change.Op; op == connectors.Post || op == connectors.Send || r.rule == "" {
		return 0
	}
	return 1
}
