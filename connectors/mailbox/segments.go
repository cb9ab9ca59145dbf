package mailbox

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kinds of a [Segment].
const (
	New        = "new"        // written by the sender of this mail
	Quoted     = "quoted"     // an earlier mail that the sender answers
	Forwarded  = "forwarded"  // a mail that the sender passes on
	Signature  = "signature"  // below "-- ", or a phone's own line
	Disclaimer = "disclaimer" // legal or subscription notes
)

// A Segment is a stretch of a mail's text by one author. The segments of a mail
// hold all of its text, in order, but for quote marks and the header lines that
// From and Subject are taken from.
type Segment struct {
	Kind string `json:"kind"`
	// From is the author that a forward or a quotation names. It is a claim by
	// whoever quotes. It is empty in what the sender wrote.
	From    Address `json:"from"`
	Subject string  `json:"subject"`
	// Depth is 0 for the sender's text, 1 for what it quotes, and so on.
	Depth int    `json:"depth"`
	Text  string `json:"text"`
}

// maxDepth is how deep quotations are followed, maxSegments how many segments a
// text is divided into; what is deeper, and what comes behind, stays in one
// piece.
const (
	maxDepth    = 20
	maxSegments = 1000
)

// divide cuts a text into segments. Subject is that of the mail the text is
// from: whether a header block in it quotes or forwards often shows there only.
func divide(text, subject string, depth int) []Segment {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !isPlain(text) { // most are, and need not be gone through letter by letter
		text = plainSpaces.Replace(text)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = shallow(line)
	}
	d := divider{}
	d.walk(lines, Segment{Kind: New, Depth: depth}, subject)
	return d.out
}

var plainSpaces = strings.NewReplacer("\r", "\n", "\u00a0", " ", "\u200b", "", "\u200e", "", "\u200f", "", "\ufeff", "")

// isPlain tells that there is nothing in a text that plainSpaces replaces.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] == '\r' || text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

type divider struct{ out []Segment }

// walk divides lines that belong to at, which says whose text they start with.
func (d *divider) walk(lines []string, at Segment, subject string) {
	own := 0 // start of the lines not yet put into a segment
	for i := 0; i < len(lines); {
		if at.Depth >= maxDepth || len(d.out) >= maxSegments {
			break
		}
		if h, n := findHead(lines[i:]); n > 0 {
			inherit := at.Depth > 0 && at.From == (Address{}) && h.fromBlock && isBlank(lines[own:i]) && own == 0
			d.add(lines[own:i], at)
			i += n
			if inherit {
				// The header of the quotation we are in.
				at.From, at.Subject, subject, own = h.from, h.subject, h.subject, i
				continue
			}
			next := Segment{Kind: h.kind, From: h.from, Subject: h.subject, Depth: at.Depth + 1}
			if next.Kind == "" {
				next.Kind = kindBySubject(subject)
			}
			start := i
			for start < len(lines) && strings.TrimSpace(lines[start]) == "" {
				start++
			}
			if end := quotedRun(lines, start); end > start {
				d.walk(unquote(lines[start:end]), next, orElse(h.subject, subject))
				i, own = end, end
				continue
			}
			d.walk(lines[i:], next, orElse(h.subject, subject))
			return
		}
		if end := quotedRun(lines, i); end > i {
			d.add(lines[own:i], at)
			d.walk(unquote(lines[i:end]), Segment{Kind: Quoted, Depth: at.Depth + 1}, subject)
			i, own = end, end
			continue
		}
		i++
	}
	d.add(lines[own:], at)
}

// add appends lines as segments, with signature and disclaimers apart. Without
// text it appends nothing, unless it names an author: a forward may consist of
// a picture.
func (d *divider) add(lines []string, at Segment) {
	if isBlank(lines) {
		known := slices.ContainsFunc(d.out, func(s Segment) bool { return s.From == at.From && s.Depth == at.Depth })
		if at.From != (Address{}) && !known {
			d.out = append(d.out, at)
		}
		return
	}
	kind := at.Kind
	start := 0
	flush := func(end int, kind string) {
		if !isBlank(lines[start:end]) {
			s := at
			s.Kind, s.Text = kind, strings.Trim(strings.Join(lines[start:end], "\n"), "\n")
			d.out = append(d.out, s)
		}
		start = end
	}
	for i := 0; i < len(lines) && len(d.out) < maxSegments; i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case line == "--" || line == "---" && len(lines)-i <= 12:
			flush(i, kind)
			kind = Signature
		case startsLike(line, "se", "ge", "en", "vo", "in") && device.MatchString(line):
			flush(i, kind)
			flush(i+1, Signature)
		case (i == 0 || strings.TrimSpace(lines[i-1]) == "") && disclaimer.MatchString(line):
			flush(i, kind)
			for i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" {
				i++
			}
			flush(i+1, Disclaimer)
		}
	}
	flush(len(lines), kind)
}

var (
	device = regexp.MustCompile(`(?i)^(sent (from|via) (my|the|samsung|yahoo|mail for|outlook)\b|get outlook for|enviado (desde|do) (mi|meu)\b|von meinem .{1,30} gesendet|gesendet mit der|envoy[eé] de mon|inviato da(l mio)? ).{0,80}$`)

	disclaimer = regexp.MustCompile(`(?i)^[*_\s]*(confidential(ity)?\b|legal (notice|disclaimer)|disclaimer\b|caution:|external (e-?mail|sender)|\[?external\]?:?\s|` +
		`this (e-?mail|message|communication)( message)?( and| including|, including| is (intended|confidential)| may contain| contains| was sent)|` +
		`the information (contained )?in this|if you (are not the intended|no longer wish|wish to (unsubscribe|stop|cancel)|have received this)|` +
		`you (are receiving|received|have received) this|` +
		`(click here )?to (unsubscribe|cancel your subscription|stop receiving|opt out|manage your)|unsubscribe\b|(copyright|©|\(c\)) ?\d{4}|please consider the environment|` +
		`este (mensaje|correo)( electr[oó]nico)?( y| puede| contiene| es confidencial| se dirige)|aviso (legal|de confidencialidad)|para (cancelar|darse de baja)( (de )?su| de)? suscripci[oó]n|` +
		`diese (e-?mail|nachricht) (enth[aä]lt|ist|kann)|ce (message|courriel|mail) (et|est|peut|contient))`)
)

// quotedRun returns the end of the lines from start that carry a quote mark.
// Empty lines between such lines belong to the run.
func quotedRun(lines []string, start int) int {
	end := start
	for i := start; i < len(lines); i++ {
		switch line := strings.TrimLeft(lines[i], " "); {
		case strings.HasPrefix(line, ">"):
			end = i + 1
		case line == "" && i > start:
		default:
			return end
		}
	}
	return end
}

// shallow takes the quote marks off a line that lead deeper than is followed.
func shallow(line string) string {
	marks := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '>':
			if marks++; marks > maxDepth {
				return line[:i] + strings.TrimLeft(line[i:], "> ")
			}
		case ' ':
		default:
			return line
		}
	}
	return line
}

// unquote takes one quote mark off each line.
func unquote(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		line = strings.TrimPrefix(strings.TrimLeft(line, " "), ">")
		out[i] = strings.TrimPrefix(line, " ")
	}
	return out
}

func isBlank(lines []string) bool {
	for _, line := range lines {
		if strings.Trim(line, " \t_-*") != "" {
			return false
		}
	}
	return true
}

func orElse(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

var answerPrefix = regexp.MustCompile(`(?i)^\s*(re|aw|sv|antw|rif|odp|vs)(\[\d+\])?\s*:`)

// kindBySubject decides for header blocks that look the same in answers and in
// forwards: they quote in a mail whose subject says that it is an answer.
func kindBySubject(subject string) string {
	if answerPrefix.MatchString(subject) {
		return Quoted
	}
	return Forwarded
}
