package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// A refusal is an answer that people can do something about.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return refusal{status, fmt.Sprintf(format, args...)}
}

// errSignIn is about one who must sign in first.
var errSignIn = errors.New("sign in first")

// A shower answers a request of somebody who may make it.
type shower func(w http.ResponseWriter, r *http.Request, user User) error

// allow lets only those in who may do what needs the role.
func (s *site) allow(need Role, show shower) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := s.who(r)
		if err == nil && !user.Role.May(need) {
			err = s.unfit(user, need)
		}
		if err == nil {
			err = show(w, r, user)
		}
		if errors.Is(err, errSignIn) && r.Method == http.MethodGet {
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		if err != nil {
			s.fail(w, r, user, err)
		}
	})
}

func (s *site) unfit(user User, need Role) error {
	if s.UsersFile == "" {
		return refuse(http.StatusForbidden, "Without users nobody can be held to account for what is done here: these pages are for looking only. Name a users file in the configuration (web.users_file).")
	}
	return refuse(http.StatusForbidden, "This needs the role %s; %s has the role %s.", need, user.Name, user.Role)
}

// who tells who makes the request: whom a trusted proxy names, or who is signed
// in. Where no users are configured, who reaches this machine's own address may
// look.
func (s *site) who(r *http.Request) (User, error) {
	if s.UsersFile == "" {
		if !local(r) {
			return User{}, refuse(http.StatusForbidden, "These pages are shown on this machine only, as no users are configured (web.users_file).")
		}
		return User{Role: Viewer}, nil
	}
	users, err := s.users()
	if err != nil {
		return User{}, err
	}
	name := s.sessions.of(r, s.Now())
	if names := r.Header.Values(s.TrustedHeader); s.TrustedHeader != "" && s.fromProxy(r) && len(names) > 0 {
		name = names[0]
		if len(names) > 1 || name == "" {
			return User{}, refuse(http.StatusForbidden, "The proxy does not name one user.")
		}
	}
	if name == "" {
		return User{}, errSignIn
	}
	user, ok := users[name]
	if !ok || user.Token != "" {
		return User{}, refuse(http.StatusForbidden, "%s is not among the users (web.users_file).", name)
	}
	return user, nil
}

func (s *site) users() (map[string]User, error) {
	if s.UsersFile == "" {
		return nil, refuse(http.StatusForbidden, "No users are configured (web.users_file).")
	}
	// Each time anew: who is taken out of it is out at once.
	return ReadUsers(s.UsersFile)
}

func (s *site) fromProxy(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
}

// encrypted tells whether the browser came by https, as far as that can be
// believed.
func (s *site) encrypted(r *http.Request) bool {
	return r.TLS != nil || s.fromProxy(r) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// local tells whether the request is from this machine and for it: a page of
// another site whose name leads here is not.
func local(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if host == "localhost" {
		return true
	}
	to, err := netip.ParseAddr(host)
	return err == nil && to.IsLoopback()
}

// guarded sets what browsers need to know to be safe here, and refuses what
// other sites send, as told by forged, and what has more than most bytes.
func guarded(next http.Handler, most int64, forged http.HandlerFunc) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(forged)
	return protection.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	}))
}
