package config

import (
	"testing"
	"time"
)

func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"@every 30s", "*/5 8-18 * * 1-5", "@hourly", "CRON_TZ=Europe/Berlin 0 6 * * *", "TZ=", "@every -1s", "0 0 30 2 *", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Schedule
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		if next := s.Next(at); !next.After(at) {
			t.Errorf("%q is due at %s, not after %s", text, next, at)
		}
	})
}

func TestASilentlyDeadLinkToTheMailboxIsNoticedInTimeByDefault(t *testing.T) {
	c := defaults()
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	if noticed := c.Mailbox.Poll.Next(at).Sub(at) + c.Delivery.CallTimeout; noticed > 80*time.Second {
		t.Errorf("noticed after %s, want some margin below 90 s", noticed)
	}
}
