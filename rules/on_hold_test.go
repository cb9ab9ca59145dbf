package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsThatMakeNoSenseAreAllReported(t *testing.T) {
	s := Defaults()
	s.OnHold.DefaultZone = "Mars/Olympus"
	s.OnHold.OpenEndedAction = "ignore"
	s.OnHold.NearHours = -1
	s.OnHold.TravelBuffer = -time.Minute
	_, err := Load(s)
	if err == nil {
		t.Fatal("the settings were accepted")
	}
	for _, key := range []string{"on_hold.default_zone", "on_hold.open_ended_action", "on_hold.near_hours", "on_hold.travel_buffer"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not reported: %v", key, err)
		}
	}
}

func TestEveryRequirementOfTheHoldIsCitedWhereItIsCarriedOut(t *testing.T) {
	var text strings.Builder
	for _, pattern := range []string{"on_hold*.go", "conflicts.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(source)
		}
	}
	cited := map[string]bool{}
	for _, number := range regexp.MustCompile(`HOLD-A?[0-9]+`).FindAllString(text.String(), -1) {
		cited[number] = true
	}
	for n := 1; n <= 39; n++ {
		if number := fmt.Sprint("HOLD-", n); n <= 19 && !cited[number] {
			t.Errorf("%s is not cited", number)
		}
		if number := fmt.Sprint("HOLD-A", n); !cited[number] {
			t.Errorf("%s is not cited", number)
		}
	}
}

func TestAVisitBelongsToItsLocalDay(t *testing.T) {
	for _, tc := range []struct {
		name             string
		start            string
		job, client      string
		fallback         string
		today            string // the instant of deciding
		wantDay          Date
		wantStart        string
		wantWindowReason string
	}{
		{"late in the evening in the west it is the next day in UTC", "2026-03-10T04:30:00Z", "America/Los_Angeles", "", "UTC", "2026-03-01T00:00:00Z", "2026-03-09", "later", "America/Los_Angeles"},
		{"early in the morning in the east it is the day before in UTC", "2026-03-09T20:30:00Z", "Australia/Sydney", "", "UTC", "2026-03-01T00:00:00Z", "2026-03-10", "later", "Australia/Sydney"},
		{"the night in which clocks go forward is one day", "2026-03-08T07:30:00Z", "America/New_York", "", "UTC", "2026-03-08T05:00:00Z", "2026-03-08", "today", "America/New_York"},
		{"the day on which clocks go back has 25 hours", "2026-11-02T04:30:00Z", "America/New_York", "", "UTC", "2026-11-01T04:00:00Z", "2026-11-01", "today", "America/New_York"},
		{"the client's zone counts where the visit has none", "2026-03-09T20:30:00Z", "", "Pacific/Auckland", "UTC", "2026-03-01T00:00:00Z", "2026-03-10", "later", "Pacific/Auckland"},
		{"a zone that does not exist is passed over", "2026-03-09T20:30:00Z", "AEST+10", "Pacific/Auckland", "UTC", "2026-03-01T00:00:00Z", "2026-03-10", "later", "Pacific/Auckland"},
		{"the machine's zone is nobody's", "2026-03-09T20:30:00Z", "Local", "Pacific/Auckland", "UTC", "2026-03-01T00:00:00Z", "2026-03-10", "later", "Pacific/Auckland"},
		{"the default counts where nobody names a zone", "2026-03-10T04:30:00Z", "", "", "America/Denver", "2026-03-01T00:00:00Z", "2026-03-09", "later", "America/Denver"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			book := holdBook(t, func(s *OnHoldSettings) { s.DefaultZone = tc.fallback })
			now, start := instant(t, tc.today), instant(t, tc.start)
			day, _ := tc.wantDay.day()
			for _, h := range []struct {
				hold Hold
				want string
			}{
				{Hold{On: true, Start: tc.wantDay, Return: dateOf(day.AddDate(0, 0, 1))}, "cancelling"},
				{Hold{On: true, Start: dateOf(day.AddDate(0, 0, -9)), Return: tc.wantDay}, "outside"},
				{Hold{On: true, Start: dateOf(day.AddDate(0, 0, 1))}, "outside"},
			} {
				c := &Client{ID: "C1", New: true, Hold: h.hold, Zone: tc.client, Jobs: []Job{{ID: "J1", Status: "ready", Zone: tc.job, Start: start, End: start.Add(time.Hour)}}}
				got := decideHold(book, c, now).Decisions[1]
				if got.Facts[0].Value != h.want || got.Facts[1].Value != tc.wantStart {
					t.Errorf("hold %s: window %s, start %s; want %s, %s", h.hold, got.Facts[0].Value, got.Facts[1].Value, h.want, tc.wantStart)
				}
				if h.want == "cancelling" && !strings.Contains(got.Facts[0].Reason, tc.wantWindowReason) {
					t.Errorf("the reason %q does not name %s", got.Facts[0].Reason, tc.wantWindowReason)
				}
			}
		})
	}
}

func TestTheDeadlineIsTheFirstInstantOfTheNextDayWithAWaitingVisit(t *testing.T) {
	for _, tc := range []struct{ name, zone, visit, now, want string }{
		{"midnight where the visit is", "Australia/Sydney", "2026-03-12T00:00:00Z", "2026-03-10T00:00:00Z", "2026-03-11T13:00:00Z"},
		{"one o'clock where clocks go forward at midnight", "Africa/Cairo", "2026-04-24T08:00:00Z", "2026-04-20T00:00:00Z", "2026-04-23T22:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start := instant(t, tc.visit)
			c := &Client{ID: "C1", New: true, Hold: Hold{On: true, Start: "2026-03-01"}, Zone: tc.zone, Jobs: []Job{
				{ID: "J1", Status: "pending-allocation", Start: start, End: start.Add(time.Hour)},
				{ID: "J2", Status: "pending-allocation", Start: start.AddDate(0, 0, 2), End: start.AddDate(0, 0, 3)},
			}}
			got := decideHold(holdBook(t, nil), c, instant(t, tc.now)).Decisions[0].Deadlines
			want := []Deadline{{Kind: HoldDay, Subject: Ref{"client", "C1"}, At: instant(t, tc.want)}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			c.Memory = map[string]string{"hold": c.Hold.String()}
			plan := holdBook(t, nil).Decide(Snapshot{Client: c}, Event{ID: "day", Kind: HoldDay, Subject: Ref{"client", "C1"}}, got[0].At)
			if len(plan.Decisions) != 2 || plan.Decisions[1].Subject.ID != "J1" || plan.Decisions[1].Row != "U2" {
				t.Fatalf("when the deadline is reached J1 alone should be cancelled: %+v", plan.Decisions)
			}
			if next := plan.Decisions[0].Deadlines[0].At; !next.After(got[0].At) {
				t.Errorf("the next deadline %s is not later than %s", next, got[0].At)
			}
		})
	}
}

func TestOfTwoVisitsForOneWorkerTheEarlierGetsThem(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	visit := func(id string, start time.Time) Job {
		return Job{ID: id, Status: "cancelled", OnHold: true, Saved: "W1", Region: "North", Start: start, End: start.Add(2 * time.Hour)}
	}
	ten := time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)
	c := &Client{
		ID: "C1", Zone: "UTC", Memory: map[string]string{"hold": "on 2026-03-01 -"},
		// Four visits that overlap in a chain; the snapshot has no order.
		Jobs:      []Job{visit("J4", ten.Add(3*time.Hour)), visit("J3", ten.Add(time.Hour)), visit("J2", ten), visit("J1", ten)},
		Resources: []Resource{{ID: "W1", Name: "Ana", Active: true, Regions: []string{"North"}}},
	}
	plan := decideHold(holdBook(t, nil), c, now)
	got := map[string]string{}
	for _, d := range plan.Decisions[1:] {
		got[d.Subject.ID] = d.Row
	}
	if diff := cmp.Diff(map[string]string{"J1": "R2", "J2": "R4", "J3": "R4", "J4": "R2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestALongListIsCutShort(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, visits string
		more         string
	}{
		{"after twenty visits", "JOB", "and 480 more"},
		{"before a feed's post is full", strings.Repeat("long ", 200), " more"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := manyVisits(1000, now)
			for i := range c.Jobs {
				c.Jobs[i].Group = i%2 == 1
				c.Jobs[i].Name = fmt.Sprint(tc.visits, i)
			}
			hold := decideHold(holdBook(t, nil), c, now).Decisions[0]
			if len(hold.Actions) != 2 {
				t.Fatalf("%d actions, want one comment and one thing for a person", len(hold.Actions))
			}
			for _, a := range hold.Actions {
				if text := a.Args["text"]; len(text) > 10_000 || !strings.Contains(text, "(500)") || !strings.Contains(text, tc.more) {
					t.Errorf("%s: %d bytes:\n%s", a.Verb, len(text), text)
				}
			}
		})
	}
}

func FuzzParseHold(f *testing.F) {
	for _, s := range []string{"off - -", "on 2026-03-01 -", "on 2026-03-01 2026-04-01", "on", "", "off  -", "on - - -"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := ParseHold(s)
		if ok && h.String() != s {
			t.Errorf("%q is read as %+v, which is written %q", s, h, h.String())
		}
	})
}

func FuzzOnHoldDecides(f *testing.F) {
	book := holdBook(f, nil)
	f.Add("on 2026-03-01 -", "off - -", "ready", int64(1_772_000_000), int64(1_773_000_000), "UTC", uint8(3))
	f.Add("on 2026-13-41 x", "", "", int64(0), int64(-1), "Mars", uint8(255))
	f.Fuzz(func(t *testing.T, now, before, status string, at, start int64, zone string, bits uint8) {
		hold, _ := ParseHold(now)
		bit := func(n int) bool { return bits&(1<<n) != 0 }
		job := Job{
			ID: "J1", Status: status, OnHold: bit(0), Group: bit(1), Zone: zone, Start: time.Unix(start, 0), Saved: "W1",
			Allocations: []Allocation{{ID: "A1", Resource: "W2", Live: bit(2)}},
		}
		if bit(3) {
			job.Start = time.Time{}
		}
		if bit(4) {
			job.Memory = map[string]string{"held": "released", "crew": "W1,W3", "episode": "e1"}
		}
		c := &Client{ID: "C1", New: bit(5), Hold: hold, Memory: map[string]string{"hold": before}, Jobs: []Job{job}, Resources: []Resource{{ID: "W1", Active: bit(6)}}}
		for _, kind := range []string{HoldChanged, HoldDay} {
			plan := book.Decide(Snapshot{Client: c}, Event{ID: "e1", Kind: kind}, time.Unix(at, 0))
			if len(plan.Decisions) == 0 {
				t.Fatal("no decision")
			}
			for _, d := range plan.Decisions {
				for _, line := range d.Deadlines {
					if !line.At.IsZero() && !line.At.After(time.Unix(at, 0)) {
						t.Errorf("the deadline %s is not in the future", line.At)
					}
				}
			}
		}
	})
}

// manyVisits is a client with n visits in a hold, all with one busy worker.
func manyVisits(n int, now time.Time) *Client {
	c := &Client{ID: "C1", Name: "Kim Lee", New: true, Zone: "Australia/Sydney", Hold: Hold{On: true, Start: dateOf(now), Return: dateOf(now.AddDate(9, 0, 0))}}
	worker := Resource{ID: "W1", Name: "Ana", Active: true, Regions: []string{"North"}}
	for i := range n {
		start := now.AddDate(0, 0, 3).Add(time.Duration(i) * 4 * time.Hour)
		c.Jobs = append(c.Jobs, Job{
			ID: fmt.Sprintf("J%05d", i), Name: fmt.Sprintf("JOB-%05d", i), Status: "ready", Start: start, End: start.Add(time.Hour), Region: "North",
			Allocations: []Allocation{{ID: fmt.Sprintf("A%05d", i), Resource: "W1", Live: true}},
		})
		worker.Jobs = append(worker.Jobs, Span{ID: fmt.Sprintf("K%05d", i), Start: start.Add(2 * time.Hour), End: start.Add(3 * time.Hour)})
	}
	c.Resources = []Resource{worker}
	return c
}

func decideHold(b *Book, c *Client, now time.Time) Plan {
	return b.Decide(Snapshot{Client: c}, Event{ID: "event-1", Kind: HoldChanged, Subject: Ref{"client", c.ID}}, now)
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
