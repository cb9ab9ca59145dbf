package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"standdown/connectors"
	"standdown/mapping/reader"
	"standdown/rules"
)

// mail reads a mail. Its fields are those that package mailbox documents.
func (m *Mapping) mail(r connectors.Record) Arrival {
	f := fields(r.Fields)
	sum := cmp.Or(f.text("sha256"), hash(r.Ref.ID))
	if len(r.Raw) > 0 {
		raw := sha256.Sum256(r.Raw)
		sum = hex.EncodeToString(raw[:])
	}
	id := "mail:" + sum[:min(len(sum), 32)]
	a := Arrival{Subject: rules.Ref{Kind: "request", ID: id}}
	if f.text("own_key") != "" {
		a.Why = OwnMail
		return a
	}
	request := &rules.Request{
		From:       strings.ToLower(f.text("from")),
		Name:       f.text("from_name"),
		Auth:       f.text("auth"),
		AuthReason: f.text("auth_reason"),
		Subject:    f.text("subject"),
		MessageID:  bracketed(f.text("message_id")),
		SHA256:     sum,
	}
	for _, id := range append(f.texts("references"), f.text("message_id")) {
		if id != "" {
			request.ReplyChain = append(request.ReplyChain, bracketed(id))
		}
	}
	event := &rules.Event{ID: id, At: r.At, Subject: a.Subject, Request: request}

	if f.text("error") != "" {
		event.Kind = rules.RequestUnclear
		request.Asks, request.Words = "unclear", "attached"
		a.Event, a.Why = event, "the mail could not be taken apart"
		return a
	}
	_, reading := m.Read(r)
	a.Why = reading.Why
	if reading.Verdict == reader.None {
		return a
	}
	request.Asks = reading.Asks
	request.Words = reading.Words
	request.Claims = reading.Claims
	request.Form = reading.Form
	request.Deceased = reading.Deceased
	request.Reason = m.theirs("workflow", "cancel_reason", reading.Reason)
	request.References = reading.References
	for _, day := range reading.Dates {
		request.Dates = append(request.Dates, rules.Date(day))
	}
	request.About = reading.About
	request.Series = reading.Series
	request.Language = reading.Language
	request.People = reading.People
	request.Addresses = reading.Addresses
	request.Quote = reading.Quote
	switch {
	case reading.Verdict == reader.Unclear:
		event.Kind, request.Asks = rules.RequestUnclear, "unclear"
	case reading.Asks == reader.Cancel:
		event.Kind = rules.CancellationRequested
	case reading.Asks == reader.Restore:
		event.Kind = rules.RestoreRequested
	default:
		event.Kind = rules.RequestUnclear
	}
	a.Event = event
	return a
}

// Read is what the reader is given of a mail, and what it makes of it.
func (m *Mapping) Read(r connectors.Record) (reader.Mail, reader.Reading) {
	mail := letter(fields(r.Fields), r)
	return mail, reader.Read(mail, m.Patterns())
}

// Patterns is how things are called in mails.
func (m *Mapping) Patterns() reader.Patterns {
	return reader.Patterns{Prefixes: m.config.References, Visits: m.config.Visits, Names: m.config.Names}
}

// letter gives the reader the parts of a mail that carry words.
func letter(f fields, r connectors.Record) reader.Mail {
	mail := reader.Mail{
		From:      f.text("from"),
		FromName:  f.text("from_name"),
		Subject:   f.text("subject"),
		Auto:      f.text("auto"),
		MessageID: f.text("message_id"),
		Sent:      r.At,
	}
	mail.Segments = segments(f.maps("segments"))
	mail.Alternative = segments(f.maps("alternative"))
	mail.Hidden = f.text("hidden")
	for _, a := range f.maps("attachments") {
		mail.Attachments = append(mail.Attachments, cmp.Or(a.text("name"), a.text("type")))
	}
	return mail
}

func segments(list []fields) []reader.Segment {
	var all []reader.Segment
	for _, s := range list {
		all = append(all, reader.Segment{
			Kind:    s.text("kind"),
			From:    s.text("from"),
			Subject: s.text("subject"),
			Text:    s.text("text"),
			Depth:   s.number("depth"),
		})
	}
	return all
}

// bracketed is how the rules show a Message-ID.
func bracketed(id string) string {
	if id = strings.Trim(id, "<> "); id == "" {
		return ""
	}
	return "<" + id + ">"
}

// fields read a record's fields by their own names; what is missing or of
// another type is empty.
type fields map[string]any

func (f fields) text(name string) string {
	s, _ := f[name].(string)
	return s
}

func (f fields) number(name string) int {
	n, _ := f[name].(float64)
	return int(n)
}

func (f fields) texts(name string) []string {
	var all []string
	list, _ := f[name].([]any)
	for _, entry := range list {
		if s, ok := entry.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

func (f fields) maps(name string) []fields {
	var all []fields
	list, _ := f[name].([]any)
	for _, entry := range list {
		if one, ok := entry.(map[string]any); ok {
			all = append(all, one)
		}
	}
	return all
}
