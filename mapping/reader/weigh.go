package reader

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A part is the subject or a segment, cut into sentences.
type part struct {
	segment   int  // -1 for the subject
	heading   bool // the subject of a segment, which spans cannot point into
	kind      string
	from      string
	depth     int
	text      string
	tokens    []token
	sentences []sentence
}

// A text is a mail laid open.
type text struct {
	mail      Mail
	patterns  Patterns
	prefixes  []string // of references, in upper case
	initials  string   // the first byte of each
	says      map[topic]bool
	names     [][]token
	parts     []part
	language  string
	desk      *desk
	signals   []signal // in the order of the mail
	contract  bool     // the mail speaks of a contract
	visit     bool     // the mail speaks of a visit
	cancelled bool     // the mail speaks of cancelling
	room      int      // bytes that may still be read
	cut       bool     // there was more than is read
}

// A topic is a fact named in parts of one kind.
type topic struct {
	kind, fact string
}

const (
	kindNew        = "new"
	kindQuoted     = "quoted"
	kindForwarded  = "forwarded"
	kindSignature  = "signature"
	kindDisclaimer = "disclaimer"
	kindThread     = "thread" // the subject of a reply or of a forwarded mail
)

func open(m Mail, p Patterns, d *desk) *text {
	t := &text{mail: m, patterns: p, room: MaxText, desk: d}
	for _, prefix := range p.Prefixes {
		if prefix != "" {
			prefix = strings.ToUpper(prefix)
			t.prefixes, t.initials = append(t.prefixes, prefix), t.initials+prefix[:1]
		}
	}
	for _, name := range p.Names {
		if toks := d.scan(name); len(toks) > 0 {
			t.names = append(t.names, toks)
		}
	}
	kind := kindNew
	if isThread(m.Subject) {
		kind = kindThread
	}
	t.add(part{segment: -1, kind: kind, text: m.Subject})
	for i, s := range m.Segments {
		if i == MaxSegments {
			t.cut = true
			break
		}
		if s.Kind == kindForwarded && !isThread(s.Subject) {
			t.add(part{segment: i, kind: s.Kind, from: s.From, depth: s.Depth, text: s.Subject, heading: true})
		}
		t.add(part{segment: i, kind: s.Kind, from: s.From, depth: s.Depth, text: s.Text})
	}
	t.language = t.tongue()
	t.survey()
	for n := range t.parts {
		t.find(n)
	}
	for i := range t.signals {
		t.prove(&t.signals[i])
	}
	return t
}

func (t *text) add(p part) {
	if len(p.text) > t.room {
		cut := t.room
		for cut > 0 && !utf8.RuneStart(p.text[cut]) {
			cut--
		}
		p.text, t.cut = p.text[:cut], true
	}
	t.room -= len(p.text)
	p.tokens = t.desk.scan(p.text)
	p.sentences = t.desk.divide(p.text, p.tokens)
	t.parts = append(t.parts, p)
}

func isThread(subject string) bool {
	s := strings.ToLower(strings.TrimSpace(subject))
	for _, prefix := range []string{"re:", "re :", "aw:", "fw:", "fwd:", "rv:", "rm:", "reenv:", "resp:", "fwd :", "[fwd:", "tr:"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// tongue is the language with more of its everyday words in what was newly
// written or passed on.
func (t *text) tongue() string {
	en, es := 0, 0
	for _, p := range t.parts {
		if p.kind == kindSignature || p.kind == kindDisclaimer || p.kind == kindQuoted {
			continue
		}
		for _, s := range p.sentences {
			for _, tok := range s.tokens {
				if english.plain[tok.text] {
					en++
				}
				if spanish.plain[tok.text] {
					es++
				}
			}
		}
	}
	if es > en {
		return "es"
	}
	return "en"
}

func (t *text) grammars() []*grammar {
	if t.language == "es" {
		return []*grammar{spanish, english}
	}
	return []*grammar{english, spanish}
}

// survey notes what the mail speaks of anywhere, quoted history included.
func (t *text) survey() {
	t.says = make(map[topic]bool)
	for _, p := range t.parts {
		if p.kind == kindSignature || p.kind == kindDisclaimer {
			continue
		}
		for _, s := range p.sentences {
			for i := range s.tokens {
				t.count(t.referenceRow(s.tokens[i]))
				for _, g := range t.grammars() {
					for _, h := range g.objects.at(s.tokens, i) {
						t.count(h.row)
					}
					for _, h := range g.facts.at(s.tokens, i) {
						t.says[topic{p.kind, h.row.cells[0]}] = true
					}
				}
			}
		}
	}
}

func (t *text) count(object *row) {
	if object == nil {
		return
	}
	switch object.cells[0] {
	case "contract", "project":
		t.contract = true
	case "visit":
		t.visit = true
	case "cancellation":
		t.cancelled = true
	}
}

// find adds the signals of a part. The first grammar that reads a stretch of a
// sentence has it.
func (t *text) find(n int) {
	p := &t.parts[n]
	if p.kind == kindDisclaimer {
		return
	}
	for i, s := range p.sentences {
		taken := 0
		for _, g := range t.grammars() {
			c := t.clause(g, s)
			if c == nil {
				continue
			}
			found := c.signals(func() string { return t.spokenOf(n, i) })
			if taken > 0 && len(found) > 0 {
				continue
			}
			taken += len(found)
			for _, sig := range found {
				sig.at = place{n, i}
				sig.subject = p.segment < 0 || p.heading
				if p.heading {
					sig.spans = nil
				}
				for k := range sig.spans {
					sig.spans[k].Segment = p.segment
				}
				t.cancelled = t.cancelled || sig.verb == "cancel" && sig.force != negated && (sig.act == Cancel || sig.act == Restore)
				t.signals = append(t.signals, sig)
			}
		}
	}
}

// spokenOf is what the sentences before spoke of last.
func (t *text) spokenOf(n, i int) string {
	look := func(sentences []sentence) string {
		for k := len(sentences) - 1; k >= 0 && k >= len(sentences)-3; k-- {
			kind := ""
			for j := range sentences[k].tokens {
				for _, g := range t.grammars() {
					for _, h := range g.objects.at(sentences[k].tokens, j) {
						if said := h.row.cells[0]; said != "when" && said != "message" {
							kind = said
						}
					}
				}
			}
			if kind != "" {
				return kind
			}
		}
		return ""
	}
	if kind := look(t.parts[n].sentences[:i]); kind != "" || n == 0 {
		return kind
	}
	return look(t.parts[0].sentences)
}

// prove weighs the rest of the mail where the sentence leaves open what it is
// about, and turns keeping into restoring where there was talk of cancelling.
func (t *text) prove(s *signal) {
	if s.act == "keep" {
		s.act = "-"
		if s.force == negated || s.force == doubted {
			s.act = "weak"
		} else if t.cancelled || t.says[topic{kindNew, "mind"}] {
			s.act = Restore
		}
	}
	if !s.proof || !s.wants() {
		return
	}
	ok := t.contract && !t.visit
	switch {
	case s.act == Uncancel:
		ok = t.visit || !t.contract
	case s.act == Reschedule:
		ok = t.visit
	case s.act == Restore && s.object == "project":
		ok = t.cancelled
	case s.object == "none" && s.force != orders && s.form != "frame":
		ok = !t.visit
	}
	if !ok {
		s.act = "weak"
	}
}

// An opinion is what one voice in the mail says.
type opinion struct {
	verdict string
	act     string
	by      *signal
	why     string
	about   string
}

// hesitations say why an act that is named makes no request.
var hesitations = map[force]string{
	asks:    "something is asked for that is not plainly known here",
	orders:  "something is asked for that is not plainly known here",
	relays:  "something is asked for that is not plainly known here",
	negated: "an act is named and denied",
	doubted: "an act is named under a condition or with a doubt",
	queried: "an act is asked about, not asked for",
	told:    "an act is named in somebody else's words",
	done:    "an act is named as already done",
	named:   "an act is named, but nothing plainly asks for it",
}

// judge hears one voice: the parts of one kind.
func (t *text) judge(kind string) opinion {
	signals := t.voice(kind)
	o := opinion{verdict: None}
	var wanted []string
	for i := range signals {
		s := &signals[i]
		if s.act == "-" || s.force == aside {
			continue
		}
		real := isRequest(s.act)
		if s.wants() && real {
			if !slices.Contains(wanted, s.act) {
				wanted = append(wanted, s.act)
			}
			if o.by == nil || !o.by.wants() || !isRequest(o.by.act) || o.by.subject && !s.subject {
				o.by = s
			}
			continue
		}
		if o.by == nil {
			o.by = s
		}
	}
	if o.by == nil {
		return o
	}
	o.verdict, o.why = Unclear, hesitations[o.by.force]
	if o.by.act == "visit" && o.by.wants() {
		o.why = "it asks to cancel a visit, which is not the contract"
	}
	if isRequest(o.by.act) && o.by.force != negated {
		o.act = o.by.act
	}
	switch len(wanted) {
	case 0:
		if s := t.plainVisit(kind, signals); s != nil {
			o.by, o.act, o.about = s, "", "visit"
			o.why = "it asks to cancel a visit, which is not the contract"
		}
		return o
	case 1:
	default:
		o.act, o.why = "", "it asks for two things that exclude each other"
		return o
	}
	for i := range signals {
		s := &signals[i]
		if s.act == "visit" && s.wants() && o.act == Reschedule || s.force == aside || s.form == "noun" {
			continue
		}
		opposed := s.force == negated || s.force == doubted || s.force == queried || s.act == "visit" && s.wants()
		if opposed && (s.act == o.act || o.act == Cancel && (s.act == "visit" || s.verb == "cancel")) {
			o.why = "one sentence asks, but in another " + hesitations[s.force]
			o.by.spans = append(o.by.spans, s.spans...)
			return o
		}
	}
	if o.act == Cancel && (t.says[topic{kind, "hedge"}] || t.says[topic{kind, "sample"}]) {
		o.why = "it asks, but other words take it back"
		return o
	}
	o.verdict, o.why = Request, "it asks plainly"
	switch o.by.object {
	case "contract", "project":
		o.about = "contract"
	case "visit":
		o.about = "visit"
	}
	return o
}

func isRequest(act string) bool {
	switch act {
	case Cancel, Restore, Hold, EndHold, Uncancel, Reschedule:
		return true
	}
	return false
}

// voice collects the signals of parts of one kind.
func (t *text) voice(kind string) []signal {
	var out []signal
	for _, s := range t.signals {
		k := t.parts[s.at.part].kind
		if k == kind || kind == kindNew && k != kindForwarded && k != kindQuoted && k != kindThread && k != kindSignature {
			out = append(out, s)
		}
	}
	return out
}
