package engine

import (
	"context"
	"errors"
	"math/rand/v2"
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
	for ctx.Err() == nil {
		err := e.read(ctx, f)
		if !connectors.Ended(ctx, err) && !errors.Is(err, store.ErrOvertaken) {
			e.Observer.Read(f.Name, err)
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
		last := reading.ReadAt
		if now := e.Now(); last.After(now) { // the clock was set back
			last = now
		}
		e.await(ctx, f, f.Schedule.Next(last))
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
	for {
		began := e.Now()
		batch, err := f.Source.Changes(ctx, reading.Cursor)
		if err != nil {
			return err
		}
		arrivals := make([]store.Arrival, 0, len(batch.Records))
		for _, r := range batch.Records {
			arrivals = append(arrivals, e.arrival(r, reading))
		}
		was := reading.Baseline
		reading.Cursor, reading.ReadAt, reading.Whole = batch.Next, e.Now(), !batch.More
		fresh, err := e.Store.Intake(ctx, f.Name, &reading, arrivals)
		if err != nil {
			return err
		}
		if fresh > 0 {
			e.Observer.Arrived(f.Name, arrivals, Period{began, e.Now()})
			wake(e.decide)
		}
		if batch.More {
			continue
		}
		if was {
			e.Log.Info("baseline recorded: what is there now was noted, not acted upon", "system", f.Name)
		}
		return nil
	}
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
func (e *Engine) arrival(r connectors.Record, reading store.Reading) store.Arrival {
	mail := len(r.Raw) > 0
	a, err := e.Mapping.Arrival(r)
	out := store.Arrival{
		Ref: r.Ref, Subject: a.Subject, ID: a.Subject.ID, Kind: "mail.ignored", At: r.At, Event: a.Event, Note: a.Why,
		Watched: a.Watched, Memory: a.Memory, Housekeep: mail,
		New: r.Created.After(reading.BaselineAt), Adopt: e.Start.Adopt, Author: r.By,
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
	if !ok {
		return nil
	}
	for {
		names, err := e.Store.Through(ctx, f.Name, 100)
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

// await returns when the source should be read again: at due by the daemon's
// clock, or at once if that is set back, when the source says so, or when it can
// be told that records are through, whoever it was that dealt with them.
func (e *Engine) await(ctx context.Context, f Feed, due time.Time) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer stop()
		_, keeps := f.Source.(connectors.Housekeeper)
		for began := e.Now(); e.Now().Before(due) && !e.Now().Before(began) && sleep(ctx, e.Tick); {
			if !keeps {
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
