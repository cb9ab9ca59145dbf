package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// A Setting is what a crowd's daemon is told. Empty addresses are the world's
// own.
type Setting struct {
	Org, IMAP, SMTP string // addresses
	Listen          string // of the pages; empty is none
	Poll            string // schedule for org and mailbox
	Delivery        string // a YAML section
	Start           string // a YAML section
	Guard           string // for writes
	Journal         string // a YAML section; empty is a file beside the configuration
}

// Recommended is what a configuration has that says nothing else, but for the
// org being read as seldom as the mailbox.
func Recommended() Setting {
	return Setting{Poll: "@every 45s", Delivery: "{}", Start: "{}", Guard: "strict"}
}

// Hurried notices a dead link, and asks after a lost answer, within seconds.
func Hurried() Setting {
	return Setting{
		Poll:     "@every 2s",
		Delivery: "{lease: 8s, call_timeout: 1s, quiet: 1s, backoff_min: 50ms, backoff_max: 500ms, attempts: 100}",
		Start:    "{}", Guard: "strict",
	}
}

// Configure writes the configuration of a daemon that asks nobody.
func (c *Crowd) Configure(s Setting) error {
	or := func(address, other string) string {
		if address == "" {
			return other
		}
		return address
	}
	text := fmt.Sprintf(`journal: %[12]s
salesforce:
  url: http://%[1]s
  auth: {method: client_credentials, client_id: sandbox, client_secret: secret}
  poll: %[2]q
  write_guard: %[11]s
mailbox:
  imap: {address: %[3]q, tls: %[4]s, username: %[6]s, password: %[7]s}
  smtp: {address: %[5]q, tls: none, username: %[6]s, password: %[7]s, from: "Back Office <%[6]s>", copy_to: %[6]s}
  auth_serv_ids: [mx.solarworks.example]
  poll: %[2]q
mapping: {presets: [milestone]}
autonomy: {cancel-workflow: auto, notify-parties: auto, reject-review: auto}
ceilings: {run: {records: 0, percent: 0}, rule: {records: 0}, customer: {records: 0}}
start: %[8]s
web: {listen: %[10]q}
delivery: %[9]s
`, or(s.Org, c.Door.Address), s.Poll, or(s.IMAP, c.Inbox.Address), c.Inbox.TLS, or(s.SMTP, c.Mail.SMTPAddr), MailUser, MailPassword, s.Start, s.Delivery, s.Listen, s.Guard,
		or(s.Journal, fmt.Sprintf("{path: %q}", c.journalFile())))
	return os.WriteFile(c.config(), []byte(text), 0o600)
}

func (c *Crowd) config() string { return filepath.Join(c.Dir, "standdown.yaml") }

func (c *Crowd) journalFile() string { return filepath.Join(c.Dir, "journal.db") }

// Serve starts `standdown serve`.
func (c *Crowd) Serve(program string) (err error) {
	cmd := exec.Command(program, "serve", "--config", c.config())
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+c.Inbox.Trust)
	c.daemon, err = begin(cmd)
	return err
}

// Daemon is the process.
func (c *Crowd) Daemon() *Process { return c.daemon }

// Journal opens the daemon's journal beside it, once the daemon has recorded
// what was there before it.
func (c *Crowd) Journal(ctx context.Context) (*store.Store, error) {
	if c.journal == nil {
		journal, err := beside(ctx, c.journalFile())
		if err != nil {
			return nil, c.because(err)
		}
		c.journal = journal
	}
	return c.journal, c.because(baseline(ctx, c.journal, "salesforce", "mailbox"))
}

// because adds the daemon's last words to an error.
func (c *Crowd) because(err error) error {
	if err == nil || c.daemon == nil {
		return err
	}
	return fmt.Errorf("%w\n%s", err, c.daemon.said.end())
}

// beside opens a journal once a daemon has made it.
func beside(ctx context.Context, path string) (journal *store.Store, err error) {
	failure := stage.Until(ctx, "the journal", func() (bool, error) {
		journal, err = store.OpenBeside(ctx, path)
		return err == nil, nil
	})
	return journal, errors.Join(failure, err)
}

// baseline waits until a daemon has seen the world as it is at the start.
func baseline(ctx context.Context, journal *store.Store, sources ...string) error {
	return stage.Until(ctx, "the first read", func() (bool, error) {
		for _, source := range sources {
			r, err := journal.Reading(ctx, source)
			if err != nil || r.ReadAt.IsZero() || r.Baseline {
				return false, err
			}
		}
		return true, nil
	})
}

// serving starts the daemon and waits until it has seen what is there.
func (c *Crowd) serving(ctx context.Context, program string) (*store.Store, error) {
	if err := c.Serve(program); err != nil {
		return nil, err
	}
	return c.Journal(ctx)
}

// configured writes a configuration into a folder of its own, with a journal
// beside it.
func (b *Bench) configured(text string) (file, journal string, err error) {
	dir, err := b.folder()
	if err != nil {
		return "", "", err
	}
	file, journal = filepath.Join(dir, "standdown.yaml"), filepath.Join(dir, "journal.db")
	return file, journal, os.WriteFile(file, fmt.Appendf(nil, "journal: {path: %q}\n%s", journal, text), 0o600)
}

// during runs a daemon for as long as the function takes, which is given its
// journal.
func (b *Bench) during(ctx context.Context, file, journal string, do func(*store.Store) error) (u Usage, err error) {
	p, err := begin(exec.Command(b.Program, "serve", "--config", file))
	if err != nil {
		return u, err
	}
	defer p.Kill()
	s, err := beside(ctx, journal)
	if err == nil {
		err = errors.Join(do(s), s.Close())
	}
	if err != nil {
		return u, fmt.Errorf("%w\n%s", err, p.said.end())
	}
	return p.Stop()
}

// drained waits until all is done, ends the daemon, and adds to the sample what
// it needed and what it did wrong.
func (c *Crowd) drained(ctx context.Context, journal *store.Store, asked int, s *Sample) error {
	err := stage.Until(ctx, "all is done", func() (bool, error) { return c.Settled(ctx, journal, asked) })
	u, ended := c.daemon.Stop()
	u.values(s.Values)
	wrong, looked := c.Effects(asked)
	if err != nil {
		err = c.because(err)
	}
	s.Wrong = append(s.Wrong, wrong...)
	return errors.Join(err, ended, looked)
}

// ready waits until the pages at the address say so, or say the opposite.
func ready(ctx context.Context, address string, want bool) error {
	client := http.Client{Timeout: 10 * time.Second}
	return stage.Until(ctx, fmt.Sprintf("ready: %t", want), func() (bool, error) {
		answer, err := client.Get("http://" + address + "/readyz")
		if err != nil {
			return false, nil
		}
		answer.Body.Close()
		return (answer.StatusCode == http.StatusOK) == want, nil
	})
}
