package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/bench"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store/storetest"
)

var (
	chaosFor  = flag.Duration("chaos.for", 100*time.Second, "how long chaos may go on, on both databases at once; it plays the story once at least, and all of it if it may go on for more than five minutes")
	chaosSeed = flag.Uint64("chaos.seed", 1, "the first seed of chaos")
)

// What must be longer than what, for nothing to be done twice: the lease than a
// call, however late it is applied (3/4 of the lease and lateBy); a freeze than
// the lease.
const (
	chaosLease  = 6 * time.Second
	chaosFreeze = 8 * time.Second
)

// Daemons are killed and frozen, the org and the mail servers fail in every way
// that they can, and in the end the world is as if nothing had happened: each
// effect exactly once, in order per record, and nothing else changed.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	t.Parallel()
	acts := chaosActs(t)
	var want []string
	var all sync.WaitGroup
	defer all.Wait()
	known := make(chan struct{})
	all.Go(func() {
		defer close(known)
		t.Run("undisturbed", func(t *testing.T) { want = undisturbed(t, acts) })
	})
	for _, journal := range []struct {
		name    string
		daemons int
	}{{"SQLite", 1}, {"PostgreSQL", 3}} {
		all.Go(func() {
			t.Run(journal.name, func(t *testing.T) {
				database := func() string { return "" }
				if journal.name == "PostgreSQL" {
					server := storetest.Start(t)
					database = func() string { return server.Fresh(t) }
				}
				counts := map[string]int{}
				end := time.Now().Add(*chaosFor)
				var last time.Duration
				for seed := *chaosSeed; seed == *chaosSeed || time.Now().Add(last).Before(end); seed++ {
					began := time.Now()
					t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
						c := chaos{seed: seed, database: database(), daemons: journal.daemons, faults: allFaults, hurts: true}
						got := c.play(t, acts)
						for fault, n := range c.counts {
							counts[fault] += n
						}
						t.Logf("seed %d: %s", seed, describeCounts(c.counts))
						<-known
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("seed %d: the world after chaos (+) is not as without (-):\n%s", seed, diff)
						}
					})
					last = time.Since(began)
				}
				for _, fault := range chaosKinds() {
					if counts[fault] == 0 {
						t.Errorf("nothing was tried: no %s", fault)
					}
				}
			})
		})
	}
}

// chaosActs is the story, or as much of it as there is time for.
func chaosActs(t testing.TB) []stage.Act {
	if *chaosFor > 5*time.Minute {
		return stage.Acts()
	}
	return scene(t, "Maria Alvarez asks", "Daniel Okafor asks", "Ruth Lindqvist", "Harold Finch goes away", "He leaves a week later",
		"Walter Hayes's install", "Fourteen business days")
}

// chaosKinds is everything that must have been tried.
func chaosKinds() []string {
	kinds := []string{"daemon killed", "daemon killed while sending", "daemon frozen", "mailbox cut off"}
	for _, fault := range allFaults {
		kinds = append(kinds, "write to the org "+fault, "read of the org "+fault, "mail "+fault)
	}
	return kinds
}

func describeCounts(counts map[string]int) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s: %d", what, counts[what]))
	}
	return strings.Join(all, "; ")
}

// chaos is one performance in which things go wrong.
type chaos struct {
	seed     uint64
	database string
	daemons  int
	faults   []string
	blanks   int  // calls that go well between faults; default 12
	hurts    bool // daemons are killed and frozen
	env      []string
	counts   map[string]int // of faults, afterwards
}

// play plays the acts and returns the state of the world afterwards.
func (c *chaos) play(t *testing.T, acts []stage.Act) []string {
	t.Helper()
	if c.blanks == 0 {
		c.blanks = 12
	}
	tr := newTrouble(c.seed, c.faults, c.blanks)
	h := openTheatre(t, setting{
		daemons: c.daemons, database: c.database, lease: chaosLease, latency: 50 * time.Millisecond,
		env: c.env, rewire: tr.rewire(t, c.seed),
	})
	c.counts = map[string]int{}
	stop := make(chan struct{})
	var hurting sync.WaitGroup
	if c.hurts {
		hurting.Go(func() { c.hurt(h, tr.line, stop) })
	}
	err := h.play(t.Context(), acts)
	close(stop)
	hurting.Wait()
	if err != nil {
		t.Fatal(err)
	}
	state := h.state(t)
	for name, deck := range map[string]*deck{"write to the org ": tr.org, "read of the org ": tr.reads, "mail ": tr.mail} {
		for fault, n := range deck.counts() {
			c.counts[name+fault] += n
		}
	}
	return state
}

// hurt kills and freezes daemons, and cuts them off from the mailbox, until it
// is told to stop.
func (c *chaos) hurt(h *theatre, line *bench.BadLine, stop <-chan struct{}) {
	chance := rand.New(rand.NewPCG(c.seed, 1))
	wait := func(d time.Duration) bool {
		select {
		case <-stop:
			return false
		case <-time.After(d):
			return true
		}
	}
	var thawing sync.WaitGroup
	defer thawing.Wait()
	for n := 0; wait(time.Duration(200+chance.IntN(2500)) * time.Millisecond); n++ {
		// Half of the time while a call that writes is under way.
		midway := chance.IntN(2) == 0
		for i := 0; midway && i < 1000 && !sending(h.ctx, h.journal); i++ {
			if !wait(2 * time.Millisecond) {
				return
			}
		}
		if midway && !wait(time.Duration(chance.IntN(60))*time.Millisecond) {
			return
		}
		if n%6 == 4 {
			line.Reset()
			c.counts["mailbox cut off"]++
			continue
		}
		daemon := h.daemons[chance.IntN(len(h.daemons))]
		midway = midway && sending(h.ctx, h.journal)
		if n%6 == 2 {
			if daemon.signal(syscall.SIGSTOP) {
				c.counts["daemon frozen"]++
				thawing.Go(func() {
					wait(chaosFreeze)
					daemon.signal(syscall.SIGCONT)
				})
			}
			continue
		}
		if !daemon.signal(syscall.SIGKILL) {
			continue
		}
		c.counts["daemon killed"]++
		if midway {
			c.counts["daemon killed while sending"]++
		}
	}
}
