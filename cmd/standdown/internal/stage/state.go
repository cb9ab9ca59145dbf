package stage

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
)

// State describes the whole world for comparing it with another in which the
// same happened: every record of the org, every mail that was sent and every
// mail in every folder, one line each, sorted. Left out is what is never the
// same twice: ids, timestamps, keys and counters.
func (s *Stage) State() ([]string, error) {
	dump := s.Org.Dump()
	names := namesOf(dump)
	var lines []string
	for object, rows := range dump {
		for _, r := range rows {
			lines = append(lines, object+": "+describe(r, names))
		}
	}
	for _, m := range s.Mail.Accepted() {
		slices.Sort(m.To)
		line, err := summary(m.Raw)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("sent to %v: %s", m.To, line))
	}
	for _, folder := range []string{"INBOX", "Processed"} {
		stored, err := s.Mail.Folder(Mailbox, folder)
		if err != nil {
			return nil, err
		}
		for _, m := range stored {
			line, err := summary(m.Raw)
			if err != nil {
				return nil, err
			}
			lines = append(lines, "mail in "+folder+": "+line)
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// namesOf names records by id, for telling references apart.
func namesOf(dump map[string][]map[string]any) map[string]string {
	names := map[string]string{}
	for object, rows := range dump {
		for _, r := range rows {
			names[r["Id"].(string)] = object + " " + nameOf(r)
		}
	}
	return names
}

func nameOf(row map[string]any) string {
	for _, field := range []string{"Name", "Subject", "Body"} {
		if v, ok := row[field].(string); ok && !volatile(v) {
			return unmarked(v)
		}
	}
	return ""
}

// volatile tells a name that the org counts up by itself.
func volatile(name string) bool {
	prefix, number, ok := strings.Cut(name, "-")
	return ok && len(prefix) <= 4 && strings.Trim(number, "0123456789") == "" && (prefix == "JA" || prefix == "BD")
}

func describe(row map[string]any, names map[string]string) string {
	var parts []string
	for field, v := range row {
		switch field {
		case "Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "CreatedById", "CaseNumber", "Standdown_Key__c", "Cancelled_At__c":
			continue
		case "Name":
			if name, ok := v.(string); ok && volatile(name) {
				continue
			}
		}
		if v == nil || v == "" {
			continue
		}
		text := fmt.Sprint(v)
		if name, ok := names[text]; ok {
			text = name
		}
		parts = append(parts, field+"="+unmarked(text))
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

var timeOfDay = regexp.MustCompile(` at [0-9]{2}:[0-9]{2}\b`)

// unmarked leaves out the mark by which a post of ours is found again, the hash
// of a mail, whose date is in it, and times of day.
func unmarked(text string) string {
	text, _, _ = strings.Cut(text, "[standdown ")
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "SHA-256: ") {
			kept = append(kept, line)
		}
	}
	return timeOfDay.ReplaceAllString(strings.TrimSpace(strings.Join(kept, "")), "")
}

// summary is the subject and every text of a mail; the boundary between them is
// another each time.
func summary(raw []byte) (string, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	texts := []string{m.Header.Get("Subject")}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		body, err := io.ReadAll(m.Body)
		return fmt.Sprintf("%q", append(texts, strings.TrimSpace(string(body)))), err
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			return fmt.Sprintf("%q", texts), nil
		}
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(string(body)))
	}
}
