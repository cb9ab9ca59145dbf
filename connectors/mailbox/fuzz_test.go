package mailbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func addMails(f *testing.F) {
	files, err := filepath.Glob("testdata/mails/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

func FuzzFields(f *testing.F) {
	addMails(f)
	judge := Authenticator{ServIDs: []string{"mx.test"}, LookupTXT: func(string) ([]string, error) { return nil, errors.New("none") }}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields := Fields(raw, judge)
		for _, name := range []string{"message_id", "from", "from_name", "subject", "in_reply_to", "auto", "own_key", "auth", "auth_reason", "sha256"} {
			text, ok := fields[name].(string)
			if !ok {
				t.Errorf("%s is %T, want a string", name, fields[name])
			}
			if !utf8.ValidString(text) {
				t.Errorf("%s is not UTF-8: %q", name, text)
			}
		}
		for _, segment := range fields["segments"].([]any) {
			if text := segment.(map[string]any)["text"].(string); !utf8.ValidString(text) {
				t.Errorf("text is not UTF-8: %q", text)
			}
		}
		if fields["auth"] == AuthPass && strings.Count(strings.ToLower("\n"+string(raw)), "\nfrom") == 0 {
			t.Error("a mail without From passes")
		}
	})
}

// Whatever divide makes of a text, every word of it must be somewhere.
func FuzzDivide(f *testing.F) {
	f.Add("Hi\n\nOn 1 Nov Ann <a@b.test> wrote:\n> x\n\n-- \nme", "Re: x")
	f.Add("FYI\n---------- Forwarded message ---------\nFrom: A <a@b.test>\nSubject: s\nTo: t\n\nbody", "Fwd: s")
	f.Add("_________________\nFrom: a\nSent: b\nTo: c\nSubject: d\n\n>> e\n> f\nSent from my iPhone", "")
	f.Fuzz(func(t *testing.T, text, subject string) {
		if !utf8.ValidString(text) {
			return
		}
		var kept strings.Builder
		for _, s := range divide(text, subject, 0) {
			if s.Depth < 0 || s.Depth > maxDepth {
				t.Errorf("depth is %d", s.Depth)
			}
			kept.WriteString(s.Text + "\n" + s.From.Name + "\n")
		}
		// Lines that cannot be taken for a mail program's must survive whole.
		for line := range strings.SplitSeq(text, "\n") {
			if plain(line) && !strings.Contains(kept.String(), line) {
				t.Errorf("%q is lost from %q", line, text)
			}
		}
	})
}

// plain tells whether a line is letters and spaces only, so that it is neither
// quoted, nor a header line, nor part of an attribution.
func plain(line string) bool {
	for _, c := range line {
		if (c < 'a' || c > 'z') && c != ' ' {
			return false
		}
	}
	return strings.TrimSpace(line) == line && line != "" && !attributionStart.MatchString(line)
}

func FuzzAuthResults(f *testing.F) {
	f.Add("mx.test; dmarc=pass header.from=a.test")
	f.Add("mx.test 1; none")
	f.Add(`mx.test (a (b) \) c); dkim=pass (x; y) header.d="q\"; x" reason=ok; spf=fail`)
	f.Add("spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=a.test; dmarc=pass action=none header.from=a.test;compauth=pass reason=100")
	f.Fuzz(func(t *testing.T, value string) {
		_, results, err := parseAuthResults(value)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range results {
			if seen[r.method] && r.method != "dkim" {
				t.Errorf("%s twice in %q", r.method, value)
			}
			seen[r.method] = true
			if r.method == "" || r.method != "none" && r.result == "" {
				t.Errorf("empty result in %q", value)
			}
		}
	})
}

func FuzzHTMLText(f *testing.F) {
	f.Add(`<p>a<br>b<blockquote>c<blockquote>d</blockquote></blockquote><div style="display:none">x</div>`)
	f.Fuzz(func(t *testing.T, source string) {
		if text, _ := htmlText(source); len(text) > 45*len(source)+45 {
			t.Errorf("%d bytes became %d", len(source), len(text))
		}
	})
}
