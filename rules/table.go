package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A column is one fact of a table: its name and every value it can have.
type column struct {
	name   string
	values []string
}

// A table is a decision table, proven complete and unambiguous: each
// combination of fact values has exactly one row. The order of rows means
// nothing.
type table struct {
	name    string // policy.table, such as cancellation.request
	title   string // one sentence for people
	text    string // the Markdown it was read from
	line    int    // of the heading, where the text was found; 1 for our own
	columns []column
	terms   []string // what a row's then may say
	rows    []row
	lookup  []uint16 // row index by combination, see index
}

type row struct {
	id      string
	cells   []uint64 // a bit for each value of the column that the cell admits
	then    []string
	because string
	line    int
}

// parseTable reads a Markdown table whose columns are row, the given facts,
// then, because. A cell is "-" (any value) or a comma-separated list of values.
// It reports everything wrong at once: bad cells, unknown terms, gaps with the
// combination that has no row, overlaps with the combination that has two.
func parseTable(name, title, text string, columns []column, terms []string) (*table, error) {
	return parseTableAt(1, name, title, text, columns, terms)
}

// parseTableAt is parseTable for a table whose heading stands in the given line
// of a file; errors count from there.
func parseTableAt(line int, name, title, text string, columns []column, terms []string) (*table, error) {
	t := &table{name: name, title: title, text: strings.TrimSpace(text), line: line, columns: columns, terms: terms}
	errs := t.parse()
	if len(errs) == 0 {
		errs = t.fill()
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return t, nil
}

func (t *table) parse() (errs []error) {
	want := []string{"row"}
	for _, c := range t.columns {
		want = append(want, c.name)
	}
	want = append(want, "then", "because")

	seen := map[string]int{}
	for i, line := range strings.Split(t.text, "\n") {
		at := t.line + i
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s:%d: %w", t.name, at, fmt.Errorf(format, args...)))
		}
		cells := splitCells(line)
		switch {
		case i == 0:
			if !slices.Equal(cells, want) {
				bad("the columns are %s, want %s", strings.Join(cells, ", "), strings.Join(want, ", "))
				return errs
			}
			continue
		case i == 1:
			if !strings.Contains(line, "-") || strings.Trim(line, "|-: \t") != "" {
				bad("a line such as |---|---| must stand below the heading")
				return errs
			}
			continue
		case len(cells) != len(want):
			bad("%d cells, want %d (%s)", len(cells), len(want), strings.Join(want, ", "))
			continue
		}
		r := row{id: cells[0], because: cells[len(cells)-1], line: at}
		if first, again := seen[r.id]; again {
			bad("row %s stands in line %d already", r.id, first)
		}
		seen[r.id] = at
		if r.id == "" {
			bad("a row without an id")
		}
		if head, _, ok := strings.Cut(r.because, ": "); !ok || !isCitation(head) {
			bad("row %s: because must begin with the requirement's number, such as %q", r.id, "MIL-9: ...")
		}
		for j, c := range t.columns {
			bits, unknown := c.bits(cells[j+1])
			if len(unknown) > 0 {
				bad("row %s: %s has no value %q; it has %s", r.id, c.name, unknown[0], strings.Join(c.values, ", "))
			}
			r.cells = append(r.cells, bits)
		}
		for _, term := range strings.Split(cells[len(cells)-2], ",") {
			term = strings.TrimSpace(term)
			if !slices.Contains(t.terms, term) {
				bad("row %s: no such verb %q; there are %s", r.id, term, strings.Join(t.terms, ", "))
			}
			if slices.Contains(r.then, term) {
				bad("row %s: %q stands there twice", r.id, term)
			}
			r.then = append(r.then, term)
		}
		if len(r.then) > 1 && slices.Contains(r.then, "nothing") {
			bad("row %s: nothing cannot be done together with something", r.id)
		}
		t.rows = append(t.rows, r)
	}
	return errs
}

// fill makes the lookup and finds gaps and overlaps on the way.
func (t *table) fill() (errs []error) {
	size := 1
	for _, c := range t.columns {
		size *= len(c.values)
	}
	t.lookup = make([]uint16, size)
	told := map[string]bool{} // one combination is enough for a pair of rows
	gaps := 0
	values := make([]int, len(t.columns))
	for at := range t.lookup {
		rest := at
		for j := len(t.columns) - 1; j >= 0; j-- {
			values[j] = rest % len(t.columns[j].values)
			rest /= len(t.columns[j].values)
		}
		found := -1
		for i := range t.rows {
			if !t.rows[i].admits(values) {
				continue
			}
			if found < 0 {
				found = i
				continue
			}
			pair := t.rows[found].id + " and " + t.rows[i].id
			if !told[pair] {
				told[pair] = true
				errs = append(errs, fmt.Errorf("%s:%d: rows %s overlap for %s", t.name, t.rows[i].line, pair, t.combination(values)))
			}
		}
		if found < 0 {
			if gaps++; gaps <= 5 {
				errs = append(errs, fmt.Errorf("%s:%d: no row for %s", t.name, t.line, t.combination(values)))
			}
			continue
		}
		t.lookup[at] = uint16(found)
	}
	if gaps > 5 {
		errs = append(errs, fmt.Errorf("%s:%d: and no row for %d more combinations", t.name, t.line, gaps-5))
	}
	return errs
}

// decide returns the one row for the facts, which must be in column order.
func (t *table) decide(facts []Fact) *row {
	return &t.rows[t.lookup[t.index(facts)]]
}

// index is the place of a combination in lookup. A value that the column does
// not have is a defect of the policy's code, not of its input.
func (t *table) index(facts []Fact) int {
	at := 0
	for j, c := range t.columns {
		v := slices.Index(c.values, facts[j].Value)
		if v < 0 || facts[j].Name != c.name {
			panic(fmt.Sprintf("rules: %s: fact %s=%s does not fit column %s", t.name, facts[j].Name, facts[j].Value, c.name))
		}
		at = at*len(c.values) + v
	}
	return at
}

// differs names the first fact that keeps the row from applying; empty if the
// row applies.
func (t *table) differs(r *row, facts []Fact) string {
	for j, c := range t.columns {
		v := slices.Index(c.values, facts[j].Value)
		if v < 0 || r.cells[j]&(1<<v) == 0 {
			return c.name
		}
	}
	return ""
}

func (t *table) combination(values []int) string {
	var b strings.Builder
	for j, c := range t.columns {
		if j > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.name + "=" + c.values[values[j]])
	}
	return b.String()
}

func (r *row) admits(values []int) bool {
	for j, v := range values {
		if r.cells[j]&(1<<v) == 0 {
			return false
		}
	}
	return true
}

func (c column) bits(cell string) (bits uint64, unknown []string) {
	if cell == "-" {
		return 1<<len(c.values) - 1, nil
	}
	for _, v := range strings.Split(cell, ",") {
		v = strings.TrimSpace(v)
		i := slices.Index(c.values, v)
		if i < 0 {
			unknown = append(unknown, v)
			continue
		}
		bits |= 1 << i
	}
	return bits, unknown
}

func splitCells(line string) []string {
	line = strings.TrimSpace(line)
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	cells := strings.Split(line, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// isCitation reports whether s is a list of requirement numbers such as
// "MIL-13, MIL-A5" or "HOLD-1 to 4".
func isCitation(s string) bool {
	for _, one := range strings.Split(s, ", ") {
		book, number, ok := strings.Cut(one, "-")
		if !ok || number == "" || !slices.Contains([]string{"MIL", "HOLD", "OPS", "ASG", "BD"}, book) {
			return false
		}
	}
	return true
}
