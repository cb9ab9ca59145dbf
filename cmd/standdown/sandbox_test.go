package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/config"
	"standdown/connectors/salesforce/sandbox"
)

func TestTheSandboxCanBeUsedAsItsGuideSays(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	state := filepath.Join(t.TempDir(), "org.json")
	guide, stdout := io.Pipe()
	done := make(chan int)
	var stderr strings.Builder
	go func() {
		code := run(ctx, []string{"sandbox", "--addr", "127.0.0.1:0", "--state", state}, strings.NewReader(""), stdout, &stderr)
		stdout.Close()
		done <- code
	}()

	// The guide ends with the configuration; the command then stays up.
	var lines []string
	for in := bufio.NewScanner(guide); in.Scan(); {
		lines = append(lines, in.Text())
		if strings.Contains(in.Text(), "client_secret:") {
			break
		}
	}
	_, snippet, ok := strings.Cut(strings.Join(lines, "\n"), "Configure standdown to use it:")
	if !ok {
		cancel()
		t.Fatalf("exit code %d, no configuration in the guide: %s%s", <-done, strings.Join(lines, "\n"), stderr.String())
	}
	c, err := config.Parse("standdown.yaml", []byte(snippet), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatalf("the configuration in the guide: %v", err)
	}

	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.Salesforce.Auth.ClientID}, "client_secret": {string(c.Salesforce.Auth.ClientSecret)}}
	login, err := http.NewRequestWithContext(ctx, "POST", c.Salesforce.URL+"/services/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	login.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	answer(t, login, &token)

	query, err := http.NewRequestWithContext(ctx, "GET", c.Salesforce.URL+"/services/data/v64.0/query?q="+url.QueryEscape("SELECT Id, Name FROM Contact LIMIT 5"), nil)
	if err != nil {
		t.Fatal(err)
	}
	query.Header.Set("Authorization", "Bearer "+token.AccessToken)
	var page struct {
		Records []struct{ Name string }
	}
	answer(t, query, &page)
	if len(page.Records) != 5 || page.Records[0].Name == "" {
		t.Errorf("got %+v, want five contacts", page.Records)
	}

	cancel()
	if code := <-done; code != exitDone {
		t.Errorf("exit code %d after an interrupt, want %d: %s", code, exitDone, stderr.String())
	}
	org, fresh, err := sandbox.Open(sandbox.Options{State: state})
	if err != nil || fresh {
		t.Fatalf("nothing is kept: %v", err)
	}
	if kept, err := org.Query("SELECT Id FROM Contact LIMIT 5"); err != nil || len(kept) != 5 {
		t.Errorf("%d contacts are kept, %v", len(kept), err)
	}
}

func answer(t *testing.T, r *http.Request, into any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", r.URL.Path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
