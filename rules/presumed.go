package rules

import "time"

// Presumes tells whether what d asks to remember under the name is true only
// once its actions are carried out, such as from whom a visit was taken. Whoever
// leaves them undone must not remember it: what people do instead is read from
// the records. Everything else that is remembered is about what happened.
func (d Decision) Presumes(name string) bool {
	switch d.Table {
	case "on_hold.visit", "ops_block.reopen", "assignment.reopen":
		return true
	case "cancellation.request":
		return name == memoryReferred || name == memoryRepeat || name == memoryReferredRepeat
	case "ops_block.cancel":
		begun := d.Remember[name]
		return name == memoryEffects && begun != "" && begun != noEffects
	}
	return false
}

// BusinessDaysAfter is the end of the n-th business day after t, where the
// business is.
func (b *Book) BusinessDaysAfter(t time.Time, n int) time.Time {
	return b.calendar.addBusinessDays(t, n)
}

// Zone is where the business is.
func (b *Book) Zone() *time.Location { return b.calendar.zone }
