package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellSystemd tells systemd, if it started the daemon, that it has begun, and
// then feeds the watchdog for as long as the daemon can do its job, until ctx
// ends. It does nothing elsewhere.
func tellSystemd(ctx context.Context, log *slog.Logger, ready func(context.Context) bool) {
	tell := func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			log.Warn("systemd cannot be told", "err", err)
		}
	}
	tell(daemon.SdNotifyReady)
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil || within == 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(within / 4)
	defer tick.Stop()
	for {
		if ready(ctx) {
			tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
