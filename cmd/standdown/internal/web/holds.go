package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

const (
	// latelyDays is for how long a client stays on the list whose hold is over.
	latelyDays = 90
	// searched is how many clients are looked at for those who fit.
	searched = 1000
)

// standings are how a hold can stand on a day.
var standings = []struct{ Value, Words string }{
	{"now", "on hold today"}, {"ahead", "hold to come"}, {"over", "no hold any more"}, {"unclear", "on hold, but the dates are unclear"},
}

// A holdsPage lists clients who are on hold, or were lately.
type holdsPage struct {
	Standings []struct{ Value, Words string }
	Standing  string
	Search    string
	Days      int
	Lines     []holdLine
	Next      string // the address of the next page; empty if there is none
	More      bool   // not all were looked at, though few fit
	CSV, JSON string
}

// A holdLine is a client with the hold that was processed last.
type holdLine struct {
	Client   string     `json:"client"`
	Name     string     `json:"name,omitempty"`
	Standing string     `json:"standing"` // now, ahead, over or unclear
	Hold     rules.Hold `json:"hold"`
	Decided  time.Time  `json:"decided,omitzero"` // zero if it was only recorded at the first look
	Row      string     `json:"row,omitempty"`
	Because  string     `json:"because,omitempty"`
	Decision string     `json:"decision,omitempty"`
	Open     int        `json:"open"` // changes that are on their way or wait
}

func (l holdLine) Path() string     { return "/holds/" + url.PathEscape(l.Client) }
func (l holdLine) Words() string    { return standingWords(l.Standing) }
func (l holdLine) Start() string    { return spelled(l.Hold.Start) }
func (l holdLine) Return() string   { return spelled(l.Hold.Return) }
func (l holdLine) CalledSo() string { return cmp.Or(l.Name, l.Client) }

func (s *site) holds(w http.ResponseWriter, r *http.Request, user User) error {
	p := holdsPage{Standings: standings, Standing: r.FormValue("standing"), Search: strings.TrimSpace(r.FormValue("search")), Days: latelyDays,
		CSV: with(r, "format", "csv", "after", ""), JSON: with(r, "format", "json", "after", "")}
	if p.Standing != "" && standingWords(p.Standing) == "" {
		return refuse(http.StatusBadRequest, "A hold does not stand %q; there are now, ahead, over and unclear.", p.Standing)
	}
	page := func(after string, limit int) ([]holdLine, string, error) {
		return s.holdLines(r, p.Standing, strings.ToLower(p.Search), after, limit)
	}
	if format := r.FormValue("format"); format != "" {
		return holdList(page).export(w, format)
	}
	var next string
	var err error
	if p.Lines, next, err = page(r.FormValue("after"), perPage); err != nil {
		return err
	}
	if next != "" {
		p.Next = with(r, "after", next)
		p.More = len(p.Lines) < perPage
	}
	s.render(w, r, user, http.StatusOK, "holds", "Holds", p)
	return nil
}

// holdLines returns who fits and comes after a place in the list, and the place
// where it goes on, empty if that is its end.
func (s *site) holdLines(r *http.Request, standing, search, after string, limit int) (lines []holdLine, next string, err error) {
	all, err := s.Journal.ClientHolds(r.Context(), s.Now().AddDate(0, 0, -latelyDays))
	if err != nil {
		return nil, "", err
	}
	if after != "" {
		at, id, _ := strings.Cut(after, "-")
		when, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return nil, "", refuse(http.StatusBadRequest, "after=%q is no place in this list.", after)
		}
		all = slices.DeleteFunc(all, func(h store.ClientHold) bool {
			return sinceEpoch(h.At) > when || sinceEpoch(h.At) == when && h.Client.ID <= id
		})
	}
	today := rules.Date(s.Now().In(s.zone).Format(time.DateOnly))
	if standing != "" {
		all = slices.DeleteFunc(all, func(h store.ClientHold) bool { return s.standingOf(h.Hold, today) != standing })
	}
	atOnce := limit
	if search != "" {
		atOnce = searched
	}
	for looked := 0; looked < min(len(all), searched); {
		some := all[looked:min(len(all), looked+atOnce, searched)]
		if err := s.Journal.NameHolds(r.Context(), some); err != nil {
			return nil, "", err
		}
		var fit []store.ClientHold
		for _, h := range some {
			looked++
			if strings.Contains(strings.ToLower(h.Name+"\n"+h.Client.String()), search) {
				fit = append(fit, h)
			}
			if len(lines)+len(fit) == limit {
				break
			}
		}
		if err := s.Journal.DescribeHolds(r.Context(), fit); err != nil {
			return nil, "", err
		}
		for _, h := range fit {
			lines = append(lines, s.holdLine(h, today))
		}
		if last := all[looked-1]; looked < len(all) && (len(lines) == limit || looked >= searched) {
			return lines, strconv.FormatInt(sinceEpoch(last.At), 10) + "-" + last.Client.ID, nil
		}
		if len(lines) == limit {
			break
		}
	}
	return lines, "", nil
}

// sinceEpoch is a time in milliseconds; 0 for none.
func sinceEpoch(t time.Time) int64 { return max(t.UnixMilli(), 0) }

func (s *site) holdLine(h store.ClientHold, today rules.Date) holdLine {
	l := holdLine{Client: h.Client.ID, Name: h.Name, Standing: s.standingOf(h.Hold, today), Hold: h.Hold, Decided: h.At, Open: h.Open}
	if h.Last != nil {
		l.Row, l.Because, l.Decision = h.Last.Row, h.Last.Because, h.Last.ID
	}
	return l
}

func holdList(page func(after string, limit int) ([]holdLine, string, error)) list[holdLine] {
	return list[holdLine]{
		name:    "holds",
		columns: []string{"client", "name", "standing", "on", "start", "return", "decided", "row", "because", "decision", "open"},
		line: func(l holdLine) []string {
			decided := ""
			if !l.Decided.IsZero() {
				decided = l.Decided.UTC().Format(time.RFC3339)
			}
			return []string{l.Client, l.Name, l.Standing, strconv.FormatBool(l.Hold.On), string(l.Hold.Start), string(l.Hold.Return), decided, l.Row, l.Because, l.Decision, strconv.Itoa(l.Open)}
		},
		page: page,
	}
}

// daysOf is the days that a hold covers: the first, and the first after it,
// empty for an open end; none if it is off or its dates contradict each other.
func (s *site) daysOf(h rules.Hold) (first, until rules.Date) {
	settings := s.Book.Settings().OnHold
	start, err := time.Parse(time.DateOnly, string(h.Start))
	if err != nil || !h.On && settings.RequireFlag {
		return "", ""
	}
	if h.Return == "" {
		return h.Start, ""
	}
	back, err := time.Parse(time.DateOnly, string(h.Return))
	if settings.ReturnDateInclusive {
		back = back.AddDate(0, 0, 1)
	}
	if err != nil || !start.Before(back) {
		return "", ""
	}
	return h.Start, rules.Date(back.Format(time.DateOnly))
}

// standingOf is one of the standings.
func (s *site) standingOf(h rules.Hold, today rules.Date) string {
	first, until := s.daysOf(h)
	on := h.On || !s.Book.Settings().OnHold.RequireFlag && (h.Start != "" || h.Return != "")
	switch {
	case !on, until != "" && until <= today:
		return "over"
	case first == "":
		return "unclear"
	case first > today:
		return "ahead"
	}
	return "now"
}

func standingWords(standing string) string {
	for _, one := range standings {
		if one.Value == standing {
			return one.Words
		}
	}
	return ""
}

// spelled writes a day with its weekday, and what is no day as it stands.
func spelled(d rules.Date) string {
	day, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return day.Format("Mon 2 Jan 2006")
}
