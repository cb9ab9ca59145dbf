package reader

import "strings"

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
	subject bool // stands in a subject
	// indefinite tells that it is about "a contract", no certain one.
	indefinite bool
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

// A clause is one sentence seen with one grammar.
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

// clause returns nil if the sentence names no act.
func (t *text) clause(g *grammar, s sentence) *clause {
	acts := g.findActs(s.tokens)
	if len(acts) == 0 {
		return nil
	}
	c := &clause{g: g, toks: s.tokens, s: s, names: t.names, acts: acts}
	for i := range c.toks {
		var object match
		for _, h := range g.objects.at(c.toks, i) {
			if h.end > object.end {
				object = match{h.row, i, h.end}
			}
		}
		if r := t.referenceRow(c.toks[i]); r != nil {
			object = match{r, i, i + 1}
		}
		if object.row != nil {
			c.objects = append(c.objects, object)
		}
		for _, h := range g.moods.at(c.toks, i) {
			m := match{h.row, i, h.end}
			if h.row.cells[0] == "benign" {
				c.benign = append(c.benign, m)
				continue
			}
			c.moods = append(c.moods, m)
		}
	}
	return c
}

// findActs finds the acts from left to right; of several at one place the
// longest.
func (g *grammar) findActs(toks []token) []match {
	var out []match
	for i := 0; i < len(toks); {
		var best match
		for _, h := range g.acts.at(toks, i) {
			if h.end > best.end || h.end == best.end && best.row != nil && best.row.cells[0] == "weak" {
				best = match{h.row, i, h.end}
			}
		}
		if best.row == nil || best.end <= i {
			i++
			continue
		}
		// A weak phrase must not hide a plain act that begins inside it.
		if best.row.cells[0] == "weak" {
			for j := i + 1; j < best.end; j++ {
				for _, h := range g.acts.at(toks, j) {
					if h.row.cells[0] != "weak" && h.end > best.end {
						best = match{h.row, j, h.end}
					}
				}
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
		var s signal
		for _, r := range c.variants(a) {
			s = c.signal(match{r, a.start, a.end}, before, &consumed)
			if s.act != "-" {
				break
			}
		}
		if w, ok := c.weakIn(a); s.act == "-" && ok {
			s = c.signal(w, before, &consumed)
		}
		if s.act != "-" {
			out = append(out, s)
		}
	}
	return out
}

// weakIn is a weak phrase that begins within an act which says nothing.
func (c *clause) weakIn(a match) (match, bool) {
	var weak match
	if a.row.cells[0] == "aside" {
		return weak, false
	}
	for i := a.start; i < a.end; i++ {
		for _, h := range c.g.acts.at(c.toks, i) {
			if h.row.cells[0] == "weak" && h.end > weak.end {
				weak = match{h.row, i, h.end}
			}
		}
	}
	return weak, weak.row != nil
}

// variants are the rows that read the same words as an act: "stop" is a drop
// with a contract, a hold with "temporarily", a disregard with a cancellation.
func (c *clause) variants(a match) []*row {
	out := []*row{a.row}
	for _, h := range c.g.acts.at(c.toks, a.start) {
		if h.end == a.end && h.row != a.row && h.row.cells[0] != "weak" && h.row.cells[0] != "aside" {
			out = append(out, h.row)
		}
	}
	return out
}

func (c *clause) signal(a match, before func() string, consumed *int) signal {
	verb, form := a.row.cells[0], a.row.cells[1]
	o, object := c.object(a, before)
	s := signal{verb: verb, form: form, object: object}
	s.act, s.proof = strings.CutSuffix(meaning[verb][object], "?")
	s.spans = []Span{c.span(a.start, a.end, "act: "+verb)}
	if o.row != nil {
		s.indefinite = o.start > 0 && o.start >= a.end && indefinite[c.toks[o.start-1].text]
		s.spans = append(s.spans, c.span(o.start, o.end, "about: "+object))
		// "my cancellation" is what "disregard" is about, and no second act.
		if (object == "cancellation" || object == "hold") && o.end > *consumed && o.start >= a.start && s.act != "-" {
			*consumed = o.end
		}
	}
	var m match
	s.force, m = c.force(a, s)
	if m.row != nil && m.end > m.start {
		s.spans = append(s.spans, c.span(m.start, m.end, m.row.cells[0]+": "+m.row.source))
	}
	if s.act == "other" {
		wanted := s.wants()
		s.force = aside
		for _, other := range c.objects {
			if other.start >= o.start && other.end <= o.end {
				continue
			}
			if and, ok := c.joined(o.end); !wanted && !(ok && and.start == other.start) {
				continue
			}
			if k := other.row.cells[0]; k == "contract" || k == "project" || k == "vague" {
				s.act, s.force = "weak", named
			}
		}
	}
	// "Do not cancel this one, cancel that one" asks for something all the same.
	mixed := s.force == negated && len(c.acts) > 1
	if s.act == "visit" && !s.wants() && s.force != doubted && s.force != queried && !mixed {
		s.force = aside
	}
	return s
}

var indefinite = set("a an any un una algun alguna")

func (c *clause) span(from, to int, label string) Span {
	return Span{Start: c.toks[from].start, End: c.toks[to-1].end, Label: label}
}
