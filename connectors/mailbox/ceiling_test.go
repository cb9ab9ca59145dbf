package mailbox_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// A mailbag is a sink that takes mails, and the journal that is kept of them.
type mailbag struct {
	fail func(connectors.Change) error // nil takes all

	mu   sync.Mutex
	sent []connectors.Change
}

func (b *mailbag) Limit() int { return 10 }

func (b *mailbag) Apply(_ context.Context, changes []connectors.Change) []connectors.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	results := make([]connectors.Result, len(changes))
	for i, c := range changes {
		if b.fail != nil {
			results[i].Err = b.fail(c)
		}
		if results[i].Err == nil {
			b.sent = append(b.sent, c)
		}
	}
	return results
}

func (b *mailbag) keys() (keys []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.sent {
		keys = append(keys, c.Key)
	}
	return keys
}

func mailTo(key string, addresses ...any) connectors.Change {
	return connectors.Change{Key: key, Op: connectors.Send, Fields: map[string]any{"to": addresses, "cc": []any{}}}
}

func TestNobodyGetsMoreMailsThanAllowed(t *testing.T) {
	at := now
	clock := func() time.Time { return at }
	one := func(t *testing.T, s connectors.Sink, c connectors.Change) error {
		t.Helper()
		return s.Apply(t.Context(), []connectors.Change{c})[0].Err
	}
	rejected := func(t *testing.T, err error) {
		t.Helper()
		if connectors.ClassOf(err) != connectors.Rejected || strings.Contains(err.Error(), "rita") {
			t.Errorf("got %v; want it rejected, without an address", err)
		}
	}

	t.Run("within an hour", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 2, nil, clock)
		results := s.Apply(t.Context(), []connectors.Change{
			mailTo("k1", "Rita@sunny.test"), mailTo("k2", "Rita <rita@sunny.test>", "rita@sunny.test"), mailTo("k3", "ingo@roofs.test", "rita@sunny.test"), mailTo("k4", "ingo@roofs.test")})
		rejected(t, results[2].Err)
		if got := bag.keys(); !slices.Equal(got, []string{"k1", "k2", "k4"}) {
			t.Errorf("sent %v", got)
		}
		at = at.Add(time.Hour)
		if err := one(t, s, mailTo("k3", "rita@sunny.test")); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
	t.Run("also over a restart", func(t *testing.T) {
		bag := &mailbag{}
		journal := func(_ context.Context, since time.Time) ([]connectors.Change, error) {
			if !since.Equal(at.Add(-time.Hour)) {
				t.Errorf("asked for what was sent since %v at %v", since, at)
			}
			return bag.sent, nil
		}
		for i, key := range []string{"k1", "k2"} {
			if err := one(t, mailbox.NewCeiling(bag, 2, journal, clock), mailTo(key, "rita@sunny.test")); err != nil {
				t.Fatalf("mail %d: %v", i+1, err)
			}
		}
		rejected(t, one(t, mailbox.NewCeiling(bag, 2, journal, clock), mailTo("k3", "rita@sunny.test")))
	})
	t.Run("and a mail counts once", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 2, func(context.Context, time.Time) ([]connectors.Change, error) { return bag.sent, nil }, clock)
		for _, key := range []string{"k1", "k2", "k2"} {
			if err := one(t, s, mailTo(key, "rita@sunny.test")); err != nil {
				t.Fatalf("%s: %v", key, err)
			}
		}
	})
	t.Run("what was refused does not count, what may have gone out does", func(t *testing.T) {
		class := connectors.Temporary
		bag := &mailbag{fail: func(connectors.Change) error { return &connectors.Error{Class: class} }}
		s := mailbox.NewCeiling(bag, 1, nil, clock)
		one(t, s, mailTo("k1", "rita@sunny.test"))
		class = connectors.Unknown
		if err := one(t, s, mailTo("k2", "rita@sunny.test")); connectors.ClassOf(err) != connectors.Unknown {
			t.Fatalf("got %v", err)
		}
		rejected(t, one(t, s, mailTo("k3", "rita@sunny.test")))
	})
	t.Run("and a mail in doubt is looked for all the same", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 1, nil, clock)
		one(t, s, mailTo("k1", "rita@sunny.test"))
		c := mailTo("k2", "rita@sunny.test")
		c.Doubt = true
		if err := one(t, s, c); err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is exempt passes and does not count", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 1, func(context.Context, time.Time) ([]connectors.Change, error) { return bag.sent, nil }, clock)
		s.Exempt = func(key string) bool { return strings.HasPrefix(key, "notice") }
		for _, key := range []string{"notice1", "notice2", "k1", "notice3"} {
			if err := one(t, s, mailTo(key, "rita@sunny.test")); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		err := one(t, s, mailTo("k2", "rita@sunny.test"))
		rejected(t, err)
		if connectors.LimitOf(err) != connectors.PerHourLimit {
			t.Errorf("%v is not told to be a limit of ours", err)
		}
	})
	t.Run("nor anything while the journal cannot be read", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 1, func(context.Context, time.Time) ([]connectors.Change, error) { return nil, errors.New("locked") }, clock)
		if err := one(t, s, mailTo("k1", "rita@sunny.test")); err == nil || connectors.ClassOf(err) != connectors.Temporary || len(bag.keys()) > 0 {
			t.Errorf("got %v and sent %v", err, bag.keys())
		}
	})
	t.Run("unless there is no ceiling", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 0, nil, clock)
		for range 50 {
			if err := one(t, s, mailTo("k", "rita@sunny.test")); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("however many are sent at once", func(t *testing.T) {
		bag := &mailbag{}
		s := mailbox.NewCeiling(bag, 3, nil, clock)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { s.Apply(t.Context(), []connectors.Change{mailTo(string(rune('a'+i)), "rita@sunny.test")}) })
		}
		all.Wait()
		if n := len(bag.keys()); n != 3 {
			t.Errorf("%d mails were sent, want 3", n)
		}
	})
}
