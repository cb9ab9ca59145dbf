package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/rules"
)

// sketch is the picture of the days from 1 March 2026 on, one character each:
// a digit for so many visits, # for the hold, | for today.
func sketch(t *timeline) string {
	days := []rune(strings.Repeat(".", len(t.Days)))
	at := func(x int) int { return (x - 1) / dayWidth }
	if t.Hold != nil {
		for x := t.Hold.X; x < t.Hold.X+t.Hold.Width; x += dayWidth {
			days[at(x)] = '#'
		}
	}
	if t.Today >= 0 {
		days[at(t.Today)] = '|'
	}
	n := map[int]int{}
	for _, v := range t.Visits {
		n[at(v.X)]++
		days[at(v.X)] = rune('0' + n[at(v.X)])
	}
	return string(days)
}

func TestDraw(t *testing.T) {
	first := dayNumber("2026-03-01")
	visits := func(days ...string) (all []visitLine) {
		for i, day := range days {
			all = append(all, visitLine{ID: fmt.Sprint("J", i), Day: day, Is: "planned"})
		}
		return all
	}
	for _, one := range []struct {
		name       string
		hold, back rules.Date
		visits     []visitLine
		want       string
	}{
		{"a hold covers its first day and not the return", "2026-03-05", "2026-03-08", nil, "..|.###..."},
		{"an open hold goes on to the end", "2026-03-08", "", nil, "..|....###"},
		{"a hold that began before is cut off", "2026-02-01", "2026-03-03", nil, "##|......."},
		{"a hold that lies before the picture is not in it", "2026-02-01", "2026-02-20", nil, "..|......."},
		{"visits of one day stand above each other, and those without a day or later nowhere", "", "", visits("2026-03-02", "2026-03-02", "2026-03-10", "2026-03-11", ""), ".2|......1"},
		{"the day on which clocks change is a day like others", "2026-03-08", "2026-03-09", visits("2026-03-07", "2026-03-09"), "..|...1#1."},
	} {
		t.Run(one.name, func(t *testing.T) {
			drawn := draw("is", first, first+9, first+2, one.hold, one.back, one.visits, func(v visitLine) string { return v.Is })
			if diff := cmp.Diff(one.want, sketch(drawn)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, v := range drawn.Visits {
				if v.X < 0 || v.X+16 > drawn.Width || v.Y+16 > drawn.Bottom {
					t.Errorf("%+v is outside the picture of %d by %d", v, drawn.Width, drawn.Bottom)
				}
			}
		})
	}
}

// TestManyVisits goes through the pages of a client who has more visits than
// one page shows, over a long time.
func TestManyVisits(t *testing.T) {
	h := newHousehold(t)
	h.client.Jobs = nil
	for i := range 333 {
		h.client.Jobs = append(h.client.Jobs, rules.Job{ID: fmt.Sprint("m", i), Name: fmt.Sprintf("VISIT-%04d", i), Status: "ready", Start: start.AddDate(0, 0, i)})
	}
	h.client.Jobs = append(h.client.Jobs, rules.Job{ID: "undated", Name: "VISIT-NONE", Status: "queued"})
	h.client.Hold = rules.Hold{On: true, Start: "2026-01-01"}
	vera := h.as(t, "Vera")

	p := func(from string) (*clientPage, []string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/holds/"+finch+"?hold=off&from="+from, nil)
		day, err := time.Parse(time.DateOnly, from)
		if from != "" && err != nil {
			t.Fatal(err)
		}
		s := newSite(h.server)
		known, err := s.knownOf(t.Context(), rules.Ref{Kind: "client", ID: finch}, nil)
		if err != nil {
			t.Fatal(err)
		}
		page := &clientPage{Form: known.client.Hold}
		begin := s.choose(r, page, known, known.lines(s), day)
		s.picture(page, known, begin)
		var names []string
		for _, v := range page.Lines {
			names = append(names, v.Name)
		}
		if len(page.Is.Days) > mostDays+1 || len(names) > shownVisits {
			t.Errorf("%d days and %d visits on one page", len(page.Is.Days), len(names))
		}
		return page, names
	}
	t.Run("going on from page to page shows each visit once", func(t *testing.T) {
		var got []string
		from := ""
		for range 9 {
			page, names := p(from)
			got = append(got, names...)
			if page.After == "" {
				break
			}
			_, after, _ := strings.Cut(page.After, "from=")
			from, _, _ = strings.Cut(after, "&")
			if !strings.Contains(page.After, "hold=off") {
				t.Errorf("%s forgets what was asked", page.After)
			}
		}
		seen := map[string]int{}
		for _, name := range got {
			seen[name]++
		}
		for _, j := range h.client.Jobs {
			if seen[j.Name] != 1 {
				t.Errorf("%s is shown %d times", j.Name, seen[j.Name])
			}
		}
	})
	t.Run("and one can go back", func(t *testing.T) {
		page, _ := p("2026-12-01")
		if page.Before == "" {
			t.Error("there is no way to earlier visits")
		}
	})
	t.Run("what has no day is reached behind a page that is full", func(t *testing.T) {
		all := h.client.Jobs
		defer func() { h.client.Jobs = all }()
		h.client.Jobs = append(slices.Clone(all[:shownVisits]), all[len(all)-1])
		page, names := p(start.Format(time.DateOnly))
		for range 3 {
			if page.After == "" {
				break
			}
			_, after, _ := strings.Cut(page.After, "from=")
			from, _, _ := strings.Cut(after, "&")
			page, names = p(from)
		}
		if !slices.Contains(names, "VISIT-NONE") {
			t.Errorf("the last page has %v", names)
		}
	})
	t.Run("a visit west of the one before is on its own day, which can lie before that one's", func(t *testing.T) {
		all := h.client.Jobs
		defer func() { h.client.Jobs = all }()
		at := start.Truncate(24*time.Hour).AddDate(0, 0, 5)
		h.client.Jobs = []rules.Job{
			{ID: "east", Name: "EAST", Status: "ready", Zone: "Pacific/Auckland", Start: at.Add(-2 * time.Hour)},
			{ID: "west", Name: "WEST", Status: "ready", Zone: "America/Los_Angeles", Start: at.Add(2 * time.Hour)},
		}
		if page, names := p(at.Format(time.DateOnly)); !slices.Equal(names, []string{"EAST"}) || !strings.Contains(page.Before, "from=") {
			t.Errorf("from the second day on: %v", names)
		}
	})
	t.Run("a day far away has a picture too", func(t *testing.T) {
		for _, from := range []string{"1900-01-01", "2100-01-01"} {
			if page, names := p(from); page.Is.Width < 100 || len(names) > 1 {
				t.Errorf("from %s on: a picture %d wide, visits %v", from, page.Is.Width, names)
			}
		}
	})
	t.Run("the file has all of them", func(t *testing.T) {
		if n := len(visits(t, vera, "")); n != 334 {
			t.Errorf("%d visits", n)
		}
	})
	t.Run("the page is not too large", func(t *testing.T) {
		status, body := vera.get(t, "/holds/"+finch+"?hold=off&start=&return=")
		if status != http.StatusOK || len(body) > largest {
			t.Errorf("%d, %d bytes", status, len(body))
		}
	})
}
