package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	mailserver "standdown/connectors/mailbox/sandbox"
)

// The watched mailbox of a crowd, and what it is opened with.
const (
	mailUser     = "cancellations@solarworks.example"
	mailPassword = "open-sesame"
)

// A postbox is an IMAP server with one mailbox. Mail is put into it, and its
// folders are looked at, without IMAP.
type postbox struct {
	address string
	tls     string
	trust   string // file with the certificate to trust, if tls is
	deliver func(letters ...[]byte) error
	folder  func(name string) ([][]byte, error)
	kick    func() // ends the user's connections
}

// embedded is the mailbox of the sandbox's mail server.
func embedded(t testing.TB, s *mailserver.Server) *postbox {
	return &postbox{
		address: s.IMAPAddr, tls: "none",
		deliver: func(letters ...[]byte) error {
			for _, letter := range letters {
				if err := s.Deliver(mailUser, letter); err != nil {
					return err
				}
			}
			return nil
		},
		folder: func(name string) ([][]byte, error) {
			stored, err := s.Folder(mailUser, name)
			if err != nil && name != "INBOX" {
				return nil, nil // it is made when it is first needed
			}
			var raws [][]byte
			for _, m := range stored {
				raws = append(raws, m.Raw)
			}
			return raws, err
		},
		kick: func() {},
	}
}

// startDovecot runs Dovecot on a free port, with TLS, in a directory of its
// own; its mailbox is a Maildir.
func startDovecot(t testing.TB) *postbox {
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
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // Dovecot refuses to read mail as root
		uid, gid = 65534, 65534
	}
	box := &maildir{path: filepath.Join(dir, "mail", mailUser), uid: uid, gid: gid}
	for _, name := range []string{"mail", "run", filepath.Join("mail", mailUser), filepath.Join("mail", mailUser, "cur"), filepath.Join("mail", mailUser, "new"), filepath.Join("mail", mailUser, "tmp")} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(dir, 0o755)
	filepath.WalkDir(filepath.Join(dir, "mail"), func(path string, _ fs.DirEntry, _ error) error { return os.Chown(path, uid, gid) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	writeCertificate(t, dir)
	conf := filepath.Join(dir, "dovecot.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, dovecotConf, dir, port, mailPassword, uid, gid), 0o644); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(program, "-F", "-c", conf)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Signal(os.Interrupt)
		process.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("the end of Dovecot's log:\n%s", log[max(0, len(log)-5000):])
		}
	})
	err = until(t.Context(), "Dovecot listens", func() (bool, error) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &postbox{
		address: address, tls: "tls", trust: filepath.Join(dir, "cert.pem"),
		deliver: box.deliver, folder: box.folder,
		kick: func() { exec.Command("doveadm", "-c", conf, "kick", mailUser).Run() }, // fails if there are none
	}
}

// dovecotConf takes the directory, the port, the password, and the user and
// group whose files the mails are.
const dovecotConf = `
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

// writeCertificate makes cert.pem and key.pem for this machine.
func writeCertificate(t testing.TB, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
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
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A maildir is a mailbox as files. Its methods must not be called
// concurrently with deliver.
type maildir struct {
	path      string
	uid, gid  int
	delivered int
}

// deliver puts letters into the INBOX, each at once, as a delivery agent does.
func (m *maildir) deliver(letters ...[]byte) error {
	for _, letter := range letters {
		m.delivered++
		name := fmt.Sprintf("%d.M%d.test,S=%d,W=%[3]d", 1_700_000_000+m.delivered, m.delivered, len(letter))
		aside := filepath.Join(m.path, "tmp", name)
		if err := os.WriteFile(aside, letter, 0o600); err != nil {
			return err
		}
		if err := os.Chown(aside, m.uid, m.gid); err != nil {
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
	slices.SortFunc(files, func(a, b string) int {
		if filepath.Base(a) < filepath.Base(b) {
			return -1
		}
		return 1
	})
	var raws [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		raws = append(raws, raw)
	}
	return raws, nil
}
