package rulestest_test

import (
	"strings"
	"testing"

	"standdown/rules"
	"standdown/rules/rulestest"
)

func run(t *testing.T, text string) (rulestest.Report, error) {
	t.Helper()
	return rulestest.RunFiles(rules.Defaults(), rulestest.File{Name: "site.yaml", Data: []byte(text)})
}

const head = "policy: cancellation\ntests:\n"

func TestAnExampleThatSaysSomethingFalseFails(t *testing.T) {
	tests := map[string]struct{ example, want string }{
		"the wrong row": {
			"  - {name: x, workflow: {}, mail: {}, row: C6, then: []}",
			"row: want C6",
		},
		"an action that is not expected": {
			"  - {name: x, workflow: {}, mail: {}, row: C5, then: [cancel-workflow workflow W1]}",
			"got  cancel-workflow workflow W1; post-comment contact C1",
		},
		"no then, though something is done": {
			"  - {name: x, workflow: {}, mail: {}, row: C5}",
			"then: want none",
		},
		"an action that is missing": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, then: [hold-for-review workflow W1]}",
			"then: want hold-for-review workflow W1",
		},
		"an argument with another value": {
			"  - {name: x, workflow: {}, mail: {}, row: C5, then: [cancel-workflow workflow W1 reason=Moving, post-comment contact C1]}",
			"cancel-workflow reason=: want Moving",
		},
		"an argument that does not contain the part": {
			"  - {name: x, workflow: {}, mail: {}, row: C5, then: [cancel-workflow workflow W1, \"post-comment contact C1 text~'two words'\"]}",
			"post-comment text~: want two words",
		},
		"an argument that there is not": {
			"  - {name: x, workflow: {}, mail: {}, row: C5, then: [cancel-workflow workflow W1 colour=red, post-comment contact C1]}",
			"argument of cancel-workflow: want colour",
		},
		"another reason to approve": {
			"  - {name: x, workflow: {}, mail: {}, row: C5, then: [cancel-workflow workflow W1 approve~soon, post-comment contact C1]}",
			"cancel-workflow approve~: want soon",
		},
		"another because": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, because: MIL-99}",
			"because: want MIL-99",
		},
		"a warning that does not come": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, warnings: [beware]}",
			"warnings: want beware",
		},
		"a warning that must not come": {
			"  - {name: x, workflow: {milestone: M3, signed: 2026-11-19}, mail: {}, row: C10, then: [hold-for-review workflow W1], warnings: []}",
			"warnings: want none",
		},
		"a fact with another value": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, facts: {window: open}}",
			"fact window: want open",
		},
		"a fact with another reason": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, facts: {window: 'unknown: full moon'}}",
			"fact window: want unknown: full moon",
		},
		"a fact that there is not": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, facts: {colour: red}}",
			"fact colour: want red",
		},
		"a deadline at another time": {
			"  - {name: x, workflow: {status: cancel-pending}, event: {kind: workflow.changed}, row: P1, deadlines: [cancellation.due workflow W1 2026-12-12T00:00:01-05:00]}",
			"deadlines: want cancellation.due workflow W1 2026-12-12T00:00:01-05:00",
		},
		"a deadline that is not expected": {
			"  - {name: x, workflow: {status: cancel-pending}, event: {kind: workflow.changed}, row: P1}",
			"deadlines: want none",
		},
		"something else to remember": {
			"  - {name: x, workflow: {}, event: {kind: workflow.changed}, row: P5, remember: {status: cancelled}}",
			`remember status: want "cancelled"`,
		},
		"another subject": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8, subject: workflow W2}",
			"subject: want workflow W2",
		},
		"a decision too few": {
			"  - {name: x, workflow: {}, mail: {}, want: [{row: C5, then: [cancel-workflow workflow W1, post-comment contact C1]}]}",
			"got  C5, T3",
		},
		"another table": {
			"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, want: [{table: cancellation.request, row: B8}]}",
			"table: want cancellation.request",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := run(t, head+test.example+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if report.OK() || len(report.Results) != 1 || report.Results[0].Pass() {
				t.Fatal("the example passed")
			}
			got := report.Results[0].String()
			if !strings.HasPrefix(got, "site.yaml:3: x\n") || !strings.Contains(got, test.want) || !strings.Contains(got, "decided by row") {
				t.Errorf("report:\n%s\nwant it to begin with the place, to explain, and to contain %q", got, test.want)
			}
		})
	}
}

func TestAFileThatCannotBeUnderstoodIsAnErrorWithItsPlace(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"an unknown key":                 {head + "  - {name: x, workflow: {}, mail: {}, row: C5, colour: red}\n", "line 3: field colour not found"},
		"an unknown field of a workflow": {head + "  - {name: x, workflow: {colour: red}, mail: {}, row: C5}\n", "line 3: field colour not found"},
		"an unknown field of a mail":     {head + "  - {name: x, workflow: {}, mail: {colour: red}, row: C5}\n", "line 3: field colour not found"},
		"an unknown setting":             {head + "  - {name: x, settings: {cancellation: {colour: red}}, mail: {}, row: C5}\n", "field colour not found"},
		"a setting that is not valid":    {head + "  - {name: x, settings: {cancellation: {finalize: sometimes}}, mail: {}, row: C5}\n", "site.yaml:3: x: cancellation.finalize"},
		"an unknown policy":              {"policy: weather\ntests: []\n", `policy: "weather" is none`},
		"nothing that happened":          {head + "  - {name: x, workflow: {}, row: C5}\n", "what happened?"},
		"nothing that must follow":       {head + "  - {name: x, workflow: {}, mail: {}}\n", "what must follow?"},
		"both row and want":              {head + "  - {name: x, workflow: {}, mail: {}, row: C5, want: [{row: C5}]}\n", "want one of them"},
		"then beside want":               {head + "  - {name: x, workflow: {}, mail: {}, then: [nothing], want: [{row: C5}]}\n", "want one of them"},
		"no name":                        {head + "  - {workflow: {}, mail: {}, row: C5}\n", "line 3: name is missing"},
		"a sender by an unknown role":    {head + "  - {name: x, workflow: {}, mail: {from: the neighbour}, row: C5}\n", `from "the neighbour"`},
		"an event without a kind":        {head + "  - {name: x, workflow: {}, event: {id: e1}, row: C5}\n", "kind is missing"},
		"no YAML":                        {"policy: [", "site.yaml: yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestRowsWithoutAnExampleAreReported(t *testing.T) {
	report, err := run(t, head+"  - {name: x, workflow: {}, event: {kind: restore.requested, by: Dana Whitlock}, row: B8}\n  - {name: y, workflow: {}, mail: {}, row: C6}\n")
	if err != nil {
		t.Fatal(err)
	}
	uncovered := map[rulestest.Row]bool{}
	for _, row := range report.Uncovered {
		uncovered[row] = true
		if !strings.HasPrefix(row.Table, "cancellation.") {
			t.Errorf("%s is not of the policy in the file", row.Table)
		}
	}
	if uncovered[rulestest.Row{Table: "cancellation.restore", ID: "B8"}] {
		t.Error("B8 has an example and is reported")
	}
	for _, want := range []rulestest.Row{
		{Table: "cancellation.restore", ID: "B9"},
		{Table: "cancellation.request", ID: "C5"}, // reached, but only by an example that fails
	} {
		if !uncovered[want] {
			t.Errorf("%v has no example that holds and is not reported", want)
		}
	}
	if report.OK() {
		t.Error("the report is OK")
	}
}

func TestAnExampleUsesTheSettingsOfTheRun(t *testing.T) {
	settings := rules.Defaults()
	settings.Cancellation.NeverProducts = []string{"Solar Loan"}
	report, err := rulestest.RunFiles(settings, rulestest.File{Name: "site.yaml", Data: []byte(head +
		"  - {name: x, workflow: {}, mail: {}, row: C11, then: [hold-for-review workflow W1]}\n" +
		"  - {name: y, settings: {cancellation: {never_products: []}}, workflow: {}, mail: {}, row: C5, then: [cancel-workflow workflow W1, post-comment contact C1]}\n" +
		"  - {name: z, workflow: {}, mail: {}, row: C11, then: [hold-for-review workflow W1]}\n")})
	if err != nil {
		t.Fatal(err)
	}
	for _, failed := range report.Failed() {
		t.Error(failed)
	}
}

func TestAMissingFileIsAnError(t *testing.T) {
	if _, err := rulestest.Run("testdata/none.yaml"); err == nil {
		t.Error("no error")
	}
}

func FuzzRunFiles(f *testing.F) {
	f.Add(head + "  - {name: x, workflow: {milestone: M2}, mail: {}, row: C5, then: [\"post-comment contact C1 text~'a b'\"]}\n")
	f.Add("policy: on_hold\ntests:\n  - {name: x, client: {jobs: [{}]}, event: {kind: hold.changed}, want: [{row: A, then: [x]}]}\n")
	f.Add(head + "  - {name: x, workflow: {}, mail: {}, row: C5, then: ['a=b', ''], deadlines: [x]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		report, err := run(t, text)
		if err == nil {
			for _, r := range report.Results {
				_ = r.String()
			}
		}
	})
}
