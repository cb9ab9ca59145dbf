package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/loopback"
)

// intakeFigures are those of W1.
func intakeFigures(speed *Target) []Figure {
	return []Figure{
		{Name: "speed", Unit: "mails/s", Target: speed},
		{Name: "memory", Unit: "MB at most", Target: atMost(60)},
		{Name: "cpu", Unit: "s"},
	}
}

// intake is W1. Peers only store the mails; the daemon also takes them apart,
// reads what they ask and sees who vouches for them. Its org cannot be reached
// meanwhile, so that nothing but intake happens.
func intake(ctx context.Context, b *Bench) error {
	err := b.takeIn(ctx, "embedded server", nil, atLeast(3000))
	if err != nil {
		return err
	}
	box, err := startDovecot()
	if err != nil {
		return b.without(err, "W1", "Dovecot")
	}
	return b.takeIn(ctx, "Dovecot", box, atLeastTimes(1, "mbsync"))
}

// without notes that a server is not installed.
func (b *Bench) without(err error, workload, title string) error {
	if absent, ok := errors.AsType[missing](err); ok {
		c := b.newCase(workload, title)
		c.Entrants = append(c.Entrants, &Entrant{Name: title, Missing: string(absent)})
		return nil
	}
	return err
}

func (b *Bench) takeIn(ctx context.Context, where string, box *Postbox, speed *Target) error {
	mails := b.either(200, 5000)
	dir, err := b.folder()
	if err != nil {
		return err
	}
	c, err := NewCrowd(dir, 0, box)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Inbox.Deliver(letters(0, mails, 4000)...); err != nil {
		return err
	}
	if _, err := fetchAll(c.Inbox, mails); err != nil { // has the server make its index
		return err
	}
	kase := b.newCase("W1", fmt.Sprintf("%s mails, %s", number(float64(mails)), where), intakeFigures(speed)...)
	run := func(who string, take func(dir string) (Usage, error)) error {
		return b.measure(ctx, kase, who, func(context.Context) (Sample, error) {
			dir, err := b.folder()
			if err != nil {
				return Sample{}, err
			}
			u, err := take(dir)
			s := Sample{Values: map[string]float64{"speed": float64(mails) / u.Wall.Seconds()}}
			u.values(s.Values)
			return s, err
		})
	}
	err = errors.Join(
		run(floor, func(string) (u Usage, err error) {
			u.Wall, err = fetchAll(c.Inbox, mails)
			return u, err
		}),
		run(Ours, func(string) (Usage, error) { return c.takenIn(ctx, b.Program, mails) }))
	if err == nil && c.Inbox.TLS != "none" {
		err = errors.Join(
			run("mbsync", func(dir string) (Usage, error) { return mbsync(ctx, dir, c.Inbox, mails, true) }),
			run("mbsync, no fsync", func(dir string) (Usage, error) { return mbsync(ctx, dir, c.Inbox, mails, false) }),
			run("getmail6", func(dir string) (Usage, error) { return getmail(ctx, dir, c.Inbox, mails) }))
	}
	for _, way := range []struct{ name, mode string }{{"imapflow naive", "one-by-one"}, {"imapflow tuned", "stream"}} {
		err = errors.Join(err, run(way.name, func(dir string) (u Usage, err error) {
			host, port, _ := net.SplitHostPort(c.Inbox.Address)
			cmd, err := b.script(ctx, "intake.mjs", []string{"imapflow"}, way.mode, host, port, MailUser, MailPassword, fmt.Sprint(mails), filepath.Join(dir, "journal"))
			if err != nil {
				return u, err
			}
			return Measure(ctx, withTrust(cmd, c.Inbox))
		}))
	}
	return err
}

// withTrust tells a script how the mailbox is reached.
func withTrust(cmd *exec.Cmd, box *Postbox) *exec.Cmd {
	cmd.Env = append(cmd.Env, "STANDDOWN_PEERS_TLS="+box.TLS, "NODE_EXTRA_CA_CERTS="+box.Trust)
	return cmd
}

// takenIn has a daemon with a new journal take in what lies in the mailbox, from
// its start on.
func (c *Crowd) takenIn(ctx context.Context, program string, mails int) (u Usage, err error) {
	c.forget()
	nobody, err := loopback.FreeAddress()
	if err != nil {
		return u, err
	}
	s := Recommended()
	s.Start, s.Org = "{adopt: true}", nobody
	if err := c.Configure(s); err != nil {
		return u, err
	}
	began := time.Now()
	if err := c.Serve(program); err != nil {
		return u, err
	}
	defer c.daemon.Kill()
	journal, err := beside(ctx, c.journalFile())
	if err != nil {
		return u, c.because(err)
	}
	defer journal.Close()
	err = stage.Until(ctx, "all mails are in the journal", func() (bool, error) {
		reading, err := journal.Reading(ctx, "mailbox")
		var at struct {
			Last int `json:"u"`
		}
		if reading.Cursor != "" {
			err = errors.Join(err, json.Unmarshal([]byte(reading.Cursor), &at))
		}
		return at.Last >= mails, err
	})
	wall := time.Since(began)
	if err != nil {
		return u, c.because(err)
	}
	if u, err = c.daemon.Stop(); err != nil {
		return u, err
	}
	u.Wall = wall
	return u, understood(ctx, journal, mails)
}

// understood checks that every mail is in the journal as a request.
func understood(ctx context.Context, journal *store.Store, mails int) error {
	events, err := journal.Events(ctx, store.New, store.Decided, store.Ignored, store.Quarantined)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.State != store.New {
			return fmt.Errorf("event %s is %s, want all mails understood as requests: %s", e.ID, e.State, e.Note)
		}
	}
	if len(events) != mails {
		return fmt.Errorf("%d events in the journal, want %d", len(events), mails)
	}
	return nil
}
