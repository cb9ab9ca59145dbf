package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// plain words things as plainly as can be.
type plain struct{}

func (plain) Ask(_ store.Verdict, id string, proposed []store.Entry) store.Write {
	return opens(fmt.Sprintf("%s: %d", id, len(proposed)))
}

func (plain) AskAll(h store.Hold, some []store.Entry) store.Write {
	return opens(fmt.Sprintf("%s: %d of %d", h.ID, len(some), h.Entries))
}

func (plain) End(key, word, how string) []store.Write {
	return []store.Write{{System: "salesforce", Verb: "close-case", Text: word + "|" + how, Change: connectors.Change{Op: connectors.Update, Ref: connectors.Ref{Kind: "Case", ID: "@" + key}}}}
}

func (plain) Refuse(c connectors.Ref, word, why string) store.Write { return says(c, word+": "+why) }

func (plain) Found(c connectors.Ref, v store.Verdict) store.Write {
	return says(c, v.Decisions[0].Row)
}

func says(c connectors.Ref, text string) store.Write {
	return store.Write{System: "salesforce", Verb: "post-comment", Text: text, Change: connectors.Change{Op: connectors.Post, Ref: c}}
}

func opens(text string) store.Write {
	return store.Write{System: "salesforce", Verb: "ask-approval", Text: text, Change: connectors.Change{Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}}}
}

// propose decides the event about the client: two changes are proposed, and a
// comment follows them.
func propose(t *testing.T, s *store.Store, id string, states ...store.State) (decision string) {
	t.Helper()
	events, err := s.Undecided(t.Context(), now.Add(time.Hour), 100)
	if err != nil || len(events) != 1 || events[0].ID != id {
		t.Fatalf("to be decided are %+v, %v", events, err)
	}
	e := events[0]
	v := store.Verdict{Event: e, Clerk: plain{}, AskInCases: true, Decisions: []rules.Decision{{Table: "t", Row: "r", Subject: e.Subject}}, Writes: [][]store.Write{nil}}
	for i, state := range states {
		key := fmt.Sprintf("%s-%d", id, i)
		v.Writes[0] = append(v.Writes[0], store.Write{
			System: "salesforce", Verb: "cancel-job", State: state, Text: key, Expires: now.Add(24 * time.Hour),
			Change: connectors.Change{Key: key, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: key}},
		})
	}
	if err := s.Commit(t.Context(), v, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	return store.DecisionID(id, e.Generation, 0)
}

// wrote are the texts of what was put into the outbox by the verb, with where
// it is.
func wrote(t *testing.T, s *store.Store, verb string) []string {
	t.Helper()
	entries, err := s.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, e := range entries {
		if e.Verb == verb {
			all = append(all, string(e.State)+" "+e.Text)
		}
	}
	return all
}

// delivered has what is due delivered, a case too, and returns the key by which it was made.
func delivered(t *testing.T, s *store.Store) (key string) {
	t.Helper()
	_, token, entries := claim(t, s, now)
	var settlements []store.Settlement
	for _, e := range entries {
		if e.Verb == "ask-approval" || e.Verb == "hold-for-review" {
			key = e.Key
		}
		settlements = append(settlements, store.Settlement{ID: e.ID, Signal: store.Applied, Outcome: store.Outcome{Ref: connectors.Ref{Kind: "Case", ID: "500A"}}})
	}
	if key == "" {
		t.Fatalf("no case is delivered, but %d others", len(entries))
	}
	if err := s.Settle(t.Context(), token, settlements, now); err != nil {
		t.Fatal(err)
	}
	return key
}

const elena = "005000000000001AAA"

// answer has somebody answer in the case, and returns why that is refused.
func answer(t *testing.T, s *store.Store, id, key, says string, by store.Checker) (refusal string) {
	t.Helper()
	arrives := store.Arrival{
		Ref: connectors.Ref{Kind: "Case", ID: "500A"}, Subject: rules.Ref{Kind: "case", ID: "500A"}, ID: id, Kind: store.KindAnswer, At: now, State: store.New, Adopt: true, Watched: id, Author: elena,
		Event:  &rules.Event{ID: id, Kind: store.KindAnswer, At: now, Subject: rules.Ref{Kind: "case", ID: "500A"}},
		Answer: &store.Answer{Case: connectors.Ref{Kind: "Case", ID: "500A"}, Key: key, Says: says, Word: strings.ToUpper(says), Reason: "because", User: elena, Name: "Elena"},
	}
	if by.Name == "" {
		arrives.Answer.User = ""
	}
	take(t, s, "salesforce", store.Reading{ReadAt: now}, arrives)
	events, err := s.Undecided(t.Context(), now, 100)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events to decide, %v", len(events), err)
	}
	if diff := cmp.Diff(arrives.Answer, events[0].Answer); diff != "" {
		t.Errorf("answer (-read +journaled):\n%s", diff)
	}
	for range 2 { // the second time it is over
		again, err := s.Answer(t.Context(), events[0], by, plain{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if refusal == "" {
			refusal = again
		}
	}
	return refusal
}

func TestAnswers(t *testing.T) { storetest.Each(t, testAnswers) }

func testAnswers(t *testing.T, fresh storetest.Fresh) {
	by := store.Checker{Name: "Elena", Users: []string{elena}}
	asked := func(t *testing.T) (s *store.Store, decision, key string) {
		s, _ = open(t, fresh)
		event(t, s, "e1", now, client)
		decision = propose(t, s, "e1", store.Proposed, store.Proposed, store.Pending)
		return s, decision, delivered(t, s)
	}
	acts := func(t *testing.T, s *store.Store, decision string) []string {
		all, err := s.Acts(t.Context(), decision)
		if err != nil {
			t.Fatal(err)
		}
		words := []string{}
		for _, a := range all {
			words = append(words, fmt.Sprintf("%s %s %d: %s", a.Who, a.Act, a.Entry, a.Reason))
		}
		if v, err := s.Verify(t.Context(), ""); err != nil || v.Fault != "" {
			t.Errorf("the chain: %+v, %v", v, err)
		}
		return words
	}
	t.Run("approving has all of it done, once, under the name of who answered", func(t *testing.T) {
		s, d, key := asked(t)
		equal(t, "refused", answer(t, s, "a1", key, "approve", by), "")
		equal(t, "acts", acts(t, s, d), []string{"Elena approve 1: because (answered in a case)", "Elena approve 2: because (answered in a case)"})
		equal(t, "closed", wrote(t, s, "close-case"), []string{"pending APPROVE|Approved by Elena on 3 March 2026 at 14:00 UTC: because (answered in a case)"})
		equal(t, "states", states(t, s)["e1-0"], store.Pending)
		if err := s.Conclude(t.Context(), plain{}, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "told", len(wrote(t, s, "close-case")), 1)
	})
	t.Run("declining drops all of it", func(t *testing.T) {
		s, d, key := asked(t)
		equal(t, "refused", answer(t, s, "a1", key, "decline", by), "")
		equal(t, "acts", acts(t, s, d)[0], "Elena decline 2: because (answered in a case)")
		for _, k := range []string{"e1-0", "e1-1", "e1-2"} {
			equal(t, k, states(t, s)[k], store.Dropped)
		}
	})
	for _, test := range []struct {
		name, says string
		by         store.Checker
		before     func(t *testing.T, s *store.Store)
		want       string
	}{
		{"of who has caused it", "approve", by, func(t *testing.T, s *store.Store) {
			if err := s.Replay(t.Context(), rules.Event{ID: "e1", Kind: rules.HoldChanged, At: now, Subject: client}, "elena", now); err != nil {
				t.Fatal(err)
			}
			if err := s.Ignore(t.Context(), store.Event{Event: rules.Event{ID: "e1"}, Generation: 1}, ""); err != nil {
				t.Fatal(err)
			}
		}, "entry 1 goes back to Elena: somebody else must approve it (approvals.allow_own)"},
		{"that means nothing", "", by, nil, "it means nothing here (mapping.objects.case.values.answer)"},
		{"of nobody known", "approve", store.Checker{}, nil, "nobody knows who gave it"},
		{"that the case has no place for", "restore", by, nil, "the case is about no workflow"},
		{"that comes too late", "approve", by, func(t *testing.T, s *store.Store) {
			if err := s.Act(t.Context(), []int64{1}, store.Drop, "uma", "wrong", now); err != nil {
				t.Fatal(err)
			}
		}, "it came too late. Given up by uma on 3 March 2026 at 14:00 UTC: wrong"},
	} {
		t.Run("an answer "+test.name+" is refused, changes nothing, and the case says so once", func(t *testing.T) {
			s, _, key := asked(t)
			if test.before != nil {
				test.before(t, s)
			}
			before := states(t, s)
			equal(t, "refused", answer(t, s, "a1", key, test.says, test.by), test.want)
			equal(t, "told", wrote(t, s, "post-comment"), []string{"pending " + strings.ToUpper(test.says) + ": " + test.want})
			for key, state := range before {
				equal(t, key, states(t, s)[key], state)
			}
			e, err := s.EventNamed(t.Context(), "a1")
			if err != nil || e.State != store.Ignored || e.Note != test.want {
				t.Errorf("event %+v, %v", e, err)
			}
		})
	}
	t.Run("a case that the journal does not know has no answers", func(t *testing.T) {
		s, _, _ := asked(t)
		equal(t, "refused", answer(t, s, "a1", "another", "approve", by), "this journal does not know the case")
		equal(t, "told", wrote(t, s, "post-comment"), []string{})
	})
	t.Run("what is wished for in a case for review is decided like anything else, and the case says what", func(t *testing.T) {
		s, ctx := open(t, fresh)
		workflow := rules.Ref{Kind: "workflow", ID: "W1"}
		event(t, s, "e1", now, workflow)
		events, err := s.Undecided(ctx, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		review := store.Write{System: "salesforce", Verb: "hold-for-review", State: store.Pending, Change: connectors.Change{Key: "review", Op: connectors.Create, Ref: connectors.Ref{Kind: "Case"}}}
		if err := s.Commit(ctx, store.Verdict{Event: events[0], Decisions: []rules.Decision{{Table: "t", Row: "r", Subject: workflow}}, Writes: [][]store.Write{{review}}}, now); err != nil {
			t.Fatal(err)
		}
		key := delivered(t, s)
		equal(t, "approving nothing is refused", answer(t, s, "a0", key, "approve", by), "nothing was to be approved in this case")
		delivered := func() {
			_, token, entries := claim(t, s, now)
			for _, e := range entries {
				if err := s.Settle(ctx, token, []store.Settlement{{ID: e.ID, Signal: store.Applied}}, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		delivered()
		equal(t, "refused", answer(t, s, "a1", key, "restore", by), "")
		equal(t, "acts", acts(t, s, store.DecisionID("e1", 0, 0)), []string{"Elena answer 0: RESTORE: because"})
		wish, err := s.Undecided(ctx, now, 10)
		if err != nil || len(wish) != 1 {
			t.Fatalf("%d events to decide, %v", len(wish), err)
		}
		want := rules.Event{ID: "answer:a1", Kind: rules.RestoreRequested, At: now, Subject: workflow, By: "Elena", Reason: "because"}
		if diff := cmp.Diff(want, wish[0].Event); diff != "" || wish[0].Author != elena {
			t.Errorf("event (-want +got), of %s:\n%s", wish[0].Author, diff)
		}
		propose(t, s, "answer:a1", store.Proposed)
		equal(t, "told", wrote(t, s, "post-comment")[1:], []string{"pending r"})
		if err := s.Approve(ctx, []int64{3}, by, "", now); err == nil || !strings.Contains(err.Error(), "somebody else must approve it") {
			t.Errorf("who wished for it approves it: %v", err)
		}
		if err := s.Approve(ctx, []int64{3}, store.Checker{Name: "elena"}, "", now); err == nil || !strings.Contains(err.Error(), "somebody else must approve it") {
			t.Errorf("who wished for it approves it on the pages, by name: %v", err)
		}
	})
}
