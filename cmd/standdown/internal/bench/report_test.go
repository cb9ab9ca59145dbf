package bench

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// taken is a case as it is after its entrants have run.
func taken(figures []Figure, entrants ...*Entrant) *Case {
	c := &Case{Workload: "W8", Measures: "writing", Title: "10 jobs", Figures: figures, Entrants: entrants}
	for _, e := range entrants {
		if e.Values == nil {
			e.sum()
		}
	}
	return c
}

func TestFiguresOfWrongEffectsAreVoid(t *testing.T) {
	c := taken([]Figure{{Name: "calls", Target: atMost(5)}},
		&Entrant{Name: Ours, samples: map[string][]float64{"calls": {1}}, Wrong: []string{"one mail was acted upon twice"}},
		&Entrant{Name: "peer", samples: map[string][]float64{"calls": {3}}})
	r := &Report{Cases: []*Case{c}}
	if len(c.Entrants[0].Values) > 0 {
		t.Errorf("it has figures: %v", c.Entrants[0].Values)
	}
	if _, verdict := c.Verdict(c.Figures[0]); verdict != "" {
		t.Errorf("its target is %s", verdict)
	}
	if void := r.Void(); len(void) != 1 || void[0] != c {
		t.Errorf("void are %v, want the case", void)
	}
	if text := printed(t, r); !strings.Contains(text, "VOID, 1 wrong") || !strings.Contains(text, "acted upon twice") {
		t.Errorf("the table does not tell:\n%s", text)
	}
}

func TestAPeersMistakeIsNoFailureOfTheProgram(t *testing.T) {
	c := taken([]Figure{{Name: "calls"}}, &Entrant{Name: Ours, samples: map[string][]float64{"calls": {1}}}, &Entrant{Name: "peer", Wrong: []string{"lost"}})
	if void := (&Report{Cases: []*Case{c}}).Void(); len(void) != 0 {
		t.Errorf("%d cases are void, want none", len(void))
	}
}

func TestTheMedianIsTold(t *testing.T) {
	e := &Entrant{samples: map[string][]float64{"wall": {9, 1, 4}}}
	e.sum()
	if diff := cmp.Diff(map[string]Value{"wall": {Median: 4, Low: 1, High: 9}}, e.Values); diff != "" {
		t.Error(diff)
	}
}

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name    string
		figure  Figure
		verdict string
		target  string
	}{
		{"a bound is met by what equals it", Figure{Name: "calls", Target: atMost(6)}, "met", "≤ 6"},
		{"a bound is missed by more", Figure{Name: "calls", Target: atMost(5)}, "missed", "≤ 5"},
		{"a speed is met by more", Figure{Name: "calls", Target: atLeast(5)}, "met", "≥ 5"},
		{"a ratio to the floor", Figure{Name: "calls", Target: atMostTimes(2, floor)}, "met", "≤ 2x floor"},
		{"a ratio to a peer", Figure{Name: "calls", Target: atMostTimes(0.5, "peer")}, "missed", "≤ 0.5x peer"},
		{"a ratio to whom nobody ran is no verdict", Figure{Name: "calls", Target: atMostTimes(1, "absent")}, "", "≤ 1x absent"},
		{"a floor that is computed", Figure{Name: "calls", Floor: new(6.0), Target: atMostTimes(1, "floor")}, "missed", "≤ 1x floor"},
		{"nothing is aimed at", Figure{Name: "calls"}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := taken([]Figure{test.figure},
				&Entrant{Name: Ours, samples: map[string][]float64{"calls": {6}}},
				&Entrant{Name: floor, samples: map[string][]float64{"calls": {3}}},
				&Entrant{Name: "peer", samples: map[string][]float64{"calls": {10}}})
			target, verdict := c.Verdict(test.figure)
			if target != test.target || verdict != test.verdict {
				t.Errorf("%q is %q, want %q to be %q", target, verdict, test.target, test.verdict)
			}
		})
	}
}

func TestTheTableHasTheFloorAndTheTargetBesideEachFigure(t *testing.T) {
	c := taken([]Figure{{Name: "calls", Target: atMost(15)}, {Name: "wall", Unit: "s"}},
		&Entrant{Name: floor, samples: map[string][]float64{"calls": {3}, "wall": {0.2}}},
		&Entrant{Name: Ours, samples: map[string][]float64{"calls": {6}, "wall": {1.234, 1.1, 1.3}}},
		&Entrant{Name: "jsforce", samples: map[string][]float64{"calls": {12345}}},
		&Entrant{Name: "mbsync", Missing: "not installed"})
	quote(c, n8n, "one by one", map[string]float64{"calls": 3000})
	got := printed(t, &Report{Runs: 3, Quoted: recorded, Cases: []*Case{c}})
	for _, want := range []string{
		"  10 jobs    floor  standdown         target        jsforce  n8n 2.40.7 (quoted)\n",
		"    calls    3      6                 ≤ 15    met  12,345  3000\n",
		"    wall s   0.2    1.23 (1.10-1.30)\n",
		"    mbsync was not run: not installed\n",
		"    n8n 2.40.7: one by one\n",
		recorded,
	} {
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if !strings.Contains(squeeze(got), squeeze(want)) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}

func TestTheReportIsReadableJSON(t *testing.T) {
	c := taken([]Figure{{Name: "calls", Target: atMostTimes(2, floor)}}, &Entrant{Name: Ours, samples: map[string][]float64{"calls": {6}}})
	text, err := json.Marshal(&Report{Runs: 1, Cases: []*Case{c}})
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if v, ok := back.Cases[0].value(Ours, "calls"); !ok || v.Median != 6 {
		t.Errorf("calls are %v after reading it again", v)
	}
}

func TestThePictureIsWellFormedAndShowsWhoWasMeasured(t *testing.T) {
	arrival := taken([]Figure{{Name: "p50"}}, &Entrant{Name: Ours, samples: map[string][]float64{"p50": {20}}}, &Entrant{Name: "a < b", samples: map[string][]float64{"p50": {9000}}}, &Entrant{Name: "wrong", Wrong: []string{"lost"}})
	arrival.Workload = "W2"
	for _, r := range []*Report{{}, {Cases: []*Case{arrival, taken([]Figure{{Name: "calls"}}, &Entrant{Name: Ours, samples: map[string][]float64{"calls": {0}}})}}} {
		picture := r.Picture()
		for d := xml.NewDecoder(strings.NewReader(string(picture))); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v\n%s", err, picture)
			}
		}
		if len(r.Cases) > 0 && (!strings.Contains(string(picture), "a &lt; b") || strings.Contains(string(picture), "wrong")) {
			t.Errorf("it should show the peer and not who did something wrong:\n%s", picture)
		}
	}
}

func TestACurveThatDoesNotGrowIsFlat(t *testing.T) {
	drawn := func(after float64) string {
		history := taken([]Figure{{Name: "cpu"}, {Name: "decisions"}},
			&Entrant{Name: Ours, samples: map[string][]float64{"cpu": {after}, "decisions": {1_000_000}}},
			&Entrant{Name: "with 1,000", samples: map[string][]float64{"cpu": {20}, "decisions": {1000}}},
			&Entrant{Name: "with 100,000", Missing: "no time"})
		history.Workload = "S1"
		picture := string((&Report{Cases: []*Case{history}}).Picture())
		if err := xml.Unmarshal([]byte(picture), new(struct{})); err != nil {
			t.Fatalf("%v\n%s", err, picture)
		}
		_, line, _ := strings.Cut(picture, `<polyline points="`)
		line, _, _ = strings.Cut(line, `"`)
		return line
	}
	for after, want := range map[float64]string{20: "60,70 760,70", 40: "60,130 760,70"} {
		if got := drawn(after); got != want {
			t.Errorf("from 20 to %v the line is %q, want %q", after, got, want)
		}
	}
}

func TestNumbersAreReadable(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 3: "3", 0.0123: "0.012", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234: "1234", 12345: "12,345", 1234567.8: "1,234,568"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}

func TestAWorkloadThatDoesNotExistIsRefused(t *testing.T) {
	report, err := Run(t.Context(), Options{Only: []string{"W99"}, Progress: io.Discard})
	if report != nil || err == nil || !strings.Contains(err.Error(), "there are W1, W2") {
		t.Errorf("%v; want it to name those that exist", err)
	}
}

func printed(t *testing.T, r *Report) string {
	t.Helper()
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(out.String())
}
