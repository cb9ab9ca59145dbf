package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/loopback"
)

func newDemoCommand() *cobra.Command {
	var keep, verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the daemon at work, in a world of its own, in less than a minute",
		Long: `See the daemon at work, in a world of its own, in less than a minute.

A Salesforce org, an IMAP server and an SMTP server are started on this machine,
filled with people and contracts. The daemon runs against them as it would
against real ones: same configuration, same connectors, same rules. Mails
arrive, a client's hold dates change, fourteen business days pass, and what came
in, what was decided and why, what was written and what waits for a person is
told as it happens. Nothing leaves this machine and nothing needs to be set up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "standdown-demo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			log := slog.New(slog.DiscardHandler)
			if verbose {
				log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			}
			return demo(cmd.Context(), dir, keep, cmd.OutOrStdout(), log)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "stay up afterwards, with the addresses printed, until stopped")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the daemon's log on standard error")
	return cmd
}

func demo(ctx context.Context, dir string, keep bool, out io.Writer, log *slog.Logger) (err error) {
	world, err := stage.New(dir, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	cfg, err := config.Load(world.Config(), os.LookupEnv)
	if err != nil {
		return err
	}
	if keep {
		if cfg.Web.Listen, err = loopback.FreeAddress(); err != nil {
			return err
		}
	}

	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- serve(running, cfg, log, world.Clock.Now, 100*time.Millisecond, nil, brisk) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()

	journal, err := beside(ctx, cfg.Journal.Name())
	if err != nil {
		return err
	}
	defer journal.Close()
	show := &story{out: out, world: world, journal: journal, pages: cfg.Web.Listen, told: map[string]bool{}}
	show.opening()
	director := &director{world: world, journal: journal, approves: func(decision string) error {
		if err := show.events(ctx); err != nil {
			return err
		}
		show.line("person", "Dana Whitlock looks at decision "+decision+" and approves it")
		return nil
	}}
	if err := director.baseline(ctx); err != nil {
		return err
	}
	for i, act := range stage.Acts() {
		show.act(i+1, act)
		if err := director.play(ctx, act); err != nil {
			return err
		}
		if err := show.events(ctx); err != nil {
			return err
		}
	}
	if err := show.closing(ctx, keep); err != nil || !keep {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		ended <- nil
		return err
	}
}

// brisk has the org read more often than a configuration may ask for: nobody
// wants to wait for a demonstration.
func brisk(e *engine.Engine) {
	for i, f := range e.Feeds {
		if f.Name == "salesforce" {
			e.Feeds[i].Schedule = every(200 * time.Millisecond)
		}
	}
}

type every time.Duration

func (d every) Next(t time.Time) time.Time { return t.Add(time.Duration(d)) }

// A director has acts played and waits for the daemon to have dealt with them.
type director struct {
	world    *stage.Stage
	journal  *store.Store
	approves func(decision string) error // told what a person is about to approve
}

// baseline waits until the daemon has seen the world as it is at the start.
func (d *director) baseline(ctx context.Context) error {
	return stage.Until(ctx, "the first read", func() (bool, error) {
		for _, source := range []string{"salesforce", "mailbox"} {
			r, err := d.journal.Reading(ctx, source)
			if err != nil || r.ReadAt.IsZero() || r.Baseline {
				return false, err
			}
		}
		return true, nil
	})
}

func (d *director) play(ctx context.Context, act stage.Act) error {
	if err := act.Do(d.world); err != nil {
		return fmt.Errorf("playing %q: %w", act.Title, err)
	}
	calm := lull{journal: d.journal}
	return stage.Until(ctx, act.Title, func() (bool, error) {
		if act.Approves {
			if err := d.approve(ctx); err != nil {
				return false, err
			}
		}
		if done, err := act.Done(d.world); err != nil || !done {
			return false, err
		}
		return calm.lasts(ctx)
	})
}

// A lull is when the daemon has nothing to do and has looked at the org since:
// what it wrote there may be what it has to do next. The first read to end in
// the quiet may have begun before it, so there must be a second.
type lull struct {
	journal *store.Store
	last    time.Time // end of the last read that was seen; zero while there is something to do
	reads   int
}

func (l *lull) lasts(ctx context.Context) (bool, error) {
	if nothing, err := l.journal.Quiet(ctx); err != nil || !nothing {
		l.last, l.reads = time.Time{}, 0
		return false, err
	}
	r, err := l.journal.Reading(ctx, "salesforce")
	if err != nil {
		return false, err
	}
	if r.ReadAt.After(l.last) {
		if !l.last.IsZero() {
			l.reads++
		}
		l.last = r.ReadAt
	}
	return l.reads == 2, nil
}

// approve is what a person does who has looked at what is proposed.
func (d *director) approve(ctx context.Context) error {
	waiting, err := d.journal.Entries(ctx, store.Filter{States: []store.State{store.Proposed}})
	if err != nil {
		return err
	}
	for len(waiting) > 0 {
		decision := waiting[0].Decision
		var ids []int64
		for _, e := range waiting {
			if e.Decision == decision {
				ids = append(ids, e.ID)
			}
		}
		if err := d.approves(decision); err != nil {
			return err
		}
		if err := d.journal.Act(ctx, ids, store.Approve, "Dana Whitlock", "", d.world.Clock.Now()); err != nil {
			return err
		}
		waiting = slices.DeleteFunc(waiting, func(e store.Entry) bool { return e.Decision == decision })
	}
	return nil
}

// beside opens the journal once the daemon has made it.
func beside(ctx context.Context, path string) (journal *store.Store, err error) {
	failure := stage.Until(ctx, "the journal", func() (bool, error) {
		journal, err = store.OpenBeside(ctx, path)
		return err == nil, nil
	})
	return journal, errors.Join(failure, err)
}
