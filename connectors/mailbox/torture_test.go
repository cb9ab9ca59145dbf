package mailbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors/mailbox"
)

// torture returns mails that are hard to read, by name.
func torture(t *testing.T) map[string][]byte {
	t.Helper()
	const head = "From: Rita Rep <rita@sunny.test>\r\nSubject: x\r\n"
	mails := map[string][]byte{
		"no message":                  {},
		"an empty line":               []byte("\r\n"),
		"a header only":               []byte(head),
		"a body only":                 []byte("\r\nPlease cancel.\r\n"),
		"zeros":                       make([]byte, 4096),
		"bytes that are no text":      bytes.Repeat([]byte{0xff, 0xfe, 0x80, 0x0d}, 1000),
		"no end of line at all":       []byte("From: a@b.test"),
		"a multipart without a name":  []byte(head + "Content-Type: multipart/mixed\r\n\r\ntext"),
		"a boundary of nothing":       []byte(head + "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\ntext\r\n----\r\n"),
		"a multipart within itself":   []byte(head + "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\ntext\r\n--a--\r\n"),
		"broken base64":               []byte(head + "Content-Transfer-Encoding: base64\r\n\r\nUGxlYXNl====IGNhbmNlbA\r\n"),
		"broken quoted-printable":     []byte(head + "Content-Transfer-Encoding: quoted-printable\r\n\r\nPlease =ZZ cancel=\r\n"),
		"an unknown encoding":         []byte(head + "Content-Transfer-Encoding: rot13\r\n\r\nCyrnfr\r\n"),
		"an unknown charset":          []byte(head + "Content-Type: text/plain; charset=klingon\r\n\r\nPlease cancel.\r\n"),
		"UTF-16 that ends in between": []byte(head + "Content-Type: text/plain; charset=utf-16\r\n\r\n\xff\xfeP\x00l"),
		"UTF-7":                       []byte(head + "Content-Type: text/plain; charset=utf-7\r\n\r\n+-Please+AC"),
		"a message of itself":         []byte(head + "Content-Type: message/rfc822\r\n\r\n" + head + "Content-Type: message/rfc822\r\n\r\n"),
		"a message in pieces":         []byte(head + "Content-Type: message/partial; id=x; number=1; total=2\r\n\r\ntext"),
		"an encoded word cut off":     []byte("From: =?utf-8?B?w?= <a@b.test>\r\nSubject: =?utf-8?Q?=C3?= =?x?y?z?=\r\n\r\nx"),
		"a header of colons":          []byte(":::::\r\n:\r\nFrom: a@b.test\r\n\r\nx"),
		"a folded line first":         []byte(" folded\r\nFrom: a@b.test\r\n\r\nx"),
		"a thousand parameters":       []byte(head + "Content-Type: text/plain" + strings.Repeat("; a=b", 1000) + "\r\n\r\nx"),
	}
	for _, dir := range []string{"enmime", "cpython"} {
		files, err := filepath.Glob("testdata/torture/" + dir + "/*.eml")
		if err != nil || len(files) < 40 {
			t.Fatalf("found %d mails of %s (%v), want at least 40", len(files), dir, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			mails[dir+"/"+filepath.Base(file)] = raw
		}
	}
	return mails
}

// empty are the mails that have nothing to read in them, as a person can see.
var empty = map[string]bool{
	"cpython/msg_08.eml": true, "cpython/msg_09.eml": true, "cpython/msg_12.eml": true, "cpython/msg_12a.eml": true, "cpython/msg_18.eml": true,
	"cpython/msg_24.eml": true, "enmime/parts-missing-closing-param-quote.eml": true,
	"enmime/parts-malformed-content-type-params.eml": true, "no message": true, "a header only": true, "an empty line": true, "zeros": true,
	"no end of line at all": true,
}

func TestHardMailsEndWithTextOrWithAReasonWhyNot(t *testing.T) {
	for name, raw := range torture(t) {
		t.Run(name, func(t *testing.T) {
			fields := mailbox.Fields(raw, mailbox.Authenticator{LookupTXT: dns})
			words := false
			for _, s := range fields["segments"].([]any) {
				words = words || strings.TrimSpace(s.(map[string]any)["text"].(string)) != ""
			}
			if fields["error"] == nil && !words && len(fields["attachments"].([]any)) == 0 && !empty[name] {
				t.Errorf("nothing was found in it, and no reason given: %v", fields)
			}
		})
	}
}

// Dovecot hands out the bytes that it was given; a mail that breaks a
// connection, or is not reported, would be missing here.
func TestHardMailsArriveAsTheyAre(t *testing.T) {
	s := startDovecot(t)
	want := map[string]string{}
	var mails []string
	for name, raw := range torture(t) {
		// A mailbox has its mails with whole lines, and none is empty.
		text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
		if text == "" || strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\x00\r") {
			continue // IMAP cannot carry them, or Dovecot mends them
		}
		sum := sha256.Sum256([]byte(text))
		want[hex.EncodeToString(sum[:])] = name
		mails = append(mails, text)
	}
	s.deliver(t, mails...)
	records, _ := drain(t, open(t, s, nil), "")
	got := map[string]string{}
	for _, r := range records {
		sum := r.Fields["sha256"].(string)
		got[sum] = want[sum]
	}
	if diff := cmp.Diff(want, got); diff != "" || len(records) != len(mails) {
		t.Errorf("%d of %d mails (-want +got):\n%s", len(records), len(mails), diff)
	}
}
