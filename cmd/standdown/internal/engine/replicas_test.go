package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/replicas"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/memory"
)

// A member is one of several engines in one world, and what it has done there.
type member struct {
	polls, applied atomic.Int64
	stop           func()
}

// A watched system counts what the member does to it. It takes few changes at
// once, so that there is something to share.
type watched struct {
	*memory.System
	by *member
}

func (w watched) Changes(ctx context.Context, after connectors.Cursor) (connectors.Batch, error) {
	w.by.polls.Add(1)
	return w.System.Changes(ctx, after)
}

func (w watched) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	w.by.applied.Add(int64(len(changes)))
	return w.System.Apply(ctx, changes)
}

func (w watched) Limit() int { return 3 }

// join starts another engine in the world.
func (w *world) join() *member {
	w.t.Helper()
	journal, err := store.Open(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	replica, err := replicas.Join(w.t.Context(), journal.Shared(), slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	m := w.enter(journal, replica)
	stop := m.stop
	m.stop = sync.OnceFunc(func() {
		stop()
		replica.Close()
		journal.Close()
	})
	w.t.Cleanup(m.stop)
	return m
}

// enter starts an engine on the journal until stop is called.
func (w *world) enter(journal *store.Store, others engine.Replicas) *member {
	m := &member{}
	ctx, cancel := context.WithCancel(w.t.Context())
	org, inbox, outbox := watched{w.org, m}, watched{w.inbox, m}, watched{w.outbox, m}
	e := w.engine
	e.Store, e.Replicas, e.Lookup = journal, others, org
	e.Feeds = slices.Clone(w.engine.Feeds)
	e.Feeds[0].Source, e.Feeds[1].Source = org, inbox
	e.Sinks = map[string]connectors.Sink{"salesforce": org, "mail": outbox}
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	return m
}

func person(n int) string   { return fmt.Sprintf("0031%011dAAA", n) }
func contract(n int) string { return fmt.Sprintf("a001%011dAAA", n) }

// settle puts a family with a contract of its own into the org, and returns the
// mail by which it cancels that.
func (w *world) settle(n int) connectors.Record {
	mail := fmt.Sprintf("family%d@example.com", n)
	home, _ := w.org.Get(connectors.Ref{Kind: "Contact", ID: contact})
	home.Ref.ID, home.Fields["Name"], home.Fields["Email"] = person(n), fmt.Sprintf("Family %d", n), mail
	w.org.Put(home)
	work, _ := w.org.Get(connectors.Ref{Kind: "Workflow__c", ID: workflow})
	work.Ref.ID, work.Fields["Name"], work.Fields["Contract_Id__c"], work.Fields["Homeowner__c"] = contract(n), fmt.Sprintf("W-%d", 5000+n), fmt.Sprintf("C-%d", 500000+n), person(n)
	w.org.Put(work)
	w.org.Put(connectors.Record{Ref: connectors.Ref{Kind: "Milestone__c", ID: fmt.Sprintf("a011%011dAAA", n)},
		Fields: map[string]any{"Name": "M1", "Workflow__c": contract(n), "Order__c": 1.0, "Status__c": "Not Submitted"}})

	raw := []byte(strings.ReplaceAll(fmt.Sprintf(`Authentication-Results: mx.example.net; dmarc=pass header.from=example.com
From: Family %d <%s>
To: cancel@example.net
Subject: Cancellation
Message-ID: <family%d@example.com>

Please cancel my contract C-%d, we are moving.
`, n, mail, n, 500000+n), "\n", "\r\n"))
	return connectors.Record{Raw: raw, Ref: connectors.Ref{Kind: "message", ID: fmt.Sprint("INBOX/1/", 1000+n)},
		Fields: mailbox.Fields(raw, mailbox.Authenticator{ServIDs: []string{"mx.example.net"}})}
}

func TestSeveralEnginesShareTheWork(t *testing.T) {
	const families = 40
	w := newWorld(t)
	w.path = storetest.Shared(t).Fresh(t)
	w.engine.Delivery.BackoffMax = time.Second
	var mails []connectors.Record
	for n := range families {
		mails = append(mails, w.settle(n))
	}
	members := []*member{w.join(), w.join(), w.join()}
	w.watch()
	for _, m := range mails {
		w.inbox.Put(m)
	}
	w.until("all mails to be filed", func() bool { return len(w.inbox.SettledRefs()) == families })
	w.rest()

	t.Run("each change is made once", func(t *testing.T) {
		var said, told []string
		for _, p := range w.org.Posts() {
			said = append(said, p.Change.Ref.ID)
		}
		for _, m := range w.outbox.Sent() {
			told = append(told, fmt.Sprint(m.Change.Fields["to"]))
		}
		slices.Sort(said)
		slices.Sort(told)
		var wantSaid []string
		for n := range families {
			wantSaid = append(wantSaid, person(n))
			id := contract(n)
			if r, _ := w.org.Get(connectors.Ref{Kind: "Workflow__c", ID: id}); r.Fields["Status__c"] != "Cancel Pending" {
				t.Errorf("workflow %s is %s", id, r.Fields["Status__c"])
			}
		}
		if diff := cmp.Diff(wantSaid, said); diff != "" {
			t.Errorf("comments (-want +got):\n%s", diff)
		}
		if len(told) != families || len(slices.Compact(told)) != families {
			t.Errorf("%d mails to %d families, want %d", len(w.outbox.Sent()), len(slices.Compact(told)), families)
		}
	})
	leader := func() *member {
		i := slices.IndexFunc(members, func(m *member) bool { return m.polls.Load() > 0 })
		if i < 0 {
			t.Fatal("nobody has read anything")
		}
		return members[i]
	}()
	t.Run("one of them reads, several deliver", func(t *testing.T) {
		delivered := 0
		for _, m := range members {
			if m != leader && m.polls.Load() > 0 {
				t.Error("two have read")
			}
			if m.applied.Load() > 0 {
				delivered++
			}
		}
		if delivered < 2 {
			t.Errorf("%d delivered, want 2 or more", delivered)
		}
	})
	t.Run("when the one that reads leaves, another does", func(t *testing.T) {
		leader.stop()
		w.write(1)
		w.rest()
		if w.status() != "Cancel Pending" {
			t.Errorf("the workflow is %s", w.status())
		}
	})
}

// A throne is given and taken by the test.
type throne chan context.Context

func (t throne) Lead(ctx context.Context) context.Context {
	select {
	case <-ctx.Done():
		return ctx
	case term := <-t:
		leads, end := context.WithCancel(ctx)
		context.AfterFunc(term, end)
		return leads
	}
}

func (throne) Wake(context.Context, string)        {}
func (throne) Woken(system string) <-chan struct{} { return nil }

func TestAnEngineReadsAndDecidesOnlyWhileItLeads(t *testing.T) {
	w := newWorld(t)
	w.engine.Autonomy["cancel-workflow"] = "approve"
	journal, err := store.Open(t.Context(), w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	leads := make(throne)
	m := w.enter(journal, leads)
	defer m.stop()
	tenTicks := func() { time.Sleep(10 * w.engine.Tick) } // in which something wrong could happen

	tenTicks()
	if m.polls.Load() > 0 {
		t.Error("it reads before it leads")
	}
	term, end := context.WithCancel(t.Context())
	leads <- term
	w.watch()
	w.write(1)
	w.until("the proposal", func() bool { return strings.Contains(w.outcome(), "proposed") })

	end()
	tenTicks()
	before := m.polls.Load()
	w.inbox.Put(w.settle(1))
	if err := w.journal.Act(t.Context(), []int64{1}, store.Approve, "dana", "", w.now()); err != nil {
		t.Fatal(err)
	}
	w.until("the delivery, for which it need not lead", func() bool { return w.outcome() == allDone })
	if m.polls.Load() > before {
		t.Error("it reads though it leads no longer")
	}

	term, end = context.WithCancel(t.Context())
	defer end()
	leads <- term
	w.until("the second mail", func() bool { return w.outcome() != allDone })
}
