package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
)

// A herald tells operators by mail, and keeps what it was asked to say.
type herald struct{ said []string }

func (h *herald) say(c store.Closing) []store.Write {
	state := "closed"
	if c.Open {
		state = "open"
	}
	h.said = append(h.said, fmt.Sprintf("%s %s %d", c, state, c.Times))
	return []store.Write{{System: "mail", Verb: store.TellVerb, Text: "told", Change: connectors.Change{Op: connectors.Send}}}
}

func TestClosings(t *testing.T) { storetest.Each(t, testClosings) }

func testClosings(t *testing.T, fresh storetest.Fresh) {
	ctx := t.Context()
	open := func(t *testing.T) (*store.Store, *herald, func(time.Duration, ...string)) {
		s, err := store.Open(ctx, fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		h := &herald{}
		return s, h, func(after time.Duration, want ...string) {
			t.Helper()
			h.said = nil
			if _, err := s.TellClosings(ctx, h.say, now.Add(after)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, h.said); diff != "" {
				t.Errorf("after %s (-want +told):\n%s", after, diff)
			}
		}
	}
	shut := func(t *testing.T, s *store.Store, kind, of string, after time.Duration) {
		t.Helper()
		if err := s.Shut(ctx, kind, of, "why", now.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	reopen := func(t *testing.T, s *store.Store, of string, after time.Duration, kinds ...string) {
		t.Helper()
		if err := s.Reopen(ctx, of, now.Add(after), kinds...); err != nil {
			t.Fatal(err)
		}
	}
	const min = time.Minute

	t.Run("a brake that stays closed is told of once", func(t *testing.T) {
		s, _, told := open(t)
		shut(t, s, store.DownBrake, "mail", 0)
		shut(t, s, store.DownBrake, "mail", min)
		told(0, "down mail closed 1")
		shut(t, s, store.DownBrake, "mail", 2*min)
		told(3 * min)
		told(3 * 60 * min)
	})
	t.Run("one that opened by itself is told of once it has been open for ten minutes", func(t *testing.T) {
		s, _, told := open(t)
		shut(t, s, store.DownBrake, "mail", 0)
		told(0, "down mail closed 1")
		reopen(t, s, "mail", 5*min, store.DownBrake, store.ReserveBrake)
		told(14 * min)
		told(15*min, "down mail open 0")
		told(300 * min)
	})
	t.Run("one that closes again before that was never open", func(t *testing.T) {
		s, _, told := open(t)
		shut(t, s, store.ReserveBrake, "salesforce", 0)
		told(0, "reserve salesforce closed 1")
		for n := time.Duration(1); n < 20; n++ {
			reopen(t, s, "salesforce", n*15*min, store.ReserveBrake)
			shut(t, s, store.ReserveBrake, "salesforce", (n*15+5)*min)
			told((n*15 + 6) * min)
		}
	})
	t.Run("one that flaps is told of once within an hour, with how often it closed", func(t *testing.T) {
		s, _, told := open(t)
		shut(t, s, store.DownBrake, "mail", 0)
		told(0, "down mail closed 1")
		for n := time.Duration(0); n < 3; n++ {
			reopen(t, s, "mail", (n*15+1)*min, store.DownBrake)
			shut(t, s, store.DownBrake, "mail", (n*15+13)*min)
		}
		told(59 * min)
		told(60*min, "down mail closed 3")
	})
	t.Run("one that closed and opened in the meantime is told of as open", func(t *testing.T) {
		s, _, told := open(t)
		if err := s.Pause(ctx, store.Brake{Name: store.AllSystems, At: now, Who: "dana", Reason: "audit"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Resume(ctx, store.Brake{Name: store.AllSystems, At: now, Who: "dana"}); err != nil {
			t.Fatal(err)
		}
		told(0, "pause all open 1")
		told(300 * min)
	})
	t.Run("each mail that was refused counts, and an hour after the last it is open", func(t *testing.T) {
		s, _, told := open(t)
		for n := time.Duration(0); n < 3; n++ {
			shut(t, s, store.PerHourBrake, "mail", n*min)
		}
		told(3*min, "per-hour mail closed 3")
		told(61 * min)
		told(62 * min) // opens
		told(72*min, "per-hour mail open 0")
	})
	t.Run("people are told by one of several daemons, and once", func(t *testing.T) {
		s, h, _ := open(t)
		shut(t, s, store.DownBrake, "mail", 0)
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 8 {
			all.Go(func() {
				if _, err := s.TellClosings(ctx, func(c store.Closing) []store.Write {
					mu.Lock()
					defer mu.Unlock()
					return h.say(c)
				}, now); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if entries, err := s.Entries(ctx, store.Filter{}); err != nil || len(entries) != 1 {
			t.Errorf("%d notices, %v; want one", len(entries), err)
		}
	})
	t.Run("who dies before it is stored has told nobody", func(t *testing.T) {
		s, h, told := open(t)
		shut(t, s, store.DownBrake, "mail", 0)
		dying, die := context.WithCancel(ctx)
		_, err := s.TellClosings(dying, func(c store.Closing) []store.Write { die(); return h.say(c) }, now)
		if err == nil {
			t.Fatal("it was stored")
		}
		if entries, err := s.Entries(ctx, store.Filter{}); err != nil || len(entries) != 0 {
			t.Errorf("%d notices, %v; want none", len(entries), err)
		}
		told(min, "down mail closed 1")
	})
	t.Run("a notice has a key of its own kind, and is stored once by its id", func(t *testing.T) {
		s, _, _ := open(t)
		for range 2 {
			if err := s.Tell(ctx, "today", (&herald{}).say(store.Closing{}), now); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := s.Entries(ctx, store.Filter{})
		if err != nil || len(entries) != 1 || !store.IsNotice(entries[0].Key) || len(entries[0].Key) != 40 {
			t.Errorf("%+v, %v", entries, err)
		}
	})
	t.Run("a notice that is refused waits for a person, and is on no page of decisions", func(t *testing.T) {
		s, h, _ := open(t)
		if err := s.Tell(ctx, "today", h.say(store.Closing{}), now); err != nil {
			t.Fatal(err)
		}
		entries, token, err := s.Claim(ctx, "mail", 1, now, min)
		if err != nil || len(entries) != 1 {
			t.Fatal(entries, err)
		}
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Refused}}, now); err != nil {
			t.Fatal(err)
		}
		if waiting, err := s.Waiting(ctx, 0, 10); err != nil || len(waiting) != 0 {
			t.Errorf("decisions that wait: %v, %v", waiting, err)
		}
		if err := s.Act(ctx, []int64{entries[0].ID}, store.Drop, "dana", "", now); err != nil {
			t.Error(err)
		}
	})
	t.Run("a pause of all lets a notice by mail through, and one of mail does not", func(t *testing.T) {
		s, h, _ := open(t)
		writes := append(h.say(store.Closing{}), store.Write{System: "salesforce", Verb: store.TellVerb, Change: connectors.Change{Op: connectors.Create}})
		if err := s.Tell(ctx, "today", writes, now); err != nil {
			t.Fatal(err)
		}
		claimed := func(paused string) string {
			t.Helper()
			if err := s.Pause(ctx, store.Brake{Name: paused, At: now, Who: "dana"}); err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, system := range []string{"mail", "salesforce"} {
				entries, token, err := s.Claim(ctx, system, 10, now, min)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					all = append(all, e.System)
					if err := s.Settle(ctx, token, []store.Settlement{{ID: e.ID, Signal: store.Failed}}, now); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := s.Resume(ctx, store.Brake{Name: paused, At: now, Who: "dana"}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(all, " ")
		}
		for paused, want := range map[string]string{store.AllSystems: "mail", "mail": "salesforce", "salesforce": "mail"} {
			if got := claimed(paused); got != want {
				t.Errorf("while writing to %s is paused, %q is sent; want %q", paused, got, want)
			}
		}
	})
}
