package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// CalendarSettings say what a business day is.
type CalendarSettings struct {
	// Zone is where days begin and end, an IANA name (BD-1). Instants are
	// brought there before days are counted.
	Zone string `json:"zone" yaml:"zone"`
	// ExtraHolidays are days on which the business is closed besides the
	// eleven federal holidays (BD-3).
	ExtraHolidays []Date `json:"extra_holidays,omitempty" yaml:"extra_holidays,omitempty"`
	// DropHolidays names federal holidays on which the business is open, such
	// as "Columbus Day" (BD-3).
	DropHolidays []string `json:"drop_holidays,omitempty" yaml:"drop_holidays,omitempty"`
	// Cutoff is the local time, such as "17:00", from which something counts as
	// having happened on the next business day; with a cutoff, so does what
	// happens on a day off. Empty: no cutoff (BD-5).
	Cutoff string `json:"cutoff,omitempty" yaml:"cutoff,omitempty"`
}

func defaultCalendar() CalendarSettings {
	return CalendarSettings{Zone: "America/New_York"}
}

// A calendar counts business days. It is immutable. Days without a time are
// handled as midnight in UTC, where every day has 24 hours.
type calendar struct {
	zone   *time.Location
	extra  []Date
	drop   []string
	cutoff time.Duration // since local midnight; zero for none
}

func newCalendar(s CalendarSettings) (*calendar, error) {
	var errs []error
	c := &calendar{extra: s.ExtraHolidays, drop: s.DropHolidays}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil || s.Zone == "" || s.Zone == "Local" {
		errs = append(errs, fmt.Errorf("calendar.zone: %q is not a time zone; want a name such as America/New_York", s.Zone))
	}
	c.zone = zone
	for _, d := range s.ExtraHolidays {
		if _, ok := d.day(); !ok {
			errs = append(errs, fmt.Errorf("calendar.extra_holidays: %q is not a day; want one such as 2026-11-27", d))
		}
	}
	var names []string
	for _, h := range federalHolidays(2026) {
		names = append(names, h.name)
	}
	for _, name := range s.DropHolidays {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("calendar.drop_holidays: no federal holiday is called %q; there are %s", name, strings.Join(names, ", ")))
		}
	}
	if s.Cutoff != "" {
		at, err := time.Parse("15:04", s.Cutoff)
		if err != nil {
			errs = append(errs, fmt.Errorf("calendar.cutoff: %q is not a time of day; want one such as 17:00", s.Cutoff))
		}
		c.cutoff = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	return c, errors.Join(errs...)
}

// addBusinessDays returns the instant at which the window of n business days
// that from opens is over: 00:00 of the day after the n-th (BD-4). The day of
// from itself is not counted (BD-2, MIL-A9).
func (c *calendar) addBusinessDays(from time.Time, n int) time.Time {
	return c.endOf(c.count(c.dayOf(from), n))
}

// lastDay is the n-th business day itself: the last one of the window.
func (c *calendar) lastDay(from time.Time, n int) Date {
	return dateOf(c.count(c.dayOf(from), n))
}

// endOf is the first instant after the day, where the business is.
func (c *calendar) endOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, c.zone)
}

// dayOf is the day on which the instant counts (BD-1, BD-5).
func (c *calendar) dayOf(at time.Time) time.Time {
	local := at.In(c.zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	if c.cutoff == 0 {
		return day
	}
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	if clock >= c.cutoff || !c.isBusinessDay(day) {
		return c.count(day, 1)
	}
	return day
}

// count returns the n-th business day after day.
func (c *calendar) count(day time.Time, n int) time.Time {
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if c.isBusinessDay(day) {
			n--
		}
	}
	return day
}

func (c *calendar) isBusinessDay(day time.Time) bool {
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || slices.Contains(c.extra, dateOf(day)) {
		return false
	}
	// New Year's Day may be observed on 31 December: the next day's year has
	// every holiday that can be observed today.
	for _, h := range federalHolidays(day.AddDate(0, 0, 1).Year()) {
		if h.observed().Equal(day) && !slices.Contains(c.drop, h.name) {
			return false
		}
	}
	return true
}

// ftcDays returns the n-th business day after signed as the FTC's cooling-off
// rule counts (16 CFR 429.0(f)): every day but Sundays and federal holidays,
// so Saturdays count, and a holiday is the day itself (BD-6). No setting
// changes what the law says.
func ftcDays(signed time.Time, n int) time.Time {
	day := signed
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		holiday := slices.ContainsFunc(federalHolidays(day.Year()), func(h holiday) bool { return h.day.Equal(day) })
		if day.Weekday() != time.Sunday && !holiday {
			n--
		}
	}
	return day
}

type holiday struct {
	name string
	day  time.Time
}

// observed is the day off for a holiday at the weekend (BD-3, 5 U.S.C. 6103).
func (h holiday) observed() time.Time {
	switch h.day.Weekday() {
	case time.Saturday:
		return h.day.AddDate(0, 0, -1)
	case time.Sunday:
		return h.day.AddDate(0, 0, 1)
	}
	return h.day
}

// federalHolidays are those of 5 U.S.C. 6103(a).
func federalHolidays(year int) []holiday {
	on := func(month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	nth := func(n int, weekday time.Weekday, month time.Month) time.Time {
		first := on(month, 1)
		return first.AddDate(0, 0, int(weekday-first.Weekday()+7)%7+7*(n-1))
	}
	memorial := nth(4, time.Monday, time.May)
	if memorial.Day() <= 24 {
		memorial = memorial.AddDate(0, 0, 7)
	}
	all := []holiday{
		{"New Year's Day", on(time.January, 1)},
		{"Martin Luther King Jr. Day", nth(3, time.Monday, time.January)},
		{"Washington's Birthday", nth(3, time.Monday, time.February)},
		{"Memorial Day", memorial},
		{"Juneteenth", on(time.June, 19)},
		{"Independence Day", on(time.July, 4)},
		{"Labor Day", nth(1, time.Monday, time.September)},
		{"Columbus Day", nth(2, time.Monday, time.October)},
		{"Veterans Day", on(time.November, 11)},
		{"Thanksgiving Day", nth(4, time.Thursday, time.November)},
		{"Christmas Day", on(time.December, 25)},
	}
	if year < 2021 {
		all = slices.DeleteFunc(all, func(h holiday) bool { return h.name == "Juneteenth" })
	}
	return all
}

func dateOf(day time.Time) Date { return Date(day.Format(time.DateOnly)) }

// day is the date as midnight in UTC; false if it is empty or no date.
func (d Date) day() (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, string(d))
	return day, err == nil
}

// inWords writes a day as people do: Friday, 11 December 2026.
func inWords(day time.Time) string { return day.Format("Monday, 2 January 2006") }
