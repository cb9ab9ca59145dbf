package rules

import (
	"cmp"
	"fmt"
	"strings"
)

const (
	// listed is how many visits a list names; of the rest it gives the number.
	listed = 20
	// longest is how long a text may get, in bytes; a post in a feed holds
	// 10,000 characters.
	longest = 9_000
)

// A report collects, while the visits are decided, what people are told.
type report struct {
	cancelled tally
	released  tally
	restored  tally
	open      tally    // to be given to somebody, and why not to those of before
	review    tally    // left as they are, for a person to look at
	doubts    []string // about the hold itself
}

// A tally counts lines and keeps those that are listed. The others are not even
// written, which is most of them when a client has many visits.
type tally struct {
	lines []string
	count int
}

func (t *tally) add(line func() string) {
	if t.count < listed {
		t.lines = append(t.lines, line())
	}
	t.count++
}

// who names the client.
func (c *change) who() string { return cmp.Or(c.client.Name, "client "+c.client.ID) }

// summary is the one comment about what happens to the visits; empty if
// nothing does.
func (c *change) summary() string {
	r := &c.report
	if r.cancelled.count+r.released.count+r.restored.count+r.open.count == 0 {
		return ""
	}
	var b strings.Builder
	h := c.client.Hold
	switch {
	case c.facts[0].Value == "day":
		b.WriteString(c.who() + " is on hold " + strings.TrimPrefix(c.describe(h), "on ") + ", and nobody has the visits of today.\n")
	case !c.isOn(h):
		b.WriteString("The hold of " + c.who() + " is over.\n")
	case c.window.first == "":
		b.WriteString("The hold of " + c.who() + " covers no day any more: " + c.facts[2].Reason + ".\n")
	default:
		b.WriteString(c.who() + " is now on hold " + strings.TrimPrefix(c.describe(h), "on ") + ".\n")
	}
	list(&b, "Cancelled, reason \""+abortReason+"\"; given back when the hold no longer covers them", r.cancelled)
	list(&b, "Taken from their workers; kept until their day, then cancelled unless somebody has them", r.released)
	list(&b, "Back to their workers, who are to be asked again", r.restored)
	list(&b, "To be given to a worker", r.open)
	list(&b, "Left as they are, for a person to look at", r.review)
	return strings.TrimSpace(b.String())
}

// forPerson is the text of the one thing for a person; empty if there is none.
func (r *report) forPerson() string {
	var b strings.Builder
	for _, doubt := range r.doubts {
		b.WriteString(sentence(doubt) + "\n")
	}
	list(&b, "Visits left as they are", r.review)
	return strings.TrimSpace(b.String())
}

func list(b *strings.Builder, title string, t tally) {
	if t.count == 0 {
		return
	}
	fmt.Fprintf(b, "%s (%d):\n", title, t.count)
	more := t.count
	for _, line := range t.lines {
		if b.Len()+len(line) > longest {
			break
		}
		b.WriteString("- " + line + "\n")
		more--
	}
	if more > 0 {
		fmt.Fprintf(b, "- and %d more\n", more)
	}
}
