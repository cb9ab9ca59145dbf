package sandbox

import (
	"cmp"
	"encoding/json"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// wireTime is how Salesforce writes a datetime: no colon in the offset.
const wireTime = "2006-01-02T15:04:05.000-0700"

// Values are kept as nil, string, bool, float64 or time.Time (datetime, UTC,
// whole seconds). Empty text is nil, as in Salesforce.

// accept turns a value, from JSON or from Go, into the one the field keeps.
func (f *Field) accept(in any) (any, *Error) {
	if in == nil {
		if f.Type == Checkbox {
			return nil, refuse("INVALID_TYPE_ON_FIELD_IN_RECORD", "%s: value not of required type: null", f.Name).on(f.Name)
		}
		return nil, nil
	}
	switch f.Type {
	case Checkbox:
		switch v := in.(type) {
		case bool:
			return v, nil
		case string:
			if b := strings.ToLower(v); b == "true" || b == "false" {
				return b == "true", nil
			}
		}
	case Number:
		if n, ok := number(in); ok {
			return n, nil
		}
	case DateTime:
		switch v := in.(type) {
		case time.Time:
			return v.UTC().Truncate(time.Second), nil
		case string:
			if t, ok := parseDateTime(v); ok {
				return t, nil
			}
		}
	case Date:
		switch v := in.(type) {
		case time.Time:
			return v.Format(time.DateOnly), nil
		case string:
			if _, err := time.Parse(time.DateOnly, v); err == nil {
				return v, nil
			}
		}
	default:
		if v, ok := in.(string); ok {
			return f.acceptText(v)
		}
	}
	return nil, refuse("JSON_PARSER_ERROR", "Cannot deserialize instance of %s from value %s (field %s)", f.Type, quoteJSON(in), f.Name).on(f.Name)
}

func (f *Field) acceptText(v string) (any, *Error) {
	if f.Type != LongText {
		v = strings.TrimSpace(v)
	}
	if v == "" {
		return nil, nil
	}
	if !utf8.ValidString(v) {
		return nil, refuse("JSON_PARSER_ERROR", "Invalid UTF-8 (field %s)", f.Name).on(f.Name)
	}
	if f.Type == ID || f.Type == Reference {
		id, ok := parseID(v)
		if !ok {
			return nil, refuse("MALFORMED_ID", "%s: id value of incorrect type: %s", f.Name, v).on(f.Name)
		}
		return id, nil
	}
	if utf8.RuneCountInString(v) > f.length() {
		return nil, refuse("STRING_TOO_LONG", "%s: data value too large: %s (max length=%d)", f.Name, abbreviate(v), f.length()).on(f.Name)
	}
	switch f.Type {
	case Email:
		if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
			return nil, refuse("INVALID_EMAIL_ADDRESS", "%s: invalid email address: %s", f.Name, v).on(f.Name)
		}
	case Picklist:
		return f.acceptChoice(v)
	case MultiPicklist:
		return f.acceptChoices(v)
	}
	return v, nil
}

func (f *Field) acceptChoice(v string) (any, *Error) {
	i := slices.IndexFunc(f.Values, func(c string) bool { return strings.EqualFold(c, v) })
	switch {
	case i >= 0:
		return f.Values[i], nil
	case f.Restricted:
		return nil, refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "%s: bad value for restricted picklist field: %s", f.Name, v).on(f.Name)
	}
	return v, nil
}

func (f *Field) acceptChoices(v string) (any, *Error) {
	var chosen []string
	for part := range strings.SplitSeq(v, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		c, err := f.acceptChoice(part)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(chosen, c.(string)) {
			chosen = append(chosen, c.(string))
		}
	}
	if chosen == nil {
		return nil, nil
	}
	return f.joinChoices(chosen), nil
}

// joinChoices puts picklist entries in the order of their definition, so that
// equal choices are equal text.
func (f *Field) joinChoices(chosen []string) string {
	slices.SortStableFunc(chosen, func(a, b string) int {
		return cmp.Compare(slices.Index(f.Values, a), slices.Index(f.Values, b))
	})
	return strings.Join(chosen, ";")
}

func number(in any) (float64, bool) {
	switch v := in.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	case string:
		n, err := json.Number(v).Float64()
		return n, err == nil
	}
	return 0, false
}

// parseDateTime reads the forms Salesforce takes: with or without a fraction,
// and Z or an offset with or without a colon.
func parseDateTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

// wire is the form of a kept value in JSON.
func wire(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.Format(wireTime)
	}
	return v
}

// compare orders two kept values of the field; neither is nil. Text compares
// without regard to case, ids with.
func (f *Field) compare(a, b any) int {
	switch a := a.(type) {
	case bool:
		return cmp.Compare(rank(a), rank(b.(bool)))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	}
	if f.Type == ID || f.Type == Reference || f.Type == Date {
		return cmp.Compare(a.(string), b.(string))
	}
	return cmp.Compare(strings.ToLower(a.(string)), strings.ToLower(b.(string)))
}

// same reports whether two kept values are equal and not null.
func (f *Field) same(a, b any) bool {
	text, ok := a.(string)
	if !ok || f.Type == ID || f.Type == Reference {
		return a != nil && a == b
	}
	other, ok := b.(string)
	return ok && strings.EqualFold(text, other)
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func quoteJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "of an unknown type"
	}
	return abbreviate(string(b))
}

func abbreviate(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}
