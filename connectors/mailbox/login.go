package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"standdown/connectors"
)

// dial connects and logs in, within timeout. A token may have been revoked
// before its time; then another one is shown.
func dial(ctx context.Context, o *Options) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, o.CommandTimeout)
	defer cancel()
	s, err := connect(ctx, o)
	if errors.Is(err, errTokenRefused) {
		s, err = connect(ctx, o)
	}
	return s, err
}

func connect(ctx context.Context, o *Options) (*session, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", o.Address, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	s := &session{timeout: o.CommandTimeout, exists: make(chan struct{}, 1)}
	options := &imapclient.Options{
		TLSConfig: tlsConfig(o.TLSConfig, o.Address),
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Mailbox: func(m *imapclient.UnilateralDataMailbox) {
				if m.NumMessages != nil {
					select {
					case s.exists <- struct{}{}:
					default:
					}
				}
			},
		},
	}
	switch o.TLS {
	case Plain:
		s.client = imapclient.New(conn, options)
	case STARTTLS:
		s.client, err = imapclient.NewStartTLS(conn, options)
	default:
		secure := tls.Client(conn, options.TLSConfig)
		if err = secure.HandshakeContext(ctx); err == nil {
			s.client = imapclient.New(secure, options)
		}
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("securing the connection to %s: %w", o.Address, ended(ctx, err))
	}
	if err := s.login(ctx, o); err != nil {
		s.close()
		return nil, ended(ctx, err)
	}
	return s, nil
}

func (s *session) login(ctx context.Context, o *Options) error {
	if err := s.client.WaitGreeting(); err != nil {
		return fmt.Errorf("waiting for the greeting of %s: %w", o.Address, err)
	}
	err := s.show(ctx, o)
	if err == nil {
		if s.caps = s.client.Caps(); s.caps == nil {
			return fmt.Errorf("asking %s for its capabilities: no answer", o.Address)
		}
		return nil
	}
	if known, ok := errors.AsType[*connectors.Error](err); ok {
		return known
	}
	refused, ok := errors.AsType[*imap.Error](err)
	if ok && (refused.Code == imap.ResponseCodeUnavailable || refused.Code == imap.ResponseCodeInUse || refused.Code == imap.ResponseCodeLimit) {
		return &connectors.Error{Class: connectors.Temporary, Code: string(refused.Code),
			Err: fmt.Errorf("logging in at %s: the server is not ready", o.Address)}
	}
	e := &connectors.Error{Class: connectors.Denied,
		Hint: "check the mailbox's user name and password, and that IMAP is allowed for it",
		Err:  fmt.Errorf("logging in at %s: refused", o.Address)}
	switch {
	case errors.Is(err, errTokenRefused):
		e.Hint = "check that the OAuth application may open this mailbox by IMAP"
		e.Err = fmt.Errorf("logging in at %s: %w", o.Address, errTokenRefused)
	case ok:
		e.Code = string(refused.Code)
	default:
		return fmt.Errorf("logging in at %s: %w", o.Address, err)
	}
	return e
}

// show shows the server a password or a token.
func (s *session) show(ctx context.Context, o *Options) error {
	if o.Tokens == nil {
		if s.client.Caps().Has(imap.CapLoginDisabled) {
			return &connectors.Error{Class: connectors.Denied,
				Hint: "connect by tls or starttls; if that is so, the server takes OAuth only",
				Err:  fmt.Errorf("logging in at %s: the server takes no password on this connection", o.Address)}
		}
		return s.client.Login(o.Username, o.Password).Wait()
	}
	token, err := o.Tokens.Token(ctx)
	if err != nil {
		return err
	}
	caps := s.client.Caps()
	b, err := newBearer(func(m string) bool { return caps.Has(imap.AuthCap(m)) }, o.Address, o.Username, token)
	if err != nil {
		return err
	}
	err = s.client.Authenticate(b)
	if refused, ok := errors.AsType[*imap.Error](err); ok && refused.Type == imap.StatusResponseTypeNo && refused.Code != imap.ResponseCodeUnavailable {
		err = errTokenRefused // without giving a reason first
	}
	if errors.Is(err, errTokenRefused) {
		o.Tokens.Forget(ctx, token)
	}
	return err
}
