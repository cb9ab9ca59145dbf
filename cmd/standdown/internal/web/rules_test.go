package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"standdown/rules"
	"standdown/rules/rulestest"
)

// withExamples shows the examples that come with the rules.
func withExamples(t testing.TB) func(*Server) {
	t.Helper()
	report, err := rulestest.RunShipped()
	if err != nil {
		t.Fatal(err)
	}
	var all []Example
	for _, r := range report.Results {
		all = append(all, Example{File: r.File, Line: r.Line, Name: r.Name, Settings: r.Settings, Decisions: r.Plan.Decisions})
	}
	return func(s *Server) { s.Examples = func() ([]Example, error) { return all, nil } }
}

func TestReplayOnThePages(t *testing.T) {
	h := newHousehold(t)
	vera := h.as(t, "Vera")
	before := h.written(t)
	t.Run("what was decided by these rules is decided as before", func(t *testing.T) {
		// The other situations of the fixture are made up, and hold nothing.
		if _, body := vera.get(t, "/rules?replay=1"); !strings.Contains(body, "1 situation decided again: 1 as before, 0 differently.") {
			t.Error(body[:min(len(body), 4000)])
		}
	})
	t.Run("what would be decided otherwise is listed, with the old row and the new one", func(t *testing.T) {
		settings := rules.Defaults()
		settings.OnHold.ReturnDateInclusive = true
		book, err := rules.Load(settings)
		if err != nil {
			t.Fatal(err)
		}
		usual := h.server.Book
		h.server.Book = book
		defer func() { h.server.Book = usual }()
		_, body := vera.get(t, "/rules?replay=1")
		for _, want := range []string{"1 situation decided again: 0 as before, 1 differently.", "N5 → H1", "<del>row N5</del>", "<ins>row H1</ins>", "job a04000000000104AAA", `<a href="/decision/D`} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	})
	t.Run("as many situations as are wanted are decided again, and nothing is written", func(t *testing.T) {
		if _, body := vera.get(t, "/rules?replay=2"); !strings.Contains(body, "2 situations decided again") {
			t.Error("it does not say so")
		}
		if got, want := h.written(t), before; strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the journal has changed: %v", got)
		}
	})
	t.Run("another number is refused with the reason", func(t *testing.T) {
		for _, n := range []string{"0", "-1", "2001", "all"} {
			if status, body := vera.get(t, "/rules?replay="+n); status != http.StatusBadRequest || !strings.Contains(body, "no number from 1 to 2000") {
				t.Errorf("%s: %d", n, status)
			}
		}
	})
}

func TestTables(t *testing.T) {
	o := newOffice(t, withExamples(t))
	vera := o.as(t, "Vera")
	t.Run("each table has a page with an example of each row", func(t *testing.T) {
		for _, table := range o.server.Book.Tables() {
			status, body := vera.get(t, "/rules/"+table.Name)
			if status != http.StatusOK || strings.Contains(body, "None are shown here") || strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s: %d, or a row without an example", table.Name, status)
			}
			if len(body) > largest {
				t.Errorf("%s has %d bytes", table.Name, len(body))
			}
			for _, row := range table.Rows {
				if !strings.Contains(body, `<details id="`+row.ID+`">`) {
					t.Errorf("%s: no row %s", table.Name, row.ID)
				}
			}
		}
	})
	t.Run("an example tells the facts, what is done, and where it stands", func(t *testing.T) {
		_, body := vera.get(t, "/rules/on_hold.visit")
		for _, want := range []string{"testdata/on_hold.yaml, line ", "window: <strong>cancelling</strong>", "cancel-job", "Then nothing is done."} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	})
	t.Run("the page of all tables leads there", func(t *testing.T) {
		if _, body := vera.get(t, "/rules"); !strings.Contains(body, `<a href="/rules/on_hold.visit">`) {
			t.Error("it does not")
		}
	})
	t.Run("a table that does not exist is not found", func(t *testing.T) {
		if status, _ := vera.get(t, "/rules/on_hold.nothing"); status != http.StatusNotFound {
			t.Error(status)
		}
	})
	t.Run("a page without its examples fails and does not pretend that there are none", func(t *testing.T) {
		o := newOffice(t, func(s *Server) { s.Examples = func() ([]Example, error) { return nil, errors.New("the file is gone") } })
		if status, body := o.as(t, "Vera").get(t, "/rules/on_hold.visit"); status != http.StatusInternalServerError || strings.Contains(body, "the file is gone") {
			t.Error(status)
		}
	})
}
