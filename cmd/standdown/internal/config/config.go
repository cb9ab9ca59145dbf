// Package config reads the one file that configures Standdown.
//
// It does not connect to anything and starts nothing: it turns text into a
// [Config] whose every value is resolved and checked, or says everything that
// is wrong with it at once, each with its line. Nothing is ignored quietly: an
// unknown key, a value that would not be used and a verb that does not exist
// are problems like any other. Secrets come from the environment or from
// files, and a [Secret] does not print.
package config

import (
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"time"

	"standdown/mapping"
	"standdown/rules"
)

// A Config is a checked configuration. The field tags are the keys of the
// file; relative paths have been resolved against the file's directory.
type Config struct {
	Journal    Journal    `yaml:"journal"`
	Salesforce Salesforce `yaml:"salesforce"`
	// Mailbox is nil if the file has no such section: then no mail is read, and
	// none is sent unless Notify does so by Salesforce.
	Mailbox *Mailbox       `yaml:"mailbox"`
	Notify  Notify         `yaml:"notify"`
	Rules   rules.Settings `yaml:"rules"`
	// Examples are files with the site's own examples of the rules.
	Examples []string       `yaml:"examples"`
	Mapping  mapping.Config `yaml:"mapping"`
	// Autonomy has every verb there is: auto, approve, shadow or off. Verbs that
	// the file does not name have the mode that the rule book recommends.
	Autonomy  map[string]string `yaml:"autonomy"`
	Shadow    Shadow            `yaml:"shadow"`
	Ceilings  Ceilings          `yaml:"ceilings"`
	Approvals Approvals         `yaml:"approvals"`
	Operators Operators         `yaml:"operators"`
	Start     Start             `yaml:"start"`
	Delivery  Delivery          `yaml:"delivery"`
	Web       Web               `yaml:"web"`
	Telemetry Telemetry         `yaml:"telemetry"`
	Log       Log               `yaml:"log"`

	// Name is the org's, if there may be several, see [LoadDir]; else empty.
	Name string `yaml:"-"`
	// Book is what Rules loads to.
	Book *rules.Book `yaml:"-"`
	// Names is what Mapping resolves to.
	Names *mapping.Mapping `yaml:"-"`
}

// Journal is where the daemon keeps what it has read, decided and done: a
// SQLite file of its own, or a PostgreSQL database that several daemons share.
// Exactly one of Path and URL is set.
type Journal struct {
	Path    string `yaml:"path"`
	URL     Secret `yaml:"url"`
	URLFile string `yaml:"url_file"`
	// Key is the age identity that mails are sealed with; empty for not at all.
	Key     Secret `yaml:"key"`
	KeyFile string `yaml:"key_file"`
	Retain  Retain `yaml:"retain"`
}

// Salesforce is the org.
type Salesforce struct {
	URL        string `yaml:"url"` // My Domain, without a trailing slash
	APIVersion string `yaml:"api_version"`
	Auth       Auth   `yaml:"auth"`
	// Poll says when to read what has changed.
	Poll Schedule `yaml:"poll"`
	// WriteGuard is strict (each update carries the version it saw) or checked
	// (values are read just before; fewer calls, a small window).
	WriteGuard string `yaml:"write_guard"`
	// Overlap is how far back each read begins before the end of the last one.
	Overlap time.Duration `yaml:"overlap"`
	// Reconcile is how often all records are read anew; 0 means never.
	Reconcile time.Duration `yaml:"reconcile"`
	// Reserve is how many API calls of 24 hours are left to others.
	Reserve int `yaml:"reserve"`
	// Approvals is the kind of approvals the org has: classic, flow or none.
	Approvals string `yaml:"approvals"`
}

// Auth is how to log in to Salesforce. Exactly the fields of its method are
// set; a value read from a file is in the field without "File".
type Auth struct {
	Method           string `yaml:"method"` // client_credentials, jwt or access_token
	ClientID         string `yaml:"client_id"`
	ClientSecret     Secret `yaml:"client_secret"`
	ClientSecretFile string `yaml:"client_secret_file"`
	Username         string `yaml:"username"`
	PrivateKeyFile   string `yaml:"private_key_file"`
	// Audience of the JWT; empty is the org's own URL, as External Client Apps
	// want it.
	Audience  string `yaml:"audience"`
	Token     Secret `yaml:"token"`
	TokenFile string `yaml:"token_file"`

	// PrivateKey is the PEM text that PrivateKeyFile holds.
	PrivateKey Secret `yaml:"-"`
}

// Mailbox is where requests arrive and, unless Notify says otherwise, from
// where notices are sent.
type Mailbox struct {
	Auth MailAuth `yaml:"auth"`
	IMAP IMAP     `yaml:"imap"`
	// Others are further mailboxes that are read.
	Others []IMAP `yaml:"others"`
	SMTP   SMTP   `yaml:"smtp"`
	// AuthServIDs are the mail servers whose Authentication-Results are
	// believed (RFC 8601, section 2.2).
	AuthServIDs []string `yaml:"auth_serv_ids"`
	Poll        Schedule `yaml:"poll"`
}

// MailAuth is how to log in to the mail servers. With password, that stands
// with each server. With oauth, both get access tokens for their user, and
// TokenURL and Scope are set.
type MailAuth struct {
	Method           string `yaml:"method"`   // password or oauth
	Provider         string `yaml:"provider"` // microsoft, gmail or other
	Tenant           string `yaml:"tenant"`
	TokenURL         string `yaml:"token_url"`
	Scope            string `yaml:"scope"`
	ClientID         string `yaml:"client_id"`
	ClientSecret     Secret `yaml:"client_secret"`
	ClientSecretFile string `yaml:"client_secret_file"`
	RefreshToken     Secret `yaml:"refresh_token"`
	// RefreshTokenFile is written anew when the provider replaces the token.
	RefreshTokenFile string `yaml:"refresh_token_file"`
}

// IMAP is the mailbox that is read.
type IMAP struct {
	Address      string `yaml:"address"` // host:port
	TLS          string `yaml:"tls"`     // tls, starttls or none
	Insecure     bool   `yaml:"insecure"`
	Username     string `yaml:"username"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
	Folder       string `yaml:"folder"`
	// Folders are further ones that are read.
	Folders []string `yaml:"folders"`
	// DoneFolder is where dealt-with mail is moved; empty leaves it in place.
	DoneFolder string `yaml:"done_folder"`
}

// SMTP is the server that takes outgoing mail; empty if Salesforce sends it.
// Username and Password are both set or both empty.
type SMTP struct {
	Address      string `yaml:"address"` // host:port
	TLS          string `yaml:"tls"`     // tls, starttls or none
	Insecure     bool   `yaml:"insecure"`
	Username     string `yaml:"username"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`
	// CopyTo receives a blind copy of each mail, normally the watched mailbox:
	// after a lost reply that is how the daemon finds out whether it was sent.
	CopyTo string `yaml:"copy_to"`
	// SentFolder of the mailbox that is read gets a copy of each mail; with
	// SentByServer the server puts it there by itself.
	SentFolder   string `yaml:"sent_folder"`
	SentByServer bool   `yaml:"sent_by_server"`
}

// Start says what the very first start does with what is there already.
type Start struct {
	Adopt bool    `yaml:"adopt"` // act on all of it, holds and mail
	Since Instant `yaml:"since"` // act on mail received since; zero: on none
}

// Delivery paces the writing.
type Delivery struct {
	// Lease is how long an entry belongs to the process that claimed it.
	Lease       time.Duration `yaml:"lease"`
	CallTimeout time.Duration `yaml:"call_timeout"`
	// Quiet is how long after a lost reply to ask whether the change got
	// through.
	Quiet time.Duration `yaml:"quiet"`
	// Attempts is after how many failures a person is asked.
	Attempts   int           `yaml:"attempts"`
	BackoffMin time.Duration `yaml:"backoff_min"`
	BackoffMax time.Duration `yaml:"backoff_max"`
	QuietHours QuietHours    `yaml:"quiet_hours"`
}

// Log is what goes to standard error.
type Log struct {
	Level  Level  `yaml:"level"`
	Format string `yaml:"format"` // text or json
}

// A Level is from where on messages are logged.
type Level slog.Level

// UnmarshalText parses a level, such as info.
func (l *Level) UnmarshalText(text []byte) error {
	if err := (*slog.Level)(l).UnmarshalText(text); err != nil {
		return fmt.Errorf("%q is wrong; want debug, info, warn or error", text)
	}
	return nil
}

func (l Level) MarshalText() ([]byte, error) {
	return []byte(strings.ToLower(slog.Level(l).String())), nil
}

// An Env looks up an environment variable, as [os.LookupEnv] does.
type Env func(name string) (value string, ok bool)

// Load reads the file at path. If the file can be read but is wrong, the error
// is of type [Problems].
func Load(path string, env Env) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, data, env)
}

// Parse reads a configuration from data. Name stands in messages and is what
// relative paths are relative to. An error is of type [Problems].
func Parse(name string, data []byte, env Env) (*Config, error) {
	c, d := parse(name, data, env)
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// parse returns as much of the configuration as could be read, and what is wrong
// with it.
func parse(name string, data []byte, env Env) (*Config, *document) {
	c := defaults()
	d := newDocument(name, env)
	root, ok := d.parse(data)
	if ok {
		if root != nil {
			d.read(root, reflect.ValueOf(c).Elem(), "")
		}
		if !d.stated("mailbox") {
			c.Mailbox = nil
		}
		c.check(d)
	}
	return c, d
}

// defaults are the values of what the file leaves out.
func defaults() *Config {
	return &Config{
		Journal: Journal{Path: "standdown.db", Retain: Retain{Raw: Age(90 * day), Situations: Age(400 * day)}},
		Salesforce: Salesforce{
			APIVersion: "64.0",
			Auth:       Auth{Method: "client_credentials"},
			Poll:       mustSchedule("@every 30s"),
			WriteGuard: "strict",
			Overlap:    10 * time.Minute,
			Reconcile:  24 * time.Hour,
			Reserve:    1000,
		},
		Mailbox: &Mailbox{
			Auth: MailAuth{Method: "password", Provider: "other"},
			IMAP: IMAP{TLS: "tls", Folder: "INBOX", DoneFolder: "Processed"},
			SMTP: SMTP{TLS: "tls"},
			// A link that is silently dead is noticed at the next look, by a call that
			// has no answer: with CallTimeout, that is within 90 s.
			Poll: mustSchedule("@every 45s"),
		},
		Notify:  Notify{Via: "smtp", PerHour: 20},
		Rules:   rules.Defaults(),
		Mapping: mapping.Config{Presets: []string{"milestone", "skedulo"}, Queue: "Back_Office"},
		Ceilings: Ceilings{
			Run:      RunCeiling{Records: 200, Percent: 20, Floor: 20},
			Rule:     RuleCeiling{Records: 500, Percent: 30},
			Customer: Ceiling{Records: 200},
		},
		Shadow:    Shadow{After: 2, Report: mustSchedule("0 7 * * 1-5")},
		Approvals: Approvals{ExpireAfter: 30 * 24 * time.Hour, Cases: true},
		Delivery: Delivery{
			Lease:       2 * time.Minute,
			CallTimeout: 30 * time.Second,
			Quiet:       time.Minute,
			Attempts:    12,
			BackoffMin:  time.Second,
			BackoffMax:  5 * time.Minute,
		},
		Web: Web{Listen: "127.0.0.1:8470", OIDC: OIDC{Claim: "email"}},
		Log: Log{Level: Level(slog.LevelInfo), Format: "text"},
	}
}
