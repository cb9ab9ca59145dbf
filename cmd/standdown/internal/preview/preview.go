// Package preview says what the daemon would do with what is there now, as on a
// first start that adopts it, before anybody lets it: which records it would
// change, by which rows, what would wait for approval, and what that would cost.
//
// It decides nothing itself: records are mapped and events decided by what the
// daemon does that with. Each event is decided on the world as it is, so that
// what follows from the changes themselves is not foreseen. Nothing is written,
// to no system and not to the journal.
package preview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"
)

// A Preview reads feeds once, from the beginning. All fields must be set before
// [Preview.Run].
type Preview struct {
	Feeds   []Feed
	Mapping *mapping.Mapping
	Lookup  connectors.Lookup
	// Journal tells what is in hand already.
	Journal *store.Store
	// Decide says what would be decided about events, and what written, and does
	// none of it, as the engine's PlanAll: one verdict and one error for each. It
	// is called by several goroutines at once.
	Decide func(context.Context, []rules.Event) ([]store.Verdict, []error)
	// Since leaves out mail received before.
	Since    time.Time
	Ceilings store.Ceilings
	// Cost is about how many API calls so many changes need that are made
	// together, by operation and kind; a mail is sent and of kind message.
	Cost func(map[Sort]int) int
	// Progress, unless it is nil, is told now and then how far it is.
	Progress func(records, changes int)
}

// A Feed is a source and its name in the journal.
type Feed struct {
	Name   string
	Source connectors.Source
}

// Run reports each record of which something is to be told, as soon as that is
// known, and in the end the totals. It needs no more memory for many records
// than a few words each. An error ends it: a part of the world is worse than
// none.
func (p *Preview) Run(ctx context.Context, report func(Record) error) (Totals, error) {
	r, err := p.run(ctx, nil, func(f Found) error { return report(f.Record) })
	if err != nil {
		return Totals{}, err
	}
	return r.tally.totals(p.Cost), nil
}

// Found is what is planned about a record that was read anew.
type Found struct {
	Record  Record
	From    connectors.Record
	Verdict store.Verdict // empty if nothing can be decided
}

// Again is Run for some records alone, known by their names as [Record] has
// them. Each that is met is reported, also if there is nothing to tell of it, and
// whether or not it is in hand. One that is met again has changed meanwhile.
func (p *Preview) Again(ctx context.Context, these map[string]bool, report func(Found) error) error {
	_, err := p.run(ctx, these, report)
	return err
}

func (p *Preview) run(ctx context.Context, only map[string]bool, report func(Found) error) (*run, error) {
	r := &run{Preview: p, only: only, report: report, tally: newTally(p.Ceilings), met: map[uint64]bool{}, changed: map[uint64]bool{}}
	for _, f := range p.Feeds {
		if err := r.read(ctx, f); err != nil {
			return nil, fmt.Errorf("reading %s: %w", f.Name, err)
		}
	}
	return r, nil
}

type run struct {
	*Preview
	only    map[string]bool // nil for all
	report  func(Found) error
	tally   *tally
	met     map[uint64]bool // records with their watched values
	changed map[uint64]bool // subjects
}

// itsOwn tells an error that is about one record, which the daemon would set
// aside or try again later, from one of a system that others would meet as well.
func (r *run) itsOwn(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	foreign, is := errors.AsType[*connectors.Error](err)
	return !is || foreign.Class == connectors.Rejected
}

// lookUp reads what updates would replace.
func (r *run) lookUp(ctx context.Context, told []Record) error {
	fields, ids, updates := map[string][]string{}, map[string][]string{}, map[connectors.Ref][]*Change{}
	for c := range changesOf(told) {
		ref := connectors.ParseRef(c.Record)
		if c.Op != connectors.Update || c.System != mapping.Salesforce || strings.HasPrefix(ref.ID, "@") {
			continue
		}
		ids[ref.Kind] = append(ids[ref.Kind], ref.ID)
		updates[ref] = append(updates[ref], c)
		for _, set := range c.Fields {
			if !slices.Contains(fields[ref.Kind], set.Field) {
				fields[ref.Kind] = append(fields[ref.Kind], set.Field)
			}
		}
	}
	for kind := range fields {
		slices.Sort(ids[kind])
		these := connectors.Cond{Field: "Id", Op: "in", Value: slices.Compact(ids[kind])}
		found, err := r.Lookup.Find(ctx, connectors.Query{Kind: kind, Fields: fields[kind], Where: []connectors.Cond{these}})
		if err != nil {
			return fmt.Errorf("looking for what would be replaced: %w", err)
		}
		for _, record := range found {
			for _, c := range updates[record.Ref] {
				for i, set := range c.Fields {
					if old, read := record.Fields[set.Field]; read {
						c.Fields[i].Old = old
					}
				}
			}
		}
	}
	return nil
}

// sum stands for some words where there are too many to keep.
func sum(words ...string) uint64 { return maphash.String(seed, strings.Join(words, "\x00")) }

var seed = maphash.MakeSeed()

// customerOf is whose change it is, as the journal counts it.
func customerOf(v *store.Verdict) string { return cmp.Or(v.Customer, v.Event.Subject.String()) }
