package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHealthOfOrgsOfWhichSomeHaveNoPages(t *testing.T) {
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"checks": [{"name": "journal", "ok": true}]}`)
	}))
	t.Cleanup(pages.Close)
	for _, test := range []struct {
		sentence, acme, bravo string
		code                  int
		want                  string
	}{
		{"who cannot be asked is no reason to begin the others again", strings.TrimPrefix(pages.URL, "http://"), "", exitDone,
			"acme: it can do its job\nbravo: not asked, for web.listen is empty\n"},
		{"it is an error if nobody can be asked", "", "", exitWrong, "standdown: acme: web.listen is empty: the daemon cannot be asked\nbravo: web.listen"},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			dir := t.TempDir()
			for name, listen := range map[string]string{"acme": test.acme, "bravo": test.bravo} {
				text := fmt.Sprintf("journal: {path: %[1]s.db}\nsalesforce: {url: \"https://%[1]s.my.salesforce.com\", auth: {client_id: app, client_secret: \"${SECRET}\"}}\nweb: {listen: %[2]q}\n", name, listen)
				if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("SECRET", "hunter2")
			var out bytes.Buffer
			if code := run(t.Context(), []string{"health", "--config", dir}, nil, &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("it ended with %d, want %d, and said\n%s", code, test.code, out.String())
			}
		})
	}
}
