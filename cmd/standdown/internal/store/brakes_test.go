package store_test

import (
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestBrakes(t *testing.T) { storetest.Each(t, testBrakes) }

func testBrakes(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	event(t, s, "e1", now, client)
	commit(t, s, "e1", store.Pending, map[string][]string{"j1": {"a1"}})
	claimed := func() []string {
		keys, token, entries := claim(t, s, now)
		for _, e := range entries { // give it back
			if err := s.Settle(ctx, token, []store.Settlement{{ID: e.ID, Signal: store.Failed}}, now); err != nil {
				t.Fatal(err)
			}
		}
		return keys
	}
	for _, test := range []struct {
		brake string
		want  []string
	}{{store.AllSystems, []string{}}, {"salesforce", []string{}}, {"mail", []string{"a1"}}} {
		b := store.Brake{Name: test.brake, At: now, Who: "dana", Reason: "a storm"}
		if err := s.Pause(ctx, b); err != nil {
			t.Fatal(err)
		}
		equal(t, "claimed with the brake "+test.brake, claimed(), test.want)
		on, err := s.Brakes(ctx)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "brakes", on, []store.Brake{b})
		if err := s.Pause(ctx, b); err == nil || !strings.Contains(err.Error(), "paused already, since 2026-03-03T14:00:00Z by dana: a storm") {
			t.Errorf("pausing twice: %v", err)
		}
		if err := s.Resume(ctx, store.Brake{Name: "other", Who: "dana", At: now}); err == nil || !strings.Contains(err.Error(), test.brake+" is, since") {
			t.Errorf("resuming another: %v", err)
		}
		if err := s.Resume(ctx, b); err != nil {
			t.Fatal(err)
		}
		equal(t, "claimed without", claimed(), []string{"a1"})
	}
	if err := s.Resume(ctx, store.Brake{Name: "all", Who: "dana", At: now}); err == nil {
		t.Error("what is not paused could be resumed")
	}
	acts, err := s.Acts(ctx, "")
	if err != nil || len(acts) != 6 || acts[0].Act != "pause" || acts[1].Act != "resume" || acts[1].Who != "dana" {
		t.Errorf("acts %v, %v; want each pause and resume", acts, err)
	}
}
