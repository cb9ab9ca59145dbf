package main

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/bench"
	"standdown/connectors/salesforce/sandbox"
)

var planJobs = flag.Int("plan-jobs", 2000, "how many jobs BenchmarkPlan has called off")

// BenchmarkPlan has a plan made of an org in which every job's block is being
// called off, and says what the program took: time, calls, and memory at most.
func BenchmarkPlan(b *testing.B) {
	program := buildProgram(b)
	org := sandbox.New(sandbox.Options{DailyLimit: 100_000_000})
	add := func(object string, fields map[string]any) string {
		id, err := org.Insert(object, fields)
		if err != nil {
			b.Fatal(err)
		}
		return id
	}
	add("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})
	start := time.Now().AddDate(0, 0, 7)
	for i := range *planJobs {
		job := add("Ops_Job__c", map[string]any{"Name": fmt.Sprint("J-", i), "State__c": "Install Scheduled"})
		add("Ops_Block__c", map[string]any{
			"Name": fmt.Sprint("B-", i), "Block_Type__c": "Install", "State__c": "Cancelling", "Ops_Job__c": job,
			"Block_Start__c": start, "Block_End__c": start.Add(8 * time.Hour),
		})
	}
	server := httptest.NewServer(org.Handler())
	defer server.Close()
	dir := b.TempDir()
	file := filepath.Join(dir, "standdown.yaml")
	configuration := fmt.Sprintf(`
journal: {path: %s}
salesforce: {url: %q, auth: {method: client_credentials, client_id: sandbox, client_secret: secret}}
mapping: {presets: [ops]}
`, filepath.Join(dir, "journal.db"), server.URL)
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		before := org.Calls()
		u, err := bench.Measure(b.Context(), exec.Command(program, "plan", "--config", file, "--out", filepath.Join(dir, "plan.json")))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(u.Memory)/1024, "MB")
		b.ReportMetric(float64(*planJobs)/u.Wall.Seconds(), "jobs/s")
		b.ReportMetric(u.CPU.Seconds(), "cpu-s")
		b.ReportMetric(float64(org.Calls()-before)/float64(*planJobs), "calls/job")
	}
}
