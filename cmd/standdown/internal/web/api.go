package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"standdown/cmd/standdown/internal/store"
)

// apiRoot is where the API is: for programs what the pages are for people, the
// same acts under the same roles. What it consists of is the list of [routes];
// the document that describes it (openapi.json there) is made from that list.
const apiRoot = "/api/v1"

// mostSent is how many bytes a request to the API has at most: enough for an
// answer to as many entries as one hold has.
const mostSent = 1 << 20

// Lengths of a page of the API.
const (
	apiPage     = 50
	mostPerPage = 500
)

// An api answers programs.
type api struct{ *site }

// A route is one thing that can be asked for or done.
type route struct {
	method, path string
	need         Role
	summary      string
	query        []parameter
	in, out      reflect.Type // of the bodies; in is nil if there is none
	do           func(a api, r *http.Request, user User) (any, error)
}

// A parameter is one of the query.
type parameter struct {
	name, about string
	needed      bool
	many        bool
	of          any // a value of its type: "", 0 or of a type that has few values
}

// look is a route that changes nothing.
func look[Out any](path, summary string, query []parameter, do func(api, *http.Request, User) (Out, error)) route {
	return route{
		method: http.MethodGet, path: path, need: Viewer, summary: summary, query: query, out: reflect.TypeFor[Out](),
		do: func(a api, r *http.Request, user User) (any, error) { return do(a, r, user) },
	}
}

// act is a route by which something is done; need is the least role that may do
// some of it.
func act[In, Out any](path string, need Role, summary string, do func(api, *http.Request, User, In) (Out, error)) route {
	return route{
		method: http.MethodPost, path: path, need: need, summary: summary, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		do: func(a api, r *http.Request, user User) (any, error) {
			in, err := received[In](r)
			if err != nil {
				return nil, err
			}
			return do(a, r, user, in)
		},
	}
}

func newAPI(s *site) http.Handler {
	a := api{s}
	mux, paths := http.NewServeMux(), map[string]methods{}
	for _, one := range routes() {
		if paths[one.path] == nil {
			paths[one.path] = methods{}
			mux.Handle(apiRoot+one.path, paths[one.path])
		}
		paths[one.path][one.method] = a.serve(one)
	}
	document := describe(routes(), s.sessions.cookie)
	mux.Handle(apiRoot+"/openapi.json", methods{http.MethodGet: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(document)
	})})
	mux.HandleFunc(apiRoot+"/", func(w http.ResponseWriter, r *http.Request) {
		a.reject(w, r, refuse(http.StatusNotFound, "There is no %s; %s/openapi.json says what there is.", r.URL.Path, apiRoot))
	})
	return guarded(mux, mostSent, func(w http.ResponseWriter, r *http.Request) {
		a.reject(w, r, refuse(http.StatusForbidden, "A page of another site has sent this; it is refused."))
	})
}

// methods are what can be done at one path.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h, ok := m[method]; ok {
		h.ServeHTTP(w, r)
		return
	}
	allowed := append(slices.Collect(maps.Keys(m)), http.MethodOptions)
	if m[http.MethodGet] != nil {
		allowed = append(allowed, http.MethodHead)
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	if method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeProblem(w, http.StatusMethodNotAllowed, fmt.Sprintf("%s cannot be done here; there are %s.", r.Method, strings.Join(allowed, ", ")))
}

// serve answers those who may, with JSON.
func (a api) serve(one route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := a.caller(r)
		if err == nil && !user.Role.May(one.need) {
			err = a.unfit(user, one.need)
		}
		if err == nil {
			err = known(r, one.query)
		}
		var answer any
		if err == nil {
			answer, err = one.do(a, r, user)
		}
		var body bytes.Buffer
		if err == nil {
			out := json.NewEncoder(&body)
			out.SetEscapeHTML(false)
			err = out.Encode(answer)
		}
		if err != nil {
			a.reject(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(body.Bytes())
	})
}

// caller tells who makes the request: whose token it brings, or else whoever is
// signed in as for the pages.
func (a api) caller(r *http.Request) (User, error) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return a.bearer(r, strings.TrimSpace(token))
	}
	return a.who(r)
}

// known refuses a query that lacks something, or would be ignored in part.
func known(r *http.Request, query []parameter) error {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "The query cannot be read: %v.", err)
	}
	var names []string
	for _, p := range query {
		names = append(names, p.name)
		if p.needed && strings.TrimSpace(given.Get(p.name)) == "" {
			return refuse(http.StatusBadRequest, "Give %s: %s.", p.name, p.about)
		}
	}
	for name, values := range given {
		at := slices.Index(names, name)
		switch {
		case at < 0 && len(names) == 0:
			return refuse(http.StatusBadRequest, "There is no parameter %q here, nor any other.", name)
		case at < 0:
			return refuse(http.StatusBadRequest, "There is no parameter %q here; there are %s.", name, strings.Join(names, ", "))
		case len(values) > 1 && !query[at].many:
			return refuse(http.StatusBadRequest, "The parameter %s is given %d times.", name, len(values))
		}
	}
	return nil
}

// received reads the body: JSON of which nothing is ignored.
func received[In any](r *http.Request) (in In, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return in, refuse(http.StatusUnsupportedMediaType, "Send JSON, with Content-Type: application/json.")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err = d.Decode(&in); err == nil {
		if _, err = d.Token(); err == io.EOF {
			return in, nil
		}
		err = errors.New("there is more after it")
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return in, refuse(http.StatusRequestEntityTooLarge, "This is too long: there may be %d bytes.", large.Limit)
	}
	return in, refuse(http.StatusBadRequest, "The body is not the JSON that is wanted here: %s.", strings.TrimPrefix(err.Error(), "json: "))
}

// reject answers with the error, in words if it is for others.
func (a api) reject(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "Something went wrong here; the log says what. Look before you say it again."
	refused, isRefused := errors.AsType[refusal](err)
	waiting, mustWait := errors.AsType[tooMany](err)
	switch {
	case isRefused:
		status, text = refused.status, refused.text
	case mustWait:
		status, text = http.StatusTooManyRequests, waiting.Error()
		w.Header().Set("Retry-After", strconv.Itoa(waiting.minutes()*60))
	case errors.Is(err, errSignIn):
		status, text = http.StatusUnauthorized, "Say who asks, with a token (Authorization: Bearer ...). Make one with: standdown web token NAME"
	case r.Context().Err() != nil:
		return
	default:
		if store.Away(err) {
			status, text = http.StatusServiceUnavailable, away
		}
		a.Log.Error("a request to the API failed", "ref", r.URL.Path, "err", err)
	}
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="standdown"`)
	case http.StatusUnsupportedMediaType:
		w.Header().Set("Accept", "application/json")
	}
	writeProblem(w, status, text)
}

// A problem is why something was refused (RFC 9457).
type problem struct {
	Type   string `json:"type" doc:"about:blank: the status says what kind of problem it is"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"what is wrong, and what would be right"`
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(problem{"about:blank", http.StatusText(status), status, detail})
}
