package mailbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"standdown/connectors/mailbox"
	"standdown/connectors/mailbox/sandbox"
)

const (
	user     = "requests@backoffice.test"
	password = "open-sesame"
)

// A server is an IMAP server under test. Tests look at it with a client of
// their own.
type server struct {
	options mailbox.Options // how to reach it
	dovecot *dovecot        // nil for the sandbox
}

// onEveryServer runs a test against each kind of IMAP server there is.
func onEveryServer(t *testing.T, test func(*testing.T, *server)) {
	t.Run("with the sandbox", func(t *testing.T) { test(t, startSandbox(t)) })
	t.Run("with a server that lacks MOVE", func(t *testing.T) { test(t, startSandbox(t, imap.CapMove)) })
	t.Run("with Dovecot", func(t *testing.T) { test(t, startDovecot(t)) })
}

func startSandbox(t testing.TB, without ...imap.Cap) *server {
	t.Helper()
	s := sandbox.New(sandbox.Options{Users: map[string]string{user: password}, Without: without})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &server{options: mailbox.Options{Address: s.IMAPAddr, TLS: mailbox.Plain, Username: user, Password: password}}
}

// A dovecot is a Dovecot in a directory of its own.
type dovecot struct {
	program, dir string
	process      *exec.Cmd
}

func (d *dovecot) conf() string { return filepath.Join(d.dir, "dovecot.conf") }

func (d *dovecot) start(t testing.TB) {
	t.Helper()
	d.process = exec.Command(d.program, "-F", "-c", d.conf())
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
}

func (d *dovecot) stop() {
	d.process.Process.Signal(os.Interrupt)
	d.process.Wait()
}

// kick has Dovecot end the user's connections.
func (d *dovecot) kick() {
	exec.Command("doveadm", "-c", d.conf(), "kick", user).Run() // fails if there are none
}

// startDovecot runs Dovecot on a free port, with TLS, in a directory of its
// own. Extra is added to its configuration, with DIR for that directory.
func startDovecot(t testing.TB, extra ...string) *server {
	t.Helper()
	program, err := exec.LookPath("dovecot")
	if err != nil {
		if os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
			t.Fatal("dovecot is not installed, and STANDDOWN_REQUIRE_REAL=1")
		}
		t.Skip("dovecot is not installed (Debian: dovecot-imapd)")
	}
	dir, err := os.MkdirTemp("", "dovecot") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	roots := writeCertificate(t, dir)
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // Dovecot refuses to read mail as root
		uid, gid = 65534, 65534
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	for _, name := range []string{"mail", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(dir, 0o755)
	os.Chown(filepath.Join(dir, "mail"), uid, gid)
	conf := fmt.Sprintf(`
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
`, dir, port, password, uid, gid)
	d := &dovecot{program: program, dir: dir}
	conf += strings.ReplaceAll(strings.Join(extra, "\n"), "DIR", dir)
	if err := os.WriteFile(d.conf(), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	d.start(t)
	t.Cleanup(func() {
		d.stop()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("Dovecot's log:\n%s", log)
		}
	})
	s := &server{dovecot: d, options: mailbox.Options{
		Address: address, TLS: mailbox.TLS, TLSConfig: &tls.Config{RootCAs: roots}, Username: user, Password: password,
	}}
	eventually(t, "Dovecot listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return s
}

func writeCertificate(t testing.TB, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for name, content := range map[string][]byte{"cert.pem": certPEM, "key.pem": keyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return pool
}

// eventually polls until done or half a minute is over.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// client returns a connection of the test's own, with INBOX open.
func (s *server) client(t testing.TB) *imapclient.Client {
	t.Helper()
	var c *imapclient.Client
	var err error
	if s.options.TLS == mailbox.Plain {
		c, err = imapclient.DialInsecure(s.options.Address, nil)
	} else {
		c, err = imapclient.DialTLS(s.options.Address, &imapclient.Options{TLSConfig: s.options.TLSConfig})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(user, password).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

var arrival = time.Date(2026, 11, 2, 15, 4, 5, 0, time.UTC)

// deliver appends mails to INBOX.
func (s *server) deliver(t testing.TB, mails ...string) {
	t.Helper()
	c := s.client(t)
	defer c.Close()
	for _, text := range mails {
		command := c.Append("INBOX", int64(len(text)), &imap.AppendOptions{Time: arrival})
		if _, err := command.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := command.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := command.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

// subjects returns the subjects of the mails in a folder, and their flags.
func (s *server) subjects(t testing.TB, folder string) (subjects []string, flags []imap.Flag) {
	t.Helper()
	c := s.client(t)
	defer c.Close()
	box, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return nil, nil
	}
	if box.NumMessages == 0 {
		return nil, nil
	}
	messages, err := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{Envelope: true, Flags: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		subjects = append(subjects, m.Envelope.Subject)
		for _, flag := range m.Flags {
			flags = append(flags, imap.Flag(strings.ToLower(string(flag))))
		}
	}
	slices.Sort(subjects)
	return subjects, flags
}

func letter(subject string) string {
	return "From: Rita Rep <rita@sunny.test>\r\nTo: " + user + "\r\nSubject: " + subject +
		"\r\nMessage-ID: <" + strings.ReplaceAll(subject, " ", ".") + "@sunny.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 -0500\r\n\r\nPlease cancel W-1042.\r\n"
}
