package rules

import "strings"

// found ends every text for a person who must decide: the facts, what is to be
// noted besides, and the mail, if there is one.
func found(facts []Fact, warnings []string, mail *Request) string {
	var text strings.Builder
	text.WriteString("What was found:")
	for _, f := range facts {
		text.WriteString(fill("\n- %s: %s (%s)", f.Name, f.Value, f.Reason))
	}
	// A person may find by them whom the mail is about; no fact rests on them.
	if len(mail.People) > 0 {
		text.WriteString("\n- names in the mail: " + shorten(strings.Join(mail.People, "; "), 300))
	}
	if len(mail.Addresses) > 0 {
		text.WriteString("\n- addresses in the mail: " + shorten(strings.Join(mail.Addresses, "; "), 300))
	}
	for _, warning := range warnings {
		text.WriteString("\n\nNote: " + warning + ".")
	}
	if source := mail.source(); source != "" {
		text.WriteString("\n" + source)
	}
	return text.String()
}

// source names the mail as evidence, with its one sentence; never its body.
func (r *Request) source() string {
	return beside(r.Quote, "\nThe mail says: \"") + shorten(r.Quote, 300) + beside(r.Quote, "\"") +
		beside(r.MessageID, "\nMessage-ID: ") + r.MessageID + beside(r.SHA256, "\nSHA-256: ") + r.SHA256
}

// beside is what stands beside a value, if there is one.
func beside(value, label string) string {
	if value == "" {
		return ""
	}
	return label
}

// writer is who wrote it, in a sentence.
func (r *Request) writer() string {
	switch {
	case r.From == "":
		return "somebody unknown"
	case r.Name == "":
		return r.From
	}
	return r.Name + " (" + r.From + ")"
}

func shorten(s string, most int) string {
	if len(s) <= most { // most texts, without taking them apart
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
