package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// taking is what a plan says about a client's visits: one change of each.
func taking(id, contact string, state store.State, visits ...string) store.Taking {
	e := rules.Event{ID: id, Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: contact}}
	t := store.Taking{
		Source: "salesforce",
		Arrival: store.Arrival{
			Ref: connectors.Ref{Kind: "Contact", ID: contact}, Subject: e.Subject, ID: id, Kind: e.Kind, At: now, Event: &e, State: store.New,
			Watched: "on hold", Author: "005Lou", New: true,
		},
		Verdict: store.Verdict{Event: store.Event{Event: e}, Ceilings: store.Ceilings{Run: 3}},
	}
	for _, visit := range visits {
		t.Verdict.Decisions = append(t.Verdict.Decisions, rules.Decision{Table: "on_hold.visit", Row: "H1", Subject: rules.Ref{Kind: "job", ID: visit}})
		t.Verdict.Writes = append(t.Verdict.Writes, []store.Write{{
			System: "salesforce", Verb: "cancel-job", State: state, Change: connectors.Change{Key: id + visit, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: visit}},
		}})
	}
	return t
}

func TestTakeUp(t *testing.T) { storetest.Each(t, testTakeUp) }

func testTakeUp(t *testing.T, fresh storetest.Fresh) {
	takeUp := func(t *testing.T, s *store.Store, up store.TakingUp, all ...store.Taking) []store.Taken {
		t.Helper()
		up.Run, up.Who, up.Plan, up.Looked = store.PlanRun("abc"), "dana", "plan of today", now
		taken, err := s.TakeUp(t.Context(), up, all, now)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	refused := func(t *testing.T, s *store.Store, want error, one store.Taking) {
		t.Helper()
		before := states(t, s)
		if taken := takeUp(t, s, store.TakingUp{}, one); !errors.Is(taken[0].Err, want) {
			t.Errorf("got %v, want %v", taken[0].Err, want)
		}
		equal(t, "entries", states(t, s), before)
	}

	t.Run("it is in the journal as if it had been read and decided", func(t *testing.T) {
		s, ctx := open(t, fresh)
		takeUp(t, s, store.TakingUp{}, taking("e1", "A", store.Pending, "j1"), taking("e2", "B", store.Proposed, "j2"))
		equal(t, "entries", states(t, s), map[string]store.State{"e1j1": store.Pending, "e2j2": store.Proposed})
		ev, err := s.EventNamed(ctx, "e1")
		if err != nil || ev.State != store.Decided || ev.Author != "005Lou" || ev.Source != "salesforce" || ev.Replanned() {
			t.Errorf("event %+v, %v", ev, err)
		}
		// The same values again are no arrival, whether or not the first read is over.
		same := taking("e3", "A", store.Pending).Arrival
		equal(t, "fresh", take(t, s, "salesforce", store.Reading{ReadAt: now}, same), 0)
		v, err := s.Verify(ctx, "")
		if err != nil || v.Fault != "" {
			t.Errorf("the chain: %+v, %v", v, err)
		}
		acts, err := s.Acts(ctx, "")
		if err != nil || len(acts) != 1 || acts[0].Act != "apply" || acts[0].Who != "dana" || acts[0].Reason != "plan of today: 2 records" {
			t.Errorf("acts %+v, %v", acts, err)
		}
	})
	t.Run("what was taken note of without being acted upon is acted upon", func(t *testing.T) {
		s, _ := open(t, fresh)
		one := taking("e1", "A", store.Pending, "j1")
		take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, one.Arrival)
		takeUp(t, s, store.TakingUp{}, one)
		equal(t, "entries", states(t, s), map[string]store.State{"e1j1": store.Pending})
	})
	t.Run("what is in hand is left alone", func(t *testing.T) {
		s, _ := open(t, fresh)
		one := taking("e1", "A", store.Pending, "j1")
		takeUp(t, s, store.TakingUp{}, one)
		refused(t, s, store.ErrInHand, one)
		refused(t, s, store.ErrInHand, taking("e2", "A", store.Pending, "j2")) // about the same client
	})
	t.Run("what the journal is about to decide otherwise, or is changing, is left alone", func(t *testing.T) {
		s, _ := open(t, fresh)
		event(t, s, "e0", now, client)
		refused(t, s, store.ErrBusy, taking("e1", client.ID, store.Pending, "j1"))
		commit(t, s, "e0", store.Pending, map[string][]string{"j1": {"k1"}})
		refused(t, s, store.ErrBusy, taking("e2", "B", store.Pending, "j1"))
	})
	t.Run("what was changed since it was looked at is left alone", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e0", now, client)
		commit(t, s, "e0", store.Pending, map[string][]string{"j1": {"k1"}})
		_, token, entries := claim(t, s, now)
		if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Applied}}, now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		one := taking("e1", "B", store.Pending, "j1")
		refused(t, s, store.ErrBusy, one)
		up := store.TakingUp{Run: store.PlanRun("later"), Looked: now.Add(2 * time.Second)}
		if taken, err := s.TakeUp(ctx, up, []store.Taking{one}, up.Looked); err != nil || taken[0].Err != nil {
			t.Error(taken, err)
		}
	})
	t.Run("what would wait for another's comment, which only a daemon makes, is left alone", func(t *testing.T) {
		s, _ := open(t, fresh)
		said := taking("e0", "A", store.Pending, "j1")
		said.Verdict.Writes[0][0].Change.Op = connectors.Post
		up := store.TakingUp{Run: store.PlanRun("other")}
		if taken, err := s.TakeUp(t.Context(), up, []store.Taking{said}, now); err != nil || taken[0].Err != nil {
			t.Fatal(taken, err)
		}
		refused(t, s, store.ErrBusy, taking("e1", "B", store.Pending, "j1"))
		mail := taking("e2", "C", store.Pending, "j1")
		mail.Verdict.Writes[0][0].System = "mail" // does not wait for it
		if taken := takeUp(t, s, store.TakingUp{}, mail); taken[0].Err != nil {
			t.Error(taken[0].Err)
		}
	})
	t.Run("the first read takes what a plan was applied to for changed, and nothing else", func(t *testing.T) {
		s, _ := open(t, fresh)
		takeUp(t, s, store.TakingUp{}, taking("e1", "A", store.Pending, "j1"))
		event(t, s, "e0", now, client) // and is decided, as what a mail asks for
		commit(t, s, "e0", store.Proposed, map[string][]string{"j2": {"k2"}})
		first := store.Reading{Baseline: true, BaselineAt: now, ReadAt: now}
		for visit, want := range map[string]int{"j1": 1, "j2": 0} {
			arrival := taking("f"+visit, visit, store.Pending).Arrival
			arrival.Subject, arrival.New = rules.Ref{Kind: "job", ID: visit}, false
			equal(t, "fresh of "+visit, take(t, s, "org", first, arrival), want)
		}
	})
	t.Run("two of it that change the same record are not done at once", func(t *testing.T) {
		s, _ := open(t, fresh)
		taken := takeUp(t, s, store.TakingUp{}, taking("e1", "A", store.Pending, "j1"), taking("e2", "B", store.Pending, "j1"), taking("e3", "C", store.Pending, "j3"))
		if taken[0].Err != nil || !errors.Is(taken[1].Err, store.ErrBusy) || taken[2].Err != nil {
			t.Errorf("taken %v", taken)
		}
		equal(t, "entries", states(t, s), map[string]store.State{"e1j1": store.Pending, "e3j3": store.Pending})
	})
	t.Run("a ceiling holds all of it, and whoever applies it does not approve what is held", func(t *testing.T) {
		s, ctx := open(t, fresh)
		takeUp(t, s, store.TakingUp{Approver: &store.Checker{Name: "dana"}}, taking("e1", "A", store.Pending, "j1", "j2"), taking("e2", "B", store.Pending, "j3", "j4"))
		equal(t, "entries", counts(t, s), map[store.State]int{store.Proposed: 4})
		if hold, err := s.Held(ctx, store.PlanRun("abc")); err != nil || hold == nil || hold.Entries != 4 {
			t.Errorf("hold %+v, %v", hold, err)
		}
	})
	t.Run("who applies it may approve it, but for what goes back to himself", func(t *testing.T) {
		s, _ := open(t, fresh)
		taken := takeUp(t, s, store.TakingUp{Approver: &store.Checker{Name: "dana"}}, taking("e1", "A", store.Proposed, "j1"))
		equal(t, "entries", states(t, s), map[string]store.State{"e1j1": store.Pending})
		equal(t, "unapproved", taken[0].Unapproved, "")
		taken = takeUp(t, s, store.TakingUp{Approver: &store.Checker{Name: "lou", Users: []string{"005Lou"}}}, taking("e2", "B", store.Proposed, "j2"))
		equal(t, "entries", states(t, s), map[string]store.State{"e1j1": store.Pending, "e2j2": store.Proposed})
		if !strings.Contains(taken[0].Unapproved, "somebody else must approve it") {
			t.Errorf("unapproved: %q", taken[0].Unapproved)
		}
	})
	t.Run("it can be delivered alone", func(t *testing.T) {
		s, ctx := open(t, fresh)
		event(t, s, "e0", now, client)
		commit(t, s, "e0", store.Pending, map[string][]string{"j0": {"k0"}})
		takeUp(t, s, store.TakingUp{}, taking("e1", "B", store.Pending, "j1"))
		moving, err := s.RunMoving(ctx, store.PlanRun("abc"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "moving", moving, map[string]int{"salesforce": 1})
		entries, token, err := s.ClaimRun(store.PlanRun("abc"))(ctx, "salesforce", 10, now, time.Minute)
		if err != nil || len(entries) != 1 || entries[0].Key != "e1j1" {
			t.Fatalf("claimed %+v, %v", entries, err)
		}
		t.Run("and what changed meanwhile is decided again as something else", func(t *testing.T) {
			if err := s.Settle(ctx, token, []store.Settlement{{ID: entries[0].ID, Signal: store.Changed}}, now); err != nil {
				t.Fatal(err)
			}
			ev, err := s.EventNamed(ctx, "e1")
			if err != nil || ev.State != store.New || !ev.Replanned() || ev.Run == store.PlanRun("abc") {
				t.Errorf("event %+v, %v", ev, err)
			}
		})
	})
	t.Run("the first read of all acts on what comes after it, of that record only", func(t *testing.T) {
		s, _ := open(t, fresh)
		takeUp(t, s, store.TakingUp{}, taking("e1", "A", store.Pending, "j1"))
		same, other := taking("e2", "A", store.Pending).Arrival, taking("e3", "B", store.Pending).Arrival
		equal(t, "fresh at first", take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, same, other), 0)
		changed, also := taking("e4", "A", store.Pending).Arrival, taking("e5", "B", store.Pending).Arrival
		changed.Watched, also.Watched = "not on hold", "not on hold"
		equal(t, "fresh then", take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, changed, also), 1)
		// What it decided about has changed because of it.
		e := rules.Event{ID: "e6", Kind: "job.changed", At: now, Subject: rules.Ref{Kind: "job", ID: "j1"}}
		visit := store.Arrival{Ref: connectors.Ref{Kind: "Job", ID: "j1"}, Subject: e.Subject, ID: e.ID, Kind: e.Kind, At: now, Event: &e, State: store.New, Watched: "cancelled"}
		equal(t, "fresh of its visits", take(t, s, "salesforce", store.Reading{Baseline: true, ReadAt: now}, visit), 1)
	})
}
