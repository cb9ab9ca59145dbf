package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

// Kinds of brakes. With what it is about, a kind names a brake: "pause all",
// "down mail", "ceiling run".
const (
	PauseBrake   = "pause"   // writing to a system, or to all of them, by people
	CeilingBrake = "ceiling" // runs that passed one of the ceilings
	DownBrake    = "down"    // writing to a system that takes nothing
	ReadingBrake = "reading" // reading of a source
	ReserveBrake = connectors.ReserveLimit
	PerHourBrake = connectors.PerHourLimit
)

// A Closing is a brake that has closed, by itself or by people, whether or not
// it has opened again.
type Closing struct {
	Kind, Of string
	Since    time.Time // when it closed last
	Open     bool
	Changed  time.Time // when it last closed or opened
	Why      string
	Times    int       // how often it closed since operators were last told of that
	Told     time.Time // when they were; zero if never
	said     string

	Holds   []Hold // the runs that it holds, if it is a ceiling
	Waiting int    // changes that wait for the system, or systems, that it is about
}

// String is the brake's name.
func (c Closing) String() string { return c.Kind + " " + c.Of }

const (
	// hourly is how often at most operators are told that the same brake closed.
	hourly = time.Hour
	// steady is how long a brake that people did not open must have been open
	// before they are told so: longer than the probing of a system that is given
	// up for now. One that closes sooner was never open.
	steady = 10 * time.Minute
)

// repeats tells whether such a brake can close again while it is closed: it
// holds one thing after the other.
func repeats(kind string) bool { return kind == CeilingBrake || kind == PerHourBrake }

// Shut notes that a brake closed, for operators to be told. One that is closed
// already stays as it is.
func (s *Store) Shut(ctx context.Context, kind, of, why string, now time.Time) error {
	return s.inTx(ctx, func(tx conn) error { return shut(ctx, tx, kind, of, why, now) })
}

func shut(ctx context.Context, tx conn, kind, of, why string, now time.Time) error {
	c := Closing{Kind: kind, Of: of}
	found, err := closings(ctx, tx, `brake = ?`, c.String())
	if err != nil {
		return err
	}
	at := ms(now)
	switch {
	case len(found) == 0:
		_, err = tx.ExecContext(ctx, `INSERT INTO closings (brake, since, open, changed, why, times, told, said) VALUES (?, ?, 0, ?, ?, 1, 0, '')`, c.String(), at, at, why)
	case !found[0].Open && !repeats(kind):
	case found[0].wavers(now):
		_, err = tx.ExecContext(ctx, `UPDATE closings SET open = 0, changed = ?, why = ? WHERE brake = ?`, at, why, c.String())
	default:
		_, err = tx.ExecContext(ctx, `UPDATE closings SET since = CASE WHEN open = 1 THEN ? ELSE since END, open = 0, changed = ?, why = ?, times = times + 1 WHERE brake = ?`,
			at, at, why, c.String())
	}
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// wavers tells whether the brake opened by itself so lately that operators have
// not been told.
func (c Closing) wavers(now time.Time) bool {
	return c.Open && c.said == "closed" && c.Kind != PauseBrake && !repeats(c.Kind) && now.Sub(c.Changed) < steady
}

// Reopen notes that brakes of a system or a source opened, if they were closed.
func (s *Store) Reopen(ctx context.Context, of string, now time.Time, kinds ...string) error {
	return s.inTx(ctx, func(tx conn) error { return reopen(ctx, tx, of, now, kinds...) })
}

func reopen(ctx context.Context, tx conn, of string, now time.Time, kinds ...string) error {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = Closing{Kind: kind, Of: of}.String()
	}
	if _, err := tx.ExecContext(ctx, `UPDATE closings SET open = 1, changed = ? WHERE open = 0 AND brake IN (`+tx.list+`)`, ms(now), names); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// noteBrakes notes which brakes closed or opened with what became of entries of
// one system.
func noteBrakes(ctx context.Context, tx conn, settlements []Settlement, now time.Time) error {
	noted := map[string]bool{}
	for _, st := range settlements {
		kind := st.Brake
		if st.Answered {
			kind = "answered"
		}
		if kind == "" || noted[kind] && kind != PerHourBrake {
			continue
		}
		noted[kind] = true
		var system string
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(system), '') FROM entries WHERE id = ?`, st.ID).Scan(&system)
		switch {
		case err != nil:
			err = fmt.Errorf("reading the journal: %w", err)
		case st.Answered:
			err = reopen(ctx, tx, system, now, DownBrake, ReserveBrake)
		default:
			err = shut(ctx, tx, kind, system, st.Why, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Closings returns the brakes that are closed, by name.
func (s *Store) Closings(ctx context.Context) ([]Closing, error) {
	return closings(ctx, s.db, `open = 0`)
}

func closings(ctx context.Context, c conn, which string, args ...any) ([]Closing, error) {
	return rows(ctx, c, func(r *sql.Rows) (c Closing, err error) {
		var brake string
		var since, open, changed, told int64
		err = r.Scan(&brake, &since, &open, &changed, &c.Why, &c.Times, &told, &c.said)
		c.Kind, c.Of, _ = strings.Cut(brake, " ")
		c.Since, c.Open, c.Changed, c.Told = fromMS(since), open == 1, fromMS(changed), fromMS(told)
		return c, err
	}, `SELECT brake, since, open, changed, why, times, told, said FROM closings WHERE `+which+` ORDER BY brake`, args...)
}

// KindNotice is the kind of the event that operators are told something.
const KindNotice = "operators.told"

// TellVerb is the verb of what operators are told: neither ceilings nor quiet
// hours nor a pause of all writing keep their mail back.
const TellVerb = "tell-operators"

// TellClosings has operators told of brakes that closed, once an hour at most
// of the same one, and of those that opened after they had been told. Say words
// it; what it returns has no keys, and may be nothing. It returns the brakes of
// which people are told now. A word that is given is not given again, whoever
// calls.
func (s *Store) TellClosings(ctx context.Context, say func(Closing) []Write, now time.Time) (told []Closing, err error) {
	if err := s.openByTime(ctx, now); err != nil {
		return nil, err
	}
	due, err := closingsToTell(ctx, s.db, now)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.inTx(ctx, func(tx conn) error {
		if told, err = closingsToTell(ctx, tx, now); err != nil {
			return err
		}
		for i := range told {
			if err := told[i].tell(ctx, tx, say, now); err != nil {
				return err
			}
		}
		return nil
	})
	return told, err
}

// closingsToTell are the brakes of which there is something to tell.
func closingsToTell(ctx context.Context, c conn, now time.Time) ([]Closing, error) {
	return closings(ctx, c, `times > 0 AND told <= ? OR times = 0 AND open = 1 AND said = 'closed' AND (brake LIKE 'pause %' OR brake LIKE 'ceiling %' OR changed <= ?)`,
		ms(now.Add(-hourly)), ms(now.Add(-steady)))
}

func (c *Closing) tell(ctx context.Context, tx conn, say func(Closing) []Write, now time.Time) (err error) {
	if c.Kind == CeilingBrake {
		c.Holds, err = heldBy(ctx, tx, c.Of)
	} else {
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM entries WHERE state IN ('pending', 'sending') AND verb <> 'tell-operators' AND (? = 'all' OR system = CAST(? AS TEXT))`, c.Of, c.Of).Scan(&c.Waiting)
	}
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	said, set := "closed", `said = 'closed'`
	if c.Open {
		said, set = "open", `said = 'open'`
	}
	if c.Times > 0 {
		set += `, times = 0, told = ` + fmt.Sprint(ms(now))
	}
	if _, err := tx.ExecContext(ctx, `UPDATE closings SET `+set+` WHERE brake = ?`, c.String()); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return notify(ctx, tx, fmt.Sprintf("told:%s %s/%d", c, said, ms(now)), rules.Ref{Kind: "brake", ID: c.String()}, say(*c), now)
}

// openByTime opens the ceilings that hold nothing any more, and those of mail
// after an hour in which nothing was refused.
func (s *Store) openByTime(ctx context.Context, now time.Time) error {
	over, err := closingsOver(ctx, s.db, now)
	if err != nil || len(over) == 0 {
		return err
	}
	return s.inTx(ctx, func(tx conn) error {
		if over, err = closingsOver(ctx, tx, now); err != nil {
			return err
		}
		for _, c := range over {
			if err := reopen(ctx, tx, c.Of, now, c.Kind); err != nil {
				return err
			}
		}
		return nil
	})
}

func closingsOver(ctx context.Context, c conn, now time.Time) (over []Closing, err error) {
	all, err := closings(ctx, c, `open = 0 AND (brake LIKE 'ceiling %' OR brake LIKE 'per-hour %')`)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		through := now.Sub(one.Changed) >= hourly
		if one.Kind == CeilingBrake {
			held, err := heldBy(ctx, c, one.Of)
			if err != nil {
				return nil, err
			}
			through = len(held) == 0
		}
		if through {
			over = append(over, one)
		}
	}
	return over, nil
}

// heldBy are the runs of which the ceiling holds something.
func heldBy(ctx context.Context, c conn, ceiling string) ([]Hold, error) {
	return rows(ctx, c, scanHold, `SELECT `+holdColumns+` FROM holds h WHERE h.brake = ?
		AND EXISTS (SELECT 1 FROM entries e WHERE e.run = h.run AND e.state = 'proposed' AND e.why = h.why) ORDER BY h.at, h.run`, ceiling)
}

// Tell has operators told something once, by its id: what was told is not told
// again. The changes have no keys yet; none is nobody to tell.
func (s *Store) Tell(ctx context.Context, id string, writes []Write, now time.Time) error {
	if len(writes) == 0 {
		return nil
	}
	return s.inTx(ctx, func(tx conn) error {
		return notify(ctx, tx, "told:"+id, rules.Ref{Kind: "notice", ID: id}, writes, now)
	})
}

// StuckNotices returns what operators should have been told and only a person can
// get any further, the oldest first.
func (s *Store) StuckNotices(ctx context.Context, limit int) ([]Entry, error) {
	return rows(ctx, s.db, scanEntry, `SELECT `+entryColumns+` FROM entries e WHERE `+isOpen("")+` AND e.state IN ('stuck', 'unknown') AND e.verb = 'tell-operators' ORDER BY +e.id LIMIT CAST(? AS BIGINT)`, limit)
}

func notify(ctx context.Context, tx conn, id string, about rules.Ref, writes []Write, now time.Time) error {
	if len(writes) == 0 {
		return nil
	}
	e := rules.Event{ID: id, Kind: KindNotice, At: now, Subject: about}
	n, err := insertEvent(ctx, tx, eventRow{id: e.ID, kind: e.Kind, subject: about.String(), at: now, body: encode(e), state: Told, arrived: now, run: e.ID})
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if n == 0 {
		return nil
	}
	for n, w := range writes { // none waits for another: one way may be stopped
		w.Change.Key = noticeKey + digest(e.ID, w.System, fmt.Sprint(n))[len(noticeKey):40]
		if err := tell(ctx, tx, e.ID, fmt.Sprintf("%s by %s", about, w.System), "", []Write{w}, now); err != nil {
			return err
		}
	}
	return nil
}

// A notice's key begins with a word of its own.
const noticeKey = "notice"

// IsNotice tells by its key whether a change tells operators something.
func IsNotice(key string) bool { return strings.HasPrefix(key, noticeKey) }
