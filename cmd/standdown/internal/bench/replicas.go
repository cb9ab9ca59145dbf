package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store/pgserver"
)

// replicas is S4: the same burst for one, two and three daemons.
func replicas(ctx context.Context, b *Bench) error {
	const most = 3
	mails := b.either(30, 1000)
	kase := b.newCase("S4", fmt.Sprintf("%s mails, %d daemons", number(float64(mails)), most),
		Figure{Name: "written", Unit: "s"}, Figure{Name: "cpu", Unit: "s, all of them"}, Figure{Name: "memory", Unit: "MB at most, of one"})
	for n := range most {
		who := Ours
		if n+1 < most {
			who = fmt.Sprintf("%d of them", n+1)
		}
		err := b.measure(ctx, kase, who, func(ctx context.Context) (Sample, error) { return b.shared(ctx, n+1, mails) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) shared(ctx context.Context, daemons, mails int) (s Sample, err error) {
	server, err := pgserver.Start("fsync=on")
	if errors.Is(err, pgserver.ErrMissing) {
		return s, missing(err.Error())
	}
	if err != nil {
		return s, err
	}
	defer server.End()
	url, err := server.Fresh(ctx)
	if err != nil {
		return s, err
	}
	c, err := b.crowd(ctx, mails, false)
	if err != nil {
		return s, err
	}
	defer c.Close()
	setting := Recommended()
	setting.Journal = fmt.Sprintf("{url: %q}", url)
	if err := c.Configure(setting); err != nil {
		return s, err
	}
	var all []*Process
	for range daemons {
		p, err := begin(exec.Command(b.Program, "serve", "--config", c.config()))
		if err != nil {
			return s, err
		}
		defer p.Kill()
		all = append(all, p)
	}
	because := func(err error) error { return fmt.Errorf("%w\n%s", err, all[0].said.end()) }
	// They take turns at making the tables, and look each second whose turn it is.
	err = stage.Until(ctx, "all to have started", func() (bool, error) {
		return !slices.ContainsFunc(all, func(p *Process) bool { return !bytes.Contains(p.Said(), []byte(`msg=started`)) }), nil
	})
	if err != nil {
		return s, because(err)
	}
	if c.journal, err = beside(ctx, url); err != nil {
		return s, because(err)
	}
	if err := baseline(ctx, c.journal, "salesforce", "mailbox"); err != nil {
		return s, because(err)
	}
	began := time.Now()
	if err := errors.Join(c.Inbox.Deliver(letters(0, mails, 1500)...), c.allWritten(ctx, mails)); err != nil {
		return s, because(err)
	}
	s.Values = map[string]float64{"written": time.Since(began).Seconds()}
	if err := c.drained(ctx, c.journal, mails, &s); err != nil {
		return s, because(err)
	}
	var sum Usage
	for _, p := range all {
		u, ended := p.Stop()
		err = errors.Join(err, ended)
		sum.CPU += u.CPU
		sum.Memory = max(sum.Memory, u.Memory)
	}
	sum.values(s.Values)
	return s, err
}
