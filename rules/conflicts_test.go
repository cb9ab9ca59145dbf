package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWhatSpeaksAgainstAWorker(t *testing.T) {
	zone := location(t, "Australia/Sydney")
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, zone) }
	span := func(id string, start, end time.Time) []Span { return []Span{{ID: id, Start: start, End: end}} }
	all := defaultOnHold().Checks
	all.Activities = true

	for _, tc := range []struct {
		name      string
		worker    func(*Resource)
		visit     func(*Job)
		checks    func(*ChecksSettings)
		buffer    time.Duration
		conflicts []string
		doubts    []string
		inactive  bool
	}{
		{name: "nothing, if all is well"},
		{name: "no longer being active", worker: func(w *Resource) { w.Active = false }, conflicts: []string{"no longer active"}, inactive: true},
		{name: "not being active, unless that is not checked", worker: func(w *Resource) { w.Active = false }, checks: func(c *ChecksSettings) { c.Active = false }},
		{name: "another region", worker: func(w *Resource) { w.Regions = []string{"South", "East"} }, conflicts: []string{"not in region North"}},
		{name: "not a region of theirs that is secondary", worker: func(w *Resource) { w.Regions = []string{"South", "North"} }},
		{name: "not a region that they belong to for a time, if it is the visit's time", worker: func(w *Resource) {
			w.Regions, w.Memberships = nil, []Membership{{Region: "South"}, {Region: "North", From: at(4, 10, 0), Until: at(4, 11, 0)}}
		}},
		{name: "not a region that they belong to from now on", worker: func(w *Resource) {
			w.Regions, w.Memberships = nil, []Membership{{Region: "North", From: at(4, 10, 0)}}
		}},
		{name: "a region that they belong to only later", worker: func(w *Resource) {
			w.Regions, w.Memberships = nil, []Membership{{Region: "North", From: at(4, 10, 1)}}
		}, conflicts: []string{"not in region North at that time"}},
		{name: "a region that they leave during the visit", worker: func(w *Resource) {
			w.Regions, w.Memberships = nil, []Membership{{Region: "North", Until: at(4, 10, 59)}}
		}, conflicts: []string{"not in region North at that time"}},
		{name: "another region that they belong to for a time", worker: func(w *Resource) {
			w.Regions, w.Memberships = nil, []Membership{{Region: "South", From: at(1, 0, 0)}}
		}, conflicts: []string{"not in region North"}},
		{name: "having no region", worker: func(w *Resource) { w.Regions = nil }, conflicts: []string{"has no region"}},
		{name: "perhaps a region, if the visit has none", visit: func(j *Job) { j.Region = "" }, doubts: []string{"the visit has no region to compare with those of Ana"}},
		{name: "not the region, unless that is checked", worker: func(w *Resource) { w.Regions = nil }, checks: func(c *ChecksSettings) { c.Regions = false }},
		{
			name: "a blacklist of the account or the location", worker: func(w *Resource) { w.BlockedAccounts, w.BlockedLocations = []string{"Acme"}, []string{"Home"} },
			conflicts: []string{"blacklisted for the account", "blacklisted for the location"},
		},
		{
			name: "a blacklist of the work order", visit: func(j *Job) { j.WorkOrder = "WO-7" }, worker: func(w *Resource) { w.BlockedLocations = []string{"WO-7"} },
			conflicts: []string{"blacklisted for the work order"},
		},
		{name: "not a blacklist of somebody else", worker: func(w *Resource) { w.BlockedAccounts, w.BlockedLocations = []string{"Other"}, []string{""} }},
		{name: "a leave of days", worker: func(w *Resource) { w.Unavailable = span("", at(3, 0, 0), at(10, 0, 0)) }, conflicts: []string{"on leave 3-9 March"}},
		{name: "a leave of one day", worker: func(w *Resource) { w.Unavailable = span("", at(4, 0, 0), at(5, 0, 0)) }, conflicts: []string{"on leave 4 March"}},
		{name: "a leave into the next month", worker: func(w *Resource) { w.Unavailable = span("", at(4, 0, 0), at(34, 0, 0)) }, conflicts: []string{"on leave 4 March-2 April"}},
		{name: "a leave of part of the visit", worker: func(w *Resource) { w.Unavailable = span("", at(4, 10, 30), at(4, 10, 45)) }, conflicts: []string{"on leave 10:30-10:45"}},
		{name: "a leave overnight", worker: func(w *Resource) { w.Unavailable = span("", at(3, 22, 0), at(4, 10, 1)) }, conflicts: []string{"on leave 3 March 22:00-4 March 10:01"}},
		{name: "not a leave that ends when the visit begins", worker: func(w *Resource) { w.Unavailable = span("", at(4, 9, 0), at(4, 10, 0)) }},
		{name: "not a leave that was declined", worker: func(w *Resource) {
			w.Unavailable = []Span{{Start: at(3, 0, 0), End: at(9, 0, 0), Status: "declined"}}
		}},
		{name: "perhaps a leave that nobody has approved", worker: func(w *Resource) {
			w.Unavailable = []Span{{Start: at(3, 0, 0), End: at(9, 0, 0), Status: "pending"}}
		}, doubts: []string{"Ana has asked for leave 3-8 March"}},
		{name: "an activity", worker: func(w *Resource) { w.Activities = span("Training", at(4, 9, 0), at(4, 12, 0)) }, conflicts: []string{"activity Training 09:00-12:00"}},
		{name: "not an activity, unless that is checked", worker: func(w *Resource) { w.Activities = span("Training", at(4, 9, 0), at(4, 12, 0)) }, checks: func(c *ChecksSettings) { c.Activities = false }},
		{name: "another visit", worker: func(w *Resource) { w.Jobs = span("JOB-0007", at(4, 10, 59), at(4, 12, 0)) }, conflicts: []string{"other visit JOB-0007 10:59-12:00"}},
		{name: "not the visit itself", worker: func(w *Resource) { w.Jobs = span("J1", at(4, 10, 0), at(4, 11, 0)) }},
		{name: "not a visit that touches", worker: func(w *Resource) { w.Jobs = span("JOB-0007", at(4, 11, 0), at(4, 12, 0)) }},
		{
			name: "a visit too close to travel", buffer: 30 * time.Minute,
			worker:    func(w *Resource) { w.Jobs = span("JOB-0007", at(4, 11, 29), at(4, 12, 0)) },
			conflicts: []string{"other visit JOB-0007 11:29-12:00"},
		},
		{name: "not a visit just far enough", buffer: 30 * time.Minute, worker: func(w *Resource) { w.Jobs = span("JOB-0007", at(4, 9, 0), at(4, 9, 30)) }},
		{
			name: "a long visit that began before shorter ones",
			worker: func(w *Resource) {
				w.Jobs = append(span("K2", at(4, 8, 0), at(4, 9, 0)), span("K1", at(3, 8, 0), at(4, 18, 0))...)
			},
			conflicts: []string{"other visit K1 3 March 08:00-4 March 18:00"},
		},
		{name: "a visit without an end", worker: func(w *Resource) { w.Jobs = span("K1", at(4, 10, 0), time.Time{}) }, conflicts: []string{"other visit K1 10:00-10:00"}},
		{name: "not knowing when the visit ends", visit: func(j *Job) { j.End = time.Time{} }, conflicts: []string{"the visit has no end to compare times with"}},
		{
			name: "not knowing when the visit ends, if only leave is checked", visit: func(j *Job) { j.End = time.Time{} },
			checks: func(c *ChecksSettings) { *c = ChecksSettings{Unavailability: true} }, conflicts: []string{"the visit has no end to compare times with"},
		},
		{
			name: "not knowing when the visit ends, if only activities are checked", visit: func(j *Job) { j.End = time.Time{} },
			checks: func(c *ChecksSettings) { *c = ChecksSettings{Activities: true} }, conflicts: []string{"the visit has no end to compare times with"},
		},
		{
			name: "not knowing when the visit ends, if only other visits are checked", visit: func(j *Job) { j.End = time.Time{} },
			checks: func(c *ChecksSettings) { *c = ChecksSettings{JobConflicts: true} }, conflicts: []string{"the visit has no end to compare times with"},
		},
		{
			name: "not a missing end, if no times are checked", visit: func(j *Job) { j.End = time.Time{} },
			checks: func(c *ChecksSettings) { *c = ChecksSettings{Regions: true} },
		},
		{
			name: "everything at once, in the order of the checks",
			worker: func(w *Resource) {
				*w = Resource{
					ID: "W1", BlockedAccounts: []string{"Acme"},
					Jobs:        span("K1", at(4, 10, 0), at(4, 11, 0)),
					Activities:  span("", at(4, 10, 0), at(4, 11, 0)),
					Unavailable: span("", at(4, 0, 0), at(5, 0, 0)),
				}
			},
			conflicts: []string{"no longer active", "has no region", "blacklisted for the account", "on leave 4 March", "activity 10:00-11:00", "other visit K1 10:00-11:00"},
			inactive:  true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			worker := Resource{ID: "W1", Name: "Ana", Active: true, Regions: []string{"North"}}
			job := Job{ID: "J1", Start: at(4, 10, 0), End: at(4, 11, 0), Region: "North", Account: "Acme", Location: "Home"}
			settings := OnHoldSettings{Checks: all, TravelBuffer: tc.buffer}
			if tc.worker != nil {
				tc.worker(&worker)
			}
			if tc.visit != nil {
				tc.visit(&job)
			}
			if tc.checks != nil {
				tc.checks(&settings.Checks)
			}
			v := &visit{Job: &job, place: &place{zone: zone}, day: dateOf(job.Start)}
			got := newRoster([]Resource{worker}, settings, true).check("W1", v)
			want := finding{inactive: tc.inactive, conflicts: tc.conflicts, doubts: tc.doubts}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(finding{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Spans are asked in the order of time and forget what is over; that must not
// change an answer, whatever overlaps and however long it lasts.
func TestSpansFindWhatOverlapsAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		at := func(label string) time.Time {
			return day.Add(time.Duration(rapid.IntRange(0, 24).Draw(t, label)) * time.Hour)
		}
		var list []Span
		for i := range rapid.IntRange(0, 8).Draw(t, "spans") {
			list = append(list, Span{ID: fmt.Sprint(i), Start: at("start"), End: at("end")})
		}
		s, before := newSpans(list), slices.Clone(list)
		slices.SortStableFunc(list, func(a, b Span) int { return a.Start.Compare(b.Start) })
		for ask := day; ask.Before(day.Add(24 * time.Hour)); ask = ask.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "later")+1) * time.Hour) {
			end := ask.Add(time.Duration(rapid.IntRange(1, 6).Draw(t, "hours")) * time.Hour)
			var want, got []string
			for _, one := range list {
				// Without an end it is a moment, which lies in the stretch if its start does.
				if one.Start.Before(end) && (one.End.After(ask) || !one.Start.Before(ask)) {
					want = append(want, one.ID)
				}
			}
			for _, one := range s.overlapping(ask, end) {
				got = append(got, one.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("of %v from %s to %s (-want +got):\n%s", before, ask, end, diff)
			}
		}
	})
}
