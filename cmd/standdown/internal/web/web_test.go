package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

var start = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

// A daemon whose mailbox is to be read every minute, each call within half a
// minute.
type world struct {
	server       *Server
	journal      *store.Store
	url, path    string
	now          time.Time
	used, allows int
}

func newWorld(t testing.TB, prepare ...func(*Server)) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "journal.db"), now: start, allows: 1000}
	var err error
	if w.journal, err = store.Open(t.Context(), w.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.journal.Close() })
	every, err := cron.ParseStandard("@every 1m")
	if err != nil {
		t.Fatal(err)
	}
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	w.server = &Server{
		Journal: w.journal, Book: book, Links: []Link{{Name: "mailbox", Schedule: every, Grace: 30 * time.Second}},
		Budget: func() (int, int) { return w.used, w.allows }, Reserve: 100,
		Leads: func() bool { return true }, Version: "v1", Now: func() time.Time { return w.now },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, p := range prepare {
		p(w.server)
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w.url = "http://" + l.Addr().String()
	return w
}

func (w *world) read(t testing.TB) {
	t.Helper()
	r, err := w.journal.Reading(t.Context(), "mailbox")
	if err != nil {
		t.Fatal(err)
	}
	r.ReadAt = w.now
	if _, err := w.journal.Intake(t.Context(), "mailbox", &r, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *world) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestReadiness(t *testing.T) {
	expect := func(t *testing.T, w *world, status int, says string) {
		t.Helper()
		if got, body := w.get(t, "/readyz"); got != status || !strings.Contains(body, says) {
			t.Errorf("readyz: %d %q, want %d with %q", got, body, status, says)
		}
		want := "standdown_ready 0"
		if status == http.StatusOK {
			want = "standdown_ready 1"
		}
		if _, body := w.get(t, "/metrics"); !strings.Contains(body, want+"\n") {
			t.Errorf("metrics: no line %q", want)
		}
	}
	t.Run("a source that has never been read is not ready", func(t *testing.T) {
		expect(t, newWorld(t), http.StatusServiceUnavailable, "source mailbox: has not been read yet")
	})
	t.Run("ready while each source is read when it should be, red when a read is overdue, and ready again", func(t *testing.T) {
		w := newWorld(t)
		w.read(t)
		w.now = start.Add(89 * time.Second)
		expect(t, w, http.StatusOK, "ready")
		w.now = start.Add(90 * time.Second)
		expect(t, w, http.StatusServiceUnavailable, "source mailbox: last read 1m30s ago")
		if _, body := w.get(t, "/metrics"); !strings.Contains(body, `standdown_source_read_age_seconds{source="mailbox"} 90`+"\n") {
			t.Errorf("metrics do not tell the age of 90 seconds:\n%s", body)
		}
		w.read(t)
		expect(t, w, http.StatusOK, "ready")
	})
	t.Run("without API calls left for the daemon it is not ready", func(t *testing.T) {
		w := newWorld(t)
		w.read(t)
		w.used = 900
		expect(t, w, http.StatusServiceUnavailable, "salesforce API calls: 900 of 1000 used")
	})
	t.Run("with a journal that cannot be written it is not ready", func(t *testing.T) {
		w := newWorld(t)
		w.read(t)
		w.journal.Close()
		expect(t, w, http.StatusServiceUnavailable, "journal: ")
		if status, _ := w.get(t, "/healthz"); status != http.StatusOK {
			t.Errorf("healthz: %d, though the process lives", status)
		}
	})
	t.Run("paused is not broken", func(t *testing.T) {
		w := newWorld(t)
		w.read(t)
		if err := w.journal.Pause(t.Context(), store.Brake{Name: "all", At: start, Who: "dana", Reason: "audit"}); err != nil {
			t.Fatal(err)
		}
		status, body := w.get(t, "/readyz?verbose")
		var got struct {
			Ready  bool
			Checks []check
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || !got.Ready {
			t.Fatalf("%d %s %v", status, body, err)
		}
		want := check{"paused: all", true, "by dana since 2026-03-03T14:00:00Z: audit"}
		if diff := cmp.Diff(want, got.Checks[len(got.Checks)-1]); diff != "" {
			t.Errorf("last check (-want +got):\n%s", diff)
		}
	})
}

func TestMetricsTellWhatWaits(t *testing.T) {
	w := newWorld(t)
	_, body := w.get(t, "/metrics")
	for _, line := range []string{
		`standdown_build_info{version="v1"} 1`, `standdown_leader 1`, `standdown_outbox_entries{state="stuck"} 0`,
		`standdown_events_undecided 0`, `standdown_quarantine_items 0`, `standdown_salesforce_api_calls_limit 1000`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}
