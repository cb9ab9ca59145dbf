package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// header is a source that can say where it ends now, so that what is there can
// be skipped.
type header interface {
	Head(ctx context.Context) (connectors.Cursor, error)
}

// intake reads one source whenever its schedule or the source itself says so.
// A schedule counts from the last successful read, which is journaled: ticks
// missed while the daemon was down are made good at once, by one read.
func (e *Engine) intake(ctx context.Context, f Feed) {
	log := e.Log.With("system", f.Name)
	failures := 0
	var brakes reader
	for ctx.Err() == nil {
		err := e.read(ctx, f)
		if !connectors.Ended(ctx, err) && !errors.Is(err, store.ErrOvertaken) {
			e.Observer.Read(f.Name, err)
			brakes.note(ctx, e, f, err)
		}
		if err == nil {
			err = e.housekeep(ctx, f)
		}
		if connectors.Ended(ctx, err) {
			return
		}
		if errors.Is(err, store.ErrOvertaken) { // go on where the other one is
			continue
		}
		if err != nil {
			failures++
			logFailure(log, err, "source cannot be read")
			wait := max(e.Delivery.backoff(failures, rand.Float64()), connectors.RetryAfter(err))
			if _, foreign := errors.AsType[*connectors.Error](err); !foreign { // the journal's
				wait = min(wait, 10*e.Tick)
			}
			sleep(ctx, wait)
			continue
		}
		failures = 0
		reading, err := e.Store.Reading(ctx, f.Name)
		if err != nil {
			continue
		}
		e.await(ctx, f, reading.ReadAt)
	}
}

// read takes in everything that is new.
func (e *Engine) read(ctx context.Context, f Feed) error {
	reading, err := e.Store.Reading(ctx, f.Name)
	if err != nil {
		return err
	}
	if reading.ReadAt.IsZero() { // never read
		done, err := e.begin(ctx, f, &reading)
		if done || err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	batches := e.ahead(ctx, f, reading.Cursor, reading.BaselineAt)
	defer func() { // if the journal has failed
		stop()
		for range batches {
		}
	}()
	for got := range batches {
		if got.err != nil {
			return got.err
		}
		was := reading.Baseline
		reading.Cursor, reading.ReadAt, reading.Whole = got.batch.Next, e.Now(), !got.batch.More
		fresh, err := e.Store.Intake(ctx, f.Name, &reading, got.arrivals)
		if err != nil {
			return err
		}
		if fresh > 0 {
			e.Observer.Arrived(f.Name, got.arrivals, Period{got.began, e.Now()})
			wake(e.decide)
		}
		if was && !got.batch.More {
			e.Log.Info("baseline recorded: what is there now was noted, not acted upon", "system", f.Name)
		}
	}
	return ctx.Err()
}

// A fetched batch, what arrived with it, and when its reading began.
type fetched struct {
	began    time.Time
	batch    connectors.Batch
	arrivals []store.Arrival
	err      error
}

// ahead reads what comes after the cursor until there is no more, or an error,
// which comes last. While a batch is stored the next is understood and the one
// after that is read, so that none waits for another's line or disk: a backlog of
// mails is through in two thirds of the time. What is ahead of a batch that cannot
// be stored is forgotten, and read again. The channel is closed once nobody reads
// any more.
func (e *Engine) ahead(ctx context.Context, f Feed, after connectors.Cursor, baseline time.Time) <-chan fetched {
	read, understood := make(chan fetched), make(chan fetched)
	pass := func(to chan<- fetched, got fetched) bool {
		select {
		case to <- got:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(read)
		for more := true; more; {
			got := fetched{began: e.Now()}
			got.batch, got.err = f.Source.Changes(ctx, after)
			after = got.batch.Next
			more = pass(read, got) && got.err == nil && got.batch.More
		}
	}()
	go func() {
		defer close(understood)
		for got := range read {
			got.arrivals = e.arrivals(got.batch.Records, baseline)
			if !pass(understood, got) {
				break
			}
		}
		for range read { // nobody wants it any more
		}
	}()
	return understood
}

// arrivals maps records, as many at once as there are processors: to read what a
// mail asks takes more time than all else that is done to take it in.
func (e *Engine) arrivals(records []connectors.Record, baseline time.Time) []store.Arrival {
	all := make([]store.Arrival, len(records))
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(records)) {
		wg.Go(func() {
			for i := taken.Add(1) - 1; int(i) < len(all); i = taken.Add(1) - 1 {
				all[i] = e.arrival(records[i], baseline)
			}
		})
	}
	wg.Wait()
	return all
}

// begin decides what the very first read does. It reports whether there is
// nothing more to read.
func (e *Engine) begin(ctx context.Context, f Feed, r *store.Reading) (done bool, err error) {
	r.BaselineAt = e.Now()
	if e.Start.Adopt {
		return false, nil
	}
	h, isMail := f.Source.(header)
	if !isMail {
		r.Baseline = true
		return false, nil
	}
	if !e.Start.Since.IsZero() {
		return false, nil
	}
	if r.Cursor, err = h.Head(ctx); err != nil {
		return false, err
	}
	r.ReadAt = e.Now()
	_, err = e.Store.Intake(ctx, f.Name, r, nil)
	return true, err
}

// arrival maps a record. One that cannot be mapped is set aside, and does not
// hold up the others.
func (e *Engine) arrival(r connectors.Record, baseline time.Time) store.Arrival {
	mail := len(r.Raw) > 0
	a, err := e.Mapping.Arrival(r)
	out := store.Arrival{
		Ref: r.Ref, Subject: a.Subject, ID: a.Subject.ID, Kind: "mail.ignored", At: r.At, Event: a.Event, Note: a.Why,
		Watched: a.Watched, Memory: a.Memory, Housekeep: mail && !e.Shadow.All,
		New: !mail && r.Created.After(baseline), Adopt: e.Start.Adopt, Author: r.By,
	}
	switch {
	case err != nil:
		out.ID, out.Kind, out.State, out.Note = r.Ref.String()+"@"+r.Version, "record.unreadable", store.Quarantined, err.Error()
		e.Log.Error("record set aside: it cannot be understood", "ref", r.Ref.String(), "err", err)
	case mail && !e.Start.Since.IsZero() && !e.Start.Adopt && r.At.Before(e.Start.Since):
		out.Event, out.State, out.Housekeep = nil, "", false
	case a.Answer != nil:
		answer := store.Answer(*a.Answer)
		a.Event.Kind = store.KindAnswer
		out.ID, out.Kind, out.State, out.Answer = a.Event.ID, a.Event.Kind, store.New, &answer
		out.Adopt = true // a case of ours is never older than the journal, however the clocks differ
	case a.Event != nil:
		out.ID, out.Kind, out.State = a.Event.ID, a.Event.Kind, store.New
	case mail:
		out.State = store.Ignored
	}
	if mail && (out.State == store.New || out.State == store.Quarantined) {
		out.Raw = r.Raw
		out.SHA256, _ = r.Fields["sha256"].(string)
	}
	return out
}

// housekeep tells the source which records are through.
func (e *Engine) housekeep(ctx context.Context, f Feed) error {
	h, ok := f.Source.(connectors.Housekeeper)
	if !ok || e.Shadow.All {
		return nil
	}
	for {
		names, err := e.Store.Secure(ctx, f.Name, 100)
		if err != nil || len(names) == 0 {
			return err
		}
		refs := make([]connectors.Ref, len(names))
		for i, name := range names {
			refs[i] = connectors.ParseRef(name)
		}
		if err := h.Settled(ctx, refs); err != nil {
			return err
		}
		if err := e.Store.Housekept(ctx, f.Name, names); err != nil {
			return err
		}
	}
}

// await returns when the source should be read again: by its schedule after the
// last time, which is by the daemon's clock; at once if that was set back since;
// when the source says so; or when it can be told that records are through, whoever
// it was that dealt with them.
func (e *Engine) await(ctx context.Context, f Feed, last time.Time) {
	due := f.Schedule.Next(last)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer stop()
		_, keeps := f.Source.(connectors.Housekeeper)
		for now := e.Now(); now.Before(due) && !now.Before(last) && sleep(ctx, e.Tick); now = e.Now() {
			if !keeps || e.Shadow.All {
				continue
			}
			if names, err := e.Store.Through(ctx, f.Name, 1); err == nil && len(names) > 0 {
				return
			}
		}
	}()
	defer func() { <-stopped }()
	w, ok := f.Source.(connectors.Waiter)
	if !ok {
		<-ctx.Done()
		return
	}
	if err := w.Wait(ctx); err != nil && ctx.Err() == nil {
		e.Log.Warn("link to source lost", "system", f.Name, "err", err)
	}
	stop()
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
