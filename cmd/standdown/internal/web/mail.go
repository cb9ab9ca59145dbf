package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A mailPart is the mail that an event came by.
type mailPart struct {
	*rules.Request
	Parts   []passage
	Missing string // why its text is not shown
}

// A passage is a part of a mail, with the deciding sentence in it set apart.
type passage struct {
	Kind               string
	Before, Said, Then string
}

// A mailPage is a mail that was set aside.
type mailPage struct {
	store.Event
	Mail *mailPart
}

func (s *site) mail(w http.ResponseWriter, r *http.Request, user User) error {
	event, err := s.Journal.EventNamed(r.Context(), r.FormValue("event"))
	if err != nil {
		return err
	}
	if event == nil {
		return refuse(http.StatusNotFound, "There is no event %s.", r.FormValue("event"))
	}
	p := mailPage{Event: *event}
	if p.Mail, err = s.mailOf(r.Context(), p.Event); err != nil {
		return err
	}
	s.render(w, r, user, http.StatusOK, "mail", "What came in", p)
	return nil
}

// mailOf takes apart the mail of the event; nil if it came by none.
func (s *site) mailOf(ctx context.Context, e store.Event) (*mailPart, error) {
	m := &mailPart{Request: e.Request}
	kept, err := s.Journal.Mail(ctx, e.ID)
	switch {
	case removed(err):
		m.Missing = "The mail itself is not kept any longer (journal.retain.raw)."
		return m, nil
	case err != nil && e.Request == nil:
		return nil, nil
	case err != nil:
		m.Missing = "The mail itself is not in the journal."
		return m, nil
	case s.ReadMail == nil:
		m.Missing = "The mail itself is shown by: standdown mail quarantine show " + e.ID
		return m, nil
	}
	if m.Request == nil {
		m.Request = &rules.Request{}
	}
	parts, err := s.ReadMail(kept.Raw)
	if err != nil {
		m.Missing = "It cannot be taken apart: " + err.Error() + "."
	}
	left := longestMail
	for _, p := range parts {
		text := p.Text
		if len(text) > left {
			text, m.Missing = strings.ToValidUTF8(text[:left], ""), "It is long: the rest is not shown here."
		}
		left -= len(text)
		if strings.TrimSpace(text) != "" {
			before, said, then := highlight(text, m.Quote)
			m.Parts = append(m.Parts, passage{p.Kind, before, said, then})
		}
	}
	return m, nil
}

// longestMail is how many bytes of a mail's text are shown.
const longestMail = 20_000

// highlight divides a text at the quote, however its lines are broken. Without
// the quote in it all of it comes before.
func highlight(text, quote string) (before, said, then string) {
	words := strings.Fields(strings.TrimSuffix(strings.ToValidUTF8(quote, ""), "…"))
	if len(words) == 0 {
		return text, "", ""
	}
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	at := regexp.MustCompile(`(?i)` + strings.Join(words, `[\s>]+`)).FindStringIndex(text)
	if at == nil {
		return text, "", ""
	}
	return text[:at[0]], text[at[0]:at[1]], text[at[1]:]
}
