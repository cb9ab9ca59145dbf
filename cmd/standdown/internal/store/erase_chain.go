package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// The chain covers the digest of a decision's body and of an act's reason. When
// they are erased, a link of their own keeps that digest: the link of old can
// still be computed, and vouches for all that was not erased.

const (
	eraseAct   = "erase"  // the act that erased links follow
	erasedLink = "erased" // the kind of a link; its id is that of a decision, or of an act after actPrefix
	actPrefix  = "act "
)

// An erasedDigests has the digests of what was erased, by the ids of their links.
type erasedDigests map[string]string

func erasedIn(ctx context.Context, tx conn) (erasedDigests, error) {
	all := erasedDigests{}
	_, err := rows(ctx, tx, func(r *sql.Rows) (id string, err error) {
		var digest string
		err = r.Scan(&id, &digest)
		all[id] = digest
		return id, err
	}, `SELECT id, digest FROM chain WHERE kind = ?`, erasedLink)
	return all, err
}

// reason is the digest of the act's reason, or of what was erased there.
func (e erasedDigests) reason(id string, a Act) string {
	if was, ok := e[actPrefix+id]; ok && a.Reason == erased {
		return was
	}
	return digest(a.Reason)
}

// bodyWithout is what the body of a decision becomes when it is erased: what its
// columns say.
func (d storedDecision) bodyWithout() string {
	policy, _, _ := strings.Cut(d.tbl, ".")
	kind, id, _ := strings.Cut(d.subject, " ")
	type ref struct {
		Kind string `json:"kind"`
		ID   string `json:"id"`
	}
	return encode(struct {
		Policy  string   `json:"policy"`
		Table   string   `json:"table"`
		Row     string   `json:"row"`
		Because string   `json:"because"`
		Subject ref      `json:"subject"`
		Facts   []string `json:"facts"`
	}{policy, d.tbl, d.row, erased, ref{kind, id}, []string{}})
}

// eraseLinked erases the bodies of the events' decisions, and the reasons of
// acts that are about those or name the person. It returns the links to be
// added, after the act of erasing.
func eraseLinked(ctx context.Context, tx conn, p person, events []string, done *Erasure) (links []chainLink, err error) {
	decisions, err := rows(ctx, tx, scanStoredDecision, storedDecisions+` WHERE event IN (`+tx.list+`) ORDER BY at, id`, events)
	if err != nil {
		return nil, err
	}
	for _, d := range decisions {
		instead := d.bodyWithout()
		if d.body == instead {
			continue
		}
		if _, err := affected(ctx, tx, `UPDATE decisions SET body = ? WHERE id = ?`, instead, d.id); err != nil {
			return nil, err
		}
		links = append(links, chainLink{id: d.id, digest: digest(d.body)})
		done.Decisions++
	}
	said, err := reasonsAbout(ctx, tx, p, events)
	if err != nil {
		return nil, err
	}
	for _, r := range said {
		if _, err := affected(ctx, tx, `UPDATE acts SET reason = ? WHERE id = ?`, erased, r.id); err != nil {
			return nil, err
		}
		links = append(links, chainLink{id: actPrefix + strconv.FormatInt(r.id, 10), digest: digest(r.text)})
		done.Acts++
	}
	return links, nil
}

// A reason is what a person said about an act.
type reason struct {
	id   int64
	text string
}

func scanReason(r *sql.Rows) (a reason, err error) { return a, r.Scan(&a.id, &a.text) }

func reasonsAbout(ctx context.Context, tx conn, p person, events []string) ([]reason, error) {
	all, err := rows(ctx, tx, scanReason, `SELECT id, reason FROM acts WHERE reason <> '' AND reason <> ? AND act <> 'replay'
		AND decision IN (SELECT id FROM decisions WHERE event IN (`+tx.list+`)) ORDER BY id`, erased, events)
	if err != nil {
		return nil, err
	}
	known := map[int64]bool{}
	for _, r := range all {
		known[r.id] = true
	}
	for _, n := range p.addresses() {
		found, err := rows(ctx, tx, scanReason, `SELECT id, reason FROM acts WHERE `+n.like("reason")+` ORDER BY id`, n.pattern())
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if n.in(r.text) && !known[r.id] {
				known[r.id] = true
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// rewrite writes the database anew, so that nothing that was removed is left in
// its free space.
func (s *Store) rewrite(ctx context.Context) error {
	c, err := s.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("opening the journal: %w", s.db.explain(err))
	}
	defer c.Close()
	if s.pg == nil {
		if _, err := c.ExecContext(ctx, `VACUUM`); err != nil {
			return fmt.Errorf("writing the journal: %w", s.db.explain(err))
		}
		var busy, frames, moved int
		if err := c.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
			return fmt.Errorf("writing the journal: %w", s.db.explain(err))
		}
		if busy != 0 {
			return fmt.Errorf("somebody reads it, and keeps what is in %s-wal", s.name)
		}
		return nil
	}
	for _, do := range append([]string{`SET statement_timeout = 0`}, vacuums()...) {
		if _, err := c.ExecContext(ctx, do); err != nil {
			return fmt.Errorf("writing the journal: %w", s.db.explain(err))
		}
	}
	_, err = c.ExecContext(ctx, `RESET statement_timeout`)
	return err
}

func vacuums() (all []string) {
	for _, table := range []string{"events", "raw", "situations", "decisions", "entries", "memory", "acts"} {
		all = append(all, `VACUUM (FULL) `+table)
	}
	return all
}
