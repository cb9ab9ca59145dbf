package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Ceilings are how many records may be changed without a person; 0 is any
// number.
type Ceilings struct {
	Run      RunCeiling  `yaml:"run"`
	Rule     RuleCeiling `yaml:"rule"`     // by one row of a table, within an hour
	Customer Ceiling     `yaml:"customer"` // for one customer, within an hour
}

// RunCeiling is about what one read brought.
type RunCeiling struct {
	Records int `yaml:"records"`
	// Percent is of the watched records of one kind, that one read is about.
	Percent int `yaml:"percent"`
	// Floor is how many records may be changed whatever Percent says.
	Floor int `yaml:"floor"`
}

// RuleCeiling is about what one row of a table does within an hour.
type RuleCeiling struct {
	Records int `yaml:"records"`
	// Percent is of the watched records of one kind, that it is about; it
	// counts from the run's Floor on.
	Percent int `yaml:"percent"`
}

// Ceiling is a number of records.
type Ceiling struct {
	Records int `yaml:"records"`
}

// Approvals are about people who approve.
type Approvals struct {
	// ExpireAfter is how long a proposal waits; 0 is for ever.
	ExpireAfter time.Duration `yaml:"expire_after"`
	// AllowOwn lets people approve what they have caused themselves.
	AllowOwn bool `yaml:"allow_own"`
	// People are the Salesforce user ids of those who approve, by the name they
	// give.
	People map[string]string `yaml:"people"`
	// Cases has them asked in cases of the back-office queue as well, if the
	// mapping says how they answer there.
	Cases bool `yaml:"cases"`
}

// QuietHours are a part of each day in which no mail is sent.
type QuietHours struct {
	From string `yaml:"from"` // such as 20:00
	To   string `yaml:"to"`
	// Zone is where; empty is that of the calendar.
	Zone string `yaml:"zone"`

	// Begin and End are From and To since midnight; alike if there are no
	// quiet hours. Location is nil then.
	Begin, End time.Duration  `yaml:"-"`
	Location   *time.Location `yaml:"-"`
}

func (c Ceilings) check(d *document) {
	for key, n := range map[string]int{
		"run.records": c.Run.Records, "run.percent": c.Run.Percent, "run.floor": c.Run.Floor,
		"rule.records": c.Rule.Records, "rule.percent": c.Rule.Percent, "customer.records": c.Customer.Records,
	} {
		if n < 0 {
			d.refuse("ceilings."+key, "must be 0 (any number) or more")
		}
	}
	for key, n := range map[string]int{"run.percent": c.Run.Percent, "rule.percent": c.Rule.Percent} {
		if n > 100 {
			d.refuse("ceilings."+key, "is more than all there are; want 0 (no such ceiling) to 100")
		}
	}
}

// userID is how Salesforce names a user in what it reports: 18 characters.
var userID = regexp.MustCompile(`^005[0-9A-Za-z]{15}$`)

func (a Approvals) check(d *document) {
	d.atLeast("approvals.expire_after", a.ExpireAfter, 0)
	for name, id := range a.People {
		if !userID.MatchString(id) {
			d.refuse("approvals.people."+name, "is no user of Salesforce; want the 18 characters of the id, which begin with 005")
		}
	}
}

func (q *QuietHours) check(d *document, calendarZone string) {
	const key = "delivery.quiet_hours."
	if q.From == "" && q.To == "" {
		if q.Zone != "" {
			d.refuse(key+"zone", "is not used without from and to")
		}
		return
	}
	var err error
	if q.Begin, err = sinceMidnight(q.From); err != nil {
		d.refuse(key+"from", err.Error())
	}
	if q.End, err = sinceMidnight(q.To); err != nil {
		d.refuse(key+"to", err.Error())
	} else if q.Begin == q.End {
		d.refuse(key+"to", "is the same as from; want another time, or neither")
	}
	zone := q.Zone
	if zone == "" {
		zone = calendarZone
	}
	if q.Location, err = time.LoadLocation(zone); err != nil || strings.EqualFold(zone, "local") {
		d.refuse(key+"zone", "is no time zone; want a name such as America/New_York")
	}
}

func sinceMidnight(clock string) (time.Duration, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return 0, fmt.Errorf(`is no time of day; want one such as "20:00"`)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}
