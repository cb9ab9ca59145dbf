package preview

import (
	"context"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// arrive maps what was read together, and divides it into what is decided
// together. Some of it is nothing new, or nothing is to be decided about it.
func (r *run) arrive(ctx context.Context, f Feed, records []connectors.Record) ([]*portion, error) {
	var strays []Found
	occasions := make([]occasion, 0, len(records))
	arrivals := make([]store.Arrival, 0, len(records)) // of the occasions
	for _, record := range records {
		if r.only != nil && !r.only[record.Ref.String()] {
			continue
		}
		stray := func(why string) {
			strays = append(strays, Found{Record: Record{Record: record.Ref.String(), Source: f.Name, At: record.At, Problem: why}, From: record})
		}
		a, err := r.Mapping.Arrival(record)
		if err != nil {
			r.tally.read(f.Name, record.Ref.Kind, true)
			r.tally.all.Problems++
			stray(err.Error())
			continue
		}
		if a.Watched != "" {
			id := sum(record.Ref.String(), a.Watched)
			if r.met[id] {
				continue
			}
			r.met[id] = true
		}
		r.tally.read(f.Name, record.Ref.Kind, a.Watched != "")
		if old := len(record.Raw) > 0 && record.At.Before(r.Since); a.Event == nil || a.Answer != nil || old {
			if r.only != nil {
				stray("nothing is to be decided about it: " + a.Why)
			}
			continue
		}
		occasions = append(occasions, occasion{record, a.Event})
		arrivals = append(arrivals, store.Arrival{Ref: record.Ref, Event: a.Event, Watched: a.Watched})
	}
	fresh, err := r.fresh(ctx, f, occasions, arrivals)
	return portions(strays, fresh), err
}

// fresh returns those of the occasions that are not in hand.
func (r *run) fresh(ctx context.Context, f Feed, occasions []occasion, arrivals []store.Arrival) ([]occasion, error) {
	if r.only != nil || len(occasions) == 0 {
		return occasions, nil
	}
	known, err := r.Journal.InHand(ctx, f.Name, arrivals)
	if err != nil {
		return nil, err
	}
	fresh := occasions[:0]
	for i, o := range occasions {
		if known[i] {
			r.tally.all.InHand++
			continue
		}
		fresh = append(fresh, o)
	}
	return fresh, nil
}

func portions(strays []Found, fresh []occasion) []*portion {
	var all []*portion
	for len(strays)+len(fresh) > 0 {
		n := min(group, len(fresh))
		all = append(all, &portion{strays: strays, occasions: fresh[:n], last: n == len(fresh), decided: make(chan struct{})})
		strays, fresh = nil, fresh[n:]
	}
	return all
}
