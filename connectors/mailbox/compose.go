package mailbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"standdown/connectors"
)

// keyHeader carries a change's key, as providers may rewrite Message-IDs.
const keyHeader = "X-Standdown-Key"

// Providers cut or refuse longer threads of message ids.
const (
	maxReferences     = 20
	maxReferenceBytes = 900
)

// A letter is a mail, ready to be sent.
type letter struct {
	messageID  string // without angle brackets
	recipients []string
	raw        []byte
}

// MessageID returns the Message-ID, without angle brackets, of the mail that
// the change with this key sends from an address of domain.
func MessageID(key, domain string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])[:32] + "@" + domain
}

func (s *Sink) compose(change connectors.Change) (*letter, error) {
	f := change.Fields
	l := &letter{messageID: MessageID(change.Key, domainOf(s.from.Address))}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(l.messageID[:32]))
	m.FromMailAddress(s.from)
	for _, header := range []struct {
		field string
		set   func(...*mail.Address)
	}{{"to", m.ToMailAddress}, {"cc", m.CcMailAddress}} {
		list, err := stringList(f, header.field)
		if err != nil {
			return nil, err
		}
		var addresses []*mail.Address
		for i, text := range list {
			address, err := mail.ParseAddress(text)
			if err != nil {
				return nil, fmt.Errorf("field %q: entry %d is not an address", header.field, i+1)
			}
			addresses = append(addresses, address)
			if !slices.Contains(l.recipients, address.Address) {
				l.recipients = append(l.recipients, address.Address)
			}
		}
		if len(addresses) > 0 {
			header.set(addresses...)
		}
	}
	if len(l.recipients) == 0 {
		return nil, errors.New(`field "to": there is no recipient`)
	}
	if s.copyTo != "" && !slices.Contains(l.recipients, s.copyTo) {
		l.recipients = append(l.recipients, s.copyTo)
	}

	references, err := stringList(f, "references")
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, name := range []string{"subject", "text", "html", "in_reply_to"} {
		switch value := f[name].(type) {
		case nil:
		case string:
			texts[name] = value
		default:
			return nil, fmt.Errorf("field %q: want a text, got %T", name, value)
		}
	}
	m.SetMessageIDWithValue(l.messageID)
	m.SetDateWithValue(s.options.Now())
	m.Subject(oneLine(texts["subject"]))
	m.SetGenHeader(keyHeader, change.Key)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	if id := cleanID(texts["in_reply_to"]); id != "" {
		m.SetGenHeader(gomail.HeaderInReplyTo, "<"+id+">")
		if !slices.Contains(references, id) {
			references = append(references, id)
		}
	}
	if thread := lastReferences(references); thread != "" {
		m.SetGenHeader(gomail.HeaderReferences, thread)
	}
	m.SetBodyString(gomail.TypeTextPlain, texts["text"])
	if texts["html"] != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, texts["html"])
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, err
	}
	l.raw = raw.Bytes()
	return l, nil
}

func stringList(fields map[string]any, name string) ([]string, error) {
	switch value := fields[name].(type) {
	case nil:
		return nil, nil
	case []string:
		return slices.Clone(value), nil
	case []any:
		list := make([]string, 0, len(value))
		for _, entry := range value {
			text, ok := entry.(string)
			if !ok {
				return nil, fmt.Errorf("field %q: want a list of texts, got a %T in it", name, entry)
			}
			list = append(list, text)
		}
		return list, nil
	default:
		return nil, fmt.Errorf("field %q: want a list of texts, got %T", name, value)
	}
}

// lastReferences joins the newest ids, as many as fit.
func lastReferences(ids []string) string {
	var kept []string
	total := 0
	for _, id := range slices.Backward(ids) {
		if id = cleanID(id); id == "" {
			continue
		}
		id = "<" + id + ">"
		if total += len(id) + 1; len(kept) == maxReferences || total > maxReferenceBytes {
			break
		}
		kept = append(kept, id)
	}
	slices.Reverse(kept)
	return strings.Join(kept, " ")
}

// cleanID returns a message id without brackets and without anything behind it;
// "" for one that no line of a mail can hold.
func cleanID(id string) string {
	for word := range strings.FieldsSeq(id) {
		if id := strings.Trim(word, "<>"); len(id) <= maxReferenceBytes {
			return id
		}
		break
	}
	return ""
}

// oneLine keeps what is text in a header from becoming a header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
