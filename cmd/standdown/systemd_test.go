package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"standdown/cmd/standdown/internal/config"
)

func TestSystemdIsToldHowItIs(t *testing.T) {
	l, hear := supervised(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))

	words := map[bool]string{true: "acme: can do its job", false: "acme: does not run"}
	var err error
	var able atomic.Bool
	able.Store(true)
	asked := make(chan struct{}, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tellSystemd(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)), func(context.Context) (string, bool) {
			select {
			case asked <- struct{}{}:
			default:
			}
			now := able.Load()
			return words[now], now
		})
	}()
	if got := hear(); got != "READY=1" {
		t.Errorf("told %q at the beginning", got)
	}
	if got := hear(); got != "STATUS=acme: can do its job" {
		t.Errorf("told %q before anything else", got)
	}
	for range 3 {
		if got := hear(); got != "WATCHDOG=1" {
			t.Errorf("told %q while it can do its job", got)
		}
	}
	able.Store(false)
	for range 3 { // the first may have been asked before
		<-asked
	}
	l.SetReadDeadline(time.Now().Add(time.Millisecond))
	var last string
	for text := make([]byte, 100); err == nil; {
		var n int
		if n, err = l.Read(text); n > 0 {
			last = string(text[:n])
		}
	}
	if last != "STATUS=acme: does not run" {
		t.Errorf("told %q when it cannot do its job any more", last)
	}
	for range 3 {
		<-asked
	}
	stop()
	<-ended
	l.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := l.Read(make([]byte, 100)); err == nil {
		t.Errorf("told something (%d bytes) although it cannot do its job", n)
	}
}

// supervised has the test run as under systemd, and hear what that is told.
func supervised(t *testing.T) (*net.UnixConn, func() string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("NOTIFY_SOCKET", socket)
	return l, func() string {
		text := make([]byte, 100)
		n, err := l.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(text[:n])
	}
}

func TestSystemdIsToldThatItHasBegunOnceEachOrgHasOrCould(t *testing.T) {
	_, hear := supervised(t)
	late, broken := make(chan struct{}), make(chan struct{})
	h := &household{
		load: func() ([]*config.Config, error) { return []*config.Config{org("acme", 1), org("bravo", 1)}, nil },
		run: func(ctx context.Context, cfg *config.Config, _ *slog.Logger, begun func(ability)) error {
			if cfg.Name == "bravo" {
				<-broken
				return errors.New("the journal is locked")
			}
			<-late
			begun(func(context.Context) bool { return true })
			<-ctx.Done()
			return nil
		},
		several: true, logs: io.Discard, now: time.Now,
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.live(ctx, nil) }()
	tell := func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			t.Fatal(err)
		}
	}
	tell("neither has begun")
	close(broken)
	tell("one cannot")
	close(late)
	for _, want := range []string{"neither has begun", "one cannot", "READY=1", "STATUS=acme: can do its job; bravo: does not run"} {
		if got := hear(); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
