package rules_test

import (
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"standdown/rules"
	"standdown/rules/rulestest"
)

func TestAssignmentExamplesHold(t *testing.T) {
	rulestest.Test(t, "testdata/assignment.yaml")
}

func TestEverySettingOfAssignmentsHasAnExample(t *testing.T) {
	text, err := os.ReadFile("testdata/assignment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(rules.AssignmentSettings{})) {
		key := regexp.MustCompile(`^\w+`).FindString(field.Tag.Get("yaml"))
		if !regexp.MustCompile(`settings: .*\b` + key + `: `).Match(text) {
			t.Errorf("no example sets %s", key)
		}
	}
}

// A series is cancelled as its occurrences are, one by one, but for those that
// are left out of a series (ASG-9, ASG-A10).
func TestCancellingASeriesEqualsCancellingItsOccurrences(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	hours := func() *float64 {
		return []*float64{nil, new(0.0), new(24.0), new(72.0)}[random.IntN(4)]
	}
	compared := 0
	for range 500 {
		settings := rules.Defaults()
		settings.Assignment.Verdict = pick("joint", "per_party")
		settings.Assignment.Notice = pick("elapsed", "business")
		settings.Assignment.AgencyWindowHours = []float64{-1, 24, 96}[random.IntN(3)]
		book, err := rules.Load(settings)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, time.November, 20, 15, 0, 0, 0, time.UTC)
		var all []rules.Assignment
		for i := range 1 + random.IntN(5) {
			start := now.Add(time.Duration(random.IntN(400)-100) * time.Hour)
			a := rules.Assignment{
				ID: string(rune('A' + i)), Name: "A-" + string(rune('1'+i)) + "00", Series: "S-1", Start: start, End: start.Add(time.Duration(random.IntN(300)) * time.Minute),
				Status:   pick("unfilled", "filled", "confirmed", "in-progress", "completed", "cancelled", ""),
				Customer: rules.Customer{ID: "C", Contacts: []rules.Person{{ID: "P", Email: "desk@mercy.example"}}, Terms: rules.Terms{WindowHours: hours()}},
				Invoiced: random.IntN(6) == 0,
			}
			for n := range random.IntN(3) {
				a.Interpreters = append(a.Interpreters, rules.Interpreter{ID: string(rune('x' + n)), Terms: rules.Terms{WindowHours: hours(), MinimumMinutes: hours()}})
			}
			all = append(all, a)
		}
		request := func(reference string) rules.Event {
			return rules.Event{ID: "e", Kind: rules.AssignmentCancelRequested, At: now, Subject: rules.Ref{Kind: "request", ID: "e"}, Request: &rules.Request{
				Asks: "cancel", From: "desk@mercy.example", Auth: "pass", Words: "own", References: []string{reference},
			}}
		}
		snapshot := rules.Snapshot{Assignments: all}
		ofSeries := map[rules.Ref][]rules.Action{}
		for _, d := range book.Decide(snapshot, request("S-1"), now).Decisions[1:] {
			ofSeries[d.Subject] = append(ofSeries[d.Subject], d.Actions...)
		}
		for _, a := range all {
			ref := rules.Ref{Kind: "assignment", ID: a.ID}
			var alone []rules.Action
			leftOut := false
			for _, d := range book.Decide(snapshot, request(a.Name), now).Decisions[1:] {
				alone = append(alone, d.Actions...)
				leftOut = leftOut || slices.Contains([]string{"K5", "K6", "K8", "K10"}, d.Row)
			}
			if leftOut {
				alone = nil
			} else {
				compared++
			}
			sameButText := cmpopts.IgnoreMapEntries(func(arg, _ string) bool { return arg == "text" }) // which says what was asked for
			if diff := cmp.Diff(alone, ofSeries[ref], sameButText); diff != "" {
				t.Fatalf("%+v: alone and with its series differ (-alone +series):\n%s", a, diff)
			}
		}
	}
	if compared < 500 {
		t.Errorf("only %d occurrences were compared", compared)
	}
}
