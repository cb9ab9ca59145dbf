package mailbox_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// A proxy stands between a source and its server and breaks connections.
type proxy struct {
	listener   net.Listener
	target     string
	resetAfter func() int64
	copying    sync.WaitGroup

	mu      sync.Mutex
	hole    bool // swallow everything
	swallow bool // fall silent after resetAfter bytes, rather than reset
	conns   []*net.TCPConn
}

// startProxy puts a proxy before s, and has s.options lead to it. It cuts each
// connection after resetAfter bytes from the server; nil never does.
func startProxy(t testing.TB, s *server, resetAfter func() int64) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: s.options.Address, resetAfter: resetAfter}
	s.options.Address = listener.Addr().String()
	p.copying.Go(p.serve)
	t.Cleanup(func() {
		listener.Close()
		p.reset()
		p.copying.Wait()
	})
	return p
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			return
		}
		limit := int64(1) << 40
		if p.resetAfter != nil {
			limit = p.resetAfter()
		}
		p.mu.Lock()
		p.conns = append(p.conns, client.(*net.TCPConn), server.(*net.TCPConn))
		p.mu.Unlock()
		p.copying.Go(func() { p.pass(server, client, 1<<40) })
		p.copying.Go(func() { p.pass(client, server, limit) })
	}
}

func (p *proxy) pass(to, from net.Conn, limit int64) {
	buffer := make([]byte, 1024)
	for limit > 0 {
		n, err := from.Read(buffer)
		p.mu.Lock()
		hole := p.hole
		p.mu.Unlock()
		if !hole {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
			limit -= int64(n)
		}
		if err != nil {
			break
		}
	}
	p.mu.Lock()
	swallow := p.swallow
	p.mu.Unlock()
	if swallow {
		io.Copy(io.Discard, from)
	}
	for _, conn := range []net.Conn{to, from} {
		conn.(*net.TCPConn).SetLinger(0) // closing sends RST
		conn.Close()
	}
}

// reset cuts all connections.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.SetLinger(0)
		conn.Close()
	}
	p.conns = nil
}

func (p *proxy) setSwallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = true
}

func (p *proxy) setHole(hole bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hole = hole
}

func TestASilentlyDeadLinkIsNoticedWhileWaiting(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		p := startProxy(t, s, nil)
		source := open(t, s, func(o *mailbox.Options) {
			o.IdleRenew, o.CommandTimeout = time.Second, time.Second
		})
		_, cursor := drain(t, source, "")
		result := make(chan error, 1)
		go func() { result <- source.Wait(t.Context()) }()
		p.setHole(true)
		if err := within(t, time.Minute, result); err == nil {
			t.Error("Wait returned nil over a dead link")
		}
		p.setHole(false)
		p.reset()
		direct := &server{options: s.options}
		direct.options.Address = p.target
		direct.deliver(t, letter("meanwhile"))
		var records []connectors.Record
		eventually(t, "the source has recovered", func() bool {
			batch, err := source.Changes(t.Context(), cursor)
			records = batch.Records
			return err == nil
		})
		if diff := cmp.Diff([]string{"meanwhile"}, subjectsOf(records)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAServerThatNeverAnswersEndsEveryCall(t *testing.T) {
	s := startSandbox(t)
	p := startProxy(t, s, nil)
	p.setHole(true)
	source := open(t, s, func(o *mailbox.Options) { o.CommandTimeout = 300 * time.Millisecond })
	calls := map[string]func(context.Context) error{
		"Changes": func(ctx context.Context) error { _, err := source.Changes(ctx, ""); return err },
		"Head":    func(ctx context.Context) error { _, err := source.Head(ctx); return err },
		"Wait":    source.Wait,
		"Settled": func(ctx context.Context) error { return source.Settled(ctx, nil) },
		"Sent":    func(ctx context.Context) error { _, err := source.Sent(ctx, "x@y"); return err },
	}
	for name, call := range calls {
		result := make(chan error, 1)
		go func() { result <- call(t.Context()) }()
		if err := within(t, time.Minute, result); err == nil {
			t.Errorf("%s returned nil without an answer", name)
		}
	}
}

// Connections break again and again at random places, also within a mail.
func TestNothingIsLostOverABadLine(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		direct := &server{options: s.options}
		random := rand.New(rand.NewPCG(1, 2))
		var connections atomic.Int32
		startProxy(t, s, func() int64 {
			connections.Add(1)
			return 3000 + random.Int64N(5000)
		})
		source := open(t, s, func(o *mailbox.Options) { o.CommandTimeout = 5 * time.Second })

		var want, mails []string
		for i := range 30 {
			want = append(want, fmt.Sprintf("mail %02d", i))
			mails = append(mails, letter(want[i])+strings.Repeat("More text that nobody reads.\r\n", 50))
		}
		var got []string
		cursor := ""
		for part := range 3 {
			direct.deliver(t, mails[part*10:part*10+10]...)
			eventually(t, "all mails are read", func() bool {
				batch, err := source.Changes(t.Context(), connectors.Cursor(cursor))
				if err != nil {
					return false
				}
				got = append(got, subjectsOf(batch.Records)...)
				cursor = string(batch.Next)
				return len(got) >= part*10+10
			})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := connections.Load(); n < 5 {
			t.Errorf("%d connections did it, so nothing was tried", n)
		}
	})
}

// The message breaks the connection every time, as a server does that stumbles
// over it.
func TestAMessageThatBreaksTheConnectionDoesNotHoldUpTheOthers(t *testing.T) {
	s := startSandbox(t)
	s.deliver(t, letter("poison")+strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 1000), letter("fine"))
	startProxy(t, s, func() int64 { return 20_000 })
	source := open(t, s, nil)
	var records []connectors.Record
	eventually(t, "a reading succeeds", func() bool {
		batch, err := source.Changes(t.Context(), "")
		records = batch.Records
		return err == nil
	})
	if len(records) != 2 {
		t.Fatalf("got %d records, want both mails", len(records))
	}
	if records[0].Fields["error"] == nil || records[1].Fields["error"] != nil || records[1].Fields["subject"] != "fine" {
		t.Errorf("got %v and %v, want an error on the first alone", records[0].Fields, records[1].Fields)
	}
}
