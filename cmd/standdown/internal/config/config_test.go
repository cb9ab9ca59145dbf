package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/rules"
)

var update = flag.Bool("update", false, "write the expected messages anew")

// environment is the one all tests have.
func environment(name string) (string, bool) {
	value, ok := map[string]string{"SECRET": "hunter2", "EMPTY": "", "HOST": "acme.my.salesforce.com"}[name]
	return value, ok
}

// minimal is the least that is right.
const minimal = `
salesforce:
  url: https://acme.my.salesforce.com
  auth: {client_id: app, client_secret: "${SECRET}"}
`

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("testdata/standdown.yaml", []byte(text), environment)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Beside each wrong configuration of testdata lies what must be said about it.
func TestWrongConfigurationsAreRefusedWithAllTheirProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d wrong configurations, want 25 or more (%v)", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(strings.ReplaceAll(name, "-", " "), func(t *testing.T) {
			_, err := Load(file, environment)
			problems, ok := errors.AsType[Problems](err)
			if !ok {
				t.Fatalf("got error %v, want problems", err)
			}
			got := strings.ReplaceAll(problems.Error(), "testdata/", "") + "\n"
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("the messages show a secret")
			}
		})
	}
}

func TestAMinimalConfigurationHasTheDefaults(t *testing.T) {
	c := mustParse(t, minimal)
	if c.Mailbox != nil {
		t.Error("a mailbox nobody configured is there")
	}
	if got := string(c.Salesforce.Auth.ClientSecret); got != "hunter2" {
		t.Errorf("client secret %q, want that of the environment", got)
	}
	if got, want := c.Journal.Path, filepath.Join("testdata", "standdown.db"); got != want {
		t.Errorf("journal %s, want %s, beside the configuration", got, want)
	}
	if c.Book == nil || c.Names == nil {
		t.Error("rules or mapping are not loaded")
	}
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	if got := c.Salesforce.Poll.Next(at).Sub(at); got != 30*time.Second {
		t.Errorf("the next read is in %s, want 30s", got)
	}
}

func TestAutonomyHasEveryVerbAndTheFilePrevails(t *testing.T) {
	c := mustParse(t, minimal+"autonomy: {cancel-workflow: auto, cancel-job: off}\n")
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, v := range book.Verbs() {
		want[v.Name] = v.Autonomy
	}
	want["cancel-workflow"], want["cancel-job"] = "auto", "off"
	if diff := cmp.Diff(want, c.Autonomy); diff != "" {
		t.Errorf("autonomy (-want +got):\n%s", diff)
	}
}

func TestSettingsOfTheRulesBeginWithTheDefaults(t *testing.T) {
	c := mustParse(t, minimal+"rules:\n  cancellation: {business_days: 10}\n  on_hold: {checks: {activities: true}}\n")
	want := rules.Defaults()
	want.Cancellation.BusinessDays = 10
	want.OnHold.Checks.Activities = true
	if diff := cmp.Diff(want, c.Rules); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, c.Book.Settings()); diff != "" {
		t.Errorf("settings of the book (-want +got):\n%s", diff)
	}
}

func TestStartSinceIsADayOrATime(t *testing.T) {
	for text, want := range map[string]time.Time{
		`""`:                          {},
		`2026-03-01`:                  time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		`"2026-03-01"`:                time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		`"2026-03-01T08:00:00-05:00"`: time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC),
	} {
		t.Run("written as "+text, func(t *testing.T) {
			c := mustParse(t, minimal+"start: {since: "+text+"}\n")
			if got := time.Time(c.Start.Since); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestTLSMayBeLeftOutOnThisMachineOrOnPurpose(t *testing.T) {
	for name, imap := range map[string]string{
		"an IPv4 loopback address": `address: "127.0.0.1:143"`,
		"an IPv6 loopback address": `address: "[::1]:143"`,
		"localhost":                `address: "localhost:143"`,
		"insecure on purpose":      `address: "imap.acme.example:143", insecure: true`,
	} {
		t.Run(name, func(t *testing.T) {
			c := mustParse(t, minimal+`
mailbox:
  imap: {`+imap+`, tls: none, username: u, password_file: good.secret}
  smtp: {address: "127.0.0.1:25", tls: none, from: a@acme.example}
`)
			if got := string(c.Mailbox.IMAP.Password); got != "s3cret" {
				t.Errorf("password %q, want that of the file without its line end", got)
			}
		})
	}
}

func TestMailBySalesforceNeedsNoMailServer(t *testing.T) {
	for name, mailbox := range map[string]string{
		"with a mailbox":    "mailbox:\n  imap: {address: \"imap.acme.example:993\", username: u, password_file: good.secret}\n",
		"without a mailbox": "",
	} {
		t.Run(name, func(t *testing.T) {
			c := mustParse(t, minimal+mailbox+"notify: {via: salesforce, from: Office <office@acme.example>}\n")
			if want := (Notify{Via: "salesforce", From: "Office <office@acme.example>", PerHour: 20}); c.Notify != want {
				t.Errorf("got %+v, want %+v", c.Notify, want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../../../config.example.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("standdown.yaml", data, environment)
		if err == nil {
			if c.Book == nil || c.Names == nil || len(c.Autonomy) == 0 {
				t.Error("accepted without rules, mapping or autonomy")
			}
			return
		}
		problems, ok := errors.AsType[Problems](err)
		if !ok || len(problems) == 0 {
			t.Fatalf("refused by %T %v, want problems", err, err)
		}
		for _, p := range problems {
			if p.Text == "" || p.Line < 1 {
				t.Errorf("a problem without text or line: %#v", p)
			}
		}
	})
}

func TestProvidersOfMailKnowTheirEndpoints(t *testing.T) {
	const servers = `
  imap: {address: "imap.acme.example:993", username: u}
  smtp: {address: "smtp.acme.example:465", username: u, from: u@acme.example}
`
	for name, test := range map[string]struct{ auth, url, scope string }{
		"microsoft, as itself": {`{method: oauth, provider: microsoft, tenant: acme.example, client_id: c, client_secret: s}`,
			"https://login.microsoftonline.com/acme.example/oauth2/v2.0/token", "https://outlook.office365.com/.default"},
		"microsoft, as a user": {`{method: oauth, provider: microsoft, tenant: acme.example, client_id: c, refresh_token: r}`,
			"https://login.microsoftonline.com/acme.example/oauth2/v2.0/token",
			"https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"},
		"gmail, as a user": {`{method: oauth, provider: gmail, client_id: c, client_secret: s, refresh_token: r}`,
			"https://oauth2.googleapis.com/token", "https://mail.google.com/"},
		"another one": {`{method: oauth, token_url: "https://login.acme.example/token", scope: mail, client_id: c, client_secret: s}`,
			"https://login.acme.example/token", "mail"},
	} {
		t.Run(name, func(t *testing.T) {
			auth := mustParse(t, minimal+"mailbox:\n  auth: "+test.auth+servers).Mailbox.Auth
			if auth.TokenURL != test.url || auth.Scope != test.scope {
				t.Errorf("got %q and %q, want %q and %q", auth.TokenURL, auth.Scope, test.url, test.scope)
			}
		})
	}
}
