package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors/loopback"
)

const guides = "../../deploy/guides"

// fenced are the blocks of a guide in one language.
func fenced(text, language string) []string {
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

func readGuides(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(guides, "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal("no guides", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	return texts
}

// A guided world is one in which a request was carried out, others wait for a
// person, and a mail could not be read.
type guided struct {
	*director
	config *config.Config
	dir    string // in which commands are run
	log    *lines
}

func openGuided(t *testing.T) *guided {
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
	text, err := os.ReadFile(world.Config())
	if err != nil {
		t.Fatal(err)
	}
	// A person at the command line lives by another clock than the world's.
	reachable := strings.Replace(string(text), `web: {listen: ""}`, "web: {listen: "+address+"}\napprovals: {expire_after: 0s}", 1)
	if err := os.WriteFile(world.Config(), []byte(reachable), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(world.Config(), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	log := &lines{}
	go func() {
		everything := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		ended <- serve(ctx, cfg, everything, world.Clock.Now, 100*time.Millisecond, nil, brisk)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	journal, err := beside(t.Context(), cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	g := &guided{director: &director{world: world, journal: journal, approves: func(string) error { return nil }}, config: cfg, dir: world.Dir, log: log}
	if err := g.baseline(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting := 0
	for _, act := range scene(t, "Maria Alvarez asks in a mail", "Daniel Okafor asks the same", "Carlos Mendez asks in Spanish") {
		if act.Approves = strings.HasPrefix(act.Title, "Maria"); !act.Approves {
			waiting++
			act.Done = func(*stage.Stage) (bool, error) {
				names, err := g.proposed(t.Context())
				return len(names) == waiting, err
			}
		}
		if err := g.play(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}
	sealed := "Authentication-Results: x\r\nFrom: maria@example.com\r\nSubject: Cancellation\r\nMessage-ID: <sealed@example.com>\r\nContent-Type: application/pkcs7-mime\r\n\r\nMIIB\r\n"
	if err := world.Mail.Deliver(stage.Mailbox, []byte(sealed)); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"mail.eml": "internal/stage/mails/01-direct.eml", "site-examples.yaml": "../../rules/testdata/cancellation.yaml"} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(g.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// proposed are the decisions that wait for a person, each with an entry.
func (g *guided) proposed(ctx context.Context) (map[string]int64, error) {
	entries, err := g.journal.Entries(ctx, store.Filter{States: []store.State{store.Proposed}})
	decisions := map[string]int64{}
	for _, e := range entries {
		decisions[e.Decision] = e.ID
	}
	return decisions, err
}

// names are what a guide's variables stand for.
func (g *guided) names(t *testing.T) map[string]string {
	t.Helper()
	proposed, err := g.proposed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting := slices.Sorted(maps.Keys(proposed))
	names := map[string]string{
		"DECISION": waiting[0], "OTHER": waiting[1], "ENTRY": fmt.Sprint(proposed[waiting[1]]),
		"RECORD": g.world.People.Workflows["W-1042"], "ADDRESS": "nobody.here@example.com",
	}
	err = stage.Until(t.Context(), "the mail in quarantine", func() (bool, error) {
		held, err := heldMails(t.Context(), g.journal)
		if len(held) > 0 {
			names["MAIL"] = held[0].ID
		}
		return len(held) > 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Every command in the guides is run by a shell, in the order of its guide, in a
// world in which each has something to do.
func TestTheGuidesCommandsWork(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh on this machine")
	}
	texts := readGuides(t)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if len(fenced(texts[name], "sh")) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			g := openGuided(t)
			names := g.names(t)
			for _, block := range fenced(texts[name], "sh") {
				for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
					g.calm(t)
					g.try(t, line, names)
				}
			}
		})
	}
}

// calm waits until the daemon has nothing to do.
func (g *guided) calm(t *testing.T) {
	t.Helper()
	calm := lull{journal: g.journal}
	if err := stage.Until(t.Context(), "a lull", func() (bool, error) { return calm.lasts(t.Context()) }); err != nil {
		t.Fatal(err)
	}
}

var exitComment = regexp.MustCompile(`# exit (\d)`)

// try runs one line. It must succeed, or end with the code that a comment on it
// gives.
func (g *guided) try(t *testing.T, line string, names map[string]string) {
	t.Helper()
	want := "0"
	if m := exitComment.FindStringSubmatch(line); m != nil {
		want = m[1]
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", line)
	cmd.Dir = g.dir
	cmd.Env = os.Environ()
	for name, value := range names {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	said, err := cmd.CombinedOutput()
	if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != want {
		t.Errorf("%s\nends with %s, want %s (%v):\n%s", line, got, want, err, said)
	}
}

// Every piece of configuration in the guides is right where it would be put: in
// an otherwise complete configuration.
func TestTheGuidesConfigurationsAreRight(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"secret":             "secret",
		"site-examples.yaml": "policy: cancellation\ntests: []\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secretFile := regexp.MustCompile(`_file: \S+`)
	tried := 0
	for name, text := range readGuides(t) {
		for n, block := range fenced(text, "yaml") {
			tried++
			whole := map[string]any{"salesforce": map[string]any{
				"url": "https://acme.my.salesforce.com", "auth": map[string]any{"client_id": "a", "client_secret": "b"},
			}}
			if err := yaml.Unmarshal([]byte(secretFile.ReplaceAllString(block, "_file: secret")), &whole); err != nil {
				t.Errorf("%s, block %d: %v", name, n+1, err)
				continue
			}
			data, err := yaml.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "standdown.yaml")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(path, os.LookupEnv); err != nil {
				t.Errorf("%s, block %d: %v", name, n+1, err)
			}
		}
	}
	if tried == 0 {
		t.Error("no guide has a piece of configuration")
	}
}

// lines is what the daemon has logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// What the daemon says of its work, at its most talkative, names no secret, no
// person, no address beyond its domain, and no word of a mail.
func TestLogAndFiguresTellNothingOfPeople(t *testing.T) {
	g := openGuided(t)
	g.calm(t)
	answer, err := http.Get("http://" + g.config.Web.Listen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	figures, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.ToLower(g.log.String() + string(figures))
	if !strings.Contains(said, "applied") || !strings.Contains(said, "standdown_pending_approvals 2") {
		t.Fatalf("the daemon has said nothing of what it did:\n%s", said)
	}
	for _, never := range []string{
		"alvarez", "okafor", "mendez", "maria@", "cancellations@", "whitlock", // people
		"bearer ", "client_secret", "password=", string(g.config.Mailbox.IMAP.Password) + "\n", // secrets
		"i am writing", "solar contract", "cancelar", // mails
	} {
		if at := strings.Index(said, never); at >= 0 {
			t.Errorf("%q is told: ...%s...", never, said[max(0, at-200):min(len(said), at+100)])
		}
	}
}
