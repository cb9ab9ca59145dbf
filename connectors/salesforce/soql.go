package salesforce

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"standdown/connectors"
)

const (
	// Salesforce takes 16 kB of URI and headers together. A query within a
	// Composite call stands in its body.
	longestQuery = 7500
	longestPart  = 15000
	// wireTime is how Salesforce writes a time; it is not RFC 3339.
	wireTime = "2006-01-02T15:04:05.000-0700"
)

// isName tells whether s may stand in SOQL as the name of an object or field.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// isPath tells whether s is names joined by dots.
func isPath(s string) bool {
	for name := range strings.SplitSeq(s, ".") {
		if !isName(name) {
			return false
		}
	}
	return true
}

// isID tells whether s has the form of a record id.
func isID(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return len(s) == 15 || len(s) == 18
}

// shortID is the part of an id that tells records apart; the last three
// characters of a long one only guard its case.
func shortID(id string) string { return id[:min(15, len(id))] }

// selectFrom begins a query that reads the fields and what a Record needs.
func selectFrom(object string, fields []string, more ...string) string {
	names := append([]string{"Id", "SystemModstamp", "CreatedDate"}, more...)
	known := map[string]bool{}
	for _, name := range names {
		known[strings.ToLower(name)] = true
	}
	for _, f := range fields {
		if !known[strings.ToLower(f)] {
			known[strings.ToLower(f)] = true
			names = append(names, f)
		}
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + object
}

// condition writes c in SOQL, except for lists.
func condition(c connectors.Cond) (string, error) {
	switch c.Op {
	case "=", "!=", "<", "<=", ">", ">=":
	default:
		return "", fmt.Errorf("operator %q is none of = != < <= > >= in", c.Op)
	}
	value, err := literal(c.Value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.Field, err)
	}
	if s, ok := c.Value.(string); ok && isIDField(c.Field) && !isID(s) {
		return "", fmt.Errorf("%s: the value is not a record id", c.Field)
	}
	return c.Field + " " + c.Op + " " + value, nil
}

func isIDField(path string) bool { return path == "Id" || strings.HasSuffix(path, ".Id") }

func literal(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "null", nil
	case string:
		return quote(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", fmt.Errorf("%v is not a number", v)
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case time.Time:
		return sentTime(v), nil
	case connectors.Date:
		if _, err := time.Parse(time.DateOnly, string(v)); err != nil {
			return "", fmt.Errorf("%q is not a date like 2006-01-02", string(v))
		}
		return string(v), nil
	}
	return "", fmt.Errorf("a %T cannot be compared", value)
}

// sentTime is how a time is written in a query or a record: always in UTC, for
// a + in a URI is a blank.
func sentTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Only these escapes are known to SOQL; other characters stand for themselves.
var escapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`)

func quote(s string) string { return "'" + escapes.Replace(s) + "'" }

// wireSize is how long a query becomes in a URI.
func wireSize(soql string) int { return len(url.QueryEscape(soql)) }
