package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
)

func TestWhatChangedSinceThePlanIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, act string
		change    func(*watchedStage) error
		want      string
	}{
		{"the record itself", "Stella Novak", func(w *watchedStage) error {
			return w.Org.Update("Ops_Block__c", w.People.Blocks["B-1005"], map[string]any{"Cancel_Reason__c": "Another reason"})
		}, "it was changed on 2026-03-03"},
		{"a value that would be replaced", "Daniel Okafor", func(w *watchedStage) error {
			return w.change("Workflow__c", "W-1043", "Cancel_Reason__c", "Financial")
		}, "Cancel_Reason__c of Workflow__c/"},
		{"what decides", "Daniel Okafor", func(w *watchedStage) error {
			return w.change("Workflow__c", "W-1043", "Status__c", "Cancelled")
		}, "decides about workflow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWatchedStage(t, "", scene(t, c.act)...)
			file := w.save(t)
			if err := c.change(w); err != nil {
				t.Fatal(err)
			}
			before := w.Org.Dump()
			done := w.apply(t, file, true)
			outcomes(t, done, map[string]int{"refused": 1})
			if why := strings.Join(done.Records[0].Why, "; "); !strings.Contains(why, c.want) {
				t.Errorf("refused because %q, want %q in it", why, c.want)
			}
			if diff := cmp.Diff(before, w.Org.Dump()); diff != "" {
				t.Errorf("the org (-before +after):\n%s", diff)
			}
			if writes, _ := w.seen(); len(writes) > 0 {
				t.Errorf("calls that write: %q", writes)
			}
			if !done.failed() {
				t.Error("it is said to be well")
			}
			if ev, err := w.journal(t).EventNamed(t.Context(), done.Records[0].Event); err != nil || ev != nil {
				t.Errorf("the journal has event %v (%v), want none", ev, err)
			}
		})
	}
	t.Run("others go on", func(t *testing.T) {
		t.Parallel()
		w := newWatchedStage(t, "", scene(t, "Daniel Okafor", "Walter Hayes's install", "Ruth Lindqvist")...)
		file := w.save(t)
		if err := w.change("Workflow__c", "W-1043", "Cancel_Reason__c", "Financial"); err != nil {
			t.Fatal(err)
		}
		outcomes(t, w.apply(t, file, true), map[string]int{"refused": 1, "applied": 2})
	})
}

// A person's edit between the look and the write wins, and what the rules make of
// it is not of the plan.
func TestWhatChangesWhileAPlanIsAppliedWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Daniel Okafor")...)
	file := w.save(t)
	edit := sync.OnceFunc(func() {
		if err := w.change("Workflow__c", "W-1043", "Status__c", "Cancel Pending"); err != nil {
			t.Error(err)
		}
	})
	done := w.apply(t, file, true, func(e *engine.Engine) {
		e.Sinks["salesforce"] = announcedSink{e.Sinks["salesforce"], "salesforce", func(string) func() { edit(); return func() {} }}
	})
	outcomes(t, done, map[string]int{"refused": 1})
	if sent := w.Mail.Accepted(); len(sent) > 0 {
		t.Errorf("%d mails were sent about what was not done", len(sent))
	}
	entries, err := w.serveUntilCalm(t).Entries(t.Context(), store.Filter{States: []store.State{store.Proposed, store.Pending, store.Done}})
	if err != nil || len(entries) == 0 {
		t.Fatalf("decided again: %v, %v", entries, err)
	}
	for _, e := range entries {
		if e.Event == done.Records[0].Event && e.State != store.Proposed {
			t.Errorf("%s is %s: nobody has agreed to it", e.Text, e.State)
		}
	}
}

// change is what a person does to the record of that name.
func (w *watchedStage) change(object, name, field string, value any) error {
	for _, row := range w.Org.Dump()[object] {
		if row["Name"] == name {
			return w.Org.Update(object, row["Id"].(string), map[string]any{field: value})
		}
	}
	return errors.New("there is no " + name)
}

func TestAPlanThatIsNotWholeOrFitsNotIsRefused(t *testing.T) {
	t.Parallel()
	w := newWatchedStage(t, "", scene(t, "Ruth Lindqvist")...)
	file := w.save(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edited := func(old, with string) []byte {
		if !strings.Contains(string(text), old) {
			t.Fatalf("there is no %q in the plan", old)
		}
		return []byte(strings.Replace(string(text), old, with, 1))
	}
	for _, c := range []struct {
		name string
		text []byte
		cfg  func(*config.Config)
		want string
	}{
		{"cut off", text[:len(text)-200], nil, "was cut off or edited"},
		{"cut off by one character", text[:len(text)-1], nil, "was cut off or edited"},
		{"edited", edited("at-once", "off"), nil, "was cut off or edited"},
		{"of another format", edited(`"format":2`, `"format":7`), nil, "is a plan of format 7, and this program reads format 2"},
		{"something else", []byte("hello"), nil, "is no plan"},
		{"empty", nil, nil, "is no plan"},
		{"of another org", text, func(cfg *config.Config) { cfg.Salesforce.URL = "https://other.example" }, "and this configuration is for https://other.example"},
		{"of other settings", text, func(cfg *config.Config) {
			cfg.Autonomy["open-case"] = "off"
			cfg.Rules.Cancellation.BusinessDays++
		}, "the configuration has changed since the plan was made, or is another one (autonomy, rules)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := filepath.Join(t.TempDir(), "plan.json")
			if err := os.WriteFile(other, c.text, 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Load(w.Config(), os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			if c.cfg != nil {
				c.cfg(cfg)
			}
			w.seen()
			plan, err := readPlan(other)
			if err == nil {
				_, err = applying{cfg: cfg, plan: plan, who: "Dana", log: slog.New(slog.DiscardHandler), now: w.Clock.Now}.run(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || exitCode(err) != exitWrong {
				t.Errorf("got %v, want %q and exit code %d", err, c.want, exitWrong)
			}
			if writes, reads := w.seen(); len(writes)+reads > 0 {
				t.Errorf("%d calls that write and %d that read were made", len(writes), reads)
			}
			if left, err := filepath.Glob(w.cfg.Journal.Name() + "*"); err != nil || len(left) > 0 {
				t.Errorf("there is a journal now: %v %v", left, err)
			}
		})
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add([]byte(`{"plan": {"format":2}`))
	f.Add([]byte("{\"plan\": {\"format\":2}\n, \"records\": [\n], \"totals\": {}\n, \"digest\": \"00\"}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "plan.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := readPlan(file); err == nil && (p.Plan.Format != planFormat || len(p.Digest) != 64) {
			t.Errorf("read %+v", p)
		}
	})
}

func TestWhatApplyPrints(t *testing.T) {
	t.Parallel()
	// The commands go by the real clock, and mails of the stage are older.
	w := newWatchedStage(t, "", scene(t, "Ruth Lindqvist", "Daniel Okafor", "Walter Hayes's install")...)
	file := filepath.Join(t.TempDir(), "plan.json")
	command := func(args ...string) (code int, stdout, stderr string) {
		var out, said bytes.Buffer
		code = run(t.Context(), append(args, "--config", w.Config()), strings.NewReader(""), &out, &said)
		return code, out.String(), said.String()
	}
	if code, _, stderr := command("plan", "--since", "2026-01-01", "--out", file); code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if err := w.change("Workflow__c", "W-1043", "Cancel_Reason__c", "Financial"); err != nil {
		t.Fatal(err)
	}
	code, text, stderr := command("apply", file, "--as", "Dana Whitlock")
	from := 0
	for _, want := range []string{
		"The plan of 2", "waits     Ops_Block__c/", "proposed: B-1001: State: Cancelling -> Canceled: cancel-block needs approval",
		"refused   message/INBOX/1/", "Cancel_Reason__c of Workflow__c/", "is Financial now, the plan saw (empty)", "applied   message/INBOX/1/", "1 applied, 1 wait, 0 stuck, 1 refused", "outbox list",
	} {
		at := strings.Index(text[from:], want)
		if at < 0 {
			t.Fatalf("after %q there is no %q in\n%s", text[max(0, from-60):from], want, text)
		}
		from += at + len(want)
	}
	if code != exitFailed || strings.Contains(stderr, "standdown:") {
		t.Errorf("exit code %d, want %d; on standard error %q", code, exitFailed, stderr)
	}
	t.Run("in JSON it says the same", func(t *testing.T) {
		code, printed, _ := command("apply", file, "--as", "Dana Whitlock", "-o", "json")
		var done applied
		if err := json.Unmarshal([]byte(printed), &done); err != nil {
			t.Fatalf("%v in\n%s", err, printed)
		}
		outcomes(t, &done, map[string]int{"already": 2, "refused": 1})
		if code != exitFailed || len(done.Records) != 3 || len(done.Records[0].Decisions) == 0 || done.Plan.Org != w.cfg.Salesforce.URL {
			t.Errorf("exit code %d, and\n%s", code, printed)
		}
	})
	t.Run("who applies it must be named", func(t *testing.T) {
		if code, _, stderr := command("apply", file, "--as", ""); code != exitWrong || !strings.Contains(stderr, "--as NAME") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("there must be a file", func(t *testing.T) {
		if code, _, stderr := command("apply", file+".not", "--as", "Dana"); code != exitWrong || !strings.Contains(stderr, "no such file") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
}
