package salesforce

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"standdown/connectors"
)

const (
	// slowPoll is how far apart polls are once calls run short.
	slowPoll = 5 * time.Minute
	// probeEvery is how often one call is made although the reserve has been
	// reached: only an answer tells that there is room again.
	probeEvery = 15 * time.Minute
)

// A budget is what Salesforce says about the API calls of the last 24 hours.
type budget struct {
	reserve int

	mu   sync.Mutex
	org  allowance
	app  allowance // of this connected app alone, where an org sets one
	last time.Time // when a call was last let through
}

type allowance struct{ used, limit int }

// note reads Sforce-Limit-Info: "api-usage=18/5000", which may be followed by
// "; per-app-api-usage=17/250(appName=x)".
func (b *budget) note(info string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for part := range strings.SplitSeq(info, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value, _, _ = strings.Cut(value, "(")
		used, limit, _ := strings.Cut(value, "/")
		u, errU := strconv.ParseUint(used, 10, 31)
		l, errL := strconv.ParseUint(limit, 10, 31)
		if errU != nil || errL != nil || l == 0 {
			continue
		}
		switch name {
		case "api-usage":
			b.org = allowance{int(u), int(l)}
		case "per-app-api-usage":
			b.app = allowance{int(u), int(l)}
		}
	}
}

func (b *budget) get() (used, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.org.used, b.org.limit
}

// free is how many calls are left above the reserve, and whether that is known.
// What the app may not use itself need not be kept back from it.
func (b *budget) free() (free int, known bool) {
	if b.org.limit == 0 {
		return 0, false
	}
	free = b.org.limit - b.org.used - b.reserve
	if b.app.limit > 0 {
		free = min(free, b.app.limit-b.app.used)
	}
	return free, true
}

// allow refuses a call that would touch the reserve.
func (b *budget) allow(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	free, known := b.free()
	if wait := b.last.Add(probeEvery).Sub(now); known && free <= 0 && b.reserve > 0 && wait > 0 {
		return &connectors.Error{Class: connectors.Throttled, Code: "RESERVE", RetryAfter: wait, Limit: connectors.ReserveLimit,
			Err:  fmt.Errorf("%d of %d API calls of the last 24 hours are used, and %d are kept back", b.org.used, b.org.limit, b.reserve),
			Hint: "lower the reserve, or find out which app uses the calls"}
	}
	b.last = now
	return nil
}

// short tells that there is less left above the reserve than is kept back.
func (b *budget) short() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	free, known := b.free()
	return known && free < b.reserve
}
