package bench

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"standdown/connectors/mailbox/dovecot"
	mailserver "standdown/connectors/mailbox/sandbox"
)

// The watched mailbox, and what it is opened with.
const (
	MailUser     = "cancellations@solarworks.example"
	MailPassword = "open-sesame"
)

// A Postbox is an IMAP server with one mailbox. Mail is put into it, and its
// folders are looked at, without IMAP.
type Postbox struct {
	Address string
	TLS     string // none, or tls
	Trust   string // file with the certificate to trust, if it is tls
	Deliver func(letters ...[]byte) error
	Folder  func(name string) ([][]byte, error)
	Kick    func() // ends the user's connections
	close   func()
}

// Close ends a server of the postbox's own.
func (p *Postbox) Close() {
	if p.close != nil {
		p.close()
	}
}

// Embedded is the mailbox of the sandbox's mail server.
func Embedded(s *mailserver.Server) *Postbox {
	return &Postbox{
		Address: s.IMAPAddr, TLS: "none",
		Deliver: func(letters ...[]byte) error {
			for _, letter := range letters {
				if err := s.Deliver(MailUser, letter); err != nil {
					return err
				}
			}
			return nil
		},
		Folder: func(name string) ([][]byte, error) {
			stored, err := s.Folder(MailUser, name)
			if err != nil && name != "INBOX" {
				return nil, nil // it is made when it is first needed
			}
			var raws [][]byte
			for _, m := range stored {
				raws = append(raws, m.Raw)
			}
			return raws, err
		},
		Kick: func() {},
	}
}

// InDovecot is a mailbox of a Dovecot, which ends with it.
func InDovecot(s *dovecot.Server) (*Postbox, error) {
	path, err := s.Maildir(MailUser)
	if err != nil {
		return nil, err
	}
	mails := &maildir{path: path, own: s.Own}
	return &Postbox{
		Address: s.Address, TLS: "tls", Trust: filepath.Join(s.Dir, "cert.pem"),
		Deliver: mails.deliver, Folder: mails.folder,
		Kick:  func() { s.Kick(MailUser) },
		close: s.End,
	}, nil
}

// startDovecot is a mailbox of a Dovecot of its own.
func startDovecot() (*Postbox, error) {
	server, err := dovecot.Start(MailPassword)
	if errors.Is(err, dovecot.ErrMissing) {
		return nil, missing(err.Error())
	}
	if err != nil {
		return nil, err
	}
	return InDovecot(server)
}

// A maildir is a mailbox as files. Its methods must not be called
// concurrently with deliver.
type maildir struct {
	path      string
	own       func(path string) error
	delivered int
}

// deliver puts letters into the INBOX, each at once, as a delivery agent does.
func (m *maildir) deliver(letters ...[]byte) error {
	for _, letter := range letters {
		m.delivered++
		name := fmt.Sprintf("%d.M%d.bench,S=%d,W=%[3]d", 1_700_000_000+m.delivered, m.delivered, len(letter))
		aside := filepath.Join(m.path, "tmp", name)
		if err := os.WriteFile(aside, letter, 0o600); err != nil {
			return err
		}
		if err := m.own(aside); err != nil {
			return err
		}
		if err := os.Rename(aside, filepath.Join(m.path, "new", name)); err != nil {
			return err
		}
	}
	return nil
}

// folder returns the letters in a folder, in order of delivery.
func (m *maildir) folder(name string) ([][]byte, error) {
	path := m.path
	if name != "INBOX" {
		path = filepath.Join(m.path, "."+name)
	}
	var files []string
	for _, part := range []string{"new", "cur"} {
		found, err := filepath.Glob(filepath.Join(path, part, "*"))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(filepath.Base(a), filepath.Base(b)) })
	var raws [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) { // it was moved while we looked
			continue
		}
		if err != nil {
			return nil, err
		}
		raws = append(raws, bytes.Clone(raw))
	}
	return raws, nil
}
