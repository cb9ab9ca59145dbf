// Package stage is the world in which the demonstration and the crash test
// take place: a Salesforce org and a mail server on loopback, filled with
// people and contracts, a clock that can be moved, and the people's acts.
//
// It knows nothing of the daemon: it acts as customers, contact centres and
// back-office people do, over the org's and the mail server's own interfaces,
// and looks at what became of the world.
package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	mailserver "standdown/connectors/mailbox/sandbox"
	org "standdown/connectors/salesforce/sandbox"
)

// Mailbox is the address that customers write to, and its password.
const (
	Mailbox  = "cancellations@solarworks.example"
	password = "demo"
)

// A Stage is a running world.
type Stage struct {
	Dir    string
	Clock  *Clock
	Org    *org.Org
	OrgURL string
	Mail   *mailserver.Server
	People org.Seeded
}

// New starts a world whose files are in dir, and whose org takes its time to
// answer each call. Close it.
func New(dir string, latency time.Duration) (s *Stage, err error) {
	clock, err := NewClock(filepath.Join(dir, "clock"))
	if err != nil {
		return nil, err
	}
	s = &Stage{Dir: dir, Clock: clock}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	s.Org = org.New(org.Options{Now: clock.Now, DailyLimit: 100_000, Latency: latency})
	if s.People, err = org.Seed(s.Org, clock.Now()); err != nil {
		return nil, fmt.Errorf("filling the sandbox org: %w", err)
	}
	if s.OrgURL, err = s.Org.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.Mail = mailserver.New(mailserver.Options{Now: clock.Now, Domain: "mx.solarworks.example", Users: map[string]string{Mailbox: password}})
	if err = s.Mail.Start(); err != nil {
		return nil, err
	}
	return s, os.WriteFile(s.Config(), []byte(s.configuration()), 0o600)
}

// Close ends the world.
func (s *Stage) Close() error {
	var errs []error
	if s.Org != nil {
		errs = append(errs, s.Org.Close())
	}
	if s.Mail != nil {
		errs = append(errs, s.Mail.Close())
	}
	return errors.Join(errs...)
}

// Config is the path of the daemon's configuration for this world.
func (s *Stage) Config() string { return filepath.Join(s.Dir, "standdown.yaml") }

// configuration is what an admin would write, with a faster pace.
func (s *Stage) configuration() string {
	return fmt.Sprintf(`# A configuration for the sandbox org and mail server of this demonstration.
journal:
  path: %s
salesforce:
  url: %s
  auth: {method: client_credentials, client_id: sandbox, client_secret: secret}
  poll: "@every 1s"
mailbox:
  imap: {address: %q, tls: none, username: %s, password: %s}
  smtp: {address: %q, tls: none, username: %s, password: %s, from: "Solarworks Back Office <%s>", copy_to: %s}
  auth_serv_ids: [mx.solarworks.example]
  poll: "@every 5s"
rules:
  cancellation:
    finalize: daemon         # nobody else turns Cancel Pending into Cancelled here
  on_hold:
    default_zone: America/New_York
  ops_block:
    reopen_delay: 1s
mapping:
  presets: [milestone, skedulo, interpreting, ops]
autonomy:
  cancel-workflow: approve   # a person looks at each cancellation ...
  notify-parties: auto       # ... and having said yes need not say it again
  finish-cancellation: auto
  send-final-notice: auto
  cancel-job: auto
  release-job: auto
  free-worker: auto
  allocate-saved: auto
  reopen-job: auto
  cancel-assignment: approve
  record-billing: auto       # the verdict was shown with the cancellation
  waive-billing: approve     # only owners and admins may approve billing
  reopen-assignment: approve
  void-billing: auto
  release-interpreter: auto
  cancel-block: approve      # one look at a cancelled block
  send-back-job: auto        # ... is enough for all that follows
  send-back-ticket: auto
  send-back-contact: auto
  cancel-service-sale: auto
  delete-meeting: auto
  reopen-block: auto
web: {listen: ""}
delivery: {lease: 6s, call_timeout: 3s, quiet: 1s, backoff_min: 100ms, backoff_max: 1s}
`, filepath.Join(s.Dir, "journal.db"), s.OrgURL, s.Mail.IMAPAddr, Mailbox, password, s.Mail.SMTPAddr, Mailbox, password, Mailbox, Mailbox)
}

// Start is when the story begins: a Tuesday morning in New York.
var Start = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

// Local is a time as the people of the story would say it.
func Local(t time.Time) string { return t.In(newYork).Format("Monday, 2 January 2006, 15:04") }

// A Clock runs at the usual pace from Start, and can be moved ahead. It is
// kept in a file, so that a daemon in another process shares it.
type Clock struct {
	path string

	mu    sync.Mutex
	epoch time.Time     // real time that stands for Start
	ahead time.Duration // how far the clock was moved
}

// NewClock starts a clock, or goes on with the one that the file keeps.
func NewClock(path string) (*Clock, error) {
	c := &Clock{path: path}
	if _, err := os.Stat(path); err == nil {
		return c, c.read()
	}
	c.epoch = time.Now()
	return c, c.write()
}

// Now is the time in the world.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Start.Add(time.Since(c.epoch) + c.ahead)
}

// MoveTo moves the clock ahead to t.
func (c *Clock) MoveTo(t time.Time) error {
	d := t.Sub(c.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += max(d, 0)
	return c.write()
}

// Follow reads what another process made of the clock.
func (c *Clock) Follow() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *Clock) read() error {
	text, err := os.ReadFile(c.path)
	if err != nil {
		return err
	}
	var epoch, ahead int64
	if _, err := fmt.Sscan(string(text), &epoch, &ahead); err != nil {
		return fmt.Errorf("reading the clock %s: %w", c.path, err)
	}
	c.epoch, c.ahead = time.UnixMicro(epoch), time.Duration(ahead)
	return nil
}

// write replaces the file at once, so that nobody reads half of it.
func (c *Clock) write() error {
	text := strconv.FormatInt(c.epoch.UnixMicro(), 10) + " " + strconv.FormatInt(int64(c.ahead), 10) + "\n"
	if err := os.WriteFile(c.path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(c.path+".new", c.path)
}
