package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A result is what a query found. Of a bare count there are no records.
type result struct {
	total   int
	records []map[string]any
}

// query parses, binds and runs a statement.
func (s *store) query(soql, base string, deleted bool, g grants) (result, *Error) {
	p, err := s.compile(soql, base, deleted, g)
	if err != nil {
		return result{}, err
	}
	return p.run(p.rows()), nil
}

func (s *store) compile(soql, base string, deleted bool, g grants) (*plan, *Error) {
	st, err := parse(soql)
	if err != nil {
		return nil, err.in(soql)
	}
	b := binder{store: s, base: base, deleted: deleted, grants: g, semiJoins: new(int)}
	p, err := b.nested(st, g.entity(s.schema, st.from.names[0]))
	if err != nil {
		return nil, err.in(soql)
	}
	return p, nil
}

// A plan is a statement whose names have a meaning.
type plan struct {
	binder
	items     []planItem
	count     bool
	aggregate bool
	where     test
	order     []sortKey
	limit     int
	offset    int
}

// A planItem is a column, a count of a column, or a list of child rows.
type planItem struct {
	column   column
	name     string // of a count or a list
	children *plan
	link     *Field // the field of the children that points to the parent
}

type sortKey struct {
	column    column
	desc      bool
	nullsLast bool
}

// nested plans a statement about an entity within the statement of b.
func (b binder) nested(st *statement, e *entity) (*plan, *soqlError) {
	if e == nil {
		return nil, &soqlError{"INVALID_TYPE", st.from.pos, "sObject type '" + st.from.String() + "' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."}
	}
	b.entity, b.alias, b.among = e, st.alias, nil
	p := &plan{binder: b, count: st.count, limit: st.limit, offset: st.offset}
	if err := p.selectItems(st); err != nil {
		return nil, err
	}
	for _, o := range st.order {
		c, err := p.column(o.path)
		if err != nil {
			return nil, err
		}
		if c.field.Type == LongText || c.field.Type == MultiPicklist {
			return nil, &soqlError{"INVALID_FIELD", o.path.pos, "field '" + c.field.Name + "' can not be sorted in a query call"}
		}
		p.order = append(p.order, sortKey{c, o.desc, o.nullsLast})
	}
	var err *soqlError
	p.where, err = p.condition(st.where, false)
	return p, err
}

func (p *plan) selectItems(st *statement) *soqlError {
	seen := map[string]bool{}
	counts := 0
	for i, item := range st.items {
		switch {
		case item.children != nil:
			if err := p.selectChildren(item); err != nil {
				return err
			}
		case item.function == "FIELDS":
			if err := p.selectGroup(item, st.limit); err != nil {
				return err
			}
		default:
			c, err := p.column(item.path)
			if err != nil {
				return err
			}
			it := planItem{column: c}
			if item.function == "COUNT" {
				counts++
				if it.name = item.alias; it.name == "" {
					it.name = "expr" + strconv.Itoa(i)
				}
			} else if seen[strings.ToLower(item.path.String())] {
				return &soqlError{"INVALID_FIELD", item.path.pos, "duplicate field selected: " + item.path.String()}
			}
			seen[strings.ToLower(item.path.String())] = item.function == ""
			p.items = append(p.items, it)
		}
	}
	p.aggregate = counts > 0
	if p.aggregate && counts != len(p.items) {
		return malformed(st.items[0].path.pos, "Field must be grouped or aggregated")
	}
	return nil
}

func (p *plan) selectChildren(item selectItem) *soqlError {
	name := item.children.from
	c, ok := p.entity.children[strings.ToLower(name.String())]
	if !ok || p.grants.object(c.entity) == NoAccess {
		return &soqlError{"INVALID_TYPE", name.pos, "Didn't understand relationship '" + name.String() + "' in FROM part of query call." +
			naming("relationship", "r")}
	}
	inner, err := p.nested(item.children, c.entity)
	if err != nil {
		return err
	}
	p.items = append(p.items, planItem{name: c.field.Children, children: inner, link: c.field})
	return nil
}

func (p *plan) selectGroup(item selectItem, limit int) *soqlError {
	group := strings.ToUpper(item.path.String())
	if group != "ALL" && group != "STANDARD" && group != "CUSTOM" {
		return malformed(item.path.pos, "unexpected token: '%s', expecting ALL, STANDARD or CUSTOM", item.path)
	}
	if group != "STANDARD" && (limit < 0 || limit > 200) {
		return malformed(item.path.pos, "The SOQL FIELDS function must have a LIMIT of at most 200")
	}
	for i := range p.entity.Fields {
		if f := &p.entity.Fields[i]; p.grants.to(p.entity, f) != NoAccess && (group == "ALL" || f.custom() == (group == "CUSTOM")) {
			p.items = append(p.items, planItem{column: column{field: f}})
		}
	}
	return nil
}

// rows finds the wanted rows, in order, before LIMIT and OFFSET. Without
// ORDER BY they come by id, that is in order of creation.
func (p *plan) rows() []row {
	var list []row
	candidates := p.store.tables[p.entity].ids
	if p.among != nil {
		candidates = p.among
	}
	for _, r := range p.store.those(p.entity, candidates) {
		hidden := r["IsDeleted"] == true || r["IsArchived"] == true
		if (p.deleted || !hidden) && p.grants.sees(r) && p.where(r) {
			list = append(list, r)
		}
	}
	if !slices.IsSortedFunc(list, p.less) { // as where rows are read in the order in which they were made
		slices.SortStableFunc(list, p.less)
	}
	return list
}

func (p *plan) less(a, b row) int {
	for _, k := range p.order {
		va, vb := p.value(a, k.column), p.value(b, k.column)
		if va == nil && vb == nil {
			continue
		}
		if va == nil || vb == nil {
			if (va == nil) == k.nullsLast {
				return 1
			}
			return -1
		}
		if order := k.column.field.compare(va, vb); order != 0 {
			if k.desc {
				return -order
			}
			return order
		}
	}
	return 0
}

func (p *plan) run(rows []row) result {
	if p.aggregate {
		return result{1, []map[string]any{p.counts(rows)}}
	}
	rows = rows[min(p.offset, len(rows)):]
	if p.limit >= 0 {
		rows = rows[:min(p.limit, len(rows))]
	}
	res := result{len(rows), []map[string]any{}}
	if p.count {
		return res
	}
	families := p.families()
	for _, r := range rows {
		res.records = append(res.records, p.record(r, families))
	}
	return res
}

func (p *plan) counts(rows []row) map[string]any {
	record := map[string]any{}
	if p.base != "" {
		record["attributes"] = map[string]any{"type": "AggregateResult"}
	}
	for _, item := range p.items {
		n := 0
		for _, r := range rows {
			if p.value(r, item.column) != nil {
				n++
			}
		}
		record[item.name] = float64(n)
	}
	return record
}

// families finds the rows of each child list, by the id of their parent.
func (p *plan) families() map[*plan]map[any][]row {
	all := map[*plan]map[any][]row{}
	for _, item := range p.items {
		if item.children == nil {
			continue
		}
		family := map[any][]row{}
		for _, r := range item.children.rows() {
			parent := r[item.link.Name]
			family[parent] = append(family[parent], r)
		}
		all[item.children] = family
	}
	return all
}

func (p *plan) record(r row, families map[*plan]map[any][]row) map[string]any {
	out := map[string]any{}
	p.label(out, r)
	for _, item := range p.items {
		if item.children == nil {
			p.project(out, r, item.column)
			continue
		}
		out[item.name] = nil
		if res := item.children.run(families[item.children][r["Id"]]); res.total > 0 {
			out[item.name] = map[string]any{"totalSize": res.total, "done": true, "records": res.records}
		}
	}
	return out
}

// project copies a column into the nested maps of its parents.
func (p *plan) project(out map[string]any, r row, c column) {
	for _, step := range c.parents {
		id, _ := r[step.Name].(string)
		name := step.relationship()
		if r = p.grants.visible(p.store.get(id, p.deleted)); r == nil {
			out[name] = nil
			return
		}
		inner, ok := out[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			p.label(inner, r)
			out[name] = inner
		}
		out = inner
	}
	out[c.field.Name] = wire(r[c.field.Name])
}

// label adds the attributes by which REST names a record.
func (p *plan) label(out map[string]any, r row) {
	if p.base != "" {
		out["attributes"] = p.store.attributes(r, p.base)
	}
}

func lower(r rune) rune {
	if r < 0 {
		return r
	}
	return unicode.ToLower(r)
}

// matches compares text with a LIKE pattern, in time proportional to the
// product of their lengths at worst.
func matches(s, pattern []rune) bool {
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == anyText:
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == anyRune || pattern[j] == s[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(pattern) && pattern[j] == anyText {
		j++
	}
	return j == len(pattern)
}
