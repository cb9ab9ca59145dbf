package reader

import (
	"slices"
	"strings"
)

// object finds what an act is about: to its right, to its left where the act
// is done to it, or what was spoken of before where the act has a pronoun.
func (c *clause) object(a match, before func() string) (match, string) {
	form := a.row.cells[1]
	when := a.row.cells[0] == "move" || a.row.cells[0] == "reschedule"
	usable := func(m match) bool {
		k := m.row.cells[0]
		return when || k != "when" && k != "message" || k == "message" && a.row.cells[0] == "disregard"
	}
	reach := 9
	if form == "done" {
		reach = 4
	}
	if form == "noun" && a.row.cells[0] == "cancel" {
		if m, ok := c.objectBefore(a.start); ok && usable(m) && m.row.cells[0] != "cancellation" {
			return m, m.row.cells[0]
		}
	}
	inside := a.start + 1
	if form == "noun" {
		inside = a.end
	}
	for i := inside; i < len(c.toks) && i < a.end+reach; i++ {
		t := c.toks[i]
		if i >= a.end && (!t.word && t.text != "\"" || c.g.stop[t.text] || breaks[t.text] && t.text != "so") {
			break
		}
		if m, ok := c.objectAt(i); ok && usable(m) {
			m = c.chain(m)
			switch m.row.cells[0] {
			case "contract", "project":
				if c.elsewhere(m.end) || c.others(a.end, m.start) {
					return m, "part"
				}
			case "other":
				if i > a.end+4 {
					return m, "unknown"
				}
			case "cancellation":
				if c.follows(m.end, "visit") {
					return m, "message"
				}
			}
			return m, m.row.cells[0]
		}
		if i >= a.end && c.verbAt(i) {
			break
		}
	}
	if form == "done" {
		for i := a.start - 1; i >= 0 && i >= a.start-9 && c.toks[i].word; i-- {
			if m, ok := c.objectAt(i); ok && usable(m) {
				m = c.chain(m)
				return m, m.row.cells[0]
			}
		}
	}
	if form != "done" && c.unknown(a.end) {
		return match{}, "unknown"
	}
	if a.end < len(c.toks) && pronouns[c.toks[a.end].text] || form == "done" || clitic(c.toks[a.end-1].text) {
		for _, m := range slices.Backward(c.objects) {
			if m.end <= a.start && m.row.cells[0] != "when" && m.row.cells[0] != "message" {
				return m, m.row.cells[0]
			}
		}
		if kind := before(); kind != "" {
			return match{}, kind
		}
	}
	return match{}, "none"
}

var pronouns = set("it this that them everything these those lo la los las todo esto eso")

// clitic tells that a Spanish verb carries its object: cancelarlo, cancelenla.
func clitic(w string) bool {
	for _, end := range []string{"arlo", "arla", "arlos", "arlas", "erlo", "irlo", "enlo", "enla", "elo", "ela"} {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}

// verbAt tells that another act begins, whose object is not this one's.
func (c *clause) verbAt(i int) bool {
	found := false
	c.g.acts.at(c.toks, i, func(r *row, _ int) {
		found = found || r.cells[1] == "ing" || r.cells[1] == "base" && r.cells[0] != "drop" && r.cells[0] != "move"
	})
	return found
}

func (c *clause) objectAt(i int) (match, bool) {
	for _, m := range c.objects {
		if m.start == i {
			return m, true
		}
	}
	return match{}, false
}

// chain is a run of nouns, which means what its last means: a "contract review
// meeting" is a meeting. A vague last noun means what the one before it means:
// a "phone service" is a matter of the phone.
func (c *clause) chain(m match) match {
	for {
		left, ok := c.objectBefore(m.start)
		if !ok || c.g != english {
			break
		}
		m = left
	}
	for {
		at := m.end
		if c.g == spanish {
			if m.row.cells[0] != "vague" || at >= len(c.toks) || c.toks[at].text != "de" {
				return m
			}
			at++
		}
		next, ok := c.objectAt(at)
		if !ok || next.row.cells[0] == "when" {
			return m
		}
		m.end = next.end
		if next.row.cells[0] != "vague" {
			m.row = next.row
		}
	}
}

func (c *clause) objectBefore(i int) (match, bool) {
	for _, m := range c.objects {
		if m.end == i {
			return m, true
		}
	}
	return match{}, false
}

// follows tells that an object of a kind stands within four words.
func (c *clause) follows(i int, kind string) bool {
	return slices.ContainsFunc(c.objects, func(m match) bool { return m.start >= i && m.start < i+4 && m.row.cells[0] == kind })
}

// elsewhere tells that the contract is with a business that is not ours.
func (c *clause) elsewhere(i int) bool {
	if len(c.names) == 0 || i+1 >= len(c.toks) || c.toks[i].text != "with" && c.toks[i].text != "con" {
		return false
	}
	rest := c.toks[i+1:]
	if c.g.us[rest[0].text] || !rest[0].word {
		return false
	}
	for _, name := range c.names {
		if len(rest) >= len(name) && slices.EqualFunc(rest[:len(name)], name, func(t, n token) bool { return t.text == n.text }) {
			return false
		}
	}
	return true
}

// others tells that the contract is somebody else's, "my neighbor's", or one of
// several, "the duplicate".
func (c *clause) others(from, to int) bool {
	for i := from; i < to; i++ {
		if w := c.toks[i].text; strings.HasSuffix(w, "'s") && !c.g.owner[w] || c.g.partial[w] {
			return true
		}
	}
	return false
}

// unknown tells that the act is about something there is no word for here:
// "cancel the battery", "cancel with my old company".
func (c *clause) unknown(i int) bool {
	if i+1 >= len(c.toks) || !c.toks[i].word || !c.toks[i+1].word {
		return false
	}
	t, next := c.toks[i].text, c.toks[i+1].text
	if t == "with" || t == "con" {
		return !c.g.us[next] && (len(c.names) == 0 || c.elsewhere(i))
	}
	if (t == "of" || t == "from" || t == "on" || t == "de" || t == "del") && i+2 < len(c.toks) {
		t, next = next, c.toks[i+2].text
	}
	return c.g.article[t] && !c.g.stop[next] && !c.g.fill[next] && !breaks[next]
}
