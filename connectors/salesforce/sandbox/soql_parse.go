package sandbox

import (
	"strconv"
	"strings"
)

// maxStatement is the longest SOQL statement Salesforce takes, in characters.
const maxStatement = 100_000

// A statement is a parsed SELECT; its names have not been looked up yet.
type statement struct {
	items  []selectItem
	count  bool // SELECT COUNT()
	from   path // one name, or in a child subquery the name of a relationship
	alias  string
	where  condition
	order  []orderItem
	limit  int // -1 if there is none
	offset int
}

// A selectItem is a path, a child subquery, or a function of a path.
type selectItem struct {
	path     path
	children *statement
	function string // COUNT or FIELDS, in upper case
	alias    string
}

// A path is a field name with the relationships that lead to it.
type path struct {
	names []string
	pos   int
}

func (p path) String() string { return strings.Join(p.names, ".") }

type orderItem struct {
	path      path
	desc      bool
	nullsLast bool
}

// parse reads one SELECT statement. What Salesforce knows and this org does
// not is an error that names it.
func parse(soql string) (*statement, *soqlError) {
	if len(soql) > maxStatement {
		return nil, malformed(0, "SOQL statements cannot be longer than %d characters.", maxStatement)
	}
	tokens, err := lex(soql)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	st, err := p.statement(top)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, unexpected(t)
	}
	return st, nil
}

type parser struct {
	tokens []token
	next   int
	depth  int
}

// Where a SELECT stands decides what it may contain.
type place int

const (
	top place = iota
	childList
	semiJoin
)

func (p *parser) statement(at place) (*statement, *soqlError) {
	st := &statement{limit: -1}
	if err := p.expect("SELECT"); err != nil {
		return nil, err
	}
	if err := p.selectList(st, at); err != nil {
		return nil, err
	}
	if err := p.expect("FROM"); err != nil {
		return nil, err
	}
	from, err := p.path()
	if err != nil {
		return nil, err
	}
	if len(from.names) > 1 {
		return nil, malformed(from.pos, "unexpected token: '.' (a path in FROM is not supported by this org)")
	}
	st.from = from
	if p.peek().kind == tokenName && !beginsClause(p.peek()) {
		st.alias = p.advance().text
	}
	if p.peek().sign(",") {
		return nil, malformed(p.peek().pos, "unexpected token: ',' (several objects in FROM are not supported by this org)")
	}
	return st, p.clauses(st)
}

func (p *parser) selectList(st *statement, at place) *soqlError {
	for {
		item, err := p.selectItem(at)
		if err != nil {
			return err
		}
		st.items = append(st.items, item)
		if !p.takeSign(",") {
			break
		}
	}
	if first := st.items[0]; first.function == "COUNT" && len(first.path.names) == 0 {
		if len(st.items) > 1 || at != top {
			return malformed(first.path.pos, "COUNT() must be the only element of the SELECT list")
		}
		st.items, st.count = nil, true
	}
	return nil
}

func (p *parser) selectItem(at place) (item selectItem, err *soqlError) {
	if t := p.peek(); t.sign("(") {
		if at == semiJoin {
			return item, unexpected(t)
		}
		p.advance()
		if err := p.enter(t); err != nil {
			return item, err
		}
		defer p.leave()
		if item.children, err = p.statement(childList); err != nil {
			return item, err
		}
		item.path.pos = t.pos
		return item, p.expectSign(")")
	}
	if t := p.peek(); t.is("TYPEOF") {
		return item, unsupported(t)
	}
	if item.path, err = p.path(); err != nil {
		return item, err
	}
	if !p.takeSign("(") {
		return item, nil
	}
	item.function = strings.ToUpper(item.path.String())
	pos := item.path.pos
	if item.function != "COUNT" && item.function != "FIELDS" {
		return item, malformed(pos, "unexpected function '%s' (this org knows COUNT and FIELDS)", item.path)
	}
	item.path = path{pos: pos}
	if !p.peek().sign(")") {
		if item.path, err = p.path(); err != nil {
			return item, err
		}
	} else if item.function == "FIELDS" {
		return item, unexpected(p.peek())
	}
	if err := p.expectSign(")"); err != nil {
		return item, err
	}
	if item.function == "COUNT" && p.peek().kind == tokenName && !p.peek().is("FROM") {
		item.alias = p.advance().text
	}
	return item, nil
}

func (p *parser) clauses(st *statement) (err *soqlError) {
	if p.take("WHERE") {
		if st.where, err = p.conditions(); err != nil {
			return err
		}
	}
	if p.take("ORDER") {
		if err := p.expect("BY"); err != nil {
			return err
		}
		if st.order, err = p.orderList(); err != nil {
			return err
		}
	}
	if p.take("LIMIT") {
		if st.limit, err = p.integer(); err != nil {
			return err
		}
	}
	if p.take("OFFSET") {
		pos := p.peek().pos
		if st.offset, err = p.integer(); err != nil {
			return err
		}
		if st.offset > 2000 {
			return &soqlError{"NUMBER_OUTSIDE_VALID_RANGE", pos, "Maximum SOQL offset allowed is 2000"}
		}
	}
	for _, word := range []string{"USING", "WITH", "GROUP", "HAVING", "FOR", "UPDATE", "ALL"} {
		if t := p.peek(); t.is(word) {
			return unsupported(t)
		}
	}
	return nil
}

func (p *parser) orderList() (list []orderItem, err *soqlError) {
	for {
		var o orderItem
		if o.path, err = p.path(); err != nil {
			return nil, err
		}
		if t := p.peek(); t.sign("(") {
			return nil, malformed(o.path.pos, "unexpected function '%s' in ORDER BY (not supported by this org)", o.path)
		}
		if !p.take("ASC") {
			o.desc = p.take("DESC")
		}
		if p.take("NULLS") {
			o.nullsLast = p.take("LAST")
			if !o.nullsLast {
				if err := p.expect("FIRST"); err != nil {
					return nil, err
				}
			}
		}
		list = append(list, o)
		if !p.takeSign(",") {
			return list, nil
		}
	}
}

func (p *parser) path() (path, *soqlError) {
	t := p.advance()
	if t.kind != tokenName || reserved(t) {
		return path{}, unexpected(t)
	}
	out := path{names: []string{t.text}, pos: t.pos}
	for p.takeSign(".") {
		if t = p.advance(); t.kind != tokenName {
			return path{}, unexpected(t)
		}
		out.names = append(out.names, t.text)
	}
	return out, nil
}

func (p *parser) integer() (int, *soqlError) {
	t := p.advance()
	n, err := strconv.Atoi(t.text)
	if t.kind != tokenNumber || err != nil || n < 0 {
		return 0, unexpected(t)
	}
	return n, nil
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) advance() token {
	t := p.tokens[p.next]
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

func (p *parser) take(keyword string) bool {
	if p.peek().is(keyword) {
		p.next++
		return true
	}
	return false
}

func (p *parser) takeSign(sign string) bool {
	if p.peek().sign(sign) {
		p.next++
		return true
	}
	return false
}

func (p *parser) expect(keyword string) *soqlError {
	if !p.take(keyword) {
		return malformed(p.peek().pos, "unexpected token: %s, expecting '%s'", p.peek(), keyword)
	}
	return nil
}

func (p *parser) expectSign(sign string) *soqlError {
	if !p.takeSign(sign) {
		return malformed(p.peek().pos, "unexpected token: %s, expecting '%s'", p.peek(), sign)
	}
	return nil
}

// enter keeps hostile nesting from exhausting the stack.
func (p *parser) enter(t token) *soqlError {
	if p.depth++; p.depth > 100 {
		return malformed(t.pos, "unexpected token: '(' (nested too deeply)")
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func unexpected(t token) *soqlError { return malformed(t.pos, "unexpected token: %s", t) }

func unsupported(t token) *soqlError {
	return malformed(t.pos, "unexpected token: %s (%s is not supported by this org)", t, strings.ToUpper(t.text))
}

// reserved words cannot be names. (Group and Order can: they are objects.)
func reserved(t token) bool {
	switch strings.ToUpper(t.text) {
	case "AND", "ASC", "DESC", "EXCLUDES", "FROM", "IN", "INCLUDES", "LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT",
		"USING", "WHERE", "WITH":
		return true
	}
	return false
}

// beginsClause tells the words that may follow an object name from an alias.
func beginsClause(t token) bool {
	switch strings.ToUpper(t.text) {
	case "ORDER", "GROUP", "OFFSET", "HAVING", "FOR", "UPDATE", "ALL":
		return true
	}
	return reserved(t)
}
