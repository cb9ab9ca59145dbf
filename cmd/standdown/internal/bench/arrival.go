package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// An actor acts on a crowd's mails.
type actor struct {
	name string
	// start begins it; it is ready when start returns. Finish waits until it is
	// done with all who asked, ends it, and adds what it needed and did wrong.
	start func(ctx context.Context, c *Crowd) (finish func(asked int, s *Sample) error, err error)
}

// actors are the floor, the program, and the scripts.
func (b *Bench) actors() []actor {
	all := []actor{
		{floor, func(ctx context.Context, c *Crowd) (func(int, *Sample) error, error) {
			stop, err := c.bare(ctx)
			return func(asked int, s *Sample) error {
				err := errors.Join(c.allWritten(ctx, asked), stop())
				s.Wrong = append(s.Wrong, c.patches(asked)...)
				return err
			}, err
		}},
		{Ours, func(ctx context.Context, c *Crowd) (func(int, *Sample) error, error) {
			if err := c.Configure(Recommended()); err != nil {
				return nil, err
			}
			journal, err := c.serving(ctx, b.Program)
			return func(asked int, s *Sample) error { return c.drained(ctx, journal, asked, s) }, err
		}},
	}
	for _, way := range []string{"tuned", "naive"} {
		all = append(all, actor{"imapflow + jsforce " + way, func(ctx context.Context, c *Crowd) (func(int, *Sample) error, error) {
			p, err := b.mailScript(ctx, c, way)
			return func(asked int, s *Sample) error { return c.scriptEnds(ctx, p, asked, s) }, err
		}})
	}
	return all
}

// scriptEnds is how a script finishes.
func (c *Crowd) scriptEnds(ctx context.Context, p *Process, asked int, s *Sample) error {
	err := c.allWritten(ctx, asked)
	p.Kill().values(s.Values)
	s.Wrong = append(s.Wrong, c.patches(asked)...)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, p.said.end())
	}
	return err
}

// patience is how long nothing may be written before the rest is lost: longer than
// between two looks at the mailbox, for a server need not tell who waits that a
// folder is numbered anew.
const patience = 90 * time.Second

// allWritten waits until to everybody's workflow has been written, or until
// nothing has been for too long.
func (c *Crowd) allWritten(ctx context.Context, asked int) error {
	most, since := 0, time.Now()
	return stage.Until(ctx, "every workflow has been written to", func() (bool, error) {
		n := c.Written()
		if n > most {
			most, since = n, time.Now()
		}
		if time.Since(since) > patience {
			return false, fmt.Errorf("%d of %d workflows written to, and nothing since %s", n, asked, patience)
		}
		return n >= asked, nil
	})
}

// act has each actor serve a new crowd, by what deliver puts into the mailbox;
// that returns the figures.
func (b *Bench) act(ctx context.Context, kase *Case, homeowners int, dovecot bool, deliver func(context.Context, *Crowd) (map[string]float64, error)) error {
	for _, a := range b.actors() {
		err := b.measure(ctx, kase, a.name, func(ctx context.Context) (s Sample, err error) {
			c, err := b.crowd(ctx, homeowners, dovecot)
			if err != nil {
				return s, err
			}
			defer c.Close()
			finish, err := a.start(ctx, c)
			if err != nil {
				return s, err
			}
			before := c.Door.Seen().All()
			s.Values, err = deliver(ctx, c)
			if s.Values == nil {
				s.Values = map[string]float64{}
			}
			err = errors.Join(err, finish(homeowners, &s))
			s.Values["calls"] = float64(c.Door.Seen().All()-before) / float64(homeowners)
			return s, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) crowd(ctx context.Context, homeowners int, dovecot bool) (*Crowd, error) {
	var box *Postbox
	if dovecot {
		var err error
		if box, err = startDovecot(); err != nil {
			return nil, err
		}
	}
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	return NewCrowd(dir, homeowners, box)
}

// trickle is W2: mails that arrive one by one, ten a second on average.
func trickle(ctx context.Context, b *Bench) error {
	mails := b.either(20, 300)
	for _, dovecot := range []bool{false, true} {
		where := "embedded server"
		if dovecot {
			where = "Dovecot"
		}
		kase := b.newCase("W2", fmt.Sprintf("%d mails, %s", mails, where),
			Figure{Name: "p50", Unit: "ms", Target: atMostTimes(3, floor)},
			Figure{Name: "p99", Unit: "ms", Target: atMostTimes(10, floor)},
			Figure{Name: "calls", Unit: "a mail"}, Figure{Name: "memory", Unit: "MB at most"}, Figure{Name: "cpu", Unit: "s"})
		if err := b.act(ctx, kase, mails, dovecot, dripping(mails)); err != nil {
			return err
		}
		quoteArrival(kase, dovecot)
	}
	return nil
}

func dripping(mails int) func(context.Context, *Crowd) (map[string]float64, error) {
	return func(ctx context.Context, c *Crowd) (map[string]float64, error) {
		chance := rand.New(rand.NewPCG(2, 3))
		arrived := make([]time.Time, mails)
		for i := range arrived {
			mail := Letter(i, 1500)
			arrived[i] = time.Now()
			if err := c.Inbox.Deliver(mail); err != nil {
				return nil, err
			}
			pause(ctx, time.Duration(chance.ExpFloat64()*float64(100*time.Millisecond)))
		}
		if err := c.allWritten(ctx, mails); err != nil {
			return nil, err
		}
		took := make([]time.Duration, mails)
		for i := range took {
			took[i] = c.WrittenAt(i).Sub(arrived[i])
		}
		slices.Sort(took)
		milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		return map[string]float64{"p50": milliseconds(took[len(took)/2]), "p99": milliseconds(took[len(took)*99/100])}, nil
	}
}

// burst is W3.
func burst(ctx context.Context, b *Bench) error {
	mails := b.either(50, 1000)
	kase := b.newCase("W3", fmt.Sprintf("%s mails at once, embedded server", number(float64(mails))),
		Figure{Name: "written", Unit: "s"}, Figure{Name: "effects", Unit: "a mail", Target: atMost(1)},
		Figure{Name: "calls", Unit: "a mail"}, Figure{Name: "memory", Unit: "MB at most"}, Figure{Name: "cpu", Unit: "s"})
	err := b.act(ctx, kase, mails, false, func(ctx context.Context, c *Crowd) (map[string]float64, error) {
		all := letters(0, mails, 1500)
		began := time.Now()
		if err := c.Inbox.Deliver(all...); err != nil {
			return nil, err
		}
		err := c.allWritten(ctx, mails)
		// That each was acted upon once is checked when all is done: who did not
		// has no figures.
		return map[string]float64{"written": time.Since(began).Seconds(), "effects": 1}, err
	})
	quoteBurst(kase)
	return err
}

// backlog is W5: mails that came while nobody looked.
func backlog(ctx context.Context, b *Bench) error {
	mails := b.either(50, 1000)
	kase := b.newCase("W5", fmt.Sprintf("%s mails, no new one", number(float64(mails))),
		Figure{Name: "first", Unit: "s until the first write"}, Figure{Name: "written", Unit: "s until the last"},
		Figure{Name: "memory", Unit: "MB at most"}, Figure{Name: "cpu", Unit: "s"})
	run := func(who string, before func(context.Context, *Crowd) error, work func(context.Context, *Crowd) (finish func(*Sample) error, err error)) error {
		return b.measure(ctx, kase, who, func(ctx context.Context) (s Sample, err error) {
			c, err := b.crowd(ctx, mails, false)
			if err != nil {
				return s, err
			}
			defer c.Close()
			if err := errors.Join(before(ctx, c), c.Inbox.Deliver(letters(0, mails, 1500)...)); err != nil {
				return s, err
			}
			began := time.Now()
			finish, err := work(ctx, c)
			if err != nil {
				return s, err
			}
			s.Values = map[string]float64{}
			err = errors.Join(c.allWritten(ctx, mails), finish(&s))
			first, last := c.WrittenAt(0), time.Time{}
			for i := range mails {
				at := c.WrittenAt(i)
				if at.Before(first) {
					first = at
				}
				if at.After(last) {
					last = at
				}
			}
			s.Values["first"], s.Values["written"] = first.Sub(began).Seconds(), last.Sub(began).Seconds()
			return s, err
		})
	}
	var journal *store.Store
	err := run(Ours, func(ctx context.Context, c *Crowd) (err error) {
		if err := c.Configure(Recommended()); err != nil {
			return err
		}
		if journal, err = c.serving(ctx, b.Program); err != nil {
			return err
		}
		_, err = c.daemon.Stop()
		return err
	}, func(ctx context.Context, c *Crowd) (func(*Sample) error, error) {
		return func(s *Sample) error { return c.drained(ctx, journal, mails, s) }, c.Serve(b.Program)
	})
	for _, way := range []string{"tuned", "naive"} {
		err = errors.Join(err, run("imapflow + jsforce "+way, func(context.Context, *Crowd) error { return nil }, func(ctx context.Context, c *Crowd) (func(*Sample) error, error) {
			p, err := b.mailScript(ctx, c, way)
			return func(s *Sample) error { return c.scriptEnds(ctx, p, mails, s) }, err
		}))
	}
	quoteBacklog(kase)
	return err
}
