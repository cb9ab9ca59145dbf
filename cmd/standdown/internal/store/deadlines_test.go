package store_test

import (
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// armed has an event that somebody caused set a deadline, and returns when it is
// due and how to have the oldest event decided.
func armed(t *testing.T, s *store.Store) (due time.Time, decide func(d rules.Decision, writes ...store.Write)) {
	t.Helper()
	due = now.Add(48 * time.Hour)
	e := rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}
	take(t, s, "salesforce", store.Reading{ReadAt: now}, store.Arrival{
		Ref: connectors.Ref{Kind: "Contact", ID: "003A"}, Subject: client, ID: "e1", Kind: e.Kind, At: now, Event: &e, State: store.New, Author: "005A",
	})
	decide = func(d rules.Decision, writes ...store.Write) {
		t.Helper()
		events, err := s.Undecided(t.Context(), due.Add(time.Hour), 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events to decide (%v), want 1", len(events), err)
		}
		if err := s.Commit(t.Context(), store.Verdict{Event: events[0], Decisions: []rules.Decision{d}, Writes: [][]store.Write{writes}}, due); err != nil {
			t.Fatal(err)
		}
	}
	decide(rearmed(due))
	return due, decide
}

func rearmed(due time.Time) rules.Decision {
	workflow := rules.Ref{Kind: "workflow", ID: "a01"}
	return rules.Decision{Table: "cancellation.finish", Row: "F4", Subject: workflow, Deadlines: []rules.Deadline{{Kind: rules.CancellationDue, Subject: workflow, At: due}}}
}

func fire(t *testing.T, s *store.Store, at time.Time) {
	t.Helper()
	if _, err := s.Fire(t.Context(), at); err != nil {
		t.Fatal(err)
	}
}

func TestADeadlineThatIsSetAnewForTheSameMomentIsNotLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, _ := open(t, fresh)
		due, decide := armed(t, s)
		fire(t, s, due)
		decide(rearmed(due)) // the clock was set back meanwhile: it is not yet due
		fire(t, s, due.Add(-time.Millisecond))
		equal(t, "to be decided before it is due", undecided(t, s), []string{})
		fire(t, s, due)
		if got := undecided(t, s); len(got) != 1 || !strings.HasPrefix(got[0], "due:") {
			t.Errorf("to be decided once it is due: %v, want the deadline's event", got)
		}
	})
}

func TestWhoSetADeadlineDoesNotApproveWhatFollows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, ctx := open(t, fresh)
		due, decide := armed(t, s)
		fire(t, s, due)
		decide(rearmed(due.Add(time.Hour))) // what was set by what somebody set
		fire(t, s, due.Add(time.Hour))
		decide(rules.Decision{Subject: client}, store.Write{System: "salesforce", State: store.Proposed, Change: connectors.Change{Key: "k"}})
		if err := s.Approve(ctx, []int64{1}, store.Checker{Name: "Kim", Users: []string{"005A"}}, "", due); err == nil {
			t.Error("who had caused it approved it")
		}
		if err := s.Approve(ctx, []int64{1}, store.Checker{Name: "Dana", Users: []string{"005D"}}, "", due); err != nil {
			t.Errorf("somebody else: %v", err)
		}
	})
}

func TestDeadlines(t *testing.T) { storetest.Each(t, testDeadlines) }

func testDeadlines(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	workflow := rules.Ref{Kind: "workflow", ID: "a01"}
	event(t, s, "e1", now, client)
	events, err := s.Undecided(ctx, now, 1)
	if err != nil {
		t.Fatal(err)
	}
	due := now.Add(48 * time.Hour)
	err = s.Commit(ctx, store.Verdict{Event: events[0], Decisions: []rules.Decision{{
		Subject: workflow, Deadlines: []rules.Deadline{{Kind: rules.CancellationDue, Subject: workflow, At: due}},
	}}, Writes: [][]store.Write{nil}}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		at   time.Time
		want int
	}{{due.Add(-time.Millisecond), 0}, {due, 1}, {due.Add(time.Hour), 0}} {
		n, err := s.Fire(ctx, step.at)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "fired at "+step.at.String(), n, step.want)
	}
	events, err = s.Undecided(ctx, due, 10)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "event", events[0].Event, rules.Event{ID: "due:cancellation.due/workflow a01@1772719200000", Kind: rules.CancellationDue, At: due, Subject: workflow})
}
