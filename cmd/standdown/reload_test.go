package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
)

// A street has a household in it whose daemons do nothing but tell that they
// begin and end, and fail when told to. It is used within a bubble.
type street struct {
	*household
	hangups chan os.Signal
	over    chan error
	stop    context.CancelFunc

	said lines

	mu     sync.Mutex
	next   []*config.Config
	wrong  error
	told   []string // since it was last asked
	fail   map[string]chan error
	broken map[string]error // what beginning fails with
}

// openStreet begins the household with the orgs.
func openStreet(t *testing.T, several bool, orgs ...*config.Config) *street {
	s := &street{hangups: make(chan os.Signal), over: make(chan error, 1), next: orgs, fail: map[string]chan error{}, broken: map[string]error{}}
	s.household = &household{load: s.load, run: s.run, several: several, logs: &s.said, now: time.Now}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	go func() { s.over <- s.live(ctx, s.hangups) }()
	synctest.Wait()
	return s
}

func (s *street) load() ([]*config.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next, s.wrong
}

func (s *street) run(ctx context.Context, cfg *config.Config, _ *slog.Logger, begun func(ability)) error {
	s.mu.Lock()
	failing := make(chan error, 1)
	s.fail[cfg.Name] = failing
	broken := s.broken[cfg.Name]
	s.told = append(s.told, "+"+cfg.Name)
	s.mu.Unlock()
	if broken != nil {
		return broken
	}
	begun(func(context.Context) bool { return cfg.Salesforce.Reserve > 0 })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failing:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, "-"+cfg.Name)
	return err
}

// happened is what has begun (+) and ended (-) since it was last asked.
func (s *street) happened() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told
	s.told = nil
	for begin := 0; begin < len(told); { // what happens together does so in any order
		end := begin + 1
		for end < len(told) && told[end][0] == told[begin][0] {
			end++
		}
		slices.Sort(told[begin:end])
		begin = end
	}
	return strings.Join(told, " ")
}

// hangup has the configuration read anew.
func (s *street) hangup(wrong error, orgs ...*config.Config) {
	s.mu.Lock()
	s.next, s.wrong = orgs, wrong
	s.mu.Unlock()
	s.hangups <- syscall.SIGHUP
}

func org(name string, reserve int) *config.Config {
	cfg := &config.Config{Name: name}
	cfg.Salesforce.Reserve = reserve
	return cfg
}

// expect compares what has happened since the last time.
func (s *street) expect(t *testing.T, when, want string) {
	t.Helper()
	if got := s.happened(); got != want {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func (s *street) close(t *testing.T) {
	t.Helper()
	s.stop()
	if err := <-s.over; err != nil {
		t.Error(err)
	}
}

func TestOnAHangupOnlyWhatHasChangedIsBegunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStreet(t, true, org("acme", 1), org("bravo", 1), org("corp", 1))
		s.expect(t, "at the beginning", "+acme +bravo +corp")
		s.hangup(nil, org("acme", 1), org("bravo", 2), org("delta", 1))
		s.expect(t, "bravo has changed, corp is gone, delta has come", "-bravo -corp +bravo +delta")
		s.hangup(nil, org("acme", 1), org("bravo", 2), org("delta", 1))
		s.expect(t, "nothing has changed", "")
		s.hangup(errors.New("delta.yaml:3: no such key"), org("acme", 3))
		s.expect(t, "the configuration is wrong", "")
		s.close(t)
		s.expect(t, "at the end", "-acme -bravo -delta")
		if got := s.said.String(); strings.Count(got, "configuration refused") != 1 || strings.Count(got, "no such key") != 1 || strings.Count(got, "read anew") != 2 {
			t.Errorf("it said:\n%s", got)
		}
	})
}

func TestADaemonThatFailsIsBegunAgainAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStreet(t, true, org("acme", 1), org("bravo", 1))
		s.expect(t, "at the beginning", "+acme +bravo")
		s.broken["acme"] = errors.New("the journal is locked")
		s.fail["acme"] <- errors.New("the disk is full")
		s.expect(t, "acme fails", "-acme")

		var waits []time.Duration
		for range 9 {
			began := time.Now()
			for s.happened() == "" {
				time.Sleep(500 * time.Millisecond)
			}
			waits = append(waits, time.Since(began).Round(time.Second))
		}
		second := time.Second
		if diff := cmp.Diff([]time.Duration{second, 2 * second, 4 * second, 8 * second, 16 * second, 32 * second, 60 * second, 60 * second, 60 * second}, waits); diff != "" {
			t.Errorf("how long it waits (-want +got):\n%s", diff)
		}
		if got := s.said.String(); strings.Count(got, "level=ERROR") != 10 || strings.Count(got, "org=acme") != 10 || strings.Contains(got, "org=bravo") || !strings.Contains(got, "the journal is locked") {
			t.Errorf("it said:\n%s", got)
		}

		delete(s.broken, "acme")
		s.hangup(nil, org("acme", 1), org("bravo", 1))
		s.expect(t, "a hangup need not wait", "+acme")
		time.Sleep(2 * time.Minute)
		s.fail["acme"] <- errors.New("the disk is full")
		s.expect(t, "acme fails again, after it has run for long", "-acme")
		time.Sleep(2 * second)
		s.expect(t, "it waits as if for the first time", "+acme")
		s.close(t)
		s.expect(t, "at the end", "-acme -bravo")
	})
}

func TestADaemonThatCannotBeginIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &household{
			run: func(ctx context.Context, cfg *config.Config, _ *slog.Logger, begun func(ability)) error {
				if cfg.Name == "acme" {
					time.Sleep(5 * time.Second)
					begun(func(context.Context) bool { return true })
				}
				<-ctx.Done()
				return nil
			},
			several: true, logs: io.Discard, now: time.Now, members: map[string]*member{},
		}
		began := time.Now()
		for _, test := range []struct {
			orgs []*config.Config
			want time.Duration
		}{
			{[]*config.Config{org("acme", 1)}, 5 * time.Second},
			{[]*config.Config{org("acme", 1), org("bravo", 1), org("corp", 1)}, 5*time.Second + startTime},
		} {
			settle(h.arrange(t.Context(), test.orgs))
			if got := time.Since(began); got != test.want {
				t.Errorf("it is settled after %s, want %s", got, test.want)
			}
		}
		if err := h.end(func(*member) bool { return true }); err != nil {
			t.Error(err)
		}
	})
}

func TestTheOnlyDaemonEndsTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStreet(t, false, org("", 1))
		s.hangup(nil, org("", 2))
		s.expect(t, "its configuration is another", "+ - +")
		full := errors.New("the disk is full")
		s.fail[""] <- full
		if err := <-s.over; !errors.Is(err, full) {
			t.Errorf("it ended with %v, want %v", err, full)
		}
		s.stop()
	})
}

func TestAConfigurationThatIsWrongAtTheBeginningEndsIt(t *testing.T) {
	wrong := errors.New("no such key")
	h := &household{load: func() ([]*config.Config, error) { return nil, wrong }}
	if err := h.live(t.Context(), nil); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}

func TestAHouseholdTellsHowItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStreet(t, true, org("bravo", 0), org("acme", 1), org("corp", 1))
		look := func(want string, wantAble bool) {
			t.Helper()
			synctest.Wait()
			if words, able := s.look(t.Context()); words != want || able != wantAble {
				t.Errorf("it says %q (%t), want %q (%t)", words, able, want, wantAble)
			}
		}
		s.broken["corp"] = errors.New("the journal is locked")
		s.fail["corp"] <- errors.New("the disk is full")
		look("acme: can do its job; bravo: cannot do its job now; corp: does not run", true)
		s.hangup(nil, org("bravo", 0), org("corp", 1))
		look("bravo: cannot do its job now; corp: does not run", false)
		s.close(t)

		alone := openStreet(t, false, org("", 1))
		if words, able := alone.look(t.Context()); words != "can do its job" || !able {
			t.Errorf("one alone says %q (%t)", words, able)
		}
		alone.close(t)
	})
}
