// Package reader tells what a mail asks for: to cancel, restore, hold, end a
// hold, un-cancel or reschedule, in English or Spanish.
//
// It is a grammar, not a model. Words and phrases stand in tables (english.go,
// spanish.go); a sentence asks when an act ("cancel"), what it is about ("my
// contract") and a mood that asks ("I would like to") stand together, and when
// nothing in the mail speaks against it: a negation, a condition, a question,
// somebody else's words, a second wish. Every verdict names the words behind
// it.
//
// It does not judge who wrote the mail, whether a contract may be cancelled or
// what follows; it sees no attachment, only its name.
//
// It promises: a request is claimed only where the words are plain; a mail
// that speaks of cancelling or its like without being plainly something else
// is unclear, never none; the same mail gives the same reading; time grows
// with the length of the mail, of which at most [MaxText] bytes in
// [MaxSegments] segments are read; if there is more, the verdict is unclear.
package reader

import "time"

// Bounds of what is read of one mail.
const (
	MaxText     = 256 << 10 // bytes of subject and segments together
	MaxSegments = 64
)

// A Mail is what the reader looks at: the parts of a message that carry words.
type Mail struct {
	From, FromName, Subject string
	Segments                []Segment
	// Alternative is what another form of the text says, if it says something
	// else; Hidden is text that is sent along and not shown.
	Alternative []Segment
	Hidden      string
	// Auto is what kind of automatic mail it is: auto-replied, auto-generated,
	// bulk, list, dsn, mdn, calendar; empty for a mail written by a person.
	Auto        string
	Attachments []string // file names
	MessageID   string
	// Sent completes dates without a year: the next such day from Sent on. If
	// it is zero, these are left out.
	Sent time.Time
}

// A Segment is a stretch of the mail's text by one author.
type Segment struct {
	Kind string // new, quoted, forwarded, signature or disclaimer
	// From and Subject are the inner header's, for quoted and forwarded.
	From, Subject, Text string
	Depth               int // how many times it was passed on
}

// Verdicts.
const (
	Request = "request" // it asks
	None    = "none"    // it does not
	Unclear = "unclear" // a person has to read it
)

// What a request asks for. The words are those of a request in package rules.
const (
	Cancel     = "cancel"
	Restore    = "restore"
	Hold       = "hold"
	EndHold    = "end-hold"
	Uncancel   = "uncancel"
	Reschedule = "reschedule"
)

// A Reading is what the reader made of a mail.
type Reading struct {
	Verdict string `json:"verdict"`
	// Asks is what is asked for; when unclear the best guess, or empty.
	Asks     string `json:"asks,omitempty"`
	Language string `json:"language"` // en or es
	// Words tells whose words carry the request: own, forwarded, attached or
	// none.
	Words string `json:"words"`
	// About is contract or visit (an appointment, an assignment), if the deciding
	// sentence is about one. An unclear mail that is about a visit asks plainly
	// to cancel it, and to cancel nothing else: only who knows what can be
	// cancelled by mail at the site can say whether that is a request.
	About string `json:"about,omitempty"`
	// Series tells that it speaks of a whole series.
	Series bool `json:"series,omitempty"`
	// Claims is the address, in lower case, of the innermost author that a
	// forwarded request names. It proves nothing.
	Claims   string `json:"claims,omitempty"`
	Form     string `json:"form"` // letter, notice or telegram
	Deceased bool   `json:"deceased,omitempty"`
	// Reason is changed-mind, financial, moving, other-offer, delay or empty.
	Reason string `json:"reason,omitempty"`
	// References are contract ids and the like, in upper case, each once.
	References []string `json:"references,omitempty"`
	Dates      []string `json:"dates,omitempty"` // 2006-01-02, each once
	// People and Addresses are names and postal addresses that the mail gives, as
	// it writes them, for the person who reviews it. Nothing may rest on them.
	People    []string `json:"people,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	// Quote is the deciding sentence, at most 300 runes.
	Quote string `json:"quote,omitempty"`
	Spans []Span `json:"spans,omitempty"`
	// Why says in one sentence what decided. It holds no word of the mail.
	Why string `json:"why"`
}

// A Span is a stretch of text that counted. Segment is an index into
// Mail.Segments, or -1 for the subject; Start and End are byte offsets.
type Span struct {
	Segment int    `json:"segment"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
	Label   string `json:"label"`
}

// Patterns says how things are called at the site.
type Patterns struct {
	// Prefixes begin references; at least three digits follow. Default C-, W-,
	// JOB-.
	Prefixes []string
	// Visits are those prefixes whose references name a visit, not a contract.
	// Default JOB-.
	Visits []string
	// Names are what the business is called. If given, "my contract with"
	// anybody else is left to a person; if empty, any name counts as ours.
	Names []string
}

// Read reads a mail. It has no error: what it cannot read is unclear. It may
// be called concurrently.
func Read(m Mail, p Patterns) Reading {
	learn()
	if len(p.Prefixes) == 0 {
		p.Prefixes = []string{"C-", "W-", "JOB-"}
	}
	if len(p.Visits) == 0 {
		p.Visits = []string{"JOB-"}
	}
	d := desks.Get().(*desk)
	defer d.leave()
	t := open(m, p, d)
	r := t.weigh()
	t.addFacts(&r)
	r.suspect(m, p, d)
	return r
}
