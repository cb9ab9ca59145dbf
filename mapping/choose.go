package mapping

import (
	"context"
	"fmt"
	"slices"

	"standdown/connectors"
	"standdown/mapping/reader"
	"standdown/rules"
)

// A book is what mails may ask of one rule book.
type book struct {
	concept string // what its requests are about; the org must have it
	visit   bool   // whether that is a visit, an appointment, a stretch of time
	kinds   map[string]string
	// named are the fields by which a mail may name a record; from are those
	// that hold the addresses of whoever may speak for it.
	named, from []string
}

var books = []book{
	{concept: "workflow",
		kinds: map[string]string{reader.Cancel: rules.CancellationRequested, reader.Restore: rules.RestoreRequested},
		named: []string{"contract", "name"}, from: []string{"homeowner.email", "co_homeowner.email"}},
	{concept: "block", visit: true,
		kinds: map[string]string{reader.Cancel: rules.BlockCancelRequested, reader.Reschedule: rules.RescheduleRequested},
		named: []string{"name"}, from: []string{"contact.email"}},
	{concept: "assignment", visit: true,
		kinds: map[string]string{reader.Cancel: rules.AssignmentCancelRequested, reader.Uncancel: rules.AssignmentUncancelRequested, reader.Restore: rules.AssignmentUncancelRequested},
		named: []string{"name", "series"}},
}

// Choose says which rule book the request of a mail is for, and returns the
// event with the kind that this book knows it by. A record that the mail names
// decides; if it names none, the words and whose records the sender has. What
// fits two books is unclear, so that a person reads it; what fits none stays as
// [Mapping.Arrival] took it. Events that are no mails are returned as they are.
// On error the event is as it was.
func (m *Mapping) Choose(ctx context.Context, look connectors.Lookup, e rules.Event) (rules.Event, error) {
	if e.Request == nil {
		return e, nil
	}
	asks := e.Request.Asks
	if asks == "unclear" && e.Request.About == "visit" {
		asks = reader.Cancel // see reader.Reading.About
	}
	f := &finder{m: m, look: look}
	var named, sender []book
	for _, b := range books {
		if b.kinds[asks] == "" || m.objects[b.concept] == nil {
			continue
		}
		found, err := f.named(ctx, b, e.Request.References)
		if err != nil {
			return e, fmt.Errorf("choosing the rule book for %s: %w", e.ID, err)
		}
		if found {
			named = append(named, b)
			continue
		}
		if e.Request.About == "contract" && b.visit || e.Request.About == "visit" && !b.visit {
			continue
		}
		if found, err = f.sends(ctx, b, e.Request); err != nil {
			return e, fmt.Errorf("choosing the rule book for %s: %w", e.ID, err)
		}
		if found {
			sender = append(sender, b)
		}
	}
	fits := named
	if len(named) == 0 {
		fits = sender
	}
	switch len(fits) {
	case 0:
		return e, nil
	case 1:
		e.Kind = fits[0].kinds[asks]
	default:
		e.Kind, asks = rules.RequestUnclear, "unclear"
	}
	request := *e.Request
	request.Asks = asks
	e.Request = &request
	return e, nil
}

// named reports whether the references name a record of the book.
func (f *finder) named(ctx context.Context, b book, references []string) (bool, error) {
	if len(references) == 0 {
		return false, nil
	}
	return f.any(ctx, b.concept, b.named, references)
}

// sends reports whether the sender, or whom a forwarded mail claims to be from,
// has a record of the book.
func (f *finder) sends(ctx context.Context, b book, r *rules.Request) (bool, error) {
	addresses := slices.DeleteFunc([]string{r.From, r.Claims}, func(a string) bool { return a == "" })
	if len(addresses) == 0 {
		return false, nil
	}
	if b.concept == "assignment" {
		customers, err := f.customersOf(ctx, addresses)
		if err != nil || len(customers) == 0 {
			return false, err
		}
		return f.any(ctx, b.concept, []string{"customer"}, customers)
	}
	return f.any(ctx, b.concept, b.from, addresses)
}

// any reports whether there is a record that has one of the values in one of
// the fields.
func (f *finder) any(ctx context.Context, concept string, fields []string, values []string) (bool, error) {
	for _, field := range fields {
		if f.m.path(concept, field) == "" {
			continue
		}
		rows, err := f.find(ctx, concept, []string{"id"}, cond{field, "in", values})
		if err != nil || len(rows) > 0 {
			return len(rows) > 0, err
		}
	}
	return false, nil
}
