// Package dovecot runs a Dovecot on loopback in a temporary folder, for tests
// and for `standdown bench`. It installs nothing: it needs the program. Its
// mailboxes are Maildirs that are gone with it.
package dovecot

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"standdown/connectors/loopback"
	"standdown/connectors/mailbox/sandbox"
)

// ErrMissing says that Dovecot is not installed.
var ErrMissing = errors.New("dovecot is not installed (Debian: dovecot-imapd)")

// A Server is a Dovecot. It speaks IMAP with TLS, and everybody who knows the
// password has a mailbox.
type Server struct {
	Address string
	Dir     string // its files: dovecot.conf, log, cert.pem, and whatever its settings name

	program  string
	process  *exec.Cmd
	uid, gid int
}

// Start starts a server; End it. Settings are added to its configuration, with
// DIR for its folder.
func Start(password string, settings ...string) (s *Server, err error) {
	s = &Server{uid: os.Getuid(), gid: os.Getgid()}
	if s.program, err = exec.LookPath("dovecot"); err != nil {
		return nil, ErrMissing
	}
	if s.uid == 0 { // it refuses to read mail as root
		s.uid, s.gid = 65534, 65534
	}
	if s.Dir, err = os.MkdirTemp("", "dovecot"); err != nil { // short: it holds sockets
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.Dir)
		}
	}()
	mails, run := filepath.Join(s.Dir, "mail"), filepath.Join(s.Dir, "run")
	if err := errors.Join(os.Mkdir(mails, 0o777), os.Mkdir(run, 0o777), os.Chmod(s.Dir, 0o755), os.Chown(mails, s.uid, s.gid), sandbox.Certify(s.Dir)); err != nil {
		return nil, err
	}
	if s.Address, err = loopback.FreeAddress(); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(s.Address)
	conf := fmt.Sprintf(configuration, s.Dir, port, password, s.uid, s.gid) + strings.ReplaceAll(strings.Join(settings, "\n"), "DIR", s.Dir)
	if err := os.WriteFile(s.conf(), []byte(conf), 0o644); err != nil {
		return nil, err
	}
	return s, s.Up()
}

func (s *Server) conf() string { return filepath.Join(s.Dir, "dovecot.conf") }

// Up starts the server if it is down, and waits until it listens.
func (s *Server) Up() error {
	s.process = exec.Command(s.program, "-F", "-c", s.conf())
	if err := s.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			s.Down()
			return fmt.Errorf("dovecot does not listen: %w; its log: %s", err, s.Log())
		}
	}
}

// Down stops it. Its mailboxes stay.
func (s *Server) Down() {
	s.process.Process.Signal(os.Interrupt)
	s.process.Wait()
}

// End stops it and removes its files.
func (s *Server) End() {
	s.Down()
	os.RemoveAll(s.Dir)
}

// Kick ends a user's connections.
func (s *Server) Kick(user string) {
	exec.Command("doveadm", "-c", s.conf(), "kick", user).Run() // fails if there are none
}

// Log is the end of what it has logged.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(text[max(0, len(text)-5000):])
}

// Maildir makes a user's mailbox, if there is none yet, and returns its path.
func (s *Server) Maildir(user string) (string, error) {
	path := filepath.Join(s.Dir, "mail", user)
	for _, folder := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(path, folder), 0o777); err != nil {
			return "", err
		}
	}
	return path, s.Own(path)
}

// Own makes files that were put into a mailbox those of who reads it.
func (s *Server) Own(path string) error {
	return filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, s.uid, s.gid))
	})
}

// configuration takes the folder, the port, the password, and the user and
// group whose files the mails are.
const configuration = `
protocols = imap
base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = %[1]s/log
ssl = yes
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:%[1]s/mail/%%u
mail_max_userip_connections = 100
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = %[2]s
    ssl = yes
  }
}
service stats {
  chroot =
}
passdb {
  driver = static
  args = password=%[3]s
}
userdb {
  driver = static
  args = uid=%[4]d gid=%[5]d home=%[1]s/mail
}
`
