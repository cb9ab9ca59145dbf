package reader

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// most bounds the references and the dates of one part.
const most = 100

// addFacts adds what the mail says beside what it asks.
func (t *text) addFacts(r *Reading) {
	for _, kind := range []string{kindNew, kindForwarded, kindQuoted, kindThread} {
		r.Deceased = r.Deceased || t.says[topic{kind, "deceased"}]
	}
	for _, kind := range []string{kindNew, kindForwarded} {
		for _, form := range []string{"telegram", "notice"} {
			if r.Form == "letter" && t.says[topic{kind, "form:" + form}] {
				r.Form = form
			}
		}
	}
	if r.Series = t.says[topic{kindNew, "series"}]; r.Series && t.says[topic{kindNew, "single"}] {
		r.Verdict, r.About, r.Why = Unclear, "", "it speaks of a whole series and of a single occurrence"
	}
	for _, name := range t.mail.Attachments {
		n := strings.ToLower(name)
		if strings.Contains(n, "telegram") {
			r.Form = "telegram"
		} else if r.Form == "letter" && (strings.Contains(n, "notice") || strings.Contains(n, "aviso") || strings.Contains(n, "noc.")) {
			r.Form = "notice"
		}
	}
	if r.Verdict != None {
		r.Reason = t.reason()
	}
	for _, history := range []bool{false, true} {
		for _, p := range t.parts {
			if (p.kind == kindQuoted) != history || history && len(r.References) > 0 {
				continue
			}
			for _, ref := range t.references(p.text) {
				if !slices.Contains(r.References, ref) {
					r.References = append(r.References, ref)
				}
			}
		}
	}
	t.addPeople(r)
	for _, p := range t.parts {
		if p.kind != kindNew && p.kind != kindForwarded {
			continue
		}
		for _, d := range t.dates(p) {
			if !slices.Contains(r.Dates, d) {
				r.Dates = append(r.Dates, d)
			}
		}
	}
}

// reason is the most telling reason that is named: a change of mind is what
// people also say when they have a better one.
func (t *text) reason() string {
	for _, reason := range []string{"other-offer", "moving", "financial", "delay", "changed-mind"} {
		if t.says[topic{kindNew, "reason:" + reason}] || t.says[topic{kindForwarded, "reason:" + reason}] {
			return reason
		}
	}
	return ""
}

// references finds prefix and number, whatever dash or none stands between.
func (t *text) references(s string) []string {
	if !numbered(s) { // spares most segments the work
		return nil
	}
	var out []string
	upper := strings.Map(func(r rune) rune {
		switch r {
		case '‐', '‑', '–', '—':
			return '-'
		}
		return unicode.ToUpper(r)
	}, s)
	for i := 0; i < len(upper) && len(out) < most; {
		if strings.IndexByte(t.initials, upper[i]) < 0 {
			i++
			continue
		}
		ref, n := referenceAt(upper, i, t.prefixes)
		if n == 0 {
			i++
			continue
		}
		if !slices.Contains(out, ref) {
			out = append(out, ref)
		}
		i += n
	}
	return out
}

// numbered tells that three digits stand together, as in every reference.
func numbered(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			digits = 0
		} else if digits++; digits == 3 {
			return true
		}
	}
	return false
}

// referenceAt reads a reference in a text of upper case.
func referenceAt(s string, i int, prefixes []string) (string, int) {
	if before, _ := utf8.DecodeLastRuneInString(s[:i]); i > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before) || before == '-') {
		return "", 0
	}
	for _, prefix := range prefixes {
		if !strings.HasPrefix(s[i:], prefix) {
			continue
		}
		from := i + len(prefix)
		end := from
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		after, _ := utf8.DecodeRuneInString(s[end:])
		if end-from >= 3 && end-from <= 18 && (end == len(s) || !unicode.IsLetter(after)) {
			return s[i:end], end - i
		}
	}
	return "", 0
}

// A reference names what it stands for.
var (
	contractRow = row{cells: []string{"contract"}}
	visitRow    = row{cells: []string{"visit"}}
	partRow     = row{cells: []string{"part"}}
)

// referenceRow is what a token that is a reference stands for, else nil.
func (t *text) referenceRow(tok token) *row {
	if last := tok.text[len(tok.text)-1]; last < '0' || last > '9' {
		return nil
	}
	ref, n := referenceAt(strings.ToUpper(tok.text), 0, t.prefixes)
	if n == 0 || n != len(tok.text) {
		return nil
	}
	for _, prefix := range t.patterns.Visits {
		if strings.HasPrefix(ref, strings.ToUpper(prefix)) {
			return &visitRow
		}
	}
	return &contractRow
}

var months = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
	"september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7, "agosto": 8,
	"septiembre": 9, "setiembre": 9, "octubre": 10, "noviembre": 11, "diciembre": 12,
}

// dates finds 2026-12-03, 12/3/2026, December 3(rd)(, 2026), 3 (de) December
// (de) 2026. Slashes are month first in English, as in the United States; in
// Spanish both orders are in use, so only what has one reading counts.
func (t *text) dates(p part) []string {
	var out []string
	toks := p.tokens
	at := func(i int) string {
		if i < 0 || i >= len(toks) {
			return ""
		}
		return toks[i].text
	}
	for i, tok := range toks {
		if len(out) == most {
			break
		}
		var d string
		month, named := months[tok.text]
		switch {
		case named:
			d = t.namedDate(at, i, month)
		case len(tok.text) == 10 && tok.text[4] == '-':
			d = calendarDay(strings.Split(tok.text, "-"))
		case at(i+1) == "/" && at(i+3) == "/" && at(i-1) != "/":
			d = t.slashDate(at(i), at(i+2), at(i+4))
		}
		if d != "" {
			out = append(out, d)
		}
	}
	return out
}

func (t *text) namedDate(at func(int) string, i int, month time.Month) string {
	day := dayNumber(at(i + 1))
	next := i + 2
	if day == 0 {
		back := i - 1
		if w := at(back); w == "de" || w == "of" {
			back--
		}
		day, next = dayNumber(at(back)), i+1
	}
	if day == 0 {
		return ""
	}
	if w := at(next); w == "," || w == "de" || w == "del" {
		next++
	}
	if y, err := strconv.Atoi(at(next)); err == nil && y >= 1990 && y < 2100 {
		return iso(y, int(month), day)
	}
	return t.nextSuchDay(month, day)
}

// nextSuchDay is the first such day from the day of sending on.
func (t *text) nextSuchDay(month time.Month, day int) string {
	if t.mail.Sent.IsZero() {
		return ""
	}
	sent := t.mail.Sent.Format(time.DateOnly)
	for y := t.mail.Sent.Year(); y <= t.mail.Sent.Year()+4; y++ {
		if d := iso(y, int(month), day); d >= sent {
			return d
		}
	}
	return ""
}

func (t *text) slashDate(a, b, c string) string {
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	year, err3 := strconv.Atoi(c)
	if err1 != nil || err2 != nil || err3 != nil || len(c) != 4 && len(c) != 2 {
		return ""
	}
	if len(c) == 2 {
		year += 2000
	}
	switch {
	case x > 12:
		return iso(year, y, x)
	case t.language == "es" && y <= 12 && x != y:
		return ""
	}
	return iso(year, x, y)
}

func dayNumber(w string) int {
	for _, suffix := range []string{"st", "nd", "rd", "th"} {
		w = strings.TrimSuffix(w, suffix)
	}
	n, err := strconv.Atoi(w)
	if err != nil || n < 1 || n > 31 {
		return 0
	}
	return n
}

func calendarDay(f []string) string {
	if len(f) != 3 {
		return ""
	}
	y, err1 := strconv.Atoi(f[0])
	m, err2 := strconv.Atoi(f[1])
	d, err3 := strconv.Atoi(f[2])
	if err1 != nil || err2 != nil || err3 != nil {
		return ""
	}
	return iso(y, m, d)
}

// iso is the day, or empty if there is no such day.
func iso(y, m, d int) string {
	s := fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}
