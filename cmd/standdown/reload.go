package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"standdown/cmd/standdown/internal/config"
)

// reloading runs with the configuration that load returns until ctx ends, or
// until that fails. On each hangup it loads again: if that succeeds, what runs is
// ended and run again with the new one; if not, it goes on, and the log says why.
func reloading(ctx context.Context, load func() (*config.Config, error), hangups <-chan os.Signal,
	run func(context.Context, *config.Config, *slog.Logger) error, logs io.Writer) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	for {
		log := newLogger(cfg.Log, logs)
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- run(running, cfg, log) }()
		next, err := awaitReload(load, hangups, ended, log)
		stop()
		if next == nil {
			return err
		}
		if err := <-ended; err != nil || ctx.Err() != nil {
			return err
		}
		log.Info("configuration read anew")
		cfg = next
	}
}

// awaitReload returns the next configuration, or how it ended before there was
// one.
func awaitReload(load func() (*config.Config, error), hangups <-chan os.Signal, ended <-chan error, log *slog.Logger) (*config.Config, error) {
	for {
		select {
		case err := <-ended:
			return nil, err
		case <-hangups:
			next, err := load()
			if err == nil {
				return next, nil
			}
			log.Error("configuration refused: it goes on as it was", "err", err)
		}
	}
}
