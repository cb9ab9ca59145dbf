package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDC is where people sign in who are known to somebody else (OpenID Connect
// Core 1.0, the code flow with PKCE). The users file says what they may do.
type OIDC struct {
	Issuer       string // its URL
	ClientID     string
	ClientSecret string
	// RedirectURL is this site's own /login/oidc/back, as browsers reach it.
	RedirectURL string
	// Claim is what of the identity is the name in the users file: email, which
	// the issuer must have verified, or another such as sub.
	Claim string
}

// loginCookie ties an attempt to sign in to the browser that began it.
const loginCookie = "standdown_login"

// attemptTime is how long one may take to sign in elsewhere, and mostAttempts
// how many may do so at once.
const (
	attemptTime  = 10 * time.Minute
	mostAttempts = 1000
	oidcTimeout  = 10 * time.Second
)

// identity is the issuer as it has told about itself, and who is on the way
// there.
type identity struct {
	mu       sync.Mutex
	provider *oidc.Provider
	attempts map[string]attempt // by state
}

type attempt struct {
	nonce, verifier, next string
	began                 time.Time
}

func (s *site) startOIDC(w http.ResponseWriter, r *http.Request) {
	ctx, done := context.WithTimeout(r.Context(), oidcTimeout)
	defer done()
	config, _, err := s.oauth(ctx)
	if err != nil {
		s.fail(w, r, User{}, err)
		return
	}
	state := rand.Text()
	one := attempt{nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), next: localPath(r.FormValue("next")), began: s.Now()}
	if !s.identity.begin(state, one) {
		s.fail(w, r, User{}, refuse(http.StatusTooManyRequests, "Too many are signing in at once. Try again in some minutes."))
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie(loginCookie), Value: state, Path: "/login", MaxAge: int(attemptTime / time.Second),
		HttpOnly: true, Secure: s.encrypted(r), SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, config.AuthCodeURL(state, oidc.Nonce(one.nonce), oauth2.S256ChallengeOption(one.verifier)), http.StatusSeeOther)
}

// oauth asks the issuer how it works, once it can be reached.
func (s *site) oauth(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	if s.OIDC == nil || s.UsersFile == "" {
		return nil, nil, refuse(http.StatusNotFound, "Nobody else signs people in here.")
	}
	s.identity.mu.Lock()
	provider := s.identity.provider
	s.identity.mu.Unlock()
	if provider == nil {
		var err error
		if provider, err = oidc.NewProvider(ctx, s.OIDC.Issuer); err != nil {
			s.Log.Error("the issuer of identities cannot be reached", "err", err)
			return nil, nil, refuse(http.StatusBadGateway, "Where you would sign in cannot be reached now.")
		}
		s.identity.mu.Lock()
		s.identity.provider = provider
		s.identity.mu.Unlock()
	}
	return &oauth2.Config{
		ClientID: s.OIDC.ClientID, ClientSecret: s.OIDC.ClientSecret, RedirectURL: s.OIDC.RedirectURL,
		Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}, provider, nil
}

// finishOIDC is where the issuer sends people back to.
func (s *site) finishOIDC(w http.ResponseWriter, r *http.Request) {
	ctx, done := context.WithTimeout(r.Context(), oidcTimeout)
	defer done()
	config, provider, err := s.oauth(ctx)
	if err != nil {
		s.fail(w, r, User{}, err)
		return
	}
	state := r.FormValue("state")
	cookie, err := r.Cookie(s.cookie(loginCookie))
	one, began := s.identity.take(state, s.Now())
	if err != nil || cookie.Value != state || !began {
		s.fail(w, r, User{}, refuse(http.StatusForbidden, "This way to sign in was not begun here, or took too long. Try again."))
		return
	}
	name, err := s.identify(ctx, config, provider, one, r.FormValue("code"))
	if err != nil {
		s.Log.Warn("a login failed", "err", err)
		s.fail(w, r, User{}, refuse(http.StatusForbidden, "You could not be identified. Try again, or ask whoever runs this."))
		return
	}
	users, err := s.users()
	if _, known := users[name]; err == nil && !known {
		err = refuse(http.StatusForbidden, "%s is not among the users (web.users_file).", name)
	}
	if err != nil {
		s.fail(w, r, User{}, err)
		return
	}
	s.signIn(w, r, name)
	http.Redirect(w, r, one.next, http.StatusSeeOther)
}

// identify exchanges the code for the name of who brings it.
func (s *site) identify(ctx context.Context, config *oauth2.Config, provider *oidc.Provider, one attempt, code string) (string, error) {
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(one.verifier))
	if err != nil {
		return "", fmt.Errorf("exchanging the code: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: s.OIDC.ClientID, Now: s.Now}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("verifying the identity: %w", err)
	}
	if id.Nonce != one.nonce {
		return "", errors.New("the identity is for another attempt")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return "", fmt.Errorf("reading the identity: %w", err)
	}
	name, _ := claims[s.OIDC.Claim].(string)
	if name == "" {
		return "", fmt.Errorf("the identity has no claim %q", s.OIDC.Claim)
	}
	if s.OIDC.Claim == "email" && claims["email_verified"] != true {
		return "", errors.New("the issuer has not verified the address")
	}
	return name, nil
}

func (i *identity) begin(state string, one attempt) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.attempts == nil {
		i.attempts = map[string]attempt{}
	}
	for state, other := range i.attempts {
		if one.began.Sub(other.began) > attemptTime {
			delete(i.attempts, state)
		}
	}
	if len(i.attempts) >= mostAttempts {
		return false
	}
	i.attempts[state] = one
	return true
}

// take returns an attempt; it can be taken once.
func (i *identity) take(state string, now time.Time) (attempt, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	one, ok := i.attempts[state]
	delete(i.attempts, state)
	return one, ok && now.Sub(one.began) <= attemptTime
}
