package gather

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"standdown/connectors"
)

// find answers the queries, with as few others as possible.
func find(ctx context.Context, look connectors.Lookup, queries []connectors.Query) []connectors.Found {
	answers := make([]connectors.Found, len(queries))
	joint := join(queries)
	asked := make([]connectors.Query, len(joint))
	for i, j := range joint {
		asked[i] = j.query
	}
	var alone []int // those that are asked after all
	for i, found := range connectors.FindAll(ctx, look, asked) {
		j := joint[i]
		switch {
		case j.by == same, found.Err != nil && connectors.ClassOf(found.Err) != connectors.Rejected:
			for _, n := range j.of {
				answers[n] = found
			}
		case found.Err != nil || !j.handBack(found.Records, queries, answers):
			alone = append(alone, j.of...)
		}
	}
	if len(alone) == 0 {
		return answers
	}
	asked = asked[:0]
	for _, n := range alone {
		asked = append(asked, queries[n])
	}
	for i, found := range connectors.FindAll(ctx, look, asked) {
		answers[alone[i]] = found
	}
	return answers
}

// A joined query is asked in place of others.
type joined struct {
	query connectors.Query
	of    []int // those that it stands for
	by    int   // the one condition in which they differ, or same
}

// same is for queries that differ in nothing.
const same = -1

// join makes one query of those that differ in the value of one condition only.
// Where that could be several conditions, it is the one that leaves the fewest
// queries.
func join(queries []connectors.Query) []joined {
	all := make([]int, len(queries))
	forms := make([]form, len(queries))
	for n, q := range queries {
		all[n], forms[n] = n, formOf(q)
	}
	var joint []joined
	for _, alike := range groups(all, func(n int) string { return forms[n].outline }) {
		best, by := groups(alike, func(n int) string { return forms[n].without(same) }), same
		for i := range queries[alike[0]].Where {
			if !forms[alike[0]].plain[i] {
				continue
			}
			if fewer := groups(alike, func(n int) string { return forms[n].without(i) }); len(fewer) < len(best) {
				best, by = fewer, i
			}
		}
		for _, of := range best {
			for _, some := range spelled(queries, of, by) {
				joint = append(joint, joinOne(queries, forms, some, by))
			}
		}
	}
	return joint
}

// spelled divides queries so that no two of those that stay together ask for texts
// that differ in the case of letters alone: most fields do not tell these apart,
// and some do.
func spelled(queries []connectors.Query, of []int, by int) [][]int {
	if by == same {
		return [][]int{of}
	}
	spelling := map[string]string{}
	var all [][]int
	for rest := of; len(rest) > 0; {
		clear(spelling)
		var some, others []int
		for _, n := range rest {
			values := texts(queries[n].Where[by])
			if slices.ContainsFunc(values, func(v string) bool { is, ok := spelling[strings.ToLower(v)]; return ok && is != v }) {
				others = append(others, n)
				continue
			}
			for _, v := range values {
				spelling[strings.ToLower(v)] = v
			}
			some = append(some, n)
		}
		all, rest = append(all, some), others
	}
	return all
}

// joinOne makes one query of all that differ in condition number by only.
func joinOne(queries []connectors.Query, forms []form, of []int, by int) joined {
	q := queries[of[0]]
	if by == same || !slices.ContainsFunc(of, func(n int) bool { return forms[n].conds[by] != forms[of[0]].conds[by] }) {
		return joined{q, of, same}
	}
	values := map[string]bool{}
	for _, n := range of {
		for _, v := range texts(queries[n].Where[by]) {
			values[v] = true
		}
	}
	q.Where = slices.Clone(q.Where)
	field := q.Where[by].Field
	q.Where[by] = connectors.Cond{Field: field, Op: "in", Value: slices.Sorted(maps.Keys(values))}
	if field != "Id" && !slices.Contains(q.Fields, field) {
		q.Fields = append(slices.Clone(q.Fields), field)
	}
	return joined{q, of, by}
}

// A form is what tells whether queries can be joined: those of one outline can,
// by a condition that is plain, if they are the same without it.
type form struct {
	outline string
	conds   []string
	plain   []bool
}

func formOf(q connectors.Query) form {
	f := form{conds: make([]string, len(q.Where)), plain: make([]bool, len(q.Where))}
	outline := spell(nil, q.Kind)
	outline = spell(outline, q.Fields...)
	for i, c := range q.Where {
		f.conds[i], f.plain[i] = condOf(c), isPlain(c)
		outline = strconv.AppendBool(spell(outline, c.Field), f.plain[i])
	}
	f.outline = string(outline)
	return f
}

func condOf(c connectors.Cond) string {
	switch v := c.Value.(type) {
	case string:
		return string(spell([]byte("text "), c.Op, v))
	case []string:
		return string(spell(spell([]byte("texts "), c.Op), v...))
	}
	return fmt.Sprintf("%s %T %#v", c.Op, c.Value, c.Value)
}

// spell appends texts, and how many and how long they are, so that others cannot
// come out the same. To quote them was a fifteenth of the work of a plan.
func spell(to []byte, texts ...string) []byte {
	to = append(strconv.AppendInt(to, int64(len(texts)), 10), ' ')
	for _, text := range texts {
		to = append(strconv.AppendInt(to, int64(len(text)), 10), ' ')
		to = append(to, text...)
	}
	return to
}

func (f form) without(i int) string {
	var others strings.Builder
	for n, c := range f.conds {
		if n != i {
			others.WriteString(c)
			others.WriteByte(0)
		}
	}
	return others.String()
}

// groups divides the numbers by key, both in the order in which they come.
func groups(numbers []int, key func(int) string) [][]int {
	var all [][]int
	known := map[string]int{}
	for _, n := range numbers {
		k := key(n)
		i, ok := known[k]
		if !ok {
			i = len(all)
			known[k] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], n)
	}
	return all
}
