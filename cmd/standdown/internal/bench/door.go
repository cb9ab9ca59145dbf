package bench

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Door is where an org is reached: it lets every call through and counts it.
type Door struct {
	Address string // host and port

	server *http.Server
	served chan struct{}
	note   func(call []byte, at time.Time) // told of each write, once it is done

	mu    sync.Mutex
	seen  Calls
	first time.Time // when the first call came that is not a login
	last  time.Time // when the last write was answered
}

// Calls are how many came.
type Calls struct{ Reads, Writes, Logins int }

// All are all but the logins, which Salesforce does not count.
func (c Calls) All() int { return c.Reads + c.Writes }

func openDoor(org http.Handler, note func(call []byte, at time.Time)) (*Door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Door{Address: listener.Addr().String(), served: make(chan struct{}), note: note}
	d.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.pass(org, w, r) })}
	go func() {
		defer close(d.served)
		d.server.Serve(listener)
	}()
	return d, nil
}

func (d *Door) pass(org http.Handler, w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	writes, login := isWrite(r, body), strings.HasSuffix(r.URL.Path, "/oauth2/token")
	d.mu.Lock()
	switch {
	case login:
		d.seen.Logins++
	case writes:
		d.seen.Writes++
	default:
		d.seen.Reads++
	}
	if !login && d.first.IsZero() {
		d.first = arrived
	}
	d.mu.Unlock()
	if !writes {
		org.ServeHTTP(w, r)
		return
	}
	// A handler that breaks off in place of an answer has written nevertheless.
	defer func() {
		now := time.Now()
		d.mu.Lock()
		d.last = now
		d.mu.Unlock()
		if d.note != nil {
			d.note(append(body, r.Method+" "+r.URL.Path...), now)
		}
	}()
	org.ServeHTTP(w, r)
}

func isWrite(r *http.Request, body []byte) bool {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/composite") {
		for _, method := range []string{"PATCH", "POST", "DELETE", "PUT"} {
			if bytes.Contains(body, []byte(`"method":"`+method+`"`)) {
				return true
			}
		}
		return false
	}
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/oauth2/token")
}

// Seen is what has come so far.
func (d *Door) Seen() Calls {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen
}

// Forget begins the counting anew.
func (d *Door) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen, d.first, d.last = Calls{}, time.Time{}, time.Time{}
}

// Writing is how long it took to write: from the arrival of the first call, which
// may have been to look, to the answer to the last write.
func (d *Door) Writing() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last.Sub(d.first)
}

func (d *Door) Close() {
	d.server.Close()
	<-d.served
}
