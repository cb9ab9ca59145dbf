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
	read        []string // of its records
}

var books = []book{
	{concept: "workflow", read: workflowFields,
		kinds: map[string]string{reader.Cancel: rules.CancellationRequested, reader.Restore: rules.RestoreRequested},
		named: []string{"contract", "name"}, from: []string{"homeowner.email", "co_homeowner.email"}},
	{concept: "block", visit: true, read: []string{"id"},
		kinds: map[string]string{reader.Cancel: rules.BlockCancelRequested, reader.Reschedule: rules.RescheduleRequested},
		named: []string{"name"}, from: []string{"contact.email"}},
	{concept: "assignment", visit: true, read: []string{"id"},
		kinds: map[string]string{reader.Cancel: rules.AssignmentCancelRequested, reader.Uncancel: rules.AssignmentUncancelRequested, reader.Restore: rules.AssignmentUncancelRequested},
		named: []string{"name", "series"}},
}

// Choose says which rule book the request of a mail is for, and returns the
// event with the kind that this book knows it by. A record that the mail names
// decides, unless the words speak against it: who names a contract and asks to
// cancel a visit does not ask to cancel the contract. If it names none, the words
// decide, and whose records the sender has. What fits two books, or not what it
// names, is unclear, so that a person reads it; what fits none stays as
// [Mapping.Arrival] took it. Events that are no mails are returned as they are.
// On error the event is as it was.
//
// It reads workflows as [Mapping.Snapshot] does, which need not read them again
// if the lookup remembers: a mail about a contract then takes one call less.
func (m *Mapping) Choose(ctx context.Context, look connectors.Lookup, e rules.Event) (rules.Event, error) {
	if e.Request == nil {
		return e, nil
	}
	asks := e.Request.Asks
	if asks == "unclear" && e.Request.About == "visit" {
		asks = reader.Cancel // see reader.Reading.About
	}
	fits, err := (&finder{m: m, look: look}).fitting(ctx, e.Request, asks)
	if err != nil {
		return e, fmt.Errorf("choosing the rule book: %w", err)
	}
	switch {
	case len(fits) == 0:
		return e, nil
	case len(fits) == 1 && !fits[0].unlike(e.Request):
		e.Kind = fits[0].kinds[asks]
	default:
		e.Kind, asks = rules.RequestUnclear, "unclear"
	}
	request := *e.Request
	request.Asks = asks
	e.Request = &request
	return e, nil
}

// unlike tells that the words speak of another kind of thing than the book does.
func (b book) unlike(r *rules.Request) bool {
	return r.About == "contract" && b.visit || r.About == "visit" && !b.visit
}

// fitting returns the books that the mail names a record of, or if there are
// none, those that its sender, or whom a forwarded mail claims to be from, has a
// record of, unless the words speak against them.
func (f *finder) fitting(ctx context.Context, r *rules.Request, asks string) ([]book, error) {
	var able, likely []book
	for _, b := range books {
		if b.kinds[asks] == "" || f.m.objects[b.concept] == nil {
			continue
		}
		able = append(able, b)
		if !b.unlike(r) {
			likely = append(likely, b)
		}
	}
	fits, err := f.withRecords(ctx, able, func(b book) []want {
		return f.having(b.concept, b.read, r.References, b.named...)
	})
	if err != nil || len(fits) > 0 {
		return fits, err
	}
	from := addresses(r)
	var customers []string
	if len(from) > 0 && slices.ContainsFunc(likely, func(b book) bool { return b.concept == "assignment" }) {
		if customers, err = f.customersOf(ctx, from); err != nil {
			return nil, err
		}
	}
	return f.withRecords(ctx, likely, func(b book) []want {
		if b.concept == "assignment" {
			return f.having(b.concept, b.read, customers, "customer")
		}
		return f.having(b.concept, b.read, from, b.from...)
	})
}

// withRecords returns the books of which there is a record that is wanted.
func (f *finder) withRecords(ctx context.Context, some []book, wanted func(book) []want) ([]book, error) {
	var wants []want
	for _, b := range some {
		wants = append(wants, wanted(b)...)
	}
	found, err := f.findAll(ctx, wants...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(some), func(b book) bool {
		for i, w := range wants {
			if w.concept == b.concept && len(found[i]) > 0 {
				return false
			}
		}
		return true
	}), nil
}
