package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storetest.Tests{M: m}) }

var now = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

func open(t *testing.T, fresh storetest.Fresh) (*store.Store, context.Context) {
	t.Helper()
	s, err := store.Open(t.Context(), fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, t.Context()
}

// event takes an event in and returns it as it is to be decided.
func event(t *testing.T, s *store.Store, id string, at time.Time, subject rules.Ref) {
	t.Helper()
	e := rules.Event{ID: id, Kind: rules.HoldChanged, At: at, Subject: subject}
	take(t, s, "salesforce", store.Reading{Cursor: "c", ReadAt: now}, store.Arrival{
		Ref: connectors.Ref{Kind: "Contact", ID: subject.ID}, Subject: subject, ID: id, Kind: e.Kind, At: at, Event: &e, State: store.New, Watched: id, New: true,
	})
}

// named is the event as it is before it has been decided.
func named(id string) store.Event { return store.Event{Event: rules.Event{ID: id}} }

// take has a source read on, and returns how many events are new.
func take(t *testing.T, s *store.Store, source string, r store.Reading, arrivals ...store.Arrival) int {
	t.Helper()
	reading, err := s.Reading(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	reading.Cursor, reading.Baseline, reading.BaselineAt, reading.ReadAt = r.Cursor, r.Baseline, r.BaselineAt, r.ReadAt
	fresh, err := s.Intake(t.Context(), source, &reading, arrivals)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func undecided(t *testing.T, s *store.Store) []string {
	t.Helper()
	events, err := s.Undecided(t.Context(), now.Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

// commit decides the event: one decision about each lane, with the changes'
// keys as given.
func commit(t *testing.T, s *store.Store, id string, state store.State, lanes map[string][]string) {
	t.Helper()
	events, err := s.Undecided(t.Context(), now.Add(time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.ID != id {
			continue
		}
		v := store.Verdict{Event: e}
		for lane, keys := range lanes {
			v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: lane}})
			var writes []store.Write
			for _, key := range keys {
				writes = append(writes, store.Write{System: "salesforce", Verb: "cancel-job", State: state, Change: connectors.Change{Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: lane}}})
			}
			v.Writes = append(v.Writes, writes)
		}
		if err := s.Commit(t.Context(), v, now); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("event %s is not to be decided", id)
}

func claim(t *testing.T, s *store.Store, at time.Time) ([]string, string, []store.Entry) {
	t.Helper()
	entries, token, err := s.Claim(t.Context(), "salesforce", 100, at, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys, token, entries
}

func states(t *testing.T, s *store.Store) map[string]store.State {
	t.Helper()
	entries, err := s.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]store.State{}
	for _, e := range entries {
		all[e.Key] = e.State // of several with one key, the newest
	}
	return all
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var client = rules.Ref{Kind: "client", ID: "003A"}

func TestIntake(t *testing.T) { storetest.Each(t, testIntake) }

func testIntake(t *testing.T, fresh storetest.Fresh) {
	t.Run("the same event twice is one event", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e1", now, client)
		event(t, s, "e1", now, client)
		equal(t, "undecided", undecided(t, s), []string{"e1"})
	})
	t.Run("watched values that did not change are no event", func(t *testing.T) {
		s, _ := open(t, fresh)
		arrival := store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: "1"}, Subject: client, ID: "e1", Kind: "k", State: store.New, Watched: "v1", New: true}
		for i, watched := range []string{"v1", "v1", "v2"} {
			arrival.Watched, arrival.ID = watched, []string{"e1", "e2", "e3"}[i]
			equal(t, "fresh events for "+arrival.ID, take(t, s, "salesforce", store.Reading{ReadAt: now}, arrival), []int{1, 0, 1}[i])
		}
	})
	t.Run("a baseline is remembered and not acted upon", func(t *testing.T) {
		s, ctx := open(t, fresh)
		arrival := store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: "1"}, Subject: client, ID: "e1", Kind: "k", State: store.New, Watched: "v1", Memory: map[string]string{"hold": "on"}}
		take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, arrival)
		equal(t, "undecided", undecided(t, s), []string{})
		memory, err := store.Memory{Store: s, Event: "e1"}.Recall(ctx, []rules.Ref{client})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "memory", memory, map[rules.Ref]map[string]string{client: {"hold": "on"}})
	})
	t.Run("a baseline is over with its last part, whatever happens after", func(t *testing.T) {
		s, ctx := open(t, fresh)
		reading := store.Reading{Baseline: true, Whole: true, BaselineAt: now, ReadAt: now}
		arrival := store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: "1"}, Subject: client, ID: "e1", Kind: "k", State: store.New, Watched: "v1"}
		if _, err := s.Intake(ctx, "salesforce", &reading, []store.Arrival{arrival}); err != nil {
			t.Fatal(err)
		}
		equal(t, "undecided", undecided(t, s), []string{})
		stored, err := s.Reading(ctx, "salesforce")
		if err != nil || stored.Baseline || reading.Baseline {
			t.Errorf("baseline is stored %v, told %v (%v); want that it is over", stored.Baseline, reading.Baseline, err)
		}
	})
	t.Run("an old record that comes into sight later is remembered and not acted upon, until it changes", func(t *testing.T) {
		s, _ := open(t, fresh)
		arrival := store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: "1"}, Subject: client, Kind: "k", State: store.New, Memory: map[string]string{"hold": "on"}}
		for i, watched := range []string{"v1", "v2"} {
			arrival.ID, arrival.Watched = fmt.Sprint("e", i+1), watched
			take(t, s, "salesforce", store.Reading{ReadAt: now}, arrival)
		}
		equal(t, "undecided", undecided(t, s), []string{"e2"})
	})
	t.Run("how far a source was read is stored with what came", func(t *testing.T) {
		s, ctx := open(t, fresh)
		want := store.Reading{Cursor: "abc", Baseline: true, BaselineAt: now, ReadAt: now.Add(time.Minute)}
		take(t, s, "mailbox", want)
		got, err := s.Reading(ctx, "mailbox")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(store.Reading{})); diff != "" {
			t.Errorf("reading (-want +got):\n%s", diff)
		}
	})
	t.Run("of two daemons that read the same, the second stores nothing", func(t *testing.T) {
		s, ctx := open(t, fresh)
		mine, err := s.Reading(ctx, "salesforce")
		if err != nil {
			t.Fatal(err)
		}
		theirs := mine
		arrival := store.Arrival{Ref: connectors.Ref{Kind: "Contact", ID: "1"}, Subject: client, ID: "e1", Kind: "k", State: store.New, Watched: "v1", New: true}
		mine.Cursor, mine.ReadAt = "b", now
		if _, err := s.Intake(ctx, "salesforce", &mine, []store.Arrival{arrival}); err != nil {
			t.Fatal(err)
		}
		theirs.Cursor, theirs.ReadAt, arrival.ID, arrival.Watched = "a", now, "e2", "v0"
		if _, err := s.Intake(ctx, "salesforce", &theirs, []store.Arrival{arrival}); !errors.Is(err, store.ErrOvertaken) {
			t.Errorf("the slower daemon got %v, want ErrOvertaken", err)
		}
		equal(t, "undecided", undecided(t, s), []string{"e1"})
		mine.Cursor = "c"
		if _, err := s.Intake(ctx, "salesforce", &mine, nil); err != nil {
			t.Errorf("the faster one reads on: %v", err)
		}
	})
}

func TestCommit(t *testing.T) { storetest.Each(t, testCommit) }

func testCommit(t *testing.T, fresh storetest.Fresh) {
	t.Run("of two daemons that decide the same event, the second stores nothing", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		events, err := s.Undecided(ctx, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"k1"}})
		if err := s.Commit(ctx, store.Verdict{Event: events[0]}, now); !errors.Is(err, store.ErrOvertaken) {
			t.Errorf("got %v, want ErrOvertaken", err)
		}
	})
	t.Run("what is decided about a record that is being changed is not stored", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		event(t, s, "e2", now, rules.Ref{Kind: "client", ID: "003B"})
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"k1"}})
		events, err := s.Undecided(ctx, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		v := store.Verdict{Event: events[0], Decisions: []rules.Decision{{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: "j1"}}}, Writes: make([][]store.Write, 1)}
		if err := s.Commit(ctx, v, now); !errors.Is(err, store.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		_, token, entries := claim(t, s, now)
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Applied}}, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, v, now); !errors.Is(err, store.ErrBusy) {
			t.Errorf("after the change, on a look before it: got %v, want ErrBusy", err)
		}
		if err := s.Commit(ctx, v, now.Add(time.Second)); err != nil {
			t.Errorf("on a look after the change: %v", err)
		}
	})
}

func TestMemory(t *testing.T) { storetest.Each(t, testMemory) }

func testMemory(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	recall := func(event string) string {
		all, err := store.Memory{Store: s, Event: event}.Recall(ctx, []rules.Ref{client})
		if err != nil {
			t.Fatal(err)
		}
		return all[client]["hold"]
	}
	remember := func(id, value string) {
		events, err := s.Undecided(ctx, now.Add(time.Hour), 1)
		if err != nil || len(events) == 0 || events[0].ID != id {
			t.Fatalf("undecided %v, %v; want %s", events, err, id)
		}
		err = s.Commit(ctx, store.Verdict{Event: events[0], Writes: [][]store.Write{nil},
			Decisions: []rules.Decision{{Subject: client, Remember: map[string]string{"hold": value}}}}, now)
		if err != nil {
			t.Fatal(err)
		}
	}
	event(t, s, "e1", now, client)
	remember("e1", "on")
	event(t, s, "e2", now.Add(time.Second), client)
	equal(t, "what e2 sees at first", recall("e2"), "on")
	remember("e2", "")
	equal(t, "what e2 sees when it is decided again", recall("e2"), "on")
	equal(t, "what a later event sees", recall("e3"), "")

	event(t, s, "e3", now.Add(2*time.Second), client)
	other := rules.Ref{Kind: "client", ID: "003B"}
	together := s.Memories(ctx, []store.Event{
		{Event: rules.Event{ID: "e2", Subject: client}}, {Event: rules.Event{ID: "e3", Subject: client}}, {Event: rules.Event{ID: "e4", Subject: other}}})
	seen := func(i int, subjects ...rules.Ref) string {
		all, err := together[i].Recall(ctx, subjects)
		if err != nil {
			t.Fatal(err)
		}
		return all[subjects[0]]["hold"]
	}
	equal(t, "what e2 sees among others", seen(0, client), "on")
	remember("e3", "off")
	equal(t, "what e3 sees, who looks later, by the same reading", seen(1, client), "")
	equal(t, "what e4 sees of its own", seen(2, other), "")
	equal(t, "what e4 sees of others than the events are about, by a reading of its own", seen(2, client, rules.Ref{Kind: "client", ID: "003C"}), "off")
}

func TestPeople(t *testing.T) { storetest.Each(t, testPeople) }

func testPeople(t *testing.T, fresh storetest.Fresh) {
	proposed := func(t *testing.T) (*store.Store, []store.Entry) {
		s, ctx := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Proposed, map[string][]string{"j1": {"a1", "a2"}})
		entries, err := s.Entries(ctx, store.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return s, entries
	}
	t.Run("what is proposed is not claimed until it is approved", func(t *testing.T) {
		s, entries := proposed(t)
		if keys, _, _ := claim(t, s, now); len(keys) > 0 {
			t.Errorf("claimed %v", keys)
		}
		if err := s.Act(t.Context(), []int64{entries[0].ID}, store.Approve, "dana", "she called", now); err != nil {
			t.Fatal(err)
		}
		keys, _, _ := claim(t, s, now)
		equal(t, "claimed", keys, []string{"a1"})
		acts, err := s.Acts(t.Context(), entries[0].Decision)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "acts", acts, []store.Act{{At: now, Who: "dana", Act: "approve", Entry: entries[0].ID, Decision: entries[0].Decision, Reason: "she called"}})
	})
	t.Run("declining takes what should have followed with it", func(t *testing.T) {
		s, entries := proposed(t)
		if err := s.Act(t.Context(), []int64{entries[0].ID}, store.Decline, "dana", "", now); err != nil {
			t.Fatal(err)
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Dropped, "a2": store.Dropped})
	})
	t.Run("an act that is not possible changes nothing and says what is", func(t *testing.T) {
		s, entries := proposed(t)
		err := s.Act(t.Context(), []int64{entries[0].ID, entries[1].ID}, store.Retry, "dana", "", now)
		if err == nil || !strings.Contains(err.Error(), "stuck or unknown") {
			t.Errorf("got %v, want an error that names stuck or unknown", err)
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Proposed, "a2": store.Proposed})
	})
	t.Run("what comes behind a proposal holds up nobody", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e1", now, client)
		commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1", "a2"}})
		_, token, entries := claim(t, s, now)
		if err := s.Settle(t.Context(), token, []store.Settlement{{ID: entries[0].ID, Signal: store.Refused}}, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Stuck, "a2": store.Pending})
		if quiet, err := s.Quiet(t.Context()); err != nil || !quiet {
			t.Errorf("quiet is %v, %v; want true, for a2 waits for a person as well", quiet, err)
		}
		event(t, s, "e2", now.Add(time.Second), client)
		equal(t, "undecided", undecided(t, s), []string{"e2"})
		commit(t, s, "e2", store.Pending, map[string][]string{"j1": {"c1"}})
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Stale, "a2": store.Stale, "c1": store.Pending})
		keys, _, _ := claim(t, s, now)
		equal(t, "claimed", keys, []string{"c1"})
	})
	t.Run("a later change makes a proposal stale", func(t *testing.T) {
		s, _ := proposed(t)
		event(t, s, "e2", now.Add(time.Second), client)
		commit(t, s, "e2", store.Proposed, map[string][]string{"j1": {"c1"}})
		equal(t, "states", states(t, s), map[string]store.State{"a1": store.Stale, "a2": store.Stale, "c1": store.Proposed})
	})
}

func TestOneDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if _, err := store.OpenBeside(t.Context(), path); err == nil || !strings.Contains(err.Error(), "no journal") {
		t.Errorf("before the first daemon: got %v, want to be told that there is no journal", err)
	}
	daemon, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	if _, err := store.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another daemon") {
		t.Errorf("the second daemon got %v, want to be refused", err)
	}
	beside, err := store.OpenBeside(t.Context(), path)
	if err != nil {
		t.Fatalf("a person beside the daemon: %v", err)
	}
	beside.Close()
}
