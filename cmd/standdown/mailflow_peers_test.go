package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// bare starts a client that writes to the workflow that a new mail names.
func (c *crowd) bare(b *testing.B) (stop func()) {
	token, err := c.org.Token("integration@sandbox.example")
	if err != nil {
		b.Fatal(err)
	}
	ids := map[string]string{}
	for id, i := range c.workflows {
		ids[fmt.Sprint(300_000+i)] = id
	}
	news := make(chan struct{}, 1)
	client := dialInbox(b, c.inbox, &imapclient.UnilateralDataHandler{Mailbox: func(*imapclient.UnilateralDataMailbox) {
		select {
		case news <- struct{}{}:
		default:
		}
	}})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() {
		number := regexp.MustCompile(`contract C-([0-9]+)`)
		whole := &imap.FetchItemBodySection{Peek: true}
		ended <- func() error {
			for last := imap.UID(0); ; {
				idle, err := client.Idle()
				if err != nil {
					return err
				}
				select {
				case <-news:
				case <-ctx.Done():
				}
				if err := errors.Join(idle.Close(), idle.Wait()); err != nil || ctx.Err() != nil {
					return err
				}
				found, err := client.Fetch(imap.UIDSet{{Start: last + 1}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}}).Collect()
				if err != nil {
					return err
				}
				for _, m := range found {
					if m.UID <= last {
						continue
					}
					last = m.UID
					if err := c.patch(token, ids[string(number.FindSubmatch(m.FindBodySection(whole))[1])]); err != nil {
						return err
					}
				}
			}
		}()
	}()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}

func (c *crowd) patch(token, id string) error {
	r, err := http.NewRequest(http.MethodPatch, "http://"+c.orgAddr+"/services/data/v64.0/sobjects/Workflow__c/"+id, strings.NewReader(`{"Status__c":"Cancel Pending"}`))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("writing to %s: %s", id, answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

func dialInbox(b *testing.B, box *postbox, handler *imapclient.UnilateralDataHandler) *imapclient.Client {
	b.Helper()
	options := &imapclient.Options{UnilateralDataHandler: handler}
	dial := imapclient.DialInsecure
	if box.tls != "none" {
		pem, err := os.ReadFile(box.trust)
		if err != nil {
			b.Fatal(err)
		}
		options.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		options.TLSConfig.RootCAs.AppendCertsFromPEM(pem)
		dial = imapclient.DialTLS
	}
	client, err := dial(box.address, options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	if err := client.Login(mailUser, mailPassword).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := client.Select("INBOX", nil).Wait(); err != nil {
		b.Fatal(err)
	}
	return client
}

// fetchAll reads all mails in one exchange and forgets them.
func fetchAll(b *testing.B, box *postbox) time.Duration {
	b.Helper()
	began := time.Now()
	client := dialInbox(b, box, nil)
	defer client.Close()
	fetch := client.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	n := 0
	for m := fetch.Next(); m != nil; m = fetch.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
				io.Copy(io.Discard, body.Literal)
				n++
			}
		}
	}
	if err := fetch.Close(); err != nil {
		b.Fatal(err)
	}
	if n != *intakeMails {
		b.Fatalf("%d mails, want %d", n, *intakeMails)
	}
	return time.Since(began)
}

// mbsync copies the mailbox into an empty Maildir (Debian: isync).
func mbsync(b *testing.B, box *postbox, durable bool) usage {
	program, err := exec.LookPath("mbsync")
	if err != nil {
		b.Skip("mbsync is not installed (Debian: isync)")
	}
	dir := b.TempDir()
	_, port, _ := net.SplitHostPort(box.address)
	fsync := "no"
	if durable {
		fsync = "yes"
	}
	conf := filepath.Join(dir, "mbsyncrc")
	err = os.WriteFile(conf, fmt.Appendf(nil, `FSync %s

IMAPStore far
Host localhost
Port %s
User %s
Pass %s
SSLType IMAPS
CertificateFile %s

MaildirStore near
Inbox %[6]s/inbox
Path %[6]s/

Channel all
Far :far:
Near :near:
Create Near
Sync Pull
SyncState *
`, fsync, port, mailUser, mailPassword, box.trust, dir), 0o600)
	if err != nil {
		b.Fatal(err)
	}
	u := measure(b, exec.Command(program, "-c", conf, "all"))
	stored, err := filepath.Glob(filepath.Join(dir, "inbox", "*", "*.*"))
	if err != nil {
		b.Fatal(err)
	}
	if len(stored) != *intakeMails {
		b.Fatalf("mbsync stored %d mails, want %d", len(stored), *intakeMails)
	}
	return u
}

// imapflow runs the script in testdata/peers. It checks itself that it took
// every mail.
func imapflow(b *testing.B, box *postbox, mode string) usage {
	packages := os.Getenv("STANDDOWN_PEERS")
	if packages == "" {
		b.Skip("npm install --prefix DIR imapflow@1.7.8, and set STANDDOWN_PEERS=DIR")
	}
	host, port, _ := net.SplitHostPort(box.address)
	cmd := exec.Command("node", "testdata/peers/imapflow.mjs", mode, host, port, mailUser, mailPassword, fmt.Sprint(*intakeMails), filepath.Join(b.TempDir(), "journal"))
	cmd.Env = append(os.Environ(), "STANDDOWN_PEERS_TLS="+box.tls, "NODE_EXTRA_CA_CERTS="+box.trust)
	return measure(b, cmd)
}
