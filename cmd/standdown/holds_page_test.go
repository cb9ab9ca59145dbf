package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
)

// TestWhatAHoldWouldDoIsWhatItThenDoes asks on a client's page what each change
// of the hold in the story would bring about, before it is made: nothing is
// written for that, and what was told comes true.
func TestWhatAHoldWouldDoIsWhatItThenDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a daemon and a world")
	}
	h := openHouse(t, nil)
	people, err := h.world.Org.Query("SELECT Id FROM Contact WHERE Name = 'Harold Finch'")
	if err != nil || len(people) != 1 {
		t.Fatal(people, err)
	}
	page := h.url + "/holds/" + people[0]["Id"].(string)
	// stands is how the visits stand, or would, by name.
	stands := func(query string) (is, would map[string]string) {
		t.Helper()
		var all []struct{ Name, Is, Would string }
		if body := fetch(t, page+"?format=json&"+query); json.Unmarshal([]byte(body), &all) != nil || len(all) == 0 {
			t.Fatalf("%s: %s", query, body)
		}
		is, would = map[string]string{}, map[string]string{}
		for _, v := range all {
			is[v.Name], would[v.Name] = v.Is, v.Would
		}
		return is, would
	}
	for _, step := range []struct {
		act, hold, start, back string
		says                   []string
	}{
		{"Harold Finch goes away", "on", "2026-03-10", "2026-04-07", []string{"On hold from Tue 10 Mar 2026", "cancelled for the hold", "decided"}},
		{"He leaves a week later", "on", "2026-03-17", "2026-04-07", []string{"given back to its worker"}},
		{"Then he stays after all", "off", "", "", []string{"open: its worker cannot come", "Not on hold"}},
	} {
		t.Run(step.act, func(t *testing.T) {
			org, entries := h.world.Org.Dump(), entriesOf(t, h.journal)
			asked := url.Values{"hold": {step.hold}, "start": {step.start}, "return": {step.back}}.Encode()
			was, would := stands(asked)
			if body := fetch(t, page+"?"+asked); !strings.Contains(body, "Nothing was written.") || !strings.Contains(body, "As the org has it now.") {
				t.Errorf("the page tells nothing:\n%s", body)
			}
			if diff := cmp.Diff(org, h.world.Org.Dump()); diff != "" {
				t.Errorf("asking has changed the org (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(entries, entriesOf(t, h.journal)); diff != "" {
				t.Errorf("asking has changed the journal (-before +after):\n%s", diff)
			}
			if cmp.Equal(was, would) {
				t.Error("it would change nothing")
			}
			if err := h.play(t.Context(), scene(t, step.act)[0]); err != nil {
				t.Fatal(err)
			}
			is, _ := stands("")
			if diff := cmp.Diff(would, is); diff != "" {
				t.Errorf("what was told has not come true (-told +is):\n%s", diff)
			}
			body := fetch(t, page)
			for _, want := range step.says {
				if !strings.Contains(body, want) {
					t.Errorf("afterwards the page does not say %q", want)
				}
			}
		})
	}
	if list := fetch(t, h.url+"/holds?search=finch"); !strings.Contains(list, "Harold Finch") || !strings.Contains(list, "no hold any more") {
		t.Errorf("the list of holds does not have him:\n%s", list)
	}
	if again := fetch(t, h.url+"/rules?replay=100"); !strings.Contains(again, " 0 differently.") {
		t.Errorf("what was decided would be decided otherwise:\n%s", again)
	}
	if examples := fetch(t, h.url+"/rules/on_hold.visit"); !strings.Contains(examples, "testdata/on_hold.yaml, line ") {
		t.Errorf("there are no examples:\n%s", examples)
	}
}

// entriesOf is the outbox, whole.
func entriesOf(t *testing.T, journal *store.Store) []store.Entry {
	t.Helper()
	all, err := journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
