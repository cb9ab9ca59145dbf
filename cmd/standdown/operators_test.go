package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	mailserver "standdown/connectors/mailbox/sandbox"
	"standdown/connectors/salesforce/sandbox"
)

const opsAddress = "ops@solarworks.example"

// openWatched is a house whose operators are told of brakes.
func openWatched(t *testing.T, more string) *watched {
	return &watched{t, openHouse(t, func(configuration string) string {
		return configuration + "operators: {mail: [" + opsAddress + "], cases: true}\n" + more
	})}
}

type watched struct {
	*testing.T
	*house
}

// mails are the subjects of the mails to operators.
func (w *watched) mails() (all []string) {
	for _, m := range w.world.Mail.Accepted() {
		if len(m.To) > 0 && strings.Contains(strings.Join(m.To, " "), opsAddress) {
			_, rest, _ := bytes.Cut(m.Raw, []byte("Subject: "))
			subject, _, _ := strings.Cut(strings.ReplaceAll(string(rest), "\r\n ", " "), "\r\n")
			all = append(all, subject)
		}
	}
	return all
}

// cases are the subjects of the queue's cases for operators.
func (w *watched) cases() (all []string) {
	w.Helper()
	found, err := w.world.Org.Query("SELECT Subject FROM Case WHERE Request_Type__c = 'Operations' AND Owner.Name = 'Back Office' ORDER BY CreatedDate")
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range found {
		all = append(all, c["Subject"].(string))
	}
	return all
}

// told waits until operators have so many mails and cases, and tells which.
func (w *watched) told(mails, cases int) string {
	w.Helper()
	if err := stage.Until(w.Context(), fmt.Sprintf("%d mails and %d cases for operators", mails, cases), func() (bool, error) {
		return len(w.mails()) >= mails && len(w.cases()) >= cases, nil
	}); err != nil {
		w.Fatalf("%v; mails %q, cases %q", err, w.mails(), w.cases())
	}
	if m, c := w.mails(), w.cases(); len(m) != mails || len(c) != cases {
		w.Fatalf("operators have the mails %q and the cases %q; want %d and %d", m, c, mails, cases)
	}
	return strings.Join(w.mails(), "\n") + "\n" + strings.Join(w.cases(), "\n")
}

// again ends the daemon and starts another.
func (w *watched) again() {
	w.Helper()
	w.stop()
	w.stop = served(w.T, w.cfg, w.world.Clock.Now)
	calm := lull{journal: w.journal}
	if err := stage.Until(w.Context(), "calm", func() (bool, error) { return calm.lasts(w.Context()) }); err != nil {
		w.Fatal(err)
	}
}

func (w *watched) act(n int) {
	w.Helper()
	if err := stage.Acts()[n].Do(w.world); err != nil {
		w.Fatal(err)
	}
}

// asks has Priya Nair, who has two contracts, ask to cancel one of them.
func (w *watched) asks(contract string) {
	w.Helper()
	raw := fmt.Sprintf("From: Priya Nair <priya.nair@example.com>\r\nTo: %s\r\nSubject: Cancellation of %[2]s\r\nMessage-ID: <%[2]s@mail.example.com>\r\n\r\nPlease cancel my contract %[2]s, we are moving.\r\n", stage.Mailbox, contract)
	if err := w.world.Mail.Deliver(stage.Mailbox, []byte(raw), "mx.solarworks.example; dmarc=pass header.from=example.com"); err != nil {
		w.Fatal(err)
	}
}

// approves waits until so many cancellations are proposed, and approves them.
func (w *watched) approves(n int) {
	w.Helper()
	if err := stage.Until(w.Context(), "proposals", func() (bool, error) {
		proposed, err := w.journal.Entries(w.Context(), store.Filter{States: []store.State{store.Proposed}})
		return len(proposed) >= n, err
	}); err != nil {
		w.Fatal(err)
	}
	if err := w.approve(w.Context()); err != nil {
		w.Fatal(err)
	}
}

func (w *watched) has(told string, want ...string) {
	w.Helper()
	for _, words := range want {
		if !strings.Contains(told, words) {
			w.Errorf("operators are not told %q, but\n%s", words, told)
		}
	}
}

func TestOperatorsAreToldInTheOrgAndByMail(t *testing.T) {
	t.Run("that a run is held, once, however often the daemon is started", func(t *testing.T) {
		w := openWatched(t, "ceilings: {run: {records: 3}}\n")
		w.act(9) // Harold Finch is put on hold
		const held = "Standdown: changes are held: too much at once (run)"
		w.has(w.told(1, 1), held+"\n"+held)
		w.again()
		w.told(1, 1)
	})
	t.Run("that writing is paused, by mail alone", func(t *testing.T) {
		w := openWatched(t, "")
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"pause", "--config", w.world.Config(), "--as", "dana", "--reason", "audit"}, nil, &out, &errs); code != 0 {
			t.Fatal(errs.String())
		}
		w.has(w.told(1, 0), "writing to all systems is paused")
		w.again()
		if code := run(t.Context(), []string{"resume", "--config", w.world.Config(), "--as", "dana"}, nil, &out, &errs); code != 0 {
			t.Fatal(errs.String())
		}
		w.has(w.told(2, 1), "writing to all systems goes on after a pause")
	})
	t.Run("that Salesforce takes nothing, by mail", func(t *testing.T) {
		w := openWatched(t, "")
		w.world.Org.Fault(sandbox.Fault{Kind: sandbox.Lock, Count: -1}) // no row can be written
		w.act(9)
		w.has(w.told(1, 0), "salesforce cannot be written to")
		w.stop()
		w.world.Org.ClearFaults()
		w.again()
		w.told(1, 0)
		if err := w.world.Clock.MoveTo(w.world.Clock.Now().Add(11 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.has(w.told(2, 1), "salesforce can be written to again")
	})
	t.Run("that the API reserve is reached, by mail", func(t *testing.T) {
		w := openWatched(t, "")
		w.stop()
		w.cfg.Salesforce.Reserve = 99_999
		last, err := w.journal.Reading(t.Context(), "salesforce")
		if err != nil {
			t.Fatal(err)
		}
		w.stop = served(t, w.cfg, w.world.Clock.Now)
		if err := stage.Until(t.Context(), "a read, after which the reserve is known", func() (bool, error) {
			r, err := w.journal.Reading(t.Context(), "salesforce")
			return r.ReadAt.After(last.ReadAt), err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.world.Clock.MoveTo(w.world.Clock.Now().Add(6 * time.Minute)); err != nil { // calls run short: it reads less often
			t.Fatal(err)
		}
		w.has(w.told(1, 0), "the API calls left of salesforce are kept back for others")
	})
	t.Run("that mails cannot be sent, in a case", func(t *testing.T) {
		w := openWatched(t, "")
		w.world.Mail.SetFaults(mailserver.Faults{BeforeAccept: func() error { return &smtp.SMTPError{Code: 451, Message: "away"} }})
		w.asks("C-204424")
		w.approves(1)
		w.has(w.told(0, 1), "mail cannot be written to")
	})
	t.Run("that an address had its mails of an hour, in spite of that", func(t *testing.T) {
		w := openWatched(t, "notify: {per_hour: 1}\n")
		w.asks("C-204424")
		w.asks("C-204425")
		w.approves(2)
		w.has(w.told(1, 1), "mail to an address is stopped")
		if stuck, err := w.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Stuck}}); err != nil || len(stuck) != 1 {
			t.Errorf("%d mails are stuck, %v; want one", len(stuck), err)
		}
	})
}
