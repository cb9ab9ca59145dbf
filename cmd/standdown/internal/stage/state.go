package stage

import (
	"bytes"
	"fmt"
	"io"
	netmail "net/mail"
	"slices"
	"strings"
)

// State describes the whole world for comparing it with another in which the
// same happened: every record of the org, every mail that was sent and every
// mail in every folder, one line each, sorted. Left out is what is never the
// same twice: ids, timestamps, keys and counters.
func (s *Stage) State() ([]string, error) {
	dump := s.Org.Dump()
	names := map[string]string{} // by id, for telling references apart
	for object, rows := range dump {
		for _, r := range rows {
			names[r["Id"].(string)] = object + " " + nameOf(r)
		}
	}
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
	return ok && len(prefix) <= 4 && strings.Trim(number, "0123456789") == "" && strings.HasPrefix(prefix, "JA")
}

func describe(row map[string]any, names map[string]string) string {
	var parts []string
	for field, v := range row {
		switch field {
		case "Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "CreatedById", "CaseNumber", "Standdown_Key__c":
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

// unmarked leaves out the mark by which a post of ours is found again, and the
// hash of a mail, whose date is in it.
func unmarked(text string) string {
	text, _, _ = strings.Cut(text, "[standdown ")
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "SHA-256: ") {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, ""))
}

func summary(raw []byte) (string, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(m.Body)
	return fmt.Sprintf("%s: %q", m.Header.Get("Subject"), strings.TrimSpace(string(body))), err
}
