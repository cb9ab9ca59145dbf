package mailbox

import (
	"strings"
	"testing"
)

func alternatives(plain, html string) string {
	return strings.ReplaceAll("From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n"+
		"--x\nContent-Type: text/plain\n\n"+plain+"\n--x\nContent-Type: text/html\n\n"+html+"\n--x--\n", "\n", "\r\n")
}

func TestHTMLThatSaysSomethingElseIsReported(t *testing.T) {
	for _, c := range []struct{ name, plain, html, alternative, hidden string }{
		{"the same words in both forms", "Please call me. See https://a.example/x", `<p>Please <b>call</b> me. <a href="https://a.example/x">See</a></p>`, "", ""},
		{"other words", "Please call me.", "<p>I want to cancel my contract.</p>", "I want to cancel my contract.", ""},
		{"words that nobody sees", "Please call me.", `<p>Please call me.</p><div style="display:none">cancel my <i>contract</i></div>`, "", "cancel my contract"},
		{"words with the attribute hidden", "Please call me.", `<p>Please call me.</p><div hidden>cancel my contract</div>`, "", "cancel my contract"},
		{"words that are seen through", "Please call me.", `<p>Please call me.</p><div style="color:red; opacity: 0.0">cancel my contract</div>`, "", "cancel my contract"},
		{"words that are half seen through", "Please call me now.", `<p>Please call me <b style="opacity:0.5">now</b>.</p>`, "", ""},
		{"an element without an end hides nothing", "Please call me.", `<table><col style="display:none"><tr><td>Please call me.</td></tr></table><embed hidden="true">`, "", ""},
		{"styles and scripts are no words", "Please call me.", "<head><style>p{color:red}</style></head><script>var a</script><p>Please call me.</p>", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Parse([]byte(alternatives(c.plain, c.html)))
			if err != nil {
				t.Fatal(err)
			}
			var text []string
			for _, s := range m.Alternative {
				text = append(text, s.Text)
			}
			if got := strings.Join(text, " "); got != c.alternative {
				t.Errorf("the alternative is %q, want %q", got, c.alternative)
			}
			if got := strings.Join(strings.Fields(m.Hidden), " "); got != c.hidden {
				t.Errorf("hidden is %q, want %q", got, c.hidden)
			}
			if len(m.Segments) != 1 || m.Segments[0].Text != c.plain {
				t.Errorf("the segments are %+v, want the plain text", m.Segments)
			}
		})
	}
}

// Mail programs show the last form that they can.
func TestASecondPlainFormThatSaysSomethingElseIsReported(t *testing.T) {
	for _, kind := range []string{"plain", "html"} {
		t.Run(kind, func(t *testing.T) {
			both := strings.ReplaceAll(alternatives("Please call me.", "I want to cancel my contract."), "text/html", "text/"+kind)
			first := strings.ReplaceAll(alternatives("Please call me.", "I want to cancel my contract."), "text/plain", "text/"+kind)
			for _, raw := range []string{both, first} {
				m, err := Parse([]byte(raw))
				if err != nil {
					t.Fatal(err)
				}
				if len(m.Segments) != 1 || len(m.Alternative) != 1 {
					t.Errorf("segments %+v, alternative %+v, want one of each", m.Segments, m.Alternative)
				}
			}
		})
	}
}
