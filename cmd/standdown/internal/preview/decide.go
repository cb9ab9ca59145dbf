package preview

import (
	"context"
	"iter"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// decide decides about a portion, and learns what it would replace and what is
// on its way already.
func (r *run) decide(ctx context.Context, f Feed, p *portion) error {
	events := make([]rules.Event, len(p.occasions))
	for i, o := range p.occasions {
		events[i] = *o.event
	}
	var errs []error
	p.verdicts, errs = r.Decide(ctx, events)
	p.told = make([]Record, len(p.occasions))
	var changed []rules.Ref
	for i, o := range p.occasions {
		v := &p.verdicts[i]
		if errs[i] != nil && !r.itsOwn(ctx, errs[i]) {
			return errs[i]
		}
		if r.only == nil {
			v.Snapshot = rules.Snapshot{} // it is large, and has served
		}
		for _, subject := range changes(v) {
			changed = append(changed, subject)
		}
		p.told[i] = recordOf(f.Name, o, v, errs[i])
	}
	if err := r.lookUp(ctx, p.told); err != nil {
		return err
	}
	var err error
	p.unsettled, err = r.Journal.Unsettled(ctx, changed)
	return err
}

// tell reports a portion that has been decided.
func (r *run) tell(p *portion) error {
	if p.err != nil {
		return p.err
	}
	for _, stray := range p.strays {
		if err := r.report(stray); err != nil {
			return err
		}
	}
	for i, o := range p.occasions {
		v := &p.verdicts[i]
		r.warn(&p.told[i], v, p.unsettled)
		r.tally.add(o.record.Ref, p.told[i], v)
		if p.told[i].tells() || r.only != nil {
			if err := r.report(Found{p.told[i], o.record, *v}); err != nil {
				return err
			}
		}
	}
	if p.last {
		r.tally.endRun()
	}
	if r.Progress != nil {
		r.Progress(r.tally.records(), r.tally.all.Changes)
	}
	return nil
}

// warn adds what the daemon would wait for.
func (r *run) warn(told *Record, v *store.Verdict, unsettled map[rules.Ref]bool) {
	for i, subject := range changes(v) {
		if r.changed[sum(subject.String())] {
			told.Decisions[i].Warnings = append(told.Decisions[i].Warnings, "another record of this plan changes it too: the daemon decides on what that has left")
		}
		if unsettled[subject] {
			told.Decisions[i].Warnings = append(told.Decisions[i].Warnings, "earlier changes of it are on their way: the daemon waits for them before it decides")
		}
	}
	for _, subject := range changes(v) {
		r.changed[sum(subject.String())] = true
	}
}

// changes are the subjects that would be changed, by the number of the decision.
func changes(v *store.Verdict) iter.Seq2[int, rules.Ref] {
	return func(yield func(int, rules.Ref) bool) {
		for i, d := range v.Decisions {
			if len(v.Writes[i]) > 0 && !yield(i, d.Subject) {
				return
			}
		}
	}
}
