// Package sandbox is a Salesforce org in process: it keeps records, answers
// SOQL and speaks the REST API, so that a configuration can be tried, a demo
// shown and a client tested without an org of one's own.
//
// It runs no Apex and no flows, and every user but the integration user, whom
// [Org.Allow] restricts, may do everything. It keeps records in memory; see
// [Open] for keeping them in a file. What it does not know it refuses by name
// and never ignores. It answers on loopback addresses only.
//
// It promises the form and the meaning of the real API as far as it goes:
// paths, status codes, error codes, ids, time stamps of whole seconds, case,
// null and precedence rules of SOQL, limits, and writes that take effect
// wholly or not at all. The same calls at the same times give the same org.
//
// Beside the REST API (objects and their rows, query, queryAll, composite,
// collections, Bulk API 2.0, approvals, emailSimple, getUpdated and getDeleted, describe,
// limits, OAuth) it has a control endpoint of its own, which wants no session:
//
//	POST   /sandbox/faults    makes coming calls go wrong, see [Org.Fault]
//	DELETE /sandbox/faults    ends all faults
//	POST   /sandbox/access    restricts the integration user, see [Org.Allow]
//	DELETE /sandbox/sessions  ends all sessions
//
// All of them answer 204, or 400 and say what is wrong.
package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options are the settings of an [Org]. The zero value is useful.
type Options struct {
	// Now is the clock of the org: it stamps records and dates answers.
	// Default: time.Now.
	Now func() time.Time
	// Objects are added to [Standard]; one of the same name takes its place.
	Objects []Object
	// Model is what the org calls things; nil is [Standard].
	Model *Model
	// Project is the directory of a Salesforce DX project whose fields and
	// queues [Open] adds to the org; [New] does not look at it.
	Project string
	// ClientID and ClientSecret are what a client logs in with. Default:
	// "sandbox" and "secret".
	ClientID     string
	ClientSecret string
	// PublicKey checks the assertions of the JWT bearer flow; without it that
	// flow is refused.
	PublicKey *rsa.PublicKey
	// DailyLimit is how many API calls the org takes. Default: 15000.
	DailyLimit int
	// PageSize is how many records a query answers at once, whatever the
	// client asks for. Default: as the client asks, else 2000.
	PageSize int
	// ShrinkPages makes pages of queries shorter than asked for, at random:
	// the same for the same number. Zero is never.
	ShrinkPages uint64
	// AssignTo holds active assignment rules: for an object with an OwnerId,
	// the name of the user or the queue that records go to when they are
	// created or updated over REST, unless Sforce-Auto-Assign is FALSE.
	AssignTo map[string]string
	// AppLimit is how many API calls the connected app may make a day; zero is
	// as many as the org.
	AppLimit int
	// DailyMails is how many recipients mail of one day (GMT) may have.
	// Default: 5000.
	DailyMails int
	// State is the file [Open] keeps the org in; [New] does not look at it.
	State string
	// Latency is how long each call takes at least.
	Latency time.Duration
}

// Names of the users every org has. Changes made through the REST API with
// client credentials are the integration user's; changes made through the Go
// API are the administrator's unless [Org.As] says otherwise.
const (
	IntegrationUser = "integration@sandbox.example"
	Administrator   = "admin@sandbox.example"
)

// An Org is one Salesforce org. It is safe for concurrent use.
type Org struct {
	Person // the administrator

	opts   Options
	file   string // that keeps the org
	server *http.Server
	served chan struct{}

	mu        sync.Mutex
	store     *store
	tokens    map[string]string // token -> id of a user
	issued    int
	calls     int
	faults    []*Fault
	cursors   []*cursor
	opened    int
	shrinking *rand.Rand
	granted   grants              // of the integration user
	approvals map[string]Approval // that wait, by id of the work item
	origins   map[string]string   // by id of the row
	jobs      []*job
	mails     []Mail
	// Ids of rows an org cannot be without.
	orgID, administrator, integration string
}

// New makes an org with its users and nothing else. It panics if the objects
// contradict each other: two fields of one name, or a reference to an object
// that does not exist.
func New(opts Options) *Org {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.ClientID == "" {
		opts.ClientID = "sandbox"
	}
	if opts.ClientSecret == "" {
		opts.ClientSecret = "secret"
	}
	if opts.DailyLimit == 0 {
		opts.DailyLimit = 15000
	}
	if opts.DailyMails == 0 {
		opts.DailyMails = 5000
	}
	schema, err := newSchema(append(opts.Model.objects(), opts.Objects...))
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	o := &Org{opts: opts, store: newStore(schema), tokens: map[string]string{}, granted: grants{}, approvals: map[string]Approval{}, origins: map[string]string{}}
	if opts.ShrinkPages != 0 {
		o.shrinking = rand.New(rand.NewPCG(opts.ShrinkPages, 0))
	}
	o.Person = Person{o, Administrator}
	o.found()
	return o
}

// found creates the rows an org cannot be without. The first user creates
// all others, itself included.
func (o *Org) found() {
	user := o.store.schema.entity("User")
	by := stamp{makeID(user.Prefix, 1), o.now()}
	must := func(e *entity, fields map[string]any) string {
		id, err := o.store.insert(e, fields, by)
		if err != nil {
			panic("sandbox: founding the org: " + err.Error())
		}
		return id
	}
	o.administrator = must(user, map[string]any{"FirstName": "Org", "LastName": "Administrator", "Username": Administrator, "Email": Administrator, "IsActive": true, "TimeZoneSidKey": "America/New_York"})
	o.integration = must(user, map[string]any{"LastName": "Integration", "Username": IntegrationUser, "Email": IntegrationUser, "IsActive": true, "TimeZoneSidKey": "GMT"})
	o.orgID = must(o.store.schema.entity("Organization"), map[string]any{"Name": "Sandbox", "InstanceName": "SBX0", "OrganizationType": "Developer Edition", "IsSandbox": true, "LanguageLocaleKey": "en_US"})
}

// Start listens on addr, which must be a loopback address such as
// "127.0.0.1:0", and serves the REST API until [Org.Close]. It returns the
// URL to log in at. An org is started once.
func (o *Org) Start(addr string) (url string, err error) {
	if o.server != nil {
		return "", errors.New("starting the sandbox: it has been started before")
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("starting the sandbox on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("starting the sandbox on %q: it serves loopback addresses only, such as 127.0.0.1:8080", addr)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("starting the sandbox: %w", err)
	}
	o.server = &http.Server{Handler: o.Handler(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	o.served = make(chan struct{})
	go func() {
		defer close(o.served)
		_ = o.server.Serve(ln) // ends with Close
	}()
	return "http://" + ln.Addr().String(), nil
}

// Close ends what [Org.Start] began, open calls included. The records stay
// readable through the Go API. An org of [Open] is written to its file. Closing twice, or an org that was never started, does no more.
func (o *Org) Close() error {
	if o.file == "" {
		return o.stop()
	}
	err := o.stop()
	if failed := o.save(); failed != nil {
		err = errors.Join(err, fmt.Errorf("keeping the sandbox org in %s: %w", o.file, failed))
	}
	return err
}

func (o *Org) stop() error {
	if o.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	err := o.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = o.server.Close()
	}
	<-o.served
	return err
}

// A Person changes records through the Go API under their own name.
type Person struct {
	org  *Org
	user string
}

// As returns the person with this user name, full name or id. If there is
// none, every change of theirs is an error.
func (o *Org) As(user string) Person { return Person{o, user} }

// Insert creates a record. Values are string, bool, a number, nil, or a
// time.Time; a map names a parent by external id. An [Error] leaves the org
// as it was.
func (p Person) Insert(object string, fields map[string]any) (id string, err error) {
	err = p.write(object, func(s *store, e *entity, by stamp) *Error {
		var err *Error
		id, err = s.insert(e, fields, by)
		return err
	})
	return id, err
}

// Update changes some fields of a record.
func (p Person) Update(object, id string, fields map[string]any) error {
	return p.write(object, func(s *store, e *entity, by stamp) *Error {
		if err := p.org.unlocked(id, by.user); err != nil {
			return err
		}
		return s.update(e, id, fields, by)
	})
}

// Delete moves a record to the recycle bin, where queryAll still sees it.
func (p Person) Delete(object, id string) error {
	return p.write(object, func(s *store, e *entity, by stamp) *Error {
		if err := p.org.unlocked(id, by.user); err != nil {
			return err
		}
		return s.delete(e, id, by)
	})
}

func (p Person) write(object string, change func(*store, *entity, stamp) *Error) error {
	o := p.org
	o.mu.Lock()
	defer o.mu.Unlock()
	user, err := o.userID(p.user)
	if err != nil {
		return err
	}
	e := o.store.schema.entity(object)
	if e == nil {
		return notFound("there is no object %s", object)
	}
	if e.Managed {
		return unmanageable(e)
	}
	if err := change(o.store, e, stamp{user, o.now()}); err != nil {
		return err
	}
	return nil
}

// Query runs SOQL over the rows that are not deleted. Values have the form
// they have in JSON; there are no attributes.
func (o *Org) Query(soql string) ([]map[string]any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	res, err := o.store.query(soql, "", false, nil)
	if err != nil {
		return nil, err
	}
	return res.records, nil
}

// Origin tells what made the last change of a record over REST, in the form of
// a change event's changeOrigin: "com/salesforce/api/rest/64.0;client=name",
// the name being that of Sforce-Call-Options. It is empty if there was none.
func (o *Org) Origin(id string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	full, _ := parseID(id)
	return o.origins[full]
}

// Dump returns every row of every object, deleted ones included, in order of
// creation and in the form values have in JSON.
func (o *Org) Dump() map[string][]map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string][]map[string]any{}
	for _, e := range o.store.schema.entities {
		out[e.Name] = []map[string]any{}
		for _, r := range o.store.rows(e) {
			record := map[string]any{}
			for name, v := range r {
				record[name] = wire(v)
			}
			out[e.Name] = append(out[e.Name], record)
		}
	}
	return out
}

// Calls is how many API calls were counted against the daily limit.
func (o *Org) Calls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls
}

// Uncommitted makes the changes of fn in a transaction that stays open: rows
// have their stamps already, but readers see them as they were until commit
// is called. This is how a row can appear with a stamp that lies in the past.
func (o *Org) Uncommitted(fn func() error) (commit func(), err error) {
	o.mu.Lock()
	before := map[string]row{}
	for _, t := range o.store.tables {
		maps.Copy(before, t.rows)
	}
	o.mu.Unlock()

	err = fn()

	o.mu.Lock()
	defer o.mu.Unlock()
	var changed []string
	for _, t := range o.store.tables {
		for id, r := range t.rows {
			if !maps.Equal(before[id], r) {
				changed = append(changed, id)
			}
		}
	}
	if o.store.before == nil {
		o.store.before = map[string]row{}
	}
	for _, id := range changed {
		o.store.before[id] = before[id]
	}
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, id := range changed {
			delete(o.store.before, id)
		}
	}, err
}

func (o *Org) now() time.Time { return o.opts.Now().UTC().Truncate(time.Second) }

// ownerID finds a user or a queue by name; empty if there is none.
func (o *Org) ownerID(name string) string {
	if id, err := o.userID(name); err == nil {
		return id
	}
	for _, r := range o.store.rows(o.store.schema.entity("Group")) {
		if r["Name"] == name || r["DeveloperName"] == name {
			return r["Id"].(string)
		}
	}
	return ""
}

// userID finds a user by user name, full name or id.
func (o *Org) userID(name string) (string, error) {
	rows := o.store.rows(o.store.schema.entity("User"))
	i := slices.IndexFunc(rows, func(r row) bool { return r["Username"] == name || r["Name"] == name || r["Id"] == name })
	if i < 0 {
		return "", notFound("there is no user %s", name)
	}
	return rows[i]["Id"].(string), nil
}
