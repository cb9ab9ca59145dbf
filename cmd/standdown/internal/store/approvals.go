package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// A Checker is who approves.
type Checker struct {
	Name string
	// Users are what systems call the same person.
	Users []string
	// Own allows approving what oneself has caused.
	Own bool
}

// Approve has proposed entries done. It is refused if the checker is one of
// their makers: who caused the event (edited the record, say), who had it decided
// again, or who ordered an undo. It is refused if it is too late, even if nobody
// had the proposal lapse yet. What gives somebody something who was given
// something else for that time since it was decided is refused, and decided again.
// If one entry cannot be approved, none is.
func (s *Store) Approve(ctx context.Context, ids []int64, checker Checker, reason string, now time.Time) error {
	why := ""
	err := s.inTx(ctx, func(tx conn) (err error) {
		if why, err = unapprovable(ctx, tx, ids, checker, now); why != "" || err != nil {
			return err
		}
		return approve(ctx, tx, ids, checker, reason, now)
	})
	if err == nil && why != "" {
		return Refusal(why)
	}
	return err
}

func approve(ctx context.Context, tx conn, ids []int64, checker Checker, reason string, now time.Time) error {
	for _, id := range ids {
		if err := signal(ctx, tx, id, Approve, checker.Name, reason, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE entries SET checker = ? WHERE id = ?`, checker.Name, id); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
	}
	return nil
}

// unapprovable says, for people, why the checker cannot approve the entries;
// empty if that is possible as far as the checker, the time and what was approved
// before are concerned. It has those decided again that are too late for the last.
func unapprovable(ctx context.Context, tx conn, ids []int64, checker Checker, now time.Time) (why string, err error) {
	known := map[string][]string{} // makers, by event: one may ask for 20,000 entries
	for _, id := range ids {
		var event, maker string
		var late bool
		err := tx.QueryRowContext(ctx, `SELECT event, maker, state = 'proposed' AND expires > 0 AND expires <= ? FROM entries WHERE id = ?`, ms(now), id).Scan(&event, &maker, &late)
		if errors.Is(err, sql.ErrNoRows) {
			continue // which who approves it is told
		}
		if err != nil {
			return "", fmt.Errorf("reading the journal: %w", err)
		}
		if _, asked := known[event]; !asked && !checker.Own {
			if known[event], err = makers(ctx, tx, event); err != nil {
				return "", err
			}
		}
		for _, maker := range append([]string{maker}, known[event]...) {
			if !checker.Own && maker != "" && (strings.EqualFold(maker, checker.Name) || slices.Contains(checker.Users, maker)) {
				return fmt.Sprintf("entry %d goes back to %s: somebody else must approve it (approvals.allow_own)", id, checker.Name), nil
			}
		}
		if late {
			return fmt.Sprintf("entry %d has lapsed: nobody approved it in time", id), nil
		}
	}
	return contested(ctx, tx, ids, now)
}

// makers are the people whom what the event asks for goes back to, besides an
// entry's own. Who asked for it in a case is there by the system's name of them
// and by their own.
func makers(ctx context.Context, tx conn, event string) ([]string, error) {
	bodies, err := rows(ctx, tx, scanString, `SELECT body FROM events WHERE id = ?`, event)
	if err != nil {
		return nil, err
	}
	var asked rules.Event
	for _, body := range bodies {
		if err := decode(body, &asked); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
	}
	all, err := rows(ctx, tx, scanString, `SELECT a.who FROM acts a WHERE a.decision = '' AND a.act = 'replay' AND a.reason = ?
		UNION SELECT a.who FROM entries other JOIN acts a ON a.entry = other.id WHERE a.act = 'retry' AND other.event = ?`, event, event)
	return append(all, asked.By), err
}

// contested says why entries, or what is to follow them, cannot give people what
// they give: two of them give one person something for the same time, or somebody
// was given something else since. The latter are decided again.
func contested(ctx context.Context, tx conn, ids []int64, now time.Time) (why string, err error) {
	all, err := giving(ctx, tx, ids)
	if err != nil {
		return "", err
	}
	before := map[string][]gift{}
	for _, one := range all {
		for _, other := range before[one.ID] {
			if one.event != other.event && one.overlaps(other.Span) {
				return fmt.Sprintf("entries %d and %d give the same person two things at once: approve one of them alone, and the other is decided again", other.id, one.id), nil
			}
		}
		before[one.ID] = append(before[one.ID], one)
	}
	for _, one := range all {
		other, err := givenElse(ctx, tx, one.event, one.Span, one.decided)
		if err != nil {
			return "", err
		}
		if other == 0 {
			continue
		}
		why = fmt.Sprintf("entry %d gives somebody what they cannot take, as entry %d has given them something else for that time since: it is decided again; look again in a moment", one.id, other)
		if _, err := tx.ExecContext(ctx, `UPDATE entries SET state = 'stale', why = ?, updated = ? WHERE id = ?`,
			fmt.Sprintf("given elsewhere by entry %d; decided again", other), ms(now), one.id); err != nil {
			return "", fmt.Errorf("writing the journal: %w", err)
		}
		if err := again(ctx, tx, one.id, now); err != nil {
			return "", err
		}
	}
	return why, nil
}

// A gift is an entry that gives somebody something.
type gift struct {
	id          int64
	event, lane string
	rules.Span
	decided time.Time
}

func (g gift) overlaps(other rules.Span) bool {
	return g.Start.Before(other.End) && other.Start.Before(g.End)
}

// giving are those of the entries, and of what is to follow them, that give
// somebody something.
func giving(ctx context.Context, tx conn, ids []int64) ([]gift, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprint(id)
	}
	type lane struct{ event, name string }
	first, events := map[lane]int64{}, []string{}
	_, err := rows(ctx, tx, func(r *sql.Rows) (none struct{}, err error) {
		var l lane
		var id int64
		if err := r.Scan(&id, &l.event, &l.name); err != nil {
			return none, err
		}
		if before, known := first[l]; !known || id < before {
			first[l] = id
		}
		events = append(events, l.event)
		return none, nil
	}, `SELECT e.id, e.event, e.lane FROM entries e WHERE e.id IN (SELECT CAST(l.one AS BIGINT) FROM (`+tx.list+`) l)`, texts)
	if err != nil {
		return nil, err
	}
	slices.Sort(events)
	all, err := rows(ctx, tx, func(r *sql.Rows) (g gift, err error) {
		var start, end, decided int64
		err = r.Scan(&g.id, &g.event, &g.lane, &g.ID, &start, &end, &decided)
		g.Start, g.End, g.decided = fromMS(start), fromMS(end), fromMS(decided)
		return g, err
	}, `SELECT x.id, x.event, x.lane, x.gives, x.gives_from, x.gives_until, x.created FROM entries x
		WHERE x.event IN (`+tx.list+`) AND x.gives <> '' AND x.state IN ('proposed', 'pending') ORDER BY x.id`, slices.Compact(events))
	return slices.DeleteFunc(all, func(g gift) bool {
		from, follows := first[lane{g.event, g.lane}]
		return !follows || g.id < from
	}), err
}

// Lapse ends proposals that nobody approved in time, and with them what was to
// follow them. It returns those that lapsed.
func (s *Store) Lapse(ctx context.Context, now time.Time) ([]Entry, error) {
	due, err := lapsing(ctx, s.db, now)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.inTx(ctx, func(tx conn) error {
		if due, err = lapsing(ctx, tx, now); err != nil {
			return err
		}
		for _, e := range due {
			if err := signal(ctx, tx, e.ID, Expire, daemon, "nobody approved it by "+e.Expires.Format(time.RFC3339), now); err != nil {
				return err
			}
		}
		return nil
	})
	return due, err
}

// lapsing are the proposals that lapse now, the last first, for what is to
// follow another entry ends with it.
func lapsing(ctx context.Context, c conn, now time.Time) ([]Entry, error) {
	return rows(ctx, c, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE e.state = 'proposed' AND e.expires > 0 AND e.expires <= ? ORDER BY e.id DESC`, ms(now))
}
