package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

var (
	_ connectors.Source      = (*mailbox.Source)(nil)
	_ connectors.Waiter      = (*mailbox.Source)(nil)
	_ connectors.Housekeeper = (*mailbox.Source)(nil)
	_ mailbox.Looker         = (*mailbox.Source)(nil)
	_ connectors.Sink        = (*mailbox.Sink)(nil)
)

func open(t testing.TB, s *server, change func(*mailbox.Options)) *mailbox.Source {
	t.Helper()
	options := s.options
	options.DoneFolder = "Processed"
	if change != nil {
		change(&options)
	}
	source := mailbox.NewSource(options)
	t.Cleanup(func() { source.Close() })
	return source
}

// drain reads until there is no more and returns the records and the cursor.
func drain(t testing.TB, source *mailbox.Source, cursor connectors.Cursor) ([]connectors.Record, connectors.Cursor) {
	t.Helper()
	var records []connectors.Record
	for {
		batch, err := source.Changes(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, batch.Records...)
		cursor = batch.Next
		if !batch.More {
			return records, cursor
		}
	}
}

func subjectsOf(records []connectors.Record) (subjects []string) {
	for _, r := range records {
		subjects = append(subjects, r.Fields["subject"].(string))
	}
	return subjects
}

func TestEveryMailInTheFolderIsReadOnce(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		s.deliver(t, letter("one"), letter("two"))
		records, cursor := drain(t, source, "")
		if diff := cmp.Diff([]string{"one", "two"}, subjectsOf(records)); diff != "" {
			t.Fatalf("first reading (-want +got):\n%s", diff)
		}
		if !records[0].At.Equal(arrival) {
			t.Errorf("At is %v, want the time of arrival %v", records[0].At, arrival)
		}
		if !strings.Contains(string(records[0].Raw), "Please cancel W-1042.") {
			t.Errorf("Raw does not hold the mail: %q", records[0].Raw)
		}
		if records, _ := drain(t, source, cursor); len(records) > 0 {
			t.Errorf("read again: %q", subjectsOf(records))
		}
		s.deliver(t, letter("three"))
		records, _ = drain(t, source, cursor)
		if diff := cmp.Diff([]string{"three"}, subjectsOf(records)); diff != "" {
			t.Errorf("second reading (-want +got):\n%s", diff)
		}
		if _, flags := s.subjects(t, "INBOX"); slices.Contains(flags, imap.Flag(`\seen`)) {
			t.Error("reading marked a mail as seen")
		}
		if source.LastSuccess().IsZero() {
			t.Error("LastSuccess is zero after a successful reading")
		}
	})
}

func TestAManyMailsComeInBatches(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		var mails, want []string
		for i := range 120 {
			want = append(want, fmt.Sprintf("mail %03d", i))
			mails = append(mails, letter(want[i]))
		}
		s.deliver(t, mails...)
		records, _ := drain(t, open(t, s, nil), "")
		if diff := cmp.Diff(want, subjectsOf(records)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestHeadSkipsWhatIsThere(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		for _, old := range [][]string{nil, {letter("old")}} {
			s.deliver(t, old...)
			head, err := source.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.deliver(t, letter("new"))
			records, _ := drain(t, source, head)
			if diff := cmp.Diff([]string{"new"}, subjectsOf(records)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

func TestSettledMailIsMovedAndFlagged(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		s.deliver(t, letter("done"), letter("open"))
		records, _ := drain(t, source, "")
		for range 2 { // the second time it is gone already
			if err := source.Settled(t.Context(), []connectors.Ref{records[0].Ref, {Kind: "message", ID: "INBOX/1/999"}}); err != nil {
				t.Fatal(err)
			}
		}
		left, _ := s.subjects(t, "INBOX")
		if diff := cmp.Diff([]string{"open"}, left); diff != "" {
			t.Errorf("INBOX (-want +got):\n%s", diff)
		}
		done, flags := s.subjects(t, "Processed")
		if diff := cmp.Diff([]string{"done"}, done); diff != "" {
			t.Errorf("Processed (-want +got):\n%s", diff)
		}
		for _, want := range []imap.Flag{`\seen`, "$standdowndone"} {
			if !slices.Contains(flags, want) {
				t.Errorf("flags are %q, want %s among them", flags, want)
			}
		}
	})
}

func TestSettledMailOfAnEarlierNumberingIsLeftAlone(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		s.deliver(t, letter("a person's"))
		if err := source.Settled(t.Context(), []connectors.Ref{{Kind: "message", ID: "INBOX/4711/1"}}); err != nil {
			t.Fatal(err)
		}
		if left, flags := s.subjects(t, "INBOX"); len(left) != 1 || slices.Contains(flags, imap.Flag(`\seen`)) {
			t.Errorf("INBOX holds %q with flags %q, want the mail untouched", left, flags)
		}
	})
}

func TestAFolderNumberedAnewIsReadFromTheStart(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		c := s.client(t)
		if err := c.Create("Requests", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		put := func(subject string) {
			s.deliver(t, letter(subject))
			if _, err := c.Select("INBOX", nil).Wait(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Copy(imap.SeqSet{{Start: 1}}, "Requests").Wait(); err != nil {
				t.Fatal(err)
			}
			if err := c.Store(imap.SeqSet{{Start: 1}}, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.Expunge().Close(); err != nil {
				t.Fatal(err)
			}
		}
		put("before one")
		put("before two")
		source := open(t, s, func(o *mailbox.Options) { o.Folder = "Requests" })
		_, cursor := drain(t, source, "")
		source.Close()
		// Dovecot counts seconds in UIDVALIDITY, so the same second may repeat it.
		first := validity(t, cursor)
		eventually(t, "the folder has another UIDVALIDITY", func() bool {
			if err := c.Delete("Requests").Wait(); err != nil {
				t.Fatal(err)
			}
			if err := c.Create("Requests", nil).Wait(); err != nil {
				t.Fatal(err)
			}
			head, err := source.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return validity(t, head) != first
		})
		put("after")
		records, _ := drain(t, source, cursor)
		if diff := cmp.Diff([]string{"after"}, subjectsOf(records)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func validity(t *testing.T, cursor connectors.Cursor) (v int) {
	t.Helper()
	if _, err := fmt.Sscanf(string(cursor), `{"v":%d`, &v); err != nil {
		t.Fatalf("cursor %q: %v", cursor, err)
	}
	return v
}

func TestWaitReturnsWhenMailArrives(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		_, cursor := drain(t, source, "")
		t.Run("while it waits", func(t *testing.T) {
			result := make(chan error)
			go func() { result <- source.Wait(t.Context()) }()
			s.deliver(t, letter("while waiting"))
			if err := within(t, time.Minute, result); err != nil {
				t.Error(err)
			}
			records, next := drain(t, source, cursor)
			if diff := cmp.Diff([]string{"while waiting"}, subjectsOf(records)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			_, cursor = drain(t, source, next)
		})
		t.Run("between reading and waiting", func(t *testing.T) {
			s.deliver(t, letter("between"))
			result := make(chan error)
			go func() { result <- source.Wait(t.Context()) }()
			if err := within(t, time.Minute, result); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestWaitEndsSoonAfterItsContext(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		_, cursor := drain(t, source, "")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		result := make(chan error)
		go func() { result <- source.Wait(ctx) }()
		if err := within(t, 1100*time.Millisecond, result); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end", err)
		}
		drain(t, source, cursor) // the source is still usable
	})
}

func TestAWaitGivesWayToOtherCalls(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		s.deliver(t, letter("done"))
		records, cursor := drain(t, source, "")
		drain(t, source, cursor)
		result := make(chan error, 1)
		go func() { result <- source.Wait(t.Context()) }()
		settled := make(chan error, 1)
		go func() { settled <- source.Settled(t.Context(), []connectors.Ref{records[0].Ref}) }()
		if err := within(t, time.Minute, settled); err != nil {
			t.Fatal(err)
		}
		if done, _ := s.subjects(t, "Processed"); len(done) != 1 {
			t.Errorf("Processed holds %q, want the settled mail", done)
		}
	})
}

func within(t *testing.T, limit time.Duration, result <-chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(limit):
		t.Fatalf("no result within %v", limit)
		return nil
	}
}

func TestAWrongPasswordIsDenied(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, func(o *mailbox.Options) { o.Password = "wrong" })
		_, err := source.Changes(t.Context(), "")
		if class := connectors.ClassOf(err); class != connectors.Denied {
			t.Errorf("got %v of class %v, want denied", err, class)
		}
		if err != nil && (strings.Contains(err.Error(), "wrong") || strings.Contains(err.Error(), user)) {
			t.Errorf("the error holds credentials: %v", err)
		}
	})
}

func TestAServerThatIsDownIsATemporaryError(t *testing.T) {
	source := open(t, &server{options: mailbox.Options{Address: "127.0.0.1:1", Username: user, Password: password}}, nil)
	_, err := source.Changes(t.Context(), "")
	if err == nil || connectors.ClassOf(err) != connectors.Temporary {
		t.Errorf("got %v, want a temporary error", err)
	}
}

func TestMailThatCannotBeReadIsReportedAllTheSame(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, func(o *mailbox.Options) { o.MaxSize = 20_000 })
		s.deliver(t,
			letter("huge")+strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 1000),
			strings.Replace(letter("bomb"), "Date:", "Content-Type: multipart/mixed; boundary=x\r\nDate:", 1)+strings.Repeat("--x\r\n\r\n", 2100),
			letter("fine"))
		records, _ := drain(t, source, "")
		var got []string
		for _, r := range records {
			got = append(got, fmt.Sprintf("%s: %v", r.Fields["subject"], r.Fields["error"]))
		}
		want := []string{"huge: the message is larger than 20000 bytes", "bomb: the message has too many parts", "fine: <nil>"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestACursorOfAnotherKindIsRejected(t *testing.T) {
	source := open(t, &server{options: mailbox.Options{Address: "127.0.0.1:1"}}, nil)
	if _, err := source.Changes(t.Context(), "yesterday"); connectors.ClassOf(err) != connectors.Rejected {
		t.Errorf("got %v, want it rejected", err)
	}
}

func TestSentFindsAMailByItsMessageID(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		source := open(t, s, nil)
		ask := func(id string, want bool) {
			t.Helper()
			got, err := source.Sent(t.Context(), id)
			if err != nil || got != want {
				t.Errorf("Sent(%q) = %v, %v; want %v", id, got, err, want)
			}
		}
		ask("note@sunny.test", false)
		s.deliver(t, letter("note"))
		ask("note@sunny.test", true)
		ask("other@sunny.test", false)
		records, _ := drain(t, source, "")
		if err := source.Settled(t.Context(), []connectors.Ref{records[0].Ref}); err != nil {
			t.Fatal(err)
		}
		ask("note@sunny.test", true)
	})
}
