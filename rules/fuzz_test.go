package rules_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/rules"
	"standdown/rules/rulestest"
)

// shipped are the situations of the examples.
func shipped(t testing.TB) []rulestest.Result {
	t.Helper()
	report, err := rulestest.RunShipped()
	if err != nil {
		t.Fatal(err)
	}
	return report.Results
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkPlan looks for what holds of every plan, whatever was asked.
func checkPlan(t *testing.T, b *rules.Book, plan rules.Plan) {
	t.Helper()
	verbs, tables := b.Verbs(), b.Tables()
	for _, d := range plan.Decisions {
		if b.Explain(d) == "" {
			t.Errorf("row %s is not explained", d.Row)
		}
		i := slices.IndexFunc(tables, func(table rules.TableInfo) bool { return table.Name == d.Table })
		if i < 0 || !slices.ContainsFunc(tables[i].Rows, func(r rules.RowInfo) bool { return r.ID == d.Row && r.Because == d.Because }) {
			t.Errorf("%s has no row %s because %s", d.Table, d.Row, d.Because)
		}
		for _, a := range d.Actions {
			if !slices.ContainsFunc(verbs, func(v rules.Verb) bool { return v.Name == a.Verb }) {
				t.Errorf("row %s asks for %s, which is no verb", d.Row, a.Verb)
			}
		}
	}
}

// checkRows compares what is decided without a trace with what is decided with
// one.
func checkRows(t *testing.T, rows []rules.RowFound, plan rules.Plan) {
	t.Helper()
	traced := []rules.RowFound{}
	for _, d := range plan.Decisions {
		traced = append(traced, rules.RowFound{Table: d.Table, Row: d.Row, Subject: d.Subject})
	}
	if diff := cmp.Diff(traced, rows); diff != "" {
		t.Errorf("without a trace the rows differ (-with +without):\n%s", diff)
	}
}

// FuzzDecideAnySituation changes the situations of the examples at will.
func FuzzDecideAnySituation(f *testing.F) {
	for _, r := range shipped(f) {
		f.Add(encode(f, r.Snapshot), encode(f, r.Event), r.Now.Unix())
	}
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, snapshot, event []byte, now int64) {
		var s rules.Snapshot
		var e rules.Event
		if json.Unmarshal(snapshot, &s) != nil || json.Unmarshal(event, &e) != nil {
			t.Skip("no situation")
		}
		plan := book.Decide(s, e, time.Unix(now, 0))
		checkPlan(t, book, plan)
		checkRows(t, book.Rows(s, e, time.Unix(now, 0)), plan)
		if diff := cmp.Diff(plan, book.Decide(s, e, time.Unix(now, 0))); diff != "" {
			t.Errorf("asked again the answer differs (-first +second):\n%s", diff)
		}
	})
}

// FuzzLoad tries settings: they are refused, or every example is decided with
// them somehow.
func FuzzLoad(f *testing.F) {
	results := shipped(f)
	f.Add(encode(f, rules.Defaults()), uint16(0))
	f.Add([]byte(`{"calendar": {"zone": "Asia/Kathmandu", "cutoff": "24:00", "extra_holidays": ["2026-02-30", ""]}}`), uint16(1))
	f.Add([]byte(`{"cancellation": {"business_days": -1, "finalize": "", "reasons": null, "default_reason": "x"}}`), uint16(2))
	f.Add([]byte(`{"on_hold": {"near_hours": 9223372036854775807, "travel_buffer": 9223372036854775807}}`), uint16(300))
	f.Fuzz(func(t *testing.T, data []byte, n uint16) {
		settings := rules.Defaults()
		if json.Unmarshal(data, &settings) != nil {
			t.Skip("no settings")
		}
		book, err := rules.Load(settings)
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a reason")
			}
			return
		}
		r := results[int(n)%len(results)]
		plan := book.Decide(r.Snapshot, r.Event, r.Now)
		checkPlan(t, book, plan)
		checkRows(t, book.Rows(r.Snapshot, r.Event, r.Now), plan)
	})
}
