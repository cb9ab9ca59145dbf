package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"standdown/cmd/standdown/internal/config"
)

// A household is the daemons of this process: one, or one for each org. They
// have in common the process, where they log, what systemd is told and the
// signal to read the configuration anew, and nothing else: each is built by
// [serve], and what ends one does not end another.
type household struct {
	load func() ([]*config.Config, error)
	// run runs a daemon until ctx ends or it fails; it tells begun how to ask
	// whether that can do its job.
	run func(ctx context.Context, cfg *config.Config, log *slog.Logger, begun func(ability)) error
	// several daemons go on when one fails, and that is begun again; one ends
	// for good.
	several bool
	logs    io.Writer // written to by all of them
	now     func() time.Time

	over    chan error // how the one of a household that has not several ended
	mu      sync.Mutex
	members map[string]*member // by the name of the org
}

// An ability tells whether a daemon can do its job now.
type ability func(ctx context.Context) bool

// A member is a daemon that is kept running.
type member struct {
	cfg   *config.Config
	log   *slog.Logger
	stop  context.CancelFunc
	tried chan struct{} // closed when it has begun for the first time, or could not
	ended chan error    // how it ended for good

	able   atomic.Pointer[ability] // nil while it does not run
	failed atomic.Bool             // and was begun since, if at all, without success
}

// How long to wait before a daemon that has failed is begun again: at first, and
// at most.
const (
	firstWait = time.Second
	lastWait  = time.Minute
)

// startTime is how long daemons may take to begin before that is said to be over.
// It is less than systemd's own limit (TimeoutStartSec, 90s by default).
const startTime = 30 * time.Second

func (h *household) begin(ctx context.Context, cfg *config.Config) *member {
	m := &member{cfg: cfg, log: newLogger(cfg.Log, h.logs), tried: make(chan struct{}), ended: make(chan error, 1)}
	if cfg.Name != "" {
		m.log = m.log.With("org", cfg.Name)
	}
	ctx, m.stop = context.WithCancel(ctx)
	go func() {
		err := h.keep(ctx, m)
		if ctx.Err() == nil {
			h.over <- err
		}
		m.ended <- err
	}()
	return m
}

// keep runs a daemon until ctx ends or, if it is the only one, it fails.
func (h *household) keep(ctx context.Context, m *member) error {
	tried := sync.OnceFunc(func() { close(m.tried) })
	for failures := 1; ; failures++ {
		began := h.now()
		err := h.run(ctx, m.cfg, m.log, func(able ability) {
			m.failed.Store(false)
			m.able.Store(&able)
			tried()
		})
		m.able.Store(nil)
		m.failed.Store(true)
		tried()
		if !h.several || ctx.Err() != nil {
			return err
		}
		if h.now().Sub(began) > lastWait {
			failures = 1
		}
		m.log.Error("the daemon has failed: it is begun again", "attempt", failures, "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(firstWait<<min(failures-1, 6), lastWait)):
		}
	}
}

// end ends those that are chosen, and returns when they have ended.
func (h *household) end(chosen func(*member) bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var leaving []*member
	for _, m := range h.members {
		if chosen(m) {
			m.stop()
			leaving = append(leaving, m)
		}
	}
	var errs []error
	for _, m := range leaving {
		if err := <-m.ended; err != nil {
			errs = append(errs, m.named(err))
		}
		delete(h.members, m.cfg.Name)
	}
	return errors.Join(errs...)
}

// settle returns when each has begun or could not, or has been given time to: one
// whose database does not answer must not have systemd give up on the others.
func settle(members []*member) {
	late := time.After(startTime)
	for _, m := range members {
		select {
		case <-m.tried:
		case <-late:
			return
		}
	}
}

// named says which daemon the error is of, if there may be several.
func (m *member) named(err error) error {
	if m.cfg.Name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", m.cfg.Name, err)
}

// look tells how the daemons are, in words, and whether any can do its job. An
// org that keeps one from that, such as one that is down, is no reason to end
// the others.
func (h *household) look(ctx context.Context) (words string, able bool) {
	h.mu.Lock()
	members := slices.SortedFunc(maps.Values(h.members), func(a, b *member) int { return strings.Compare(a.cfg.Name, b.cfg.Name) })
	h.mu.Unlock()
	states := make([]string, len(members))
	var asking sync.WaitGroup
	for i, m := range members {
		asking.Go(func() { states[i] = m.state(ctx) })
	}
	asking.Wait()
	able = slices.Contains(states, stateReady)
	for i, m := range members {
		if m.cfg.Name != "" {
			states[i] = m.cfg.Name + ": " + states[i]
		}
	}
	return strings.Join(states, "; "), able
}

const stateReady = "can do its job"

func (m *member) state(ctx context.Context) string {
	able := m.able.Load()
	switch {
	case able == nil:
		return "does not run"
	case (*able)(ctx):
		return stateReady
	}
	return "cannot do its job now"
}
