// Package sandbox is a mail server in process, on the loopback interface: IMAP
// and SMTP over the same mailboxes. It serves the demonstration, the tests and
// the trying out of a configuration.
//
// Mail is kept in memory. Mail that the SMTP side accepts for a local user goes
// to that user's INBOX; mail for anybody else is kept in a list and goes
// nowhere. Nothing is checked but passwords.
//
// The IMAP side stores a message as it came but writes its header anew when it
// is read: a malformed header comes out repaired or empty. What depends on
// exact bytes has to be tested against another server.
package sandbox

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
)

// Options of a [Server].
type Options struct {
	// Users maps addresses to passwords. Each has an INBOX. With users, SMTP
	// asks for one of them to log in.
	Users map[string]string
	// Token, if set, has SMTP take access tokens as well (OAUTHBEARER and
	// XOAUTH2); it tells whether a token is the user's.
	Token func(user, token string) bool
	// Domain is how the server calls itself; default sandbox.test.
	Domain string
	// TLSConfig, if set, lets clients upgrade with STARTTLS.
	TLSConfig *tls.Config
	// Without leaves IMAP capabilities out, such as MOVE.
	Without []imap.Cap
	Now     func() time.Time
}

// Faults make the SMTP side misbehave. Each function may be nil, and may be
// called from several goroutines.
type Faults struct {
	// Recipient refuses a recipient by returning an error, an *smtp.SMTPError
	// for a particular code.
	Recipient func(address string) error
	// BeforeAccept refuses a whole message by returning an error.
	BeforeAccept func() error
	// DropAfterData tells whether to deliver a message and then cut the
	// connection instead of confirming it.
	DropAfterData func() bool
}

// A Server is an IMAP and SMTP server. Its methods may be called concurrently.
type Server struct {
	// IMAPAddr and SMTPAddr are host:port, known after Start.
	IMAPAddr, SMTPAddr string

	options   Options
	users     map[string]*imapmemserver.User
	imap      *imapserver.Server
	smtp      *smtp.Server
	listeners []net.Listener
	serving   sync.WaitGroup

	mu       sync.Mutex
	faults   Faults
	accepted []Accepted
}

// Accepted is a mail that the SMTP side took.
type Accepted struct {
	From string
	To   []string // of the envelope
	Raw  []byte
	At   time.Time
}

// Stored is a mail in a folder.
type Stored struct {
	UID   uint32
	Flags []string
	At    time.Time
	Raw   []byte
}

// New returns a server that has not been started. User names are compared
// without regard to case.
func New(options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Domain == "" {
		options.Domain = "sandbox.test"
	}
	s := &Server{options: options, users: map[string]*imapmemserver.User{}}
	users := map[string]string{}
	for address, password := range options.Users {
		address = strings.ToLower(address)
		users[address] = password
		user := imapmemserver.NewUser(address, password)
		user.Create("INBOX", nil) // a new user has no folder it could clash with
		s.users[address] = user
	}
	s.options.Users = users

	caps := imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}, imap.CapIdle: {}}
	for _, c := range options.Without {
		delete(caps, c)
	}
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{users: s.users}, nil, nil
		},
		Caps: caps, InsecureAuth: true, Logger: quiet, TLSConfig: options.TLSConfig,
	})
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain = options.Domain
	s.smtp.AllowInsecureAuth = true
	s.smtp.TLSConfig = options.TLSConfig
	s.smtp.ErrorLog = quiet
	s.smtp.MaxMessageBytes = 64 << 20
	return s
}

// Start listens on two free ports of 127.0.0.1.
func (s *Server) Start() error {
	imapListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the sandbox's IMAP server: %w", err)
	}
	smtpListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		imapListener.Close()
		return fmt.Errorf("starting the sandbox's SMTP server: %w", err)
	}
	s.IMAPAddr, s.SMTPAddr = imapListener.Addr().String(), smtpListener.Addr().String()
	s.listeners = []net.Listener{imapListener, smtpListener}
	s.serving.Go(func() { s.imap.Serve(imapListener) })
	s.serving.Go(func() { s.smtp.Serve(smtpListener) })
	return nil
}

// Close cuts all connections and frees the ports. A second call does nothing.
func (s *Server) Close() error {
	for _, listener := range s.listeners {
		listener.Close()
	}
	s.imap.Close()
	s.smtp.Close()
	s.serving.Wait()
	return nil
}

// SetFaults replaces the faults.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

func (s *Server) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Deliver puts a mail into the INBOX of a user, as a border server does for
// one from outside: it adds Return-Path, Received and, for each of results, an
// Authentication-Results line ("mx.test; dmarc=pass header.from=a.test").
func (s *Server) Deliver(to string, raw []byte, results ...string) error {
	var head bytes.Buffer
	fmt.Fprintf(&head, "Return-Path: <%s>\r\n", returnPath(raw))
	for _, result := range results {
		fmt.Fprintf(&head, "Authentication-Results: %s\r\n", result)
	}
	fmt.Fprintf(&head, "Received: from outside by %s with ESMTP; %s\r\n", s.options.Domain, s.options.Now().Format(time.RFC1123Z))
	return s.store(to, append(head.Bytes(), raw...))
}

func returnPath(raw []byte) string {
	header, _, _ := bytes.Cut(raw, []byte("\n\n"))
	for line := range strings.Lines(string(header)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "From") {
			if _, address, ok := strings.Cut(value, "<"); ok {
				value, _, _ = strings.Cut(address, ">")
			}
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (s *Server) store(to string, raw []byte) error {
	user := s.users[strings.ToLower(to)]
	if user == nil {
		return fmt.Errorf("delivering mail: there is no user %s; users are %s", to, strings.Join(slices.Sorted(maps.Keys(s.users)), ", "))
	}
	_, err := user.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: s.options.Now()})
	if err != nil {
		return fmt.Errorf("delivering mail: %w", err)
	}
	return nil
}

type literal struct{ *bytes.Reader }

// Accepted returns the mails that the SMTP side has taken, in order, for local
// and other recipients alike.
func (s *Server) Accepted() []Accepted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

// Folder returns what is in a user's folder, in order of UID.
func (s *Server) Folder(user, name string) ([]Stored, error) {
	client, err := imapclient.DialInsecure(s.IMAPAddr, nil)
	if err != nil {
		return nil, fmt.Errorf("looking into folder %s: %w", name, err)
	}
	defer client.Close()
	address := strings.ToLower(user)
	if err := client.Login(address, s.options.Users[address]).Wait(); err != nil {
		return nil, fmt.Errorf("looking into folder %s: %w", name, err)
	}
	box, err := client.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return nil, fmt.Errorf("looking into folder %s: %w", name, err)
	}
	if box.NumMessages == 0 {
		return nil, nil
	}
	whole := &imap.FetchItemBodySection{Peek: true}
	messages, err := client.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{whole},
	}).Collect()
	if err != nil {
		return nil, fmt.Errorf("looking into folder %s: %w", name, err)
	}
	var stored []Stored
	for _, m := range messages {
		one := Stored{UID: uint32(m.UID), At: m.InternalDate.UTC(), Raw: m.FindBodySection(whole)}
		for _, flag := range m.Flags {
			one.Flags = append(one.Flags, string(flag))
		}
		stored = append(stored, one)
	}
	return stored, nil
}

// Renumber deletes a user's folder and makes it anew with the same mails, as
// after a restored backup: UIDVALIDITY changes and UIDs start at 1.
func (s *Server) Renumber(user, name string) error {
	old, err := s.Folder(user, name)
	if err != nil {
		return err
	}
	box := s.users[strings.ToLower(user)]
	if err := box.Delete(name); err != nil {
		return fmt.Errorf("renumbering folder %s: %w", name, err)
	}
	if err := box.Create(name, nil); err != nil {
		return fmt.Errorf("renumbering folder %s: %w", name, err)
	}
	for _, m := range old {
		if _, err := box.Append(name, literal{bytes.NewReader(m.Raw)}, &imap.AppendOptions{Time: m.At}); err != nil {
			return fmt.Errorf("renumbering folder %s: %w", name, err)
		}
	}
	return nil
}
