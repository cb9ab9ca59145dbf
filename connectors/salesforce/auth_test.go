package salesforce

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"standdown/connectors"
)

// A gate is a server that hands out numbered tokens and lets through requests
// that carry the latest one.
type gate struct {
	logins  atomic.Int64
	refusal atomic.Value // func(http.ResponseWriter): answers logins instead
	refused string       // body of 401 answers
	answer  http.HandlerFunc
}

const expired = `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/services/oauth2/token" {
		g.logins.Add(1)
		if refuse, ok := g.refusal.Load().(func(http.ResponseWriter)); ok && refuse != nil {
			refuse(w)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"access_token": fmt.Sprint("token", g.logins.Load()), "token_type": "Bearer"})
		return
	}
	if r.Header.Get("Authorization") != fmt.Sprint("Bearer token", g.logins.Load()) {
		w.WriteHeader(http.StatusUnauthorized)
		w.Write([]byte(g.refused))
		return
	}
	g.answer(w, r)
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func connect(t *testing.T, url string, change func(*Options)) *Client {
	t.Helper()
	opts := Options{URL: url, Auth: Auth{ClientID: "id", ClientSecret: "secret"}}
	if change != nil {
		change(&opts)
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ok(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{}`)) }

func wantClass(t *testing.T, err error, want connectors.Class) {
	t.Helper()
	if err == nil || connectors.ClassOf(err) != want {
		t.Errorf("error %v of class %s, want %s", err, connectors.ClassOf(err), want)
	}
}

func TestThirtyCallsWithAnExpiredTokenLogInOnce(t *testing.T) {
	g := &gate{refused: expired, answer: ok}
	c := connect(t, serve(t, g), nil)
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.logins.Add(1) // the token handed out is the latest no more
	before := g.logins.Load()
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := c.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := g.logins.Load() - before; n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func TestAWriteIsSentAgainAfterTheTokenWasRenewed(t *testing.T) {
	var got atomic.Value
	g := &gate{refused: expired, answer: func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		json.NewDecoder(r.Body).Decode(&body)
		got.Store(fmt.Sprint(body["name"]))
		ok(w, r)
	}}
	c := connect(t, serve(t, g), nil)
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.logins.Add(1)
	err := c.do(t.Context(), request{method: http.MethodPost, path: "/x", body: map[string]any{"name": "whole"}}, nil)
	if err != nil || got.Load() != "whole" {
		t.Errorf("error %v and body %v, want the whole body", err, got.Load())
	}
}

func TestTwoMessagesOf401DoNotCauseALogin(t *testing.T) {
	for _, message := range []string{"Connected app is not attached to Agent", "This session is not valid for use with the REST API"} {
		g := &gate{refused: `[{"message":"` + message + `","errorCode":"INVALID_SESSION_ID"}]`, answer: ok}
		c := connect(t, serve(t, g), nil)
		if err := c.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.logins.Add(1)
		before := g.logins.Load()
		wantClass(t, c.Check(t.Context()), connectors.Denied)
		if n := g.logins.Load() - before; n != 0 {
			t.Errorf("%s: %d logins, want none", message, n)
		}
	}
}

func TestALoginThatWasRefusedSaysWhyAndIsNotTriedAtOnce(t *testing.T) {
	g := &gate{answer: ok}
	g.refusal.Store(func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_client","error_description":"invalid client credentials"}`))
	})
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := connect(t, serve(t, g), func(o *Options) { o.Now = func() time.Time { return now } })
	for range 5 {
		err := c.Check(t.Context())
		wantClass(t, err, connectors.Denied)
		for _, part := range []string{"invalid_client", "invalid client credentials", "check client id and secret"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q does not say %q", err, part)
			}
		}
		if strings.Contains(err.Error(), "secret=") {
			t.Errorf("error %q shows the secret", err)
		}
	}
	if n := g.logins.Load(); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	g.refusal.Store((func(http.ResponseWriter))(nil))
	now = now.Add(time.Minute)
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("after a minute: %v", err)
	}
}

func TestALoginIsRepeatedWhenTheServerIsBusy(t *testing.T) {
	g := &gate{answer: ok}
	g.refusal.Store(func(w http.ResponseWriter) {
		g.refusal.Store((func(http.ResponseWriter))(nil))
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if err := connect(t, serve(t, g), nil).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALoginThatHangsEndsWithItsTimeout(t *testing.T) {
	hang := make(chan struct{})
	url := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer close(hang)
	c := connect(t, url, func(o *Options) { o.CallTimeout = 50 * time.Millisecond })
	wantClass(t, c.Check(t.Context()), connectors.Temporary)
}

// Nothing was sent yet, so that nothing is in doubt.
func TestAWriteThatEndsWhileItWaitsForALoginIsTemporary(t *testing.T) {
	hang, asked := make(chan struct{}), make(chan struct{})
	url := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(asked); <-hang }))
	c := connect(t, url, nil)
	first, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Check(first)
	}()
	<-asked
	second, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	wantClass(t, c.do(second, request{method: "PATCH", path: "/sobjects/Case/x", body: map[string]any{}}, nil), connectors.Temporary)
	cancel()
	<-done
	close(hang)
}

func TestTheJWTIsSignedForTheOrg(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var claims jwt.MapClaims
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/services/oauth2/token" {
			return
		}
		_, err := jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired()).
			ParseWithClaims(r.PostFormValue("assertion"), &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil })
		if err != nil {
			t.Errorf("assertion: %v", err)
		}
		w.Write([]byte(`{"access_token":"a"}`))
	}))
	encoded := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	c := connect(t, url, func(o *Options) {
		o.Auth = Auth{ClientID: "app", Username: "robot@example.com", PrivateKey: encoded}
		o.Now = func() time.Time { return now }
	})
	if err := c.do(t.Context(), request{method: http.MethodGet, path: "/", read: true}, nil); err != nil {
		t.Fatal(err)
	}
	if claims["iss"] != "app" || claims["sub"] != "robot@example.com" || claims["aud"] != url {
		t.Errorf("claims %v, want issuer app, subject robot@example.com, audience %s", claims, url)
	}
}

func TestTheTokenDoesNotFollowARedirect(t *testing.T) {
	var leaked atomic.Bool
	elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { leaked.Store(r.Header.Get("Authorization") != "") }))
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) }))
	c := connect(t, url, func(o *Options) { o.Auth = Auth{AccessToken: "secret"} })
	wantClass(t, c.Check(t.Context()), connectors.Denied)
	if leaked.Load() {
		t.Error("the token was sent to another host")
	}
}

func TestOptionsAreCheckedAllAtOnce(t *testing.T) {
	_, err := New(Options{
		URL:        "http://acme.my.salesforce.com",
		APIVersion: "61.0",
		Approvals:  Flow,
		WriteGuard: "loose",
		Watch:      []Watch{{Object: "Case", Fields: []string{"Subject FROM User"}}, {Object: "Case"}},
		KeyFields:  map[string]string{"Case": "no field"},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"unencrypted", "62.0 or newer", "loose", "Subject FROM User", "listed twice", "no field"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not mention %q", err, part)
		}
	}
	for name, auth := range map[string]Auth{
		"nothing":      {},
		"two ways":     {ClientID: "a", ClientSecret: "b", AccessToken: "c"},
		"no user":      {ClientID: "a", PrivateKey: []byte("x")},
		"not a key":    {ClientID: "a", Username: "b", PrivateKey: []byte("x")},
		"no client id": {ClientSecret: "b"},
	} {
		if _, err := New(Options{URL: "https://acme.my.salesforce.com", Auth: auth}); err == nil {
			t.Errorf("login with %s is accepted", name)
		}
	}
	if _, err := New(Options{URL: "https://login.salesforce.com", Auth: Auth{ClientID: "a", ClientSecret: "b"}}); err == nil {
		t.Error("client credentials at login.salesforce.com are accepted")
	}
}

func TestARefusedLoginSaysWhatToDo(t *testing.T) {
	for description, want := range map[string]string{
		"user hasn't approved this consumer":     "permission set",
		"audience is invalid":                    "set the audience",
		"user is locked":                         "unlock the user",
		"no client credentials user enabled":     "name a user to run as",
		"expired authorization code":             "clock",
		"authentication failure":                 "may use the app",
		"authentication failure - Invalid Grant": "may use the app",
	} {
		err := refusedLogin("invalid_grant", description)
		wantClass(t, err, connectors.Denied)
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), description) {
			t.Errorf("error %q, want it to say %q", err, want)
		}
	}
}
