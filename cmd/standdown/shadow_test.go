package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// In shadow the whole story leaves nothing in the world, and what people did
// instead is compared and reported.
func TestShadowLeavesTheWorldAlone(t *testing.T) {
	w := newWatchedStage(t, "shadow: {all: true}\n")
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(running, w.cfg, slog.New(slog.DiscardHandler), w.Clock.Now, 100*time.Millisecond, nil, brisk)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	journal, err := beside(t.Context(), w.cfg.Journal.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	if err := (&director{world: w.Stage, journal: journal}).baseline(t.Context()); err != nil {
		t.Fatal(err)
	}

	inbox := func() []stored {
		t.Helper()
		all, err := w.Mail.Folder(stage.Mailbox, "INBOX")
		if err != nil {
			t.Fatal(err)
		}
		mails := make([]stored, len(all))
		for i, m := range all {
			mails[i] = stored{m.UID, m.Flags, string(m.Raw)}
		}
		return mails
	}
	// rest waits until so many mails were taken in and there is nothing to do.
	rest := func(mails int) {
		t.Helper()
		taken(t, journal, mails)
		calm := lull{journal: journal}
		if err := stage.Until(t.Context(), "the daemon to have nothing to do", func() (bool, error) { return calm.lasts(t.Context()) }); err != nil {
			t.Fatal(err)
		}
	}
	var delivered []stored
	for _, act := range stage.Acts() {
		if err := act.Do(w.Stage); err != nil {
			t.Fatal(err)
		}
		// What a mail is when it has come, with no flag.
		there := inbox()
		if len(there) < len(delivered) {
			t.Fatalf("%d mails are left of %d", len(there), len(delivered))
		}
		for _, m := range there[len(delivered):] {
			delivered = append(delivered, stored{m.uid, nil, m.raw})
		}
		rest(len(delivered))
		// People do as the rules would with Maria's and otherwise with Daniel's.
		// Carlos's is taken back before they come to it.
		for title, did := range map[string][2]string{"Maria Alvarez asks": {"W-1042", "Cancel Pending"}, "Daniel Okafor": {"W-1043", "Cancelled"}} {
			if !strings.HasPrefix(act.Title, title) {
				continue
			}
			rows, err := w.Org.Query("SELECT Id FROM Workflow__c WHERE Name = '" + did[0] + "'")
			if err != nil || len(rows) != 1 {
				t.Fatalf("%v, %v", rows, err)
			}
			if err := w.Org.As("Dana Whitlock").Update("Workflow__c", rows[0]["Id"].(string), map[string]any{"Status__c": did[1]}); err != nil {
				t.Fatal(err)
			}
			rest(len(delivered))
		}
	}

	// The story has gone on for weeks: what is due is compared.
	if err := stage.Until(t.Context(), "the comparison", func() (bool, error) {
		due, err := journal.ShadowsDue(t.Context(), w.Clock.Now(), 1)
		return err == nil && len(due) == 0, err
	}); err != nil {
		t.Fatal(err)
	}
	writes, reads := w.seen()
	if len(writes) > 0 || reads == 0 {
		t.Errorf("%d reads, and calls that write: %q", reads, writes)
	}
	if sent := w.Mail.Accepted(); len(sent) > 0 {
		t.Errorf("%d mails were sent", len(sent))
	}
	if diff := cmp.Diff(delivered, inbox(), cmp.AllowUnexported(stored{})); diff != "" || len(delivered) < 10 {
		t.Errorf("the mailbox of %d mails (-delivered +now):\n%s", len(delivered), diff)
	}
	entries, err := journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	verbs := map[string]bool{}
	for _, e := range entries {
		verbs[e.Verb] = true
		if e.State != store.Shadow {
			t.Errorf("entry %d (%s) is %s", e.ID, e.Verb, e.State)
		}
	}
	if len(verbs) < 10 {
		t.Errorf("only %d verbs were in shadow", len(verbs))
	}

	report := shadowReport{zone: w.cfg.Book.Zone()}
	if err := report.read(t.Context(), journal); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(report.Verbs, func(v store.ShadowTotal) bool { return v.Verb == "cancel-workflow" })
	if diff := cmp.Diff(store.ShadowTotal{Verb: "cancel-workflow", Same: 1, Otherwise: 1, Untold: 1}, report.Verbs[i]); diff != "" {
		t.Errorf("cancel-workflow (-want +got):\n%s", diff)
	}
	var text bytes.Buffer
	if err := report.print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"otherwise: W-1043: Status: Active -> Cancel Pending", "Status__c is Cancelled", "by Dana Whitlock",
		"not done: B-1001", "State__c is Cancelling", "row cancellation.request C6", "cancel-workflow: 1 of 2 as people did, 1 otherwise, 1 not comparable",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, text.String())
		}
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

// A stored mail is one as the mailbox has it.
type stored struct {
	uid   uint32
	flags []string
	raw   string
}

// taken waits until so many mails have been taken in.
func taken(t *testing.T, journal *store.Store, n int) {
	t.Helper()
	if err := stage.Until(t.Context(), "mails to be taken in", func() (bool, error) {
		events, err := journal.Events(t.Context(), store.New, store.Decided, store.Ignored, store.Quarantined)
		mails := 0
		for _, e := range events {
			if e.Source == "mailbox" {
				mails++
			}
		}
		return mails >= n, err
	}); err != nil {
		t.Fatal(err)
	}
}
