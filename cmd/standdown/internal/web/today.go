package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
)

// slow is how long a change may be on its way before somebody should look.
const slow = 15 * time.Minute

type todayPage struct {
	Ready     bool
	Late      []string // in plain words, what needs somebody
	Checks    []check
	Sources   []sourceLine
	Used      int
	Allowed   int
	Left      int // of the API calls, for the daemon
	Counts    store.Counts
	States    []stateLine
	Oldest    time.Time
	Brakes    []store.Brake
	Books     []bookLine
	Shadow    []store.ShadowTotal // decided within the last week
	Deadlines []store.Deadline
	Now       time.Time
}

type sourceLine struct {
	Name   string    `json:"name"`
	ReadAt time.Time `json:"read_at,omitzero"`
	OK     bool      `json:"ok"`
	Detail string    `json:"detail"`
}

type stateLine struct {
	State store.State
	N     int
}

// A bookLine is what a rule book did today.
type bookLine struct {
	Name    string `json:"name"`
	Decided int    `json:"decided"`
	Applied int    `json:"applied"`
}

func (s *site) today(w http.ResponseWriter, r *http.Request, user User) error {
	p, err := s.readToday(r.Context(), s.Now())
	if err != nil {
		return err
	}
	s.render(w, r, user, http.StatusOK, "today", "Today", p)
	return nil
}

func (s *site) readToday(ctx context.Context, now time.Time) (p todayPage, err error) {
	p.Now = now
	p.Checks, p.Ready = s.checks(ctx)
	for _, c := range p.Checks {
		if !c.OK {
			p.Late = append(p.Late, strings.ToUpper(c.Name[:1])+c.Name[1:]+": "+c.Detail+".")
		}
	}
	for _, l := range s.Links {
		reading, err := s.Journal.Reading(ctx, l.Name)
		if err != nil {
			return p, err
		}
		c := s.linked(ctx, l, now)
		p.Sources = append(p.Sources, sourceLine{l.Name, reading.ReadAt, c.OK, c.Detail})
	}
	p.Used, p.Allowed = s.Budget()
	p.Left = max(p.Allowed-s.Reserve-p.Used, 0)
	if p.Brakes, err = s.Journal.Brakes(ctx); err != nil {
		return p, err
	}
	if p.Counts, err = s.Journal.Counts(ctx); err != nil {
		return p, err
	}
	p.Oldest = p.Counts.Oldest
	for _, state := range store.States() {
		if n, ok := p.Counts.Entries[state]; ok {
			p.States = append(p.States, stateLine{state, n})
		}
	}
	if p.Deadlines, err = s.Journal.NextDeadlines(ctx, 10); err != nil {
		return p, err
	}
	if p.Shadow, err = s.Journal.ShadowTotals(ctx, store.ShadowFilter{Since: now.AddDate(0, 0, -7)}); err != nil {
		return p, err
	}
	if p.Books, err = s.books(ctx, now); err != nil {
		return p, err
	}
	p.Late = append(p.Late, p.waiting()...)
	return p, nil
}

// waiting says what else is late.
func (p todayPage) waiting() (late []string) {
	if n := p.Counts.Entries[store.Stuck]; n > 0 {
		late = append(late, count(n, "change was", "changes were")+" refused by a system and waits for a person.")
	}
	if n := p.Counts.Entries[store.Unknown]; n > 0 {
		late = append(late, "Of "+count(n, "change", "changes")+" nobody can tell whether it was done.")
	}
	if n := p.Counts.Quarantined; n > 0 {
		late = append(late, count(n, "mail or record", "mails or records")+" could not be handled.")
	}
	if !p.Oldest.IsZero() && p.Now.Sub(p.Oldest) > slow && len(p.Brakes) == 0 {
		late = append(late, "The oldest change on its way was decided "+distance(p.Oldest.Sub(p.Now))+".")
	}
	overdue := 0
	for _, d := range p.Deadlines {
		if p.Now.Sub(d.At) > slow {
			overdue++
		}
	}
	if overdue > 0 {
		late = append(late, count(overdue, "deadline has", "deadlines have")+" passed without a decision.")
	}
	return late
}

// books tells what was decided since midnight, by rule book.
func (s *site) books(ctx context.Context, now time.Time) ([]bookLine, error) {
	y, m, d := now.In(s.zone).Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, s.zone)
	tables := append([]string{store.People}, s.tables...)
	tallies, err := s.Journal.Tallies(ctx, tables, midnight)
	if err != nil {
		return nil, err
	}
	applied, err := s.Journal.Applied(ctx, tables, midnight)
	if err != nil {
		return nil, err
	}
	var lines []bookLine
	line := func(table string) *bookLine {
		book, _, _ := strings.Cut(table, ".")
		for i := range lines {
			if lines[i].Name == book {
				return &lines[i]
			}
		}
		lines = append(lines, bookLine{Name: book})
		return &lines[len(lines)-1]
	}
	for _, table := range s.tables {
		line(table)
	}
	for _, t := range tallies {
		line(t.Table).Decided += t.Times
	}
	for table, n := range applied {
		if n > 0 {
			line(table).Applied += n
		}
	}
	return lines, nil
}
