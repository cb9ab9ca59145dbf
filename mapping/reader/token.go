package reader

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a word or one punctuation mark. Offsets are bytes in the text.
type token struct {
	text       string // lower case, accents folded
	start, end int
	// ahead are the marks of this and all later words of the sentence.
	ahead   uint64
	is, was word // with accents folded, and as it was written
	word    bool
	capital bool // begins with one, as names do, and goes on without
}

// A sentence is a run of tokens; question tells that it ends in a question
// mark or, in Spanish, opens with one; endless that it was cut off where no
// sentence ends, so that no one can tell what belongs to what.
type sentence struct {
	tokens            []token
	question, endless bool
}

// longest bounds a sentence, in tokens, and with it the time to read it.
const longest = 300

// contractions are written out, so that the grammar knows one form of each.
// The written-out words share the offsets of the contraction.
var contractions = map[string]string{
	"cant": "can not", "cannot": "can not", "can't": "can not",
	"won't": "will not", "wont": "will not",
	"dont": "do not", "doesnt": "does not", "didnt": "did not", "wouldnt": "would not",
	"couldnt": "could not", "shouldnt": "should not", "havent": "have not", "hasnt": "has not",
	"isnt": "is not", "wasnt": "was not", "arent": "are not",
	"im": "i am", "ive": "i have", "weve": "we have", "theyre": "they are",
	"gonna": "going to", "wanna": "want to", "lets": "let us", "let's": "let us",
	"pls": "please", "plz": "please", "thx": "thanks", "u": "you",
	"it's": "it is", "that's": "that is", "what's": "what is", "there's": "there is",
	"he's": "he is", "she's": "she is", "who's": "who is", "how's": "how is",
}

var endings = []struct{ suffix, word string }{
	{"n't", "not"}, {"'m", "am"}, {"'d", "would"}, {"'ll", "will"}, {"'ve", "have"}, {"'re", "are"},
}

// abbreviations do not end a sentence.
var abbreviations = set("mr mrs ms dr st ave no jr sr sra dra apt ste inc llc vs etc approx dept acct ref")

// connectors at the end of a short line tell that the sentence goes on.
var connectors = set("a an the my our your this that to of for with and or not no never want wish need like please i we if unless " +
	"el la los las un una mi nuestro su de del para por con y o que quiero deseo favor si nunca")

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

func fold(r rune) rune {
	switch r {
	case 'á', 'à', 'â', 'ä', 'ã':
		return 'a'
	case 'é', 'è', 'ê', 'ë':
		return 'e'
	case 'í', 'ì', 'ï', 'î':
		return 'i'
	case 'ó', 'ò', 'ô', 'ö', 'õ':
		return 'o'
	case 'ú', 'ù', 'ü', 'û':
		return 'u'
	case 'ñ':
		return 'n'
	case '’', '‘', 'ʼ', '´':
		return '\''
	case '‐', '‑', '–':
		return '-'
	}
	return r
}

// combining accents, as some mail programs send them, are dropped with the
// marks that cannot be seen.
func invisible(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r))
}

// scan splits a text into tokens. Line breaks are tokens "\n", blank lines "\n\n".
func (d *desk) scan(text string) []token {
	toks := d.tokens
	mark := func(s string, start, end int) {
		w := known[s]
		toks = append(toks, token{text: s, is: w, was: w, start: start, end: end})
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n':
			j := i
			breaks := 0
			for j < len(text) && (text[j] == '\n' || text[j] == '\r' || text[j] == ' ' || text[j] == '\t') {
				if text[j] == '\n' {
					breaks++
				}
				j++
			}
			s := "\n"
			if breaks > 1 {
				s = "\n\n"
			}
			mark(s, i, j)
			i = j
		case unicode.IsSpace(r) || invisible(r):
			i += size
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_':
			if n := addressLength(text[i:]); n > 0 {
				mark("@", i, i+n)
				i += n
				continue
			}
			end := wordEnd(text, i)
			toks = appendWord(toks, text[i:end], i)
			i = end
		default:
			s := text[i : i+size]
			switch r {
			case '“', '”', '«', '»':
				s = `"`
			case '…':
				s = "."
			case '–', '—':
				s = "-"
			case utf8.RuneError:
				s = string(r)
			}
			mark(s, i, i+size)
			i += size
		}
	}
	first := len(d.tokens)
	d.tokens = toks
	return toks[first:len(toks):len(toks)]
}

// longestLink bounds an address that is passed over, in bytes.
const longestLink = 400

// addressLength is how long the web or mail address at the beginning of s is,
// or 0 if there is none: the "cancel" of a link asks for nothing.
func addressLength(s string) int {
	s = s[:min(len(s), longestLink)]
	at, colon, slash := -1, false, false
	end := 0
scan:
	for ; end < len(s); end++ {
		switch s[end] {
		case ' ', '\t', '\r', '\n', '<', '>', '(', ')', '[', ']', '"', ',', ';', '|':
			break scan
		case '@':
			if at < 0 && !colon && !slash {
				at = end
			}
		case ':':
			colon = true
		case '/':
			slash = true
		}
	}
	w := s[:end]
	if at > 0 || colon && slash && strings.Contains(w, "://") || strings.HasPrefix(w, "www.") || colon && strings.HasPrefix(w, "mailto:") {
		return end
	}
	return 0
}

// wordEnd includes apostrophes and hyphens between letters or digits.
func wordEnd(text string, i int) int {
	for i < len(text) {
		if c := text[i] | 0x20; 'a' <= c && c <= 'z' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || invisible(r):
		case fold(r) == '\'' || fold(r) == '-':
			next, _ := utf8.DecodeRuneInString(text[i+size:])
			if !unicode.IsLetter(next) && !unicode.IsDigit(next) {
				return i
			}
		default:
			return i
		}
		i += size
	}
	return i
}

func appendWord(toks []token, w string, start int) []token {
	first, size := utf8.DecodeRuneInString(w)
	second, _ := utf8.DecodeRuneInString(w[size:])
	capital := unicode.IsUpper(first) && !unicode.IsUpper(second)
	raw := strings.ToLower(w)
	text := raw
	if !isASCII(w) {
		raw, text = unaccented(w)
	}
	add := func(text, raw string) {
		is := known[text]
		was := is
		if raw != text {
			was = known[raw]
		}
		toks = append(toks, token{text: text, is: is, was: was, start: start, end: start + len(w), word: true, capital: capital})
	}
	if long, ok := contractions[text]; ok {
		for part := range strings.FieldsSeq(long) {
			add(part, part)
		}
		return toks
	}
	if strings.IndexByte(text, '\'') > 0 {
		for _, e := range endings {
			if stem, ok := strings.CutSuffix(text, e.suffix); ok && stem != "" {
				add(stem, stem)
				add(e.word, e.word)
				return toks
			}
		}
	}
	add(text, raw)
	return toks
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unaccented returns a word in lower case with its accents and without.
func unaccented(w string) (raw, folded string) {
	var with, without strings.Builder
	for _, r := range w {
		if invisible(r) {
			continue
		}
		r = unicode.ToLower(r)
		f := fold(r)
		if f == '\'' || f == '-' {
			r = f
		}
		with.WriteRune(r)
		without.WriteRune(f)
	}
	return with.String(), without.String()
}

// divide splits a text and its tokens. A line break ends a sentence only where the writer plainly began
// something new: splitting "I do not want to / cancel" would turn it into its
// opposite.
func (d *desk) divide(text string, toks []token) []sentence {
	var cur sentence
	first, begin := len(d.sentences), len(d.tokens)
	flush := func() {
		if len(cur.tokens) > 0 {
			var ahead uint64
			for i := len(cur.tokens) - 1; i >= 0; i-- {
				t := &cur.tokens[i]
				ahead |= t.is.mark() | t.was.mark()
				t.ahead = ahead
			}
			d.sentences = append(d.sentences, cur)
		}
		cur, begin = sentence{}, len(d.tokens)
	}
	take := func(t *token) {
		d.tokens = append(d.tokens, *t)
		cur.tokens = d.tokens[begin:len(d.tokens):len(d.tokens)]
	}
	lineStart := 0
	for i := range toks {
		t := &toks[i]
		switch {
		case t.text == "\n\n":
			if !goesOn(cur.tokens) {
				flush()
			}
			lineStart = t.end
		case t.text == "\n":
			if t.start-lineStart < 60 && !goesOn(cur.tokens) && startsNew(text, toks, i+1) {
				flush()
			}
			lineStart = t.end
		case t.text == "." || t.text == "!" || t.text == "?" || t.text == ";":
			cur.question = cur.question || t.text == "?"
			if endsSentence(text, cur.tokens, *t) {
				flush()
			}
		case t.text == "¿":
			take(t)
			cur.question = true
		default:
			take(t)
		}
		if len(cur.tokens) == longest {
			cur.endless = true
			flush()
			cur.endless = true
		}
	}
	flush()
	return d.sentences[first:len(d.sentences):len(d.sentences)]
}

func goesOn(toks []token) bool {
	return len(toks) > 0 && toks[len(toks)-1].word && connectors[toks[len(toks)-1].text]
}

func startsNew(text string, toks []token, i int) bool {
	if i >= len(toks) {
		return true
	}
	if !toks[i].word {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[toks[i].start:])
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}

func endsSentence(text string, before []token, stop token) bool {
	if stop.text != "." {
		return true
	}
	if len(before) > 0 {
		last := before[len(before)-1]
		if abbreviations[last.text] || len(last.text) == 1 && last.word && last.text != "i" {
			return false
		}
	}
	r, _ := utf8.DecodeRuneInString(text[stop.end:])
	return !unicode.IsDigit(r) && !unicode.IsLower(r)
}
