package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// crash is W4: each program is killed soon after mails came in, and started again
// at once, so often; then the last mails come, and it may finish.
func crash(ctx context.Context, b *Bench) error {
	mails, kills := b.either(30, 600), b.either(2, 10)
	kase := b.newCase("W4", fmt.Sprintf("%d mails, %d kills", mails, kills),
		Figure{Name: "lost", Unit: "mails", Target: atMost(0)}, Figure{Name: "doubled", Unit: "mails", Target: atMost(0)},
		Figure{Name: "written", Unit: "s after the last start"})
	some := func(c *Crowd, k int) error {
		from, to := mails*k/(kills+1), mails*(k+1)/(kills+1)
		return c.Inbox.Deliver(letters(from, to-from, 1500)...)
	}
	run := func(who string, start func(context.Context, *Crowd) (*Process, error), finish func(context.Context, *Crowd, *Process, *Sample) error) error {
		return b.measure(ctx, kase, who, func(ctx context.Context) (s Sample, err error) {
			c, err := b.crowd(ctx, mails, false)
			if err != nil {
				return s, err
			}
			defer c.Close()
			p, err := start(ctx, c)
			if err != nil {
				return s, err
			}
			defer func() { p.Kill() }()
			chance := rand.New(rand.NewPCG(4, 4))
			for k := range kills {
				if err := some(c, k); err != nil {
					return s, err
				}
				pause(ctx, time.Duration(20+chance.IntN(500))*time.Millisecond)
				p.Kill()
				again, err := start(ctx, c)
				if err != nil {
					return s, err
				}
				p = again
			}
			if err := some(c, kills); err != nil {
				return s, err
			}
			began := time.Now()
			s.Values = map[string]float64{"lost": 0, "doubled": 0}
			err = c.allWritten(ctx, mails)
			s.Values["written"] = time.Since(began).Seconds()
			return s, errors.Join(err, finish(ctx, c, p, &s))
		})
	}
	err := run(Ours, func(ctx context.Context, c *Crowd) (*Process, error) {
		if c.daemon == nil {
			if err := c.Configure(Hurried()); err != nil {
				return nil, err
			}
			_, err := c.serving(ctx, b.Program)
			return c.daemon, err
		}
		return c.daemon, errors.Join(c.Serve(b.Program))
	}, func(ctx context.Context, c *Crowd, _ *Process, s *Sample) error {
		return c.drained(ctx, c.journal, mails, s)
	})
	for _, way := range []string{"tuned", "naive"} {
		err = errors.Join(err, run("imapflow + jsforce "+way,
			func(ctx context.Context, c *Crowd) (*Process, error) { return b.mailScript(ctx, c, way) },
			func(ctx context.Context, c *Crowd, p *Process, s *Sample) error {
				return c.scriptEnds(ctx, p, mails, s)
			}))
	}
	quoteCrash(kase)
	return err
}
