package mailbox_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
)

// listen has s.options lead to the server through an ear. The result returns the
// commands that clients have sent since it was asked before.
func listen(t *testing.T, s *server) (heard func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := s.options.Address
	s.options.Address = listener.Addr().String()
	var said ear
	var copying sync.WaitGroup
	copying.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				t.Error(err)
				client.Close()
				return
			}
			copying.Go(func() {
				defer server.Close()
				io.Copy(io.MultiWriter(&said, server), client)
			})
			copying.Go(func() {
				defer client.Close()
				io.Copy(client, server)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		copying.Wait()
	})
	return said.commands
}

type ear struct {
	mu   sync.Mutex
	text strings.Builder
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.Write(p)
}

var command = regexp.MustCompile(`(?m)^T\d+ ((?:UID )?[A-Z]+)(.*)\r$`)

func (e *ear) commands() (all []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range command.FindAllStringSubmatch(e.text.String(), -1) {
		if strings.Contains(m[2], "BODY") {
			m[1] += " BODY"
		}
		all = append(all, m[1])
	}
	e.text.Reset()
	return all
}

func TestABacklogIsSearchedForOnce(t *testing.T) {
	s := startSandbox(t)
	var mails, want []string
	for i := range 620 {
		want = append(want, fmt.Sprintf("mail %03d", i))
		mails = append(mails, letter(want[i]))
	}
	s.deliver(t, mails...)
	heard := listen(t, s)
	source := open(t, s, nil)
	var records []connectors.Record
	cursor := connectors.Cursor("")
	for more := true; more; {
		batch, err := source.Changes(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		records, cursor, more = append(records, batch.Records...), batch.Next, batch.More
	}
	if diff := cmp.Diff(want, subjectsOf(records)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	count := map[string]int{}
	for _, c := range heard() {
		count[c]++
	}
	delete(count, "LOGIN")
	delete(count, "CAPABILITY")
	if diff := cmp.Diff(map[string]int{"SELECT": 1, "UID SEARCH": 1, "UID FETCH": 2, "UID FETCH BODY": 7}, count); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestAMailThatTheServerTellsOfTakesTwoExchanges(t *testing.T) {
	s := startSandbox(t)
	heard := listen(t, s)
	source := open(t, s, nil)
	s.deliver(t, letter("old"), letter("gone"))
	records, cursor := drain(t, source, "")
	if err := source.Settled(t.Context(), []connectors.Ref{records[1].Ref}); err != nil { // so that "3:*" names the first
		t.Fatal(err)
	}
	_, cursor = drain(t, source, cursor)
	told := make(chan error)
	go func() { told <- source.Wait(t.Context()) }()
	for !slices.Contains(heard(), "IDLE") {
	}
	s.deliver(t, letter("new"))
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	heard()
	batch, err := source.Changes(t.Context(), cursor)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"new"}, subjectsOf(batch.Records)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"UID FETCH", "UID FETCH BODY"}, heard()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// "4:*" names the last message there is, even if that is an old one: what a person
// has moved away meanwhile must not have an old mail taken for a new one.
func TestAMailThatIsGoneWhenItIsLookedForShowsNoOther(t *testing.T) {
	s := startScripted(t, "MOVE",
		reply{`^UID SEARCH UID 3:`, "* SEARCH 3\r\nTAG OK done\r\n"},
		reply{`^UID SEARCH UID 4:`, "* SEARCH 4\r\nTAG OK done\r\n"},
		reply{`^UID FETCH 4:\*`, "* 2 FETCH (UID 2 RFC822.SIZE 9 INTERNALDATE \"22-Nov-2026 10:00:00 +0000\")\r\nTAG OK done\r\n"},
		reply{`^UID FETCH 2 .*BODY`, "* 2 FETCH (UID 2 BODY[] {9}\r\nA: b\r\n\r\nc)\r\nTAG OK done\r\n"},
	)
	source := open(t, s.server, nil)
	_, cursor := drain(t, source, `{"v":7,"u":2}`)
	if err := source.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch, err := source.Changes(t.Context(), cursor)
	if err != nil {
		t.Fatal(err)
	}
	if len(batch.Records) != 0 || batch.Next != cursor {
		t.Errorf("%d records up to %s, want none up to %s", len(batch.Records), batch.Next, cursor)
	}
}
