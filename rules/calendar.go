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

	// open tells of each day from tabled on whether it is a business day.
	// Without it counting days was a quarter of a cancellation's time.
	open []bool
}

// tabled is 1 January 2000, as a day number; the table holds this century.
const (
	tabled     = 10957
	tabledDays = 36525
)

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
	for _, h := range federalHolidays {
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
		if err == nil && c.cutoff == 0 {
			errs = append(errs, fmt.Errorf("calendar.cutoff: %q would leave no day before it; want a later time, or leave it out", s.Cutoff))
		}
	}
	c.open = make([]bool, tabledDays)
	for i := range c.open {
		c.open[i] = c.works(dayOfNumber(tabled + int64(i)))
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
func (c *calendar) lastDay(from time.Time, n int) time.Time {
	return c.count(c.dayOf(from), n)
}

// endOf is the first instant after the day, where the business is.
func (c *calendar) endOf(day time.Time) time.Time { return startOf(next(day), c.zone) }

func next(day time.Time) time.Time { return day.Add(24 * time.Hour) }

// startOf is the first instant of the day. Where the clocks go forward at
// midnight that is not 00:00, and time.Date may answer with the day before.
func startOf(day time.Time, zone *time.Location) time.Time {
	at := midnight(day, zone)
	if midnight(at, time.UTC).Before(day) {
		at = at.Add(time.Hour)
	}
	return at
}

// midnight is 00:00 in the zone, of the date that day has in its own.
func midnight(day time.Time, zone *time.Location) time.Time {
	year, month, date := day.Date()
	return time.Date(year, month, date, 0, 0, 0, 0, zone)
}

// dayOf is the day on which the instant counts (BD-1, BD-5).
func (c *calendar) dayOf(at time.Time) time.Time {
	local := at.In(c.zone)
	day := midnight(local, time.UTC)
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
	at := numberOf(day)
	for n > 0 {
		at++
		if c.isOpen(at) {
			n--
		}
	}
	return dayOfNumber(at)
}

func (c *calendar) isBusinessDay(day time.Time) bool { return c.isOpen(numberOf(day)) }

func (c *calendar) isOpen(number int64) bool {
	if i := number - tabled; i >= 0 && i < int64(len(c.open)) {
		return c.open[i]
	}
	return c.works(dayOfNumber(number))
}

// numberOf counts the days since 1 January 1970.
func numberOf(day time.Time) int64 { return day.Unix() / (24 * 60 * 60) }

func dayOfNumber(number int64) time.Time { return time.Unix(number*24*60*60, 0).UTC() }

// works knows that a holiday at the weekend is observed on the weekday beside
// it (BD-3, 5 U.S.C. 6103).
func (c *calendar) works(day time.Time) bool {
	switch day.Weekday() {
	case time.Saturday, time.Sunday:
		return false
	case time.Friday:
		if c.observes(next(day)) {
			return false
		}
	case time.Monday:
		if c.observes(day.Add(-24 * time.Hour)) {
			return false
		}
	}
	return !c.observes(day) && !(len(c.extra) > 0 && slices.Contains(c.extra, dateOf(day)))
}

// observes reports whether the day itself is a holiday of the business.
func (c *calendar) observes(day time.Time) bool {
	name := holidayOn(day)
	return name != "" && !slices.Contains(c.drop, name)
}

// ftcDays returns the n-th business day after signed as the FTC's cooling-off
// rule counts (16 CFR 429.0(f)): every day but Sundays and federal holidays,
// so Saturdays count, and a holiday is the day itself (BD-6). No setting
// changes what the law says.
func ftcDays(signed time.Time, n int) time.Time {
	day := signed
	for n > 0 {
		day = next(day)
		if day.Weekday() != time.Sunday && holidayOn(day) == "" {
			n--
		}
	}
	return day
}

// A holiday is a date of every year, or if day is 0 the nth such weekday of the
// month, the last for nth -1.
type holiday struct {
	name    string
	month   time.Month
	day     int
	nth     int
	weekday time.Weekday
	since   int
}

// federalHolidays are those of 5 U.S.C. 6103(a).
var federalHolidays = [...]holiday{
	{name: "New Year's Day", month: time.January, day: 1},
	{name: "Martin Luther King Jr. Day", month: time.January, nth: 3, weekday: time.Monday},
	{name: "Washington's Birthday", month: time.February, nth: 3, weekday: time.Monday},
	{name: "Memorial Day", month: time.May, nth: -1, weekday: time.Monday},
	{name: "Juneteenth", month: time.June, day: 19, since: 2021},
	{name: "Independence Day", month: time.July, day: 4},
	{name: "Labor Day", month: time.September, nth: 1, weekday: time.Monday},
	{name: "Columbus Day", month: time.October, nth: 2, weekday: time.Monday},
	{name: "Veterans Day", month: time.November, day: 11},
	{name: "Thanksgiving Day", month: time.November, nth: 4, weekday: time.Thursday},
	{name: "Christmas Day", month: time.December, day: 25},
}

// holidayOn names the federal holiday that the day itself is; empty if none.
func holidayOn(day time.Time) string {
	year, month, date := day.Date()
	for i := range federalHolidays {
		h := &federalHolidays[i]
		if h.month != month || year < h.since {
			continue
		}
		switch {
		case h.day > 0 && h.day == date,
			h.nth > 0 && h.weekday == day.Weekday() && h.nth == (date+6)/7,
			h.nth < 0 && h.weekday == day.Weekday() && day.AddDate(0, 0, 7).Month() != month:
			return h.name
		}
	}
	return ""
}

func dateOf(day time.Time) Date { return Date(day.Format(time.DateOnly)) }

// day is the date as midnight in UTC; false if it is empty or no date.
func (d Date) day() (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, string(d))
	return day, err == nil
}

// inWords writes a day as people do: Friday, 11 December 2026.
func inWords(day time.Time) string { return day.Format("Monday, 2 January 2006") }
