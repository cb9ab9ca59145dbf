package mailbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Fields describes a mail as the fields of a message record; the package
// comment lists them. A mail that cannot be parsed has its field "error" set.
func Fields(raw []byte, a Authenticator) (fields map[string]any) {
	// A mail that brings a parser down must not bring the daemon down, now and
	// after each restart.
	defer func() {
		if p := recover(); p != nil {
			fields = unread(raw[:min(len(raw), maxHeader)], int64(len(raw)), fmt.Sprintf("the message cannot be read: %v", p))
		}
	}()
	header := readHeader(raw[:min(len(raw), maxHeader)])
	var work load
	var m Message
	verdict, reason := AuthNone, "the mail was not read"
	err := work.add(raw)
	if err != nil {
		m = heading(header)
	} else {
		m, err = parse(raw, header, work)
		verdict, reason = a.judge(raw, header)
	}
	fields = m.Fields()
	sum := sha256.Sum256(raw)
	fields["sha256"] = hex.EncodeToString(sum[:])
	fields["size"] = float64(len(raw))
	fields["auth"], fields["auth_reason"] = verdict, reason
	fields["error"] = nil
	if err != nil {
		fields["error"] = err.Error()
	}
	return fields
}

// unread describes a mail of which at most the header was read.
func unread(head []byte, size int64, problem string) map[string]any {
	fields := heading(readHeader(head)).Fields()
	fields["sha256"] = ""
	if sum := sha256.Sum256(head); len(head) > 0 {
		fields["sha256"] = hex.EncodeToString(sum[:])
	}
	fields["size"] = float64(size)
	fields["auth"], fields["auth_reason"] = AuthNone, "the mail was not read"
	fields["error"] = problem
	return fields
}

// Fields returns the message in plain JSON kinds.
func (m Message) Fields() map[string]any {
	fields := map[string]any{
		"message_id": m.MessageID, "from": "", "from_name": "",
		"reply_to": addressList(m.ReplyTo), "to": addressList(m.To), "cc": addressList(m.Cc),
		"subject": m.Subject, "date": nil, "in_reply_to": m.InReplyTo,
		"auto": m.Auto, "own_key": m.OwnKey,
	}
	if len(m.From) == 1 {
		fields["from"], fields["from_name"] = m.From[0].Address, m.From[0].Name
	}
	if !m.Date.IsZero() {
		fields["date"] = m.Date.Format(time.RFC3339)
	}
	references := []any{}
	for _, id := range m.References {
		references = append(references, id)
	}
	attachments := []any{}
	for _, a := range m.Attachments {
		attachments = append(attachments, map[string]any{"name": a.Name, "type": a.Type, "size": float64(a.Size)})
	}
	fields["references"], fields["attachments"] = references, attachments
	fields["segments"], fields["alternative"], fields["hidden"] = segmentList(m.Segments), segmentList(m.Alternative), m.Hidden
	return fields
}

func segmentList(list []Segment) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, map[string]any{
			"kind": s.Kind, "from": s.From.Address, "from_name": s.From.Name,
			"subject": s.Subject, "depth": float64(s.Depth), "text": s.Text,
		})
	}
	return out
}

func addressList(list []Address) []any {
	out := []any{}
	for _, a := range list {
		out = append(out, a.Address)
	}
	return out
}
