package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/stage"
)

// applyVariable makes the test binary apply the plan in the file it names in the
// world of stageVariable, see TestMain.
const applyVariable = "STANDDOWN_TEST_APPLY"

// applyOnStage does what `standdown apply --approve` does, by the clock of the
// world, and dies where its failpoints say.
func applyOnStage(dir, file string) error {
	cfg, err := config.Load(filepath.Join(dir, "standdown.yaml"), os.LookupEnv)
	if err != nil {
		return err
	}
	clock, err := stage.NewClock(filepath.Join(dir, "clock"))
	if err != nil {
		return err
	}
	f, err := readFailpoints(dir)
	if err != nil {
		return err
	}
	plan, err := readPlan(file)
	if err != nil {
		return err
	}
	a := applying{cfg: cfg, plan: plan, who: "Dana Whitlock", approve: true, log: slog.New(slog.DiscardHandler), now: clock.Now}
	a.changes = []func(*engine.Engine){func(e *engine.Engine) {
		e.Store.Step = f.pass
		announce(e, f.pass)
	}}
	done, err := a.run(context.Background())
	if err == nil && done.failed() {
		err = fmt.Errorf("it came to %v", done.Totals)
	}
	return err
}

func TestAPlanWhoseApplicationIsKilledIsFinishedByTheNext(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	want, passed := applyDeadly(t, "")
	steps := slices.Sorted(maps.Keys(passed))
	for _, must := range []step{"TakeUp committed", "Apply to salesforce after", "Apply to mail after", "Settle begin"} {
		if !slices.Contains(steps, must) {
			t.Fatalf("it passes %q, and not %s", steps, must)
		}
	}
	for _, s := range steps {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			got, _ := applyDeadly(t, s)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the world when it was not killed (-) and when it was (+):\n%s", diff)
			}
		})
	}
}

// applyDeadly has a process apply a plan and die at a step, and another apply it
// again. It returns the world at the end, and the steps that were passed.
func applyDeadly(t *testing.T, deadly step) (state []string, passed map[step]int) {
	t.Helper()
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Ruth Lindqvist", "Walter Hayes's install")...)
	text, err := os.ReadFile(w.Config())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.Config(), []byte(strings.Replace(string(text), "{lease: 6s, call_timeout: 3s,", "{lease: 2s, call_timeout: 1s,", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &failpoints{Passed: map[step]int{}, path: filepath.Join(w.Dir, failpointsFile)}
	if deadly != "" {
		f.Deadly = map[step]int{deadly: 1}
	}
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	file := w.save(t)
	apply := func() (killed bool) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), stageVariable+"="+w.Dir, applyVariable+"="+file)
		said, err := cmd.CombinedOutput()
		exit, _ := errors.AsType[*exec.ExitError](err)
		if killed = exit != nil && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL; err != nil && !killed {
			t.Fatalf("%v: %s", err, said)
		}
		return killed
	}
	if killed := apply(); killed != (deadly != "") {
		t.Fatalf("killed: %v", killed)
	}
	if deadly != "" && apply() {
		t.Fatal("it was killed again")
	}
	if f, err = readFailpoints(w.Dir); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.Mail.Accepted() {
		state = append(state, fmt.Sprint("sent to ", m.To))
	}
	order, err := w.Order()
	if err != nil {
		t.Fatal(err)
	}
	state = append(state, order...)
	for object, rows := range w.Org.Dump() {
		for _, row := range rows {
			state = append(state, fmt.Sprint(object, " ", row["Name"], " ", row["Subject"], " ", row["Status__c"], " ", row["State__c"]))
		}
	}
	slices.Sort(state)
	return state, f.Passed
}
