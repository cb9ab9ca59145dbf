package store_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// cancels has a customer ask by mail for a cancellation, and decides it with a
// notice to the customer, in the given state. What names the customer stands in
// every place that can hold it.
func cancels(t *testing.T, s *store.Store, id, address, name string, state store.State) (entry int64, decision string) {
	t.Helper()
	e := rules.Event{ID: id, Kind: rules.CancellationRequested, At: now, Subject: rules.Ref{Kind: "request", ID: id}, Request: &rules.Request{
		Asks: "cancel", From: address, Name: name, Quote: name + " wants out of it", People: []string{name}, Subject: "From " + name,
	}}
	take(t, s, "mailbox", store.Reading{ReadAt: now}, store.Arrival{
		Ref: connectors.Ref{Kind: "message", ID: "INBOX/" + id}, Subject: e.Subject, ID: id, Kind: e.Kind, At: now, Event: &e, State: store.New,
		Raw: []byte("From: <" + address + ">\r\n\r\nCancel, says " + name), SHA256: "sum of " + id, Author: address,
	})
	ref := rules.Ref{Kind: "workflow", ID: "W" + id}
	v := store.Verdict{
		Event:    store.Event{Event: e, State: store.New, Author: address},
		Snapshot: rules.Snapshot{Workflows: []rules.Workflow{{ID: ref.ID, Name: name}}},
		Decisions: []rules.Decision{{Policy: "cancellation", Table: "cancellation.request", Row: "C5", Subject: ref, Because: "it asks",
			Facts: []rules.Fact{{Name: "sender", Value: "signer", Reason: name + " <" + address + "> signed"}}, Remember: map[string]string{"told": address}}},
		Writes: [][]store.Write{{{System: "mail", Verb: "notify", State: state, Text: "tell " + name, Change: connectors.Change{
			Key: "key " + id, Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}, Fields: map[string]any{"To": []string{address}, "Body": "Dear " + name}}}}},
	}
	if err := s.Commit(t.Context(), v, now); err != nil {
		t.Fatal(err)
	}
	decision = store.DecisionID(id, 0, 0)
	entries, err := s.Entries(t.Context(), store.Filter{Decision: decision})
	if err != nil || len(entries) != 1 {
		t.Fatalf("entries of %s: %v, %v", id, entries, err)
	}
	return entries[0].ID, decision
}

var onRequest = store.Erasing{People: []string{"Ana.Alvarez@example.com"}, Who: "dana", Reason: "request 17"}

func TestErase(t *testing.T) { storetest.Each(t, testErase) }

func testErase(t *testing.T, fresh storetest.Fresh) {
	name := fresh(t)
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entry, decision := cancels(t, s, "m1", "ana.alvarez@example.com", "Ana Alvarez", store.Proposed)
	otherEntry, other := cancels(t, s, "m2", "joana.alvarez@example.com", "Joana Costa", store.Proposed)
	_, further := cancels(t, s, "m3", "diana.alvarez@example.com", "Diana Lee", store.Dropped)
	_ = further

	t.Run("what is not through is not erased, and the error says what it is", func(t *testing.T) {
		_, err := s.Erase(t.Context(), onRequest, false, now)
		if !errors.Is(err, store.ErrNotThrough) || !strings.Contains(err.Error(), "(notify) is proposed") {
			t.Fatalf("got %v", err)
		}
		if m, err := s.Mail(t.Context(), "m1"); err != nil || !bytes.Contains(m.Raw, []byte("Ana Alvarez")) {
			t.Errorf("the mail: %q, %v", m.Raw, err)
		}
	})
	for _, id := range []int64{entry, otherEntry} {
		if err := s.Act(t.Context(), []int64{id}, store.Decline, "kim", "Alvarez called", now); err != nil {
			t.Fatal(err)
		}
	}
	before := verified(t, name, "")
	want := store.Erasure{Events: 1, Mails: 1, Situations: 1, Decisions: 1, Entries: 1, Acts: 1, Memory: 1, About: []string{"workflow Wm1"}, Left: []string{}}

	t.Run("trying tells what would be erased and erases nothing", func(t *testing.T) {
		got, err := s.Erase(t.Context(), onRequest, true, now)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "what would be erased", got, want)
		equal(t, "the journal", verified(t, name, ""), before)
	})
	for _, wrong := range []struct {
		name  string
		order store.Erasing
		says  string
	}{
		{"nobody is named", store.Erasing{Who: "dana", Reason: "r"}, "whose data?"},
		{"a name is no address", store.Erasing{People: []string{"Ana Alvarez"}, Who: "dana", Reason: "r"}, "want a person as an address alone"},
		{"nobody orders it", store.Erasing{People: onRequest.People, Reason: "r"}, "want who orders it and why"},
		{"the reason names the person", store.Erasing{People: onRequest.People, Who: "dana", Reason: "asked by ana.alvarez@example.com"}, "must not name whom it is about"},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			if _, err := s.Erase(t.Context(), wrong.order, false, now); err == nil || !strings.Contains(err.Error(), wrong.says) {
				t.Errorf("got %v, want it to say %q", err, wrong.says)
			}
		})
	}

	got, err := s.Erase(t.Context(), onRequest, false, now)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "what was erased", got, want)

	t.Run("the skeleton stays", func(t *testing.T) {
		decisions, err := s.Decisions(t.Context(), "m1")
		if err != nil || len(decisions) != 1 {
			t.Fatalf("got %v, %v", decisions, err)
		}
		d := decisions[0]
		equal(t, "the decision", []string{d.ID, d.Policy, d.Table, d.Row, d.Subject.String(), d.Because}, []string{decision, "cancellation", "cancellation.request", "C5", "workflow Wm1", "erased on request"})
		entries, err := s.Entries(t.Context(), store.Filter{ID: entry})
		if err != nil || len(entries) != 1 {
			t.Fatalf("got %v, %v", entries, err)
		}
		equal(t, "the change", entries[0].Change, connectors.Change{Key: "key m1", Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}})
		equal(t, "its state", entries[0].State, store.Dropped)
		acts, err := s.Acts(t.Context(), decision)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "who acted", acts, []store.Act{{At: now, Who: "kim", Act: "decline", Entry: entry, Decision: decision, Reason: "erased on request"}})
		if _, err := s.Mail(t.Context(), "m1"); !errors.Is(err, store.ErrRemoved) {
			t.Errorf("the mail: %v", err)
		}
	})
	t.Run("others with an address that ends alike keep theirs", func(t *testing.T) {
		if m, err := s.Mail(t.Context(), "m2"); err != nil || !bytes.Contains(m.Raw, []byte("Joana Costa")) {
			t.Errorf("the mail: %q, %v", m.Raw, err)
		}
		acts, err := s.Acts(t.Context(), other)
		if err != nil || len(acts) != 1 || acts[0].Reason != "Alvarez called" {
			t.Errorf("the acts: %v, %v", acts, err)
		}
	})
	v := verified(t, name, before.Head)
	equal(t, "the chain", v, store.Verification{Links: before.Links + 3, Decisions: 3, Acts: 3, Erased: 2, Head: v.Head})

	t.Run("a second time there is nothing to erase, and no further act", func(t *testing.T) {
		got, err := s.Erase(t.Context(), onRequest, false, now)
		if err != nil || !got.Nothing() {
			t.Errorf("got %+v, %v", got, err)
		}
		equal(t, "the chain", verified(t, name, ""), v)
	})
	t.Run("a record's data goes as well, its id stays", func(t *testing.T) {
		order := store.Erasing{Records: []string{"Wm3"}, Who: "dana", Reason: "request 18"}
		got, err := s.Erase(t.Context(), order, false, now)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "what was erased", got, store.Erasure{Events: 1, Mails: 1, Situations: 1, Decisions: 1, Entries: 1, About: []string{"workflow Wm3"}, Left: []string{}})
	})
}

func TestTamperingShowsAfterAnErasure(t *testing.T) {
	storetest.Each(t, testTamperingShowsAfterAnErasure)
}

func testTamperingShowsAfterAnErasure(t *testing.T, fresh storetest.Fresh) {
	name := fresh(t)
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	entry, decision := cancels(t, s, "m1", "ana.alvarez@example.com", "Ana Alvarez", store.Proposed)
	_, other := cancels(t, s, "m2", "joe@example.com", "Joe", store.Dropped)
	if err := s.Act(t.Context(), []int64{entry}, store.Decline, "kim", "Ana called", now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(t.Context(), onRequest, false, now); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var keep, back []string
	for _, table := range []string{"decisions", "acts", "chain"} {
		keep = append(keep, `CREATE TABLE kept_`+table+` AS SELECT * FROM `+table)
		back = append(back, `DELETE FROM `+table, `INSERT INTO `+table+` SELECT * FROM kept_`+table)
	}
	edit(t, name, keep...)
	for _, test := range []struct{ name, sql, fault string }{
		{"the row of an erased decision is altered", `UPDATE decisions SET row_id = 'C1' WHERE id = '` + decision + `'`, "the decisions for event m1@0 are not"},
		{"a text is put where one was erased", `UPDATE decisions SET body = REPLACE(body, 'erased on request', 'nobody asked') WHERE id = '` + decision + `'`, "the decisions for event m1@0 are not"},
		{"an erased decision is removed", `DELETE FROM decisions WHERE id = '` + decision + `'`, "the decisions for event m1@0 are not"},
		{"another's text is removed as if it had been erased", `UPDATE decisions SET body = '{}' WHERE id = '` + other + `'`, "the decisions for event m2@0 are not"},
		{"who gave the erased reason is altered", `UPDATE acts SET who = 'lee' WHERE id = 1`, "act 1 (decline by lee"},
		{"a reason is put where one was erased", `UPDATE acts SET reason = 'no reason' WHERE id = 1`, "act 1 (decline by kim"},
		{"who erased is altered", `UPDATE acts SET who = 'lee' WHERE act = 'erase'`, "act 2 (erase by lee"},
		{"the digest of what was erased is altered", `UPDATE chain SET digest = 'ff' WHERE kind = 'erased' AND id = '` + decision + `'`, "the decisions for event m1@0 are not"},
		{"an erased link is cut off the end", `DELETE FROM chain WHERE n = (SELECT MAX(n) FROM chain)`, "act 1 (decline by kim"},
	} {
		t.Run(test.name, func(t *testing.T) {
			edit(t, name, test.sql)
			defer edit(t, name, back...)
			if v := verified(t, name, ""); !strings.Contains(v.Fault, test.fault) {
				t.Errorf("got the fault %q, want it to say %q", v.Fault, test.fault)
			}
		})
	}
	equal(t, "the fault of the journal put back", verified(t, name, "").Fault, "")
}

func TestNothingOfAPersonIsLeftInTheFiles(t *testing.T) {
	name := t.TempDir() + "/journal.db"
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entry, _ := cancels(t, s, "m1", "ana.alvarez@example.com", "Ana Alvarez", store.Proposed)
	for _, id := range []string{"m2", "m3", "m4"} {
		cancels(t, s, id, id+"@example.com", strings.Repeat("Somebody Else ", 500), store.Dropped)
	}
	if err := s.Act(t.Context(), []int64{entry}, store.Decline, "kim", "Ana Alvarez called", now); err != nil {
		t.Fatal(err)
	}
	found := func(words string) (n int) {
		for _, file := range []string{name, name + "-wal"} {
			data, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			n += bytes.Count(bytes.ToLower(data), []byte(words))
		}
		return n
	}
	if found("ana alvarez") == 0 || found("ana.alvarez@") == 0 {
		t.Fatal("the test looks in the wrong place")
	}
	beside, err := store.OpenBeside(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	if _, err := beside.Erase(t.Context(), onRequest, false, now); err != nil {
		t.Fatal(err)
	}
	equal(t, "places with the name", found("ana alvarez"), 0)
	equal(t, "places with the address", found("ana.alvarez@"), 0)
	if found("somebody else") == 0 {
		t.Error("others' data are gone as well")
	}
}
