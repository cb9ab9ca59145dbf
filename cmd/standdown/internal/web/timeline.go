package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/rules"
)

// A visitKind is how a visit can stand. Each has a sign of its own in the
// picture, see templates/client.html.
type visitKind struct{ Name, Words string }

var visitKinds = []visitKind{
	{"planned", "as planned"},
	{"waiting", "waiting for a worker"},
	{"cancelled", "cancelled for the hold"},
	{"released", "taken from its worker until its day"},
	{"restored", "given back to its worker"},
	{"conflict", "open: its worker cannot come"},
	{"review", "left to a person"},
	{"underway", "under way"},
	{"done", "done"},
	{"other", "cancelled for another reason"},
}

func kindOf(name string) visitKind {
	i := slices.IndexFunc(visitKinds, func(k visitKind) bool { return k.Name == name })
	if i < 0 {
		return visitKind{}
	}
	return visitKinds[i]
}

// The measures of the picture, in pixels.
const (
	dayWidth  = 20
	holdTop   = 36 // below months and days
	topOfDays = 56 // below the name of the hold
	visitHigh = 20
	mostDays  = 130
)

// A timeline is a picture of days with the hold and the visits, drawn on the
// server. The table that stands below it says the same in words.
type timeline struct {
	ID, Title, Desc string
	Width, Height   int
	Bottom          int // of the days
	Months          []label
	Days            []label
	Hold            *band
	Today           int // its middle; negative if it is not in the picture
	Visits          []sign
}

// Where things stand that follow from others.
func (t timeline) Across() int { return t.Width - 2 }
func (t timeline) Down() int   { return t.Bottom - holdTop }
func (t timeline) TodayX() int { return max(t.Today, 20) }
func (t timeline) TodayY() int { return t.Bottom + 14 }
func (b band) TextX() int      { return b.X + 4 }

type label struct {
	X    int
	Text string
}

type band struct {
	X, Width, Height int
	Text             string
}

type sign struct {
	X, Y        int
	Kind, Title string
}

// choose has the page show the visits from a day on, by default from shortly
// before today and the hold, and returns the first day of the picture.
func (s *site) choose(r *http.Request, p *clientPage, known *knownClient, lines []visitLine, from time.Time) (begin int) {
	today := dayNumber(s.Now().In(s.zone).Format(time.DateOnly))
	begin = today - 3
	for _, hold := range []rules.Hold{known.client.Hold, p.Form} {
		if first, _ := s.daysOf(hold); first != "" {
			begin = max(min(begin, dayNumber(string(first))-3), today-60)
		}
	}
	if !from.IsZero() {
		begin = dayNumber(from.Format(time.DateOnly))
	}
	at, _ := slices.BinarySearchFunc(lines, begin, func(v visitLine, day int) int {
		if v.Day == "" {
			return 1
		}
		return dayNumber(v.Day) - day
	})
	end := at
	for end < len(lines) && (lines[end].Day == "" || dayNumber(lines[end].Day) < begin+mostDays) {
		if end-at >= shownVisits && lines[end].Day != lines[end-1].Day {
			break // days are not cut in two
		}
		end++
	}
	p.Lines = lines[at:end]
	if at > 0 {
		earliest := lines[max(0, at-shownVisits)].Day
		p.Before = with(r, "from", max(earliest, dayText(begin-mostDays)))
	}
	if end < len(lines) {
		next := lines[end].Day
		if next == "" { // only those without a day are left
			next = dayText(dayNumber(lines[end-1].Day) + 1)
		}
		p.After = with(r, "from", next)
	}
	return begin
}

// picture draws the visits that are shown as they are, and as they would be if
// that was asked.
func (s *site) picture(p *clientPage, known *knownClient, begin int) {
	today := dayNumber(s.Now().In(s.zone).Format(time.DateOnly))
	last := today
	for _, v := range p.Lines {
		last = max(last, dayNumber(v.Day))
	}
	for _, hold := range []rules.Hold{known.client.Hold, p.Form} {
		first, until := s.daysOf(hold)
		last = max(last, dayNumber(string(first)), dayNumber(string(until)))
	}
	last = max(min(last+3, begin+mostDays), begin+7)
	first, until := s.daysOf(known.client.Hold)
	p.Is = draw("is", begin, last, today, first, until, p.Lines, func(v visitLine) string { return v.Is })
	p.Is.describe("How it is", p.Hold)
	if known.verdict != nil {
		first, until = s.daysOf(p.Form)
		p.Would = draw("would", begin, last, today, first, until, p.Lines, func(v visitLine) string { return v.Would })
		p.Would.describe("How it would be", s.holdWords(p.Form))
	}
}

// draw makes the picture of the days from begin to last.
func draw(id string, begin, last, today int, first, until rules.Date, lines []visitLine, kind func(visitLine) string) *timeline {
	t := &timeline{ID: id, Width: (last-begin+1)*dayWidth + 2, Today: -1}
	x := func(day int) int { return (day-begin)*dayWidth + 1 }
	for day := begin; day <= last; day++ {
		at := dayAt(day)
		t.Days = append(t.Days, label{x(day) + dayWidth/2, strconv.Itoa(at.Day())})
		if at.Day() == 1 || day == begin && at.Day() < 25 {
			t.Months = append(t.Months, label{x(day), at.Format("January 2006")})
		}
	}
	stacked := map[int]int{}
	highest := 1
	for _, v := range lines {
		if v.Day == "" || dayNumber(v.Day) > last {
			continue
		}
		day := dayNumber(v.Day)
		k := kindOf(kind(v))
		t.Visits = append(t.Visits, sign{x(day) + 2, topOfDays + stacked[day]*visitHigh + 2, k.Name, v.Label() + ", " + v.When + ": " + k.Words})
		stacked[day]++
		highest = max(highest, stacked[day])
	}
	t.Bottom = topOfDays + highest*visitHigh + 4
	t.Height = t.Bottom + 18
	if begin <= today && today <= last {
		t.Today = x(today) + dayWidth/2
	}
	if first != "" {
		from, to := max(dayNumber(string(first)), begin), last+1
		if until != "" {
			to = min(dayNumber(string(until)), last+1)
		}
		if from < to {
			t.Hold = &band{X: x(from), Width: (to - from) * dayWidth, Height: t.Bottom - holdTop, Text: "on hold"}
		}
	}
	return t
}

// describe says in words what the picture shows.
func (t *timeline) describe(title, hold string) {
	t.Title = title
	by := map[string]int{}
	for _, v := range t.Visits {
		by[v.Kind]++
	}
	var parts []string
	for _, k := range visitKinds {
		if n := by[k.Name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k.Words))
		}
	}
	t.Desc = hold + ". " + count(len(t.Visits), "visit", "visits")
	if len(parts) > 0 {
		t.Desc += ": " + strings.Join(parts, ", ")
	}
	t.Desc += ". The table below says the same in words."
}

// dayNumber counts days, so that they can be compared and drawn; 0 for none.
func dayNumber(date string) int {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return int(day.Unix() / 86400)
}

func dayAt(number int) time.Time { return time.Unix(int64(number)*86400, 0).UTC() }

func dayText(number int) string { return dayAt(number).Format(time.DateOnly) }
