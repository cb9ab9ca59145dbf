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
	// none of it, as the engine's PlanAll: one verdict and one error for each.
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

// group is how many events are decided together, what they would replace looked
// up, and reported: as many as one query has room for (ids of 18 characters),
// and not so many that their snapshots need much memory.
const group = 500

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

// An occasion is an event, the record that it came from, and what would follow.
type occasion struct {
	record  connectors.Record
	event   rules.Event
	verdict store.Verdict
	err     error
}

func (r *run) read(ctx context.Context, f Feed) error {
	cursor := connectors.Cursor("")
	for more := true; more; {
		batch, err := f.Source.Changes(ctx, cursor)
		if err != nil {
			return err
		}
		var fresh []*occasion
		for _, record := range batch.Records {
			if r.only != nil && !r.only[record.Ref.String()] {
				continue
			}
			o, err := r.arrive(ctx, f, record)
			if err != nil {
				return err
			}
			if o != nil {
				fresh = append(fresh, o)
			}
		}
		for some := range slices.Chunk(fresh, group) {
			if err := r.decide(ctx, f, some); err != nil {
				return err
			}
		}
		r.tally.endRun()
		cursor, more = batch.Next, batch.More
	}
	return nil
}

// arrive maps a record. It returns nil if nothing is to be decided about it.
func (r *run) arrive(ctx context.Context, f Feed, record connectors.Record) (*occasion, error) {
	a, err := r.Mapping.Arrival(record)
	if err != nil {
		r.tally.read(f.Name, record.Ref.Kind, true)
		r.tally.all.Problems++
		return nil, r.stray(f, record, err.Error())
	}
	if a.Watched != "" {
		id := sum(record.Ref.String(), a.Watched)
		if r.met[id] {
			return nil, nil
		}
		r.met[id] = true
	}
	r.tally.read(f.Name, record.Ref.Kind, a.Watched != "")
	if old := len(record.Raw) > 0 && record.At.Before(r.Since); a.Event == nil || a.Answer != nil || old {
		if r.only != nil {
			return nil, r.stray(f, record, "nothing is to be decided about it: "+a.Why)
		}
		return nil, nil
	}
	if r.only != nil {
		return &occasion{record: record, event: *a.Event}, nil
	}
	known, err := r.Journal.InHand(ctx, f.Name, store.Arrival{Ref: record.Ref, Event: a.Event, Watched: a.Watched})
	if err != nil {
		return nil, err
	}
	if known {
		r.tally.all.InHand++
		return nil, nil
	}
	return &occasion{record: record, event: *a.Event}, nil
}

// stray reports a record about which nothing is decided.
func (r *run) stray(f Feed, record connectors.Record, why string) error {
	return r.report(Found{Record: Record{Record: record.Ref.String(), Source: f.Name, At: record.At, Problem: why}, From: record})
}

// decide decides about some events, and reports them in their order.
func (r *run) decide(ctx context.Context, f Feed, some []*occasion) error {
	events := make([]rules.Event, len(some))
	for i, o := range some {
		events[i] = o.event
	}
	verdicts, errs := r.Decide(ctx, events)
	for i, o := range some {
		o.verdict, o.err = verdicts[i], errs[i]
		if o.err != nil && !r.itsOwn(ctx, o.err) {
			return o.err
		}
		if r.only == nil {
			o.verdict.Snapshot = rules.Snapshot{} // it is large, and has served
		}
	}
	told := make([]Record, len(some))
	for i, o := range some {
		told[i] = recordOf(f.Name, o)
	}
	if err := r.lookUp(ctx, told); err != nil {
		return err
	}
	for i, o := range some {
		if err := r.warn(ctx, &told[i], o.verdict); err != nil {
			return err
		}
		r.tally.add(o.record.Ref, told[i], o.verdict)
		if told[i].tells() || r.only != nil {
			if err := r.report(Found{told[i], o.record, o.verdict}); err != nil {
				return err
			}
		}
	}
	if r.Progress != nil {
		r.Progress(r.tally.records(), r.tally.all.Changes)
	}
	return nil
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

// warn adds what the daemon would wait for.
func (r *run) warn(ctx context.Context, told *Record, v store.Verdict) error {
	mine := map[uint64]bool{}
	for i, d := range v.Decisions {
		if len(v.Writes[i]) == 0 {
			continue
		}
		lane := sum(d.Subject.String())
		if r.changed[lane] {
			told.Decisions[i].Warnings = append(told.Decisions[i].Warnings, "another record of this plan changes it too: the daemon decides on what that has left")
		}
		mine[lane] = true
		unsettled, err := r.Journal.Unsettled(ctx, d.Subject)
		if err != nil {
			return err
		}
		if unsettled {
			told.Decisions[i].Warnings = append(told.Decisions[i].Warnings, "earlier changes of it are on their way: the daemon waits for them before it decides")
		}
	}
	for lane := range mine {
		r.changed[lane] = true
	}
	return nil
}

// sum stands for some words where there are too many to keep.
func sum(words ...string) uint64 { return maphash.String(seed, strings.Join(words, "\x00")) }

var seed = maphash.MakeSeed()

// customerOf is whose change it is, as the journal counts it.
func customerOf(v store.Verdict) string { return cmp.Or(v.Customer, v.Event.Subject.String()) }
