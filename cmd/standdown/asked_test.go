package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/web"
	"standdown/connectors/loopback"
	"standdown/rules"
)

// TestWhatPeopleAskForOnThePagesIsDoneInTheOrg has Dana restore, waive and take
// back on the pages of a daemon what it has cancelled, and Erik approve it.
func TestWhatPeopleAskForOnThePagesIsDoneInTheOrg(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a daemon and a world")
	}
	address, err := loopback.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	h := openTheatre(t, setting{daemons: 1, lease: 6 * time.Second, rewire: func(world *stage.Stage, configuration string) string {
		users := writeUsers(t, map[string]web.Role{"Dana Whitlock": web.Approver, "Erik": web.Approver})
		configuration = strings.Replace(configuration, "  cancellation:\n", "  cancellation:\n    auto_restore: true\n", 1)
		return strings.Replace(configuration, `web: {listen: ""}`, fmt.Sprintf("web: {listen: %q, users_file: %q}", address, users), 1)
	}})
	if err := h.play(t.Context(), scene(t, "Maria Alvarez asks in a mail", "Joan Price of Mercy Clinic")); err != nil {
		t.Fatal(err)
	}
	site := "http://" + address
	dana, erik := signedIn(t, site, "Dana Whitlock"), signedIn(t, site, "Erik")

	// asks does as a person would: Cancelled, the verdict, and yes to it.
	asks := func(t *testing.T, asks, reason string, verdict ...string) (sent url.Values) {
		t.Helper()
		list := dana.get(t, "/cancelled")
		link := regexp.MustCompile(`href="(/ask\?asks=` + asks + `&amp;id=\w+)"`).FindStringSubmatch(list)
		if link == nil {
			t.Fatalf("%s is not offered:\n%s", asks, list)
		}
		page := dana.get(t, html.UnescapeString(link[1]))
		for _, want := range verdict {
			if !strings.Contains(page, html.EscapeString(want)) {
				t.Errorf("the verdict does not say %q:\n%s", want, page)
			}
		}
		sent = url.Values{"reason": {reason}}
		for _, field := range regexp.MustCompile(`name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			sent.Set(field[1], html.UnescapeString(field[2]))
		}
		if answer := dana.post(t, "/ask", sent); !strings.Contains(answer, "Asked for.") {
			t.Fatalf("it was not taken:\n%s", answer)
		}
		return sent
	}
	// approved waits until something is proposed, and has it approved by Erik.
	approved := func(t *testing.T, verb string) {
		t.Helper()
		var entry store.Entry
		err := stage.Until(t.Context(), verb, func() (bool, error) {
			open, err := h.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
			for _, e := range open {
				if e.Verb == verb {
					entry = e
				}
			}
			return entry.ID != 0, err
		})
		if err != nil {
			t.Fatal(err)
		}
		answer := url.Values{"signal": {"approve"}, "entry": {fmt.Sprint(entry.ID)}}
		if said := dana.post(t, "/decision/"+entry.Decision+"/answer", answer); !strings.Contains(said, "somebody else must approve it") {
			t.Errorf("who asked for it approves it:\n%s", said)
		}
		if said := erik.post(t, "/decision/"+entry.Decision+"/answer", answer); !strings.Contains(said, "Approved.") {
			t.Errorf("Erik cannot approve it:\n%s", said)
		}
	}
	// becomes waits until the org has exactly one such record.
	becomes := func(t *testing.T, soql string) {
		t.Helper()
		err := stage.Until(t.Context(), soql, func() (bool, error) {
			rows, err := h.world.Org.Query(soql)
			return len(rows) == 1, err
		})
		if err != nil {
			t.Error(err)
		}
	}
	// told is how often the records' feeds say something.
	told := func(t *testing.T, what string) (n int) {
		t.Helper()
		rows, err := h.world.Org.Query("SELECT Body FROM FeedItem")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if strings.Contains(fmt.Sprint(r["Body"]), what) {
				n++
			}
		}
		return n
	}
	saysOnce := func(t *testing.T, what string) {
		t.Helper()
		calm := lull{journal: h.journal}
		if err := stage.Until(t.Context(), what, func() (bool, error) { return calm.lasts(t.Context()) }); err != nil {
			t.Fatal(err)
		}
		if n := told(t, what); n != 1 {
			t.Errorf("the org says %d times %q", n, what)
		}
	}

	t.Run("a workflow is restored, once, and its feed says who asked and why", func(t *testing.T) {
		sent := asks(t, "restore", "Maria called: it was a mistake.", "by a person of the back office by name", "Status: Cancel Pending -> Active", "restore-workflow needs approval", "Dana Whitlock of the back office asks for it")
		if again := dana.post(t, "/ask", sent); !strings.Contains(again, "Asked for.") {
			t.Errorf("sent again:\n%s", again)
		}
		approved(t, "restore-workflow")
		becomes(t, "SELECT Id FROM Workflow__c WHERE Name = 'W-1042' AND Status__c = 'Active'")
		saysOnce(t, "Dana Whitlock of the back office asked on Tuesday, 3 March 2026 to restore workflow W-1042")
		saysOnce(t, "Reason given: Maria called: it was a mistake.")
		if page := dana.get(t, "/ask?asks=restore&id="+sent.Get("id")); !strings.Contains(page, "it is active already") || strings.Contains(page, "<textarea") {
			t.Errorf("it can be restored again:\n%s", page)
		}
	})

	t.Run("billing is waived by name", func(t *testing.T) {
		asks(t, "waive", "A courtesy.", "Dana Whitlock waives billing", "Pending Review -> Waived")
		approved(t, "waive-billing")
		becomes(t, "SELECT Id FROM Billing_Decision__c WHERE Assignment__r.Name = 'A-3017' AND Status__c = 'Waived' AND Waived_By__c = 'Dana Whitlock'")
		saysOnce(t, "Dana Whitlock has waived the billing of its cancellation")
	})

	t.Run("a cancellation is taken back", func(t *testing.T) {
		asks(t, "uncancel", "The patient comes after all.", "Dana Whitlock asks for it", "Cancelled -> Unfilled", "Waived -> Voided")
		approved(t, "reopen-assignment")
		becomes(t, "SELECT Id FROM Assignment__c WHERE Name = 'A-3017' AND Status__c = 'Unfilled'")
		becomes(t, "SELECT Id FROM Billing_Decision__c WHERE Assignment__r.Name = 'A-3017' AND Status__c = 'Voided'")
		saysOnce(t, "to take the cancellation back")
		if list := dana.get(t, "/cancelled"); strings.Contains(list, `href="/ask?`) {
			t.Errorf("something is still offered:\n%s", list)
		}
	})

	t.Run("what another replica journals is decided by the one that leads", func(t *testing.T) {
		e := rules.Event{ID: "ask:elsewhere", Kind: rules.RestoreRequested, At: h.world.Clock.Now(), By: "Erik", Reason: "Is it done?",
			Subject: rules.Ref{Kind: "workflow", ID: h.world.People.Workflows["W-1042"]}}
		if err := h.journal.Ask(t.Context(), e, e.At); err != nil {
			t.Fatal(err)
		}
		err := stage.Until(t.Context(), "the decision", func() (bool, error) {
			all, err := h.journal.Decisions(t.Context(), e.ID)
			return len(all) == 1 && all[0].Row == "B8", err
		})
		if err != nil {
			t.Error(err)
		}
	})

	t.Run("the log of acts says who asked, who approved and why", func(t *testing.T) {
		acts := dana.get(t, "/acts?format=csv")
		for _, want := range []string{"Dana Whitlock,ask,", "Maria called: it was a mistake.", "A courtesy.", "The patient comes after all.", "Erik,approve,"} {
			if !strings.Contains(acts, want) {
				t.Errorf("it does not say %q:\n%s", want, acts)
			}
		}
	})
}

const usersPassword = "correct horse battery"

// writeUsers writes a users file; all have the same password.
func writeUsers(t *testing.T, roles map[string]web.Role) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(usersPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	var users strings.Builder
	for name, role := range roles {
		line, err := web.User{Name: name, Role: role, Password: string(hash)}.Line()
		if err != nil {
			t.Fatal(err)
		}
		users.WriteString(line)
	}
	path := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(path, []byte(users.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A visitor is somebody who has signed in to the pages.
type visitor struct {
	client *http.Client
	site   string
}

func signedIn(t *testing.T, site, name string) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := visitor{&http.Client{Jar: jar}, site}
	if page := v.post(t, "/login", url.Values{"name": {name}, "password": {usersPassword}}); !strings.Contains(page, "Sign out") {
		t.Fatalf("%s cannot sign in:\n%s", name, page)
	}
	return v
}

func (v visitor) get(t *testing.T, path string) string {
	t.Helper()
	return body(t)(v.client.Get(v.site + path))
}

func (v visitor) post(t *testing.T, path string, form url.Values) string {
	t.Helper()
	return body(t)(v.client.PostForm(v.site+path, form))
}

// body is the text of an answer, whatever its status.
func body(t *testing.T) func(*http.Response, error) string {
	t.Helper()
	return func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}
