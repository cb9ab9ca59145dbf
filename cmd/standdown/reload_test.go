package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"standdown/cmd/standdown/internal/config"
)

func TestTheConfigurationIsReadAnew(t *testing.T) {
	type reading struct {
		reserve int
		err     error
	}
	readings := make(chan reading)
	load := func() (*config.Config, error) {
		r := <-readings
		cfg := &config.Config{}
		cfg.Salesforce.Reserve = r.reserve
		return cfg, r.err
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	hangups := make(chan os.Signal)
	began, over := make(chan int), make(chan error, 1)
	running := 0
	var log bytes.Buffer
	go func() {
		over <- reloading(ctx, load, hangups, func(ctx context.Context, cfg *config.Config, _ *slog.Logger) error {
			if running++; running > 1 {
				t.Error("two run at once")
			}
			began <- cfg.Salesforce.Reserve
			<-ctx.Done()
			running--
			return nil
		}, &log)
	}()
	readings <- reading{reserve: 100}
	if got := <-began; got != 100 {
		t.Errorf("it began with %d, want 100", got)
	}
	hangups <- syscall.SIGHUP
	readings <- reading{err: errors.New("standdown.yaml:3: no such key")}
	hangups <- syscall.SIGHUP
	readings <- reading{reserve: 300}
	if got := <-began; got != 300 {
		t.Errorf("it went on with %d, want 300", got)
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
	if got := log.String(); strings.Count(got, "no such key") != 1 || strings.Count(got, "read anew") != 1 {
		t.Errorf("it said:\n%s", got)
	}
}

func TestAConfigurationThatIsWrongAtTheBeginningEndsIt(t *testing.T) {
	wrong := errors.New("no such key")
	err := reloading(t.Context(), func() (*config.Config, error) { return nil, wrong }, nil, nil, nil)
	if !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}
