package mailbox

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"sync"
	"time"

	"standdown/connectors"
)

// A Journal tells which mails went out, or may have gone out, since a time. The
// order does not matter.
type Journal func(ctx context.Context, since time.Time) ([]connectors.Change, error)

// A Ceiling stands before a sink of mail and bounds how many mails one address
// gets within an hour: two programs that answer each other get no further. It
// implements [connectors.Sink].
//
// It counts what the journal holds and what it has passed on itself, which the
// journal may not know yet, each key once. If the journal cannot be asked,
// nothing is sent and the error is Temporary. A change in doubt passes: it was
// counted when it was first sent. It may be used concurrently.
type Ceiling struct {
	// Exempt tells of a change by its key whether it passes and is not counted;
	// nil: none does. It must be set before the first Apply.
	Exempt func(key string) bool

	next    connectors.Sink
	most    int
	journal Journal
	now     func() time.Time

	mu     sync.Mutex
	passed map[string]passage // by key, of the last hour
}

type passage struct {
	addresses []string
	at        time.Time
}

// NewCeiling returns a ceiling of so many mails an hour to one address before
// the sink; 0 is any number. Without a journal it remembers what it has passed
// on alone.
func NewCeiling(next connectors.Sink, perHour int, journal Journal, now func() time.Time) *Ceiling {
	return &Ceiling{next: next, most: perHour, journal: journal, now: now, passed: map[string]passage{}}
}

// Limit implements [connectors.Sink].
func (c *Ceiling) Limit() int { return c.next.Limit() }

// Apply implements [connectors.Sink].
func (c *Ceiling) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	if c.most == 0 || len(changes) == 0 {
		return c.next.Apply(ctx, changes)
	}
	journaled, err := c.journaled(ctx)
	results := make([]connectors.Result, len(changes))
	for i, change := range changes {
		results[i] = connectors.Result{Ref: change.Ref}
		switch {
		case err != nil:
			results[i].Err = fmt.Errorf("reading what was sent within the last hour: %w", err)
		case c.exempt(change):
			results[i] = c.next.Apply(ctx, changes[i:i+1])[0]
		case !c.pass(change, journaled):
			results[i].Err = &connectors.Error{Class: connectors.Rejected, Limit: connectors.PerHourLimit,
				Hint: "look for a program that answers our mails; if all is well, have it sent again later",
				Err:  fmt.Errorf("a recipient has got %d mails within an hour", c.most)}
		default:
			results[i] = c.next.Apply(ctx, changes[i:i+1])[0]
			if err := results[i].Err; err != nil && connectors.ClassOf(err) != connectors.Unknown {
				c.takeBack(change.Key)
			}
		}
	}
	return results
}

func (c *Ceiling) journaled(ctx context.Context) (map[string][]string, error) {
	sent := map[string][]string{}
	if c.journal == nil {
		return sent, nil
	}
	changes, err := c.journal(ctx, c.now().Add(-time.Hour))
	for _, change := range changes {
		if !c.exempt(change) {
			sent[change.Key] = recipientsOf(change)
		}
	}
	return sent, err
}

func (c *Ceiling) exempt(change connectors.Change) bool {
	return c.Exempt != nil && c.Exempt(change.Key)
}

// pass notes the change and reports true, unless one of its recipients has had
// their share.
func (c *Ceiling) pass(change connectors.Change, journaled map[string][]string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	got := map[string]int{}
	count := func(key string, addresses []string) {
		for _, address := range addresses {
			if key != change.Key {
				got[address]++
			}
		}
	}
	for key, addresses := range journaled {
		count(key, addresses)
	}
	for key, p := range c.passed {
		if now.Sub(p.at) >= time.Hour {
			delete(c.passed, key)
		} else if _, known := journaled[key]; !known {
			count(key, p.addresses)
		}
	}
	addresses := recipientsOf(change)
	for _, address := range addresses {
		if got[address] >= c.most && !change.Doubt {
			return false
		}
	}
	c.passed[change.Key] = passage{addresses, now}
	return true
}

func (c *Ceiling) takeBack(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.passed, key)
}

// recipientsOf returns each address once, in lower case. What is none is left
// for the sink to refuse.
func recipientsOf(change connectors.Change) []string {
	var all []string
	seen := map[string]bool{}
	for _, field := range []string{"to", "cc"} {
		list, err := stringList(change.Fields, field)
		if err != nil {
			continue
		}
		for _, text := range list {
			a, err := mail.ParseAddress(text)
			if err != nil || seen[strings.ToLower(a.Address)] {
				continue
			}
			seen[strings.ToLower(a.Address)] = true
			all = append(all, strings.ToLower(a.Address))
		}
	}
	return all
}

var _ connectors.Sink = (*Ceiling)(nil)
