package sandbox

import (
	"slices"
	"strings"
)

// A condition is an allOf, anyOf, notThis or comparison.
type condition any

type (
	allOf      []condition
	anyOf      []condition
	notThis    struct{ condition }
	comparison struct {
		path     path
		operator string // = != < <= > >= LIKE IN, NOT IN, INCLUDES, EXCLUDES
		values   []token
		subquery *statement // of IN and NOT IN
	}
)

// conditions reads what may stand after WHERE or between parentheses. As in
// Salesforce, AND and OR do not mix without parentheses, and NOT takes one
// simple condition and stands alone.
func (p *parser) conditions() (condition, *soqlError) {
	if p.take("NOT") {
		c, err := p.condition()
		return notThis{c}, err
	}
	first, err := p.condition()
	if err != nil {
		return nil, err
	}
	word := p.peek()
	if !word.is("AND") && !word.is("OR") {
		return first, nil
	}
	list := []condition{first}
	for p.take(word.text) {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if word.is("AND") {
		return allOf(list), nil
	}
	return anyOf(list), nil
}

func (p *parser) condition() (condition, *soqlError) {
	open := p.peek()
	if !p.takeSign("(") {
		return p.comparison()
	}
	if err := p.enter(open); err != nil {
		return nil, err
	}
	defer p.leave()
	c, err := p.conditions()
	if err != nil {
		return nil, err
	}
	return c, p.expectSign(")")
}

func (p *parser) comparison() (condition, *soqlError) {
	var c comparison
	var err *soqlError
	if c.path, err = p.path(); err != nil {
		return nil, err
	}
	t := p.advance()
	switch {
	case t.sign("("):
		return nil, malformed(c.path.pos, "unexpected function '%s' in WHERE (not supported by this org)", c.path)
	case t.kind == tokenSign && strings.ContainsAny(t.text, "=<>"):
		c.operator = t.text
		if t.text == "<>" {
			c.operator = "!="
		}
	case t.is("LIKE"), t.is("IN"), t.is("INCLUDES"), t.is("EXCLUDES"):
		c.operator = strings.ToUpper(t.text)
	case t.is("NOT"):
		if err := p.expect("IN"); err != nil {
			return nil, err
		}
		c.operator = "NOT IN"
	default:
		return nil, unexpected(t)
	}
	if slices.Contains([]string{"IN", "NOT IN", "INCLUDES", "EXCLUDES"}, c.operator) {
		return c, p.list(&c)
	}
	v, err := p.value()
	c.values = []token{v}
	return c, err
}

// list reads the values, or the subquery, between the parentheses of IN.
func (p *parser) list(c *comparison) (err *soqlError) {
	open := p.peek()
	if err := p.expectSign("("); err != nil {
		return err
	}
	if p.peek().is("SELECT") && strings.HasSuffix(c.operator, "IN") {
		if err := p.enter(open); err != nil {
			return err
		}
		defer p.leave()
		if c.subquery, err = p.statement(semiJoin); err != nil {
			return err
		}
		return p.expectSign(")")
	}
	for {
		v, err := p.value()
		if err != nil {
			return err
		}
		c.values = append(c.values, v)
		if !p.takeSign(",") {
			return p.expectSign(")")
		}
	}
}

func (p *parser) value() (token, *soqlError) {
	t := p.advance()
	switch t.kind {
	case tokenString, tokenNumber, tokenDate, tokenDateTime:
		return t, nil
	case tokenName:
		if t.is("null") || t.is("true") || t.is("false") {
			return t, nil
		}
		return t, malformed(t.pos, "unexpected token: %s (date literals are not supported by this org, text needs quotes)", t)
	}
	if t.sign(":") {
		return t, malformed(t.pos, "unexpected token: ':' (bind variables exist in Apex only)")
	}
	return t, unexpected(t)
}
