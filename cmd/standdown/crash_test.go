package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// stageVariable makes the test binary a daemon for the world in the directory
// it names, see TestMain.
const stageVariable = "STANDDOWN_TEST_STAGE"

// serveOnStage is what the daemon's process does in the crash test: exactly
// what `standdown serve` does, by the clock of the world.
func serveOnStage(dir string) int {
	cfg, err := config.Load(filepath.Join(dir, "standdown.yaml"), os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitWrong
	}
	clock, err := stage.NewClock(filepath.Join(dir, "clock"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	now := func() time.Time {
		if err := clock.Follow(); err != nil {
			panic(err)
		}
		return clock.Now()
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, cfg, log, now, 100*time.Millisecond, nil, append(tampering(dir), brisk)...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return exitDone
}

// A daemonProcess runs the daemon and starts it again whenever it was killed.
type daemonProcess struct {
	dir string

	mu      sync.Mutex
	cmd     *exec.Cmd
	log     bytes.Buffer
	stopped bool
}

func (d *daemonProcess) start(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return
	}
	d.cmd = exec.Command(os.Args[0])
	d.cmd.Env = append(os.Environ(), stageVariable+"="+d.dir)
	d.cmd.Stderr = &d.log
	if err := d.cmd.Start(); err != nil {
		t.Error(err)
	}
}

// kill kills the process without warning (SIGKILL) and waits for its end.
func (d *daemonProcess) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

// playAll plays the whole story against a daemon process that is killed the
// given number of times, at moments drawn from seed, and returns the world's
// final state, and how many kills hit a change that was being sent.
func playAll(t *testing.T, seed uint64, kills int) (state []string, midway int) {
	t.Helper()
	ctx := t.Context()
	world, err := stage.New(t.TempDir(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	cfg, err := config.Load(world.Config(), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	daemon := &daemonProcess{dir: world.Dir}
	daemon.start(t)
	defer daemon.kill()
	journal, err := beside(ctx, cfg.Journal.Name())
	if err != nil {
		t.Fatalf("%v\n%s", err, daemon.log.Bytes())
	}
	defer journal.Close()
	director := &director{world: world, journal: journal, approves: func(string) error { return nil }}
	if err := director.baseline(ctx); err != nil {
		t.Fatalf("%v\n%s", err, daemon.log.Bytes())
	}

	chance := rand.New(rand.NewPCG(seed, 0))
	acts := stage.Acts()
	for i, act := range acts {
		here := kills / len(acts)
		if i < kills%len(acts) {
			here++
		}
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			for range here {
				// Most of the time the daemon waits for the next poll, so the
				// moments are drawn from when it has begun to work, and half of
				// them from when a call that writes is under way.
				if chance.IntN(2) == 0 {
					begun(ctx, func() bool { return !quiet(ctx, journal) })
					time.Sleep(time.Duration(chance.IntN(500)) * time.Millisecond)
				} else {
					begun(ctx, func() bool { return sending(ctx, journal) })
					time.Sleep(time.Duration(chance.IntN(100)) * time.Millisecond)
				}
				daemon.kill()
				if sending(ctx, journal) {
					midway++
				}
				daemon.start(t)
			}
		}()
		err := director.play(ctx, act)
		<-killed
		if err == nil {
			// What was killed after the act was over must be over again.
			calm := lull{journal: journal}
			err = stage.Until(ctx, act.Title, func() (bool, error) { return calm.lasts(ctx) })
		}
		if err != nil {
			daemon.kill()
			t.Fatalf("%v\n%s", err, daemon.log.Bytes())
		}
	}
	state, err = world.State()
	if err != nil {
		t.Fatal(err)
	}
	return state, midway
}

// begun returns once what is awaited has begun, or after a while: then the
// moment is one at rest.
func begun(ctx context.Context, what func() bool) {
	ctx, stop := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer stop()
	for ctx.Err() == nil && !what() {
		time.Sleep(2 * time.Millisecond)
	}
}

func quiet(ctx context.Context, journal *store.Store) bool {
	is, err := journal.Quiet(ctx)
	return err == nil && is
}

func sending(ctx context.Context, journal *store.Store) bool {
	entries, err := journal.Entries(ctx, store.Filter{States: []store.State{store.Sending}})
	return err == nil && len(entries) > 0
}

func TestAKilledDaemonLosesNothingAndDoublesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	type run struct {
		seed  uint64
		kills int
	}
	runs := []run{{0, 0}, {1, 10}}
	states := make([][]string, len(runs))
	t.Run("runs", func(t *testing.T) {
		for i, r := range runs {
			t.Run(fmt.Sprintf("killed %d times", r.kills), func(t *testing.T) {
				t.Parallel()
				var midway int
				states[i], midway = playAll(t, r.seed, r.kills)
				t.Logf("seed %d: %d of %d kills hit a change that was being sent", r.seed, midway, r.kills)
			})
		}
	})
	for i, r := range runs[1:] {
		if diff := cmp.Diff(states[0], states[i+1]); diff != "" {
			t.Errorf("seed %d: the world after %d kills (+) is not as without (-):\n%s", r.seed, r.kills, diff)
		}
	}
}
