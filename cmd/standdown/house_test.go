package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/connectors/loopback"
)

// A house is a world with a daemon in this process, which serves its pages, and
// the people who look after it.
type house struct {
	*director
	cfg  *config.Config
	url  string // of the pages
	stop func() // ends the daemon, once
}

// openHouse starts a world and its daemon, and waits until that has seen what is
// there. Rewire, unless it is nil, changes the configuration. The house is closed
// with the test.
func openHouse(t *testing.T, rewire func(configuration string) string) *house {
	t.Helper()
	world, err := stage.New(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { world.Close() })
	if rewire != nil {
		text, err := os.ReadFile(world.Config())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(world.Config(), []byte(rewire(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(world.Config(), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Web.Listen, err = loopback.FreeAddress(); err != nil {
		t.Fatal(err)
	}
	h := &house{cfg: cfg, url: "http://" + cfg.Web.Listen, stop: served(t, cfg, world.Clock.Now)}
	journal, err := beside(t.Context(), cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	h.director = &director{world: world, journal: journal, approves: func(string) error { return nil }}
	if err := h.baseline(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// served runs a daemon until the test ends or stop is called.
func served(t *testing.T, cfg *config.Config, now func() time.Time) (stop func()) {
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, cfg, slog.New(slog.DiscardHandler), now, 100*time.Millisecond, nil, brisk) }()
	stop = sync.OnceFunc(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
