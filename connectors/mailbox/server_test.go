package mailbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"standdown/connectors/mailbox"
	"standdown/connectors/mailbox/dovecot"
	"standdown/connectors/mailbox/sandbox"
)

const (
	user     = "requests@backoffice.test"
	password = "open-sesame"
)

// A server is an IMAP server under test. Tests look at it with a client of
// their own.
type server struct {
	options mailbox.Options // how to reach it
	dovecot *dovecot.Server // nil for the sandbox
}

// onEveryServer runs a test against each kind of IMAP server there is.
func onEveryServer(t *testing.T, test func(*testing.T, *server)) {
	t.Run("with the sandbox", func(t *testing.T) { test(t, startSandbox(t)) })
	t.Run("with a server that lacks MOVE", func(t *testing.T) { test(t, startSandbox(t, imap.CapMove)) })
	t.Run("with Dovecot", func(t *testing.T) { test(t, startDovecot(t)) })
}

func startSandbox(t testing.TB, without ...imap.Cap) *server {
	t.Helper()
	s := sandbox.New(sandbox.Options{Users: map[string]string{user: password}, Without: without})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &server{options: mailbox.Options{Address: s.IMAPAddr, TLS: mailbox.Plain, Username: user, Password: password}}
}

// startDovecot runs Dovecot until the test ends; its log is shown if that has
// failed. Settings are added to its configuration, with DIR for its folder.
func startDovecot(t testing.TB, settings ...string) *server {
	t.Helper()
	d, err := dovecot.Start(password, settings...)
	if errors.Is(err, dovecot.ErrMissing) && os.Getenv("STANDDOWN_REQUIRE_REAL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of Dovecot's log:\n%s", d.Log())
		}
		d.End()
	})
	return &server{dovecot: d, options: mailbox.Options{
		Address: d.Address, TLS: mailbox.TLS, TLSConfig: &tls.Config{RootCAs: trusted(t, d.Dir)}, Username: user, Password: password,
	}}
}

// trusted is the certificate in dir.
func trusted(t testing.TB, dir string) *x509.CertPool {
	t.Helper()
	certificate, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return pool
}

// eventually polls until done or half a minute is over.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// client returns a connection of the test's own, with INBOX open.
func (s *server) client(t testing.TB) *imapclient.Client {
	t.Helper()
	var c *imapclient.Client
	var err error
	if s.options.TLS == mailbox.Plain {
		c, err = imapclient.DialInsecure(s.options.Address, nil)
	} else {
		c, err = imapclient.DialTLS(s.options.Address, &imapclient.Options{TLSConfig: s.options.TLSConfig})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(user, password).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

var arrival = time.Date(2026, 11, 2, 15, 4, 5, 0, time.UTC)

// deliver appends mails to INBOX.
func (s *server) deliver(t testing.TB, mails ...string) {
	t.Helper()
	c := s.client(t)
	defer c.Close()
	for _, text := range mails {
		command := c.Append("INBOX", int64(len(text)), &imap.AppendOptions{Time: arrival})
		if _, err := command.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := command.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := command.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

// subjects returns the subjects of the mails in a folder, and their flags.
func (s *server) subjects(t testing.TB, folder string) (subjects []string, flags []imap.Flag) {
	t.Helper()
	c := s.client(t)
	defer c.Close()
	box, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return nil, nil
	}
	if box.NumMessages == 0 {
		return nil, nil
	}
	messages, err := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{Envelope: true, Flags: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		subjects = append(subjects, m.Envelope.Subject)
		for _, flag := range m.Flags {
			flags = append(flags, imap.Flag(strings.ToLower(string(flag))))
		}
	}
	slices.Sort(subjects)
	return subjects, flags
}

func letter(subject string) string {
	return "From: Rita Rep <rita@sunny.test>\r\nTo: " + user + "\r\nSubject: " + subject +
		"\r\nMessage-ID: <" + strings.ReplaceAll(subject, " ", ".") + "@sunny.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 -0500\r\n\r\nPlease cancel W-1042.\r\n"
}
