package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/connectors/salesforce/sandbox"
)

// TestReadinessOfADaemon breaks the world around a daemon, and mends it.
func TestReadinessOfADaemon(t *testing.T) {
	h := openHouse(t, tracedAt("http://127.0.0.1:1")) // nobody listens there, which must not matter
	awaits := func(what string, status int, says string) {
		t.Helper()
		last := ""
		err := stage.Until(t.Context(), what, func() (bool, error) {
			resp, err := http.Get(h.url + "/readyz")
			if err != nil {
				return false, nil // it begins
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			last = fmt.Sprint(resp.StatusCode, " ", string(body))
			return resp.StatusCode == status && strings.Contains(string(body), says), err
		})
		if err != nil {
			t.Fatalf("%v; it says %s", err, last)
		}
	}
	// fails waits until reading the source has failed, and moves the clock, so
	// that nobody need wait for it to be overdue.
	fails := func(source string) {
		t.Helper()
		figure := fmt.Sprintf(`standdown_source_reads_total{result="failed",source=%q}`, source)
		err := stage.Until(t.Context(), "a reading that fails", func() (bool, error) {
			return strings.Contains(fetch(t, h.url+"/metrics"), figure), nil
		})
		if err == nil {
			err = h.world.Clock.MoveTo(h.world.Clock.Now().Add(time.Minute))
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	awaits("the first read", http.StatusOK, "ready")
	t.Run("no Salesforce", func(t *testing.T) {
		h.world.Org.Fault(sandbox.Fault{Kind: sandbox.Drop, Count: -1})
		fails("salesforce")
		awaits("it to be told", http.StatusServiceUnavailable, "source salesforce: last read 1m")
		h.world.Org.ClearFaults()
		awaits("its end", http.StatusOK, "ready")
	})
	t.Run("dead mail link", func(t *testing.T) {
		if err := h.world.Mail.Close(); err != nil {
			t.Fatal(err)
		}
		fails("mailbox")
		awaits("it to be told", http.StatusServiceUnavailable, "source mailbox: last read 1m")
	})
}

func TestADaemonThatIsStoppedWhileItStartsHasNotFailed(t *testing.T) {
	w := newWatchedStage(t, "")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := serve(ctx, w.cfg, slog.New(slog.DiscardHandler), w.Clock.Now, time.Second, nil); err != nil {
		t.Errorf("it ended with: %v", err)
	}
}
