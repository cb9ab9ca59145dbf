package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var weather = []column{{"sky", []string{"clear", "grey"}}, {"wind", []string{"calm", "storm"}}}

func TestATableThatIsNotSoundIsRefused(t *testing.T) {
	const heading = "| row | sky | wind | then | because |\n|-|-|-|-|-|\n"
	tests := map[string]struct{ text, want string }{
		"a gap":                     {heading + "| A1 | clear | - | sail | MIL-1: x |\n", "t:1: no row for sky=grey wind=calm"},
		"an overlap":                {heading + "| A1 | - | - | sail | MIL-1: x |\n| A2 | clear | storm | wait | MIL-1: x |\n", "t:4: rows A1 and A2 overlap for sky=clear wind=storm"},
		"an unknown value":          {heading + "| A1 | blue | - | sail | MIL-1: x |\n", `t:3: row A1: sky has no value "blue"; it has clear, grey`},
		"an empty cell":             {heading + "| A1 |  | - | sail | MIL-1: x |\n", `t:3: row A1: sky has no value ""`},
		"an unknown verb":           {heading + "| A1 | - | - | fly | MIL-1: x |\n", `t:3: row A1: no such verb "fly"; there are sail, wait, nothing`},
		"nothing beside something":  {heading + "| A1 | - | - | nothing, sail | MIL-1: x |\n", "t:3: row A1: nothing cannot be done together with something"},
		"the same verb twice":       {heading + "| A1 | - | - | sail, sail | MIL-1: x |\n", `t:3: row A1: "sail" stands there twice`},
		"a reason without a number": {heading + "| A1 | - | - | sail | because I say so |\n", "t:3: row A1: because must begin with the requirement's number"},
		"a row twice":               {heading + "| A1 | clear | - | sail | MIL-1: x |\n| A1 | grey | - | wait | MIL-1: x |\n", "t:4: row A1 stands in line 3 already"},
		"a row without an id":       {heading + "|  | - | - | sail | MIL-1: x |\n", "t:3: a row without an id"},
		"a missing cell":            {heading + "| A1 | - | sail | MIL-1: x |\n", "t:3: 4 cells, want 5"},
		"a missing column":          {"| row | sky | then | because |\n|-|-|-|-|\n", "t:1: the columns are row, sky, then, because, want row, sky, wind, then, because"},
		"no line below the heading": {"| row | sky | wind | then | because |\n| A1 | clear | - | sail | MIL-1: x |\n| A2 | - | - | sail | MIL-1: x |\n", "t:2: a line such as |---|---| must stand below the heading"},
		"a table of one line":       {"| row | sky | wind | then | because |", "t:1: no row for sky=clear wind=calm"},
		"no table":                  {"", "t:1: the columns are "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseTable("t", "", test.text, weather, []string{"sail", "wait", "nothing"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// Every row is needed, and only once: without it somebody's case has no answer,
// and a second one like it makes the answer a matter of luck.
func TestTakingAwayOrDoublingAnyRowOfAnyTableIsNoticed(t *testing.T) {
	b, err := Load(Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range b.tables() {
		lines := strings.Split(whole.text, "\n")
		for i, r := range whole.rows {
			t.Run(whole.name+" "+r.id, func(t *testing.T) {
				without := strings.Join(slices.Delete(slices.Clone(lines), i+2, i+3), "\n")
				_, err := parseTable(whole.name, "", without, whole.columns, whole.terms)
				if err == nil || !strings.Contains(err.Error(), "no row for "+whole.columns[0].name+"=") {
					t.Errorf("without it: error %v, want the combination that has no row", err)
				}
				again := strings.Replace(lines[i+2], "| "+r.id+" ", "| AGAIN ", 1)
				_, err = parseTable(whole.name, "", whole.text+"\n"+again, whole.columns, whole.terms)
				if want := fmt.Sprintf("rows %s and AGAIN overlap for ", r.id); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("doubled: error %v, want one with %q", err, want)
				}
			})
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add("| row | sky | wind | then | because |\n|-|-|-|-|-|\n| A1 | - | - | sail | MIL-1: x |\n")
	f.Add("| row | sky | wind | then | because |\n|-|-|-|-|-|\n| A1 | clear,grey | storm | sail, wait | MIL-1, MIL-A2: x |\n")
	f.Add("|\n|\n|")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseTable("t", "", text, weather, []string{"sail", "wait", "nothing"})
		if err != nil {
			return
		}
		// What is accepted has exactly one row for whatever the facts are.
		for _, sky := range weather[0].values {
			for _, wind := range weather[1].values {
				facts := []Fact{{Name: "sky", Value: sky}, {Name: "wind", Value: wind}}
				decided := table.decide(facts)
				for i := range table.rows {
					applies := table.differs(&table.rows[i], facts) == ""
					if applies != (decided == &table.rows[i]) {
						t.Fatalf("row %s applies: %v, decided by %s", table.rows[i].id, applies, decided.id)
					}
				}
			}
		}
	})
}
