package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func defaultBook(t testing.TB) *Book {
	t.Helper()
	b, err := Load(Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExplainTellsFactsRowsAndActions(t *testing.T) {
	b := defaultBook(t)
	w := Workflow{
		ID: "W1", Name: "W-1042", Status: "cancel-pending",
		Memory: map[string]string{memoryPendingSince: "2026-11-18T15:00:00Z"},
	}
	event := Event{ID: "e1", Kind: CancellationDue, Subject: Ref{"workflow", "W1"}}
	plan := b.Decide(Snapshot{Workflows: []Workflow{w}}, event, time.Date(2026, 12, 9, 12, 0, 0, 0, time.UTC))

	want := `cancellation.finish decided by row F4 for workflow W1
because MIL-2, MIL-A9: it can still be restored

fact  status    cancel-pending  workflow W-1042 is Cancel Pending
fact  due       not-yet         it can be restored until the end of Wednesday, 9 December 2026
fact  finalize  external        the settings say who finishes a cancellation: external
fact  restore   none            nobody has asked to restore it
row  F1  no: due differs
row  F2  no: due differs
row  F3  no: due differs
row  F4  applies
row  F5  no: due differs
row  F6  no: due differs
row  F7  no: status differs
row  F8  no: status differs
set  cancellation.business_days  14
set  cancellation.finalize       external
do    nothing
warn  the deadline came early, for the calendar or the settings have changed since; it can be restored until the end of Wednesday, 9 December 2026
due   cancellation.due  workflow W1  2026-12-10T00:00:00-05:00
`
	if diff := cmp.Diff(want, b.Explain(plan.Decisions[0])); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestExplainTellsArgumentsApprovalAndMemory(t *testing.T) {
	got := defaultBook(t).Explain(Decision{
		Table: "cancellation.unclear", Row: "X3", Subject: Ref{"request", "e1"},
		Facts:    []Fact{{"asks", "unclear", "nobody knows"}},
		Actions:  []Action{{Verb: "post-comment", On: Ref{"contact", "C1"}, Args: map[string]string{"text": "one\ntwo"}, Approve: "starts in 20 hours"}},
		Remember: map[string]string{"kept": "x", "gone": ""}, Withdraws: true,
	})
	for _, want := range []string{"still waits for a person\n", "post-comment contact C1\n", "text: one / two\n", "a person must approve: starts in 20 hours\n", "(forgotten)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("explanation has no %q:\n%s", want, got)
		}
	}
}

func TestExplainTakesDecisionsOfEarlierVersions(t *testing.T) {
	for _, table := range []string{"cancellation.request", "cancellation.gone"} {
		got := defaultBook(t).Explain(Decision{Table: table, Row: "C5", Subject: Ref{"workflow", "W1"}, Facts: []Fact{{"old", "x", "y"}}})
		if !strings.Contains(got, "its rows are not compared") || !strings.Contains(got, "fact  old  x  y") {
			t.Errorf("%s:\n%s", table, got)
		}
	}
}

func TestWhatIsShownIsSound(t *testing.T) {
	b := defaultBook(t)
	shown := b.Show()
	if errs := CheckTables(shown); len(errs) > 0 {
		t.Error(errs)
	}
	if errs := CheckTables(strings.ReplaceAll(shown, "\n", "\r\n")); len(errs) > 0 {
		t.Errorf("with the line ends of another system: %v", errs)
	}
	for _, table := range b.Tables() {
		if !strings.Contains(shown, "## "+table.Name+"\n\n"+table.Title+"\n\n"+table.Text+"\n") {
			t.Errorf("%s is not shown", table.Name)
		}
		if table.Title == "" || len(table.Rows) == 0 {
			t.Errorf("%s has no title or no rows", table.Name)
		}
	}
}

func TestEditedTablesAreCheckedWithTheLineInTheFile(t *testing.T) {
	shown := defaultBook(t).Show()
	line := func(of string) int {
		before, _, found := strings.Cut(shown, of)
		if !found {
			t.Fatalf("%q is not shown", of)
		}
		return strings.Count(before, "\n") + 1
	}
	edit := func(old, new string) string { return strings.Replace(shown, old, new, 1) }
	p6 := shown[strings.Index(shown, "| P6 "):]
	p6 = p6[:strings.Index(p6, "\n")+1]

	tests := map[string]struct{ text, want string }{
		"a verb that is misspelt": {edit("| close-review, cancel |", "| close-review, cancle |"),
			fmt.Sprintf("cancellation.request:%d: row C4: no such verb \"cancle\"", line("| C4 "))},
		"a row taken away": {edit(p6, ""),
			fmt.Sprintf("cancellation.watch:%d: no row for status=unclear clock=stopped", line("## cancellation.watch")+4)},
		"a row that says more": {edit("| P6  | unclear           | -       |", "| P6  | -                 | -       |"),
			fmt.Sprintf("cancellation.watch:%d: rows P5 and P6 overlap for status=active clock=stopped", line("| P6 "))},
		"a table nobody knows":      {"# Rules\n\n## cancellation.weather\n", "cancellation.weather:3: no such table; there are cancellation.request, "},
		"a heading without a table": {"## cancellation.watch\n\ntext\n## cancellation.finish\n", "cancellation.watch:1: no table follows the heading"},
		"a table twice":             {shown + "\n" + shown[strings.Index(shown, "## cancellation.watch"):strings.Index(shown, "## cancellation.referral")], "cancellation.watch:" + fmt.Sprint(strings.Count(shown, "\n")+2) + ": the table stands in line"},
		"no table":                  {"hello", "no table found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			errs := CheckTables(test.text)
			if len(errs) == 0 || !strings.Contains(errs[0].Error(), test.want) {
				t.Errorf("errors %v, want the first with %q", errs, test.want)
			}
		})
	}
}

func FuzzCheckTables(f *testing.F) {
	f.Add("## cancellation.watch\n\n| row | status | clock | then | because |\n|-|-|-|-|-|\n| P1 | - | - | nothing | MIL-1: x |\n")
	f.Add("## \n|||\n## cancellation.watch")
	f.Fuzz(func(_ *testing.T, text string) { CheckTables(text) })
}
