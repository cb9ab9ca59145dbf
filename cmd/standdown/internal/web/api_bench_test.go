package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// BenchmarkAPI has programs look at a journal with 100,000 decisions.
//
//	go test -run '^$' -bench API -cpu 1 ./cmd/standdown/internal/web
func BenchmarkAPI(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal.db")
	journal, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer journal.Close()
	fill(b, path, 100_000)
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		b.Fatal(err)
	}
	s := &Server{Journal: journal, Book: book, Log: slog.New(slog.DiscardHandler), Budget: func() (int, int) { return 0, 0 }, Leads: func() bool { return true }, Now: func() time.Time { return start }}
	site := s.handler()
	for _, what := range []string{
		"/status", "/review", "/decisions", "/decisions?table=assignment.cancel&row=H1&to=2024-01-31", "/decisions?table=assignment.cancel&row=none", "/decisions?after=1700000000000-D1", "/decisions/D99999",
		"/entries", "/entries?all=true", "/entries?state=stale", "/entries?state=done&after=250000&limit=500", "/entries/150000", "/cancelled", "/record?ref=j77", "/acts", "/rules",
	} {
		b.Run(what, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "http://localhost"+apiRoot+what, nil)
				r.RemoteAddr = "127.0.0.1:1"
				site.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatalf("%d\n%s", w.Code, w.Body)
				}
			}
		})
	}
}
