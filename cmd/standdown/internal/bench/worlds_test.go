package bench

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// What decides whether figures count must notice what is wrong.

func TestACrowdIsTakenToTaskForWhatWasNotDone(t *testing.T) {
	c, err := NewCrowd(t.TempDir(), 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if wrong, err := c.Effects(0); err != nil || len(wrong) > 0 {
		t.Errorf("nobody asked and nothing was done, yet it says %v, %v", wrong, err)
	}
	if wrong, err := c.Effects(2); err != nil || len(wrong) != 2 {
		t.Errorf("two asked and nothing was done; it says %v, %v", wrong, err)
	}
	if wrong := c.patches(2); len(wrong) != 1 || !strings.Contains(wrong[0], "2 were never acted upon, 0 more than once") {
		t.Errorf("two asked and nothing was done; it says %v", wrong)
	}
}

func TestACrowdIsTakenToTaskForWhatWasDoneTwice(t *testing.T) {
	c, err := NewCrowd(t.TempDir(), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	token, err := c.Org.Token("integration@sandbox.example")
	if err != nil {
		t.Fatal(err)
	}
	for id, i := range c.workflows {
		for range i + 1 {
			if err := c.patch(token, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if wrong := c.patches(2); len(wrong) != 1 || !strings.Contains(wrong[0], "0 were never acted upon, 1 more than once") {
		t.Errorf("one was acted upon twice; it says %v", wrong)
	}
	if c.Written() != 2 || c.WrittenAt(0).IsZero() {
		t.Errorf("%d workflows written to, want 2", c.Written())
	}
}

func TestJobsAreTakenToTask(t *testing.T) {
	j, err := newJobs(5, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	says := func(when, want string) {
		t.Helper()
		wrong, err := j.undone()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(wrong, "\n"); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	says("before", "of 5 jobs 0 are cancelled, 0 commented on (0 comments too many), 0 allocations withdrawn")
	if err := j.atOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	says("after", "")
	if seen := j.door.Seen(); seen != (Calls{Writes: 3}) {
		t.Errorf("the floor made %+v, want three calls that write", seen)
	}
	if _, err := j.org.Insert("FeedItem", map[string]any{"ParentId": j.contracts[0], "Body": "Cancelled as asked."}); err != nil {
		t.Fatal(err)
	}
	says("after one comment more", "of 5 jobs 5 are cancelled, 5 commented on (1 comments too many), 5 allocations withdrawn")
}

func TestTheLibraryPeerDoesTheSameWork(t *testing.T) {
	j, err := newJobs(2250, 0) // more than one page
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.byLibrary(); err != nil {
		t.Fatal(err)
	}
	s, err := j.sample()
	if err != nil || len(s.Wrong) > 0 {
		t.Errorf("%v, %v", s.Wrong, err)
	}
	if s.Values["calls"] != 40 {
		t.Errorf("%v calls, want 4 to look and 36 to write", s.Values["calls"])
	}
}

func TestTheOracleMissesNothing(t *testing.T) {
	o, err := openOffice(4000, 50)
	if err != nil {
		t.Fatal(err)
	}
	defer o.org.Close()
	poll, end, err := o.connector()
	if err != nil {
		t.Fatal(err)
	}
	s, err := o.hour(t.Context(), poll)
	if err != nil || len(s.Wrong) > 0 {
		t.Fatalf("%v, %v", s.Wrong, err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	o.zones[o.jobs[0]] = "a zone that nobody was told of"
	if end() == nil {
		t.Error("a change that was not told is not noticed")
	}
}

func TestTheDoorTellsReadsFromWrites(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body string
		writes                   bool
	}{
		{"a query", http.MethodGet, "/services/data/v64.0/query", "", false},
		{"a login", http.MethodPost, "/services/oauth2/token", "grant_type=client_credentials", false},
		{"queries in one call", http.MethodPost, "/services/data/v64.0/composite", `{"compositeRequest":[{"method":"GET","url":"/x"}]}`, false},
		{"updates in one call", http.MethodPost, "/services/data/v64.0/composite", `{"compositeRequest":[{"method":"PATCH","url":"/x"}]}`, true},
		{"an update", http.MethodPatch, "/services/data/v64.0/sobjects/Contact/003", `{}`, true},
		{"a collection", http.MethodPost, "/services/data/v64.0/composite/sobjects", `{}`, true},
		{"a deletion", http.MethodDelete, "/services/data/v64.0/sobjects/Contact/003", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, "http://localhost"+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := isWrite(r, []byte(test.body)); got != test.writes {
				t.Errorf("writes: %t, want %t", got, test.writes)
			}
		})
	}
}

func TestASmallRunOfWhatNeedsNoDaemonIsRight(t *testing.T) {
	report, err := Run(t.Context(), Options{Only: []string{"W7", "W10"}, Small: true, Alone: true, Dir: t.TempDir(), Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Cases) != 3 || len(report.Void()) > 0 {
		t.Errorf("%d cases, %d of them void", len(report.Cases), len(report.Void()))
	}
}
