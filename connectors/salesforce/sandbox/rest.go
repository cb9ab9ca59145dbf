package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	oldestVersion = 50
	newestVersion = 67
	// maxURI, which is also that of the URI with the headers, and maxBody are
	// Salesforce's, in bytes.
	maxURI  = 16384
	maxBody = 50 << 20
)

// A call is one request to the REST API, or one part of a composite request.
type call struct {
	method string
	path   []string // below /services/data/vXX.0, unescaped
	query  url.Values
	header http.Header
	body   []byte
	base   string // "/services/data/v64.0"
	user   string // id of who calls
	grants grants
	client string // Sforce-Call-Options
}

// A reply is the answer to a call. A nil body is none at all.
type reply struct {
	status int
	header map[string]string
	body   any
}

func (e *Error) reply() reply { return reply{status: e.Status, body: e.restBody()} }

// Handler returns the REST API of the org. It keeps to the path whatever
// number of slashes separates its parts.
func (o *Org) Handler() http.Handler { return http.HandlerFunc(o.serveHTTP) }

func (o *Org) serveHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", o.now().Format(http.TimeFormat))
	if len(r.RequestURI) > maxURI {
		http.Error(w, "URI Too Long", http.StatusRequestURITooLong)
		return
	}
	if len(r.RequestURI)+headerSize(r.Header) > maxURI {
		http.Error(w, "Request Header Fields Too Large", http.StatusRequestHeaderFieldsTooLarge)
		return
	}
	path, err := splitPath(r.URL.EscapedPath())
	if err != nil {
		send(w, notFound("The requested resource does not exist").reply())
		return
	}
	// Once the body is read, net/http notices when the caller goes.
	body, refused := readBody(r)
	if refused != nil {
		send(w, refused.reply())
		return
	}
	if !sleep(r, o.opts.Latency) {
		return
	}
	if len(path) == 2 && path[0] == "sandbox" {
		send(w, o.control(r.Method, path[1], body))
		return
	}
	o.withFault(w, r, path, func(w http.ResponseWriter) { send(w, o.answer(r, path, body)) })
}

func (o *Org) answer(r *http.Request, path []string, body []byte) reply {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(path) == 3 && path[0] == "id":
		return o.identity(r)
	case len(path) < 2 || path[0] != "services":
	case path[1] == "oauth2":
		return o.oauth(r, path[2:], body)
	case path[1] == "data" && len(path) == 2:
		return reply{http.StatusOK, nil, versions()}
	case path[1] == "data":
		return o.data(r, path[2:], body)
	}
	return notFound("The requested resource does not exist").reply()
}

// data answers a call to the versioned API: it wants a session and counts.
func (o *Org) data(r *http.Request, path []string, body []byte) reply {
	user, err := o.session(r)
	if err != nil {
		return err.reply()
	}
	version, ok := strings.CutPrefix(path[0], "v")
	n, nerr := strconv.ParseFloat(version, 64)
	if !ok || nerr != nil || n != float64(int(n)) || n < oldestVersion || n > newestVersion {
		return notFound("The requested resource does not exist").reply()
	}
	var rep reply
	if o.calls >= o.opts.DailyLimit || o.opts.AppLimit > 0 && o.calls >= o.opts.AppLimit {
		rep = (&Error{Status: http.StatusForbidden, Code: "REQUEST_LIMIT_EXCEEDED", Message: "TotalRequests Limit exceeded."}).reply()
	} else {
		o.calls++
		method := r.Method
		if override := r.URL.Query().Get("_HttpMethod"); method == http.MethodPost && override != "" {
			method = override
		}
		rep = o.route(call{method, path[1:], r.URL.Query(), r.Header, body, fmt.Sprintf("/services/data/v%d.0", int(n)), user, o.grantsOf(user), r.Header.Get("Sforce-Call-Options")})
	}
	if rep.header == nil {
		rep.header = map[string]string{}
	}
	rep.header["Sforce-Limit-Info"] = o.limitInfo()
	return rep
}

// limitInfo has two forms; all calls are those of one app here.
func (o *Org) limitInfo() string {
	info := fmt.Sprintf("api-usage=%d/%d", o.calls, o.opts.DailyLimit)
	if o.opts.AppLimit > 0 {
		info += fmt.Sprintf("; per-app-api-usage=%d/%d(appName=%s)", o.calls, o.opts.AppLimit, o.opts.ClientID)
	}
	return info
}

// route finds what a call is about. Composite requests come here again for
// each of their parts.
func (o *Org) route(c call) reply {
	if len(c.path) == 0 {
		return c.methods(methods{"GET": o.resources})
	}
	rest := c.path[1:]
	switch c.path[0] {
	case "query", "queryAll":
		switch len(rest) {
		case 0:
			return c.methods(methods{"GET": o.query})
		case 1:
			return c.methods(methods{"GET": o.queryMore})
		}
	case "limits":
		if len(rest) == 0 {
			return c.methods(methods{"GET": o.limits})
		}
	case "composite":
		if len(rest) == 0 {
			return c.methods(methods{"POST": o.composite})
		}
		if rest[0] == "sobjects" {
			return o.routeCollections(c, rest[1:])
		}
	case "jobs":
		return o.routeJobs(c, rest)
	case "process":
		if strings.Join(rest, "/") == "approvals" {
			return c.methods(methods{"POST": o.approve})
		}
	case "actions":
		if strings.Join(rest, "/") == "standard/reviewApprovalWorkItem" {
			return c.methods(methods{"POST": o.reviewItem})
		}
		if strings.Join(rest, "/") == "standard/emailSimple" {
			return c.methods(methods{"POST": o.emailSimple})
		}
	case "sobjects":
		if len(rest) == 0 {
			return c.methods(methods{"GET": o.describeGlobal})
		}
		return o.routeRows(c, rest)
	}
	return notFound("The requested resource does not exist").reply()
}

type methods map[string]func(call) reply

func (c call) methods(m methods) reply {
	if c.method == http.MethodHead {
		c.method = http.MethodGet
	}
	if handle := m[c.method]; handle != nil {
		return handle(c)
	}
	return (&Error{Status: http.StatusMethodNotAllowed, Code: "METHOD_NOT_ALLOWED",
		Message: "HTTP Method '" + c.method + "' not allowed."}).reply()
}

// decode reads the JSON body of a call.
func (c call) decode(into any) *Error {
	if err := json.Unmarshal(c.body, into); err != nil {
		return refuse("JSON_PARSER_ERROR", "The HTTP entity body is not what was expected: %s", err)
	}
	return nil
}

func (o *Org) resources(c call) reply {
	out := map[string]any{}
	for _, name := range []string{"sobjects", "query", "queryAll", "composite", "limits", "jobs", "process", "actions"} {
		out[name] = c.base + "/" + name
	}
	return reply{http.StatusOK, nil, out}
}

func (o *Org) limits(call) reply {
	return reply{http.StatusOK, nil, map[string]any{
		"DailyApiRequests":     limit(o.opts.DailyLimit, o.calls),
		"DailyBulkApiBatches":  limit(15000, 0),
		"DailyBulkV2QueryJobs": limit(10000, len(o.jobs)),
		"DataStorageMB":        limit(5, 0),
		"SingleEmail":          limit(o.opts.DailyMails, o.mailsToday()),
	}}
}

func limit(most, used int) map[string]any {
	return map[string]any{"Max": most, "Remaining": max(0, most-used)}
}

// versions lists the API versions. v50.0 was Winter '21, and three come a year.
func versions() []map[string]any {
	var list []map[string]any
	for n := oldestVersion; n <= newestVersion; n++ {
		season := [...]string{"Winter", "Spring", "Summer"}[(n-50)%3]
		list = append(list, map[string]any{
			"label":   fmt.Sprintf("%s '%d", season, 21+(n-50)/3),
			"version": fmt.Sprintf("%d.0", n),
			"url":     fmt.Sprintf("/services/data/v%d.0", n),
		})
	}
	return list
}

func headerSize(h http.Header) (n int) {
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return n
}

func splitPath(escaped string) ([]string, error) {
	var parts []string
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "" {
			continue
		}
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, err
		}
		parts = append(parts, plain)
	}
	return parts, nil
}

func readBody(r *http.Request) ([]byte, *Error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && len(b) > 0 && r.Header.Get("Content-Encoding") == "gzip" {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(io.LimitReader(z, maxBody+1))
		}
	}
	if err != nil {
		return nil, refuse("MALFORMED_REQUEST", "reading the body: %s", err)
	}
	if len(b) > maxBody {
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Code: "REQUEST_TOO_LARGE", Message: "the body is larger than 50 MB"}
	}
	return b, nil
}

func send(w http.ResponseWriter, rep reply) {
	for k, v := range rep.header {
		w.Header().Set(k, v)
	}
	if rep.body == nil {
		w.WriteHeader(rep.status)
		return
	}
	if text, ok := rep.body.(csvText); ok {
		w.Header().Set("Content-Type", "text/csv")
		w.WriteHeader(rep.status)
		_, _ = w.Write(text) // as below
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(rep.status)
	// The reader may be gone; nobody is left to be told.
	_ = json.NewEncoder(w).Encode(rep.body)
}

// sleep waits, or returns false when the caller has gone.
func sleep(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
