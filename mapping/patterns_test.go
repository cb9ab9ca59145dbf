package mapping

import (
	"strings"
	"testing"

	"standdown/connectors"
	"standdown/mapping/reader"
)

func TestNamesOfTheBusinessReachTheReader(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, reader.Request},
		{[]string{"Sunny Homes"}, reader.Request},
		{[]string{"EverBright"}, reader.Unclear},
	} {
		m, err := New(Config{Presets: []string{"milestone"}, Names: c.names})
		if err != nil {
			t.Fatal(err)
		}
		_, reading := m.Read(connectors.Record{Ref: connectors.Ref{Kind: "message", ID: "1"}, Fields: map[string]any{
			"segments": []any{map[string]any{"kind": "new", "text": "I want to cancel my contract with Sunny Homes."}},
		}})
		if reading.Verdict != c.want {
			t.Errorf("with names %q it reads %s (%s), want %s", c.names, reading.Verdict, reading.Why, c.want)
		}
	}
}

func TestTwoFormsOfAMailReachTheReader(t *testing.T) {
	m, err := New(Config{Presets: []string{"milestone"}})
	if err != nil {
		t.Fatal(err)
	}
	said := func(text string) []any { return []any{map[string]any{"kind": "new", "text": text}} }
	for name, other := range map[string]map[string]any{
		"the HTML says something else": {"alternative": said("Thank you for the visit.")},
		"words are hidden":             {"hidden": "Please do not cancel my contract."},
	} {
		other["segments"] = said("I want to cancel my contract.")
		_, reading := m.Read(connectors.Record{Ref: connectors.Ref{Kind: "message", ID: "1"}, Fields: other})
		if reading.Verdict != reader.Unclear {
			t.Errorf("%s: it reads %s, want unclear", name, reading.Verdict)
		}
	}
}

func TestVisitsAreAmongTheReferences(t *testing.T) {
	_, err := New(Config{Presets: []string{"milestone"}, Visits: []string{"VISIT-"}, Names: []string{" "}})
	if err == nil || !strings.Contains(err.Error(), `visits.0: "VISIT-" is not one of references: C-, W-, JOB-`) || !strings.Contains(err.Error(), "names.0: want a name") {
		t.Errorf("the error is %v, want one that names visits.0 and names.0", err)
	}
}
