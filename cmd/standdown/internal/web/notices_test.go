package web

import (
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

func TestWhatOperatorsCouldNotBeToldIsShownForReview(t *testing.T) {
	o := newOffice(t)
	anna := o.as(t, "Anna")
	if _, body := anna.get(t, "/review"); strings.Contains(body, "could not be told") {
		t.Error("it is shown though there is none")
	}
	notice := store.Write{System: "mail", Verb: store.TellVerb, Text: "Mail to 1: Standdown: writing to all systems is paused", Change: connectors.Change{Op: connectors.Send}}
	if err := o.journal.Tell(t.Context(), "pause", []store.Write{notice}, start); err != nil {
		t.Fatal(err)
	}
	claimed, token, err := o.journal.ClaimNotices(t.Context(), "mail", 10, start, time.Minute)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%v, %v", claimed, err)
	}
	if err := o.journal.Settle(t.Context(), token, []store.Settlement{{ID: claimed[0].ID, Signal: store.Refused, Why: "no such mailbox"}}, start); err != nil {
		t.Fatal(err)
	}
	_, body := anna.get(t, "/review")
	for _, want := range []string{notice.Text, "no such mailbox", "standdown outbox retry ENTRY"} {
		if !strings.Contains(body, want) {
			t.Errorf("it does not say %q:\n%s", want, body)
		}
	}
}
