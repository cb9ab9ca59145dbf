package mailbox_test

import (
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/mailbox/sandbox"
)

func TestConnectionsAreEncrypted(t *testing.T) {
	dir := t.TempDir()
	if err := sandbox.Certify(dir); err != nil {
		t.Fatal(err)
	}
	roots := trusted(t, dir)
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	s := sandbox.New(sandbox.Options{Users: map[string]string{user: password}, TLSConfig: config})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for name, test := range map[string]struct{ mode, imap, smtp string }{
		"with STARTTLS":           {mailbox.STARTTLS, s.IMAPAddr, s.SMTPAddr},
		"from the first byte":     {mailbox.TLS, encrypted(t, s.IMAPAddr, config), encrypted(t, s.SMTPAddr, config)},
		"and not with a stranger": {mailbox.STARTTLS, s.IMAPAddr, s.SMTPAddr},
	} {
		t.Run(name, func(t *testing.T) {
			trusted := &tls.Config{RootCAs: roots}
			wantErr := name == "and not with a stranger"
			if wantErr {
				trusted = nil
			}
			source := mailbox.NewSource(mailbox.Options{Address: test.imap, TLS: test.mode, TLSConfig: trusted, Username: user, Password: password})
			defer source.Close()
			if _, err := source.Changes(t.Context(), ""); (err != nil) != wantErr {
				t.Errorf("reading: %v", err)
			}
			sink, err := mailbox.NewSink(mailbox.SinkOptions{
				Address: test.smtp, TLS: test.mode, TLSConfig: trusted, Username: user, Password: password, From: user, Timeout: 5 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := sink.Apply(t.Context(), []connectors.Change{notice("k-" + name)})[0].Err; (err != nil) != wantErr {
				t.Errorf("sending: %v", err)
			}
		})
	}
}

// encrypted returns the address of a port that takes TLS off and passes on.
func encrypted(t *testing.T, target string, config *tls.Config) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				server, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer server.Close()
				go io.Copy(server, client)
				io.Copy(client, server)
			}()
		}
	}()
	return listener.Addr().String()
}
