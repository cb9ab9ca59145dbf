package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

func TestSalesforceSendsTheNoticesAndTheJournalRemembersThem(t *testing.T) {
	h := openHouse(t, func(configuration string) string {
		return regexp.MustCompile(`(?m)^  smtp: .*\n`).ReplaceAllString(configuration, "") + "notify: {via: salesforce}\n"
	})
	world, journal := h.world, h.journal
	before := world.Clock.Now()
	err := h.play(t.Context(), stage.Act{
		Title: "Maria Alvarez cancels, and the org tells her", Do: stage.Acts()[0].Do, Approves: true,
		Done: func(s *stage.Stage) (bool, error) { return len(s.Org.Mails()) > 0, nil },
	})
	if err != nil {
		t.Fatal(err)
	}

	workflows, err := world.Org.Query("SELECT Id FROM Workflow__c WHERE Name = 'W-1042'")
	if err != nil || len(workflows) != 1 {
		t.Fatalf("%d workflows (%v)", len(workflows), err)
	}
	mails := world.Org.Mails()
	if len(mails) != 1 || mails[0].About != workflows[0]["Id"] || len(mails[0].To) == 0 || mails[0].To[0] != "maria.alvarez@example.com" {
		t.Errorf("the org sent %+v, want one mail to Maria Alvarez, logged on her workflow", mails)
	}
	if n := len(world.Mail.Accepted()); n != 0 {
		t.Errorf("the mail server took %d mails", n)
	}

	sent, err := sentMail(journal)(t.Context(), before)
	if err != nil || len(sent) != 1 || !strings.Contains(sent[0].Fields["text"].(string), "Maria") {
		t.Errorf("the journal remembers %d mails (%v), want that one", len(sent), err)
	}
	if later, err := sentMail(journal)(t.Context(), world.Clock.Now()); err != nil || len(later) != 0 {
		t.Errorf("of what comes after it remembers %d (%v)", len(later), err)
	}

	// A daemon that is alone has sent itself what goes out from then on.
	once, err := store.OpenBeside(t.Context(), journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	ask := sentMail(once)
	for _, since := range []time.Time{before, world.Clock.Now(), before} {
		sent, err := ask(t.Context(), since)
		if want := since.Equal(before); err != nil || (len(sent) == 1) != want {
			t.Errorf("since %s it remembers %d mails (%v), want one: %t", since, len(sent), err, want)
		}
		once.Close() // what has been read is not read again
	}
}
