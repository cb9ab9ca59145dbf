package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
)

// mutationVariable names what the daemon of a test lacks.
const mutationVariable = "STANDDOWN_TEST_MUTATION"

const (
	withoutAsking = "asking" // it sends again without having asked
	withoutLease  = "lease"  // it sends for longer than it has the lease for
)

// mutations are what the environment has the daemon lack.
func mutations() []func(*engine.Engine) {
	switch os.Getenv(mutationVariable) {
	case withoutAsking:
		return []func(*engine.Engine){func(e *engine.Engine) {
			for system, sink := range e.Sinks {
				e.Sinks[system] = unasking{sink}
			}
		}}
	case withoutLease:
		return []func(*engine.Engine){func(e *engine.Engine) {
			e.Delivery.Lease = 300 * time.Millisecond
			for system, sink := range e.Sinks {
				e.Sinks[system] = untimed{sink}
			}
		}}
	}
	return nil
}

type unasking struct{ connectors.Sink }

func (s unasking) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	for i := range changes {
		changes[i].Doubt = false
	}
	return s.Sink.Apply(ctx, changes)
}

// untimed lets calls go on after the lease; they have a timeout of their own.
type untimed struct{ connectors.Sink }

func (s untimed) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	return s.Sink.Apply(context.WithoutCancel(ctx), changes)
}

// What the chaos test rests on is taken out, and it shows.
func TestChaosFindsADaemonThatDoesNotAsk(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	acts := scene(t, "Maria Alvarez asks", "Ruth Lindqvist")
	want := undisturbed(t, acts)
	c := chaos{seed: 1, daemons: 1, faults: []string{lostAfter}, blanks: 4}
	if diff := cmp.Diff(want, c.play(t, acts)); diff != "" {
		t.Errorf("a daemon that asks leaves another world (+) than one that need not (-):\n%s", diff)
	}
	tr := newTrouble(1, []string{lostAfter}, 4)
	h := openTheatre(t, setting{daemons: 1, lease: chaosLease, latency: 50 * time.Millisecond, rewire: tr.rewire(t, 1), env: []string{mutationVariable + "=" + withoutAsking}})
	h.doublesSomething(t, acts, want)
}

func TestChaosFindsDaemonsWithoutLease(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	server := storetest.Start(t)
	acts := scene(t, "Maria Alvarez asks", "Daniel Okafor asks")
	want := undisturbed(t, acts)
	tr := newTrouble(1, []string{late}, 2)
	h := openTheatre(t, setting{
		daemons: 2, database: server.Fresh(t), lease: chaosLease, latency: 50 * time.Millisecond,
		rewire: tr.rewire(t, 1), env: []string{mutationVariable + "=" + withoutLease},
	})
	h.doublesSomething(t, acts, want)
}

// doublesSomething plays the acts until something has been done twice. They may
// never come to an end.
func (h *theatre) doublesSomething(t *testing.T, acts []stage.Act, want []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var over atomic.Bool
	var playing sync.WaitGroup
	playing.Go(func() {
		defer over.Store(true)
		_ = h.play(ctx, acts) // ended below
	})
	err := stage.Until(ctx, "something to be done twice", func() (bool, error) {
		was := over.Load()
		got, err := h.world.State()
		if err != nil { // there is no folder of filed mails at first
			return false, nil
		}
		if twice := doubled(want, got); len(twice) > 0 {
			t.Logf("done twice: %.80s", twice[0])
			return true, nil
		}
		if was {
			return false, errors.New("the acts are over")
		}
		return false, nil
	})
	stop()
	playing.Wait()
	if err != nil {
		t.Error(err)
	}
}

// undisturbed is the world after the acts when nothing goes wrong.
func undisturbed(t *testing.T, acts []stage.Act) []string {
	t.Helper()
	h := openTheatre(t, setting{daemons: 1, lease: chaosLease, latency: 50 * time.Millisecond})
	if err := h.play(t.Context(), acts); err != nil {
		t.Fatal(err)
	}
	return h.state(t)
}

// doubled returns the posts and mails that there are more often than wanted.
func doubled(want, got []string) []string {
	left := map[string]int{}
	for _, line := range want {
		left[line]++
	}
	var more []string
	for _, line := range got {
		said := strings.HasPrefix(line, "FeedItem: ") || strings.HasPrefix(line, "sent to ")
		if left[line]--; left[line] < 0 && said {
			more = append(more, line)
		}
	}
	return more
}
