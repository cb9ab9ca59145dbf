package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const (
	dashboardFile = "../../deploy/grafana/standdown.json"
	alertsFolder  = "../../deploy/prometheus"
	alertsFile    = alertsFolder + "/alerts.yaml"
)

// A dashboard is what of Grafana's is checked here.
type dashboard struct {
	UID           string
	Title         string
	SchemaVersion int
	Templating    struct{ List []struct{ Name string } }
	Panels        []struct {
		ID          int
		Type        string
		Title       string
		Description string
		Datasource  struct{ UID string }
		GridPos     struct{ X, Y, W, H int }
		FieldConfig struct{ Defaults struct{ Unit string } }
		Targets     []struct{ RefID, Expr string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// An alert is a rule that calls somebody.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func readAlerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alert }
	}
	text, err := os.ReadFile(alertsFile)
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func TestTheDashboardIsOneThatGrafanaTakes(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 {
		t.Errorf("uid %q, title %q, schema %d: one of them is missing or old", d.UID, d.Title, d.SchemaVersion)
	}
	if len(d.Panels) == 0 || d.Panels[0].Title != "Is anything late?" {
		t.Error("the first panel does not tell whether anything is late")
	}
	ids := map[int]string{}
	var taken [200][24]string
	for _, p := range d.Panels {
		if other, twice := ids[p.ID]; twice || p.ID == 0 {
			t.Errorf("%s has the id %d, as has %q", p.Title, p.ID, other)
		}
		ids[p.ID] = p.Title
		for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				if taken[y][x] != "" {
					t.Fatalf("%s lies over %s", p.Title, taken[y][x])
				}
				taken[y][x] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.FieldConfig.Defaults.Unit == "" || p.Description == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("%s lacks a unit, a description, the data source of the variable, or a query", p.Title)
		}
		for _, target := range p.Targets {
			if !strings.Contains(target.Expr, `job=~"$job"`) {
				t.Errorf("%s asks about other daemons too: %s", p.Title, target.Expr)
			}
		}
	}
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	if diff := cmp.Diff([]string{"datasource", "job"}, names); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func TestEachAlertSaysWhatToDoAndIsTested(t *testing.T) {
	tests, err := os.ReadFile(alertsFolder + "/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range readAlerts(t) {
		t.Run(a.Alert, func(t *testing.T) {
			if a.Annotations["summary"] == "" || a.Annotations["action"] == "" || a.Labels["severity"] != "critical" && a.Labels["severity"] != "warning" {
				t.Errorf("it lacks a summary, an action or a severity: %+v", a)
			}
			anchor, ok := strings.CutPrefix(a.Annotations["runbook"], "README.md#")
			heading := "\n## " + strings.ToUpper(anchor[:min(1, len(anchor))]) + strings.ReplaceAll(anchor[min(1, len(anchor)):], "-", " ") + "\n"
			if !ok || !strings.Contains(string(page), heading) {
				t.Errorf("its runbook %q is no section of README.md", a.Annotations["runbook"])
			}
			if !strings.Contains(string(tests), a.Alert) {
				t.Error("alerts_test.yaml does not speak of it")
			}
		})
	}
}

func TestPromtoolAgrees(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if errors.Is(err, exec.ErrNotFound) {
		const missing = "promtool is not installed (Debian package prometheus)"
		if os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	run := func(t *testing.T, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = alertsFolder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	t.Run("the alerts can be read", func(t *testing.T) { run(t, "check", "rules", "alerts.yaml") })
	t.Run("they call when they should, and not otherwise", func(t *testing.T) { run(t, "test", "rules", "alerts_test.yaml") })
	t.Run("what the dashboard asks can be answered", func(t *testing.T) {
		var rules []map[string]string
		for _, p := range readDashboard(t).Panels {
			for _, target := range p.Targets {
				rules = append(rules, map[string]string{"record": fmt.Sprintf("panel%d:%s", p.ID, target.RefID), "expr": grafana.Replace(target.Expr)})
			}
		}
		text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
		file := filepath.Join(t.TempDir(), "dashboard.yaml")
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		run(t, "check", "rules", file)
	})
	t.Run("its first panel tells whether anything is late", func(t *testing.T) {
		const fine = `{series: 'standdown_events_oldest_seconds{job="a"}', values: 0}, {series: 'standdown_outbox_oldest_seconds{job="a",system="mail"}', values: 9000}`
		text := "rule_files: []\ntests:\n"
		for series, want := range map[string]string{
			`{series: 'up{job="a"}', values: 0}`: "[]",
			fine:                                 "[{value: 0}]",
			fine + `, {series: 'standdown_source_overdue{job="a",source="mailbox"}', values: 1}`:             "[{value: 1}]",
			fine + `, {series: 'standdown_system_down{job="a",system="mail"}', values: 1}`:                   "[{value: 1}]",
			fine + `, {series: 'standdown_outbox_oldest_seconds{job="a",system="salesforce"}', values: 901}`: "[{value: 1}]",
			`{series: 'standdown_events_oldest_seconds{job="a"}', values: 901}`:                              "[{value: 1}]",
		} {
			text += fmt.Sprintf("  - input_series: [%s]\n    promql_expr_test: [{expr: %q, eval_time: 0m, exp_samples: %s}]\n",
				series, grafana.Replace(readDashboard(t).Panels[0].Targets[0].Expr), want)
		}
		file := filepath.Join(t.TempDir(), "late.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "test", "rules", file)
	})
}

// grafana puts in what Grafana does.
var grafana = strings.NewReplacer("$__rate_interval", "5m", "$__range", "24h", "$job", ".*")

var (
	figure = regexp.MustCompile(`\b(?:standdown|process)_[a-z0-9_]+`)
	label  = regexp.MustCompile(`(?:by|on) \(([a-z, ]+)\)`)
)

// figuresOfDeploy checks that whatever the dashboard and the alerts ask for is
// on the page of a daemon, with the labels that they tell apart by.
func figuresOfDeploy(t *testing.T, page string) {
	var asked []string
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			asked = append(asked, target.Expr)
		}
	}
	for _, a := range readAlerts(t) {
		asked = append(asked, a.Expr)
	}
	for _, expr := range asked {
		var samples string
		names := figure.FindAllString(expr, -1)
		for _, name := range names {
			found := regexp.MustCompile(`(?m)^` + name + `[{ ].*$`).FindString(page)
			if found == "" {
				t.Errorf("/metrics has no %s, which is asked for in %s", name, expr)
			}
			samples += found
		}
		if len(names) == 0 {
			t.Errorf("%s asks for nothing", expr)
		}
		for _, m := range label.FindAllStringSubmatch(expr, -1) {
			for l := range strings.SplitSeq(m[1], ", ") {
				if l != "job" && l != "instance" && !strings.Contains(samples, l+`="`) {
					t.Errorf("%s tells apart by %s, which none of its figures has", expr, l)
				}
			}
		}
	}
}

// TestTheUnitGivesUpOnWhatOnlyAPersonCanMend: what RestartPreventExitStatus names
// is looked for in the main process only (systemd.service(5)), so that a check of
// the configuration in front of it would be tried again for ever.
func TestTheUnitGivesUpOnWhatOnlyAPersonCanMend(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/systemd/standdown.service")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\nRestartPreventExitStatus=%d\n", exitWrong); !strings.Contains(string(unit), want) || strings.Contains(string(unit), "\nExecStartPre=") {
		t.Error("wrong configuration is tried again and again")
	}
}

func TestThePackageIsInstalledWhereTheConfigurationWasTakenAway(t *testing.T) {
	if _, err := os.Stat("/etc/standdown/standdown.yaml"); err == nil {
		t.Skip("this machine has a configuration")
	}
	sh, err := exec.LookPath("sh")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("sh is not installed")
	}
	tools := t.TempDir() // nothing else is found by the script, so that it changes nothing
	for name, does := range map[string]string{"systemd-sysusers": "exit 0", "systemctl": "exit 0", "chgrp": "test -e \"$2\""} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte("#!"+sh+"\n"+does+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), sh, "../../deploy/systemd/postinstall", "configure")
	cmd.Env = []string{"PATH=" + tools}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAReleaseFindsDistEmpty: goreleaser empties dist, runs the hooks, and then
// refuses to go on if there is anything in dist (goreleaser, pipeline.go).
func TestAReleaseFindsDistEmpty(t *testing.T) {
	var release struct {
		Before struct{ Hooks []string }
	}
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &release)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, hook := range release.Before.Hooks {
		script, err := os.ReadFile("../../" + hook)
		if err != nil || strings.Contains(string(script), "dist/") {
			t.Errorf("%s writes into dist, or is not there: %v", hook, err)
		}
	}
}
