package mailbox_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"standdown/connectors/mailbox"
)

var signingKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// dns answers with the signing key for every domain but those that are down or
// have none.
func dns(name string) ([]string, error) {
	switch {
	case strings.HasSuffix(name, "down.test"):
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	case strings.HasSuffix(name, "nokey.test"):
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(signingKey.Public().(ed25519.PublicKey))}, nil
}

func sign(t *testing.T, mail, domain string) string {
	t.Helper()
	var b bytes.Buffer
	err := dkim.Sign(&b, strings.NewReader(mail), &dkim.SignOptions{
		Domain: domain, Selector: "s", Signer: signingKey, HeaderKeys: []string{"From", "To", "Subject", "Date", "Message-ID"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func from(address string) string {
	return "From: Rita <" + address + ">\r\nTo: x@y.test\r\nSubject: Cancel\r\n\r\nPlease cancel.\r\n"
}

func TestTheSenderIsJudged(t *testing.T) {
	results := func(fields ...string) string {
		return "Authentication-Results: " + strings.Join(fields, "\r\nAuthentication-Results: ") + "\r\n" + from("rita@sunny.test")
	}
	tests := map[string]struct {
		mail string
		want string
	}{
		"a mail without any proof":                 {from("rita@sunny.test"), "none"},
		"signed by the sender's domain":            {sign(t, from("rita@sunny.test"), "sunny.test"), "pass"},
		"signed by a subdomain":                    {sign(t, from("rita@sunny.test"), "mail.sunny.test"), "pass"},
		"signed by the parent of the sender's":     {sign(t, from("rita@sales.sunny.test"), "sunny.test"), "pass"},
		"signed by somebody else":                  {sign(t, from("rita@sunny.test"), "evil.test"), "none"},
		"signed by another customer of a host":     {sign(t, from("rita@good.github.io"), "evil.github.io"), "none"},
		"altered after signing":                    {strings.Replace(sign(t, from("rita@sunny.test"), "sunny.test"), "Please", "Do", 1), "fail"},
		"signed, but the key is gone":              {sign(t, from("rita@nokey.test"), "nokey.test"), "fail"},
		"signed, but the DNS is down":              {sign(t, from("rita@down.test"), "down.test"), "none"},
		"a second From put on top":                 {"From: victim@bank.test\r\n" + sign(t, from("rita@sunny.test"), "sunny.test"), "fail"},
		"a second Subject put on top":              {"Subject: Hi\r\n" + sign(t, from("rita@sunny.test"), "sunny.test"), "fail"},
		"two addresses in From":                    {sign(t, "From: rita@sunny.test, v@bank.test\r\nSubject: x\r\n\r\nx\r\n", "sunny.test"), "fail"},
		"no From":                                  {"Subject: x\r\n\r\nx\r\n", "fail"},
		"a From that is no address":                {"From: Rita\r\n\r\nx\r\n", "fail"},
		"a bare carriage return in the header":     {"X: a\rFrom: victim@bank.test\r\n" + sign(t, from("rita@sunny.test"), "sunny.test"), "fail"},
		"an empty mail":                            {"", "fail"},
		"dmarc=pass by our server":                 {results("mx.ours.test; dmarc=pass (p=REJECT) header.from=sunny.test"), "pass"},
		"dmarc=pass for another domain":            {results("mx.ours.test; dmarc=pass header.from=evil.test"), "none"},
		"dmarc=fail by our server":                 {results("mx.ours.test; dmarc=fail header.from=sunny.test"), "fail"},
		"dmarc=none by our server":                 {results("mx.ours.test; dmarc=none header.from=sunny.test"), "none"},
		"dkim=pass by our server":                  {results("MX.OURS.TEST 1; dkim=pass (2048-bit key; unprotected) header.d=sunny.test header.i=@sunny.test"), "pass"},
		"dkim=pass of a stranger by our server":    {results("mx.ours.test; dkim=pass header.d=evil.test"), "none"},
		"two dkim results, one of the sender":      {results("mx.ours.test; dkim=pass header.d=evil.test; dkim=pass header.d=sunny.test"), "pass"},
		"dmarc=pass by a server that is not ours":  {results("mx.evil.test; dmarc=pass header.from=sunny.test"), "none"},
		"ours below a stranger's":                  {results("mx.evil.test; spf=pass", "mx.ours.test; dmarc=pass header.from=sunny.test"), "none"},
		"dmarc twice":                              {results("mx.ours.test; dmarc=fail; dmarc=pass header.from=sunny.test"), "none"},
		"a result hidden in a quoted string":       {results(`mx.ours.test; dkim=pass header.d="a.test; dmarc=pass header.from=sunny.test"`), "none"},
		"a result hidden in a comment":             {results(`mx.ours.test; spf=pass (; dmarc=pass header.from=sunny.test)`), "none"},
		"a comment without an end":                 {results(`mx.ours.test; dmarc=pass header.from=sunny.test (`), "none"},
		"Microsoft's form, without an id":          {results("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=sunny.test; dkim=pass (signature was verified) header.d=sunny.test;dmarc=pass action=none header.from=sunny.test;compauth=pass reason=100"), "none"},
		"a display name that is another's address": {sign(t, "From: \"rita@sunny.test\" <eve@evil.test>\r\nTo: x@y.test\r\nSubject: x\r\n\r\nx\r\n", "sunny.test"), "none"},
		"a comment that is another's address":      {sign(t, "From: eve@evil.test (rita@sunny.test)\r\nTo: x@y.test\r\nSubject: x\r\n\r\nx\r\n", "sunny.test"), "none"},
		"a letter that looks the same":             {sign(t, from("rita@sunnу.test"), "sunny.test"), "none"},
		"a name that begins the same":              {sign(t, from("rita@sunny.test.evil.example"), "sunny.test"), "none"},
		"a name that ends the same":                {sign(t, from("rita@notsunny.test"), "sunny.test"), "none"},
		"somebody else's Reply-To":                 {"Reply-To: eve@evil.test\r\n" + from("rita@sunny.test"), "none"},
		"somebody else's Sender":                   {"Sender: rita@sunny.test\r\n" + sign(t, from("eve@evil.test"), "sunny.test"), "none"},
		"a domain in capitals":                     {sign(t, from("Rita@SUNNY.TEST"), "sunny.test"), "pass"},
		"a signature over part of the text":        {strings.Replace(sign(t, from("rita@sunny.test"), "sunny.test"), "; s=s;", "; s=s; l=5;", 1), "fail"},
		"a From folded to hide another":            {"From: rita@sunny.test,\r\n eve@evil.test\r\nSubject: x\r\n\r\nx\r\n", "fail"},
		"a group instead of a sender":              {"From: undisclosed:;\r\nSubject: x\r\n\r\nx\r\n", "fail"},
		"a From with a blank before the colon":     {"From : rita@sunny.test\r\n" + sign(t, from("eve@evil.test"), "evil.test"), "fail"},
		"results below a Received line of others":  {"Received: from a by mx.ours.test\r\nReceived: from b by c\r\nAuthentication-Results: mx.evil.test; dmarc=pass header.from=sunny.test\r\n" + from("rita@sunny.test"), "none"},
		"a server's name that ends as ours":        {results("evil.mx.ours.test; dmarc=pass header.from=sunny.test"), "none"},
		"results sealed by somebody (ARC)":         {"ARC-Authentication-Results: i=1; mx.ours.test; dmarc=pass header.from=sunny.test\r\n" + from("rita@sunny.test"), "none"},
	}
	judge := mailbox.Authenticator{ServIDs: []string{"mx.ours.test"}, LookupTXT: dns}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, reason := judge.Verdict([]byte(test.mail))
			if got != test.want {
				t.Errorf("got %s (%s), want %s", got, reason, test.want)
			}
			if reason == "" || strings.Contains(reason, "@") {
				t.Errorf("the reason %q is empty or holds an address", reason)
			}
		})
	}
	t.Run("Microsoft's form, where it is to be believed", func(t *testing.T) {
		judge := mailbox.Authenticator{ServIDs: []string{mailbox.MicrosoftAuth}, LookupTXT: dns}
		if got, reason := judge.Verdict([]byte(tests["Microsoft's form, without an id"].mail)); got != "pass" {
			t.Errorf("got %s (%s), want pass", got, reason)
		}
	})
	t.Run("nobody's results are believed unless configured", func(t *testing.T) {
		judge := mailbox.Authenticator{LookupTXT: func(string) ([]string, error) { return nil, errors.New("down") }}
		if got, reason := judge.Verdict([]byte(tests["dmarc=pass by our server"].mail)); got != "none" {
			t.Errorf("got %s (%s), want none", got, reason)
		}
	})
}

// One that keeps the judge busy comes to the end of the time that all tests have.
func TestALongHeaderIsJudged(t *testing.T) {
	judge := mailbox.Authenticator{LookupTXT: dns}
	for name, mail := range map[string]string{
		"too long to be read":   "Subject: x" + strings.Repeat("\r\n x", 3<<20) + "\r\n" + from("rita@sunny.test"),
		"as long as is allowed": "Subject2: x" + strings.Repeat("\r\n x", 60<<10) + "\r\n" + from("rita@sunny.test"),
	} {
		t.Run(name, func(t *testing.T) {
			if got, reason := judge.Verdict([]byte(mail)); got != "none" {
				t.Errorf("got %s (%s), want none", got, reason)
			}
		})
	}
}

func TestASignatureMustCoverTheSubject(t *testing.T) {
	var b bytes.Buffer
	err := dkim.Sign(&b, strings.NewReader(from("rita@sunny.test")), &dkim.SignOptions{
		Domain: "sunny.test", Selector: "s", Signer: signingKey, HeaderKeys: []string{"From", "To"},
	})
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(b.String(), "Subject: Cancel", "Subject: Cancel C-204417", 1)
	if got, reason := (mailbox.Authenticator{LookupTXT: dns}).Verdict([]byte(forged)); got != "none" {
		t.Errorf("got %s (%s), want none", got, reason)
	}
}
