package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
)

// Find implements [connectors.Lookup]. Long lists are asked in parts. It reads
// all pages, beginning again if Salesforce forgets in the middle where it was,
// or returns an error and nothing; values are as Salesforce writes them. A
// field or an id that cannot be one is an error of class Rejected.
func (c *Client) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	all := c.FindAll(ctx, []connectors.Query{q})
	return all[0].Records, all[0].Err
}

// FindAll implements [connectors.Batcher]: five queries are one call.
func (c *Client) FindAll(ctx context.Context, queries []connectors.Query) []connectors.Found {
	results := make([]connectors.Found, len(queries))
	var parts []soqlQuery
	var of []int // the query that a part belongs to
	for i, q := range queries {
		composed, err := compose(q)
		if err != nil {
			results[i].Err = &connectors.Error{Class: connectors.Rejected, Err: err}
		}
		for _, part := range composed {
			parts, of = append(parts, part), append(of, i)
		}
	}
	read := make([]connectors.Found, len(parts))
	pages := c.ask(ctx, parts)
	var all []int
	for n := range pages {
		all = append(all, n)
	}
	atOnce(all, func(n int) {
		read[n].Records, read[n].Err = c.allPages(ctx, queries[of[n]], parts[n], pages[n])
	})
	for n, part := range read {
		r := &results[of[n]]
		r.Records, r.Err = append(r.Records, part.Records...), cmp.Or(r.Err, part.Err)
	}
	for i := range results {
		r := &results[i]
		if r.Err != nil {
			*r = connectors.Found{Err: fmt.Errorf("finding %s: %w", queries[i].Kind, r.Err)}
			continue
		}
		slices.SortFunc(r.Records, func(a, b connectors.Record) int { return cmp.Compare(a.Ref.ID, b.Ref.ID) })
		r.Records = slices.CompactFunc(r.Records, func(a, b connectors.Record) bool { return a.Ref == b.Ref })
	}
	return results
}

// readings is how often a query is begun before a lost locator is an error.
const readings = 3

// tooMuch are the errors of a query whose list may be too long for Salesforce.
var tooMuch = []string{"QUERY_TIMEOUT", "QUERY_TOO_COMPLICATED", "REQUEST_RUNNING_TOO_LONG"}

// allPages follows the first page of a query to the end. A list that is too long
// is halved: it may be that of many who ask at the same time, and none of them
// would be answered. If one value alone is too much, nothing more is asked.
func (c *Client) allPages(ctx context.Context, q connectors.Query, part soqlQuery, first page) ([]connectors.Record, error) {
	for n := 1; ; n++ {
		records, err := c.follow(ctx, q, first)
		switch {
		case code(err) == "INVALID_QUERY_LOCATOR" && n < readings:
			first = c.ask(ctx, []soqlQuery{part})[0]
		case slices.Contains(tooMuch, code(err)) && len(part.values) > 1:
			return c.halved(ctx, q, part)
		default:
			return records, err
		}
	}
}

func (c *Client) halved(ctx context.Context, q connectors.Query, part soqlQuery) ([]connectors.Record, error) {
	half := len(part.values) / 2
	halves := []soqlQuery{part.of(part.values[:half]), part.of(part.values[half:])}
	var all []connectors.Record
	for i, p := range c.ask(ctx, halves) {
		records, err := c.allPages(ctx, q, halves[i], p)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

func (c *Client) follow(ctx context.Context, q connectors.Query, p page) ([]connectors.Record, error) {
	var records []connectors.Record
	for {
		if p.err != nil {
			return nil, p.err
		}
		for row := range p.rows() {
			record, err := toRecord(q.Kind, row, q.Fields)
			if err != nil {
				return nil, err
			}
			records = append(records, record)
		}
		if p.Done {
			return records, nil
		}
		p = c.nextPage(ctx, p)
	}
}

// code is Salesforce's own name for an error.
func code(err error) string {
	if e, ok := errors.AsType[*connectors.Error](err); ok {
		return e.Code
	}
	return ""
}

type soqlQuery struct {
	object string
	soql   string
	all    bool // deleted records as well
	// Of one with a list: its values, and the same query about others.
	values []string
	of     func(values []string) soqlQuery
}

type page struct {
	Records []any     `json:"records"` // a quarter less garbage than []map[string]any
	Done    bool      `json:"done"`
	Next    string    `json:"nextRecordsUrl"`
	at      time.Time // the org's time when it answered
	err     error
}

// rows are the records; nil for one that is no object, and has no Id then.
func (p page) rows() iter.Seq[map[string]any] {
	return func(yield func(map[string]any) bool) {
		for _, r := range p.Records {
			row, _ := r.(map[string]any)
			if !yield(row) {
				return
			}
		}
	}
}

// compose writes q in SOQL, as several queries if its list is long, as none if
// a list is empty.
func compose(q connectors.Query) ([]soqlQuery, error) {
	if !isName(q.Kind) {
		return nil, fmt.Errorf("%q is not an object name", q.Kind)
	}
	for _, f := range q.Fields {
		if !isPath(f) {
			return nil, fmt.Errorf("%q is not a field name", f)
		}
	}
	var conditions []string
	var lists []list
	for _, cond := range q.Where {
		if !isPath(cond.Field) {
			return nil, fmt.Errorf("%q is not a field name", cond.Field)
		}
		if cond.Op != "in" {
			text, err := condition(cond)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, text)
			continue
		}
		l, err := newList(cond)
		if err != nil {
			return nil, err
		}
		if len(l.values) == 0 {
			return nil, nil
		}
		lists = append(lists, l)
	}
	slices.SortStableFunc(lists, func(a, b list) int { return cmp.Compare(a.size(), b.size()) })
	for i, l := range lists {
		if i < len(lists)-1 {
			conditions = append(conditions, l.soql(l.values))
		}
	}
	stem := selectFrom(q.Kind, q.Fields)
	write := func(conditions []string) soqlQuery {
		if len(conditions) == 0 {
			return soqlQuery{object: q.Kind, soql: stem}
		}
		return soqlQuery{object: q.Kind, soql: stem + " WHERE " + strings.Join(conditions, " AND ")}
	}
	if len(lists) == 0 {
		return []soqlQuery{write(conditions)}, nil
	}
	longest := lists[len(lists)-1]
	var of func(values []string) soqlQuery
	of = func(values []string) soqlQuery {
		part := write(append(slices.Clone(conditions), longest.soql(values)))
		part.values, part.of = values, of
		return part
	}
	var queries []soqlQuery
	for _, values := range longest.parts(longestPart - wireSize(write(conditions).soql)) {
		queries = append(queries, of(values))
	}
	return queries, nil
}

// A list is the condition that a field has one of several values.
type list struct {
	field  string
	values []string // quoted
}

func newList(c connectors.Cond) (list, error) {
	values, ok := c.Value.([]string)
	if !ok {
		return list{}, fmt.Errorf("%s in wants []string, not %T", c.Field, c.Value)
	}
	l := list{field: c.Field}
	for _, v := range values {
		if isIDField(c.Field) && !isID(v) {
			return list{}, fmt.Errorf("%s: a value is not a record id", c.Field)
		}
		l.values = append(l.values, quote(v))
	}
	return l, nil
}

func (l list) soql(values []string) string {
	return l.field + " IN (" + strings.Join(values, ",") + ")"
}

func (l list) size() int { return wireSize(l.soql(l.values)) }

// parts divides the values so that each part takes at most room, and holds at
// least one.
func (l list) parts(room int) [][]string {
	var parts [][]string
	start, used := 0, wireSize(l.soql(nil))
	for i, v := range l.values {
		size := wireSize(v + ",")
		if i > start && used+size > room {
			parts = append(parts, l.values[start:i])
			start, used = i, wireSize(l.soql(nil))
		}
		used += size
	}
	return append(parts, l.values[start:])
}

// ask runs the queries, five to a call, and returns the first page of each,
// with its own error.
func (c *Client) ask(ctx context.Context, queries []soqlQuery) []page {
	if len(queries) == 1 && wireSize(queries[0].soql) <= longestQuery {
		p := c.page(ctx, queries[0].path())
		if p.err != nil {
			p.err = fmt.Errorf("querying %s: %w", queries[0].object, p.err)
		}
		return []page{p}
	}
	pages := make([]page, len(queries))
	var starts []int
	for i := 0; i < len(queries); i += partsPerCall {
		starts = append(starts, i)
	}
	atOnce(starts, func(i int) {
		copy(pages[i:], c.askTogether(ctx, queries[i:min(i+partsPerCall, len(queries))]))
	})
	return pages
}

func (c *Client) askTogether(ctx context.Context, queries []soqlQuery) []page {
	var parts []request
	for _, q := range queries {
		parts = append(parts, request{method: http.MethodGet, path: q.path(), read: true})
	}
	answers, at, err := c.composite(ctx, parts)
	pages := make([]page, len(queries))
	for i, q := range queries {
		if err != nil {
			pages[i] = page{err: fmt.Errorf("querying %s and others: %w", queries[0].object, err)}
			continue
		}
		problem := answers[i].err(true)
		if problem == nil {
			if err := json.Unmarshal(answers[i].Body, &pages[i]); err != nil {
				problem = lostError(true, fmt.Errorf("reading the answer: %w", err))
			}
		}
		pages[i].at = at
		if problem != nil {
			pages[i] = page{err: fmt.Errorf("querying %s: %w", q.object, problem)}
		}
	}
	return pages
}

func (q soqlQuery) path() string {
	if q.all {
		return "/queryAll?q=" + url.QueryEscape(q.soql)
	}
	return "/query?q=" + url.QueryEscape(q.soql)
}

func (c *Client) page(ctx context.Context, path string) page {
	var p page
	p.at, p.err = c.doDated(ctx, request{method: http.MethodGet, path: path, read: true}, &p)
	return p
}

// nextPage follows p to the page after it.
func (c *Client) nextPage(ctx context.Context, p page) page {
	version, path, ok := strings.Cut(strings.TrimPrefix(p.Next, "/services/data/"), "/")
	if !ok || version != "v"+c.opts.APIVersion || path == "" {
		return page{err: &connectors.Error{Class: connectors.Temporary, Err: errors.New("the answer is not complete, and names no next page")}}
	}
	return c.page(ctx, "/"+path)
}
