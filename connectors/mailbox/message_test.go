package mailbox_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors/mailbox"
)

var update = flag.Bool("update", false, "write what is found into testdata/mails/*.want")

// Every mail in testdata/mails has a .want beside it that says, in the form of
// summary, what is in it.
func TestMailsAreTakenApart(t *testing.T) {
	files, err := filepath.Glob("testdata/mails/*.eml")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d mails (%v), want at least 40", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := summary(mailbox.Parse(raw))
			wantFile := strings.TrimSuffix(file, ".eml") + ".want"
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func summary(m mailbox.Message, err error) string {
	var b strings.Builder
	line := func(name string, value any) {
		if text := fmt.Sprint(value); text != "" && text != "[]" {
			fmt.Fprintf(&b, "%s: %s\n", name, text)
		}
	}
	line("id", m.MessageID)
	line("from", m.From)
	line("to", m.To)
	line("subject", m.Subject)
	line("in-reply-to", m.InReplyTo)
	line("references", m.References)
	line("auto", m.Auto)
	line("own-key", m.OwnKey)
	for _, a := range m.Attachments {
		line("attachment", fmt.Sprintf("%q %s %d", a.Name, a.Type, a.Size))
	}
	if err != nil {
		line("error", err)
	}
	for _, s := range m.Segments {
		fmt.Fprintf(&b, "\n[%s %d] %v %q\n%s\n", s.Kind, s.Depth, s.From, s.Subject, s.Text)
	}
	return b.String()
}

// A parser that is kept busy cannot be stopped, so it must not get busy: one
// that does comes to the end of the time that all tests have.
func TestBombsAreRefused(t *testing.T) {
	const head = "From: a@b.test\r\nSubject: bomb\r\n"
	var parameters, nested, received strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&parameters, ";\r\n name*%d=a", i)
	}
	for i := range 10_000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	for range 20_000 {
		received.WriteString("Received: from a by b\r\n")
	}
	boundary := strings.Repeat("b", 200)
	encoded := base64.StdEncoding.EncodeToString([]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\n\r\n", 100_000)))
	bombs := map[string]string{
		"parts with long names":        head + "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n" + strings.Repeat("--"+boundary+"\r\n\r\n", 100_000),
		"empty parts that are encoded": head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded + "\r\n--b--\r\n",
		"several huge texts":           head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\n"+strings.Repeat("From: a@b.c\n\n"+strings.Repeat("x", 100)+"\n", 15_000), 4),
		"split parameters":             head + "Content-Type: text/plain" + parameters.String() + "\r\n\r\nx",
		"empty parts":                  head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\n\r\n", 100_000),
		"nested parts":                 head + nested.String(),
		"a huge header":                head + received.String() + "\r\nx",
		"a header only":                head + "X: " + strings.Repeat("a", 1<<20),
		"a huge message":               head + "\r\n" + strings.Repeat("x\r\n", 12<<20),
		"a huge text":                  head + "\r\n" + strings.Repeat("On 1 2026\r\n", 3<<20),
		"a huge line":                  head + "\r\n" + strings.Repeat(">", 34<<20),
		"huge HTML":                    head + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<div><blockquote>x", 1_900_000),
		"nested messages":              head + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 1000),
	}
	for name, bomb := range bombs {
		t.Run(name, func(t *testing.T) {
			m, err := mailbox.Parse([]byte(bomb))
			if err == nil {
				t.Error("it was taken")
			}
			if m.Subject != "bomb" {
				t.Errorf("subject is %q, want what the header says", m.Subject)
			}
		})
	}
}

// These are let through, and must not keep the parser busy all the same.
func TestHeavyMailsAreParsed(t *testing.T) {
	const head = "From: a@b.test\r\nSubject: heavy\r\n"
	var authors strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&authors, "> From: a%d@b.test\n> Sent: x\n> To: y\n> _\nx\n", i)
	}
	heavy := map[string]string{
		"deep quotes":         head + "\r\n" + strings.Repeat(strings.Repeat(">", 5000)+" x\r\n", 500),
		"deep HTML":           head + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<blockquote><div>", 200_000) + "text",
		"many header blocks":  head + "\r\n" + strings.Repeat("From: a@b.test\r\nSent: today\r\nTo: x\r\nSubject: y\r\n\r\nText\r\n", 20_000),
		"many attributions":   head + "\r\n" + strings.Repeat("On 1 2026\r\nOn 1 2026\r\n", 100_000),
		"one long line":       head + "\r\nOn 1 " + strings.Repeat("wrote: ", 500_000) + "\r\n",
		"many quoted authors": head + "\r\n" + authors.String(),
		"deeper quotes":       head + "\r\n" + strings.Repeat(strings.Repeat(">", 1000)+" x\ny\n", 3500),
		"many recipients":     head + "To: " + strings.Repeat("a@b.test, ", 20_000) + "c@d.test\r\n\r\nx",
	}
	for name, mail := range heavy {
		t.Run(name, func(t *testing.T) {
			if _, err := mailbox.Parse([]byte(mail)); err != nil {
				t.Error(err)
			}
		})
	}
}
