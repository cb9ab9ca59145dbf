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
		if m.start < a.end && (k == "hold" && a.row.cells[0] == "hold" || k == "cancellation" && meaning[a.row.cells[0]]["contract"] == Cancel) {
			return false // the act itself: "put a hold on", "start the cancellation process"
		}
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
			case "project":
				if other, ok := c.joined(m.end); ok && other.row.cells[0] == "contract" {
					return m, "contract"
				}
				if c.foreign(a, m) {
					return m, "part"
				}
			case "contract":
				if c.foreign(a, m) {
					return m, "part"
				}
			case "visit":
				if does := meaning[a.row.cells[0]]["visit"]; (does == "visit" || does == Uncancel) && c.beside(a.end, m) {
					return m, "part"
				}
			case "other":
				if i > a.end+4 {
					return m, "unknown"
				}
			case "cancellation":
				if c.ofVisit(m.end) {
					return m, "cancelled-visit"
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
	if c.pronoun(a) || form == "done" || clitic(c.toks[a.end-1].text) {
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

// pronoun tells that an act is about "it": "cancel it", "put it back on".
func (c *clause) pronoun(a match) bool {
	within := c.toks[a.start+1 : min(a.end+1, len(c.toks))]
	return slices.ContainsFunc(within, func(t token) bool { return pronouns[t.text] })
}

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
	return slices.ContainsFunc(c.g.acts.at(c.toks, i), func(h hit) bool {
		verb, form := h.row.cells[0], h.row.cells[1]
		return form == "ing" || form == "base" && verb != "drop" && verb != "move"
	})
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
	other := m.row.cells[0] == "other"
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
		if other = other || next.row.cells[0] == "other"; other && next.row.cells[0] == "contract" {
			m.row = &partRow // a "phone contract" is not ours
		} else if (next.row == &contractRow || next.row == &visitRow) && m.row.cells[0] != "vague" {
			continue // "appointment B-1005" is an appointment, whatever B- says
		} else if next.row.cells[0] != "vague" {
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

// joined is the object that stands behind "and my".
func (c *clause) joined(i int) (match, bool) {
	if i >= len(c.toks) || c.toks[i].text != "and" && c.toks[i].text != "y" {
		return match{}, false
	}
	if i++; i < len(c.toks) && c.g.article[c.toks[i].text] {
		i++
	}
	m, ok := c.objectAt(i)
	if ok {
		m = c.chain(m)
	}
	return m, ok && !c.elsewhere(m.end)
}

// ofVisit tells that "of the visit" or the like stands there.
func (c *clause) ofVisit(i int) bool {
	return i < len(c.toks) && ofs[c.toks[i].text] && slices.ContainsFunc(c.objects, func(m match) bool {
		return m.start > i && m.start < i+5 && m.row.cells[0] == "visit"
	})
}

var ofs = set("of for de del para")

// foreign tells that what is called a contract or a project is not plainly the
// writer's with us: what stands between the act and it, or belongs to it, is
// not known here. "the fee on my contract", "my alarm contract", "the contract
// of my neighbor", "my contract with Sun Dealer".
func (c *clause) foreign(a, m match) bool {
	if c.elsewhere(m.end) || c.others(a.end, m.start) {
		return true
	}
	if meaning[a.row.cells[0]]["part"] == "-" {
		return false // the difference would hide it
	}
	for i := a.end; i < m.start; i++ {
		if !c.modifies(i) && !(i == a.end && c.g.link[c.toks[i].text]) {
			return true
		}
	}
	i := m.end
	if c.g == english && (c.goesOn(i) || strings.HasSuffix(c.toks[i-1].text, "'s")) {
		return true // "my contract renewal", "my contract's rider"
	}
	if i < len(c.toks) && c.g == spanish && c.g.partial[c.toks[i].text] {
		return true // "mi contrato anterior"
	}
	if i+1 < len(c.toks) && (c.toks[i].text == "with" || c.toks[i].text == "con") && c.g.partial[c.toks[i+1].text] {
		return true // "with another company"
	}
	if i < len(c.toks) && c.toks[i].text == "in" && slices.ContainsFunc(c.toks[i:min(i+5, len(c.toks))], func(t token) bool { return strings.HasSuffix(t.text, "'s") }) {
		return true // "in my mother's name"
	}
	if i >= len(c.toks) || !ofs[c.toks[i].text] {
		return false
	}
	for i++; i < len(c.toks) && c.modifies(i); i++ {
		if !c.toks[i].word {
			return false
		}
	}
	if i >= len(c.toks) || c.toks[i].capital || c.g.whose[c.toks[i].text] || months[c.toks[i].text] > 0 {
		return false
	}
	of, ok := c.objectAt(i)
	return !ok || of.row.cells[0] == "other"
}

// goesOn tells that the noun is not the last of its run: what follows is no
// word that can stand behind one.
func (c *clause) goesOn(i int) bool {
	if i >= len(c.toks) {
		return false
	}
	t := c.toks[i]
	if !t.word || t.text[0] < 'a' || t.text[0] > 'z' {
		return false
	}
	for _, known := range []map[string]bool{c.g.stop, c.g.fill, c.g.article, c.g.us, c.g.self, c.g.link, c.g.ask, c.g.no, c.g.plain, c.g.plainly, ofs, having, breaks, closers, behind} {
		if known[t.text] {
			return false
		}
	}
	_, object := c.objectAt(i)
	return !object && months[t.text] == 0
}

// beside tells that what an act is about only belongs to a visit: "the reminder
// for the visit", "one of the interpreters for", "the visit confirmation".
func (c *clause) beside(from int, m match) bool {
	for i := from; i < m.start; i++ {
		if w := c.toks[i].text; i > from && ofs[w] || c.g.partial[w] {
			return true
		}
	}
	return c.g == english && c.goesOn(m.end)
}

// modifies tells that a word tells nothing new of the noun that follows.
func (c *clause) modifies(i int) bool {
	t := c.toks[i]
	if !t.word || t.text[0] >= '0' && t.text[0] <= '9' || c.g.plainly[t.text] || c.g.article[t.text] || c.g.fill[t.text] || c.g.us[t.text] || c.g.owner[t.text] {
		return true
	}
	return slices.ContainsFunc(c.names, func(name []token) bool {
		return slices.ContainsFunc(name, func(n token) bool { return n.text == t.text })
	})
}

// behind are words that can stand behind a noun and are none.
var behind = set("per dated within under pursuant entered via through during over between including regarding re asap right away soon " +
	"promptly permanently altogether entirely already yet too again instead first here there then effective early anyway " +
	"pls plz thx ty thanks cheers best warm kind respectfully yours numbered known called named listed located made bought sold financed installed")

// elsewhere tells that the contract is with a business that is not ours.
func (c *clause) elsewhere(i int) bool {
	for i < len(c.toks) && having[c.toks[i].text] {
		i++ // "that I have with"
	}
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

var having = set("that which i we have had currently que tengo tenemos tenia yo")

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
