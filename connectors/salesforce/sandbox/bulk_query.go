package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// bulkPage is how many rows an answer has when the caller does not say.
const bulkPage = 50_000

// run runs the query of a job. Salesforce takes no subqueries and no
// aggregates here.
func (j *job) run(o *Org) *Error {
	if j.operation != "query" && j.operation != "queryAll" {
		return refuse("INVALIDJOB", "unknown operation %s", abbreviate(j.operation))
	}
	st, serr := parse(j.soql)
	if serr != nil {
		return serr.in(j.soql)
	}
	for _, item := range st.items {
		if item.children != nil || item.function != "" {
			return refuse("API_ERROR", "%s is not supported by the Bulk API", "An aggregate or a subquery")
		}
		j.header = append(j.header, item.path.String())
	}
	if st.count {
		return refuse("API_ERROR", "%s is not supported by the Bulk API", "COUNT()")
	}
	res, err := o.store.query(j.soql, "", j.operation == "queryAll", j.grants)
	if err != nil {
		return err
	}
	j.object = st.from.String()
	for _, record := range res.records {
		line := make([]string, len(st.items))
		for i, item := range st.items {
			line[i] = cell(record, item.path.names, j.object, st.alias)
		}
		j.table = append(j.table, line)
	}
	j.state = "JobComplete"
	return nil
}

// cell writes a value that lies under some names. Times end in Z in CSV.
func cell(record map[string]any, names []string, object, alias string) string {
	if len(names) > 1 && (strings.EqualFold(names[0], alias) || strings.EqualFold(names[0], object)) {
		names = names[1:]
	}
	for key, v := range record {
		if !strings.EqualFold(key, names[0]) {
			continue
		}
		if inner, ok := v.(map[string]any); ok && len(names) > 1 {
			return cell(inner, names[1:], "", "")
		}
		if v == nil {
			return ""
		}
		if n, ok := v.(float64); ok {
			return strconv.FormatFloat(n, 'f', -1, 64)
		}
		text := fmt.Sprint(v)
		if at, ok := parseDateTime(text); ok {
			return at.Format("2006-01-02T15:04:05.000Z")
		}
		return text
	}
	return ""
}

// found answers a page of the rows that a query found.
func (j *job) found(c call) reply {
	if j.state != "JobComplete" {
		return refuse("INVALIDJOBSTATE", "the job is %s", j.state).reply()
	}
	size, err := strconv.Atoi(c.query.Get("maxRecords"))
	if err != nil || size <= 0 {
		size = bulkPage
	}
	from, err := strconv.Atoi(c.query.Get("locator"))
	if given := c.query.Get("locator"); given != "" && (err != nil || from < 0 || from > len(j.table)) {
		return refuse("INVALID_QUERY_LOCATOR", "invalid query locator").reply()
	}
	to := min(from+size, len(j.table))
	next := "null"
	if to < len(j.table) {
		next = strconv.Itoa(to)
	}
	return reply{http.StatusOK, map[string]string{"Sforce-Locator": next, "Sforce-NumberOfRecords": strconv.Itoa(to - from)},
		j.write(j.header, j.table[from:to])}
}
