package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// orgOf is a configuration with everything of its own.
func orgOf(name string) string {
	return strings.ReplaceAll(`journal: {path: NAME.db}
salesforce:
  url: https://NAME.my.salesforce.com
  auth: {client_id: app, client_secret: "${SECRET}"}
web:
  listen: unix
mailbox:
  imap: {address: "imap.example:993", username: NAME, password: "${SECRET}"}
  smtp: {address: "smtp.example:465", from: NAME@example.com}
`, "NAME", name)
}

// listening has it listen on the port.
func listening(configuration string, port int) string {
	return strings.Replace(configuration, "listen: unix", fmt.Sprintf("listen: 127.0.0.1:%d", port), 1)
}

func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o700)
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEachFileOfADirectoryIsAnOrg(t *testing.T) {
	dir := directory(t, map[string]string{
		"bravo.yaml": listening(orgOf("bravo"), 8472), "acme-uk.yaml": listening(orgOf("acme"), 8471),
		".acme.yaml": "half written", "shared/users.yaml": "users: {}", "standdown.schema.json": "{}", "acme.yaml~": "old",
	})
	all, err := LoadDir(dir, environment)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range all {
		got = append(got, c.Name+" "+c.Salesforce.URL+" "+strings.TrimPrefix(c.Journal.Path, dir))
	}
	want := []string{"acme-uk https://acme.my.salesforce.com /acme.db", "bravo https://bravo.my.salesforce.com /bravo.db"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orgs (-want +got):\n%s", diff)
	}
}

func TestOrgsThatCannotBeTogetherAreRefused(t *testing.T) {
	acme, bravo := listening(orgOf("acme"), 8471), listening(orgOf("bravo"), 8472)
	change := func(text string, oldAndNew ...string) string {
		t.Helper()
		changed := strings.NewReplacer(oldAndNew...).Replace(text)
		if changed == text {
			t.Fatalf("%q does not change anything", oldAndNew)
		}
		return changed
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"one journal", map[string]string{"acme.yaml": acme, "bravo.yaml": change(bravo, "bravo.db", "../orgs/acme.db")},
			`bravo.yaml:1: journal.path: acme.db is the journal of acme as well (acme.yaml:1); want one for each org`},
		{"one database, however it is called", map[string]string{
			"acme.yaml":  change(acme, "path: acme.db", `url: "postgres://one:${SECRET}@localhost/standdown?sslmode=disable"`),
			"bravo.yaml": change(bravo, "path: bravo.db", `url: "postgresql://two@127.0.0.1:5432/standdown"`)},
			`bravo.yaml:1: journal.url: standdown on 127.0.0.1:5432 is the journal of acme as well (acme.yaml:1); want one for each org`},
		{"what neither says is the same in both", map[string]string{
			"acme.yaml":  change(acme, "journal: {path: acme.db}\n", "", "web:\n  listen: 127.0.0.1:8471\n", ""),
			"bravo.yaml": change(bravo, "journal: {path: bravo.db}\n", "", "web:\n  listen: 127.0.0.1:8472\n", "")},
			`bravo.yaml:1: journal.path: standdown.db is the journal of acme as well (acme.yaml, by default); want one for each org
bravo.yaml:1: web.listen: 127.0.0.1:8470 is where acme listens (acme.yaml, by default); want an address for each org, or "" for none`},
		{"one address", map[string]string{"acme.yaml": acme, "bravo.yaml": change(bravo, "127.0.0.1:8472", "':8471'")},
			`bravo.yaml:6: web.listen: :8471 is where acme listens (acme.yaml:6); want an address for each org, or "" for none`},
		{"one org", map[string]string{"acme.yaml": acme, "bravo.yaml": change(bravo, "https://bravo.my", "https://Acme.my")},
			`bravo.yaml:3: salesforce.url: https://Acme.my.salesforce.com is the org of acme as well (acme.yaml:3), and each change there would be decided twice; want one file for it, with its further mailboxes in mailbox.others`},
		{"one folder of a mailbox", map[string]string{"acme.yaml": acme, "bravo.yaml": change(bravo, "username: bravo,", "username: Acme, folder: Inbox,")},
			`bravo.yaml:8: mailbox.imap.folder: Inbox of acme at imap.example:993 is read for acme as well (acme.yaml, by default), and each mail would be decided twice; want it read for one org only`},
		{"a further mailbox is read by another", map[string]string{"acme.yaml": acme,
			"bravo.yaml": bravo + "  others: [{address: \"imap.example:993\", username: acme, password: x, folder: Urgent, folders: [INBOX]}]\n"},
			`bravo.yaml:10: mailbox.others.0.folders.0: INBOX of acme at imap.example:993 is read for acme as well (acme.yaml, by default), and each mail would be decided twice; want it read for one org only`},
		{"what one files the other reads", map[string]string{
			"acme.yaml":  change(acme, "username: acme,", "username: shared, folder: Acme,"),
			"bravo.yaml": change(bravo, "username: bravo,", "username: shared, folder: Processed, done_folder: Acme,")},
			`bravo.yaml:8: mailbox.imap.done_folder: Acme of shared at imap.example:993 is read for acme (acme.yaml:8); want a folder that nobody reads
bravo.yaml:8: mailbox.imap.folder: Processed of shared at imap.example:993 is where acme files mail (acme.yaml, by default); want a folder that nobody files in`},
		{"logs of two forms", map[string]string{"acme.yaml": acme, "bravo.yaml": bravo + "log: {format: json}\n"},
			`bravo.yaml:10: log.format: json is not that of acme (acme.yaml, by default), and they log to one place; want the same for all orgs`},
		{"names that are none", map[string]string{"Acme UK.yaml": acme, "bravo.yml": bravo, "_.yaml": bravo},
			`Acme UK.yaml:1: "Acme UK" is no name for an org; want lower-case letters, digits, - and _, such as acme.yaml
_.yaml:1: "_" is no name for an org; want lower-case letters, digits, - and _, such as acme.yaml
bravo.yml:1: would not be read; want the name bravo.yaml, or another place for it`},
		{"files of users and examples beside them", map[string]string{
			"acme.yaml": acme + "examples: [situations.yaml]\n", "situations.yaml": "- name: x\n",
			"bravo.yaml": change(bravo, "listen:", "users_file: users.yaml\n  listen:"), "users.yaml": "users: {}\n"},
			`situations.yaml:1: is a file that the configuration of acme names, and would be taken for that of an org; want it elsewhere, such as in a subdirectory
users.yaml:1: is a file that the configuration of bravo names, and would be taken for that of an org; want it elsewhere, such as in a subdirectory`},
		{"all problems of all files at once", map[string]string{
			"acme.yaml": change(acme, "url:", "URL:"), "bravo.yaml": change(bravo, "bravo.db", "acme.db"), "corp.yaml": "a: [", "delta.yaml": change(bravo, "bravo", "delta", "8472", "none")},
			`acme.yaml:2: salesforce.url: is missing; want the org's My Domain URL, such as https://acme.my.salesforce.com
acme.yaml:3: salesforce.URL: no such key; did you mean "url"?
bravo.yaml:1: journal.path: acme.db is the journal of acme as well (acme.yaml:1); want one for each org
corp.yaml:1: not YAML: did not find expected node content
delta.yaml:6: web.listen: "127.0.0.1:none" has no port number; want an address and a port, such as 127.0.0.1:8470, or "" for none`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, test.files)
			if err := os.Symlink(dir, filepath.Join(filepath.Dir(dir), "orgs")); err != nil {
				t.Fatal(err)
			}
			_, err := LoadDir(dir, environment)
			problems, ok := errors.AsType[Problems](err)
			if !ok {
				t.Fatalf("got error %v, want problems", err)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(problems.Error(), filepath.Join(filepath.Dir(dir), "orgs")+"/", ""), dir+"/", "")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADirectoryWithoutConfigurationsIsRefused(t *testing.T) {
	dir := directory(t, map[string]string{"README": "nothing yet"})
	_, err := LoadDir(dir, environment)
	if want := "there is none in " + dir + "; want a file for each org, such as " + filepath.Join(dir, "acme.yaml"); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := LoadDir(filepath.Join(dir, "nowhere"), environment); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestAddressesThatCollide(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1:8470", "127.0.0.1:8470", true},
		{"127.0.0.1:8470", "0.0.0.0:8470", true},
		{":8470", "10.0.0.5:8470", true},
		{"[::]:8470", "10.0.0.5:8470", true},
		{"localhost:8470", "127.0.0.1:8470", true},
		{"127.0.0.1:8470", "127.0.0.1:8471", false},
		{"127.0.0.2:8470", "127.0.0.1:8470", false},
		{"10.0.0.6:8470", "10.0.0.5:8470", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{"", "", false},
		{"", "127.0.0.1:8470", false},
	} {
		if got := collide(test.a, test.b); got != test.want || collide(test.b, test.a) != got {
			t.Errorf("collide(%q, %q) = %t, want %t", test.a, test.b, got, test.want)
		}
	}
}

func TestAConfigurationIsTheSameUntilWhatItSaysChanges(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(token, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mail := func(id string) string {
		return minimal + fmt.Sprintf(`
mailbox:
  auth: {method: oauth, provider: gmail, client_id: %s, client_secret: "${SECRET}", refresh_token_file: %s}
  imap: {address: "imap.example:993", username: acme}
  smtp: {address: "smtp.example:465", from: acme@example.com}
delivery: {quiet_hours: {from: "22:00", to: "06:00", zone: America/Chicago}}
`, id, token)
	}
	write("first")
	was := mustParse(t, mail("app"))
	if !was.Same(mustParse(t, mail("app")+"# a remark\n")) {
		t.Error("read again it is another")
	}
	write("second")
	if !was.Same(mustParse(t, mail("app"))) {
		t.Error("with a token that the daemon has replaced it is another")
	}
	if was.Mailbox.Auth.RefreshToken != "first" {
		t.Error("comparing changed it")
	}
	for _, text := range []string{mail("app2"), minimal, mail("app") + "rules: {cancellation: {business_days: 10}}\n", strings.Replace(mail("app"), "${SECRET}", "changed", 1)} {
		if was.Same(mustParse(t, text)) {
			t.Errorf("it is the same as\n%s", text)
		}
	}
}
