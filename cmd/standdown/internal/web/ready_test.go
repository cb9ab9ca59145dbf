package web

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

func TestASystemThatTakesNothingMakesTheDaemonNotReady(t *testing.T) {
	var alone []string
	w := newWorld(t, func(s *Server) {
		s.Systems, s.Down = []string{"mail", "salesforce"}, func() []string { return alone }
	})
	w.read(t)
	expect := func(status int, says string, figures ...string) {
		t.Helper()
		if got, body := w.get(t, "/readyz"); got != status || !strings.Contains(body, says) {
			t.Errorf("readyz: %d %q, want %d with %q", got, body, status, says)
		}
		_, page := w.get(t, "/metrics")
		for _, line := range figures {
			if !strings.Contains(page, line+"\n") {
				t.Errorf("metrics: no line %q", line)
			}
		}
	}
	expect(http.StatusOK, "ready", `standdown_system_down{system="mail"} 0`, `standdown_system_down{system="salesforce"} 0`)
	alone = []string{"mail"}
	expect(http.StatusOK, "ready", `standdown_system_down{system="mail"} 0`) // nothing is to be written there
	w.pending(t, "mail")
	alone = []string{"mail"}
	expect(http.StatusServiceUnavailable, "system mail: cannot be written to", `standdown_system_down{system="mail"} 1`, `standdown_system_down{system="salesforce"} 0`, "standdown_ready 0")
	alone = nil
	expect(http.StatusOK, "ready", `standdown_system_down{system="mail"} 0`, "standdown_ready 1")
}

// pending puts a change of the system into the outbox.
func (w *world) pending(t *testing.T, system string) {
	t.Helper()
	reading, err := w.journal.Reading(t.Context(), "mailbox")
	if err != nil {
		t.Fatal(err)
	}
	event := rules.Event{ID: "mail:1", Kind: rules.CancellationRequested, At: w.now, Subject: rules.Ref{Kind: "request", ID: "mail:1"}}
	arrival := store.Arrival{ID: event.ID, Kind: event.Kind, Subject: event.Subject, At: w.now, Event: &event, State: store.New, New: true}
	if _, err := w.journal.Intake(t.Context(), "mailbox", &reading, []store.Arrival{arrival}); err != nil {
		t.Fatal(err)
	}
	err = w.journal.Commit(t.Context(), store.Verdict{
		Event: store.Event{Event: event}, Decisions: []rules.Decision{{Table: "cancellation.notify", Row: "T1", Subject: event.Subject}},
		Writes: [][]store.Write{{{System: system, State: store.Pending, Change: connectors.Change{Key: "k1", Op: connectors.Send}}}},
	}, w.now)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskMakesTheDaemonNotReady(t *testing.T) {
	disk, err := os.MkdirTemp("", "standdown-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(disk) })
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %s", bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	t.Setenv("TMPDIR", disk) // where the journal will be
	w := newWorld(t)
	w.read(t)
	if status, body := w.get(t, "/readyz"); status != http.StatusOK {
		t.Fatalf("it is not ready to begin with: %s", body)
	}
	filler := filepath.Join(disk, "filler")
	_ = os.WriteFile(filler, make([]byte, 8<<20), 0o600) // as much as there is room for
	w.now = start.Add(time.Second)                       // the same again would be no writing
	if status, body := w.get(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "has no room left on its disk") {
		t.Errorf("readyz: %d %q, want 503 because of the disk", status, body)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if status, body := w.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %q after room was made", status, body)
	}
}

func TestASourceThatIsOverdueIsToldByName(t *testing.T) {
	w := newWorld(t)
	figure := func(want string) {
		t.Helper()
		if _, page := w.get(t, "/metrics"); !strings.Contains(page, `standdown_source_overdue{source="mailbox"} `+want+"\n") {
			t.Errorf("standdown_source_overdue is not %s", want)
		}
	}
	figure("1")
	w.read(t)
	figure("0")
	w.now = start.Add(w.server.Links[0].Grace * 4)
	figure("1")
}
