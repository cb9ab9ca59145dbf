package mailbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"

	"standdown/connectors"
)

// OAuth says where access tokens for a mailbox come from (RFC 6749). TokenURL
// and ClientID are required. With a refresh token the program acts as the user
// who gave it, without one as itself (client credentials).
type OAuth struct {
	TokenURL     string
	ClientID     string
	ClientSecret string
	RefreshToken string
	// RefreshFile holds RefreshToken, and gets the one that the server puts in
	// its place. Without a file that one is lost when the program ends.
	RefreshFile string
	Scope       string
	// Client is for tests; nil is one with a timeout of 30 s.
	Client *http.Client
	Logger *slog.Logger
	Now    func() time.Time
}

// Tokens are access tokens, fetched when they are needed. It may be used
// concurrently: one fetch serves all who wait for it.
//
// A token is renewed when a tenth of its life is left, at most five minutes. A
// refresh token that the server replaces is written to the file before the
// access token that came with it is used. If the server no longer takes the one
// that is known, and the file holds another (a person or another process put it
// there), that is shown as well.
type Tokens struct {
	options OAuth
	turn    chan struct{} // held by whoever uses the fields below
	token   string
	renew   time.Time // when to fetch the next one
	ends    time.Time
	refresh string
	kept    string // the refresh token that will be found after a restart
}

// NewTokens returns tokens of which none has been fetched.
func NewTokens(options OAuth) *Tokens {
	if options.Client == nil {
		options.Client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: noRedirect}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Tokens{options: options, turn: make(chan struct{}, 1), refresh: options.RefreshToken, kept: options.RefreshToken}
}

// Token returns a token that is valid for a while. While an old one is valid, a
// token endpoint that is down is no error.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if t.token != "" && t.options.Now().Before(t.renew) {
		return t.token, nil
	}
	answer, err := t.fetch(ctx)
	if connectors.ClassOf(err) == connectors.Denied && t.reread() {
		answer, err = t.fetch(ctx)
	}
	if err != nil {
		if t.token != "" && t.options.Now().Before(t.ends) && connectors.ClassOf(err) != connectors.Denied {
			return t.token, nil
		}
		return "", err
	}
	life := time.Duration(answer.ExpiresIn) * time.Second
	t.token, t.ends = answer.AccessToken, t.options.Now().Add(life)
	t.renew = t.ends.Add(-min(life/10, 5*time.Minute))
	if t.refresh != "" && answer.RefreshToken != "" { // without one it goes on as itself
		t.refresh = answer.RefreshToken
		t.keep()
	}
	return t.token, nil
}

// Forget has a token that a server did not accept replaced at the next need.
func (t *Tokens) Forget(ctx context.Context, token string) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	if t.token == token {
		t.token = ""
	}
	<-t.turn
}

type tokenAnswer struct {
	AccessToken  string  `json:"access_token"`
	RefreshToken string  `json:"refresh_token"`
	ExpiresIn    seconds `json:"expires_in"`
	Error        string  `json:"error"`
}

// seconds are a number; some servers write it as a text, or with a point. What
// cannot be read is 0.
type seconds int64

func (s *seconds) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if *s = 0; err == nil && n > 0 {
		*s = seconds(min(n, math.MaxInt32))
	}
	return nil
}

// errorCode is what an endpoint's error code may look like (RFC 6749, 5.2);
// its descriptions may name users.
var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

func (t *Tokens) fetch(ctx context.Context) (answer tokenAnswer, err error) {
	form := url.Values{"client_id": {t.options.ClientID}, "grant_type": {"client_credentials"}}
	if t.options.ClientSecret != "" {
		form.Set("client_secret", t.options.ClientSecret)
	}
	if t.options.Scope != "" {
		form.Set("scope", t.options.Scope)
	}
	if t.refresh != "" {
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", t.refresh)
	}
	host := t.host()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.options.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return answer, &connectors.Error{Class: connectors.Denied, Err: errors.New("the address of the token endpoint is no URL")}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	response, err := t.options.Client.Do(request)
	if err != nil {
		// A *url.Error would show the whole address.
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return answer, fmt.Errorf("asking %s for an access token: %w", host, ended(ctx, err))
	}
	defer response.Body.Close()
	decoding := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer)
	if response.StatusCode == http.StatusOK && decoding == nil && answer.AccessToken != "" {
		if answer.ExpiresIn <= 0 {
			answer.ExpiresIn = 300 // RFC 6749 leaves it open
		}
		return answer, nil
	}
	e := &connectors.Error{Class: connectors.Temporary, Code: strconv.Itoa(response.StatusCode), Err: fmt.Errorf("asking %s for an access token: no token", host)}
	if errorCode.MatchString(answer.Error) {
		e.Code += " " + answer.Error
	}
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		e.Class = connectors.Throttled
		if n, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && n > 0 {
			e.RetryAfter = time.Duration(n) * time.Second
		}
	case answer.Error == "invalid_grant" && t.refresh != "":
		e.Class, e.Hint = connectors.Denied, "the refresh token has run out or was revoked: have the mailbox's owner consent again"
	case response.StatusCode >= 400 && response.StatusCode < 500 && answer.Error != "temporarily_unavailable":
		e.Class, e.Hint = connectors.Denied, "check client id, client secret, scope and tenant of the mailbox's OAuth application"
	}
	return answer, e
}

// noRedirect keeps the secrets from being sent to wherever an answer points.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (t *Tokens) host() string {
	if u, err := url.Parse(t.options.TokenURL); err == nil && u.Host != "" {
		return u.Host
	}
	return "the token endpoint"
}

// errTokenRefused is the end of an exchange in which the server gave its reason
// for a refusal. The connection is of no use after it.
var errTokenRefused = errors.New("the server does not accept the access token")

// A bearer shows an access token to a server.
type bearer struct {
	mechanism string
	initial   []byte
}

// newBearer takes the form that the server offers: OAUTHBEARER (RFC 7628), or
// XOAUTH2 (developers.google.com/workspace/gmail/imap/xoauth2-protocol).
func newBearer(offers func(mechanism string) bool, address, user, token string) (bearer, error) {
	const xoauth2 = "XOAUTH2"
	switch {
	case offers(sasl.OAuthBearer):
		host, port, _ := net.SplitHostPort(address)
		return bearer{sasl.OAuthBearer, fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01port=%s\x01auth=Bearer %s\x01\x01", gs2(user), host, port, token)}, nil
	case offers(xoauth2):
		return bearer{xoauth2, fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", user, token)}, nil
	}
	return bearer{}, &connectors.Error{Class: connectors.Denied,
		Hint: "use a password, or ask the mail administrator to allow OAuth",
		Err:  fmt.Errorf("logging in at %s: the server offers neither %s nor %s", address, sasl.OAuthBearer, xoauth2)}
}

// gs2 writes a name as RFC 5801 has it.
func gs2(name string) string { return strings.NewReplacer("=", "=3D", ",", "=2C").Replace(name) }

func (b bearer) Start() (mechanism string, initial []byte, err error) {
	return b.mechanism, b.initial, nil
}

func (b bearer) Next([]byte) ([]byte, error) { return nil, errTokenRefused }
