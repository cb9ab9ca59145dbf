package engine

import (
	"math/rand/v2"
	"time"

	"standdown/connectors"
)

// Hours are a part of each day, such as the night, in which a system is left
// alone. They may go past midnight; from and to the same are none.
type Hours struct {
	From, To time.Duration // since midnight, by the clock on the wall
	Zone     *time.Location
}

// Include reports whether t is within the hours.
func (h Hours) Include(t time.Time) bool {
	if h.From == h.To {
		return false
	}
	t = t.In(h.Zone)
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	if h.From < h.To {
		return h.From <= at && at < h.To
	}
	return at >= h.From || at < h.To
}

// A breaker keeps a system that takes nothing from being asked over and over.
// After a few calls in a row in which everything failed for want of the
// system, it is open: the system is left alone for a growing while and then
// tried with one entry, whose attempts do not count. The first answer closes it.
type breaker struct {
	failures int // calls in a row
}

// trips is how many calls must fail before the fault is thought the system's
// and not that of what was sent.
const trips = 3

func (b *breaker) open() bool { return b.failures >= trips }

// note takes in the results of a call. An unknown outcome says nothing about
// the system: there are changes about which nobody can be asked.
func (b *breaker) note(results []connectors.Result) {
	failed := false
	for _, r := range results {
		switch connectors.ClassOf(r.Err) {
		case connectors.Conflict, connectors.Rejected:
			b.failures = 0
			return
		case connectors.Unknown:
		default:
			if r.Err == nil {
				b.failures = 0
				return
			}
			failed = true
		}
	}
	if failed {
		b.failures++
	}
}

// rest is how long the system is to be left alone after these results: until it
// says so itself, or longer the longer it has failed.
func (b *breaker) rest(results []connectors.Result, pace Delivery) time.Duration {
	var rest time.Duration
	down := b.open()
	for _, r := range results {
		switch connectors.ClassOf(r.Err) {
		case connectors.Throttled, connectors.Denied:
			down = true
			rest = max(rest, connectors.RetryAfter(r.Err))
		}
	}
	if !down {
		return 0
	}
	return max(rest, pace.backoff(max(b.failures, 1), rand.Float64()))
}
