// Package salesforce connects a Salesforce org over its REST API: it reports
// what changed, reads records, and applies changes.
//
// It does not know what any object or field means, does not wait between
// polls, and does not repeat a write: that is for the caller, who decides by
// the class of the error. It does not notice that a record was hidden from the
// integration user by sharing or by taking rights away: that looks like a record
// that nobody changes, and a change of it is then a Conflict. What was deleted
// past the recycle bin it learns only while reconciling, and only of objects
// whose deletions Salesforce keeps a log of.
//
// What it promises beyond package connectors: a row that Salesforce makes
// visible only minutes after its timestamp is still reported; an answer that was
// lost is never taken for a failure; neither queries, tokens nor addresses appear
// in its errors or its log.
//
// Rules of Salesforce are cited from the REST API Developer Guide.
package salesforce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	sf "github.com/k-capehart/go-salesforce/v3"

	"standdown/connectors"
)

// How updates are guarded against edits made between reading and writing.
const (
	// Checked reads the records, compares, and writes up to 200 in one call.
	// An edit in the moment between the two calls is overwritten if it touches
	// the same fields.
	Checked = "checked"
	// Strict writes each record in a call of its own, which Salesforce refuses
	// if the record was modified since it was read (to the second).
	Strict = "strict"
)

// Options says which org to connect and how.
type Options struct {
	// URL is the org's own address, https://<name>.my.salesforce.com.
	URL string
	// APIVersion is a version of the REST API; default 64.0.
	APIVersion string
	Auth       Auth
	// Watch lists what Changes reports.
	Watch []Watch
	// KeyFields names, for each object that is created, the unique external id
	// field that holds the change's key.
	KeyFields map[string]string
	// WriteGuard is Checked (the default) or Strict.
	WriteGuard string
	// Overlap is how long after its stamp a row may still become visible, for it
	// is stamped before its transaction commits; default 10 minutes, the longest
	// a transaction may last. Polls read that far back until then.
	Overlap time.Duration
	// Reconcile is how often everything is read anew, little by little beside
	// the polls, for what those cannot see: records that became visible long
	// after they were changed, and deletions that left nothing in the recycle
	// bin. 0 means never.
	Reconcile time.Duration
	// Reserve is how many of the org's API calls of 24 hours are left to
	// others. As they run short, polls come further apart and reconciling
	// rests; writing goes on until the reserve is reached.
	Reserve int
	// Approvals is Classic or Flow, the kind of approval that Reject turns
	// down; without it there is none.
	Approvals string
	// CallTimeout bounds each call with all its repetitions; a call that
	// carries several requests may take that long for each. Default 30 s.
	CallTimeout time.Duration
	// Client is the name Salesforce records as the origin of changes
	// (Sforce-Call-Options); default "standdown".
	Client string

	// Called is told of each call that counts towards the org's limit, with the
	// resource that was called, such as query or composite. It must return at
	// once and may be called concurrently; nil if nobody counts.
	Called func(resource string)

	Transport http.RoundTripper // default: one like http.DefaultTransport
	Logger    *slog.Logger      // default: none
	Now       func() time.Time  // default: time.Now
}

// A Watch is one object whose changes are reported, and what is read of it. It
// must have SystemModstamp, CreatedDate, LastModifiedById and IsDeleted, as
// business objects do.
type Watch struct {
	Object string
	// Fields may lead to parents by dots. A change of a parent alone, or of a
	// formula, is no change of the record and is not reported.
	Fields []string
	// Having is a field that must not be empty: other records are not reported.
	// If it is empty itself, all are.
	Having string
}

// A Client is a [connectors.Source], [connectors.Sink] and
// [connectors.Lookup]. Its methods may be called concurrently.
type Client struct {
	opts   Options
	sf     *sf.Salesforce
	login  *session
	budget *budget
	seen   seen
	// answers are *bytes.Buffer to read into; large ones would be a good part of
	// all garbage.
	answers sync.Pool
}

// New returns a client for the org in opts, or an error that names everything
// wrong with opts. It makes no call.
func New(opts Options) (*Client, error) {
	opts = withDefaults(opts)
	if err := errors.Join(checkOptions(opts)...); err != nil {
		return nil, err
	}
	login, err := newSession(opts)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: opts, login: login, budget: &budget{reserve: opts.Reserve}}
	c.answers.New = func() any { return new(bytes.Buffer) }
	// The library builds requests; login, repetition and errors are ours, as
	// its own lose the status and race when a token is renewed.
	c.sf, err = sf.Init(
		sf.Creds{Domain: opts.URL, AccessToken: "set by the transport"},
		sf.WithValidateAuthentication(false),
		sf.WithAPIVersion("v"+opts.APIVersion),
		sf.WithRoundTripper(observing{
			next:   repeating(authorizing{next: counting{opts.Transport, opts.Called}, session: login}),
			budget: c.budget,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("setting up the client of %s: %w", opts.URL, err)
	}
	// Each call is bounded by its context. With a timeout too, a goroutine stays
	// behind each refusal until that runs out: the library leaves bodies open.
	c.sf.GetHTTPClient().Timeout = 0
	return c, nil
}

// Check tells whether login works and everything watched can be read.
func (c *Client) Check(ctx context.Context) error {
	var queries []soqlQuery
	for _, w := range c.opts.Watch {
		queries = append(queries, soqlQuery{object: w.Object, soql: selectFrom(w.Object, w.Fields) + " LIMIT 1"})
	}
	if len(queries) == 0 {
		return c.do(ctx, request{method: http.MethodGet, path: "/", read: true}, nil)
	}
	for _, p := range c.ask(ctx, queries) {
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// Usage returns how many API calls the org has made in the last 24 hours and
// how many it may make, as of the last answer; zeros before the first one.
func (c *Client) Usage() (used, limit int) { return c.budget.get() }

func withDefaults(o Options) Options {
	o.URL = strings.TrimRight(o.URL, "/")
	o.APIVersion = strings.TrimPrefix(o.APIVersion, "v")
	if o.APIVersion == "" {
		o.APIVersion = "64.0"
	}
	if o.WriteGuard == "" {
		o.WriteGuard = Checked
	}
	if o.Overlap == 0 {
		o.Overlap = 10 * time.Minute
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = 30 * time.Second
	}
	if o.Client == "" {
		o.Client = "standdown"
	}
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = callsAtOnce
		o.Transport = t
	}
	if o.Called == nil {
		o.Called = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func checkOptions(o Options) []error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "":
		bad("salesforce url: want https://<name>.my.salesforce.com and nothing after it")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		bad("salesforce url: %s would carry the token unencrypted; want https", o.URL)
	case u.Scheme != "http" && u.Scheme != "https":
		bad("salesforce url: scheme %q; want https", u.Scheme)
	case o.Auth.way() == clientCredentials && (u.Host == "login.salesforce.com" || u.Host == "test.salesforce.com"):
		bad("salesforce url: %s does not take client credentials; want the org's own https://<name>.my.salesforce.com", u.Host)
	}
	if o.WriteGuard != Checked && o.WriteGuard != Strict {
		bad("salesforce write guard %q: want %s or %s", o.WriteGuard, Checked, Strict)
	}
	if o.Approvals != "" && o.Approvals != Classic && o.Approvals != Flow {
		bad("salesforce approvals %q: want %s or %s, or nothing", o.Approvals, Classic, Flow)
	}
	if version, err := strconv.ParseFloat(o.APIVersion, 64); err != nil || o.Approvals == Flow && version < oldestFlow {
		bad("salesforce api version %q: want one such as 64.0, and %d.0 or newer for flow approvals", o.APIVersion, oldestFlow)
	}
	if o.Reserve < 0 || o.Reconcile < 0 {
		bad("salesforce reserve and reconcile: want 0 or more")
	}
	watched := map[string]bool{}
	for _, w := range o.Watch {
		if watched[w.Object] {
			bad("salesforce watch: %s is listed twice", w.Object)
		}
		watched[w.Object] = true
		if !isName(w.Object) {
			bad("salesforce watch: %q is not an object name", w.Object)
		}
		if w.Having != "" && !isName(w.Having) {
			bad("salesforce watch: %s: %q is not a field name", w.Object, w.Having)
		}
		for _, f := range w.Fields {
			if !isPath(f) {
				bad("salesforce watch: %s: %q is not a field name", w.Object, f)
			}
		}
	}
	for object, field := range o.KeyFields {
		if !isName(object) || !isName(field) {
			bad("salesforce key field: %q of %q is not a field name", field, object)
		}
	}
	return problems
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var (
	_ connectors.Source = (*Client)(nil)
	_ connectors.Sink   = (*Client)(nil)
	_ connectors.Lookup = (*Client)(nil)
)
