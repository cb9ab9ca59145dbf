package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// moving is the condition for an entry, by its alias in the query, to be on
// its way: it is being sent, or will be without anybody's help. One that comes
// behind another that waits for a person is not.
func moving(entry string) string {
	return strings.ReplaceAll(`(x.state = 'sending' OR x.state = 'pending'
		AND NOT EXISTS (SELECT 1 FROM entries w WHERE w.lane = x.lane AND w.id < x.id AND w.event || '' = x.event AND w.state IN ('proposed', 'stuck', 'unknown') AND `+isOpen("w")+`)
		AND NOT (x.last = 1 AND EXISTS (SELECT 1 FROM entries w WHERE w.event = x.event AND w.last = 0 AND w.state IN ('proposed', 'stuck', 'unknown'))))`, "x.", entry+".")
}

// heads is the condition for an entry e to be next: nothing earlier of its lane
// is on its way, nothing earlier of its lane and event is open at all, and if
// it comes last, nothing else of its event is. What waits for a person does
// not hold up later events, which were decided on newer facts; nor does what is
// only said in another system, such as a mail that waits for the morning.
var heads = `NOT EXISTS (SELECT 1 FROM entries p WHERE p.lane = e.lane AND p.id < e.id
		AND ` + isOpen("p") + `
		AND (p.event = e.event OR (p.weighs = 1 OR p.system = e.system) AND ` + moving("p") + `))
	AND NOT (e.last = 1 AND EXISTS (SELECT 1 FROM entries p WHERE p.event = e.event AND p.last = 0
		AND ` + isOpen("p") + `))`

// rest are the entries that were to follow the entry ?: those of the same
// event and lane that come later.
const rest = `id > ? AND event = (SELECT event FROM entries WHERE id = ?) AND lane = (SELECT lane FROM entries WHERE id = ?)`

// Claim takes up to limit entries of the system that are due, each the head of
// its lane, for the caller alone until the lease ends. Customers take turns.
// Nothing is due while a brake is on, or some of its run is undecided. What was
// put off by a clock that has been set back since, by more than a lease, is due.
// An entry whose lease ended without an outcome is claimed again with Doubt. The
// token is needed to settle them. Mail that tells operators something is due
// even while all writing is paused.
func (s *Store) Claim(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) (entries []Entry, token string, err error) {
	return s.claim(ctx, system, limit, now, lease, "")
}

// ClaimNotices is Claim for what operators are told, alone.
func (s *Store) ClaimNotices(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) (entries []Entry, token string, err error) {
	return s.claim(ctx, system, limit, now, lease, `AND e.verb = 'tell-operators'`)
}

// ClaimRun returns what is Claim for the entries of one run.
func (s *Store) ClaimRun(run string) func(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) ([]Entry, string, error) {
	return func(ctx context.Context, system string, limit int, now time.Time, lease time.Duration) ([]Entry, string, error) {
		return s.claim(ctx, system, limit, now, lease, `AND e.run = ?`, run)
	}
}

func (s *Store) claim(ctx context.Context, system string, limit int, now time.Time, lease time.Duration, only string, of ...any) (entries []Entry, token string, err error) {
	token = rand.Text()
	args := slices.Concat([]any{token, ms(now.Add(lease)), ms(now), system}, of, []any{ms(now), ms(now.Add(lease)), ms(now), limit})
	err = s.inTx(ctx, func(tx conn) error {
		free, err := unbraked(ctx, tx, system)
		if err != nil || free == "" {
			return err
		}
		entries, err = rows(ctx, tx, scanEntry, tx.update+` entries AS e SET
				doubt = CASE WHEN e.state = 'sending' THEN 1 ELSE e.doubt END,
				state = 'sending', attempts = e.attempts + 1, lease = ?, lease_until = ?, updated = ?
			WHERE e.id IN (SELECT e.id FROM entries e WHERE e.system = CAST(? AS TEXT) `+only+` AND e.state IN ('pending', 'sending')
				AND (e.state = 'pending' AND (e.not_before <= ? OR e.updated > ?) OR e.state = 'sending' AND e.lease_until <= ?)
				AND `+free+` AND `+heads+`
				AND NOT EXISTS (SELECT 1 FROM events r WHERE r.run = e.run AND r.state = 'new' AND r.apart = 0)
				ORDER BY e.turn, e.id LIMIT CAST(? AS BIGINT))
			RETURNING `+strings.ReplaceAll(entryColumns, "e.", ""), args...)
		slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
		return err
	})
	return entries, token, err
}

// unbraked is the condition for an entry e of the system that no brake keeps it
// back, and empty if a brake keeps all of them back. It is found out once, for
// it is the same for all of a hundred thousand.
func unbraked(ctx context.Context, tx conn, system string) (string, error) {
	on, err := brakes(ctx, tx)
	if err != nil {
		return "", err
	}
	free := "1 = 1"
	for _, b := range on {
		switch {
		case b.Name == system, b.Name == AllSystems && system != "mail":
			return "", nil
		case b.Name == AllSystems:
			free = "e.verb = 'tell-operators'"
		}
	}
	return free, nil
}

// A Settlement says what became of a claimed entry.
type Settlement struct {
	ID      int64
	Signal  Signal // Applied, Failed, Lost, Refused, Guess or Changed
	Why     string // an error's text; empty if applied
	Spared  bool   // the attempt does not count: the fault was not the entry's
	NotSoon time.Time
	Outcome Outcome
	// Answered tells that the system took or refused it: it can be written to.
	Answered bool
	// Brake is of which kind the brake is that kept it back, if one has; Why says
	// more.
	Brake string
}

// Settle stores what became of claimed entries. One whose lease has been taken
// over meanwhile is left alone. Changed makes what was to follow it stale and has
// the event decided again.
func (s *Store) Settle(ctx context.Context, token string, settlements []Settlement, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error {
		if err := noteBrakes(ctx, tx, settlements, now); err != nil {
			return err
		}
		applied, err := settleApplied(ctx, tx, token, settlements, now)
		if err != nil {
			return err
		}
		for _, st := range settlements {
			if st.Signal == Applied {
				continue
			}
			if err := settleOther(ctx, tx, token, st, now); err != nil {
				return err
			}
		}
		return takeBack(ctx, tx, applied)
	})
}

// settleApplied settles what was applied, in one statement: of a thousand
// changes nearly all are, and a statement for each is half as much work again on
// SQLite and a thousand ways to the server on PostgreSQL. It returns which these are.
func settleApplied(ctx context.Context, tx conn, token string, settlements []Settlement, now time.Time) (applied []int64, err error) {
	results := map[int64]string{}
	for _, st := range settlements {
		if st.Signal == Applied {
			applied, results[st.ID] = append(applied, st.ID), encode(st.Outcome)
		}
	}
	if len(applied) == 0 {
		return nil, nil
	}
	next, err := after(Sending, Applied)
	if err != nil {
		return nil, err
	}
	// PostgreSQL is to look for each by its id. It believes that next to nothing is
	// in a state, and would compare all that are with all of these.
	_, err = tx.ExecContext(ctx, tx.update+` entries SET state = ?, why = '', not_before = 0, result = l.text, doubt = 0, lease = '', lease_until = 0, updated = ?
		FROM (`+tx.texts+`) l WHERE entries.id = l.id AND entries.state || '' = 'sending' AND entries.lease = ?`, string(next), ms(now), encode(results), token)
	return applied, err
}

// settleOther settles an entry that was not applied.
func settleOther(ctx context.Context, tx conn, token string, st Settlement, now time.Time) error {
	next, err := after(Sending, st.Signal)
	if err != nil {
		return err
	}
	also := ""
	if st.Signal == Lost {
		also = ", doubt = 1"
	}
	if st.Spared {
		also += ", attempts = attempts - 1"
	}
	res, err := tx.ExecContext(ctx, `UPDATE entries SET state = ?, why = ?, not_before = ?, result = '', lease = '', lease_until = 0, updated = ?`+also+`
		WHERE id = ? AND state = 'sending' AND lease = ?`, string(next), st.Why, ms(st.NotSoon), ms(now), st.ID, token)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 || st.Signal != Changed {
		return err
	}
	return again(ctx, tx, st.ID, now)
}

// again makes what was to follow the entry, or to come last, stale and its
// event new.
func again(ctx context.Context, tx conn, entry int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = 'stale', why = 'the record had changed; decided again', updated = ?
		WHERE state IN (`+quoted(from(Changed))+`) AND state <> 'sending'
		AND (`+rest+` OR last = 1 AND event = (SELECT event FROM entries WHERE id = ?))`, ms(now), entry, entry, entry, entry); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE events SET state = 'new', generation = generation + 1, not_before = 0,
			run = CASE WHEN substr(run, 1, 5) = '`+planRun+`' THEN '`+planRun+`' || id ELSE id END
		WHERE id = (SELECT event FROM entries WHERE id = ?) AND state = 'decided'`, entry)
	return err
}
