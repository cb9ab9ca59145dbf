package mailbox

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxQuote bounds the marks put before a line, however deep the nesting.
const maxQuote = 20

// htmlText renders HTML as plain text the way mail programs do: a line for each
// block, "> " before quoted lines, the address of a link only where the text is
// a mere address anyway. Text that a reader would not see is kept apart. It works
// on tokens, as a tree of unclosed elements could be any number of levels deep,
// and ends early when the text gets longer than is read.
func htmlText(source string) (shown, hidden string) {
	r := renderer{}
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		next := tokens.Next()
		if r.out.Len() > maxText {
			next = html.ErrorToken
		}
		switch next {
		case html.ErrorToken:
			return r.finish(), strings.TrimSpace(r.unseen.String())
		case html.TextToken:
			switch {
			case r.skip == 0:
				r.text(string(tokens.Text()))
			case r.hiding && r.unseen.Len() < maxHidden:
				r.unseen.WriteString(" " + strings.Join(strings.Fields(string(tokens.Text())), " "))
			}
		case html.StartTagToken:
			r.start(tokens.Token(), false)
		case html.SelfClosingTagToken:
			r.start(tokens.Token(), true)
		case html.EndTagToken:
			name, _ := tokens.TagName()
			r.end(atom.Lookup(name))
		}
	}
}

type renderer struct {
	out   strings.Builder
	line  strings.Builder
	quote int
	blank int // empty lines written in a row
	pre   int
	// skip counts the open elements of the kind skipped that keep text away.
	skip    int
	skipped atom.Atom
	hiding  bool // what is kept away is text that a style hides
	unseen  strings.Builder
}

// maxHidden bounds the hidden text that is kept, give or take one token.
const maxHidden = 16 << 10

var hidden = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|(font-size|opacity)\s*:\s*0(\.0*)?(px|pt|em|%)?\s*(;|$)`)

func (r *renderer) start(t html.Token, selfClosing bool) {
	if r.skip > 0 {
		if t.DataAtom != r.skipped {
			return
		}
		switch t.DataAtom {
		case atom.P, atom.Li, atom.Td, atom.Th, atom.Tr:
			r.skip = 0 // these end where the next one begins
		default:
			if !selfClosing {
				r.skip++
			}
			return
		}
	}
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
		if !selfClosing {
			r.skip, r.skipped, r.hiding = 1, t.DataAtom, false
		}
		return
	case atom.Br:
		r.newline()
		return
	case atom.Hr:
		r.block()
		r.text("________________________________")
		r.block()
		return
	case atom.Img:
		for _, a := range t.Attr {
			if a.Key == "alt" && a.Val != "" {
				r.text(" " + a.Val + " ")
			}
		}
		return
	case atom.Input, atom.Meta, atom.Link, atom.Base, atom.Col, atom.Embed, atom.Area, atom.Wbr, atom.Source, atom.Track, atom.Param:
		return // they have no end
	}
	for _, a := range t.Attr {
		if (a.Key == "hidden" || a.Key == "style" && hidden.MatchString(a.Val)) && !selfClosing {
			r.skip, r.skipped, r.hiding = 1, t.DataAtom, true
			return
		}
	}
	switch t.DataAtom {
	case atom.Blockquote:
		r.block()
		r.quote++
	case atom.Pre:
		r.block()
		r.pre++
	case atom.Li:
		r.block()
		r.text("- ")
	case atom.Td, atom.Th:
		if r.line.Len() > 0 {
			r.text(" ")
		}
	case atom.P, atom.Div, atom.Tr, atom.Table, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.block()
	}
}

func (r *renderer) end(name atom.Atom) {
	if r.skip > 0 {
		if name == r.skipped {
			r.skip--
		}
		return
	}
	switch name {
	case atom.Blockquote:
		r.block()
		r.quote = max(0, r.quote-1)
	case atom.Pre:
		r.block()
		r.pre = max(0, r.pre-1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.block()
		r.newline()
	case atom.Div, atom.Tr, atom.Table, atom.Ul, atom.Ol, atom.Li:
		r.block()
	}
}

// text appends to the current line, with white space folded outside pre.
func (r *renderer) text(s string) {
	if r.pre > 0 {
		for i, part := range strings.Split(s, "\n") {
			if i > 0 {
				r.newline()
			}
			r.line.WriteString(part)
		}
		return
	}
	for i, word := range strings.FieldsFunc(s, isSpace) {
		if (i > 0 || isSpace(rune(s[0]))) && !r.atSpace() {
			r.line.WriteByte(' ')
		}
		r.line.WriteString(word)
	}
	if s != "" && isSpace(rune(s[len(s)-1])) && !r.atSpace() {
		r.line.WriteByte(' ')
	}
}

func isSpace(c rune) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func (r *renderer) atSpace() bool {
	line := r.line.String()
	return line == "" || line[len(line)-1] == ' '
}

// block ends the current line if there is something on it.
func (r *renderer) block() {
	if strings.TrimSpace(r.line.String()) != "" {
		r.newline()
	}
	r.line.Reset()
}

// newline ends the current line; of several empty ones it keeps one.
func (r *renderer) newline() {
	line := strings.TrimRight(r.line.String(), " ")
	r.line.Reset()
	if line == "" {
		if r.blank++; r.blank > 1 || r.out.Len() == 0 {
			return
		}
	} else {
		r.blank = 0
	}
	r.out.WriteString(strings.Repeat("> ", min(r.quote, maxQuote)))
	r.out.WriteString(line)
	r.out.WriteByte('\n')
}

func (r *renderer) finish() string {
	r.block()
	return r.out.String()
}
