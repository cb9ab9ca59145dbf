package mailbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

const (
	benchMails = 5000
	benchSize  = 4000
)

// filled is a Dovecot with many mails in INBOX.
func filled(b *testing.B) *server {
	b.Helper()
	s := startDovecot(b)
	inbox, err := s.dovecot.Maildir(user)
	if err != nil {
		b.Fatal(err)
	}
	for i := range benchMails {
		text := letter(fmt.Sprintf("mail %04d", i))
		text += strings.Repeat("More text that nobody reads, so that it is long.\r\n", (benchSize-len(text))/50)
		if err := os.WriteFile(filepath.Join(inbox, "new", fmt.Sprintf("%d.M%d.test,S=%d,W=%[3]d", 1_700_000_000+i, i, len(text))), []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.dovecot.Own(inbox); err != nil {
		b.Fatal(err)
	}
	c := s.client(b) // has Dovecot make its index
	c.Close()
	return s
}

// peak reports the most memory that the heap has while f runs.
func peak(b *testing.B, f func()) {
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	f()
	close(stop)
	b.ReportMetric(float64(<-done)/(1<<20), "MB-peak")
	b.ReportMetric(benchMails*float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// Reading, taking apart and authenticating 5,000 mails of 4 kB.
func BenchmarkIntake(b *testing.B) {
	s := filled(b)
	b.ResetTimer()
	peak(b, func() {
		for range b.N {
			source := mailbox.NewSource(s.options)
			n := 0
			for cursor, more := connectors.Cursor(""), true; more; {
				batch, err := source.Changes(b.Context(), cursor)
				if err != nil {
					b.Fatal(err)
				}
				n += len(batch.Records)
				cursor, more = batch.Next, batch.More
			}
			source.Close()
			if n != benchMails {
				b.Fatalf("%d mails, want %d", n, benchMails)
			}
		}
	})
}
