package web

import (
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestRoles(t *testing.T) {
	o := newOffice(t)
	forms := []struct {
		path string
		need Role
		form []string
	}{
		{"/decision/" + o.stuckDecision + "/answer", Operator, []string{"signal", "retry", "entry", itoa(o.stuck)}},
		{"/decision/" + o.decision + "/answer", Approver, []string{"signal", "approve", "entry", itoa(o.cancel)}},
		{"/decision/" + o.doneDecision + "/undo", Approver, []string{"reason", "x"}},
		{"/pause", Admin, []string{"system", "all", "reason", "x"}},
		{"/resume", Admin, []string{"system", "all", "reason", "x"}},
	}
	for name, role := range map[string]Role{"Vera": Viewer, "Otto": Operator, "Anna": Approver} {
		b := o.as(t, name)
		for _, f := range forms {
			if role.May(f.need) {
				continue
			}
			if status, body := b.post(t, f.path, f.form...); status != http.StatusForbidden || !strings.Contains(body, "This needs the role") {
				t.Errorf("%s %s: %d", name, f.path, status)
			}
		}
	}
	stranger := o.nobody(t)
	for _, f := range forms {
		if status, _ := stranger.post(t, f.path, f.form...); status != http.StatusUnauthorized {
			t.Errorf("nobody %s: %d", f.path, status)
		}
	}
	log, err := o.journal.ActLog(t.Context(), store.ActFilter{Limit: 10})
	if err != nil || len(log) != 0 {
		t.Errorf("something was done: %v %v", log, err)
	}
	for _, path := range []string{"/", "/review", "/decision/" + o.decision, "/mail?event=mail%3A4", "/cancelled", "/cancelled?format=csv", "/record?ref=x", "/acts", "/acts?format=json", "/rules", "/nothing"} {
		if _, body := stranger.get(t, path); !strings.Contains(body, "Password") || strings.Contains(body, "W-1042") {
			t.Errorf("nobody sees %s:\n%s", path, body)
		}
	}
}

func TestForgedRequests(t *testing.T) {
	t.Run("a form that another site sends is refused, whoever is signed in", func(t *testing.T) {
		o := newOffice(t)
		anna := o.as(t, "Anna")
		form := "signal=approve&entry=" + itoa(o.cancel)
		for _, forged := range []map[string]string{
			{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
		} {
			forged["Content-Type"] = "application/x-www-form-urlencoded"
			if status, _ := anna.do(t, http.MethodPost, "/decision/"+o.decision+"/answer", forged, form); status != http.StatusForbidden || o.state(t, o.cancel) != store.Proposed {
				t.Errorf("%v: %d, and the entry is %s", forged, status, o.state(t, o.cancel))
			}
		}
	})
	t.Run("a header that names a user counts only from a trusted proxy", func(t *testing.T) {
		for proxy, want := range map[string]string{"192.0.2.0/24": "Password", "127.0.0.0/8": "Anna, approver"} {
			o := newOffice(t, func(s *Server) {
				s.TrustedHeader, s.TrustedProxies = "X-Forwarded-User", []netip.Prefix{netip.MustParsePrefix(proxy)}
			})
			if _, body := o.nobody(t).do(t, http.MethodGet, "/", map[string]string{"X-Forwarded-User": "Anna"}, ""); !strings.Contains(body, want) {
				t.Errorf("proxies in %s: the page does not say %q:\n%s", proxy, want, body)
			}
			if want == "Password" {
				continue
			}
			if status, _ := o.nobody(t).do(t, http.MethodGet, "/", map[string]string{"X-Forwarded-User": "Mallory"}, ""); status != http.StatusForbidden {
				t.Errorf("one who is not among the users: %d", status)
			}
		}
	})
	t.Run("without a trusted header none is believed", func(t *testing.T) {
		o := newOffice(t)
		if _, body := o.nobody(t).do(t, http.MethodGet, "/", map[string]string{"X-Forwarded-User": "Anna"}, ""); !strings.Contains(body, "Password") {
			t.Errorf("the page is shown:\n%s", body)
		}
	})
	t.Run("a name of somebody else's that leads to this machine is not served without users", func(t *testing.T) {
		w := newWorld(t)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/", nil)
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
			t.Errorf("%d", resp.StatusCode)
		}
	})
}

func TestWithoutUsers(t *testing.T) {
	w := newWorld(t)
	t.Run("the pages can be looked at on this machine, and say how to configure users", func(t *testing.T) {
		if status, body := w.get(t, "/"); status != http.StatusOK || !strings.Contains(body, "users_file") {
			t.Errorf("%d\n%s", status, body)
		}
	})
	t.Run("nothing can be done", func(t *testing.T) {
		b := browser{http.DefaultClient, w.url}
		if status, _ := b.post(t, "/pause", "system", "all", "reason", "x"); status != http.StatusForbidden {
			t.Errorf("%d", status)
		}
		if status, _ := b.post(t, "/login", "name", "Anna", "password", password); status != http.StatusForbidden {
			t.Errorf("login: %d", status)
		}
		if brakes, err := w.journal.Brakes(t.Context()); err != nil || len(brakes) != 0 {
			t.Errorf("%v %v", brakes, err)
		}
	})
}

func TestSignIn(t *testing.T) {
	t.Run("a wrong password and an unknown name are refused alike", func(t *testing.T) {
		o := newOffice(t)
		s1, one := o.nobody(t).post(t, "/login", "name", "Anna", "password", "wrong")
		s2, two := o.nobody(t).post(t, "/login", "name", "Bert", "password", "wrong")
		if s1 != http.StatusUnauthorized || s2 != s1 || strings.ReplaceAll(two, "Bert", "Anna") != one {
			t.Errorf("%d and %d\n%s\n%s", s1, s2, one, two)
		}
	})
	t.Run("after five attempts one must wait, and then may again", func(t *testing.T) {
		o := newOffice(t)
		b := o.nobody(t)
		for range failuresByName {
			b.post(t, "/login", "name", "Anna", "password", "wrong")
		}
		if status, _ := b.post(t, "/login", "name", "Anna", "password", password); status != http.StatusTooManyRequests {
			t.Errorf("the right password after too many wrong ones: %d", status)
		}
		if status, _ := b.post(t, "/login", "name", "Otto", "password", password); status != http.StatusOK {
			t.Errorf("somebody else: %d", status)
		}
		o.now = start.Add(failureTime)
		if status, _ := b.post(t, "/login", "name", "Anna", "password", password); status != http.StatusOK {
			t.Errorf("later: %d", status)
		}
	})
	t.Run("many names from one place must wait as well", func(t *testing.T) {
		var f failures
		for i := range failuresByPlace {
			if wait := f.begin(strconv.Itoa(i), "192.0.2.1", start); wait > 0 {
				t.Fatalf("the attempt of number %d must wait", i)
			}
		}
		if wait := f.begin("Anna", "192.0.2.1", start); wait != failureTime {
			t.Errorf("one more waits %s", wait)
		}
		if wait := f.begin("Anna", "192.0.2.2", start); wait != 0 {
			t.Errorf("one elsewhere waits %s", wait)
		}
	})
	t.Run("a session ends when nothing is done, when its time is over, and at once by signing out", func(t *testing.T) {
		o := newOffice(t)
		in := func(b browser) bool {
			_, body := b.get(t, "/")
			return strings.Contains(body, "Sign out")
		}
		b := o.as(t, "Anna")
		o.now = o.now.Add(idleTime + time.Second)
		if in(b) {
			t.Error("she is still signed in after doing nothing")
		}
		b = o.as(t, "Anna")
		for began := o.now; o.now.Sub(began) <= signedInTime; o.now = o.now.Add(idleTime) {
			if !in(b) {
				t.Fatalf("she is signed out after %s", o.now.Sub(began))
			}
		}
		if in(b) {
			t.Error("she is signed in for ever")
		}
		b = o.as(t, "Anna")
		cookies := b.Jar.Cookies(mustURL(t, o.url))
		b.post(t, "/logout")
		if in(b) {
			t.Error("she is still signed in after signing out")
		}
		b.Jar.SetCookies(mustURL(t, o.url), cookies)
		if in(b) {
			t.Error("the old cookie is still good")
		}
	})
	t.Run("who is taken out of the users file is out at once", func(t *testing.T) {
		o := newOffice(t)
		b := o.as(t, "Anna")
		if err := os.WriteFile(o.server.UsersFile, []byte("Vera: {role: viewer}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _ := b.get(t, "/"); status != http.StatusForbidden {
			t.Errorf("%d", status)
		}
	})
	t.Run("the cookie is out of reach for scripts and other sites, and for http where the proxy has https", func(t *testing.T) {
		o := newOffice(t, func(s *Server) { s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
		b := o.nobody(t)
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.url+"/login", strings.NewReader("name=Anna&password="+strings.ReplaceAll(password, " ", "+")+"&next=//evil.example"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-Proto", "https")
		resp, err := b.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		cookies := resp.Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode {
			t.Errorf("%v", cookies)
		}
		if to := resp.Header.Get("Location"); to != "/" {
			t.Errorf("sent on to %s", to)
		}
	})
}

func TestHeaders(t *testing.T) {
	o := newOffice(t)
	for _, path := range []string{"/", "/login", "/style.css", "/nothing"} {
		resp, err := http.Get(o.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
}

func TestUsersFile(t *testing.T) {
	hash, err := HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	line, err := User{Name: "Dana: Whitlock", Role: Approver, Password: hash}.Line()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("a line that is made is read back", func(t *testing.T) {
		users, err := ReadUsers(path)
		if err != nil || users["Dana: Whitlock"] != (User{Name: "Dana: Whitlock", Role: Approver, Password: hash}) {
			t.Errorf("%v %v", users, err)
		}
	})
	t.Run("everything that is wrong is said, and no hash", func(t *testing.T) {
		for text, want := range map[string]string{
			"":                                      "names nobody",
			"Dana: {role: boss}":                    `no role "boss"`,
			"Dana: {roll: admin}":                   "not as it should be",
			"Dana: {role: admin, password: secret}": "no bcrypt hash",
			"' Dana': {role: admin}":                "no spaces",
		} {
			if _, err := parseUsers([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v, want %q", text, err, want)
			}
		}
	})
	t.Run("a password has a decent length", func(t *testing.T) {
		for _, p := range []string{"short", strings.Repeat("x", 73)} {
			if _, err := HashPassword(p); err == nil {
				t.Errorf("%d bytes are taken", len(p))
			}
		}
	})
}

func FuzzUsersFile(f *testing.F) {
	f.Add("Dana: {role: admin}\n")
	f.Add("- x")
	f.Add("a: &a {role: viewer}\nb: *a")
	f.Add("x: {role: viewer, token: " + tokenHash("x") + ", expires: 2027-01-31T00:00:00Z}\n--- {}")
	f.Fuzz(func(t *testing.T, text string) {
		users, err := parseUsers([]byte(text))
		if err != nil {
			return
		}
		for name, u := range users {
			if u.Name != name || !u.Role.May(Viewer) {
				t.Errorf("%q: %v", name, u)
			}
		}
	})
}
