package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"standdown/connectors"
)

// A Looker tells whether a mail that was sent left its trace in the watched
// mailbox. [Source] is one.
type Looker interface {
	Sent(ctx context.Context, messageID string) (bool, error)
}

// A Keeper keeps a copy of a mail that was sent. [Source] is one.
type Keeper interface {
	Keep(ctx context.Context, raw []byte) error
}

// SinkOptions of a [Sink]. Address and From are required.
type SinkOptions struct {
	Address   string // host:port
	TLS       string // [TLS] (default), [STARTTLS] or [Plain]
	TLSConfig *tls.Config
	Username  string // "" sends without logging in
	Password  string
	Tokens    *Tokens // logs in by OAuth instead of the password
	From      string  // may have a display name
	// CopyTo receives a blind copy of every mail, in the same transaction;
	// normally the watched mailbox. Together with Looker it lets the sink
	// find out whether a mail went out after all.
	CopyTo string
	Looker Looker
	// Keeper puts a copy of each mail that was sent into a folder; nil does
	// not. SentByServer says that the server does so by itself, and that
	// Looker looks there; then Keeper is not asked.
	Keeper       Keeper
	SentByServer bool
	// Timeout is for one mail, from dialling to the server's acceptance.
	// Default 1 min.
	Timeout time.Duration
	Logger  *slog.Logger
	Now     func() time.Time
}

// A Sink sends mail. It implements connectors.Sink for the operation Send.
//
// The fields of a change are to and cc (lists of addresses), subject, text,
// html (optional), in_reply_to and references (message ids). The mail's
// Message-ID derives from the change's key alone.
//
// All recipients of a mail, and the blind copy, share one SMTP transaction: if
// the server refuses one of them, nobody gets the mail. Once it has accepted
// the mail, the copy shows up in the watched mailbox; with Doubt the sink asks
// there before it sends again. That rests on the server delivering the copy
// before the sink is asked again, and on nobody deleting it meanwhile. A copy
// in the folder of sent mail is found as well; that none is there proves
// something only with SentByServer.
//
// A Sink remembers nothing, and may be used concurrently.
type Sink struct {
	options SinkOptions
	from    *mail.Address
	copyTo  string
}

// NewSink returns a sink. The error says which option is wrong.
func NewSink(options SinkOptions) (*Sink, error) {
	if options.TLS == "" {
		options.TLS = TLS
	}
	if options.Timeout == 0 {
		options.Timeout = time.Minute
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	from, err := mail.ParseAddress(options.From)
	if err != nil {
		return nil, fmt.Errorf("sender address of outgoing mail: %w", err)
	}
	s := &Sink{options: options, from: from}
	if options.CopyTo != "" {
		copyTo, err := mail.ParseAddress(options.CopyTo)
		if err != nil {
			return nil, fmt.Errorf("address for copies of outgoing mail: %w", err)
		}
		s.copyTo = copyTo.Address
	}
	return s, nil
}

// Limit is 10 mails.
func (s *Sink) Limit() int { return 10 }

// Apply sends the mails one after the other.
func (s *Sink) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	results := make([]connectors.Result, len(changes))
	for i, change := range changes {
		results[i] = s.apply(ctx, change)
	}
	return results
}

func (s *Sink) apply(ctx context.Context, change connectors.Change) connectors.Result {
	result := connectors.Result{Ref: connectors.Ref{Kind: Kind}}
	if change.Op != connectors.Send {
		result.Err = &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("a mailbox cannot %q, only %q", change.Op, connectors.Send)}
		return result
	}
	letter, err := s.compose(change)
	if err != nil {
		result.Err = &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("composing mail: %w", err)}
		return result
	}
	result.Ref.ID = letter.messageID
	if change.Doubt {
		result.Already, result.Err = s.look(ctx, letter.messageID)
		if result.Already || result.Err != nil {
			return result
		}
	}
	result.Err = s.send(ctx, letter)
	if result.Err == nil && s.options.Keeper != nil && !s.options.SentByServer {
		// It was sent: that its copy cannot be kept must not send it again.
		if err := s.options.Keeper.Keep(ctx, letter.raw); err != nil {
			s.options.Logger.Warn("copy of sent mail not kept", "system", s.options.Address, "ref", result.Ref.ID, "err", err)
		}
	}
	return result
}

func (s *Sink) look(ctx context.Context, messageID string) (bool, error) {
	if s.options.Looker != nil {
		sent, err := s.options.Looker.Sent(ctx, messageID)
		if err != nil { // nothing was done now, and it can be asked later
			return false, &connectors.Error{Class: connectors.Temporary,
				Err: fmt.Errorf("looking for an earlier copy of the mail: %w", err)}
		}
		if sent || s.copyTo != "" || s.options.SentByServer {
			return sent, nil
		}
	}
	return false, &connectors.Error{Class: connectors.Unknown,
		Hint: "ask a recipient whether the mail arrived; with copies to the watched mailbox this is found out by itself",
		Err:  errors.New("an earlier attempt may have sent this mail and left no trace")}
}

// send hands one letter to the server. Until the final dot goes out a failure
// means that nothing was sent; a lost answer to it means that nobody knows.
func (s *Sink) send(ctx context.Context, l *letter) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	client, err := s.open(ctx)
	if errors.Is(err, errTokenRefused) { // it may have been revoked: show another one
		client, err = s.open(ctx)
	}
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	if err := client.Mail(s.from.Address, nil); err != nil {
		return s.failed(ctx, connectors.Rejected, "naming the sender", err)
	}
	if err := s.recipients(ctx, client, l.recipients); err != nil {
		return err
	}
	data, err := client.Data()
	if err != nil {
		return s.failed(ctx, connectors.Rejected, "sending", err)
	}
	if _, err := data.Write(l.raw); err != nil {
		return s.failed(ctx, connectors.Temporary, "sending", err)
	}
	if err := data.Close(); err != nil {
		answer, answered := errors.AsType[*smtp.SMTPError](err)
		switch {
		case answered && answer.Code/100 == 2: // the library wants 250
			return nil
		case answered:
			return s.failed(ctx, connectors.Rejected, "sending", err)
		}
		return &connectors.Error{Class: connectors.Unknown,
			Err: fmt.Errorf("sending by %s: the connection was lost before the server confirmed: %w", s.options.Address, ended(ctx, err))}
	}
	// Accepted. Whether the farewell is answered does not matter.
	client.CommandTimeout = time.Second
	client.Quit()
	return nil
}

// open connects and logs in.
func (s *Sink) open(ctx context.Context) (client *smtp.Client, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.options.Address)
	if err != nil {
		return nil, s.failed(ctx, connectors.Temporary, "connecting", err)
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if client, err = s.hello(ctx, conn); err != nil {
		return nil, s.failed(ctx, connectors.Temporary, "connecting", err)
	}
	if err := s.login(ctx, client); err != nil {
		return nil, s.failed(ctx, connectors.Denied, "logging in", err)
	}
	return client, nil
}

func (s *Sink) hello(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	config := tlsConfig(s.options.TLSConfig, s.options.Address)
	var client *smtp.Client
	switch s.options.TLS {
	case Plain:
		client = smtp.NewClient(conn)
	case STARTTLS:
		var err error
		if client, err = smtp.NewClientStartTLS(conn, config); err != nil {
			return nil, err
		}
	default:
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		client = smtp.NewClient(secure)
	}
	client.CommandTimeout, client.SubmissionTimeout = s.options.Timeout, s.options.Timeout
	name, err := os.Hostname()
	if err != nil || strings.ContainsAny(name, " \r\n") {
		name = "localhost"
	}
	if s.options.TLS == STARTTLS {
		return client, nil // has said hello
	}
	return client, client.Hello(name)
}

func (s *Sink) login(ctx context.Context, client *smtp.Client) error {
	o := &s.options
	switch {
	case o.Tokens != nil:
		token, err := o.Tokens.Token(ctx)
		if err != nil {
			return err
		}
		b, err := newBearer(client.SupportsAuth, o.Address, o.Username, token)
		if err != nil {
			return err
		}
		err = client.Auth(b)
		answer, ok := errors.AsType[*smtp.SMTPError](err)
		if ok && answer.Code >= 500 || errors.Is(err, errTokenRefused) {
			o.Tokens.Forget(ctx, token)
			err = errTokenRefused
		}
		return err
	case o.Username == "":
		return nil
	case !client.SupportsAuth(sasl.Plain) && client.SupportsAuth(sasl.Login):
		return client.Auth(sasl.NewLoginClient(o.Username, o.Password))
	}
	return client.Auth(sasl.NewPlainClient("", o.Username, o.Password))
}

// recipients names them all to the server, so that a lasting refusal of one is
// not hidden behind a passing one of another. Text and error name no address.
func (s *Sink) recipients(ctx context.Context, client *smtp.Client, recipients []string) error {
	var worst error
	for _, recipient := range recipients {
		err := client.Rcpt(recipient, nil)
		if err == nil {
			continue
		}
		err = s.failed(ctx, connectors.Rejected, "naming a recipient at "+domainOf(recipient), err)
		if worst == nil || connectors.ClassOf(err) == connectors.Rejected {
			worst = err
		}
	}
	return worst
}

// failed gives err a class: refused if the server answered with a lasting
// refusal, otherwise Temporary. The server's text is left out, as servers
// quote addresses in it.
func (s *Sink) failed(ctx context.Context, refused connectors.Class, doing string, err error) error {
	if classed, ok := errors.AsType[*connectors.Error](err); ok {
		return classed // of the access token
	}
	e := &connectors.Error{Class: connectors.Temporary}
	if errors.Is(err, errTokenRefused) {
		e.Class, e.Hint = refused, "check that the OAuth application may send mail as this user"
		e.Err = fmt.Errorf("%s by %s: %w", doing, s.options.Address, err)
		return e
	}
	answer, ok := errors.AsType[*smtp.SMTPError](err)
	if !ok {
		e.Err = fmt.Errorf("%s by %s: %w", doing, s.options.Address, ended(ctx, err))
		return e
	}
	e.Code = fmt.Sprint(answer.Code)
	if answer.EnhancedCode[0] > 0 {
		e.Code += fmt.Sprintf(" %d.%d.%d", answer.EnhancedCode[0], answer.EnhancedCode[1], answer.EnhancedCode[2])
	}
	if answer.Code >= 500 {
		e.Class = refused
	}
	switch {
	case e.Class == connectors.Denied:
		e.Hint = "check the user name and password for outgoing mail"
	case answer.Code == 530 || answer.Code == 550 && doing == "naming the sender":
		e.Class = connectors.Denied
		e.Hint = "check that this user may send from the configured address"
	}
	e.Err = fmt.Errorf("%s by %s: the mail server refused", doing, s.options.Address)
	return e
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}
