package reader

import (
	"regexp"
	"slices"
	"strings"
)

// Names and addresses as mails in the United States and Latin America write
// them: two to four words with capitals, a house number before the street in
// English and behind it in Spanish.
const (
	capital    = `(?:\p{Lu}[\pL'’-]+|\p{Lu}\.)`
	fullName   = capital + `(?: (?:(?:de|del|la|los|las|van|von|di|da|y) )*` + capital + `){1,3}`
	introduced = `(?i:my name is|this is|i am|i'm|(?:customer|client|homeowner|full)? ?name:|customer:?|client:?|homeowner:?|\bmrs?\.|\bms\.|\bmiss|soy|mi nombre es|me llamo|nombre:|cliente:?|se[ñn]ora?|\bsra?\.|sincerely,|regards,|thanks,|thank you,|gracias,|atentamente,|saludos,)\s+`
	street     = `\d{1,6}[A-Za-z]?(?: [\pL\d'’.-]{1,20}){1,4} (?i:street|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl|circle|cir|terrace|ter|parkway|pkwy|highway|hwy|trail|trl|loop)\b\.?`
	calle      = `(?i:calle|avenida|av\.|paseo|camino|carrera|calzada) [\pL\d .'’-]{2,40}?,?(?: no\.?| #|) ?\d{1,6}\b`
	flat       = `(?:,? (?i:apt|unit|suite|ste|apartment|lot|depto)\.? ?#?[\w-]{1,6})?`
	town       = `(?:,? \p{Lu}[\pL.'’ -]{1,25},? [A-Z]{2}(?: \d{5}(?:-\d{4})?)?\b)?`
)

var (
	postal     = regexp.MustCompile(`\b(?:` + street + `|` + calle + `)` + flat + town)
	introName  = regexp.MustCompile(introduced + `(` + fullName + `)`)
	aloneName  = regexp.MustCompile(`(?m)^[ \t]*(` + fullName + `),?[ \t]*\r?$`)
	beforeName = regexp.MustCompile(`(` + fullName + `)\s*,?\s*(?:(?i:at|of|from|en|de)\s+)?$`)
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
		for _, m := range introName.FindAllStringSubmatch(p.text, most) {
			add(&r.People, m[1])
		}
		for _, m := range aloneName.FindAllStringSubmatch(p.text, most) {
			add(&r.People, m[1])
		}
		for _, at := range postal.FindAllStringIndex(p.text, most) {
			add(&r.Addresses, p.text[at[0]:at[1]])
			if m := beforeName.FindStringSubmatch(p.text[max(0, at[0]-80):at[0]]); m != nil {
				add(&r.People, m[1])
			}
		}
	}
}
