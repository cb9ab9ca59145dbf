package web

import (
	"net/http"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestOnlyWhatTheJournalRefusesIsAConflict(t *testing.T) {
	furnished := func(t *testing.T, journal *store.Store) browser {
		o := &office{}
		o.world = newWorld(t, o.furnish(t), func(s *Server) { s.Journal = journal })
		return o.as(t, "Adam")
	}
	pause := []string{"system", "mail", "reason", "audit"}
	t.Run("a journal that cannot be reached is unavailable, not in conflict, and no page is an error of ours", func(t *testing.T) {
		server := storetest.Start(t)
		journal, err := store.Open(t.Context(), server.Fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		defer journal.Close()
		adam := furnished(t, journal)
		server.Down(t)
		if status, body := adam.post(t, "/pause", pause...); status != http.StatusServiceUnavailable || !strings.Contains(body, "cannot be used for the moment") {
			t.Errorf("pausing: %d\n%s", status, body)
		}
		if status, _ := adam.get(t, "/review"); status != http.StatusServiceUnavailable {
			t.Errorf("looking: %d", status)
		}
		server.Up(t)
		if status, body := adam.post(t, "/pause", pause...); status != http.StatusOK || !strings.Contains(body, "Paused:") {
			t.Errorf("once it is up: %d\n%s", status, body)
		}
		if status, _ := adam.post(t, "/pause", pause...); status != http.StatusConflict {
			t.Errorf("paused twice: %d", status)
		}
	})
	t.Run("any other fault of the journal is an error of ours", func(t *testing.T) {
		journal, err := store.Open(t.Context(), t.TempDir()+"/journal.db")
		if err != nil {
			t.Fatal(err)
		}
		adam := furnished(t, journal)
		journal.Close()
		if status, body := adam.post(t, "/pause", pause...); status != http.StatusInternalServerError || strings.Contains(body, "closed") {
			t.Errorf("%d\n%s", status, body)
		}
	})
}
