package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellSystemd tells systemd, if it started the program, that it has begun, and
// then how it is, and feeds the watchdog for as long as it can do its job, until
// ctx ends. It does nothing elsewhere.
func tellSystemd(ctx context.Context, log *slog.Logger, look func(context.Context) (words string, able bool)) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return
	}
	tell := func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			log.Warn("systemd cannot be told", "err", err)
		}
	}
	tell(daemon.SdNotifyReady)
	pace := time.Minute
	within, err := daemon.SdWatchdogEnabled(false)
	watched := err == nil && within > 0
	if watched {
		pace = min(pace, within/4)
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for told := ""; ; {
		words, able := look(ctx)
		if words != told {
			tell("STATUS=" + words)
			told = words
		}
		if able && watched {
			tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
