package mapping

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

//go:embed templates/*.txt
var templateFiles embed.FS

// notices are the mails to customers, named template.language.txt. The first
// line is the subject. While a cancellation is pending they say so, and until
// when (MIL-A21); the last one says that it is final (MIL-5).
var notices = template.Must(template.ParseFS(templateFiles, "templates/*.txt"))

// blanks are what a mail to a customer may mention.
type blanks struct {
	Name     string // of the homeowner; may be empty
	Contract string
	Until    string // last day for restoring, in words; may be empty
	Reason   string // in the org's words; may be empty
}

// notice writes a mail to the parties of a workflow, in the language of the
// request; English if there is none.
func (w *writer) notice(a rules.Action) (Write, error) {
	to := list(a.Args["to"])
	if len(to) == 0 {
		return Write{}, fmt.Errorf("the notice has no recipient")
	}
	language := "en"
	if w.event.Request != nil && w.event.Request.Language == "es" {
		language = "es"
	}
	name := a.Args["template"] + "." + language + ".txt"
	if notices.Lookup(name) == nil {
		return Write{}, fmt.Errorf("there is no template %q", a.Args["template"])
	}
	who := line(a.Args["name"])
	if language == "es" {
		who = strings.ReplaceAll(who, " and ", " y ")
	}
	var b strings.Builder
	if err := notices.ExecuteTemplate(&b, name, blanks{
		Name:     who,
		Contract: line(a.Args["contract"]),
		Until:    inLanguage(line(a.Args["until"]), language),
		Reason:   line(a.Args["reason"]),
	}); err != nil {
		return Write{}, fmt.Errorf("filling the template %s: %w", name, err)
	}
	subject, text, _ := strings.Cut(b.String(), "\n")
	cc := list(a.Args["cc"])
	return Write{
		System: Mail,
		Text:   fmt.Sprintf("Mail to %d, copy to %d: %s", len(to), len(cc), subject),
		Change: connectors.Change{Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}, Fields: map[string]any{
			"to":          to,
			"cc":          cc,
			"subject":     subject,
			"text":        strings.TrimLeft(text, "\n"),
			"in_reply_to": orNil(a.Args["in_reply_to"]),
			"references":  list(a.Args["references"]),
		}},
	}, nil
}

// list takes a comma-separated argument apart.
func list(arg string) []any {
	all := []any{}
	for one := range strings.SplitSeq(arg, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// line keeps a value from breaking the lines of a mail.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// longDate is how the rules write a day for people.
const longDate = "Monday, 2 January 2006"

// inLanguage translates a day written in English; anything else stays as it
// is.
func inLanguage(day, language string) string {
	t, err := time.Parse(longDate, day)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, day); err != nil {
			return day
		}
	}
	if language != "es" {
		return t.Format(longDate)
	}
	weekdays := [...]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"}
	months := [...]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"}
	return fmt.Sprintf("%s, %d de %s de %d", weekdays[t.Weekday()], t.Day(), months[t.Month()-1], t.Year())
}
