package mailbox_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/mailbox/sandbox"
)

// An issuer is a token endpoint. Its tokens are signed with key.
type issuer struct {
	*httptest.Server
	life atomic.Int64 // of a token, in seconds

	mu     sync.Mutex
	forms  []url.Values
	refuse func(http.ResponseWriter) bool
}

var tokenKey = []byte("a key that only the issuer and the mail server know")

func startIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.life.Store(3600)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		i.mu.Lock()
		defer i.mu.Unlock()
		i.forms = append(i.forms, r.PostForm)
		if i.refuse != nil && i.refuse(w) {
			return
		}
		fmt.Fprintf(w, `{"token_type":"Bearer","access_token":%q,"expires_in":%d,"refresh_token":"next-%d"}`,
			token(t, user, time.Duration(i.life.Load())*time.Second, len(i.forms)), i.life.Load(), len(i.forms))
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) asked() []url.Values {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]url.Values(nil), i.forms...)
}

func (i *issuer) setRefuse(f func(http.ResponseWriter) bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refuse = f
}

func token(t *testing.T, subject string, life time.Duration, n int) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": subject, "email": subject, "jti": fmt.Sprint(n), "iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(life).Unix(),
	}).SignedString(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// startTokenDovecot runs a Dovecot that verifies tokens by itself and offers
// the given mechanisms only.
func startTokenDovecot(t *testing.T, mechanisms string) *server {
	t.Helper()
	s := startDovecot(t, `
auth_mechanisms = `+mechanisms+`
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = DIR/oauth2.conf
}
`)
	// Dovecot reads these when somebody first logs in.
	keys := filepath.Join(s.dovecot.Dir, "keys", "default", "HS256")
	if err := os.MkdirAll(keys, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(keys, "default"): base64.StdEncoding.EncodeToString(tokenKey),
		filepath.Join(s.dovecot.Dir, "oauth2.conf"): "introspection_mode = local\nusername_attribute = email\n" +
			"local_validation_key_dict = fs:posix:prefix=" + s.dovecot.Dir + "/keys/\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.deliver(t, letter("first"))
	s.options.Password = ""
	return s
}

func TestMailIsReadWithAccessTokens(t *testing.T) {
	for _, mechanism := range []string{"xoauth2", "oauthbearer"} {
		t.Run("by "+mechanism, func(t *testing.T) {
			t.Parallel()
			s := startTokenDovecot(t, "plain "+mechanism)
			i := startIssuer(t)
			tokens := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id", ClientSecret: "shh", Scope: "mail"})
			source := open(t, s, func(o *mailbox.Options) { o.Tokens, o.CommandTimeout = tokens, 5*time.Second })
			records, cursor := drain(t, source, "")
			if diff := cmp.Diff([]string{"first"}, subjectsOf(records)); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			want := []url.Values{{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"shh"}, "scope": {"mail"}}}
			if diff := cmp.Diff(want, i.asked()); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}

			// The link breaks while it waits, and the token is no longer taken.
			drain(t, source, cursor)
			waiting := make(chan error, 1)
			go func() { waiting <- source.Wait(t.Context()) }()
			if err := os.WriteFile(filepath.Join(s.dovecot.Dir, "keys", "default", "HS256", "default"),
				[]byte(base64.StdEncoding.EncodeToString([]byte("another key"))), 0o644); err != nil {
				t.Fatal(err)
			}
			s.dovecot.Down() // it caches keys
			if err := s.dovecot.Up(); err != nil {
				t.Fatal(err)
			}
			err := within(t, 30*time.Second, waiting)
			if connectors.ClassOf(err) != connectors.Denied {
				t.Fatalf("got %v, want it denied", err)
			}
			if strings.Contains(err.Error(), user) {
				t.Errorf("the error holds an address: %v", err)
			}
			if n := len(i.asked()); n < 2 {
				t.Errorf("the issuer was asked %d times, want another token after the refusal", n)
			}
		})
	}
}

// The token runs out during IDLE; the next connection needs a new one.
func TestATokenThatRunsOutIsReplaced(t *testing.T) {
	s := startTokenDovecot(t, "plain xoauth2")
	i := startIssuer(t)
	i.life.Store(2)
	source := open(t, s, func(o *mailbox.Options) {
		o.Tokens = mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id", RefreshToken: "first"})
	})
	_, cursor := drain(t, source, "")
	drain(t, source, cursor)
	ends := time.Now().Add(2 * time.Second)
	go source.Wait(t.Context())
	eventually(t, "the token has run out", func() bool { return time.Now().After(ends) })
	s.dovecot.Kick(user)
	eventually(t, "another token is fetched while it waits", func() bool { return len(i.asked()) == 2 })
	if _, err := source.Changes(t.Context(), cursor); err != nil {
		t.Fatal(err)
	}
	var refreshed []string
	for _, form := range i.asked() {
		refreshed = append(refreshed, form.Get("grant_type")+" "+form.Get("refresh_token"))
	}
	if len(refreshed) < 2 || refreshed[0] != "refresh_token first" || refreshed[1] != "refresh_token next-1" {
		t.Errorf("asked with %q, want the first refresh token and then the one that replaced it", refreshed)
	}
}

func TestAServerWithoutOAuthIsSaidToBe(t *testing.T) {
	s := startSandbox(t)
	i := startIssuer(t)
	source := open(t, s, func(o *mailbox.Options) { o.Tokens = mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id"}) })
	_, err := source.Changes(t.Context(), "")
	if connectors.ClassOf(err) != connectors.Denied || !strings.Contains(err.Error(), "neither OAUTHBEARER nor XOAUTH2") {
		t.Errorf("got %v", err)
	}
}

func TestMailIsSentWithAccessTokens(t *testing.T) {
	var valid atomic.Value
	valid.Store("")
	server := sandbox.New(sandbox.Options{Users: map[string]string{user: password},
		Token: func(name, token string) bool { return name == user && strings.HasPrefix(token, valid.Load().(string)) }})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	i := startIssuer(t)
	sink, err := mailbox.NewSink(mailbox.SinkOptions{Address: server.SMTPAddr, TLS: mailbox.Plain, Username: user, From: user,
		Tokens: mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id"}), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	send := func(key string) error { return sink.Apply(t.Context(), []connectors.Change{notice(key)})[0].Err }
	if err := send("k1"); err != nil {
		t.Fatal(err)
	}
	valid.Store("nothing has this prefix")
	if err := send("k2"); connectors.ClassOf(err) != connectors.Denied {
		t.Errorf("got %v, want it denied", err)
	}
	valid.Store("")
	if err := send("k3"); err != nil {
		t.Error(err)
	}
	if n := len(server.Accepted()); n != 2 {
		t.Errorf("the server took %d mails, want 2", n)
	}
	if n := len(i.asked()); n != 3 {
		t.Errorf("the issuer was asked %d times; want once, again after the refusal, and again for the third mail", n)
	}
}

func TestTokens(t *testing.T) {
	t.Run("one fetch serves all who wait", func(t *testing.T) {
		i := startIssuer(t)
		tokens := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id"})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := tokens.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(i.asked()); n != 1 {
			t.Errorf("the issuer was asked %d times, want once", n)
		}
	})
	t.Run("it is renewed before its end, and kept while the issuer is down", func(t *testing.T) {
		i := startIssuer(t)
		at := time.Now()
		tokens := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id", Now: func() time.Time { return at }})
		first, _ := tokens.Token(t.Context())
		at = at.Add(56 * time.Minute)
		i.setRefuse(func(w http.ResponseWriter) bool { http.Error(w, "", http.StatusBadGateway); return true })
		if again, err := tokens.Token(t.Context()); err != nil || again != first {
			t.Errorf("got another token, or %v; want the old one", err)
		}
		i.setRefuse(nil)
		if second, err := tokens.Token(t.Context()); err != nil || second == first {
			t.Errorf("got the old token, or %v; want another", err)
		}
		if n := len(i.asked()); n != 3 {
			t.Errorf("the issuer was asked %d times, want 3", n)
		}
	})
	t.Run("an issuer that never answers ends with the context", func(t *testing.T) {
		hang := make(chan struct{})
		silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
		defer silent.Close()
		defer close(hang)
		tokens := mailbox.NewTokens(mailbox.OAuth{TokenURL: silent.URL, ClientID: "id", Client: &http.Client{Timeout: 200 * time.Millisecond}})
		if _, err := tokens.Token(t.Context()); err == nil || connectors.ClassOf(err) != connectors.Temporary {
			t.Errorf("got %v, want a temporary error", err)
		}
	})
	t.Run("its life may be written in several ways", func(t *testing.T) {
		for _, life := range []string{`3600`, `"3600"`, `3600.0`, `null`, `"soon"`, `1e30`, `-1`} {
			i := startIssuer(t)
			i.setRefuse(func(w http.ResponseWriter) bool {
				fmt.Fprintf(w, `{"access_token":"t","expires_in":%s}`, life)
				return true
			})
			if got, err := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id"}).Token(t.Context()); err != nil || got != "t" {
				t.Errorf("%s: got %q, %v", life, got, err)
			}
		}
	})
	t.Run("secrets are not sent to where an answer points", func(t *testing.T) {
		other, i := startIssuer(t), startIssuer(t)
		i.setRefuse(func(w http.ResponseWriter) bool {
			w.Header().Set("Location", other.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		})
		if _, err := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id", ClientSecret: "shh"}).Token(t.Context()); err == nil {
			t.Error("a token was taken from elsewhere")
		}
		if n := len(other.asked()); n > 0 {
			t.Errorf("the other was asked %d times", n)
		}
	})
	for name, test := range map[string]struct {
		code  int
		body  string
		class connectors.Class
		text  string
	}{
		"a wrong secret is denied":              {401, `{"error":"invalid_client","error_description":"AADSTS7000215 for rita@sunny.test"}`, connectors.Denied, "401 invalid_client"},
		"a revoked refresh token is denied":     {400, `{"error":"invalid_grant"}`, connectors.Denied, "consent again"},
		"too many requests have to wait":        {429, `{}`, connectors.Throttled, "429"},
		"an outage passes":                      {503, `<html>`, connectors.Temporary, "503"},
		"an answer without a token is no token": {200, `{"expires_in":5}`, connectors.Temporary, "no token"},
	} {
		t.Run(name, func(t *testing.T) {
			i := startIssuer(t)
			i.setRefuse(func(w http.ResponseWriter) bool {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(test.code)
				w.Write([]byte(test.body))
				return true
			})
			_, err := mailbox.NewTokens(mailbox.OAuth{TokenURL: i.URL, ClientID: "id", ClientSecret: "shh", RefreshToken: "hush"}).Token(t.Context())
			e, ok := errors.AsType[*connectors.Error](err)
			if !ok || e.Class != test.class || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("got %v of class %v, want %v", err, connectors.ClassOf(err), test.class)
			}
			if strings.Contains(err.Error(), "rita") || strings.Contains(err.Error(), "shh") || strings.Contains(err.Error(), "hush") {
				t.Errorf("the error holds an address or a secret: %v", err)
			}
			if test.class == connectors.Throttled && e.RetryAfter != 7*time.Second {
				t.Errorf("RetryAfter is %v, want 7s", e.RetryAfter)
			}
		})
	}
}
