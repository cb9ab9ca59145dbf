package mailbox

import (
	"errors"
	"fmt"
	"strings"
)

// An authResult is one result of an Authentication-Results field.
type authResult struct {
	method, result string            // lower case
	properties     map[string]string // such as "header.from"; names in lower case
}

// parseAuthResults reads the value of an Authentication-Results field by RFC
// 8601 2.2. A field that could be read in two ways is an error: comments and
// quoted strings must be closed, a method may appear once only. An exception
// is dkim, which appears once for each signature (RFC 8601 2.7.1). The id is
// empty for Microsoft's form, which starts with a result.
func parseAuthResults(value string) (servID string, results []authResult, err error) {
	s := &authScanner{rest: value}
	first, err := s.word("=")
	if err != nil {
		return "", nil, err
	}
	if s.skip(); strings.HasPrefix(s.rest, "=") {
		s = &authScanner{rest: ";" + value}
	} else {
		servID = first
		if s.rest != "" && s.rest[0] != ';' {
			if version, err := s.word("="); err != nil || version != "1" {
				return "", nil, errors.New("authentication results: unknown version")
			}
		}
	}
	seen := map[string]bool{}
	for {
		if s.skip(); s.err != nil {
			return "", nil, s.err
		}
		if s.rest == "" {
			return servID, results, nil
		}
		if s.rest[0] != ';' {
			return "", nil, errors.New("authentication results: want a semicolon")
		}
		s.rest = s.rest[1:]
		if s.skip(); s.rest == "" {
			continue
		}
		r, err := s.result()
		if err != nil {
			return "", nil, err
		}
		if seen[r.method] && r.method != "dkim" {
			return "", nil, fmt.Errorf("authentication results: %s appears twice", r.method)
		}
		seen[r.method] = true
		results = append(results, r)
	}
}

// authScanner reads from the front of rest.
type authScanner struct {
	rest string
	err  error
}

func (s *authScanner) result() (r authResult, err error) {
	method, err := s.word("=")
	if err != nil {
		return r, err
	}
	if s.skip(); s.rest == "" || s.rest[0] == ';' {
		if method == "none" {
			return authResult{method: "none"}, nil
		}
		return r, errors.New("authentication results: a method without a result")
	}
	if r.method, _, _ = strings.Cut(strings.ToLower(method), "/"); r.method == "" {
		return r, errors.New("authentication results: a result without a method")
	}
	if r.result, err = s.value(); err != nil {
		return r, err
	}
	r.result = strings.ToLower(r.result)
	r.properties = map[string]string{}
	for {
		if s.skip(); s.err != nil {
			return r, s.err
		}
		if s.rest == "" || s.rest[0] == ';' {
			return r, nil
		}
		name, err := s.word("=")
		if err != nil {
			return r, err
		}
		value, err := s.value()
		if err != nil {
			return r, err
		}
		name = strings.ToLower(name)
		if _, twice := r.properties[name]; twice {
			return r, fmt.Errorf("authentication results: %s appears twice", name)
		}
		r.properties[name] = value
	}
}

// value reads "= value".
func (s *authScanner) value() (string, error) {
	if s.skip(); !strings.HasPrefix(s.rest, "=") {
		return "", errors.New("authentication results: want an equals sign")
	}
	s.rest = s.rest[1:]
	return s.word("")
}

// word reads a quoted string, or what comes before white space, a semicolon, a
// comment, or one of stops.
func (s *authScanner) word(stops string) (string, error) {
	if s.skip(); s.err != nil {
		return "", s.err
	}
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted()
	}
	end := strings.IndexAny(s.rest, " \t\r\n;()\""+stops)
	if end < 0 {
		end = len(s.rest)
	}
	if end == 0 {
		return "", errors.New("authentication results: want a word")
	}
	word := s.rest[:end]
	s.rest = s.rest[end:]
	if strings.HasPrefix(s.rest, `"`) {
		return "", errors.New("authentication results: a quote within a word")
	}
	return word, nil
}

func (s *authScanner) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; c {
		case '"':
			s.rest = s.rest[i+1:]
			if s.rest != "" && !strings.ContainsRune(" \t\r\n;(", rune(s.rest[0])) {
				return "", errors.New("authentication results: text after a quoted string")
			}
			return b.String(), nil
		case '\\':
			if i++; i < len(s.rest) {
				b.WriteByte(s.rest[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("authentication results: a quoted string without an end")
}

// skip passes over white space and comments, which nest.
func (s *authScanner) skip() {
	depth := 0
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '\\' && depth > 0:
			i++
		case depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n':
			s.rest = s.rest[i:]
			return
		}
	}
	s.rest = ""
	if depth > 0 {
		s.err = errors.New("authentication results: a comment without an end")
	}
}
