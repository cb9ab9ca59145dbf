package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// NoDovecot is the error where it is not installed.
const NoDovecot = missing("Dovecot is not installed (Debian: dovecot-imapd)")

// StartDovecot runs Dovecot on a free port, with TLS, in a directory of its
// own; its mailbox is a Maildir. It writes its log to the file that is returned.
func StartDovecot(ctx context.Context) (box *Postbox, log string, err error) {
	program, err := exec.LookPath("dovecot")
	if err != nil {
		return nil, "", NoDovecot
	}
	dir, err := os.MkdirTemp("", "dovecot") // short: it holds sockets
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // Dovecot refuses to read mail as root
		uid, gid = 65534, 65534
	}
	mails := &maildir{path: filepath.Join(dir, "mail", MailUser), uid: uid, gid: gid}
	for _, folder := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(mails.path, folder), 0o777); err != nil {
			return nil, "", err
		}
	}
	err = errors.Join(os.Mkdir(filepath.Join(dir, "run"), 0o777), os.Chmod(dir, 0o755),
		filepath.WalkDir(filepath.Join(dir, "mail"), func(path string, _ fs.DirEntry, _ error) error { return os.Chown(path, uid, gid) }),
		writeCertificate(dir))
	if err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	_, port, _ := net.SplitHostPort(address)
	conf := filepath.Join(dir, "dovecot.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, dovecotConf, dir, port, MailPassword, uid, gid), 0o644); err != nil {
		return nil, "", err
	}
	process := exec.Command(program, "-F", "-c", conf)
	if err := process.Start(); err != nil {
		return nil, "", err
	}
	end := func() {
		process.Process.Signal(os.Interrupt)
		process.Wait()
		os.RemoveAll(dir)
	}
	err = until(ctx, "Dovecot listens", func() (bool, error) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil, nil
	})
	if err != nil {
		end()
		return nil, "", err
	}
	return &Postbox{
		Address: address, TLS: "tls", Trust: filepath.Join(dir, "cert.pem"),
		Deliver: mails.deliver, Folder: mails.folder,
		Kick:  func() { exec.Command("doveadm", "-c", conf, "kick", MailUser).Run() }, // fails if there are none
		close: end,
	}, filepath.Join(dir, "log"), nil
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
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
}

// freeAddress is one on this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
