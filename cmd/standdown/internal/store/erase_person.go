package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A person is what names them in a text: addresses, and ids of records.
type person []needle

// A needle is an address or a record's id.
type needle struct {
	text    string
	address bool
	exact   *regexp.Regexp // not as a part of a longer address or id
}

func newPerson(e Erasing) (person, error) {
	var p person
	for _, address := range e.People {
		address = strings.ToLower(strings.TrimSpace(address))
		if before, after, ok := strings.Cut(address, "@"); !ok || before == "" || after == "" || strings.ContainsAny(address, " \t<>\"") {
			return nil, errors.New("erasing: want a person as an address alone, such as ana@example.com")
		}
		p = append(p, needle{text: address, address: true,
			exact: regexp.MustCompile(`(?i)(^|[^a-z0-9._%+-])` + regexp.QuoteMeta(address) + `($|[^a-z0-9.-]|\.($|[^a-z0-9]))`)})
	}
	for _, id := range e.Records {
		if !strings.ContainsAny(id, "0123456789") || strings.ContainsAny(id, " \t") {
			return nil, fmt.Errorf("erasing: %q is no id of a record, such as 003Hp00002abcDEIAY", id)
		}
		p = append(p, needle{text: id, exact: regexp.MustCompile(`(^|[^A-Za-z0-9])` + regexp.QuoteMeta(id) + `($|[^A-Za-z0-9])`)})
	}
	if len(p) == 0 {
		return nil, errors.New("erasing: whose data? Want an address or a record's id")
	}
	if e.Who == "" || e.Reason == "" {
		return nil, errors.New("erasing: want who orders it and why, for those who look later")
	}
	for _, n := range p {
		if n.in(e.Reason) || n.address && n.in(e.Who) {
			return nil, errors.New("erasing: the reason and who orders it are kept: they must not name whom it is about")
		}
	}
	return p, nil
}

func (p person) addresses() []needle {
	var all []needle
	for _, n := range p {
		if n.address {
			all = append(all, n)
		}
	}
	return all
}

// jsonEscapes are those in which encoded JSON may have letters.
var jsonEscapes = regexp.MustCompile(`\\u00[0-9a-f]{2}|\\[nrtbf"]`)

// in reports whether a text, which may be JSON, names it.
func (n needle) in(text string) bool {
	return n.exact.MatchString(jsonEscapes.ReplaceAllString(text, " "))
}

// like is the condition for the expression to perhaps name it; its parameter is
// pattern.
func (n needle) like(expression string) string {
	return ` LOWER(` + expression + `) LIKE ? ESCAPE '!'`
}

func (n needle) pattern() string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(n.text)) + "%"
}

// find returns the ids of rows whose text names the person. The query ends with
// WHERE and selects an id and the text, the expression.
func (p person) find(ctx context.Context, tx conn, query, expression string) ([]string, error) {
	var ids []string
	for _, n := range p {
		named, err := rows(ctx, tx, func(r *sql.Rows) (id string, err error) {
			var text string
			if err := r.Scan(&id, &text); err != nil || n.in(text) {
				return id, err
			}
			return "", nil
		}, query+n.like(expression), n.pattern())
		if err != nil {
			return nil, err
		}
		ids = append(ids, slices.DeleteFunc(named, func(id string) bool { return id == "" })...)
	}
	return ids, nil
}

// events returns those that name the person other than in a situation.
func (p person) events(ctx context.Context, tx conn) (all []string, err error) {
	for _, in := range []struct{ id, expression, table string }{
		{"id", "subject || ' ' || body || ' ' || author || ' ' || note", "events"},
		{"event", "subject || ' ' || body", "decisions"},
		{"event", "lane || ' ' || change || ' ' || text || ' ' || why || ' ' || result", "entries"},
	} {
		found, err := p.find(ctx, tx, `SELECT `+in.id+`, `+in.expression+` FROM `+in.table+` WHERE`, in.expression)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// mailsNaming returns the events of mails that name the person in plain sight,
// in their headers or in a text that is not encoded.
func (s *Store) mailsNaming(ctx context.Context, tx conn, p person) (events []string, err error) {
	type mail struct {
		sum   string
		bytes []byte
	}
	last := ""
	for {
		page, err := rows(ctx, tx, func(r *sql.Rows) (m mail, err error) {
			if err := r.Scan(&m.sum, &m.bytes); err != nil {
				return m, err
			}
			m.bytes, err = s.Key.open(m.bytes)
			return m, err
		}, `SELECT sha256, bytes FROM raw WHERE sha256 > ? ORDER BY sha256 LIMIT 20`, last)
		if err != nil || len(page) == 0 {
			return events, err
		}
		last = page[len(page)-1].sum
		for _, m := range page {
			if !slices.ContainsFunc(p, func(n needle) bool { return n.exact.Match(m.bytes) }) {
				continue
			}
			of, err := rows(ctx, tx, scanString, `SELECT id FROM events WHERE sha256 = ? AND sha256 <> ''`, m.sum)
			if err != nil {
				return nil, err
			}
			events = append(events, of...)
		}
	}
}

// left tells which columns still name a person's address.
func (p person) left(ctx context.Context, tx conn) ([]string, error) {
	left := []string{}
	for _, in := range []struct{ table, columns string }{
		{"events", "id, subject, body, note, source, ref, author, run"},
		{"situations", "event, snapshot, settings"},
		{"decisions", "event, subject, body"},
		{"entries", "key, event, subject, run, customer, maker, lane, checker, change, text, why, result"},
		{"shadows", "found"}, {"memory", "subject, value, before"}, {"deadlines", "subject"}, {"housekeeping", "ref, event"}, {"seen", "ref, watched"},
		{"acts", "who, reason"}, {"brakes", "who, reason"}, {"holds", "event, run, why"}, {"closings", "why"}, {"notes", "value"}, {"sources", "name, cursor"},
	} {
		for column := range strings.SplitSeq(in.columns, ", ") {
			var n int
			for _, one := range p.addresses() {
				found, err := rows(ctx, tx, scanString, `SELECT `+column+` FROM `+in.table+` WHERE`+one.like(column), one.pattern())
				if err != nil {
					return nil, err
				}
				for _, text := range found {
					if one.in(text) {
						n++
					}
				}
			}
			if n > 0 {
				left = append(left, fmt.Sprintf("%s.%s (%d)", in.table, column, n))
			}
		}
	}
	return left, nil
}
