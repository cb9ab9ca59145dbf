package web

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// mostExported is how many lines one file has at most.
const mostExported = 100_000

// A list is something that can be had page by page, and as a file.
type list[T any] struct {
	name    string // of the file
	columns []string
	line    func(T) []string
	// page returns what comes after a place, empty for the beginning, and the
	// place where it ends, empty if that is the end of the list.
	page func(after string, limit int) ([]T, string, error)
}

// export answers with all of the list as CSV or JSON.
func (l list[T]) export(w http.ResponseWriter, format string) error {
	if format != "csv" && format != "json" {
		return refuse(http.StatusBadRequest, "There is no format %q; there are csv and json.", format)
	}
	const atOnce = 500
	all, next, err := l.page("", atOnce)
	if err != nil {
		return err // while an answer can still be refused
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+l.name+"."+format+`"`)
	write, end := l.csv(w)
	if format == "json" {
		write, end = l.json(w)
	}
	for written := 0; written < mostExported; written += len(all) {
		for _, one := range all {
			if write(one) != nil {
				return nil // nobody reads it any more
			}
		}
		if next == "" {
			break
		}
		if all, next, err = l.page(next, atOnce); err != nil {
			// The answer has begun: cut it off, so that nobody takes it for whole.
			panic(http.ErrAbortHandler)
		}
	}
	end()
	return nil
}

func (l list[T]) csv(w http.ResponseWriter) (write func(T) error, end func()) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	out := csv.NewWriter(w)
	out.Write(l.columns) // an error comes again with the next line
	return func(one T) error { return out.Write(harmless(l.line(one))) }, out.Flush
}

// json writes an array, each thing on a line of its own.
func (l list[T]) json(w http.ResponseWriter) (write func(T) error, end func()) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	before := "[\n"
	write = func(one T) error {
		text, err := json.Marshal(one)
		if err == nil {
			_, err = io.WriteString(w, before+string(text))
		}
		before = ",\n"
		return err
	}
	return write, func() {
		if before == "[\n" {
			io.WriteString(w, "[")
		}
		io.WriteString(w, "\n]\n")
	}
}

// harmless keeps spreadsheets from taking what others wrote for formulas.
func harmless(cells []string) []string {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells
}

// with is the page's own address with other values; empty ones are left out.
func with(r *http.Request, pairs ...string) string {
	query := url.Values{}
	for name, values := range r.URL.Query() {
		if len(values) > 0 && values[0] != "" {
			query[name] = values
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		query.Del(pairs[i])
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return r.URL.Path + "?" + query.Encode()
}

// dayOf reads a date of the query: the midnight at its beginning in the site's
// zone, some days later.
func (s *site) dayOf(r *http.Request, name string, later int) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, s.zone)
	if err != nil {
		return day, refuse(http.StatusBadRequest, "%s is no day such as 2026-03-31: %q.", name, text)
	}
	return day.AddDate(0, 0, later), nil
}
