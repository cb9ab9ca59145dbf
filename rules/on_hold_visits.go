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

	last [3]int // the year, month and day that were written last, for visits come by the day
	day  Date
	date string
}

// write says which day it is, and if traced in words.
func (p *place) write(local time.Time, traced trace) (day Date, date string) {
	year, month, number := local.Date()
	if at := [...]int{year, int(month), number}; at != p.last {
		p.last, p.day = at, dateOf(local)
		if traced {
			p.date = inWords(local)
		}
	}
	return p.day, p.date
}

// A visit is a job as the hold sees it.
type visit struct {
	*Job
	*place
	day     Date
	date    string   // the day in words; empty if it has none, or nothing is told
	clock   string   // when it starts on that day; empty likewise
	state   Fact     // the column "job"
	workers []string // who are allocated
	crew    []string // whom it should go back to

	released bool
}

// A muster is what asking a visit's crew has brought.
type muster struct {
	free   []string // who can come
	open   []string // why the others cannot
	doubts []string // to be warned of
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
	c.ids = make([]string, 0, 2*len(visits))
	all := make([]*visit, len(visits))
	for i := range visits {
		all[i] = &visits[i]
		c.prepare(all[i], &c.client.Jobs[i])
	}
	slices.SortStableFunc(all, func(a, b *visit) int {
		if order := a.Start.Compare(b.Start); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}

func (c *change) prepare(v *visit, j *Job) {
	v.Job, v.place = j, c.placeOf(j)
	if !j.Start.IsZero() {
		local := j.Start.In(v.zone)
		v.day, v.date = v.write(local, c.trace)
		if c.trace {
			v.clock = local.Format("15:04")
		}
	}
	from := len(c.ids)
	for _, a := range j.Allocations {
		if a.Live {
			c.ids = append(c.ids, a.Resource)
		}
	}
	v.workers = c.idsFrom(from)
	v.state = c.state(v)
	v.crew = c.crewOf(v)
}

// idsFrom is the list that was appended to c.ids from there on. All lists of
// ids lie there, which saves two allocations a visit.
func (c *change) idsFrom(from int) []string { return slices.Clip(c.ids[from:]) }

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
