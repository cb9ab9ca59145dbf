package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"standdown/rules"
)

// KindUndo is the kind of the event that a person makes by ordering an undo.
const KindUndo = "undo"

// People is the table of what people decide themselves.
const People = "people"

// An Undoing is an order to take back what a decision did.
type Undoing struct {
	Decision string
	Who      string
	Reason   string
	Writes   []Compensation // in the order in which they are to be made
}

// A Compensation is the change that takes back what an entry did. It has no key
// yet. It is not decided again if the record has changed since: it gets Stuck.
type Compensation struct {
	Entry int64 `json:"entry"`
	Write
}

// Undo puts compensating changes into the outbox, as a decision of a person (table
// people, row undo), and returns that decision's id. What the undone decision
// remembered and the deadlines it set are taken back with the last of its
// changes. The error tells if some change of the decision is still open, was
// never made, or is being or has been taken back; then nothing is stored.
func (s *Store) Undo(ctx context.Context, u Undoing, now time.Time) (id string, err error) {
	err = s.inTx(ctx, func(tx conn) error {
		undone, err := rows(ctx, tx, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE id = ?`, u.Decision)
		if err == nil && len(undone) == 0 {
			err = refuse("there is no decision %q", u.Decision)
		}
		if err != nil {
			return err
		}
		customers, err := undoable(ctx, tx, u)
		if err != nil {
			return err
		}
		d := rules.Decision{
			Policy: People, Table: People, Row: "undo", Because: u.Who + ": " + u.Reason, Subject: undone[0].Subject,
			Facts: []rules.Fact{{Name: "undoes", Value: u.Decision, Reason: "row " + ruleName(undone[0].Decision) + " of " + undone[0].At.Format(time.RFC3339)}},
		}
		var before int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE subject = ? AND kind = ?`, d.Subject.String(), KindUndo).Scan(&before); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		e := rules.Event{ID: fmt.Sprintf("undo:%s/%d", u.Decision, before+1), Kind: KindUndo, At: now, Subject: d.Subject}
		if _, err := insertEvent(ctx, tx, eventRow{
			id: e.ID, kind: e.Kind, subject: e.Subject.String(), at: e.At, body: encode(e), state: Decided, arrived: now, author: u.Who, run: e.ID,
		}); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		id = DecisionID(e.ID, 0, 0)
		if _, err := tx.ExecContext(ctx, `INSERT INTO decisions (id, event, generation, n, at, tbl, row_id, subject, body) VALUES (?, ?, 0, 0, ?, ?, ?, ?, ?)`,
			id, e.ID, ms(now), d.Table, d.Row, d.Subject.String(), encode(d)); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		turns := turns{}
		for _, c := range u.Writes {
			customer := customers[c.Entry]
			turn, err := turns.next(ctx, tx, c.System, customer)
			if err != nil {
				return err
			}
			w := c.Write
			w.Change.Key = digest(e.ID, fmt.Sprint(c.Entry))[:40]
			if err := insertEntry(ctx, tx, entryRow{
				write: w, event: e.ID, run: e.ID, decision: id, rule: ruleName(d), lane: d.Subject.String(), last: 1,
				customer: customer, maker: u.Who, turn: turn, undoes: c.Entry, created: now,
			}); err != nil {
				return fmt.Errorf("writing the journal: %w", err)
			}
		}
		if len(u.Writes) == 0 {
			if err := forget(ctx, tx, undone[0], e.ID); err != nil {
				return err
			}
		}
		if err := linkDecisions(ctx, tx, e.ID, 0); err != nil {
			return err
		}
		return act(ctx, tx, Act{At: now, Who: u.Who, Act: "undo", Decision: u.Decision, Reason: u.Reason})
	})
	return id, err
}

// undoable reports why the changes cannot be taken back now, and otherwise
// whose affairs each is about.
func undoable(ctx context.Context, tx conn, u Undoing) (customers map[int64]string, err error) {
	type made struct {
		id, undoneBy int64
		state        State
		customer     string
	}
	all, err := rows(ctx, tx, func(r *sql.Rows) (m made, err error) {
		return m, r.Scan(&m.id, &m.state, &m.customer, &m.undoneBy)
	}, `SELECT e.id, e.state, e.customer, COALESCE((SELECT MAX(x.id) FROM entries x WHERE x.undoes = e.id AND x.undoes > 0 AND x.state NOT IN ('dropped', 'stale', 'expired')), 0)
		FROM entries e WHERE e.decision = ? ORDER BY e.id`, u.Decision)
	if err != nil {
		return nil, err
	}
	done := map[int64]made{}
	shadows := 0
	for _, m := range all {
		switch m.state {
		case Done:
			done[m.id] = m
		case Shadow:
			shadows++
		case Dropped, Stale, Expired:
		default:
			return nil, refuse("entry %d of %s is %s: wait for it, or decline or drop it first", m.id, u.Decision, m.state)
		}
	}
	if shadows > 0 && len(done) == 0 {
		return nil, refuse("%s was decided in shadow and nothing of it was done, so that there is nothing to take back", u.Decision)
	}
	customers = map[int64]string{}
	for _, c := range u.Writes {
		m, ok := done[c.Entry]
		switch {
		case !ok:
			return nil, refuse("entry %d of %s was not done, so that there is nothing to take back", c.Entry, u.Decision)
		case m.undoneBy != 0:
			return nil, refuse("entry %d of %s is taken back already, by entry %d", c.Entry, u.Decision, m.undoneBy)
		}
		customers[c.Entry] = m.customer
	}
	return customers, nil
}

// takeBack has what an undone decision remembered forgotten once the records it
// changed are as before; settled are the ids of entries that were just settled.
func takeBack(ctx context.Context, tx conn, settled []int64) error {
	ids := make([]string, len(settled))
	for i, id := range settled {
		ids[i] = fmt.Sprint(id)
	}
	events, err := rows(ctx, tx, scanString, `SELECT DISTINCT event FROM entries WHERE undoes > 0 AND id IN (SELECT CAST(l.one AS BIGINT) FROM (`+tx.list+`) l)`, ids)
	if err != nil {
		return err
	}
	for _, event := range events {
		var id string
		err := tx.QueryRowContext(ctx, `SELECT o.decision FROM entries u JOIN entries o ON o.id = u.undoes WHERE u.event = ?
			AND NOT EXISTS (SELECT 1 FROM entries x WHERE x.event = u.event AND x.weighs = 1 AND x.state <> 'done') LIMIT 1`, event).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		undone, err := rows(ctx, tx, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE id = ?`, id)
		if err != nil {
			return err
		}
		for _, d := range undone {
			if err := forget(ctx, tx, d, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget takes off the deadlines that the decision set, and has its subject's
// memory be as before, except what was remembered anew since.
func forget(ctx context.Context, tx conn, d Decision, undo string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM deadlines WHERE decision = ?`, d.ID); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	for name, value := range d.Remember {
		if _, err := tx.ExecContext(ctx, `UPDATE memory SET value = before, before = value, event = ? WHERE subject = ? AND name = ? AND event = ? AND value = ?`,
			undo, d.Subject.String(), name, d.Event, value); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
	}
	return nil
}
