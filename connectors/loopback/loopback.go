// Package loopback finds places on this machine for servers that tests,
// benchmarks and demonstrations start.
package loopback

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports from which addresses are taken. Linux, macOS and Windows have those from
// 32768 on for the calling ends of connections: a port that was free would be
// taken before the server is up, or while it is down, by any of the thousands of
// connections of a test.
const (
	firstPort = 20000
	lastPort  = 32000
)

// FreeAddress returns an address, host:port, that nobody listens on, for a server
// that cannot be given a listener.
func FreeAddress() (string, error) {
	var errs []error
	for range 20 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}
