package reader

// plainVisit is the signal that asks to cancel a visit, if nothing in the same
// voice asks for anything else or speaks against it.
func (t *text) plainVisit(kind string, signals []signal) *signal {
	if t.says[topic{kind, "hedge"}] || t.says[topic{kind, "sample"}] {
		return nil
	}
	var by *signal
	for i := range signals {
		s := &signals[i]
		switch {
		case s.act == "-" || s.force == aside || s.form == "noun" && s.force == named:
		case s.act != "visit" || !s.wants():
			return nil
		case by == nil || by.subject && !s.subject:
			by = s
		}
	}
	if by != nil && (by.subject && t.questions() || t.limited(kind, by)) {
		return nil
	}
	return by
}

// limited tells that words behind the act may keep a part of what it is about,
// or, of a series, some of it: "but not the one on Friday", "until January".
func (t *text) limited(kind string, by *signal) bool {
	series := t.says[topic{kind, "series"}]
	for n, p := range t.parts {
		if p.kind != kind {
			continue
		}
		for i, s := range p.sentences {
			here := by.at == place{n, i}
			for _, tok := range s.tokens {
				// Spans do not point into the subject of a forwarded mail.
				behind := here && (len(by.spans) == 0 || tok.start >= by.spans[0].End)
				if keeps[tok.text] || behind && limits[tok.text] || behind && series && spans[tok.text] {
					return true
				}
			}
		}
	}
	return false
}

var (
	keeps  = set("keep remain remains stays except excepting excluding mantengan mantener conserven excepto salvo")
	limits = set("but not only besides partly half one another instead book replace pero otra otro solo solamente sino menos")
	spans  = set("from after until till through before between starting beginning during next desde hasta despues antes entre durante")
)
