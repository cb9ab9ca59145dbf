package salesforce_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestWhatIsRefusedDoesNotKeepTheRestFromBeingWritten(t *testing.T) {
	o := newOrg(t, nil)
	status, comment, allocation := thousands(t, o, 250)
	o.org.Fault(sandbox.Fault{Kind: sandbox.Lock, Record: status[7].Ref.ID})
	allocation[3].Fields["sked__Status__c"] = strings.Repeat("x", 300)
	comment[249].Ref.ID = "003000000000000AAA"
	mixed := slices.Concat(status, comment, allocation)
	for i, r := range apply(t, o, mixed...) {
		want := map[int]connectors.Class{7: connectors.Temporary, 250 + 249: connectors.Rejected, 500 + 3: connectors.Rejected}
		class, bad := want[i]
		if (r.Err != nil) != bad || bad && connectors.ClassOf(r.Err) != class {
			t.Errorf("result %d: %v", i, r.Err)
		}
	}
	wantAll(t, apply(t, o, status[7])) // only what failed has to be tried again
	for soql, want := range map[string]int{
		"SELECT Id FROM sked__Job__c WHERE sked__Job_Status__c = 'Cancelled'": 250,
		"SELECT Id FROM FeedItem":                249,
		"SELECT Id FROM sked__Job_Allocation__c": 249,
	} {
		if rows := o.query(t, soql); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", soql, len(rows), want)
		}
	}
}

func TestALostAnswerAboutManyKindsIsRepairedByDoubt(t *testing.T) {
	for name, f := range map[string]sandbox.Fault{
		"nobody hears that it was done":      {Kind: sandbox.Lose, Method: "POST", Path: "/composite"},
		"the connection ends before it":      {Kind: sandbox.Drop, Method: "POST", Path: "/composite"},
		"the answer breaks off":              {Kind: sandbox.Truncate, Method: "POST", Path: "/composite"},
		"the answer says nothing of a part":  {Kind: sandbox.Answer, Method: "POST", Path: "/composite", Status: 200, Body: `{"compositeResponse":[]}`},
		"a proxy gives up on it with a page": {Kind: sandbox.Answer, Method: "POST", Path: "/composite", Status: 504, ContentType: "text/html", Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, nil)
			status, comment, allocation := thousands(t, o, 20)
			mixed := slices.Concat(status, comment, allocation)
			o.org.Fault(f)
			for i, r := range apply(t, o, mixed...) {
				if connectors.ClassOf(r.Err) != connectors.Unknown || r.Err == nil {
					t.Fatalf("result %d: %v, want it unknown", i, r.Err)
				}
				mixed[i].Doubt = true
			}
			wantAll(t, apply(t, o, mixed...))
			for _, object := range []string{"FeedItem", "sked__Job_Allocation__c"} {
				if rows := o.query(t, "SELECT Id FROM "+object); len(rows) != 20 {
					t.Errorf("%d rows of %s, want 20", len(rows), object)
				}
			}
		})
	}
}

func TestManyKindsOfRecordsAreWrittenInParts(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, _ *salesforce.Options) {
		for i := range 12 {
			theirs.Objects = append(theirs.Objects, sandbox.Object{Name: fmt.Sprintf("Kind_%d__c", i), Fields: []sandbox.Field{{Name: "Text__c", Type: sandbox.Text, Length: 80}}})
		}
	})
	var changes []connectors.Change
	for i := range 12 {
		ref := o.insert(t, fmt.Sprintf("Kind_%d__c", i), map[string]any{"Text__c": "old"})
		changes = append(changes, connectors.Change{Key: ref.ID, Op: connectors.Update, Ref: ref, Fields: map[string]any{"Text__c": "new"}})
	}
	wantAll(t, apply(t, o, changes...))
	for i := range 12 {
		if rows := o.query(t, fmt.Sprintf("SELECT Id FROM Kind_%d__c WHERE Text__c = 'new'", i)); len(rows) != 1 {
			t.Errorf("kind %d was not written", i)
		}
	}
}

// A meter counts what is under way at once, for each parent and in all.
type meter struct {
	next    http.RoundTripper
	parents map[string]string // by record

	mu    sync.Mutex
	under map[string]int
	most  map[string]int
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := m.parents[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
	if r.Method != http.MethodPatch {
		return m.next.RoundTrip(r)
	}
	count := func(n int) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, name := range []string{"all", parent} {
			m.under[name] += n
			m.most[name] = max(m.most[name], m.under[name])
		}
	}
	count(1)
	defer count(-1)
	return m.next.RoundTrip(r)
}

func TestStrictUpdatesOfOneParentGoOneAfterTheOther(t *testing.T) {
	m := &meter{next: http.DefaultTransport, parents: map[string]string{}, under: map[string]int{}, most: map[string]int{}}
	o := newOrg(t, func(theirs *sandbox.Options, ours *salesforce.Options) {
		ours.WriteGuard, ours.Transport, theirs.Latency = salesforce.Strict, m, 10*time.Millisecond
	})
	var changes []connectors.Change
	for p := range 3 {
		parent := o.insert(t, "Contact", map[string]any{"LastName": fmt.Sprint("Client ", p)})
		for range 10 {
			ref := o.insert(t, "Case", map[string]any{"Subject": "old", "ContactId": parent.ID})
			m.parents[ref.ID] = parent.ID
			c := update(ref, "old", "new")
			c.If["ContactId"] = parent.ID
			changes = append(changes, c)
		}
	}
	wantAll(t, apply(t, o, changes...))
	for name, most := range m.most {
		if name != "all" && most != 1 {
			t.Errorf("%d updates below %s were under way at once", most, name)
		}
	}
	if m.most["all"] < 2 {
		t.Error("updates below different parents were not under way at once")
	}
	if rows := o.query(t, "SELECT Id FROM Case WHERE Subject = 'new'"); len(rows) != 30 {
		t.Errorf("%d cases were written, want 30", len(rows))
	}
}
