package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenString
	tokenNumber
	tokenDate
	tokenDateTime
	tokenSign // , ( ) . : = != < <= > >=
)

// A token of SOQL. The text of a string is what stands between its quotes.
type token struct {
	kind tokenKind
	text string
	pos  int // byte offset in the statement
}

func (t token) is(keyword string) bool {
	return t.kind == tokenName && strings.EqualFold(t.text, keyword)
}

func (t token) sign(s string) bool { return t.kind == tokenSign && t.text == s }

func (t token) String() string {
	if t.kind == tokenEnd {
		return "<EOF>"
	}
	return "'" + t.text + "'"
}

// A fault of syntax or meaning, at a place in a statement.
type soqlError struct {
	code    string
	pos     int
	message string
}

// in completes the error with the place in the statement, as Salesforce
// shows it.
func (e *soqlError) in(soql string) *Error {
	pos := min(max(e.pos, 0), len(soql))
	before := soql[:pos]
	row := strings.Count(before, "\n") + 1
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(soql[start:], "\n")
	column := utf8.RuneCountInString(soql[start:pos])
	from := max(0, pos-start-30)
	excerpt := line[from:min(len(line), pos-start+30)]
	caret := strings.Repeat(" ", utf8.RuneCountInString(line[from:pos-start])) + "^"
	return refuse(e.code, "\n%s\n%s\nERROR at Row:%d:Column:%d\n%s",
		strings.ToValidUTF8(excerpt, ""), caret, row, column+1, e.message)
}

func malformed(pos int, format string, args ...any) *soqlError {
	return &soqlError{"MALFORMED_QUERY", pos, fmt.Sprintf(format, args...)}
}

// lex splits a statement into tokens, the last of which is the end.
func lex(soql string) ([]token, *soqlError) {
	var tokens []token
	for pos := 0; pos < len(soql); {
		c := soql[pos]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			pos++
			continue
		case isLetter(c):
			tokens = append(tokens, token{tokenName, span(soql[pos:], isNameByte), pos})
		case c == '\'':
			t, err := lexString(soql, pos)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, t)
			pos += 2 // the quotes
		case isDigit(c) || (c == '-' || c == '+') && pos+1 < len(soql) && isDigit(soql[pos+1]):
			t, err := lexNumber(soql, pos)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, t)
		default:
			sign := signAt(soql[pos:])
			if sign == "" {
				r, _ := utf8.DecodeRuneInString(soql[pos:])
				return nil, malformed(pos, "line 1:%d no viable alternative at character '%c'", pos, r)
			}
			tokens = append(tokens, token{tokenSign, sign, pos})
		}
		pos += len(tokens[len(tokens)-1].text)
	}
	return append(tokens, token{tokenEnd, "", len(soql)}), nil
}

func lexString(soql string, pos int) (token, *soqlError) {
	for i := pos + 1; i < len(soql); i++ {
		switch soql[i] {
		case '\\':
			i++
		case '\'':
			return token{tokenString, soql[pos+1 : i], pos}, nil
		}
	}
	return token{}, malformed(pos, "line 1:%d mismatched character '<EOF>' expecting '''", len(soql))
}

// lexNumber reads a number, a date or a datetime: all begin with a digit.
func lexNumber(soql string, pos int) (token, *soqlError) {
	rest := soql[pos:]
	if len(rest) >= 10 && isDigit(rest[0]) && rest[4] == '-' && rest[7] == '-' {
		text := span(rest, func(c byte) bool {
			return isDigit(c) || c == '-' || c == ':' || c == '.' || c == '+' || c == 'T' || c == 'Z' || c == 't' || c == 'z'
		})
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return token{tokenDate, text, pos}, nil
		}
		if _, ok := parseDateTime(strings.ToUpper(text)); ok {
			return token{tokenDateTime, text, pos}, nil
		}
		return token{}, malformed(pos, "invalid date or dateTime %s: want 2006-01-02 or 2006-01-02T15:04:05Z", text)
	}
	text := rest[:1] + span(rest[1:], func(c byte) bool { return isDigit(c) || c == '.' })
	if _, err := strconv.ParseFloat(text, 64); err != nil || text[len(text)-1] == '.' {
		return token{}, malformed(pos, "invalid number %s", text)
	}
	if next := rest[len(text):]; next != "" && isLetter(next[0]) {
		return token{}, malformed(pos+len(text), "unexpected token: '%s'", span(next, isNameByte))
	}
	return token{tokenNumber, text, pos}, nil
}

func signAt(s string) string {
	for _, sign := range []string{"!=", "<>", "<=", ">=", "=", "<", ">", ",", "(", ")", ".", ":"} {
		if strings.HasPrefix(s, sign) {
			return sign
		}
	}
	return ""
}

// Wildcards of LIKE, as they come out of unquote.
const (
	anyText rune = -1
	anyRune rune = -2
)

// unquote resolves the escapes of a string token. An unescaped % or _ becomes
// a wildcard if the string is a LIKE pattern; only there are \% and \_ known.
// Any other backslash is an error, as in Salesforce.
func unquote(t token, like bool) ([]rune, *soqlError) {
	var out []rune
	runes := []rune(t.text)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case like && r == '%':
			out = append(out, anyText)
			continue
		case like && r == '_':
			out = append(out, anyRune)
			continue
		case r != '\\':
			out = append(out, r)
			continue
		}
		i++ // lexString never ends a string on a backslash
		switch c := runes[i]; {
		case strings.ContainsRune(`"'\`, c), like && (c == '%' || c == '_'):
			out = append(out, c)
		case c == 'u' && i+4 < len(runes):
			n, err := strconv.ParseUint(string(runes[i+1:i+5]), 16, 16)
			if err != nil {
				return nil, malformed(t.pos, "Illegal string literal: Invalid unicode escape '\\u%s'", string(runes[i+1:i+5]))
			}
			out = append(out, rune(n))
			i += 4
		default:
			plain := strings.IndexRune("nNrRtTbBfF", c)
			if plain < 0 {
				return nil, malformed(t.pos, "Illegal string literal: Invalid string literal '%s'. Illegal character sequence '\\%c' in string literal.", t.text, c)
			}
			out = append(out, rune("\n\n\r\r\t\t\b\b\f\f"[plain]))
		}
	}
	return out, nil
}

func span(s string, in func(byte) bool) string {
	for i := range len(s) {
		if !in(s[i]) {
			return s[:i]
		}
	}
	return s
}

func isLetter(c byte) bool   { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
