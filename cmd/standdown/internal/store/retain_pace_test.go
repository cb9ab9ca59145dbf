package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

func TestRemovingMuchLeavesTheJournalToOthersInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		arrivals := make([]store.Arrival, 250)
		for i := range arrivals {
			id := fmt.Sprint("e", i)
			e := rules.Event{ID: id, Kind: rules.CancellationRequested, At: now, Subject: rules.Ref{Kind: "request", ID: id}}
			arrivals[i] = store.Arrival{Ref: connectors.Ref{Kind: "message", ID: id}, Subject: e.Subject, ID: id, Kind: e.Kind, At: now, Event: &e, State: store.Ignored, Raw: []byte(id), SHA256: id}
		}
		take(t, s, "mailbox", store.Reading{ReadAt: now}, arrivals...)
		began := time.Now()
		if _, err := s.Retain(t.Context(), store.Retention{Raw: aDay}, now.Add(9*aDay)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took == 0 {
			t.Error("all was removed in one go")
		}
		if m, err := s.Mail(t.Context(), "e249"); err == nil {
			t.Errorf("the last mail is kept: %q", m.Raw)
		}
	})
}
