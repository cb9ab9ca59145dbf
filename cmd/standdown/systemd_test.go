package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"os"
)

func TestSystemdIsToldHowItIs(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "40000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	hear := func() string {
		text := make([]byte, 100)
		n, err := l.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(text[:n])
	}

	var able atomic.Bool
	able.Store(true)
	asked := make(chan struct{}, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tellSystemd(ctx, slog.New(slog.NewTextHandler(io.Discard, nil)), func(context.Context) bool {
			select {
			case asked <- struct{}{}:
			default:
			}
			return able.Load()
		})
	}()
	if got := hear(); got != "READY=1" {
		t.Errorf("told %q at the beginning", got)
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
	for text := make([]byte, 100); err == nil; {
		_, err = l.Read(text)
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
