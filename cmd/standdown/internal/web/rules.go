package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// countedDays is for how long the rules page counts what each row decided.
const countedDays = 30

// A rulesPage is the tables that run.
type rulesPage struct {
	Days   int
	Tables []tablePart
}

// A tablePart is a decision table, with how often each row decided.
type tablePart struct {
	Name, Title string
	Columns     []string
	Rows        []rowPart
	Total       int
	Days        int
}

type rowPart struct {
	Cells []string
	Times int
}

func (s *site) rules(w http.ResponseWriter, r *http.Request, user User) error {
	var p struct {
		rulesPage
		Examples bool
		Most     int
		Wanted   int
		Again    *replayPart // nil if that was not asked
	}
	p.Examples, p.Most, p.Wanted = s.Examples != nil, mostReplayed, replayed
	var err error
	if text := r.FormValue("replay"); text != "" {
		if p.Wanted, err = strconv.Atoi(text); err != nil || p.Wanted < 1 || p.Wanted > mostReplayed {
			return refuse(http.StatusBadRequest, "replay=%q is no number from 1 to %d.", text, mostReplayed)
		}
		p.Again, err = s.replay(r.Context(), p.Wanted)
	} else {
		p.rulesPage, err = s.readRules(r.Context())
	}
	if err != nil {
		return err
	}
	s.render(w, r, user, http.StatusOK, "rules", "Rules", p)
	return nil
}

func (s *site) readRules(ctx context.Context) (p rulesPage, err error) {
	tallies, err := s.Journal.Tallies(ctx, s.tables, s.Now().AddDate(0, 0, -countedDays))
	if err != nil {
		return p, err
	}
	times := map[[2]string]int{}
	for _, t := range tallies {
		times[[2]string{t.Table, t.Row}] = t.Times
	}
	p = rulesPage{Days: countedDays}
	for _, t := range s.Book.Tables() {
		part := tablePart{Name: t.Name, Title: t.Title, Days: countedDays}
		for i, line := range strings.Split(t.Text, "\n") {
			cells := cellsOf(line)
			switch i {
			case 0:
				part.Columns = cells
			case 1: // the line below the heading
			default:
				n := times[[2]string{t.Name, cells[0]}]
				part.Rows = append(part.Rows, rowPart{cells, n})
				part.Total += n
			}
		}
		p.Tables = append(p.Tables, part)
	}
	return p, nil
}

// cellsOf are the cells of a line of a Markdown table. The rules have no bar in
// a cell.
func cellsOf(line string) []string {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(c)
	}
	return cells
}
