package web

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// A loginPage is the form, and what was wrong with the last attempt.
type loginPage struct {
	Name, Next, Problem string
	Elsewhere           bool // one can sign in by OIDC
}

func (s *site) showLogin(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, User{}, http.StatusOK, "login", "Sign in", loginPage{Next: localPath(r.FormValue("next")), Elsewhere: s.OIDC != nil})
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	name, next := strings.TrimSpace(r.PostFormValue("name")), localPath(r.PostFormValue("next"))
	again := func(status int, problem string) {
		s.render(w, r, User{}, status, "login", "Sign in", loginPage{name, next, problem, s.OIDC != nil})
	}
	place, _, _ := net.SplitHostPort(r.RemoteAddr)
	if wait := s.failures.begin(name, place, s.Now()); wait > 0 {
		minutes := int(wait/time.Minute) + 1
		w.Header().Set("Retry-After", fmt.Sprint(minutes*60))
		again(http.StatusTooManyRequests, fmt.Sprintf("There were too many attempts. Try again in %d minutes.", minutes))
		return
	}
	users, err := s.users()
	if err != nil {
		s.fail(w, r, User{}, err)
		return
	}
	user, known := users[name]
	if !s.right(r, user.Password, r.PostFormValue("password")) || !known {
		if known { // what is not a name may be a password
			s.Log.Warn("a login failed", "ref", name)
		}
		again(http.StatusUnauthorized, "Name or password is wrong.")
		return
	}
	s.failures.forget(name, place)
	s.signIn(w, r, name)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// signIn begins a session, with a new id.
func (s *site) signIn(w http.ResponseWriter, r *http.Request, name string) {
	s.sessions.end(r)
	http.SetCookie(w, &http.Cookie{
		Name: s.sessions.cookie, Value: s.sessions.start(name, s.Now()), Path: "/", MaxAge: int(signedInTime / time.Second),
		HttpOnly: true, Secure: s.encrypted(r), SameSite: http.SameSiteLaxMode,
	})
}

func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(r)
	http.SetCookie(w, &http.Cookie{Name: s.sessions.cookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.encrypted(r), SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// nobody's password is tried for names that are not known, so that they are not
// told apart by the time it takes.
const nobody = "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"

// right compares a password; few at once, for that is meant to be slow.
func (s *site) right(r *http.Request, hash, password string) bool {
	select {
	case s.comparing <- struct{}{}:
		defer func() { <-s.comparing }()
	case <-r.Context().Done():
		return false
	}
	known := hash != ""
	if !known {
		hash = nobody
	}
	return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil && known
}

// localPath is a path of this site, so that nobody is sent elsewhere.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
