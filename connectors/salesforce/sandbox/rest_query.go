package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Salesforce's bounds of a page, the life of a locator, and how many of them
// a user may hold.
const (
	minPage       = 200
	maxPage       = 2000
	cursorLife    = 48 * time.Hour
	cursorsAtOnce = 10
)

// A cursor holds the records of a query that did not fit on one page.
type cursor struct {
	id      string
	records []map[string]any
	size    int
	opened  time.Time
}

func (o *Org) query(c call) reply {
	soql := c.query.Get("q")
	if soql == "" {
		return refuse("MALFORMED_QUERY", "A query string has to be specified").reply()
	}
	if c.query.Get("columns") == "true" {
		return o.columns(c, soql)
	}
	res, err := o.store.query(soql, c.base, c.path[0] == "queryAll", c.grants)
	if err != nil {
		return err.reply()
	}
	cur := &cursor{records: res.records, size: o.pageSize(c), opened: o.now()}
	if len(cur.records) <= cur.size && o.shrinking == nil {
		return reply{http.StatusOK, nil, map[string]any{"totalSize": res.total, "done": true, "records": res.records}}
	}
	o.opened++
	cur.id = makeID("0r8", o.opened)
	if o.cursors = append(o.cursors, cur); len(o.cursors) > cursorsAtOnce {
		o.cursors = slices.Delete(o.cursors, 0, 1)
	}
	return o.page(c, cur, 0)
}

func (o *Org) queryMore(c call) reply {
	id, at, _ := strings.Cut(c.path[1], "-")
	offset, err := strconv.Atoi(at)
	i := slices.IndexFunc(o.cursors, func(cur *cursor) bool { return cur.id == id })
	if i < 0 || err != nil || offset < 0 || offset >= len(o.cursors[i].records) || o.now().Sub(o.cursors[i].opened) > cursorLife {
		return refuse("INVALID_QUERY_LOCATOR", "invalid query locator").reply()
	}
	return o.page(c, o.cursors[i], offset)
}

// page answers the records from an offset. Also after queryAll the next page
// is under /query/. Salesforce does not promise the size that was asked for.
func (o *Org) page(c call, cur *cursor, offset int) reply {
	size := cur.size
	if o.shrinking != nil {
		size = 1 + o.shrinking.IntN(size)
	}
	end := min(offset+size, len(cur.records))
	body := map[string]any{"totalSize": len(cur.records), "done": end == len(cur.records), "records": cur.records[offset:end]}
	if end < len(cur.records) {
		body["nextRecordsUrl"] = c.base + "/query/" + cur.id + "-" + strconv.Itoa(end)
	}
	return reply{http.StatusOK, nil, body}
}

func (o *Org) pageSize(c call) int {
	if o.opts.PageSize > 0 {
		return o.opts.PageSize
	}
	for part := range strings.SplitSeq(c.header.Get("Sforce-Query-Options"), ",") {
		name, value, _ := strings.Cut(part, "=")
		if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && strings.EqualFold(strings.TrimSpace(name), "batchSize") {
			return min(max(n, minPage), maxPage)
		}
	}
	return maxPage
}
