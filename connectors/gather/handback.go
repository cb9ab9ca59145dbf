package gather

import (
	"slices"
	"strings"

	"standdown/connectors"
)

// handBack gives each query the records that it asked for, by their values. It
// reports false if there is a record that nobody seems to have asked for: then
// the system compares otherwise than is thought here.
func (j joined) handBack(records []connectors.Record, queries []connectors.Query, answers []connectors.Found) bool {
	field := j.query.Where[j.by].Field
	having := map[string][]int{} // records by value
	for i, r := range records {
		value, _ := valueOf(r, field).(string)
		having[strings.ToLower(value)] = append(having[strings.ToLower(value)], i)
	}
	claimed := map[string]bool{}
	for _, n := range j.of {
		var mine []int
		for _, v := range texts(queries[n].Where[j.by]) {
			v = strings.ToLower(v)
			claimed[v] = true
			mine = append(mine, having[v]...)
		}
		slices.Sort(mine) // the records come in the order of ids
		answers[n] = connectors.Found{}
		for _, i := range slices.Compact(mine) {
			r := records[i]
			if len(j.query.Fields) > len(queries[n].Fields) {
				r.Fields = pick(r.Fields, queries[n].Fields)
			}
			answers[n].Records = append(answers[n].Records, r)
		}
	}
	for v := range having {
		if !claimed[v] {
			return false
		}
	}
	return true
}

// isPlain tells whether it is certain which records a condition is true for: it
// is about text, and the text about letters, digits and signs of which nobody
// could think that another text is the same, but for the case of letters. An
// empty text may stand for an empty field, a time be written otherwise, choices
// be in another order, and an id of 15 characters be that of a record which
// answers with 18.
func isPlain(c connectors.Cond) bool {
	if c.Op != "=" && c.Op != "in" {
		return false
	}
	values := texts(c)
	for _, v := range values {
		odd := strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' || r == ':' || r == ';' })
		if odd || v == "" || len(v) == 15 || v != strings.TrimSpace(v) {
			return false
		}
	}
	return len(values) > 0
}

// texts are the values that a condition asks for; nil if they are no texts.
func texts(c connectors.Cond) []string {
	switch v := c.Value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

// valueOf is the value at a path that leads through parents by dots.
func valueOf(r connectors.Record, path string) any {
	if path == "Id" {
		return r.Ref.ID
	}
	fields := r.Fields
	for {
		name, rest, dotted := strings.Cut(path, ".")
		if !dotted {
			return fields[name]
		}
		fields, _ = fields[name].(map[string]any)
		path = rest
	}
}

// pick copies the fields at the paths, without others.
func pick(fields map[string]any, paths []string) map[string]any {
	picked := map[string]any{}
	behind := map[string][]string{}
	for _, path := range paths {
		name, rest, dotted := strings.Cut(path, ".")
		if dotted {
			behind[name] = append(behind[name], rest)
			continue
		}
		picked[name] = fields[name]
	}
	for name, rest := range behind {
		picked[name] = nil
		if parent, ok := fields[name].(map[string]any); ok {
			picked[name] = pick(parent, rest)
		}
	}
	return picked
}
