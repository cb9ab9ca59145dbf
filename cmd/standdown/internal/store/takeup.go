package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Taking is an event with the verdict on it that a person wants carried out.
type Taking struct {
	Source  string
	Arrival Arrival
	Verdict Verdict
}

// TakingUp is what events are taken up for, together.
type TakingUp struct {
	// Run is their run, one of [PlanRun]. Taking up more of it later adds to it.
	Run string
	Who string
	// Plan says which plan it is, for those who look at people's acts.
	Plan string
	// Looked is when it was begun to look at what the verdicts rest on.
	Looked time.Time
	// Approver, unless nil, approves what is proposed and not held.
	Approver *Checker
}

// Taken is what became of a Taking.
type Taken struct {
	// Err is why nothing of it was stored: ErrInHand or ErrBusy.
	Err error
	// Unapproved is why what is proposed was not approved, for people; empty if
	// it was, or nobody was to.
	Unapproved string
}

// ErrInHand is returned for an event that is in the journal already, or about a
// subject of which something is open in the outbox.
var ErrInHand = errors.New("it is in the journal already, or something about it is still open in the outbox")

// planRun stands before the name of a run that carries out a plan.
const planRun = "plan "

// PlanRun is the run of what the plan with the digest asks for.
func PlanRun(digest string) string { return planRun + digest }

// Replanned reports whether the event is decided again after it was taken up as a
// plan has it: what is decided then is something that nobody has agreed to.
func (e Event) Replanned() bool { return e.Generation > 0 && strings.HasPrefix(e.Run, planRun) }

// TakeUp stores events and the verdicts on them at once, as [Store.Intake] and
// [Store.Commit] do one after the other, whether or not their sources have been
// read. All of them are one run: nothing of it is delivered before all is
// stored, and ceilings hold all of it. A verdict on which nothing may be stored
// now, because of the journal or of another of them, is left out, and so is its
// event: a daemon finds the record as if it had not been named. It returns what
// became of each.
func (s *Store) TakeUp(ctx context.Context, up TakingUp, all []Taking, now time.Time) (taken []Taken, err error) {
	err = s.inTx(ctx, func(tx conn) error {
		taken = make([]Taken, len(all))
		stored := 0
		for i, t := range all {
			t.Verdict.Event = Event{
				Event: t.Verdict.Event.Event, State: New, Run: up.Run, Author: t.Arrival.Author, Source: t.Source,
			}
			err := s.takeUp(ctx, tx, t, up.Looked, now)
			if errors.Is(err, ErrInHand) || errors.Is(err, ErrBusy) {
				taken[i].Err = err
				continue
			}
			if err != nil {
				return err
			}
			stored++
			if taken[i].Unapproved, err = approveTaken(ctx, tx, up, t.Verdict.Event.ID, now); err != nil {
				return err
			}
			if err := inCases(ctx, tx, t.Verdict, now); err != nil {
				return err
			}
		}
		if stored == 0 {
			return nil
		}
		return act(ctx, tx, Act{At: now, Who: up.Who, Act: "apply", Reason: fmt.Sprintf("%s: %d records", up.Plan, stored)})
	})
	return taken, err
}

func (s *Store) takeUp(ctx context.Context, tx conn, t Taking, looked, now time.Time) error {
	known, err := inHand(ctx, tx, t.Source, []Arrival{t.Arrival})
	if err != nil {
		return err
	}
	if known[0] {
		return ErrInHand
	}
	if err := settled(ctx, tx, t.Verdict, looked); err != nil {
		return err
	}
	// The daemon may have taken note of the record without acting on it.
	if _, err := tx.ExecContext(ctx, `DELETE FROM seen WHERE source = ? AND ref = ?`, t.Source, t.Arrival.Ref.String()); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	t.Arrival.Adopt, t.Arrival.New = true, false
	if _, err := s.arrive(ctx, tx, t.Source, t.Verdict.Event.Run, &Reading{ReadAt: now}, []Arrival{t.Arrival}); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return commit(ctx, tx, t.Verdict, now)
}

// settled is ErrBusy while something about the event's subject is to be decided
// first, records that the verdict is about are being changed, or have been since
// they were looked at, or something is on its way that its changes would come
// after, if only a comment: who delivers this run alone would wait for it for
// ever.
func settled(ctx context.Context, tx conn, v Verdict, looked time.Time) error {
	systems := []string{}
	for _, writes := range v.Writes {
		for _, w := range writes {
			systems = append(systems, w.System)
		}
	}
	var n int
	err := tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM events WHERE subject = ? AND state = 'new')
		+ (SELECT COUNT(*) FROM entries x WHERE x.lane IN (`+tx.list+`) AND x.system IN (`+tx.list+`) AND x.run <> ? AND `+isOpen("x")+` AND `+moving("x")+`)`,
		v.Event.Subject.String(), lanes(v), systems, v.Event.Run).Scan(&n)
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if n > 0 {
		return ErrBusy
	}
	if err := idle(ctx, tx, v); err != nil {
		return err
	}
	return current(ctx, tx, v, looked)
}

// approveTaken approves what is proposed of the event and not held, all of it or
// nothing.
func approveTaken(ctx context.Context, tx conn, up TakingUp, event string, now time.Time) (why string, err error) {
	if up.Approver == nil {
		return "", nil
	}
	proposed, err := rows(ctx, tx, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE e.event = ? AND e.state = 'proposed' AND NOT `+isHeld+` ORDER BY +e.id`, event)
	if err != nil || len(proposed) == 0 {
		return "", err
	}
	ids := make([]int64, len(proposed))
	for i, e := range proposed {
		ids[i] = e.ID
	}
	if why, err = unapprovable(ctx, tx, ids, *up.Approver, now); why != "" || err != nil {
		return why, err
	}
	return "", approve(ctx, tx, ids, *up.Approver, up.Plan, now)
}

// RunMoving counts, by system, the entries of a run that are on their way, with
// what is due only later.
func (s *Store) RunMoving(ctx context.Context, run string) (map[string]int, error) {
	bySystem := map[string]int{}
	_, err := rows(ctx, s.db, func(r *sql.Rows) (none struct{}, err error) {
		var system string
		var n int
		err = r.Scan(&system, &n)
		bySystem[system] = n
		return none, err
	}, `SELECT e.system, COUNT(*) FROM entries e WHERE e.run = ? AND e.state IN ('pending', 'sending') AND `+moving("e")+` GROUP BY e.system`, run)
	return bySystem, err
}
