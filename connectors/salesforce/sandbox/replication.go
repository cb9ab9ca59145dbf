package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// How far back the two calls look.
const (
	updatedBack = 30 * 24 * time.Hour
	deletedBack = 15 * 24 * time.Hour
)

// updated answers which rows of an entity changed in a time, deleted which
// were deleted. Seconds are ignored, and what is not committed yet holds
// latestDateCovered back.
func (o *Org) updated(c call, e *entity) reply {
	start, end, err := o.window(c, updatedBack)
	if err != nil {
		return err.reply()
	}
	ids := []string{}
	for _, r := range o.changedIn(c, e, start, end) {
		if r["IsDeleted"] == false {
			ids = append(ids, r["Id"].(string))
		}
	}
	return reply{http.StatusOK, nil, map[string]any{"ids": ids, "latestDateCovered": wire(o.covered(end))}}
}

func (o *Org) deleted(c call, e *entity) reply {
	start, end, err := o.window(c, deletedBack)
	if err != nil {
		return err.reply()
	}
	records := []map[string]any{}
	for _, r := range o.changedIn(c, e, start, end) {
		if r["IsDeleted"] == true {
			records = append(records, map[string]any{"id": r["Id"], "deletedDate": wire(r["SystemModstamp"])})
		}
	}
	return reply{http.StatusOK, nil, map[string]any{"deletedRecords": records,
		"earliestDateAvailable": wire(o.now().Add(-deletedBack).Truncate(time.Minute)), "latestDateCovered": wire(o.covered(end))}}
}

func (o *Org) window(c call, back time.Duration) (start, end time.Time, err *Error) {
	for name, into := range map[string]*time.Time{"start": &start, "end": &end} {
		t, ok := parseDateTime(c.query.Get(name))
		if !ok {
			return start, end, refuse("INVALID_REPLICATION_DATE", "%s: want a time such as 2026-03-02T15:04:05Z, with + written as %%2B", name)
		}
		*into = t.Truncate(time.Minute)
	}
	switch {
	case !start.Before(end):
		return start, end, refuse("INVALID_REPLICATION_DATE", "startDate must be before endDate, by at least a minute")
	case o.now().Sub(start) > back:
		return start, end, refuse("INVALID_REPLICATION_DATE", "startDate cannot be more than %d days ago", int(back.Hours()/24))
	}
	return start, end, nil
}

func (o *Org) changedIn(c call, e *entity, start, end time.Time) []row {
	return slices.DeleteFunc(o.store.rows(e), func(r row) bool {
		at := r["SystemModstamp"].(time.Time)
		return !c.grants.sees(r) || at.Before(start) || !at.Before(end)
	})
}

// covered is how far all changes are known: up to the end asked for, the
// current minute, and the oldest transaction that is still open.
func (o *Org) covered(end time.Time) time.Time {
	if now := o.now().Truncate(time.Minute); now.Before(end) {
		end = now
	}
	for id := range o.store.before {
		if at := o.store.latest(id)["SystemModstamp"].(time.Time).Truncate(time.Minute); at.Before(end) {
			end = at
		}
	}
	return end
}
