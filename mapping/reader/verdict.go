package reader

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// weigh hears the sender's own words and those passed on, and decides.
func (t *text) weigh() Reading {
	r := Reading{Verdict: None, Language: t.language, Words: "none", Form: "letter"}
	switch t.mail.Auto {
	case "dsn", "mdn", "auto-replied", "calendar":
		r.Why = "an automatic mail of kind " + t.mail.Auto + " asks for nothing"
		return r
	}
	own := t.judge(kindNew)
	passed := t.judge(kindForwarded)
	if passed.verdict == Request && t.relayed(passed.by) {
		passed.verdict, passed.why = Unclear, "the words passed on are not those of the innermost author"
	}
	if own.verdict == Request && own.by.subject && t.questions() {
		own.verdict, own.why = Unclear, "the subject asks, the text has a question"
	}
	t.combine(&r, own, passed)
	t.doubt(&r)
	return r
}

// combine lets the newest words govern and lets the sender's wrapper around
// somebody else's request be a wrapper.
func (t *text) combine(r *Reading, own, passed opinion) {
	take := func(o opinion, words string) {
		r.Verdict, r.Asks, r.Words, r.Why, r.About = o.verdict, o.act, words, o.why, o.about
		if o.by != nil {
			r.Spans = o.by.spans
			r.Quote = t.quote(o.by.at)
		}
		if words == "forwarded" {
			r.Claims = t.claims()
		}
	}
	switch {
	case own.verdict == Request && own.by.force == asks && own.by.form != "noun":
		take(own, "own")
	case own.verdict == Request && passed.verdict == None:
		take(own, "own")
	case own.verdict == Request && passed.verdict == Request && passed.act == own.act:
		take(passed, "forwarded")
	case own.verdict == Request:
		take(own, "own")
		r.Verdict, r.Why, r.About = Unclear, "the words passed on do not plainly ask for the same", ""
	case passed.verdict == Request && (own.verdict == None || t.wraps()):
		take(passed, "forwarded")
		if t.says[topic{kindNew, "reserve"}] {
			r.Verdict, r.Why, r.About = Unclear, "whoever passes it on has a reservation", ""
		}
	case own.verdict == Unclear:
		take(own, "own")
		if passed.verdict != None {
			r.About = ""
		}
	case passed.verdict != None:
		take(passed, "forwarded")
		r.Verdict, r.About = Unclear, ""
	default:
		r.Why = "nothing in it asks for anything known here"
	}
}

// wraps tells that the sender's own words only announce what is passed on.
func (t *text) wraps() bool {
	for _, s := range t.voice(kindNew) {
		if s.force == aside || s.act == "-" || s.subject && s.force == named || s.form == "noun" && s.force != negated && s.force != doubted {
			continue
		}
		return false
	}
	return true
}

// relayed tells that a signal stands in a forwarded part that itself forwards
// somebody deeper.
func (t *text) relayed(s *signal) bool {
	at := t.parts[s.at.part]
	for _, p := range t.parts {
		if p.kind == kindForwarded && p.depth > at.depth && p.from != "" && !strings.EqualFold(p.from, at.from) {
			return true
		}
	}
	return false
}

// claims is the innermost author that is named.
func (t *text) claims() string {
	from, depth := "", -1
	for _, p := range t.parts {
		if p.kind == kindForwarded && p.from != "" && p.depth >= depth {
			from, depth = p.from, p.depth
		}
	}
	return strings.ToLower(from)
}

func (t *text) questions() bool {
	for _, p := range t.parts[1:] {
		for _, s := range p.sentences {
			if p.kind == kindNew && s.question {
				return true
			}
		}
	}
	return false
}

// doubt moves a verdict towards unclear, where the words alone would mislead;
// only for newsletters towards none.
func (t *text) doubt(r *Reading) {
	unclear := func(why string) { r.Verdict, r.Why, r.About = Unclear, why, "" }
	if r.Verdict == Unclear && (t.mail.Auto == "list" || t.mail.Auto == "bulk") && !t.wanted() {
		r.Verdict, r.Asks, r.Words, r.Quote, r.Spans = None, "", "none", "", nil
		r.Why = "a newsletter that asks for nothing itself"
		return
	}
	if t.cut && (r.Verdict != Unclear || r.About != "") {
		unclear("the mail is longer than is read")
	}
	if r.Verdict == Request {
		if r.Asks == Cancel && t.deniedBelow() {
			unclear("what looks like a signature denies it")
		}
		return
	}
	attached := t.attachedRequest()
	empty := len(t.mail.Attachments) > 0 && t.mail.Auto == "" && !t.written()
	if attached || empty || len(t.mail.Attachments) > 0 && r.Verdict == Unclear && t.says[topic{kindNew, "attached"}] && r.Asks == Cancel {
		r.Words = "attached"
		if attached {
			r.Asks = Cancel
		}
		unclear("the request may be in an attachment that is not read")
		return
	}
	if r.Verdict == None && t.wantedBelow() {
		unclear("something is asked for in what looks like a signature")
		return
	}
	if r.Verdict == Unclear || !t.thread() {
		return
	}
	if t.says[topic{kindNew, "affirm"}] || t.says[topic{kindNew, "wrapper"}] || !t.says[topic{kindNew, "thanks"}] && t.subjectNames() {
		unclear("it answers a mail about such a request")
	}
}

// wanted tells that any sentence asks for something, however doubtful the
// whole.
func (t *text) wanted() bool {
	for _, s := range t.signals {
		if s.wants() && isRequest(s.act) && t.parts[s.at.part].kind != kindQuoted {
			return true
		}
	}
	return false
}

// wantedBelow tells that the signature asks for something: where it begins is
// a guess of whoever cut the mail up.
func (t *text) wantedBelow() bool {
	for _, s := range t.signals {
		if t.parts[s.at.part].kind == kindSignature && s.wants() && isRequest(s.act) {
			return true
		}
	}
	return false
}

// deniedBelow tells that the signature says not to cancel: it may be more than
// a signature.
func (t *text) deniedBelow() bool {
	return slices.ContainsFunc(t.signals, func(s signal) bool {
		return t.parts[s.at.part].kind == kindSignature && s.verb == "cancel" && (s.force == negated || s.force == doubted)
	})
}

// attachedRequest tells that a file's name speaks of cancelling.
func (t *text) attachedRequest() bool {
	for _, name := range t.mail.Attachments {
		name = strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(name)
		for _, s := range t.desk.divide(name, t.desk.scan(name)) {
			for i, tok := range s.tokens {
				if tok.text == "telegram" || tok.text == "telegrama" || tok.text == "noc" {
					return true
				}
				for _, g := range t.grammars() {
					if slices.ContainsFunc(g.acts.at(s.tokens, i), func(h hit) bool { return h.row.cells[0] == "cancel" && h.row.cells[1] != "done" }) {
						return true
					}
				}
			}
		}
	}
	return false
}

// written tells that the sender wrote at least a few words.
func (t *text) written() bool {
	words := 0
	for _, p := range t.parts[1:] {
		for _, s := range p.sentences {
			if p.kind == kindNew || p.kind == kindForwarded {
				words += len(s.tokens)
			}
		}
	}
	return words > 2
}

// thread tells that the history below names an act that is asked about here.
func (t *text) thread() bool {
	for _, s := range t.signals {
		k := t.parts[s.at.part].kind
		if (k == kindQuoted || k == kindThread) && s.act != "-" && s.force != aside {
			return true
		}
	}
	return false
}

func (t *text) subjectNames() bool {
	for _, s := range t.signals {
		if t.parts[s.at.part].kind == kindThread && s.act != "-" && s.force != aside {
			return true
		}
	}
	return false
}

// quote is the sentence at a place, at most 300 runes of it.
func (t *text) quote(at place) string {
	p := t.parts[at.part]
	toks := p.sentences[at.sentence].tokens
	q := p.text[toks[0].start:toks[len(toks)-1].end]
	q = strings.Join(strings.Fields(strings.ToValidUTF8(q, "")), " ")
	if utf8.RuneCountInString(q) > 300 {
		q = string([]rune(q)[:300])
	}
	return q
}
