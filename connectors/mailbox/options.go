package mailbox

import (
	"crypto/tls"
	"log/slog"
	"net"
	"time"
)

// How a connection is protected.
const (
	// TLS from the first byte (IMAP port 993, SMTP port 465).
	TLS = "tls"
	// STARTTLS upgrades a plain connection, and refuses to go on without.
	STARTTLS = "starttls"
	// Plain sends everything readable. For a server on the same machine.
	Plain = "none"
)

// Options of a [Source]. Address, Username, and one of Password and Tokens are
// required.
type Options struct {
	Address    string // host:port
	TLS        string // [TLS] (default), [STARTTLS] or [Plain]
	TLSConfig  *tls.Config
	Username   string
	Password   string
	Tokens     *Tokens // logs in by OAuth instead of the password
	Folder     string  // default INBOX
	DoneFolder string  // where settled mail goes; "" leaves it in place, flagged
	SentFolder string  // where copies of sent mail are; "" if nowhere, see [Source.Keep]
	MaxSize    int64   // bytes; larger mail is reported without its body; default 35 MB

	CommandTimeout time.Duration // longest wait for one answer; default 30 s
	IdleRenew      time.Duration // longest IDLE before the link is tested; default 3 min

	Authenticator Authenticator

	Logger *slog.Logger
	Now    func() time.Time
}

func (o *Options) defaults() {
	if o.TLS == "" {
		o.TLS = TLS
	}
	if o.Folder == "" {
		o.Folder = "INBOX"
	}
	if o.MaxSize == 0 {
		o.MaxSize = MaxMessage
	}
	if o.CommandTimeout == 0 {
		o.CommandTimeout = 30 * time.Second
	}
	if o.IdleRenew == 0 {
		o.IdleRenew = 3 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// tlsConfig returns base, or an empty configuration, for the host of address.
func tlsConfig(base *tls.Config, address string) *tls.Config {
	config := &tls.Config{}
	if base != nil {
		config = base.Clone()
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	return config
}
