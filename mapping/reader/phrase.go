package reader

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"sync"
)

// A phrase is a pattern of words:
//
//	word a/b    this word, one of these
//	{class}     one of a class's phrases
//	word? {c}?  or nothing
//	..3         up to three words of the same clause
//	^ $         the beginning, the end of a clause
//
// A word with an accent matches only itself; one without matches either.
type phrase []element

type element struct {
	words    []word
	class    *list
	gap      int
	begin    bool
	end      bool
	optional bool
}

// breaks are words at which a clause ends, so that no gap reaches across: in
// "I do not like it and want to cancel" the "not" is not about cancelling.
var breaks = set("and but so please i we because therefore kindly pls y pero porque favor quiero quisiera queremos deseo yo")

// closers end a clause for "$", beyond punctuation and breaks.
var closers = set("at anymore any after thank thanks due as for since this right sincerely regards " +
	"gracias por ahora debido ya saludos atentamente")

// run adds every end of a match of p at toks[i] to ends.
func (p phrase) run(toks []token, i int, ends []int) []int {
	if len(p) == 0 {
		return append(ends, i)
	}
	e, rest := &p[0], p[1:]
	switch {
	case e.begin:
		if i == 0 || !toks[i-1].word || begins[toks[i-1].text] {
			ends = rest.run(toks, i, ends)
		}
		return ends
	case e.end:
		if i >= len(toks) || !toks[i].word || breaks[toks[i].text] || closers[toks[i].text] {
			ends = rest.run(toks, i, ends)
		}
		return ends
	case e.gap > 0:
		for n := 0; n <= e.gap; n++ {
			ends = rest.run(toks, i+n, ends)
			if i+n >= len(toks) || !toks[i+n].word || breaks[toks[i+n].text] {
				break
			}
		}
		return ends
	}
	if e.optional {
		ends = rest.run(toks, i, ends)
	}
	if i >= len(toks) {
		return ends
	}
	for _, w := range e.words {
		if w == toks[i].is || w == toks[i].was {
			ends = rest.run(toks, i+1, ends)
			break
		}
	}
	if e.class != nil {
		for _, h := range e.class.at(toks, i) {
			ends = rest.run(toks, h.end, ends)
		}
	}
	return ends
}

var begins = set("so then therefore thus hi hello entonces hola asi")

// firsts adds the words that can begin p; it is false if p can be empty.
func (p phrase) firsts(add func(word)) bool {
	for _, e := range p {
		if e.begin || e.end {
			continue
		}
		if e.gap > 0 {
			return false
		}
		for _, w := range e.words {
			add(w)
		}
		begun := len(e.words) > 0
		if e.class != nil {
			begun = true
			for _, r := range e.class.rows {
				begun = r.phrase.firsts(add) && begun
			}
		}
		if begun && !e.optional {
			return true
		}
	}
	return false
}

// A row is one phrase of a table with the cells before it.
type row struct {
	cells  []string
	phrase phrase
	source string
	needs  []uint64 // for each word that it cannot do without, the mark of it and of those that do as well
}

// A word is the number of one that stands in a table, from 1; 0 is any other.
// Comparing numbers instead of texts, each looked up once, is the larger part of
// what makes reading three times as fast as with texts.
type word uint16

// A vocabulary numbers the words of the tables.
type vocabulary map[string]word

func (v vocabulary) add(text string) word {
	if v[text] == 0 {
		v[text] = word(len(v) + 1)
	}
	return v[text]
}

// mark is one of 64 bits for a word, so that one look at the marks of the words
// ahead spares most rows that begin like a sentence the trying. It makes reading
// three times as fast.
func (w word) mark() uint64 {
	if w == 0 {
		return 0
	}
	return 1 << (w % 64)
}

// A list holds rows, indexed by the words that can begin them.
type list struct {
	rows  []row
	first []uint16      // by word, where in begun; 0 if it begins none
	begun [][]candidate // rows
	every []candidate   // rows that begin with a place, not a word
}

// A candidate is a row that a word may begin. Most are turned away by the least
// common mark that they need, which stands here so that the row itself need not be
// looked at.
type candidate struct {
	need uint64
	row  int
}

// A hit is a row that matches, and where the match ends.
type hit struct {
	row *row
	end int
}

// at returns every row and every end that matches at toks[i], first those that
// match the word with its accents.
func (l *list) at(toks []token, i int) (hits []hit) {
	if t := &toks[i]; t.was != t.is {
		hits = l.try(l.beginning(t.was), toks, i, hits)
	}
	hits = l.try(l.beginning(toks[i].is), toks, i, hits)
	return l.try(l.every, toks, i, hits)
}

func (l *list) beginning(w word) []candidate {
	if int(w) >= len(l.first) || l.first[w] == 0 {
		return nil
	}
	return l.begun[l.first[w]]
}

func (l *list) try(rows []candidate, toks []token, i int, hits []hit) []hit {
	ahead := toks[i].ahead
next:
	for _, c := range rows {
		if c.need&ahead == 0 {
			continue
		}
		r := &l.rows[c.row]
		for _, need := range r.needs {
			if need&ahead == 0 {
				continue next
			}
		}
		for _, end := range r.phrase.run(toks, i, nil) {
			hits = append(hits, hit{r, end})
		}
	}
	return hits
}

// What is known of either language, and the words of both, once learned.
var (
	english, spanish *grammar
	known            = vocabulary{}
)

// learn reads the tables, before the first mail is read: every command that reads
// none is spared 7 ms and 3 MB.
var learn = sync.OnceFunc(func() {
	english = parseGrammar("en", englishTables, known)
	spanish = parseGrammar("es", spanishTables, known)
})

// A grammar is what is known of one language. It does not change once parsed.
type grammar struct {
	language string
	acts     list            // verb, form
	objects  list            // kind
	moods    list            // mood, place, form
	facts    list            // fact
	plain    map[string]bool // words by which the language is told
	ask      map[string]bool // words that begin a question
	stop     map[string]bool // words at which the search for an object ends
	self     map[string]bool // words by which a writer speaks of himself
	us       map[string]bool // what follows "with" if the business is meant
	partial  map[string]bool // words that tell one contract from another
	no       map[string]bool // words that deny
	owner    map[string]bool // whose contract we may be told to cancel
	article  map[string]bool // words before a noun
	fill     map[string]bool // adverbs that may stand between mood and act
	plainly  map[string]bool // words before a noun that leave it what it is
	link     map[string]bool // prepositions between an act and what it is about
	whose    map[string]bool // what a contract may be "for" or "of"
}

// parseGrammar reads the tables of a language. Each stands under a heading;
// the last cell of a row holds phrases separated by semicolons. It panics on a
// mistake, for the tables are part of the program.
func parseGrammar(language, text string, words vocabulary) *grammar {
	g := &grammar{language: language}
	classes := make(map[string]*list)
	lists := map[string]*list{"acts": &g.acts, "objects": &g.objects, "moods": &g.moods, "facts": &g.facts}
	sets := map[string]*map[string]bool{"plain": &g.plain, "ask": &g.ask, "stop": &g.stop, "fill": &g.fill,
		"self": &g.self, "us": &g.us, "article": &g.article, "owner": &g.owner, "partial": &g.partial, "no": &g.no, "plainly": &g.plainly, "link": &g.link, "whose": &g.whose}
	section := ""
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			section = name
			continue
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		last := cells[len(cells)-1]
		if last == "phrases" {
			continue
		}
		if section == "words" {
			s, ok := sets[cells[0]]
			if !ok {
				panic(fmt.Sprintf("%s grammar, line %d: no such set %q", language, n, cells[0]))
			}
			*s = set(last)
			continue
		}
		for source := range strings.SplitSeq(last, ";") {
			source = strings.TrimSpace(source)
			p, err := parsePhrase(source, classes, words)
			if err != nil {
				panic(fmt.Sprintf("%s grammar, line %d: %v", language, n, err))
			}
			if section == "classes" {
				if classes[cells[0]] == nil {
					classes[cells[0]] = new(list)
				}
				classes[cells[0]].add(row{phrase: p, source: source})
				continue
			}
			l, ok := lists[section]
			if !ok {
				panic(fmt.Sprintf("%s grammar, line %d: no such section %q", language, n, section))
			}
			l.add(row{cells: cells[:len(cells)-1], phrase: p, source: source})
		}
	}
	return g
}

func (l *list) add(r row) {
	for _, e := range r.phrase {
		if len(e.words) > 0 && !e.optional {
			var need uint64
			for _, w := range e.words {
				need |= w.mark()
			}
			r.needs = append(r.needs, need)
		}
	}
	c := candidate{math.MaxUint64, len(l.rows)}
	for _, need := range r.needs {
		if bits.OnesCount64(need) < bits.OnesCount64(c.need) {
			c.need = need
		}
	}
	l.rows = append(l.rows, r)
	seen := make(map[word]bool)
	if !r.phrase.firsts(func(w word) {
		if !seen[w] {
			seen[w] = true
			l.begin(w, c)
		}
	}) {
		l.every = append(l.every, c)
	}
}

// begin notes that a row can begin with a word.
func (l *list) begin(w word, c candidate) {
	if len(l.begun) == 0 {
		l.begun = [][]candidate{nil}
	}
	for len(l.first) <= int(w) {
		l.first = append(l.first, 0)
	}
	if l.first[w] == 0 {
		l.first[w] = uint16(len(l.begun)) // there are fewer of them than words
		l.begun = append(l.begun, nil)
	}
	at := l.first[w]
	l.begun[at] = append(l.begun[at], c)
}

func parsePhrase(source string, classes map[string]*list, words vocabulary) (phrase, error) {
	fields := strings.Fields(source)
	p := make(phrase, 0, len(fields))
	for _, field := range fields {
		var e element
		if f, ok := strings.CutSuffix(field, "?"); ok && f != "" {
			field, e.optional = f, true
		}
		switch {
		case field == "^":
			e.begin = true
		case field == "$":
			e.end = true
		case strings.HasPrefix(field, ".."):
			n, err := strconv.Atoi(field[2:])
			if err != nil || n < 1 {
				return nil, fmt.Errorf("phrase %q: gap %q needs a number of words", source, field)
			}
			e.gap = n
		case strings.HasPrefix(field, "{"):
			c, ok := classes[strings.Trim(field, "{}")]
			if !ok {
				return nil, fmt.Errorf("phrase %q: class %s is not defined above it", source, field)
			}
			e.class = c
		default:
			for text := range strings.SplitSeq(field, "/") {
				e.words = append(e.words, words.add(text))
			}
		}
		p = append(p, e)
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("an empty phrase")
	}
	return p, nil
}
