package store_test

import (
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/rules"
)

func TestSituations(t *testing.T) { storetest.Each(t, testSituations) }

func testSituations(t *testing.T, fresh storetest.Fresh) {
	s, ctx := open(t, fresh)
	client := rules.Ref{Kind: "client", ID: "C1"}
	decide := func(id string, generation int, at time.Time, rows ...string) {
		t.Helper()
		v := store.Verdict{
			Event:    store.Event{Event: rules.Event{ID: id, Kind: rules.HoldChanged, At: at, Subject: client}, Generation: generation},
			Snapshot: rules.Snapshot{Client: &rules.Client{ID: "C1", Name: id}}, Settings: rules.Defaults(), Writes: make([][]store.Write, len(rows)),
		}
		v.Settings.OnHold.NearHours = generation
		for _, row := range rows {
			v.Decisions = append(v.Decisions, rules.Decision{Table: "on_hold.hold", Row: row, Subject: client})
		}
		if err := s.Commit(ctx, v, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"e1", "e2", "e3"} {
		event(t, s, id, now, client)
	}
	decide("e1", 0, now, "W1")
	decide("e2", 0, now.Add(time.Hour), "W2", "W4")
	decide("e3", 0, now.Add(2*time.Hour))
	if err := s.Replay(ctx, rules.Event{ID: "e2", Kind: rules.HoldChanged, At: now.Add(time.Hour), Subject: client}, "ann", now); err != nil {
		t.Fatal(err)
	}
	decide("e2", 1, now.Add(3*time.Hour), "W5", "W3")

	t.Run("each event comes as it was decided last, in that order", func(t *testing.T) {
		var got []string
		for one, err := range s.Situations(ctx, now.Add(time.Minute)) {
			if err != nil {
				t.Fatal(err)
			}
			line := one.Event.ID + " " + one.At.Format(time.TimeOnly) + " " + one.Snapshot.Client.Name
			for _, d := range one.Decisions {
				line += " " + d.Row
			}
			got = append(got, line)
		}
		equal(t, "situations", got, []string{"e3 16:00:00 e3", "e2 17:00:00 e2 W5 W3"})
	})
	t.Run("a loop may end early", func(t *testing.T) {
		for range s.Situations(ctx, time.Time{}) {
			break
		}
		if _, err := s.Quiet(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("a decision's settings are those of its generation", func(t *testing.T) {
		decisions, err := s.Decisions(ctx, "e2")
		if err != nil {
			t.Fatal(err)
		}
		var hours []int
		for _, d := range decisions {
			settings, err := s.SettingsOf(ctx, d)
			if err != nil {
				t.Fatal(err)
			}
			hours = append(hours, settings.OnHold.NearHours)
		}
		equal(t, "near_hours", hours, []int{0, 0, 1, 1})
	})
	t.Run("a decision without a situation is an error", func(t *testing.T) {
		if _, err := s.SettingsOf(ctx, store.Decision{ID: "D1", Event: "e9"}); err == nil {
			t.Error("no error")
		}
	})
}
