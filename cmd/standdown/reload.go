package main

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"standdown/cmd/standdown/internal/config"
)

// live runs the household until ctx ends or, if it is one daemon, until that
// does. On each hangup the configuration is read anew: if it is right, those
// daemons are ended and begun again that it changes; if not, all go on, and the
// log says why.
func (h *household) live(ctx context.Context, hangups <-chan os.Signal) error {
	all, err := h.load()
	if err != nil {
		return err
	}
	log := newLogger(all[0].Log, h.logs)
	ctx, stop := context.WithCancel(ctx)
	var telling sync.WaitGroup
	defer telling.Wait()
	defer stop()
	h.members, h.over = map[string]*member{}, make(chan error, 1)
	first := h.arrange(ctx, all)
	telling.Go(func() {
		settle(first)
		tellSystemd(ctx, log, h.look)
	})
	for {
		select {
		case <-ctx.Done():
			return h.end(func(*member) bool { return true })
		case err := <-h.over:
			return err
		case <-hangups:
			h.reload(ctx, log)
		}
	}
}

func (h *household) reload(ctx context.Context, log *slog.Logger) {
	next, err := h.load()
	if err != nil {
		log.Error("configuration refused: it goes on as it was", "err", err)
		return
	}
	log.Info("configuration read anew")
	h.arrange(ctx, next)
}

// arrange ends the daemons whose configuration has gone or has changed, and
// begins those that do not run. They have all ended before the first begins: it
// may take over what another had, such as a journal. It returns those it began.
func (h *household) arrange(ctx context.Context, all []*config.Config) (begun []*member) {
	wanted := map[string]*config.Config{}
	for _, cfg := range all {
		wanted[cfg.Name] = cfg
	}
	err := h.end(func(m *member) bool {
		cfg := wanted[m.cfg.Name]
		return cfg == nil || !cfg.Same(m.cfg) || m.failed.Load() // which need not wait any longer
	})
	if err != nil {
		newLogger(all[0].Log, h.logs).Error("a daemon did not end well", "err", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cfg := range all {
		if h.members[cfg.Name] == nil {
			m := h.begin(ctx, cfg)
			h.members[cfg.Name], begun = m, append(begun, m)
		}
	}
	return begun
}
