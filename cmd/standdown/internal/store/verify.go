package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Verification is what a walk along the chain found.
type Verification struct {
	Links     int64 `json:"links"`
	Decisions int64 `json:"decisions"`
	Acts      int64 `json:"acts"`
	// Erased is how many texts of them were erased on request. What else was
	// stored with those is as it was.
	Erased int64 `json:"erased,omitempty"`
	// Head is the last link. Whoever keeps it elsewhere can tell later whether
	// the end of the chain was cut off, or all of it made anew.
	Head string `json:"head"`
	// Fault tells the first that is not as it was stored; empty if all is.
	Fault string `json:"fault,omitempty"`
}

// Verify walks the chain of decisions and acts and computes every digest
// again. If head is not empty, it must be one of the links. The error is about
// the journal that cannot be read; what was tampered with is no error, but a
// Fault. The daemon may go on meanwhile.
func (s *Store) Verify(ctx context.Context, head string) (Verification, error) {
	var v Verification
	err := s.view(ctx, func(tx conn) (err error) {
		v, err = verify(ctx, tx, strings.ToLower(head))
		return err
	})
	if err != nil {
		return v, fmt.Errorf("verifying the journal: %w", err)
	}
	return v, nil
}

// A chainLink is a row of the chain.
type chainLink struct {
	n                      int64
	kind, id, digest, link string
}

func verify(ctx context.Context, tx conn, head string) (Verification, error) {
	v := Verification{}
	known := head == ""
	gone, err := erasedIn(ctx, tx)
	if err != nil {
		return v, err
	}
	erasing := false // the link before is about an erasure
	for {
		links, err := rows(ctx, tx, func(r *sql.Rows) (l chainLink, err error) {
			return l, r.Scan(&l.n, &l.kind, &l.id, &l.digest, &l.link)
		}, `SELECT n, kind, id, digest, link FROM chain WHERE n > ? ORDER BY n LIMIT 500`, v.Links)
		if err != nil {
			return v, err
		}
		if len(links) == 0 {
			break
		}
		decided, err := decisionsOf(ctx, tx, links)
		if err != nil {
			return v, err
		}
		acts, err := actsOf(ctx, tx, links)
		if err != nil {
			return v, err
		}
		for _, l := range links {
			switch {
			case l.n != v.Links+1:
				v.Fault = fmt.Sprintf("link %d is missing: it was removed", v.Links+1)
			case l.link != digest(v.Head, l.kind, l.id, l.digest):
				v.Fault = fmt.Sprintf("link %d (%s %s) does not follow from the one before it: it was altered, or took another's place", l.n, l.kind, l.id)
			case l.kind == "decision":
				d := decided[l.id]
				if digestDecisions(d, gone) != l.digest {
					v.Fault = fmt.Sprintf("link %d: the decisions for event %s are not as they were stored: one was altered, removed or added", l.n, l.id)
				}
				v.Decisions += int64(len(d))
			case l.kind == erasedLink:
				if !erasing {
					v.Fault = fmt.Sprintf("link %d: %s was erased without an act of erasing", l.n, l.id)
				}
				v.Erased++
			default:
				a, there := acts[l.id]
				if !there {
					v.Fault = fmt.Sprintf("link %d: act %s was removed", l.n, l.id)
				} else if a.digest(gone.reason(l.id, a)) != l.digest {
					v.Fault = fmt.Sprintf("link %d: act %s (%s by %s at %s) is not as it was stored", l.n, l.id, a.Act, a.Who, a.At.Format(time.RFC3339))
				}
				v.Acts++
				erasing = a.Act == eraseAct
			}
			erasing = erasing && l.kind != "decision"
			if v.Fault != "" {
				return v, nil
			}
			v.Links, v.Head = l.n, l.link
			known = known || l.link == head
		}
	}
	v.Fault, err = unlinked(ctx, tx, v)
	if v.Fault == "" && !known {
		v.Fault = "the head that you noted is not in the chain: its end was cut off, or all of it was made anew"
	}
	return v, err
}

// decisionsOf returns the decisions that the links are about, by the links' ids.
func decisionsOf(ctx context.Context, tx conn, links []chainLink) (map[string][]storedDecision, error) {
	var events []string
	for _, l := range links {
		if at := strings.LastIndexByte(l.id, '@'); l.kind == "decision" && at >= 0 {
			events = append(events, l.id[:at])
		}
	}
	found, err := rows(ctx, tx, scanStoredDecision, storedDecisions+` WHERE event IN (`+tx.list+`) ORDER BY event, generation, n`, events)
	all := map[string][]storedDecision{}
	for _, d := range found {
		id := verdictID(d.event, d.generation)
		all[id] = append(all[id], d)
	}
	return all, err
}

// actsOf returns the acts that the links are about, by the links' ids. Acts
// were numbered in the order of their links.
func actsOf(ctx context.Context, tx conn, links []chainLink) (map[string]Act, error) {
	var ids []int64
	for _, l := range links {
		if id, err := strconv.ParseInt(l.id, 10, 64); err == nil && l.kind == "act" {
			ids = append(ids, id)
		}
	}
	all := map[string]Act{}
	if len(ids) == 0 {
		return all, nil
	}
	_, err := rows(ctx, tx, func(r *sql.Rows) (a Act, err error) {
		var id, at int64
		err = r.Scan(&id, &at, &a.Who, &a.Act, &a.Entry, &a.Decision, &a.Reason)
		a.At = fromMS(at)
		all[strconv.FormatInt(id, 10)] = a
		return a, err
	}, `SELECT id, at, who, act, entry, decision, reason FROM acts WHERE id BETWEEN ? AND ?`, slices.Min(ids), slices.Max(ids))
	return all, err
}

// unlinked tells of what stands in the journal without a link.
func unlinked(ctx context.Context, tx conn, v Verification) (fault string, err error) {
	for _, one := range []struct {
		what, count, find string
		linked            int64
	}{
		{"decision", `SELECT COUNT(*) FROM decisions`, `SELECT d.id FROM decisions d LEFT JOIN chain c ON c.kind = 'decision' AND c.id = d.event || '@' || d.generation
			WHERE c.n IS NULL ORDER BY d.at, d.id LIMIT 1`, v.Decisions},
		{"act", `SELECT COUNT(*) FROM acts`, `SELECT CAST(a.id AS TEXT) FROM acts a LEFT JOIN chain c ON c.kind = 'act' AND c.id = CAST(a.id AS TEXT)
			WHERE c.n IS NULL ORDER BY a.id LIMIT 1`, v.Acts},
	} {
		var n int64
		if err := tx.QueryRowContext(ctx, one.count).Scan(&n); err != nil {
			return "", fmt.Errorf("reading the journal: %w", err)
		}
		if n == one.linked {
			continue
		}
		id, err := rows(ctx, tx, scanString, one.find)
		switch {
		case err != nil:
			return "", err
		case len(id) == 0:
			return fmt.Sprintf("a %s is linked twice", one.what), nil
		}
		return fmt.Sprintf("%s %s has no link: it was added by something else than this program", one.what, id[0]), nil
	}
	return "", nil
}

// view runs f on the journal as it is at one moment, while others may write.
func (s *Store) view(ctx context.Context, f func(tx conn) error) error {
	began, err := s.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.db.moment})
	if err != nil {
		return fmt.Errorf("reading the journal: %w", s.db.explain(err))
	}
	defer began.Rollback()
	tx := conn{began, s.db.dialect, s.name}
	if err := tx.unhurried(ctx); err != nil {
		return err
	}
	return f(tx)
}
