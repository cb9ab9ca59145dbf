package mailbox

import (
	"strings"
	"sync"
	"time"
)

// A ceiling bounds how many mails one address gets within an hour. Two
// programs that answer each other get no further. It counts since the program
// started.
type ceiling struct {
	most int // 0: no bound

	mu   sync.Mutex
	sent map[string][]time.Time
}

// reached reports whether one of the addresses has had its share.
func (c *ceiling) reached(addresses []string, now time.Time) bool {
	if c.most == 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, address := range addresses {
		n := 0
		for _, at := range c.sent[strings.ToLower(address)] {
			if now.Sub(at) < time.Hour {
				n++
			}
		}
		if n >= c.most {
			return true
		}
	}
	return false
}

// count notes that a mail went, or may have gone, to the addresses.
func (c *ceiling) count(addresses []string, now time.Time) {
	if c.most == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == nil {
		c.sent = map[string][]time.Time{}
	}
	for address, times := range c.sent {
		for len(times) > 0 && now.Sub(times[0]) >= time.Hour {
			times = times[1:]
		}
		if c.sent[address] = times; len(times) == 0 {
			delete(c.sent, address)
		}
	}
	for _, address := range addresses {
		address = strings.ToLower(address)
		c.sent[address] = append(c.sent[address], now)
	}
}
