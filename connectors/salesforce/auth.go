package salesforce

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"standdown/connectors"
)

// Auth is how to log in, in one of three ways: ClientID and ClientSecret
// (OAuth client credentials); ClientID, Username and PrivateKey (OAuth JWT
// bearer); or AccessToken, which cannot be renewed and serves for trials.
type Auth struct {
	ClientID     string
	ClientSecret string

	Username string
	// PrivateKey is an RSA key in PEM form, of at least 2048 bits.
	PrivateKey []byte
	// Audience of the JWT; default the org's URL, which External Client Apps
	// require. Older connected apps want https://login.salesforce.com or
	// https://test.salesforce.com.
	Audience string

	AccessToken string
}

type way int

const (
	noWay way = iota
	clientCredentials
	jwtBearer
	accessToken
)

func (a Auth) way() way {
	secret, key, token := a.ClientSecret != "", len(a.PrivateKey) > 0 || a.Username != "", a.AccessToken != ""
	switch {
	case secret && !key && !token && a.ClientID != "":
		return clientCredentials
	case key && !secret && !token && a.ClientID != "" && a.Username != "" && len(a.PrivateKey) > 0:
		return jwtBearer
	case token && !secret && !key:
		return accessToken
	}
	return noWay
}

const (
	assertionLife = 3 * time.Minute // Salesforce refuses more than five
	// A login that failed is not tried again by every waiting call at once:
	// Salesforce counts logins, and locks users out.
	loginPause = 10 * time.Second
	loginLimit = 64 << 10
)

// A session holds the current access token and renews it, one login at a time
// however many calls ask for it.
type session struct {
	url      string
	host     string
	auth     Auth
	key      *rsa.PrivateKey
	client   *http.Client
	timeout  time.Duration
	now      func() time.Time
	log      *slog.Logger
	turn     chan struct{} // held by whoever reads or renews the fields below
	token    string
	failure  error
	user     atomic.Value // id of who is logged in, a string
	failedAt time.Time
}

func newSession(o Options) (*session, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, err
	}
	s := &session{
		url:     o.URL,
		host:    u.Host,
		auth:    o.Auth,
		client:  &http.Client{Transport: repeating(o.Transport), CheckRedirect: noRedirect},
		timeout: o.CallTimeout,
		now:     o.Now,
		log:     o.Logger,
		turn:    make(chan struct{}, 1),
	}
	switch o.Auth.way() {
	case accessToken:
		s.token = o.Auth.AccessToken
	case jwtBearer:
		if s.key, err = jwt.ParseRSAPrivateKeyFromPEM(o.Auth.PrivateKey); err != nil {
			return nil, fmt.Errorf("salesforce private key: want an RSA key in PEM form: %w", err)
		}
		if bits := s.key.N.BitLen(); bits < 2048 {
			return nil, fmt.Errorf("salesforce private key: it has %d bits; Salesforce wants 2048 or more", bits)
		}
		if s.auth.Audience == "" {
			s.auth.Audience = o.URL
		}
	case noWay:
		return nil, errors.New("salesforce login: want client id and secret, or client id, username and private key, or an access token, and not more than one of these")
	}
	return s, nil
}

// current returns a token other than stale, which was refused.
func (s *session) current(ctx context.Context, stale string) (string, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("waiting for a login: %w", ctx.Err())}
	}
	if s.token != "" && s.token != stale {
		return s.token, nil
	}
	if s.auth.way() == accessToken {
		return "", &connectors.Error{Class: connectors.Denied, Code: "INVALID_SESSION_ID",
			Err: errors.New("the access token has expired"), Hint: "it cannot be renewed; log in with client credentials or a key instead"}
	}
	if s.failure != nil && s.now().Sub(s.failedAt) < loginPause {
		return "", s.failure
	}
	token, err := s.login(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.failure, s.failedAt = err, s.now()
		}
		return "", err
	}
	s.token, s.failure = token, nil
	s.log.Debug("logged in", "system", "salesforce")
	return token, nil
}

// userID is who is logged in; empty if that is not known, as with an access
// token.
func (s *session) userID() string {
	id, _ := s.user.Load().(string)
	if !isID(id) {
		return ""
	}
	return id
}

func (s *session) login(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	form, err := s.form()
	if err != nil {
		return "", &connectors.Error{Class: connectors.Denied, Err: fmt.Errorf("signing the login: %w", err)}
	}
	// Logging in twice does no harm, so it may be repeated like a read.
	ctx = context.WithValue(ctx, callKey{}, &call{read: true})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/services/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", &connectors.Error{Class: connectors.Denied, Err: fmt.Errorf("logging in: %w", err)}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return "", &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("logging in at %s: %w", s.host, withoutURL(err))}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, loginLimit))
	if err != nil {
		return "", &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("logging in at %s: %w", s.host, err)}
	}
	return s.readToken(resp, body)
}

func (s *session) form() (url.Values, error) {
	if s.auth.way() == clientCredentials {
		return url.Values{
			"grant_type":    {"client_credentials"},
			"client_id":     {s.auth.ClientID},
			"client_secret": {s.auth.ClientSecret},
		}, nil
	}
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": s.auth.ClientID,
		"sub": s.auth.Username,
		"aud": s.auth.Audience,
		"exp": s.now().Add(assertionLife).Unix(),
	}).SignedString(s.key)
	return url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"assertion":  {assertion},
	}, err
}

func (s *session) readToken(resp *http.Response, body []byte) (string, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
		ID          string `json:"id"` // https://.../id/<org>/<user>
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	decoded := json.Unmarshal(body, &answer) == nil
	switch {
	case resp.StatusCode == http.StatusOK && answer.AccessToken != "":
		s.user.Store(path.Base(answer.ID))
		return answer.AccessToken, nil
	case decoded && answer.Error != "":
		return "", refusedLogin(answer.Error, answer.Description)
	case resp.StatusCode == http.StatusTooManyRequests:
		return "", &connectors.Error{Class: connectors.Throttled, RetryAfter: retryAfter(resp.Header), Err: fmt.Errorf("logging in at %s: answered 429", s.host)}
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusOK:
		return "", &connectors.Error{Class: connectors.Temporary, RetryAfter: retryAfter(resp.Header),
			Err: fmt.Errorf("logging in at %s: answered %d without a token", s.host, resp.StatusCode)}
	}
	return "", &connectors.Error{Class: connectors.Denied, Err: fmt.Errorf("logging in at %s: answered %d", s.host, resp.StatusCode),
		Hint: "check the url: want https://<name>.my.salesforce.com"}
}

// loginHints say what to do about a refused login: by the error's name, or by
// a part of its description, which tells more.
var loginHints = []struct{ code, part, hint string }{
	{"invalid_grant", "approved this consumer", "give the user the app: by its policy, a profile or a permission set"},
	{"invalid_grant", "audience", "set the audience to the org's own url, or for an older connected app to https://login.salesforce.com or https://test.salesforce.com"},
	{"invalid_grant", "locked", "unlock the user in Setup; too many logins have failed"},
	{"invalid_grant", "client credentials user", "name a user to run as in the app's policies"},
	{"invalid_grant", "expired", "check this machine's clock, and that the certificate is the app's current one"},
	{"invalid_grant", "", "check that the app names a user to run as, that the user may use the app, and the audience"},
	{"invalid_client_id", "", "check the client id of the connected app"},
	{"invalid_client", "", "check client id and secret of the connected app"},
	{"unsupported_grant_type", "", "turn this flow on in the app's settings"},
	{"app_not_found", "", "set the audience to the org's own url"},
	{"inactive_user", "", "the user is not active"},
}

func loginHint(code, description string) string {
	for _, h := range loginHints {
		if h.code == code && strings.Contains(strings.ToLower(description), h.part) {
			return h.hint
		}
	}
	return ""
}

func refusedLogin(code, description string) error {
	class := connectors.Denied
	switch code {
	case "rate_limit_exceeded":
		class = connectors.Throttled
	case "server_error", "temporarily_unavailable", "unknown_error":
		class = connectors.Temporary
	}
	return &connectors.Error{Class: class, Code: code, Err: errors.New(cleanText(description)), Hint: loginHint(code, description)}
}

// authorizing sets the token on each request. If Salesforce says that the
// session is over, it logs in again and sends the request once more.
type authorizing struct {
	next    http.RoundTripper
	session *session
}

func (a authorizing) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != a.session.host {
		return nil, &connectors.Error{Class: connectors.Denied, Err: fmt.Errorf("%s sends to %s, which gets no token", a.session.host, req.URL.Host),
			Hint: "set the url to the org's own https://<name>.my.salesforce.com"}
	}
	token, err := a.session.current(req.Context(), "")
	if err != nil {
		return nil, err
	}
	resp, err := a.send(req, token, req.Body)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, errorLimit))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if !isOver(body) {
		return resp, nil
	}
	if token, err = a.session.current(req.Context(), token); err != nil {
		return nil, err
	}
	var again io.ReadCloser
	if req.GetBody != nil {
		if again, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return a.send(req, token, again)
}

func (a authorizing) send(req *http.Request, token string, body io.ReadCloser) (*http.Response, error) {
	own := req.Clone(req.Context())
	own.Body = body
	own.Header.Set("Authorization", "Bearer "+token)
	return a.next.RoundTrip(own)
}

// isOver tells a session that has ended from one that a new login would not
// help: two messages with the same code come back for ever.
func isOver(body []byte) bool {
	return bytes.Contains(body, []byte("INVALID_SESSION_ID")) &&
		!bytes.Contains(body, []byte("Connected app is not attached to Agent")) &&
		!bytes.Contains(body, []byte("This session is not valid for use with the REST API"))
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
