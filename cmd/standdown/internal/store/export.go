package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// An Exported is how many lines of each type an export has.
type Exported struct {
	Events    int64 `json:"events"`
	Decisions int64 `json:"decisions"`
	Entries   int64 `json:"entries"`
	Shadows   int64 `json:"shadows"`
	Acts      int64 `json:"acts"`
	Mails     int64 `json:"mails"`
}

// exportFormat is one more when a name in an export gets another meaning. Names
// may be added without that.
const exportFormat = 1

// The lines of an export. What is inside event, decision and change is as the
// packages rules and connectors spell it.
type (
	exportHead struct {
		Type   string    `json:"type"` // journal
		Format int       `json:"format"`
		At     time.Time `json:"at"`
		Since  time.Time `json:"since,omitzero"`
	}
	exportEvent struct {
		Type       string          `json:"type"` // event
		ID         string          `json:"id"`
		Kind       string          `json:"kind"`
		Subject    string          `json:"subject"`
		At         time.Time       `json:"at"`
		Arrived    time.Time       `json:"arrived"`
		State      EventState      `json:"state"`
		Generation int             `json:"generation"`
		Note       string          `json:"note,omitempty"`
		Source     string          `json:"source,omitempty"`
		Ref        string          `json:"ref,omitempty"`
		SHA256     string          `json:"sha256,omitempty"`
		Author     string          `json:"author,omitempty"`
		Run        string          `json:"run,omitempty"`
		Event      json.RawMessage `json:"event,omitempty"`
	}
	exportDecision struct {
		Type       string          `json:"type"` // decision
		ID         string          `json:"id"`
		Event      string          `json:"event"`
		Generation int             `json:"generation"`
		N          int             `json:"n"`
		At         time.Time       `json:"at"`
		Decision   json.RawMessage `json:"decision"`
	}
	exportEntry struct {
		Type string `json:"type"` // entry
		Entry
	}
	exportShadow struct {
		Type     string    `json:"type"` // shadow
		Entry    int64     `json:"entry"`
		Due      time.Time `json:"due"`
		Compared time.Time `json:"compared,omitzero"`
		Found    Found     `json:"found,omitzero"`
	}
	exportAct struct {
		Type string `json:"type"` // act
		ID   int64  `json:"id"`
		Act
	}
	exportMail struct {
		Type   string `json:"type"` // mail
		SHA256 string `json:"sha256"`
		Raw    []byte `json:"raw"` // in base64
	}
	exportEnd struct {
		Type string `json:"type"` // end
		Exported
		Head string `json:"head"` // of the chain, see Verification
	}
)

// Export writes what the journal tells of as lines of JSON, as it is at one
// moment: what happened, what was decided on which facts, what was to be written
// and became of it, and what people did; with raw also the mails as they came,
// opened. Since, if it is not zero, leaves out what arrived, was decided, was
// last changed or was done before. The last line says how many there are of
// each: an export without it is not whole. It needs no more memory for a long
// journal than for a short one; daemons may go on meanwhile.
func (s *Store) Export(ctx context.Context, to io.Writer, since time.Time, raw bool, now time.Time) (Exported, error) {
	var done Exported
	err := s.view(ctx, func(tx conn) error {
		buffered := bufio.NewWriterSize(to, 1<<16)
		x := exporter{tx: tx, to: json.NewEncoder(buffered), since: ms(since)}
		err := x.to.Encode(exportHead{Type: "journal", Format: exportFormat, At: now.UTC(), Since: since})
		if err == nil {
			done, err = x.all(ctx, s.Key, raw)
		}
		if err == nil {
			err = buffered.Flush()
		}
		return err
	})
	if err != nil {
		return done, fmt.Errorf("exporting the journal %s: %w", s.name, err)
	}
	return done, nil
}

// An exporter writes lines of what a transaction sees.
type exporter struct {
	tx    conn
	to    *json.Encoder
	since int64
}

func (x exporter) all(ctx context.Context, key *Key, raw bool) (done Exported, err error) {
	done.Events, err = x.lines(ctx, func(r *sql.Rows) (any, error) {
		e := exportEvent{Type: "event"}
		var at, arrived int64
		var body string
		err := r.Scan(&e.ID, &e.Kind, &e.Subject, &at, &arrived, &e.State, &e.Generation, &e.Note, &e.Source, &e.Ref, &e.SHA256, &e.Author, &e.Run, &body)
		e.At, e.Arrived, e.Event = fromMS(at), fromMS(arrived), json.RawMessage(body)
		return e, err
	}, `SELECT id, kind, subject, at, arrived, state, generation, note, source, ref, sha256, author, run, body FROM events WHERE arrived >= ? ORDER BY id`)
	if err != nil {
		return done, err
	}
	done.Decisions, err = x.lines(ctx, func(r *sql.Rows) (any, error) {
		d := exportDecision{Type: "decision"}
		var at int64
		var body string
		err := r.Scan(&d.ID, &d.Event, &d.Generation, &d.N, &at, &body)
		d.At, d.Decision = fromMS(at), json.RawMessage(body)
		return d, err
	}, `SELECT id, event, generation, n, at, body FROM decisions WHERE at >= ? ORDER BY event, generation, n`)
	if err != nil {
		return done, err
	}
	done.Entries, err = x.lines(ctx, func(r *sql.Rows) (any, error) {
		e, err := scanEntry(r)
		return exportEntry{"entry", e}, err
	}, `SELECT `+entryColumns+` FROM entries e WHERE e.updated >= ? ORDER BY e.id`)
	if err != nil {
		return done, err
	}
	done.Shadows, err = x.lines(ctx, func(r *sql.Rows) (any, error) {
		o := exportShadow{Type: "shadow"}
		var due, compared int64
		var found string
		err := r.Scan(&o.Entry, &due, &compared, &found)
		o.Due, o.Compared = fromMS(due), fromMS(compared)
		return o, errors.Join(err, decode(found, &o.Found))
	}, `SELECT s.entry, s.due, s.compared, s.found FROM shadows s JOIN entries e ON e.id = s.entry WHERE e.updated >= ? ORDER BY s.entry`)
	if err != nil {
		return done, err
	}
	done.Acts, err = x.lines(ctx, func(r *sql.Rows) (any, error) {
		a := exportAct{Type: "act"}
		var at int64
		err := r.Scan(&a.ID, &at, &a.Who, &a.Act.Act, &a.Entry, &a.Decision, &a.Reason)
		a.At = fromMS(at)
		return a, err
	}, `SELECT id, at, who, act, entry, decision, reason FROM acts WHERE at >= ? ORDER BY id`)
	if err != nil {
		return done, err
	}
	if raw {
		done.Mails, err = x.lines(ctx, func(r *sql.Rows) (any, error) {
			m := exportMail{Type: "mail"}
			if err := r.Scan(&m.SHA256, &m.Raw); err != nil {
				return m, err
			}
			m.Raw, err = key.open(m.Raw)
			return m, err
		}, `SELECT sha256, bytes FROM raw WHERE sha256 IN (SELECT sha256 FROM events WHERE sha256 <> '' AND arrived >= ?) ORDER BY sha256`)
		if err != nil {
			return done, err
		}
	}
	heads, err := rows(ctx, x.tx, scanString, `SELECT link FROM chain WHERE n = (SELECT MAX(n) FROM chain)`)
	if err != nil {
		return done, err
	}
	end := exportEnd{Type: "end", Exported: done}
	if len(heads) > 0 {
		end.Head = heads[0]
	}
	return done, x.to.Encode(end)
}

// lines writes a line for each row of a query, whose parameter is since.
func (x exporter) lines(ctx context.Context, scan func(*sql.Rows) (any, error), query string) (n int64, err error) {
	found, err := x.tx.QueryContext(ctx, query, x.since)
	if err != nil {
		return 0, fmt.Errorf("reading the journal: %w", err)
	}
	defer found.Close()
	for found.Next() {
		line, err := scan(found)
		if err != nil {
			return n, fmt.Errorf("reading the journal: %w", err)
		}
		if err := x.to.Encode(line); err != nil {
			return n, err
		}
		n++
	}
	if err := found.Err(); err != nil {
		return n, fmt.Errorf("reading the journal: %w", x.tx.explain(err))
	}
	return n, nil
}
