package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// dial opens the INBOX.
func dial(box *Postbox, handler *imapclient.UnilateralDataHandler) (*imapclient.Client, error) {
	options := &imapclient.Options{UnilateralDataHandler: handler}
	open := imapclient.DialInsecure
	if box.TLS != "none" {
		pem, err := os.ReadFile(box.Trust)
		if err != nil {
			return nil, err
		}
		options.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		options.TLSConfig.RootCAs.AppendCertsFromPEM(pem)
		open = imapclient.DialTLS
	}
	client, err := open(box.Address, options)
	if err != nil {
		return nil, err
	}
	if err := client.Login(MailUser, MailPassword).Wait(); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	if _, err := client.Select("INBOX", nil).Wait(); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return client, nil
}

// fetchAll reads all mails in one exchange and forgets them: the floor of an
// intake.
func fetchAll(box *Postbox, mails int) (took time.Duration, err error) {
	began := time.Now()
	client, err := dial(box, nil)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	fetch := client.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	n := 0
	for m := fetch.Next(); m != nil; m = fetch.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
				if _, err := io.Copy(io.Discard, body.Literal); err != nil {
					return 0, err
				}
				n++
			}
		}
	}
	if err := fetch.Close(); err != nil {
		return 0, err
	}
	if n != mails {
		return 0, fmt.Errorf("%d mails, want %d", n, mails)
	}
	return time.Since(began), nil
}

// bare starts the floor of an arrival: a client that waits in IDLE, fetches what
// is new and writes at once. It keeps no journal, reads nothing in the org and
// decides nothing.
func (c *Crowd) bare(ctx context.Context) (stop func() error, err error) {
	token, err := c.Org.Token("integration@sandbox.example")
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for id, i := range c.workflows {
		ids[fmt.Sprint(300_000+i)] = id
	}
	news := make(chan struct{}, 1)
	client, err := dial(c.Inbox, &imapclient.UnilateralDataHandler{Mailbox: func(*imapclient.UnilateralDataMailbox) {
		select {
		case news <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		defer client.Close()
		ended <- c.follow(ctx, client, news, func(contract string) error { return c.patch(token, ids[contract]) })
	}()
	return func() error {
		cancel()
		return <-ended
	}, nil
}

var contractNumber = regexp.MustCompile(`contract C-([0-9]+)`)

// follow hands on the contract that each mail names, until ctx ends.
func (c *Crowd) follow(ctx context.Context, client *imapclient.Client, news <-chan struct{}, act func(contract string) error) error {
	whole := &imap.FetchItemBodySection{Peek: true}
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
			if err := act(string(contractNumber.FindSubmatch(m.FindBodySection(whole))[1])); err != nil {
				return err
			}
		}
	}
}

func (c *Crowd) patch(token, id string) error {
	r, err := http.NewRequest(http.MethodPatch, "http://"+c.Door.Address+"/services/data/v64.0/sobjects/Workflow__c/"+id, strings.NewReader(`{"Status__c":"Cancel Pending"}`))
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
