package main

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestThreeDaemonsOnOneDatabaseAreAsOne(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	var alone, three []string
	t.Run("the same story", func(t *testing.T) {
		t.Run("by one daemon that nothing happens to", func(t *testing.T) {
			t.Parallel()
			h := openTheatre(t, setting{daemons: 1, lease: 3 * time.Second})
			if err := h.play(t.Context(), mishaps(t)); err != nil {
				t.Fatal(err)
			}
			alone = h.state(t)
		})
		t.Run("by three, and each act goes wrong in a way of its own", func(t *testing.T) {
			t.Parallel()
			three = playWithMishaps(t)
		})
	})
	if diff := cmp.Diff(alone, three); diff != "" {
		t.Errorf("the world after three (+) is not as after one (-):\n%s", diff)
	}
}

// mishaps are the acts of the story that are to go wrong.
func mishaps(t *testing.T) []stage.Act {
	return scene(t, "Maria Alvarez asks", "Daniel Okafor asks", "Carlos Mendez asks", "Harold Finch goes away")
}

func playWithMishaps(t *testing.T) (state []string) {
	server := storetest.Start(t)
	url := server.Fresh(t)
	h := openTheatre(t, setting{daemons: 3, lease: 3 * time.Second, database: url})
	var frozen *os.Process
	send := func(p *os.Process, s os.Signal) {
		t.Helper()
		if err := p.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	for i, goesWrong := range []func(){
		func() { // the leader is killed
			old := leader(t, url)
			begun(t.Context(), func() bool { return sending(t.Context(), h.journal) })
			send(old, syscall.SIGKILL)
			another(t, url, old)
		},
		func() { // the leader is frozen, longer than any lease lasts
			frozen = leader(t, url)
			send(frozen, syscall.SIGSTOP)
			another(t, url, frozen)
		},
		func() { // it goes on with what it was about, and the database is restarted
			send(frozen, syscall.SIGCONT)
			begun(t.Context(), func() bool { return sending(t.Context(), h.journal) })
			server.Down(t)
			server.Up(t)
			err := stage.Until(t.Context(), "the database", func() (bool, error) {
				_, err := h.journal.Quiet(t.Context())
				return err == nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		},
		func() { // all that River knows is deleted
			c, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(t.Context())
			if _, err := c.Exec(t.Context(), deleteRiver); err != nil {
				t.Fatal(err)
			}
		},
	} {
		act := mishaps(t)[i]
		do := act.Do
		act.Do = func(s *stage.Stage) error {
			err := do(s)
			goesWrong()
			return err
		}
		if err := h.play(t.Context(), []stage.Act{act}); err != nil {
			t.Fatal(err)
		}
	}
	return h.state(t)
}

// deleteRiver deletes all that River knows.
const deleteRiver = `DO $$ DECLARE t TEXT; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'river\_%' AND tablename <> 'river_migration'
	LOOP EXECUTE 'DELETE FROM ' || t; END LOOP; END $$`

// leader returns the process that leads.
func leader(t *testing.T, url string) *os.Process {
	t.Helper()
	return another(t, url, &os.Process{Pid: -1})
}

// another waits until another process leads than the old one.
func another(t *testing.T, url string, old *os.Process) *os.Process {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for end := time.Now().Add(stage.Patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var id string
		err := c.QueryRow(t.Context(), "SELECT leader_id FROM river_leader WHERE expires_at > now()").Scan(&id)
		parts := strings.Split(id, "_")
		if err != nil || len(parts) < 2 {
			continue
		}
		pid, err := strconv.Atoi(parts[len(parts)-2])
		if err != nil {
			t.Fatalf("leader %q: %v", id, err)
		}
		if pid != old.Pid {
			p, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatal("no other process leads")
	return nil
}

func TestADaemonThatIsToldToStopFinishesWhatItHasBegun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		// The org is slower than a daemon that is to stop may be hurried.
		world, err := stage.New(t.TempDir(), 300*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		defer world.Close()
		database := ""
		if name := fresh(t); strings.HasPrefix(name, "postgres:") {
			database = name
			text, err := os.ReadFile(world.Config())
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(text), "salesforce:\n")
			if err := os.WriteFile(world.Config(), []byte("journal:\n  url: ${"+databaseVariable+"}\nsalesforce:\n"+rest), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv(databaseVariable, database)
		cfg, err := config.Load(world.Config(), os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		daemon := exec.Command(os.Args[0])
		daemon.Env = append(os.Environ(), stageVariable+"="+world.Dir)
		daemon.Stderr = &said
		if err := daemon.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- daemon.Wait() }()
		defer daemon.Process.Kill()
		journal, err := beside(t.Context(), cfg.Journal.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer journal.Close()
		d := &director{world: world, journal: journal}
		if err := d.baseline(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := scene(t, "Harold Finch goes away")[0].Do(world); err != nil {
			t.Fatal(err)
		}
		err = stage.Until(t.Context(), "a call that writes", func() (bool, error) { return sending(t.Context(), journal), nil })
		if err != nil {
			t.Fatal(err)
		}

		if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case err = <-ended:
		case <-time.After(stage.Patience):
			t.Fatal("it does not stop")
		}
		if err != nil {
			t.Errorf("it ended with %v; it said:\n%s", err, said.Bytes())
		}
		open, err := journal.Entries(t.Context(), store.Filter{States: []store.State{store.Sending}})
		if err != nil || len(open) > 0 {
			t.Errorf("%d changes are left half done (%v)", len(open), err)
		}
		waiting, err := journal.Entries(t.Context(), store.Filter{States: []store.State{store.Pending}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range waiting {
			if e.Doubt {
				t.Errorf("it did not wait for the answer to entry %d", e.ID)
			}
		}
		done, err := journal.Entries(t.Context(), store.Filter{States: []store.State{store.Done}})
		if err != nil || len(done) == 0 {
			t.Errorf("nothing is done (%v)", err)
		}
	})
}
