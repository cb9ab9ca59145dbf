package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// KindAnswer is the kind of the event that a person has answered in a case.
const KindAnswer = "case.answered"

// An Answer is what a person answered in a case that the daemon had opened.
type Answer struct {
	Case   connectors.Ref `json:"case"`
	Key    string         `json:"key"`  // of the change that opened it
	Says   string         `json:"says"` // approve, decline, restore, uncancel or waive; empty if Word means nothing
	Word   string         `json:"word"` // as it stands there
	Reason string         `json:"reason,omitempty"`
	User   string         `json:"user,omitempty"` // who, by the system's id; empty if nobody knows
	Name   string         `json:"name,omitempty"`
}

// An answered event is stored with what was answered.
type answered struct {
	*rules.Event
	Answer *Answer `json:"answer"`
}

// wishPrefix stands before the id of an answer in that of the event that it
// wishes for.
const wishPrefix = "answer:"

// Answer has an answer take effect under the checker's name: what was asked
// about is approved or declined, or what is wished for becomes an event of its
// own. One that cannot take effect changes nothing but that the case says so,
// once; the text of that is returned. Both are journaled in the transaction that
// ends the answer's event. It does nothing if that is no longer to be decided.
func (s *Store) Answer(ctx context.Context, ev Event, checker Checker, clerk Clerk, now time.Time) (refusal string, err error) {
	err = s.inTx(ctx, func(tx conn) error {
		refusal = ""
		var n int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE id = ? AND state = 'new' AND generation = ?`, ev.ID, ev.Generation).Scan(&n)
		if err != nil || n == 0 {
			return err
		}
		c, err := askedIn(ctx, tx, ev.Answer.Key)
		if err != nil {
			return err
		}
		state := Answered
		if c == nil {
			state, refusal = Ignored, "this journal does not know the case"
		} else if refusal, err = c.take(ctx, tx, ev, checker, clerk, now); err != nil {
			return err
		} else if refusal != "" {
			state = Ignored
			told := []Write{clerk.Refuse(ev.Answer.Case, ev.Answer.Word, refusal)}
			if err := tell(ctx, tx, ev.ID, ev.Subject.String(), c.decision, told, now); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE events SET state = ?, note = ? WHERE id = ?`, string(state), refusal, ev.ID)
		return err
	})
	return refusal, err
}

// A caseAsked is a case that the daemon opened.
type caseAsked struct {
	event, decision string
	lane            rules.Ref
	kind            string     // of the event
	state           EventState // of the event
}

func askedIn(ctx context.Context, tx conn, key string) (*caseAsked, error) {
	found, err := rows(ctx, tx, func(r *sql.Rows) (c caseAsked, err error) {
		var lane string
		err = r.Scan(&c.event, &c.decision, &lane, &c.kind, &c.state)
		c.lane = parseRef(lane)
		return c, err
	}, `SELECT x.event, x.decision, x.lane, e.kind, e.state FROM entries x JOIN events e ON e.id = x.event WHERE x.key = ? AND x.state NOT IN ('stale', 'expired')`, key)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// take has the answer take effect, or says why it cannot; then nothing was
// written.
func (c *caseAsked) take(ctx context.Context, tx conn, ev Event, checker Checker, clerk Clerk, now time.Time) (refusal string, err error) {
	a := ev.Answer
	wish, wished := rules.WishFor(a.Says)
	switch {
	case a.Says == "":
		return "it means nothing here (mapping.objects.case.values.answer)", nil
	case a.User == "":
		return "nobody knows who gave it", nil
	case wished && c.lane.Kind != wish.About:
		return "the case is about no " + wish.About, nil
	case wished:
		return "", c.wish(ctx, tx, ev, wish.Kind, checker, now)
	case c.kind != KindQuestion:
		return "nothing was to be approved in this case", nil
	}
	entries, err := askedAbout(ctx, tx, c.lane, c.event)
	if err != nil {
		return "", err
	}
	if c.state != Asked || len(entries) == 0 {
		how, err := ending(ctx, tx, c.lane)
		return "it came too late. " + strings.TrimSuffix(how, "."), err
	}
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	reason := "answered in a case"
	if a.Reason != "" {
		reason = a.Reason + " (answered in a case)"
	}
	if a.Says == string(Approve) {
		if refusal, err = unapprovable(ctx, tx, ids, checker, now); refusal != "" || err != nil {
			return refusal, err
		}
		err = approve(ctx, tx, ids, checker, reason, now)
	} else {
		// The last first: what is to follow another entry is dropped with it.
		for _, id := range slices.Backward(ids) {
			if err = signal(ctx, tx, id, Decline, checker.Name, reason, now); err != nil {
				break
			}
		}
	}
	if err != nil {
		return "", err
	}
	how, err := ending(ctx, tx, c.lane)
	if err != nil {
		return "", err
	}
	return "", conclude(ctx, tx, c.event, clerk, a.Word, how, now)
}

// wish has the rules decide about the case's record what the person asks for.
func (c *caseAsked) wish(ctx context.Context, tx conn, ev Event, kind string, checker Checker, now time.Time) error {
	e := rules.Event{ID: wishPrefix + ev.ID, Kind: kind, At: ev.At, Subject: c.lane, By: checker.Name, Reason: ev.Answer.Reason}
	if _, err := insertEvent(ctx, tx, eventRow{
		id: e.ID, kind: e.Kind, subject: e.Subject.String(), at: e.At, body: encode(e), state: New, arrived: now, author: ev.Answer.User, run: e.ID,
	}); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	reason := ev.Answer.Word
	if ev.Answer.Reason != "" {
		reason += ": " + ev.Answer.Reason
	}
	return act(ctx, tx, Act{At: now, Who: checker.Name, Act: "answer", Decision: c.decision, Reason: reason})
}
