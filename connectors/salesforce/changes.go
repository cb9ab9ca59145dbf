package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"standdown/connectors"
)

const (
	// rowsPerRead bounds what one read brings of each object.
	rowsPerRead = 500
	// A cursor that moves by less is not worth storing when nothing came.
	worthStoring = time.Minute
	// seenLimit bounds the memory of what was reported in the overlap. Beyond
	// it, records are reported again.
	seenLimit = 50_000
)

// A position says how far one object has been read. Reading goes in rounds:
// each begins at Since and follows (SystemModstamp, Id) to the end. Salesforce
// stamps a row before its transaction commits, so the next round begins not
// where this one ended, but Overlap before it began, by the org's own clock.
type position struct {
	Since time.Time `json:"since,omitzero"`
	// Of a round that has not come to its end: when it began, and the last row
	// it has read.
	Begun time.Time `json:"begun,omitzero"`
	Stamp time.Time `json:"stamp,omitzero"`
	ID    string    `json:"id,omitempty"`
}

type cursor struct {
	// Batches counts the batches that brought something, so that every such
	// batch has a cursor of its own.
	Batches int                 `json:"batches"`
	Objects map[string]position `json:"objects"`
}

// seen remembers what was reported within the overlap, so that a poll does not
// bring it again. It counts only once the cursor that came with it is passed
// back: a batch that the caller could not store is reported again.
type seen struct {
	mu     sync.Mutex
	issued connectors.Cursor
	stored map[connectors.Ref]connectors.Record // Fields dropped
	latest []connectors.Record                  // came with issued
}

// Changes implements [connectors.Source]. One call reads at most 500 rows of
// each watched object, in one API call for up to five of them. Records are in
// the order of SystemModstamp within the batch. It returns an error and no
// records if one of the objects cannot be read.
func (c *Client) Changes(ctx context.Context, after connectors.Cursor) (connectors.Batch, error) {
	cur := cursor{}
	if after != "" {
		if err := json.Unmarshal([]byte(after), &cur); err != nil {
			return connectors.Batch{}, fmt.Errorf("reading changes: %w", &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("the cursor is not one of this source: %w", err)})
		}
	}
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	c.seen.acknowledge(after)

	watches := c.opts.Watch
	unfinished := slices.DeleteFunc(slices.Clone(watches), func(w Watch) bool { return cur.Objects[w.Object].Begun.IsZero() })
	if len(unfinished) > 0 {
		watches = unfinished
	}
	var queries []soqlQuery
	for _, w := range watches {
		queries = append(queries, cur.Objects[w.Object].query(w))
	}
	pages, err := c.ask(ctx, queries)
	if err != nil {
		return connectors.Batch{}, fmt.Errorf("reading changes: %w", err)
	}
	batch := connectors.Batch{}
	next := cursor{Batches: cur.Batches, Objects: maps.Clone(cur.Objects)}
	if next.Objects == nil {
		next.Objects = map[string]position{}
	}
	moved := len(unfinished) > 0
	for i, w := range watches {
		from := cur.Objects[w.Object]
		to, records, err := from.advance(w, pages[i], c.opts.Overlap)
		if err != nil {
			return connectors.Batch{}, fmt.Errorf("reading changes of %s: %w", w.Object, err)
		}
		batch.More = batch.More || !to.Begun.IsZero()
		moved = moved || batch.More || to.Since.Sub(from.Since) >= worthStoring
		next.Objects[w.Object] = to
		batch.Records = append(batch.Records, c.seen.fresh(records)...)
	}
	slices.SortStableFunc(batch.Records, func(a, b connectors.Record) int { return a.At.Compare(b.At) })
	if len(batch.Records) > 0 {
		next.Batches++
		moved = true
	}
	if !moved {
		batch.Next = after
		return batch, nil
	}
	encoded, err := json.Marshal(next)
	if err != nil {
		return connectors.Batch{}, fmt.Errorf("writing the cursor: %w", err)
	}
	batch.Next = connectors.Cursor(encoded)
	c.seen.issue(batch, next, c.opts.Overlap)
	return batch, nil
}

// query asks for the next rows of an object.
func (p position) query(w Watch) soqlQuery {
	soql := selectFrom(w.Object, w.Fields, "IsDeleted")
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	switch {
	case p.ID != "":
		at := stamp(p.Stamp)
		soql += " WHERE (SystemModstamp > " + at + " OR (SystemModstamp = " + at + " AND Id > " + quote(p.ID) + "))"
	case !p.Since.IsZero():
		soql += " WHERE SystemModstamp >= " + stamp(p.Since)
	}
	return soqlQuery{object: w.Object, all: true, soql: fmt.Sprintf("%s ORDER BY SystemModstamp, Id LIMIT %d", soql, rowsPerRead)}
}

// advance returns the position after a page, and the page's records.
func (p position) advance(w Watch, rows page, overlap time.Duration) (position, []connectors.Record, error) {
	var records []connectors.Record
	var last connectors.Record
	for _, row := range rows.Records {
		r, err := toRecord(w.Object, row, w.Fields)
		if err != nil {
			return p, nil, err
		}
		if r.At.IsZero() {
			return p, nil, &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("%s has no SystemModstamp", r.Ref)}
		}
		last = r
		if first := p.Since.IsZero(); !first || !r.Deleted {
			records = append(records, r)
		}
	}
	begun := cmp.Or(p.Begun, rows.at)
	if n := len(rows.Records); n > 0 && (n >= rowsPerRead || !rows.Done) {
		p.Begun, p.Stamp, p.ID = begun, last.At, last.Ref.ID
	} else {
		since := begun.Add(-overlap)
		if since.Before(p.Since) {
			since = p.Since
		}
		p = position{Since: since}
	}
	return p, records, nil
}

// acknowledge learns that the batch that came with a cursor was stored.
func (s *seen) acknowledge(after connectors.Cursor) {
	if s.stored == nil || after != s.issued {
		s.stored = map[connectors.Ref]connectors.Record{}
		s.latest = nil
		return
	}
	for _, r := range s.latest {
		r.Fields = nil
		s.stored[r.Ref] = r
	}
	s.latest = nil
}

// fresh returns the records that were not reported in the same version.
func (s *seen) fresh(records []connectors.Record) []connectors.Record {
	return slices.DeleteFunc(records, func(r connectors.Record) bool {
		known, ok := s.stored[r.Ref]
		return ok && known.Version == r.Version
	})
}

// issue remembers what the next acknowledgement is about, and forgets what no
// round will read again.
func (s *seen) issue(batch connectors.Batch, next cursor, overlap time.Duration) {
	s.issued = batch.Next
	s.latest = batch.Records
	if len(s.stored)+len(s.latest) > seenLimit {
		clear(s.stored)
	}
	maps.DeleteFunc(s.stored, func(ref connectors.Ref, r connectors.Record) bool {
		p := next.Objects[ref.Kind]
		return r.At.Before(p.Since) || r.At.Before(p.Begun.Add(-overlap))
	})
}
