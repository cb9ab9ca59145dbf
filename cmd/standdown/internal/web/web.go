// Package web shows: over HTTP, to people what was done, why, and what waits
// for them, and to programs whether the daemon can do its job now. It decides
// nothing; what people answer goes to the journal under their name.
//
//	/           is anything late? and /review, /cancelled, /holds, /record, /acts, /rules
//	/healthz    the process answers
//	/readyz     it can do its job now; with ?verbose, each check as JSON
//	/metrics    figures for Prometheus
//	/api/v1     for programs what the pages are for people; openapi.json there
//
// The pages work without scripts. Who sees and does what is told by
// [Server.UsersFile]; what another site sends is refused.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/robfig/cron/v3"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// A Server serves the pages. All fields are set before Serve and not changed
// after.
type Server struct {
	// Name is the org's, of letters, digits, - and _, if this machine serves the
	// pages of several; else empty.
	Name    string
	Journal *store.Store
	// Links are the sources that must be read.
	Links []Link
	// Budget is the org's API calls of 24 hours: used, allowed (0 while not
	// known), and how many of them are not for the daemon.
	Budget  func() (used, allowed int)
	Reserve int
	// Leads tells whether this daemon is the one that reads and decides.
	Leads func() bool
	// Systems are those that are written to.
	Systems []string
	// Down tells the systems that this daemon has given up writing to for now;
	// nil if that is not known.
	Down func() []string
	// Figures are shown on /metrics beside those of the journal; nil for none.
	Figures prometheus.Collector
	// Book is the rules that run. Times are shown in its zone. Without it there
	// are no pages for people.
	Book *rules.Book
	// Org is the URL of the org, for links to its records; empty for none.
	Org string
	// UsersFile names who may use the pages, see [ReadUsers]; it is read anew
	// each time. Without it the pages are for looking only, on this machine.
	UsersFile string
	// TrustedHeader names the user, such as X-Forwarded-User, in requests that
	// come from TrustedProxies; empty if nobody else signs people in.
	TrustedHeader  string
	TrustedProxies []netip.Prefix
	// OIDC is where people sign in elsewhere; nil if they do not.
	OIDC *OIDC
	// Checker is who somebody is when approving; nil if a name is all there is.
	Checker func(name string) store.Checker
	// PlanUndo says what would take back the entries of a decision, and what of
	// it stays; nil if that cannot be ordered here.
	PlanUndo func(entries []store.Entry, who, reason string) ([]store.Compensation, []Stays)
	// Plan says what would be decided about an event now and writes nothing;
	// amend, unless it is nil, changes the world as it might be. Nil if that
	// cannot be told here.
	Plan func(ctx context.Context, e rules.Event, amend func(*rules.Snapshot)) (store.Verdict, error)
	// Examples are what the rules must decide in made-up situations; nil if they
	// are not shown.
	Examples func() ([]Example, error)
	// ReadMail takes a mail apart for people; nil if mails are not shown.
	ReadMail func(raw []byte) ([]MailPart, error)
	Version  string
	Now      func() time.Time
	Log      *slog.Logger
}

// A Link is a source and when it is to be read.
type Link struct {
	Name     string
	Schedule cron.Schedule
	// Grace is how late a read may be: as long as a call may take.
	Grace time.Duration
}

// A Stays is what of a decision cannot be taken back.
type Stays struct {
	Entry int64  `json:"entry"`
	Text  string `json:"text"`
	Why   string `json:"why"`
}

// An Example is what the rules decide in a made-up situation.
type Example struct {
	File string
	Line int
	Name string // what it shows, in a sentence
	// Settings are those that it changes, such as cancellation.business_days.
	Settings  []string
	Decisions []rules.Decision
}

// A MailPart is a part of a mail by one author.
type MailPart struct {
	Kind string // such as new, quoted, forwarded
	Text string
}

// Listen opens the address, such as 127.0.0.1:8470.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("web.listen: %w; choose another address, or \"\" for none", err)
	}
	return l, nil
}

// Serve answers requests on l until ctx ends, and closes it. It does not begin
// if the users cannot be read.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if s.UsersFile != "" {
		if _, err := ReadUsers(s.UsersFile); err != nil {
			l.Close()
			return err
		}
	}
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer done()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	})
	err := server.Serve(l)
	if !stop() {
		<-closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving the pages: %w", err)
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics())
	if s.Book != nil {
		mux.Handle("/", newSite(s).handler())
	}
	return mux
}
