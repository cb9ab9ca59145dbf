package mailbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
)

// A Message is what is in a mail.
type Message struct {
	MessageID   string       `json:"message_id"`
	From        []Address    `json:"from"`
	ReplyTo     []Address    `json:"reply_to"`
	To          []Address    `json:"to"`
	Cc          []Address    `json:"cc"`
	Subject     string       `json:"subject"`
	Date        time.Time    `json:"date,omitzero"` // as the sender claims
	InReplyTo   string       `json:"in_reply_to"`
	References  []string     `json:"references"`
	Auto        string       `json:"auto"` // what kind of machine wrote it; see the package comment
	OwnKey      string       `json:"own_key"`
	Attachments []Attachment `json:"attachments"`
	Segments    []Segment    `json:"segments"`
	// Alternative is what the HTML form of the text says, where that is not
	// what the plain form in Segments says.
	Alternative []Segment `json:"alternative"`
	Hidden      string    `json:"hidden"` // text in HTML that nobody gets to see
}

// An Address is a mail address as written by the sender.
type Address struct {
	Name    string `json:"name"`
	Address string `json:"address"` // lower case
}

// An Attachment is a part of a mail that is not its text.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"` // bytes, decoded
}

// maxNested is how many mails within mails are opened.
const maxNested = 3

var (
	wordDecoder = &mime.WordDecoder{CharsetReader: charset.NewReaderLabel}

	mimeParser = enmime.NewParser(
		enmime.SkipMalformedParts(true),
		enmime.MultipartWOBoundaryAsSinglePart(true),
		enmime.SetReadPartErrorPolicy(enmime.AllowCorruptTextPartErrorPolicy),
		enmime.MaxStoredPartErrors(20),
		enmime.DisableTextConversion(true),
		enmime.DisableCharacterDetection(true),
	)
)

// Parse takes a mail apart. It never panics, and its time grows with the size
// of the mail alone. On error the message holds what the header tells, and the
// error says why a person has to look at the mail.
func Parse(raw []byte) (Message, error) {
	header := readHeader(raw[:min(len(raw), maxHeader)])
	var work load
	if err := work.add(raw); err != nil {
		return heading(header), err
	}
	return parse(raw, header, work)
}

// heading is a message of which only the header is read.
func heading(header header) Message {
	m := describe(header)
	m.Auto = automatic(header, nil)
	return m
}

// parse takes a mail apart whose work has been counted.
func parse(raw []byte, header header, work load) (Message, error) {
	m := describe(header)
	body := content{load: work}
	err := body.read(raw, m.Subject, 0)
	m.Auto = automatic(header, &body)
	m.Attachments, m.Segments, m.Alternative, m.Hidden = body.attachments, body.segments, body.alternatives, body.hidden
	if m.OwnKey == "" {
		m.OwnKey = sentBySalesforce(header, m)
	}
	if err == nil && body.long {
		err = fmt.Errorf("there are more than %d bytes of text in it", maxText)
	}
	if err == nil && m.Auto != AutoList && m.Auto != AutoBulk && m.silent() && (header.malformed || hasWords(raw)) {
		err = errors.New("no text can be found in it, although it is not empty")
	}
	return m, err
}

// silent tells that nothing was found to read or to open.
func (m Message) silent() bool {
	for _, s := range m.Segments {
		if strings.TrimSpace(s.Text) != "" {
			return false
		}
	}
	return len(m.Attachments) == 0
}

// hasWords tells whether there is anything below the header but lines that
// MIME itself puts there.
func hasWords(raw []byte) bool {
	header := true
	for line := range bytes.Lines(raw) {
		line = bytes.Trim(line, "\x00 \t\r\n")
		switch {
		case header:
			header = len(line) > 0
		case len(line) > 0 && !bytes.HasPrefix(line, []byte("--")) && !bytes.HasPrefix(bytes.ToLower(line[:min(len(line), 8)]), []byte("content-")):
			return true
		}
	}
	return false
}

// describe reads all of a message that stands in its header.
func describe(h header) Message {
	m := Message{
		From:       addresses(h, "From"),
		ReplyTo:    addresses(h, "Reply-To"),
		To:         addresses(h, "To"),
		Cc:         addresses(h, "Cc"),
		Subject:    decodeWords(h.get("Subject")),
		References: messageIDs(h.get("References")),
		OwnKey:     toUTF8(h.get(keyHeader)),
	}
	if ids := messageIDs(h.get("Message-ID")); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	if ids := messageIDs(h.get("In-Reply-To")); len(ids) > 0 {
		m.InReplyTo = ids[0]
	}
	m.Date = date(h.get("Date"))
	return m
}

// date reads a date; zero if there is none. The form that nearly all programs
// write is tried first, for ParseDate comes to it after two dozen others: that
// takes longer than to read the rest of the header.
func date(s string) time.Time {
	t, err := time.Parse("Mon, 2 Jan 2006 15:04:05 -0700", s)
	if err != nil {
		t, err = mail.ParseDate(s)
	}
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

var anyAddress = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)

// addresses reads every field of that name. What is not a list of addresses is
// searched for things that look like one.
func addresses(h header, name string) []Address {
	var found []Address
	for _, value := range h.all(name) {
		value = toUTF8(value)
		list, err := addressParser.ParseList(value)
		if err != nil {
			for _, address := range anyAddress.FindAllString(decodeWords(value), -1) {
				list = append(list, &mail.Address{Address: address})
			}
		}
		for _, a := range list {
			found = append(found, Address{Name: a.Name, Address: strings.ToLower(a.Address)})
		}
	}
	return found
}

func decodeWords(s string) string {
	s = toUTF8(s)
	if decoded, err := wordDecoder.DecodeHeader(s); err == nil {
		s = decoded
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// toUTF8 reads a header that is not UTF-8 as what such headers are in most
// cases, a western character set.
func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	decoded, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return decoded
}

var bracketedID = regexp.MustCompile(`<([^<>\s]+)>`)

// messageIDs returns the ids in s without angle brackets.
func messageIDs(s string) []string {
	s = toUTF8(s)
	var ids []string
	for _, match := range bracketedID.FindAllStringSubmatch(s, -1) {
		ids = append(ids, match[1])
	}
	if ids == nil {
		ids = strings.Fields(s)
	}
	return ids
}

var buffers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// content gathers the text and the attachments of a mail.
type content struct {
	attachments []Attachment
	segments    []Segment
	// alternatives are the HTML forms that say something else, see [Message].
	alternatives []Segment
	hidden       string
	taken        int  // bytes of text that were read
	long         bool // there was more text than is read
	load         load
	calendar     bool
	report       string // report-type of a multipart/report
}

// read takes a mail apart that lies nested deep within others.
func (c *content) read(raw []byte, subject string, nested int) error {
	buffer := buffers.Get().(*bufio.Reader) // the parser would make one for each mail
	buffer.Reset(bytes.NewReader(raw))
	root, err := mimeParser.ReadParts(buffer)
	buffer.Reset(nil)
	buffers.Put(buffer)
	if err != nil || root == nil {
		return fmt.Errorf("the message cannot be read: %w", errors.Join(err, errNoParts))
	}
	if root.ContentType == "multipart/report" && nested == 0 {
		c.report = root.ContentTypeParams["report-type"]
	}
	return c.walk(root, subject, nested)
}

var errNoParts = errors.New("no parts in it")

func (c *content) walk(p *enmime.Part, subject string, nested int) error {
	switch {
	case p.ContentType == "text/calendar":
		c.calendar = c.calendar || p.Disposition != "attachment"
		c.attach(p)
	case p.ContentType == "message/rfc822" || p.ContentType == "message/global":
		c.attach(p)
		return c.enclosed(p.Content, nested)
	case p.FirstChild != nil && p.ContentType == "multipart/alternative":
		return c.alternative(p, subject, nested)
	case p.FirstChild != nil:
		for child := p.FirstChild; child != nil; child = child.NextSibling {
			if err := c.walk(child, subject, nested); err != nil {
				return err
			}
		}
	case isText(p):
		c.segments = append(c.segments, divide(c.textOf(p), subject, nested)...)
	default:
		c.attach(p)
		return unreadableType(p)
	}
	return nil
}

// enclosed opens a mail within the mail.
func (c *content) enclosed(raw []byte, nested int) error {
	if nested >= maxNested {
		return fmt.Errorf("there are more than %d mails within mails", maxNested)
	}
	// It may have been encoded, so that nothing of it has been counted yet.
	if err := c.load.add(raw); err != nil {
		return err
	}
	inner := describe(readHeader(raw[:min(len(raw), maxHeader)]))
	start, other := len(c.segments), len(c.alternatives)
	err := c.read(raw, inner.Subject, nested+1)
	head := Segment{Kind: Forwarded, Subject: inner.Subject, Depth: nested + 1}
	if len(inner.From) == 1 {
		head.From = inner.From[0]
	}
	if start == len(c.segments) {
		c.segments = append(c.segments, head)
	}
	for _, list := range [][]Segment{c.segments[start:], c.alternatives[other:]} {
		for i := range list {
			s := &list[i]
			if s.Kind == New {
				s.Kind = Forwarded
			}
			if s.From == (Address{}) {
				s.From, s.Subject = head.From, head.Subject
			}
		}
	}
	return err
}

func isText(p *enmime.Part) bool {
	return p.FirstChild == nil && p.Disposition != "attachment" && p.FileName == "" &&
		(p.ContentType == "" || strings.HasPrefix(p.ContentType, "text/") && p.ContentType != "text/calendar" && p.ContentType != "text/rfc822-headers")
}

// textOf returns the text of a part, as far as it is read.
func (c *content) textOf(p *enmime.Part) string {
	raw := p.Content
	if left := maxText - c.taken; len(raw) > left {
		raw, c.long = raw[:left], true
	}
	c.taken += len(raw)
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	if p.ContentType == "text/html" {
		shown, hidden := htmlText(text)
		if len(shown) > maxText {
			c.long = true
		}
		if hidden != "" && len(c.hidden) < maxHidden {
			c.hidden = strings.TrimSpace(c.hidden + "\n" + hidden)
		}
		return shown
	}
	return text
}

func (c *content) attach(p *enmime.Part) {
	c.attachments = append(c.attachments, Attachment{
		Name: strings.ToValidUTF8(p.FileName, "\uFFFD"), Type: p.ContentType, Size: len(p.Content),
	})
}

// unreadableType tells of parts that may hold the text itself.
func unreadableType(p *enmime.Part) error {
	switch p.ContentType {
	case "application/ms-tnef":
		return errors.New("the text may be in winmail.dat; open the mail in Outlook")
	case "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted":
		return errors.New("the mail is encrypted")
	case "message/partial", "message/external-body":
		return errors.New("the mail is incomplete: it is sent in pieces or keeps its text elsewhere")
	}
	return nil
}
