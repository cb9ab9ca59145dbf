package reader

import "slices"

// force tells how an act is meant. What speaks against asking is looked at
// before what speaks for it.
func (c *clause) force(a match, s signal) (force, match) {
	verb, form := a.row.cells[0], a.row.cells[1]
	near := a.start
	for near > 0 && c.g.fill[c.toks[near-1].text] {
		near--
	}
	find := func(mood, where string) (match, bool) {
		for _, m := range c.moods {
			r := m.row.cells
			if r[0] != mood || r[1] != where || r[2] != "" && r[2] != form {
				continue
			}
			switch where {
			case "before":
				if m.end < near || m.end > a.start || c.excused(m) && mood != "please" {
					continue
				}
			case "after":
				if m.start < a.end || c.excused(m) {
					continue
				}
			case "sentence":
				if c.excused(m) || m.start >= a.start && m.end <= a.end {
					continue
				}
			}
			return m, true
		}
		return match{}, false
	}
	if !c.personal() && s.act != EndHold && s.act != Restore && s.act != Uncancel {
		for _, where := range []string{"before", "sentence"} {
			if m, ok := find("notice", where); ok {
				return aside, m
			}
		}
	}
	if m, ok := find("aside", "before"); ok && s.object != "contract" && s.object != "project" {
		return aside, m
	}
	if m, ok := find("not", "before"); ok {
		return negated, m
	}
	if c.quoted(a.start) {
		return told, match{}
	}
	if c.s.endless {
		return doubted, match{}
	}
	for _, where := range []string{"before", "sentence", "after"} {
		if where == "after" && s.act != Cancel {
			continue
		}
		if m, ok := find("maybe", where); ok {
			return doubted, m
		}
	}
	if m, ok := find("mistake", "sentence"); ok && s.act == Cancel {
		return doubted, m
	}
	if m, ok := find("told", "sentence"); ok && m.start < a.start {
		return told, m
	}
	if verb == "weak" || verb == "policy" {
		return named, match{}
	}
	asking := c.s.question && (c.asksFirst() || !c.asksLater())
	if m, ok := find("please", "before"); ok {
		return orders, m
	}
	if m, ok := find("could", "before"); ok {
		if _, ok := find("please", "after"); ok {
			return orders, m
		}
		if s.act == Cancel || s.act == "visit" || s.indefinite {
			return queried, m
		}
		return orders, m
	}
	if asking {
		return queried, match{}
	}
	if m, ok := find("other", "before"); ok {
		return relays, m
	}
	if m, ok := find("ask", "before"); ok {
		return asks, m
	}
	if form == "frame" {
		if verb == "other-cancel" {
			return relays, match{}
		}
		return asks, match{}
	}
	if m, ok := find("bare", "before"); ok && s.object != "none" && !s.proof {
		if c.denied(a.start) {
			return negated, m
		}
		if c.s.question {
			return queried, m
		}
		return orders, m
	}
	if form == "done" {
		return done, match{}
	}
	return named, match{}
}

// denied tells that anything is denied before a word: "do not, ever, cancel".
func (c *clause) denied(i int) bool {
	return slices.ContainsFunc(c.toks[:i], func(t token) bool { return c.g.no[t.text] })
}

func (c *clause) excused(m match) bool {
	for _, b := range c.benign {
		if m.start >= b.start && m.start < b.end {
			return true
		}
	}
	return false
}

// personal tells that the writer speaks of himself, as small print never does.
func (c *clause) personal() bool {
	return slices.ContainsFunc(c.toks, func(t token) bool { return c.g.self[t.text] })
}

// quoted tells that a word stands inside quotation marks.
func (c *clause) quoted(i int) bool {
	marks := 0
	for _, t := range c.toks[:i] {
		if t.text == `"` {
			marks++
		}
	}
	return marks%2 == 1
}

// asksLater tells that a question begins inside the sentence: "I want to
// cancel, can you help me?" Without one the question is whether he does.
func (c *clause) asksLater() bool {
	for i, t := range c.toks[min(1, len(c.toks)):] {
		if before := c.toks[i]; c.g.ask[t.text] && (!before.word || breaks[before.text]) {
			return true
		}
	}
	return false
}

func (c *clause) asksFirst() bool {
	for i, t := range c.toks {
		if t.text == "¿" {
			return true
		}
		if t.word && c.g.ask[t.text] && (i == 0 || !c.toks[i-1].word || begins[c.toks[i-1].text] || breaks[c.toks[i-1].text] && c.toks[i-1].text != "i" && c.toks[i-1].text != "we") {
			return true
		}
	}
	return false
}
