package bench

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
)

// A BadLine stands before a server and does to its connections what networks
// do. What it has begun to swallow it swallows for good, as no network leaves
// out a piece in the middle.
type BadLine struct {
	Address string // where to connect instead

	listener net.Listener
	target   string
	copying  sync.WaitGroup

	mu     sync.Mutex
	chance *rand.Rand
	most   int64 // a connection is reset after at most so many bytes; 0 for never
	hole   bool
	conns  []*net.TCPConn
	opened int
}

// NewBadLine puts a line before target. A connection over it is reset after
// a number of the server's bytes drawn from seed, up to most; 0 is never.
func NewBadLine(target string, seed uint64, most int64) (*BadLine, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &BadLine{Address: listener.Addr().String(), listener: listener, target: target, chance: rand.New(rand.NewPCG(seed, 0)), most: most}
	l.copying.Go(l.serve)
	return l, nil
}

// Close ends the line and its connections.
func (l *BadLine) Close() {
	l.listener.Close()
	l.Reset()
	l.copying.Wait()
}

func (l *BadLine) serve() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.target)
		if err != nil {
			client.Close()
			continue
		}
		limit := int64(1) << 60
		l.mu.Lock()
		l.opened++
		if l.most > 0 {
			limit = 1 + l.chance.Int64N(l.most)
		}
		l.conns = append(l.conns, client.(*net.TCPConn), server.(*net.TCPConn))
		l.mu.Unlock()
		l.copying.Go(func() { l.pass(server, client, 1<<60) })
		l.copying.Go(func() { l.pass(client, server, limit) })
	}
}

func (l *BadLine) pass(to, from net.Conn, limit int64) {
	defer func() {
		for _, conn := range []net.Conn{to, from} {
			cut(conn.(*net.TCPConn))
		}
	}()
	buffer := make([]byte, 4096)
	for limit > 0 {
		n, err := from.Read(buffer[:min(limit, int64(len(buffer)))])
		if l.silent() {
			io.Copy(io.Discard, from)
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
		limit -= int64(n)
	}
}

func (l *BadLine) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hole
}

// Reset cuts all connections.
func (l *BadLine) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		cut(conn)
	}
	l.conns = nil
}

// SetHole has everything swallowed, or not any more on new connections.
func (l *BadLine) SetHole(hole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hole = hole
}

// Mend lets the connections to come live as long as they like.
func (l *BadLine) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hole, l.most = false, 0
}

// Connections is how many there have been.
func (l *BadLine) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

// cut ends a connection with RST.
func cut(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}
