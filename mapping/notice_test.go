package mapping_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"standdown/mapping"
	"standdown/rules"
)

var tag = regexp.MustCompile(`<[^>]*>`)

func TestEachNoticeSaysTheSameInTextAndHTML(t *testing.T) {
	all, err := mapping.Notices()
	if err != nil {
		t.Fatal(err)
	}
	languages := map[string]int{}
	for _, n := range all {
		languages[n.Language]++
		t.Run(n.Template+" in "+n.Language, func(t *testing.T) {
			plain := strings.Join(strings.Fields(n.Text), " ")
			rich := strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(n.HTML, ""))), " ")
			if plain != rich {
				t.Errorf("text: %s\nHTML: %s", plain, rich)
			}
			if n.Subject == "" || !strings.Contains(n.HTML, `<html lang="`+n.Language+`">`) {
				t.Errorf("no subject, or HTML of another language: %+v", n)
			}
		})
	}
	if languages["en"] == 0 || languages["en"] != languages["es"] {
		t.Errorf("there are %v notices, want as many in each language", languages)
	}
}

func TestWhatTheOrgHoldsCannotAddHTML(t *testing.T) {
	args := map[string]string{"template": "cancelled", "to": "a@example.com", "contract": "C-1", "name": `<a href="https://evil.test">Ann</a>`}
	writes, err := standard(t).Changes(rules.Event{ID: "due:1"}, rules.Snapshot{}, rules.Decision{Actions: []rules.Action{{Verb: "send-final-notice", On: workflowRef(), Args: args}}})
	if err != nil {
		t.Fatal(err)
	}
	if rich := writes[0].Change.Fields["html"].(string); strings.Contains(rich, "<a ") || !strings.Contains(rich, "&lt;a href=") {
		t.Errorf("the name is not escaped:\n%s", rich)
	}
}
