package rules

import (
	_ "embed" // for requirements.md
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed requirements.md
var requirementsText string

// A Requirement is one numbered statement of the rule books, and what carries
// it out.
type Requirement struct {
	Number string `json:"number"`
	Says   string `json:"says"`
	// Rows are those whose because cites the number: "cancellation.request C4".
	Rows []string `json:"rows,omitempty"`
	// Verbs are those whose description cites it.
	Verbs []string `json:"verbs,omitempty"`
	// Settings turn it: "cancellation.business_days".
	Settings []string `json:"settings,omitempty"`
	// How tells what else carries it out, or why nothing does.
	How string `json:"how,omitempty"`
}

// Covered reports whether something carries the requirement out, or a reason
// is recorded why nothing does.
func (r Requirement) Covered() bool {
	return len(r.Rows)+len(r.Verbs)+len(r.Settings) > 0 || r.How != ""
}

// Requirements returns every requirement of every rule book, in their order.
func (b *Book) Requirements() []Requirement {
	rows, verbs := map[string][]string{}, map[string][]string{}
	for _, t := range b.tables() {
		for _, r := range t.rows {
			for _, number := range r.citations() {
				rows[number] = append(rows[number], t.name+" "+r.id)
			}
		}
	}
	for _, p := range b.policies {
		for _, v := range p.verbs() {
			for _, number := range citations(v.Does) {
				if !slices.Contains(verbs[number], v.Name) {
					verbs[number] = append(verbs[number], v.Name)
				}
			}
		}
	}
	all := readRequirements(requirementsText)
	for i, r := range all {
		all[i].Rows, all[i].Verbs = rows[r.Number], verbs[r.Number]
	}
	return all
}

// turning returns the settings that turn a requirement which a row of the table
// carries out, in the order of their names.
func (t *table) turning() []string {
	cited := map[string]bool{}
	for _, r := range t.rows {
		for _, number := range r.citations() {
			cited[number] = true
		}
	}
	var keys []string
	for _, r := range readRequirements(requirementsText) {
		if cited[r.Number] {
			keys = append(keys, r.Settings...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// value writes the value of a setting, such as cancellation.business_days.
func (s Settings) value(key string) string {
	at := reflect.ValueOf(s)
	for _, name := range strings.Split(key, ".") {
		at = at.FieldByIndex(fieldCalled(at.Type(), name).Index)
	}
	if at.Kind() != reflect.Slice {
		return valueOrNone(fmt.Sprint(at.Interface()))
	}
	var all []string
	for i := range at.Len() {
		all = append(all, fmt.Sprint(at.Index(i).Interface()))
	}
	return valueOrNone(strings.Join(all, ", "))
}

// fieldCalled finds the field by its key. Tests prove that the keys of
// requirements.md are those of the settings.
func fieldCalled(of reflect.Type, key string) reflect.StructField {
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name == key {
			return field
		}
	}
	panic("rules: requirements.md names a setting " + key + " that " + of.Name() + " does not have")
}

func valueOrNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// readRequirements reads the tables of requirements.md.
func readRequirements(text string) []Requirement {
	var all []Requirement
	for line := range strings.Lines(text) {
		cells := splitCells(line)
		if len(cells) != 4 || !isCitation(cells[0]) {
			continue
		}
		r := Requirement{Number: cells[0], Says: cells[1], How: cells[3]}
		if cells[2] != "" {
			r.Settings = strings.Split(cells[2], ", ")
		}
		all = append(all, r)
	}
	return all
}

var citation = regexp.MustCompile(`\b(OPS|MIL|ASG|HOLD|BD)-([AR]?)([0-9]+)(?: to ([0-9]+))?`)

// citations are the numbers with which the row's because begins.
func (r *row) citations() []string {
	head, _, _ := strings.Cut(r.because, ": ")
	return citations(head)
}

// citations returns the numbers that a text cites; "MIL-22 to 25" are four.
func citations(text string) []string {
	var all []string
	for _, m := range citation.FindAllStringSubmatch(text, -1) {
		first, _ := strconv.Atoi(m[3])
		last, _ := strconv.Atoi(m[4])
		for n := first; n <= max(first, last); n++ {
			all = append(all, m[1]+"-"+m[2]+strconv.Itoa(n))
		}
	}
	return all
}
