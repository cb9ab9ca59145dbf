package bench

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"standdown/cmd/standdown/internal/store"
	mailserver "standdown/connectors/mailbox/sandbox"
	"standdown/connectors/salesforce/sandbox"
)

// A Crowd is a world in which many homeowners, each with one contract, ask by
// mail to cancel it: an org, a mail server, and a daemon as a process of its
// own. Homeowner i asks in [Letter] i.
type Crowd struct {
	Dir   string // of the daemon
	Org   *sandbox.Org
	Door  *Door // of the org
	Mail  *mailserver.Server
	Inbox *Postbox

	workflows map[string]int // by id, whose they are
	contacts  map[string]int

	mu      sync.Mutex
	written map[int]time.Time // when the homeowner's workflow was first written to
	patched map[int]int       // how often it was written to by a call that does nothing else

	daemon  *Process
	journal *store.Store
}

// NewCrowd makes the world without the daemon, whose files will be in dir. A nil
// inbox is the mailbox of the sandbox's mail server; another is closed with the
// world.
func NewCrowd(dir string, homeowners int, inbox *Postbox) (c *Crowd, err error) {
	c = &Crowd{Dir: dir, Inbox: inbox, workflows: map[string]int{}, contacts: map[string]int{}, written: map[int]time.Time{}, patched: map[int]int{}}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	c.Org = sandbox.New(sandbox.Options{DailyLimit: 10_000_000})
	if err := c.settle(homeowners); err != nil {
		return nil, err
	}
	if c.Door, err = openDoor(c.Org.Handler(), c.note); err != nil {
		return nil, err
	}
	c.Mail = mailserver.New(mailserver.Options{Domain: "mx.solarworks.example", Users: map[string]string{MailUser: MailPassword}})
	if err := c.Mail.Start(); err != nil {
		return nil, err
	}
	if c.Inbox == nil {
		c.Inbox = Embedded(c.Mail)
	}
	return c, nil
}

// settle fills the org.
func (c *Crowd) settle(homeowners int) error {
	var failed error
	add := func(object string, fields map[string]any) string {
		id, err := c.Org.Insert(object, fields)
		if err != nil {
			failed = fmt.Errorf("filling the org: %w", err)
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
		if failed != nil {
			return failed
		}
		c.contacts[contact], c.workflows[workflow] = i, i
	}
	return failed
}

// Close ends what is running. What is left in the world can still be looked at.
func (c *Crowd) Close() {
	c.daemon.Kill()
	if c.journal != nil {
		c.journal.Close()
		c.journal = nil
	}
	if c.Mail != nil {
		c.Mail.Close()
	}
	if c.Door != nil {
		c.Door.Close()
	}
	if c.Inbox != nil {
		c.Inbox.Close()
	}
}

var salesforceID = regexp.MustCompile(`[a-zA-Z0-9]{18}`)

// note keeps when whose workflow was written to.
func (c *Crowd) note(call []byte, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	patch := bytes.Contains(call, []byte("PATCH /"))
	for _, id := range salesforceID.FindAll(call, -1) {
		i, ok := c.workflows[string(id)]
		if !ok {
			continue
		}
		if c.written[i].IsZero() {
			c.written[i] = at
		}
		if patch {
			c.patched[i]++
		}
	}
}

// WrittenAt is when the homeowner's workflow was first written to; zero if it
// was not yet.
func (c *Crowd) WrittenAt(i int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written[i]
}

// Written is to how many workflows has been written.
func (c *Crowd) Written() int {
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

// Letter is homeowner i's request, as it lies in the mailbox, of at least size
// bytes.
func Letter(i, size int) []byte {
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
`, email(i), surname(i), 300_000+i, time.Now().Format(time.RFC1123Z), i, MailUser)
	if missing := size - len(text); missing > 0 {
		text += "--\n" + strings.Repeat("The house with the green door, second street on the left behind the mill.\n", missing/75+1)
	}
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// letters are those of the homeowners from first on.
func letters(first, n, size int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = Letter(first+i, size)
	}
	return all
}

// Settled reports whether everybody's mail has been acted upon by the daemon and
// filed, and nothing is left to do.
func (c *Crowd) Settled(ctx context.Context, journal *store.Store, asked int) (bool, error) {
	if c.Written() < asked || len(c.Mail.Accepted()) < asked {
		return false, nil
	}
	if quiet, err := journal.Quiet(ctx); err != nil || !quiet {
		return false, err
	}
	left, err := c.Inbox.Folder("INBOX")
	return len(left) == 0, err
}

// Effects tells, from outside, what became of the homeowners who asked, and
// how often: an empty list if the daemon served each exactly once.
func (c *Crowd) Effects(asked int) (wrong []string, err error) {
	dump := c.Org.Dump()
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
	for _, i := range c.workflows {
		byAddress[email(i)] = i
	}
	for _, m := range c.Mail.Accepted() {
		for _, to := range m.To {
			if i, ok := byAddress[strings.ToLower(to)]; ok {
				mails[i]++
			}
		}
	}
	done, err := c.Inbox.Folder("Processed")
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
	for _, i := range slices.Sorted(maps.Values(c.workflows)) {
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

// patches tells, from outside, whether a peer that only sets the status did so
// once for each who asked.
func (c *Crowd) patches(asked int) (wrong []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost, doubled := 0, 0
	for i := range asked {
		switch n := c.patched[i]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	if lost+doubled > 0 {
		wrong = append(wrong, fmt.Sprintf("of %d mails %d were never acted upon, %d more than once", asked, lost, doubled))
	}
	return wrong
}

// ask finds the Message-ID of a request; a notice of ours refers to it in
// other headers.
var ask = regexp.MustCompile(`(?mi)^Message-ID: <ask-([0-9]+)@`)

// forget removes the daemon's journal.
func (c *Crowd) forget() {
	for _, file := range []string{"journal.db", "journal.db-wal", "journal.db-shm"} {
		os.Remove(filepath.Join(c.Dir, file))
	}
}
