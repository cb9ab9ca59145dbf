package reader

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names and addresses as mails in the United States and Latin America write
// them: two to four words with capitals, a house number before the street in
// English and behind it in Spanish.
const (
	capital  = `(?:\p{Lu}[\pL'’-]+|\p{Lu}\.)`
	fullName = capital + `(?: (?:(?:de|del|la|los|las|van|von|di|da|y) )*` + capital + `){1,3}`
	street   = `\d{1,6}[A-Za-z]?(?: [\pL\d'’.-]{1,20}){1,4} (?i:street|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|circle|cir|terrace|ter|parkway|pkwy|highway|hwy|trail|trl|loop)\b\.?`
	calle    = `(?i:calle|avenida|av\.|paseo|camino|carrera|calzada) [\pL\d .'’-]{2,40}?,?(?: no\.?| #|) ?\d{1,6}\b`
	flat     = `(?:,? (?i:apt|unit|suite|ste|apartment|lot|depto)\.? ?#?[\w-]{1,6})?`
	town     = `(?:,? \p{Lu}[\pL.'’ -]{1,25},? [A-Z]{2}(?: \d{5}(?:-\d{4})?)?\b)?`
)

// Each pattern is tried only where what it describes can begin: searching whole
// mails for them took more time than everything else that the reader does.
var (
	postalHere = regexp.MustCompile(`^(?:` + street + `|` + calle + `)` + flat + town)
	nameHere   = regexp.MustCompile(`^` + fullName)
	nameLine   = regexp.MustCompile(`^[ \t]*(` + fullName + `),?[ \t]*\r?$`)
	beforeName = regexp.MustCompile(`(` + fullName + `)\s*,?\s*(?:(?i:at|of|from|en|de)\s+)?$`)
)

// ways are the words that calle begins with.
var ways = []string{"calle ", "avenida ", "av. ", "paseo ", "camino ", "carrera ", "calzada "}

// longestAddress and longestIntroduction bound, in bytes, what is looked at.
const (
	longestAddress      = 300
	longestIntroduction = 40
)

// addPeople finds names where people put them: introduced, below the text, or
// before an address. A business may be taken for a person.
func (t *text) addPeople(r *Reading) {
	add := func(list *[]string, s string) {
		s = strings.TrimRight(strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "), ".,")
		if s != "" && len(*list) < most && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, p := range t.parts {
		if p.kind != kindNew && p.kind != kindForwarded && p.kind != kindSignature || p.segment < 0 {
			continue
		}
		for _, name := range introducedNames(p.text) {
			add(&r.People, name)
		}
		for line := range strings.SplitSeq(p.text, "\n") {
			if !allCapitals(line) {
				continue
			}
			if m := nameLine.FindStringSubmatch(line); m != nil {
				add(&r.People, m[1])
			}
		}
		for _, at := range addresses(p.text) {
			add(&r.Addresses, p.text[at[0]:at[1]])
			if m := beforeName.FindStringSubmatch(p.text[max(0, at[0]-80):at[0]]); m != nil {
				add(&r.People, m[1])
			}
		}
	}
}

// introducedNames finds the names that words such as "my name is" precede.
func introducedNames(s string) (names []string) {
	behind := 0 // what was found last
	space := false
	for i, c := range s {
		begins := space && i > behind && unicode.IsUpper(c)
		space = c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'
		if !begins || !introduces(s[max(behind, i-longestIntroduction):i]) {
			continue
		}
		name := nameHere.FindString(s[i:min(len(s), i+longestAddress)])
		if name == "" {
			continue
		}
		names = append(names, name)
		behind = i + len(name)
	}
	return names
}

// introductions are what the words end with that introduce a name. Those that
// begin with a bar are words of their own.
var introductions = []string{"my name is", "this is", "i am", "i'm", "name:", "customer", "customer:", "client", "client:", "homeowner", "homeowner:",
	"|mr.", "|mrs.", "|ms.", "|miss", "soy", "mi nombre es", "me llamo", "nombre:", "cliente", "cliente:", "señor", "señora", "senor", "senora", "|sr.", "|sra.",
	"sincerely,", "regards,", "thanks,", "thank you,", "gracias,", "atentamente,", "saludos,"}

// introduces tells whether a text ends with an introduction and a space.
func introduces(s string) bool {
	words := strings.TrimRight(s, " \t\n\f\r")
	if len(words) == len(s) || words == "" {
		return false
	}
	words = strings.ToLower(words[max(0, len(words)-len("|mi nombre es")):])
	last := words[len(words)-1]
	return slices.ContainsFunc(introductions, func(end string) bool {
		if end[len(end)-1] != last { // spares most of them
			return false
		}
		end, alone := strings.CutPrefix(end, "|")
		before, ok := strings.CutSuffix(words, end)
		return ok && !(alone && before != "" && isWordByte(before[len(before)-1]))
	})
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// allCapitals tells that all words of a line that are not particles begin with
// a capital, as in a name.
func allCapitals(line string) bool {
	line = strings.Trim(line, " \t\r")
	for word := range strings.SplitSeq(line, " ") {
		if first, _ := utf8.DecodeRuneInString(word); !unicode.IsUpper(first) && !particles[word] {
			return false
		}
	}
	return true
}

var particles = set("de del la los las van von di da y")

// addresses finds where postal addresses begin and end.
func addresses(s string) (found [][2]int) {
	behind := 0
	inWord := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		begins := !inWord && i >= behind
		inWord = isWordByte(c)
		if !begins || !beginsNumber(s[i:]) && !beginsWay(s[i:]) {
			continue
		}
		if at := postalHere.FindStringIndex(s[i:min(len(s), i+longestAddress)]); at != nil {
			behind = i + at[1]
			found = append(found, [2]int{i, behind})
		}
	}
	return found
}

// beginsNumber tells that what begins s may be a house number.
func beginsNumber(s string) bool {
	n := 0
	for n < len(s) && n < 7 && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	if n == 0 || n > 6 {
		return false
	}
	if n < len(s) && 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z' {
		n++
	}
	return n < len(s) && s[n] == ' '
}

func beginsWay(s string) bool {
	if c := s[0] | 0x20; c != 'c' && c != 'a' && c != 'p' {
		return false
	}
	for _, way := range ways {
		if len(s) >= len(way) && strings.EqualFold(s[:len(way)], way) {
			return true
		}
	}
	return false
}
