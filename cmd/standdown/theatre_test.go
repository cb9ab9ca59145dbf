package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// databaseVariable names the database of a daemon that keeps its journal in
// one.
const databaseVariable = "STANDDOWN_TEST_DATABASE"

// A theatre is a world with daemons that do not stay dead, and the people that
// look after them.
type theatre struct {
	world   *stage.Stage
	journal *store.Store
	daemons []*undying
	ctx     context.Context // of the daemons' lives
	end     context.CancelFunc
	ended   sync.WaitGroup
}

// A setting is what the world of a theatre is like.
type setting struct {
	latency  time.Duration // of the org
	database string        // of the journal; empty for a file
	daemons  int
	lease    time.Duration
	// env is what each daemon's process is told besides.
	env []string
	// rewire changes the configuration, to put something between the daemons
	// and the world.
	rewire func(world *stage.Stage, configuration string) string
}

// openTheatre starts a world and its daemons, and waits until they have seen
// what is there. The theatre is closed with the test.
func openTheatre(t testing.TB, s setting) *theatre {
	t.Helper()
	world, err := stage.New(t.TempDir(), s.latency)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { world.Close() })
	text, err := os.ReadFile(world.Config())
	if err != nil {
		t.Fatal(err)
	}
	configuration := strings.Replace(string(text), "{lease: 6s, call_timeout: 3s, quiet: 1s,", fmt.Sprintf("{lease: %s, call_timeout: 1s, quiet: 1500ms,", s.lease), 1)
	if s.database != "" {
		_, rest, _ := strings.Cut(configuration, "salesforce:\n")
		configuration = "journal:\n  url: ${" + databaseVariable + "}\nsalesforce:\n" + rest
	}
	if s.rewire != nil {
		configuration = s.rewire(world, configuration)
	}
	if err := os.WriteFile(world.Config(), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(slices.Clone(s.env), stageVariable+"="+world.Dir, databaseVariable+"="+s.database)
	cfg, err := config.Load(world.Config(), func(name string) (string, bool) {
		return s.database, name == databaseVariable
	})
	if err != nil {
		t.Fatal(err)
	}

	h := &theatre{world: world}
	h.ctx, h.end = context.WithCancel(context.WithoutCancel(t.Context()))
	for range s.daemons {
		d := &undying{env: env}
		h.daemons = append(h.daemons, d)
		h.ended.Go(func() { d.live(h.ctx) })
	}
	t.Cleanup(func() { h.close(t) })
	if h.journal, err = beside(t.Context(), cfg.Journal.Name()); err != nil {
		t.Fatal(err)
	}
	seen := func() (bool, error) {
		for _, source := range []string{"salesforce", "mailbox"} {
			r, err := h.journal.Reading(t.Context(), source)
			if err != nil || r.ReadAt.IsZero() || r.Baseline {
				return false, unlessAway(err)
			}
		}
		return true, nil
	}
	if err := stage.Until(t.Context(), "the first read", seen); err != nil {
		t.Fatal(err)
	}
	return h
}

// close ends the daemons, for good. What they said is shown if the test has
// failed.
func (h *theatre) close(t testing.TB) {
	h.end()
	h.ended.Wait()
	if h.journal != nil {
		h.journal.Close()
	}
	for _, d := range h.daemons {
		if d.failure != nil {
			t.Error(d.failure)
		}
		if bytes.Contains(d.said.Bytes(), []byte("DATA RACE")) {
			t.Error("the daemon has a data race")
		}
		if t.Failed() {
			t.Logf("a daemon said last:\n%s", d.last())
		}
	}
}

// play plays acts, one after the other, each until the world shows its effect
// and the daemons have nothing left to do.
func (h *theatre) play(ctx context.Context, acts []stage.Act) error {
	for _, act := range acts {
		if err := act.Do(h.world); err != nil {
			return fmt.Errorf("playing %q: %w", act.Title, err)
		}
		calm := lull{journal: h.journal}
		err := stage.Until(ctx, act.Title, func() (bool, error) {
			open, err := h.attend(ctx, act.Approves)
			if err != nil || open {
				return false, unlessAway(err)
			}
			if done, err := act.Done(h.world); err != nil || !done {
				return false, err
			}
			over, err := calm.lasts(ctx)
			return over, unlessAway(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unlessAway is the error, unless it is that the journal cannot be used for the
// moment, which people only have to wait for: a daemon that is frozen holds it, or
// the disk is busy.
func unlessAway(err error) error {
	if store.Away(err) {
		return nil
	}
	return err
}

// attend is what people do: they approve what is proposed, if they are to, and
// have tried again what was refused or is unknown. It reports whether there was
// anything to do.
func (h *theatre) attend(ctx context.Context, approves bool) (open bool, err error) {
	states := []store.State{store.Stuck, store.Unknown}
	if approves {
		states = append(states, store.Proposed)
	}
	entries, err := h.journal.Entries(ctx, store.Filter{States: states})
	for _, e := range entries {
		signal := store.Retry
		if e.State == store.Proposed {
			signal = store.Approve
		}
		// Refused if it has become stale meanwhile: then there is another.
		_ = h.journal.Act(ctx, []int64{e.ID}, signal, "Dana Whitlock", "", h.world.Clock.Now())
	}
	return len(entries) > 0, err
}

// state is what can be seen from outside at the end: what there is, and in
// which order it was said on each record and to each person.
func (h *theatre) state(t testing.TB) []string {
	t.Helper()
	// The copies of what was sent come in as mails; they are filed as well.
	err := stage.Until(t.Context(), "all mails to be filed", func() (bool, error) {
		left, err := h.world.Mail.Folder(stage.Mailbox, "INBOX")
		return len(left) == 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	state, err := h.world.State()
	if err != nil {
		t.Fatal(err)
	}
	order, err := h.world.Order()
	if err != nil {
		t.Fatal(err)
	}
	return append(state, order...)
}

// An undying daemon is a process that is started again whenever it is killed.
type undying struct {
	env     []string
	deaths  atomic.Int64
	said    bytes.Buffer // to be read when live has returned
	failure error

	mu      sync.Mutex
	process *os.Process // nil while there is none
}

// live runs the daemon until ctx ends, or until it ends by itself, which is a
// failure.
func (u *undying) live(ctx context.Context) {
	for ctx.Err() == nil {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), u.env...)
		cmd.Stderr = &u.said
		if u.failure = cmd.Start(); u.failure != nil {
			return
		}
		u.set(cmd.Process)
		err := cmd.Wait()
		u.set(nil)
		if ctx.Err() != nil {
			return
		}
		exit, _ := errors.AsType[*exec.ExitError](err)
		if exit == nil || !exit.Sys().(syscall.WaitStatus).Signaled() {
			u.failure = fmt.Errorf("the daemon ended by itself: %v\n%s", err, u.last())
			return
		}
		u.deaths.Add(1)
		fmt.Fprintln(&u.said, "--- killed ---")
	}
}

// last is the end of what the daemon said: the whole would hide what failed.
func (u *undying) last() []byte {
	const most = 8 << 10
	said := u.said.Bytes()
	return said[max(0, len(said)-most):]
}

func (u *undying) set(p *os.Process) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.process = p
}

// signal sends the daemon's process a signal. It reports whether there was one
// to send it to.
func (u *undying) signal(s os.Signal) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.process != nil && u.process.Signal(s) == nil
}

// scene returns the acts whose titles have one of the beginnings, in the
// story's order.
func scene(t testing.TB, beginnings ...string) []stage.Act {
	t.Helper()
	var acts []stage.Act
	for _, act := range stage.Acts() {
		if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(act.Title, b) }) {
			acts = append(acts, act)
		}
	}
	if len(acts) != len(beginnings) {
		t.Fatalf("%d acts begin with one of %q, want one each", len(acts), beginnings)
	}
	return acts
}
