package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/connectors"
)

// queriesPerCall is how many queries one composite call may carry.
const queriesPerCall = 5

// Find implements [connectors.Lookup]. Long lists are asked in parts. It reads
// all pages, or returns an error and nothing; values are as Salesforce writes
// them. A field or an id that cannot be one is an error of class Rejected.
func (c *Client) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	queries, err := compose(q)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", q.Kind, &connectors.Error{Class: connectors.Rejected, Err: err})
	}
	var found []connectors.Record
	pages, err := c.ask(ctx, queries)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", q.Kind, err)
	}
	for _, p := range pages {
		for {
			for _, row := range p.Records {
				record, err := toRecord(q.Kind, row, q.Fields)
				if err != nil {
					return nil, fmt.Errorf("finding %s: %w", q.Kind, err)
				}
				found = append(found, record)
			}
			if p.Done {
				break
			}
			if p, err = c.nextPage(ctx, p); err != nil {
				return nil, fmt.Errorf("finding %s: %w", q.Kind, err)
			}
		}
	}
	slices.SortFunc(found, func(a, b connectors.Record) int { return cmp.Compare(a.Ref.ID, b.Ref.ID) })
	return slices.CompactFunc(found, func(a, b connectors.Record) bool { return a.Ref == b.Ref }), nil
}

type soqlQuery struct {
	object string
	soql   string
	all    bool // deleted records as well
}

type page struct {
	Records []map[string]any `json:"records"`
	Done    bool             `json:"done"`
	Next    string           `json:"nextRecordsUrl"`
	at      time.Time        // the org's time when it answered
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
	var queries []soqlQuery
	longest := lists[len(lists)-1]
	for _, part := range longest.parts(longestQuery - wireSize(write(conditions).soql)) {
		queries = append(queries, write(append(slices.Clone(conditions), longest.soql(part))))
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

// ask runs the queries, five to a call, and returns the first page of each.
func (c *Client) ask(ctx context.Context, queries []soqlQuery) ([]page, error) {
	if len(queries) == 1 && wireSize(queries[0].soql) <= longestQuery {
		p, err := c.page(ctx, queries[0].path())
		if err != nil {
			return nil, fmt.Errorf("querying %s: %w", queries[0].object, err)
		}
		return []page{p}, nil
	}
	var pages []page
	for part := range slices.Chunk(queries, queriesPerCall) {
		some, err := c.askTogether(ctx, part)
		if err != nil {
			return nil, err
		}
		pages = append(pages, some...)
	}
	return pages, nil
}

func (c *Client) askTogether(ctx context.Context, queries []soqlQuery) ([]page, error) {
	type subrequest struct {
		Method      string `json:"method"`
		URL         string `json:"url"`
		ReferenceID string `json:"referenceId"`
	}
	var body struct {
		Requests []subrequest `json:"compositeRequest"`
	}
	for i, q := range queries {
		body.Requests = append(body.Requests, subrequest{
			Method: http.MethodGet, URL: "/services/data/v" + c.opts.APIVersion + q.path(), ReferenceID: "q" + strconv.Itoa(i),
		})
	}
	var answer struct {
		Responses []struct {
			Body        json.RawMessage `json:"body"`
			Status      int             `json:"httpStatusCode"`
			ReferenceID string          `json:"referenceId"`
		} `json:"compositeResponse"`
	}
	at, err := c.doDated(ctx, request{method: http.MethodPost, path: "/composite", body: body, read: true}, &answer)
	if err != nil {
		return nil, fmt.Errorf("querying %s and others: %w", queries[0].object, err)
	}
	pages := make([]page, len(queries))
	answered := 0
	for _, r := range answer.Responses {
		i := slices.IndexFunc(body.Requests, func(s subrequest) bool { return s.ReferenceID == r.ReferenceID })
		if i < 0 {
			continue
		}
		answered++
		if r.Status >= 300 {
			return nil, fmt.Errorf("querying %s: %w", queries[i].object, answerError(&call{read: true, status: r.Status, body: r.Body}))
		}
		if err := json.Unmarshal(r.Body, &pages[i]); err != nil {
			return nil, fmt.Errorf("querying %s: %w", queries[i].object, lostError(true, err))
		}
		pages[i].at = at
	}
	if answered != len(queries) {
		return nil, &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("%d of %d queries were answered", answered, len(queries))}
	}
	return pages, nil
}

func (q soqlQuery) path() string {
	if q.all {
		return "/queryAll?q=" + url.QueryEscape(q.soql)
	}
	return "/query?q=" + url.QueryEscape(q.soql)
}

func (c *Client) page(ctx context.Context, path string) (page, error) {
	var p page
	var err error
	p.at, err = c.doDated(ctx, request{method: http.MethodGet, path: path, read: true}, &p)
	return p, err
}

// nextPage follows p to the page after it.
func (c *Client) nextPage(ctx context.Context, p page) (page, error) {
	version, path, ok := strings.Cut(strings.TrimPrefix(p.Next, "/services/data/"), "/")
	if !ok || version != "v"+c.opts.APIVersion || path == "" {
		return page{}, &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("the answer is not complete, and names no next page")}
	}
	return c.page(ctx, "/"+path)
}
