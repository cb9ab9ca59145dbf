package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

const aDay = 24 * time.Hour

// mailed takes in a mail of the given age and, unless it is set aside, decides
// it with one change of the state.
func mailed(t *testing.T, s *store.Store, id string, age time.Duration, state store.EventState, entry store.State, deadlines ...rules.Deadline) {
	t.Helper()
	at := now.Add(-age)
	e := rules.Event{ID: id, Kind: rules.CancellationRequested, At: at, Subject: rules.Ref{Kind: "request", ID: id}, Request: &rules.Request{Asks: "cancel"}}
	take(t, s, "mailbox", store.Reading{ReadAt: at}, store.Arrival{
		Ref: connectors.Ref{Kind: "message", ID: id}, Subject: e.Subject, ID: id, Kind: e.Kind, At: at, Event: &e, State: state,
		Raw: []byte("mail " + id), SHA256: "sum of " + id,
	})
	if state != store.New || entry == "" {
		return
	}
	v := store.Verdict{
		Event:     store.Event{Event: e, State: store.New},
		Decisions: []rules.Decision{{Table: "cancellation.request", Row: "C5", Subject: rules.Ref{Kind: "workflow", ID: "w" + id}, Deadlines: deadlines}},
		Writes:    [][]store.Write{{{System: "salesforce", Verb: "cancel-job", State: entry, Change: connectors.Change{Key: id}}}},
	}
	if err := s.Commit(t.Context(), v, at); err != nil {
		t.Fatal(err)
	}
}

func TestRetention(t *testing.T) { storetest.Each(t, testRetention) }

func testRetention(t *testing.T, fresh storetest.Fresh) {
	name := fresh(t)
	s, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mailed(t, s, "old", 100*aDay, store.New, store.Dropped)
	mailed(t, s, "older", 500*aDay, store.New, store.Dropped)
	mailed(t, s, "young", 80*aDay, store.New, store.Dropped)
	mailed(t, s, "undecided", 500*aDay, store.New, "")
	mailed(t, s, "aside", 500*aDay, store.Quarantined, "")
	mailed(t, s, "proposed", 500*aDay, store.New, store.Proposed)
	mailed(t, s, "pending", 500*aDay, store.New, store.Pending)
	mailed(t, s, "armed", 500*aDay, store.New, store.Dropped, rules.Deadline{Kind: "cancellation.due", Subject: rules.Ref{Kind: "workflow", ID: "w1"}, At: now.Add(aDay)})

	mails := func() []string {
		var kept []string
		for _, id := range []string{"old", "older", "young", "undecided", "aside", "proposed", "pending", "armed"} {
			m, err := s.Mail(t.Context(), id)
			if err == nil && string(m.Raw) == "mail "+id {
				kept = append(kept, id)
			} else if !errors.Is(err, store.ErrRemoved) || !strings.Contains(err.Error(), "its SHA-256 was sum of "+id) {
				t.Errorf("the mail that is not kept: %v", err)
			}
		}
		return kept
	}
	situations := func() []string {
		var kept []string
		for one, err := range s.Situations(t.Context(), time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, one.Event.ID)
		}
		slices.Sort(kept)
		return kept
	}
	retain := func(r store.Retention, at time.Time) time.Time {
		t.Helper()
		next, err := s.Retain(t.Context(), r, at)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	everyMail, everySituation := mails(), situations()

	equal(t, "next after keeping everything", retain(store.Retention{}, now.Add(-3*aDay)), now.Add(-2*aDay))
	equal(t, "mails when all are kept for ever", mails(), everyMail)
	equal(t, "situations when all are kept for ever", situations(), everySituation)

	r := store.Retention{Raw: 90 * aDay, Situations: 400 * aDay}
	equal(t, "next when it is not due yet", retain(r, now.Add(-3*aDay+time.Hour)), now.Add(-2*aDay))
	equal(t, "mails before it is due", mails(), everyMail)

	equal(t, "next after days that were missed", retain(r, now), now.Add(aDay))
	equal(t, "mails", mails(), []string{"young", "undecided", "aside", "proposed", "pending"})
	equal(t, "situations", situations(), []string{"armed", "old", "pending", "proposed", "young"})
	raw, from, err := s.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "from when on all mails are kept", raw, now.Add(-90*aDay))
	equal(t, "from when on all situations are kept", from, now.Add(-400*aDay))

	decisions, err := s.Decisions(t.Context(), "older")
	if err != nil || len(decisions) != 1 {
		t.Fatalf("the decision whose situation is not kept: %v, %v", decisions, err)
	}
	if _, err := s.SettingsOf(t.Context(), decisions[0]); !errors.Is(err, store.ErrRemoved) {
		t.Errorf("its settings: %v, want %v", err, store.ErrRemoved)
	}
	if _, err := s.Mail(t.Context(), "nobody"); err == nil || errors.Is(err, store.ErrRemoved) {
		t.Errorf("a mail that never came: %v", err)
	}
	if v := verified(t, name, ""); v.Fault != "" || v.Decisions != 6 {
		t.Errorf("the chain: %+v", v)
	}
	t.Run("a clock set back removes nothing, and a day later than ever it goes on", func(t *testing.T) {
		retain(r, now.AddDate(-1, 0, 0))
		equal(t, "mails", mails(), []string{"young", "undecided", "aside", "proposed", "pending"})
		retain(r, now.Add(11*aDay))
		equal(t, "mails 11 days later", mails(), []string{"undecided", "aside", "proposed", "pending"})
	})
}
