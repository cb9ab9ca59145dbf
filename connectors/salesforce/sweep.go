package salesforce

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"standdown/connectors"
)

// longestLog is how far back Salesforce tells of deletions, less a day for
// clocks and delays (REST API, Get Deleted).
const longestLog = 14 * 24 * time.Hour

// A sweep reads all rows again in the order of their ids, a page of each object
// with every poll, and asks once what was deleted. It finds what polls cannot
// see: a row that became visible to the user long after its stamp, by sharing
// or a slow transaction, and a row that left no trace in the recycle bin. That a
// row is hidden from the user it does not find.
type sweep struct {
	// Begun is when the current or the last one began, by the org's clock.
	Begun time.Time `json:"begun,omitzero"`
	// Left holds the objects that are not read to their end, with the last id
	// that was.
	Left map[string]string `json:"left,omitempty"`
	// Covered is until when all deletions of an object are known.
	Covered map[string]time.Time `json:"covered,omitempty"`
}

// sweep takes the next step, if there is one to take, and reports whether it
// did. The first sweep is due an interval after the first poll, which read
// everything.
func (c *Client) sweep(ctx context.Context, next *cursor, at time.Time) (records []connectors.Record, stirred bool, err error) {
	s := &next.Sweep
	switch {
	case c.opts.Reconcile <= 0:
		return nil, false, nil
	case s.Begun.IsZero():
		*s = sweep{Begun: at}
		return nil, true, nil
	case len(s.Left) == 0 && at.Sub(s.Begun) < c.opts.Reconcile:
		return nil, false, nil
	}
	began := sweep{Begun: s.Begun, Left: maps.Clone(s.Left), Covered: maps.Clone(s.Covered)}
	if len(began.Left) == 0 {
		if records, err = c.deletions(ctx, &began, at); err != nil {
			return nil, false, err
		}
		began.Begun, began.Left = at, map[string]string{}
		for _, w := range c.opts.Watch {
			if !next.Objects[w.Object].Since.IsZero() { // else the first poll of it is yet to come, and reads everything
				began.Left[w.Object] = ""
			}
		}
	}
	var watches []Watch
	var queries []soqlQuery
	for _, w := range c.opts.Watch {
		last, left := began.Left[w.Object]
		if !left {
			continue
		}
		soql := selectFrom(w.Object, w.Fields, "IsDeleted", "LastModifiedById") + " WHERE SystemModstamp < " + sentTime(next.Objects[w.Object].Since)
		if w.Having != "" {
			soql += " AND " + w.Having + " != null"
		}
		if last != "" {
			soql += " AND Id > " + quote(last)
		}
		watches = append(watches, w)
		queries = append(queries, soqlQuery{object: w.Object, soql: fmt.Sprintf("%s ORDER BY Id LIMIT %d", soql, rowsPerRead)})
	}
	for i, p := range c.ask(ctx, queries) {
		if p.err != nil {
			return nil, false, p.err
		}
		rows, err := c.records(watches[i], p)
		if err != nil {
			return nil, false, err
		}
		delete(began.Left, watches[i].Object)
		if n := len(rows); n > 0 && (n >= rowsPerRead || !p.Done) {
			began.Left[watches[i].Object] = rows[n-1].Ref.ID
		}
		records = append(records, rows...)
	}
	maps.DeleteFunc(began.Left, func(object, _ string) bool {
		return !slices.ContainsFunc(c.opts.Watch, func(w Watch) bool { return w.Object == object })
	})
	*s = began
	return records, true, nil
}

// deletions asks for the rows of each object that were deleted since it was
// last asked. An object that keeps no such log is left out.
func (c *Client) deletions(ctx context.Context, s *sweep, at time.Time) ([]connectors.Record, error) {
	if s.Covered == nil {
		s.Covered = map[string]time.Time{}
	}
	var records []connectors.Record
	for _, w := range c.opts.Watch {
		start := s.Begun
		if covered, ok := s.Covered[w.Object]; ok {
			start = covered
		}
		if earliest := at.Add(-longestLog); start.Before(earliest) {
			start = earliest
		}
		// Seconds are ignored, and the end must be later than the start.
		times := url.Values{"start": {start.UTC().Format(time.RFC3339)}, "end": {at.Add(time.Minute).UTC().Format(time.RFC3339)}}
		var answer struct {
			Deleted []struct {
				ID string `json:"id"`
				At string `json:"deletedDate"`
			} `json:"deletedRecords"`
			Earliest string `json:"earliestDateAvailable"`
			Covered  string `json:"latestDateCovered"`
		}
		err := c.do(ctx, request{method: http.MethodGet, path: "/sobjects/" + w.Object + "/deleted/?" + times.Encode(), read: true}, &answer)
		if code(err) == "INVALID_REPLICATION_DATE" { // the log was purged, and goes on from here
			c.opts.Logger.Warn("some deletions are no longer told", "system", "salesforce", "ref", w.Object)
			s.Covered[w.Object] = at
			continue
		}
		if connectors.ClassOf(err) == connectors.Rejected {
			c.opts.Logger.Warn("deletions are not told", "system", "salesforce", "ref", w.Object, "err", err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("asking for deletions of %s: %w", w.Object, err)
		}
		if parseTime(answer.Earliest).After(start) {
			c.opts.Logger.Warn("some deletions are no longer told", "system", "salesforce", "ref", w.Object)
		}
		for _, d := range answer.Deleted {
			records = append(records, connectors.Record{Ref: connectors.Ref{Kind: w.Object, ID: d.ID}, Version: "deleted " + d.At, At: parseTime(d.At), Deleted: true})
		}
		s.Covered[w.Object] = at
		if covered := parseTime(answer.Covered); !covered.IsZero() && covered.Before(at) {
			s.Covered[w.Object] = covered
		}
	}
	return records, nil
}
