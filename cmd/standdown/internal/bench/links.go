package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/loopback"
)

// links is W6: what happens to the link to the mailbox, and how the daemon
// takes it. A mail comes before it and is acted upon, others come meanwhile.
func links(ctx context.Context, b *Bench) error {
	const asked = 10
	half := b.newCase("W6", "half-open: the link swallows everything, also that of new connections",
		Figure{Name: "red", Unit: "s until readiness is red", Target: atMost(90)},
		Figure{Name: "green", Unit: "s from being mended until it is green"},
		Figure{Name: "written", Unit: "s from being mended until all mails were acted upon"})
	err := b.measure(ctx, half, Ours, func(ctx context.Context) (Sample, error) {
		return b.overLine(ctx, asked, func(ctx context.Context, w *watched) (map[string]float64, error) {
			w.line.SetHole(true)
			fell := time.Now()
			if err := w.Inbox.Deliver(letters(1, asked-1, 1500)...); err != nil {
				return nil, err
			}
			if err := ready(ctx, w.pages, false); err != nil {
				return nil, err
			}
			values := map[string]float64{"red": time.Since(fell).Seconds()}
			w.line.Reset() // a hole swallows for good; so new connections are needed
			w.line.SetHole(false)
			mended := time.Now()
			err := w.allWritten(ctx, asked)
			values["written"] = time.Since(mended).Seconds()
			err = errors.Join(err, ready(ctx, w.pages, true))
			values["green"] = time.Since(mended).Seconds()
			return values, err
		})
	})
	quoteLinks(half)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name string
		do   func(w *watched) error
	}{
		{"all connections are reset (RST)", func(w *watched) error {
			w.line.Reset()
			return nil
		}},
		{"the mailbox is numbered anew (UIDVALIDITY)", func(w *watched) error { return w.Mail.Renumber(MailUser, "INBOX") }},
	} {
		kase := b.newCase("W6", way.name, Figure{Name: "written", Unit: "s until the mails after it were acted upon"})
		err := b.measure(ctx, kase, Ours, func(ctx context.Context) (Sample, error) {
			return b.overLine(ctx, asked, func(ctx context.Context, w *watched) (map[string]float64, error) {
				if err := errors.Join(way.do(w), w.Inbox.Deliver(letters(1, asked-1, 1500)...)); err != nil {
					return nil, err
				}
				began := time.Now()
				err := w.allWritten(ctx, asked)
				return map[string]float64{"written": time.Since(began).Seconds()}, err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// watched is a crowd whose daemon is asked whether it is ready, and reaches the
// mailbox over a bad line.
type watched struct {
	*Crowd
	line  *BadLine
	pages string
}

// overLine has the daemon act on a first mail, then something happens, then it
// must come to rest with everybody served once.
func (b *Bench) overLine(ctx context.Context, asked int, happens func(context.Context, *watched) (map[string]float64, error)) (s Sample, err error) {
	c, err := b.crowd(ctx, asked, false)
	if err != nil {
		return s, err
	}
	defer c.Close()
	w := &watched{Crowd: c}
	if w.line, err = NewBadLine(c.Inbox.Address, 6, 0); err != nil {
		return s, err
	}
	defer w.line.Close()
	if w.pages, err = loopback.FreeAddress(); err != nil {
		return s, err
	}
	setting := Recommended()
	if b.Small {
		setting = Hurried()
	}
	setting.IMAP, setting.Listen = w.line.Address, w.pages
	if err := c.Configure(setting); err != nil {
		return s, err
	}
	var journal *store.Store
	if journal, err = c.serving(ctx, b.Program); err != nil {
		return s, err
	}
	err = errors.Join(ready(ctx, w.pages, true), c.Inbox.Deliver(Letter(0, 1500)), c.allWritten(ctx, 1))
	if err != nil {
		return s, c.because(err)
	}
	if s.Values, err = happens(ctx, w); err != nil {
		return s, fmt.Errorf("%w; %w", err, c.because(errors.New("its last words")))
	}
	return s, c.drained(ctx, journal, asked, &s)
}
