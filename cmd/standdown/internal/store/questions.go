package store

import (
	"cmp"
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

// KindQuestion is the kind of the event that people are asked, in a case, to
// approve what was decided on another event, or what a hold keeps. Its subject is
// the first decision that proposes something, or the hold. The case and all that
// is written about it belong to that event, so that neither waits for the other:
// the changes that are asked about, and the case that asks.
const KindQuestion = "approval.asked"

// A Clerk words what people are asked and told in cases. It calls nobody. What
// it returns has no keys.
type Clerk interface {
	// Ask opens the case about what a verdict proposes. The id is that of the
	// first of its decisions that proposes something.
	Ask(v Verdict, id string, proposed []Entry) Write
	// AskAll opens the case about a hold, which keeps some changes and perhaps
	// more.
	AskAll(h Hold, some []Entry) Write
	// End closes the case that the change with the key opened. The word is the
	// answer given there; if it is empty, it ended elsewhere, and how is told.
	End(key, word, how string) []Write
	// Refuse says in a case why the answer given in it was not taken.
	Refuse(c connectors.Ref, word, why string) Write
	// Found says what was decided on what somebody asked for in the case.
	Found(c connectors.Ref, v Verdict) Write
}

// someOf is how many of the changes that it holds a case about a hold shows.
const someOf = 20

// inCases writes what people are to see of a verdict in cases; all of it is in
// the outbox already.
func inCases(ctx context.Context, tx conn, v Verdict, now time.Time) error {
	if v.Clerk == nil {
		return nil
	}
	if err := reply(ctx, tx, v, now); err != nil || !v.AskInCases {
		return err
	}
	return ask(ctx, tx, v, now)
}

// reply says what was decided in the case in which somebody asked for it.
func reply(ctx context.Context, tx conn, v Verdict, now time.Time) error {
	answer, wished := strings.CutPrefix(v.Event.ID, wishPrefix)
	if !wished {
		return nil
	}
	var subject, ref string
	if err := tx.QueryRowContext(ctx, `SELECT subject, ref FROM events WHERE id = ?`, answer).Scan(&subject, &ref); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	told := v.Clerk.Found(connectors.ParseRef(ref), v)
	return tell(ctx, tx, answer, subject, DecisionID(v.Event.ID, v.Event.Generation, 0), []Write{told}, now)
}

// ask opens a case about what the verdict leaves proposed, however many of its
// decisions propose it.
func ask(ctx context.Context, tx conn, v Verdict, now time.Time) error {
	if !slices.ContainsFunc(slices.Concat(v.Writes...), func(w Write) bool { return w.State == Proposed }) {
		return nil
	}
	// None if they were proposed before, and asked about then.
	entries, err := askedAbout(ctx, tx, rules.Ref{Kind: "decision", ID: DecisionID(v.Event.ID, v.Event.Generation, 0)}, "")
	if err != nil || len(entries) == 0 {
		return err
	}
	first := entries[0].Decision
	return question(ctx, tx, rules.Ref{Kind: "decision", ID: first}, first, v.Clerk.Ask(v, first, entries), now)
}

// AskHeld opens a case about each hold that keeps something, unless one is open.
// It is to be called once runs are decided as far as they can be. What a hold
// keeps later is in no answer to that case, and is asked about after it.
func (s *Store) AskHeld(ctx context.Context, clerk Clerk, now time.Time) error {
	held, err := unasked(ctx, s.db)
	if err != nil || len(held) == 0 {
		return err
	}
	return s.inTx(ctx, func(tx conn) error {
		if held, err = unasked(ctx, tx); err != nil {
			return err
		}
		for _, h := range held {
			about := rules.Ref{Kind: "hold", ID: h.ID}
			entries, err := askedAbout(ctx, tx, about, "")
			if err == nil {
				err = question(ctx, tx, about, entries[0].Decision, clerk.AskAll(h, entries[:min(len(entries), someOf)]), now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// unasked are the holds that keep something and are not asked about.
func unasked(ctx context.Context, c conn) ([]Hold, error) {
	return rows(ctx, c, scanHold, `SELECT `+holdColumns+` FROM holds h
		WHERE EXISTS (SELECT 1 FROM entries e WHERE e.run = h.run AND e.state = 'proposed' AND e.why = h.why)
		AND NOT EXISTS (SELECT 1 FROM events q WHERE q.subject = 'hold ' || h.id AND q.kind = 'approval.asked' AND q.state = 'asked') ORDER BY h.at, h.run`)
}

// question journals that people are asked, and has the case opened. It is shown
// with the decision.
func question(ctx context.Context, tx conn, about rules.Ref, decision string, w Write, now time.Time) error {
	var before int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE subject = ? AND kind = ?`, about.String(), KindQuestion).Scan(&before); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	e := rules.Event{ID: fmt.Sprintf("ask:%s/%d", about.ID, before+1), Kind: KindQuestion, At: now, Subject: about}
	if _, err := insertEvent(ctx, tx, eventRow{
		id: e.ID, kind: e.Kind, subject: about.String(), at: now, body: encode(e), state: Asked, arrived: now, run: e.ID,
	}); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return tell(ctx, tx, e.ID, about.String(), decision, []Write{w}, now)
}

// tell puts changes that ask or tell people something into the outbox, apart
// from everything else: they are about a question or an answer, not a record.
func tell(ctx context.Context, tx conn, event, lane, decision string, writes []Write, now time.Time) error {
	turns := turns{}
	for n, w := range writes {
		turn, err := turns.next(ctx, tx, w.System, lane)
		if err != nil {
			return err
		}
		w.State, w.Change.Key = Pending, cmp.Or(w.Change.Key, digest(event, decision, w.Verb, fmt.Sprint(n))[:40])
		if err := insertEntry(ctx, tx, entryRow{
			write: w, event: event, run: event, decision: decision, lane: lane, last: 1, customer: lane, turn: turn, created: now,
		}); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
	}
	return nil
}

// verdictOf are the decisions that were taken together with the decision ?.
const verdictOf = `SELECT d2.id FROM decisions d JOIN decisions d2 ON d2.event = d.event AND d2.generation = d.generation WHERE d.id = ?`

// isHeld is the condition for an entry e to be held with its run.
const isHeld = `EXISTS (SELECT 1 FROM holds h WHERE h.run = e.run AND h.why = e.why)`

// shown is the condition for an entry e to have been there when the case was
// written that the question, by its event's id, has opened.
func shown(e, question string) string {
	return e + `.id < (SELECT MIN(id) FROM entries WHERE event = ` + question + `)`
}

// askedAbout are the entries that wait for the answer to a question: those of a
// decision, and of those taken with it, that are proposed and not held, or those
// of a hold. With the id of the question's event, they are those that its case
// was written about.
func askedAbout(ctx context.Context, tx conn, about rules.Ref, question string) ([]Entry, error) {
	of := `e.decision IN (` + verdictOf + `) AND NOT ` + isHeld
	if about.Kind == "hold" {
		of = `e.run = (SELECT h.run FROM holds h WHERE h.id = ?) AND ` + isHeld
	}
	args := []any{about.ID}
	if question != "" {
		of, args = of+` AND `+shown("e", "?"), append(args, question)
	}
	return rows(ctx, tx, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE `+of+` AND e.state = 'proposed' ORDER BY +e.id`, args...)
}

// Conclude ends the questions that wait for nobody any more because they were
// answered elsewhere, lapsed, or were overtaken: their cases are closed.
func (s *Store) Conclude(ctx context.Context, clerk Clerk, now time.Time) error {
	over, err := concluded(ctx, s.db)
	if err != nil || len(over) == 0 {
		return err
	}
	return s.inTx(ctx, func(tx conn) error {
		if over, err = concluded(ctx, tx); err != nil {
			return err
		}
		for _, q := range over {
			how, err := ending(ctx, tx, q.Subject)
			if err != nil {
				return err
			}
			if err := conclude(ctx, tx, q.ID, clerk, "", how, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// concluded are the open questions about which nothing waits any more.
func concluded(ctx context.Context, c conn) ([]Event, error) {
	return rows(ctx, c, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.state = 'asked'
		AND NOT EXISTS (SELECT 1 FROM decisions d JOIN decisions d2 ON d2.event = d.event AND d2.generation = d.generation JOIN entries e2 ON e2.decision = d2.id
			WHERE e.subject = 'decision ' || d.id AND d.id = substr(e.subject, 10) AND e2.state = 'proposed'
			AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.run = e2.run AND h.why = e2.why))
		AND NOT EXISTS (SELECT 1 FROM holds h WHERE e.subject = 'hold ' || h.id
			AND EXISTS (SELECT 1 FROM entries e3 WHERE e3.run = h.run AND e3.state = 'proposed' AND e3.why = h.why AND `+shown("e3", "e.id")+`))
		ORDER BY e.id`)
}

// conclude ends a question. If its case is not there yet, it need not come.
func conclude(ctx context.Context, tx conn, question string, clerk Clerk, word, how string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE events SET state = 'answered', note = ? WHERE id = ?`, how, question); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	var key, lane, decision string
	var state State
	var attempts, doubt int
	err := tx.QueryRowContext(ctx, `SELECT key, lane, decision, state, attempts, doubt FROM entries WHERE event = ? ORDER BY id LIMIT 1`, question).
		Scan(&key, &lane, &decision, &state, &attempts, &doubt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if state == Stuck || state == Pending && attempts+doubt == 0 {
		if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = 'dropped', why = ?, updated = ? WHERE event = ?`, "no longer asked: "+how, ms(now), question); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		return nil
	}
	if state == Dropped {
		return nil
	}
	return tell(ctx, tx, question, lane, decision, clerk.End(key, word, how), now)
}

// ending says, for people, how it ended with what was asked about.
func ending(ctx context.Context, tx conn, about rules.Ref) (string, error) {
	of := `e.decision IN (` + verdictOf + `)`
	if about.Kind == "hold" {
		of = `e.run = (SELECT h.run FROM holds h WHERE h.id = ?)`
	}
	acts, err := rows(ctx, tx, scanAct, `SELECT a.at, a.who, a.act, a.entry, a.decision, a.reason FROM entries e JOIN acts a ON a.entry = e.id
		WHERE `+of+` AND a.act IN ('approve', 'decline', 'drop', 'expire') ORDER BY a.id DESC LIMIT 1`, about.ID)
	if err != nil {
		return "", err
	}
	if len(acts) > 0 {
		return acts[0].ending(), nil
	}
	why, err := rows(ctx, tx, scanString, `SELECT e.why FROM entries e WHERE `+of+` AND e.state IN ('stale', 'dropped', 'expired') ORDER BY e.updated DESC LIMIT 1`, about.ID)
	if err != nil || len(why) == 0 {
		return "Nothing waits for approval here any more.", err
	}
	return "Nothing waits for approval here any more: " + why[0] + ".", nil
}

func (a Act) ending() string {
	if a.Act == string(Expire) {
		return "Nothing is done: " + a.Reason + "."
	}
	text := map[string]string{"approve": "Approved", "decline": "Declined", "drop": "Given up"}[a.Act] + " by " + a.Who + " on " + a.At.UTC().Format("2 January 2006 at 15:04 MST")
	if reason := strings.TrimSpace(a.Reason); reason != "" {
		return text + ": " + reason
	}
	return text + "."
}
