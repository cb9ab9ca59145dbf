package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	mailserver "standdown/connectors/mailbox/sandbox"
	"standdown/connectors/salesforce/sandbox"
)

// A crowd is a world in which many homeowners, each with one contract, ask by
// mail to cancel it: an org, a mail server, and the daemon as a process of its
// own. Homeowner i asks in letter(i).
type crowd struct {
	dir       string
	org       *sandbox.Org
	orgAddr   string
	mail      *mailserver.Server
	inbox     *postbox
	workflows map[string]int // by id, whose they are
	contacts  map[string]int

	mu      sync.Mutex
	written map[int]time.Time // when the homeowner's workflow was first written to

	daemon *exec.Cmd
	log    bytes.Buffer // the daemon's
}

// newCrowd makes the world without the daemon. A nil inbox is the mailbox of
// the sandbox's mail server.
func newCrowd(t testing.TB, homeowners int, inbox *postbox) *crowd {
	t.Helper()
	c := &crowd{dir: t.TempDir(), inbox: inbox, workflows: map[string]int{}, contacts: map[string]int{}, written: map[int]time.Time{}}
	c.org = sandbox.New(sandbox.Options{DailyLimit: 10_000_000})
	add := func(object string, fields map[string]any) string {
		id, err := c.org.Insert(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	add("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})
	for i := range homeowners {
		contact := add("Contact", map[string]any{"FirstName": "Robin", "LastName": surname(i), "Email": email(i)})
		workflow := add("Workflow__c", map[string]any{
			"Name": fmt.Sprintf("W-%d", 20_000+i), "Contract_Id__c": fmt.Sprintf("C-%d", 300_000+i), "Status__c": "Active",
			"Product_Model__c": "Regular", "Product__c": "Solar Loan", "Milestone__c": "M2", "Homeowner__c": contact,
			"Installer_Name__c": "Brightline Solar", "Installer_Email__c": fmt.Sprintf("project-%d@brightline.example", i),
			"Contract_Signers__c": "Installer", "Signed_On__c": time.Now().AddDate(0, 0, -41).Format(time.DateOnly),
			"System_Photos__c": "None", "Invoice__c": "None", "Roof_Clear__c": "Yes",
		})
		for n, status := range []string{"Approved", "Not Submitted", "Not Submitted"} {
			add("Milestone__c", map[string]any{"Name": fmt.Sprintf("M%d", n+1), "Workflow__c": workflow, "Order__c": n + 1, "Status__c": status})
		}
		c.contacts[contact], c.workflows[workflow] = i, i
	}
	c.startOrg(t)
	c.mail = mailserver.New(mailserver.Options{Domain: "mx.solarworks.example", Users: map[string]string{mailUser: mailPassword}})
	if err := c.mail.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.mail.Close() })
	if c.inbox == nil {
		c.inbox = embedded(t, c.mail)
	}
	return c
}

// startOrg serves the org, and notes when whose workflow is first written to.
func (c *crowd) startOrg(t testing.TB) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.orgAddr = listener.Addr().String()
	org := c.org.Handler()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		org.ServeHTTP(w, r)
		if r.Method == http.MethodPatch || bytes.Contains(body, []byte(`"PATCH"`)) {
			c.note(append(body, r.URL.Path...), time.Now())
		}
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
}

var salesforceID = regexp.MustCompile(`[a-zA-Z0-9]{18}`)

func (c *crowd) note(call []byte, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range salesforceID.FindAll(call, -1) {
		if i, ok := c.workflows[string(id)]; ok && c.written[i].IsZero() {
			c.written[i] = at
		}
	}
}

// writtenAt is when the homeowner's workflow was first written to; zero if it
// was not yet.
func (c *crowd) writtenAt(i int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written[i]
}

func (c *crowd) howManyWritten() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.written)
}

// surname is a name of its own for every homeowner.
func surname(i int) string {
	syllables := [...]string{"bar", "cor", "den", "fal", "gim", "hol", "jun", "kel", "lor", "mun"}
	var name strings.Builder
	for _, digit := range fmt.Sprintf("%04d", i) {
		name.WriteString(syllables[digit-'0'])
	}
	return strings.ToUpper(name.String()[:1]) + name.String()[1:]
}

func email(i int) string { return fmt.Sprintf("robin.%s@homes.example", strings.ToLower(surname(i))) }

// letter is homeowner i's request, as it lies in the mailbox, of at least size
// bytes.
func letter(i, size int) []byte {
	text := fmt.Sprintf(`Return-Path: <%[1]s>
Authentication-Results: mx.solarworks.example; dmarc=pass header.from=homes.example
Received: from outside by mx.solarworks.example with ESMTP; %[4]s
From: Robin %[2]s <%[1]s>
To: Back office <%[6]s>
Subject: Cancellation of my contract C-%[3]d
Date: %[4]s
Message-ID: <ask-%[5]d@homes.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello,

I am writing to cancel my solar contract C-%[3]d. We have decided that the
monthly payment is more than we can afford right now, so please cancel it.

Kind regards,
Robin %[2]s
`, email(i), surname(i), 300_000+i, time.Now().Format(time.RFC1123Z), i, mailUser)
	if missing := size - len(text); missing > 0 {
		text += "--\n" + strings.Repeat("The house with the green door, second street on the left behind the mill.\n", missing/75+1)
	}
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// pace is the daemon's in a configuration.
type pace struct {
	poll     string // of org and mailbox
	delivery string // a YAML section
	start    string // a YAML section
}

// patient is the recommended pace.
var patient = pace{poll: "@every 1m", delivery: "{}", start: "{}"}

// hurried notices a dead link, and asks after a lost answer, within seconds.
var hurried = pace{poll: "@every 2s", delivery: "{lease: 8s, call_timeout: 1s, quiet: 1s, backoff_min: 50ms, backoff_max: 500ms, attempts: 100}", start: "{}"}

// configure writes the configuration of a daemon that reaches the org and the
// mail servers at these addresses, and asks nobody.
func (c *crowd) configure(t testing.TB, p pace, org, imap, smtp string) {
	t.Helper()
	text := fmt.Sprintf(`journal: {path: journal.db}
salesforce:
  url: http://%[1]s
  auth: {method: client_credentials, client_id: sandbox, client_secret: secret}
  poll: %[2]q
mailbox:
  imap: {address: %[3]q, tls: %[4]s, username: %[6]s, password: %[7]s}
  smtp: {address: %[5]q, tls: none, username: %[6]s, password: %[7]s, from: "Back Office <%[6]s>", copy_to: %[6]s}
  auth_serv_ids: [mx.solarworks.example]
  poll: %[2]q
mapping: {presets: [milestone]}
autonomy: {cancel-workflow: auto, notify-parties: auto, reject-review: auto}
ceilings: {run: {records: 0, percent: 0}, rule: {records: 0}, customer: {records: 0}}
start: %[8]s
web: {listen: ""}
delivery: %[9]s
`, org, p.poll, imap, c.inbox.tls, smtp, mailUser, mailPassword, p.start, p.delivery)
	if err := os.WriteFile(filepath.Join(c.dir, "standdown.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve starts `standdown serve`; it is told to stop when the test ends.
func (c *crowd) serve(t testing.TB, program string) {
	t.Helper()
	c.daemon = exec.Command(program, "serve", "--config", filepath.Join(c.dir, "standdown.yaml"))
	c.daemon.Env = append(os.Environ(), "SSL_CERT_FILE="+c.inbox.trust)
	c.daemon.Stderr = &c.log
	if err := c.daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.stop(t) })
}

// stop tells the daemon to stop, and fails the test if it did not end well.
func (c *crowd) stop(t testing.TB) {
	if c.daemon == nil {
		return
	}
	daemon := c.daemon
	c.daemon = nil
	daemon.Process.Signal(os.Interrupt)
	kill := time.AfterFunc(20*time.Second, func() { daemon.Process.Kill() })
	defer kill.Stop()
	if err := daemon.Wait(); err != nil {
		t.Errorf("the daemon: %v\n%s", err, c.endOfLog())
	}
}

// endOfLog may be called once the daemon has stopped.
func (c *crowd) endOfLog() []byte {
	log := c.log.Bytes()
	return log[max(0, len(log)-5000):]
}

// journal opens the daemon's journal beside it, once the daemon has recorded
// what was there before it.
func (c *crowd) journal(t testing.TB) *store.Store {
	t.Helper()
	journal, err := beside(t.Context(), filepath.Join(c.dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	if err := (&director{journal: journal}).baseline(t.Context()); err != nil {
		c.stop(t)
		t.Fatalf("%v\n%s", err, c.endOfLog())
	}
	return journal
}

// settled reports whether everybody's mail has been acted upon and filed, and
// nothing is left to do.
func (c *crowd) settled(ctx context.Context, journal *store.Store, asked int) (bool, error) {
	if c.howManyWritten() < asked || len(c.mail.Accepted()) < asked {
		return false, nil
	}
	if quiet, err := journal.Quiet(ctx); err != nil || !quiet {
		return false, err
	}
	left, err := c.inbox.folder("INBOX")
	if errors.Is(err, os.ErrNotExist) { // it was moved while we looked
		return false, nil
	}
	return len(left) == 0, err
}

// effects tells, from outside, what became of the homeowners who asked, and
// how often: an empty list if each was served exactly once.
func (c *crowd) effects(asked int) (wrong []string, err error) {
	dump := c.org.Dump()
	statuses, comments, mails, filed := map[int]any{}, map[int]int{}, map[int]int{}, map[int]int{}
	for _, w := range dump["Workflow__c"] {
		statuses[c.workflows[w["Id"].(string)]] = w["Status__c"]
	}
	for _, f := range dump["FeedItem"] {
		i, ok := c.contacts[f["ParentId"].(string)]
		if !ok {
			i, ok = c.workflows[f["ParentId"].(string)]
		}
		if !ok {
			wrong = append(wrong, fmt.Sprintf("a comment on %v", f["ParentId"]))
		}
		comments[i]++
	}
	byAddress := map[string]int{}
	for i := range c.workflows {
		byAddress[email(c.workflows[i])] = c.workflows[i]
	}
	for _, m := range c.mail.Accepted() {
		for _, to := range m.To {
			if i, ok := byAddress[strings.ToLower(to)]; ok {
				mails[i]++
			}
		}
	}
	done, err := c.inbox.folder("Processed")
	if err != nil {
		return nil, err
	}
	for _, raw := range done {
		if m := ask.FindSubmatch(raw); m != nil {
			var i int
			fmt.Sscan(string(m[1]), &i)
			filed[i]++
		}
	}
	for i := range c.workflows {
		i := c.workflows[i]
		status, times := any("Cancel Pending"), 1
		if i >= asked {
			status, times = "Active", 0
		}
		if statuses[i] != status || comments[i] != times || mails[i] != times || filed[i] != times {
			wrong = append(wrong, fmt.Sprintf("homeowner %d: status %v, %d comments, %d mails out, %d times filed; want %v and %d of each",
				i, statuses[i], comments[i], mails[i], filed[i], status, times))
		}
	}
	if n := len(dump["Case"]); n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d cases, want none", n))
	}
	return wrong, nil
}

// ask finds the Message-ID of a request; a notice of ours refers to it in
// other headers.
var ask = regexp.MustCompile(`(?mi)^Message-ID: <ask-([0-9]+)@`)
