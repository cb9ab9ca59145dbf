package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/web"
	"standdown/connectors/loopback"
)

// Neighbours are worlds, each with an org and a mailbox, whose daemons are one
// household in this process.
type neighbours struct {
	dir     string // of the configurations
	users   string // file
	hangups chan os.Signal

	mu     sync.Mutex
	worlds map[string]*neighbour

	log lines
}

// A neighbour is one of them.
type neighbour struct {
	*director
	url string // of the pages
}

// openNeighbours makes worlds of these names, which are the same, and starts
// the household. It is ended with the test.
func openNeighbours(t *testing.T, change func(n *neighbours), names ...string) *neighbours {
	t.Helper()
	n := &neighbours{dir: t.TempDir(), users: writeUsers(t, map[string]web.Role{"Dana Whitlock": web.Approver}), hangups: make(chan os.Signal), worlds: map[string]*neighbour{}}
	for _, name := range names {
		n.add(t, name)
	}
	if change != nil {
		change(n)
	}
	h := &household{
		load:    func() ([]*config.Config, error) { return config.LoadDir(n.dir, os.LookupEnv) },
		run:     n.run,
		several: true, logs: &n.log, now: time.Now,
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.live(ctx, n.hangups) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("they said:\n%s", n.log.String())
		}
	})
	return n
}

// add makes a world and writes its configuration.
func (n *neighbours) add(t *testing.T, name string) {
	t.Helper()
	world, err := stage.New(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { world.Close() })
	address, err := loopback.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	n.worlds[name] = &neighbour{director: &director{world: world, approves: func(string) error { return nil }}, url: "http://" + address}
	n.mu.Unlock()
	n.write(t, name)
}

// write writes the configuration of one of them; usual and other are what it is
// to say otherwise.
func (n *neighbours) write(t *testing.T, name string, usualAndOther ...string) {
	t.Helper()
	one := n.worlds[name]
	text, err := os.ReadFile(one.world.Config())
	if err != nil {
		t.Fatal(err)
	}
	web := fmt.Sprintf("web: {listen: %q, users_file: %q}", strings.TrimPrefix(one.url, "http://"), n.users)
	changed := strings.NewReplacer(append(usualAndOther, `web: {listen: ""}`, web)...).Replace(string(text))
	if err := os.WriteFile(filepath.Join(n.dir, name+".yaml"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (n *neighbours) run(ctx context.Context, cfg *config.Config, log *slog.Logger, begun func(ability)) error {
	n.mu.Lock()
	world := n.worlds[cfg.Name].world
	n.mu.Unlock()
	return serve(ctx, cfg, log, world.Clock.Now, 100*time.Millisecond, begun, brisk)
}

// settle opens the journal of one of them once its daemon has seen what is there.
func (n *neighbours) settle(t *testing.T, name string) *neighbour {
	t.Helper()
	one := n.worlds[name]
	journal, err := beside(t.Context(), filepath.Join(one.world.Dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	one.journal = journal
	if err := one.baseline(t.Context()); err != nil {
		t.Fatal(err)
	}
	return one
}

// reload has the configurations read anew, and waits until they have been.
func (n *neighbours) reload(t *testing.T) {
	t.Helper()
	before := strings.Count(n.log.String(), "configuration read anew")
	n.hangups <- syscall.SIGHUP
	err := stage.Until(t.Context(), "the configurations to be read", func() (bool, error) {
		return strings.Count(n.log.String(), "configuration read anew") > before, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// health asks how all are, as a container does, until that ends with the code and
// says what is wanted.
func (n *neighbours) health(t *testing.T, want int, says ...string) {
	t.Helper()
	becomes(t, "them to be as they should", func() (bool, error) {
		var out bytes.Buffer
		code := run(t.Context(), []string{"health", "--config", n.dir}, nil, &out, &out)
		return code == want && !slices.ContainsFunc(says, func(one string) bool { return !strings.Contains(out.String(), one) }), nil
	})
}

// do plays an act to its end.
func (one *neighbour) do(t *testing.T, act stage.Act) {
	t.Helper()
	if err := one.play(t.Context(), act); err != nil {
		t.Fatal(err)
	}
}

// becomes waits for what is asked.
func becomes(t *testing.T, what string, is func() (bool, error)) {
	t.Helper()
	if err := stage.Until(t.Context(), what, is); err != nil {
		t.Fatal(err)
	}
}

func TestOrgsOfOneDaemonAreApart(t *testing.T) {
	n := openNeighbours(t, nil, "acme", "bravo")
	acme, bravo := n.settle(t, "acme"), n.settle(t, "bravo")
	acts := stage.Acts()

	t.Run("a mail is acted upon in the org whose mailbox it came to", func(t *testing.T) {
		before := bravo.world.Org.Dump()
		acme.do(t, acts[0])
		if diff := cmp.Diff(before, bravo.world.Org.Dump()); diff != "" {
			t.Errorf("what happened to the other org (-before +after):\n%s", diff)
		}
		if sent := bravo.world.Mail.Accepted(); len(sent) > 0 {
			t.Errorf("%d mails were sent by the other", len(sent))
		}
		if events, err := bravo.journal.Events(t.Context(), store.New, store.Decided); err != nil || len(events) > 0 {
			t.Errorf("the other has %d events of it (%v)", len(events), err)
		}
		bravo.do(t, acts[0]) // the same mail, which is another request there
	})

	t.Run("people see which org they look at, and how each is", func(t *testing.T) {
		for name, one := range map[string]*neighbour{"acme": acme, "bravo": bravo} {
			if page := fetch(t, one.url); !strings.Contains(page, "Standdown · "+name) {
				t.Errorf("a page of %s does not say so:\n%s", name, page)
			}
		}
		n.health(t, exitDone, "acme: it can do its job\nbravo: it can do its job\n")
	})

	t.Run("a pause is of one org", func(t *testing.T) {
		brake := store.Brake{Name: store.AllSystems, At: acme.world.Clock.Now(), Who: "Dana Whitlock", Reason: "to look"}
		if err := acme.journal.Pause(t.Context(), brake); err != nil {
			t.Fatal(err)
		}
		if err := acts[1].Do(acme.world); err != nil {
			t.Fatal(err)
		}
		bravo.do(t, acts[1])
		becomes(t, "a change to wait for the pause to end", func() (bool, error) {
			if err := acme.approve(t.Context()); err != nil {
				return false, err
			}
			waiting, err := acme.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Pending}})
			return len(waiting) > 0, err
		})
		if done, err := acts[1].Done(acme.world); err != nil || done {
			t.Errorf("it was done during the pause (%v)", err)
		}
		if err := acme.journal.Resume(t.Context(), brake); err != nil {
			t.Fatal(err)
		}
		becomes(t, "what waited to be done", func() (bool, error) { return acts[1].Done(acme.world) })
	})

	dana := neighbourhoodVisitor(t, acme, bravo)
	t.Run("ceilings are of one org, and a change of them disturbs no other", func(t *testing.T) {
		n.write(t, "acme", "delivery:", "ceilings: {run: {records: 1}}\ndelivery:")
		n.reload(t)
		hold := acts[9]
		if err := hold.Do(acme.world); err != nil {
			t.Fatal(err)
		}
		bravo.do(t, hold)
		becomes(t, "a run to be held", func() (bool, error) {
			holds, err := acme.journal.Holds(t.Context())
			return len(holds) == 1, err
		})
		if holds, err := bravo.journal.Holds(t.Context()); err != nil || len(holds) > 0 {
			t.Errorf("the other has %d held runs (%v)", len(holds), err)
		}
		if !dana.knownAt(t, bravo) {
			t.Error("who had signed in to the other has been signed out")
		}
		if dana.knownAt(t, acme) {
			t.Error("a session of a daemon that was begun again has survived, so that it was not")
		}
	})

	t.Run("API calls are counted for one org", func(t *testing.T) {
		n.write(t, "acme", "  poll: \"@every 1s\"", "  poll: \"@every 1s\"\n  reserve: 100000")
		n.reload(t)
		becomes(t, "the calls to be spent", func() (bool, error) {
			resp, err := http.Get(acme.url + "/readyz?verbose")
			if err != nil {
				return false, nil // it begins
			}
			return strings.Contains(body(t)(resp, nil), "100000 are left to others"), nil
		})
		n.health(t, exitFailed, "acme: salesforce API calls: ", "bravo: it can do its job\nstanddown: acme: the daemon cannot do its job now\n")
		if err := acts[3].Do(acme.world); err != nil {
			t.Fatal(err)
		}
		bravo.do(t, acts[3])
		if done, err := acts[3].Done(acme.world); err != nil || done {
			t.Errorf("it was done although no calls are left (%v)", err)
		}
		n.write(t, "acme")
		n.reload(t)
		if err := acme.world.Clock.MoveTo(acme.world.Clock.Now().Add(time.Hour)); err != nil { // it is not asked for all the time
			t.Fatal(err)
		}
		becomes(t, "what had waited for calls to be done", func() (bool, error) { return acts[3].Done(acme.world) })
	})

	t.Run("orgs come and go", func(t *testing.T) {
		dana := neighbourhoodVisitor(t, acme, bravo)
		n.add(t, "corp")
		if err := os.Remove(filepath.Join(n.dir, "bravo.yaml")); err != nil {
			t.Fatal(err)
		}
		n.reload(t)
		n.settle(t, "corp").do(t, acts[0])
		if !dana.knownAt(t, acme) {
			t.Error("who had signed in to one that stayed has been signed out")
		}
		gone, err := store.Open(t.Context(), filepath.Join(bravo.world.Dir, "journal.db"))
		if err != nil {
			t.Fatalf("the journal of the one that is gone is not free: %v", err)
		}
		gone.Close()
		if resp, err := http.Get(bravo.url); err == nil {
			resp.Body.Close()
			t.Error("the pages of the one that is gone are still there")
		}
	})
}

// One org's journal cannot be opened.
func TestAnOrgThatCannotBeginDoesNotHoldUpTheOthers(t *testing.T) {
	var journal string
	n := openNeighbours(t, func(n *neighbours) {
		journal = filepath.Join(n.worlds["bravo"].world.Dir, "journal.db")
		if err := os.WriteFile(journal, bytes.Repeat([]byte("this is no journal\n"), 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}, "acme", "bravo")
	n.settle(t, "acme").do(t, stage.Acts()[0])
	becomes(t, "it to be tried again", func() (bool, error) { return strings.Count(n.log.String(), "level=ERROR") >= 2, nil })
	for line := range strings.Lines(n.log.String()) {
		if strings.Contains(line, "level=ERROR") && (!strings.Contains(line, "org=bravo") || !strings.Contains(line, "begun again") || !strings.Contains(line, "opening the journal")) {
			t.Errorf("it says %s", line)
		}
	}
	if err := os.Remove(journal); err != nil {
		t.Fatal(err)
	}
	n.settle(t, "bravo").do(t, stage.Acts()[0])
}

// neighbourhoodVisitor signs in to the pages of each with the same browser,
// which sends its cookies to all ports of this machine.
func neighbourhoodVisitor(t *testing.T, all ...*neighbour) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := visitor{client: &http.Client{Jar: jar}}
	for _, one := range all {
		body(t)(v.client.PostForm(one.url+"/login", url.Values{"name": {"Dana Whitlock"}, "password": {usersPassword}}))
	}
	for _, one := range all {
		if !v.knownAt(t, one) {
			t.Fatalf("nobody is signed in at %s", one.url)
		}
	}
	return v
}

// knownAt tells whether the visitor is signed in there.
func (v visitor) knownAt(t *testing.T, one *neighbour) bool {
	t.Helper()
	return strings.Contains(body(t)(v.client.Get(one.url)), "Sign out")
}
