package rules

import (
	"strings"
	"testing"
	"time"
)

func mustCalendar(t *testing.T, s CalendarSettings) *calendar {
	t.Helper()
	c, err := newCalendar(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestBusinessDays(t *testing.T) {
	utc := CalendarSettings{Zone: "UTC"}
	tests := []struct {
		name     string
		settings CalendarSettings
		from     string
		days     int
		last     Date
	}{
		{"across Thanksgiving", defaultCalendar(), "2026-11-20 10:00", 14, "2026-12-11"},
		{"from a Saturday", defaultCalendar(), "2026-11-21 10:00", 14, "2026-12-11"},
		{"from a Sunday", defaultCalendar(), "2026-11-22 10:00", 14, "2026-12-11"},
		{"from the day before Thanksgiving", defaultCalendar(), "2026-11-25 10:00", 14, "2026-12-16"},
		{"from Thanksgiving as from the day before", defaultCalendar(), "2026-11-26 10:00", 14, "2026-12-16"},
		{"across Christmas and New Year", defaultCalendar(), "2026-12-18 10:00", 14, "2027-01-11"},
		{"across a Juneteenth on a Saturday", defaultCalendar(), "2027-06-10 10:00", 14, "2027-07-01"},
		{"across a New Year observed in the old year", defaultCalendar(), "2021-12-20 10:00", 14, "2022-01-11"},
		{"across Veterans Day", defaultCalendar(), "2024-11-01 10:00", 14, "2024-11-22"},
		{"across the change of the clocks", defaultCalendar(), "2026-03-02 10:00", 14, "2026-03-20"},
		{"late in the evening is still the same day", defaultCalendar(), "2026-11-19 23:30", 14, "2026-12-10"},
		{"late in the evening is the next day elsewhere", utc, "2026-11-19 23:30", 14, "2026-12-11"},
		{"the contract's own example", defaultCalendar(), "2024-03-01 10:00", 10, "2024-03-15"},
		{"a holiday on a Sunday is observed on Monday", defaultCalendar(), "2021-07-02 10:00", 1, "2021-07-06"},
		{"before 2021 Juneteenth is a business day", defaultCalendar(), "2020-06-18 10:00", 1, "2020-06-19"},
		{"Memorial Day on the 25th", defaultCalendar(), "2026-05-22 10:00", 1, "2026-05-26"},
		{"Memorial Day on the 31st", defaultCalendar(), "2027-05-28 10:00", 1, "2027-06-01"},
		{"a day off of the business's own", CalendarSettings{Zone: "America/New_York", ExtraHolidays: []Date{"2026-11-27"}}, "2026-11-20 10:00", 14, "2026-12-14"},
		{"open on Veterans Day", CalendarSettings{Zone: "America/New_York", DropHolidays: []string{"Veterans Day"}}, "2024-11-01 10:00", 14, "2024-11-21"},
		{"before the cutoff", CalendarSettings{Zone: "America/New_York", Cutoff: "17:00"}, "2026-11-20 16:59", 1, "2026-11-23"},
		{"at the cutoff", CalendarSettings{Zone: "America/New_York", Cutoff: "17:00"}, "2026-11-20 17:00", 1, "2026-11-24"},
		{"a day off after the cutoff of the day before is no earlier", CalendarSettings{Zone: "America/New_York", Cutoff: "17:00"}, "2026-11-21 09:00", 1, "2026-11-24"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := mustCalendar(t, test.settings)
			from := at(t, test.from)
			if got := dateOf(c.lastDay(from, test.days)); got != test.last {
				t.Errorf("day %d after %s is %s, want %s", test.days, test.from, got, test.last)
			}
			// The window ends where its last day does, where the business is.
			last, _ := test.last.day()
			want := time.Date(last.Year(), last.Month(), last.Day()+1, 0, 0, 0, 0, c.zone)
			if got := c.addBusinessDays(from, test.days); !got.Equal(want) {
				t.Errorf("the window ends %s, want %s", got, want)
			}
		})
	}
}

func TestAWindowEndsWhenItsLastDayDoesEvenIfTheClocksSkipMidnight(t *testing.T) {
	c := mustCalendar(t, CalendarSettings{Zone: "Africa/Cairo"})
	got := c.addBusinessDays(time.Date(2026, time.April, 22, 10, 0, 0, 0, c.zone), 1)
	if want := time.Date(2026, time.April, 23, 22, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("it ends %s, want %s", got.UTC(), want)
	}
}

func TestALaterStartNeverEndsEarlier(t *testing.T) {
	for _, cutoff := range []string{"", "17:00"} {
		c := mustCalendar(t, CalendarSettings{Zone: "America/New_York", Cutoff: cutoff})
		before := time.Time{}
		for from := at(t, "2026-10-01 00:30"); from.Year() < 2028; from = from.Add(5 * time.Hour) {
			end := c.addBusinessDays(from, 14)
			if end.Before(before) {
				t.Fatalf("cutoff %q: from %s the window ends %s, before that of an earlier start, %s", cutoff, from, end, before)
			}
			before = end
		}
	}
}

func TestTheLawCountsSaturdaysAndTheDayOfAHolidayItself(t *testing.T) {
	tests := []struct {
		name         string
		signed, last Date
	}{
		{"Monday to Thursday", "2026-11-16", "2026-11-19"},
		{"over a Saturday", "2026-11-18", "2026-11-21"},
		{"over a Sunday", "2026-11-20", "2026-11-24"},
		{"over Thanksgiving", "2026-11-25", "2026-11-30"},
		{"the Friday before a holiday on Saturday counts, the Saturday does not", "2026-07-01", "2026-07-06"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			signed, _ := test.signed.day()
			if got := dateOf(ftcDays(signed, 3)); got != test.last {
				t.Errorf("the third day after %s is %s, want %s", test.signed, got, test.last)
			}
		})
	}
}

func TestACalendarThatMakesNoSenseIsRefused(t *testing.T) {
	_, err := newCalendar(CalendarSettings{
		Zone: "Mars/Olympus", ExtraHolidays: []Date{"2026-02-30"}, DropHolidays: []string{"Groundhog Day"}, Cutoff: "5pm",
	})
	if err == nil {
		t.Fatal("it was accepted")
	}
	for _, want := range []string{
		`calendar.zone: "Mars/Olympus"`, `calendar.extra_holidays: "2026-02-30"`,
		`calendar.drop_holidays: no federal holiday is called "Groundhog Day"; there are New Year's Day`, `calendar.cutoff: "5pm"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not contain %q", err, want)
		}
	}
	_, err = newCalendar(CalendarSettings{Zone: "UTC", Cutoff: "00:00"})
	if want := `calendar.cutoff: "00:00" would leave no day before it`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	for _, zone := range []string{"", "Local"} {
		if _, err := newCalendar(CalendarSettings{Zone: zone}); err == nil {
			t.Errorf("zone %q was accepted: a day would be the server's", zone)
		}
	}
}
