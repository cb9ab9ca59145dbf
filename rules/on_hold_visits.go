package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A place is where days begin and end, and which day it is there.
type place struct {
	zone  *time.Location
	today Date

	day  Date // the last one that was put in words, for visits come by the day
	date string
}

func (p *place) inWords(day Date, local time.Time) string {
	if p.day != day {
		p.day, p.date = day, inWords(local)
	}
	return p.date
}

// A visit is a job as the hold sees it.
type visit struct {
	*Job
	*place
	day     Date
	date    string   // the day in words; empty if it has none, or nothing is told
	clock   string   // when it starts on that day; empty likewise
	state   Fact     // the column "job"
	facts   [5]Fact  // of visitTable
	workers []string // who are allocated
	crew    []string // whom it should go back to
	free    []string // those of crew who can come
	open    []string // why the others cannot

	released bool
	warnings []string
}

// covers tells whether the visit is in the window. One without a start might
// be, so it counts as covered by any hold.
func (v *visit) covers(w window) bool {
	return w.has(v.day) || v.Start.IsZero() && w.first != "" && v.state.Value != "settled"
}

// label names the visit for people.
func (v *visit) label() string {
	name := cmp.Or(v.Name, v.ID)
	if v.date == "" {
		return name
	}
	return name + ", " + v.date + ", " + v.clock
}

// visits prepares the client's jobs, the earliest first (HOLD-A31).
func (c *change) visits() []*visit {
	visits := make([]visit, len(c.client.Jobs))
	all := make([]*visit, len(visits))
	for i := range visits {
		all[i] = &visits[i]
		c.prepare(all[i], &c.client.Jobs[i])
	}
	slices.SortStableFunc(all, func(a, b *visit) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID))
	})
	return all
}

func (c *change) prepare(v *visit, j *Job) {
	v.Job, v.place = j, c.placeOf(j)
	if !j.Start.IsZero() {
		local := j.Start.In(v.zone)
		v.day = dateOf(local)
		if c.trace {
			v.date, v.clock = v.place.inWords(v.day, local), local.Format("15:04")
		}
	}
	for _, a := range j.Allocations {
		if a.Live {
			v.workers = append(v.workers, a.Resource)
		}
	}
	v.state = c.state(v)
	v.crew = crewOf(v)
}

// placeOf is where the visit's day begins (HOLD-A16): the visit's own zone or
// its region's, the client's, the default.
func (c *change) placeOf(j *Job) *place {
	for _, name := range [...]string{j.Zone, c.client.Zone} {
		if name == "" || name == "Local" {
			continue
		}
		at, tried := c.places[name]
		if !tried {
			if zone, err := time.LoadLocation(name); err == nil {
				at = c.newPlace(zone)
			}
			c.places[name] = at
		}
		if at != nil {
			return at
		}
	}
	if c.places[""] == nil {
		c.places[""] = c.newPlace(c.zone)
	}
	return c.places[""]
}

func (c *change) newPlace(zone *time.Location) *place {
	return &place{zone: zone, today: dateOf(c.now.In(zone))}
}
