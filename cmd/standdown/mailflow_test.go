package main

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
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
		open func(testing.TB) *postbox
	}{
		{"with the embedded mail server", func(testing.TB) *postbox { return nil }},
		{"with Dovecot over TLS", startDovecot},
	} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			overBadLines(t, server.open(t), 14)
		})
	}
}

func overBadLines(t *testing.T, inbox *postbox, seed uint64) {
	c := newCrowd(t, *homeowners, inbox)
	lines := []*badLine{
		startBadLine(t, c.inbox.address, seed, 80_000),
		startBadLine(t, c.mail.SMTPAddr, seed+1, 3_000),
		startBadLine(t, c.orgAddr, seed+2, 1_000_000),
	}
	c.configure(t, hurried, lines[2].address, lines[0].address, lines[1].address)
	var sent atomic.Int64
	c.mail.SetFaults(mailserver.Faults{DropAfterData: func() bool { return sent.Add(1)%20 == 0 }})
	c.serve(t, "standdown")
	journal := c.journal(t)

	// It takes half a minute; the bound finds a hang, not a busy machine.
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	chance := rand.New(rand.NewPCG(seed, 1))
	others.Go(func() { c.deliverAll(ctx, t, chance.IntN) })
	others.Go(func() { strike(ctx, rand.New(rand.NewPCG(seed, 2)), lines, c.inbox.kick) })

	done := false
	for !done && wait(ctx, 50*time.Millisecond) {
		var err error
		if done, err = c.settled(ctx, journal, *homeowners); err != nil && ctx.Err() == nil {
			t.Error(err)
			break
		}
	}
	stop()
	others.Wait()
	c.stop(t)
	if !done {
		t.Errorf("not everybody was served in time; the daemon's last words:\n%s", c.endOfLog())
	}
	report(t, c, journal, *homeowners)
	t.Logf("connections: mailbox %d, outgoing mail %d, org %d; %d lost answers were asked about", lines[0].connections(), lines[1].connections(), lines[2].connections(),
		bytes.Count(c.log.Bytes(), []byte("no answer, will ask")))
	for i, least := range []int{10, 10, 2} {
		if n := lines[i].connections(); n < least {
			t.Errorf("%d connections over line %d, so nothing was tried", n, i)
		}
	}
}

// report fails the test unless each homeowner was served exactly once and the
// journal waits for nobody.
func report(t testing.TB, c *crowd, journal *store.Store, asked int) {
	t.Helper()
	wrong, err := c.effects(asked)
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
	if bytes.Contains(c.log.Bytes(), []byte("DATA RACE")) {
		t.Errorf("the daemon has a data race:\n%s", c.endOfLog())
	}
}

// deliverAll puts everybody's letter into the mailbox, some at a time, and the
// copies of what the daemon sends, if another server takes them.
func (c *crowd) deliverAll(ctx context.Context, t testing.TB, chance func(int) int) {
	asked, copied := 0, 0
	for wait(ctx, time.Duration(20+chance(200))*time.Millisecond) {
		var letters [][]byte
		for range min(1+chance(10), *homeowners-asked) {
			letters = append(letters, letter(asked, 1500))
			asked++
		}
		if c.inbox.tls != "none" {
			accepted := c.mail.Accepted()
			for _, m := range accepted[copied:] {
				letters = append(letters, m.Raw)
			}
			copied = len(accepted)
		}
		if err := c.inbox.deliver(letters...); err != nil {
			t.Error(err)
			return
		}
	}
}

// strike resets, silences and kicks, one after the other, and then leaves the
// lines in peace, so that the rest gets done on a slow machine as well.
func strike(ctx context.Context, chance *rand.Rand, lines []*badLine, kick func()) {
	for range 25 {
		line := lines[chance.IntN(len(lines))]
		switch chance.IntN(4) {
		case 0, 1:
			line.reset()
		case 2:
			line.setHole(true)
		case 3:
			kick()
		}
		wait(ctx, time.Duration(200+chance.IntN(1300))*time.Millisecond)
		line.setHole(false)
		if !wait(ctx, time.Duration(chance.IntN(500))*time.Millisecond) {
			return
		}
	}
	for _, line := range lines {
		line.mend()
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
