package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/loopback"
	mailserver "standdown/connectors/mailbox/sandbox"
	"standdown/connectors/salesforce/sandbox"
)

// TestFromDownloadToTrusted is a new administrator's afternoon, with an org that
// calls everything otherwise and has nothing of Standdown's, command by command
// as the guide tells it.
func TestFromDownloadToTrusted(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts an org, a mail server and daemons")
	}
	a := newAfternoon(t)

	// An org as it is, and a first configuration.
	stop := a.sandbox()
	said := a.does(exitDone, "config", "init", "--org-url", a.url, "--from-org", "--zone", "America/New_York",
		"--mail", a.mailbox, "--imap", a.mail.IMAPAddr, "--smtp", a.mail.SMTPAddr)
	a.hears(said, "standdown.yaml is written.", "Still to be decided:\n  workflow.fields.photos: to decide: is it Site_Documents__c (")
	a.does(exitDone, "config", "check")
	if text, err := os.ReadFile("standdown.yaml"); err != nil || strings.Contains(string(text), a.password) {
		t.Errorf("the configuration holds a secret, or cannot be read: %v", err)
	}
	said = a.does(exitFailed, "org", "check")
	a.hears(said,
		"Deal_Contract__c.System_Photos__c (workflow.photos): there is no such field",
		"Case.Standdown_Key__c (case key): there is no such field",
		`Visit__c.Hold_Resource__c (job.resource): there is no such field, or the integration user may not see it`+"\n"+`  "standdown org package" makes it`,
		"queue Back_Office (queue): there is no such queue")

	// What was left to the administrator, and what the org lacks.
	a.edits(`( *)# photos: # to decide.*\n`, "${1}photos: Site_Documents__c\n")
	a.edits(`(objects:\n    workflow:\n(?s:.*?)      values:\n)`, "${1}        photos: {\"yes\": Received, \"no\": Outstanding}\n")
	a.edits(`# auth_serv_ids: .*`, "auth_serv_ids: [mx.acme.example]")
	a.does(exitDone, "config", "check")
	a.does(exitDone, "org", "package", "sfdx")
	stop()
	stop = a.sandbox("--add", "sfdx")
	a.hears(a.does(exitDone, "org", "check"), a.url+": ok (as integration@sandbox.example")

	// What would be done: a client is on hold already.
	a.edits(`default_zone: America/New_York`, "default_zone: America/New_York, adopt_existing: true")
	a.hears(a.does(exitDone, "plan"), "in shadow       cancel-job: JOB-0034: Status: Sent -> Canceled; Abort reason: Client on Hold", "Visit_Status__c: Sent -> Canceled")
	stop()

	// Two weeks beside today's way of working.
	org := a.org()
	a.serves(func(journal *store.Store) { a.shadows(journal, org) })
	a.hears(a.does(exitDone, "shadow", "report"), "cancel-job: 3 of 4 as people did, 1 not done",
		"not done: JOB-0004: Status: Sent -> Canceled", "not done: W-1042: Status: Live -> Pending Cancellation; Cancel reason: Financial reasons")

	// And now for good.
	a.edits(`shadow:\n  all: true\n`, "")
	holds(t, org, "Amelia Stone")
	a.does(exitDone, "plan", "--out", "plan.json")
	a.hears(a.does(exitDone, "apply", "plan.json", "--as", "Dana"), " 0 refused")
	cancelled, err := org.Query("SELECT Name FROM Visit__c WHERE Visit_Status__c = 'Canceled' AND Cancellation_Reason__c = 'Client on Hold' AND Client__r.Name = 'Amelia Stone'")
	if err != nil || len(cancelled) < 3 {
		t.Errorf("visits that were cancelled: %v, error %v", cancelled, err)
	}
	a.ahead.Store(int64(15 * 24 * time.Hour)) // later than it was last read
	a.serves(func(*store.Store) {})
	a.didAsGuided()
}

// didAsGuided checks that the commands of the guide are those that were run, in
// this order.
func (a *afternoon) didAsGuided() {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(a.guides, "from-download-to-trusted.md"))
	if err != nil {
		a.t.Fatal(err)
	}
	names := strings.NewReplacer(a.addr, "127.0.0.1:8080", a.mail.IMAPAddr, "imap.acme.example:993", a.mail.SMTPAddr, "smtp.acme.example:465")
	var guided, did []string
	for _, block := range fenced(string(text), "console") {
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ standdown "); ok {
				guided = append(guided, command)
			}
		}
	}
	for _, command := range a.did {
		did = append(did, names.Replace(command))
	}
	if diff := cmp.Diff(guided, did); diff != "" {
		a.t.Errorf("the guide has other commands (-guide +done):\n%s", diff)
	}
}

// holds has a person put a client on hold.
func holds(t *testing.T, org *sandbox.Org, client string) {
	t.Helper()
	found, err := org.Query("SELECT Id FROM Contact WHERE Name = '" + client + "'")
	if err == nil {
		err = org.Update("Contact", found[0]["Id"].(string), map[string]any{"Service_Paused__c": true, "Pause_Begins__c": day(8), "Back_On__c": day(21)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// An afternoon is an administrator at a desk: a directory with a configuration,
// an org, a mail server.
type afternoon struct {
	t        *testing.T
	addr     string // of the org
	url      string
	mail     *mailserver.Server
	mailbox  string
	password string
	ahead    atomic.Int64 // how far the clock was moved
	guides   string
	did      []string // the commands
}

func newAfternoon(t *testing.T) *afternoon {
	t.Helper()
	guides, err := filepath.Abs(guides)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	addr, err := loopback.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	a := &afternoon{t: t, addr: addr, url: "http://" + addr, mailbox: "cancellations@acme.example", password: "hunter2", guides: guides}
	a.mail = mailserver.New(mailserver.Options{Now: a.now, Domain: "mx.acme.example", Users: map[string]string{a.mailbox: a.password}})
	if err := a.mail.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.mail.Close() })
	t.Setenv("SALESFORCE_CLIENT_ID", "sandbox")
	t.Setenv("SALESFORCE_CLIENT_SECRET", "secret")
	t.Setenv("MAILBOX_PASSWORD", a.password)
	return a
}

func (a *afternoon) now() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) }

// does runs a command, which must end so, and returns what it says.
func (a *afternoon) does(want int, args ...string) string {
	a.t.Helper()
	a.did = append(a.did, strings.Join(args, " "))
	var said strings.Builder
	if code := run(a.t.Context(), args, strings.NewReader(""), &said, &said); code != want {
		a.t.Fatalf("standdown %s: exit code %d, want %d, said\n%s", strings.Join(args, " "), code, want, said.String())
	}
	return said.String()
}

func (a *afternoon) hears(said string, wants ...string) {
	a.t.Helper()
	for _, want := range wants {
		if !strings.Contains(said, want) {
			a.t.Errorf("it does not say %q", want)
		}
	}
	if a.t.Failed() {
		a.t.Fatal(said)
	}
}

// edits changes the configuration where it is like the pattern, which it must be
// at one place.
func (a *afternoon) edits(pattern, into string) {
	a.t.Helper()
	text, err := os.ReadFile("standdown.yaml")
	if err != nil {
		a.t.Fatal(err)
	}
	re := regexp.MustCompile(pattern)
	if n := len(re.FindAll(text, -1)); n != 1 {
		a.t.Fatalf("%d places are like %s in\n%s", n, pattern, text)
	}
	if err := os.WriteFile("standdown.yaml", re.ReplaceAll(text, []byte(into)), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// sandbox runs the org as a command until stop is called.
func (a *afternoon) sandbox(more ...string) (stop func()) {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	said, stdout := io.Pipe()
	var stderr strings.Builder
	done := make(chan int, 1)
	args := append([]string{"sandbox", "--model", "acme", "--state", "acme.json", "--addr", a.addr}, more...)
	a.did = append(a.did, strings.Join(args, " "))
	go func() {
		done <- run(ctx, args, strings.NewReader(""), stdout, &stderr)
		stdout.Close()
	}()
	// It listens before it says how to log in.
	if _, err := io.ReadFull(said, make([]byte, len(sandboxGuide))); err != nil {
		cancel()
		a.t.Fatalf("the sandbox: exit code %d: %s", <-done, stderr.String())
	}
	go io.Copy(io.Discard, said)
	stop = sync.OnceFunc(func() {
		cancel()
		if code := <-done; code != exitDone {
			a.t.Errorf("the sandbox: exit code %d: %s", code, stderr.String())
		}
	})
	a.t.Cleanup(stop)
	return stop
}

// org is the same org, in which people can now act.
func (a *afternoon) org() *sandbox.Org {
	a.t.Helper()
	org, fresh, err := sandbox.Open(sandbox.Options{Now: a.now, Model: sandbox.Acme(), State: "acme.json", Project: "sfdx"})
	if err == nil && fresh {
		err = fmt.Errorf("it is a new one")
	}
	if err == nil {
		_, err = org.Start(a.addr)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { org.Close() })
	return org
}

// serves has a daemon run as long as meanwhile does, once it has seen what is
// there.
func (a *afternoon) serves(meanwhile func(*store.Store)) {
	a.t.Helper()
	a.did = append(a.did, "serve")
	cfg, err := config.Load("standdown.yaml", os.LookupEnv)
	if err != nil {
		a.t.Fatal(err)
	}
	cfg.Web.Listen = ""
	began := a.now()
	defer served(a.t, cfg, a.now)()
	journal, err := beside(a.t.Context(), cfg.Journal.Name())
	if err != nil {
		a.t.Fatal(err)
	}
	defer journal.Close()
	a.waits("everything to be read", func() (bool, error) {
		for _, source := range []string{"salesforce", "mailbox"} {
			r, err := journal.Reading(a.t.Context(), source)
			if err != nil || r.ReadAt.Before(began) || r.Baseline {
				return false, err
			}
		}
		return true, nil
	})
	meanwhile(journal)
}

func (a *afternoon) waits(what string, done func() (bool, error)) {
	a.t.Helper()
	if err := stage.Until(a.t.Context(), what, done); err != nil {
		a.t.Fatal(err)
	}
}

// shadows has the daemon run beside people: Harold goes on hold and Maria
// cancels. Nothing but what people do happens in the org or in the mailbox.
func (a *afternoon) shadows(journal *store.Store, org *sandbox.Org) {
	a.t.Helper()
	ctx, t := a.t.Context(), a.t
	holds(t, org, "Harold Finch")
	if err := a.mail.Deliver(a.mailbox, []byte(strings.ReplaceAll(marias, "\n", "\r\n")), "mx.acme.example; dmarc=pass header.from=example.com"); err != nil {
		t.Fatal(err)
	}
	before := org.Dump()
	var visits []string
	a.waits("both to be decided", func() (bool, error) {
		visits = nil
		workflow := false
		entries, err := journal.Entries(ctx, store.Filter{})
		for _, e := range entries {
			if e.Verb == "cancel-job" {
				visits = append(visits, e.Change.Ref.ID)
			}
			workflow = workflow || e.Verb == "cancel-workflow"
		}
		return len(visits) > 0 && workflow, err
	})
	if diff := cmp.Diff(before, org.Dump()); diff != "" {
		t.Errorf("the org has changed (-before +after):\n%s", diff)
	}
	if left, err := a.mail.Folder(a.mailbox, "INBOX"); err != nil || len(left) != 1 || len(a.mail.Accepted()) != 0 {
		t.Errorf("the mailbox has %d mails, %d were sent, error %v", len(left), len(a.mail.Accepted()), err)
	}

	// People do the same, but for one visit.
	for _, id := range visits[1:] {
		if err := org.Update("Visit__c", id, map[string]any{"Visit_Status__c": "Canceled", "Cancellation_Reason__c": "Client on Hold"}); err != nil {
			t.Fatal(err)
		}
	}
	a.ahead.Store(int64(14 * 24 * time.Hour))
	a.waits("it to be compared", func() (bool, error) {
		totals, err := journal.ShadowTotals(ctx, store.ShadowFilter{})
		waiting := len(totals) == 0
		for _, total := range totals {
			waiting = waiting || total.Waiting > 0
		}
		return !waiting, err
	})
	a.ahead.Store(0)
}

// marias is a mail in which a homeowner cancels.
const marias = `From: Maria Alvarez <maria.alvarez@example.com>
To: cancellations@acme.example
Subject: Cancellation of my contract C-204417
Date: Mon, 2 Mar 2026 10:00:00 -0500
Message-ID: <1@mail.example.com>

Hello,

please cancel my solar contract C-204417. We can no longer afford it.

Maria Alvarez
`
