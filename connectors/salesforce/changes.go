package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"standdown/connectors"
)

const (
	// rowsPerRead bounds what one read brings of each object. It is the most
	// that Salesforce puts on a page.
	rowsPerRead = 2000
	// A cursor that moves by less is not worth storing when nothing came.
	worthStoring = time.Minute
	// Short rounds overlap by shortOverlap, and there are as many as fit into
	// the fullShare-th part of the overlap: that is how late a late row may be
	// reported.
	shortOverlap = time.Minute
	fullShare    = 4
	// seenLimit bounds the memory of what was reported in the overlap. Beyond
	// it, records are reported again.
	seenLimit = 50_000
)

// A position says how far one object has been read. Reading goes in rounds,
// each of which follows (SystemModstamp, Id) to the end. Salesforce stamps a row
// before its transaction commits, so a full round begins not where the last one
// ended, but Overlap before that began, by the org's own clock: at Since. For
// most transactions take a moment only, the rounds in between are short: they
// begin a minute before the last one did, and leave Since where it is.
type position struct {
	Since time.Time `json:"since,omitzero"`
	// Of a round that has not come to its end: when it began, and the last row
	// it has read.
	Begun time.Time `json:"begun,omitzero"`
	Stamp time.Time `json:"stamp,omitzero"`
	ID    string    `json:"id,omitempty"`
	Short bool      `json:"short,omitempty"`
}

type cursor struct {
	// Batches counts the batches that brought something, so that every such
	// batch has a cursor of its own.
	Batches int                 `json:"batches"`
	Objects map[string]position `json:"objects"`
	Sweep   sweep               `json:"sweep,omitzero"`
}

// seen remembers what was reported within the overlap, so that a poll does not
// bring it again. It counts only once the cursor that came with it is passed
// back: a batch that the caller could not store is reported again.
type seen struct {
	mu     sync.Mutex
	polled time.Time // when the last round began, by our clock
	slow   bool
	fullAt time.Time            // when the last full round began, by our clock
	heads  map[string]time.Time // where a short round of each object begins
	issued connectors.Cursor
	stored map[connectors.Ref]version
	latest map[connectors.Ref]version // came with issued
}

type version struct {
	name string
	at   time.Time
}

// Changes implements [connectors.Source]. One call reads at most 2000 rows of
// each watched object, in one API call for up to five of them, and as many
// more if it is time to reconcile. Records are in the order of SystemModstamp
// within the batch. It returns an error and no records if one of the objects
// cannot be read. While API calls are short, it reports nothing more often than
// every five minutes.
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
	} else if c.resting() {
		return connectors.Batch{Next: after}, ctx.Err()
	}
	var heads map[string]time.Time
	if len(unfinished) == 0 {
		heads = c.seen.round(c.opts.Now(), c.opts.Overlap)
	}
	batch, next, at, err := c.poll(ctx, cur, watches, heads)
	if err != nil {
		return connectors.Batch{}, fmt.Errorf("reading changes: %w", err)
	}
	moved := len(unfinished) > 0 || batch.More || len(batch.Records) > 0 || next.advanced(cur)
	latest := batch.Records
	if !batch.More && !c.budget.short() {
		swept, stirred, err := c.sweep(ctx, &next, at)
		if err != nil {
			return connectors.Batch{}, fmt.Errorf("reconciling: %w", err)
		}
		batch.Records = slices.Concat(batch.Records, swept)
		moved = moved || stirred
	}
	slices.SortStableFunc(batch.Records, func(a, b connectors.Record) int { return a.At.Compare(b.At) })
	if !moved {
		batch.Next = after
		return batch, nil
	}
	if len(batch.Records) > 0 {
		next.Batches++
	}
	encoded, err := json.Marshal(next)
	if err != nil {
		return connectors.Batch{}, fmt.Errorf("writing the cursor: %w", err)
	}
	batch.Next = connectors.Cursor(encoded)
	c.seen.issue(batch.Next, latest, next, c.opts.Overlap)
	return batch, nil
}

// resting tells that API calls are short and the last poll was not long ago.
func (c *Client) resting() bool {
	now := c.opts.Now()
	short := c.budget.short()
	if short && !c.seen.slow {
		c.opts.Logger.Warn("api calls run short, polling more slowly", "system", "salesforce")
	}
	c.seen.slow = short
	if short && now.Sub(c.seen.polled) < slowPoll {
		return true
	}
	c.seen.polled = now
	return false
}

// poll reads the next rows of the watches; heads says which of them begin a
// short round, and where. At is the org's time.
func (c *Client) poll(ctx context.Context, cur cursor, watches []Watch, heads map[string]time.Time) (batch connectors.Batch, next cursor, at time.Time, err error) {
	var queries []soqlQuery
	for _, w := range watches {
		queries = append(queries, cur.Objects[w.Object].query(w, heads[w.Object]))
	}
	next = cursor{Batches: cur.Batches, Objects: maps.Clone(cur.Objects), Sweep: cur.Sweep}
	if next.Objects == nil {
		next.Objects = map[string]position{}
	}
	for i, p := range c.ask(ctx, queries) {
		w := watches[i]
		if p.err != nil {
			return connectors.Batch{}, cur, at, p.err
		}
		records, err := c.records(w, p)
		if err != nil {
			return connectors.Batch{}, cur, at, err
		}
		from := cur.Objects[w.Object]
		_, short := heads[w.Object]
		to := from.advance(p, records, c.opts.Overlap, short)
		next.Objects[w.Object] = to
		if to.Begun.IsZero() {
			c.seen.heads[w.Object] = cmp.Or(from.Begun, p.at).Add(-min(shortOverlap, c.opts.Overlap))
		}
		batch.More = batch.More || !to.Begun.IsZero()
		if from.Since.IsZero() { // what is there now, not what has gone
			records = slices.DeleteFunc(records, func(r connectors.Record) bool { return r.Deleted })
		}
		batch.Records = append(batch.Records, c.seen.fresh(records)...)
		at = p.at
	}
	return batch, next, at, c.findWinners(ctx, batch.Records)
}

// advanced tells that a position has moved far enough to be stored.
func (next cursor) advanced(from cursor) bool {
	for object, p := range next.Objects {
		if p.Since.Sub(from.Objects[object].Since) >= worthStoring {
			return true
		}
	}
	return false
}

// records makes records of the rows of a watched object.
func (c *Client) records(w Watch, p page) ([]connectors.Record, error) {
	records := make([]connectors.Record, 0, len(p.Records))
	own := c.login.userID()
	for _, row := range p.Records {
		r, err := toRecord(w.Object, row, w.Fields)
		if err != nil {
			return nil, err
		}
		if r.At.IsZero() {
			return nil, &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("%s has no SystemModstamp", r.Ref)}
		}
		r.By, _ = row["LastModifiedById"].(string)
		r.Own = own != "" && shortID(r.By) == shortID(own)
		records = append(records, r)
	}
	return records, nil
}

// mergeable are the objects whose records can be merged, and have
// MasterRecordId; others have no such field.
var mergeable = map[string]bool{"account": true, "contact": true, "lead": true}

// findWinners asks which of the records that are gone were merged into others.
func (c *Client) findWinners(ctx context.Context, records []connectors.Record) error {
	losers := map[string][]string{}
	for _, r := range records {
		if r.Deleted && mergeable[strings.ToLower(r.Ref.Kind)] {
			losers[r.Ref.Kind] = append(losers[r.Ref.Kind], quote(r.Ref.ID))
		}
	}
	var queries []soqlQuery
	for _, kind := range slices.Sorted(maps.Keys(losers)) {
		all := list{field: "Id", values: losers[kind]}
		for _, part := range all.parts(longestQuery / 2) {
			queries = append(queries, soqlQuery{object: kind, all: true, soql: "SELECT Id, MasterRecordId FROM " + kind + " WHERE MasterRecordId != null AND " + all.soql(part)})
		}
	}
	for i, p := range c.ask(ctx, queries) {
		if code(p.err) == "INVALID_FIELD" {
			continue // the org hides it
		}
		if p.err != nil {
			return p.err
		}
		for _, row := range p.Records {
			n := slices.IndexFunc(records, func(r connectors.Record) bool { return r.Ref.Kind == queries[i].object && r.Ref.ID == row["Id"] })
			if winner, _ := row["MasterRecordId"].(string); n >= 0 && winner != "" {
				records[n].Into = connectors.Ref{Kind: queries[i].object, ID: winner}
			}
		}
	}
	return nil
}

// query asks for the next rows of an object. Head is where a short round
// begins; zero if it is to be a full one.
func (p position) query(w Watch, head time.Time) soqlQuery {
	soql := selectFrom(w.Object, w.Fields, "IsDeleted", "LastModifiedById")
	switch {
	case p.ID != "":
		at := sentTime(p.Stamp)
		soql += " WHERE (SystemModstamp > " + at + " OR (SystemModstamp = " + at + " AND Id > " + quote(p.ID) + "))"
	case !p.Since.IsZero():
		soql += " WHERE SystemModstamp >= " + sentTime(cmp.Or(head, p.Since))
	}
	return soqlQuery{object: w.Object, all: true, soql: fmt.Sprintf("%s ORDER BY SystemModstamp, Id LIMIT %d", soql, rowsPerRead)}
}

// advance returns the position after a page of records; short tells what kind
// of round it is, if it begins with that page.
func (p position) advance(rows page, records []connectors.Record, overlap time.Duration, short bool) position {
	if p.Begun.IsZero() {
		p.Begun, p.Short = rows.at, short
	}
	if n := len(records); n > 0 && (n >= rowsPerRead || !rows.Done) {
		p.Stamp, p.ID = records[n-1].At, records[n-1].Ref.ID
		return p
	}
	since := p.Begun.Add(-overlap)
	if p.Short || since.Before(p.Since) {
		since = p.Since
	}
	return position{Since: since}
}

// acknowledge learns that the batch that came with a cursor was stored.
func (s *seen) acknowledge(after connectors.Cursor) {
	if s.stored == nil || after != s.issued {
		s.stored = map[connectors.Ref]version{}
		s.heads = map[string]time.Time{}
	} else {
		maps.Copy(s.stored, s.latest)
	}
	s.latest = nil
}

// round returns where the short rounds that are next begin; nil if it is time
// for full ones.
func (s *seen) round(now time.Time, overlap time.Duration) map[string]time.Time {
	if since := now.Sub(s.fullAt); len(s.heads) > 0 && since >= 0 && since < overlap/fullShare {
		return maps.Clone(s.heads)
	}
	s.fullAt = now
	return nil
}

// fresh returns the records that were not reported in the same version.
func (s *seen) fresh(records []connectors.Record) []connectors.Record {
	return slices.DeleteFunc(records, func(r connectors.Record) bool {
		known, ok := s.stored[r.Ref]
		return ok && known.name == r.Version
	})
}

// issue remembers what the next acknowledgement is about, and forgets what no
// round will read again.
func (s *seen) issue(cursor connectors.Cursor, records []connectors.Record, next cursor, overlap time.Duration) {
	s.issued = cursor
	s.latest = map[connectors.Ref]version{}
	for _, r := range records {
		s.latest[r.Ref] = version{r.Version, r.At}
	}
	if len(s.stored)+len(s.latest) > seenLimit {
		clear(s.stored)
	}
	maps.DeleteFunc(s.stored, func(ref connectors.Ref, v version) bool {
		p := next.Objects[ref.Kind]
		return v.at.Before(p.Since) || v.at.Before(p.Begun.Add(-overlap))
	})
}
