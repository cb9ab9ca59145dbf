package mapping

import (
	"embed"
	"fmt"
	html "html/template"
	"slices"
	"strings"
	text "text/template"
	"time"

	"standdown/connectors"
	"standdown/rules"
)

//go:embed templates
var templateFiles embed.FS

// notices are the mails to customers, named template.language.txt, of which
// the first line is the subject, and template.language.html, which says the
// same. While a cancellation is pending they say so, and until when (MIL-A21);
// the last one says that it is final (MIL-5).
var (
	plainNotices = text.Must(text.ParseFS(templateFiles, "templates/*.txt"))
	htmlNotices  = html.Must(html.ParseFS(templateFiles, "templates/*.html"))
)

// blanks are what a mail to a customer may mention.
type blanks struct {
	Name     string // of the homeowner; may be empty
	Contract string
	Until    string // last day for restoring, in words; may be empty
	Reason   string // in the org's words; may be empty
}

// A Notice is a mail to a customer.
type Notice struct {
	Template string `json:"template"`
	Language string `json:"language"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	HTML     string `json:"html"`
}

// Notices returns every mail to a customer there is, in each language, filled
// with the same example.
func Notices() ([]Notice, error) {
	var all []Notice
	for _, t := range plainNotices.Templates() {
		template, language, _ := strings.Cut(strings.TrimSuffix(t.Name(), ".txt"), ".")
		n, err := fill(template, language, map[string]string{
			"name": "Maria Alvarez and Luis Alvarez", "contract": "C-204417", "until": "2026-12-11", "reason": "Moving",
		})
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Notice) int {
		return strings.Compare(a.Template+"."+a.Language, b.Template+"."+b.Language)
	})
	return all, nil
}

// fill fills a template.
func fill(template, language string, args map[string]string) (Notice, error) {
	n := Notice{Template: template, Language: language}
	name := template + "." + language
	if plainNotices.Lookup(name+".txt") == nil {
		return n, fmt.Errorf("there is no template %q", template)
	}
	who := line(args["name"])
	if language == "es" {
		who = strings.ReplaceAll(who, " and ", " y ")
	}
	b := blanks{Name: who, Contract: line(args["contract"]), Until: inLanguage(line(args["until"]), language), Reason: line(args["reason"])}
	var plain, rich strings.Builder
	if err := plainNotices.ExecuteTemplate(&plain, name+".txt", b); err != nil {
		return n, fmt.Errorf("filling the template %s: %w", name, err)
	}
	if err := htmlNotices.ExecuteTemplate(&rich, name+".html", b); err != nil {
		return n, fmt.Errorf("filling the template %s: %w", name, err)
	}
	n.Subject, n.Text, _ = strings.Cut(plain.String(), "\n")
	n.Text, n.HTML = strings.TrimLeft(n.Text, "\n"), rich.String()
	return n, nil
}

// notice writes a mail to the parties of a workflow, in the homeowner's
// language; English if it is not known.
func (w *writer) notice(a rules.Action) (Write, error) {
	to := list(a.Args["to"])
	if len(to) == 0 {
		return Write{}, fmt.Errorf("the notice has no recipient")
	}
	language := "en"
	if a.Args["language"] == "es" || w.event.Request != nil && w.event.Request.Language == "es" {
		language = "es"
	}
	n, err := fill(a.Args["template"], language, a.Args)
	if err != nil {
		return Write{}, err
	}
	cc := list(a.Args["cc"])
	return Write{
		System: Mail,
		Text:   fmt.Sprintf("Mail to %d, copy to %d: %s", len(to), len(cc), n.Subject),
		Change: connectors.Change{Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}, Fields: map[string]any{
			"to":          to,
			"cc":          cc,
			"subject":     n.Subject,
			"text":        n.Text,
			"html":        n.HTML,
			"in_reply_to": orNil(a.Args["in_reply_to"]),
			"references":  list(a.Args["references"]),
			"about":       a.On.ID,
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
