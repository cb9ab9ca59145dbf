package sandbox_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"standdown/connectors/mailbox/sandbox"
)

const (
	ann  = "ann@sandbox.test"
	mail = "From: Rita <rita@sunny.test>\r\nSubject: Hello\r\n\r\nText.\r\n"
)

var now = time.Date(2026, 11, 2, 15, 4, 5, 0, time.UTC)

func start(t *testing.T) *sandbox.Server {
	t.Helper()
	s := sandbox.New(sandbox.Options{Users: map[string]string{ann: "secret"}, Now: func() time.Time { return now }})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func inbox(t *testing.T, s *sandbox.Server) []sandbox.Stored {
	t.Helper()
	stored, err := s.Folder(ann, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestDeliveredMailComesFromOutside(t *testing.T) {
	s := start(t)
	if err := s.Deliver("Ann@Sandbox.test", []byte(mail), "mx.test; dmarc=pass header.from=sunny.test"); err != nil {
		t.Fatal(err)
	}
	stored := inbox(t, s)
	if len(stored) != 1 {
		t.Fatalf("INBOX holds %d mails, want 1", len(stored))
	}
	want := "Return-Path: <rita@sunny.test>\r\nAuthentication-Results: mx.test; dmarc=pass header.from=sunny.test\r\n" +
		"Received: from outside by sandbox.test with ESMTP; Mon, 02 Nov 2026 15:04:05 +0000\r\n" + mail
	if diff := cmp.Diff(want, string(stored[0].Raw)); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	if !stored[0].At.Equal(now) {
		t.Errorf("it arrived at %v, want %v", stored[0].At, now)
	}
	if err := s.Deliver("bob@sandbox.test", []byte(mail)); err == nil {
		t.Error("mail to a stranger was taken")
	}
}

func send(s *sandbox.Server, login sasl.Client, to ...string) error {
	client, err := smtp.Dial(s.SMTPAddr)
	if err != nil {
		return err
	}
	defer client.Close()
	if login != nil {
		if err := client.Auth(login); err != nil {
			return err
		}
	}
	return client.SendMail(ann, to, strings.NewReader(mail))
}

func TestMailSentBySMTPIsDeliveredAndListed(t *testing.T) {
	for name, login := range map[string]sasl.Client{
		"PLAIN": sasl.NewPlainClient("", ann, "secret"), "LOGIN": sasl.NewLoginClient(ann, "secret"),
	} {
		t.Run("after "+name, func(t *testing.T) {
			s := start(t)
			if err := send(s, login, ann, "rita@sunny.test"); err != nil {
				t.Fatal(err)
			}
			want := []sandbox.Accepted{{From: ann, To: []string{ann, "rita@sunny.test"}, Raw: []byte(mail), At: now}}
			if diff := cmp.Diff(want, s.Accepted()); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
			if stored := inbox(t, s); len(stored) != 1 || !bytes.HasSuffix(stored[0].Raw, []byte(mail)) {
				t.Errorf("INBOX holds %v", stored)
			}
		})
	}
}

func TestOnlyUsersMaySend(t *testing.T) {
	s := start(t)
	for name, login := range map[string]sasl.Client{
		"nobody": nil, "a wrong password": sasl.NewPlainClient("", ann, "x"), "a stranger": sasl.NewLoginClient("bob@sandbox.test", "secret"),
	} {
		if err := send(s, login, ann); err == nil {
			t.Errorf("%s could send", name)
		}
	}
	if accepted := s.Accepted(); len(accepted) > 0 {
		t.Errorf("accepted %d mails, want none", len(accepted))
	}
}

func TestFaultsHappenAsOrdered(t *testing.T) {
	login := func() sasl.Client { return sasl.NewPlainClient("", ann, "secret") }
	t.Run("a mail that is taken without a word", func(t *testing.T) {
		s := start(t)
		s.SetFaults(sandbox.Faults{DropAfterData: func() bool { return true }})
		err := send(s, login(), ann)
		if _, answered := errors.AsType[*smtp.SMTPError](err); err == nil || answered {
			t.Errorf("got %v, want a lost connection", err)
		}
		if n := len(s.Accepted()); n != 1 {
			t.Errorf("accepted %d mails, want 1", n)
		}
	})
	t.Run("a mail that is refused", func(t *testing.T) {
		s := start(t)
		s.SetFaults(sandbox.Faults{BeforeAccept: func() error { return &smtp.SMTPError{Code: 452, Message: "full"} }})
		err := send(s, login(), ann)
		if refused, ok := errors.AsType[*smtp.SMTPError](err); !ok || refused.Code != 452 {
			t.Errorf("got %v, want 452", err)
		}
		if n := len(s.Accepted()); n != 0 {
			t.Errorf("accepted %d mails, want none", n)
		}
	})
}

func TestARenumberedFolderHoldsTheSameMails(t *testing.T) {
	s := start(t)
	for range 2 {
		if err := s.Deliver(ann, []byte(mail)); err != nil {
			t.Fatal(err)
		}
	}
	before := inbox(t, s)
	if err := s.Renumber(ann, "INBOX"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, inbox(t, s)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestCloseMayBeCalledAgain(t *testing.T) {
	s := start(t)
	s.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatArrivesJustBeforeIDLEIsReported(t *testing.T) {
	s := start(t)
	arrived := make(chan struct{}, 1)
	c, err := imapclient.DialInsecure(s.IMAPAddr, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				arrived <- struct{}{}
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(ann, "secret").Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := s.Deliver(ann, []byte(mail)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Idle(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		t.Error("the mail was not reported")
	}
}
