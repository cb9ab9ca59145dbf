package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/bench"
	mailserver "standdown/connectors/mailbox/sandbox"
	"standdown/connectors/salesforce/sandbox"
)

// BenchmarkTenOrgs starts one daemon for ten orgs, each with a mailbox, a journal
// and pages of its own, and one for one of them, and says what that took when
// each could do its job: time, memory, and what is open.
func BenchmarkTenOrgs(b *testing.B) {
	program := buildProgram(b)
	for _, orgs := range []int{1, 10} {
		b.Run(fmt.Sprint("orgs=", orgs), func(b *testing.B) {
			for b.Loop() {
				dir, pages := writeOrgs(b, orgs)
				var log bytes.Buffer
				daemon := exec.Command(program, "serve", "--config", dir)
				daemon.Stderr = &log
				began := time.Now()
				if err := daemon.Start(); err != nil {
					b.Fatal(err)
				}
				for _, url := range pages {
					err := until(b.Context(), "all to do their job", func() (bool, error) {
						resp, err := http.Get(url + "/readyz")
						if err != nil {
							return false, nil // it begins
						}
						return resp.StatusCode == http.StatusOK, resp.Body.Close()
					})
					if err != nil {
						b.Fatalf("%v\n%s", err, log.Bytes())
					}
				}
				b.ReportMetric(time.Since(began).Seconds(), "s-ready")
				figures := scrape(b, pages[0]+"/metrics")
				b.ReportMetric(figures["process_resident_memory_bytes"]/1e6, "MB")
				b.ReportMetric(figures["go_goroutines"], "goroutines")
				b.ReportMetric(figures["process_open_fds"], "files")
				daemon.Process.Signal(os.Interrupt)
				if err := daemon.Wait(); err != nil {
					b.Fatalf("%v\n%s", err, log.Bytes())
				}
			}
		})
	}
}

// writeOrgs writes configurations of orgs, which are there until the benchmark
// ends, and returns the addresses of their pages.
func writeOrgs(b *testing.B, n int) (dir string, pages []string) {
	dir = b.TempDir()
	users := map[string]string{}
	for i := range n {
		users[fmt.Sprintf("org%d@solarworks.example", i)] = bench.MailPassword
	}
	mail := mailserver.New(mailserver.Options{Domain: "mx.solarworks.example", Users: users})
	if err := mail.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { mail.Close() })
	for i := range n {
		org := sandbox.New(sandbox.Options{DailyLimit: 100_000})
		if _, err := sandbox.Seed(org, time.Now()); err != nil {
			b.Fatal(err)
		}
		server := httptest.NewServer(org.Handler())
		b.Cleanup(server.Close)
		address, err := freeAddress()
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, "http://"+address)
		user := fmt.Sprintf("org%d@solarworks.example", i)
		text := fmt.Sprintf(`journal: {path: %[1]s}
salesforce: {url: %[2]q, auth: {client_id: sandbox, client_secret: secret}}
mailbox:
  imap: {address: %[3]q, tls: none, username: %[5]s, password: %[6]s}
  smtp: {address: %[4]q, tls: none, username: %[5]s, password: %[6]s, from: %[5]s}
web: {listen: %[7]q}
`, filepath.Join(b.TempDir(), "journal.db"), server.URL, mail.IMAPAddr, mail.SMTPAddr, user, bench.MailPassword, address)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("org%d.yaml", i)), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir, pages
}

// scrape reads the figures that have no labels.
func scrape(b *testing.B, url string) map[string]float64 {
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	figures := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			figures[name] = f
		}
	}
	return figures
}
