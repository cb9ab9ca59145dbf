package salesforce

import (
	"slices"
	"time"
)

const (
	// Most rounds are about what is new. That begins shortOverlap before the
	// round before began, for most transactions take a moment only.
	shortOverlap = time.Minute
	// Everything since position.Since is read again as often as fits into this
	// part of the overlap: that is how late a late row may be reported. If there
	// are too many rows for one call, it may be an overlap after its stamp.
	fullShare = 4
	// roomPerRead is how many rows are planned for one call, some less than
	// there is room for.
	roomPerRead = rowsPerRead * 7 / 8
)

// A gap is the stamps that a round leaves out: those from From until before To.
type gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// A window is what is remembered of how an object has been read, so that a
// round is one call. A row that was seen when it was new has to be read at least
// once more, when nothing can appear beside it any more: an overlap later. In
// between it is read as often as there is room. What a window forgets is only
// read again.
type window struct {
	begun   time.Time // when the last round began, by the org's clock; zero if none is remembered
	again   time.Time // when more than what is new was last read, by our clock
	brought int       // rows that were new in this round
	fresh   int       // ... and in a round on average, of late
}

// begin plans a round. It returns the position with what the round leaves out,
// and the stamp it begins with. Known are the stamps of rows that have been
// reported, in order.
func (v window) begin(p position, known []time.Time, now time.Time, overlap time.Duration) (position, time.Time) {
	if v.begun.IsZero() {
		return p, p.Since
	}
	spare := max(0, roomPerRead-2*v.fresh) // late rows may double what is new
	settled := later(p.Since, v.begun.Add(-overlap))
	must := between(known, p.Since, settled)
	if idle := now.Sub(v.again); idle >= 0 && idle < overlap/fullShare && must <= spare/2 {
		p.Short = true
		return p, later(v.begun.Add(-min(shortOverlap, overlap)), newest(known, spare))
	}
	if head := newest(known, max(0, spare-must)); head.After(settled) {
		p.Gap = gap{settled, head}
	}
	return p, p.Since
}

// finish is told that the round at p has come to its end, and returns where the
// next one begins.
func (v *window) finish(p position, now time.Time, overlap time.Duration) position {
	if !v.begun.IsZero() {
		v.fresh = max((15*v.fresh+v.brought)/16, v.brought*3/4)
	}
	v.begun, v.brought = p.Begun, 0
	if p.Short {
		return position{Since: p.Since}
	}
	v.again = now
	if p.Gap != (gap{}) {
		return position{Since: p.Gap.From}
	}
	return position{Since: later(p.Since, p.Begun.Add(-overlap))}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// newest is the stamp with which the last n begin; zero if there are no more
// than n.
func newest(stamps []time.Time, n int) time.Time {
	if len(stamps) <= n {
		return time.Time{}
	}
	return stamps[min(len(stamps)-n, len(stamps)-1)]
}

// between counts the stamps from from until before to.
func between(stamps []time.Time, from, to time.Time) int {
	i, _ := slices.BinarySearchFunc(stamps, from, time.Time.Compare)
	j, _ := slices.BinarySearchFunc(stamps, to, time.Time.Compare)
	return max(0, j-i)
}
