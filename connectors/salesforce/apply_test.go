package salesforce_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func contains(err error, part string) bool { return err != nil && strings.Contains(err.Error(), part) }

// A tap sees requests on their way.
type tap func(*http.Request)

func (f tap) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return http.DefaultTransport.RoundTrip(r)
}

func apply(t *testing.T, s connectors.Sink, changes ...connectors.Change) []connectors.Result {
	t.Helper()
	results := s.Apply(t.Context(), changes)
	if len(results) != len(changes) {
		t.Fatalf("%d results of %d changes", len(results), len(changes))
	}
	return results
}

func wantAll(t *testing.T, results []connectors.Result) {
	t.Helper()
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("result %d: %v", i, r.Err)
		}
	}
}

func update(ref connectors.Ref, from, to any) connectors.Change {
	return connectors.Change{Key: "k" + ref.ID, Op: connectors.Update, Ref: ref,
		Fields: map[string]any{"Subject": to}, If: map[string]any{"Subject": from}}
}

func TestAThousandChangesOfEachKindTakeFewCalls(t *testing.T) {
	o := newOrg(t, nil)
	status, comment, allocation := thousands(t, o, 1000)
	before := o.org.Calls()
	for _, changes := range [][]connectors.Change{status, comment, allocation} {
		wantAll(t, apply(t, o, changes...))
	}
	if n := o.org.Calls() - before; n > 4 {
		t.Errorf("%d calls, want one to read and three to write", n)
	}
	for soql, want := range map[string]int{
		"SELECT Id FROM sked__Job__c WHERE sked__Job_Status__c = 'Cancelled'": 1000,
		"SELECT Id FROM FeedItem":                1000,
		"SELECT Id FROM sked__Job_Allocation__c": 1000,
	} {
		if rows := o.query(t, soql); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", soql, len(rows), want)
		}
	}
}

func TestChangesOfAllKindsTravelTogether(t *testing.T) {
	o := newOrg(t, nil)
	status, comment, allocation := thousands(t, o, 300)
	mixed := slices.Concat(status, comment, allocation)
	for i := range mixed {
		mixed[i].Doubt = true // everything has to be looked for
	}
	before := o.org.Calls()
	wantAll(t, apply(t, o, mixed...))
	if n := o.org.Calls() - before; n > 5 {
		t.Errorf("%d calls for 900 changes in doubt, want 5 at most", n)
	}
	for i, r := range apply(t, o, mixed...) {
		if r.Err != nil || !r.Already {
			t.Fatalf("result %d the second time: %+v, want Already", i, r)
		}
	}
}

// thousands makes n visits, and a change of each one's status, a comment on
// its client and an allocation to a worker.
func thousands(t testing.TB, o *org, n int) (status, comment, allocation []connectors.Change) {
	t.Helper()
	insert := func(object string, fields map[string]any) string {
		id, err := o.org.Insert(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	worker := insert("sked__Resource__c", map[string]any{"Name": "Worker", "sked__Is_Active__c": true})
	for i := range n {
		client := insert("Contact", map[string]any{"LastName": fmt.Sprint("Client ", i)})
		job := insert("sked__Job__c", map[string]any{"sked__Job_Status__c": "Ready", "sked__Contact__c": client})
		status = append(status, connectors.Change{Key: fmt.Sprint("s", i), Op: connectors.Update, Ref: connectors.Ref{Kind: "sked__Job__c", ID: job},
			Fields: map[string]any{"sked__Job_Status__c": "Cancelled"}, If: map[string]any{"sked__Job_Status__c": "Ready"}})
		comment = append(comment, connectors.Change{Key: fmt.Sprint("c", i), Op: connectors.Post, Ref: connectors.Ref{Kind: "Contact", ID: client},
			Fields: map[string]any{"Body": "Your visit was cancelled."}})
		allocation = append(allocation, connectors.Change{Key: fmt.Sprint("a", i), Op: connectors.Create, Ref: connectors.Ref{Kind: "sked__Job_Allocation__c"},
			Fields: map[string]any{"sked__Job__c": job, "sked__Resource__c": worker, "sked__Status__c": "Pending Dispatch"}})
	}
	return status, comment, allocation
}

func TestRecordsOfSeveralKindsAreWrittenTogether(t *testing.T) {
	o := newOrg(t, nil)
	c := o.insert(t, "Case", map[string]any{"Subject": "old"})
	w := o.insert(t, "Workflow__c", map[string]any{"Name": "W-1", "Contract_Id__c": "C-1", "Status__c": "Active", "Contract_Signers__c": "Installer;Sales Rep"})
	job := o.insert(t, "sked__Job__c", map[string]any{"sked__Job_Status__c": "Ready", "sked__Quantity__c": 2,
		"sked__Start__c": time.Date(2026, 4, 1, 13, 30, 0, 0, time.UTC)})
	results := apply(t, o, update(c, "old", "new"),
		connectors.Change{Key: "w", Op: connectors.Update, Ref: w, Fields: map[string]any{"Status__c": "Cancel Pending", "Signed_On__c": connectors.Date("2026-02-01")},
			If: map[string]any{"Status__c": "Active", "Contract_Signers__c": "Sales Rep;Installer", "Signed_On__c": nil}},
		connectors.Change{Key: "j", Op: connectors.Update, Ref: connectors.Ref{Kind: job.Kind, ID: job.ID[:15]}, Fields: map[string]any{"sked__Job_Status__c": "Cancelled"},
			If: map[string]any{"sked__Start__c": "2026-04-01T13:30:00Z", "sked__Quantity__c": 2.0}})
	wantAll(t, results)
	if diff := cmp.Diff(map[string]any{"Status__c": "Active", "Signed_On__c": nil}, results[1].Before); diff != "" {
		t.Errorf("values before (-want +got):\n%s", diff)
	}
	rows := o.query(t, "SELECT Status__c, Signed_On__c FROM Workflow__c")
	if diff := cmp.Diff([]map[string]any{{"Status__c": "Cancel Pending", "Signed_On__c": "2026-02-01"}}, rows); diff != "" {
		t.Errorf("workflow (-want +got):\n%s", diff)
	}
	if rows := o.query(t, "SELECT Id FROM sked__Job__c WHERE sked__Job_Status__c = 'Cancelled'"); len(rows) != 1 {
		t.Error("the job was not cancelled")
	}
}

func TestAPreconditionMayBeOnAParent(t *testing.T) {
	o := newOrg(t, nil)
	maria := o.insert(t, "Contact", map[string]any{"LastName": "Alvarez"})
	ref := o.insert(t, "Case", map[string]any{"Subject": "old", "ContactId": maria.ID})
	c := update(ref, "old", "new")
	c.If = map[string]any{"Contact.LastName": "Okafor"}
	if err := apply(t, o, c)[0].Err; connectors.ClassOf(err) != connectors.Conflict || err == nil {
		t.Errorf("error %v, want a conflict", err)
	}
	c.If = map[string]any{"Contact.LastName": "Alvarez"}
	wantAll(t, apply(t, o, c))
}

func TestALockedRecordIsTemporaryAndTheOthersAreWritten(t *testing.T) {
	o := newOrg(t, nil)
	locked := o.insert(t, "Case", map[string]any{"Subject": "old"})
	free := o.insert(t, "Case", map[string]any{"Subject": "old"})
	o.org.Fault(sandbox.Fault{Kind: sandbox.Lock, Record: locked.ID})
	results := apply(t, o, update(locked, "old", "new"), update(free, "old", "new"))
	if connectors.ClassOf(results[0].Err) != connectors.Temporary || !contains(results[0].Err, "UNABLE_TO_LOCK_ROW") {
		t.Errorf("error %v, want the lock, temporary", results[0].Err)
	}
	if results[1].Err != nil {
		t.Error(results[1].Err)
	}
	wantAll(t, apply(t, o, update(locked, "old", "new")))
}

func TestStrictGivesWayToAnEditThatCameAfterReading(t *testing.T) {
	var once sync.Once
	var edit func()
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.WriteGuard = salesforce.Strict
		ours.Transport = tap(func(r *http.Request) {
			if r.Method == http.MethodPatch {
				once.Do(edit)
			}
		})
	})
	ref := o.insert(t, "Case", map[string]any{"Subject": "old"})
	edit = func() {
		o.clock.Advance(time.Second)
		o.edit(t, ref, map[string]any{"Subject": "edited by a person"})
	}
	results := apply(t, o, update(ref, "old", "new"))
	if connectors.ClassOf(results[0].Err) != connectors.Conflict {
		t.Errorf("error %v, want a conflict", results[0].Err)
	}
	if rows := o.query(t, "SELECT Subject FROM Case"); rows[0]["Subject"] != "edited by a person" {
		t.Errorf("the case says %v", rows[0]["Subject"])
	}
}

func TestACreateNamesItsParentByKey(t *testing.T) {
	o := newOrg(t, nil)
	parent := connectors.Change{Key: "case-key", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Subject": "Cancellation"}}
	child := connectors.Change{Key: "assignment-key", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case_Assignment__c"},
		Fields: map[string]any{"Team__c": "Deal Processing", "Case__r": map[string]any{"Standdown_Key__c": "case-key"}}}
	results := apply(t, o, parent, child)
	wantAll(t, results)
	rows := o.query(t, "SELECT Case__c, Standdown_Key__c FROM Case_Assignment__c")
	want := []map[string]any{{"Case__c": results[0].Ref.ID, "Standdown_Key__c": "assignment-key"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("assignments (-want +got):\n%s", diff)
	}
	move := connectors.Change{Key: "m", Op: connectors.Update, Ref: results[1].Ref,
		Fields: map[string]any{"Case__r": map[string]any{"Standdown_Key__c": "case-key"}}}
	if r := apply(t, o, move)[0]; r.Err != nil || !r.Already {
		t.Errorf("result %+v, want Already: the parent is the same", r)
	}
}

func TestACreateThatMeetsItsTwinIsTriedOnceMore(t *testing.T) {
	o := newOrg(t, nil)
	twin := sandbox.Fault{Kind: sandbox.Answer, Method: "PATCH", Status: 200,
		Body: `[{"success":false,"errors":[{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: Standdown_Key__c","fields":[]}]}]`}
	create := connectors.Change{Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Subject": "x"}}
	o.org.Fault(twin)
	wantAll(t, apply(t, o, create))
	twin.Count = 2
	o.org.Fault(twin)
	if err := apply(t, o, create)[0].Err; connectors.ClassOf(err) != connectors.Rejected || err == nil {
		t.Errorf("error %v, want it rejected the second time", err)
	}
}

// sentParts are the requests that a request carries, by method and path, with
// what they say about assignment rules.
func sentParts(r *http.Request) []string {
	if r.GetBody == nil || !strings.HasSuffix(r.URL.Path, "/composite") {
		return []string{r.Method + " " + r.URL.Path + " " + r.Header.Get("Sforce-Auto-Assign")}
	}
	var body struct {
		CompositeRequest []struct {
			Method, URL string
			HTTPHeaders map[string]string
		}
	}
	in, err := r.GetBody()
	if err == nil {
		err = json.NewDecoder(in).Decode(&body)
	}
	if err != nil {
		panic(err)
	}
	var parts []string
	for _, p := range body.CompositeRequest {
		path, _, _ := strings.Cut(p.URL, "?")
		parts = append(parts, p.Method+" "+path+" "+p.HTTPHeaders["Sforce-Auto-Assign"])
	}
	return parts
}

func TestRecordsWithAnOwnerAreKeptFromAssignmentRules(t *testing.T) {
	var mu sync.Mutex
	var sent []string
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Transport = tap(func(r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if client := r.Header.Get("Sforce-Call-Options"); strings.Contains(r.URL.Path, "/data/") && client != "client=standdown" {
				t.Errorf("%s is sent by %q", r.URL.Path, client)
			}
			for _, part := range sentParts(r) {
				if strings.HasPrefix(part, "PATCH") {
					sent = append(sent, strings.TrimPrefix(part, "PATCH /services/data/v64.0/composite/sobjects"))
				}
			}
		})
	})
	queue := o.insert(t, "Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})
	ref := o.insert(t, "Case", map[string]any{"Subject": "old"})
	wantAll(t, apply(t, o,
		connectors.Change{Key: "k1", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Subject": "owned", "OwnerId": queue.ID}},
		connectors.Change{Key: "k2", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}, Fields: map[string]any{"Subject": "to be assigned"}},
		update(ref, "old", "new")))
	if diff := cmp.Diff([]string{"/Case/Standdown_Key__c FALSE", "/Case/Standdown_Key__c ", " FALSE"}, sent); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestAPostInDoubtThatCannotBeLookedForStaysUnknown(t *testing.T) {
	o := newOrg(t, nil)
	ref := o.insert(t, "Case", map[string]any{"Subject": "x"})
	o.org.Fault(sandbox.Fault{Kind: sandbox.Answer, Path: "/query", Status: 400, Body: `[{"message":"no","errorCode":"INVALID_FIELD"}]`})
	post := connectors.Change{Key: "k", Op: connectors.Post, Ref: ref, Fields: map[string]any{"Body": "said"}, Doubt: true}
	if err := apply(t, o, post)[0].Err; connectors.ClassOf(err) != connectors.Unknown {
		t.Errorf("error %v, want unknown", err)
	}
	if said := o.said(t, ref); len(said) != 0 {
		t.Errorf("said %v", said)
	}
	wantAll(t, apply(t, o, post))
	if said := o.said(t, ref); len(said) != 1 || !strings.HasPrefix(said[0], "said\n\n[standdown ") {
		t.Errorf("said %q, want it once, with a mark", said)
	}
}

func TestADropBeforeTheWriteIsUnknownToo(t *testing.T) {
	o := newOrg(t, nil)
	ref := o.insert(t, "Case", map[string]any{"Subject": "old"})
	o.org.Fault(sandbox.Fault{Kind: sandbox.Drop, Method: "PATCH"})
	if err := apply(t, o, update(ref, "old", "new"))[0].Err; connectors.ClassOf(err) != connectors.Unknown {
		t.Errorf("error %v, want unknown", err)
	}
	wantAll(t, apply(t, o, update(ref, "old", "new")))
}

func TestWhatCannotBeSentSafelyIsRejected(t *testing.T) {
	o := newOrg(t, nil)
	ref := o.insert(t, "Case", map[string]any{"Subject": "old"})
	for name, c := range map[string]connectors.Change{
		"a create without a key field":  {Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: "Contact"}},
		"an update without an id":       {Key: "k", Op: connectors.Update, Ref: connectors.Ref{Kind: "Case"}},
		"an id that is a path":          {Key: "k", Op: connectors.Delete, Ref: connectors.Ref{Kind: "Case", ID: "../../../../limits"}},
		"a field name that is a query":  {Key: "k", Op: connectors.Update, Ref: ref, If: map[string]any{"Id FROM User": 1.0}, Fields: map[string]any{"Subject": "x"}},
		"a post without a text":         {Key: "k", Op: connectors.Post, Ref: ref},
		"a mail":                        {Key: "k", Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}},
		"a value that is too long":      update(ref, "old", strings.Repeat("x", 256)),
		"a field that is not there":     {Key: "k", Op: connectors.Update, Ref: ref, Fields: map[string]any{"Nothing__c": "x"}},
		"a picklist value not in there": {Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case_Assignment__c"}, Fields: map[string]any{"Decision__c": "Maybe"}},
		"a parent nobody has":           {Key: "k", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case_Assignment__c"}, Fields: map[string]any{"Case__r": map[string]any{"Standdown_Key__c": "nobody"}}},
	} {
		t.Run(name, func(t *testing.T) {
			err := apply(t, o, c)[0].Err
			if err == nil || connectors.ClassOf(err) != connectors.Rejected {
				t.Errorf("error %v, want rejected", err)
			}
			if contains(err, "xxxx") {
				t.Errorf("error %q repeats the value", err)
			}
		})
	}
}

func TestTheQuotaIsThrottledUntilLater(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, _ *salesforce.Options) { theirs.DailyLimit = 3 })
	ref := o.insert(t, "Case", map[string]any{"Subject": "old"})
	var last error
	for i := range 5 {
		last = apply(t, o, update(ref, nil, fmt.Sprint(i)))[0].Err
	}
	if connectors.ClassOf(last) != connectors.Throttled || connectors.RetryAfter(last) != time.Hour {
		t.Errorf("error %v after %s, want throttled for an hour", last, connectors.RetryAfter(last))
	}
}
