package web

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	newUsers := func(t *testing.T, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "users.yaml")
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("a token is added below what is there, and only its hash is kept", func(t *testing.T) {
		path := newUsers(t, "# who may\nDana: {role: admin} # not Kim")
		token, err := NewToken(path, "nightly report", Operator, start.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), "# who may\nDana: {role: admin} # not Kim\nnightly report:\n") || bytes.Contains(text, []byte(token)) {
			t.Errorf("%v\n%s", err, text)
		}
		users, err := ReadUsers(path)
		if got := users["nightly report"]; err != nil || got.Role != Operator || got.Token != tokenHash(token) || !got.Expires.Equal(start.Add(time.Hour)) || len(token) < 50 {
			t.Errorf("%v %v", users, err)
		}
	})
	t.Run("the users file is made for the first token, for nobody else to read", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "users.yaml")
		if _, err := NewToken(path, "x", Viewer, start); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info, err)
		}
	})
	t.Run("a name that is taken, a wrong role and a broken file change nothing", func(t *testing.T) {
		for text, name := range map[string]string{"Dana: {role: admin}\n": "Dana", "- x\n": "y", "Dana: {role: boss}\n": "y", "{Dana: {role: admin}}\n": "y"} {
			path := newUsers(t, text)
			if _, err := NewToken(path, name, Viewer, start); err == nil {
				t.Errorf("%q takes a token of the name %s", text, name)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != text {
				t.Errorf("%v %q", err, got)
			}
		}
	})
	t.Run("a token is taken out, and nothing else is", func(t *testing.T) {
		path := newUsers(t, "# who may\nDana: {role: admin} # not Kim\n")
		for _, name := range []string{"one", "two"} {
			if _, err := NewToken(path, name, Viewer, start); err != nil {
				t.Fatal(err)
			}
		}
		if err := RevokeToken(path, "one"); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		users, _ := parseUsers(text)
		if err != nil || len(users) != 2 || users["two"].Token == "" || !bytes.Contains(text, []byte("# not Kim")) || !bytes.Contains(text, []byte("# who may")) {
			t.Errorf("%v\n%s", err, text)
		}
		for _, name := range []string{"one", "Dana"} {
			if err := RevokeToken(path, name); err == nil || !strings.Contains(err.Error(), "no token of the name") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("who reads the file while it is changed never finds it cut off", func(t *testing.T) {
		path := newUsers(t, strings.Repeat("# who may\n", 10000)+"Dana: {role: admin}\n")
		done, read := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				users, err := ReadUsers(path)
				if err == nil && users["Dana"].Role != Admin {
					err = errors.New("Dana is not there")
				}
				select {
				case <-done:
					read <- err
					return
				default:
				}
				if err != nil {
					read <- err
					return
				}
			}
		}()
		for range 50 {
			if _, err := NewToken(path, "x", Viewer, start); err != nil {
				t.Fatal(err)
			}
			if err := RevokeToken(path, "x"); err != nil {
				t.Fatal(err)
			}
		}
		close(done)
		if err := <-read; err != nil {
			t.Error(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v %v", info, err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("%v %v", left, err)
		}
	})
	t.Run("what is wrong with a token in the file is said, and no hash", func(t *testing.T) {
		sum := tokenHash("x")
		for text, want := range map[string]string{
			"x: {role: viewer, token: abc, expires: 2027-01-31T00:00:00Z}":                                   "no SHA-256",
			"x: {role: viewer, token: " + sum + "}":                                                          "must expire",
			"x: {role: viewer, expires: 2027-01-31T00:00:00Z}":                                               "no token that could expire",
			"x: {role: viewer, token: " + sum + ", expires: 2027-01-31T00:00:00Z, password: " + nobody + "}": "a name of its own",
			"x: {role: viewer, token: " + sum + ", expires: 2027-01-31T00:00:00Z}\ny: {role: admin, token: " + strings.ToUpper(sum) + ", expires: 2027-01-31T00:00:00Z}": "have the same token",
		} {
			if _, err := parseUsers([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sum) {
				t.Errorf("%q: %v, want %q", text, err, want)
			}
		}
	})
}

func TestWhoCallsTheAPI(t *testing.T) {
	t.Run("a token that is unknown, has expired or was revoked is refused, and told from none", func(t *testing.T) {
		o := newOffice(t)
		p := o.program(t, "nightly", Viewer)
		good := p.token
		refused := func(says string) {
			t.Helper()
			resp, text := p.send(t, http.MethodGet, "/status", nil, "")
			if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") == "" || !strings.Contains(text, says) {
				t.Errorf("%d %s, want %q", resp.StatusCode, text, says)
			}
		}
		p.token = "standdown_guess"
		refused("not known")
		p.token = good
		o.now = start.Add(time.Hour)
		refused("The token of nightly expired on 2026-03-03")
		o.now = start
		p.want(t, http.MethodGet, "/status", nil)
		if err := RevokeToken(o.server.UsersFile, "nightly"); err != nil {
			t.Fatal(err)
		}
		refused("not known")
		resp, text := p.send(t, http.MethodGet, "/status", map[string]string{"Authorization": ""}, "")
		if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(text, "Say who asks") {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	})
	t.Run("who tries many tokens must wait, and who has a good one need not", func(t *testing.T) {
		o := newOffice(t)
		p := o.program(t, "nightly", Viewer)
		bad := *p
		bad.token = "standdown_guess"
		for range failuresByName {
			bad.send(t, http.MethodGet, "/status", nil, "")
		}
		resp, text := bad.send(t, http.MethodGet, "/status", nil, "")
		if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "960" || !strings.Contains(text, "too many attempts") {
			t.Errorf("%d %v %s", resp.StatusCode, resp.Header, text)
		}
		p.want(t, http.MethodGet, "/status", nil)
		o.now = start.Add(failureTime)
		if resp, _ := bad.send(t, http.MethodGet, "/status", nil, ""); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("later: %d", resp.StatusCode)
		}
	})
	t.Run("no token is written to the log", func(t *testing.T) {
		var log bytes.Buffer
		o := newOffice(t, func(s *Server) { s.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		p := o.program(t, "nightly", Viewer)
		o.now = start.Add(time.Hour)
		if resp, text := p.send(t, http.MethodGet, "/status", nil, ""); strings.Contains(text, p.token) || !strings.Contains(log.String(), "ref=nightly") || strings.Contains(log.String(), p.token) {
			t.Errorf("%d %s\n%s", resp.StatusCode, text, log.String())
		}
	})
	t.Run("a token opens no page", func(t *testing.T) {
		o := newOffice(t)
		p := o.program(t, "nightly", Admin)
		if _, body := o.nobody(t).do(t, http.MethodGet, "/", map[string]string{"Authorization": "Bearer " + p.token}, ""); !strings.Contains(body, "Password") {
			t.Errorf("%s", body)
		}
	})
	t.Run("nobody signs in under the name of a token", func(t *testing.T) {
		o := newOffice(t, func(s *Server) {
			s.TrustedHeader, s.TrustedProxies = "X-Forwarded-User", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		o.program(t, "nightly", Admin)
		for _, path := range []string{"/", apiRoot + "/status"} {
			if status, _ := o.nobody(t).do(t, http.MethodGet, path, map[string]string{"X-Forwarded-User": "nightly"}, ""); status != http.StatusForbidden {
				t.Errorf("%s: %d", path, status)
			}
		}
		if status, body := o.nobody(t).do(t, http.MethodGet, apiRoot+"/status", map[string]string{"X-Forwarded-User": "Anna"}, ""); status != http.StatusOK || !strings.Contains(body, `"name":"Anna"`) {
			t.Errorf("whom the proxy names: %d %s", status, body)
		}
	})
	t.Run("who is signed in on the pages can use the API, but no other site for them", func(t *testing.T) {
		o := newOffice(t)
		anna := o.as(t, "Anna")
		if status, body := anna.get(t, apiRoot+"/status"); status != http.StatusOK || !strings.Contains(body, `"name":"Anna"`) {
			t.Errorf("%d %s", status, body)
		}
		for _, forged := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Content-Type": "text/plain"}} {
			if forged["Content-Type"] == "" {
				forged["Content-Type"] = "application/json"
			}
			status, _ := anna.do(t, http.MethodPost, apiRoot+"/answers", forged, `{"signal":"approve","entries":[`+itoa(o.cancel)+`]}`)
			if status < 400 || o.state(t, o.cancel) != "proposed" {
				t.Errorf("%v: %d", forged, status)
			}
		}
	})
	t.Run("without users the API is for looking only, and on this machine only", func(t *testing.T) {
		w := newWorld(t)
		if status, body := w.get(t, apiRoot+"/status"); status != http.StatusOK || !strings.Contains(body, `"role":"viewer"`) {
			t.Errorf("%d %s", status, body)
		}
		b := browser{http.DefaultClient, w.url}
		if status, body := b.do(t, http.MethodPost, apiRoot+"/pause", withJSON, `{"system":"all","reason":"x"}`); status != http.StatusForbidden || !strings.Contains(body, "web.users_file") {
			t.Errorf("%d %s", status, body)
		}
		if status, _ := b.do(t, http.MethodGet, apiRoot+"/status", map[string]string{"Authorization": "Bearer standdown_x"}, ""); status != http.StatusForbidden {
			t.Errorf("a token: %d", status)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+apiRoot+"/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "evil.example"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("by another name: %d", resp.StatusCode)
		}
	})
}
