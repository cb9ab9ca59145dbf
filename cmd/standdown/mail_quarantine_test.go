package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/mapping"
	"standdown/rules"
)

// Two mails lie in the journal: one whose plan could not be carried out, and
// one that cannot be taken apart.
func TestMailsInQuarantineAreShownAndReplayed(t *testing.T) {
	now := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	config := filepath.Join(dir, "standdown.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
journal: {path: %q}
salesforce:
  url: https://acme.my.salesforce.com
  auth: {client_id: app, client_secret: s}
`, path), 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := mapping.New(mapping.Config{Presets: []string{"milestone", "skedulo"}, Queue: "Back_Office"})
	if err != nil {
		t.Fatal(err)
	}
	journal, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	const head = "Authentication-Results: mx.example.net; dmarc=pass header.from=example.com\r\nFrom: maria@example.com\r\nSubject: Cancellation\r\n"
	plain := []byte(head + "\r\nPlease cancel my contract C-204417.\r\n\xff\r\n")
	sealed := []byte(head + "Content-Type: application/pkcs7-mime\r\n\r\nMIIB\r\n")
	ids := map[string]string{}
	for i, raw := range [][]byte{plain, sealed} {
		record := connectors.Record{Ref: connectors.Ref{Kind: "message", ID: fmt.Sprint("INBOX/1/", i)}, At: now, Raw: raw,
			Fields: mailbox.Fields(raw, mailbox.Authenticator{ServIDs: []string{"mx.example.net"}})}
		a, err := names.Arrival(record)
		if err != nil {
			t.Fatal(err)
		}
		ids[string(raw)] = a.Event.ID
		reading, err := journal.Reading(t.Context(), "mailbox")
		if err != nil {
			t.Fatal(err)
		}
		reading.ReadAt = now
		if _, err := journal.Intake(t.Context(), "mailbox", &reading, []store.Arrival{{
			Ref: record.Ref, Subject: a.Subject, ID: a.Event.ID, Kind: a.Event.Kind, At: now, Event: a.Event, State: store.New,
			Raw: raw, SHA256: record.Fields["sha256"].(string),
		}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := journal.Quarantine(t.Context(), store.Event{Event: rules.Event{ID: ids[string(plain)]}}, "no such queue"); err != nil {
		t.Fatal(err)
	}
	for _, e := range undecided(t, journal, now) {
		if err := journal.Commit(t.Context(), store.Verdict{Event: e}, now); err != nil {
			t.Fatal(err)
		}
	}
	command := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(context.Background(), append(args, "--config", config), nil, &out, &errs); code != want {
			t.Errorf("%q ended with %d, want %d: %s", args, code, want, errs.String())
		}
		return out.String(), errs.String()
	}

	t.Run("both are listed with the reason", func(t *testing.T) {
		out, _ := command(0, "mail", "quarantine", "list", "-o", "json")
		var held []heldMail
		if err := json.Unmarshal([]byte(out), &held); err != nil || len(held) != 2 {
			t.Fatalf("got %s (%v), want two mails", out, err)
		}
		got := map[string]string{}
		for _, h := range held {
			got[h.ID] = h.State + ": " + h.Why
		}
		if got[ids[string(plain)]] != "quarantined: no such queue" || got[ids[string(sealed)]] != "decided: the mail is encrypted" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("one is shown byte for byte", func(t *testing.T) {
		if out, _ := command(0, "mail", "quarantine", "show", ids[string(plain)]); out != string(plain) {
			t.Errorf("got %q", out)
		}
		command(1, "mail", "quarantine", "show", "mail:unknown")
	})
	t.Run("one that still cannot be taken apart stays", func(t *testing.T) {
		_, errs := command(1, "mail", "quarantine", "replay", ids[string(sealed)], "--as", "dana")
		if !strings.Contains(errs, "still cannot be taken apart: the mail is encrypted") {
			t.Errorf("got %q", errs)
		}
		if events := undecided(t, journal, now); len(events) != 0 {
			t.Errorf("%d events are to be decided, want none", len(events))
		}
	})
	t.Run("the other is decided again, with what was found about its sender", func(t *testing.T) {
		command(0, "mail", "quarantine", "replay", ids[string(plain)], "--as", "dana")
		events := undecided(t, journal, now)
		if len(events) != 1 || events[0].Kind != rules.CancellationRequested || events[0].Generation != 1 || events[0].Request.Auth != "pass" {
			t.Errorf("to be decided: %+v", events)
		}
		command(1, "mail", "quarantine", "replay", ids[string(plain)], "--as", "dana") // it is under way
	})
	t.Run("nobody replays without a name", func(t *testing.T) {
		command(2, "mail", "quarantine", "replay", ids[string(plain)], "--as", "")
	})
}

func undecided(t *testing.T, journal *store.Store, now time.Time) []store.Event {
	t.Helper()
	events, err := journal.Undecided(t.Context(), now.Add(time.Hour), 10)
	if err != nil {
		t.Fatal(err)
	}
	return events
}
