package sandbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAFaultActsOnTheCallsItMatches(t *testing.T) {
	c := start(t, Options{})
	c.org.Fault(Fault{Kind: Answer, Method: "POST", Path: "/sobjects/Contact", Count: 2, Status: 503, ContentType: "text/html", Body: "<h1>busy</h1>"})
	create := func() int { return c.call("POST", "sobjects/Contact", map[string]any{"LastName": "Crow"}).status }
	if got := c.call("GET", "sobjects/Contact", nil).status; got != 200 {
		t.Errorf("another method: %d", got)
	}
	if got := c.call("POST", "sobjects/Account", map[string]any{"Name": "Acme"}).status; got != 201 {
		t.Errorf("another path: %d", got)
	}
	if a, b, c := create(), create(), create(); a != 503 || b != 503 || c != 201 {
		t.Errorf("statuses %d %d %d", a, b, c)
	}
	if c.count("Contact") != 1 {
		t.Errorf("%d contacts", c.count("Contact"))
	}
}

func TestALostAnswerIsAppliedAndADroppedCallIsNot(t *testing.T) {
	c := start(t, Options{})
	for _, tt := range []struct {
		kind FaultKind
		want int
	}{{Drop, 0}, {Lose, 1}} {
		c.org.Fault(Fault{Kind: tt.kind, Path: "/services/data/v64.0/sobjects"})
		if got, err := c.try("POST", "sobjects/Contact", map[string]any{"LastName": "Crow"}); err == nil {
			t.Errorf("%s: there is an answer: %d", tt.kind, got.status)
		}
		if got := c.count("Contact"); got != tt.want {
			t.Errorf("%s: %d contacts, want %d", tt.kind, got, tt.want)
		}
	}
}

func TestALockedRowIsRefusedAsOften(t *testing.T) {
	c := start(t, Options{})
	ids := c.contacts(2)
	c.org.Fault(Fault{Kind: Lock, Record: ids[1]})
	body := map[string]any{"records": []any{record("Contact", "Id", ids[0], "Phone", "1"), record("Contact", "Id", ids[1], "Phone", "1")}}
	if got := outcome(c.call("PATCH", "composite/sobjects", body)); got != "200: ok, UNABLE_TO_LOCK_ROW" {
		t.Error(got)
	}
	if got := outcome(c.call("PATCH", "composite/sobjects", body)); got != "200: ok, ok" {
		t.Error(got)
	}
	c.org.Fault(Fault{Kind: Lock, Record: "Account"})
	if got := c.call("POST", "sobjects/Account", map[string]any{"Name": "Acme"}); got.status != 400 || got.code() != "UNABLE_TO_LOCK_ROW" {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestFaultsAreSetAndClearedFromOutside(t *testing.T) {
	c := start(t, Options{})
	for _, body := range []string{`{"kind":"nonsense"}`, `{"kind":"answer"}`, `{"kind":"delay"}`, `{"kind":"delay","delay":"soon"}`, `{"kind":"drop","colour":"red"}`, `{"kind":"drop","record":"Contact"}`, `{"kind":"lock","path":"/query"}`, `{"kind":"drop","count":-2}`, `drop`} {
		if got := c.call("POST", "/sandbox/faults", body); got.status != 400 {
			t.Errorf("%s: %d", body, got.status)
		}
	}
	for _, body := range []string{`{"kind":"delay","delay":"30ms"}`, `{"kind":"answer","path":"/limits","status":500,"body":"[]","count":-1}`} {
		if got := c.call("POST", "/sandbox/faults", body); got.status != 204 {
			t.Fatalf("%s: %d %v", body, got.status, got.body)
		}
	}
	began := time.Now()
	if got := c.call("GET", "limits", nil).status; got != 200 || time.Since(began) < 30*time.Millisecond {
		t.Errorf("the delayed call: %d after %s", got, time.Since(began))
	}
	if got := c.call("GET", "limits", nil).status; got != 500 {
		t.Errorf("the second fault: %d", got)
	}
	if got := c.call("DELETE", "/sandbox/faults", nil).status; got != 204 {
		t.Errorf("clearing: %d", got)
	}
	if got := c.call("GET", "limits", nil).status; got != 200 {
		t.Errorf("after clearing: %d", got)
	}
}

func TestATruncatedAnswerIsApplied(t *testing.T) {
	c := start(t, Options{})
	c.org.Fault(Named()["answer-truncated"])
	if got, err := c.try("POST", "sobjects/Contact", map[string]any{"LastName": "Crow"}); err == nil {
		t.Errorf("the answer is whole: %d %v", got.status, got.body)
	}
	if c.count("Contact") != 1 {
		t.Errorf("%d contacts", c.count("Contact"))
	}
}

func TestTheClockOfAnAnswerMayBeOff(t *testing.T) {
	c := start(t, Options{})
	c.org.Fault(Named()["clock-behind"])
	if got := c.call("GET", "limits", nil).header.Get("Date"); got != "Mon, 02 Mar 2026 14:04:05 GMT" {
		t.Error(got)
	}
	if got := c.call("GET", "limits", nil).header.Get("Date"); got != "Mon, 02 Mar 2026 15:04:05 GMT" {
		t.Error(got)
	}
}

func TestEveryNamedFaultCanBeSetFromOutside(t *testing.T) {
	for name := range Named() {
		c := start(t, Options{PageSize: 1})
		contact := c.contacts(2)[0]
		next := c.call("GET", q("SELECT Id FROM Contact"), nil).body.(map[string]any)["nextRecordsUrl"].(string)
		if got := c.call("POST", "/sandbox/faults", map[string]any{"name": name, "delay": "1ms"}); got.status != 204 {
			t.Errorf("%s: %d %v", name, got.status, got.body)
			continue
		}
		method, path := "PATCH", "sobjects/Contact/"+contact
		if name == "locator-lost" {
			method, path = "GET", next
		}
		got, err := c.try(method, path, map[string]any{"Phone": "1"})
		harmless := name == "slow" || name == "clock-ahead" || name == "clock-behind"
		if failed := err != nil || got.status >= 300; failed == harmless {
			t.Errorf("%s: %d %v %v", name, got.status, got.body, err)
		}
		if got, err := c.try(method, path, map[string]any{"Phone": "1"}); err != nil || got.status >= 300 {
			t.Errorf("after %s: %d %v %v", name, got.status, got.body, err)
		}
	}
}

func TestAFaultMayLetSomeCallsPass(t *testing.T) {
	c := start(t, Options{})
	c.org.Fault(Fault{Kind: Answer, Status: 500, Path: "/limits", After: 2})
	var got []int
	for range 4 {
		got = append(got, c.call("GET", "limits", nil).status)
		c.call("GET", "sobjects", nil)
	}
	if diff := cmp.Diff([]int{200, 200, 500, 200}, got); diff != "" {
		t.Error(diff)
	}
}
