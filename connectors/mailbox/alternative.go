package mailbox

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/jhillyerd/enmime/v2"
)

// alternative chooses between the forms of one text: the plain one, unless it
// says too little next to the HTML one. The HTML one may sit in a
// multipart/related, beside its pictures. A further form of the same type is read
// if it says something else, for it may be the one that is shown.
func (c *content) alternative(p *enmime.Part, subject string, nested int) error {
	var plain, html *enmime.Part
	for child := p.FirstChild; child != nil; child = child.NextSibling {
		if plain == nil && isText(child) && child.ContentType != "text/html" {
			plain = child
		} else if html == nil {
			html = child.BreadthMatchFirst(func(p *enmime.Part) bool { return isText(p) && p.ContentType == "text/html" })
		}
	}
	text := ""
	if plain != nil {
		text = c.textOf(plain)
	}
	if html != nil {
		rendered := c.textOf(html)
		if tooShort(text, rendered) {
			text = rendered
		} else if sayDifferent(text, rendered) {
			c.alternatives = append(c.alternatives, divide(rendered, subject, nested)...)
		}
	}
	c.segments = append(c.segments, divide(text, subject, nested)...)
	chosen := len(c.segments)
	for child := p.FirstChild; child != nil; child = child.NextSibling {
		if isText(child) {
			if again := child != plain && child != html && (child.ContentType == "text/plain" || child.ContentType == "text/html"); again {
				if other := c.textOf(child); sayDifferent(text, other) {
					c.alternatives = append(c.alternatives, divide(other, subject, nested)...)
				}
			}
			continue
		}
		err := c.walk(child, subject, nested)
		if strings.TrimSpace(text) != "" {
			c.segments = c.segments[:chosen] // the same text in another form
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var inBrowser = regexp.MustCompile(`(?i)(view|read|open|ver|anzeigen).{0,60}(browser|navegador|navigateur|html)`)

func tooShort(plain, html string) bool {
	plain, html = strings.TrimSpace(plain), strings.TrimSpace(html)
	return plain == "" || len(plain) < 300 && len(html) > 2*len(plain) && inBrowser.MatchString(plain) || 4*len(plain) < len(html) && len(html) > 400
}

// sayDifferent tells that one of two forms of a text has several words that the
// other has not. Addresses do not count: HTML hides them behind words.
func sayDifferent(plain, html string) bool {
	a, b := wordsOf(plain), wordsOf(html)
	missing := 0
	for _, pair := range [][2]map[string]bool{{a, b}, {b, a}} {
		for w := range pair[0] {
			if !pair[1][w] {
				missing++
			}
		}
	}
	return missing > 2
}

var webAddress = regexp.MustCompile(`\b(https?://|www\.|mailto:)\S+`)

func wordsOf(text string) map[string]bool {
	words := map[string]bool{}
	text = webAddress.ReplaceAllString(strings.ToLower(text), " ")
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		words[w] = true
	}
	return words
}
