package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// String writes the hold as it is remembered: "on 2026-03-01 2026-04-01",
// "off - -". It is stored: it may not change.
func (h Hold) String() string {
	flag := "off"
	if h.On {
		flag = "on"
	}
	return flag + " " + string(cmp.Or(h.Start, "-")) + " " + string(cmp.Or(h.Return, "-"))
}

// ParseHold reads what [Hold.String] wrote; false if it did not.
func ParseHold(s string) (Hold, bool) {
	parts := strings.Split(s, " ")
	if len(parts) != 3 || (parts[0] != "on" && parts[0] != "off") || parts[1] == "" || parts[2] == "" {
		return Hold{}, false
	}
	date := func(s string) Date {
		if s == "-" {
			return ""
		}
		return Date(s)
	}
	return Hold{On: parts[0] == "on", Start: date(parts[1]), Return: date(parts[2])}, true
}

// A change is one event about one client's hold, while it is being decided.
type change struct {
	*onHold
	trace
	client  Client
	event   Event
	now     time.Time
	facts   []Fact // of holdTable
	window  window
	episode string // of this hold; empty if none is known
	places  map[string]*place
	roster  *roster
	report  report
	ids     []string                    // see idsFrom
	maps    map[pairs]map[string]string // see mapOf
}

// A window is the days that a hold covers. The zero window covers none.
type window struct {
	first Date
	until Date // the first day after it; empty for an open end
	open  bool
}

func (w window) has(d Date) bool { return w.first != "" && d >= w.first && (w.open || d < w.until) }

// establish finds the facts about the hold, its window and its episode.
func (c *change) establish(unreadable bool) {
	if unreadable {
		c.facts = []Fact{
			{"occasion", "unreadable", "the client's record could not be read"},
			{"flag", "off", "nobody knows whether the client is on hold"},
			{"dates", "none", "nobody knows the dates of the hold"},
		}
		return
	}
	h := c.client.Hold
	old, known := ParseHold(c.client.Memory["hold"])
	seen := known || c.client.New || c.settings.AdoptExisting

	occasion := Fact{"occasion", "changed", "the hold was " + c.describe(old) + " and is " + c.describe(h)}
	switch {
	case c.event.Kind == HoldDay:
		occasion.Value, occasion.Reason = "day", "a day has begun on which visits wait"
	case !seen:
		occasion.Value, occasion.Reason = "first-sight", "nothing is known of an earlier hold"
	case old == h:
		occasion.Value, occasion.Reason = "unchanged", "the hold is "+c.describe(h)+" as before"
	}

	on, wasOn := c.isOn(h), c.isOn(old)
	flag := Fact{"flag", "off", "the client is not on hold"}
	switch {
	case on && h.On:
		flag.Value, flag.Reason = "on", "the box is ticked"
	case on:
		flag.Value, flag.Reason = "on", "dates are set, and the box is not required"
	case wasOn:
		flag.Value, flag.Reason = "removed", "the client was on hold and no longer is"
	}

	dates, w := c.dates(h, old)
	if on {
		c.window = w
	}
	c.episode = c.client.Memory["episode"]
	if on && (!wasOn || c.episode == "") && c.event.Kind == HoldChanged {
		c.episode = c.event.ID
	}
	c.facts = []Fact{occasion, flag, dates}
}

// isOn tells whether the client is on hold, whatever the dates.
func (c *change) isOn(h Hold) bool {
	return h.On || !c.settings.RequireFlag && (h.Start != "" || h.Return != "")
}

// dates finds the fact of that name, and the days covered if the hold is on.
func (c *change) dates(h, old Hold) (Fact, window) {
	fact := func(value, reason string) Fact { return Fact{"dates", value, reason} }
	_, startOK := h.Start.day()
	back, returnOK := h.Return.day()
	switch {
	case h.Start == "" && h.Return == "":
		return fact("none", "no dates are set"), window{}
	case h.Start == "":
		return fact("invalid", "there is a return date but no start date"), window{}
	case !startOK:
		return fact("invalid", fmt.Sprintf("the start date %q is no date", h.Start)), window{}
	case h.Return == "":
		return fact("open-ended", "there is no return date"), window{first: h.Start, open: true}
	case !returnOK:
		return fact("invalid", fmt.Sprintf("the return date %q is no date", h.Return)), window{}
	}
	if c.settings.ReturnDateInclusive {
		back = back.AddDate(0, 0, 1)
	}
	w := window{first: h.Start, until: dateOf(back)}
	switch {
	case w.first < w.until:
		return fact("bounded", c.describe(h)), w
	case c.isOn(old) && old.Start != "" && old.Start < h.Start && old.Return == h.Return:
		return fact("past-return", fmt.Sprintf("the start was moved from %s to %s, and the return is %s", spell(old.Start), spell(h.Start), spell(h.Return))), window{}
	}
	return fact("invalid", fmt.Sprintf("the return date %s is not after the start date %s", spell(h.Return), spell(h.Start))), window{}
}

// describe writes a hold in words.
func (c *change) describe(h Hold) string {
	switch {
	case !c.isOn(h) && h.Start == "" && h.Return == "":
		return "off"
	case !c.isOn(h) && h.Start == "":
		return "off, with a return date"
	case !c.isOn(h):
		return "off, with dates from " + spell(h.Start)
	case h.Start == "" && h.Return == "":
		return "on without dates"
	case h.Start == "":
		return "on without a start date until the return on " + spell(h.Return)
	case h.Return == "":
		return "on from " + spell(h.Start) + " without a return date"
	case c.settings.ReturnDateInclusive:
		return "on from " + spell(h.Start) + " to " + spell(h.Return) + " inclusive"
	}
	return "on from " + spell(h.Start) + " until the return on " + spell(h.Return)
}

// spell writes a date as people do, and what is no date as it stands.
func spell(d Date) string {
	if day, ok := d.day(); ok {
		return inWords(day)
	}
	return string(d)
}

// state establishes the column "job".
func (c *change) state(v *visit) Fact {
	fact := func(value, reason string) Fact { return c.fact("job", value, "%s", reason) }
	// A mark counts if it is of this hold, not of an earlier one (HOLD-A9).
	marked := v.Memory["held"]
	episode := v.Memory["episode"]
	earlier := marked != "" && episode != "" && c.episode != "" && episode != c.episode
	switch {
	case v.Status == "queued":
		return fact("settled", "it is queued without a date")
	case v.Status == "complete":
		return fact("settled", "it is complete")
	case v.Status == "cancelled" && !v.OnHold:
		return fact("settled", "it was cancelled for another reason")
	case v.Status == "cancelled" && v.Group:
		return fact("settled", "it was cancelled, and others take part in it")
	case v.Status == "cancelled" && earlier:
		return fact("settled", "it was cancelled by an earlier hold, which is over")
	case v.Status == "cancelled" && marked == "" && c.settings.OnlyOwn:
		return fact("settled", "a person cancelled it")
	case v.Group:
		return fact("group", "others take part in it")
	case v.Start.IsZero():
		return fact("unknown", "it has no start")
	case v.Status == "cancelled" && marked == "":
		return fact("cancelled", "it was cancelled with the reason "+abortReason)
	case v.Status == "cancelled":
		return fact("cancelled", "this hold cancelled it")
	case v.Status == "pending-allocation" && marked == "released" && !earlier:
		return fact("unallocated", "this hold released it")
	}
	switch v.Status {
	case "pending-allocation":
		return fact("waiting", "it waits for a worker")
	case "pending-dispatch", "dispatched", "ready":
		return c.fact("job", "allocated", "it is %s", strings.ReplaceAll(v.Status, "-", " "))
	case "en-route", "on-site", "in-progress":
		return c.fact("job", "in-flight", "it is under way (%s)", strings.ReplaceAll(v.Status, "-", " "))
	}
	return fact("unknown", "its status is not one that is mapped")
}

// crewOf is whom a held visit should go back to. The journal knows them all;
// the visit has room for one (HOLD-A17). If that one is somebody else, a person
// has put them there since, and is right.
func (c *change) crewOf(v *visit) []string {
	from := len(c.ids)
	if kept := v.Memory["crew"]; kept != "" {
		for id := range strings.SplitSeq(kept, ",") {
			c.ids = append(c.ids, id)
		}
	}
	if v.Saved != "" && !slices.Contains(c.ids[from:], v.Saved) {
		c.ids = append(c.ids[:from], v.Saved)
	}
	return c.idsFrom(from)
}

func (c *change) windowFact(v *visit) Fact {
	const name = "window"
	w := c.window
	value := "outside"
	if v.covers(w) {
		value = "cancelling"
		if w.open && c.settings.OpenEndedAction == "unallocate" {
			value = "releasing"
		}
	}
	switch {
	case w.first == "":
		return c.fact(name, value, "no day is on hold")
	case v.day == "":
		return c.fact(name, value, "it has no day")
	case v.day < w.first:
		return c.fact(name, value, "%s is before the hold", v.date)
	case !w.has(v.day):
		return c.fact(name, value, "%s is after the hold", v.date)
	}
	return c.fact(name, value, "%s (%s) is on hold", v.date, v.zone.String())
}

// startFact: whatever has started is past, even today (HOLD-A20).
func (c *change) startFact(v *visit) Fact {
	const name = "start"
	switch {
	case v.day == "":
		return c.fact(name, "later", "it has no start")
	case v.Start.Before(c.now):
		return c.fact(name, "past", "it started on %s at %s", v.date, v.clock)
	case v.day == v.today:
		return c.fact(name, "today", "it starts today at %s", v.clock)
	}
	return c.fact(name, "later", "it starts on %s", v.date)
}

func (c *change) allocationFact(v *visit) Fact {
	const name = "allocation"
	if len(v.workers) == 0 {
		return c.fact(name, "none", "nobody is allocated")
	}
	return c.fact(name, "live", "allocated: %s", c.roster.names(v.workers))
}

// resourceFact checks the workers of a visit that is to be given back; for
// others nobody is looked for.
func (c *change) resourceFact(v *visit, window, start string) (Fact, muster) {
	fact := func(value, reason string) Fact { return c.fact("resource", value, "%s", reason) }
	held := v.state.Value == "cancelled" || v.state.Value == "unallocated"
	switch {
	case !held || window != "outside" || start == "past":
		return fact("none", "not asked: the visit is not to be given back"), muster{}
	case len(v.crew) == 0:
		return fact("none", "it had no worker"), muster{}
	}
	var m muster
	inactive := false
	from := len(c.ids)
	for _, id := range v.crew {
		found := c.roster.check(id, v)
		inactive = inactive || found.inactive
		if len(found.conflicts) == 0 {
			c.ids = append(c.ids, id)
		} else {
			m.open = append(m.open, c.roster.name(id)+": "+strings.Join(found.conflicts, "; "))
		}
		for _, doubt := range found.doubts {
			m.doubts = append(m.doubts, v.label()+": "+doubt+".")
		}
	}
	m.free = c.idsFrom(from)
	open := strings.Join(m.open, ". ")
	switch {
	case len(m.open) == 0:
		return c.fact("resource", "free", "free: %s", c.roster.names(m.free)), m
	case len(m.free) > 0 && c.settings.RestorePartialCrew:
		return fact("partial", open+". Free: "+c.roster.names(m.free)), m
	case len(m.free) > 0:
		m.open = append(m.open, "free: "+c.roster.names(m.free))
		return fact("conflict", strings.Join(m.open, ". ")), m
	case inactive:
		return fact("inactive", open), m
	}
	return fact("conflict", open), m
}
