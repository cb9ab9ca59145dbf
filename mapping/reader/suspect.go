package reader

import "slices"

// suspect leaves a mail to a person that says one thing in one form of its text
// and another in the other, or that hides words which would change its meaning.
func (r *Reading) suspect(m Mail, p Patterns, d *desk) {
	unclear := func(why string) { r.Verdict, r.Why, r.About = Unclear, why, "" }
	if len(m.Alternative) > 0 {
		other := m
		other.Segments = m.Alternative
		t := open(other, p, d)
		if o := t.weigh(); o.Verdict != r.Verdict || o.Verdict == Request && (o.Asks != r.Asks || o.Words != r.Words) {
			unclear("two forms of its text do not ask for the same")
		}
	}
	if m.Hidden != "" && r.Verdict != Unclear {
		t := open(Mail{Auto: m.Auto, Segments: []Segment{{Kind: kindNew, Text: m.Hidden}}}, p, d)
		if t.weigh().Verdict != None || r.Verdict == Request && t.denies() {
			unclear("there is hidden text that changes what it asks for")
		}
	}
}

// denies tells that there is a word anywhere that denies something.
func (t *text) denies() bool {
	for _, p := range t.parts {
		for _, s := range p.sentences {
			if slices.ContainsFunc(s.tokens, func(tok token) bool { return english.no[tok.text] || spanish.no[tok.text] }) {
				return true
			}
		}
	}
	return false
}
