package web

import (
	"net/http"
	"slices"

	"standdown/rules"
)

// shownExamples is how many examples of a row a page has.
const shownExamples = 8

// A tablePage is one decision table with examples of each row.
type tablePage struct {
	tablePart
	Parts  []rowExamples
	Open   bool   // nothing is folded, as on paper
	Unfold string // the address where that is so
}

// A rowExamples is a row with what it decides in made-up situations.
type rowExamples struct {
	ID, Because string
	Examples    []examplePart
	More        int // that are not shown
}

// All is how many examples there are.
func (r rowExamples) All() int { return len(r.Examples) + r.More }

// An examplePart is an example with what the row decides in it.
type examplePart struct {
	Example
	rules.Decision
	Times int // how many decisions of the example are by this row
}

func (s *site) table(w http.ResponseWriter, r *http.Request, user User) error {
	name := r.PathValue("table")
	all, err := s.readRules(r.Context())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all.Tables, func(t tablePart) bool { return t.Name == name })
	if at < 0 {
		return refuse(http.StatusNotFound, "There is no table %s.", name)
	}
	p := tablePage{tablePart: all.Tables[at], Open: r.FormValue("open") != "", Unfold: with(r, "open", "yes")}
	var examples []Example
	if s.Examples != nil {
		if examples, err = s.Examples(); err != nil {
			return err
		}
	}
	for _, row := range p.Rows {
		p.Parts = append(p.Parts, examplesOf(name, row, examples))
	}
	s.render(w, r, user, http.StatusOK, "table", name, p)
	return nil
}

func examplesOf(table string, row rowPart, examples []Example) rowExamples {
	part := rowExamples{ID: row.Cells[0], Because: row.Cells[len(row.Cells)-1]}
	for _, e := range examples {
		one := examplePart{Example: e}
		for _, d := range e.Decisions {
			if d.Table != table || d.Row != part.ID {
				continue
			}
			if one.Times == 0 {
				one.Decision = d
			}
			one.Times++
		}
		switch {
		case one.Times == 0:
		case len(part.Examples) == shownExamples:
			part.More++
		default:
			part.Examples = append(part.Examples, one)
		}
	}
	return part
}
