package mailbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// Wherever in a session a server falls silent, the call ends, and the next one
// over a good line goes on.
func TestASilentServerIsLeftAtEveryPoint(t *testing.T) {
	s := startDovecot(t)
	s.deliver(t, letter("one"), letter("two"))
	direct := s.options.Address
	for _, after := range []int64{0, 50, 1000, 1600, 1700, 1800, 1900, 2000, 2100, 2300, 2600, 3000} {
		t.Run(fmt.Sprintf("after %d bytes", after), func(t *testing.T) {
			t.Parallel()
			through := &server{options: s.options}
			through.options.Address = direct
			p := startProxy(t, through, func() int64 { return after })
			p.setSwallow()
			source := open(t, through, func(o *mailbox.Options) { o.CommandTimeout = 500 * time.Millisecond })
			result := make(chan error, 1)
			go func() {
				_, err := source.Changes(t.Context(), "")
				result <- err
			}()
			err := within(t, time.Minute, result)
			if after < 2000 && err == nil {
				t.Error("it returned nil without an answer")
			}
			if err != nil && connectors.ClassOf(err) != connectors.Temporary {
				t.Errorf("got %v of class %v, want a temporary error", err, connectors.ClassOf(err))
			}
		})
	}
}

func TestAServerThatIsRestartedIsReadOn(t *testing.T) {
	s := startDovecot(t)
	s.deliver(t, letter("before"))
	source := open(t, s, nil)
	records, cursor := drain(t, source, "")
	s.dovecot.Down()
	if err := s.dovecot.Up(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Dovecot listens", func() bool {
		conn, err := net.Dial("tcp", s.options.Address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	s.deliver(t, letter("after"))
	var more []connectors.Record
	eventually(t, "the source has recovered", func() bool {
		batch, err := source.Changes(t.Context(), cursor)
		more = batch.Records
		return err == nil
	})
	if diff := cmp.Diff([]string{"before", "after"}, subjectsOf(append(records, more...))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTwoReadersOfOneMailboxLoseNothing(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprintf("mail %02d", i))
			s.deliver(t, letter(want[i]))
		}
		var both sync.WaitGroup
		for range 2 {
			source := open(t, s, nil)
			both.Go(func() {
				batch, err := source.Changes(t.Context(), "")
				if err != nil {
					t.Error(err)
				}
				for _, r := range batch.Records {
					if err := source.Settled(t.Context(), []connectors.Ref{r.Ref}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
		left, _ := s.subjects(t, "INBOX")
		done, _ := s.subjects(t, "Processed")
		slices.Sort(done)
		if diff := cmp.Diff(want, slices.Compact(append(left, done...))); diff != "" {
			t.Errorf("in the two folders (-want +got):\n%s", diff)
		}
	})
}

func TestADoneFolderThatCannotBeMadeIsReported(t *testing.T) {
	s := startDovecot(t)
	s.deliver(t, letter("done"))
	source := open(t, s, func(o *mailbox.Options) { o.DoneFolder = "a/../b" })
	records, cursor := drain(t, source, "")
	if err := source.Settled(t.Context(), []connectors.Ref{records[0].Ref}); err == nil || !strings.Contains(err.Error(), `"a/../b"`) {
		t.Errorf("got %v, want an error that names the folder", err)
	}
	s.deliver(t, letter("next"))
	more, _ := drain(t, source, cursor)
	if diff := cmp.Diff([]string{"next"}, subjectsOf(more)); diff != "" {
		t.Errorf("reading afterwards (-want +got):\n%s", diff)
	}
	if left, _ := s.subjects(t, "INBOX"); len(left) != 2 {
		t.Errorf("INBOX holds %q, want both mails", left)
	}
}

func TestMailsWithTheSameIDOrNoneAreAllReported(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		s.deliver(t,
			"From: a@b.test\r\nSubject: same 1\r\nMessage-ID: <same@b.test>\r\n\r\nPlease cancel.\r\n",
			"From: a@b.test\r\nSubject: same 2\r\nMessage-ID: <same@b.test>\r\n\r\nPlease do not cancel.\r\n",
			"From: a@b.test\r\nSubject: none\r\n\r\nHello.\r\n")
		records, _ := drain(t, open(t, s, nil), "")
		if diff := cmp.Diff([]string{"same 1", "same 2", "none"}, subjectsOf(records)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if records[0].Fields["sha256"] == records[1].Fields["sha256"] {
			t.Error("two mails of one Message-ID cannot be told apart")
		}
	})
}

// Connections are reset, fall silent and are kicked at random while 300 mails
// arrive, are read, acted upon and filed. Truth is in the cursor alone, which
// is kept with what was done, as the journal keeps it.
func TestEachOf300MailsIsActedUponOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	s := startDovecot(t)
	direct := &server{options: s.options}
	random := rand.New(rand.NewPCG(5, 14))
	var connections atomic.Int64
	p := startProxy(t, s, func() int64 { // asked for one connection after the other
		connections.Add(1)
		return 4000 + random.Int64N(30_000)
	})
	const mails = 300
	var want []string
	for i := range mails {
		want = append(want, fmt.Sprintf("mail %03d", i))
	}

	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	var delivering sync.Mutex // a kick would hit whoever delivers as well
	others.Go(func() {
		for i := 0; i < mails && ctx.Err() == nil; i += 10 {
			var letters []string
			for _, subject := range want[i : i+10] {
				letters = append(letters, letter(subject)+strings.Repeat("More text that nobody reads.\r\n", 20))
			}
			delivering.Lock()
			direct.deliver(t, letters...)
			delivering.Unlock()
			pause, done := context.WithTimeout(ctx, 300*time.Millisecond)
			<-pause.Done()
			done()
		}
	})
	others.Go(func() {
		for n := 0; ; n++ {
			pause, done := context.WithTimeout(ctx, time.Duration(150+n*37%400)*time.Millisecond)
			<-pause.Done()
			done()
			if ctx.Err() != nil {
				return
			}
			p.setHole(n%4 == 1)
			switch n % 4 {
			case 0:
				p.reset()
			case 3:
				delivering.Lock()
				s.dovecot.Kick(user)
				delivering.Unlock()
			}
		}
	})

	acted := map[string]int{}
	source := open(t, s, func(o *mailbox.Options) { o.CommandTimeout, o.IdleRenew = time.Second, 500*time.Millisecond })
	var cursor connectors.Cursor
	var filing []connectors.Ref
	deadline := time.Now().Add(10 * time.Minute) // on a machine however busy
	for len(acted) < mails || len(filing) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d mails after ten minutes", len(acted), mails)
		}
		batch, err := source.Changes(t.Context(), cursor)
		if err != nil {
			continue
		}
		for _, r := range batch.Records {
			acted[r.Fields["subject"].(string)]++
			filing = append(filing, r.Ref)
		}
		cursor = batch.Next
		if len(filing) > 0 {
			if err := source.Settled(t.Context(), filing); err != nil {
				continue
			}
			filing = nil
		}
		if !batch.More && len(acted) < mails {
			waiting, done := context.WithTimeout(t.Context(), 2*time.Second)
			source.Wait(waiting)
			done()
		}
	}
	stop()
	others.Wait()
	for _, subject := range want {
		if acted[subject] != 1 {
			t.Errorf("%s was acted upon %d times", subject, acted[subject])
		}
	}
	done, _ := direct.subjects(t, "Processed")
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("Processed (-want +got):\n%s", diff)
	}
	if n := connections.Load(); n < 10 {
		t.Errorf("%d connections did it, so nothing was tried", n)
	}
}
