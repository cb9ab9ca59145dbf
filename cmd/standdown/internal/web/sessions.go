package web

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

// How long somebody stays signed in: without a request, and at all.
const (
	idleTime     = 30 * time.Minute
	signedInTime = 12 * time.Hour
)

// sessionCookie holds a random id and nothing else.
const sessionCookie = "standdown_session"

// cookie is the name of a cookie here. Browsers send cookies to all ports of a
// host (RFC 6265, section 8.5): each org on it needs names of its own.
func (s *Server) cookie(name string) string {
	if s.Name == "" {
		return name
	}
	return name + "_" + s.Name
}

// sessions are who is signed in, by the hash of the cookie. They end with the
// daemon.
type sessions struct {
	cookie string

	mu  sync.Mutex
	all map[[32]byte]session
}

type session struct {
	name        string
	began, last time.Time
}

func (s session) over(now time.Time) bool {
	return now.Sub(s.last) > idleTime || now.Sub(s.began) > signedInTime
}

// start signs the user in and returns the cookie's value.
func (s *sessions) start(name string, now time.Time) string {
	id := rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[[32]byte]session{}
	}
	for key, one := range s.all {
		if one.over(now) {
			delete(s.all, key)
		}
	}
	s.all[sha256.Sum256([]byte(id))] = session{name: name, began: now, last: now}
	return id
}

// of returns who made the request; empty if that is nobody who is signed in.
func (s *sessions) of(r *http.Request, now time.Time) string {
	cookie, err := r.Cookie(s.cookie)
	if err != nil {
		return ""
	}
	key := sha256.Sum256([]byte(cookie.Value))
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.all[key]
	if !ok || one.over(now) {
		delete(s.all, key)
		return ""
	}
	one.last = now
	s.all[key] = one
	return one.name
}

func (s *sessions) end(r *http.Request) {
	if cookie, err := r.Cookie(s.cookie); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, sha256.Sum256([]byte(cookie.Value)))
	}
}

// Who has failed so often within failureTime must wait.
const (
	failureTime     = 15 * time.Minute
	failuresByName  = 5
	failuresByPlace = 30
)

// failures are the times of logins that failed, by name and by place.
type failures struct {
	mu  sync.Mutex
	all map[string][]time.Time
}

// begin counts an attempt as failed, until forget says otherwise, so that many
// at once count as well. It tells how long to wait if there were too many.
func (f *failures) begin(name, place string, now time.Time) (wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	recent := map[string][]time.Time{}
	for key, times := range f.all {
		for len(times) > 0 && now.Sub(times[0]) >= failureTime {
			times = times[1:]
		}
		if len(times) > 0 {
			recent[key] = times
		}
	}
	f.all = recent
	for key, most := range map[string]int{"name " + name: failuresByName, "place " + place: failuresByPlace} {
		if times := f.all[key]; len(times) >= most {
			wait = max(wait, failureTime-now.Sub(times[0]))
		}
	}
	if wait == 0 {
		f.all["name "+name] = append(f.all["name "+name], now)
		f.all["place "+place] = append(f.all["place "+place], now)
	}
	return wait
}

// forget takes back what was counted against one who could log in.
func (f *failures) forget(name, place string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, "name "+name)
	if times := f.all["place "+place]; len(times) > 0 {
		f.all["place "+place] = times[:len(times)-1]
	}
}
