package store_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/storetest"
)

// exported returns the lines of an export by their types.
func exported(t *testing.T, text []byte) map[string][]map[string]any {
	t.Helper()
	all := map[string][]map[string]any{}
	for line := range bytes.Lines(text) {
		var one map[string]any
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		kind, _ := one["type"].(string)
		all[kind] = append(all[kind], one)
	}
	return all
}

func TestExport(t *testing.T) { storetest.Each(t, testExport) }

func testExport(t *testing.T, fresh storetest.Fresh) {
	name := history(t, fresh)
	s, err := store.OpenBeside(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Key = key(t, newIdentity(t))
	cancels(t, s, "m1", "ana.alvarez@example.com", "Ana Alvarez", store.Proposed)
	cancels(t, s, "m2", "joe@example.com", "Joe", store.Dropped)
	var text bytes.Buffer
	done, err := s.Export(t.Context(), &text, time.Time{}, false, now)
	if err != nil {
		t.Fatal(err)
	}
	v := verified(t, name, "")
	all := exported(t, text.Bytes())

	t.Run("every decision and act that the chain knows is there exactly once", func(t *testing.T) {
		var ids []string
		for _, d := range all["decision"] {
			ids = append(ids, d["id"].(string))
		}
		slices.Sort(ids)
		equal(t, "decisions that differ", int64(len(slices.Compact(ids))), v.Decisions)
		equal(t, "decisions", int64(len(all["decision"])), v.Decisions)
		equal(t, "acts", int64(len(all["act"])), v.Acts)
	})
	t.Run("the last line has the figures, which are those of the lines", func(t *testing.T) {
		end := all["end"]
		if len(end) != 1 || !strings.Contains(text.String()[strings.LastIndex(strings.TrimSpace(text.String()), "\n"):], `"type":"end"`) {
			t.Fatalf("the end: %v", end)
		}
		equal(t, "counted", done, store.Exported{Events: 6, Decisions: 7, Entries: 8, Acts: 3})
		equal(t, "the head", end[0]["head"], any(v.Head))
		for kind, n := range map[string]int64{"event": done.Events, "decision": done.Decisions, "entry": done.Entries, "act": done.Acts, "mail": 0} {
			equal(t, kind, int64(len(all[kind])), n)
		}
	})
	t.Run("a decision has its facts, an entry its change and state", func(t *testing.T) {
		at := slices.IndexFunc(all["decision"], func(d map[string]any) bool { return d["event"] == "m1" })
		facts := all["decision"][at]["decision"].(map[string]any)["facts"].([]any)
		equal(t, "the fact", facts[0].(map[string]any)["reason"], any("Ana Alvarez <ana.alvarez@example.com> signed"))
		at = slices.IndexFunc(all["entry"], func(e map[string]any) bool { return e["event"] == "m1" })
		equal(t, "the state", all["entry"][at]["state"], any("proposed"))
		equal(t, "the field", all["entry"][at]["change"].(map[string]any)["fields"].(map[string]any)["Body"], any("Dear Ana Alvarez"))
	})
	t.Run("a second time it is the same", func(t *testing.T) {
		var again bytes.Buffer
		if _, err := s.Export(t.Context(), &again, time.Time{}, false, now); err != nil {
			t.Fatal(err)
		}
		equal(t, "the export", again.String(), text.String())
	})
	t.Run("with the mails as they came, opened", func(t *testing.T) {
		var text bytes.Buffer
		done, err := s.Export(t.Context(), &text, time.Time{}, true, now)
		if err != nil || done.Mails != 2 {
			t.Fatalf("got %+v, %v", done, err)
		}
		var one struct{ Raw []byte }
		for line := range bytes.Lines(text.Bytes()) {
			if bytes.Contains(line, []byte(`"sum of m1","raw"`)) {
				if err := json.Unmarshal(line, &one); err != nil {
					t.Fatal(err)
				}
			}
		}
		equal(t, "the mail", string(one.Raw), "From: <ana.alvarez@example.com>\r\n\r\nCancel, says Ana Alvarez")
	})
	t.Run("since after all of it there is nothing but the frame", func(t *testing.T) {
		var text bytes.Buffer
		done, err := s.Export(t.Context(), &text, now.Add(time.Second), true, now)
		if err != nil || done != (store.Exported{}) {
			t.Errorf("got %+v, %v", done, err)
		}
		equal(t, "lines", bytes.Count(text.Bytes(), []byte("\n")), 2)
	})
	t.Run("what was erased is exported without it", func(t *testing.T) {
		if _, err := s.Erase(t.Context(), store.Erasing{People: []string{"joe@example.com"}, Who: "dana", Reason: "request 19"}, false, now); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := s.Export(t.Context(), &text, time.Time{}, true, now); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "joe@example.com") || !strings.Contains(text.String(), "Ana Alvarez") {
			t.Errorf("got\n%s", text.String())
		}
	})
}
