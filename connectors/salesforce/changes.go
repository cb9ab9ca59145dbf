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
	// seenLimit bounds the memory of what was reported in the overlap. Beyond
	// it, records are reported again.
	seenLimit = 50_000
)

// A position says how far one object has been read. Reading goes in rounds,
// each of which follows (SystemModstamp, Id) to the end. Salesforce stamps a row
// before its transaction commits, so that rows of the last Overlap are read more
// than once, by the org's own clock. How is up to the object's [window].
type position struct {
	// Since is a stamp before which nothing can appear any more.
	Since time.Time `json:"since,omitzero"`
	// Of a round that has not come to its end: when it began, the last row it
	// has read, what it leaves out, and that it is about what is new only.
	Begun time.Time `json:"begun,omitzero"`
	Stamp time.Time `json:"stamp,omitzero"`
	ID    string    `json:"id,omitempty"`
	Gap   gap       `json:"gap,omitzero"`
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
	issued connectors.Cursor
	// By object, as of issued.
	windows map[string]window
	stored  map[connectors.Ref]version
	latest  map[connectors.Ref]version // came with issued
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
	windows := maps.Clone(c.seen.windows)
	batch, next, at, err := c.poll(ctx, cur, watches, windows)
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
	c.seen.windows = windows
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

// poll reads the next rows of the watches and brings their windows up to date.
// At is the org's time.
func (c *Client) poll(ctx context.Context, cur cursor, watches []Watch, windows map[string]window) (batch connectors.Batch, next cursor, at time.Time, err error) {
	now, overlap := c.opts.Now(), c.opts.Overlap
	known := sync.OnceValue(c.seen.stamps) // not at all while a round goes on, as where much is read for the first time
	var queries []soqlQuery
	rounds := make([]position, len(watches))
	for i, w := range watches {
		var from time.Time
		if rounds[i] = cur.Objects[w.Object]; rounds[i].Begun.IsZero() {
			rounds[i], from = windows[w.Object].begin(rounds[i], known()[w.Object], now, overlap)
		}
		queries = append(queries, rounds[i].query(w, from))
	}
	next = cursor{Batches: cur.Batches, Objects: maps.Clone(cur.Objects), Sweep: cur.Sweep}
	if next.Objects == nil {
		next.Objects = map[string]position{}
	}
	for i, p := range c.ask(ctx, queries) {
		w, round := watches[i], rounds[i]
		if p.err != nil {
			return connectors.Batch{}, cur, at, p.err
		}
		records, err := c.records(w, p)
		if err != nil {
			return connectors.Batch{}, cur, at, err
		}
		fresh := c.seen.fresh(slices.Clone(records))
		v := windows[w.Object]
		v.brought += len(fresh)
		round.Begun = cmp.Or(round.Begun, p.at)
		if n := len(records); n > 0 && (n >= rowsPerRead || !p.Done) {
			round.Stamp, round.ID = records[n-1].At, records[n-1].Ref.ID
			batch.More = true
		} else {
			round = v.finish(round, now, overlap)
		}
		windows[w.Object], next.Objects[w.Object] = v, round
		if rounds[i].Since.IsZero() { // what is there now, not what has gone
			fresh = slices.DeleteFunc(fresh, func(r connectors.Record) bool { return r.Deleted })
		}
		batch.Records = append(batch.Records, fresh...)
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
	for row := range p.rows() {
		r, err := toRecord(w.Object, row, w.Fields)
		if err == nil {
			r.Version, err = versionOf(r, row)
		}
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
		for row := range p.rows() {
			n := slices.IndexFunc(records, func(r connectors.Record) bool { return r.Ref.Kind == queries[i].object && r.Ref.ID == row["Id"] })
			if winner, _ := row["MasterRecordId"].(string); n >= 0 && winner != "" {
				records[n].Into = connectors.Ref{Kind: queries[i].object, ID: winner}
			}
		}
	}
	return nil
}

// query asks for the next rows of a round; from is the stamp it begins with, if
// it has read nothing yet, and zero for all there is.
func (p position) query(w Watch, from time.Time) soqlQuery {
	var conditions []string
	switch {
	case p.ID != "":
		at := sentTime(p.Stamp)
		conditions = append(conditions, "(SystemModstamp > "+at+" OR (SystemModstamp = "+at+" AND Id > "+quote(p.ID)+"))")
	case !from.IsZero():
		conditions = append(conditions, "SystemModstamp >= "+sentTime(from))
	}
	if p.Gap != (gap{}) {
		conditions = append(conditions, "(SystemModstamp < "+sentTime(p.Gap.From)+" OR SystemModstamp >= "+sentTime(p.Gap.To)+")")
	}
	if w.Having != "" {
		conditions = append(conditions, w.Having+" != null")
	}
	soql := selectFrom(w.Object, w.Fields, "IsDeleted", "LastModifiedById")
	if len(conditions) > 0 {
		soql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return soqlQuery{object: w.Object, all: true, soql: fmt.Sprintf("%s ORDER BY SystemModstamp, Id LIMIT %d", soql, rowsPerRead)}
}

// acknowledge learns that the batch that came with a cursor was stored.
func (s *seen) acknowledge(after connectors.Cursor) {
	if s.stored == nil || after != s.issued {
		s.stored = map[connectors.Ref]version{}
		s.windows = map[string]window{}
	} else {
		maps.Copy(s.stored, s.latest)
	}
	s.latest = nil
}

// stamps returns those of the rows that were reported, by object and in order.
func (s *seen) stamps() map[string][]time.Time {
	all := map[string][]time.Time{}
	for ref, v := range s.stored {
		all[ref.Kind] = append(all[ref.Kind], v.at)
	}
	for _, stamps := range all {
		slices.SortFunc(stamps, time.Time.Compare)
	}
	return all
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
		return v.at.Before(p.Since) || p.Since.IsZero() && v.at.Before(p.Begun.Add(-overlap))
	})
}
