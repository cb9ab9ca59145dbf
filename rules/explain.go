package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// TableInfo is a decision table as people see it.
type TableInfo struct {
	Name  string    `json:"name"`  // such as cancellation.request
	Title string    `json:"title"` // one sentence
	Text  string    `json:"text"`  // the Markdown table that runs
	Rows  []RowInfo `json:"rows"`
}

// RowInfo is one row of a table.
type RowInfo struct {
	ID      string   `json:"id"`
	Because string   `json:"because"`
	Then    []string `json:"then"`
}

// Tables returns every table of every rule book, in reading order.
func (b *Book) Tables() []TableInfo {
	var all []TableInfo
	for _, t := range b.tables() {
		info := TableInfo{Name: t.name, Title: t.title, Text: t.text}
		for _, r := range t.rows {
			info.Rows = append(info.Rows, RowInfo{ID: r.id, Because: r.because, Then: slices.Clone(r.then)})
		}
		all = append(all, info)
	}
	return all
}

// Show returns every table as Markdown: for each a heading with its name, its
// title, and the table. CheckTables reads it back.
func (b *Book) Show() string {
	var out strings.Builder
	for i, t := range b.tables() {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "## %s\n\n%s\n\n%s\n", t.name, t.title, t.text)
	}
	return out.String()
}

// Explain tells how the decision came about: each fact with its reason, each
// row of the table with why it did not apply, the settings that turn the
// requirements of that table, with this book's values, and what follows. It
// also takes decisions of earlier versions, whose table may have changed since;
// then it tells what the decision itself holds.
func (b *Book) Explain(d Decision) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s decided by row %s for %s\n", d.Table, d.Row, d.Subject)
	fmt.Fprintf(&out, "because %s\n\n", d.Because)

	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, f := range d.Facts {
		fmt.Fprintf(w, "fact\t%s\t%s\t%s\n", f.Name, f.Value, f.Reason)
	}
	w.Flush()
	t := b.table(d.Table)
	if t != nil && t.fits(d.Facts) {
		for i := range t.rows {
			r := &t.rows[i]
			verdict := "applies"
			if name := t.differs(r, d.Facts); name != "" {
				verdict = "no: " + name + " differs"
			}
			fmt.Fprintf(w, "row\t%s\t%s\n", r.id, verdict)
		}
		w.Flush()
	} else {
		out.WriteString("(the table has other columns now; its rows are not compared)\n")
	}
	if t != nil {
		for _, key := range t.turning() {
			fmt.Fprintf(w, "set\t%s\t%s\n", key, b.settings.value(key))
		}
		w.Flush()
	}
	for i, a := range d.Actions {
		fmt.Fprintf(w, "do\t%d\t%s\n", i+1, a)
		for _, name := range slices.Sorted(maps.Keys(a.Args)) {
			fmt.Fprintf(w, "\t\t%s: %s\n", name, strings.ReplaceAll(a.Args[name], "\n", " / "))
		}
		if a.Approve != "" {
			fmt.Fprintf(w, "\t\ta person must approve: %s\n", a.Approve)
		}
	}
	if len(d.Actions) == 0 {
		fmt.Fprint(w, "do\tnothing\n")
	}
	if d.Withdraws {
		fmt.Fprint(w, "stop\twhat earlier decisions asked for and still waits for a person\n")
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "warn\t%s\n", warning)
	}
	for _, line := range d.Deadlines {
		at := "taken off"
		if !line.At.IsZero() {
			at = line.At.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "due\t%s\t%s\t%s\n", line.Kind, line.Subject, at)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Remember)) {
		value := d.Remember[key]
		if value == "" {
			value = "(forgotten)"
		}
		fmt.Fprintf(w, "keep\t%s\t%s\n", key, value)
	}
	w.Flush()
	return out.String()
}

// CheckTables reads tables as printed by [Book.Show], perhaps edited, and
// proves each as Load would. The errors name the table and the line of the
// given text. Tables that are left out are not missed: they stay as they are.
func CheckTables(markdown string) []error {
	b, err := Load(Defaults())
	if err != nil {
		return []error{err}
	}
	var errs []error
	seen := map[string]int{}
	lines := strings.Split(strings.ReplaceAll(markdown, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		name, ok := strings.CutPrefix(lines[i], "## ")
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		at := i + 1
		t := b.table(name)
		if t == nil {
			errs = append(errs, fmt.Errorf("%s:%d: no such table; there are %s", name, at, strings.Join(b.tableNames(), ", ")))
			continue
		}
		if first, again := seen[name]; again {
			errs = append(errs, fmt.Errorf("%s:%d: the table stands in line %d already", name, at, first))
			continue
		}
		seen[name] = at
		begin := i + 1
		for begin < len(lines) && !isTableLine(lines[begin]) && !strings.HasPrefix(lines[begin], "## ") {
			begin++
		}
		end := begin
		for end < len(lines) && isTableLine(lines[end]) {
			end++
		}
		if begin == end {
			errs = append(errs, fmt.Errorf("%s:%d: no table follows the heading", name, at))
			continue
		}
		text := strings.Join(lines[begin:end], "\n")
		if _, err := parseTableAt(begin+1, name, t.title, text, t.columns, t.terms); err != nil {
			errs = append(errs, err.(interface{ Unwrap() []error }).Unwrap()...)
		}
		i = end - 1
	}
	if len(seen) == 0 && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("no table found; want a heading such as \"## %s\" and the table below it", b.tableNames()[0]))
	}
	return errs
}

func isTableLine(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "|") }

func (b *Book) tables() []*table {
	var all []*table
	for _, p := range b.policies {
		all = append(all, p.tables()...)
	}
	return all
}

func (b *Book) table(name string) *table {
	for _, t := range b.tables() {
		if t.name == name {
			return t
		}
	}
	return nil
}

func (b *Book) tableNames() []string {
	var names []string
	for _, t := range b.tables() {
		names = append(names, t.name)
	}
	return names
}

// fits reports whether the facts are those of the table's columns.
func (t *table) fits(facts []Fact) bool {
	return slices.EqualFunc(t.columns, facts, func(c column, f Fact) bool { return c.name == f.Name })
}
