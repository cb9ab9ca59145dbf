package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"standdown/connectors/loopback"
)

// idle is W12: nothing happens for a while, then it is extrapolated.
func idle(ctx context.Context, b *Bench) error {
	span := time.Duration(b.either(2, 60)) * time.Second
	const poll = 30 * time.Second
	kase := b.newCase("W12", fmt.Sprintf("%s of it, org read every %s, waiting for mail", span, poll),
		Figure{Name: "memory", Unit: "MB resident", Target: atMost(40)}, Figure{Name: "cpu", Unit: "% of a core", Target: atMost(1)},
		Figure{Name: "calls", Unit: "an hour", Floor: new(float64(time.Hour / poll)), Target: atMostTimes(1, floor)})
	run := func(who string, start func(*Crowd) (*Process, error)) error {
		return b.measure(ctx, kase, who, func(ctx context.Context) (s Sample, err error) {
			c, err := b.crowd(ctx, 20, false)
			if err != nil {
				return s, err
			}
			defer c.Close()
			p, err := start(c)
			if err != nil {
				return s, err
			}
			defer p.Kill()
			pause(ctx, 2*time.Second) // what comes with a start
			_, before, err := resident(p.cmd.Process.Pid)
			if err != nil {
				return s, err
			}
			calls := c.Door.Seen().All()
			pause(ctx, span)
			memory, after, err := resident(p.cmd.Process.Pid)
			s.Values = map[string]float64{
				"memory": float64(memory) / 1024, "cpu": 100 * (after - before).Seconds() / span.Seconds(),
				"calls": float64(c.Door.Seen().All()-calls) * float64(time.Hour/span),
			}
			return s, err
		})
	}
	err := run(Ours, func(c *Crowd) (*Process, error) {
		s := Recommended()
		s.Poll = "@every 30s"
		if err := c.Configure(s); err != nil {
			return nil, err
		}
		_, err := c.serving(ctx, b.Program)
		return c.daemon, err
	})
	err = errors.Join(err, run("imapflow + jsforce tuned, which reads no org", func(c *Crowd) (*Process, error) { return b.mailScript(ctx, c, "tuned") }))
	quoteIdle(kase)
	return err
}

// start is W13: from executing the program until it says that it can do its job.
func start(ctx context.Context, b *Bench) error {
	kase := b.newCase("W13", "org and mailbox are there", Figure{Name: "ready", Unit: "ms", Target: atMost(300)}, Figure{Name: "first", Unit: "ms, at the very first start"})
	err := b.measure(ctx, kase, Ours, func(ctx context.Context) (s Sample, err error) {
		c, err := b.crowd(ctx, 20, false)
		if err != nil {
			return s, err
		}
		defer c.Close()
		setting := Recommended()
		if setting.Listen, err = loopback.FreeAddress(); err != nil {
			return s, err
		}
		if err := c.Configure(setting); err != nil {
			return s, err
		}
		s.Values = map[string]float64{}
		for _, figure := range []string{"first", "ready"} {
			began := time.Now()
			if err := c.Serve(b.Program); err != nil {
				return s, err
			}
			if err := ready(ctx, setting.Listen, true); err != nil {
				return s, c.because(err)
			}
			s.Values[figure] = float64(time.Since(began).Milliseconds())
			if _, err := c.daemon.Stop(); err != nil {
				return s, err
			}
		}
		return s, nil
	})
	err = errors.Join(err, b.measure(ctx, kase, "imapflow + jsforce tuned", func(ctx context.Context) (s Sample, err error) {
		c, err := b.crowd(ctx, 20, false)
		if err != nil {
			return s, err
		}
		defer c.Close()
		began := time.Now()
		p, err := b.mailScript(ctx, c, "tuned")
		if err != nil {
			return s, err
		}
		p.Kill()
		s.Values = map[string]float64{"ready": float64(time.Since(began).Milliseconds())}
		return s, nil
	}))
	quoteStart(kase)
	return err
}
