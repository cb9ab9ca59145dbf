package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// A binder gives the names in one statement their meaning. It is used under
// the lock of the store.
type binder struct {
	store     *store
	entity    *entity
	alias     string
	base      string // "/services/data/v64.0", or empty: no attributes
	deleted   bool   // deleted rows count too (queryAll)
	grants    grants
	semiJoins *int
	// among are the ids of the only rows that can meet the condition, in order;
	// nil if that may be any row.
	among []string
}

// A column is a field reached over parents.
type column struct {
	parents []*Field
	field   *Field
}

// value reads the column; an absent parent gives nil.
func (b *binder) value(r row, c column) any {
	for _, step := range c.parents {
		id, _ := r[step.Name].(string)
		if r = b.grants.visible(b.store.get(id, b.deleted)); r == nil {
			return nil
		}
	}
	return r[c.field.Name]
}

func (b *binder) column(p path) (column, *soqlError) {
	names := p.names
	if len(names) > 1 && (strings.EqualFold(names[0], b.alias) || strings.EqualFold(names[0], b.entity.Name)) {
		names = names[1:]
	}
	var c column
	at := []*entity{b.entity}
	for _, name := range names[:len(names)-1] {
		step := first(at, func(e *entity) *Field { return b.grants.parent(e, name) })
		if step == nil {
			return c, &soqlError{"INVALID_FIELD", p.pos, "Didn't understand relationship '" + name + "' in field path." +
				naming("relationship", "r")}
		}
		c.parents = append(c.parents, step)
		at = b.store.schema.targets(step)
	}
	if len(c.parents) > 5 {
		return c, malformed(p.pos, "%s: a path may lead over 5 parents at most", p)
	}
	last := names[len(names)-1]
	if c.field = first(at, func(e *entity) *Field { return b.grants.field(e, last) }); c.field == nil {
		return c, &soqlError{"INVALID_FIELD", p.pos, "No such column '" + last + "' on entity '" + at[0].Name + "'." + naming("field", "c")}
	}
	return c, nil
}

func first(list []*entity, find func(*entity) *Field) *Field {
	for _, e := range list {
		if f := find(e); f != nil {
			return f
		}
	}
	return nil
}

func naming(what, suffix string) string {
	return " If you are attempting to use a custom " + what + ", be sure to append the '__" + suffix + "' after the custom " + what +
		" name. Please reference your WSDL or the describe call for the appropriate names."
}

// A test tells whether a row is wanted.
type test func(row) bool

// condition binds a condition. Comparisons are true or false, never unknown,
// so NOT is simple negation.
func (b *binder) condition(c condition, nested bool) (test, *soqlError) {
	switch c := c.(type) {
	case nil:
		return func(row) bool { return true }, nil
	case notThis:
		inner, err := b.condition(c.condition, true)
		return func(r row) bool { return !inner(r) }, err
	case allOf:
		tests, err := b.conditions(c, nested)
		return func(r row) bool { return !slices.ContainsFunc(tests, func(t test) bool { return !t(r) }) }, err
	case anyOf:
		tests, err := b.conditions(c, true)
		return func(r row) bool { return slices.ContainsFunc(tests, func(t test) bool { return t(r) }) }, err
	}
	return b.comparison(c.(comparison), nested)
}

func (b *binder) conditions(list []condition, nested bool) ([]test, *soqlError) {
	tests := make([]test, len(list))
	for i, c := range list {
		var err *soqlError
		if tests[i], err = b.condition(c, nested); err != nil {
			return nil, err
		}
	}
	return tests, nil
}

func (b *binder) comparison(c comparison, nested bool) (test, *soqlError) {
	col, err := b.column(c.path)
	if err != nil {
		return nil, err
	}
	f := col.field
	if !f.Filterable() {
		return nil, &soqlError{"INVALID_FIELD", c.path.pos, "field '" + f.Name + "' can not be filtered in a query call"}
	}
	if !f.allows(c.operator) {
		return nil, &soqlError{"INVALID_QUERY_FILTER_OPERATOR", c.path.pos, "invalid operator on " + string(f.Type) + " field"}
	}
	if c.subquery != nil {
		return b.semiJoin(c, col, nested)
	}
	if c.operator == "LIKE" {
		return b.like(c, col)
	}
	values := make([]any, len(c.values))
	for i, t := range c.values {
		if values[i], err = f.literal(t); err != nil {
			return nil, err
		}
	}
	if (f.Type == ID || f.Type == Reference) && (c.operator == "IN" || c.operator == "NOT IN") {
		if c.operator == "IN" && !nested {
			b.narrow(col, values)
		}
		wanted := map[any]bool{} // ids are compared as they are, and lists of them are long
		for _, v := range values {
			wanted[v] = true
		}
		return func(r row) bool { return wanted[b.value(r, col)] == (c.operator == "IN") }, nil
	}
	switch c.operator {
	case "INCLUDES", "EXCLUDES":
		return func(r row) bool { return includes(b.value(r, col), values) == (c.operator == "INCLUDES") }, nil
	case "=", "IN":
		if !nested {
			b.narrow(col, values)
		}
		return func(r row) bool { return f.in(b.value(r, col), values) }, nil
	case "!=", "NOT IN":
		return func(r row) bool { return !f.in(b.value(r, col), values) }, nil
	}
	return func(r row) bool {
		have, want := b.value(r, col), values[0]
		if have == nil || want == nil {
			return false
		}
		order := f.compare(have, want)
		switch c.operator {
		case "<":
			return order < 0
		case "<=":
			return order <= 0
		case ">":
			return order > 0
		}
		return order >= 0
	}, nil
}

// narrow keeps a query that every row must meet from looking at all rows: without,
// reading what belongs to 500 records of 50,000 takes a hundred times as long.
func (b *binder) narrow(c column, values []any) {
	t := b.store.tables[b.entity]
	if len(c.parents) > 0 || slices.Contains(values, nil) {
		return
	}
	var ids []string
	switch {
	case c.field.Type == ID:
		for _, v := range values {
			if id := v.(string); t.rows[id] != nil {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
	case c.field.indexed():
		ids = t.held(c.field, values...)
	default:
		return
	}
	if b.among == nil || len(ids) < len(b.among) {
		b.among = append([]string{}, ids...) // none is not nil
	}
}

func (f *Field) allows(operator string) bool {
	switch operator {
	case "INCLUDES", "EXCLUDES":
		return f.Type == MultiPicklist
	case "LIKE":
		return slices.Contains([]Type{Text, Email, Phone, Picklist}, f.Type)
	case "<", "<=", ">", ">=":
		return f.Type != Checkbox && f.Type != MultiPicklist
	case "IN", "NOT IN":
		return f.Type != Checkbox
	}
	return true
}

func (f *Field) in(have any, values []any) bool {
	return slices.ContainsFunc(values, func(want any) bool {
		return have == nil && want == nil || f.same(have, want)
	})
}

// includes reports whether one of the wanted combinations, entries joined by
// ";", is wholly among the entries of have.
func includes(have any, wanted []any) bool {
	list, _ := have.(string)
	chosen := strings.Split(strings.ToLower(list), ";")
	return slices.ContainsFunc(wanted, func(w any) bool {
		combination, ok := w.(string)
		if !ok {
			return have == nil
		}
		for part := range strings.SplitSeq(strings.ToLower(combination), ";") {
			if !slices.Contains(chosen, part) {
				return false
			}
		}
		return true
	})
}

// literal turns a token into a value of the field's type. Salesforce converts
// nothing: a date is no datetime, and text needs quotes.
func (f *Field) literal(t token) (any, *soqlError) {
	if t.is("null") {
		return nil, nil
	}
	wrong := func(kind, quotes string) *soqlError {
		return &soqlError{"INVALID_FIELD", t.pos, "value of filter criterion for field '" + f.Name + "' must be of type " + kind + " and should " + quotes + "be enclosed in quotes"}
	}
	switch f.Type {
	case Checkbox:
		if t.kind != tokenName {
			return nil, wrong("boolean", "not ")
		}
		return t.is("true"), nil
	case Number:
		n, err := strconv.ParseFloat(t.text, 64)
		if t.kind != tokenNumber || err != nil {
			return nil, wrong("double", "not ")
		}
		return n, nil
	case Date:
		if t.kind != tokenDate {
			return nil, wrong("date", "not ")
		}
		return t.text, nil
	case DateTime:
		at, ok := parseDateTime(strings.ToUpper(t.text))
		if t.kind != tokenDateTime || !ok {
			return nil, wrong("dateTime", "not ")
		}
		return at, nil
	}
	if t.kind != tokenString {
		return nil, wrong("string", "")
	}
	runes, err := unquote(t, false)
	if err != nil {
		return nil, err
	}
	s := string(runes)
	switch {
	case s == "":
		return nil, nil
	case f.Type == ID || f.Type == Reference:
		id, ok := parseID(s)
		if !ok {
			return nil, &soqlError{"INVALID_QUERY_FILTER_OPERATOR", t.pos, "invalid ID field: " + s}
		}
		return id, nil
	case f.Type == MultiPicklist:
		return f.joinChoices(strings.Split(s, ";")), nil
	}
	return s, nil
}

func (b *binder) like(c comparison, col column) (test, *soqlError) {
	t := c.values[0]
	if t.is("null") {
		return func(r row) bool { return b.value(r, col) == nil }, nil
	}
	if t.kind != tokenString {
		_, err := col.field.literal(t)
		return nil, err
	}
	pattern, err := unquote(t, true)
	if err != nil {
		return nil, err
	}
	for i, r := range pattern {
		pattern[i] = lower(r)
	}
	return func(r row) bool {
		s, ok := b.value(r, col).(string)
		return ok && matches([]rune(strings.ToLower(s)), pattern)
	}, nil
}

// semiJoin binds "Id IN (SELECT Contact__c FROM ...)": both sides are ids.
func (b *binder) semiJoin(c comparison, col column, nested bool) (test, *soqlError) {
	refusal := ""
	*b.semiJoins++
	switch sub := c.subquery; {
	case nested:
		refusal = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions."
	case *b.semiJoins > 2:
		refusal = "maximum 2 semi join sub-selects are allowed"
	case len(sub.items) != 1 || sub.items[0].function != "" || sub.items[0].children != nil:
		refusal = "semi join sub-selects can only select a single field"
	case len(sub.order) > 0 || sub.limit >= 0 || sub.offset > 0:
		refusal = "ORDER BY, LIMIT and OFFSET are not allowed in semi join sub-selects"
	}
	if refusal != "" {
		return nil, malformed(c.path.pos, "%s", refusal)
	}
	inner, err := b.nested(c.subquery, b.grants.entity(b.store.schema, c.subquery.from.names[0]))
	if err != nil {
		return nil, err
	}
	selected := inner.items[0].column
	for _, f := range []*Field{col.field, selected.field} {
		if f.Type != ID && f.Type != Reference {
			return nil, malformed(c.path.pos, "The field '%s' must be an id or a reference to be used in a semi join", f.Name)
		}
	}
	found := map[any]bool{}
	for _, r := range inner.rows() {
		if id := inner.value(r, selected); id != nil {
			found[id] = true
		}
	}
	return func(r row) bool {
		id := b.value(r, col)
		return (id != nil && found[id]) == (c.operator == "IN")
	}, nil
}
