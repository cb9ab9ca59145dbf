package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/pflag"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/web"
	"standdown/connectors"
	"standdown/connectors/loopback"
)

// pages serves the pages and the API of the script's configuration, as its
// daemon would, until the script ends: pages. Their address is in $SERVER.
func pages(ts *testscript.TestScript, _ bool, _ []string) {
	cfg, err := config.Load(ts.MkAbs("standdown.yaml"), func(name string) (string, bool) { return ts.Getenv(name), ts.Getenv(name) != "" })
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	journal, err := store.OpenBeside(ctx, ts.MkAbs("standdown.db"))
	ts.Check(err)
	site := &web.Server{
		Journal: journal, Book: cfg.Book, UsersFile: ts.MkAbs("users.yaml"), Checker: checker(cfg.Approvals), PlanUndo: undoer(cfg),
		Budget: func() (int, int) { return 0, 0 }, Leads: func() bool { return true }, Version: "v1", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	l, err := web.Listen("127.0.0.1:0")
	ts.Check(err)
	ended := make(chan error, 1)
	go func() { ended <- site.Serve(ctx, l) }()
	ts.Defer(func() {
		stop()
		if err := errors.Join(<-ended, journal.Close()); err != nil {
			ts.Logf("serving: %v", err)
		}
	})
	ts.Setenv("SERVER", "http://"+l.Addr().String())
}

func remoteTo(t *testing.T, url, token string) *remote {
	t.Helper()
	t.Setenv("STANDDOWN_TOKEN", token)
	r, err := newGlobals(pflag.NewFlagSet("", pflag.ContinueOnError)).newRemote(url)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRemote(t *testing.T) {
	t.Run("what only looks is tried again when the way there is troubled", func(t *testing.T) {
		var calls atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) < 3 {
				http.Error(w, "the proxy has nobody behind it", http.StatusBadGateway)
				return
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Write([]byte(`{"items":[{"id":"R1"}]}`))
		}))
		defer s.Close()
		holds, err := remoteTo(t, s.URL, "x").Holds(t.Context())
		if err != nil || len(holds) != 1 || calls.Load() != 3 {
			t.Errorf("%v %v after %d calls", holds, err, calls.Load())
		}
	})
	t.Run("what acts is done once, and if no answer comes people are told to look", func(t *testing.T) {
		var calls atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			panic(http.ErrAbortHandler)
		}))
		defer s.Close()
		err := remoteTo(t, s.URL, "x").Pause(t.Context(), "all", "audit")
		if err == nil || calls.Load() != 1 || !strings.Contains(err.Error(), "look before you say it again") || exitCode(err) != exitUnreachable {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
	t.Run("the token goes nowhere else", func(t *testing.T) {
		var stolen atomic.Bool
		thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen.Store(true) }))
		defer thief.Close()
		s := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
		defer s.Close()
		r := remoteTo(t, s.URL, "x")
		_, err1 := r.Holds(t.Context())
		err2 := r.Pause(t.Context(), "all", "audit")
		for _, err := range []error{err1, err2} {
			if err == nil || !strings.Contains(err.Error(), "web.listen") || stolen.Load() {
				t.Errorf("%v, and the token went elsewhere: %v", err, stolen.Load())
			}
		}
	})
	t.Run("one who must wait is not kept waiting", func(t *testing.T) {
		var calls atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.Header().Set("Retry-After", "960")
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write([]byte(`{"detail":"There were too many attempts."}`))
		}))
		defer s.Close()
		_, err := remoteTo(t, s.URL, "x").Holds(t.Context())
		if connectors.ClassOf(err) != connectors.Temporary || !strings.Contains(err.Error(), "too many attempts") || calls.Load() != 1 {
			t.Errorf("%v after %d calls", err, calls.Load())
		}
	})
	t.Run("an address that is none, or that gives the token away, is refused before anything is sent", func(t *testing.T) {
		t.Setenv("STANDDOWN_TOKEN", "x")
		g := newGlobals(pflag.NewFlagSet("", pflag.ContinueOnError))
		for url, want := range map[string]string{
			"standdown.acme.example": "want the address", "ftp://x": "want the address", "dana:secret@standdown.acme.example": "want the address", "http://": "want the address", "%": "want the address",
			"https://dana:secret@standdown.acme.example": "the address alone", "https://standdown.acme.example?x=y": "the address alone",
			"http://standdown.acme.example": "want https",
		} {
			if _, err := g.newRemote(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || exitCode(err) != exitWrong {
				t.Errorf("%s: %v, want %q", url, err, want)
			}
		}
		for _, url := range []string{"http://localhost:8470", "http://127.0.0.1:8470", "http://[::1]:8470", "https://standdown.acme.example/behind"} {
			if _, err := g.newRemote(url); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	})
	t.Run("a token file that is not there is said", func(t *testing.T) {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		g := newGlobals(flags)
		if err := flags.Set("token-file", "/nowhere"); err != nil {
			t.Fatal(err)
		}
		if _, err := g.newRemote("http://localhost"); err == nil || !errors.Is(err, os.ErrNotExist) && !strings.Contains(err.Error(), "/nowhere") {
			t.Errorf("%v", err)
		}
	})
}

// TestWhatIsApprovedElsewhereIsDoneInTheOrg has somebody approve by a command
// what a daemon that they reach by its API only has proposed.
func TestWhatIsApprovedElsewhereIsDoneInTheOrg(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a daemon and a world")
	}
	address, err := loopback.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	users := filepath.Join(t.TempDir(), "users.yaml")
	token, err := web.NewToken(users, "Dana's laptop", web.Approver, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	h := openTheatre(t, setting{daemons: 1, lease: 6 * time.Second, rewire: func(_ *stage.Stage, configuration string) string {
		return strings.Replace(configuration, `web: {listen: ""}`, fmt.Sprintf("web: {listen: %q, users_file: %q}", address, users), 1)
	}})
	t.Setenv("STANDDOWN_SERVER", "http://"+address)
	t.Setenv("STANDDOWN_TOKEN", token)
	act := scene(t, "Maria Alvarez asks in a mail")[0]
	if err := act.Do(h.world); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (said string, err error) {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != exitDone {
			err = fmt.Errorf("%v ends with %d: %s", args, code, stderr.Bytes())
		}
		return stdout.String(), err
	}
	err = stage.Until(t.Context(), "the effect in the org", func() (bool, error) {
		said, err := command("outbox", "list", "--state", "proposed", "-o", "json")
		if err != nil {
			return false, err
		}
		var open []store.Entry
		if err := json.Unmarshal([]byte(said), &open); err != nil {
			return false, err
		}
		for _, e := range open {
			if _, err := command("outbox", "approve", fmt.Sprint(e.ID)); err != nil {
				return false, err
			}
		}
		return act.Done(h.world)
	})
	if err != nil {
		t.Fatal(err)
	}
	log, err := h.journal.ActLog(t.Context(), store.ActFilter{Act: "approve", Limit: 10})
	if err != nil || len(log) == 0 {
		t.Fatalf("%v %v", log, err)
	}
	for _, a := range log {
		if a.Who != "Dana's laptop" {
			t.Errorf("%s approved entry %d", a.Who, a.Entry)
		}
	}
}
