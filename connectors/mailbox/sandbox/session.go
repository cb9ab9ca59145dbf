package sandbox

import (
	"time"

	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// A session is one client's connection.
type session struct {
	*imapmemserver.UserSession // nil before the login
	users                      map[string]*imapmemserver.User
}

func (s *session) Login(username, password string) error {
	user := s.users[username]
	if user == nil {
		return imapserver.ErrAuthFailed
	}
	if err := user.Login(username, password); err != nil {
		return err
	}
	s.UserSession = imapmemserver.NewUserSession(user)
	return nil
}

// Idle tells the client of arrivals at once. The library (v2.0.0-beta.8) holds
// back what arrived between the command before and this one until something
// else arrives, so that is asked for now and then.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	ended := make(chan error, 1)
	go func() { ended <- s.UserSession.Idle(w, stop) }()
	held := time.NewTicker(50 * time.Millisecond)
	defer held.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-held.C:
			if err := s.Poll(w, true); err != nil {
				return err
			}
		}
	}
}
