package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// transaction is one SMTP connection, and the mail in progress on it.
type transaction struct {
	server   *Server
	conn     *smtp.Conn
	loggedIn bool
	from     string
	to       []string
}

func (s *Server) newSession(conn *smtp.Conn) (smtp.Session, error) {
	return &transaction{server: s, conn: conn, loggedIn: len(s.options.Users) == 0}, nil
}

func (t *transaction) AuthMechanisms() []string {
	if t.server.options.Token != nil {
		return []string{sasl.Plain, sasl.Login, sasl.OAuthBearer, "XOAUTH2"}
	}
	return []string{sasl.Plain, sasl.Login}
}

func (t *transaction) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		want, ok := t.server.options.Users[strings.ToLower(username)]
		if !ok || want != password {
			return smtp.ErrAuthFailed
		}
		t.loggedIn = true
		return nil
	}
	switch mechanism {
	case sasl.Login:
		return &loginServer{check: check}, nil
	case sasl.OAuthBearer, "XOAUTH2":
		return &bearerServer{transaction: t}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
}

// loginServer is the LOGIN mechanism, which go-sasl has for clients only.
type loginServer struct {
	check    func(username, password string) error
	step     int
	username string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && response == nil {
		l.step++
		return []byte("Username:"), false, nil
	}
	if l.step < 2 {
		l.step = 2
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.username, string(response))
}

// bearerServer is OAUTHBEARER (RFC 7628) and XOAUTH2, which differ in how they
// name the user.
type bearerServer struct {
	transaction *transaction
	refused     bool
}

func (b *bearerServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if b.refused {
		return nil, true, smtp.ErrAuthFailed
	}
	var user, token string
	for field := range strings.SplitSeq(string(response), "\x01") {
		field = strings.TrimPrefix(field, "n,")
		if name, ok := strings.CutPrefix(field, "a="); ok {
			user = strings.TrimSuffix(name, ",")
		} else if name, ok := strings.CutPrefix(field, "user="); ok {
			user = name
		} else if text, ok := strings.CutPrefix(field, "auth=Bearer "); ok {
			token = text
		}
	}
	options := &b.transaction.server.options
	if _, known := options.Users[strings.ToLower(user)]; known && options.Token(user, token) {
		b.transaction.loggedIn = true
		return nil, true, nil
	}
	b.refused = true
	return []byte(`{"status":"401","schemes":"bearer"}`), false, nil
}

func (t *transaction) Mail(from string, _ *smtp.MailOptions) error {
	if !t.loggedIn {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	t.from = from
	return nil
}

func (t *transaction) Rcpt(to string, _ *smtp.RcptOptions) error {
	if refuse := t.server.currentFaults().Recipient; refuse != nil {
		if err := refuse(to); err != nil {
			return err
		}
	}
	t.to = append(t.to, to)
	return nil
}

func (t *transaction) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	faults := t.server.currentFaults()
	if faults.BeforeAccept != nil {
		if err := faults.BeforeAccept(); err != nil {
			return err
		}
	}
	if err := t.server.accept(t.from, t.to, raw); err != nil {
		return err
	}
	if faults.DropAfterData != nil && faults.DropAfterData() {
		t.conn.Conn().Close()
	}
	return nil
}

func (t *transaction) Reset()        { t.from, t.to = "", nil }
func (t *transaction) Logout() error { return nil }

func (s *Server) accept(from string, to []string, raw []byte) error {
	now := s.options.Now()
	s.mu.Lock()
	s.accepted = append(s.accepted, Accepted{From: from, To: slices.Clone(to), Raw: raw, At: now})
	s.mu.Unlock()
	var head bytes.Buffer
	fmt.Fprintf(&head, "Return-Path: <%s>\r\nReceived: by %s with ESMTPA; %s\r\n", from, s.options.Domain, now.Format(time.RFC1123Z))
	for _, recipient := range to {
		if s.users[strings.ToLower(recipient)] == nil {
			continue
		}
		if err := s.store(recipient, slices.Concat(head.Bytes(), raw)); err != nil {
			return err
		}
	}
	return nil
}
