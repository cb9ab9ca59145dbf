package mailbox_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// A scripted server says what real ones say only in bad hours. It answers each
// command by the first line of its script that matches, or with OK.
type scripted struct {
	*server
	mu   sync.Mutex
	said []string        // by clients
	told map[string]bool // commands of replies that were given once
}

// A reply is given to commands that match: lines, in which TAG stands for the
// command's, or all of it if there is none. What comes after LATER is given from
// the second time on.
type reply struct{ command, lines string }

func startScripted(t *testing.T, caps string, script ...reply) *scripted {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{told: map[string]bool{}, server: &server{options: mailbox.Options{
		Address: listener.Addr().String(), TLS: mailbox.Plain, Username: user, Password: password, CommandTimeout: 5 * time.Second,
	}}}
	script = append(script, reply{`^SELECT`, "* FLAGS ()\r\n* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 3] x\r\n* OK [PERMANENTFLAGS ()] x\r\nTAG OK [READ-WRITE] done\r\n"})
	script = append(script, reply{`^CAPABILITY`, "* CAPABILITY IMAP4rev1 " + caps + "\r\nTAG OK done\r\n"})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn, caps, script) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return s
}

func (s *scripted) serve(conn net.Conn, caps string, script []reply) {
	defer conn.Close()
	fmt.Fprintf(conn, "* OK [CAPABILITY IMAP4rev1 %s] ready\r\n", caps)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		s.mu.Lock()
		s.said = append(s.said, command)
		s.mu.Unlock()
		answer := "TAG OK done\r\n"
		for _, r := range script {
			if regexp.MustCompile(r.command).MatchString(command) {
				answer = s.next(r)
				break
			}
		}
		if _, err := fmt.Fprint(conn, strings.ReplaceAll(answer, "TAG", tag)); err != nil {
			return
		}
	}
}

func (s *scripted) next(r reply) string {
	first, later, twice := strings.Cut(r.lines, "LATER")
	s.mu.Lock()
	defer s.mu.Unlock()
	if twice && s.told[r.command] {
		return later
	}
	s.told[r.command] = true
	return first
}

// heard tells whether a client said something that matches.
func (s *scripted) heard(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, command := range s.said {
		if regexp.MustCompile(what).MatchString(command) {
			return true
		}
	}
	return false
}

func TestAPasswordIsNotShownWhereTheServerTakesNone(t *testing.T) {
	s := startScripted(t, "LOGINDISABLED STARTTLS")
	source := open(t, s.server, nil)
	if _, err := source.Changes(t.Context(), ""); connectors.ClassOf(err) != connectors.Denied || !strings.Contains(err.Error(), "starttls") {
		t.Errorf("got %v, want it denied with a hint", err)
	}
	if s.heard(password) {
		t.Error("the password was sent")
	}
}

func TestAServerThatIsWrongAboutSizesIsReadAllTheSame(t *testing.T) {
	const text = "From: rita@sunny.test\r\nSubject: long\r\n\r\n"
	long := text + strings.Repeat("x", 5000)
	script := []reply{
		{`^UID SEARCH UID 1:`, "* SEARCH 1 2\r\nTAG OK done\r\n"},
		{`^UID SEARCH`, "* SEARCH 2\r\nTAG OK done\r\n"},
		{`^UID FETCH.*RFC822.SIZE`, "* 1 FETCH (UID 1 RFC822.SIZE 50 INTERNALDATE \"02-Nov-2026 15:04:05 +0000\")\r\n* 2 FETCH (UID 2 RFC822.SIZE 50 INTERNALDATE \"02-Nov-2026 15:04:05 +0000\")\r\nTAG OK done\r\n"},
	}
	for _, uid := range []string{"1", "2"} {
		script = append(script, reply{`^UID FETCH ` + uid + ` `, fmt.Sprintf("* %s FETCH (UID %s BODY[] {%d}\r\n%s)\r\nTAG OK done\r\n", uid, uid, len(long), long)})
	}
	script = append(script, reply{`^UID FETCH 1:2`, fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n* 2 FETCH (UID 2 BODY[] {%d}\r\n%s)\r\nTAG OK done\r\n", len(long), long, len(long), long)})
	source := open(t, startScripted(t, "IDLE", script...).server, nil)
	var got []connectors.Record
	eventually(t, "both are read", func() bool {
		batch, err := source.Changes(t.Context(), "")
		got = batch.Records
		return err == nil && len(got) == 2
	})
	for _, r := range got {
		if string(r.Raw) != long || r.Fields["error"] != nil {
			t.Errorf("%v has %d bytes and the error %v, want all %d", r.Ref, len(r.Raw), r.Fields["error"], len(long))
		}
	}
}

func TestAMessageThatTheServerHasNoBytesOfIsReported(t *testing.T) {
	for name, body := range map[string]string{"none": "NIL", "an empty text": `""`, "an empty literal": "{0}\r\n"} {
		t.Run(name, func(t *testing.T) {
			source := open(t, startScripted(t, "IDLE",
				reply{`^UID SEARCH UID 1:`, "* SEARCH 1\r\nTAG OK done\r\n"},
				reply{`^UID FETCH.*RFC822.SIZE`, "* 1 FETCH (UID 1 RFC822.SIZE 0 INTERNALDATE \"02-Nov-2026 15:04:05 +0000\")\r\nTAG OK done\r\n"},
				reply{`^UID FETCH`, "* 1 FETCH (UID 1 BODY[] " + body + ")\r\nTAG OK done\r\n"},
			).server, nil)
			records, _ := readOnce(t, source)
			if len(records) != 1 || records[0].Fields["error"] == nil {
				t.Errorf("got %v, want one record with an error", records)
			}
		})
	}
}

func readOnce(t *testing.T, source *mailbox.Source) ([]connectors.Record, connectors.Cursor) {
	t.Helper()
	batch, err := source.Changes(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return batch.Records, batch.Next
}

// Without MOVE a copy is made, and the original removed only if the server says
// where the copy is.
func TestACopyThatIsNotConfirmedLeavesTheOriginal(t *testing.T) {
	for name, test := range map[string]struct {
		copied  string
		removed bool
		err     bool
	}{
		"with its place":        {"TAG OK [COPYUID 9 1 1] done\r\n", true, false},
		"without its place":     {"TAG OK done\r\n", false, false},
		"refused":               {"TAG NO [TRYCREATE] no such folder\r\n", false, true},
		"of another number yet": {"TAG OK [COPYUID 9 1:2 1:2] done\r\n", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startScripted(t, "UIDPLUS",
				reply{`^UID SEARCH`, "* SEARCH 1\r\nTAG OK done\r\n"},
				reply{`^UID COPY`, test.copied})
			source := open(t, s.server, nil)
			err := source.Settled(t.Context(), []connectors.Ref{{Kind: "message", ID: "INBOX/7/1"}})
			if (err != nil) != test.err {
				t.Errorf("got %v", err)
			}
			if got := s.heard(`^UID EXPUNGE 1$`); got != test.removed || s.heard(`^EXPUNGE`) {
				t.Errorf("removed is %t, want %t", got, test.removed)
			}
		})
	}
}

// A person deletes one mail after it was found and another after its size was
// read.
func TestMailThatAPersonTakesAwayMeanwhileIsPassedOver(t *testing.T) {
	const text = "From: rita@sunny.test\r\nSubject: there\r\n\r\nPlease cancel.\r\n"
	const at = `INTERNALDATE "02-Nov-2026 15:04:05 +0000"`
	source := open(t, startScripted(t, "IDLE",
		reply{`^UID SEARCH UID 1:`, "* SEARCH 1 2 3\r\nTAG OK done\r\n"},
		reply{`^UID SEARCH`, "* SEARCH 3\r\nTAG OK done\r\n"},
		reply{`^UID FETCH.*RFC822.SIZE`, "* 1 FETCH (UID 1 RFC822.SIZE 50 " + at + ")\r\n* 2 FETCH (UID 3 RFC822.SIZE 50 " + at + ")\r\nTAG OK done\r\n"},
		reply{`^UID FETCH 1 `, "TAG OK done\r\n"},
		reply{`^UID FETCH 1,3 `, fmt.Sprintf("* 2 FETCH (UID 3 BODY[] {%d}\r\n%s)\r\nTAG OK done\r\n", len(text), text)},
		reply{`^UID FETCH 3 `, fmt.Sprintf("* 2 FETCH (UID 3 BODY[] {%d}\r\n%s)\r\nTAG OK done\r\n", len(text), text)},
	).server, nil)
	records, cursor := readOnce(t, source)
	if diff := cmp.Diff([]string{"there"}, subjectsOf(records)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if batch, err := source.Changes(t.Context(), cursor); err != nil || len(batch.Records) > 0 {
		t.Errorf("read again: %v, %v", batch.Records, err)
	}
}

func TestAFullFolderIsReportedAndNothingIsRemoved(t *testing.T) {
	for caps, command := range map[string]string{"MOVE": `^UID MOVE`, "UIDPLUS": `^UID COPY`} {
		t.Run("with "+caps, func(t *testing.T) {
			s := startScripted(t, caps,
				reply{`^UID SEARCH`, "* SEARCH 1\r\nTAG OK done\r\n"},
				reply{command, "TAG NO [OVERQUOTA] the folder is full\r\n"})
			source := open(t, s.server, nil)
			if err := source.Settled(t.Context(), []connectors.Ref{{Kind: "message", ID: "INBOX/7/1"}}); err == nil {
				t.Error("it was taken as done")
			}
			if s.heard(`EXPUNGE|\\Deleted`) {
				t.Error("the mail was removed")
			}
		})
	}
}

func TestTheEndOfAReadingEndsLookingForKeys(t *testing.T) {
	s := startSandbox(t)
	s.deliver(t, sign(t, from("rita@sunny.test"), "sunny.test"), sign(t, from("rita@sunny.test"), "sunny.test"))
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	judge := mailbox.Authenticator{LookupTXT: func(name string) ([]string, error) {
		asked.Add(1)
		return dns(name)
	}}
	source := open(t, s, func(o *mailbox.Options) { o.Authenticator = judge })
	if batch, err := source.Changes(ctx, ""); err != nil || len(batch.Records) != 2 || batch.Records[1].Fields["auth"] != "pass" || asked.Load() != 1 {
		t.Fatalf("got %v, %v, and the key was asked for %d times; want both passed by one question", batch.Records, err, asked.Load())
	}
	judge.LookupTXT = func(string) ([]string, error) {
		cancel() // what an interrupted look-up looks like
		return nil, context.Canceled
	}
	source = open(t, s, func(o *mailbox.Options) { o.Authenticator = judge })
	if batch, err := source.Changes(ctx, ""); err == nil {
		t.Errorf("got %d mails with a verdict that was cut short", len(batch.Records))
	}
}
