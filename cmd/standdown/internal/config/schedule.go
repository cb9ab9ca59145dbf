package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Schedule says when something is due: a cron expression of five fields, or
// a descriptor such as @hourly or "@every 30s". It is in local time unless it
// begins with CRON_TZ=.
type Schedule struct {
	text string
	cron cron.Schedule
}

// Next returns the first time after t.
func (s Schedule) Next(t time.Time) time.Time { return s.cron.Next(t) }

func (s Schedule) String() string { return s.text }

// Equal reports whether both are written alike.
func (s Schedule) Equal(other Schedule) bool { return s.text == other.text }

func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.text), nil }

// UnmarshalText parses an expression. It refuses what would never be due and
// what would be due more often than each second.
func (s *Schedule) UnmarshalText(text []byte) error {
	spec := string(text)
	const want = `want a cron expression such as "*/5 * * * *" or a descriptor such as "@every 30s"`
	// The parser panics on a zone with nothing after it, and makes a second of
	// whatever is shorter.
	if strings.Contains(spec, "TZ=") && !strings.Contains(spec, " ") {
		return fmt.Errorf("%q has a time zone and no schedule; %s", spec, want)
	}
	parsed, err := cron.ParseStandard(spec)
	if err != nil {
		return fmt.Errorf("%q is no schedule: %v; %s", spec, err, want)
	}
	if every, ok := strings.CutPrefix(spec, "@every "); ok {
		if d, err := time.ParseDuration(every); err != nil || d < time.Second {
			return fmt.Errorf("%q is too often; want one second at least", spec)
		}
	}
	if parsed.Next(time.Unix(0, 0)).IsZero() {
		return fmt.Errorf("%q is never due; %s", spec, want)
	}
	s.text, s.cron = spec, parsed
	return nil
}

func mustSchedule(text string) Schedule {
	var s Schedule
	if err := s.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return s
}

// An Instant is a point in time, written as a day (its beginning in UTC) or as
// an RFC 3339 time. It is zero if the text is empty.
type Instant time.Time

func (i Instant) MarshalText() ([]byte, error) {
	if time.Time(i).IsZero() {
		return nil, nil
	}
	return time.Time(i).AppendText(nil)
}

func (i *Instant) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" {
		*i = Instant{}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			*i = Instant(t)
			return nil
		}
	}
	return fmt.Errorf("%q is no time; want a day such as 2026-03-01 or a time such as 2026-03-01T08:00:00Z", s)
}
