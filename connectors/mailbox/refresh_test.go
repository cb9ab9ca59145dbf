package mailbox_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// A rotator is a token endpoint that takes each refresh token once: the answer
// brings the next one.
type rotator struct {
	*httptest.Server

	mu    sync.Mutex
	valid string
	n     int
}

func startRotator(t *testing.T) *rotator {
	t.Helper()
	r := &rotator{valid: "first"}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if request.PostFormValue("refresh_token") != r.valid {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		r.n++
		r.valid = fmt.Sprint("rotated-", r.n)
		fmt.Fprintf(w, `{"access_token":"access-%d","expires_in":3600,"refresh_token":%q}`, r.n, r.valid)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *rotator) revoke(next string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.valid = next
}

// hours returns a clock that is ahead of the last access token at each call.
func hours(start time.Time) func() time.Time {
	at := start
	return func() time.Time {
		at = at.Add(2 * time.Hour)
		return at
	}
}

func TestAReplacedRefreshTokenSurvivesARestart(t *testing.T) {
	secret := func(t *testing.T) string {
		file := filepath.Join(t.TempDir(), "refresh_token")
		if err := os.WriteFile(file, []byte("first\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	held := func(t *testing.T, file string) string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	start := func(r *rotator, file, refresh string) *mailbox.Tokens {
		return mailbox.NewTokens(mailbox.OAuth{TokenURL: r.URL, ClientID: "id", RefreshToken: refresh, RefreshFile: file, Now: hours(now)})
	}
	ask := func(t *testing.T, tokens *mailbox.Tokens) {
		t.Helper()
		if _, err := tokens.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("in its file, which only the owner can read", func(t *testing.T) {
		r, file := startRotator(t), secret(t)
		for range 3 {
			tokens := start(r, file, held(t, file))
			ask(t, tokens)
			ask(t, tokens)
		}
		if got := held(t, file); got != "rotated-6" {
			t.Errorf("the file holds %q, want the sixth", got)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("its mode is %v (%v)", info.Mode(), err)
		}
		if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
			t.Errorf("left beside it: %v", left)
		}
	})
	t.Run("behind a link", func(t *testing.T) {
		r, file := startRotator(t), secret(t)
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(file, link); err != nil {
			t.Fatal(err)
		}
		ask(t, start(r, link, "first"))
		if got := held(t, file); got != "rotated-1" {
			t.Errorf("the file holds %q", got)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is no longer one: %v, %v", info, err)
		}
	})
	t.Run("and one that somebody else put there is used", func(t *testing.T) {
		r, file := startRotator(t), secret(t)
		tokens := start(r, file, "first")
		ask(t, tokens)
		r.revoke("given anew")
		if _, err := tokens.Token(t.Context()); connectors.ClassOf(err) != connectors.Denied {
			t.Fatalf("got %v, want it denied", err)
		}
		if err := os.WriteFile(file, []byte("given anew\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		ask(t, tokens)
		if got := held(t, file); got != "rotated-2" {
			t.Errorf("the file holds %q", got)
		}
	})
	t.Run("and one that cannot be kept is reported and used", func(t *testing.T) {
		r, file := startRotator(t), filepath.Join(t.TempDir(), "gone", "refresh_token")
		var log bytes.Buffer
		tokens := mailbox.NewTokens(mailbox.OAuth{TokenURL: r.URL, ClientID: "id", RefreshToken: "first", RefreshFile: file,
			Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: hours(now)})
		ask(t, tokens)
		if !strings.Contains(log.String(), "cannot be kept") || strings.Contains(log.String(), "rotated") {
			t.Errorf("the log says %q; want the failure, without the token", log.String())
		}
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		ask(t, tokens)
		if got := held(t, file); got != "rotated-2" {
			t.Errorf("the file holds %q", got)
		}
	})
}

func TestAnApplicationStaysItselfWhateverItIsGiven(t *testing.T) {
	i := startIssuer(t) // gives a refresh token to everybody
	tokens := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id", ClientSecret: "shh", Now: hours(time.Now())})
	for range 2 {
		if _, err := tokens.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, form := range i.asked() {
		if got := form.Get("grant_type"); got != "client_credentials" {
			t.Errorf("it asked by %s", got)
		}
	}
}
