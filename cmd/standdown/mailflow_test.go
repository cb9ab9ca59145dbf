package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/bench"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/mailbox/dovecot"
	mailserver "standdown/connectors/mailbox/sandbox"
)

var homeowners = flag.Int("homeowners", 100, "how many ask by mail in the test over bad lines")

// Connections to the mailbox, to the server for outgoing mail and to the org
// are reset, fall silent and are kicked while homeowners ask by mail, and the
// server for outgoing mail leaves one of twenty unconfirmed that it delivered.
// Each homeowner is served exactly once, by what can be seen from outside.
//
//	go test ./cmd/standdown -run OverBadLines -homeowners 300
func TestEachMailIsActedUponOnceOverBadLines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, server := range []struct {
		name string
		open func(testing.TB) *bench.Postbox
	}{
		{"with the embedded mail server", func(testing.TB) *bench.Postbox { return nil }},
		{"with Dovecot over TLS", startDovecot},
	} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			overBadLines(t, server.open(t), 14)
		})
	}
}

func overBadLines(t *testing.T, inbox *bench.Postbox, seed uint64) {
	c, err := bench.NewCrowd(t.TempDir(), *homeowners, inbox)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	lines := []*bench.BadLine{
		startBadLine(t, c.Inbox.Address, seed, 80_000),
		startBadLine(t, c.Mail.SMTPAddr, seed+1, 3_000),
		startBadLine(t, c.Door.Address, seed+2, 1_000_000),
	}
	pace := bench.Hurried()
	pace.IMAP, pace.SMTP, pace.Org = lines[0].Address, lines[1].Address, lines[2].Address
	var sent atomic.Int64
	c.Mail.SetFaults(mailserver.Faults{DropAfterData: func() bool { return sent.Add(1)%20 == 0 }})
	if err := errors.Join(c.Configure(pace), c.Serve("standdown")); err != nil {
		t.Fatal(err)
	}
	journal, err := c.Journal(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	// It takes half a minute; the bound finds a hang, not a busy machine.
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	chance := rand.New(rand.NewPCG(seed, 1))
	others.Go(func() { deliverAll(ctx, t, c, chance.IntN) })
	others.Go(func() { strike(ctx, rand.New(rand.NewPCG(seed, 2)), lines, c.Inbox.Kick) })

	done := false
	for !done && wait(ctx, 50*time.Millisecond) {
		var err error
		if done, err = c.Settled(ctx, journal, *homeowners); err != nil && ctx.Err() == nil {
			t.Error(err)
			break
		}
	}
	stop()
	others.Wait()
	if _, err := c.Daemon().Stop(); err != nil {
		t.Error(err)
	}
	said := c.Daemon().Said()
	if !done {
		t.Errorf("not everybody was served in time; the daemon's last words:\n%s", said[max(0, len(said)-5000):])
	}
	report(t, c, journal, *homeowners)
	t.Logf("connections: mailbox %d, outgoing mail %d, org %d; %d lost answers were asked about", lines[0].Connections(), lines[1].Connections(), lines[2].Connections(),
		bytes.Count(said, []byte("no answer, will ask")))
	for i, least := range []int{10, 10, 2} {
		if n := lines[i].Connections(); n < least {
			t.Errorf("%d connections over line %d, so nothing was tried", n, i)
		}
	}
}

// report fails the test unless each homeowner was served exactly once and the
// journal waits for nobody.
func report(t testing.TB, c *bench.Crowd, journal *store.Store, asked int) {
	t.Helper()
	wrong, err := c.Effects(asked)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(wrong)
	for _, w := range wrong[:min(len(wrong), 20)] {
		t.Error(w)
	}
	if len(wrong) > 20 {
		t.Errorf("... and %d more", len(wrong)-20)
	}
	waiting, err := journal.Entries(context.Background(), store.Filter{States: []store.State{store.Proposed, store.Stuck, store.Unknown, store.Pending, store.Sending}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range waiting[:min(len(waiting), 20)] {
		t.Errorf("entry %d (%s) is %s: %s", e.ID, e.Verb, e.State, e.Why)
	}
	if said := c.Daemon().Said(); bytes.Contains(said, []byte("DATA RACE")) {
		t.Errorf("the daemon has a data race:\n%s", said)
	}
}

// deliverAll puts everybody's letter into the mailbox, some at a time, and the
// copies of what the daemon sends, if another server takes them.
func deliverAll(ctx context.Context, t testing.TB, c *bench.Crowd, chance func(int) int) {
	asked, copied := 0, 0
	for wait(ctx, time.Duration(20+chance(200))*time.Millisecond) {
		var letters [][]byte
		for range min(1+chance(10), *homeowners-asked) {
			letters = append(letters, bench.Letter(asked, 1500))
			asked++
		}
		if c.Inbox.TLS != "none" {
			accepted := c.Mail.Accepted()
			for _, m := range accepted[copied:] {
				letters = append(letters, m.Raw)
			}
			copied = len(accepted)
		}
		if err := c.Inbox.Deliver(letters...); err != nil {
			t.Error(err)
			return
		}
	}
}

// strike resets, silences and kicks, one after the other, and then leaves the
// lines in peace, so that the rest gets done on a slow machine as well.
func strike(ctx context.Context, chance *rand.Rand, lines []*bench.BadLine, kick func()) {
	for range 25 {
		line := lines[chance.IntN(len(lines))]
		switch chance.IntN(4) {
		case 0, 1:
			line.Reset()
		case 2:
			line.SetHole(true)
		case 3:
			kick()
		}
		wait(ctx, time.Duration(200+chance.IntN(1300))*time.Millisecond)
		line.SetHole(false)
		if !wait(ctx, time.Duration(chance.IntN(500))*time.Millisecond) {
			return
		}
	}
	for _, line := range lines {
		line.Mend()
	}
}

// wait reports whether to go on.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// startBadLine puts a line before target that is closed with the test.
func startBadLine(t testing.TB, target string, seed uint64, most int64) *bench.BadLine {
	t.Helper()
	line, err := bench.NewBadLine(target, seed, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	return line
}

// startDovecot runs Dovecot until the test ends; its log is shown if that has
// failed.
func startDovecot(t testing.TB) *bench.Postbox {
	t.Helper()
	server, err := dovecot.Start(bench.MailPassword)
	if errors.Is(err, dovecot.ErrMissing) && os.Getenv("STANDDOWN_REQUIRE_REAL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of Dovecot's log:\n%s", server.Log())
		}
		server.End()
	})
	box, err := bench.InDovecot(server)
	if err != nil {
		t.Fatal(err)
	}
	return box
}
