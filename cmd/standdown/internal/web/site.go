package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
)

//go:embed templates style.css
var files embed.FS

// A site is the pages for people.
type site struct {
	*Server
	zone      *time.Location
	pages     map[string]*template.Template
	tables    []string // of the rules, and that of people
	sessions  sessions
	failures  failures
	refused   failures // of tokens
	identity  identity
	comparing chan struct{} // holds one for each password that is being tried
}

func newSite(s *Server) *site {
	zone, err := time.LoadLocation(s.Book.Settings().Calendar.Zone)
	if err != nil {
		panic(fmt.Sprintf("web: a book with a zone that is none: %v", err)) // rules.Load refuses it
	}
	one := &site{Server: s, zone: zone, sessions: sessions{cookie: s.cookie(sessionCookie)}, comparing: make(chan struct{}, 2)}
	for _, t := range s.Book.Tables() {
		one.tables = append(one.tables, t.Name)
	}
	one.pages = one.parse()
	return one
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "style.css") })
	mux.HandleFunc("GET /login", s.showLogin)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("GET /login/oidc", s.startOIDC)
	mux.HandleFunc("GET /login/oidc/back", s.finishOIDC)
	mux.HandleFunc("POST /logout", s.logout)
	mux.Handle("GET /{$}", s.allow(Viewer, s.today))
	mux.Handle("GET /review", s.allow(Viewer, s.review))
	mux.Handle("GET /decision/{id}", s.allow(Viewer, s.decision))
	mux.Handle("POST /decision/{id}/answer", s.allow(Operator, s.answer))
	mux.Handle("POST /decision/{id}/undo", s.allow(Approver, s.undo))
	mux.Handle("GET /hold/{id}", s.allow(Viewer, s.hold))
	mux.Handle("POST /hold/{id}/answer", s.allow(Approver, s.answerHold))
	mux.Handle("GET /mail", s.allow(Viewer, s.mail))
	mux.Handle("GET /cancelled", s.allow(Viewer, s.cancelled))
	mux.Handle("GET /ask", s.allow(Viewer, s.showAsk))
	mux.Handle("POST /ask", s.allow(Operator, s.sendAsk))
	mux.Handle("GET /record", s.allow(Viewer, s.record))
	mux.Handle("GET /holds", s.allow(Viewer, s.holds))
	mux.Handle("GET /holds/{client}", s.allow(Viewer, s.client))
	mux.Handle("GET /acts", s.allow(Viewer, s.acts))
	mux.Handle("GET /rules", s.allow(Viewer, s.rules))
	mux.Handle("GET /rules/{table}", s.allow(Viewer, s.table))
	mux.Handle("POST /pause", s.allow(Admin, s.pause))
	mux.Handle("POST /resume", s.allow(Admin, s.resume))
	mux.Handle("/", s.allow(Viewer, func(_ http.ResponseWriter, r *http.Request, _ User) error {
		return refuse(http.StatusNotFound, "There is no page %s.", r.URL.Path)
	}))
	both := http.NewServeMux()
	both.Handle("/", guarded(mux, 64<<10, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Another site has sent this; it is refused.", http.StatusForbidden)
	}))
	both.Handle(apiRoot+"/", newAPI(s))
	return both
}

// A page is what every page is made of.
type page struct {
	Title   string
	Path    string
	User    User
	Users   bool // people sign in
	Proxied bool // and somebody else does that
	Version string
	Name    string // of the org, if there are several
	Told    string // what has just been done
	Data    any
}

// May tells what the user may do.
func (p page) May(role string) bool { return p.Users && p.User.Role.May(Role(role)) }

// render writes the page, wholly or not at all.
func (s *site) render(w http.ResponseWriter, r *http.Request, user User, status int, name, title string, data any) {
	var out bytes.Buffer
	err := s.pages[name].Execute(&out, page{
		Title: title, Path: r.URL.Path, User: user, Users: s.UsersFile != "", Proxied: s.TrustedHeader != "" && s.fromProxy(r),
		Version: s.Version, Name: s.Name, Told: told[r.URL.Query().Get("done")], Data: data,
	})
	if err != nil {
		s.Log.Error("a page cannot be made", "ref", name, "err", err)
		http.Error(w, "This page cannot be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(out.Bytes())
}

// told are the words after what somebody did.
var told = map[string]string{
	"approve": "Approved. It will be done if the records are still as the decision saw them.",
	"decline": "Declined. It will not be done, nor what was to follow it.",
	"retry":   "It will be tried again.",
	"drop":    "Given up, with what was to follow it.",
	"confirm": "Noted as done.",
	"undo":    "Ordered. What needs approval waits for somebody else below.",
	"pause":   "Paused. Reading and deciding go on; nothing is written.",
	"resume":  "Writing goes on.",
	"ask":     "Asked for. It is decided within seconds, below; what needs approval then waits for it.",
}

// fail answers with the error, in words if it is for people.
func (s *site) fail(w http.ResponseWriter, r *http.Request, user User, err error) {
	status, text := http.StatusInternalServerError, "Something went wrong here; the log says what. Nothing was changed."
	refused, ok := errors.AsType[refusal](err)
	switch {
	case ok:
		status, text = refused.status, refused.text
	case errors.Is(err, errSignIn):
		status, text = http.StatusUnauthorized, "You are not signed in any more. Sign in, then do it again."
	case r.Context().Err() != nil:
		return
	default:
		if store.Away(err) {
			status, text = http.StatusServiceUnavailable, away
		}
		s.Log.Error("a page failed", "ref", r.URL.Path, "err", err)
	}
	s.render(w, r, user, status, "problem", http.StatusText(status), text)
}

// away is said while the journal cannot be used.
const away = "The journal cannot be used for the moment. Look again in a while, and if what you have just done is not there, do it again."

// parse makes each page of the frame and its own template.
func (s *site) parse() map[string]*template.Template {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	frame := template.Must(template.New("layout.html").Funcs(s.words()).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	pages := map[string]*template.Template{}
	for _, name := range names {
		if base := path.Base(name); base != "layout.html" && base != "parts.html" {
			pages[strings.TrimSuffix(base, ".html")] = template.Must(template.Must(frame.Clone()).ParseFS(files, name))
		}
	}
	return pages
}
