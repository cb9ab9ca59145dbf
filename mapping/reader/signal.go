package reader

import (
	"slices"
	"strings"
)

// meanings says what a verb means with what it is about. "?" wants evidence in
// the rest of the mail, "weak" is left to a person, "other" is somebody else's
// business, "-" says nothing.
const meanings = `
| verb         | contract | vague      | part       | visit      | cancellation | message | hold     | when       | other | none        | unknown |
|--------------|----------|------------|------------|------------|--------------|---------|----------|------------|-------|-------------|---------|
| cancel       | cancel   | cancel?    | weak       | visit      | restore      | weak    | end-hold | cancel?    | other | cancel?     | weak    |
| other-cancel | cancel   | cancel?    | weak       | visit      | restore      | weak    | weak     | cancel?    | other | cancel?     | weak    |
| drop         | cancel   | weak       | weak       | weak       | restore      | weak    | end-hold | -          | -     | -           | -       |
| disregard    | weak     | -          | -          | -          | restore      | weak    | end-hold | -          | -     | -           | -       |
| restore      | restore  | restore?   | weak       | uncancel   | weak         | -       | weak     | restore?   | other | restore?    | weak    |
| uncancel     | restore  | weak       | weak       | uncancel   | weak         | weak    | weak     | uncancel   | other | uncancel?   | weak    |
| resume       | keep     | end-hold   | weak       | end-hold   | -            | -       | -        | -          | -     | weak        | weak    |
| hold         | hold     | hold       | hold       | hold       | weak         | -       | hold     | -          | other | weak        | weak    |
| keepoff      | hold     | hold?      | -          | hold       | -            | -       | -        | -          | -     | -           | -       |
| lift         | -        | -          | -          | -          | -            | -       | end-hold | -          | -     | -           | -       |
| offhold      | end-hold | end-hold   | end-hold   | end-hold   | -            | -       | end-hold | end-hold   | other | end-hold    | weak    |
| reschedule   | weak     | reschedule | reschedule | reschedule | -            | -       | -        | reschedule | other | reschedule  | weak    |
| move         | -        | -          | reschedule | reschedule | -            | -       | -        | reschedule | -     | -           | -       |
| keep         | keep     | -          | -          | -          | -            | -       | -        | -          | -     | -           | -       |
| policy       | weak     | weak       | weak       | weak       | weak         | weak    | weak     | weak       | weak  | weak        | weak    |
| weak         | weak     | weak       | weak       | weak       | weak         | weak    | weak     | weak       | weak  | weak        | weak    |
| aside        | -        | -          | -          | -          | -            | -       | -        | -          | -     | -           | -       |
`

var meaning = parseMeanings(meanings)

func parseMeanings(table string) map[string]map[string]string {
	m := make(map[string]map[string]string)
	var head []string
	for line := range strings.SplitSeq(strings.TrimSpace(table), "\n") {
		f := strings.Fields(strings.ReplaceAll(line, "|", " "))
		switch {
		case head == nil:
			head = f
		case len(f) != len(head):
			panic("the table of meanings needs a cell in every column: " + line)
		case strings.HasPrefix(f[0], "-"):
		default:
			m[f[0]] = make(map[string]string)
			for i, cell := range f {
				m[f[0]][head[i]] = cell
			}
		}
	}
	return m
}

// A force is what a sentence does with the act it names.
type force string

const (
	asks    force = "asks"    // the writer wants it
	orders  force = "orders"  // the writer tells us to do it
	relays  force = "relays"  // the writer says that the customer wants it
	negated force = "negated" // it shall not be done, or was not
	doubted force = "doubted" // a condition, a maybe
	queried force = "queried" // a question
	told    force = "told"    // somebody said it
	done    force = "done"    // it has happened
	named   force = "named"   // it is only named
	aside   force = "aside"   // it is somebody else's business, or small print
)

// A signal is one act named in one sentence.
type signal struct {
	at      place
	verb    string
	form    string
	object  string
	act     string // of the meanings, without "?"
	proof   bool   // counts only with evidence in the rest of the mail
	force   force
	spans   []Span
	subject bool // stands in the mail's subject
}

func (s signal) wants() bool {
	return s.force == asks || s.force == orders || s.force == relays
}

// A place is where a sentence stands.
type place struct {
	part, sentence int
}

type match struct {
	row        *row
	start, end int
}

// reading one sentence with one grammar.
type clause struct {
	g       *grammar
	toks    []token
	s       sentence
	names   [][]token // of the business
	acts    []match
	objects []match
	moods   []match
	benign  []match
}

func (t *text) clause(g *grammar, s sentence) *clause {
	c := &clause{g: g, toks: s.tokens, s: s, names: t.names}
	if c.acts = c.findActs(); len(c.acts) == 0 {
		return c
	}
	for i := range c.toks {
		var object match
		g.objects.at(c.toks, i, func(r *row, end int) {
			if end > object.end {
				object = match{r, i, end}
			}
		})
		if r := t.referenceRow(c.toks[i]); r != nil {
			object = match{r, i, i + 1}
		}
		if object.row != nil {
			c.objects = append(c.objects, object)
		}
		g.moods.at(c.toks, i, func(r *row, end int) {
			m := match{r, i, end}
			if r.cells[0] == "benign" {
				c.benign = append(c.benign, m)
				return
			}
			c.moods = append(c.moods, m)
		})
	}
	return c
}

// findActs finds the acts from left to right; of several at one place the longest.
func (c *clause) findActs() []match {
	var out []match
	for i := 0; i < len(c.toks); {
		var best match
		c.g.acts.at(c.toks, i, func(r *row, end int) {
			if end > best.end || end == best.end && best.row != nil && best.row.cells[0] == "weak" {
				best = match{r, i, end}
			}
		})
		if best.row == nil || best.end <= i {
			i++
			continue
		}
		// A weak phrase must not hide a plain act that begins inside it.
		if best.row.cells[0] == "weak" {
			for j := i + 1; j < best.end; j++ {
				c.g.acts.at(c.toks, j, func(r *row, end int) {
					if r.cells[0] != "weak" && end > best.end {
						best = match{r, j, end}
					}
				})
			}
		}
		out = append(out, best)
		i = best.end
	}
	return out
}

// signals are the acts of the sentence with what they are about and how they
// are meant.
func (c *clause) signals(before func() string) []signal {
	var out []signal
	consumed := 0
	for _, a := range c.acts {
		if a.start < consumed {
			continue
		}
		variants := c.variants(a)
		var s signal
		for _, r := range variants {
			s = c.signal(match{r, a.start, a.end}, before, &consumed)
			if s.act != "-" {
				break
			}
		}
		if s.act != "-" {
			out = append(out, s)
		}
	}
	return out
}

// variants are the rows that read the same words as an act: "stop" is a drop
// with a contract, a hold with "temporarily", a disregard with a cancellation.
func (c *clause) variants(a match) []*row {
	out := []*row{a.row}
	c.g.acts.at(c.toks, a.start, func(r *row, end int) {
		if end == a.end && r != a.row && r.cells[0] != "weak" && r.cells[0] != "aside" {
			out = append(out, r)
		}
	})
	return out
}

func (c *clause) signal(a match, before func() string, consumed *int) signal {
	verb, form := a.row.cells[0], a.row.cells[1]
	o, object := c.object(a, before)
	s := signal{verb: verb, form: form, object: object}
	s.act, s.proof = strings.CutSuffix(meaning[verb][object], "?")
	s.spans = []Span{c.span(a.start, a.end, "act: "+verb)}
	if o.row != nil {
		s.spans = append(s.spans, c.span(o.start, o.end, "about: "+object))
		// "my cancellation" is what "disregard" is about, and no second act.
		if (object == "cancellation" || object == "hold") && o.end > *consumed && o.start >= a.start {
			*consumed = o.end
		}
	}
	f, m := c.force(a, s)
	s.force = f
	if m.row != nil && m.end > m.start {
		s.spans = append(s.spans, c.span(m.start, m.end, m.row.cells[0]+": "+m.row.source))
	}
	if s.act == "other" {
		s.force = aside
		for _, other := range c.objects {
			if other.start >= o.start && other.end <= o.end {
				continue
			}
			if k := other.row.cells[0]; k == "contract" || k == "vague" {
				s.act, s.force = "weak", named
			}
		}
	}
	if s.act == "visit" && !s.wants() && s.force != doubted && s.force != queried {
		s.force = aside
	}
	return s
}

func (c *clause) span(from, to int, label string) Span {
	return Span{Start: c.toks[from].start, End: c.toks[to-1].end, Label: label}
}

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
			if m.row.cells[0] == "contract" && (c.elsewhere(m.end) || c.others(a.end, m.start)) {
				return m, "unknown"
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

// others tells that the contract is somebody else's: "my neighbor's".
func (c *clause) others(from, to int) bool {
	for i := from; i < to; i++ {
		if w := c.toks[i].text; strings.HasSuffix(w, "'s") && !c.g.owner[w] {
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
	return c.g.article[t] && !c.g.stop[next] && !c.g.fill[next] && !breaks[next]
}

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
	if m, ok := find("notice", "before"); ok {
		return aside, m
	}
	if m, ok := find("notice", "sentence"); ok && !c.personal() {
		return aside, m
	}
	if m, ok := find("aside", "before"); ok && s.object != "contract" {
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
	asking := c.s.question && c.asksFirst()
	if m, ok := find("please", "before"); ok {
		return orders, m
	}
	if m, ok := find("could", "before"); ok {
		if s.act == Cancel || s.act == "visit" {
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
		return orders, m
	}
	if form == "done" {
		return done, match{}
	}
	return named, match{}
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
